"""Traits: what is planted is found in its size; what is not is not, whatever it goes with."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NotEnough, Traits, draw
from crm_analytics.planning.customers.segments.beyond_rfm import centred, purchases_of, residuals, shrunken
from crm_analytics.planning.customers.segments.traits import NOTHING, UNSURE, WORTH

DAYS = pd.to_datetime(["2025-01-01", "2025-05-01"])
LEVELS = {"reason": 5, "day_part": 4, "first_product": 500}


def base(seed: int, customers: int, *, effect: float = 0.0, lasting: bool = True) -> pd.DataFrame:
    """A company in two periods whose customers buy again by their habit; those of day_part 0 more often by `effect`."""
    rng = np.random.default_rng(seed)
    rate, size = rng.gamma(1.0, 1.0, customers), rng.lognormal(3.0, 0.6, customers)
    traits = {name: rng.integers(0, levels, customers) for name, levels in LEVELS.items()}
    periods = []
    for day in DAYS:
        planted = effect if lasting or day == DAYS[-1] else 0.0
        orders, recency = 1 + rng.poisson(3 * rate), rng.exponential(60 / (0.3 + rate)).round()
        inclined = -1 + 0.8 * np.log(orders) - 0.01 * recency + planted * (traits["day_part"] == 0)
        again = (rng.random(customers) < 1 / (1 + np.exp(-inclined))) * (1 + rng.poisson(0.7 * rate))
        periods.append(
            pd.DataFrame(
                {
                    "customer_id": [f"c{number:05d}" for number in range(customers)],
                    "known_by": day,
                    "days": 120,
                    "recency_days": recency,
                    "orders": orders.astype(float),
                    "revenue": orders * size * rng.lognormal(0, 0.2, customers),
                    "known_days": recency + rng.integers(0, 200, customers),
                    "outcome_orders": again,
                    "outcome_revenue": again * size * rng.lognormal(0, 0.4, customers),
                    **{name: [f"{name} {value}" for value in values] for name, values in traits.items()},
                    "goes_with_orders": np.where(orders + rng.integers(0, 2, customers) > 3, "often", "seldom"),
                }
            )
        )
    return pd.concat(periods, ignore_index=True)


def row(result, trait: str) -> pd.Series:
    return result.table.set_index("trait").loc[trait]


def test_a_planted_trait_proves_its_worth_and_nothing_else_does():
    result = Traits().fit(base(1, 3000, effect=1.0))
    verdicts = result.table.set_index("trait")["verdict"]
    assert verdicts["day_part"] == WORTH
    assert not (verdicts.drop("day_part") == WORTH).any()
    found = row(result, "day_part")
    assert found.best == "day_part 0"
    assert found.money_low > 0
    assert found.gain_earlier > 0.02
    assert result.text.startswith(tuple("0123456789"))
    assert "day part" in result.text


def test_the_size_of_what_is_planted_is_covered():
    """The truth is measured on a company thirty times as large; small ones must hold it in their intervals."""
    truth = row(Traits(axes=("day_part",), permutations=99).fit(base(77, 20_000, effect=1.0)), "day_part").gain
    assert 0.02 < truth < 0.06
    covered = []
    for seed in range(24):
        one = row(Traits(axes=("day_part",), permutations=99).fit(base(seed, 1000, effect=1.0)), "day_part")
        covered.append(one.low <= truth <= one.high)
    assert np.mean(covered) >= 0.8


def test_where_nothing_is_planted_almost_nothing_is_claimed():
    """Two hundred companies without any effect, a trait of five hundred values and one that goes with orders among
    theirs: at most one in twenty tables may claim anything, with the doubt that two hundred throws leave."""
    claims, worth = 0, 0
    asked = Traits(axes=("first_product", "goes_with_orders"), permutations=159)
    for seed in range(200):
        table = asked.fit(base(seed, 400)).table
        assert len(table) == 2
        claims += bool((table["p"] < 0.05).any())
        worth += bool((table["verdict"] == WORTH).any())
    assert claims <= 200 * 0.05 + 2 * np.sqrt(200 * 0.05 * 0.95)
    assert worth <= 10


def test_five_hundred_values_of_noise_read_as_nothing():
    result = Traits(axes=("first_product",)).fit(base(5, 3000))
    found = row(result, "first_product")
    assert found["values"] > 400
    assert found.verdict == NOTHING
    assert abs(found.gain) < 0.02


def test_what_was_told_in_one_period_only_is_not_believed():
    result = Traits().fit(base(2, 3000, effect=1.0, lasting=False))
    found = row(result, "day_part")
    assert found.p < 0.05
    assert found.verdict == UNSURE


def test_without_an_earlier_period_nothing_proves_its_worth():
    frame = base(1, 2000, effect=1.0)
    result = Traits().fit(frame[frame["known_by"] == DAYS[-1]])
    assert row(result, "day_part").verdict == UNSURE
    assert any("no earlier period" in check.text for check in result.checks)


def test_a_trait_that_only_goes_with_purchases_tells_nothing_beyond_them():
    """Raw rates of its groups differ by far; that is frequency, and it is known already."""
    result = Traits(axes=("goes_with_orders",)).fit(base(3, 3000))
    groups = result.by("goes_with_orders").table.set_index("group")
    assert groups.loc["often", "repeat_low"] > groups.loc["seldom", "repeat_high"]
    assert row(result, "goes_with_orders").verdict == NOTHING


def test_groups_are_counted_as_they_are():
    frame = base(4, 1500, effect=1.0)
    now = frame[frame["known_by"] == DAYS[-1]]
    result = Traits().fit(frame)
    groups = result.by("day_part")
    raw = now.groupby("day_part").agg(n=("customer_id", "size"), rate=("outcome_orders", lambda one: (one > 0).mean()),
                                      spend=("outcome_revenue", "mean"))  # fmt: skip
    for group in groups.table.itertuples():
        assert group.customers == raw.loc[group.group, "n"]
        assert group.repeat_rate == pytest.approx(raw.loc[group.group, "rate"])
        assert group.spend == pytest.approx(raw.loc[group.group, "spend"])
        assert group.repeat_low < group.repeat_rate < group.repeat_high
    assert draw(groups).layout.title.text
    with pytest.raises(ValueError, match="There is no trait 'shoe_size'"):
        result.by("shoe_size")


def test_groups_too_small_for_a_segment_are_none():
    frame = base(6, 600)
    assert row(Traits().fit(frame), "first_product").verdict == NOTHING
    assert isinstance(Traits().fit(frame).by("first_product"), NotEnough)
    assert row(Traits(smallest_group=500).fit(frame), "reason").groups == 0


def test_numbers_are_taken_in_thirds_and_weekends_in_classes():
    frame = base(7, 900)
    rng = np.random.default_rng(1)
    frame = frame.assign(age=rng.integers(18, 80, len(frame)), weekend_share=rng.choice([0.0, 0.3, 1.0], len(frame)))
    asked = Traits(axes=("age", "weekend_share")).fit(frame)
    assert row(asked, "age")["values"] == 3
    assert set(asked.by("weekend_share").table["group"]) == {"weekdays only", "some weekends", "mostly weekends"}
    assert "weekend_share" in set(Traits().fit(frame).table["trait"])
    assert "age" not in set(Traits().fit(frame).table["trait"])


def test_what_cannot_be_answered_is_refused_in_a_sentence():
    frame = base(8, 400)
    bare = frame.drop(columns=[*LEVELS, "goes_with_orders"])
    assert "no trait of these customers is recorded" in Traits().fit(bare).text
    still = frame.assign(outcome_orders=0, outcome_revenue=0.0)
    assert "did the same" in Traits().fit(still).text
    assert isinstance(Traits().fit(frame.head(150)), NotEnough)
    named = bare.assign(nickname=[f"n{number}" for number in range(len(bare))])
    assert isinstance(Traits().fit(named), NotEnough)  # what everybody has for himself groups nobody


@pytest.mark.parametrize(
    ("knob", "value", "said"),
    [("smallest_group", 1, "two customers"), ("level", 0.0, "probability"), ("worth_having", 2.0, "share"),
     ("permutations", 5, "99")],
)  # fmt: skip
def test_knobs_are_checked(knob, value, said):
    with pytest.raises(ValueError, match=said):
        Traits(**{knob: value})


def test_an_absent_column_is_named():
    with pytest.raises(ValueError, match="There is no column 'shoe_size'"):
        Traits(axes=("shoe_size",)).fit(base(9, 300))


def test_residuals_sum_to_nothing_among_those_who_are_alike():
    frame = base(10, 800)
    now = frame[frame["known_by"] == DAYS[-1]].reset_index(drop=True)
    again, orders = (now["outcome_orders"] > 0).to_numpy(float), now["orders"].to_numpy(float)
    left, strata = residuals(purchases_of(now), orders, again, 1)
    assert np.abs(np.bincount(strata, left)).max() < 1e-9
    assert np.bincount(strata).min() >= 10
    assert centred(left, strata) == pytest.approx(left)


def test_effects_are_drawn_towards_nothing_the_more_the_fewer_they_are_of():
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], [1000, 1000, 10])
    left = rng.normal(0, 1, 2010) + np.array([0.5, -0.5, 0.5])[group]
    effects, errors = shrunken(left, group)
    raw = np.bincount(group, left) / np.bincount(group)
    assert (np.abs(effects) <= np.abs(raw)).all()
    assert effects[2] / raw[2] < effects[0] / raw[0]
    assert errors[2] > errors[0]


def test_the_demo_company_whose_reasons_are_drawn_by_lot(company):
    from crm_analytics import features

    result = Traits(permutations=299).fit(features.profile_outcomes(company))
    assert row(result, "reason_first_purchase").verdict != WORTH
    assert "day_part" in set(result.table["trait"])
