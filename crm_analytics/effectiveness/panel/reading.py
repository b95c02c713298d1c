"""From a table of units and days to a layout: who was reached, who can be compared, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.panel.layout import Layout, folded, spells_of
from crm_analytics.effectiveness.panel.pull import NAMES, Pull
from crm_analytics.say import say

SPARSE = 0.5
"""Of a unit that sold nothing in more than this share of the periods before, an index says nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """A layout, what was taken out of it, and for each unit that was set apart the reason."""

    layout: Layout
    pull: Pull
    apart: dict[str, str]
    cost: float
    """Of the campaign, beyond what was usual before; NaN where none is on record."""
    daily: pd.DataFrame
    """The rows it was read from, with `on`."""


def read(frame: pd.DataFrame, measure: str, *, tail_days: int, period_days: int, level: bool) -> Reading | None:
    """`frame` has unit, day, on and the measure. None when no unit was reached within its days."""
    start = frame.loc[frame["on"], "day"].min()
    if pd.isna(start):
        return None
    names = [name for name in NAMES if name in frame and not level]
    logs = {name: np.log(frame[name].astype(float).where(frame[name] > 0)).fillna(0.0) for name in names}
    rows = frame.assign(**logs, on=frame["on"].astype(float), **{measure: frame[measure].astype(float).fillna(0.0)})
    sums = folded(rows, [measure, "on", *names], start=start, period_days=period_days)
    wide = {c: sums.pivot(index="day", columns="unit", values=c).fillna(0.0) for c in (measure, "on", *names)}
    values, on = wide[measure].to_numpy(), wide["on"].to_numpy() > 0
    units, tail = [str(unit) for unit in wide[measure].columns], -(-tail_days // period_days)
    whole = _whole(values, on, tail=tail)
    values, on = values[whole], on[whole]
    reasons = _apart(frame, units, values, on, tail=tail)
    spells = spells_of(on, np.isin(units, list(reasons)), tail=tail)
    touched = np.zeros_like(on)
    for spell in spells:
        touched[spell.starts : spell.ends, spell.units] = True
    first = min((spell.starts for spell in spells), default=len(on))
    before = np.arange(len(on)) < first
    moved = {name: wide[name].to_numpy()[whole] / period_days for name in names}
    pull = Pull.learn(values, moved if before.sum() > 2 else {}, ~touched, before)
    layout = Layout(
        units=units, days=pd.DatetimeIndex(wide[measure].index[whole]), values=values, on=on, spells=spells,
        level=level, pull=pull.factor,
    )  # fmt: skip
    return Reading(layout=layout, pull=pull, apart=reasons, cost=_cost(frame, start), daily=frame)


def _whole(values: np.ndarray, on: np.ndarray, *, tail: int) -> slice:
    """From the period by which every unit reached sells to the last of the campaign's tail."""
    if not on.any():
        return slice(0, 0)
    opened = (values[:, on.any(axis=0)] != 0).argmax(axis=0).max()
    return slice(int(opened), int(np.flatnonzero(on.any(axis=1))[-1]) + 1 + tail)


def _apart(frame: pd.DataFrame, units: list[str], values: np.ndarray, on: np.ndarray, *, tail: int) -> dict[str, str]:
    """Units left alone that cannot be compared all the same, and why."""
    found: dict[str, str] = {}
    first, last = _span(on.any(axis=1))
    last = min(last + tail, len(values))
    reached = on.any(axis=0)
    mixed = set(frame.loc[frame["reached"] == "mixed", "unit"].astype(str)) if "reached" in frame else set()
    others = _other_campaigns(frame)
    for column, unit in enumerate(units):
        if reached[column]:
            continue
        sold = values[:, column] > 0
        if unit in mixed:
            found[unit] = say("serves those who were reached and others")
        elif not sold.any() or np.flatnonzero(sold)[0] > first // 4:
            found[unit] = say("has nothing to compare from the beginning")
        elif np.flatnonzero(sold)[-1] < last - 2:
            found[unit] = say("stopped before the end")
        elif sold[:first].mean() < SPARSE:
            found[unit] = say("is empty too often")
        elif unit in others:
            found[unit] = say("had a campaign of its own: {name}", name=others[unit])
    return found


def _other_campaigns(frame: pd.DataFrame) -> dict[str, str]:
    """Which campaign ran in a unit, while this one was on, that did not run in all."""
    if "other_campaigns" not in frame:
        return {}
    on_days = frame.loc[frame["on"], "day"]
    now = frame[frame["day"].between(on_days.min(), on_days.max()) & (frame["other_campaigns"].fillna("") != "")]
    named = now.assign(name=now["other_campaigns"].str.split("; ")).explode("name")[["unit", "name"]].drop_duplicates()
    everywhere = frame["unit"].nunique()
    counts = named.groupby("name")["unit"].nunique()
    own = named[named["name"].map(counts) < everywhere]
    return {str(unit): "; ".join(sorted(names)) for unit, names in own.groupby("unit")["name"]}


def _cost(frame: pd.DataFrame, start: pd.Timestamp) -> float:
    """What was spent in the units reached from the first day on, less what was usual a day before."""
    if "cost" not in frame or frame["cost"].isna().all():
        return float("nan")
    reached = frame.loc[frame["on"], "unit"].unique()
    spent = frame[frame["unit"].isin(reached)].groupby("day")["cost"].sum()
    since, earlier = spent[spent.index >= start], spent[spent.index < start]
    return float(since.sum() - (earlier.mean() if len(earlier) else 0.0) * len(since))


def _span(flags: np.ndarray) -> tuple[int, int]:
    hits = np.flatnonzero(flags)
    return (int(hits[0]), int(hits[-1]) + 1) if len(hits) else (len(flags), len(flags))
