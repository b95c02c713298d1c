"""When will each customer buy next? Three ways to tell it from the days of earlier purchases, the best of which speaks.

All are on the company's clock, which runs faster while everybody buys; of the days ahead, it runs as it did a year ago.
`free`: purchases come at random at an own pace (BG/NBD). `common rhythm`: pauses are as regular as the base's.
`own rhythm`: some customers keep to their pauses and others do not; each is what the own pauses look like.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.base.stages import YEAR_DAYS, History

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.buying.pauses import Pauses

SHAPES = (0.7, 1.0, 2.0, 4.0, 8.0, 16.0)
"""How regular pauses can be: 1 is chance, at 16 most pauses are within a quarter of the usual one."""

POINTS = 24
"""At so many days of the horizon the chance to have bought is calculated."""

WAYS = ("own rhythm", "common rhythm", "free")


@dataclass(frozen=True, kw_only=True, eq=False)
class When:
    """Of customers known on a day, the chance to have bought again by each of `days` ahead, by each way to tell it."""

    ids: np.ndarray
    days: np.ndarray
    curves: dict[str, np.ndarray]
    """Customers × days."""

    @classmethod
    def foretold(cls, purchases: pd.DataFrame, day: pd.Timestamp, horizon_days: int) -> When:
        """From purchases (`customer_id`, `day`), sorted by customer and day, of which those before `day` are known."""
        history = History.of(purchases, day)
        days = np.unique(np.round(np.linspace(0, horizon_days, POINTS + 1))).astype(int)
        ahead = _ahead(history.clock, horizon_days)[days]
        pauses = history.pauses()
        curves = {"own rhythm": _own(history, pauses, ahead), "common rhythm": _bought(pauses, history, ahead),
                  "free": _free(history, ahead)}  # fmt: skip
        return cls(ids=history.ids, days=days, curves=curves)

    def chances(self, way: str) -> np.ndarray:
        """The chance of each customer to buy within the horizon."""
        return self.curves[way][:, -1]

    def day_at(self, way: str, share: float) -> np.ndarray:
        """By which day so much of each customer's chance to buy within the horizon has passed."""
        curve = self.curves[way]
        reached = curve >= share * curve[:, -1:]
        at = np.maximum(reached.argmax(axis=1), 1)
        rows = np.arange(len(curve))
        before, after = curve[rows, at - 1], curve[rows, at]
        part = (share * curve[:, -1] - before) / np.maximum(after - before, 1e-300)
        return self.days[at - 1] + np.clip(part, 0, 1) * (self.days[at] - self.days[at - 1])


def _ahead(clock: np.ndarray, horizon_days: int) -> np.ndarray:
    """The clock of the days ahead, from 0: as it ran a year ago, else one a day."""
    known = len(clock)
    days = np.arange(horizon_days + 1)
    if known < YEAR_DAYS + 1 or horizon_days > YEAR_DAYS:
        return days * float(clock[-1] / max(known, 1))
    start = known - 1 - YEAR_DAYS
    return clock[start + days] - clock[start]


def _bought(pauses: Pauses, history: History, ahead: np.ndarray) -> np.ndarray:
    """The chance that the present pause ends by then, of somebody who may have left."""
    x, t, silence = history.x, history.t, history.silence
    over = pauses._ended(x, t, silence)
    leaves = pauses._leaves(x)
    here = (1 - leaves) / np.maximum(leaves + (1 - leaves) * (1 - over), 1e-300)
    ends = pauses._ended(x[:, None], t[:, None], silence[:, None] + ahead[None, :])
    return np.clip(here[:, None] * (ends - over[:, None]), 0, 1)


def _own(history: History, base: Pauses, ahead: np.ndarray) -> np.ndarray:
    """A mixture of bases that differ in regularity alone; how much each customer is of each, by the own pauses."""
    told = history.x, history.t, history.logs, history.silence
    kinds = [replace(base, shape=k, alpha_days=base.alpha_days * base.shape / k) for k in SHAPES]
    likelihood = np.column_stack([kind._log_likelihood(*told) for kind in kinds])
    likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    shares = np.full(len(SHAPES), 1 / len(SHAPES))
    for _ in range(60):
        belongs = likelihood * shares
        belongs /= belongs.sum(axis=1, keepdims=True)
        shares = belongs.mean(axis=0)
    return sum(belongs[:, [place]] * _bought(kind, history, ahead) for place, kind in enumerate(kinds))


def _free(history: History, ahead: np.ndarray) -> np.ndarray:
    from crm_analytics.planning.customers.buying.bg_nbd import BGNBD

    x, t = history.x, np.round(history.t)
    T = t + np.round(np.maximum(history.silence, 0))
    model = BGNBD.fit(x, t, np.maximum(T, 1))
    alive = model.p_alive(x, t, T)
    return np.column_stack([alive * model.buys_if_active(x, T, float(days)) for days in ahead])
