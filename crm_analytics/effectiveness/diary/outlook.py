"""What will the next weeks bring if they run as this year runs: the forecast every other one has to beat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.amounts import amount
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.say import say

YEAR_DAYS, QUARTER_DAYS = 364, 91
LEAST_TRIALS = 5
TRUST = (0.0, 0.5, 1.0)
"""Which part of this year's growth is carried on: what did best in the trials."""


@dataclass(frozen=True, kw_only=True)
class Outlook(Study):
    """What will the next weeks bring, if nothing special is done?

    The same weekdays of the year before, times how much more the last quarter brought than the same quarter a year
    earlier. It knows of no price, no campaign and no competitor: it is what one can say without a model, and so the
    measure of every model. Its interval is how far the same recipe missed, tried every `window_days` in the past
    (Student's t on the logarithms of the misses), each window ahead by its own trials.
    """

    reads = "daily_sales"
    columns = ("day",)
    least = 2
    of = "days"

    measure: Literal["revenue", "orders", "units"] = "revenue"
    window_days: int = 28
    windows: int = 3
    confidence: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("revenue", "orders", "units"):
            raise ValueError(f"measure is revenue, orders or units, not {self.measure!r}.")
        if not 7 <= self.window_days <= 91 or not 1 <= self.windows <= 5:
            raise ValueError("window_days is 7 to 91 days, and windows 1 to 5.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.measure not in frame:
            raise ValueError(f"Outlook needs the column {self.measure}; features.daily_sales(wh, …) has it.")
        frame = frame.assign(day=pd.to_datetime(frame["day"])).sort_values("day", ignore_index=True)
        if (frame["day"].diff().dropna() != timedelta(days=1)).any():
            raise ValueError("Outlook needs one row for every day; features.daily_sales(wh, …) leaves no gaps.")
        sums = np.r_[0.0, np.cumsum(frame[self.measure].fillna(0).to_numpy(float))]
        ahead = self.window_days * self.windows
        need = YEAR_DAYS + QUARTER_DAYS + ahead + (LEAST_TRIALS - 1) * self.window_days
        if len(frame) < need:
            return self.refuse(say(
                "Not enough evidence: {have:count} days of sales; a year to go by and {trials:count} trials of it take "
                "{need:count}.", have=len(frame), trials=LEAST_TRIALS, need=need))  # fmt: skip
        origins = np.arange(len(frame) - ahead, YEAR_DAYS + QUARTER_DAYS - 1, -self.window_days)
        tried = [self._tried(sums, origins, trust) for trust in TRUST]
        known = [errors for errors, _ in tried]
        if not all(np.isfinite(errors).all() for errors in known):
            return self.refuse(say(
                "Not enough evidence: in some weeks nothing was sold, so there is nothing to multiply; ask for longer "
                "windows or more of the company."))  # fmt: skip
        best = int(np.argmin([np.sqrt((errors**2).mean()) for errors in known]))
        table = self._ahead(sums, frame["day"].iloc[-1] + pd.Timedelta(days=1), TRUST[best], known[best])
        if not np.isfinite(table[["value", "low", "high"]].to_numpy()).all():
            return self.refuse(say("Not enough evidence: nothing was sold in the same weeks a year before."))
        first = table.iloc[0]
        return OutlookResult(
            study=self, table=table, errors=known[best], trust=TRUST[best], day=first["first"].date(),
            history=frame[["day", self.measure]].tail(YEAR_DAYS + ahead).reset_index(drop=True),
            text=say(
                "{value} ({low} – {high}) of {measure} from {first:date} to {last:date}, if it runs as this year runs.",
                value=amount(self.measure, first["value"]), low=amount(self.measure, first["low"]),
                high=amount(self.measure, first["high"]), measure=say(self.measure),
                first=first["first"], last=first["last"],
            ),
            checks=_checks(self, known[best], np.sqrt((known[0] ** 2).mean())),
        )  # fmt: skip

    def _forecast(self, sums: np.ndarray, origins: Any, window: int, trust: float) -> np.ndarray:
        """What the recipe says at these origins of the window so many windows on."""
        first = origins + window * self.window_days
        base = sums[first + self.window_days - YEAR_DAYS] - sums[first - YEAR_DAYS]
        now = sums[origins] - sums[origins - QUARTER_DAYS]
        then = sums[origins - YEAR_DAYS] - sums[origins - YEAR_DAYS - QUARTER_DAYS]
        with np.errstate(divide="ignore", invalid="ignore"):
            return base * (now / then) ** trust

    def _tried(self, sums: np.ndarray, origins: np.ndarray, trust: float) -> tuple[np.ndarray, np.ndarray]:
        """Misses of the recipe in the past, in logarithms: origins × windows; and what it said."""
        said = np.column_stack([self._forecast(sums, origins, w, trust) for w in range(self.windows)])
        starts = origins[:, None] + self.window_days * np.arange(self.windows)
        came = sums[starts + self.window_days] - sums[starts]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(came / said), said

    def _ahead(self, sums: np.ndarray, begins: pd.Timestamp, trust: float, errors: np.ndarray) -> pd.DataFrame:
        from scipy.stats import t

        n, rows = len(errors), []
        for window in range(self.windows):
            value = float(self._forecast(sums, np.array([len(sums) - 1]), window, trust)[0])
            spread = float(np.sqrt((errors[:, window] ** 2).mean() * (1 + 1 / n)))
            half = float(t.ppf(0.5 + self.confidence / 2, n - 1)) * spread
            first = begins + pd.Timedelta(days=window * self.window_days)
            rows.append({
                "first": first, "last": first + pd.Timedelta(days=self.window_days - 1), "value": value,
                "low": value * np.exp(-half), "high": value * np.exp(half), "missed": spread,
            })  # fmt: skip
        return pd.DataFrame(rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class OutlookResult(Result):
    """A window ahead a row: `first`, `last`, `value`, `low`, `high`, `missed` (how far the recipe usually misses it, in
    logarithms). `errors` are the misses of all trials, origins × windows; `trust` the part of the growth carried on."""

    errors: np.ndarray = field(repr=False)
    history: pd.DataFrame = field(repr=False)
    trust: float
    day: date

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What each window brings; it expires with its window."""
        measure = self.study.measure
        return tuple(
            Claim(
                subject=say("{measure} if it runs as this year runs", measure=say(measure)), measure=measure,
                value=float(row.value), low=float(row.low), high=float(row.high), confidence=self.study.confidence,
                evidence="modelled", first=row.first.date(), last=row.last.date(),
                expires=row.last.date() + timedelta(days=1),
                reversed_by=say("The window from {first:date} lies outside the interval.", first=row.first),
            )
            for row in self.table.itertuples()
        )  # fmt: skip


def _checks(study: Outlook, errors: np.ndarray, plain: float) -> tuple[Check, ...]:
    n, missed = len(errors), float(np.sqrt((errors**2).mean()))
    lean = float(errors.mean())
    return (
        Check(
            name=say("Trials"), verdict="holds" if n >= 8 else "weak",
            text=say("Tried {n:count} times in the past it missed by {missed:percent} as a rule; the year before alone "
                     "would have missed by {plain:percent}.", n=n, missed=missed, plain=plain),
        ),
        Check(
            name=say("Lean"), verdict="holds" if abs(lean) < missed / 2 else "weak",
            text=say("In the trials {lean:percent} more came than was said; the interval allows for it.", lean=lean),
        ),
    )  # fmt: skip
