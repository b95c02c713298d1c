"""Why to believe or doubt a split of conversions: how far the models are apart, and what the ways do not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.paths.rules import DIRECT
from crm_analytics.effectiveness.paths.ways import Ways
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.paths.markov import Orders


def checks(
    ways: Ways, frame: pd.DataFrame, *, credits: pd.DataFrame, model: str, orders: Orders | None, order: int
) -> tuple[Check, ...]:
    """Cause, agreement of the models, memory, length of ways, direct visits, and what was left out."""
    return (
        Check(
            name=say("Cause"),
            verdict="weak",
            text=say(
                "Every model gives all orders to the touches seen before them, also those that would have come anyway. "
                "Only experiments tell those apart."
            ),
        ),
        _agreement(credits, model),
        _memory(orders, order, ways),
        _length(ways),
        *_direct(ways, credits, model),
        *_left_out(ways, frame),
    )


def _agreement(credits: pd.DataFrame, model: str) -> Check:
    wide = credits.pivot(index="model", columns="channel", values="share")
    first = wide.idxmax(axis=1)
    told = wide.loc[model]
    spread = wide.max() - wide.min()
    widest, agrees = spread.idxmax(), int((first == first[model]).sum())
    moved = 0.5 * (wide - told).abs().sum(axis=1)
    values = {
        "agrees": agrees,
        "all": len(wide),
        "first": first[model],
        "widest": widest,
        "range": (wide[widest].min(), wide[widest].max()),
        "moved": moved.max(),
        "farthest": say(str(moved.idxmax())),
    }
    return Check(
        name=say("Models"),
        verdict="holds" if agrees == len(wide) and moved.max() < 0.1 else "weak" if moved.max() < 0.3 else "fails",
        text=say(
            "{agrees:count} of {all:count} models put {first} first. They are farthest apart on {widest} "
            "({range:percents}); «{farthest}» gives {moved:percent} of all conversions to others than this one.",
            **values,
        ),
    )


def _memory(orders: Orders | None, order: int, ways: Ways) -> Check:
    name = say("Memory of the chain")
    if not ways.lost.sum():
        return Check(
            name=name,
            verdict="weak",
            text=say("No way without an order is in the table, so the chain cannot tell what loses visitors."),
        )
    if orders is None:
        return Check(
            name=name,
            verdict="holds",
            text=say("The chain remembers {order:count} {order:touch|touches}, as was asked.", order=order),
        )
    tried = "; ".join(say("{order:count}: {bits:number}", order=k, bits=b) for k, b in orders.bits.items())
    return Check(
        name=name,
        verdict="holds",
        text=say(
            "The chain remembers {order:count} {order:touch|touches}: bits by which it is surprised at each step of "
            "ways it has not seen, by memory: {tried}.",
            order=order,
            tried=tried,
        ),
    )


def _length(ways: Ways) -> Check:
    single = float(ways.conversions[ways.length == 1].sum() / ways.conversions.sum())
    return Check(
        name=say("Length of ways"),
        verdict="holds" if single <= 0.7 else "weak",
        text=say(
            "{single:percent} of the conversions came after one touch: of these there is nothing to share out, "
            "whatever the model."
            if single > 0.7
            else "{single:percent} of the conversions came after one touch; the models differ on the others.",
            single=single,
        ),
    )


def _direct(ways: Ways, credits: pd.DataFrame, model: str) -> Iterator[Check]:
    known = [name for name in ways.names if name.lower() in DIRECT]
    told = credits[(credits["model"] == model) & credits["channel"].isin(known)]
    if known and told["share"].sum() > 0.01:
        yield Check(
            name=say("Direct visits"),
            verdict="weak",
            text=say(
                "{share:percent} are put down to visits without a known source ({names}): habit, word of mouth, or "
                "advertising that cannot be clicked.",
                share=float(told["share"].sum()),
                names=", ".join(known),
            ),
        )


def _left_out(ways: Ways, frame: pd.DataFrame) -> Iterator[Check]:
    def same(column: str) -> float:
        return float(frame[column].iloc[0]) if column in frame else 0.0

    if machines := same("machines"):
        yield Check(
            name=say("Machines"),
            verdict="holds",
            text=say(
                "{machines:count} visitors came more often on one day than people do, and were left out.",
                machines=machines,
            ),
        )
    opened = float(frame["open"].sum()) if "open" in frame else 0.0
    ended = float(ways.conversions.sum() + ways.lost.sum())
    if opened:
        yield Check(
            name=say("Open ways"),
            verdict="holds" if opened < 0.1 * ended else "weak",
            text=say(
                "{opened:count} ways are not over yet and count neither as won nor as lost ({ended:count} are over).",
                opened=opened,
                ended=ended,
            ),
        )
    unpriced = same("unpriced")
    if unpriced or not np.any(ways.value > 0):
        yield Check(
            name=say("Value"),
            verdict="weak",
            text=say(
                "No conversion has a value: money is not shared out."
                if not np.any(ways.value > 0)
                else "{unpriced:count} conversions have no value and count for nothing in the money.",
                unpriced=unpriced,
            ),
        )
