"""When a campaign is felt: how many days pass until it shows, until half of its effect has come, until it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise, product
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.timing.course import LEAST_DAYS, Course
from crm_analytics.effectiveness.unlinked.carry import fading
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.say import say

HORIZON_DAYS = 90
DELAYS_DAYS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14)
HALF_LIVES_DAYS = (0.2, 0.4, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0, 17.0)
RISING_MEANS_DAYS = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 11.0, 15.0, 20.0)
FIRST, HALF, OVER = 0.05, 0.5, 0.9
"""A campaign is felt once a twentieth of a touch's effect has come, and over once nine tenths have."""
SURE = 3.0
"""Sales must be e³, twenty times, likelier with the campaigns than without before their course is spoken of."""
STEPS_DAYS = (0, 2, 5, 9, 14, 21, 30)
"""Bounds within which the course is also estimated without any formula."""


@dataclass(frozen=True, kw_only=True)
class Lag(Study):
    """How long after a touch is a campaign felt, when has half of its effect come, and when is it over?

    All delays and ways of fading within reason are laid over the days on which campaigns ran, each campaign with a size
    of its own; how well each explains what sales did beyond level, weekday, season, prices and market says how likely
    it is. `campaign` names one of those in the table; without it, one course is learned from all of them together.
    Refuses where sales would be as likely had there been no campaigns. Distributed lags in the geometric and the gamma
    form (Koyck 1954; Almon 1965 for the free form beside), averaged by their marginal likelihood; the cross-correlation
    is of pre-whitened series (Box and Jenkins 1970).
    """

    campaign: str = ""
    measure: Literal["revenue", "orders", "units", "contacts", "complaints", "leads", "visits", "enquiries"] = "revenue"
    confidence: float = 0.95

    reads = "daily_sales"
    columns = ("day",)
    least = LEAST_DAYS
    of = "days"

    def _answer(self, frame: pd.DataFrame) -> Result:
        from threadpoolctl import threadpool_limits

        if self.measure not in frame:
            raise ValueError(f"Lag needs the column {self.measure}; features.daily_sales or daily_enquiries has it.")
        with threadpool_limits(limits=1):
            course = Course.of(frame, self.measure, campaign=self.campaign)
            if course is None:
                return self.refuse(
                    say(
                        "Not enough evidence: no campaign is recorded in these days, or something was sold on too few "
                        "of them; {least:count} days of sales with a campaign among them are needed.",
                        least=LEAST_DAYS,
                    )
                )
            return self._read(course)

    def _read(self, course: Course) -> Result:
        courses = _courses()
        evidence = np.array([course.evidence(course.felt(one)) for one in courses])
        best = float(evidence.max())
        weight = np.exp(evidence - best)
        overall = best + float(np.log(weight.mean()))
        weight /= weight.sum()
        if overall < SURE:
            return self.refuse(_too_faint(course, courses[int(evidence.argmax())], len(course.touches)))
        come = np.cumsum(courses, axis=1)
        days = {share: (come < share - 1e-9).sum(axis=1) for share in (FIRST, HALF, OVER)}
        first, half, over = (Days.of(days[share], weight, self.confidence) for share in (FIRST, HALF, OVER))
        low, high = _bounds(come, weight, self.confidence)
        table = pd.DataFrame({
            "day": np.arange(HORIZON_DAYS), "share": weight @ courses, "come": weight @ come, "low": low, "high": high,
        })
        last = max(np.flatnonzero(touches)[-1] for touches in course.touches.values())
        ended = course.series.days.iloc[int(last)].date()
        free = _without_a_formula(course, self.confidence)
        correlation = _correlation(course)
        return LagResult(
            study=self, table=table, first=first, half=half, over=over, campaigns=len(course.touches),
            judge_from=ended + timedelta(days=over.high), until=course.series.days.iloc[-1].date(), free=free,
            correlation=correlation, text=_sentence(self, first, half, over, len(course.touches)),
            checks=(
                _evidence(overall, len(course.touches)), _agrees(free, half),
                _together(correlation, over), _early(ended, over, course.series.days.iloc[-1].date()),
            ),
        )


@dataclass(frozen=True)
class Days:
    """A number of days after a touch, and the bounds between which it lies."""

    day: int
    low: int
    high: int

    @classmethod
    def of(cls, days: np.ndarray, weight: np.ndarray, confidence: float) -> Days:
        order = np.argsort(days, kind="stable")
        total = np.cumsum(weight[order])
        reach = [(1 - confidence) / 2, 0.5, (1 + confidence) / 2]
        low, middle, high = (int(days[order][min(np.searchsorted(total, share), len(order) - 1)]) for share in reach)
        return cls(middle, low, high)


@dataclass(frozen=True, kw_only=True, eq=False)
class LagResult(Result):
    """When campaigns are felt.

    `table` has a row per day after a touch: day, share (of the effect that falls on it), come (the share that has come
    by its end), low, high. `first`, `half` and `over` are numbers of days with their bounds; before `judge_from` it is
    too early to judge the newest of these campaigns. `free` is the course without any formula (days, come, low, high),
    `correlation` that of touches and later sales, both pre-whitened (lag, r, beyond_chance).
    """

    first: Days
    half: Days
    over: Days
    campaigns: int
    judge_from: date
    until: date
    free: pd.DataFrame = field(repr=False)
    correlation: pd.DataFrame = field(repr=False)

    @property
    def early(self) -> pd.DataFrame:
        """Which share of one touch's effect somebody sees who looks after 1, 3, 7, 14 or 28 days."""
        return self.table.set_index("day").loc[[1, 3, 7, 14, 28], ["come", "low", "high"]].round(2)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How long to wait before judging, for a year."""
        subject = say("campaign «{name}»", name=self.study.campaign) if self.study.campaign else say(
            "the company's campaigns")
        first_day = self.until - timedelta(days=364)
        told = (
            ("days until half of the effect has come", self.half, ""),
            ("days until nine tenths of the effect have come", self.over, say(
                "Judge a campaign no earlier than {days:count} days after its last touch.", days=self.over.high)),
        )
        return tuple(
            Claim(
                subject=subject, measure=say(measure), value=days.day, low=days.low, high=days.high,
                confidence=self.study.confidence, evidence="modelled", first=first_day, last=self.until,
                expires=self.until + timedelta(days=365), decision=decision,
                reversed_by=say("A campaign with a control group whose effect goes on for longer."),
            )
            for measure, days, decision in told
        )


def _courses() -> np.ndarray:
    """All courses of one touch's effect that are tried: courses × days, each summing to one."""
    sudden = [fading(delay, half, days=HORIZON_DAYS) for delay, half in product(DELAYS_DAYS, HALF_LIVES_DAYS)]
    day = np.arange(HORIZON_DAYS) + 0.5
    rising = [day * np.exp(-2 * day / mean) for mean in RISING_MEANS_DAYS]
    return np.array([*sudden, *(shape / shape.sum() for shape in rising)])


def _bounds(come: np.ndarray, weight: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(come, axis=0, kind="stable")
    total = np.cumsum(weight[order], axis=0)
    sorted_come = np.take_along_axis(come, order, axis=0)
    bounds = []
    for share in ((1 - confidence) / 2, (1 + confidence) / 2):
        place = np.minimum((total < share).sum(axis=0), len(come) - 1)
        bounds.append(np.take_along_axis(sorted_come, place[None], axis=0)[0])
    return bounds[0], bounds[1]


def _too_faint(course: Course, best: np.ndarray, campaigns: int) -> str:
    """Why there is no answer, and by how much stronger the campaigns would have to be."""
    columns = course.felt(best)
    products, onto = course.left(columns)
    spread = course.prior_of(len(products))
    gain = 0.5 * onto @ np.linalg.solve(np.linalg.inv(spread) + products, onto)
    asked = SURE + 2 + 0.5 * np.linalg.slogdet(np.eye(len(products)) + spread @ products)[1]
    return say(
        "Not enough evidence: what sales did in these days is about as likely without {campaigns:count} "
        "{campaigns:campaign|campaigns} as with {campaigns:it|them}, so that nobody can say when "
        "{campaigns:it was|they were} felt. An effect about {times:number} times as large, or more campaigns, would "
        "show.",
        campaigns=campaigns, times=float(np.clip(np.sqrt(asked / max(gain, 0.3)), 1.2, 9.0)),
    )


def _without_a_formula(course: Course, confidence: float, draws: int = 2000) -> pd.DataFrame:
    """The course as steps of any height, all campaigns alike: by the end of each step, which share has come."""
    steps = list(pairwise(STEPS_DAYS))
    shapes = [np.where((np.arange(HORIZON_DAYS) >= a) & (np.arange(HORIZON_DAYS) < b), 1 / (b - a), 0.0)
              for a, b in steps]
    columns = np.column_stack([course.felt(shape).sum(axis=1) for shape in shapes])
    size, covariance = course.sizes(columns)
    random = np.random.default_rng(1)
    drawn = random.multivariate_normal(size, covariance, size=draws, method="eigh")
    total = drawn.sum(axis=1)
    drawn = drawn[total > 0.25 * size.sum()] if size.sum() > 0 else drawn[:0]
    if len(drawn) < draws / 2:
        return pd.DataFrame(columns=["days", "come", "low", "high"])
    come = np.cumsum(drawn, axis=1) / drawn.sum(axis=1, keepdims=True)
    low, high = np.quantile(come, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    shares = {"come": np.median(come, axis=0), "low": low, "high": high}
    return pd.DataFrame({"days": [b for _, b in steps], **{name: np.clip(x, 0, 1) for name, x in shares.items()}})


def _correlation(course: Course) -> pd.DataFrame:
    """Of touches and the sales of so many days later, both without level, weather, season, prices and market."""
    rows = []
    for lag in range(31):
        shifted = course.felt(np.eye(31)[lag]).sum(axis=1, keepdims=True)
        products, onto = course.left(shifted)
        rows.append({"lag": lag, "r": float(onto[0] / np.sqrt(max(products[0, 0] * course.unexplained, 1e-12)))})
    found = pd.DataFrame(rows)
    return found.assign(beyond_chance=found["r"].abs() > 2 / np.sqrt(len(course.z)))


def _sentence(study: Lag, first: Days, half: Days, over: Days, campaigns: int) -> str:
    template = (
        "{half:count} days ({half_low:count} – {half_high:count}) after a touch half of the effect of «{name}» has "
        "come; {felt}, and nine tenths have come after {over:count} ({over_low:count} – {over_high:count})."
        if study.campaign else
        "{half:count} days ({half_low:count} – {half_high:count}) after a touch half of a campaign's effect has come; "
        "{felt}, and nine tenths have come after {over:count} ({over_low:count} – {over_high:count}), as "
        "{campaigns:count} campaigns show."
    )
    felt = say(
        "it is first felt on the same day" if first.high == 0 else
        "it is first felt after {day:count} {day:day|days} ({low:count} – {high:count})",
        day=first.day, low=first.low, high=first.high,
    )  # fmt: skip
    return say(
        template, name=study.campaign, campaigns=campaigns, felt=felt,
        half=half.day, half_low=half.low, half_high=half.high, over=over.day, over_low=over.low, over_high=over.high,
    )


def _evidence(overall: float, campaigns: int) -> Check:
    return Check(
        name=say("Trace in sales"), verdict="holds" if overall > 2 * SURE else "weak",
        text=say(
            "What sales did is {times} times likelier with {campaigns:count} {campaigns:campaign|campaigns} than "
            "without.",
            times=say("{n:count}", n=round(float(np.exp(overall)))) if overall < 9 else say("more than 5,000"),
            campaigns=campaigns,
        ),
    )


def _agrees(free: pd.DataFrame, half: Days) -> Check:
    name = say("Without a formula")
    if free.empty:
        return Check(name=name, verdict="weak", text=say(
            "Steps of any height, in place of a delay and a fading, are too uncertain here to say anything."))
    by = free[free["days"] > half.high]
    late = bool((by["high"] < HALF).any())
    soon = bool((free[free["days"] <= half.low]["low"] > HALF).any())
    shown = free.iloc[2]
    return Check(
        name=name, verdict="fails" if late or soon else "holds",
        text=say(
            "Steps of any height, in place of a delay and a fading, say otherwise: in the first {days:count} days "
            "{come:percent} had come ({span:percents})."
            if late or soon else
            "Steps of any height, in place of a delay and a fading, do not contradict: in the first {days:count} days "
            "{come:percent} had come ({span:percents}).",
            days=int(shown["days"]), come=shown["come"], span=(shown["low"], shown["high"]),
        ),
    )


def _together(correlation: pd.DataFrame, over: Days) -> Check:
    peak = correlation.loc[correlation["r"].idxmax()]
    sure = bool(peak["beyond_chance"])
    return Check(
        name=say("Correlation"), verdict="holds" if sure and peak["lag"] <= over.high else "weak",
        text=say(
            "Touches and sales, season and level taken out of both, hang together most {lag:count} days later "
            "({r:number}), more than by chance." if sure else
            "Touches and sales, season and level taken out of both, hang together most {lag:count} days later "
            "({r:number}), which one such number could do by chance.",
            lag=int(peak["lag"]), r=float(peak["r"]),
        ),
    )


def _early(ended: date, over: Days, until: date) -> Check:
    ready = ended + timedelta(days=over.high)
    early = until < ready
    return Check(
        name=say("Too early"), verdict="weak" if early else "holds",
        text=say(
            "The newest of these campaigns touched somebody on {ended:date} for the last time: it is too early to "
            "judge it before {ready:date}." if early else
            "The newest of these campaigns touched somebody on {ended:date} for the last time: since {ready:date} it "
            "can be judged.",
            ended=ended, ready=ready,
        ),
    )
