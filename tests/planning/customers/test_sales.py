"""Two periods compared: the parts sum to the whole, the right months are compared, an ordinary change is called one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import NotEnough, Sales, draw, features
from crm_analytics.features.sales import CELL
from crm_analytics.planning.ordinary import log_changes, ordinary_range


def month(number: int) -> pd.Timestamp:
    """The first day of a month, counted from January 2022."""
    return pd.Timestamp("2022-01-01") + pd.DateOffset(months=number)


def sold(*rows: tuple) -> pd.DataFrame:
    """Facts from (month number, region, revenue), or with more columns from a mapping at the end."""
    out = []
    for number, region, revenue, *more in rows:
        row = {
            "month": month(number), "region": region, "store": "S", "channel": "web", "category": "unknown",
            "kind": "sale", "orders": 1, "customers": 1, "units": 1.0, "revenue": revenue, "margin": np.nan,
            "cost_known_revenue": 0.0,
        }
        out.append(row | (more[0] if more else {}))
    return pd.DataFrame(out)


def steady(months: int, *, level: float = 100.0, region: str = "Riga") -> list[tuple]:
    return [(n, region, level) for n in range(months)]


def test_it_compares_the_newest_months_with_those_a_year_before():
    facts = sold(*steady(15), (14, "Riga", 60.0))
    result = Sales(last_months=3).fit(facts)
    assert (result.total.before, result.total.now, result.total.change) == (300.0, 360.0, 60.0)
    assert result.total.change_share == pytest.approx(0.2)
    assert [str(day) for day in (*result.span, *result.span_before)] == [
        "2023-01-01", "2023-03-01", "2022-01-01", "2022-03-01",
    ]
    assert result.text.startswith("Revenue was €360 in January")
    assert "March 2023, 20 % more than a year before" in result.text


def test_a_short_history_is_compared_with_the_months_before_and_says_so():
    result = Sales(last_months=2).fit(sold(*steady(6), (5, "Riga", 50.0)))
    assert result.study.compare == "before"
    assert (result.total.before, result.total.now) == (200.0, 250.0)
    assert {c.name: c.verdict for c in result.checks}["season"] == "weak"
    assert isinstance(Sales(last_months=2, compare="year_before").fit(sold(*steady(6))), NotEnough)


def test_the_table_says_who_carried_the_change():
    facts = sold(*steady(13), *steady(13, region="Tartu"), (12, "Riga", 30.0), (12, "Tartu", 10.0))
    result = Sales(last_months=1).fit(facts)
    assert list(result.table.region) == ["Riga", "Tartu"]
    assert list(result.table.contribution) == [0.75, 0.25]
    assert "Riga carries 75 % of the change." in result.text


def test_a_whole_that_moves_against_its_parts_is_pointed_out():
    regions = ["Riga", "Tartu", "Vilnius", "Tallinn"]
    before = [(0, region, 100.0) for region in regions]
    filler = [(n, region, 100.0) for n in range(1, 12) for region in regions]
    now = [(12, "Riga", 190.0), *((12, region, 80.0) for region in regions[1:])]
    result = Sales(last_months=1).fit(sold(*before, *filler, *now))
    assert result.total.change > 0
    check = {c.name: c for c in result.checks}["reversal"]
    assert check.verdict == "weak"
    assert "3 of 4 parts" in check.text
    assert "more than the whole" in result.text


cells = st.lists(
    st.tuples(
        st.integers(0, 14), st.sampled_from("abcde"), st.sampled_from(["web", "shop", "phone"]),
        st.decimals(-5000, 90000, places=2).map(float),
    ),
    min_size=1, max_size=60,
)


@given(rows=cells, by=st.sampled_from([(), ("region",), ("region", "channel"), ("month",), ("month", "channel")]))
@settings(max_examples=60, deadline=None)
def test_the_parts_sum_to_the_whole_exactly(rows, by):
    facts = sold((0, "a", 1.1), (14, "a", 2.2), *((n, r, v, {"channel": c}) for n, r, c, v in rows))
    result = Sales(last_months=3, by=by).fit(facts)
    if isinstance(result, NotEnough):
        return
    for column in ("before", "now", "change"):
        assert round(result.table[column].sum(), 4) == getattr(result.total, column)
    assert round(result.total.before + result.total.change, 4) == result.total.now
    if result.total.change:
        assert result.table.contribution.sum() == pytest.approx(1)
    expected = facts[facts.month >= month(12)].revenue.sum()
    assert result.total.now == pytest.approx(expected, abs=1e-6)


@pytest.fixture(scope="module")
def facts(company):
    return features.sales(company, as_of="2025-07-01").to_pandas()


@pytest.mark.parametrize("measure", ["revenue", "margin", "units", "orders"])
def test_every_cut_of_the_company_is_of_the_same_whole(facts, measure):
    whole = Sales(measure=measure, by=()).fit(facts)
    for dimension in CELL:
        cut = whole.by(dimension)
        assert cut.total.now == whole.total.now
        assert round(cut.table.now.sum(), 4) == whole.total.now


def test_it_drills_to_any_depth(facts):
    regions = Sales(by="region").fit(facts)
    first = regions.names[0]
    inside = regions.of(first).by("category")
    assert inside.total.now == regions.table.now[0]
    deeper = inside.of(inside.names[0]).by("store", "channel")
    assert deeper.total.now == inside.table.now[0]
    assert deeper.study.only == (("region", first), ("category", inside.names[0]))
    assert first in deeper.text


def test_wrong_names_are_answered_with_the_right_ones(facts):
    result = Sales(by="region").fit(facts)
    with pytest.raises(ValueError, match="choose among month, region"):
        result.by("colour")
    with pytest.raises(ValueError, match="Riga"):
        result.of("Atlantis")
    with pytest.raises(ValueError, match="Riga"):
        Sales(only=(("region", "Atlantis"),)).fit(facts)
    for wrong in ({"measure": "profit"}, {"last_months": 0}, {"last_months": 13}, {"compare": "ever"}, {"kinds": ()}):
        with pytest.raises(ValueError, match=r"\w+"):
            Sales(**wrong)


def test_what_is_left_out_is_said_and_returns_are_no_orders(facts):
    result = Sales(measure="orders").fit(facts)
    assert {"wholesale", "made to order"} <= {c.text.split(" is left")[0] for c in result.checks}
    only_sales = Sales(measure="orders", kinds=("sale",)).fit(facts)
    assert only_sales.total == result.total
    assert Sales(kinds=("sale", "wholesale")).fit(facts).total.now > Sales(kinds=("sale",)).fit(facts).total.now


def test_a_margin_needs_costs_and_their_share_must_not_drift():
    known, mostly_not = ({"margin": 40.0, "cost_known_revenue": covered} for covered in (100.0, 30.0))
    assert isinstance(Sales(measure="margin").fit(sold(*steady(15))), NotEnough)
    facts = sold(*((n, "Riga", 100.0, known if n < 14 else mostly_not) for n in range(15)))
    checks = {c.name: c.verdict for c in Sales(measure="margin").fit(facts).checks}
    assert checks["cost known"] == "fails"


def test_a_cut_the_company_cannot_make_is_named_not_charted(facts):
    result = Sales(by="category").fit(sold(*steady(15)))
    assert "no such cut" in {c.name: c for c in result.checks}["recorded"].text
    assert not result.parted
    assert {trace.type for trace in draw(result).data} == {"scatter"}
    assert "bar" in {trace.type for trace in draw(Sales(by="category").fit(facts)).data}


def test_the_ordinary_range_is_the_textbook_prediction_interval():
    changes = np.array([[0.02, 0.05, -0.01, 0.04, 0.00]])
    low, high = ordinary_range(changes)[0]
    mean, spread = changes.mean(), changes.std(ddof=1)
    reach = 2.7764451 * spread * np.sqrt(1 + 1 / 5)
    assert (low, high) == pytest.approx((np.expm1(mean - reach), np.expm1(mean + reach)), rel=1e-6)
    assert np.isnan(ordinary_range(changes[:, :3])).all()


def test_earlier_changes_do_not_overlap_and_leave_out_the_newest():
    by_month = np.exp(np.arange(24.0))[None, :]
    changes = log_changes(by_month, months=3, lag=12)
    assert changes.shape == (1, 3)
    assert changes == pytest.approx(12)
    by_month[0, -3:] = 1e12
    assert log_changes(by_month, months=3, lag=12) == pytest.approx(12)


def test_the_ordinary_range_holds_its_promise_on_ordinary_companies():
    random = np.random.default_rng(3)
    season = np.tile(1 + 0.4 * np.sin(np.arange(12) * np.pi / 6), 5)[:51]
    companies = 1000 * season * 1.004 ** np.arange(51) * np.exp(random.normal(0, 0.06, (600, 51)))
    low, high = ordinary_range(log_changes(companies, months=3, lag=12)).T
    change = companies[:, -3:].sum(axis=1) / companies[:, -15:-12].sum(axis=1) - 1
    assert 0.925 <= np.mean((low <= change) & (change <= high)) <= 0.985
    facts = sold(*((n, "Riga", float(round(v, 2))) for n, v in enumerate(companies[0])))
    jump = facts.assign(revenue=facts.revenue * np.where(facts.month >= month(48), 1.6, 1.0))
    assert "beyond the ordinary" in Sales().fit(jump).text


def test_many_parts_are_folded_in_the_picture_and_still_sum(facts):
    result = Sales(by=("region", "category")).fit(facts)
    bars = draw(result).data[1]
    assert len(bars.y) <= 12
    assert sum(bars.x) == pytest.approx(result.total.now)


def test_text_from_data_is_not_read_as_markup():
    facts = sold(*steady(13, region="<b>Riga</b>"), *steady(13, region="Tartu"), (12, "<b>Riga</b>", 9.0))
    figure = draw(Sales(last_months=1).fit(facts))
    assert "<b>" not in figure.layout.title.text
    assert "<b>" not in "".join(figure.data[0].y)
