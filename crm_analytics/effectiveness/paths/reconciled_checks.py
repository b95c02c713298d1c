"""Why to believe or doubt credits that were held against experiments, and what is left of them as profit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from crm_analytics.result import Check
from crm_analytics.say import say

GRADES = ("tested", "compared", "modelled", "assumed")


def checks(value: float, table: pd.DataFrame, total: pd.DataFrame) -> Iterator[Check]:
    """Whether credits and experiments agree, what no experiment or no way shows, profit, and what came anyway."""
    yield from _agree(table)
    yield from _untested(table)
    yield from _unseen(table)
    yield from _profits(table)
    if not (table["evidence"] == "unknown").any():
        yield _anyway(value, total if len(total) else table[table["evidence"].isin(GRADES)])


def _agree(table: pd.DataFrame) -> Iterator[Check]:
    tracked = _known(table)
    tracked = tracked[tracked["claimed"] > 0]
    if tracked.empty:
        return
    outside = tracked[(tracked["claimed"] > tracked["high"]) | (tracked["claimed"] < tracked["low"])]
    worst = tracked.iloc[0]
    yield Check(
        name=say("Credits and experiments"),
        verdict="holds" if outside.empty else "weak" if len(outside) < len(tracked) else "fails",
        text=say(
            "Of {n:count} {n:channel|channels} with both, {outside:count} {outside:is|are} credited with what its "
            "experiment rules out. Farthest apart is {worst}: credited {claimed:money}, brought {value:money} "
            "({low:money} – {high:money}).",
            n=len(tracked),
            outside=len(outside),
            worst=worst["channel"],
            claimed=worst["claimed"],
            value=worst["incremental"],
            low=worst["low"],
            high=worst["high"],
        ),
    )


def _untested(table: pd.DataFrame) -> Iterator[Check]:
    assumed, unknown = (table[table["evidence"] == grade] for grade in ("assumed", "unknown"))
    if len(assumed):
        yield Check(
            name=say("Without an experiment"),
            verdict="weak",
            text=say(
                "{names}: their part of the known total is shared out by the model; anything up to the whole rest may "
                "be true, and only a test could tell.",
                names=_channels(assumed),
            ),
        )
    if len(unknown):
        yield Check(
            name=say("Without an experiment"),
            verdict="weak",
            text=say(
                "{names}: no experiment speaks of them, and {claimed:money} of credits say nothing of what they "
                "brought.",
                names=_channels(unknown),
                claimed=float(unknown["claimed"].sum()),
            ),
        )


def _unseen(table: pd.DataFrame) -> Iterator[Check]:
    unseen = _known(table)
    unseen = unseen[unseen["claimed"] == 0]
    if len(unseen):
        yield Check(
            name=say("Not seen on the way"),
            verdict="weak",
            text=say(
                "{names}: brought {value:money} by their experiments, and no way shows them, so attribution gives them "
                "nothing and their sales to others.",
                names=_channels(unseen),
                value=float(unseen["incremental"].sum()),
            ),
        )


def _anyway(value: float, told: pd.DataFrame) -> Check:
    caused, least, most = (float(told[name].sum()) for name in ("incremental", "low", "high"))
    share = 1 - caused / value if value > 0 else float("nan")
    span = tuple(float(np.clip(1 - bound / max(value, 1e-9), 0, 1)) for bound in (most, least))
    return Check(
        name=say("Would have come anyway"),
        verdict="holds" if 0 <= share <= 1 else "weak",
        text=say(
            "{anyway:money} of {value:money} at the end of these ways, {share:percent} ({span:percents}), would have "
            "been sold without advertising."
            if 0 <= share <= 1
            else "Experiments count all sales and found {caused:money}; these ways end in {value:money} only, so they "
            "do not show most of what advertising does.",
            anyway=value - caused,
            value=value,
            share=share,
            span=span,
            caused=caused,
        ),
    )


def _profits(table: pd.DataFrame) -> Iterator[Check]:
    """Which channels do not earn what they cost, whatever is true within their interval."""
    if "profit" not in table or table["cost"].isna().all():
        return
    known, dark = table[table["profit"].notna()], table[table["profit"].isna() & table["cost"].notna()]
    poor, good = known[known["profit_high"] < 0], known[known["profit_low"] > 0]
    unsure = known[(known["profit_low"] <= 0) & (known["profit_high"] >= 0)]
    parts = [say(words, names=_named(rows)) for words, rows in (
        ("Less than they cost bring {names}.", poor),
        ("More than they cost bring {names}.", good),
        ("Not to be told of {names}.", unsure),
    ) if len(rows)]  # fmt: skip
    if len(dark):
        parts.append(
            say(
                "{cost:money} were spent on {names}, and no experiment says what came of it.",
                cost=float(dark["cost"].sum()),
                names=_channels(dark),
            )
        )
    fooled = known[(known["profit_by_last_touch"] > 0) & (known["profit_high"] < 0)]
    if len(fooled):
        parts.append(say("By last click {names} would pass for profitable.", names=_channels(fooled)))
    yield Check(
        name=say("Profit"), verdict="weak" if len(unsure) == len(known) or len(dark) else "holds", text=" ".join(parts)
    )


def _named(rows: pd.DataFrame) -> str:
    return ", ".join(say("{name} {profit:money}", name=row.channel, profit=row.profit) for row in rows.itertuples())


def _known(table: pd.DataFrame) -> pd.DataFrame:
    """The channels of which an experiment, a comparison or a model speaks."""
    return table[table["evidence"].isin(GRADES[:3])]


def _channels(rows: pd.DataFrame) -> str:
    return ", ".join(map(str, rows["channel"]))
