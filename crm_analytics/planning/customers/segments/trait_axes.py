"""Axes: the traits along which customers could be divided, each as groups that mean the same in two periods."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

BEFOREHAND = frozenset(("customer_id", "known_by", "first_day", "last_day", "days"))
"""Texts and days that are nobody's trait."""
WEEKENDS = ((0.0, "weekdays only"), (0.5, "some weekends"), (1.0, "mostly weekends"))
"""Up to which share of purchases on Saturdays and Sundays which class reaches."""
LEAST_KNOWN = 0.2
"""A trait that is recorded for fewer of the customers is no axis for all of them."""
MOST_ALONE = 0.8
"""A text with more values than this share of the customers names people and groups nobody."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A trait as group numbers: `group` of this period's customers, `group_earlier` of the earlier one's, -1 where it
    is not known."""

    name: str
    names: list[str] = field(repr=False)
    group: np.ndarray = field(repr=False)
    group_earlier: np.ndarray = field(repr=False)

    @property
    def known(self) -> np.ndarray:
        return self.group >= 0

    @property
    def known_earlier(self) -> np.ndarray:
        return self.group_earlier >= 0

    @property
    def values(self) -> int:
        return len(np.unique(self.group[self.known]))


def in_words(name: str) -> str:
    """A column's name as a sentence says it."""
    return str(name).replace("_", " ")


def candidates(now: pd.DataFrame, asked: tuple[str, ...]) -> list[str]:
    """The columns to try: those asked for, else every text that groups people, and the share of weekends.

    Raises ValueError for one that is not there.
    """
    absent = [name for name in asked if name not in now.columns]
    if absent:
        raise ValueError(f"There is no column {absent[0]!r} among the traits; there are {', '.join(_texts(now))}.")
    names = list(asked) or [*_texts(now), *(["weekend_share"] if "weekend_share" in now else [])]
    return sorted(name for name in names if _divides(now[name]))


def _texts(now: pd.DataFrame) -> list[str]:
    import pandas as pd

    return [
        name for name in now.columns
        if name not in BEFOREHAND and not name.startswith("outcome_")
        and (pd.api.types.is_string_dtype(now[name]) or now[name].dtype == object)
        and not _days(now[name])
    ]  # fmt: skip


def _days(values: pd.Series) -> bool:
    known = values.dropna()
    return bool(len(known)) and hasattr(known.iloc[0], "year")


def _divides(values: pd.Series) -> bool:
    known = values.dropna()
    if len(known) < LEAST_KNOWN * len(values) or known.nunique() < 2:
        return False
    return known.nunique() <= MOST_ALONE * len(known) or known.dtype.kind == "f"


def axis(now: pd.DataFrame, before: pd.DataFrame, name: str) -> Axis:
    """A column as groups; numbers in thirds of this period's customers, the share of weekends in classes."""
    import pandas as pd

    here, there = now[name], before[name] if name in before else pd.Series([None] * len(before))
    if pd.api.types.is_numeric_dtype(here) and not pd.api.types.is_bool_dtype(here):
        there = pd.to_numeric(there, errors="coerce")
        if name == "weekend_share":
            here, there = _weekends(here), _weekends(there)
        else:
            cuts = np.unique(np.quantile(here.dropna(), (1 / 3, 2 / 3)))
            here, there = _thirds(here, cuts), _thirds(there, cuts)
    texts = [[value if isinstance(value, str) else str(value) for value in one.dropna()] for one in (here, there)]
    names = sorted({*texts[0], *texts[1]})
    return Axis(name=name, names=names, group=_numbered(here, texts[0], names),
                group_earlier=_numbered(there, texts[1], names))  # fmt: skip


def _numbered(values: pd.Series, texts: list[str], names: list[str]) -> np.ndarray:
    number = {value: place for place, value in enumerate(names)}
    found = np.full(len(values), -1)
    found[values.notna().to_numpy()] = [number[text] for text in texts]
    return found


def _weekends(share: pd.Series) -> pd.Series:
    import pandas as pd

    ends = [end for end, _ in WEEKENDS]
    labels = np.array([label for _, label in WEEKENDS], dtype=object)
    told = labels[np.searchsorted(ends, share.fillna(0).to_numpy(float), side="left").clip(max=len(ends) - 1)]
    return pd.Series(told, index=share.index).where(share.notna())


def _thirds(values: pd.Series, cuts: np.ndarray) -> pd.Series:
    import pandas as pd

    ends = ["", *(f"{cut:.6g}" for cut in cuts), ""]
    labels = np.array(
        [f"up to {high}" if not low else f"over {low}" if not high else f"{low} to {high}"
         for low, high in pairwise(ends)], dtype=object,
    )  # fmt: skip
    told = labels[np.searchsorted(cuts, values.fillna(0).to_numpy(float), side="left")]
    return pd.Series(told, index=values.index).where(values.notna())
