"""When customers answer: how many days pass from a touch until half of the linked answers have come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.timing.lag import FIRST, HALF, OVER, Days, LagResult
from crm_analytics.result import Check, Claim, Result, Study, enough
from crm_analytics.say import say

LEAST_ANSWERS, LEAST_WATCHED_DAYS = 30, 14
FEW_CAMPAIGNS = 5
"""Of as many campaigns or more it is seen how far campaigns differ."""
DRAWS = 1000


@dataclass(frozen=True, kw_only=True)
class ResponseDelay(Study):
    """How long after a touch do customers answer, as far as answers are linked to campaigns?

    Whoever was touched last week cannot have taken a month to answer, so the mean of the answers on record is too
    short. The delay is read backwards instead: of the answers that came by a day, among those who were watched that
    long, how many came on it (reverse hazards of right-truncated times: Lagakos, Barraj and De Gruttola 1988).
    Campaigns may be answered by as many or as few as they like; where there are five or more, the interval knows that
    they differ. `campaign` names one of them. `.against(lag)` says whether sales tell the same.
    """

    campaign: str = ""
    confidence: float = 0.95
    seed: int = 1

    reads = "response_delays"
    columns = ("campaign", "day", "watched", "answered", "until")
    of = "delays of answers"

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.campaign and self.campaign not in set(frame["campaign"]):
            known = ", ".join(sorted(frame["campaign"].astype(str).unique())[:12])
            return self.refuse(say(
                "Not enough evidence: no linked answer names «{name}»; those there are name {known}.",
                name=self.campaign, known=known or say("none")))  # fmt: skip
        frame = frame[frame["campaign"] == self.campaign] if self.campaign else frame
        frame = frame.sort_values(["campaign", "day", "watched"], ignore_index=True)
        answers, longest = int(frame["answered"].sum()), int(frame["watched"].max())
        if answers < LEAST_ANSWERS or longest < LEAST_WATCHED_DAYS:
            return self.refuse(say(
                "Not enough evidence: {n:count} linked answers, watched for {days:count} days at most; it takes "
                "{least:count} and {watch:count} days.", n=answers, days=longest, least=LEAST_ANSWERS,
                watch=LEAST_WATCHED_DAYS))  # fmt: skip
        return _told(self, frame, answers, longest)


@dataclass(frozen=True, kw_only=True, eq=False)
class ResponseDelayResult(Result):
    """When answers come. `table` has a row per day after a touch: day, come (the share of all answers within the
    longest watch that has come by its end), low, high. `first`, `half` and `over` are numbers of days with bounds;
    `naive` is the day by which half of the answers on record had come, whoever was watched how long. `lag` is what
    sales say, once it was held against them."""

    first: Days
    half: Days
    over: Days
    naive: int
    campaigns: int
    until: date
    lag: LagResult | None = field(default=None, repr=False)

    def against(self, lag: Result) -> ResponseDelayResult:
        """The same, held against when campaigns are felt in sales, or with why sales say nothing."""
        found = replace(self, lag=lag) if enough(lag) else self
        return replace(found, checks=(*self.checks, _agreement(self, lag)))

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How long to wait for answers, for a year."""
        subject = say("campaign «{name}»", name=self.study.campaign) if self.study.campaign else say(
            "the company's campaigns")  # fmt: skip
        return (
            Claim(
                subject=subject, measure=say("days until nine tenths of the answers have come"), value=self.over.day,
                low=self.over.low, high=self.over.high, confidence=self.study.confidence, evidence="modelled",
                first=self.until - timedelta(days=365), last=self.until - timedelta(days=1),
                expires=self.until + timedelta(days=365),
                decision=say("Count a campaign's answers no earlier than {days:count} days after its last touch.",
                             days=self.over.high),
                reversed_by=say("A campaign whose answers go on coming for longer."),
            ),
        )  # fmt: skip


def _told(study: ResponseDelay, frame: pd.DataFrame, answers: int, longest: int) -> ResponseDelayResult:
    count = frame["answered"].to_numpy(float)
    number = pd.factorize(frame["campaign"])[0]
    day = frame["day"].to_numpy()
    come, low, high = _band(study, frame, number, longest)
    plain = np.cumsum(np.bincount(day, count, longest + 1)) / answers
    first, middle, over = (_days(come, low, high, share) for share in (FIRST, HALF, OVER))
    until = pd.Timestamp(frame["until"].iloc[0])
    result = ResponseDelayResult(
        study=study, table=pd.DataFrame({"day": np.arange(longest + 1), "come": come, "low": low, "high": high}),
        text="", first=first, half=middle, over=over, naive=int((plain < HALF - 1e-9).sum()),
        campaigns=int(number.max()) + 1, until=until.date(),
    )  # fmt: skip
    return replace(result, text=_sentence(result, answers), checks=_checks(result, frame, longest))


def _band(
    study: ResponseDelay, frame: pd.DataFrame, number: np.ndarray, longest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share that has come by the end of each day, with its interval, made on the scale of log odds.

    Answers are weighted by chance, and from `FEW_CAMPAIGNS` on whole campaigns (Bayesian bootstraps): the latter vary
    by the answers' chance and by how far campaigns differ. Few campaigns vary among themselves by less than campaigns
    do, and how much is known but roughly: both are corrected for as many as tell of a day (Satterthwaite 1946).
    """
    from scipy import special, stats

    rng, days = np.random.default_rng(study.seed), np.arange(longest + 1)
    day, watched, count = (frame[name].to_numpy() for name in ("day", "watched", "answered"))
    come = _course(day, watched, count[None].astype(float), longest)[0]
    sure = (come <= 0) | (come >= 1)

    def varies(weight: np.ndarray) -> np.ndarray:
        return special.logit(np.where(sure, 0.5, _course(day, watched, weight, longest))).var(axis=0)

    variance, freedom = varies(rng.gamma(count, size=(DRAWS, len(count)))), np.full(len(days), np.inf)
    campaigns = int(number.max()) + 1
    if campaigns >= FEW_CAMPAIGNS:
        whole = varies(count * rng.exponential(size=(DRAWS, campaigns))[:, number])
        telling = np.array([np.bincount(number, count * (watched > d)) for d in days.clip(max=longest - 1)])
        n = np.maximum(telling.sum(axis=1) ** 2 / np.square(telling).sum(axis=1), 2)
        differ = np.maximum(whole * (n + 1) / (n - 1) - variance, 1e-12)
        variance = variance + differ
        freedom = (n - 1) * (variance / differ) ** 2
    half = stats.t.ppf((1 + study.confidence) / 2, freedom) * np.sqrt(variance)
    middle = special.logit(np.where(sure, 0.5, come))
    low, high = (np.where(sure, come, special.expit(middle + side * half)) for side in (-1, 1))
    return come, low, high


def _course(day: np.ndarray, watched: np.ndarray, weight: np.ndarray, longest: int) -> np.ndarray:
    """The share that has come by the end of each day, for each row of weights: rows × days."""
    days = np.arange(longest + 1)
    on = weight @ (day[:, None] == days).astype(float)
    by = weight @ ((day[:, None] <= days) & (watched[:, None] >= days)).astype(float)
    stay = 1 - np.divide(on, by, out=np.zeros_like(on), where=by > 0)
    later = np.cumprod(stay[:, ::-1], axis=1)[:, ::-1]  # not yet on day u or after, given within the longest watch
    return np.column_stack([later[:, 1:], np.ones(len(weight))])


def _days(come: np.ndarray, low: np.ndarray, high: np.ndarray, share: float) -> Days:
    """The day by whose end so many have come; the first and last of which the band allows it (Brookmeyer and Crowley
    1982)."""
    return Days(*(int((course < share - 1e-9).sum()) for course in (come, high, low)))


def _sentence(result: ResponseDelayResult, answers: int) -> str:
    half, over = result.half, result.over
    return say(
        "{half:count} {half:day|days} ({half_low:count} – {half_high:count}) after a touch half of the answers to "
        "«{name}» have come, nine tenths after {over:count} ({over_low:count} – {over_high:count}), as {n:count} "
        "answers show."
        if result.study.campaign else
        "{half:count} {half:day|days} ({half_low:count} – {half_high:count}) after a touch half of the answers have "
        "come, nine tenths after {over:count} ({over_low:count} – {over_high:count}), as {n:count} answers to "
        "{campaigns:count} campaigns show.",
        half=half.day, half_low=half.low, half_high=half.high, over=over.day, over_low=over.low, over_high=over.high,
        n=answers, campaigns=result.campaigns, name=result.study.campaign,
    )  # fmt: skip


def _checks(result: ResponseDelayResult, frame: pd.DataFrame, longest: int) -> tuple[Check, ...]:
    young = float(frame.loc[frame["watched"] < longest, "answered"].sum() / frame["answered"].sum())
    return (
        Check(
            name=say("Young touches"), verdict="holds",
            text=say("{share:percent} of the answers are from touches that were watched for less than {days:count} "
                     "days; the answers on record would say {naive:count} days.", share=young, days=longest,
                     naive=result.naive),
        ),
        Check(
            name=say("Campaigns differ"), verdict="holds" if result.campaigns >= FEW_CAMPAIGNS else "weak",
            text=say("{n:count} campaigns show how far campaigns differ; it is in the interval."
                     if result.campaigns >= FEW_CAMPAIGNS else
                     "{n:count} {n:campaign does|campaigns do} not show how far campaigns differ; another one may be "
                     "answered sooner or later than the interval says.", n=result.campaigns),
        ),
        Check(
            name=say("Answers only"), verdict="weak",
            text=say("An answer is no purchase, and who would have bought anyway answers, too: this says when, never "
                     "how much. Answers later than {days:count} days after the touch are not counted.", days=longest),
        ),
    )  # fmt: skip


def _agreement(result: ResponseDelayResult, lag: Result) -> Check:
    if not enough(lag):
        return Check(name=say("Against sales"), verdict="weak", text=say(
            "Sales say nothing of when campaigns are felt, so answers stand alone."))  # fmt: skip
    told = {
        "answers": result.half.day, "sales": lag.half.day, "low": lag.half.low, "high": lag.half.high,
        "answers_over": result.over.day, "over": lag.over.day, "over_low": lag.over.low, "over_high": lag.over.high,
    }  # fmt: skip
    if lag.half.high < result.half.low:
        verdict, text = "fails", say(
            "Sales are felt after {sales:count} {sales:day|days} ({low:count} – {high:count}), before half of the "
            "answers have come ({answers:count}): one of the two is not the campaigns' doing, or those who buy do not "
            "answer.", **told)  # fmt: skip
    elif lag.half.low > result.half.high:
        verdict, text = "weak", say(
            "Sales come later: half of the effect in them after {sales:count} {sales:day|days} ({low:count} – "
            "{high:count}), of the answers after {answers:count}. Whoever judges by answers judges too soon.",
            **told)  # fmt: skip
    elif lag.over.low > result.over.high:
        verdict, text = "weak", say(
            "Sales begin with the answers and go on for longer: nine tenths of the effect in them have come after "
            "{over:count} {over:day|days} ({over_low:count} – {over_high:count}), of the answers after "
            "{answers_over:count}. Whoever judges by answers judges too soon.", **told)  # fmt: skip
    else:
        verdict, text = "holds", say(
            "Sales agree: half of the effect in them has come after {sales:count} {sales:day|days} ({low:count} – "
            "{high:count}), of the answers after {answers:count}.", **told)  # fmt: skip
    return Check(name=say("Against sales"), verdict=verdict, text=text)
