"""What a page that goes out withholds: figures of groups of so few people that one of them could be known by them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.result.result import Result

PEOPLE = frozenset({
    "customers", "people", "persons", "buyers", "respondents", "responders", "members", "treated", "control",
    "addressed", "visitors", "employees", "companies", "answers",
})  # fmt: skip
"""Columns of these names count people wherever they stand; a Study names others in `people`."""
_OF_PEOPLE = r"(?= (?:customer|people|person|buyer|respondent|member|client|клиент|покупател|человек|респондент))"


def counts_of_people(result: Result) -> list[str]:
    """The columns of a Result's table that count people."""
    named = PEOPLE | set(type(result.study).people)
    return [column for column in result.table.select_dtypes("number") if column in named]


def without_small_groups(result: Result, fewest: int) -> Result:
    """The Result without what it says of fewer than `fewest` people: counts become words, their figures are withheld.

    Where one group alone would be withheld, the next smallest is, too: a total less all the others would reveal it.
    """
    fewer = say("fewer than {fewest:count}", fewest=fewest)

    def worded(text: str) -> str:
        return re.sub(rf"(?<![\d.,])([1-9]\d*){_OF_PEOPLE}", lambda n: fewer if int(n[1]) < fewest else n[0], text)

    checks = tuple(replace(check, text=worded(check.text)) for check in result.checks)
    table = result.table
    small = small_groups(result, fewest)
    if small.any():
        numbers = list(table.select_dtypes("number").columns)
        table = table.astype(dict.fromkeys(numbers, object))
        table.loc[small, numbers] = "–"
        table.loc[small, counts_of_people(result)] = fewer
    return replace(result, table=table, text=worded(result.text), checks=checks)


def small_groups(result: Result, fewest: int) -> Any:
    """A flag for each row of the table: whether it is withheld."""
    import numpy as np

    small = np.zeros(len(result.table), dtype=bool)
    for column in counts_of_people(result):
        count = result.table[column].to_numpy(dtype=float, na_value=np.nan)
        few = (count > 0) & (count < fewest)
        others = np.flatnonzero((count > 0) & ~few)
        if few.sum() == 1 and len(others):
            few[others[np.argmin(count[others])]] = True
        small |= few
    return small
