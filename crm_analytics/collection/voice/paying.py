"""Willingness to pay: part-worths in money, where the price was one of the attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.collection.voice.offers import levels_of
from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.collection.voice.conjoint import ConjointResult

PRICE = ("price", "цена", "стоимость", "cost", "fee")
BENT = 0.2


@dataclass(frozen=True, kw_only=True, eq=False)
class WillingnessToPay(Result):
    """`table`: attribute, level, against, worth (money that the level is worth more than the other), low, high."""

    slope: float
    """Worth of one unit of money: below nought, since money spent is not liked."""


def willingness(result: ConjointResult, price: str) -> Result:
    """See ConjointResult.willingness_to_pay. Fieller's interval (1954) of a ratio of two correlated means."""
    from scipy import stats

    attributes = result.worths.attributes
    name = price or next((a for a in attributes if any(word in a.casefold() for word in PRICE)), "")
    if name not in attributes:
        return result.study.refuse(
            say("Not enough evidence: none of the attributes is a price, so nothing can be said in money.")
        )
    try:
        amounts = np.array([float(str(level).replace(",", ".").replace(" ", "")) for level in attributes[name]])
    except ValueError:
        return result.study.refuse(
            say(
                "Not enough evidence: the levels of {name} are words ({level}); willingness to pay needs amounts.",
                name=name,
                level=attributes[name][0],
            )
        )
    to_levels = _to_levels(attributes)
    at = np.cumsum([0, *(len(levels) for levels in attributes.values())])
    centred = amounts - amounts.mean()
    place = list(attributes).index(name)
    line = np.zeros(at[-1])
    line[at[place] : at[place + 1]] = centred / (centred @ centred)
    along = line @ to_levels
    slope, spread = float(along @ result.worths.beta), result.worths.spread
    variance = float(along @ spread @ along)
    t = float(stats.t.ppf(0.5 + result.study.confidence / 2, max(result.respondents - 1, 1)))
    if slope >= 0 or slope + t * np.sqrt(variance) >= 0:
        return result.study.refuse(
            say(
                "Not enough evidence: a dearer offer is not clearly liked less (worth of one unit of money "
                "{slope:.4f}, {low:.4f} – {high:.4f}), so there is nothing to divide by.",
                slope=slope,
                low=slope - t * np.sqrt(variance),
                high=slope + t * np.sqrt(variance),
            )
        )
    rows = []
    for number, (attribute, levels) in enumerate(attributes.items()):
        if attribute == name:
            continue
        for step in range(1, len(levels)):
            gap = to_levels[at[number] + step] - to_levels[at[number]]
            value, low, high = _fieller(gap, -along, result.worths.beta, spread, t=t)
            rows.append((attribute, levels[step], levels[0], value, low, high))
    table = pd.DataFrame(rows, columns=["attribute", "level", "against", "worth", "low", "high"])
    table = table.reindex(table.worth.abs().sort_values(ascending=False, kind="stable").index).reset_index(drop=True)
    first = table.iloc[0]
    more, less = (first.level, first.against) if first.worth >= 0 else (first.against, first.level)
    low, high = (first.low, first.high) if first.worth >= 0 else (-first.high, -first.low)
    text = say(
        "{worth:money} ({low:money} – {high:money}) is what {more} is worth above {less} ({attribute}), by "
        "{people:count} people.",
        worth=abs(first.worth), low=low, high=high, more=more, less=less, attribute=first.attribute,
        people=result.respondents,
    )  # fmt: skip
    worth = levels_of(result.worths.beta, attributes)[place]
    return WillingnessToPay(
        study=result.study, table=table, text=text, checks=(_straight(worth, amounts, slope),), slope=slope
    )


def _to_levels(attributes: dict[str, list[str]]) -> np.ndarray:
    """The matrix that turns effects-coded coefficients into the part-worths of all levels."""
    from scipy.linalg import block_diag

    return block_diag(
        *(np.vstack([np.eye(len(levels) - 1), -np.ones(len(levels) - 1)]) for levels in attributes.values())
    )


def _fieller(
    top: np.ndarray, bottom: np.ndarray, beta: np.ndarray, spread: np.ndarray, *, t: float
) -> tuple[float, float, float]:
    a, b = float(top @ beta), float(bottom @ beta)
    v_aa, v_bb, v_ab = (float(x @ spread @ y) for x, y in ((top, top), (bottom, bottom), (top, bottom)))
    two, one, nought = b**2 - t**2 * v_bb, a * b - t**2 * v_ab, a**2 - t**2 * v_aa
    root = np.sqrt(max(one**2 - two * nought, 0.0))
    return a / b, (one - root) / two, (one + root) / two


def _straight(worth: np.ndarray, amounts: np.ndarray, slope: float) -> Check:
    line = worth.mean() + slope * (amounts - amounts.mean())
    off = float(np.abs(worth - line).max() / max(np.ptp(worth), 1e-12))
    return Check(
        name=say("price is a line"),
        verdict="holds" if off <= BENT else "weak",
        text=say(
            "Every unit of money counts alike: the worth of a price lies within {off:percent} of a straight line."
            if off <= BENT
            else "The worth of a price bends ({off:percent} off a straight line); amounts hold for the middle prices "
            "only.",
            off=off,
        ),
    )
