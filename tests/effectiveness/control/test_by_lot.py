"""Arms that somebody chose are no test: no sentence, claim or comparison takes them for one."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import BestCampaign, Lift, NotEnough, Overlap, PullForward, Spillover, draw
from crm_analytics.effectiveness.control.by_lot import alike_before
from crm_analytics.simulation.experiments import experiment_tests

WARNED = "Not the campaign's effect"


def people_of(seed: int, *, chosen: bool, n: int = 2000) -> pd.DataFrame:
    """Customers of one campaign that changed nothing; where they were chosen, it went to those who buy often."""
    rng = np.random.default_rng(seed)
    habit = rng.gamma(1.0, 3.0, n)
    treated = rng.random(n) < (1 / (1 + np.exp(3 - habit)) if chosen else 0.8)
    bought = [rng.poisson(habit) for _ in range(2)]
    return pd.DataFrame({
        "campaign_id": "C1", "campaign": "Spring sale", "starts": "2025-03-01", "days": 28,
        "customer_id": [f"K{i:05d}" for i in range(n)], "arm": np.where(treated, "treated", "control"),
        "before_orders": bought[0], "before_revenue": 10.0 * bought[0],
        "outcome_orders": bought[1], "outcome_revenue": 10.0 * bought[1],
    })  # fmt: skip


@pytest.mark.parametrize("chosen", [True, False])
def test_a_test_says_what_it_is_not(chosen):
    lift = Lift().fit(people_of(1, chosen=chosen))
    assert lift.text.startswith(WARNED) == chosen
    assert ("not drawn alike" in draw(lift).layout.title.text) == chosen
    assert lift.quantiles().text.startswith(WARNED) == chosen
    assert {claim.evidence for claim in lift.claims} == {"assumed" if chosen else "tested"}


@pytest.mark.parametrize("chosen", [True, False])
def test_so_do_its_parts(chosen):
    people = people_of(2, chosen=chosen)
    rng = np.random.default_rng(2)
    days = people.assign(day=rng.integers(0, 56, len(people)), days=56)
    parts = people.assign(part=rng.choice(["Garden", "Home"], len(people)))
    for answer in (PullForward().fit(days), Spillover(promoted=("Garden",)).fit(parts)):
        assert answer.text.startswith(WARNED) == chosen
        assert {claim.evidence for claim in answer.claims} == {"assumed" if chosen else "tested"}


def test_campaigns_that_chose_are_not_compared():
    rows, _ = experiment_tests(2, customers=3000, effects=(3.0, 3.0, 3.0))
    first = rows["campaign_id"] == "T3"
    often = rows["before_revenue"] > rows["before_revenue"].median()
    rows.loc[first, "arm"] = np.where(often[first] & (rows.index[first] % 10 > 0), "treated", "control")
    for study in (Overlap(), BestCampaign()):
        answer = study.fit(rows)
        check = next(check for check in answer.checks if check.name == "By lot")
        assert check.verdict == "weak"
        assert "Test 3" in check.text
        assert "Test 3" not in answer.table["campaign"].to_list()
    assert isinstance(Overlap(campaign="T3").fit(rows), NotEnough)


def test_a_small_control_without_a_buyer_is_no_proof():
    people = people_of(3, chosen=False)
    rare = people.assign(before_orders=(people.index % 9 == 0) * 1, before_revenue=(people.index % 9 == 0) * 9.0)
    few = rare[(rare["arm"] == "treated") | (rare["before_orders"] == 0)]
    few = pd.concat([few[few["arm"] == "treated"], few[few["arm"] == "control"].head(25)])
    assert alike_before(few).verdict != "fails"


def test_groups_of_one_name_are_not_compared():
    people = people_of(4, chosen=False).assign(region="unknown", kind=["person", "company"] * 1000)
    lift = Lift().fit(people)
    assert isinstance(lift.by("region"), NotEnough)
    assert len(lift.by("kind").table) == 2
