"""Whom the message changes: planted differences found, noise called noise, money that adds up, the published e-mail
test."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import NotEnough, Uplift, draw
from crm_analytics.effectiveness.control.uplift_trial import qini
from crm_analytics.simulation.experiments import experiment_people

LIGHT = {"measure": "revenue", "learners": ("T-learner", "uplift trees")}


@pytest.fixture(scope="module")
def told_apart():
    people, truth = experiment_people(3, customers=4000, uneven=1.0, effect=4.0)
    return people, truth, Uplift(measure="revenue", worth=0.4, cost=0.8).fit(people)


def verdict(result, name: str) -> str:
    return next(check.verdict for check in result.checks if check.name == name)


def true_qini(result, truth) -> float:
    trial = result.learned.trial
    gains = pd.Series(truth.parts).loc[result.people["customer_id"]].to_numpy()[trial.judged]
    return float(np.mean((gains - gains.mean()) * (0.5 - trial.place[trial.judged])))


def test_planted_differences_are_found_and_noise_is_not():
    found, alarms, covered = [], [], []
    for seed in range(4):
        people, truth = experiment_people(seed, customers=6000, uneven=1.0, effect=4.0)
        result = Uplift(**LIGHT).fit(people)
        low, high = result.qini.interval(0.95)
        found.append(result.usable)
        covered.append(low <= true_qini(result, truth) <= high)
        people, truth = experiment_people(seed, customers=1500, uneven=0.0, effect=3.0)
        result = Uplift(**LIGHT).fit(people)
        alarms.append(result.usable)
        assert result.usable or result.text.startswith("Do not target by this")
    assert np.sum(found) >= 3
    assert np.sum(alarms) <= 1
    assert np.sum(covered) >= 3


def test_those_who_gain_come_first_and_those_who_are_put_off_last(told_apart):
    _, truth, result = told_apart
    trial = result.learned.trial
    gains = pd.Series(truth.parts).loc[result.people["customer_id"]].to_numpy()[trial.judged]
    place = trial.place[trial.judged]
    assert gains[place < 0.2].mean() > gains.mean() > gains[place > 0.8].mean()
    kinds = result.table.set_index("kind")
    assert (kinds.filter(regex="won over", axis=0)["low"] > 0).all()
    assert (kinds.filter(regex="put off", axis=0)["high"] < 0).all()
    assert result.more.value > 0
    assert np.mean(gains[result.addressed]) > gains.mean()


def test_profit_is_effect_times_worth_less_cost(told_apart):
    people, _, result = told_apart
    n = len(people)
    change = result.learned.trial.change[result.learned.trial.judged]
    assert result.everybody.value == pytest.approx(n * (0.4 * change.mean() - 0.8))
    assert result.targeted.value - result.everybody.value == pytest.approx(result.more.value)
    curve = result.profit().table
    assert curve["profit"].iloc[0] == 0
    assert curve["profit"].iloc[-1] == pytest.approx(result.everybody.value)
    dear = result.but(cost=1000.0)
    assert not dear.addressed.any()
    assert dear.targeted.value == 0
    assert "Do not send" in dear.claims[0].decision
    assert result.but(cost=0.8).text == result.text


def test_the_fifths_are_all_customers_and_their_effects_the_whole(told_apart):
    people, _, result = told_apart
    trial = result.learned.trial
    assert result.table["customers"].sum() == trial.judged.sum() == pytest.approx(0.75 * len(people), abs=8)
    whole = np.average(result.table["effect"], weights=result.table["customers"])
    assert whole == pytest.approx(trial.change[trial.judged].mean())


def test_an_order_by_lot_gains_nothing():
    rng = np.random.default_rng(1)
    change = rng.normal(1.0, 5.0, 20_000)
    low, high = qini(change, rng.permutation(20_000) / 20_000).interval(0.99)
    assert low < 0 < high
    best = qini(change, (-change).argsort().argsort() / 20_000)
    assert best.value == pytest.approx(5 * 0.282, rel=0.05), "of a normal spread s the best order gains s / (2 sqrt pi)"


def test_it_foretells_other_people_and_averages_where_nobody_is_told_apart(told_apart):
    people, _, result = told_apart
    foretold = result.predict(people.drop(columns=[c for c in people if c.startswith("outcome_")]).head(500))
    assert foretold.table["uplift"].is_monotonic_decreasing
    assert foretold.claims == result.claims
    garden = people.set_index("customer_id")["top_category"].loc[foretold.table["customer_id"]] == "Garden"
    assert garden.to_numpy()[:100].mean() > 0.6 > garden.mean()
    noise = Uplift(**LIGHT).fit(experiment_people(5, customers=1500)[0])
    alike = noise.predict(people.head(50)).table
    assert alike["uplift"].nunique() == 1
    assert alike["uplift"].iloc[0] == pytest.approx(noise.effect.value)
    with pytest.raises(ValueError, match="customer_id"):
        result.predict(people.drop(columns="customer_id"))


def test_arms_that_were_not_drawn_by_lot_are_noticed():
    people, _ = experiment_people(4, customers=3000)
    kept = people[(people["arm"] == "control") | (people["orders_window"] > 2) | (people.index % 2 == 0)]
    assert verdict(Uplift(**LIGHT).fit(kept), "Drawn by lot") == "fails"
    assert verdict(Uplift(**LIGHT).fit(people), "Drawn by lot") != "fails"


def test_protected_traits_and_what_happened_afterwards_are_not_looked_at():
    people, _ = experiment_people(4, customers=1000)
    result = Uplift(**LIGHT).fit(people.assign(contacted=people["arm"] == "treated"))
    assert not {"age", "contacted", "arm", "outcome_orders"} & set(result.learned.traits.names)
    assert "age" in Uplift(**LIGHT, without=()).fit(people).learned.traits.names


@pytest.mark.parametrize(("arm", "told"), [("Mens E-Mail", False), ("Womens E-Mail", True)])
def test_hillstrom(datasets, arm, told):
    """Published readings: the women's mail moves visits of those who bought for women, the men's hardly differs."""
    mails = pd.read_csv(datasets / "hillstrom_email" / "hillstrom.csv.gz")
    people = mails[mails["segment"].isin([arm, "No E-Mail"])].reset_index(names="customer_id")
    people = people.assign(
        arm=np.where(people["segment"] == arm, "treated", "control"), customer_id=people["customer_id"].astype(str),
        outcome_visit=people["visit"], outcome_revenue=people["spend"],
    ).drop(columns=["segment", "visit", "conversion", "spend"])  # fmt: skip
    visits = Uplift(measure="visit", learners=("T-learner", "uplift trees")).fit(people)
    spend = Uplift(measure="revenue", learners=("T-learner",)).fit(people)
    effect = {"Mens E-Mail": (0.0766, 0.770), "Womens E-Mail": (0.0452, 0.424)}[arm]
    assert visits.effect.value == pytest.approx(effect[0], abs=0.002)
    assert spend.effect.value == pytest.approx(effect[1], abs=0.02)
    assert visits.usable is told
    if told:
        first = visits.people["womens"].to_numpy()[visits.learned.trial.place < 0.2].mean()
        assert first > 0.9 > people["womens"].mean()
        assert 0.005 < visits.qini.value < 0.010


def test_it_refuses_where_nothing_can_be_learned():
    people, _ = experiment_people(5, customers=600)
    few = people[(people["arm"] == "treated") | (people.index % 6 == 0)]
    few = pd.concat([few, few.assign(customer_id="X" + few["customer_id"])])
    assert isinstance(Uplift(measure="revenue").fit(few), NotEnough)
    assert isinstance(Uplift(measure="revenue").fit(people.assign(outcome_revenue=0.0)), NotEnough)
    assert isinstance(Uplift(measure="margin").fit(people.assign(outcome_margin=np.nan)), NotEnough)
    bare = people[["customer_id", "arm", "outcome_revenue"]]
    assert isinstance(Uplift(measure="revenue").fit(bare), NotEnough)
    with pytest.raises(ValueError, match="mean order"):
        Uplift(measure="mean order").fit(people)


@pytest.mark.parametrize(
    "knobs",
    [{"learners": ("magic",)}, {"learners": ()}, {"worth": 0.0}, {"cost": -1.0}, {"folds": 1}, {"without": "x"}],
)
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        Uplift(**knobs)


def test_text_from_data_is_data(told_apart):
    people, _, _ = told_apart
    odd = people.assign(**{"<b>x</b> {y}": people["luck"]}, campaign="<script>{n}")
    result = Uplift(**LIGHT).fit(odd.head(1000))
    assert "<script>" not in draw(result).to_html(include_plotlyjs=False).split("<body>")[0]
    assert result.claims[0].subject == "<script>{n}"
