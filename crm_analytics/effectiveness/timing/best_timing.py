"""When to begin a campaign and how long to run it, as far as the company's own campaigns can tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.timing.course import LEAST_DAYS, Course
from crm_analytics.effectiveness.timing.shrunk import Fit, fitted, p_value
from crm_analytics.effectiveness.unlinked.carry import HORIZON_DAYS, felt
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

LEAST_CAMPAIGNS = 12
EACH = 2
"""A weekday, month or length is only told apart where so many campaigns were of it."""
SHORT_GAP_DAYS, HOLIDAY_DAYS = 14, 14
LENGTHS_DAYS = (0, 7, 14, 28, 10_000)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)


@dataclass(frozen=True, kw_only=True)
class BestTiming(Study):
    """On which day, in which month, how soon after the last one and for how long do campaigns do best?

    Each campaign's lift of a day's sales is estimated together with all the others, season, prices, market and holidays
    taken out. What the lifts have in common by weekday and month of the start, nearness of a holiday, time since the
    campaign before and length is then separated from what each does for itself, and shrunk as far as their errors ask.
    A difference is only spoken of where shuffling the campaigns seldom gives one as large, all five questions counted
    (`alarm` is the chance to speak of any where there is none). Refuses for fewer than `least_campaigns`. Hierarchical
    model with known sampling errors: Efron and Morris (1975); permutation by Freedman and Lane (1983); Holm (1979).
    """

    measure: Literal["revenue", "orders", "units", "contacts", "complaints", "leads", "visits", "enquiries"] = "revenue"
    least_campaigns: int = LEAST_CAMPAIGNS
    alarm: float = 0.05
    confidence: float = 0.95
    shuffles: int = 199
    seed: int = 1

    reads = "daily_sales"
    columns = ("day",)
    least = LEAST_DAYS
    of = "days"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least_campaigns < 6:
            raise ValueError("least_campaigns is at least 6: fewer cannot tell one day of the week from another.")
        if not (0 < self.alarm < 0.5 and self.shuffles >= 99):
            raise ValueError("alarm is a share above 0 and below 0.5, and shuffles at least 99.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        from threadpoolctl import threadpool_limits

        if self.measure not in frame:
            raise ValueError(f"BestTiming needs the column {self.measure}; features.daily_sales (or daily_enquiries).")
        with threadpool_limits(limits=1):
            course = Course.of(frame, self.measure)
            count = len(course.touches) if course else 0
            if course is None or count < self.least_campaigns:
                return self.refuse(
                    say(
                        "Not enough evidence: {count:count} {count:campaign|campaigns} cannot say which start or "
                        "length is best; {least:count} would be a beginning, and some sixty settle it.",
                        count=count, least=self.least_campaigns,
                    )
                )
            return self._read(course, frame)

    def _read(self, course: Course, frame: pd.DataFrame) -> Result:
        usual = felt(np.eye(1, HORIZON_DAYS)[0])
        lifts, errors = course.sizes(course.felt(usual))
        campaigns = _described(course, frame).assign(lift=lifts, se=np.sqrt(np.diagonal(errors)))
        kinds = [kind for kind in KINDS if _tells(campaigns[kind])]
        if not kinds:
            return self.refuse(
                say(
                    "Not enough evidence: {count:count} campaigns began and lasted alike, or each in its own way; two "
                    "of each kind would be a beginning.", count=len(campaigns),
                )
            )
        fit = fitted(lifts, errors, campaigns[kinds])
        chance = p_value(lifts, errors, campaigns[kinds], shuffles=self.shuffles, seed=self.seed)
        chance = dict(zip(chance, holm(list(chance.values())), strict=True))
        table = _table(fit, campaigns, kinds, chance, self)
        best = _best(table, self.alarm)
        return TimingResult(
            study=self, table=table, campaigns=campaigns, usual=fit.usual, spread=fit.spread, best=best,
            until=course.series.days.iloc[-1].date(), first=course.series.days.iloc[0].date(),
            text=_sentence(table, best, fit, len(campaigns), self.confidence),
            checks=(_carries(table, campaigns, self.alarm), _sizes(campaigns, fit), _told_apart(campaigns, kinds)),
        )


KINDS = ("weekday", "month", "holiday", "gap", "length")
"""What is asked of a start and a length."""
_CALLED = {
    "weekday": "begun on a", "month": "begun in", "holiday": "begun with", "gap": "begun",
    "length": "running for",
}
_NOUN = {
    "weekday": "Weekday of the start", "month": "Month of the start", "holiday": "Nearness of a holiday",
    "gap": "Time since the campaign before", "length": "Length",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class TimingResult(Result):
    """Which start and which length did best.

    `table` has a row per kind of start or length: kind, level, n (campaigns), lift (of a day's sales, the campaigns of
    that level), low, high, against (the usual campaign's lift: difference), against_low, against_high, chance (that a
    difference as large within its kind comes about by chance, all kinds counted). `campaigns` has one row each: name,
    starts, days, the five kinds, lift, se. `usual` is the usual campaign's lift, `spread` how far they differ for other
    reasons, `best` the rows that may be acted upon.
    """

    campaigns: pd.DataFrame = field(repr=False)
    usual: tuple[float, float, float]
    spread: float
    best: pd.DataFrame
    first: date
    until: date

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The best of each kind that matters, for a year; or that none is known to."""
        rows = self.best if len(self.best) else self.table.head(0)
        found = tuple(
            Claim(
                subject=say("campaigns, {kind} {level}", kind=say(_CALLED[row.kind]), level=row.level),
                measure="lift of a day", value=row.lift, low=row.low, high=row.high,
                confidence=self.study.confidence, evidence="compared", first=self.first, last=self.until,
                expires=self.until + timedelta(days=365),
                decision=say("Plan the next campaigns so: {kind} {level}.", kind=say(_CALLED[row.kind]),
                             level=row.level),
                reversed_by=say("Later campaigns of this kind that do no better than others."),
            )
            for row in rows.itertuples()
        )
        if found:
            return found
        usual, low, high = self.usual
        return (Claim(
            subject=say("the usual campaign"), measure="lift of a day", value=usual, low=low, high=high,
            confidence=self.study.confidence, evidence="compared", first=self.first, last=self.until,
            expires=self.until + timedelta(days=365),
            decision=say("Begin the next campaigns on different weekdays and in different months, so that it becomes "
                         "known which is best."),
            reversed_by=say("Some sixty campaigns of which one kind does better."),
        ),)


def _described(course: Course, frame: pd.DataFrame) -> pd.DataFrame:
    """A campaign a row, in the order of `course.touches`: when it began, how long it ran, and of which kinds it is."""
    days = pd.to_datetime(course.series.days).reset_index(drop=True)
    called = frame["holiday"].fillna("") if "holiday" in frame else pd.Series("", index=frame.index)
    order = pd.to_datetime(frame["day"]).argsort()
    holidays = np.flatnonzero((called.iloc[order] != "").to_numpy())
    ran = {name: np.flatnonzero(touches) for name, touches in course.touches.items()}
    rows = []
    for name, places in ran.items():
        start, last = int(places[0]), int(places[-1])
        length = max(last - start + 1, round(course.touches[name].sum()))
        before = [int(other[-1]) for rival, other in ran.items() if rival != name and other[0] < start]
        gap = start - max(before) if before else None
        coming = holidays[(holidays >= start) & (holidays <= start + HOLIDAY_DAYS)]
        rows.append({
            "name": name, "starts": days[start], "days": length,
            "weekday": say(WEEKDAYS[days[start].day_of_week]), "month": say(MONTHS[days[start].month - 1]),
            "holiday": say("a holiday within two weeks") if len(coming) else say("no holiday near"),
            "gap": say("the first") if gap is None else say("within two weeks of another")
            if gap <= SHORT_GAP_DAYS else say("later than that"),
            "length": _length(length),
        })
    return pd.DataFrame(rows)


def _length(days: int) -> str:
    for low, high in pairwise(LENGTHS_DAYS):
        if low < days <= high:
            return say("{low:count}–{high:count} days", low=low + 1, high=high) if high < 1000 else say(
                "more than {low:count} days", low=low)
    return say("1–7 days")


def _tells(levels: pd.Series) -> bool:
    """Whether at least two levels have campaigns enough to be told apart."""
    return int((levels.value_counts() >= EACH).sum()) >= 2


def _table(
    fit: Fit, campaigns: pd.DataFrame, kinds: list[str], chance: dict[str, float], study: BestTiming
) -> pd.DataFrame:
    rows = []
    for kind in kinds:
        order = [say(one) for one in (*WEEKDAYS, *MONTHS)] + [_length(days) for days in (1, 8, 15, 29)]
        counts = campaigns[kind].value_counts().sort_index()
        for level, count in sorted(counts.items(), key=lambda one: order.index(one[0]) if one[0] in order else -1):
            if count < EACH:
                continue
            lift, low, high = fit.level(kind, level, study.confidence)
            apart, apart_low, apart_high = fit.against(kind, level, study.confidence)
            rows.append({
                "kind": kind, "level": level, "n": int(count), "lift": lift, "low": low, "high": high,
                "against": apart, "against_low": apart_low, "against_high": apart_high, "chance": chance[kind],
            })
    return pd.DataFrame(rows)


def _best(table: pd.DataFrame, alarm: float) -> pd.DataFrame:
    """The best level of each kind that matters, where it is surely above the usual one."""
    sure = table[(table["chance"] <= alarm) & (table["against_low"] > 0)]
    return sure.sort_values(["chance", "lift"], ascending=[True, False]).groupby("kind", sort=False).head(1)


def _sentence(table: pd.DataFrame, best: pd.DataFrame, fit: Fit, count: int, confidence: float) -> str:
    if best.empty:
        usual, low, high = fit.usual_within(confidence)
        return say(
            "{usual:percent} ({span:percents}) is what a usual one of {count:count} campaigns adds to a "
            "day's sales; no start and no length stands out beyond what chance does among so many.",
            usual=usual, span=(low, high), count=count,
        )
    parts = "; ".join(
        say(
            "{against:percent} ({span:percents}) of a day's sales more than a usual one: {kind} {level}",
            against=row.against, span=(row.against_low, row.against_high), kind=say(_CALLED[row.kind]),
            level=row.level,
        )
        for row in best.itertuples()
    )
    return say("{parts}. So say {count:count} campaigns.", parts=parts, count=count)


def _carries(table: pd.DataFrame, campaigns: pd.DataFrame, alarm: float) -> Check:
    matter = sorted(set(table.loc[table["chance"] <= alarm, "kind"]))
    unseen = float((table["against_high"] - table["against_low"]).max() / 2)
    return Check(
        name=say("What so many carry"),
        verdict="holds" if matter else "weak",
        text=say(
            "{kinds}: shuffled among the campaigns, that makes as much of a difference in less than {alarm:percent} "
            "of cases, all questions counted." if matter else
            "Shuffled among the {count:count} campaigns, starts and lengths do as well as they are: a difference of "
            "{unseen:percent} of a day's sales could still be hidden.",
            kinds=", ".join(say(_NOUN[kind]) for kind in matter), alarm=alarm, count=len(campaigns), unseen=unseen,
        ),
    )


def _sizes(campaigns: pd.DataFrame, fit: Fit) -> Check:
    usual_error = float(campaigns["se"].median())
    clear = usual_error < 0.5 * max(abs(fit.usual[0]), 1e-9)
    return Check(
        name=say("How surely each is known"), verdict="holds" if clear else "weak",
        text=say(
            "One campaign's lift is known to {error:percent} of a day's sales, twice its standard error; what they add "
            "for reasons of their own differs by {spread:percent}.", error=2 * usual_error, spread=fit.spread,
        ),
    )


def _told_apart(campaigns: pd.DataFrame, kinds: list[str]) -> Check:
    """Kinds that go together cannot be told apart: Cramér's V between each two."""
    worst, pair = 0.0, (kinds[0], kinds[-1])
    for i, one in enumerate(kinds):
        for other in kinds[i + 1 :]:
            counts = pd.crosstab(campaigns[one], campaigns[other]).to_numpy(float)
            expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
            fewest = min(counts.shape) - 1
            squares = float(((counts - expected) ** 2 / expected).sum())
            excess = max(0.0, squares - (counts.shape[0] - 1) * (counts.shape[1] - 1))
            together = np.sqrt(excess / counts.sum() / max(fewest, 1))
            if together > worst:
                worst, pair = float(together), (one, other)
    return Check(
        name=say("Told apart"), verdict="holds" if worst < 0.5 else "weak",
        text=say(
            "{one} and {other} go together ({v:number} of 1): what one does may be the other's." if worst >= 0.5 else
            "Starts and lengths are mixed well enough to be told apart: those most alike go together by {v:number} of "
            "1.", one=say(_NOUN[pair[0]]), other=say(_NOUN[pair[1]]), v=worst,
        ),
    )
