"""Customers alike counted together: all that a model of buying needs to know of a base, however large it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

BLOCK = 8192
"""Histories worked on at a time: they stay in the processor's cache, and are too few for threads to fight over."""

Block = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""x, t_x, T and n of some histories."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Histories:
    """Customers alike counted together: `x` repeat purchases, the last at `t_x`, seen until `T`, by so many `n`."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    n: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> Histories:
        """Count equal histories. Whole numbers (days) are packed into one integer each, which sorts fast.

        Raises ValueError for histories that cannot be: time negative, a last purchase after the end.
        """
        x, t_x, T = (np.asarray(v, dtype=float) for v in (x, t_x, T))
        if not (len(T) and T.min() >= 0 and x.min() >= 0 and t_x.min() >= 0 and (t_x <= T).all()):
            raise ValueError("Histories need T ≥ 0, x ≥ 0 and 0 ≤ t_x ≤ T: check the days of first and last purchase.")
        back = x > 0
        once, many = _counted(T[~back]), _counted(x[back], t_x[back], T[back])
        nothing = np.zeros(len(once[0]))
        joined = zip((nothing, nothing, *once), many, strict=True)
        return cls(**{name: np.concatenate(pair) for name, pair in zip(("x", "t_x", "T", "n"), joined, strict=True)})

    @property
    def customers(self) -> float:
        return float(self.n.sum())

    def every(self, step: int) -> Histories:
        return Histories(x=self.x[::step], t_x=self.t_x[::step], T=self.T[::step], n=self.n[::step])

    def resampled(self, random: np.random.Generator) -> Histories:
        """The same histories, each customer counted with a weight drawn from Dirichlet: one Bayesian bootstrap."""
        drawn = random.standard_gamma(self.n)
        return replace(self, n=drawn * (self.customers / drawn.sum()))

    def blocks(self, rows: np.ndarray, size: int = BLOCK) -> Iterator[Block]:
        """These rows in parts that fit the processor's cache."""
        for some in np.array_split(rows, 1 + len(rows) // size):
            yield self.x[some], self.t_x[some], self.T[some], self.n[some]


def _counted(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """The distinct rows of these columns and how many there are of each.

    Whole numbers are packed into one integer a row, bit beside bit, which sorts fast; other rows are left as they are.
    """
    whole = [column.astype(np.int64) for column in columns]
    bits = [int(column.max(initial=0)).bit_length() for column in whole]
    if sum(bits) > 62 or not all(map(np.array_equal, whole, columns)):
        return *columns, np.ones(len(columns[0]))
    packed = whole[0]
    for column, width in zip(whole[1:], bits[1:], strict=True):
        packed = (packed << width) | column
    packed, n = np.unique(packed, return_counts=True)
    rows = []
    for width in reversed(bits):
        rows.insert(0, (packed & ((1 << width) - 1)).astype(float))
        packed = packed >> width
    return *rows, n.astype(float)
