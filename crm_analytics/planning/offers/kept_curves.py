"""Curves of channels that nobody tested, as a channel mix that was kept tells them: the budget's second source."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.planning.offers.curves import Curves
from crm_analytics.result import Check
from crm_analytics.say import say

COLUMNS = ("curve_a", "curve_b", "curve_spend", "curve_se", "curve_bend_sd", "now", "told")
"""What a row of a kept mix says beside channel and region: a·ln(1 + x/b), money a year; the year's spend at which what
it brings is known with the standard error `curve_se`; that of ln b; the last year's spend; whether it could be told."""


def kept_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of channels with a kept curve that were never tested; none where the table has no such columns."""
    if not set(COLUMNS) <= set(frame):
        return frame.iloc[:0]
    rows = frame[frame["curve_a"].notna()]
    tested = frame.loc[frame["curve_a"].isna() & frame["cost"].notna()]
    same = rows["measure"].isin(tested["measure"]) if len(tested) and "measure" in frame else True
    return rows[~rows["channel"].isin(tested["channel"]) & same].sort_values("channel", ignore_index=True)


def curves_of(rows: pd.DataFrame, *, parts: pd.Series, draws: int, seed: int) -> Curves:
    """The curves of these rows with draws: what a year brings at its spend is a gamma, its bend a lognormal."""
    a, b, spend, se = (rows[c].to_numpy(float) for c in ("curve_a", "curve_b", "curve_spend", "curve_se"))
    random = np.random.default_rng(seed + 2)
    brought = a * np.log1p(spend / b)
    certain = np.maximum(brought / np.maximum(se, 1e-9 * brought), 1e-3) ** 2
    drawn = random.gamma(certain, brought / certain, size=(draws, len(rows)))
    bends = b * np.exp(rows["curve_bend_sd"].to_numpy(float) * random.standard_normal((draws, len(rows))))
    return Curves(
        parts=tuple(parts), a=a, b=b, a_draws=drawn / np.log1p(spend / bends), b_draws=bends,
        now=rows["now"].to_numpy(float) if rows["now"].sum() > 0 else spend, most=spend,
        campaigns=np.zeros(len(rows), dtype=int), bend_seen=np.clip(1 - rows["curve_bend_sd"].to_numpy(float), 0, 1),
    )  # fmt: skip


def side_by_side(curves: Curves, others: Curves) -> Curves:
    """Parts of both, in order of their names."""
    parts = curves.parts + others.parts
    order = sorted(range(len(parts)), key=parts.__getitem__)
    both = {
        name: np.concatenate([getattr(curves, name), getattr(others, name)], axis=-1)[..., order]
        for name in ("a", "b", "a_draws", "b_draws", "now", "most", "campaigns", "bend_seen")
    }
    return Curves(parts=tuple(parts[i] for i in order), **both)


def from_the_mix(curves: Curves, left_out: tuple[str, ...]) -> list[Check]:
    """Which parts nobody tested, and which channels of the mix could not be told and so get no money here."""
    found = []
    untested = [part for part, n in zip(curves.parts, curves.campaigns, strict=True) if n == 0]
    if untested:
        found.append(Check(name=say("Known from the channel mix"), verdict="weak", text=say(
            "{parts} had no campaign with a control group; their curves are those of the channel mix that was kept, "
            "modelled from spend that somebody chose.", parts=", ".join(untested))))  # fmt: skip
    if left_out:
        found.append(Check(name=say("Left out"), verdict="weak", text=say(
            "The channel mix could not tell what {channels} brought, so they are not in this plan; a campaign with a "
            "control group or a region left out would bring them in.", channels=", ".join(left_out))))  # fmt: skip
    return found
