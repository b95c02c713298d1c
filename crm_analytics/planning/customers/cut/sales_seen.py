"""Two periods as the engine sums them: parts, whole, and the same periods moved back, for what is ordinary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.cut.sales_change import SIDES, value_of
from crm_analytics.planning.customers.cut.sales_cut import MOST_WINDOWS, STEPS, Lines
from crm_analytics.planning.customers.cut.sales_measures import DISTINCT
from crm_analytics.planning.customers.cut.sales_periods import Steps
from crm_analytics.planning.ordinary import log_ratios, ordinary_range
from crm_analytics.result.period import Period, month_number

if TYPE_CHECKING:
    from crm_analytics.planning.customers.cut.sales_measures import Measure


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Sums before and now: `parts` with their keys, `whole` in one row; columns `<sum>_before` and `<sum>_now`.

    `earlier` are the sums of the parts and of the whole in the pairs of periods that lie further back, where these
    are alike in length and the parts are no steps within one.
    """

    parts: pd.DataFrame
    whole: pd.DataFrame
    earlier: tuple[Windows | None, Windows | None]

    @classmethod
    def of(cls, sold: Lines, by: tuple[str, ...], *, now: Period, before: Period, sums: tuple[str, ...]) -> Compared:
        """Ask the engine as few times as can be: one pass where parts neither overlap nor are steps of a period."""
        steps = Steps.between(now, before)
        moving = steps.length > 0
        windows = Windows.of(sold, by, steps, sums) if moving and not set(by) & {*STEPS} else None
        parts = windows.newest(by) if windows else _periods(sold, by, now=now, before=before, sums=sums)
        if not by or not set(sums) & {*DISTINCT}:
            whole = parts[[name for name in parts if name not in by]].sum().to_frame().T
            all_windows = windows.summed() if windows else Windows.of(sold, (), steps, sums) if moving else None
        else:
            all_windows = Windows.of(sold, (), steps, sums) if moving else None
            whole = all_windows.newest(()) if moving else _periods(sold, (), now=now, before=before, sums=sums)
        return cls(parts=parts, whole=whole, earlier=(windows, all_windows))

    @property
    def anything(self) -> bool:
        return bool(self.whole.to_numpy().any())

    def ordinary(self, measure: Measure, *, whole: bool = False) -> tuple[np.ndarray, int]:
        """Low and high of an ordinary change, a row for each part or for the whole, and from how many changes."""
        rows = 1 if whole else len(self.parts)
        windows = self.earlier[whole]
        if windows is None:
            return np.full((rows, 2), np.nan), 0
        changes = windows.changes(measure, None if whole else self.parts)
        return ordinary_range(changes), int(np.isfinite(changes).sum())


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Sums of parts in a period and in those before it (`back` 1, 2 …), and the same for what it is compared with."""

    by: tuple[str, ...]
    before: pd.DataFrame
    now: pd.DataFrame
    sums: tuple[str, ...]
    whole_windows: int
    """How many of them, counted back, lie in known days as a whole."""

    @classmethod
    def of(cls, sold: Lines, by: tuple[str, ...], steps: Steps, sums: tuple[str, ...]) -> Windows:
        ask = {"unit": steps.unit, "length": steps.length, "sums": sums}
        now = sold.in_windows(by, last=steps.last, **ask)
        apart, off = divmod(steps.last - steps.last_before, steps.length)
        if off == 0 and 0 < apart <= MOST_WINDOWS // 4:  # the same windows serve both
            before = now[now.back >= apart].assign(back=lambda t: t.back - apart)
        else:
            before = sold.in_windows(by, last=steps.last_before, **ask)
        first = month_number(sold.first) if steps.unit == "month" else sold.first.toordinal()
        known = (min(steps.last, steps.last_before) - first + 1) // steps.length
        return cls(by=by, before=before, now=now, sums=sums, whole_windows=min(known, MOST_WINDOWS // 2))

    def newest(self, by: tuple[str, ...]) -> pd.DataFrame:
        """The two periods themselves."""
        newest = (side[side.back == 0].drop(columns="back") for side in (self.before, self.now))
        return _side_by_side(*newest, by=by, sums=self.sums)

    def summed(self) -> Windows:
        """The whole, where parts do not overlap."""
        before, now = (side.groupby("back", as_index=False)[[*self.sums]].sum() for side in (self.before, self.now))
        return Windows(by=(), before=before, now=now, sums=self.sums, whole_windows=self.whole_windows)

    def changes(self, measure: Measure, parts: pd.DataFrame | None) -> np.ndarray:
        """Log changes further back, a row for each part, or one for the whole."""
        values = [self._values(side, measure, parts) for side in (self.now, self.before)]
        return log_ratios(*values)

    def _values(self, side: pd.DataFrame, measure: Measure, parts: pd.DataFrame | None) -> np.ndarray:
        side = side.assign(value=value_of(side, measure))
        columns = range(1, max(self.whole_windows, 1))
        if parts is None or not self.by:
            return side.set_index("back").value.reindex(columns).to_numpy(float)[None, :]
        keys = [*self.by]
        index = pd.MultiIndex.from_frame(parts[keys]) if len(keys) > 1 else pd.Index(parts[keys[0]])
        wide = side.pivot_table(index=keys, columns="back", values="value", aggfunc="first")
        return wide.reindex(index=index, columns=columns).to_numpy(float)


def _periods(sold: Lines, by: tuple[str, ...], *, now: Period, before: Period, sums: tuple[str, ...]) -> pd.DataFrame:
    return _side_by_side(*(sold.in_steps(by, period, sums) for period in (before, now)), by=by, sums=sums)


def _side_by_side(before: pd.DataFrame, now: pd.DataFrame, *, by: tuple[str, ...], sums: tuple[str, ...]):
    """Both periods in one row for each part; a part with nothing in either is none."""
    named = [f"{name}_{side}" for side in SIDES for name in sums]
    if not by:
        values = [int(side[name].sum()) for side in (before, now) for name in sums]
        return pd.DataFrame([values], columns=named)
    keys = [*by]
    both = before.set_index(keys).add_suffix("_before").join(now.set_index(keys).add_suffix("_now"), how="outer")
    both = both.fillna(0).astype("int64").sort_index().reset_index()
    return both[(both[named] != 0).any(axis=1)].reset_index(drop=True)
