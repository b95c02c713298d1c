"""How satisfied customers are, with weights; who answered; and what the whole base would say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_analytics.collection.voice.replies import RECOMMEND, latest_with, scales, waves
from crm_analytics.collection.voice.satisfaction_checks import checks_of, response_checks, unheard
from crm_analytics.collection.voice.weighing import (
    Estimate,
    mean,
    p_value,
    rake,
    share,
)
from crm_analytics.result import Check, Result, Study, enough
from crm_analytics.result.chance import holm
from crm_analytics.say import say

LEAST_ANSWERS, LEAST_IN_GROUP = 20, 10
CHANCE = 0.05
PROMOTER, PASSIVE = 9, 7
TOP = 0.75
"""Satisfied is who stands in the upper quarter of the scale: 4 and 5 of 5, 8 to 10 of 0 … 10."""

BASE_COLUMNS = ("region", "customer_kind", "bought")


@dataclass(frozen=True, kw_only=True, eq=False)
class SatisfactionResult(Result):
    """`table`: group ('all', then each value of `by`), answers, effective (as good as so many of equal weight), mean,
    low, high (on the scale), satisfied (share), satisfied_low, satisfied_high, nps, nps_low, nps_high (promoters less
    detractors, where the scale runs from 0 to 10), p (against all others, for all groups at once), differs.
    """

    survey: str
    question: str
    lowest: int
    highest: int
    whole: Estimate
    score: Estimate | None
    """The net promoter score, from −1 to 1."""
    before: tuple[str, float, float, float] | None = None
    """Former wave, change of the mean since, and its interval."""
    people: pd.DataFrame = field(repr=False)
    """respondent_id, customer_id, position, weight and what else is known of each: what `against` works on."""

    def against(self, base: pd.DataFrame) -> Result:
        """The same, as the whole base would say it: weights raked to the base's groups, and who answered checked.

        `base` is features.customer_base(wh, as_of=…) of the day on which the survey began: one row per customer with
        region, customer_kind and bought. Respondents without a known customer keep out of it.
        """
        from crm_analytics.result import frame_of

        return _for_the_base(self, frame_of(base))


@dataclass(frozen=True, kw_only=True)
class Satisfaction(Study):
    """How satisfied are our customers, is it more than last time, and do the silent ones think the same?

    Respondents count by their weights; intervals know what the weights cost (linearised variance, design effect). The
    groups of `by` (region, customer_kind, or a choice question of the survey) are compared with everybody else, with
    p-values that hold for all groups at once (Holm). `question` and `survey` empty: the question on overall
    satisfaction of the latest survey that asked it; the same question of the survey before is the former wave.
    """

    question: str = ""
    survey: str = ""
    by: str = "region"
    confidence: float = 0.95

    reads: ClassVar[str] = "answers"
    columns: ClassVar[tuple[str, ...]] = (
        "survey",
        "respondent_id",
        "customer_id",
        "question",
        "item",
        "kind",
        "answer",
        "position",
        "lowest",
        "highest",
        "weight",
        "answered_at",
    )
    least: ClassVar[int] = 2
    of: ClassVar[str] = "answers"

    def _answer(self, frame: pd.DataFrame) -> Result:
        placed, order = scales(frame), waves(frame)
        found = latest_with(placed, order, self.survey, self.question)
        if found is None:
            return self.refuse(
                say("Not enough evidence: no survey asks for satisfaction on a scale; name its question, or ask it.")
            )
        survey, question = found
        rows = _of(placed, survey, question)
        if len(rows) < LEAST_ANSWERS:
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} people answered, and a mean of fewer than {least:count} says "
                    "little about the others.",
                    have=len(rows),
                    least=LEAST_ANSWERS,
                )
            )
        people = rows[["respondent_id", "customer_id", "position", "weight", "lowest", "highest"]].copy()
        people["group"] = self._groups(frame, rows, survey)
        former = self._former(placed, order[: order.index(survey)], question, people)
        return _answered(self, people, survey=survey, question=question, before=former)

    def _groups(self, frame: pd.DataFrame, rows: pd.DataFrame, survey: str) -> pd.Series:
        if not self.by:
            return pd.Series(None, index=rows.index, dtype=object)
        if self.by in rows:
            return rows[self.by]
        said = frame[(frame.survey.fillna("") == survey) & (frame.question == self.by) & (frame.kind != "open")]
        return rows.respondent_id.map(said.drop_duplicates("respondent_id").set_index("respondent_id").answer)

    def _former(
        self, placed: pd.DataFrame, earlier: list[str], question: str, people: pd.DataFrame
    ) -> tuple[str, float, float, float] | None:
        for name in reversed(earlier):
            rows = _of(placed, name, question)
            same = len(rows) >= LEAST_ANSWERS and rows.highest.iloc[0] == people.highest.iloc[0]
            if same:
                then = mean(rows.position.to_numpy(float), rows.weight.to_numpy(float), self.confidence)
                now = mean(people.position.to_numpy(float), people.weight.to_numpy(float), self.confidence)
                change, se = now.value - then.value, float(np.hypot(now.se, then.se))
                reach = se * (now.high - now.value) / now.se if now.se > 0 else 0.0
                return name, change, change - reach, change + reach
        return None


def _of(placed: pd.DataFrame, survey: str, question: str) -> pd.DataFrame:
    chosen = placed[(placed.survey == survey) & (placed.question == question) & (placed["item"] == "")]
    return chosen.drop_duplicates("respondent_id").reset_index(drop=True)


def _answered(
    study: Satisfaction,
    people: pd.DataFrame,
    *,
    survey: str,
    question: str,
    before: tuple[str, float, float, float] | None,
    checks: tuple[Check, ...] = (),
) -> SatisfactionResult:
    lowest, highest = int(people.lowest.iloc[0]), int(people.highest.iloc[0])
    table = _table(people, study.confidence)
    y, weight = people.position.to_numpy(float), people.weight.to_numpy(float)
    whole = mean(y, weight, study.confidence)
    score = mean(_net(y), weight, study.confidence) if (lowest, highest) == (0, 10) else None
    return SatisfactionResult(
        study=study,
        table=table,
        text=_text(table, question, score=score, highest=highest),
        checks=(*checks, *checks_of(people, table, before)),
        survey=survey,
        question=question,
        lowest=lowest,
        highest=highest,
        whole=whole,
        score=score,
        before=before,
        people=people,
    )


def _net(y: np.ndarray) -> np.ndarray:
    """+1 for a promoter, −1 for a detractor: their mean is the net promoter score (Reichheld 2003)."""
    return (y >= PROMOTER).astype(float) - (y < PASSIVE)


def _table(people: pd.DataFrame, confidence: float) -> pd.DataFrame:
    lowest, highest = int(people.lowest.iloc[0]), int(people.highest.iloc[0])
    recommends = (lowest, highest) == (0, 10)
    named = people.group.dropna()
    sizes = named.value_counts()
    groups = sorted(sizes.index[sizes >= LEAST_IN_GROUP])
    rows = []
    for name in [None, *groups]:
        mine = people if name is None else people[people.group == name]
        y, weight = mine.position.to_numpy(float), mine.weight.to_numpy(float)
        centre = mean(y, weight, confidence)
        satisfied = share((y - lowest) / (highest - lowest) >= TOP, weight, confidence)
        net = mean(_net(y), weight, confidence) if recommends else None
        rows.append(
            {
                "group": say("all") if name is None else name,
                "answers": len(mine),
                "effective": centre.effective,
                "mean": centre.value,
                "low": max(centre.low, lowest),
                "high": min(centre.high, highest),
                "satisfied": satisfied.value,
                "satisfied_low": satisfied.low,
                "satisfied_high": satisfied.high,
                "nps": net.value if net else np.nan,
                "nps_low": max(net.low, -1.0) if net else np.nan,
                "nps_high": min(net.high, 1.0) if net else np.nan,
                "p": np.nan if name is None else _against_others(people, name),
            }
        )
    table = pd.DataFrame(rows)
    table.loc[1:, "p"] = holm(table.p.iloc[1:].to_numpy()) if len(groups) > 1 else np.nan
    table["differs"] = table.p < CHANCE
    return table


def _against_others(people: pd.DataFrame, name: str) -> float:
    here = (people.group == name).to_numpy()
    there = people.group.notna().to_numpy() & ~here
    if there.sum() < LEAST_IN_GROUP:
        return 1.0
    y, weight = people.position.to_numpy(float), people.weight.to_numpy(float)
    mine, others = mean(y[here], weight[here]), mean(y[there], weight[there])
    effective = min(mine.effective, others.effective)
    return p_value(mine.value - others.value, float(np.hypot(mine.se, others.se)), effective)


def _text(table: pd.DataFrame, question: str, *, score: Estimate | None, highest: int) -> str:
    one = table.iloc[0]
    if score is not None and RECOMMEND.search(question):
        return say(
            "{score:.0f} ({low:.0f} – {high:.0f}) is the net promoter score, promoters less detractors in a hundred, "
            "by {answers:count} answers.",
            score=100 * score.value,
            low=100 * max(score.low, -1),
            high=100 * min(score.high, 1),
            answers=one.answers,
        )
    return say(
        "{mean:number} of {top:count} ({low:number} – {high:number}) is what customers give; {satisfied:percent} "
        "({span:percents}) of them are satisfied, by {answers:count} answers.",
        mean=one["mean"],
        top=highest,
        low=one.low,
        high=one.high,
        satisfied=one.satisfied,
        span=(one.satisfied_low, one.satisfied_high),
        answers=one.answers,
    )


def _for_the_base(result: SatisfactionResult, base: pd.DataFrame) -> Result:
    """Non-response: whom the answers come from, and the answer re-weighted to the base."""
    study = result.study
    columns = [name for name in BASE_COLUMNS if name in base and base[name].nunique() > 1]
    if "customer_id" not in base or not columns:
        raise ValueError(
            "against takes a table with customer_id and at least one of region, customer_kind and bought that differs; "
            "features.customer_base(wh, as_of=…) makes one."
        )
    known = result.people.drop(columns=[c for c in columns if c in result.people])
    known = known.merge(base[["customer_id", *columns]].drop_duplicates("customer_id"), on="customer_id", how="inner")
    known = known.sort_values("respondent_id", ignore_index=True)
    if len(known) < LEAST_ANSWERS:
        return study.refuse(
            say(
                "Not enough evidence: {have:count} of {all:count} respondents are known customers, too few to hold "
                "against the base; ask for a customer number in the survey.",
                have=len(known),
                all=len(result.people),
            )
        )
    shares = {name: base[name].value_counts(normalize=True).sort_index() for name in columns}
    start = known.weight.to_numpy(float)
    raked = rake(known[columns], shares, start)
    told = tuple(response_checks(result, known, shares, raked.weight, start))
    told += unheard(raked.lost, raked.settled)
    again = _answered(
        study,
        known.assign(weight=raked.weight),
        survey=result.survey,
        question=result.question,
        before=None,
        checks=told,
    )
    assert enough(again)
    text = say(
        "{mean:number} of {top:count} ({low:number} – {high:number}) is what the whole base would give, against "
        "{raw:number} among those who answered.",
        mean=again.whole.value,
        top=again.highest,
        low=max(again.whole.low, again.lowest),
        high=min(again.whole.high, again.highest),
        raw=result.whole.value,
    )
    return replace(again, text=text)
