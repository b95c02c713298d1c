"""What is word of mouth worth: how many came by recommendation, how often customers bring others, and what those do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.service.mouth_checks import checks
from crm_analytics.effectiveness.service.mouth_parts import (
    Answers,
    Brought,
    Rates,
    answers,
    brought,
    by_groups,
    rates,
)
from crm_analytics.result import Claim, Result, Study
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

LEAST, LEAST_MONTHS, YEAR = 20, 6, 12
DRIFT = 0.1
"""By how much a year may differ from the one before it for reasons of its own, where too few years are known to tell
(standard deviation of the logarithm)."""


@dataclass(frozen=True, kw_only=True)
class WordOfMouth(Study):
    """How many customers come by recommendation, and what is word of mouth worth?

    New customers of whom it is on record that somebody recommended us, as a share of those whose source is known, and
    per active customer and year: the referral rate K (Reichheld & Sasser; the viral coefficient, per year). Customers
    without a recorded source are taken to have come like the others. Months scatter beyond chance, and intervals are
    widened by as much (quasi-Poisson); a year is held against the same months of the year before, which takes the
    season out. What the recommended bring in their first 180 days is compared with others of the same kind who came in
    the same quarter: other people, so it is no effect of the recommendation.
    """

    reads = "word_of_mouth"
    columns = ("dimension", "value", "month", "counted", "customers", "twice", "observed", "revenue", "revenue_squares",
               "weight", "weight_squares", "until", "begins")  # fmt: skip
    people = ("recommended", "known", "active", "new")
    of = "months of new customers"

    confidence: float = 0.95

    def _answer(self, frame: pd.DataFrame) -> Result:
        days = {name: pd.to_datetime(frame[name]) for name in ("month", "until", "begins")}
        frame = frame.assign(**days).sort_values(["dimension", "value", "month", "counted"], ignore_index=True)
        until, begins = frame["until"].max(), frame["begins"].min()
        start = (begins + pd.DateOffset(months=YEAR)).normalize()
        start = start if start.day == 1 else start + pd.offsets.MonthBegin()
        whole = frame[frame["dimension"] == "all"]
        months = whole.pivot_table(index="month", columns="counted", values="customers", aggfunc="sum")
        span = pd.date_range(start, until - pd.DateOffset(months=1), freq="MS")
        names = ["recommended", "other", "unknown", "active"]
        came = months.reindex(columns=names).fillna(0)
        if not came[["recommended", "other"]].to_numpy().sum():
            return self.refuse(say(
                "Not enough evidence: of {n:count} new customers neither the channel that brought them nor the reason "
                "of their first purchase is on record; ask new customers who sent them.", n=came["unknown"].sum(),
            ))  # fmt: skip
        if len(span) < LEAST_MONTHS:
            return self.refuse(say(
                "Not enough evidence: the records hold {n:count} months after their first year, in which nobody can "
                "tell who is new; {least:count} would be enough.", n=len(span), least=LEAST_MONTHS))  # fmt: skip
        came = came.reindex(span).fillna(0)
        newest = came.tail(YEAR)
        if newest["recommended"].sum() < LEAST or not (newest["active"] > 0).all():
            return self.refuse(say(
                "Not enough evidence: {n:count} customers of the newest year are known to have come by recommendation, "
                "of {all:count} whose source is known; {least:count} would be enough.", n=newest["recommended"].sum(),
                all=newest[["recommended", "other"]].sum().sum(), least=LEAST))  # fmt: skip
        return _answered(self, frame, came, until)


@dataclass(frozen=True, kw_only=True, eq=False)
class WordOfMouthResult(Result):
    """Twelve months a row, the newest last: `first` and `last` month, `new` customers, `known` (whose source is),
    `recommended`, `share` with `low` and `high`, `active` customers (mean), `rate` (new by recommendation per 100
    active and year) with `rate_low` and `rate_high`, `change` (rate over that of the row before) with `change_low` and
    `change_high`.

    `months` has the same counts month by month; `brought` what the recommended brought in their first 180 days,
    `answers` who would recommend (None where nobody was asked), `groups` the regions' rates and promoters with their
    `slope` in `groups.attrs`; `worth` with `worth_low` and `worth_high` is what those of the newest year bring in 180
    days.
    """

    months: pd.DataFrame
    rates: Rates
    brought: Brought | None
    answers: Answers | None
    groups: pd.DataFrame
    worth: float
    worth_low: float
    worth_high: float
    until: date

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How many come by recommendation in the year ahead, as recorded; counted when that year is over."""
        from scipy.stats import norm

        now = self.table.iloc[-1]
        counts = self.rates.counts[-1]
        value = float(now["rate"] / 100 * self.months["active"].iloc[-1] * now["known"] / now["new"])
        spread = np.sqrt(self.rates.scatter * (1 / counts + 1 / value) + DRIFT**2)
        half = norm.ppf((1 + self.study.confidence) / 2) * spread
        fewer = now["change_high"] < 1
        last = (pd.Timestamp(self.until) + pd.DateOffset(months=YEAR)).date() - timedelta(days=1)
        return (
            Claim(
                subject=say("customers by recommendation"), measure="customers", value=value,
                low=value * float(np.exp(-half)), high=value * float(np.exp(half)), confidence=self.study.confidence,
                evidence="modelled", first=self.until, last=last, expires=last + timedelta(days=60),
                decision=say("Ask those who no longer recommend what has changed, before anything is spent on "
                             "replacing the customers they used to bring." if fewer else
                             "Ask every new customer who sent them, and thank those who did."),
                reversed_by=say("Fewer than {low:count} come by recommendation in the twelve months ahead.",
                                low=value * np.exp(-half)),
            ),
        )  # fmt: skip


def _answered(study: WordOfMouth, frame: pd.DataFrame, came: pd.DataFrame, until: pd.Timestamp) -> WordOfMouthResult:
    told = rates(came, study.confidence)
    table = _years(came, told, study.confidence)
    begun = frame[frame["month"] >= came.index[0]]
    money = brought(begun[begun["dimension"] == "kind"], study.confidence)
    said = answers(frame[frame["dimension"] == "all"], study.confidence)
    groups = by_groups(frame[frame["dimension"] == "region"], came.index[-YEAR:], told.scatter, study.confidence)
    worth = low = high = float("nan")
    if money is not None:
        now = table.iloc[-1]
        count = float(now["share"] * now["new"])
        worth = count * money.mean
        spread = np.hypot(money.mean_error * count, money.mean * count * np.sqrt(told.scatter / told.counts[-1]))
        low, high = worth - money.times * spread, worth + money.times * spread
    result = WordOfMouthResult(
        study=study, table=table, text="", months=came.rename_axis("month").reset_index(), rates=told, brought=money,
        answers=said, groups=groups, worth=worth, worth_low=low, worth_high=high, until=until.date(),
    )  # fmt: skip
    twice = begun.loc[(begun["dimension"] == "all") & (begun["counted"] == "recommended"), ["twice", "customers"]].sum()
    return replace(result, text=_sentence(result), checks=checks(result, twice["twice"] / twice["customers"]))


def _years(came: pd.DataFrame, told: Rates, confidence: float) -> pd.DataFrame:
    """The blocks of twelve months, counted back from the newest."""
    rows = []
    for block, place in enumerate(told.blocks):
        part = came.iloc[place]
        recommended, known = part["recommended"].sum(), part[["recommended", "other"]].sum().sum()
        new = known + part["unknown"].sum()
        worth = known / told.scatter or np.nan
        low, high = share_interval(recommended / told.scatter, worth, confidence=confidence)
        rows.append({
            "first": part.index[0], "last": part.index[-1], "new": int(new), "known": int(known),
            "recommended": int(recommended), "share": recommended / known if known else float("nan"), "low": low,
            "high": high, "active": round(part["active"].mean()), "rate": 100 * told.rate[block],
            "rate_low": 100 * told.low[block], "rate_high": 100 * told.high[block], "change": told.change[block],
            "change_low": told.change_low[block], "change_high": told.change_high[block],
        })  # fmt: skip
    return pd.DataFrame(rows)


def _sentence(result: WordOfMouthResult) -> str:
    now = result.table.iloc[-1]
    told = say(
        "{share:percent} ({span:percents}) of new customers came by recommendation from {months:months}, {n:count} of "
        "{known:count} whose source is known; 100 active customers bring {rate:number} ({low:number} – {high:number}) "
        "others a year.", share=now["share"], span=(now["low"], now["high"]), months=(now["first"], now["last"]),
        n=now["recommended"], known=now["known"], rate=now["rate"], low=now["rate_low"], high=now["rate_high"],
    )  # fmt: skip
    if np.isfinite(now["change"]):
        figures = {"size": abs(now["change"] - 1), "low": now["change_low"] - 1, "high": now["change_high"] - 1}
        told += " " + say(
            "That is {size:percent} more than the year before ({low:percent} – {high:percent})."
            if now["change_low"] > 1 else
            "That is {size:percent} less than the year before ({low:percent} – {high:percent})."
            if now["change_high"] < 1 else
            "A change against the year before cannot be told from none ({low:percent} – {high:percent}).", **figures
        )  # fmt: skip
    if result.brought is not None:
        told += " " + say(
            "In their first 180 days those of a year bring {worth:money} ({low:money} – {high:money}).",
            worth=result.worth, low=result.worth_low, high=result.worth_high,
        )  # fmt: skip
    return told
