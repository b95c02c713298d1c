"""The bridge: exact to the last digit, each customer in one bar, and movement by chance called what it is."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import Bridge, NotEnough, draw, features
from crm_analytics.effectiveness.customers.calendar import Days, alike
from crm_analytics.effectiveness.customers.money import sum_interval

SPANS = {
    "now_first": "2024-01-01", "now_last": "2024-12-31", "before_first": "2023-01-01", "before_last": "2023-12-31",
    "prior_first": "2022-01-01", "prior_last": "2022-12-31", "begins": "2016-01-01", "until": "2025-01-01",
}  # fmt: skip


def customers(seed: int, count: int = 2000, *, stay: float = 0.7) -> pd.DataFrame:
    """Customers of a company in balance: as many come each year as leave, and while they stay they buy at their own
    unchanging rate; in the feature's columns, the last three of nine years."""
    rng = np.random.default_rng(seed)
    rate, joined, years = rng.gamma(1.2, 2.5, count), rng.integers(0, 9, count), 9
    leaving = joined + rng.geometric(1 - stay, count)
    year = np.arange(years)
    orders = rng.poisson(rate[:, None] * ((year >= joined[:, None]) & (year < leaving[:, None])))
    money = rng.gamma(2.0, 20.0 * orders + 1e-9).round(2)
    ever, first = orders.any(axis=1), (orders > 0).argmax(axis=1)
    frame = {"customer_id": [f"K{i:05d}" for i in range(count)]}
    for back, side in enumerate(("now", "before", "prior"), start=1):
        frame |= {f"revenue_{side}": money[:, -back], f"bought_{side}": orders[:, -back] > 0}
    table = pd.DataFrame(frame).assign(first_day=pd.to_datetime(pd.Series(first + 2016).astype(str) + "-06-01"))
    table = table.assign(**{name: pd.Timestamp(day) for name, day in SPANS.items()})
    return table[ever & (orders[:, -3:].sum(axis=1) > 0)].reset_index(drop=True)


def test_the_bars_sum_to_the_change_to_the_cent_in_the_demo_and_by_category(company):
    table = features.customer_periods(company, by="category")
    result = Bridge().fit(table)
    orders, lines = company.orders.filter(company.orders.kind != "wholesale"), company.order_lines
    to_order = company.products.filter(company.products.made_to_order)
    lines = lines.anti_join(to_order, "product_id").inner_join(orders.select("order_id", "ordered_at"), "order_id")
    told = {}
    for side in ("now", "before"):
        span = result.moved.spans[side]
        inside = lines.ordered_at.date().between(span.first, span.last)
        told[side] = lines.filter(inside).amount.sum().to_pyarrow().as_py()
    moved = sum(Decimal(str(value)) for value in result.table["moved"])
    assert moved == told["now"] - told["before"]
    split = result.by("category").table
    assert sum(Decimal(str(value)) for value in split["change"]) == moved
    for bar in ("new", "lost"):
        assert split[bar].sum() == pytest.approx(result.bar(bar)["moved"], abs=1e-6)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.decimals("-500", "9000", places=2), st.decimals("-500", "9000", places=2), st.booleans(),
                          st.booleans()), min_size=40, max_size=90), st.integers(0, 9))  # fmt: skip
def test_whatever_comes_the_bars_sum_exactly(rows, anonymous):
    frame = customers(1, 200).head(len(rows)).reset_index(drop=True)
    rows = rows[: len(frame)]
    for place, name in enumerate(("revenue_now", "revenue_before", "bought_now", "bought_before")):
        frame[name] = [float(row[place]) if place < 2 else row[place] for row in rows]
    frame.loc[:anonymous, "customer_id"] = None
    result = Bridge().fit(frame)
    if isinstance(result, NotEnough):
        return
    expected = sum(row[0] - row[1] for row in rows)
    assert sum(Decimal(f"{value:.4f}") for value in result.table["moved"]) == expected
    assert result.table["customers"].sum() == frame["customer_id"].dropna().nunique() - _nowhere(frame)


def _nowhere(frame) -> int:
    """Customers who neither bought nor returned in the two periods."""
    known = frame.dropna(subset=["customer_id"])
    nothing = (
        ~known["bought_now"] & ~known["bought_before"] & (known["revenue_now"] == 0) & (known["revenue_before"] == 0)
    )
    return int(nothing.sum())


def test_each_customer_stands_where_it_belongs():
    frame = customers(3, 400)
    result = Bridge().fit(frame)
    new = frame["bought_now"] & ~frame["bought_before"] & (frame["first_day"] > "2023-12-31")
    lost = frame["bought_before"] & ~frame["bought_now"]
    assert result.bar("new")["customers"] == new.sum()
    assert result.bar("lost")["moved"] == pytest.approx(-frame.loc[lost, "revenue_before"].sum())
    stayed = (frame["bought_before"] & frame["bought_now"]).sum()
    assert result.retention[0] == pytest.approx(stayed / (stayed + lost.sum()))


@pytest.fixture(scope="module")
def draws():
    """The bridges of sixty companies that differ by chance alone."""
    return [Bridge().fit(customers(seed, 1500)) for seed in range(60)]


def test_intervals_cover_what_other_draws_of_the_customers_bring(draws):
    for side in ("won", "kept"):
        values = np.array([getattr(result, side) for result in draws])
        mean = values[:, 0].mean()
        assert np.mean((values[:, 1] <= mean) & (mean <= values[:, 2])) >= 0.9
    shares = np.array([result.net for result in draws])
    assert np.mean((shares[:, 1] <= shares[:, 0].mean()) & (shares[:, 0].mean() <= shares[:, 2])) >= 0.9


def test_a_skewed_sum_is_covered_where_the_plain_interval_is_not():
    rng, hits, plain = np.random.default_rng(5), 0, 0
    for _ in range(400):
        parts = rng.lognormal(0, 1.6, 120)
        low, high = sum_interval(parts, 120, 0.95)
        hits += low <= 120 * np.exp(1.28) <= high
        half = 1.96 * parts.std(ddof=1) * np.sqrt(120)
        plain += abs(parts.sum() - 120 * np.exp(1.28)) <= half
    assert hits / 400 >= 0.87 > plain / 400


def test_where_nothing_changes_no_bar_is_called_unusual_more_often_than_promised(draws):
    called = [(~result.table["verdict"].isin(["as usual", "–"])).any() for result in draws]
    assert np.mean(called) <= 0.1


def test_more_customers_lost_than_usual_are_seen_and_named_in_a_decision():
    frame = customers(11, 4000)
    gone = np.random.default_rng(2).random(len(frame)) < 0.3
    frame.loc[gone, ["revenue_now", "bought_now"]] = [0.0, False]
    result = Bridge().fit(frame)
    assert result.bar("lost")["verdict"] == "worse than usual"
    assert any(claim.decision for claim in result.claims if claim.measure == "retention")


def test_what_a_coin_makes_of_unchanged_customers_is_what_they_show(company):
    table = features.customer_periods(company, now="2024-07..2025-06", before="2023-07..2024-06").to_pandas()
    result = Bridge().fit(table)
    assert "coin" in next(check.text for check in result.checks if check.name == "growing and shrinking")
    up, down = result.moved.chance
    assert 0.5 < up / -down < 2
    assert table["chance_now"].sum() + table["chance_before"].sum() == pytest.approx(
        table.loc[table["customer_id"].notna(), ["revenue_now", "revenue_before"]].to_numpy().sum()
    )


def test_an_open_period_and_one_before_the_records_are_refused(company):
    running = Bridge().fit(features.customer_periods(company, now="2025-Q2", before="2024-Q2", as_of="2025-06-10"))
    assert isinstance(running, NotEnough)
    assert "runs to" in running.text
    early = Bridge().fit(features.customer_periods(company, now="2023", before="2021"))
    assert isinstance(early, NotEnough)
    assert "before the records" in early.text
    with pytest.raises(ValueError, match="overlap"):
        features.customer_periods(company, now="2024", before="2024-Q2")


def test_the_calendar_says_what_differs_by_itself():
    leap = alike(Days(pd.Timestamp("2024-02-01").date(), pd.Timestamp("2024-02-29").date()),
                 Days(pd.Timestamp("2023-02-01").date(), pd.Timestamp("2023-02-28").date()))  # fmt: skip
    assert leap.verdict == "weak"
    assert "29 days are compared with 28" in leap.text
    easter = alike(Days(pd.Timestamp("2024-03-01").date(), pd.Timestamp("2024-03-31").date()),
                   Days(pd.Timestamp("2023-03-01").date(), pd.Timestamp("2023-03-31").date()))  # fmt: skip
    assert "Western Easter" in easter.text
    assert "weekdays differ" in easter.text


def test_it_is_drawn_and_names_the_columns_it_can_be_split_by():
    result = Bridge().fit(customers(7).assign(customer_kind="person"))
    assert draw(result).layout.title.text
    with pytest.raises(ValueError, match="no column"):
        result.by("colour")


def test_where_records_are_short_old_customers_who_come_back_are_not_missed_newcomers():
    unusual = 0
    for seed in range(4):
        table, rng = customers(seed, stay=0.85), np.random.default_rng(seed)
        for side in ("prior", "before", "now"):  # many a customer leaves a year out
            out = rng.random(len(table)) < 0.4
            table.loc[out, [f"bought_{side}", f"revenue_{side}"]] = False, 0.0
        table = table[table[["bought_prior", "bought_before", "bought_now"]].any(axis=1)]
        seen = np.where(table["bought_prior"], 2022, np.where(table["bought_before"], 2023, 2024))
        short = table.assign(first_day=pd.to_datetime(seen.astype(str), format="%Y"), begins=pd.Timestamp("2022-01-01"))
        bars = Bridge().fit(short).table.set_index("bar")
        assert bars.loc["returned", "usual_share"] == 0  # nobody could come back then
        unusual += (bars.loc[["new", "returned"], "verdict"] != "as usual").any()
    assert unusual <= 1
