"""Columns that know the outcome because they were written after it: found by what gives them away, named and refused.

A column is refused on proof (it is dated later, filled for one outcome only, empty for everybody whose outcome lies
ahead, or near perfect alone); or where it foretells better alone than all the rest together and one more sign says
that it does not come from what was known before. Strength alone is a reason to ask, not to accuse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.scores.gains import alone, auc, halves
from crm_analytics.planning.customers.scores.periods import moments
from crm_analytics.planning.customers.scores.scorecard import Scorecard
from crm_analytics.planning.customers.scores.steps import Steps, as_number, cut, is_day, is_number, matrix
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

KNOWN_AT = "_known_at"
"""`x_known_at` says since when the value of `x` was known."""

STRONG, TOO_STRONG, PERFECT = 0.75, 0.93, 0.98
OWN_MEMORY = 0.55
"""From here on a column knows of a customer's past beside the outcome: it was not made of the outcome."""
AT_MOST = 20_000

AFTERWARDS = re.compile(
    r"duration|length_of_call|talk_?time|outcome|result|response|converted|conversion|closed|cancel|churn|"
    r"refund|won|lost|after|next_|future|later|final|длительн|результат|итог|исход|отказ|отмен|закры|после|возврат",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """A column that knows too much: `refused`, or kept with a question mark; and what gives it away, in words."""

    column: str
    refused: bool
    why: str


def suspicions(known: pd.DataFrame, ahead: pd.DataFrame, columns: list[str]) -> tuple[Suspicion, ...]:
    """Every column that may have been written after the fact, the refused ones first.

    `known` has a target, `ahead` is to be scored (it may be empty).
    """
    known = _some(known)
    y = known["target"].to_numpy(int)
    steps = cut(known, columns)
    codes = matrix(known, steps)
    strength = np.array([alone(codes[:, j], y, one.count) for j, one in enumerate(steps)])
    found: dict[str, Suspicion] = {}
    for j, one in enumerate(steps):
        proof = _proof(one, known, ahead, codes[:, j], float(strength[j]))
        if proof:
            found[one.column] = Suspicion(column=one.column, refused=True, why=proof)
    left = [j for j, one in enumerate(steps) if one.column not in found and _of_people(known, codes[:, j])]
    found |= _too_good(known, steps, codes, strength, left)
    return tuple(sorted(found.values(), key=lambda s: (not s.refused, s.column)))


def _some(known: pd.DataFrame) -> pd.DataFrame:
    """Enough rows to see a leak, evenly over time."""
    if len(known) <= AT_MOST:
        return known.reset_index(drop=True)
    return known.iloc[np.linspace(0, len(known) - 1, AT_MOST).astype(int)].reset_index(drop=True)


def _of_people(known: pd.DataFrame, codes: np.ndarray) -> bool:
    """Whether a column differs among people of one day; what is the same for all cannot know anybody's outcome."""
    moment = moments(known["snapshot"])
    order = np.lexsort((codes, moment))
    same_day = np.diff(moment[order]) == 0
    if not same_day.any():
        return True
    return bool((np.diff(codes[order].astype(int)) != 0)[same_day].any())


def _proof(one: Steps, known: pd.DataFrame, ahead: pd.DataFrame, codes: np.ndarray, strength: float) -> str:
    """What is enough on its own to refuse a column; an empty text where nothing is."""
    values, y = known[one.column], known["target"].to_numpy(int)
    filled = codes > 0
    dated = f"{one.column}{KNOWN_AT}"
    if dated in known.columns:
        late = (moments(known[dated]) > moments(known["snapshot"])) & filled
        if late.sum() > 0.01 * filled.sum():
            return say("{share:percent} of its values became known after the day of the decision",
                       share=late.sum() / filled.sum())  # fmt: skip
    if is_day(values):
        after = as_number(values, known) < 0
        if after.sum() >= 10 and _one_sided(after, y):
            return say("its days lie after the decision, and only for those with one of the outcomes")
    marked = filled & (as_number(values, known) != 0) if is_number(values) else filled
    if 10 <= marked.sum() < len(y) and _one_sided(marked, y):
        return say(
            "it is filled (or above nothing) for {n:count} people, and {share:percent} of them had the same outcome",
            n=marked.sum(), share=max(y[marked].mean(), 1 - y[marked].mean()),
        )  # fmt: skip
    if len(ahead) >= 20 and filled.mean() >= 0.5 and strength >= 0.6:
        now = one.of(ahead)
        if (now > 0).mean() <= 0.1 * filled.mean():
            return say("it is filled for those whose outcome is known and empty for those to be scored")
        nothing = is_number(values) and (as_number(ahead[one.column], ahead) == 0).mean() >= 0.98
        if nothing and (as_number(values, known) == 0).mean() <= 0.5:
            return say("it is nothing for everybody who is to be scored, and something once the outcome is known")
    if strength >= PERFECT:
        return say(
            "alone it tells {share:percent} of all pairs of outcomes apart; nothing known before", share=strength
        )
    return ""


def _one_sided(marked: np.ndarray, y: np.ndarray) -> bool:
    """Whether nearly all marked rows had one outcome, far more than chance and than any behaviour would bring."""
    n, yes = marked.sum(), y[marked].sum()
    rest = y[~marked]
    for happened, other in ((yes, rest.sum()), (n - yes, len(rest) - rest.sum())):
        odds = (happened + 0.5) / (n - happened + 0.5)
        usual = (other + 0.5) / (len(rest) - other + 0.5)
        whole = happened + other
        if happened >= 0.98 * n and odds / usual >= 20 and happened >= 0.1 * whole and n >= 20:
            return True
    return False


def _too_good(
    known: pd.DataFrame, steps: tuple[Steps, ...], codes: np.ndarray, strength: np.ndarray, left: list[int]
) -> dict[str, Suspicion]:
    """Columns that alone foretell better than everything unlike them together, with the signs for and against."""
    found: dict[str, Suspicion] = {}
    strong = sorted((j for j in left if strength[j] >= STRONG), key=lambda j: -strength[j])[:6]
    if not strong:
        return found
    y = known["target"].to_numpy(int)
    like = _alike(codes, y)
    half = halves(len(y))
    for j in strong:
        unlike = [steps[k].column for k in left if k != j and like[j, k] < 0.5 and strength[k] < strength[j]
                  and steps[k].column not in found]  # fmt: skip
        rest = 0.5
        if unlike:
            card = Scorecard.fit(known[half], unlike)
            rest = auc(card.log_odds(known[~half]), y[~half])
        one = steps[j]
        gap = strength[j] - rest
        if gap < 0.03:
            continue
        signs = _signs(known, one, codes[:, j], like, j, left)
        if strength[j] >= TOO_STRONG and gap >= 0.1:
            signs.append(say("no behaviour foretells as much"))
        told = say("alone it orders people better (AUC {alone:number}) than all the rest together ({rest:number})",
                   alone=strength[j], rest=rest)  # fmt: skip
        before = _as_strong_before(known, codes[:, j], one.count)
        found[one.column] = Suspicion(
            column=one.column, refused=bool(signs) and not before, why="; ".join([told, *signs])
        )
    return found


def _signs(known: pd.DataFrame, one: Steps, codes: np.ndarray, like: np.ndarray, j: int, left: list[int]) -> list[str]:
    """What speaks for a column being written afterwards, beside its strength."""
    signs = []
    others = [k for k in left if k != j]
    closest = [max((like[k, m] for m in left if m != k), default=0.0) for k in others]
    mine = max((like[j, k] for k in others), default=0.0)
    if len(others) >= 4 and mine < 0.12 and np.median(closest) >= 0.15:
        signs.append(say("nothing known before has anything to do with it, while the other columns hang together"))
    if AFTERWARDS.search(one.column):
        signs.append(say("its name speaks of what comes after the decision"))
    now, before, beside = _before_and_now(known, codes, one.count)
    if before is not None and now - before >= 0.15 and beside < OWN_MEMORY:
        signs.append(say("it goes with what came after ({now:number}) and not with what came before ({before:number})",
                         now=now, before=before))  # fmt: skip
    return signs


def _as_strong_before(known: pd.DataFrame, codes: np.ndarray, count: int) -> bool:
    """An alibi: the column tells the customer's outcome before as well as the one that followed."""
    now, before, _ = _before_and_now(known, codes, count)
    return before is not None and before >= now - 0.05


def _before_and_now(known: pd.DataFrame, codes: np.ndarray, count: int) -> tuple[float, float | None, float]:
    """How well the column tells the outcome that followed; the same customers' outcome before it; and the latter among
    people of the same outcome now: what was written after the fact knows of the past only through the outcome."""
    rows = known[["customer_id", "target"]].assign(code=codes, at=moments(known["snapshot"]))
    rows = rows.sort_values(["customer_id", "at"], kind="stable")
    rows["before"] = rows.groupby("customer_id")["target"].shift()
    rows = rows.dropna(subset=["before"])
    now, before = (rows[name].to_numpy(int) for name in ("target", "before"))
    if min(min(y.sum(), len(y) - y.sum()) for y in (now, before)) < 50:
        return 0.0, None, 0.0
    code = rows["code"].to_numpy()
    beside = [
        alone(code[now == y], before[now == y], count) for y in (0, 1) if 0 < before[now == y].sum() < sum(now == y)
    ]
    return alone(code, now, count), alone(code, before, count), float(np.mean(beside)) if beside else 0.0


def _alike(codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How much columns hang together among people of the same outcome: the size of their rank correlations."""
    wide = codes.astype(float)
    for outcome in (0, 1):
        wide[y == outcome] -= wide[y == outcome].mean(axis=0)
    spread = wide.std(axis=0)
    wide /= np.where(spread > 0, spread, 1)
    return np.abs(wide.T @ wide / len(wide))
