"""Who is addressed, who is left alone: within the budget, alike, and the same whatever order the table came in."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nct, t

from crm_analytics import Audience, NotEnough


def customers(n=2_000, seed=3):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:06d}" for i in range(n)],
            "consent": rng.random(n) < 0.8,
            "worth": rng.lognormal(3.5, 1, n),
            "contacts_30": rng.integers(0, 5, n),
            "revenue_28": np.where(rng.random(n) < 0.4, rng.lognormal(3, 1, n), 0),
            "orders_365": rng.poisson(4, n),
        }
    )


PEOPLE = customers()


def counts(result):
    return result.table.set_index("fate").customers


@settings(max_examples=40, deadline=None)
@given(
    budget=st.floats(0, 1_000), cost=st.floats(0.01, 20), share=st.floats(0.01, 0.9), seed=st.integers(0, 2**40),
    order=st.integers(0, 10_000),
)  # fmt: skip
def test_every_audience_keeps_its_promises(budget, cost, share, seed, order):
    study = Audience(budget=budget, cost_per_contact=cost, control_share=share, seed=seed)
    result = study.fit(PEOPLE)
    again = study.fit(PEOPLE.sample(frac=1, random_state=order))
    assert again.text == result.text
    if isinstance(result, NotEnough):
        return
    arms = result.arms
    treated, control = (set(arms.customer_id[arms.arm == arm]) for arm in ("treated", "control"))
    chosen = result.people[result.people.arm.notna()]
    assert len(treated) * cost <= budget * (1 + 1e-12)
    assert not treated & control
    assert treated | control == set(chosen.customer_id)
    assert abs(len(control) - share * len(arms)) <= 0.5 + 1e-9
    assert chosen.consent.all()
    assert (chosen.contacts_30 < 3).all()
    assert result.table.customers.sum() == len(PEOPLE)
    pd.testing.assert_frame_equal(arms, again.arms)


def test_the_budget_is_used_up_to_the_last_contact():
    result = Audience(budget=300, cost_per_contact=1).fit(PEOPLE)
    assert counts(result)["addressed"] == 300
    assert counts(result)["left alone to compare"] == 75


def test_nobody_left_out_for_money_is_worth_more_than_somebody_chosen():
    people = Audience(budget=150).fit(PEOPLE).people
    assert people.worth[people.fate == "beyond the budget"].max() <= people.worth[people.arm.notna()].min()


def test_everybody_gets_the_reason_that_is_theirs():
    people = PEOPLE.copy()
    people.loc[0, ["consent", "contacts_30"]] = [False, 9]
    people.loc[1, ["consent", "contacts_30"]] = [True, 3]
    people.loc[2, ["consent", "contacts_30", "worth"]] = [True, 0, 0.5]
    people.loc[3, ["consent", "contacts_30", "worth"]] = [True, 0, np.nan]
    fates = Audience(cost_per_contact=0.5).fit(people).people.set_index("customer_id").fate
    assert fates["c000000"] == "no consent"
    assert fates["c000001"] == "touched often enough"
    assert fates["c000002"] == fates["c000003"] == "worth less than a contact"


def test_another_seed_or_campaign_draws_another_control():
    draws = [
        frozenset(result.arms.customer_id[result.arms.arm == "control"])
        for result in (
            Audience().fit(PEOPLE), Audience(seed=2).fit(PEOPLE), Audience(campaign="autumn").fit(PEOPLE)
        )
    ]  # fmt: skip
    assert len(set(draws)) == 3


def test_the_draw_is_fair():
    """Over many seeds everybody chosen is left alone equally often, the most valuable too."""
    people = customers(500)
    times = pd.Series(0, index=people.customer_id)
    for seed in range(200):
        arms = Audience(seed=seed, max_contacts_30=9, budget=5_000).fit(people).arms
        times[arms.customer_id[arms.arm == "control"]] += 1
    chosen = times[times > 0]
    assert chosen.mean() == pytest.approx(40, abs=0.5)
    assert chosen.std() == pytest.approx(np.sqrt(200 * 0.2 * 0.8), rel=0.12)
    richest = people[people.consent].nlargest(50, "worth").customer_id
    assert times[richest].mean() == pytest.approx(40, abs=3)


def test_the_groups_are_more_alike_than_a_plain_draw_would_make_them():
    gaps, plain = [], []
    rng = np.random.default_rng(0)
    for seed in range(30):
        people = Audience(seed=seed).fit(PEOPLE).people
        people = people[people.arm.notna()].assign(rank=lambda p: p.worth.rank())
        control = (people.arm == "control").to_numpy()
        gaps.append(people["rank"][control].mean() - people["rank"][~control].mean())
        shuffled = rng.permutation(control)
        plain.append(people["rank"][shuffled].mean() - people["rank"][~shuffled].mean())
    assert np.std(gaps) < 0.4 * np.std(plain)


def test_the_smallest_effect_is_the_one_a_t_test_shows_with_that_power():
    result = Audience(budget=500).fit(PEOPLE)
    treated, control = counts(result)["addressed"], counts(result)["left alone to compare"]
    df = treated + control - 2
    signal = result.smallest_effect / (result.spread * np.sqrt(1 / treated + 1 / control))
    power = nct.sf(t.ppf(0.975, df), df, signal)
    assert power == pytest.approx(0.8, abs=0.005)
    assert result.low < result.smallest_effect < result.high


def test_the_interval_of_the_smallest_effect_covers_it():
    hits = 0
    sure = Audience(budget=1e6, max_contacts_30=9)
    truth = np.sqrt(0.4 * np.exp(2 * 2 + 2 * 0.25) - (0.4 * np.exp(2 + 0.125)) ** 2)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        spending = np.where(rng.random(2_000) < 0.4, rng.lognormal(2, 0.5, 2_000), 0)
        result = sure.fit(PEOPLE.assign(consent=True, worth=50.0, revenue_28=spending))
        factor = result.smallest_effect / result.spread
        hits += result.low <= truth * factor <= result.high
    assert hits >= 53


def test_it_finds_the_control_share_that_shows_an_effect():
    result = Audience(budget=300, cost_per_contact=0.5).fit(PEOPLE)
    finer = result.to_show(result.smallest_effect * 0.85)
    assert finer.smallest_effect <= result.smallest_effect * 0.85
    assert finer.study.control_share > result.study.control_share
    assert counts(finer)["addressed"] == counts(result)["addressed"]
    hopeless = result.to_show(0.01)
    assert isinstance(hopeless, NotEnough)
    assert "times as many customers" in hopeless.text


def test_a_budget_that_buys_too_few_is_refused_and_the_enough_is_enough():
    refused = Audience(budget=5).fit(PEOPLE)
    assert isinstance(refused, NotEnough)
    assert "€61" in refused.text
    assert not isinstance(Audience(budget=61).fit(PEOPLE), NotEnough)


def test_unknown_contacts_weaken_the_answer():
    result = Audience().fit(PEOPLE.assign(contacts_30=pd.NA))
    assert {c.name: c.verdict for c in result.checks}["Contact policy"] == "weak"


def test_a_customer_twice_is_an_error():
    with pytest.raises(ValueError, match="twice"):
        Audience().fit(pd.concat([PEOPLE, PEOPLE.head(1)]))


@pytest.mark.parametrize(
    "knobs",
    [{"budget": -1}, {"cost_per_contact": 0}, {"control_share": 0}, {"campaign": " "}, {"max_contacts_30": 0},
     {"power": 1}, {"budget": float("nan")}],
)  # fmt: skip
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=r"\w+ \w+ \w+"):
        Audience(**knobs)
