"""How the units that were left alone fared in the same days: whether anything unusual hit them, or reached them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.effectiveness.panel.layout import Layout, Spell


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbours:
    """Each unit left alone against all others left alone: `moves` in the window as shares of what was to be expected,
    and `strange`, by how many of its usual errors that is (from the same comparison in earlier windows)."""

    units: np.ndarray
    moves: np.ndarray
    strange: np.ndarray
    windows: int

    @classmethod
    def of(cls, layout: Layout, shifts: np.ndarray) -> Neighbours:
        """Plain differences-in-differences, since every unit is asked in every window."""
        spell = max(layout.spells, key=lambda one: one.length)
        if len(spell.others) < 3 or not len(shifts):
            return cls(units=spell.others[:0], moves=np.zeros(0), strange=np.zeros(0), windows=0)
        moves = np.array([_moves(layout, spell, int(back)) for back in [0, *shifts]])
        usual = np.sqrt((moves[1:] ** 2).mean(axis=0))
        strange = moves[0] / np.where(usual > 0, usual, np.inf)
        windows = 1 + int(shifts[-1] - shifts[0]) // layout.span
        return cls(units=spell.others, moves=moves[0], strange=strange, windows=windows)

    @property
    def stretch(self) -> float:
        """By what factor these days were more unusual for them than earlier ones; at least 1.

        A mean square against what estimated errors let expect, held back by as many quiet units as there were windows.
        """
        if self.windows < 3 or not len(self.strange):
            return 1.0
        usual = self.windows / (self.windows - 2)
        n = len(self.strange)
        mean = (self.windows + (self.strange**2).sum() / usual) / (self.windows + n)
        return float(np.sqrt(max(mean, 1.0)))

    def beyond(self, confidence: float) -> np.ndarray:
        """The rows of units that moved further than chance among so many lets expect."""
        from scipy.stats import t

        if self.windows < 2:
            return np.array([], dtype=int)
        limit = t.ppf(1 - (1 - confidence) / 2 / len(self.units), self.windows)
        return np.flatnonzero(np.abs(self.strange) > limit)


def _moves(layout: Layout, spell: Spell, back: int) -> np.ndarray:
    case = layout.case(spell, back=back)
    total = case.size.sum()
    weights = case.size / total
    rest = (case.others @ weights)[:, None] - case.others * weights
    gaps = case.others - rest / (1 - weights)
    gaps = gaps - gaps[case.before].mean(axis=0)
    expected = case.others[case.window] - gaps[case.window]
    return gaps[case.window].sum(axis=0) / np.maximum(expected.sum(axis=0), 1e-12)
