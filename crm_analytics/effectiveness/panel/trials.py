"""Every method asked about the campaign, about the same units earlier, and about units that were left alone.

What it says where nothing was is its error, out of the time it learned from: the interval is made of these errors, and
they decide which method leads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crm_analytics.effectiveness.panel import (
    difference_in_differences,
    synthetic_control,
    synthetic_did,
    time_regression,
)
from crm_analytics.effectiveness.panel.case import Case, Twin
from crm_analytics.effectiveness.panel.layout import Layout, Spell

METHODS: dict[str, Callable[[Case], Twin]] = {
    "difference-in-differences": difference_in_differences.twin,
    "synthetic control": synthetic_control.twin,
    "synthetic DiD": synthetic_did.twin,
    "time-based regression": time_regression.twin,
}
ALONE = ("difference-in-differences", "time-based regression")
"""Methods that a single unit left alone is enough for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """What was measured and what was to be expected in a spell's window, period by period, in the measure's unit."""

    actual: np.ndarray
    expected: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        return self.actual - self.expected


def told(layout: Layout, method: str, spell: Spell, *, back: int = 0, columns: np.ndarray | None = None) -> Told:
    """What a method says of a spell, `back` periods earlier than it was, of other units if `columns` are given."""
    window = slice(spell.starts - back, spell.ends - back)
    whole = course(layout, method, spell, back=back, columns=columns)
    return Told(actual=whole.actual[window], expected=whole.expected[window])


def course(layout: Layout, method: str, spell: Spell, *, back: int = 0, columns: np.ndarray | None = None) -> Told:
    """The same for every period of the history, the spell's window or not."""
    case = layout.case(spell, back=back, columns=columns)
    own = spell.units if columns is None else columns
    path = METHODS[method](case).path * layout.one(own, case.before) * layout.drawn(own, case.before)
    return Told(actual=layout.values[:, own].sum(axis=1), expected=path)


def scaled(layout: Layout, earlier: Told, now: Told) -> np.ndarray:
    """The gaps of an earlier window, in the size that the same share of what is expected would have now."""
    if layout.level or earlier.expected.sum() <= 0:
        return earlier.gap
    return earlier.gap * now.expected.sum() / earlier.expected.sum()


def errors(layout: Layout, tell: Callable[[Spell, int], Told], shifts: np.ndarray) -> np.ndarray:
    """A method's gaps where there was no campaign: shifts × periods from the campaign's first to its last.

    All spells are moved together, so that what their errors share (the same others, the same weather) stays shared.
    """
    first, last = min(s.starts for s in layout.spells), max(s.ends for s in layout.spells)
    found = np.zeros((len(shifts), last - first))
    for spell in layout.spells:
        now = tell(spell, 0)
        for row, back in zip(found, shifts, strict=True):
            row[spell.starts - first : spell.ends - first] += scaled(layout, tell(spell, int(back)), now)
    return found
