"""How far can these numbers be trusted? What became of every estimator where the truth was known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.result import Check, Result, Study
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

PROMISED = 0.95
RANDOMISED, OTHERS = 0.92, 0.90
"""The least share of 95 % intervals that must hold the truth, where chance decided who was treated and where not."""
OVERSURE = 0.08
"""More than this share of effects seen where there is none is a fault."""
SUMMED = ("trials", "refused", "covered", "called")


@dataclass(frozen=True, kw_only=True)
class Trust(Study):
    """How often do the intervals of this suite hold the truth, and how often is nothing called an effect?

    Every estimator is asked about simulated companies whose truth is known, in situations that fool a plain look. Of a
    situation's answers: how many 95 % intervals held the truth (with a Wilson interval of that share), the bias, the
    error beside that of the plain reading, false alarms where there is no effect and power where there is one.
    It says nothing about the company at hand, and holds as far as that company is like the simulated ones.
    """

    confidence: float = 0.95

    reads = "trials"
    columns = ("estimator", "situation", "randomised", *SUMMED, "truth", "bias", "error", "naive_error")
    of = "situations"

    def _answer(self, frame: pd.DataFrame) -> Result:
        table = frame.sort_values(["estimator", "situation"], ignore_index=True)
        table["answers"] = table["trials"] - table["refused"]
        if not table["answers"].sum():
            return self.refuse(say("Not enough evidence: no estimator answered in any situation; run make trust."))
        table = _shares(table, self.confidence)
        return TrustResult(
            study=self, table=table[_COLUMNS], text=_sentence(self, table),
            checks=(*_intervals(table), _false_alarms(table), _only_simulated()),
        )  # fmt: skip


_COLUMNS = [
    "estimator", "situation", "randomised", "answers", "refused", "coverage", "coverage_low", "coverage_high",
    "false_alarms", "power", "bias", "error", "naive_error",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class TrustResult(Result):
    """A row per estimator and situation: answers, refused; coverage with its interval; false_alarms (null where there
    is an effect), power (null where there is none); bias, error and naive_error as shares of what is usual."""

    @property
    def estimators(self) -> pd.DataFrame:
        """One row per estimator: answers, coverage, false_alarms, power, error and naive_error over its situations."""
        table = self.table.assign(held=self.table["coverage"] * self.table["answers"])
        by = table.groupby("estimator")
        told = by[["answers", "held"]].sum()
        told["coverage"] = told["held"] / told["answers"]
        for column in ("false_alarms", "power"):
            told[column] = by[column].mean()
        for column in ("error", "naive_error"):
            told[column] = by[column].agg(lambda shares: float(np.sqrt((shares**2).mean())))
        return told.drop(columns="held").reset_index()


def _shares(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    answers = table["answers"].where(table["answers"] > 0)
    none = table["truth"] == 0
    low, high = share_interval(table["covered"], answers, confidence=confidence)
    called = table["called"] / answers
    return table.assign(
        coverage=table["covered"] / answers, coverage_low=low, coverage_high=high,
        false_alarms=called.where(none), power=called.where(~none),
    )  # fmt: skip


def _sentence(study: Trust, table: pd.DataFrame) -> str:
    answers, covered = int(table["answers"].sum()), int(table["covered"].sum())
    low, high = share_interval(covered, answers, confidence=study.confidence)
    told = say(
        "{share:percent} ({span:percents}) of {answers:count} intervals that promise 95 % held the truth, "
        "on simulated companies, over {n:count} {n:estimator|estimators}.",
        share=covered / answers, span=(low, high), answers=answers, n=table["estimator"].nunique(),
    )  # fmt: skip
    plain = table[table["naive_error"].notna() & (table["error"] > 0) & ~table["randomised"]]
    if len(plain):
        times = float((plain["naive_error"] / plain["error"]).median())
        told += " " + say("Where nothing was randomised, a plain look erred {times:number} times as far.", times=times)
    return told


def _intervals(table: pd.DataFrame) -> list[Check]:
    """Whether any situation's intervals are surely too narrow: its own share's interval lies below what is asked."""
    least = np.where(table["randomised"], RANDOMISED, OTHERS)
    short, surely = table[table["coverage"] < least], table[table["coverage_high"] < least]
    if surely.empty and short.empty:
        lowest = table.loc[table["coverage"].idxmin()]
        text = say(
            "In every situation at least {share:percent} of the intervals held the truth ({name}: {situation}).",
            share=np.floor(100 * lowest["coverage"]) / 100, name=lowest["estimator"], situation=lowest["situation"],
        )  # fmt: skip
        return [Check(name=say("intervals"), verdict="holds", text=text)]
    return [
        Check(
            name=say("intervals"), verdict="fails" if row.coverage_high < asked else "weak",
            text=say(
                "{name}, {situation}: only {share:percent} of the intervals held the truth, and at least "
                "{asked:percent} should; read them as narrower than they ought to be.",
                name=row.estimator, situation=row.situation, share=row.coverage, asked=asked,
            ),
        )
        for row, asked in zip(table.itertuples(), least, strict=True)
        if row.coverage < asked
    ]  # fmt: skip


def _false_alarms(table: pd.DataFrame) -> Check:
    none = table[table["false_alarms"].notna()]
    if none.empty:
        return Check(name=say("false alarms"), verdict="weak", text=say("No situation without an effect was tried."))
    share = float((none["called"].sum()) / none["answers"].sum())
    worst = none.loc[none["false_alarms"].idxmax()]
    return Check(
        name=say("false alarms"), verdict="holds" if worst["false_alarms"] <= OVERSURE else "weak",
        text=say(
            "Where there was no effect, one was seen in {share:percent} of the answers; most often by {name} "
            "({situation}: {most:percent}).",
            share=share, name=worst["estimator"], situation=worst["situation"], most=worst["false_alarms"],
        ),
    )  # fmt: skip


def _only_simulated() -> Check:
    return Check(
        name=say("only simulated"), verdict="weak",
        text=say(
            "This holds as far as the company is like the simulated ones; what nobody thought of simulating is not "
            "in it. The diary says how the forecasts about this very company fared."
        ),
    )  # fmt: skip
