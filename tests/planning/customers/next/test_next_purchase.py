"""The next purchase: when, what and for how much; right on days that were hidden, and nothing seen where nothing is."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NextPurchase, features
from crm_analytics.planning.customers.next.chances import Held, SetRight, logistic
from crm_analytics.result import enough

BEGINS = pd.Timestamp("2022-01-01")


@pytest.fixture(scope="module")
def bought(company):
    return features.goods_bought(company).to_pandas()


@pytest.fixture(scope="module")
def ahead(bought):
    return NextPurchase().fit(bought)


def shop(seed, *, shape, taste, count=700, days=1000):
    """A base whose pauses have this regularity, and whose customers each like one of four goods best if they may."""
    rng = np.random.default_rng(seed)
    pace = 25 * rng.gamma(4, 1 / 4, count).clip(0.3)
    likes = rng.integers(0, 4, count)
    level = rng.normal(3, 0.6, count)
    rows = []
    for who in range(count):
        day = rng.uniform(0, 0.4) * days
        leaves = rng.geometric(0.02)
        while day < days and leaves > 0:
            kind = likes[who] if rng.random() < taste else rng.integers(0, 4)
            rows.append((f"{who:05d}", int(day), "ABCD"[kind], float(np.exp(rng.normal(level[who], 0.5)))))
            day += max(1.0, rng.gamma(shape, pace[who] / shape))
            leaves -= 1
    frame = pd.DataFrame(rows, columns=["customer_id", "at", "goods", "revenue"])
    frame = frame.groupby(["customer_id", "at", "goods"], as_index=False)["revenue"].sum()
    frame["day"] = BEGINS + pd.to_timedelta(frame.pop("at"), unit="D")
    return frame.assign(until=BEGINS + pd.Timedelta(days=days))


def verdicts(result):
    return {check.name: check.verdict for check in result.checks}


def test_truth_of_the_simulated_company(ahead, truth):
    """Chances are as steep as the true ones, which only the simulation knows; whoever has left is hardly expected."""
    known = truth.customers.set_index("customer_id")
    alive = ahead.table["customer_id"].map(known["alive"]).to_numpy(bool)
    rate = ahead.table["customer_id"].map(known["rate_per_day"]).to_numpy(float)
    true = np.where(alive, -np.expm1(-90 * rate), 0.0)
    rng = np.random.default_rng(0)
    drawn = rng.random((20, len(true))) < true
    slope, *_ = Held.of(np.tile(ahead.table["p_buys"], 20), drawn.ravel().astype(float)).slope
    assert 0.9 <= slope <= 1.1
    assert ahead.table["p_buys"][alive].mean() > 2.5 * ahead.table["p_buys"][~alive].mean()
    assert verdicts(ahead)["calibration"] == verdicts(ahead)["better than simple"] == "holds"
    gardeners = ahead.table["customer_id"].map(known["segment"]).eq("gardeners")
    garden = ahead.goods.set_index("customer_id")["Garden"].reindex(ahead.table["customer_id"]).to_numpy()
    assert ahead.personal
    assert garden[gardeners].mean() > 1.3 * garden[~gardeners].mean()


def test_what_was_foretold_comes_true_at_a_later_day(company, bought):
    then = NextPurchase().fit(features.goods_bought(company, as_of="2025-04-02").to_pandas())
    held = then.against(bought)
    since = bought[pd.to_datetime(bought["day"]) >= pd.Timestamp("2025-04-02")]["customer_id"]
    slope = Held.of(then.table["p_buys"].to_numpy(), then.table["customer_id"].isin(since).to_numpy(float)).slope
    assert slope[1] <= 1 <= slope[2]
    assert held.table["customers"].sum() == len(then.table)
    assert held.text.startswith(f"{then.table['customer_id'].isin(since).sum()} customers bought within 90 days")


def test_days_that_have_not_passed_cannot_be_held_against(ahead, bought):
    refused = ahead.against(bought)
    assert not enough(refused)
    assert "have not passed" in refused.text


def test_baskets_that_know_no_customer_show_no_taste(bought):
    """Each purchase gets the basket of a purchase of the same fortnight: seasons stay, persons go."""
    rng = np.random.default_rng(3)
    purchases = bought.groupby(["customer_id", "day"], as_index=False).agg(
        goods=("goods", list), paid=("revenue", "sum")
    )
    fortnight = pd.to_datetime(purchases["day"]).astype("int64") // (14 * 86_400 * 10**9)
    order = purchases.index.to_numpy().copy()
    for _, rows in purchases.groupby(fortnight.to_numpy()).indices.items():
        order[rows] = rng.permutation(rows)
    mixed = purchases.assign(goods=purchases["goods"].to_numpy()[order]).explode("goods")
    mixed = mixed.rename(columns={"paid": "revenue"}).assign(until=bought["until"].iloc[0])
    result = NextPurchase().fit(mixed)
    assert not result.personal
    assert verdicts(result)["goods"] == "weak"
    assert result.goods.drop(columns="customer_id").nunique().max() == 1


@pytest.mark.parametrize(
    ("shape", "way"), [(12.0, ("own rhythm", "common rhythm")), (1.0, ("free", "own rhythm", "common rhythm"))]
)
def test_a_regular_customer_is_expected_on_a_day_and_an_irregular_one_is_not(shape, way):
    result = NextPurchase(horizon_days=45).fit(shop(1, shape=shape, taste=0.0))
    assert result.way in way
    assert not result.personal
    assert verdicts(result)["calibration"] != "fails"
    assert verdicts(result)["intervals"] == "holds"
    wide = (result.table["day_high"] - result.table["day_low"])[result.table["p_buys"] > 0.8].median()
    assert wide < 22 if shape > 2 else wide > 22


def test_tastes_and_sums_are_found_where_they_are_planted():
    frame = shop(2, shape=2.0, taste=0.6)
    result = NextPurchase(horizon_days=60).fit(frame)
    assert result.personal
    favourite = frame.groupby(["customer_id", "goods"]).size().unstack(fill_value=0).idxmax(axis=1)
    often = frame.groupby("customer_id").size() >= 12
    table = result.table.set_index("customer_id").loc[often[often].index]
    assert (table["goods"] == favourite[table.index]).mean() > 0.9
    assert 0.55 < table["p_goods"].mean() < 0.8  # planted: .6 + .4 / 4
    mean = frame.groupby("customer_id")["revenue"].mean()[often]
    assert np.corrcoef(np.log(mean[table.index]), np.log(table["money"]))[0, 1] > 0.9
    assert verdicts(result)["intervals"] == "holds"


def test_parts_sum_and_nothing_leaves_its_bounds(ahead):
    table = ahead.table
    assert ahead.weeks["buyers"].sum() == pytest.approx(table["p_buys"].sum())
    assert ahead.weeks["money"].sum() == pytest.approx(table["expected_money"].sum())
    assert table["p_buys"].between(0, 1).all()
    assert ((table["day_low"] <= table["day"]) & (table["day"] <= table["day_high"])).all()
    assert table["day_high"].max() <= 90
    assert (table["money_low"] < table["money_high"]).all()
    assert ahead.goods.drop(columns="customer_id").stack().between(0, 1).all()
    best = ahead.goods.set_index("customer_id").loc[table["customer_id"]]
    assert (best.idxmax(axis=1).to_numpy() == table["goods"].to_numpy()).all()


def test_one_kind_of_goods_is_nothing_to_foretell(bought):
    same = bought.groupby(["customer_id", "day", "until"], as_index=False)["revenue"].sum().assign(goods="Goods")
    result = NextPurchase().fit(same)
    [goods] = [check for check in result.checks if check.name == "goods"]
    assert goods.verdict == "weak"
    assert "goods='product'" in goods.text


def test_short_records_are_refused_with_how_many_days_more(bought):
    late = bought[pd.to_datetime(bought["day"]) >= pd.Timestamp("2024-10-01")]
    refused = NextPurchase().fit(late)
    assert not enough(refused)
    assert "87 days" in refused.text
    few = bought[bought["customer_id"].isin(bought["customer_id"].unique()[:60])]
    assert "would be enough" in NextPurchase().fit(few).text
    with pytest.raises(ValueError, match="horizon_days"):
        NextPurchase(horizon_days=0)


def test_chances_are_set_right_and_found_wrong():
    rng = np.random.default_rng(5)
    true = rng.uniform(0.02, 0.9, 20_000)
    happened = (rng.random(len(true)) < true).astype(float)
    assert Held.of(true, happened).slope[0] == pytest.approx(1, abs=0.06)
    bold = np.clip(true**2 / (true**2 + (1 - true) ** 2), 0.001, 0.999)
    assert Held.of(bold, happened).slope[0] == pytest.approx(0.5, abs=0.05)
    right = SetRight.learned(bold, happened)
    assert np.abs(right(bold) - true).max() < 0.03
    weights, _ = logistic(np.ones((10, 1)), np.zeros(10))
    assert np.isfinite(weights).all()


def test_products_take_the_place_of_categories(company):
    by = features.goods_bought(company, goods="product").to_pandas()
    plain = features.goods_bought(company).to_pandas()
    assert by["goods"].nunique() == 41
    assert by["revenue"].sum() == pytest.approx(plain["revenue"].sum())
    with pytest.raises(ValueError, match="category or product"):
        features.goods_bought(company, goods="colour")
