"""A test against control, with arms of several sizes; the plain reading is the difference of the arms' means."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.control.lift import Lift
from crm_analytics.result import enough
from crm_analytics.simulation.campaigns import experiment
from crm_analytics.trust.trials import Situation, Trial

USUAL_REVENUE = 17.0
"""What an ordinary customer of the experiment brings in its four weeks: errors are shares of it."""


def _trial(seed: int, *, customers: int, addressed: float, effect: float) -> Trial:
    people, truth = experiment(seed, customers=customers, effect=effect, treated_share=addressed)
    result = Lift().fit(people)
    if not enough(result):
        return Trial(truth=truth.effect)
    plain = people.groupby("arm")["outcome_revenue"].mean()
    return Trial(
        truth=truth.effect, estimate=result.effect, low=result.low, high=result.high, scale=USUAL_REVENUE,
        naive=plain["treated"] - plain["control"],
    )  # fmt: skip


SITUATIONS = tuple(
    Situation(
        estimator="Lift",
        words=f"{customers:,} customers, {addressed:.0%} addressed, {_named}",
        draw=partial(_trial, customers=customers, addressed=addressed, effect=effect),
        randomised=True,
    )
    for customers, addressed in ((10_000, 0.5), (2_000, 0.5), (2_000, 0.9))
    for _named, effect in (("no effect", 0.0), ("3 more a head", 3.0), ("2 less a head", -2.0))
)
