"""Why did it jump: what each cause changed between two periods, what is left unexplained, and how well that is
known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.causes import detector
from crm_analytics.effectiveness.causes.between import BetweenPeriods
from crm_analytics.effectiveness.causes.detector import Found
from crm_analytics.effectiveness.causes.evidence import (
    FAIR,
    ORDINARY,
    STILL,
    STRONG,
    UNUSUAL,
    Together,
    told_together,
    weighed,
)
from crm_analytics.effectiveness.causes.jump_checks import checks
from crm_analytics.effectiveness.causes.jump_words import COLUMNS, called, claims, sentence
from crm_analytics.effectiveness.causes.learned import TIMING, Learned, extras
from crm_analytics.effectiveness.causes.periods import Periods
from crm_analytics.effectiveness.causes.split import UNEXPLAINED, Split
from crm_analytics.effectiveness.unlinked.influences import TOUCHES, Series
from crm_analytics.result import Claim, Result
from crm_analytics.say import say

LEAST_DAYS = 112
ORDINARY_DAYS = 0.95
LEAST_COUNTED = 0.15
"""A series with something to count on a smaller share of its days is too thin to be told apart by days."""


@dataclass(frozen=True, kw_only=True)
class Jump(BetweenPeriods):
    """Why did it jump? A change between two periods, split among its causes.

    The later period runs from `starts` to `ends`, the earlier one from `before_starts` to `before_ends`; without the
    latter it is the same number of days just before. Without any of them the largest jump is looked for, at a rate of
    `false_alarms` over the whole history. Causes are what the table's columns know: own and competitors' prices, empty
    shelves, the assortment, market indicators, campaigns by name, season, holidays, trend, the calendar itself. Each
    is known by how the series answered to it in its whole history; see `split` for the sum, `evidence` for the grades.
    Reads days without gaps, of sales (`features.daily_causes`) or of contacts (`features.daily_enquiries`): `measure`
    is any of their counted columns. Shares of money are rounded to the cent and the unexplained is what is left,
    so that they sum exactly.
    """

    measure: str = "revenue"
    confidence: float = 0.95
    false_alarms: float = 0.05
    seed: int = 1

    reads = "daily_causes"
    columns = ("day",)
    least = LEAST_DAYS
    of = "days"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.false_alarms <= 0.5:
            raise ValueError(f"false_alarms is a share above 0 and up to 0.5, not {self.false_alarms!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.measure not in frame or not pd.api.types.is_numeric_dtype(frame[self.measure]):
            raise ValueError(
                f"There is no measure {self.measure!r} in this table; its columns are {', '.join(frame.columns)}."
            )
        frame = frame.assign(day=pd.to_datetime(frame["day"])).sort_values("day", ignore_index=True)
        if (frame["day"].diff().dropna() != timedelta(days=1)).any():
            raise ValueError("Jump needs one row for every day; features.daily_causes(wh, …) leaves no gaps.")
        marks = [c for c in frame if c in ("campaign", "other_campaigns") or c.startswith(TOUCHES)]
        series = Series.of(frame.drop(columns=marks), self.measure, len(frame))  # campaigns come by name
        counted = float((series.actual > 0).mean())
        if counted < LEAST_COUNTED or series.open.sum() < LEAST_DAYS / 2:
            return self.refuse(
                say(
                    "Not enough evidence: there is anything to count on only {share:percent} of the days; ask of "
                    "longer days or of a larger part of the company.",
                    share=counted,
                )
            )
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):  # the matrices are small: more threads only wait for one another
            timing = Learned.of(series, {}, only=TIMING)
            found = detector.largest(timing, seed=self.seed) if self.starts is None else None
            parts = (found.before, found.days) if found else self.rows(frame["day"].iloc[0], len(frame))
            if parts is None:
                return self.refuse(
                    say(
                        "Not enough evidence: the table has days from {first:date} to {last:date}, and both periods "
                        "must lie within them.",
                        first=frame["day"].iloc[0],
                        last=frame["day"].iloc[-1],
                    )
                )
            return self._split(frame, series, timing, parts, found)

    def _split(
        self, frame: pd.DataFrame, series: Series, timing: Learned, parts: tuple[slice, slice], found: Found | None
    ) -> Result:
        if not all(series.open[part].any() and series.actual[part].sum() > 0 for part in parts):
            return self.refuse(say("Not enough evidence: in one of the two periods there is nothing to count."))
        from scipy import stats

        periods = Periods.of(*parts, is_open=series.open, weekday=frame["day"].dt.day_of_week.to_numpy())
        learned = Learned.of(series, extras(frame, *parts))
        split, plain = Split.of(learned, periods), Split.of(timing, periods)
        z = float(stats.t.ppf((1 + self.confidence) / 2, learned.freedom))
        days = [(frame["day"].iloc[part.start].date(), frame["day"].iloc[part.stop - 1].date()) for part in parts]
        answer = JumpResult(
            study=self,
            table=_table(split, z, believed=found is None or found.false_alarms <= self.false_alarms),
            text="",
            was=_cents(split.was),
            now=_cents(split.now),
            before=days[0],
            after=days[1],
            brought=not periods.alike,
            together=tuple(told_together(split, z)),
            ordinary=z * split.ordinary(),
            ordinary_change=z * plain.ordinary(),
            beyond_timing=plain.unexplained,
            found=found,
            history=frame[["day"]].assign(actual=series.actual),
            known=tuple(c for c in frame if c in COLUMNS or c.startswith("market_")),
            silent=tuple(frame["day"][series.silent].dt.date),
            order=_large_order(frame, parts, split.now - split.was) if self.measure == "revenue" else None,
            sent_back=_sent_back(frame, parts) if self.measure == "revenue" else 0.0,
        )
        return replace(answer, text=sentence(answer), checks=checks(answer))


@dataclass(frozen=True)
class LargeOrder:
    """The largest order of the period that sold more, where hardly another day has one so large."""

    day: date
    amount: float
    usual: float
    """What the largest order of nineteen other days in twenty stays below."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JumpResult(Result):
    """A change between two periods and its causes.

    `table` has a row per cause, the largest first and the unexplained last: cause (in words), key, change, low, high
    (in the unit of the measure, to the cent), share (of `was`), grade (see `evidence`; of the unexplained: ordinary or
    unusual), days, earlier, learned. `change` sums exactly to `now` − `was`. `together` are the pairs that cannot be
    told apart. `ordinary` is how far the unexplained goes in ordinary times, and `ordinary_change` how far a change
    goes beyond weekday, season and holidays; `beyond_timing` is how far this one went. `brought` says that the earlier
    period was brought to the later one's days. `order` is the largest order of the period that sold more, if
    hardly another day has one so large; `sent_back` how much more money of goods came back in the later period than in
    as many days of the earlier one, which revenue does not count; `silent` are the days for which nothing is on record.
    `history` is the series: day, actual.
    """

    was: float
    now: float
    before: tuple[date, date]
    after: tuple[date, date]
    brought: bool
    together: tuple[Together, ...]
    ordinary: float
    ordinary_change: float
    beyond_timing: float
    known: tuple[str, ...]
    silent: tuple[date, ...]
    found: Found | None = None
    order: LargeOrder | None = None
    sent_back: float = 0.0
    history: pd.DataFrame = field(repr=False)

    @property
    def change(self) -> float:
        return _cents(self.now - self.was)

    @property
    def unusual(self) -> bool:
        """Whether it stands out: among all stretches where it was looked for, else from an ordinary drift between
        neighbours beyond weekday, season and holidays."""
        if self.found:
            return self.found.false_alarms <= self.study.false_alarms
        return abs(self.beyond_timing) > self.ordinary_change

    @property
    def one_order(self) -> bool:
        """Whether most of the change is one order, larger than those of ordinary days."""
        return self.order is not None and 2 * self.order.amount > abs(self.change) > 0

    @property
    def mostly_sent_back(self) -> bool:
        """Whether goods worth most of the change were sold in one of the periods and came back in it."""
        return self.sent_back * self.change > 0 and 2 * abs(self.sent_back) > abs(self.change)

    @property
    def main(self) -> pd.Series | None:
        """The row of the largest cause that is surely one: graded fair or strong, or an unexplained that is unusual.

        It goes the way of the whole change; None where there is no such cause, or nothing that stands out.
        """
        if self.found and not self.unusual:
            return None
        sure = self.table[self.table["grade"].isin((STRONG, FAIR, UNUSUAL))]
        sure = sure[np.sign(sure["change"]) == np.sign(self.change)]
        return None if sure.empty else sure.loc[sure["change"].abs().idxmax()]

    @property
    def readings(self) -> pd.DataFrame:
        """The whole change put down to one thing, as it is commonly done, beside what it changed: reading, said, is."""
        rows = self.table[self.table["key"].ne(UNEXPLAINED) & self.table["grade"].ne(STILL)]
        return pd.DataFrame(
            {
                "reading": [say("it was {cause}", cause=cause) for cause in rows["cause"]],
                "said": self.change,
                "is": rows["change"].to_numpy(),
                "low": rows["low"].to_numpy(),
                "high": rows["high"].to_numpy(),
            }
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        return claims(self)


def _table(split: Split, z: float, *, believed: bool) -> pd.DataFrame:
    sd = np.sqrt(np.maximum(np.diagonal(split.covariance), 0.0))
    bounds = np.column_stack([split.change - z * sd, split.change + z * sd])
    evidence = weighed(split, bounds, told_together(split, z))
    rows = [
        {
            "cause": called(key),
            "key": key,
            "change": _cents(change),
            "low": _cents(low),
            "high": _cents(high),
            "grade": evidence[key].grade,
            "days": evidence[key].days,
            "earlier": evidence[key].earlier,
            "learned": evidence[key].learned,
        }
        for key, change, (low, high) in zip(split.keys, split.change, bounds, strict=True)
    ]
    table = pd.DataFrame(rows)
    table = table.iloc[np.lexsort((table["key"], -table["change"].abs()))]
    rest = _cents(_cents(split.now) - _cents(split.was) - table["change"].sum())
    spread = z * float(np.sqrt(max(split.covariance.sum(), 0.0)))
    unusual = believed and abs(rest) > float(np.hypot(spread, z * split.ordinary()))
    last = {
        "cause": called(UNEXPLAINED),
        "key": UNEXPLAINED,
        "change": rest,
        "low": _cents(rest - spread),
        "high": _cents(rest + spread),
        "grade": UNUSUAL if unusual else ORDINARY,
    }
    table = pd.concat([table, pd.DataFrame([last])], ignore_index=True)
    table.insert(5, "share", table["change"] / split.was)
    return table


def _large_order(frame: pd.DataFrame, parts: tuple[slice, slice], change: float) -> LargeOrder | None:
    if "largest_order" not in frame:
        return None
    part, orders = parts[int(change > 0)], frame["largest_order"].fillna(0).to_numpy(float)
    place = part.start + int(orders[part].argmax())
    usual = float(np.quantile(np.delete(orders, np.r_[part]), ORDINARY_DAYS))
    return LargeOrder(frame["day"].iloc[place].date(), orders[place], usual) if orders[place] > usual > 0 else None


def _sent_back(frame: pd.DataFrame, parts: tuple[slice, slice]) -> float:
    if "returned" not in frame:
        return 0.0
    earlier, later = (frame["returned"].fillna(0).to_numpy(float)[part] for part in parts)
    return _cents(later.sum() - earlier.mean() * len(later))


def _cents(value: float) -> float:
    return round(float(value), 2) + 0.0
