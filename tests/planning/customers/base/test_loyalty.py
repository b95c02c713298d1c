"""What binds customers: what was planted is found where records carry it, and nothing is claimed where they do not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from crm_analytics import Loyalty, Warehouse, draw, features
from crm_analytics.planning.customers.base.answers import answers
from crm_analytics.planning.customers.base.loyalty import FEW, KINDS, UNTOLD
from crm_analytics.result import enough
from crm_analytics.warehouse.release import Company, Shelf
from crm_analytics.warehouse.tables import TABLES

FIRST, DAYS, PEOPLE = pd.Timestamp("2023-01-01"), 600, 240
CATEGORIES = ("bread", "wine", "fish", "spice")
PLANTED = np.repeat(["wide", "one thing", "bargain", "captive"], PEOPLE // 4)


def shop(home, *, elasticity, seed=1):
    """A grocer's release: customers of planted kinds, weekly promotions, competitors who sell everything but spice."""
    rng = np.random.default_rng(seed)
    taste = np.full((PEOPLE, 4), 0.25)
    taste[PLANTED == "one thing"] = (0.01, 0.97, 0.01, 0.01)
    taste[PLANTED == "captive"] = (0.03, 0.03, 0.04, 0.9)
    product = [f"{category} {number}" for category in CATEGORIES for number in range(3)]
    offered = rng.random((12, DAYS // 7 + 1)) < 0.15
    depth = np.where(np.repeat(offered, 7, axis=1)[:, :DAYS], 0.25, 0.0)
    season = 1 + 0.4 * np.sin(np.arange(DAYS) / 58)
    pull = np.exp(elasticity[:, None, None] * np.log1p(-depth)[None])
    rate = 0.18 * np.repeat(taste, 3, axis=1)[:, :, None] / 3 * pull * season
    who, what, day = np.nonzero(rng.poisson(rate))
    lines = pd.DataFrame({"who": who, "what": what, "day": day})
    order = lines["who"].astype(str) + "-" + lines["day"].astype(str)
    price = 10 * (1 - depth[what, day])
    tables = {
        "customers": {"customer_id": [f"C{i:03d}" for i in range(PEOPLE)], "kind": "person",
                      "acquired_channel": np.resize(["a friend", "leaflet"], PEOPLE)},
        "products": {"product_id": product, "category": np.repeat(CATEGORIES, 3), "made_to_order": False},
        "orders": pd.DataFrame({"order_id": order, "ordered_at": FIRST + pd.to_timedelta(day, unit="D"),
                                "customer_id": [f"C{i:03d}" for i in who], "kind": "sale"}).drop_duplicates("order_id"),
        "order_lines": {"order_id": order, "line_no": lines.groupby(order).cumcount() + 1,
                        "product_id": np.array(product)[what], "quantity": 1.0, "price": price, "amount": price,
                        "list_price": 10.0},
        "competitor_prices": pd.DataFrame([
            {"competitor": "next door", "category": category, "day": FIRST + pd.Timedelta(days=7 * week),
             "price": 9.0 * rng.choice([1.0, 0.8], p=[0.8, 0.2])}
            for category in CATEGORIES[:3] for week in range(DAYS // 7)
        ]),
    }  # fmt: skip
    with Shelf(home).draft() as draft:
        for name, rows in tables.items():
            draft.replace_source(name, canonical(name, pd.DataFrame(rows)), source="till")
        draft.publish(company=Company(name="Grocer"), facts_until="2024-08-22")
    return Warehouse.open(home)


def canonical(name, rows):
    schema = TABLES[name].arrow_schema()
    rows = rows.assign(source="till")
    columns = []
    for field in schema:
        if field.name not in rows:
            columns.append(pa.nulls(len(rows), field.type))
        elif pa.types.is_decimal(field.type):
            columns.append(pa.array(rows[field.name].astype(float).round(4)).cast(field.type, safe=False))
        else:
            columns.append(pa.array(rows[field.name]).cast(field.type, safe=False))
    return pa.table(columns, schema=schema)


@pytest.fixture(scope="module")
def grocer(tmp_path_factory):
    return shop(tmp_path_factory.mktemp("grocer"), elasticity=np.where(PLANTED == "bargain", -5.0, -0.5))


@pytest.fixture(scope="module")
def grocers_customers(grocer):
    return features.loyalty(grocer).to_pandas()


@pytest.fixture(scope="module")
def frame(company):
    return features.loyalty(company).to_pandas()


def test_the_planted_kinds_are_found_where_customers_buy_often(grocers_customers):
    result = Loyalty().fit(grocers_customers)
    people = result.people.set_index("customer_id")
    planted = pd.Series(PLANTED, index=[f"C{i:03d}" for i in range(PEOPLE)]).reindex(people.index)
    assert result.price.spread > 1
    assert roc_auc_score(planted == "bargain", people["price_answer"]) > 0.95
    named = people["kind"]
    assert (named[planted == "bargain"] == "bargain-led").mean() > 0.8
    assert (named[planted == "captive"] == "no alternative").mean() > 0.8
    assert (named[planted == "wide"] == "truly loyal").mean() > 0.8
    one_kind = people.loc[planted == "one thing", ["inertia", "no alternative"]].sum(axis=1)
    assert (one_kind > 0.5).mean() > 0.8
    share = result.table.set_index("kind")["share"]
    assert share["bargain-led"] == pytest.approx(0.25, abs=0.08)
    assert share["truly loyal"] == pytest.approx(0.25, abs=0.08)


def test_nothing_is_claimed_where_all_answer_alike(tmp_path):
    result = Loyalty().fit(features.loyalty(shop(tmp_path, elasticity=np.full(PEOPLE, -2.0), seed=3)))
    assert not result.price.told
    assert not result.rivals.told
    assert result.table.set_index("kind").loc["bargain-led", "share"] == 0
    assert "No two customers can be told" in result.checks[0].text


def test_list_prices_serve_where_there_are_no_promotions(grocer, grocers_customers):
    assert not grocer.has("promotions")
    assert grocers_customers["cut_u_0"].notna().all()
    bargain = grocers_customers["customer_id"].isin([f"C{i:03d}" for i in np.flatnonzero(PLANTED == "bargain")])
    share = grocers_customers.groupby(bargain)["list_share"].mean()
    assert share[True] < 0.7 < 0.75 < share[False]


def test_answers_are_neither_invented_nor_missed():
    """U drawn around V times the planted answer: the spread is found within its error; without one, none is told."""
    rng = np.random.default_rng(0)
    v = rng.gamma(0.5, 2.0, (2, 3000))
    told = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=v.shape) * np.sqrt(2 * v)
        told += answers(noise, v, np.repeat(["a", "b"], 1500)).told
        true = rng.normal(0, 0.7, 3000) + np.repeat([0.4, -0.4], 1500)
        found = answers(true * v + noise, v, np.repeat(["a", "b"], 1500))
        assert found.by_group
        assert found.spread == pytest.approx(0.7, abs=0.15)
        inside = np.abs(found.mean - (true - true.mean())) < 1.96 * found.sd + 0.05
        assert inside.mean() > 0.92
    assert told <= 2


def test_truth_of_the_simulated_company_as_far_as_its_records_carry(company, frame, truth):
    """Bargain hunters (−2.8) answer more than companies (−0.7), by about as much; and who is who can be told as well,
    or as badly, as the best reading of so few purchases could."""
    rows = features.price_response(company).to_pandas()
    known = truth.customers.set_index("customer_id").loc[rows["customer_id"]]
    u, v = (rows[[f"cut_{of}_0", f"cut_{of}_1"]].sum(axis=1).to_numpy() for of in ("u", "v"))
    own, segment = known["own_elasticity"].to_numpy(float), known["segment"].to_numpy(str)
    r = u - u.sum() / v.sum() * v
    answer, error = {}, {}
    for name in ("bargain hunters", "companies"):
        some = segment == name
        answer[name] = r[some].sum() / v[some].sum()
        error[name] = np.sqrt(((r - answer[name] * v)[some] ** 2).sum()) / v[some].sum()
    gap = answer["bargain hunters"] - answer["companies"]
    wrong = np.hypot(*error.values())
    assert abs(gap - 2.1) < 2.5 * wrong
    assert gap > 2 * wrong
    two = np.isin(segment, ["bargain hunters", "companies"])
    bargain, rng = segment[two] == "bargain hunters", np.random.default_rng(0)
    noise = (r**2).sum() / v.sum()
    best = [
        roc_auc_score(bargain, (-own * v + rng.normal(size=len(v)) * np.sqrt(noise * v) - 1.7 * v)[two])
        for _ in range(50)
    ]
    assert roc_auc_score(bargain, r[two]) > np.mean(best) - 2.5 * np.std(best)
    result = Loyalty().fit(frame)
    assert not result.rivals.told  # all answer to competitors alike
    assert result.price.unseen > 0.5  # so few purchases could hide a difference, and it is said
    left = result.people.assign(
        alive=result.people["customer_id"].map(truth.customers.set_index("customer_id")["alive"])
    )
    alive = left.groupby("kind")["alive"].apply(lambda here: here.astype(float).mean())
    assert alive["truly loyal"] > 0.85 > 0.4 > alive["not loyal"]


def test_degrees_sum_to_one_and_everybody_is_counted(frame):
    result = Loyalty().fit(frame)
    table, people = result.table, result.people
    judged = people[people["kind"] != FEW]
    np.testing.assert_allclose(judged[[*KINDS, UNTOLD]].sum(axis=1), 1)
    assert table["customers"].sum() == len(frame)
    assert table["share"].sum() == pytest.approx(1)
    assert table["money"].sum() == pytest.approx(frame["revenue"].sum())
    assert (table["low"].dropna() <= table["share"].dropna()).all()
    assert (judged["orders"] >= 3).all()
    assert len(draw(result).data) == 3


def test_without_price_records_it_says_who_stays_and_not_why(frame):
    prices = [name for name in frame if name.startswith(("cut_", "rival_", "list_", "captive_"))]
    result = Loyalty().fit(frame.assign(**dict.fromkeys(prices, np.nan)))
    share = result.table.set_index("kind")["share"]
    assert share[["truly loyal", "inertia", "no alternative", "bargain-led"]].sum() == 0
    assert share[UNTOLD] > 0.4
    assert "cannot be told from these records" in result.text
    assert result.checks[0].verdict == result.checks[1].verdict == "weak"


def test_without_categories_breadth_is_left_untold(frame):
    result = Loyalty().fit(frame.assign(pairs=np.nan, same_pairs=np.nan))
    share = result.table.set_index("kind")["share"]
    assert share["truly loyal"] == share["inertia"] == 0
    assert share[UNTOLD] > 0.4


def test_too_few_who_came_back_are_refused(frame):
    refused = Loyalty().fit(frame[frame["orders"] < 3])
    assert not enough(refused)
    assert "bought 3 times" in refused.text


@pytest.mark.parametrize("knob", [{"least_purchases": 1}, {"certainty": 1.2}, {"narrow": 0.0}, {"material": -1.0}])
def test_knobs_that_make_no_sense_are_refused(knob):
    with pytest.raises(ValueError, match=next(iter(knob))):
        Loyalty(**knob)
