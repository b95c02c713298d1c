"""ABC and its drift: classes by hand, exact sums, and falls that are more than chance only where demand changed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import ABC, NotEnough, draw, features
from crm_analytics.planning.products.classes import ABSENT, A, B, C, abc, half_life, steadiness, still_a

BEFORE, NOW = "2024-04-01", "2025-04-01"


def periods(values: dict[str, dict[str, float]], *, line: float = 10.0) -> pd.DataFrame:
    """Product periods from {period: {product: revenue}}, sold in lines of one size, with a margin of a quarter."""
    return pd.DataFrame([
        {
            "product_id": product, "product": f"The {product}", "category": "Garden" if product < "m" else "Kitchen",
            "period": pd.Timestamp(period), "units": revenue / line, "revenue": revenue, "margin": revenue / 4,
            "revenue_squares": abs(revenue) * line,
        }
        for period, products in values.items() for product, revenue in products.items()
    ])


def test_classes_by_hand():
    values = np.array([600, 150, 100, 100, 50, 0, -30, 999])
    present = np.array([True] * 7 + [False])
    assert list(abc(values, present=present, shares=(0.8, 0.95))) == [A, A, A, B, C, C, C, ABSENT]


def test_ties_go_by_position_and_one_product_is_enough_for_a():
    assert list(abc(np.full(5, 20), present=np.full(5, True), shares=(0.6, 0.8))) == [A, A, A, B, C]
    assert list(abc(np.array([7]), present=np.array([True]), shares=(0.8, 0.95))) == [A]


def test_drift_by_hand():
    result = ABC(measure="revenue").fit(periods({
        BEFORE: {"a": 7000, "b": 1500, "c": 900, "d": 500, "gone": 100},
        NOW: {"a": 7200, "b": 300, "c": 950, "d": 900, "new": 650},
    }))
    table = result.table.set_index("product_id")
    assert dict(table.class_before) == {"a": "A", "b": "A", "c": "B", "d": "B", "gone": "C", "new": ""}
    assert dict(table.class_now) == {"a": "A", "b": "C", "c": "A", "d": "B", "gone": "", "new": "B"}
    assert dict(table.drift) == {"a": "stayed", "b": "fell", "c": "rose", "d": "stayed", "gone": "gone", "new": "new"}
    assert list(result.fallen.product_id) == ["b"]
    assert result.table.product_id[0] == "b"
    assert result.matrix.loc["A", "C"] == 1
    assert result.money.loc["A", "C"] == -1200
    assert "2 of 5 products" in result.text
    assert "losing €1,200" in result.text


def test_a_product_that_falls_in_a_growing_company_is_not_said_to_lose():
    result = ABC(measure="revenue").fit(periods({
        BEFORE: {"a": 7000, "b": 1500, "c": 900, "d": 600},
        NOW: {"a": 24000, "b": 1600, "c": 5000, "d": 600},
    }))
    assert list(result.fallen.product_id) == ["b"]
    assert "though they bring €100 more: the rest grew faster" in result.text


def test_a_year_before_is_preferred_and_the_period_before_can_be_asked_for():
    values = {"a": 900.0, "b": 100.0}
    quarters = {f"{day:%Y-%m-%d}": values for day in pd.date_range("2024-01-01", "2025-04-01", freq="QS")}
    assert str(ABC().fit(periods(quarters)).span_before[0]) == "2024-04-01"
    assert str(ABC(compare="before").fit(periods(quarters)).span_before[0]) == "2025-01-01"
    short = ABC().fit(periods(dict(list(quarters.items())[:2])))
    assert str(short.span_before[0]) == "2024-01-01"
    assert {c.name: c.verdict for c in short.checks}["season"] == "weak"


def test_one_period_is_not_enough():
    assert isinstance(ABC().fit(periods({NOW: {"a": 1.0}})), NotEnough)
    assert isinstance(ABC(compare="year_before").fit(periods({"2025-01-01": {"a": 1.0}, NOW: {"a": 1.0}})), NotEnough)


names = st.text("abcdxyz", min_size=1, max_size=2)
products = st.dictionaries(names, st.integers(-5000, 900000), min_size=2, max_size=25)


@given(before=products, now=products)
@settings(max_examples=50, deadline=None)
def test_the_products_sum_to_the_whole_exactly(before, now):
    facts = periods({
        period: {product: cents / 100 for product, cents in values.items()}
        for period, values in ((BEFORE, before), (NOW, now))
    })
    result = ABC(measure="revenue", draws=100).fit(facts)
    if isinstance(result, NotEnough):
        assert max(before.values()) <= 0
        return
    assert round(result.table.now.sum(), 4) == sum(now.values()) / 100
    assert round(result.table.before.sum(), 4) == sum(before.values()) / 100
    assert round(result.money.to_numpy().sum(), 4) == round(result.table.change.sum(), 4)
    assert result.matrix.to_numpy().sum() == len(set(before) | set(now))
    parts = result.by("category").table
    assert round(parts.now.sum(), 4) == sum(now.values()) / 100
    assert parts.fell_from_a.sum() == len(result.fallen)
    ranks = result.table[result.table.class_now != ""].sort_values("now", ascending=False).class_now
    assert "".join(ranks) == "".join(sorted(ranks))


def company_of(seed: int, *, fading: float = 0.0, alike: float = 1.0, count: int = 120) -> pd.DataFrame:
    """Two periods of a company whose products sell in random lines; a share of them brings a fifth in the second."""
    random = np.random.default_rng(seed)
    rate = 40 * np.exp(random.normal(0, 1.2 * alike, count))
    price = np.exp(random.normal(3, 0.8 * alike, count))
    rows = []
    for period, left in ((BEFORE, np.ones(count)), (NOW, np.where(random.random(count) < fading, 0.2, 1.1))):
        for product in range(count):
            amounts = price[product] * (1 + random.poisson(1, random.poisson(rate[product] * left[product])))
            if len(amounts):
                rows.append((f"P{product:03d}", period, len(amounts), amounts.sum(), (amounts**2).sum()))
    table = pd.DataFrame(rows, columns=["product_id", "period", "units", "revenue", "revenue_squares"])
    return table.assign(product=table.product_id, category="all", margin=table.revenue / 3)


def test_unchanged_demand_is_not_called_drift_and_fading_demand_is():
    same = [ABC(draws=100).fit(company_of(seed)) for seed in range(30)]
    assert sum(len(r.fallen) > r.chance[1] for r in same) <= 3
    assert any(len(r.fallen) for r in same)
    # Where all products are nearly alike, which of them is A is nearly all chance, and so is who leaves.
    alike = [ABC(draws=100).fit(company_of(seed, alike=0.05)) for seed in range(20)]
    assert sum(len(r.fallen) > r.chance[1] for r in alike) <= 3
    assert min(r.chance[0] for r in alike) >= 5
    fading = [ABC(draws=100).fit(company_of(seed, fading=0.2)) for seed in range(10)]
    assert sum(len(r.fallen) > r.chance[1] for r in fading) >= 7


@pytest.fixture(scope="module")
def facts(company):
    return features.product_periods(company, as_of="2025-07-01").to_pandas()


@pytest.fixture(scope="module")
def result(facts):
    return ABC().fit(facts)


def test_the_planted_fading_products_are_the_ones_that_fall(truth, result):
    share = truth.products.pivot(index="product_id", columns="first_day", values="share")
    last_year = np.log(share.iloc[:, -1] / share.iloc[:, -5])
    was_a = result.table[result.table.class_before == "A"]
    planted = was_a.product_id.map(last_year)
    fell = was_a.drift == "fell"
    assert fell.sum() >= 3
    assert planted[fell].mean() < planted[~fell].mean() - 0.1


def test_the_same_seed_gives_the_same_range(facts, result):
    assert ABC().fit(facts).chance == result.chance
    assert result.measure == "margin"


def test_a_conclusion_expires_within_the_history_it_rests_on(result):
    assert pd.Timestamp("2025-10-01") <= pd.Timestamp(result.review_by) <= pd.Timestamp("2028-07-01")
    assert "review by" in result.text
    assert half_life(0.5, lag=3) == pytest.approx(3)
    assert half_life(0.25, lag=4) == pytest.approx(2)


def test_how_many_stay_a_has_the_wilson_interval():
    classes = np.full((20, 2), A)
    classes[:5, 1] = B
    assert still_a(classes, lag=1) == pytest.approx((0.75, 0.5313, 0.8881), abs=1e-4)


def test_steadiness_begins_with_the_first_sale():
    units = np.array([[10, 10, 10, 10, 10], [0, 10, 10, 10, 10], [0, 0, 1, 2, 3], [20, 0, 20, 0, 20], [0, 90, 0, 0, 0]])
    assert list(steadiness(units, limits=(0.5, 1.0))) == ["X", "X", "", "Y", "Z"]


def test_without_costs_it_ranks_by_revenue_and_says_so(facts):
    result = ABC().fit(facts.assign(margin=np.nan))
    assert result.measure == "revenue"
    assert {c.name: c.verdict for c in result.checks}["cost known"] == "weak"


def test_wrong_knobs_and_columns_are_answered_with_the_right_ones(result):
    with pytest.raises(ValueError, match="category, steadiness"):
        result.by("colour")
    for wrong in ({"measure": "profit"}, {"a_share": 0.96}, {"compare": "ever"}, {"draws": 5}, {"steady": (1.0, 0.5)}):
        with pytest.raises(ValueError, match=r"\w+"):
            ABC(**wrong)


def test_its_pictures_show_every_product_and_every_part(result):
    numbers = [a.text.split("</b>")[0].removeprefix("<b>") for a in draw(result).layout.annotations]
    assert sum(int(n.replace(",", "")) for n in numbers) == len(result.table)
    parts = result.by("category")
    bars = [trace for trace in draw(parts).data if trace.type == "bar"]
    assert sum(sum(bar.x) for bar in bars) == pytest.approx(result.table.now.sum())


def test_a_cut_the_company_cannot_make_is_refused_with_a_sentence(facts):
    answer = ABC().fit(facts.assign(category="unknown")).by("category")
    assert isinstance(answer, NotEnough)
    assert "no category" in answer.text
