"""Two periods in any cut: parts sum to the whole, people are counted once, a misleading whole is pointed out."""

from datetime import date
from itertools import cycle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import NotEnough, Sales, draw, features
from crm_analytics.planning.customers.cut.sales_measures import MEASURES
from crm_analytics.planning.ordinary import log_ratios, ordinary_range
from crm_analytics.result.period import Period

DAY = date(2025, 7, 1)


def sold(*rows: dict, until: str = "2023-04-01") -> pd.DataFrame:
    """Lines of sales: each a day and what differs from a plain sale of 100."""
    plain = {
        "customer_id": "c", "hour": 12.0, "region": "Riga", "store": "S", "store_format": "unknown", "channel": "web",
        "category": "unknown", "brand": "unknown", "product": "P", "supplier": "unknown", "customer_kind": "person",
        "customer_region": "unknown", "acquired_channel": "unknown", "segment": "unknown", "kind": "sale",
        "is_return": False, "units": 1.0, "revenue": 100.0, "margin": np.nan, "list_revenue": np.nan,
    }  # fmt: skip
    lines = [{"order_id": f"o{i:05d}"} | plain | row for i, row in enumerate(rows)]
    table = pd.DataFrame(lines).assign(until=pd.Timestamp(until))
    return table.assign(day=pd.to_datetime(table.day))


def monthly(months: int, **row) -> list[dict]:
    """A sale on the fifth of each month from January 2022."""
    return [{"day": f"{2022 + n // 12}-{n % 12 + 1:02d}-05"} | row for n in range(months)]


@pytest.fixture(scope="module")
def lines(company):
    return features.sales(company, as_of=DAY)


@pytest.fixture(scope="module")
def frame(lines):
    return lines.to_pandas()


def check(result, name):
    return {one.name: one for one in result.checks}[name]


def test_it_compares_the_newest_months_with_those_a_year_before():
    result = Sales(last_months=3).fit(sold(*monthly(15), {"day": "2023-03-31", "revenue": 60.0}))
    assert (result.total.before, result.total.now, result.total.change) == (300.0, 360.0, 60.0)
    assert result.total.change_share == pytest.approx(0.2)
    assert (str(result.now), str(result.before)) == ("2023-01..2023-03", "2022-01..2022-03")
    assert result.text.startswith("Revenue was €360 in January")
    assert "March 2023, 20 % more than a year before" in result.text


def test_a_short_history_is_compared_with_the_months_before_and_says_so():
    facts = sold(*monthly(6), {"day": "2022-06-30", "revenue": 50.0}, until="2022-07-01")
    result = Sales(last_months=2).fit(facts)
    assert result.study.compare == "before"
    assert (result.total.before, result.total.now) == (200.0, 250.0)
    assert check(result, "season").verdict == "weak"
    assert isinstance(Sales(last_months=2, compare="year_before").fit(facts), NotEnough)


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2025", "2025-01-01", "2025-12-31"), ("2025-Q2", "2025-04-01", "2025-06-30"),
        ("2024-02", "2024-02-01", "2024-02-29"), ("2025-06-15", "2025-06-15", "2025-06-15"),
        ("2025-04..2025-06", "2025-04-01", "2025-06-30"), ("2025-06-15..2025-07", "2025-06-15", "2025-07-31"),
    ],
)  # fmt: skip
def test_a_period_is_read_as_people_write_it(written, first, last):
    period = Period.of(written)
    assert (str(period.first), str(period.last)) == (first, last)
    assert Period.of(str(period)) == period


@pytest.mark.parametrize("wrong", ["soon", "2025-13", "2025-06..2025-05", "2025-06-31", "1..2..3"])
def test_what_is_no_period_is_said(wrong):
    with pytest.raises(ValueError, match="period"):
        Sales(now=wrong)


@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_any_two_periods_hold_exactly_their_days(lines, frame, data):
    days = st.dates(date(2023, 7, 1), date(2025, 6, 30))
    now, before = (sorted([data.draw(days), data.draw(days)]) for _ in range(2))
    result = Sales(by="channel", now=f"{now[0]}..{now[1]}", before=f"{before[0]}..{before[1]}").fit(lines)
    if isinstance(result, NotEnough):
        return
    counted = frame[frame.kind.isin(["sale", "return"])]
    for (first, last), value in ((now, result.total.now), (before, result.total.before)):
        inside = counted.day.between(pd.Timestamp(first), pd.Timestamp(last))
        assert value == pytest.approx(counted.revenue[inside].sum(), abs=1e-6)


def test_a_year_that_is_not_over_is_compared_as_far_as_it_has_gone(lines):
    result = Sales(now="2025", before="2024").fit(lines)
    assert (str(result.now), str(result.before)) == ("2025-01..2025-06", "2024-01..2024-06")
    assert check(result, "so far").verdict == "weak"
    by_days = Sales(now="2025-06-20..2025-07-10").fit(lines)
    assert (by_days.now.days, by_days.before.days) == (11, 11)
    assert by_days.now.first.weekday() == by_days.before.first.weekday()


def test_periods_of_unlike_length_are_called_so(lines):
    assert check(Sales(now="2025-Q2", before="2025-03").fit(lines), "whole periods").verdict == "weak"
    assert isinstance(Sales(now="2025-Q2", before="2019-Q2").fit(lines), NotEnough)
    assert isinstance(Sales(now="2026-Q2").fit(lines), NotEnough)


def test_the_table_says_who_carried_the_change():
    facts = sold(*monthly(15), *monthly(15, region="Tartu"), {"day": "2023-03-09", "revenue": 30.0},
                 {"day": "2023-03-09", "revenue": 10.0, "region": "Tartu"})  # fmt: skip
    result = Sales(last_months=1).fit(facts)
    assert list(result.table.region) == ["Riga", "Tartu"]
    assert list(result.table.contribution) == [0.75, 0.25]
    assert "Riga carries 75 % of the change." in result.text


CUTS = [
    (), ("region",), ("region", "channel"), ("month",), ("month", "channel"), ("weekday",), ("hour",), ("day_part",),
    ("week",), ("day",), ("quarter", "region"), ("year",), ("product",), ("customer_kind", "category"),
]  # fmt: skip
ADDITIVE = [name for name, measure in MEASURES.items() if not measure.under and not measure.distinct]
RATIOS = [name for name, measure in MEASURES.items() if measure.under]


@pytest.mark.parametrize(("by", "measure"), list(zip(CUTS, cycle(ADDITIVE), strict=False)), ids=str)
def test_the_parts_of_every_cut_sum_to_the_whole_to_the_last_digit(lines, by, measure):
    cut = Sales(by=by, measure=measure).fit(lines)
    for column in ("before", "now", "change"):
        assert round(cut.table[column].sum(), 4) == getattr(cut.total, column)
    assert cut.table.contribution.sum() == pytest.approx(1)
    largest = cut.largest(4)
    assert len(largest) <= 4
    assert round(largest.now.sum(), 4) == cut.total.now


money = st.decimals(-5000, 90000, places=4).map(float)
lines_drawn = st.lists(
    st.tuples(st.integers(0, 450), st.sampled_from("abcde"), st.sampled_from(["web", "shop"]), money,
              st.integers(1, 9), st.sampled_from("xyz")),
    min_size=1, max_size=40,
)  # fmt: skip


@given(rows=lines_drawn, by=st.sampled_from(CUTS[:8]), measure=st.sampled_from(sorted(MEASURES)))
@settings(max_examples=10, deadline=None)
def test_whatever_is_sold_the_account_closes(rows, by, measure):
    facts = sold({"day": "2022-01-01"}, {"day": "2023-03-01"}, *(
        {"day": pd.Timestamp("2022-01-01") + pd.Timedelta(days=n), "region": r, "channel": c, "revenue": v,
         "units": float(u), "customer_id": who, "margin": v / 4, "list_revenue": abs(v) * 1.1, "is_return": v < 0,
         "kind": "return" if v < 0 else "sale", "order_id": f"o{n}{who}"} for n, r, c, v, u, who in rows
    ))  # fmt: skip
    result = Sales(last_months=3, by=by, measure=measure).fit(facts)
    again = Sales(last_months=3, by=by, measure=measure).fit(facts.sample(frac=1, random_state=3))
    assert again.text == result.text
    pd.testing.assert_frame_equal(again.table, result.table)
    if isinstance(result, NotEnough):
        return
    total, table = result.total, result.table
    if not MEASURES[measure].under:
        for side, overlap in zip(("before", "now"), total.overlap, strict=True):
            assert round(table[side].sum() - overlap, 4) == getattr(total, side)
        assert round(total.before + total.change, 4) == round(total.now, 4)
    elif total.change == total.change:
        assert total.rate + total.mix == pytest.approx(total.change, abs=1e-6)
        assert table.rate.sum() + table.mix.sum() == pytest.approx(total.change, abs=1e-6)


@pytest.mark.parametrize("measure", RATIOS)
def test_rate_and_mix_are_the_whole_change(lines, measure):
    for by in ("region", "product", ("channel", "customer_kind")):
        result = Sales(by=by, measure=measure).fit(lines)
        assert result.total.rate + result.total.mix == pytest.approx(result.total.change, abs=1e-9)
        assert (result.table.rate + result.table.mix).sum() == pytest.approx(result.total.change, abs=1e-9)
        top = result.largest(4)
        assert (top.rate + top.mix).sum() == pytest.approx(result.total.change, abs=1e-9)


def test_a_ratio_is_that_of_the_sums_never_a_mean_of_ratios(frame):
    result = Sales(by="category", measure="margin_rate", now="2025-06").fit(frame)
    june = frame[(frame.day >= "2025-06-01") & frame.kind.isin(["sale", "return"])]
    assert result.total.now == pytest.approx(june.margin.sum() / june.revenue.sum())
    for category, group in june.groupby("category"):
        own = result.table.set_index("category").now[category]
        assert own == pytest.approx(group.margin.sum() / group.revenue.sum())
    largest = result.largest(3).iloc[-1]
    others = june[~june.category.isin(result.largest(3).name[:2])]
    assert largest.now == pytest.approx(others.margin.sum() / others.revenue.sum())


@pytest.mark.parametrize(("measure", "column"), [("customers", "customer_id"), ("orders", "order_id")])
def test_customers_and_orders_are_counted_once_in_every_cut(frame, measure, column):
    result = Sales(by="category", measure=measure, now="2025-Q2").fit(frame)
    spring = frame[(frame.day >= "2025-04-01") & (frame.kind == "sale")]
    counted = spring.groupby("category")[column].nunique()
    assert dict(zip(result.table.category, result.table.now, strict=True)) == counted[result.table.category].to_dict()
    assert result.total.now == spring[column].nunique()
    assert result.total.overlap[1] == counted.sum() - result.total.now > 0
    assert "counted in each" in check(result, "parts overlap").text
    rest = result.largest(3).iloc[-1]
    others = spring[~spring.category.isin(result.largest(3).name[:2])]
    assert rest.now == others[column].nunique()
    months = Sales(by="region", measure=measure).fit(frame).history
    june = frame[(frame.day >= "2025-06-01") & (frame.kind == "sale")]
    assert months.value.iloc[-1] == june[column].nunique()


def test_a_whole_that_moves_against_most_of_it_is_pointed_out():
    regions = ["Riga", "Tartu", "Vilnius", "Tallinn"]
    now = [{"day": "2023-03-09", "region": "Riga", "revenue": 90.0}]
    now += [{"day": "2023-03-09", "region": r, "revenue": -20.0} for r in regions[1:]]
    rows = [row for region in regions for row in monthly(15, region=region)]
    result = Sales(last_months=1).fit(sold(*rows, *now))
    assert result.total.change == 30
    assert "The whole rose, but 3 of 4 parts that hold 65 % of it fell" in result.text
    assert "the rise is that of Riga" in result.text
    assert check(result, "reversal").verdict == "weak"
    small = Sales(last_months=1).fit(sold(*monthly(15, revenue=9000.0), *rows, *now))
    assert small.reversal is None, "the one large part went with the whole"


def test_a_ratio_that_rises_while_every_part_falls_is_a_shift_of_weight():
    cheap, dear = {"region": "small towns"}, {"region": "city"}
    before = [{"day": "2022-03-05", "revenue": 20.0} | cheap] * 8 + [{"day": "2022-03-05", "revenue": 100.0} | dear] * 2
    now = [{"day": "2023-03-05", "revenue": 18.0} | cheap] * 3 + [{"day": "2023-03-05", "revenue": 90.0} | dear] * 7
    result = Sales(measure="average_order", last_months=1).fit(sold(*before, *now))
    assert (result.total.before, result.total.now) == (36.0, pytest.approx(68.4))
    # w̄·Δr: .55·(−2) + .45·(−10); Δw·(r̄ − R̄): −.5·(19 − 52.2) + .5·(95 − 52.2)
    assert result.total.rate == pytest.approx(-5.6)
    assert result.total.mix == pytest.approx(38.0)
    assert "Yet it fell in 2 of 2 parts with 100 % of the weight" in result.text
    assert "because weight moved to dearer or better parts" in result.text
    assert "−€5.60 and the shift of weight between them +€38.00" in result.text
    assert "Yet it fell" in draw(result).layout.title.text.replace("<br>", " ")
    alike = Sales(measure="average_order", last_months=1).fit(sold(*before, *before, *now[:1], *now))
    assert alike.total.rate + alike.total.mix == pytest.approx(alike.total.change)


def test_it_drills_to_any_depth_and_back(lines):
    regions = Sales(by="region").fit(lines)
    first = regions.names[0]
    inside = regions.into(first)
    assert inside.study.by == ("store",)
    assert inside.total.now == regions.table.now[0]
    deeper = inside.into(inside.names[0])
    assert deeper.study.by == ("category",)
    products = deeper.of(deeper.names[0]).by("brand", "product")
    assert products.total.now == deeper.table.now[0]
    assert [pair[0] for pair in products.study.only] == ["region", "store", "category"]
    assert first in products.text
    assert products.up().table.equals(deeper.table)
    assert products.up().up().up().table.equals(regions.table)
    assert products.up(0).table.equals(regions.table)


def test_a_part_of_time_is_a_shorter_period(lines):
    months = Sales(by="month").fit(lines)
    may = months.of("2025-05")
    assert (str(may.now), str(may.before)) == ("2025-05", "2024-05")
    row = months.table.set_index("month").loc["2025-05"]
    assert (may.total.now, may.total.before) == (row.now, row.before)
    week = may.by("week").of(may.by("week").names[0])
    assert week.now.days == week.before.days == 7
    fridays = Sales(by="weekday").fit(lines).of("Friday").by("day_part")
    assert set(fridays.table.day_part) <= {"morning", "afternoon", "evening", "night", "unknown"}
    assert fridays.total.now == Sales(by="weekday").fit(lines).table.set_index("weekday").now["Friday"]


def test_time_stands_in_its_order(lines):
    assert list(Sales(by="month").fit(lines).table.month) == ["2025-04", "2025-05", "2025-06"]
    assert list(Sales(by="weekday").fit(lines).table.weekday)[:3] == ["Monday", "Tuesday", "Wednesday"]
    assert list(Sales(by="quarter", now="2025").fit(lines).table.quarter) == ["2025-Q1", "2025-Q2"]


def test_wrong_names_are_answered_with_the_right_ones(lines):
    result = Sales(by="region").fit(lines)
    with pytest.raises(ValueError, match="choose among year, quarter, month"):
        result.by("colour")
    with pytest.raises(ValueError, match="Riga"):
        result.of("Atlantis")
    with pytest.raises(ValueError, match="Riga"):
        Sales(only=(("region", "Atlantis"),)).fit(lines)
    for wrong in (
        {"measure": "profit"}, {"last_months": 0}, {"last_months": 13}, {"compare": "ever"}, {"kinds": ()},
        {"before": "2025"}, {"by": ("region", "region")}, {"only": (("month", "2025-05"),)},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"\w+"):
            Sales(**wrong)


def test_what_is_left_out_is_said_and_returns_are_no_orders(lines):
    result = Sales(measure="orders").fit(lines)
    assert {"wholesale", "made to order"} <= {c.text.split(" is left")[0] for c in result.checks}
    assert Sales(measure="orders", kinds=("sale",)).fit(lines).total == result.total
    assert Sales(kinds=("sale", "wholesale")).fit(lines).total.now > Sales(kinds=("sale",)).fit(lines).total.now


def test_a_margin_needs_costs_and_their_share_must_not_drift():
    refused = Sales(measure="margin").fit(sold(*monthly(15)))
    assert isinstance(refused, NotEnough)
    assert "unit costs" in refused.text
    half = [{"day": "2023-03-08", "margin": 40.0}, {"day": "2023-03-08"}]
    facts = sold(*monthly(15, margin=40.0), *half)
    assert check(Sales(measure="margin").fit(facts), "cost known").verdict == "fails"


def test_a_cut_the_company_cannot_make_is_named_not_charted(lines):
    result = Sales(by="category").fit(sold(*monthly(15)))
    assert "no such cut" in check(result, "recorded").text
    assert not result.parted
    assert {trace.type for trace in draw(result).data} == {"scatter"}
    assert "bar" in {trace.type for trace in draw(Sales(by="category").fit(lines)).data}


def test_the_ordinary_range_is_the_textbook_prediction_interval():
    changes = np.array([[0.02, 0.05, -0.01, 0.04, 0.00]])
    low, high = ordinary_range(changes)[0]
    mean, spread = changes.mean(), changes.std(ddof=1)
    reach = 2.7764451 * spread * np.sqrt(1 + 1 / 5)
    assert (low, high) == pytest.approx((np.expm1(mean - reach), np.expm1(mean + reach)), rel=1e-6)
    assert np.isnan(ordinary_range(changes[:, :3])).all()


def test_earlier_changes_do_not_overlap_and_leave_out_the_newest(frame):
    result = Sales(by="region").fit(frame)
    counted = frame[frame.kind.isin(["sale", "return"])]
    quarters = counted.groupby(counted.day.dt.to_period("Q")).revenue.sum()
    changes = np.log(quarters.iloc[4:-1].to_numpy() / quarters.iloc[:-5].to_numpy())
    low, high = ordinary_range(changes[None, :])[0]
    assert (result.total.ordinary_low, result.total.ordinary_high) == pytest.approx((low, high))
    assert check(result, "ordinary variation").text.count(str(len(changes))) == 1


def test_the_ordinary_range_holds_its_promise_on_ordinary_companies():
    random = np.random.default_rng(3)
    season = np.tile(1 + 0.4 * np.sin(np.arange(4) * np.pi / 2), 5)[:17]
    companies = 1000 * season * 1.012 ** np.arange(17) * np.exp(random.normal(0, 0.06, (600, 17)))
    low, high = ordinary_range(log_ratios(companies[:, 4:-1], companies[:, :-5])).T
    change = companies[:, -1] / companies[:, -5] - 1
    assert 0.925 <= np.mean((low <= change) & (change <= high)) <= 0.985


def test_a_jump_is_beyond_the_ordinary():
    noise = np.random.default_rng(5).normal(0, 3, 51).round(2)
    rows = [row | {"revenue": 100 + v} for row, v in zip(monthly(51), noise, strict=True)]
    facts = sold(*rows, until="2026-04-01")
    assert "within the ordinary" in Sales().fit(facts).text
    jump = facts.assign(revenue=facts.revenue * np.where(facts.day >= "2026-01-01", 1.6, 1.0))
    assert "beyond the ordinary" in Sales().fit(jump).text


def test_lines_lose_nothing_on_the_way_through_a_frame(lines, frame):
    through, direct = (Sales(by="day_part", measure="customers").fit(table) for table in (frame, lines))
    assert through.text == direct.text
    pd.testing.assert_frame_equal(through.table, direct.table)
    through, direct = (result.but(by="store", measure="margin") for result in (through, direct))
    pd.testing.assert_frame_equal(through.table, direct.table)


def test_text_from_data_is_not_read_as_markup():
    facts = sold(*monthly(15, region="<b>Riga</b>"), *monthly(15, region="Tartu"),
                 {"day": "2023-03-09", "region": "<b>Riga</b>", "revenue": 9.0})  # fmt: skip
    figure = draw(Sales(last_months=1).fit(facts))
    assert "<b>" not in figure.layout.title.text
    assert "<b>" not in "".join(figure.data[0].y)


def test_many_parts_are_folded_in_the_picture_and_still_sum(lines):
    result = Sales(by=("region", "category")).fit(lines)
    bars = draw(result).data[1]
    assert len(bars.y) == 12
    assert sum(bars.x) == pytest.approx(result.total.now)
