"""Why did it jump: planted causes, alone and together, sums to the cent, and what is not to be named."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import Jump, NotEnough, draw, features
from crm_analytics.effectiveness.causes.periods import Periods, logarithmic_mean
from crm_analytics.simulation.jumps import jump

KEYS = {
    "price": "price_index", "competitor": "competitor_index", "campaign": "campaign: The campaign",
    "stock": "stock_out", "assortment": "assortment_index", "market": "market_retail_turnover",
    "unknown": "unexplained",
}  # fmt: skip
SETTINGS = (
    (), ("price",), ("campaign",), ("price", "campaign"), ("competitor", "campaign"), ("unknown",),
    ("stock", "unknown"), ("price", "competitor", "market", "campaign"), ("assortment", "price"),
)  # fmt: skip


def asked(seed: int, causes: tuple[str, ...], **planted):
    frame, truth = jump(seed, causes=causes, **planted)
    study = Jump(starts=truth.after[0], ends=truth.after[1], before_starts=truth.before[0], before_ends=truth.before[1])
    return frame, truth, study.fit(frame)


def part(result, key: str) -> pd.Series:
    return result.table.set_index("key").loc[key]


def cents(values) -> int:
    return int(np.rint(100 * np.asarray(values, float)).sum())


@pytest.fixture(scope="module")
def worlds():
    return [(causes, *asked(seed, causes)) for causes in SETTINGS for seed in range(2)]


def test_intervals_cover_what_was_planted(worlds):
    covered = [
        part(result, KEYS[cause])["low"] <= truth.parts[cause] <= part(result, KEYS[cause])["high"]
        for causes, _, truth, result in worlds
        for cause in causes
        if cause != "unknown"
    ]
    assert len(covered) >= 24
    assert np.mean(covered) >= 0.85


def test_it_errs_far_less_than_putting_everything_down_to_one_cause(worlds):
    mine, naive = [], []
    for causes, _, truth, result in worlds:
        for cause in set(causes) - {"unknown"}:
            mine.append((part(result, KEYS[cause])["change"] - truth.parts[cause]) / result.was)
            naive.append((result.change - truth.parts[cause]) / result.was)
    assert np.sqrt(np.mean(np.square(mine))) < 0.3 * np.sqrt(np.mean(np.square(naive)))


def test_a_cause_that_was_not_planted_is_rarely_called_a_large_one(worlds):
    named = [result.main["key"] for causes, _, _, result in worlds if result.main is not None and not causes]
    assert "campaign: The campaign" not in named
    unexplained = [result.table["grade"].iloc[-1] for causes, _, _, result in worlds if "unknown" not in causes]
    assert np.mean([grade == "unusual" for grade in unexplained]) <= 0.1


def test_a_secret_is_found_and_not_given_to_what_moved_beside_it(worlds):
    results = [result for causes, _, _, result in worlds if "unknown" in causes]
    assert np.mean([result.table["grade"].iloc[-1] == "unusual" for result in results]) >= 0.6


def test_it_sums_to_the_cent(worlds):
    for _, _, _, result in worlds:
        assert cents(result.table["change"]) == cents(result.now) - cents(result.was)
        assert np.allclose(result.table["change"] * 100, np.rint(result.table["change"] * 100), atol=1e-6)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6), st.integers(60, 330), st.integers(1, 60), st.integers(1, 60))
def test_it_sums_to_the_cent_for_any_two_periods(seed, first, length, gap):
    frame, _ = jump(seed % 50, days=420)
    starts = frame["day"].iloc[0].date() + timedelta(days=first)
    was = starts - timedelta(days=gap + 1)
    result = Jump(
        starts=starts,
        ends=starts + timedelta(days=length - 1),
        before_starts=was,
        before_ends=starts - timedelta(days=1),
    ).fit(frame)
    assert cents(result.table["change"]) == cents(result.now) - cents(result.was)


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=2), st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_logarithmic_means_split_a_product_exactly_in_any_order(pair, logs):
    earlier = np.array([pair[0]])
    later = earlier * np.exp(sum(logs))
    parts = [logarithmic_mean(later, earlier)[0] * log for log in logs]
    assert sum(parts) == pytest.approx(float((later - earlier)[0]), rel=1e-6, abs=1e-6 * pair[0])
    back = [logarithmic_mean(earlier, later)[0] * -log for log in logs]
    assert back == pytest.approx([-value for value in parts])


def test_every_later_day_is_held_against_its_weekday():
    weekday = np.arange(21) % 7
    periods = Periods.of(slice(0, 14), slice(14, 21), is_open=weekday < 6, weekday=weekday)
    assert periods.pairing.sum(axis=1) == pytest.approx(np.ones(6))
    assert periods.weight == pytest.approx(np.full(12, 0.5))
    assert not periods.alike
    with pytest.raises(ValueError, match="sells"):
        Periods.of(slice(0, 6), slice(6, 7), is_open=weekday < 6, weekday=weekday)


def test_more_days_are_the_calendar_s_and_nobody_s_merit():
    days = pd.date_range("2023-01-01", periods=365)
    frame = pd.DataFrame({"day": days, "revenue": np.where(np.arange(365) % 2, 990.0, 1010.0)})
    result = Jump(starts="2023-08-01", ends="2023-08-31", before_starts="2023-06-01", before_ends="2023-06-30").fit(
        frame
    )
    assert part(result, "calendar")["change"] == pytest.approx(1000, abs=60)
    assert part(result, "unexplained")["change"] == pytest.approx(0, abs=100)


def test_a_price_that_never_moved_before_is_not_named_for_certain():
    frame, truth = jump(3, causes=("price", "campaign"))
    frame["price_index"] = np.where(frame["day"].between(*map(pd.Timestamp, truth.after)), 0.85, 1.0)
    result = Jump(starts=truth.after[0], ends=truth.after[1]).fit(frame)
    assert part(result, "price_index")["earlier"] == 0
    assert part(result, "price_index")["grade"] == "weak"
    assert part(result, "price_index")["low"] <= truth.parts["price"] <= part(result, "price_index")["high"]


def test_two_causes_that_only_ever_moved_together_are_told_together():
    frame, truth = jump(3, causes=("price", "competitor"))
    inside = frame["day"].between(*map(pd.Timestamp, truth.after))
    frame["price_index"], frame["competitor_index"] = np.where(inside, 0.85, 1.0), np.where(inside, 1.12, 1.0)
    result = Jump(starts=truth.after[0], ends=truth.after[1]).fit(frame)
    pair = result.together[0]
    assert {"price_index", "competitor_index"} == set(pair.keys)
    assert {part(result, key)["grade"] for key in pair.keys} == {"weak"}
    assert any("cannot be told apart" in check.text for check in result.checks)
    assert pair.high - pair.low < 0.65 * (part(result, pair.keys[0])["high"] - part(result, pair.keys[0])["low"])


def test_the_largest_jump_is_found_by_itself():
    frame, _ = jump(5)
    inside = frame["day"].between("2024-09-02", "2024-09-15")
    frame["revenue"] *= np.where(inside, 1.6, 1.0)
    result = Jump().fit(frame)
    assert result.unusual
    assert result.found.false_alarms <= 0.01
    assert result.after[0] <= pd.Timestamp("2024-09-05").date()
    assert result.after[1] >= pd.Timestamp("2024-09-10").date()
    assert result.main["key"] == "unexplained"


def test_where_nothing_happened_it_seldom_says_that_something_did():
    alarms = 0
    for seed in range(12):
        random = np.random.default_rng(seed)
        noise = np.zeros(400)
        for day in range(1, 400):
            noise[day] = 0.4 * noise[day - 1] + random.standard_t(5) * 0.08
        days = pd.date_range("2023-01-01", periods=400)
        result = Jump().fit(pd.DataFrame({"day": days, "revenue": 1000 * np.exp(noise)}))
        alarms += result.unusual
        assert result.unusual or result.text.startswith("Nothing unusual")
    assert alarms <= 3


def test_what_hangs_together_over_weeks_makes_a_cause_less_sure():
    """A price that moves for four weeks at a time, among days that are independent and among weeks that are not."""

    def width(spell_days: int) -> float:
        rng, days = np.random.default_rng(4), 1092
        price = np.repeat(np.where(rng.random(days // 28) < 0.5, 0.9, 1.0), 28)
        swings = np.repeat(rng.normal(0, 0.06, days // spell_days), spell_days)
        frame = steady(days).assign(price_index=price, revenue=1000 * np.exp(-0.8 * np.log(price) + swings))
        start = int(np.flatnonzero(np.diff(price))[-1]) + 1
        dates = frame["day"].iloc[[start, start + 27, start - 28, start - 1]].dt.date
        study = Jump(**dict(zip(("starts", "ends", "before_starts", "before_ends"), dates, strict=True)))
        row = study.fit(frame).table.set_index("key").loc["price_index"]
        return float(row["high"] - row["low"])

    assert width(28) > 2 * width(1)


def test_same_days_same_numbers_and_the_frame_is_left_alone():
    frame, _, result = asked(4, ("price",))
    before = frame.copy(deep=True)
    again = result.study.fit(frame.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(again.table, result.table)
    assert again.text == result.text
    pd.testing.assert_frame_equal(frame, before)


def test_names_of_campaigns_are_data():
    frame, truth = jump(6, causes=("campaign",))
    frame["other_campaigns"] = frame["other_campaigns"].str.replace("The campaign", "<b>Sale</b> {x}")
    result = Jump(starts=truth.after[0], ends=truth.after[1]).fit(frame)
    assert "campaign: <b>Sale</b> {x}" in set(result.table["key"])
    assert "<b>Sale" not in draw(result).to_json()
    assert "<b>Sale" not in result._repr_mimebundle_()["text/html"]


def test_it_says_what_to_do_about_it(worlds):
    for _, _, truth, result in worlds:
        for claim in result.claims:
            assert claim.low <= claim.value <= claim.high
            assert (claim.first, claim.last) == truth.after
            assert claim.expires > claim.last
            assert claim.decision
            assert claim.reversed_by
    assert sum(bool(result.claims) for *_, result in worlds) > 13


def test_what_cannot_be_answered_is_refused():
    frame, truth = jump(7)
    assert isinstance(Jump(starts="2031-01-01").fit(frame), NotEnough)
    assert isinstance(Jump(starts=truth.after[0]).fit(frame.assign(revenue=0.0)), NotEnough)
    with pytest.raises(ValueError, match="no measure"):
        Jump(measure="complaints").fit(frame)
    with pytest.raises(ValueError, match="gaps"):
        Jump().fit(frame.drop(index=50))


@pytest.mark.parametrize("knobs", [
    {"ends": "2024-01-01"}, {"starts": "2024-01-05", "ends": "2024-01-01"}, {"confidence": 1.0},
    {"starts": "2024-01-05", "before_starts": "2024-01-01"}, {"false_alarms": 0.0},
    {"starts": "2024-01-05", "before_starts": "2024-01-01", "before_ends": "2024-01-06"},
])  # fmt: skip
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=r"starts|confidence|false_alarms|Periods|before"):
        Jump(**knobs)


def planted(truth, cause: str, power: float) -> pd.Series:
    """What a planted factor makes of each day's sales, in logarithms, over all categories."""
    days = truth.days.assign(factor=truth.days[cause] ** power)
    parts = days[["rhythm", "season", "price", "competitor", "market", "noise", "available"]]
    days["sold"] = parts.assign(price=days["price"] ** -0.6, competitor=days["competitor"] ** 0.5).prod(axis=1)
    days["without"] = days["sold"] / days["factor"]
    sums = days.groupby("day")[["sold", "without"]].sum()
    return np.log(sums["sold"] / sums["without"])


@pytest.fixture(scope="module")
def company_days(company):
    return features.daily_causes(company).to_pandas()


@pytest.mark.parametrize(("campaign", "before", "after"), [
    ("Black Friday text message", ("2023-11-12", "2023-11-19"), ("2023-11-20", "2023-11-27")),
    ("Spring in social media", ("2024-04-08", "2024-05-05"), ("2024-05-06", "2024-06-02")),
])  # fmt: skip
def test_the_company_s_coinciding_causes_are_covered(company_days, truth, campaign, before, after):
    """The naive reading gives the campaign what a price cut, a competitor and a season did beside it."""
    knobs = {"before_starts": before[0], "before_ends": before[1]}
    result = Jump(starts=after[0], ends=after[1], **knobs).fit(company_days)
    mean = result.change / np.log(result.now / result.was)
    own = 1 + truth.numbers["elasticity"]["own_by_revenue"]
    for key, cause, power in (("price_index", "price", own), ("competitor_index", "competitor", 0.5)):
        course = planted(truth, cause, power)
        moved = mean * (course[slice(*after)].mean() - course[slice(*before)].mean())
        assert part(result, key)["low"] <= moved <= part(result, key)["high"], key
    brought = truth.campaign_orders.merge(truth.campaigns[["campaign_id", "name"]], on="campaign_id")
    brought = brought[brought["name"] == campaign].set_index("day").sort_index()["revenue"]
    true = brought[slice(*after)].sum() - brought[slice(*before)].sum()
    row = part(result, f"campaign: {campaign}")
    assert row["low"] <= true <= row["high"]
    naive = result.readings.set_index("reading")["said"].iloc[0]
    assert abs(row["change"] - true) < abs(naive - true)


def test_enquiries_and_complaints_are_asked_the_same_way(company):
    days = features.daily_enquiries(company, campaign=None).to_pandas()
    result = Jump(starts="2025-01-01", ends="2025-03-31", measure="contacts").fit(days)
    assert cents(result.table["change"]) == cents(result.now) - cents(result.was)
    assert "assortment_index" not in set(result.table["key"])
    said = next(check.text for check in result.checks if check.name == "What is on record")
    assert "goods that came and went" in said
    rare = Jump(starts="2025-01-01", ends="2025-03-31", measure="complaints").fit(days)
    assert isinstance(rare, NotEnough)
    assert "%" in rare.text


def steady(days: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(3)
    sales = 1000 * np.exp(0.05 * random.standard_normal(days))
    return pd.DataFrame({"day": pd.date_range("2023-01-01", periods=days), "revenue": sales, "largest_order": 50.0})


def test_one_order_that_is_most_of_it_is_told():
    frame = steady()
    frame.loc[300, ["revenue", "largest_order"]] += 5000
    result = Jump().fit(frame)
    assert result.after[0] == frame["day"][300].date()
    assert result.one_order
    assert "one order of" in result.text
    assert not Jump().fit(frame.assign(largest_order=50.0)).one_order


def test_what_came_back_is_told():
    frame = steady().assign(returned=10.0)
    frame.loc[300, "revenue"] += 5000
    study = Jump(starts=frame["day"][300].date(), ends=frame["day"][306].date())
    assert "came back" not in study.fit(frame).text
    frame.loc[302, "returned"] += 4900
    result = study.fit(frame)
    assert result.sent_back == pytest.approx(4900)
    assert "4,900 more came back" in result.text
    assert any(check.name == "Sent back" for check in result.checks)
    assert not study.fit(frame.assign(returned=frame["returned"][::-1].to_numpy())).mostly_sent_back


def test_days_without_a_record_are_told_and_are_no_jump():
    frame = steady()
    frame.loc[200:202, "revenue"] = 0.0
    frame.loc[300:306, "revenue"] *= 1.5
    result = Jump().fit(frame)
    assert result.after[0] == frame["day"][300].date()
    assert result.silent == tuple(frame["day"][200:203].dt.date)
    assert any(check.name == "Days without a record" for check in result.checks)
