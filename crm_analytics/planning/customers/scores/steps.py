"""Columns cut into steps: a number into ranges, a word into its values, what is missing into a step of its own.

Everything a score does happens on steps: a model is a table of points for each step, a reason is a step's points, drift
is a change of how many people stand on each. So a million customers cost a lookup each, and reasons add up exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

NOT_COLUMNS = ("customer_id", "snapshot", "target", "foretells", "until")
MOST_STEPS = 24
FEWEST_OF_A_WORD = 20
"""A word that fewer rows hold stands among the others."""

MISSING = 0


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How one column is cut. Step 0 is what is missing; the last step of words is every other word."""

    column: str
    kind: str
    edges: tuple[float, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.edges) + 2 if self.kind == "number" else len(self.words) + 2

    def of(self, frame: pd.DataFrame) -> np.ndarray:
        """The step of every row; a column the frame lacks is missing everywhere."""
        import pandas as pd

        if self.column not in frame.columns:
            return np.zeros(len(frame), np.uint8)
        values = frame[self.column]
        if self.kind == "number":
            numbers = as_number(values, frame)
            found = 1 + np.searchsorted(np.asarray(self.edges), numbers, side="right")
            return np.where(np.isnan(numbers), MISSING, found).astype(np.uint8)
        texts = pd.Index(self.words, dtype="str").get_indexer(values.astype("str"))
        found = np.where(texts < 0, len(self.words) + 1, texts + 1)
        return np.where(values.isna(), MISSING, found).astype(np.uint8)


def cut(frame: pd.DataFrame, columns: list[str]) -> tuple[Steps, ...]:
    """Cut each column by what these rows hold. A column without two different steps says nothing and is left out."""
    made = []
    for column in columns:
        values = frame[column]
        if is_number(values):
            steps = Steps(column=column, kind="number", edges=_edges(as_number(values, frame)))
        else:
            counted = values.dropna().astype("str").value_counts()
            often = counted[counted >= FEWEST_OF_A_WORD].head(40)
            steps = Steps(column=column, kind="word", words=tuple(sorted(often.index)))
        if len(np.unique(steps.of(frame))) > 1:
            made.append(steps)
    return tuple(made)


def is_number(values: pd.Series) -> bool:
    """Whether a column is read as a number: numbers, yes and no, and days (as days before the snapshot)."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        return True
    return is_day(values)


def is_day(values: pd.Series) -> bool:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values):
        return True
    known = values.dropna()
    return values.dtype == object and bool(len(known)) and isinstance(known.iloc[0], date)


def as_number(values: pd.Series, frame: pd.DataFrame) -> np.ndarray:
    """The column as floats, missing as NaN; a day as the days from it to the row's snapshot."""
    import pandas as pd

    if is_day(values):
        if "snapshot" not in frame.columns or pd.api.types.is_numeric_dtype(frame["snapshot"]):
            return pd.to_datetime(values).to_numpy("datetime64[D]").astype(float)
        ago = pd.to_datetime(frame["snapshot"]) - pd.to_datetime(values)
        return (ago / np.timedelta64(1, "D")).to_numpy(float, na_value=np.nan)
    numbers = values.to_numpy(float, na_value=np.nan).copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def matrix(frame: pd.DataFrame, steps: tuple[Steps, ...]) -> np.ndarray:
    """The steps of all rows: rows × columns, small integers."""
    codes = np.empty((len(frame), len(steps)), np.uint8, order="F")
    for place, one in enumerate(steps):
        codes[:, place] = one.of(frame)
    return codes


def _edges(numbers: np.ndarray) -> tuple[float, ...]:
    """Where steps end: between all values of a column with few, else at quantiles."""
    known = np.sort(numbers[~np.isnan(numbers)])
    if not len(known):
        return ()
    values = known[np.r_[True, known[1:] != known[:-1]]]
    if len(values) > MOST_STEPS:
        at = (np.arange(1, MOST_STEPS) / MOST_STEPS * len(known)).astype(int)
        values = np.unique(np.r_[values[0], known[at]])
        return tuple(values[1:].tolist())
    return tuple(((values[1:] + values[:-1]) / 2).tolist())
