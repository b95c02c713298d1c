"""The bridge within each region, kind of customer, channel or category: where customers are won, and where lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.effectiveness.customers.bridge import BARS, numbered
from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.effectiveness.customers.bridge import BridgeResult, Moved

CARRIED = ("customer_kind", "customer_region", "acquired_channel", "region", "channel", "store", "category")
OF_A_CUSTOMER = CARRIED[:3]
FEWEST_TOLD = 30
"""Of a value with fewer customers the sentence does not speak."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BridgeSplit(Result):
    """The bridge by `column`: a row for each value with before, now, change, what each bar moved, and, where the column
    is the customer's own, `customers` of the earlier period, the share retained and its interval. The rows sum to the
    whole bridge exactly."""

    column: str


def split(result: BridgeResult, column: str) -> BridgeSplit:
    """The bridge taken apart by a column it carries. Raises ValueError for another."""
    import pandas as pd

    moved = result.moved
    there = [name for name in CARRIED if name in moved.rows]
    if column not in there:
        raise ValueError(
            f"There is no column {column!r} to split by; there are {', '.join(there)}. For the region, channel, store "
            "or category of the sale, ask features.customer_periods(wh, by=…) for it."
        )
    values = (
        moved.rows[column].fillna(say("without a customer") if column in OF_A_CUSTOMER else "unknown").to_numpy(object)
    )
    rows = []
    for value in sorted(set(values)):
        inside = values == value
        part, numbers = numbered(result.study, _renumbered(moved.only(inside)))
        bars = part.set_index("bar")["moved"].reindex(list(BARS), fill_value=0.0)
        row = {
            column: value,
            "before": numbers["before"],
            "now": numbers["now"],
            "change": round(numbers["now"] - numbers["before"], 4),
            **bars.to_dict(),
        }
        if column in OF_A_CUSTOMER:
            counts = part.set_index("bar")["customers"]
            then = int(sum(counts.get(name, 0) for name in ("growing", "unchanged", "shrinking", "lost")))
            row |= {"customers": then}
            row |= dict(zip(("retention", "low", "high"), numbers["retention"], strict=True))
        rows.append(row)
    table = pd.DataFrame(rows)
    table = table.iloc[np.argsort(table["change"].to_numpy(), kind="stable")].reset_index(drop=True)
    table = table.loc[:, [name for name in table if name not in BARS or (table[name] != 0).any()]]
    return BridgeSplit(study=result.study, table=table, column=column, text=_sentence(result, table, column),
                       checks=_apart(table))  # fmt: skip


def _renumbered(moved: Moved) -> Moved:
    """Customers numbered anew without gaps, so that only those who are there count."""
    known = moved.who >= 0
    numbers = np.full(len(moved.who), -1)
    numbers[known] = np.unique(moved.who[known], return_inverse=True)[1]
    return replace(moved, who=numbers)


def _sentence(result: BridgeResult, table: pd.DataFrame, column: str) -> str:
    worst, best = table.iloc[0], table.iloc[-1]
    span = ""
    many = table[table["customers"] >= FEWEST_TOLD] if "customers" in table else table.iloc[:0]
    if len(many):
        low = many.sort_values("retention", kind="stable").iloc[0]
        span = " " + say(
            "Fewest came back of «{value}»: {share:percent} ({span:percents}).",
            value=low[column], share=low["retention"], span=(low["low"], low["high"]),
        )  # fmt: skip
    return say(
        "Of the change of {change:money}, «{best}» holds {up:money} and «{worst}» {down:money}.{span}",
        change=result.change,
        best=best[column],
        up=best["change"],
        worst=worst[column],
        down=worst["change"],
        span=span,
    )


def _apart(table: pd.DataFrame) -> tuple[Check, ...]:
    if "retention" not in table:
        return ()
    shown = table.dropna(subset=["retention"])
    apart = len(shown) > 1 and shown["low"].max() > shown["high"].min()
    return (Check(
        name=say("differences"),
        verdict="holds" if apart else "weak",
        text=say("The shares of customers who came back differ by more than chance between some of these.")
        if apart else say("The shares of customers who came back do not differ by more than chance."),
    ),)  # fmt: skip
