"""What customers write when they are asked openly: its themes, how common each is, and how satisfied who writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_analytics.collection.voice import themes
from crm_analytics.collection.voice.replies import overall, scales, waves
from crm_analytics.collection.voice.weighing import mean, p_value, share
from crm_analytics.collection.voice.words import HIDDEN, common_words, masked
from crm_analytics.result import Check, Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

LEAST_ANSWERS = 40
CHANCE = 0.05
SETTLED, ABOVE_CHANCE = 0.35, 0.15
"""Themes are told where two halves agree by so much, and by so much more than on shuffled words."""
LONGEST_QUOTE = 160


@dataclass(frozen=True, kw_only=True, eq=False)
class VoicesResult(Result):
    """`table`, the commonest theme first: theme (its typical words), answers, share (of those who wrote), low, high,
    satisfaction (mean overall answer of those who wrote of it), gap (less that of all others who wrote), gap_low,
    gap_high, p (for all themes at once), quote (a typical answer without anything personal; empty where none is fit).
    The last row holds the answers of no theme, where there are any.
    """

    survey: str
    question: str
    stability: float
    """How far two halves of the answers agree on the themes, 1 for wholly, 0 for chance."""
    respondents: int


@dataclass(frozen=True, kw_only=True)
class Voices(Study):
    """What do customers write, how many of them, and how satisfied are those who write it?

    Words are counted by their stems (English and Russian), weighed by how telling they are (tf-idf), and texts are
    grouped by meaning (latent semantic analysis, k-means); the number of themes is the largest whose themes are found
    again in two halves of the answers (`themes` 0), or as given. Themes are named by their typical words. Nothing is
    claimed about the mood of a text: where the survey also asks for satisfaction, the mean of those who write of a
    theme is held against the others. A quote is shown only where at least `small_cell` people wrote of the theme, and
    with nothing personal in it.
    """

    question: str = ""
    survey: str = ""
    themes: int = 0
    small_cell: int = 10
    confidence: float = 0.95
    seed: int = 1

    reads: ClassVar[str] = "answers"
    columns: ClassVar[tuple[str, ...]] = (
        "survey",
        "respondent_id",
        "question",
        "item",
        "kind",
        "answer",
        "position",
        "weight",
        "answered_at",
    )
    least: ClassVar[int] = LEAST_ANSWERS
    of: ClassVar[str] = "answers"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.themes and not 2 <= self.themes <= themes.MOST:
            raise ValueError(f"themes is 0 (as found) or a number from 2 to {themes.MOST}, not {self.themes}.")
        if self.small_cell < 3:
            raise ValueError(f"small_cell is a number of people from 3, not {self.small_cell}; try 10.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        found = self._chosen(frame)
        if found is None:
            return self.refuse(
                say(
                    "Not enough evidence: no open question has {least:count} answers; ask one, or name it.",
                    least=LEAST_ANSWERS,
                )
            )
        survey, question, written = found
        grouped = themes.grouped(written.answer.tolist(), count=self.themes, seed=self.seed)
        if grouped is None:
            return self.refuse(
                say(
                    "Not enough evidence: the {answers:count} answers share too few words for a theme; read them.",
                    answers=len(written),
                )
            )
        if not self.themes and not _settled(grouped):
            return self.refuse(
                say(
                    "Not enough evidence: two halves of the {answers:count} answers do not show the same themes "
                    "(agreement {stability:number} of 1); more answers, or reading them, would help.",
                    answers=len(written),
                    stability=grouped.stability,
                )
            )
        satisfied = self._satisfaction(frame, survey)
        table = self._table(written, grouped, satisfied)
        return VoicesResult(
            study=self,
            table=table,
            text=self._text(table, len(written)),
            checks=tuple(self._checks(table, grouped, len(written))),
            survey=survey,
            question=question,
            stability=grouped.stability,
            respondents=len(written),
        )

    def _chosen(self, frame: pd.DataFrame) -> tuple[str, str, pd.DataFrame] | None:
        """The latest survey's open question with the most answers."""
        written = frame[(frame.kind == "open") & frame.answer.notna() & (frame.answer.str.strip() != "")]
        written = written.assign(survey=written.survey.fillna(""), item=written["item"].fillna(""))
        if self.question:
            written = written[written.question == self.question]
        for survey in [self.survey] if self.survey else list(reversed(waves(frame))):
            mine = written[written.survey == survey]
            asked = mine.groupby(["question", "item"]).respondent_id.nunique().reset_index(name="n")
            asked = asked[asked.n >= LEAST_ANSWERS].sort_values(
                ["n", "question", "item"], ascending=[False, True, True]
            )
            if len(asked):
                best = asked.iloc[0]
                chosen = mine[(mine.question == best.question) & (mine["item"] == best["item"])]
                chosen = chosen.drop_duplicates("respondent_id").sort_values("respondent_id", ignore_index=True)
                return survey, best.question, chosen
        return None

    def _satisfaction(self, frame: pd.DataFrame, survey: str) -> pd.Series:
        placed = scales(frame)
        placed = placed[placed.survey == survey]
        question = overall(placed)
        rows = placed[(placed.question == question) & (placed["item"] == "")]
        return rows.drop_duplicates("respondent_id").set_index("respondent_id").position

    def _table(self, written: pd.DataFrame, grouped: themes.Themes, satisfied: pd.Series) -> pd.DataFrame:
        weight = written.weight.to_numpy(float)
        felt = written.respondent_id.map(satisfied).to_numpy(float)
        common = common_words(written.answer.tolist())
        rows = []
        for number, name in [*enumerate(grouped.names), (-1, say("other"))]:
            mine = grouped.member == number
            if not mine.any():
                continue
            part = share(mine, weight, self.confidence)
            quote = self._quote(written.answer, grouped, number, common) if number >= 0 else ""
            rows.append(
                {"theme": name, "answers": int(mine.sum()), "share": part.value, "low": part.low, "high": part.high}
                | self._felt(felt, weight, mine)
                | {"quote": quote, "last": number < 0}
            )
        table = pd.DataFrame(rows)
        known = table.p.notna()
        table.loc[known, "p"] = holm(table.p[known].to_numpy())
        order = ["last", "share", "theme"]
        return table.sort_values(order, ascending=[True, False, True], ignore_index=True).drop(columns="last")

    def _felt(self, felt: np.ndarray, weight: np.ndarray, mine: np.ndarray) -> dict[str, float]:
        known = np.isfinite(felt)
        here, there = mine & known, ~mine & known
        if min(here.sum(), there.sum()) < self.small_cell:
            return dict.fromkeys(("satisfaction", "gap", "gap_low", "gap_high", "p"), np.nan)
        a, b = mean(felt[here], weight[here], self.confidence), mean(felt[there], weight[there], self.confidence)
        gap, se = a.value - b.value, float(np.hypot(a.se, b.se))
        reach = se * (a.high - a.value) / a.se if a.se > 0 else 0.0
        p = p_value(gap, se, min(a.effective, b.effective))
        return {"satisfaction": a.value, "gap": gap, "gap_low": gap - reach, "gap_high": gap + reach, "p": p}

    def _quote(self, answers: pd.Series, grouped: themes.Themes, number: int, common: frozenset[str]) -> str:
        """The most typical answer that can be shown: short, with nothing hidden in it, of a theme of many."""
        if (grouped.member == number).sum() < self.small_cell:
            return ""
        order = np.argsort(-np.where(grouped.member == number, grouped.strength[:, number], -1), kind="stable")
        for place in order[: int((grouped.member == number).sum())]:
            text = " ".join(str(answers.iloc[place]).split())
            if len(text) <= LONGEST_QUOTE and HIDDEN not in masked(text, common):
                return text
        return ""

    def _text(self, table: pd.DataFrame, people: int) -> str:
        one = table.iloc[0]
        return say(
            "{share:percent} ({span:percents}) of the {people:count} who wrote something write of {theme}.",
            share=one.share,
            span=(one.low, one.high),
            people=people,
            theme=one.theme,
        )

    def _checks(self, table: pd.DataFrame, grouped: themes.Themes, people: int) -> Iterator[Check]:
        yield Check(
            name=say("stability"),
            verdict="holds" if _settled(grouped) else "weak",
            text=say(
                "Two halves of the answers agree on their themes by {stability:number} of 1, on shuffled words by "
                "{chance:number}.",
                stability=grouped.stability,
                chance=grouped.chance,
            ),
        )
        left = float((grouped.member < 0).mean())
        yield Check(
            name=say("covered"),
            verdict="holds" if left <= 0.3 else "weak",
            text=say("{left:percent} of the answers belong to no theme; read some of them.", left=left),
        )
        named = table.dropna(subset=["gap"])
        apart = named[named.p < CHANCE].sort_values("gap")
        if len(named):
            yield Check(
                name=say("satisfaction"),
                verdict="holds" if len(apart) else "weak",
                text=say(
                    "Those who write of {theme} are {gap:number} points ({low:number} – {high:number}) from the others "
                    "in satisfaction; which of the two moves the other is not said."
                    if len(apart)
                    else "No theme goes with more or less satisfaction beyond chance.",
                    theme=apart.theme.iloc[0] if len(apart) else "",
                    gap=apart.gap.iloc[0] if len(apart) else 0.0,
                    low=apart.gap_low.iloc[0] if len(apart) else 0.0,
                    high=apart.gap_high.iloc[0] if len(apart) else 0.0,
                ),
            )


def _settled(grouped: themes.Themes) -> bool:
    return grouped.stability >= max(SETTLED, grouped.chance + ABOVE_CHANCE)
