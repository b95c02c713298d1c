"""What matters to customers: which factors move their satisfaction, against how well the company does in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

import numpy as np
import pandas as pd

from crm_analytics.collection.voice import drivers
from crm_analytics.collection.voice import importance_checks as doubts
from crm_analytics.collection.voice.factors import LEAST_DRIVERS, Rated, ratings, stated
from crm_analytics.collection.voice.kano import kinds
from crm_analytics.collection.voice.replies import latest_with, scales, waves
from crm_analytics.collection.voice.weighing import mean
from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

IMPROVE, KEEP, OVERKILL, LOW = "improve first", "keep up", "possible overkill", "low priority"
LEAST_PEOPLE, PER_FACTOR = 50, 5
NOTHING_MOVES = 0.05
"""The p-value of the regression as a whole above which no factor is said to matter."""

RARELY_ANSWERED = 0.4
"""A factor that a smaller share rated is left out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImportanceResult(Result):
    """`table`, the most important first: factor, importance (share of what the factors explain), low, high,
    performance (mean on its own scale), performance_low, performance_high, level (performance from 0 to 1), priority,
    clear (whether both intervals lie on one side of the quadrant's borders), kind (Kano), stated (mean importance as
    people state it, from 0 to 1), direction (1: better goes with more satisfied, −1 the other way), answers.
    """

    survey: str
    asked_on: date | None
    """The day of the survey's first answer, where answers are dated."""
    outcome: str
    explained: float
    respondents: int
    highest: int
    """The top of the factors' scale, the largest where they differ."""
    usual_level: float
    """The mean level of all factors: the border between well done and not."""

    @property
    def factors(self) -> pd.DataFrame:
        """What people say matters beside what shows to matter."""
        return self.table[["factor", "stated", "importance", "low", "high", "kind"]]


@dataclass(frozen=True, kw_only=True)
class Importance(Study):
    """Which factors move satisfaction, and in which of them are we not good enough?

    Derived importance is each factor's share of the explained variance of overall satisfaction: the average gain in
    (adjusted) R² over all orders in which factors can enter a weighted regression (LMG, Grömping 2007; beyond twelve
    factors relative weights), so that factors which go together share what they explain. Intervals come from resampled
    respondents. `outcome` and `factors` name questions; empty: the question on overall satisfaction of the latest
    survey, and the items of its rating questions. Unanswered items cost a respondent only the pairs they belong to.
    """

    outcome: str = ""
    factors: str = ""
    survey: str = ""
    draws: int = 200
    confidence: float = 0.95
    seed: int = 1

    reads: ClassVar[str] = "answers"
    columns: ClassVar[tuple[str, ...]] = (
        "survey",
        "respondent_id",
        "question",
        "item",
        "kind",
        "position",
        "lowest",
        "highest",
        "weight",
        "answered_at",
    )
    least: ClassVar[int] = LEAST_PEOPLE
    of: ClassVar[str] = "answers"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 50 <= self.draws <= 5000:
            raise ValueError(f"draws is a number of resamples from 50 to 5,000, not {self.draws}; try 200.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        placed = scales(frame)
        found = self._chosen(placed, waves(frame))
        if found is None:
            return self.refuse(
                say(
                    "Not enough evidence: no survey rates at least two factors beside overall satisfaction; name the "
                    "questions by outcome and factors, or ask them."
                )
            )
        survey, outcome, rows = found
        wide = rows.pivot(index="respondent_id", columns="factor", values="position")
        asked = placed[(placed.survey == survey) & (placed.question == outcome) & (placed["item"] == "")]
        asked = asked.set_index("respondent_id")
        people = asked.index.intersection(wide.index[wide.notna().any(axis=1)]).sort_values()
        wide, asked = wide.loc[people], asked.loc[people]
        wide = wide[[name for name in wide if wide[name].notna().sum() >= RARELY_ANSWERED * len(people)]]
        weight = asked.weight.to_numpy(float)
        needed = max(LEAST_PEOPLE, PER_FACTOR * wide.shape[1])
        if len(people) < needed:
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} people rated both the factors and the whole; at least "
                    "{needed:count} are needed for {factors:count} factors.",
                    have=len(people),
                    needed=needed,
                    factors=wide.shape[1],
                )
            )
        constant = [name for name in wide if wide[name].nunique() < 2]
        if asked.position.nunique() < 2 or wide.shape[1] - len(constant) < LEAST_DRIVERS:
            return self.refuse(
                say("Not enough evidence: nearly everybody gave the same answers, so nothing can go with anything.")
            )
        rated = Rated(survey=survey, outcome=outcome, rows=rows, wide=wide.drop(columns=constant),
                       whole=asked.position.to_numpy(float), weight=weight)  # fmt: skip
        return self._told(rated)

    def _chosen(self, placed: pd.DataFrame, order: list[str]) -> tuple[str, str, pd.DataFrame] | None:
        """The survey, the outcome, and the ratings with a column `factor`: the latest survey that has both."""
        for name in [self.survey] if self.survey else list(reversed(order)):
            found = latest_with(placed, order, name, self.outcome)
            if found is None:
                continue
            rows = ratings(placed[placed.survey == name], found[1], self.factors)
            if rows.factor.nunique() >= LEAST_DRIVERS:
                return name, found[1], rows
        return None

    def _told(self, rated: Rated) -> Result:
        factors, count = rated.wide.shape[1], rated.count
        found = drivers.covariance(rated.x, rated.weight)
        shares, whole = drivers.shares_of_variance(found, count)
        if _nothing_p(drivers.r_squared(found), factors, count) > NOTHING_MOVES or not np.isfinite(shares).all():
            return self.refuse(
                say(
                    "Not enough evidence: the {factors:count} factors explain {explained:percent} of satisfaction, "
                    "which chance alone does among {people:count} people; ask more people, or other factors.",
                    factors=factors,
                    explained=max(drivers.r_squared(found), 0.0),
                    people=len(rated.wide),
                )
            )
        spread, first = self._resampled(rated)
        table = self._table(rated, found, shares[0], spread)
        usual = float(np.average(table.level, weights=table.answers))
        table = _prioritised(table, usual)
        asked_on = pd.to_datetime(rated.rows.answered_at).min()
        result = ImportanceResult(
            study=self,
            table=table,
            text=_text(table, rated.rows),
            survey=rated.survey,
            asked_on=None if pd.isna(asked_on) else asked_on.date(),
            outcome=rated.outcome,
            explained=float(whole[0]),
            respondents=len(rated.wide),
            highest=int(rated.rows.highest.max()),
            usual_level=usual,
        )
        return replace(result, checks=tuple(_checks(result, rated, found, first=first[int(np.argmax(shares[0]))])))

    def _resampled(self, rated: Rated) -> tuple[np.ndarray, np.ndarray]:
        """How much each share moves when other people answer, and how often each factor comes first."""
        rng = np.random.default_rng(self.seed)
        people = len(rated.x)
        drawn = np.stack(
            [
                drivers.covariance(
                    rated.x, rated.weight * np.bincount(rng.integers(0, people, people), minlength=people)
                )
                for _ in range(self.draws)
            ]
        )
        shares = drivers.shares_of_variance(drawn, rated.count)[0]
        shares = shares[np.isfinite(shares).all(axis=1)]
        first = np.bincount(shares.argmax(axis=1), minlength=shares.shape[1]) / max(len(shares), 1)
        return shares.std(axis=0, ddof=1), first

    def _table(self, rated: Rated, found: np.ndarray, shares: np.ndarray, spread: np.ndarray) -> pd.DataFrame:
        from scipy import stats

        reach = stats.norm.ppf(0.5 + self.confidence / 2) * spread
        ends = rated.rows.groupby("factor")[["lowest", "highest"]].first()
        lines = []
        for place, name in enumerate(rated.wide):
            there = rated.wide[name].notna().to_numpy()
            told = mean(rated.wide[name].to_numpy(float)[there], rated.weight[there], self.confidence)
            low, high = ends.loc[name]
            lines.append(
                {
                    "factor": name,
                    "importance": shares[place],
                    "low": max(shares[place] - reach[place], 0.0),
                    "high": min(shares[place] + reach[place], 1.0),
                    "performance": told.value,
                    "performance_low": max(told.low, low),
                    "performance_high": min(told.high, high),
                    "level": (told.value - low) / (high - low),
                    "level_low": (told.low - low) / (high - low),
                    "level_high": (told.high - low) / (high - low),
                    "direction": int(np.sign(found[place, -1])),
                    "answers": int(there.sum()),
                }
            )
        table = pd.DataFrame(lines)
        table["kind"] = kinds(rated.wide, rated.whole, rated.weight, ends=ends)
        table["stated"] = table.factor.map(stated(rated.rows.attrs["survey_rows"])).astype(float)
        return table.sort_values(["importance", "factor"], ascending=[False, True], ignore_index=True)


def _checks(result: ImportanceResult, rated: Rated, found: np.ndarray, *, first: float) -> Iterator[Check]:
    """`first` is in which share of resampled surveys the leading factor leads."""
    table, about = result.table, (rated.x, rated.weight, result.table, list(rated.wide), rated.count)
    yield Check(
        name=say("explained"),
        verdict="holds" if result.explained >= 0.3 else "weak",
        text=say(
            "The factors explain {explained:percent} of the differences in satisfaction among {people:count} "
            "people; the rest is moved by what was not asked.",
            explained=result.explained,
            people=len(rated.wide),
        ),
    )
    yield Check(
        name=say("order"),
        verdict="holds" if first >= 0.9 else "weak",
        text=say(
            "{factor} comes first in {first:percent} of the resampled surveys.",
            factor=table.factor.iloc[0],
            first=first,
        ),
    )
    yield doubts.collinear(rated.wide, found)
    yield doubts.missing(*about)
    yield doubts.by_rank(*about)
    yield from doubts.halo(rated.wide)
    yield from doubts.backward(table)
    yield from doubts.stated_first(table)


def _prioritised(table: pd.DataFrame, usual: float) -> pd.DataFrame:
    border = 1 / len(table)
    matters, well = table.importance >= border, table.level >= usual
    priority = np.select([matters & ~well, matters & well, ~matters & well], [IMPROVE, KEEP, OVERKILL], LOW)
    clear = ((table.low > border) | (table.high < border)) & ((table.level_low > usual) | (table.level_high < usual))
    order = [
        *("factor", "importance", "low", "high", "performance", "performance_low", "performance_high", "priority"),
        *("clear", "kind", "stated", "direction", "level", "answers"),
    ]
    return table.assign(priority=priority, clear=clear)[order]


def _text(table: pd.DataFrame, rows: pd.DataFrame) -> str:
    first = table[(table.priority == IMPROVE) & (table.direction > 0)]
    one = (first if len(first) else table).iloc[0]
    top = int(rows[rows.factor == one.factor].highest.iloc[0])
    template = (
        "{share:percent} ({span:percents}) of what moves satisfaction is {factor}, which customers rate "
        "{rated:number} of {top:count} ({low:number} – {high:number}): improve it first."
        if len(first)
        else "{share:percent} ({span:percents}) of what moves satisfaction is {factor}, which customers rate "
        "{rated:number} of {top:count} ({low:number} – {high:number}), no worse than the rest: keep it up."
    )
    return say(
        template,
        share=one.importance,
        span=(one.low, one.high),
        factor=one.factor,
        rated=one.performance,
        top=top,
        low=one.performance_low,
        high=one.performance_high,
    )


def _nothing_p(r2: float, factors: int, count: float) -> float:
    """How often chance explains as much (F test of the regression as a whole)."""
    from scipy import stats

    r2 = min(max(r2, 0.0), 1 - 1e-12)
    left = max(count - factors - 1, 1.0)
    return float(stats.f.sf(r2 / factors / ((1 - r2) / left), factors, left))
