"""Did it bring more, or only sooner? The effect of a campaign as the weeks go by, and what came back of it later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, Estimate
from crm_analytics.effectiveness.control.by_lot import alike_before, evidence, told
from crm_analytics.effectiveness.control.lift_claims import SEASON
from crm_analytics.effectiveness.control.measures import Measure, measure_of
from crm_analytics.effectiveness.control.parts import Between, Parts, looks, parts_in_proportion, parts_of
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.say import say


@dataclass(frozen=True, kw_only=True)
class PullForward(Study):
    """Did a campaign bring more, or did it only bring forward what would have been bought later?

    The addressed are compared with those left alone for longer and longer (as in `Lift`), from the campaign's first day
    to the last that is known. The band around the sum so far holds on all its days together, so it may be looked at
    every day. What the addressed lack after the first `first_weeks` is set against what they gained in them.

    Where the arms were unlike before, they were not drawn by lot. What was before is then taken out in two ways: by the
    regression, right if the customers were chosen by what they had just bought, and in proportion, right if those who
    were chosen are better customers for good. Choices are of both kinds and the truth lies between (Ding and Li 2019),
    so an interval reaches over both, and what holds in one of them only is not told.
    """

    measure: Literal["revenue", "orders", "margin"] = "revenue"
    first_weeks: int = 4
    confidence: float = 0.95
    draws: int = 4000
    seed: int = 1

    reads = "campaign_days"
    columns = ("customer_id", "arm", "day", "days")
    least = 2 * LEAST_IN_AN_ARM
    of = "customers in the arms"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("revenue", "orders", "margin"):
            raise ValueError(f"measure is revenue, orders or margin, not {self.measure!r}.")
        if self.first_weeks < 1 or self.draws < 500:
            raise ValueError(f"first_weeks is {self.first_weeks}, draws {self.draws}; give 1 and 500 at least.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        measure = measure_of(self.measure, frame)
        days, first = int(frame["days"].max()), 7 * self.first_weeks
        reason = too_little(frame, measure)
        if not reason and days < first + 7:
            reason = say(
                "Not enough evidence: {days:count} {days:day|days} since the campaign began are known; whether its "
                "first {weeks:count} weeks were only brought forward shows from day {need:count} on.",
                days=days, weeks=self.first_weeks, need=first + 7,
            )  # fmt: skip
        if reason:
            return self.refuse(reason)
        parts = parts_of(frame, "day", self.measure, list(range(days)))
        so_far = np.cumsum(parts.buyers, axis=0).min(axis=1) >= LEAST_IN_AN_ARM
        if not so_far.any():
            return self.refuse(
                say(
                    "Not enough evidence: in {days:count} days fewer than {least:count} customers of an arm bought.",
                    days=days, least=LEAST_IN_AN_ARM,
                )
            )  # fmt: skip
        readings, drawn = [parts], alike_before(frame.drop_duplicates("customer_id"))
        if drawn.verdict == "fails" and (lasting := parts_in_proportion(frame, "day", self.measure, parts.names)):
            readings.append(lasting)
        return _judged(self, frame, (measure, drawn), readings, begun=int(np.argmax(so_far)))


def too_little(frame: pd.DataFrame, measure: Measure) -> str:
    """Why an effect on these customers cannot be cut into parts; empty where it can."""
    if frame[measure.above].isna().any():
        return say(
            "Not enough evidence: {n:count} customers have no {measure} on record; ask for revenue.",
            n=frame.loc[frame[measure.above].isna(), "customer_id"].nunique(), measure=measure.name,
        )  # fmt: skip
    in_arm = frame.drop_duplicates("customer_id")["arm"].value_counts()
    treated, control = int(in_arm.get("treated", 0)), int(in_arm.get("control", 0))
    if min(treated, control) < LEAST_IN_AN_ARM:
        return say(
            "Not enough evidence: {treated:count} addressed and {control:count} left alone; each arm needs at least "
            "{least:count} customers.", treated=treated, control=control, least=LEAST_IN_AN_ARM,
        )  # fmt: skip
    return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class PullForwardResult(Result):
    """A day a row: day (from the campaign's first, 0), effect (of that day), cumulative, low, high (the band; not
    before enough customers bought). `horizons` has the sum so far at the end of every fourth week.

    `first` is the effect of the first weeks, `later` that of all days after, `whole` their sum; `borrowed` the share of
    the first that the later days took back, with its interval.
    """

    measured: Measure
    first: Estimate
    later: Estimate
    whole: Estimate
    borrowed: tuple[float, float, float]
    people: int
    named: tuple[str, date | None]

    @property
    def horizons(self) -> pd.DataFrame:
        """Weeks since the start, and the sum so far with the band that holds at all of them."""
        ends = list(range(27, len(self.table), 28))
        if len(self.table) - 1 not in ends:
            ends.append(len(self.table) - 1)
        rows = self.table.loc[ends, ["day", "cumulative", "low", "high"]]
        return rows.assign(weeks=(rows["day"] + 1) / 7)[["weeks", "cumulative", "low", "high"]].reset_index(drop=True)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it brought in all, once what came later is taken off."""
        name, starts = self.named
        if starts is None:
            return ()
        last = starts + timedelta(days=len(self.table) - 1)
        low, high = self.whole.interval(self.study.confidence)
        drawn = evidence(*self.checks[-1:])
        taken_back = drawn == "tested" and self.later.interval(self.study.confidence)[1] < 0
        return (Claim(
            subject=name, measure=f"incremental {self.study.measure}", value=self.people * self.whole.value,
            low=self.people * low, high=self.people * high, confidence=self.study.confidence,
            evidence=drawn, first=starts, last=last, expires=last + SEASON,
            decision=say(
                "Count «{name}» as {share:percent} of what its first weeks showed: the rest was only bought sooner.",
                name=name, share=max(1 - self.borrowed[0], 0.0),
            )
            if taken_back
            else "",
            reversed_by=say("Later weeks in which the addressed buy as much more as they now buy less.")
            if taken_back
            else "",
        ),)  # fmt: skip


def _judged(
    study: PullForward, frame: pd.DataFrame, asked: tuple[Measure, Check], readings: list[Parts], *, begun: int
) -> PullForwardResult:
    (measure, drawn), days = asked, len(readings[0].names)
    early, every = (np.arange(days) < 7 * study.first_weeks).astype(float), np.ones(days)
    starts = date.fromisoformat(str(frame["starts"].iloc[0])[:10]) if "starts" in frame else None
    shares = np.array([parts.share(early - 1, early, study.confidence) for parts in readings])
    result = PullForwardResult(
        study=study, measured=measure, table=_so_far(study, readings, begun), text="", people=readings[0].treated,
        first=_between(readings, early), later=_between(readings, 1 - early), whole=_between(readings, every),
        borrowed=(float(shares[:, 0].mean()), float(shares[:, 1].min()), float(shares[:, 2].max())),
        named=(str(frame["campaign"].iloc[0]) if "campaign" in frame else "", starts),
    )  # fmt: skip
    if len(readings) > 1:
        drawn = replace(drawn, text=drawn.text + " " + say(
            "Here it is taken out in two ways, as if it faded and as if it lasted, and intervals reach over both."))
    text = told(_sentence(result), drawn)
    return replace(result, text=text, checks=(*_checks(result, begun), drawn))


def _between(readings: list[Parts], weights: np.ndarray) -> Estimate:
    found = [parts.sum(weights) for parts in readings]
    return found[0] if len(found) == 1 else Between.of(found)


def _so_far(study: PullForward, readings: list[Parts], begun: int) -> pd.DataFrame:
    """The sum so far on each day, with the band that holds on all of them, by every reading."""
    days = len(readings[0].names)
    until = np.tril(np.ones((days, days)))  # a row sums the days up to its own
    sums, lows, highs = [], [], []
    for parts in readings:
        along = until @ parts.covariance @ until.T
        reach = looks(along[begun:, begun:], study.confidence, draws=study.draws, seed=study.seed)
        so_far, error = until @ parts.effects, np.sqrt(np.maximum(np.diag(along), 0))
        sums.append(so_far)
        lows.append(so_far - reach * error)
        highs.append(so_far + reach * error)
    shown = np.arange(days) >= begun
    return pd.DataFrame({
        "day": readings[0].names, "effect": np.mean([parts.effects for parts in readings], axis=0),
        "cumulative": np.mean(sums, axis=0), "low": np.where(shown, np.min(lows, axis=0), np.nan),
        "high": np.where(shown, np.max(highs, axis=0), np.nan),
    })  # fmt: skip


def _sentence(result: PullForwardResult) -> str:
    study, confidence = result.study, result.study.confidence
    spans = {name: getattr(result, name).interval(confidence) for name in ("first", "later", "whole")}
    values: dict[str, object] = {"weeks": study.first_weeks, "noun": result.measured.noun}
    values["all"] = len(result.table) // 7
    for name, (low, high) in spans.items():
        values |= {name: result.measured.amount(getattr(result, name).value)}
        values |= {f"{name}_low": result.measured.amount(low), f"{name}_high": result.measured.amount(high)}
    share, share_low, share_high = result.borrowed
    values |= {"share": share, "span": (share_low, share_high), "most": share_high}
    start = "{whole} {noun} a customer after {all:count} weeks ({whole_low} – {whole_high})"
    gained = start + ", against {first} ({first_low} – {first_high}) after the first {weeks:count}"
    if spans["first"][0] <= 0 <= spans["first"][1] and isinstance(result.first, Between):
        end = ": what the first weeks gained cannot be told apart from how customers were chosen."
    elif spans["first"][0] <= 0:
        end = (
            ": there was no gain beyond noise that later weeks could take back."
            if spans["first"][1] >= 0
            else ": it lost from the start, and what came later ({later_low} – {later_high}) is in the sum."
        )
    elif spans["later"][1] < 0:
        bounded = share_low > -np.inf and share_high < np.inf
        end = ": {share:percent} of the gain" + (" ({span:percents})" if bounded else "")
        end += " was only brought forward, and was missing later."
    elif spans["later"][0] > 0:
        end = ": nothing was brought forward; the gain went on growing."
    elif share_high < 1:
        end = ": no sign that it was only brought forward; of the gain {most:percent} at most can have been."
    else:
        end = (
            ": whether it lasts cannot be told; the later weeks ({later_low} – {later_high}) may have taken back none "
            "of it or all."
        )
    return say(gained + end, **values)


def _checks(result: PullForwardResult, begun: int) -> tuple[Check, ...]:
    days, first = len(result.table), 7 * result.study.first_weeks
    settled = days >= 2 * first
    return (
        Check(
            name=say("Looked at daily"),
            verdict="holds",
            text=say(
                "The band holds on all {n:count} days from day {day:count} on together; before that fewer than "
                "{least:count} customers of an arm had bought.", n=days - begun, day=begun + 1, least=LEAST_IN_AN_ARM,
            ),
        ),
        Check(
            name=say("Long enough"),
            verdict="holds" if settled else "weak",
            text=say("After the first weeks as many again were watched.")
            if settled
            else say(
                "Only {after:count} days after the first {weeks:count} weeks are known: what was brought forward from "
                "further away is not seen yet. Ask again after day {need:count}.",
                after=days - first, weeks=result.study.first_weeks, need=2 * first,
            ),
        ),
    )  # fmt: skip
