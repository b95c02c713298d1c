"""What was known of customers before a campaign, as numbers a learner can take: ranks, and yes or no for each value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

RESERVED = frozenset({
    "campaign_id", "campaign", "starts", "days", "cost", "customer_id", "arm", "contacted", "snapshot", "first_day",
    "last_day",
})  # fmt: skip
"""Columns that say what the test was, not who the customer is."""
OWN = " (trait)"
"""What stands behind the name of a trait that is called like one of those."""
MOST_VALUES = 12
"""Of a text so many values at most are told apart, the most frequent ones; the others are «something else»."""
KNOTS = 101


@dataclass(frozen=True, kw_only=True, eq=False)
class Traits:
    """How the columns become numbers, learned once and applied to any people; what is unknown stands in the middle."""

    knots: dict[str, np.ndarray]
    """Of each number: its quantiles, between which its rank is read off."""
    values: dict[str, tuple[str, ...]]
    """Of each text: the values that are told apart."""
    gaps: frozenset[str]
    """Numbers that are unknown often enough for that to be a trait of its own."""

    @classmethod
    def learn(cls, people: pd.DataFrame, without: tuple[str, ...]) -> Traits:
        """From the people of a test, without the columns named in `without`; days, keys and outcomes are no traits."""
        out = {name.casefold() for name in without}
        least = max(20, int(0.01 * len(people)))
        knots, values, gaps = {}, {}, set()
        for name in sorted(map(str, people.columns)):
            column = people[name]
            if name in RESERVED or name.startswith("outcome_") or _plain(name) in out or _is_day(column):
                continue
            if pd.api.types.is_numeric_dtype(column):
                known = column.dropna().astype(float)
                if known.nunique() > 1:
                    knots[name] = np.quantile(known, np.linspace(0, 1, KNOTS))
                if least <= column.isna().sum() <= len(column) - least:
                    gaps.add(name)
                continue
            counts = column.dropna().astype(str).value_counts()
            frequent = sorted(counts.index, key=lambda value: (-counts[value], value))[:MOST_VALUES]
            kept = tuple(value for value in frequent if least <= counts[value] <= len(column) - least)
            if kept:
                values[name] = kept
        return cls(knots=knots, values=values, gaps=frozenset(gaps))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(sorted({*self.knots, *self.values, *self.gaps}))

    def of(self, people: pd.DataFrame) -> np.ndarray:
        """One row a customer; a column that these people lack is unknown of all of them."""
        parts = []
        for name, knots in self.knots.items():
            number = pd.to_numeric(_column(people, name), errors="coerce").to_numpy(float, na_value=np.nan)
            parts.append(np.where(np.isnan(number), 0.0, _rank(number, knots) - 0.5))
        parts += [_column(people, name).isna().to_numpy(float) for name in sorted(self.gaps)]
        for name, values in self.values.items():
            text = _column(people, name).astype("str")
            parts += [(text == value).to_numpy(float) for value in values]
        return np.column_stack(parts) if parts else np.zeros((len(people), 0))


def _rank(number: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """The share of customers below, ties counted half: the same for equal numbers."""
    places = np.linspace(0, 1, len(knots))
    below, upto = np.searchsorted(knots, number, "left"), np.searchsorted(knots, number, "right")
    tied = (places[np.clip(below, 0, len(knots) - 1)] + places[np.clip(upto - 1, 0, len(knots) - 1)]) / 2
    between = np.interp(np.where(np.isnan(number), knots[0], number), knots, places)
    return np.where(upto - below > 1, tied, between)


def _column(people: pd.DataFrame, name: str) -> pd.Series:
    found = name if name in people else name.removesuffix(OWN)
    return people[found] if found in people else pd.Series(np.nan, index=people.index, dtype=float)


def _plain(name: str) -> str:
    return name.removesuffix(OWN).casefold()


def _is_day(column: pd.Series) -> bool:
    first = column.dropna().head(1)
    return pd.api.types.is_datetime64_any_dtype(column) or (len(first) and hasattr(first.iloc[0], "isoformat"))
