"""Words with soft edges: "middle-aged", "high income", "recently quiet". To what degree does a value deserve one?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from crm_analytics.say import plain, say

if TYPE_CHECKING:
    import pandas as pd

Edge = tuple[float, float]

SILENCE = "silence"
"""A column of its own: days since the last purchase, in the customer's usual days between two."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word about one column, as a trapezoid (a linguistic term of Zadeh, Information Sciences 8, 1975).

    Its degree grows from 0 to 1 as the value `of` the column `rises` from the first number to the second, and sinks
    from 1 to 0 as it `falls` from the third to the fourth; without one of the two it is open on that side. Where it is
    1, the word is fully true: that is the crisp rule it stands for.
    """

    name: str
    of: str
    rises: Edge | None = None
    falls: Edge | None = None

    def __post_init__(self) -> None:
        corners = [*(self.rises or ()), *(self.falls or ())]
        if not self.name.strip():
            raise ValueError("A word needs a name, for example Word(name='middle-aged', of='age', rises=(30, 38)).")
        if not corners:
            raise ValueError(f"{self.name!r} needs to rise or to fall somewhere, for example rises=(3000, 5000).")
        if len(corners) % 2 or not np.isfinite(corners).all() or sorted(corners) != corners:
            raise ValueError(f"The corners of {self.name!r} must be finite and grow from left to right, not {corners}.")

    @classmethod
    def learned(cls, name: str, values: pd.Series, *, level: Literal["low", "middle", "high"]) -> Word:
        """A word about a column as the customers at hand are: by fifths of the values that say something.

        Low is full in the lowest fifth and gone after the second, middle is full in the third, high in the highest.
        Where a fifth or more have nothing at all, as of money spent, the others alone are compared.
        """
        known = values.dropna()
        if (known == 0).mean() >= 0.2 and (known > 0).any():
            known = known[known > 0]
        if not len(known):
            raise ValueError(f"Nothing is known of {values.name}, so nobody can be called {name!r} by it.")
        first, second, third, fourth = (float(cut) for cut in known.quantile([0.2, 0.4, 0.6, 0.8]))
        rises = {"low": None, "middle": (first, second), "high": (third, fourth)}[level]
        falls = {"low": (first, second), "middle": (third, fourth), "high": None}[level]
        return cls(name=name, of=str(values.name), rises=rises, falls=falls)

    @classmethod
    def of_examples(cls, name: str, values: pd.Series) -> Word:
        """A word about a column from examples that deserve it: full where the middle half of them lie, gone where
        there are none beyond the outermost by as much as these are from that half."""
        known = values.dropna()
        if len(known) < 4:
            raise ValueError(f"Give at least 4 examples of {name!r}; there are {len(known)}.")
        low, first, third, high = (float(cut) for cut in known.quantile([0, 0.25, 0.75, 1]))
        return cls(name=name, of=str(values.name), rises=(2 * low - first, first), falls=(third, 2 * high - third))

    def degree(self, values: np.ndarray) -> np.ndarray:
        """To what degree each value deserves the word, 0 to 1; NaN where the value is unknown."""
        degree = np.where(np.isnan(values), np.nan, 1.0)
        if self.rises:
            degree = np.minimum(degree, _up(values, *self.rises))
        if self.falls:
            degree = np.minimum(degree, _up(-values, -self.falls[1], -self.falls[0]))
        return degree

    @property
    def meaning(self) -> str:
        """The word in numbers, as a sentence."""
        numbers = dict(zip("abcd", map(plain, (*(self.rises or (0, 0)), *(self.falls or (0, 0)))), strict=True))
        template = (
            "{name}: {of} fully from {b} to {c}, not at all below {a} or above {d}." if self.rises and self.falls
            else "{name}: {of} fully from {b}, not at all below {a}." if self.rises
            else "{name}: {of} fully up to {c}, not at all above {d}."
        )  # fmt: skip
        return say(template, name=self.name, of=self.of.replace("_", " "), **numbers)

    def shifted(self, share: float) -> Word:
        """The same word with every edge moved by a share of its own width: as another marketer might have set it."""

        def moved(edge: Edge | None) -> Edge | None:
            return edge and tuple(corner + share * (edge[1] - edge[0]) for corner in edge)

        return Word(name=self.name, of=self.of, rises=moved(self.rises), falls=moved(self.falls))


def _up(values: np.ndarray, low: float, high: float) -> np.ndarray:
    if low == high:
        return np.where(np.isnan(values), np.nan, values >= high)
    return np.clip((values - low) / (high - low), 0, 1)


SET_BY_HAND = (
    (("young", "молодые"), {"of": "age", "falls": (25, 35)}),
    (("middle-aged", "средних лет"), {"of": "age", "rises": (30, 40), "falls": (50, 60)}),
    (("elderly", "пожилые"), {"of": "age", "rises": (55, 65)}),
    (("recently quiet", "недавно замолчавшие"), {"of": SILENCE, "rises": (1.2, 2), "falls": (4, 6)}),
)
"""Words that mean the same in every company."""

LEARNED = (
    (("frequent", "frequent buyers", "частые", "часто покупающие"), "orders_window", "high"),
    (("rare", "rare buyers", "редкие", "редко покупающие"), "orders_window", "low"),
    (("big spenders", "много тратящие"), "revenue_window", "high"),
    (("small spenders", "мало тратящие"), "revenue_window", "low"),
    (("big baskets", "большой чек"), "mean_order", "high"),
    (("small baskets", "маленький чек"), "mean_order", "low"),
    (("new", "новые"), "known_days", "low"),
    (("long-standing", "давние"), "known_days", "high"),
    (("recent", "недавние"), "recency_days", "low"),
    (("quiet", "замолчавшие"), "recency_days", "high"),
    (("discount lovers", "любители скидок"), "discount_share", "high"),
    (("of many interests", "с широкими интересами"), "categories", "high"),
    (("weekend shoppers", "покупающие по выходным"), "weekend_share", "high"),
)
"""Words whose edges depend on who the customers are."""

LEVELS = {"low": "low", "middle": "middle", "high": "high", "низкий": "low", "средний": "middle", "высокий": "high"}
"""With any number that is known of customers: high income, low discount share."""


def vocabulary(people: pd.DataFrame) -> dict[str, Word | tuple[str, str]]:
    """Every word that can be said of these people: those set by hand as they are, the others as column and level."""
    numbers = people.select_dtypes("number").columns
    told: dict[str, Word | tuple[str, str]] = {}
    for column in numbers:
        told |= {f"{level} {column.replace('_', ' ')}": (column, kind) for level, kind in LEVELS.items()}
    told |= {name: (column, level) for names, column, level in LEARNED if column in numbers for name in names}
    told |= {name: Word(name=name, **shape) for names, shape in SET_BY_HAND if shape["of"] in numbers for name in names}
    return told
