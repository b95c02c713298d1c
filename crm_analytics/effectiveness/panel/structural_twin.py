"""A structural time series of the reached, day by day, with the others as one of its influences.

    sales(t) = exp(level(t) + season, weekday, holidays, own prices · β + γ·log others(t)) · (1 + noise(t)),

learned from the days before (see `unlinked.structural`): where the others only partly go with the reached, γ is small
and the reached unit's own level, season and week carry the forecast. Brodersen et al. (2015) with controls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.panel.layout import Layout, Spell
from crm_analytics.effectiveness.panel.trials import Told
from crm_analytics.effectiveness.unlinked.counterfactual import Counterfactual
from crm_analytics.effectiveness.unlinked.influences import Series

NAME = "structural time series"
DRAWS = 200
LEAST_DAYS = 180
MOST_GROUPS = 3
"""Each group of units that started together takes a fit of its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StructuralTwin:
    """The groups of units that started together, each with the day it began and what it would have sold."""

    layout: Layout
    groups: dict[tuple[int, ...], tuple[int, Counterfactual]]
    period_days: int

    @classmethod
    def learn(
        cls, layout: Layout, frame: pd.DataFrame, measure: str, *, period_days: int, seed: int
    ) -> StructuralTwin | None:
        """None where the table is not daily, too short, too many groups started apart, or one hardly sold."""
        keys = list(dict.fromkeys(tuple(spell.units) for spell in layout.spells))
        days = pd.DatetimeIndex(np.sort(frame["day"].unique()))
        daily = len(days) > 1 and (np.diff(days) == np.timedelta64(1, "D")).all()
        if layout.level or not daily or len(keys) > MOST_GROUPS:
            return None
        found = {}
        for key in keys:
            spell = next(one for one in layout.spells if tuple(one.units) == key)
            table = _table(layout, frame, measure, spell)
            start = int((table["day"] < layout.days[spell.starts]).sum())
            series = Series.of(table, measure, start) if start >= LEAST_DAYS else None
            if series is None or series.selling_days < 0.2:
                return None
            found[key] = start, Counterfactual.learn(series, draws=DRAWS, seed=seed, confidence=0.95)
        return cls(layout=layout, groups=found, period_days=period_days)

    def told(self, spell: Spell, back: int) -> Told:
        """What a spell's window, `back` periods earlier than it was, would have sold, told from the days before."""
        begins, without = self.groups[tuple(spell.units)]
        first = next(one.starts for one in self.layout.spells if tuple(one.units) == tuple(spell.units))
        start = begins - back * self.period_days
        skipped = (spell.starts - first) * self.period_days
        window = slice(start, start + skipped + spell.length * self.period_days)
        expected = without.expected(window).mean(axis=0)[skipped:]
        actual = without.series.actual[window][skipped:]
        return Told(
            actual=actual.reshape(spell.length, -1).sum(axis=1), expected=expected.reshape(spell.length, -1).sum(axis=1)
        )


def _table(layout: Layout, frame: pd.DataFrame, measure: str, spell: Spell) -> pd.DataFrame:
    """Days of the units reached as one series, with the others together as a market indicator."""
    names = np.array(layout.units)
    own = frame[frame["unit"].isin(names[spell.units])]
    others = frame[frame["unit"].isin(names[spell.others])].groupby("day")[measure].sum()
    sums = own.groupby("day")
    table = sums[[measure]].sum()
    for name in ("price_index", "competitor_index"):
        if name in own:
            table[name] = sums[name].mean()
    if "holiday" in own:
        table["holiday"] = sums["holiday"].first()
    if "other_campaigns" in own:
        table["other_campaigns"] = sums["other_campaigns"].max()
    table["market_others"] = others
    return table.reset_index()
