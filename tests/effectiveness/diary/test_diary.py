"""The diary against forecasts whose honesty is known, and against a company's own facts."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Diary, NotEnough, Warehouse, draw, features
from crm_analytics.result import Claim, Result
from crm_analytics.simulation.forecasts import forecasts

SEEDS = range(12)


@pytest.fixture(scope="module")
def told():
    """Diaries of forecasts of each kind."""
    kinds = {"honest": {}, "narrow": {"width": 0.5}, "high": {"bias": 0.05}, "worse": {"worse": 4.0, "months": 36}}
    return {
        name: [(Diary().fit(frame), truth) for frame, truth in (forecasts(seed, **setting) for seed in SEEDS)]
        for name, setting in kinds.items()
    }


@pytest.mark.parametrize("kind", ["honest", "narrow", "high", "worse"])
def test_the_share_within_the_intervals_is_covered(told, kind):
    covered = [result.low <= truth.inside <= result.high for result, truth in told[kind]]
    assert np.mean(covered) >= 10 / 12


def test_honest_forecasts_are_seldom_reproached(told):
    assert sum(one.records[0].broken for one, _ in told["honest"]) <= 4
    assert sum(one.records[0].drift_p <= 0.05 for one, _ in told["honest"]) <= 2


def test_intervals_that_are_too_narrow_are_found_and_stretched(told):
    found = [one.records[0] for one, _ in told["narrow"]]
    assert sum(one.high < one.promised for one in found) >= 11
    assert 1.6 < np.median([one.stretch for one in found]) < 2.8


def test_a_bias_is_found_with_its_size(told):
    found = [one.records[0] for one, _ in told["high"]]
    assert sum(one.bias_low > 0 for one in found) >= 10
    assert abs(np.mean([one.bias for one in found]) - 0.05) < 0.02


def test_a_model_that_grows_worse_is_found_with_its_day(told):
    found = [(one.records[0], truth) for one, truth in told["worse"]]
    drifting = [(one, truth) for one, truth in found if one.drift_p <= 0.05]
    assert len(drifting) >= 8
    late = [abs((pd.Timestamp(one.changed.since) - truth.since).days) for one, truth in drifting]
    assert np.median(late) < 200


def test_backtests_are_never_counted_as_foresight():
    before, _ = forecasts(1)
    after, _ = forecasts(2, foresight=False)
    both = Diary().fit(pd.concat([before, after], ignore_index=True))
    assert both.kind == "foresight"
    assert both.inside == Diary().fit(before).inside
    assert set(both.table["kind"]) == {"foresight", "backtest"}
    assert "backtest" in Diary().fit(after).text


def test_a_statement_about_days_that_were_over_is_no_forecast():
    frame, _ = forecasts(1)
    finding = frame.assign(told_on=frame["last"] + pd.Timedelta(days=5))
    refused = Diary().fit(finding)
    assert isinstance(refused, NotEnough)
    assert "72" in refused.text


def test_months_of_many_regions_are_not_taken_for_as_many_proofs():
    one, many = (Diary().fit(forecasts(5, regions=regions, width=0.6)[0]) for regions in (1, 12))
    assert one.records[0].spells == many.records[0].spells == 24
    assert many.high - many.low > 0.5 * 2 * 1.96 * np.sqrt(many.inside * (1 - many.inside) / 24) / np.sqrt(12) * 2


def test_few_forecasts_are_said_to_be_few():
    frame, _ = forecasts(1, months=5, width=0.3)
    result = Diary().fit(frame)
    assert "not enough evidence" in result.table["verdict"].iloc[0]
    assert not result.records[0].broken
    assert not result.claims


def test_a_promise_that_is_not_kept_is_a_decision():
    claim = Diary().fit(forecasts(3, width=0.4)[0]).claims[0]
    assert "times as wide" in claim.decision
    assert claim.low <= claim.value <= claim.high < 0.95


def test_conclusions_are_expired_soon_or_valid():
    frame, _ = forecasts(1, months=12, regions=1)
    until = frame["until"].max()
    frame = frame.assign(expires=[until + pd.Timedelta(days=days) for days in np.linspace(-200, 200, 12).round()])
    listed = Diary().fit(frame).conclusions()
    assert listed.table["standing"].value_counts().to_dict() == {"expired": 6, "expires soon": 1, "valid": 5}
    assert listed.text.startswith("6 of 12")
    assert len(draw(listed).layout.title.text) > 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept(Result):
    """A Result with the claims it is given."""

    told: tuple[Claim, ...]

    @property
    def claims(self):
        return self.told


@pytest.fixture(scope="module")
def kept(company_home, tmp_path_factory):
    """The company with claims of every sort that can be measured, and some that cannot."""
    import shutil

    home = tmp_path_factory.mktemp("diary") / "home"
    shutil.copytree(company_home, home)
    wh, first, last = Warehouse.open(home), date(2025, 1, 1), date(2025, 3, 31)
    about = {"value": 1.0, "low": 0.0, "high": 2.0, "evidence": "modelled", "first": first, "last": last,
             "expires": last}  # fmt: skip
    scopes = {
        ("revenue", "all"): (), ("units", "Riga"): (("region", "Riga"),),
        ("orders", "Garden"): (("category", "Garden"),),
        ("margin", "web"): (("channel", "web"),), ("customers", "known"): (("customers known before", "2025-01-01"),),
        ("revenue", "known"): (("customers known before", "2025-01-01"),),
        ("customers", "repeat"): (("outcome", "repeat"), ("customers known before", "2025-01-01")),
        ("incremental revenue", "effect"): (), ("happiness", "odd"): (), ("revenue", "odd"): (("weather", "rain"),),
        ("responses", "all"): (), ("complaints", "all"): (),
    }  # fmt: skip
    claims = [Claim(subject=name, measure=measure, scope=scope, **about) for (measure, name), scope in scopes.items()]
    later = Claim(subject="later", measure="revenue", **about | {"last": date(2026, 1, 1)})
    wh.keep(Kept(study=Diary(), table=pd.DataFrame({"n": [1]}), text="", told=(*claims, later)), as_of=first)
    return wh, features.claims(wh, as_of="2025-06-30").to_pandas().query("study == 'diary'").set_index(
        ["measure", "subject"])  # fmt: skip


def test_what_happened_is_measured_by_measure_and_scope(kept):
    wh, told = kept
    orders = wh.orders.to_pandas()
    orders = orders[(orders["kind"] == "sale") & orders["ordered_at"].between("2025-01-01", "2025-04-01")]
    made = wh.products.to_pandas().set_index("product_id")
    lines = wh.order_lines.to_pandas().merge(orders.drop(columns="source"), on="order_id")
    lines = lines[~lines["product_id"].map(made["made_to_order"]).fillna(False).astype(bool)]
    home = wh.customers.to_pandas().set_index("customer_id")["region"]
    at = wh.stores.to_pandas().set_index("store_id")["region"]
    region = lines["store_id"].map(at).fillna(lines["customer_id"].map(home))
    garden = lines["product_id"].map(made["category"]) == "Garden"
    assert told.loc[("revenue", "all"), "actual"] == pytest.approx(float(lines["amount"].sum()))
    assert told.loc[("units", "Riga"), "actual"] == pytest.approx(float(lines.loc[region == "Riga", "quantity"].sum()))
    assert told.loc[("orders", "Garden"), "actual"] == lines.loc[garden, "order_id"].nunique()
    web = lines[lines["channel"] == "web"]
    margin = (web["amount"] - web["quantity"] * web["unit_cost"]).astype(float).sum()
    assert told.loc[("margin", "web"), "actual"] == pytest.approx(margin, rel=1e-6)


def test_customers_known_before_a_day_are_those_and_no_others(kept):
    wh, told = kept
    known = set(features.purchases(wh, as_of="2025-01-01").to_pandas()["customer_id"])
    brought = features.spend(wh, since="2025-01-01", as_of="2025-04-01").to_pandas()
    brought = brought[brought["customer_id"].isin(known)]
    assert told.loc[("customers", "known"), "actual"] == (brought["orders"] > 0).sum()
    assert told.loc[("customers", "repeat"), "actual"] == (brought["orders"] > 0).sum()
    assert told.loc[("revenue", "known"), "actual"] == pytest.approx(brought["revenue"].sum())


def test_the_year_before_is_measured_alike(kept):
    wh, told = kept
    earlier = features.daily_sales(wh, as_of="2025-06-30", campaign=None).to_pandas().set_index("day")["revenue"]
    earlier.index = pd.to_datetime(earlier.index)
    then = [pd.Timestamp(2025, 1, 1) - pd.Timedelta(days=364), pd.Timestamp(2025, 3, 31) - pd.Timedelta(days=364)]
    assert told.loc[("revenue", "all"), "year_before"] == pytest.approx(earlier[then[0] : then[1]].sum())


def test_what_cannot_be_measured_says_so(kept):
    _, told = kept
    state = told["state"]
    assert state[("incremental revenue", "effect")] == "effect"
    assert state[("happiness", "odd")] == state[("revenue", "odd")] == "unknown"
    assert state[("revenue", "later")] == "running"
    assert told.loc[state != "measured", "actual"].isna().all()
    assert told.loc[("responses", "all"), "actual"] >= 0
    assert told.loc[("complaints", "all"), "actual"] > 0


def test_a_claim_told_later_is_not_read_earlier(kept):
    wh, _ = kept
    assert (pd.to_datetime(features.claims(wh, as_of="2024-06-15").to_pandas()["told_on"]) <= "2024-06-15").all()


def test_without_any_claim_there_is_an_empty_table_and_a_refusal(demo_home):
    table = features.claims(Warehouse.open(demo_home), as_of="2022-07-02").to_pandas()
    assert table.empty
    assert isinstance(Diary().fit(table), NotEnough)


def test_forecasts_of_customers_are_held_against_what_they_did(kept):
    from crm_analytics import NextPurchase

    wh, _ = kept
    ahead = NextPurchase(horizon_days=90).fit(features.goods_bought(wh, as_of="2025-03-01"))
    wh.keep(ahead, as_of="2025-03-01")
    tenths = features.foretold(wh, as_of="2025-06-30").to_pandas()
    assert tenths["customers"].sum() == len(ahead.table)
    assert tenths["foretold"].sum() == pytest.approx(ahead.table["p_buys"].sum(), abs=1e-3)
    came = set(features.spend(wh, since="2025-03-01", as_of="2025-05-30").to_pandas().query("orders > 0").customer_id)
    assert tenths["happened"].sum() == ahead.table["customer_id"].isin(came).sum()
    diary = Diary().fit(features.claims(wh))
    held = diary.against(tenths)
    assert held.slopes["low"].iloc[0] < 1.2
    assert held.slopes["high"].iloc[0] > 0.8
    assert len(draw(held).data) >= 2
    with pytest.raises(ValueError, match="squares"):
        diary.against(tenths.drop(columns="squares"))


def test_claims_name_no_customer(kept):
    wh, told = kept
    customers = set(wh.customers.to_pandas()["customer_id"])
    assert not customers & {value for scope in told["scope"] for value in json.loads(scope).values()}


def test_bad_knobs_and_claims_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="enough"):
        Diary(enough=2)
    frame, _ = forecasts(1)
    with pytest.raises(ValueError, match="ends before it begins"):
        Diary().fit(frame.assign(last=frame["first"] - timedelta(days=1)))
