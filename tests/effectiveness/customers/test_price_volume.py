"""Price, volume and mix: exact, symmetric, and right where units differ and prices are many."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import NotEnough, PriceVolume, draw, features
from crm_analytics.result.period import Period
from crm_analytics.simulation.goods_sold import goods_sold

DAYS = {
    "now_first": "2024-01-01", "now_last": "2024-12-31", "before_first": "2023-01-01", "before_last": "2023-12-31",
    "begins": "2022-01-01", "until": "2025-01-01",
}  # fmt: skip


def cells(rows: list[tuple]) -> pd.DataFrame:
    """(product, category, cell, part, quantity before, price before, quantity now, price now) in the feature's
    columns."""
    frame = pd.DataFrame(rows, columns=["product_id", "category", "cell", "part", "q0", "p0", "q1", "p1"])
    for side, place in (("before", 0), ("now", 1)):
        quantity, price = frame.pop(f"q{place}"), frame.pop(f"p{place}")
        revenue = (quantity * price).round(2)
        frame = frame.assign(
            **{
                f"revenue_{side}": revenue,
                f"quantity_{side}": quantity.astype(float),
                f"returned_{side}": 0.0,
                f"odd_{side}": 0.0,
                f"price_squares_{side}": quantity * price**2,
            }
        )
    return frame.assign(product=frame["product_id"], **{name: pd.Timestamp(day) for name, day in DAYS.items()})


def bars(frame: pd.DataFrame, **knobs) -> pd.Series:
    return PriceVolume(**knobs).fit(frame).table.set_index("bar")["moved"]


def test_the_textbook_case_and_its_mirror():
    frame = cells([("A", "c", "shop", part, 10, 5.0, 12, 6.0) for part in range(4)])
    found = bars(frame)
    assert found["price"] == pytest.approx(4 * 1.0 * 11)
    assert found["volume"] == pytest.approx(4 * 2 * 5.5)
    mirrored = frame.rename(
        columns={
            name: name.replace("_now", "_x").replace("_before", "_now").replace("_x", "_before")
            for name in frame
            if name.startswith(("revenue", "quantity", "price_s"))
        }
    )
    assert bars(mirrored)["price"] == pytest.approx(-found["price"])
    assert bars(mirrored)["volume"] == pytest.approx(-found["volume"])


def test_a_price_that_moved_only_because_the_place_did_is_no_price():
    rows = [("A", "c", "shop", part, 80, 10.0, 20, 10.0) for part in range(4)]
    rows += [("A", "c", "web", part, 20, 8.0, 80, 8.0) for part in range(4)]
    found = bars(cells(rows))
    assert found["price"] == 0
    assert found["place"] == pytest.approx(-4 * 120)
    assert found["volume"] == 0


def test_other_units_of_a_product_in_its_own_category_do_not_disturb():
    tonnes = [("A", "steel", "shop", part, 2, 500.0, 3, 550.0) for part in range(3)]
    screws = [("B", "screws", "shop", part, 90_000, 0.02, 40_000, 0.021) for part in range(3)]
    both, alone = bars(cells(tonnes + screws)), bars(cells(tonnes)).add(bars(cells(screws)), fill_value=0)
    for bar in ("price", "volume"):
        assert both[bar] == pytest.approx(alone[bar])
    assert both.get("mix", 0.0) == 0


def test_mix_is_what_dearer_products_bring():
    rows = [("A", "c", "shop", part, 100, 10.0, 50, 10.0) for part in range(3)]
    rows += [("B", "c", "shop", part, 50, 30.0, 100, 30.0) for part in range(3)]
    found = bars(cells(rows))
    assert found["price"] == 0
    assert found["volume"] == pytest.approx(0)
    assert found["mix"] == pytest.approx(3 * 1000)
    assert "mix" not in bars(cells(rows), mix_within="product").index


@settings(deadline=None, max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABCDE"),
            st.sampled_from("xy"),
            st.integers(0, 3),
            st.integers(0, 40),
            st.integers(1, 9999),
            st.integers(0, 40),
            st.integers(1, 9999),
        ),
        min_size=3,
        max_size=30,
    )
)
def test_whatever_was_sold_the_bars_sum_exactly(rows):
    frame = cells([(p, f"group {p < 'C'}", c, part, q0, a / 100, q1, b / 100) for p, c, part, q0, a, q1, b in rows])
    result = PriceVolume().fit(frame)
    if isinstance(result, NotEnough):
        return
    exact = sum(Decimal(f"{value:.2f}") for value in frame["revenue_now"]) - sum(
        Decimal(f"{value:.2f}") for value in frame["revenue_before"]
    )
    assert sum(Decimal(f"{value:.4f}") for value in result.table["moved"]) == exact
    by = result.by("category").table
    assert sum(Decimal(f"{value:.4f}") for value in by["change"]) == exact


def test_intervals_cover_planted_prices_volumes_and_mix():
    inside = []
    for seed in range(15):
        frame, planted = goods_sold(seed, rise=0.05, more=0.1, dearer=0.1)
        result = PriceVolume().fit(frame)
        bars = result.table.set_index("bar")
        inside.append(result.index[1] <= planted.index <= result.index[2])
        inside += [bars.loc[bar, "low"] <= getattr(planted, bar) <= bars.loc[bar, "high"]
                   for bar in ("price", "volume", "mix")]  # fmt: skip
    assert np.mean(inside) >= 0.88


def test_one_customer_s_bars_are_told_without_intervals():
    frame, _ = goods_sold(1)
    result = PriceVolume().fit(frame[frame["part"] == 3])
    assert result.table["moved"].sum() == pytest.approx(result.change, abs=0.005)
    assert "nan" not in result.text.lower()
    assert result.claims == ()
    assert "volume" in draw(result).layout.title.text


def test_of_many_customers_what_is_planted_is_found():
    frame, planted = goods_sold(1, customers=20_000, rise=0.05, more=-0.06, dearer=0.15)
    bars = PriceVolume().fit(frame).table.set_index("bar")["moved"]
    for bar in ("price", "volume", "mix"):
        assert bars[bar] == pytest.approx(getattr(planted, bar), abs=0.02 * planted.before)
    assert bars[["price", "volume", "mix"]].sum() == pytest.approx(bars.sum(), abs=0.01)


def test_the_demo_margin_speaks_of_costs_and_sums(company):
    table = features.product_cells(company).to_pandas()
    result = PriceVolume(measure="margin").fit(table)
    assert result.table["moved"].sum() == pytest.approx(result.change, abs=0.005)
    assert "unit_cost" in set(result.table["bar"])
    assert min(result.covered) > 0.95
    assert draw(result).layout.title.text
    assert (result.goods[["before", "now"]].sum() > 0).all()


def test_spans_are_written_as_people_write_them():
    assert Period.of("2025-Q2") == Period.of("2025-04..2025-06")
    assert Period.of("2024-02").days == 29
    assert Period.of("2025-06-15").days == 1
    assert Period.of("2025").year_before() == Period.of("2024")
    with pytest.raises(ValueError, match="no period"):
        Period.of("summer")
