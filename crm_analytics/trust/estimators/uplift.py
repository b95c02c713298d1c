"""Whom a campaign changes: the gain of choosing (Qini) against what is planted; the plain reading is the gain that the
order shows on the very customers who taught it."""

from __future__ import annotations

from functools import partial

import pandas as pd

from crm_analytics.effectiveness.control.uplift import Uplift
from crm_analytics.effectiveness.control.uplift_trial import qini
from crm_analytics.simulation.experiments import experiment_people
from crm_analytics.trust.trials import Situation, Trial

LEARNERS = ("T-learner", "uplift trees")
"""The two quick ones."""


def _trial(seed: int, *, customers: int, uneven: float) -> Trial:
    people, truth = experiment_people(seed, customers=customers, uneven=uneven, effect=4.0)
    result = Uplift(measure="revenue", learners=LEARNERS).fit(people)
    trial = result.learned.trial
    gains = pd.Series(truth.parts).loc[result.people["customer_id"]].to_numpy()[trial.judged]
    planted = float(((gains - gains.mean()) * (0.5 - trial.place[trial.judged])).mean())
    taught = result.learned.change(result.learned.traits.of(result.people))
    promised = qini(trial.change, (-taught).argsort().argsort() / len(taught)).value
    low, high = result.qini.interval(0.95)
    return Trial(
        truth=planted if uneven else 0.0, estimate=result.qini.value, low=low, high=high, naive=promised, scale=4.0
    )


SITUATIONS = tuple(
    Situation(
        estimator="Uplift", words=f"{customers:,} customers, {named}",
        draw=partial(_trial, customers=customers, uneven=uneven), randomised=True,
    )
    for customers, uneven, named in (
        (2_000, 0.0, "all changed alike"), (2_000, 1.0, "three in ten gain, the frequent are put off"),
        (6_000, 1.0, "three in ten gain, the frequent are put off"),
    )
)  # fmt: skip
