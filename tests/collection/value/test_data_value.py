"""What a field is worth follows from the facts and from the code that uses them, and its parts sum to its score."""

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import DataValue, NotEnough, Warehouse, draw, features, readers
from crm_analytics.collection.value.worth import PARTS
from crm_analytics.features import lineage
from crm_analytics.features.lineage import touched
from crm_analytics.warehouse.release import ALL_TABLES
from crm_analytics.warehouse.tables import TABLES


@pytest.fixture(scope="module")
def cells(demo_home):
    return features.fields(Warehouse.open(demo_home)).to_pandas()


@pytest.fixture(scope="module")
def value(cells):
    return DataValue(readers=readers()).fit(cells)


@pytest.fixture(scope="module")
def plain(cells):
    return DataValue().fit(cells)


def field(value, name):
    table, column = name.split(".")
    return value.fields.set_index(["table", "column"]).loc[(table, column)]


def without(cells, *tables):
    """The company as it would be without these tables."""
    gone = cells.table.isin(tables)
    empty = dict.fromkeys(("rows", "filled", "blank", "based"), 0)
    absent = cells[gone].drop_duplicates(["table", "column"]).assign(**empty, source=None, month=None, newest=None)
    return pd.concat([cells[~gone], absent.assign(newest_filled=None, money=None)], ignore_index=True)


def test_every_feature_of_facts_says_which_fields_it_uses():
    uses = dict(lineage.uses())
    assert set(uses) == set(lineage.features_of_facts()) | {"mailings"}
    assert not uses.pop("foretold")  # it looks at forecasts that were kept; the specimen keeps none
    for name, used in uses.items():
        assert {table for table, _ in used} >= set(lineage.needs()[name]) - {"consents"}, name
        assert all(column in ALL_TABLES[table].by_name or column == "source" for table, column in used), name


def test_use_is_what_an_expression_rests_on_and_nothing_else():
    orders = ibis.table({"order_id": "string", "kind": "string", "channel": "string", "store_id": "string"}, "orders")
    lines = ibis.table({"order_id": "string", "amount": "float64", "quantity": "float64"}, "order_lines")
    sold = lines.group_by("order_id").agg(money=lines.amount.sum(), units=lines.quantity.sum())
    table = orders.filter(orders.kind == "sale").join(sold, "order_id").order_by("store_id").select("money")
    used = {f"{t}.{c}" for t, c in touched(table)}
    assert used == {"orders.kind", "orders.order_id", "orders.store_id", "order_lines.order_id", "order_lines.amount"}


def test_what_a_feature_asks_on_the_way_is_use_too():
    assert ("campaigns", "starts") in lineage.uses()["campaign_outcomes"]


def test_what_is_counted_is_what_is_there(cells, demo_home):
    wh = Warehouse.open(demo_home)
    for name in ("orders", "customers", "touchpoints"):
        mine = cells[cells.table == name].groupby("column")[["rows", "filled"]].sum()
        counts = getattr(wh, name).to_pandas().notna().sum()
        for column in TABLES[name].columns:
            assert mine.filled[column.name] == counts[column.name], column.name
        assert (mine.rows == len(getattr(wh, name).to_pandas())).all()
    contacts = wh._read("customer_contacts").to_pandas()
    mine = cells[cells.table == "customer_contacts"].groupby("column")[["rows", "filled"]].sum()
    assert mine.filled.to_dict() == contacts.drop(columns="source").notna().sum().to_dict()
    assert (mine.rows == len(contacts)).all()


def test_money_where_it_is_empty(cells, demo_home):
    wh = Warehouse.open(demo_home)
    sold = wh.order_lines.join(wh.orders, "order_id").to_pandas()
    mine = cells[(cells.table == "orders") & (cells.column == "customer_id")]
    assert mine.money_empty.sum() == pytest.approx(float(sold.amount[sold.customer_id.isna()].sum()))


def test_no_personal_value_leaves_the_engine(cells, demo_home):
    contacts = Warehouse.open(demo_home)._read("customer_contacts").drop("customer_id", "source").to_pandas()
    values = {str(value) for column in contacts for value in contacts[column].dropna()}
    shown = {str(value) for column in cells for value in cells[column].dropna()}
    assert not values & shown


def test_parts_sum_to_the_score_everywhere(value):
    assert value.score == pytest.approx(sum(value.points.values()))
    for frame in (value.table, value.tables, value.questions):
        pd.testing.assert_series_equal(frame[list(PARTS)].sum(axis=1), frame.score, check_names=False)
        assert frame.score.between(0, 100 + 1e-9).all()
    assert value.score == pytest.approx(value.questions.score.mean())


def test_what_cannot_be_asked_scores_nothing_and_its_table_is_the_advice(cells, value):
    less = DataValue(readers=readers()).fit(without(cells, "arms"))
    assert not less.questions.set_index("question").can_be_asked["lift"]
    assert less.questions.set_index("question").score["lift"] == 0
    best = less.advice.iloc[0]
    assert best.ask_for == "arms"
    assert "lift" in best.opens
    assert less.score + best.gain == pytest.approx(value.score, abs=0.2)
    assert "arms (+" in less.text


def test_tables_that_only_help_together_are_asked_for_together(cells):
    less = DataValue(readers=readers()).fit(without(cells, "orders", "order_lines"))
    assert "order_lines + orders" in less.advice.ask_for.iloc[:2].tolist()


def test_a_field_that_began_late_or_has_one_source_says_so(cells):
    cost = (cells.table == "order_lines") & (cells.column == "unit_cost")
    late = cells.assign(filled=cells.filled.mask(cost & (pd.to_datetime(cells.month) < "2024-05-01"), 0))
    result = DataValue(readers=readers()).fit(late)
    assert field(result, "order_lines.unit_cost").note == "only since 2024-05"
    assert "order_lines.unit_cost" in result.advice.ask_for.tolist()
    assert field(result, "customers.gender").note == "only in crm"


def test_a_personal_field_that_serves_nothing_is_a_liability(value):
    assert value.idle.iloc[0].personal
    idle = value.idle[value.idle.personal]
    assert ("customer_contacts", "tax_number") in set(zip(idle.table, idle["column"], strict=True))
    assert field(value, "customer_contacts.tax_number").lawfulness == 0
    assert 0.95 < field(value, "customer_contacts.email").lawfulness < 1  # some never agreed to anything
    assert {check.name: check.verdict for check in value.checks}["purpose"] == "weak"


def test_addresses_are_held_on_a_basis(demo_home):
    """With every consent gone and nobody buying within a day, no address has one."""
    wh = Warehouse.open(demo_home)
    strict = features.fields(wh, retention_days=0).to_pandas()
    mine = strict[(strict.table == "customer_contacts") & (strict.column == "email")]
    agreed = wh.consents.filter(wh.consents.channel == "email", wh.consents.withdrawn_at.isnull())
    assert mine.based.sum() >= agreed.customer_id.nunique().execute()
    assert mine.based.sum() < mine.filled.sum()


def test_values_that_say_nothing_lower_quality(cells, value):
    region = (cells.table == "customers") & (cells.column == "region")
    half = DataValue(readers=readers()).fit(cells.assign(blank=cells.blank.mask(region, cells.filled // 2)))
    assert field(half, "customers.region").quality < 0.6 < field(value, "customers.region").quality


def test_a_source_that_stopped_is_not_fresh(cells):
    old = cells.table == "competitor_prices"
    back = {
        name: cells[name].mask(old, pd.to_datetime(cells[name]) - pd.Timedelta(days=300))
        for name in ("newest", "newest_filled", "first")
    }
    assert field(DataValue(readers=readers()).fit(cells.assign(**back)), "competitor_prices.price").freshness < 0.2


def test_empty_is_an_answer_where_the_schema_says_so(value):
    assert field(value, "prices.store_id").completeness == 1
    assert field(value, "orders.customer_id").completeness < 0.8


def test_without_readers_features_stand_for_questions(plain):
    assert "purchases" in plain.questions.question.tolist()


def test_nothing_loaded_no_answer(cells):
    assert isinstance(DataValue().fit(without(cells, *TABLES)), NotEnough)


@pytest.mark.parametrize("knobs", [{"completeness": 31}, {"quality": -5, "fitness": 50}, {"fresh_days": 0}])
def test_knobs_are_checked(knobs):
    with pytest.raises(ValueError, match="try"):
        DataValue(**knobs)


@settings(max_examples=4, deadline=None)
@given(st.data())
def test_more_data_are_never_worth_less(cells, plain, data):
    """Filling a used field raises the score, or leaves it."""
    some = data.draw(st.sampled_from(sorted(set(cells.used_by[(cells.used_by != "") & (cells.rows > 0)].index))))
    mine = (cells.table == cells.table[some]) & (cells.column == cells.column[some]) & ~cells.personal
    less = cells.assign(filled=cells.filled.mask(mine, cells.filled // 2))
    assert DataValue().fit(less).score <= plain.score + 1e-9


def test_the_picture_shows_what_is_lacking(cells):
    less = DataValue(readers=readers()).fit(without(cells, "campaigns"))
    figure = draw(less)
    assert "campaigns would help most" in figure.layout.title.text.replace("<br>", " ")
    assert any("lacks campaigns" in note.text for note in figure.layout.annotations)
