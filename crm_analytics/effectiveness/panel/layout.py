"""Who was on when: a panel as matrices, and each time a campaign was on with units to compare."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.panel.case import Case

TINY = 1e-9
"""A unit that sold nothing in some stretch of the past is no reason to divide by zero."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spell:
    """One time that one or several units were on: their columns, the others', and the periods.

    `starts` to `ends` is the window in which the effect is looked for (its tail included, `ends` excluded); `before`
    are the clean periods to learn from.
    """

    units: np.ndarray
    others: np.ndarray
    starts: int
    ends: int
    before: np.ndarray

    @property
    def length(self) -> int:
        return self.ends - self.starts


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """A panel folded into periods of `period_days`, counted from the day the campaign began: periods × units.

    `values` is the measure. `spells` are the times the campaign was on. `level` counts every unit as it is; otherwise
    each is an index against its own mean before, so that all may grow by the same share.
    """

    units: list[str]
    days: pd.DatetimeIndex
    values: np.ndarray
    on: np.ndarray
    spells: list[Spell]
    level: bool
    pull: np.ndarray = field(repr=False)
    """What is known to have moved each unit apart from all others, as a factor."""

    def case(self, spell: Spell, *, back: int = 0, columns: np.ndarray | None = None) -> Case:
        """The spell as a case, `back` periods earlier than it was.

        With `columns` other units than those reached are taken for the treated: the others are those that remain.
        """
        periods = np.arange(len(self.days))
        before = spell.before & (periods < spell.starts - back)
        window = (periods >= spell.starts - back) & (periods < spell.ends - back)
        own = spell.units if columns is None else columns
        others = spell.others if columns is None else np.setdiff1d(spell.others, columns)
        apart = self.values / self.pull
        size = np.maximum(apart[np.ix_(before, others)].mean(axis=0), TINY)
        one = self.one(own, before)
        return Case(
            treated=apart[:, own].sum(axis=1) / one,
            others=apart[:, others] / (1.0 if self.level else size),
            before=before,
            window=window,
            size=np.ones(len(others)) if self.level else size,
            reached=len(own),
        )

    def one(self, columns: np.ndarray, before: np.ndarray) -> float:
        """What a value of one stands for: the mean before of these units together, or their number."""
        together = (self.values[:, columns] / self.pull[:, columns]).sum(axis=1)
        return float(len(columns)) if self.level else max(float(together[before].mean()), TINY)

    def drawn(self, columns: np.ndarray, before: np.ndarray) -> np.ndarray:
        """By which factor these units together were moved apart from all others, for every period."""
        size = (self.values[:, columns] / self.pull[:, columns])[before].mean(axis=0)
        return self.pull[:, columns] @ (size / size.sum()) if size.sum() > 0 else np.ones(len(self.days))

    def least_before(self, spell: Spell) -> int:
        """So many clean periods a trial on earlier ones must have to learn from: a third of what the answer has."""
        return max(8, int(spell.before.sum()) // 3)

    def shifts(self, most: int) -> np.ndarray:
        """By how many periods the whole campaign can be moved into the time before it, to try the method there."""
        least = self.span
        far = min(s.starts - _nth(s.before, self.least_before(s)) for s in self.spells)
        found = np.arange(least, far + 1)
        return found if len(found) <= most else found[np.unique(np.linspace(0, len(found) - 1, most).astype(int))]

    @property
    def span(self) -> int:
        """Periods from the first day of the campaign to the last of its tail, in the units where that is longest."""
        groups = {tuple(s.units) for s in self.spells}
        of = [[s for s in self.spells if tuple(s.units) == group] for group in groups]
        return max(max(s.ends for s in group) - min(s.starts for s in group) for group in of)


def _nth(flags: np.ndarray, n: int) -> int:
    """The period after the n-th flagged one; beyond the end when there are fewer."""
    hits = np.flatnonzero(flags)
    return int(hits[n - 1]) + 1 if len(hits) >= n else len(flags) + 1


def folded(frame: pd.DataFrame, columns: list[str], *, start: pd.Timestamp, period_days: int) -> pd.DataFrame:
    """Sums of the columns per unit and period, whole periods only, counted from the start; days as they are at 1."""
    if period_days == 1:
        return frame.groupby(["day", "unit"], as_index=False)[columns].sum()
    number = (frame["day"] - start).dt.days // period_days
    parts = frame.assign(period=number).groupby(["period", "unit"], as_index=False)
    sums = parts[columns].sum()
    lengths = frame.assign(period=number).groupby("period")["day"].nunique()
    whole = lengths.index[lengths == period_days]
    sums = sums[sums["period"].isin(whole)]
    sums["day"] = start + pd.to_timedelta(sums["period"] * period_days, unit="D")
    return sums.drop(columns="period")


def spells_of(on: np.ndarray, apart: np.ndarray, *, tail: int) -> list[Spell]:
    """Every time that units were on, with those that can be compared with them (periods × units, units that cannot).

    Units that went on and off together are one. Others are those left alone, and those not reached until the window is
    over. A window ends before the next of the same units begins.
    """
    periods = len(on)
    treated = np.flatnonzero(on.any(axis=0))
    groups: dict[bytes, list[int]] = {}
    for unit in treated:
        groups.setdefault(on[:, unit].tobytes(), []).append(unit)
    first = np.where(on.any(axis=0), on.argmax(axis=0), periods + 1)
    found = []
    for members in groups.values():
        edges = np.flatnonzero(np.diff(np.r_[False, on[:, members[0]], False])).reshape(-1, 2)
        own = np.zeros(periods, dtype=bool)
        windows = []
        for (begins, over), following in zip(edges, [*edges[1:, 0], periods], strict=True):
            windows.append((int(begins), int(min(over + tail, following))))
            own[windows[-1][0] : windows[-1][1]] = True
        for begins, ends in windows:
            others = np.flatnonzero((first >= ends) & ~apart)
            before = ~own & (np.arange(periods) < begins)
            found.append(Spell(units=np.array(members), others=others, starts=begins, ends=ends, before=before))
    return sorted(found, key=lambda spell: (spell.starts, tuple(spell.units)))
