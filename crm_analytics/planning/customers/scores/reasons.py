"""Why a customer has this score, in words: the columns that move it most, each with what the customer did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.scores.steps import Steps, as_number
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.scores.scorecard import Scorecard

PHRASES = {
    "recency_days": "silent for {x:count} days",
    "last_day": "silent for {x:count} days",
    "first_day": "a customer for {x:count} days",
    "known_days": "known for {x:count} days",
    "orders": "bought {x:count} times",
    "orders_window": "bought {x:count} times in the last year",
    "revenue": "brought {x:money} so far",
    "revenue_window": "brought {x:money} in the last year",
    "revenue_before": "brought {x:money} in the year before that",
    "margin_window": "margin of {x:money} in the last year",
    "mean_order": "{x:money} an order",
    "days_between": "buys every {x:count} days",
    "lines_per_order": "{x:number} lines an order",
    "categories": "buys in {x:count} categories",
    "top_category": "buys mostly {x}",
    "top_category_share": "{x:percent} of it in one category",
    "first_category": "began with {x}",
    "top_channel": "buys by {x}",
    "acquired_channel": "came by {x}",
    "day_part": "buys in the {x}",
    "weekend_share": "{x:percent} of purchases at weekends",
    "discount_share": "{x:percent} discount on average",
    "return_share": "sent back {x:percent}",
    "contacts_window": "contacted {x:count} times in the last year",
    "responses_window": "answered {x:count} times in the last year",
    "deals_won": "{x:count} deals won",
    "age": "aged {x:count}",
    "region": "from {x}",
    "kind": "a {x}",
}
"""How a marketer says the columns of a profile. Any other column is said by its name."""

MOST = 3
SLIGHT = 0.05
"""Log-odds below which a column is no reason."""


def in_words(card: Scorecard, frame: pd.DataFrame, *, most: int = MOST) -> np.ndarray:
    """For each row the few columns that move its score most, the strongest first: (+) raises it, (−) lowers it."""
    told = np.full(len(frame), "", dtype=object)
    if not card.steps or not len(frame):
        return told
    parts = card.parts(frame)
    size = np.abs(parts)
    most = min(most, size.shape[1])
    top = np.argpartition(-size, most - 1, axis=1)[:, :most]
    strength = np.take_along_axis(size, top, axis=1)
    top = np.take_along_axis(top, np.argsort(-strength, axis=1, kind="stable"), axis=1)
    said = np.full(top.shape, "", dtype=object)
    for j, steps in enumerate(card.steps):
        rows, place = np.nonzero(top == j)
        strong = size[rows, j] >= SLIGHT
        rows, place = rows[strong], place[strong]
        if len(rows):
            said[rows, place] = _phrases(steps, frame.iloc[rows], parts[rows, j] > 0)
    for place in range(most):
        here = said[:, place] != ""
        glue = np.where((told != "") & here, ", ", "")
        told = told + glue + said[:, place]
    return told


def _phrases(steps: Steps, frame: pd.DataFrame, raises: np.ndarray) -> np.ndarray:
    """Each row's value of a column in words, made once for each different value."""
    import pandas as pd

    name = steps.column
    if name not in frame.columns:
        values = np.full(len(frame), np.nan)
    else:
        values = as_number(frame[name], frame) if steps.kind == "number" else frame[name].astype("str").to_numpy(object)
    if steps.kind == "number":
        values = _three_digits(values)
    code, unique = pd.factorize(pd.Series(values), use_na_sentinel=True)
    words = np.array([*(phrase(name, value) for value in unique), say("{column} unknown", column=_plain(name))], object)
    return words[code] + np.where(raises, " (+)", " (−)").astype(object)


def phrase(column: str, value: object) -> str:
    """One value of one column as a marketer says it."""
    if value is None or value != value:
        return say("{column} unknown", column=_plain(column))
    try:
        return say(PHRASES.get(column, ""), x=value) or _by_name(column, value)
    except (ValueError, TypeError):  # a company's column of that name may hold something else
        return _by_name(column, value)


def _by_name(column: str, value: object) -> str:
    known = say("{x:number}", x=value) if isinstance(value, (int, float, np.number)) else str(value)
    return say("{column}: {value}", column=_plain(column), value=known)


def _plain(column: str) -> str:
    return column.replace("_", " ")


def _three_digits(values: np.ndarray) -> np.ndarray:
    """Rounded as they will be read, so that few different values are left to word."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (np.floor(np.log10(np.abs(values))) - 2)
        return np.where((values == 0) | np.isnan(values), values, np.round(values / scale) * scale)
