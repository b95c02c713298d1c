"""The clauses of rules asked of the facts: against sums made by hand, at a day, of an engine, and of hostile texts."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Warehouse, features
from crm_analytics.rules.tokens import RuleError

RULES = """
riga: region is "riga" and age is known
  older: age over 40
gardeners: bought category "Garden" at least 2 times in the last year but never category "Tools"
spenders: spent over 500 in the last 2 years or orders at least 3 in the last 6 months
quiet: contacts under 2 by "email" in the last 60 days and consents to email
answers: responded since 2024-01-01
nothing: bought nothing in the last 90 days and acquired by Web
spring: first_day from 2024-03-01 to 2024-05-31 and spent at least 20 on "Garden" or "Kitchen" ever
"""
DAY = date(2025, 7, 1)


@pytest.fixture(scope="module")
def told(company):
    return features.segments(company, as_of=DAY, rules=RULES).to_pandas().set_index("customer_id")


@pytest.fixture(scope="module")
def lines(company):
    """Every line a known customer bought or sent back, as pandas has it."""
    orders = company.orders.filter(company.orders.kind != "wholesale").to_pandas()
    products = company.products.to_pandas()
    lines = company.order_lines.to_pandas().merge(
        products[["product_id", "category", "made_to_order"]], on="product_id"
    )
    lines = lines[~lines["made_to_order"].fillna(False).astype(bool)].merge(orders, on="order_id")
    lines = lines[lines["customer_id"].notna() & (lines["ordered_at"] < pd.Timestamp(DAY))]
    return lines.assign(amount=lines["amount"].astype(float), day=lines["ordered_at"].dt.normalize())


def members(column):
    return set(column.index[column == 1])


def since(days):
    return pd.Timestamp(DAY - timedelta(days=days))


def test_each_clause_says_of_everybody_whether_it_holds(told, company):
    assert len(told) == company.customers.count().to_pyarrow().as_py()
    clauses = told.drop(columns=[name for name in told if name in features.segments.function.__globals__["TOLD"]])
    assert clauses.isin([-1, 0, 1]).all(axis=None)
    assert clauses.shape[1] == 14


def test_what_was_bought_and_spent_is_what_the_lines_say(told, lines):
    sold = lines[lines["kind"] != "return"]
    garden = sold[(sold["category"] == "Garden") & (sold["day"] >= pd.Timestamp(2024, 7, 1))]
    days = garden.groupby(["customer_id", "day"])["amount"].sum()
    twice = days[days > 0].groupby("customer_id").size()
    assert members(told['bought category "garden" at least 2 times in the last year']) == set(twice[twice >= 2].index)
    spent = lines[lines["day"] >= pd.Timestamp(2023, 7, 1)].groupby("customer_id")["amount"].sum().round(4)
    assert members(told["spent over 500 in the last 2 years"]) == set(spent[spent > 500].index)
    recent = sold[sold["day"] >= pd.Timestamp(2025, 1, 1)].groupby(["customer_id", "day"])["amount"].sum()
    count = recent[recent > 0].groupby("customer_id").size()
    assert members(told["orders at least 3 in the last 6 months"]) == set(count[count >= 3].index)
    ever = lines[lines["category"].isin(["Garden", "Kitchen"])].groupby("customer_id")["amount"].sum().round(4)
    assert members(told['spent at least 20 on "garden" or "kitchen" ever']) == set(ever[ever >= 20].index)


def test_what_was_told_and_answered_is_what_the_tables_say(told, company):
    touched = company.contacts.to_pandas()
    touched = touched[(touched["kind"] == "out") & (touched["channel"] == "email") & (touched["at"] >= since(60))]
    many = touched[touched["at"] < pd.Timestamp(DAY)].groupby("customer_id").size()
    assert members(told['contacts under 2 by "email" in the last 60 days']) == set(told.index) - set(
        many[many >= 2].index
    )
    answers = company.responses.to_pandas()
    answers = answers[(answers["at"] >= pd.Timestamp(2024, 1, 1)) & (answers["at"] < pd.Timestamp(DAY))]
    assert members(told["responses at least 1 since 2024-01-01"]) == set(answers["customer_id"])
    reachable = features.reachable(company, as_of=DAY, channel="email").to_pandas().set_index("customer_id")["consent"]
    agreed = told['consents to anything by "email"'] == 1
    assert set(reachable.index[reachable]) <= members(told['consents to anything by "email"'])
    assert agreed.any()
    assert not agreed.all()


def test_case_does_not_matter_and_what_is_not_on_record_is_unknown(told, company):
    people = company.customers.to_pandas().set_index("customer_id").loc[told.index]
    assert members(told['region is "riga"']) == set(people.index[people["region"] == "Riga"])
    assert (told["age over 40"] == 0).equals(people["birth_year"].isna())
    assert (told["age is unknown"] == 1).equals(people["birth_year"].isna())


def test_nothing_of_the_day_or_after_is_seen(company):
    then = date(2024, 10, 1)
    rules = "a: bought anything in the last 30 days and contacts at least 1 in the last 30 days and responded"
    whole = features.segments(company, as_of=then, rules=rules).to_pandas()

    class Past(Warehouse):
        """The same company on the evening before."""

        def _rows(self, name):
            rows = super()._rows(name)
            at = {"orders": "ordered_at", "contacts": "at", "responses": "at"}.get(name)
            return rows.filter(rows[at] < then.isoformat()) if at else rows

    past = features.segments(Past(company._shelf, company.release), as_of=then, rules=rules).to_pandas()
    pd.testing.assert_frame_equal(whole, past)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ('regoin is "Riga"', "There is no 'regoin'; did you mean region? (line 1, character 4)."),
        ('bougth "Garden"', "There is no 'bougth'; did you mean bought? (line 1, character 4)."),
        ('orders over 2 and region is "Rigga"', "is 'Rigga'; did you mean Riga? (line 1, character 22)."),
        ('bought "Gardn"', "No goods are called 'Gardn'; did you mean Garden? (line 1, character 4)."),
        ('age is "old"', "age is a number, and text was given"),
        ("region over 3", "region is text, and a number was given"),
        ("first_day over 3", "first_day is a day, and a number was given"),
        ("consents to emial", "agree to 'emial'; did you mean email?"),
    ],
)  # fmt: skip
def test_what_there_is_not_is_named_with_its_place(company, rule, told):
    with pytest.raises(RuleError) as error:
        features.segments(company, rules=f"x: {rule}")
    assert told in str(error.value)


HOSTILE = [
    "'; DROP TABLE orders; --",
    '") OR 1=1 --',
    "{0}",
    "%s",
    "$1",
    "\\",
    "`",
    "Riga' OR '1'='1",
    "𝕏☃",
    "../../etc",
]


def test_hostile_texts_are_data(company):
    quoted = ['"' + text.replace('"', '""') + '"' for text in HOSTILE]
    rules = "\n".join(
        f"s{n}: top_category is {one} or not first_category contains {one}" for n, one in enumerate(quoted)
    )
    told = features.segments(company, rules=rules).to_pandas()
    assert len(told) == company.customers.count().to_pyarrow().as_py()
    for one in quoted:
        assert not (told[f"top_category is {one}".lower()] == 1).any()
        assert not (told[f"first_category contains {one}".lower()] == 1).any()
        with pytest.raises(RuleError):
            features.segments(company, rules=f"x: bought {one}")
    assert company.orders.count().to_pyarrow().as_py() > 0


def test_a_campaign_may_be_called_by_its_name_or_its_id(company):
    campaign = company.campaigns.order_by("campaign_id").to_pandas().iloc[-1]
    rules = f'a: responded to "{campaign["name"]}"\nb: responded to "{campaign["campaign_id"]}"'
    told = features.segments(company, rules=rules).to_pandas()
    one, two = told.columns[-2:]
    assert (told[one] == told[two]).all()
    with pytest.raises(RuleError, match="did you mean"):
        features.segments(company, rules=f'a: responded to "{campaign["name"][:-1]}"')


def test_the_same_rule_on_spark(tmp_path):
    """Identical membership, on a company small enough for Spark's start-up to be all that takes time."""
    pytest.importorskip("pyspark")
    from pyspark.sql import SparkSession

    from crm_analytics.simulation.company import Simulation
    from crm_analytics.warehouse.release import Company, Shelf

    with Shelf(tmp_path).draft() as draft:
        for name, rows in Simulation(customers=150, seed=3).tables().items():
            if name in ("customers", "orders", "order_lines", "products", "contacts", "responses", "consents"):
                draft.replace_source(name, rows.drop_columns(["source"]).append_column("source", [["s"] * len(rows)]),
                                     source="s")  # fmt: skip
        draft.publish(company=Company(name="S", currency="EUR"), facts_until="2025-06-30")
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.shuffle.partitions", 1)
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")  # starts soonest
        .getOrCreate()
    )
    try:
        duck = features.segments(Warehouse.open(tmp_path), rules=RULES).to_pandas()
        spark = features.segments(Warehouse.open(tmp_path, engine="spark"), rules=RULES).to_pandas()
    finally:
        session.stop()
    assert len(duck) > 100
    assert (duck.select_dtypes("int8") == 1).any().sum() > 8
    pd.testing.assert_frame_equal(spark[duck.columns], duck, check_dtype=False, check_exact=False, rtol=1e-12)
    assert (spark.select_dtypes("integer").to_numpy() == duck.select_dtypes("integer").to_numpy()).all()


def test_an_engine_there_is_not_is_refused(company_home):
    with pytest.raises(ValueError, match="choose duckdb or spark"):
        Warehouse.open(company_home, engine="oracle")


def test_holdings_are_what_was_bought(company, lines):
    held = features.holdings(company, as_of=DAY).to_pandas()
    bought = lines[(lines["kind"] != "return") & (lines["amount"] > 0)]
    first = bought.groupby(["customer_id", "category"])["day"].min()
    assert len(held) == len(first)
    both = held.set_index(["customer_id", "goods"])["first_day"].sort_index()
    assert (both.astype("datetime64[ns]").to_numpy() == first.sort_index().astype("datetime64[ns]").to_numpy()).all()
    window = lines[lines["day"] >= since(365)]["amount"].sum()
    owners = lines.set_index(["customer_id", "category"]).index.isin(first.index)
    assert np.isclose(held["revenue_window"].sum(), lines[owners & (lines["day"] >= since(365))]["amount"].sum())
    assert window > 0
