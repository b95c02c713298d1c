"""The groups of one trait: who they are, how many came back, what they spent, and what of that the trait tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.segments.trait_axes import Axis, in_words
from crm_analytics.result import Check, Result, Study
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class TraitGroups(Result):
    """One row per group, the largest first: `group`, `customers`, `repeat_rate` with `repeat_low` and `repeat_high`,
    `spend` (a customer, money) with `spend_low` and `spend_high`, and `beyond` with `beyond_low` and `beyond_high`:
    what a customer spends more, or less, than customers with the same purchases behind them. Intervals hold 95 %."""

    trait: str


def groups_of(
    study: Study, axis: Axis, now: pd.DataFrame, effects: tuple[np.ndarray, np.ndarray], verdict: str
) -> TraitGroups:
    """The groups that are large enough; `effects`: what a customer of each spends beyond RFM, and the error of that."""
    import pandas as pd

    frame = pd.DataFrame(
        {"group": axis.group, "again": now["outcome_orders"] > 0, "spend": now["outcome_revenue"].fillna(0.0)}
    )[axis.known]
    by = frame.groupby("group").agg(
        customers=("again", "size"), again=("again", "sum"), repeat_rate=("again", "mean"), spend=("spend", "mean"),
        error=("spend", "sem"),
    )
    low, high = share_interval(by["again"].to_numpy(), by["customers"].to_numpy())
    beyond, error = (one[by.index.to_numpy()] for one in effects)
    table = pd.DataFrame({
        "group": [axis.names[place] for place in by.index],
        "customers": by["customers"].to_numpy(),
        "repeat_rate": by["repeat_rate"].to_numpy(), "repeat_low": low, "repeat_high": high,
        "spend": by["spend"].to_numpy(),
        "spend_low": (by["spend"] - 1.96 * by["error"].fillna(0)).to_numpy(),
        "spend_high": (by["spend"] + 1.96 * by["error"].fillna(0)).to_numpy(),
        "beyond": beyond, "beyond_low": beyond - 1.96 * error, "beyond_high": beyond + 1.96 * error,
    })  # fmt: skip
    small = table["customers"] < study.smallest_group
    table = table[~small].sort_values(["customers", "group"], ascending=[False, True], ignore_index=True)
    if len(table) < 2:
        return study.refuse(
            say("Not enough evidence: {trait} has fewer than two groups of {least:count} customers.",
                trait=axis.name, least=study.smallest_group)
        )  # fmt: skip
    most, least = table.loc[table["repeat_rate"].idxmax()], table.loc[table["repeat_rate"].idxmin()]
    text = say(
        "{rate:percent} ({span:percents}) of «{group}» bought again, of «{other}» {other_rate:percent} "
        "({other_span:percents}); as an axis of segments {trait}: {verdict}.",
        rate=most["repeat_rate"], span=(most["repeat_low"], most["repeat_high"]), group=most["group"],
        other=least["group"], other_rate=least["repeat_rate"],
        other_span=(least["repeat_low"], least["repeat_high"]), trait=in_words(axis.name), verdict=say(verdict),
    )  # fmt: skip
    doubts = _checks(axis, int(small.sum()), now)
    return TraitGroups(study=study, table=table, text=text, checks=doubts, trait=axis.name)


def _checks(axis: Axis, small: int, now: pd.DataFrame) -> tuple[Check, ...]:
    known = float(axis.known.mean())
    return (
        Check(
            name=say("recorded"),
            verdict="holds" if known > 0.8 else "weak",
            text=say("{trait} is known of {known:percent} of {customers:count} customers.",
                     trait=axis.name, known=known, customers=len(now)),
        ),
        Check(
            name=say("small groups"),
            verdict="holds" if not small else "weak",
            text=say("Every value has enough customers." if not small else
                     "{small:count} values have too few customers to be shown.", small=small),
        ),
    )  # fmt: skip
