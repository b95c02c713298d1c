"""Satisfaction of those whose case was settled at the first contact, beside the plain difference."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.service.settled import Settled
from crm_analytics.result import enough
from crm_analytics.simulation.settled import settled_cases
from crm_analytics.trust.trials import Situation, Trial


def _satisfied(seed: int, gain: float) -> Trial:
    result = Settled().fit(settled_cases(seed, gain=gain, worth=0.0))
    if not enough(result):
        return Trial(truth=gain)
    told = result.satisfaction
    return Trial(truth=gain, estimate=told.value, low=told.low, high=told.high, naive=told.plain, scale=4.0)


SITUATIONS = tuple(
    Situation(estimator="Settled", words=words, draw=partial(_satisfied, gain=gain))
    for words, gain in (
        ("hard cases annoy by themselves, settling at once changes nothing", 0.0),
        ("hard cases annoy by themselves, settling at once satisfies by 0.4 of four steps", 0.4),
    )
)
