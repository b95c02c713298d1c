"""Who has one thing and lacks the other, how many of such customers take to it, and what that would bring?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.shares import Z, above_zero
from crm_analytics.result import Check, Result, Study
from crm_analytics.result.chance import holm, share_interval
from crm_analytics.rules.clauses import BOUGHT, All, Done, opposite
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

LEAST_TAKERS = 10
"""Of fewer who took to a thing nobody can say what the next would spend on it."""


@dataclass(frozen=True, kw_only=True)
class Gaps(Study):
    """Which customers have one thing and lack another that customers like them take to, and what is it worth?

    For each two groups of goods: who has the one and never bought the other; how many of those who stood there when the
    window began had the other by its end (uptake), and what they spent on it. Pairs of fewer than `least_customers` who
    lack the second are left out.
    """

    reads = "holdings"
    columns = ("customer_id", "goods", "of", "first_day", "revenue_window", "since", "until")
    people = ("took",)
    least = 50
    of = "purchases"

    least_customers: int = 50
    confidence: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.least_customers < 2:
            raise ValueError("least_customers is a number of customers, at least 2.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        held = _Held.of(frame)
        if len(held.goods) < 2:
            return self.refuse(
                say("Not enough evidence: all that was sold is one group of goods; two are needed to lack one.")
            )
        table = _pairs(held, self)
        if table.empty:
            return self.refuse(
                say(
                    "Not enough evidence: no pair of {goods:count} groups of goods has {least:count} customers who "
                    "lack one of them and {takers:count} who took to it within the window; a longer window would help.",
                    goods=len(held.goods), least=self.least_customers, takers=LEAST_TAKERS,
                )
            )  # fmt: skip
        best = table.iloc[0]
        text = say(
            "{likely:money} ({low:money} – {high:money}) is likely to come of «{lacks}» from {n:count} customers who "
            "have «{has}» and lack it, if {uptake:percent} take to it as before; {ceiling:money} if all did.",
            likely=best.likely, low=best.likely_low, high=best.likely_high, lacks=best.lacks, has=best.has,
            n=best.customers, uptake=best.uptake, ceiling=best.ceiling,
        )  # fmt: skip
        return GapsResult(study=self, table=table, text=text, checks=_checks(table, held))


@dataclass(frozen=True, kw_only=True, eq=False)
class GapsResult(Result):
    """A row per pair of goods: first those where having one matters for the other, then the most likely money.

    `has`, `lacks`, `customers` (who do), `uptake` (the share of such customers who took to it within one window) with
    `low` and `high`, `uptake_of_others` (who lacked both), `matters` (the difference is beyond chance), `took`, `each`
    (what a taker spent on it), `likely` (customers × uptake × each) with `likely_low` and `likely_high`, `ceiling`
    (customers × each), `rule` (as features.segments understands it).
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class _Held:
    """Customers × goods: whether it was had before the window, is had now, and what was spent on it within."""

    goods: tuple[str, ...]
    of: str
    before: np.ndarray
    now: np.ndarray
    spent: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame) -> _Held:
        frame = frame.sort_values(["goods", "customer_id"], ignore_index=True)
        goods, column = np.unique(frame["goods"].astype("str"), return_inverse=True)
        ids, row = np.unique(frame["customer_id"].astype("str"), return_inverse=True)
        before, now, spent = (np.zeros((len(ids), len(goods))) for _ in range(3))
        now[row, column] = 1
        before[row, column] = frame["first_day"] < frame["since"]
        spent[row, column] = frame["revenue_window"]
        return cls(goods=tuple(goods), of=str(frame["of"].iloc[0]), before=before, now=now, spent=spent)


def _pairs(held: _Held, study: Gaps) -> pd.DataFrame:
    import pandas as pd

    without, lacked = 1 - held.now, 1 - held.before
    new = held.now * lacked
    customers = held.now.T @ without
    standing, took = held.before.T @ lacked, held.before.T @ new
    somebody = held.before.any(axis=1).astype(float)
    others, others_took = (somebody @ lacked)[None, :] - standing, (somebody @ new)[None, :] - took
    money, square = held.before.T @ (held.spent * new), held.before.T @ (held.spent**2 * new)
    on_sale = held.before.sum(axis=0) >= LEAST_TAKERS  # what has only just come is taken up by everybody
    one, other = np.nonzero((customers >= study.least_customers) & (took >= LEAST_TAKERS) & on_sale[None, :])
    keep = one != other
    one, other = one[keep], other[keep]
    n, of = took[one, other], standing[one, other]
    low, high = share_interval(n, of)
    each = money[one, other] / n
    spread = np.sqrt(np.maximum(square[one, other] / n - each**2, 0) / n)
    table = pd.DataFrame({
        "has": np.array(held.goods, dtype=object)[one], "lacks": np.array(held.goods, dtype=object)[other],
        "customers": customers[one, other].astype(int), "uptake": n / of, "low": low, "high": high,
        "uptake_of_others": others_took[one, other] / np.maximum(others[one, other], 1),
        "matters": _matters(n, of, others_took[one, other], others[one, other], study.confidence),
        "took": n.astype(int), "each": each,
    })  # fmt: skip
    likely = table["customers"] * table["uptake"] * table["each"]
    error = np.sqrt((1 - table["uptake"]) / n + (spread / each) ** 2)
    widen = np.exp(Z * error)
    table = table.assign(
        likely=likely, likely_low=likely / widen, likely_high=likely * widen,
        ceiling=table["customers"] * table["each"],
        rule=[_rule(held.of, has, lacks) for has, lacks in zip(table["has"], table["lacks"], strict=True)],
    )  # fmt: skip
    table = table[table["each"] > 0]
    return table.sort_values(
        ["matters", "likely", "has", "lacks"], ascending=[False, False, True, True], ignore_index=True
    )


def _matters(took: np.ndarray, of: np.ndarray, others_took: np.ndarray, others: np.ndarray, confidence: float) -> Any:
    """Whether those who have one thing take to the other more often than those who do not, beyond chance."""
    asked = (others > 0) & (of > 0)
    p = above_zero(took, np.maximum(of, 1), others_took, np.maximum(others, 1))
    return (holm(np.where(asked, p, np.nan)) < 1 - confidence) & (took / of > others_took / np.maximum(others, 1))


def _rule(of: str, has: str, lacks: str) -> str:
    return str(All((Done(BOUGHT, what=(has,), of=of), opposite(Done(BOUGHT, what=(lacks,), of=of)))))


def _checks(table: pd.DataFrame, held: _Held) -> tuple[Check, ...]:
    best = table.iloc[0]
    return (
        Check(
            name=say("having one matters"),
            verdict="holds" if best.matters else "weak",
            text=say(
                "Who has «{has}» takes to «{lacks}» in {uptake:percent} of cases, others in {others:percent}"
                + ("." if best.matters else "; that may be chance, so «{has}» is no reason to offer it.")
                + " Beyond chance it is so in {n:count} of {pairs:count} pairs.",
                has=best.has, lacks=best.lacks, uptake=best.uptake, others=best.uptake_of_others,
                n=int(table["matters"].sum()),
                pairs=len(table),
            ),
        ),
        Check(
            name=say("takers"),
            verdict="holds" if best.took >= 30 else "weak",
            text=say("What a taker spends is known from {took:count} customers who took to «{lacks}» in the window.",
                     took=best.took, lacks=best.lacks),
        ),
        Check(
            name=say("groups of goods"),
            verdict="holds" if held.of == "category" else "weak",
            text=say(
                "{goods:count} categories were looked at."
                if held.of == "category"
                else "No categories are on record, so the {goods:count} products with the most buyers stand for them.",
                goods=len(held.goods),
            ),
        ),
    )  # fmt: skip
