"""Who are the best customers, who is slipping away, and how much money stands behind each group?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.base.migration import MigrationResult, moved
from crm_analytics.result import Check, Result, Study, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

SEGMENTS = ("best", "loyal", "promising", "cooling", "at risk", "lost")
"""From the first to the last in the order in which a company would rather have them."""

NOT_YET = "not yet a customer"

FIFTHS = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Where the five grades end, in days since the last purchase, purchases and money: frozen, so that a customer
    who moves has really moved. A score is 1 plus the number of cut-offs that are exceeded, so equals score equally."""

    recency_days: tuple[float, ...]
    frequency: tuple[float, ...]
    money: tuple[float, ...]

    @classmethod
    def of(cls, customers: pd.DataFrame) -> Cuts:
        """Fifths of these customers, as nearly as equal values allow."""
        return cls(**{name: _fifths(customers[name]) for name in ("recency_days", "frequency", "money")})


@dataclass(frozen=True, kw_only=True)
class RFM(Study):
    """Which customers are best, loyal, promising, cooling, at risk or lost, by when they last bought, how often and
    for how much?

    Each is graded 1 (worst) to 5 against the cut-offs in `cuts`; without them, against the fifths of those who bought
    in the table's window. Take the cut-offs of last period (`earlier.cuts`) to grade another day by the same measure;
    `.against(later)` says who moved. Asked of `features.rfm(…, window_days=…)`, what happened before the window no
    longer lifts anybody, and two windows can be compared.
    """

    reads = "rfm"
    columns = ("customer_id", "orders", "t_x", "T", "revenue")
    least = 25
    of = "customers"

    cuts: Cuts | None = None

    def _answer(self, frame: pd.DataFrame) -> RFMResult:
        customers = _as_rfm(frame)
        buyers = customers[customers["frequency"] > 0]
        if self.cuts is None and len(buyers) < self.least:
            return self.refuse(
                say(
                    "Not enough evidence: {buyers:count} customers bought in these days, and grades take "
                    "{least:count}; take a longer window.",
                    buyers=len(buyers),
                    least=self.least,
                )
            )
        cuts = self.cuts or Cuts.of(buyers)
        table = _graded(customers, cuts)
        segments = _summary(table)
        return RFMResult(
            study=self,
            table=table,
            text=_sentence(table, segments),
            checks=_checks(table, cuts),
            cuts=cuts,
            segments=segments,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class RFMResult(Result):
    """Each customer's grades and segment, the most money first: `customer_id`, `segment`, `r`, `f`, `m` (1–5),
    `recency_days` (since the last purchase), `frequency` (purchases), `money` (revenue, both
    in the table's window), `known_days` (since the first purchase).

    `segments` is one row per segment: `segment`, `customers`, `share_of_customers`, `money`, `share_of_money`,
    `money_per_customer`. `cuts` are the cut-offs used; give them to the next `RFM(cuts=…)`.
    """

    cuts: Cuts
    segments: pd.DataFrame

    def against(self, later: Any) -> MigrationResult:
        """Who moved where since: a later table of the same feature, graded against the same cut-offs."""
        return _moves(self, frame_of(later))


def _in_window(frame: pd.DataFrame) -> bool:
    return "window_days" in frame and bool(frame["window_days"].notna().any())


def _as_rfm(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        recency_days=frame["T"] - frame["t_x"], frequency=frame["orders"], money=frame["revenue"].fillna(0.0)
    ).rename(columns={"T": "known_days"})[["customer_id", "recency_days", "frequency", "money", "known_days"]]


def _fifths(values: pd.Series) -> tuple[float, ...]:
    return tuple(float(cut) for cut in np.quantile(values, FIFTHS, method="lower"))


def _score(values: pd.Series, cuts: tuple[float, ...]) -> np.ndarray:
    return 1 + np.searchsorted(np.asarray(cuts), values.to_numpy(float), side="left")


def _graded(customers: pd.DataFrame, cuts: Cuts) -> pd.DataFrame:
    table = customers.assign(
        r=6 - _score(customers["recency_days"], cuts.recency_days),
        f=_score(customers["frequency"], cuts.frequency),
        m=_score(customers["money"], cuts.money),
    )
    table["segment"] = _segment(table["r"], table["f"], table["m"])
    order = ["customer_id", "segment", "r", "f", "m", "recency_days", "frequency", "money", "known_days"]
    return table.sort_values(["money", "customer_id"], ascending=[False, True], ignore_index=True)[order]


def _segment(r: pd.Series, f: pd.Series, m: pd.Series) -> np.ndarray:
    often, lately = f >= 3, r >= 3
    return np.select(
        [(r >= 4) & (f >= 4) & (m >= 4), lately & often, r >= 4, lately, often],
        ["best", "loyal", "promising", "cooling", "at risk"],
        default="lost",
    )


def _summary(table: pd.DataFrame) -> pd.DataFrame:
    by = table.groupby("segment").agg(customers=("customer_id", "size"), money=("money", "sum"))
    by = by.reindex(list(SEGMENTS), fill_value=0)
    return by.assign(
        share_of_customers=by["customers"] / by["customers"].sum(),
        share_of_money=by["money"] / by["money"].sum(),
        money_per_customer=by["money"] / by["customers"].where(by["customers"] > 0),
    ).reset_index()[["segment", "customers", "share_of_customers", "money", "share_of_money", "money_per_customer"]]


def _sentence(table: pd.DataFrame, segments: pd.DataFrame) -> str:
    by = segments.set_index("segment")
    share = float(by.loc["best", "share_of_money"])
    half = 1.96 * _error_of_share(table["money"].to_numpy(), (table["segment"] == "best").to_numpy())
    return say(
        "{share_of_customers:percent} of customers are the best and brought {share:percent} ({low:count}–"
        "{high:percent}) of the money; {risk:count} customers at risk stand for {risk_money:money}.",
        share_of_customers=float(by.loc["best", "share_of_customers"]),
        share=share,
        low=max(0.0, 100 * (share - half)),
        high=min(1.0, share + half),
        risk=int(by.loc["at risk", "customers"]),
        risk_money=float(by.loc["at risk", "money"]),
    )


def _error_of_share(money: np.ndarray, inside: np.ndarray) -> float:
    """Standard error of a share of the money, customers taken as a sample of those the company could have had."""
    total = money.sum()
    if not total:
        return float("nan")
    share = money[inside].sum() / total
    return float(np.sqrt(((money * (inside - share)) ** 2).sum()) / abs(total))


def _checks(table: pd.DataFrame, cuts: Cuts) -> tuple[Check, ...]:
    grades = {name: len(set(values)) + 1 for name, values in vars(cuts).items()}
    worst = min(grades, key=grades.get)  # its first letter names the column of its grades
    table = table[table["frequency"] > 0]
    once = float((table["frequency"] == 1).mean())
    uneven = float(table[worst[0]].value_counts(normalize=True).max())
    backward = float((table["money"] <= 0).mean())
    return (
        Check(
            name=say("grades"),
            verdict="holds" if grades[worst] >= 4 else "weak",
            text=say(
                "Every grade can be told from the next."
                if grades[worst] == 5
                else "{once:percent} of customers bought once, and equals are graded equally: {measure} has "
                "{grades:count} grades instead of 5, the largest with {uneven:percent} of customers.",
                once=once,
                uneven=uneven,
                grades=grades[worst],
                measure=say(worst.partition("_")[0]),
            ),
        ),
        Check(
            name=say("returns"),
            verdict="holds" if backward <= 0.02 else "weak",
            text=say("{share:percent} of customers sent back as much as they bought, or more.", share=backward),
        ),
    )


def _moves(before: RFMResult, later: pd.DataFrame) -> MigrationResult:
    """In a window, what was brought in the one and in the other; without one, until then and since then."""
    now = _graded(_as_rfm(later), before.cuts)
    was = before.table[["customer_id", "segment", "money", "known_days"]]
    pairs = was.merge(now[["customer_id", "segment", "money"]], on="customer_id", how="outer", suffixes=("", "_now"))
    so_far, window = pairs["money"].fillna(0.0), _in_window(later)
    known = pairs["known_days"].fillna(1)
    span = (pairs["customer_id"].map(later.set_index("customer_id")["T"]) - known).where(pairs["segment"].notna())
    pairs = pairs.assign(
        before=pairs["segment"].fillna(NOT_YET),
        after=pairs["segment_now"].fillna("lost"),
        money_before=so_far,
        money_after=pairs["money_now"].fillna(0.0) - (0.0 if window else so_far),
        expected=so_far if window else so_far * (span.median() / np.maximum(known, span.median())),
    )
    found = float(was["customer_id"].isin(now["customer_id"]).mean())
    result = moved(before.study, pairs, SEGMENTS, NOT_YET)
    followed = Check(
        name=say("same customers"),
        verdict="holds" if found > 0.98 else "weak",
        text=say("{found:percent} of the customers of then are found again in the later table.", found=found),
    )
    return replace(result, checks=(followed, *result.checks))
