"""A trial: an estimator asked about one simulated company, its answer beside the truth and beside the plain reading.

To add an estimator, write `trust/estimators/<noun>.py` with a tuple `SITUATIONS`: each a `Situation` whose `draw(seed)`
simulates, asks the Study and returns a `Trial`. A trial should take well under a second. Then `make trust`. Studies
that count, split or compare what is on record (LossReasons, PlanFact, RootCause …) have no truth behind it to be tried.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from math import nan

from crm_analytics.trust import estimators


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One answer: the estimate with its 95 % interval, the truth, and what the plain reading would have said.

    All are in the same unit, and `scale` is what errors are measured against in it (the sales to be expected, say).
    Where the estimator refused to answer, the estimate is not a number.
    """

    truth: float
    estimate: float = nan
    low: float = nan
    high: float = nan
    naive: float = nan
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What an estimator is tried in. `randomised` says whether chance decided who was treated: what is asked of the
    interval is stricter then."""

    estimator: str
    words: str
    draw: Callable[[int], Trial]
    randomised: bool = False


def situations() -> Iterator[Situation]:
    """All that there are, by estimator."""
    for module in sorted(one.name for one in pkgutil.iter_modules(estimators.__path__)):
        yield from import_module(f"{estimators.__name__}.{module}").SITUATIONS
