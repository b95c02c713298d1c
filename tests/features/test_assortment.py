"""What each product brought by period: whole periods, ordinary demand, nothing past the day."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import features


@pytest.fixture(scope="module")
def facts(company):
    """Lines of ordinary demand with the day of their order."""
    products = company.products.to_pandas()
    ordinary = products[~products.made_to_order.fillna(False).astype(bool)].product_id
    orders = company.orders.to_pandas()
    orders = orders[orders.kind != "wholesale"][["order_id", "ordered_at"]]
    lines = company.order_lines.to_pandas()
    return lines[lines.product_id.isin(ordinary)].merge(orders, on="order_id")


def test_the_sums_are_those_of_the_lines(company, facts):
    table = features.product_periods(company, as_of="2025-05-10").to_pandas()
    inside = facts[facts.ordered_at < "2025-04-01"]
    assert round(table.revenue.sum(), 4) == round(float(inside.amount.sum()), 4)
    one = table.sort_values("revenue").iloc[-1]
    quarter = pd.PeriodIndex(inside.ordered_at, freq="Q").start_time == pd.Timestamp(one.period)
    lines = inside[(inside.product_id == one.product_id) & quarter]
    assert one.units == float(lines.quantity.sum())
    assert one.revenue_squares == pytest.approx(float((lines.amount.astype(float) ** 2).sum()))
    assert one.margin == pytest.approx(float((lines.amount - lines.quantity * lines.unit_cost).sum()))


@pytest.mark.parametrize(
    ("period", "as_of", "first", "last"),
    [
        ("month", "2025-06-30", "2022-07-01", "2025-05-01"),
        ("quarter", "2025-06-30", "2022-07-01", "2025-01-01"),
        ("quarter", "2025-07-01", "2022-07-01", "2025-04-01"),
        ("year", "2025-07-01", "2023-01-01", "2024-01-01"),  # sales begin in July 2022: that year is not whole
    ],
)
def test_only_whole_periods(company, period, as_of, first, last):
    periods = features.product_periods(company, as_of=as_of, period=period).to_pandas().period
    assert (str(periods.min())[:10], str(periods.max())[:10]) == (first, last)


def test_it_looks_at_nothing_on_or_after_the_day(company):
    early = features.product_periods(company, as_of="2024-07-01").to_pandas()
    late = features.product_periods(company, as_of="2025-07-01").to_pandas()
    late = late[pd.to_datetime(late.period) < "2024-07-01"].reset_index(drop=True)
    pd.testing.assert_frame_equal(early, late)


def test_without_products_the_id_is_the_name(company, monkeypatch):
    has = company.has
    monkeypatch.setattr(company, "has", lambda *tables: "products" not in tables and has(*tables))
    table = features.product_periods(company, as_of="2025-07-01").to_pandas()
    assert (table["product"] == table.product_id).all()
    assert set(table.category) == {"unknown"}
    assert np.isfinite(table.revenue).all()


def test_another_period_is_refused_with_the_choices(company):
    with pytest.raises(ValueError, match="month, quarter, year"):
        features.product_periods(company, as_of="2025-07-01", period="week")


def test_lines_of_any_size_are_squared(company, monkeypatch):
    """A single line of 100,000 or more, in roubles or yen an ordinary one, once stopped the whole question."""
    lines = company.order_lines
    monkeypatch.setattr(
        type(company),
        "order_lines",
        lines.mutate(amount=(lines.amount * 100_000).cast("decimal(18, 4)")),
        raising=False,
    )
    table = features.product_periods(company, as_of="2025-07-01").to_pandas()
    assert table.revenue_squares.max() > 1e13
