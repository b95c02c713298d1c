"""At which stage of its life with the company each customer stood on a day, by its own rhythm and that of the base."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.buying.pauses import Pauses
from crm_analytics.planning.customers.one.change_points import company_clock

if TYPE_CHECKING:
    import pandas as pd

STAGES = ("growing", "steady", "returned", "new", "declining", "dormant", "lost")
"""Of those who have bought, in the order in which a company would rather have them."""

ACTIVE = ("growing", "steady", "returned", "new", "declining")

LONGER = 2.0
"""Whoever is called lost would be so even if pauses of so many times the length of the records could be seen."""

YEAR_DAYS, FORTNIGHT = 365, 15

USUAL_PURCHASES = 6
"""A pace is compared with that of the time in which the customer usually buys so often."""


@dataclass(frozen=True, kw_only=True)
class History:
    """The purchases before a day, in order of customer and day, on the company's clock: it runs faster while everybody
    buys, so that a season is nobody's silence. One entry per customer in the arrays from `x` on."""

    ids: np.ndarray
    starts: np.ndarray
    run: np.ndarray
    end: float
    x: np.ndarray
    t: np.ndarray
    logs: np.ndarray
    silence: np.ndarray
    clock: np.ndarray
    """The clock's reading at the end of each calendar day."""
    days: int
    """Calendar days from the first purchase of all to the day asked about."""

    @classmethod
    def of(cls, rows: pd.DataFrame, day: pd.Timestamp) -> History:
        """From purchases (`customer_id`, `day`), sorted by customer and day, of which those before `day` count."""
        rows = rows[rows["day"] < day]
        ids, first = rows["customer_id"].to_numpy(object), rows["day"].min()
        days = (rows["day"] - first).dt.days.to_numpy()
        length = (day - first).days
        starts = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1]))) if len(ids) else np.array([], int)
        sizes = np.diff(np.concatenate((starts, [len(ids)])))
        who, ends = np.repeat(np.arange(len(starts)), sizes), starts + sizes - 1
        clock = _as_a_year_ago(company_clock(days[starts], days[ends], days, who, length), days[starts], days[ends])
        run = clock[days]
        pauses = np.diff(run, prepend=run[0])
        pauses[starts] = 1.0
        logs = np.add.reduceat(np.log(np.maximum(pauses, 1e-3)), starts)
        return cls(
            ids=ids[starts], starts=starts, run=run, end=float(clock[-1]), x=(sizes - 1).astype(float),
            t=run[ends] - run[starts], logs=logs, silence=clock[-1] - run[ends],
            clock=clock, days=length,
        )  # fmt: skip

    @property
    def last(self) -> np.ndarray:
        """The place of each customer's last purchase."""
        return np.concatenate((self.starts[1:], [len(self.run)])) - 1

    def pauses(self) -> Pauses:
        """The rhythm of the base as it showed itself until the day."""
        return Pauses.fit(self.x, self.t, self.logs, self.silence, reach_days=self.end)

    def usual_pause_days(self, quantile: float) -> float:
        """So many of the customers who came back did so after a last pause no longer than this."""
        again = self.x > 0
        last = self.run[self.last[again]] - self.run[self.last[again] - 1]
        return float(np.quantile(last, quantile)) if len(last) else float("nan")

    def stages(self, pauses: Pauses, *, doubt: float, gone: float) -> pd.DataFrame:
        """A customer a row, by id: `customer_id`, `stage`, `as_long` (the share of the customer's pauses that last as
        long as the present silence), `silence_days`, `usual_days` (the pause to expect), `purchases`."""
        import pandas as pd

        as_long = pauses.as_long(self.x, self.t, self.silence)
        longer = replace(pauses, reach_days=LONGER * pauses.reach_days)
        lost = longer.as_long(self.x, self.t, self.silence) < gone
        low, high = self._pace(pauses)
        stage = np.select(
            [
                lost & (as_long < doubt),
                as_long < doubt,
                self._came_back(pauses, doubt),
                self.x == 0,
                low < doubt,
                high < doubt,
            ],
            ["lost", "dormant", "returned", "new", "declining", "growing"],
            default="steady",
        )
        usual = pauses.usual_days(self.x, self.t)
        return pd.DataFrame({"customer_id": self.ids, "stage": stage, "as_long": as_long, "silence_days": self.silence,
                             "usual_days": usual, "purchases": (self.x + 1).astype(int)})  # fmt: skip

    def _came_back(self, pauses: Pauses, doubt: float) -> np.ndarray:
        """Whether the last purchase ended a pause that few of the customer's had been as long as, and the one before
        did not: two such pauses in a row are no absence but a slower pace."""
        pause, t, rare = 0.0, self.t, []
        for back in (1, 2):
            at = np.maximum(self.last - back + 1, self.starts)
            pause = self.run[at] - self.run[np.maximum(at - 1, self.starts)]
            t = t - pause
            rare.append(pauses.as_long(np.maximum(self.x - back, 0), t, pause) < doubt)
        return (self.x > 0) & rare[0] & ~(rare[1] & (self.x > 1))

    def _pace(self, pauses: Pauses) -> tuple[np.ndarray, np.ndarray]:
        """How seldom a steady customer would buy so little, and so much, as this one did lately; 1 where too early."""
        age = self.t + self.silence
        lately = np.minimum(USUAL_PURCHASES * pauses.usual_days(self.x, self.t), age / 2)
        since = self.end - lately
        who = np.repeat(np.arange(len(self.x)), self.x.astype(int) + 1)
        late = self.run > since[who]
        count = np.bincount(who, late, minlength=len(self.x))
        x = self.x - count
        settled = x >= 1
        t = np.where(settled, age - lately, 0.0)
        at_most = pauses.at_most(count, x=x.clip(min=0), t=t, days=lately)
        at_least = 1 - pauses.at_most(count - 1, x=x.clip(min=0), t=t, days=lately)
        return np.where(settled, at_most, 1.0), np.where(settled, at_least, 1.0)


def _as_a_year_ago(clock: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The clock with its last stretch as it ran a year before: of the newest days nobody can yet be seen to have
    bought before and again after, so that a season that is over would pass for everybody's silence."""
    length = len(clock)
    change = np.zeros(length + 1)
    np.add.at(change, np.minimum(first + 1, length), 1)
    np.add.at(change, last, -1)
    seen = np.cumsum(change)[:length]
    known = int(np.flatnonzero(seen >= 0.1 * max(seen.max(), 1))[-1]) + 1 if seen.max() > 0 else length
    tail = np.arange(known, length)
    if not len(tail) or known < YEAR_DAYS:
        return clock
    speed = np.diff(clock, prepend=0.0)
    smooth = np.convolve(np.pad(speed, FORTNIGHT // 2, mode="edge"), np.full(FORTNIGHT, 1 / FORTNIGHT), "valid")
    for day in tail:
        speed[day] = smooth[day] = smooth[day - YEAR_DAYS]
    return np.cumsum(speed)
