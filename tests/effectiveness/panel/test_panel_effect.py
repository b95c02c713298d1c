"""Regions against regions: published numbers, planted campaigns, and the ways to be fooled."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import NotEnough, PanelEffect, draw, features
from crm_analytics.effectiveness.panel import difference_in_differences
from crm_analytics.effectiveness.panel.case import Case
from crm_analytics.effectiveness.panel.weights import shares
from crm_analytics.simulation.panel import TIMINGS, TROUBLES, side_by_side


def verdict(result, name: str) -> str:
    return next(check.verdict for check in result.checks if check.name == name)


def said(result, name: str) -> str:
    return next(check.text for check in result.checks if check.name == name)


def judged(seed: int, **planted):
    """A simulated campaign, its Result, and what it truly brought within the window that was judged."""
    frame, truth = side_by_side(seed, **planted)
    result = PanelEffect().fit(frame)
    window = frame[frame["day"].between(pd.Timestamp(result.starts), pd.Timestamp(result.until))]
    return frame, result, truth.within(window)


@pytest.fixture(scope="module")
def california(datasets):
    wide = pd.read_csv(datasets / "causal_impact" / "california_prop99.csv")
    long = wide.melt("Year", var_name="unit", value_name="packs")
    return long.assign(day=pd.to_datetime(long["Year"].astype(str) + "-01-01"))


def law(frame, **knobs):
    """Proposition 99: California's tobacco tax of 1989, in packs a head and year."""
    return PanelEffect(
        treated="California", starts="1989-01-01", measure="packs", scale="level", period_days=1, tail_days=0, **knobs
    ).fit(frame)


def test_california_as_published(california):
    result = law(california)
    told = result.table.set_index("method")["per_period"]
    assert told["difference-in-differences"] == pytest.approx(-27.35, abs=0.005)
    assert told["synthetic control"] == pytest.approx(-19.51, abs=0.005)
    assert told["synthetic DiD"] == pytest.approx(-15.61, abs=0.006)
    assert result.method == "synthetic DiD"
    assert result.judged.space.p_value == pytest.approx(1 / 39), "no other state differs as much"
    states = result.parts.set_index("unit")["share"]
    assert states.sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def geo(datasets):
    folder = datasets / "geo_experiment_google"
    sales = pd.read_csv(folder / "salesandcost.csv", dtype={"geo": str}, parse_dates=["date"])
    lots = pd.read_csv(folder / "geoassignment.csv", dtype={"geo": str})
    treated = tuple(lots.loc[lots["geo.group"] == 2, "geo"])
    return sales.rename(columns={"geo": "unit", "date": "day", "sales": "revenue"}), treated


def test_the_geo_experiment_as_published(geo):
    sales, treated = geo
    knobs = {"starts": "2015-02-16", "ends": "2015-03-15", "tail_days": 0, "period_days": 1}
    result = PanelEffect(treated=treated, confidence=0.8, **knobs).fit(sales)
    value, low, _ = result.iroas
    assert result.method == "time-based regression"
    assert result.effect == pytest.approx(147_337, abs=1)
    assert value == pytest.approx(2.9467, abs=1e-4)
    assert low == pytest.approx(2.826, abs=5e-4), "one-sided 90 %"
    assert result.cost == pytest.approx(50_000)
    claims = {claim.measure: claim for claim in result.claims}
    assert claims["iROAS"].low == pytest.approx(low)
    assert claims["incremental revenue"].evidence == "compared"


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(3, 40), st.sampled_from([0.0, 0.3, 5.0]))
def test_shares_are_the_best_there_are(seed, k, rows, ridge):
    random = np.random.default_rng(seed)
    columns, target = random.normal(size=(rows, k)), random.normal(size=rows)
    best = shares(columns, target, ridge=ridge)
    assert best.min() >= 0
    assert best.sum() == pytest.approx(1)

    def loss(weights):
        return ((columns @ weights - target) ** 2).sum() + ridge * (weights**2).sum()

    for other in [*np.eye(k), *random.dirichlet(np.ones(k), 20)]:
        assert loss(best) <= loss(0.9 * best + 0.1 * other) + 1e-9


def test_plain_differences_are_two_way_fixed_effects():
    random = np.random.default_rng(3)
    values, window = random.normal(size=(30, 5)).cumsum(axis=0), np.arange(30) >= 24
    case = Case(treated=values[:, 0], others=values[:, 1:], before=~window, window=window, size=np.ones(4), reached=1)
    on = np.outer(window, np.arange(5) == 0).ravel()
    dummies = np.column_stack([on, np.tile(np.eye(5), (30, 1)), np.repeat(np.eye(30), 5, axis=0)[:, 1:]])
    fixed_effects = np.linalg.lstsq(dummies, values.ravel(), rcond=None)[0][0]
    twin = difference_in_differences.twin(case)
    assert (case.treated - twin.path)[window].mean() == pytest.approx(fixed_effects)


@pytest.fixture(scope="module")
def campaigns():
    """Campaigns without effect of each kind of timing beside a price cut and beside all at once, in panels of six units
    and of twelve; the record of trust has the other troubles."""
    kinds = [(timing, trouble) for timing in TIMINGS for trouble in TROUBLES]
    return [
        judged(seed, timing=timing, coincides_with=trouble, units=(6, 12)[seed % 2], treated=1 + seed % 2)
        for seed, (timing, trouble) in enumerate(kinds[2::3])
    ]


def test_intervals_cover_when_all_comes_together(campaigns):
    assert np.sum([result.low <= brought <= result.high for _, result, brought in campaigns]) >= 5


def test_it_errs_far_less_than_the_weeks_before(campaigns):
    errors = np.array([(result.effect - brought) / result.expected for _, result, brought in campaigns])
    plain = np.array([result.readings["effect"].iloc[0] / result.expected for _, result, _ in campaigns])
    assert np.sqrt(np.mean(errors**2)) < 0.4 * np.sqrt(np.mean(plain**2))


@pytest.mark.parametrize("timing", TIMINGS)
def test_a_large_effect_is_found_and_covered(timing):
    _, result, brought = judged(5, effect=0.3, timing=timing, units=12)
    assert 0 < result.low <= brought <= result.high
    assert result.text.startswith("+")
    assert "than units left alone let expect" in draw(result).layout.title.text


def test_a_planted_amount_moves_every_method_by_as_much():
    frame, _ = side_by_side(2, units=8, treated=2)
    more = frame.assign(revenue=frame["revenue"] + 500.0 * (frame["campaign"] != ""))
    without, result = PanelEffect().fit(frame), PanelEffect().fit(more)
    added = 500.0 * (frame["campaign"] != "").sum()
    gained = result.table.set_index("method")["effect"] - without.table.set_index("method")["effect"]
    assert gained.to_numpy() == pytest.approx(added)
    assert result.high - result.low == pytest.approx(without.high - without.low)


def test_a_price_cut_in_the_reached_alone_is_said_and_taken_out():
    for seed in range(2):
        frame, result, brought = judged(seed, coincides_with="price cut", units=10, treated=2)
        assert result.low <= brought <= result.high
        assert "Prices of the reached moved by -" in said(result, "Moved apart")
        assert result.reading.pull.beta[0] == pytest.approx(-0.6, abs=0.15), "1 less an elasticity of -1.6, for revenue"
        blind = PanelEffect().fit(frame.drop(columns=["price_index", "competitor_index"]))
        assert (blind.effect - result.effect) / result.expected > 0.01, "a price cut passes for a campaign"


def test_days_after_the_window_are_not_looked_at():
    frame, result, _ = judged(4, units=6, treated=1)
    later = frame["day"] > pd.Timestamp(result.until)
    shocked = PanelEffect().fit(frame.assign(revenue=frame["revenue"].where(~later, 0.0)))
    assert later.any()
    assert (shocked.effect, shocked.low) == pytest.approx((result.effect, result.low))


def test_units_that_cannot_be_compared_are_named():
    frame, _ = side_by_side(6, units=8, treated=1)
    late = (frame["unit"] == "U005") & (frame["day"] < "2024-06-01")
    shut = (frame["unit"] == "U006") & (frame["day"] > "2024-06-01")
    frame.loc[late | shut, ["revenue", "orders", "units"]] = 0.0
    frame.loc[frame["unit"] == "U007", "reached"] = "mixed"
    now = frame["day"].between("2025-02-01", "2025-02-20")
    frame["other_campaigns"] = np.where((frame["unit"] == "U008") & now, "Radio <b>", "")
    result = PanelEffect().fit(frame)
    assert set(result.reading.apart) == {"U005", "U006", "U007", "U008"}
    assert set(result.parts["unit"]) == {"U002", "U003", "U004"}
    assert "4 units are not compared" in said(result, "Set apart")


def test_a_neighbour_that_moved_as_well_is_named():
    frame, truth = side_by_side(7, units=12, treated=1)
    on = frame["day"].between(pd.Timestamp(truth.starts), pd.Timestamp(truth.ends))
    frame.loc[on & (frame["unit"] == "U009"), "revenue"] *= 2
    result = PanelEffect().fit(frame)
    assert "U009" in said(result, "The same days elsewhere")
    assert verdict(result, "The same days elsewhere") == "weak"


def test_few_units_left_alone_say_what_p_value_can_be_reached():
    _, result, _ = judged(8, units=5, treated=1, effect=0.4)
    assert "cannot give less than p = 0.2" in said(result, "Units left alone")


def test_nobody_left_alone_points_to_the_other_question():
    frame, _ = side_by_side(9, units=6, treated=1)
    everywhere = frame.assign(campaign=np.where(frame["day"] >= "2025-03-01", "Radio", ""), reached="treated")
    refused = PanelEffect().fit(everywhere)
    assert isinstance(refused, NotEnough)
    assert "no unit was left alone" in refused.text
    assert "42_effect_without_a_link" in refused.text


@pytest.mark.parametrize(("days", "word"), [(40, "periods"), (120, "too few")])
def test_a_short_history_is_refused(days, word):
    frame, truth = side_by_side(9, units=4, treated=1)
    refused = PanelEffect().fit(frame[frame["day"] >= pd.Timestamp(truth.starts) - pd.Timedelta(days=days)])
    assert isinstance(refused, NotEnough)
    assert word in refused.text


def test_unmarked_or_wrongly_asked_tables_are_not_answered():
    frame, _ = side_by_side(9, units=6, treated=1)
    assert isinstance(PanelEffect().fit(frame.drop(columns="campaign")), NotEnough)
    assert isinstance(PanelEffect().fit(frame.assign(campaign="", reached="mixed")), NotEnough)
    with pytest.raises(ValueError, match="U999"):
        PanelEffect(treated="U999", starts="2025-01-01").fit(frame)
    with pytest.raises(ValueError, match="margin"):
        PanelEffect(measure="margin").fit(frame)
    with pytest.raises(ValueError, match="one row"):
        PanelEffect().fit(pd.concat([frame, frame.head(1)]))


@pytest.mark.parametrize(
    "knobs", [{"treated": "Riga"}, {"starts": "2025-02-01", "ends": "2025-01-01"}, {"tail_days": -1}, {"scale": "log"}]
)
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=r"first day|tail_days|scale"):
        PanelEffect(**knobs)


def test_the_regional_campaigns_of_the_company_are_covered(company, truth):
    planted = truth.campaigns.set_index("campaign_id")["incremental_revenue"]
    missed = 0
    for campaign in ("C05", "C10", "C14"):
        result = PanelEffect().fit(features.panel(company, campaign=campaign))
        missed += not result.low <= planted[campaign] <= result.high
        assert result.cost > 0
    assert missed <= 1


def test_the_panel_adds_up_to_the_sales_of_the_company(company):
    region = features.panel(company, campaign="C05").to_pandas()
    alone = features.daily_sales(company, campaign="C05").to_pandas()
    riga = region[region["unit"] == "Riga"].set_index("day")["revenue"]
    assert riga.reindex(alone["day"]).to_numpy() == pytest.approx(alone["revenue"].to_numpy())
    assert region.loc[region["campaign"] != "", "unit"].unique().tolist() == ["Riga"]
    store = features.panel(company, campaign="C05", unit="store").to_pandas()
    assert set(store.loc[store["reached"] == "mixed", "unit"]) == {"WEB"}


def test_a_campaign_that_ran_everywhere_leaves_nobody(company):
    refused = PanelEffect().fit(features.panel(company, campaign="C04"))
    assert isinstance(refused, NotEnough)
    assert "42_effect_without_a_link" in refused.text


def test_one_huge_order_in_a_region_is_no_effect_of_weeks():
    frame, truth = side_by_side(7, units=12, treated=1)
    unit = PanelEffect().fit(frame).reached[0]
    odd = pd.Timestamp(truth.starts) + pd.Timedelta(days=5)
    frame.loc[(frame["day"] == odd) & (frame["unit"] == unit), "revenue"] += 40 * frame["revenue"].max()
    result = PanelEffect().fit(frame)
    assert result.low > 0
    assert "hangs on one day" in result.text
    assert verdict(result, "One day's weight") == "fails"
    assert {claim.evidence for claim in result.claims} == {"assumed"}


def test_a_campaign_asked_for_by_its_days_is_no_other_campaign():
    frame, truth = side_by_side(7, units=12, treated=1)
    unit = PanelEffect().fit(frame).reached[0]
    ran = (frame["unit"] == unit) & frame["day"].between(pd.Timestamp(truth.starts), pd.Timestamp(truth.ends))
    frame = frame.drop(columns=["campaign", "reached"], errors="ignore")
    frame["other_campaigns"] = np.where(ran, "Radio", "")
    result = PanelEffect(treated=unit, starts=truth.starts, ends=truth.ends).fit(frame)
    assert verdict(result, "Other campaigns") == "holds"
    assert "Radio" in said(result, "Other campaigns")
