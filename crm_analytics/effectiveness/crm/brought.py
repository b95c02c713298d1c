"""What did the CRM itself bring: retention, conversion, cost and time since it was introduced?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.crm.course import step
from crm_analytics.effectiveness.crm.measures import FEW, TIMES, proven, together
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.say import say

BEFORE, AFTER = 18, 6
"""Months without which there is no answer: a year and a half before, half a year after."""
MANY = 1.5
"""So many times as many cases a month, and the record itself has changed."""


@dataclass(frozen=True, kw_only=True)
class CRMBrought(Study):
    """What did the CRM itself bring since `introduced` (None: a year before the last month)?

    Each measure is a monthly series: who comes again, what enquiries and deals become, how long each step takes (every
    case watched equally long, `ahead_days`, so that young ones do not look quick), what it costs. What it is since,
    beyond its own season and its own trend, is put down to the introduction, with an interval that knows that months
    are alike. What else began in the same month is in it, too: this is a comparison with the own past, and says so.
    Months before, whose cases were still being watched when the CRM came, are of neither side and left out. Whatever
    is looked at, the chance that any measure is said to have changed without reason stays below `alpha` (Holm, 1979).
    `cost_yearly` is what the CRM costs; benefit is what more customers who come again and more deals that are won
    bring, in money.
    """

    reads = "crm_metrics"
    columns = ("metric", "month", "done", "out_of", "worth")
    of = "months of measures"

    introduced: str | date | None = None
    cost_yearly: float = 0.0
    alpha: float = 0.05
    confidence: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.alpha <= 0.2:
            raise ValueError(f"alpha is a share above 0 and up to 0.2, such as 0.05, not {self.alpha!r}.")
        if not self.cost_yearly >= 0:
            raise ValueError(f"cost_yearly is {self.cost_yearly}; money cannot be negative.")
        if isinstance(self.introduced, str):
            date.fromisoformat(self.introduced)

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.assign(month=pd.to_datetime(frame["month"])).sort_values(["metric", "month"], ignore_index=True)
        since = pd.Timestamp(self.introduced) if self.introduced else frame["month"].max() - pd.DateOffset(months=11)
        since = since if since.day == 1 else since + pd.offsets.MonthBegin(1)
        rows, courses, short = [], [], []
        for metric, group in _apart(frame, since).groupby("metric"):
            before, after = int((group["month"] < since).sum()), int((group["month"] >= since).sum())
            if before < BEFORE or after < AFTER or group["out_of"].mean() < FEW or group["done"].sum() <= 0:
                short.append(str(metric))
                continue
            row, course = _metric(self, str(metric), group.reset_index(drop=True), since)
            rows.append(row)
            courses.append(course)
        if not rows:
            return self.refuse(say(
                "Not enough evidence: no measure has {before:count} months before {day:date} and {after:count} after "
                "it that are made of {few:count} or more.", before=BEFORE, after=AFTER, day=since,
                few=FEW))  # fmt: skip
        table = together(self, pd.DataFrame(rows))
        money = _money(self, table)
        return CRMBroughtResult(
            study=self, table=table, text=_sentence(self, table, money, since), since=since.date(), money=money,
            checks=_checks(self, table, short, frame, since), courses=pd.concat(courses, ignore_index=True),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class CRMBroughtResult(Result):
    """A measure a row: `metric`, `before` (its level in the year before), `without` and `after` (to be expected since,
    and what came), `effect` with `low` and `high`, `plain` (against the same months a year before), `p` (all measures
    together), `benefit_yearly` with `benefit_low` and `benefit_high` (money; null where it has no price), `verdict`.

    `money` is benefit less cost a year: value, low, high; null where no measure has a price. `courses` has each measure
    month by month.
    """

    since: date
    money: tuple[float, float, float]
    courses: pd.DataFrame = field(repr=False)

    @property
    def readings(self) -> pd.DataFrame:
        """The plain comparison with the year before, beside what is left once season and trend are taken out."""
        return self.table[["metric", "plain", "effect", "low", "high", "p", "verdict"]]

    @property
    def times(self) -> pd.DataFrame:
        """How long things take, in days or hours, as far as it is on record."""
        rows = self.table[self.table["metric"].isin(TIMES)].reset_index(drop=True)
        return rows[["metric", "verdict", "before", "without", "after", "effect", "low", "high"]]

    @property
    def benefits(self) -> pd.DataFrame:
        """What each measure's change is worth a year."""
        return self.table[["metric", "benefit_yearly", "benefit_low", "benefit_high"]]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What changed since; to be asked again after as long as it was seen."""
        last = pd.Timestamp(self.courses["month"].max()) + pd.offsets.MonthEnd(0)
        length = last.date() - self.since
        told = proven(self.table).head(4)
        return tuple(
            Claim(
                subject=say("{metric} since the CRM", metric=row.metric), measure=f"change of {row.metric}",
                value=float(row.effect), low=float(row.low), high=float(row.high), confidence=self.study.confidence,
                evidence="modelled", first=self.since, last=last.date(),
                expires=last.date() + max(length, timedelta(days=90)), scope=(("metric", str(row.metric)),),
                decision=say("Find out what made {metric} worse before the CRM is extended.", metric=row.metric)
                if row.verdict == say("worse") else "",
                reversed_by=say("Teams that get the CRM later, by lot, change by as much without it."),
            )
            for row in told.itertuples()
        )  # fmt: skip


def _apart(frame: pd.DataFrame, since: pd.Timestamp) -> pd.DataFrame:
    """Without the months before whose cases were watched into the time since, and are thus half of each."""
    ahead = frame["ahead_days"] if "ahead_days" in frame else pd.Series(0, index=frame.index)
    watched = frame["month"] + pd.offsets.MonthBegin(1) + pd.to_timedelta(ahead, unit="D")
    return frame[(frame["month"] >= since) | (watched <= since) | (ahead == 0)]


def _metric(study: CRMBrought, metric: str, group: pd.DataFrame, since: pd.Timestamp) -> tuple[dict, pd.DataFrame]:
    level = (group["done"] / group["out_of"]).to_numpy(float)
    month = (12 * group["month"].dt.year + group["month"].dt.month).to_numpy(float)
    first = int((group["month"] < since).sum())
    weight = group["out_of"].to_numpy(float)
    found = step(level, weight, month, first)
    low, high = found.between(study.confidence)
    known = dict(zip(month, level, strict=True))
    year_ago = np.array([known.get(m - 12, np.nan) for m in month[first:]])
    after = slice(first, None)
    row = {
        "metric": metric, "before": float(np.average(level[max(first - 12, 0) : first],
                                                     weights=weight[max(first - 12, 0) : first])),
        "without": float(np.average(found.without[after], weights=weight[after])),
        "after": float(np.average(level[after], weights=weight[after])), "effect": found.value, "low": low,
        "high": high, "plain": float(np.nanmean(level[after] - year_ago)) if np.isfinite(year_ago).any() else np.nan,
        "p": found.p, "error": found.error, "yearly": float(weight[after].mean() * 12),
        "worth": float(group["worth"].iloc[-1]) if group["worth"].notna().any() else np.nan,
    }  # fmt: skip
    course = pd.DataFrame({"metric": metric, "month": group["month"], "level": level, "without": found.without,
                           "after": np.arange(len(level)) >= first})  # fmt: skip
    return row, course


def _money(study: CRMBrought, table: pd.DataFrame) -> tuple[float, float, float]:
    """Benefit less cost a year; the errors of measures are taken to go together, which is the widest they can be."""
    priced = table[table["benefit_yearly"].notna()]
    if priced.empty:
        return (float("nan"),) * 3
    value = float(priced["benefit_yearly"].sum()) - study.cost_yearly
    half = float((priced["benefit_high"] - priced["benefit_low"]).sum()) / 2
    return value, value - half, value + half


def _sentence(study: CRMBrought, table: pd.DataFrame, money: tuple, since: pd.Timestamp) -> str:
    changed = proven(table)
    value, low, high = money
    told = ""
    if np.isfinite(value):
        told = say(
            "{value:money} ({low:money} – {high:money}) a year is what it brought after its cost, since {day:date}"
            if low > 0 or high < 0 else
            "{value:money} ({low:money} – {high:money}) a year after its cost, since {day:date}: not enough evidence "
            "that it brought or cost anything",
            value=value, low=low, high=high, day=since,
        )  # fmt: skip
    else:
        first = table.iloc[0]
        told = say("{effect:number} ({low:number} – {high:number}) is the change of {metric} since {day:date}",
                   effect=first["effect"], low=first["low"], high=first["high"], metric=first["metric"], day=since)
    rest = say("; beyond season, trend and chance none of {all:count} measures changed.", all=len(table)) if (
        changed.empty) else say("; {n:count} of {all:count} measures changed beyond season, trend and chance: {names}.",
                               n=len(changed), all=len(table), names=", ".join(
                                   say("{metric} ({verdict})", metric=row.metric, verdict=row.verdict)
                                   for row in changed.itertuples()))  # fmt: skip
    return told + rest


def _checks(
    study: CRMBrought, table: pd.DataFrame, short: list[str], frame: pd.DataFrame, since: pd.Timestamp
) -> tuple[Check, ...]:
    months = frame["month"].drop_duplicates()
    before, after = int((months < since).sum()), int((months >= since).sum())
    first = table.iloc[0]
    found = [
        Check(
            name=say("History"), verdict="holds" if before >= 24 and after >= 12 else "weak",
            text=say("{before:count} months before and {after:count} after; two years and one would show each season "
                     "often enough to tell it from the step.", before=before, after=after),
        ),
        Check(
            name=say("Against the year before alone"),
            verdict="holds" if first["low"] <= first["plain"] <= first["high"] or first["plain"] != first["plain"] else
            "weak",
            text=say("A plain comparison with the same months a year before would have said {plain:number} of "
                     "{metric}, where {effect:number} is left once the trend is taken out.", plain=first["plain"],
                     metric=first["metric"], effect=first["effect"]),
        ),
        Check(
            name=say("What else began then"), verdict="weak",
            text=say("Nobody drew lots: whatever else began in the same month is in these numbers. A team that got it "
                     "half a year later would tell."),
        ),
        Check(
            name=say("Its cost"), verdict="holds" if study.cost_yearly else "weak",
            text=say("A cost of {cost:money} a year is taken off." if study.cost_yearly else
                     "No cost is given, so the money is before it; give cost_yearly.", cost=study.cost_yearly),
        ),
    ]  # fmt: skip
    if short:
        found.append(Check(name=say("Not looked at"), verdict="weak", text=say(
            "Too few or too short to be read: {names}.", names=", ".join(short))))
    return (*found, *_of_times(table, frame, since))


def _of_times(table: pd.DataFrame, frame: pd.DataFrame, since: pd.Timestamp) -> list[Check]:
    """Which times are not on record, and whether those that changed were recorded as before."""
    absent = [say("{metric} (needs {tables})", metric=metric, tables=TIMES[metric])
              for metric in TIMES if metric not in set(frame["metric"])]  # fmt: skip
    told = say("The tables do not carry {names}.", names="; ".join(absent))
    found = [Check(name=say("Not on record"), verdict="weak", text=told)] if absent else []
    changed = proven(table[table["metric"].isin(TIMES)])["metric"]
    if changed.empty:
        return found
    counts = frame[frame["metric"].isin(changed)].groupby(["metric", frame["month"] >= since])["out_of"].mean()
    times = counts.unstack().pipe(lambda both: both[True] / both[False])
    odd = times[(times > MANY) | (times < 1 / MANY)]
    text = say("As many cases a month are recorded since as before.") if odd.empty else say(
        "What is recorded changed, too: of {names} as many cases a month as before; other cases take other times.",
        names=", ".join(say("{metric} {times:number} times", metric=metric, times=ratio)
                        for metric, ratio in odd.items()))  # fmt: skip
    return [*found, Check(name=say("What is recorded"), verdict="holds" if odd.empty else "weak", text=text)]
