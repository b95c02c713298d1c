"""Placebos in space: units that were left alone, treated as if the campaign had been theirs.

A campaign's effect stands out among the gaps that units without one show in the same days, or it does not: Abadie,
Diamond & Hainmueller (2010). With few units left alone the rank cannot be small, whatever the effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crm_analytics.effectiveness.panel.layout import Layout
from crm_analytics.effectiveness.panel.trials import METHODS, told

MOST = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """The same question asked of units left alone: `groups` (columns), and for each its gaps, period by period as a
    share of what was to be expected (`paths`), in the window in the measure's unit (`sums`) and as a share (`gaps`),
    and the window's against those before (`ratios`)."""

    groups: list[tuple[int, ...]]
    paths: np.ndarray
    sums: np.ndarray
    gaps: np.ndarray
    ratios: np.ndarray
    ratio: float
    own: np.ndarray
    """The ratio and the path of the units that were reached."""

    @property
    def p_value(self) -> float:
        """The share of units, the reached among them, that differ at least as much."""
        return float((1 + (self.ratios >= self.ratio - 1e-12).sum()) / (1 + len(self.ratios)))

    @property
    def least(self) -> float:
        """The smallest p-value that so few units left alone could give."""
        return 1 / (1 + len(self.ratios))

    @property
    def apart(self) -> int:
        """How many of the groups can be had without sharing a unit: what their number is worth as evidence."""
        taken: set[int] = set()
        count = 0
        for group in self.groups:
            if not taken & set(group):
                taken |= set(group)
                count += 1
        return count


def in_space(layout: Layout, method: str, *, seed: int) -> Space:
    """Ask a method about every unit left alone, or about `MOST` sets of as many units as were reached together."""
    drawn = _sets(layout, seed)
    found = [_asked(layout, method, columns) for columns in drawn]
    own = _asked(layout, method, [spell.units for spell in layout.spells])
    length = len(layout.days)
    return Space(
        groups=[tuple(sorted({int(unit) for stand_in in columns for unit in stand_in})) for columns in drawn],
        paths=np.array([one.path for one in found]).reshape(len(found), length),
        sums=np.array([one.total for one in found]),
        gaps=np.array([one.share for one in found]),
        ratios=np.array([one.ratio for one in found]),
        ratio=own.ratio,
        own=own.path,
    )


def _sets(layout: Layout, seed: int) -> list[list[np.ndarray]]:
    """For each draw, which units left alone stand in for those of each spell."""
    never = np.setdiff1d(layout.spells[0].others, np.flatnonzero(layout.on.any(axis=0)))
    reached = {tuple(spell.units): len(spell.units) for spell in layout.spells}
    room = min(1.0, (len(never) // 2) / sum(reached.values()))
    sizes = {group: max(1, int(size * room)) for group, size in reached.items()}
    if len(never) < sum(sizes.values()) + 2:
        return []
    if sum(sizes.values()) == 1:
        draws = [np.array([unit]) for unit in never]
        if len(draws) > MOST:
            draws = [draws[i] for i in np.random.default_rng(seed).choice(len(draws), MOST, replace=False)]
    else:
        random = np.random.default_rng(seed)
        draws = list({tuple(random.permutation(never)[: sum(sizes.values())]): None for _ in range(MOST)})
    found = []
    for draw in draws:
        parts = np.split(np.array(draw), np.cumsum(list(sizes.values()))[:-1])
        stand_in = {group: np.sort(part) for group, part in zip(sizes, parts, strict=True)}
        found.append([stand_in[tuple(spell.units)] for spell in layout.spells])
    return found


class _Asked(NamedTuple):
    path: np.ndarray
    total: float
    share: float
    ratio: float


def _asked(layout: Layout, method: str, columns: list[np.ndarray]) -> _Asked:
    path, gap, expected, usual = np.zeros(len(layout.days)), 0.0, 0.0, 0.0
    for spell, own in zip(layout.spells, columns, strict=True):
        case = layout.case(spell, columns=own)
        gaps = (case.treated - METHODS[method](case).path) * layout.one(own, case.before)
        now = told(layout, method, spell, columns=own)
        gap, expected = gap + now.gap.sum(), expected + now.expected.sum()
        usual += spell.length**2 * (gaps[case.before] ** 2).mean()
        path += np.where(case.before | case.window, gaps, 0.0)
    scale = expected if expected > 0 else 1.0
    periods = sum(spell.length for spell in layout.spells)
    return _Asked(path / scale * periods, gap, gap / scale, abs(gap) / np.sqrt(usual) if usual > 0 else 0.0)
