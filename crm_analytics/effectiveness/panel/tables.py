"""An answer as tables: every method's, period by period, the units left alone, and what the twin is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.panel.judged import Judged
from crm_analytics.effectiveness.panel.layout import Layout
from crm_analytics.effectiveness.panel.panel_effect_checks import called
from crm_analytics.effectiveness.panel.reading import Reading
from crm_analytics.effectiveness.panel.trials import METHODS, course


def method_table(layout: Layout, found: Judged) -> pd.DataFrame:
    """A method a row, the one that leads first: method, effect, low, high, per_period, error (of its tries), leads."""
    cells = sum(len(spell.units) * spell.length for spell in layout.spells)
    rows = [
        (called(one.name), one.effect, *one.interval, one.effect / cells, one.error / one.expected.sum(), i == 0)
        for i, one in enumerate(found.methods)
    ]
    return pd.DataFrame(rows, columns=["method", "effect", "low", "high", "per_period", "error", "leads"])


def course_table(reading: Reading, found: Judged) -> pd.DataFrame:
    """Every period: what was sold and what the leading method expected; in the campaign, how the gap adds up."""
    layout, lead = reading.layout, found.lead
    first = min(spell.starts for spell in layout.spells)
    name = lead.name if lead.name in METHODS else "difference-in-differences"
    actual, expected = np.zeros(len(layout.days)), np.zeros(len(layout.days))
    seen: set[tuple[int, ...]] = set()
    for spell in layout.spells:
        if tuple(spell.units) in seen:
            continue
        seen.add(tuple(spell.units))
        now = course(layout, name, spell)
        actual, expected = actual + now.actual, expected + now.expected
    window = slice(first, first + len(lead.gaps))
    expected[window] = actual[window] - lead.gaps
    so_far = np.cumsum(lead.gaps)
    reach = (lead.interval[1] - lead.interval[0]) / 2
    trials = _trials(found, len(lead.gaps))
    grown, alone = _grown(trials), reach * _single(trials)
    least = 0.0 if layout.values.min() >= 0 else -np.inf
    inside = pd.DataFrame({
        "low": np.maximum(expected[window] - alone, least), "high": expected[window] + alone, "cumulative": so_far,
        "cumulative_low": so_far - reach * grown, "cumulative_high": so_far + reach * grown,
    }, index=range(window.start, window.stop))  # fmt: skip
    return pd.DataFrame({"day": layout.days, "actual": actual, "expected": expected}).join(inside)


def _trials(found: Judged, length: int) -> np.ndarray:
    """Gaps where nothing was, a row a try: earlier windows, else units left alone; empty where there are neither."""
    if found.read_from == "time":
        return found.lead.trials
    return found.space.paths[:, -length:] if found.read_from == "space" else np.zeros((0, length))


def _grown(trials: np.ndarray) -> np.ndarray:
    """How the error of the sum grew over the campaign: its share of the whole, period by period."""
    length = trials.shape[1]
    so_far = np.sqrt((np.cumsum(trials, axis=1) ** 2).mean(axis=0)) if len(trials) else np.zeros(length)
    if so_far[-1] <= 0:
        return np.sqrt(np.arange(1, length + 1) / length)
    return np.minimum(np.maximum.accumulate(so_far) / so_far[-1], 1.0)


def _single(trials: np.ndarray) -> float:
    """The error of one period as a share of that of the sum."""
    whole = np.sqrt((trials.sum(axis=1) ** 2).mean()) if len(trials) else 0.0
    return float(np.sqrt((trials**2).mean()) / whole) if whole > 0 else 1 / float(np.sqrt(trials.shape[1]))


def placebo_table(reading: Reading, found: Judged) -> pd.DataFrame:
    """The gap (share of usual) of the reached, unit "", and of each unit left alone, day by day."""
    if found.space is None:
        return pd.DataFrame({"unit": [], "day": [], "gap": []})
    layout, space = reading.layout, found.space
    until = max(spell.ends for spell in layout.spells)
    rows = [
        ("", space.own),
        *(
            (", ".join(layout.units[c] for c in group), path)
            for group, path in zip(space.groups, space.paths, strict=True)
        ),
    ]
    parts = [pd.DataFrame({"unit": name, "day": layout.days[:until], "gap": path[:until]}) for name, path in rows]
    return pd.concat(parts, ignore_index=True)


def parts_table(reading: Reading, found: Judged) -> pd.DataFrame:
    """Of which units left alone the twin is made: unit, share."""
    layout = reading.layout
    name = found.lead.name if found.lead.name in METHODS else "synthetic DiD"
    spell = layout.spells[0]
    if name == "synthetic DiD" and len(spell.others) < 2:
        name = "difference-in-differences"
    weights = METHODS[name](layout.case(spell)).weights
    parts = pd.DataFrame({"unit": [layout.units[c] for c in spell.others], "share": weights})
    return parts.sort_values(["share", "unit"], ascending=[False, True], ignore_index=True)
