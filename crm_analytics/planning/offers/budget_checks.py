"""Why to believe or doubt a plan of where money should go."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.planning.offers.curves import Curves
from crm_analytics.result import Check
from crm_analytics.say import say


def checks(
    table: pd.DataFrame, curves: Curves, *, gain: tuple[float, float, float], free: np.ndarray
) -> tuple[Check, ...]:
    """Whether it is better than now, within what was seen, learned from enough, and whether its last money pays.

    `gain` is what it brings over the split of the last year, with its interval; `free` are the parts that neither a
    floor nor a cap holds.
    """
    return _proven(gain), _seen(table), _taught(curves), _bent(curves), _worth_it(table, free)


def _proven(gain: tuple[float, float, float]) -> Check:
    proven = gain[1] > 0
    text = (
        "The gain over the split of the last year is above zero throughout its interval."
        if proven
        else "The gain over the split of the last year may as well be nothing: its interval reaches {low:money}."
    )
    return Check(name=say("Better than now"), verdict="holds" if proven else "weak", text=say(text, low=gain[1]))


def _seen(table: pd.DataFrame) -> Check:
    reach = table.spend / table.most_seen
    worst = table.loc[reach.idxmax()]
    times = float(reach.max())
    return Check(
        name=say("Within what was seen"),
        verdict="holds" if times <= 1.2 else "weak" if times <= 2 else "fails",
        text=say("{part} gets furthest from experience: {times:number} times a year of its largest campaigns; beyond "
                 "1.2 the curve is extended, beyond 2 it is guessed. A cap keeps it in sight.",
                 part=worst.part, times=times),
    )  # fmt: skip


def _taught(curves: Curves) -> Check:
    tested = curves.campaigns > 0
    if not tested.any():
        return Check(name=say("Enough campaigns"), verdict="weak", text=say(
            "No campaign with a control group stands behind this plan; one would tell more than another year."))
    least, most = int(curves.campaigns[tested].min()), int(curves.campaigns.max())
    fewest = int(np.where(tested, curves.campaigns, most + 1).argmin())
    return Check(
        name=say("Enough campaigns"),
        verdict="holds" if least >= 4 else "weak" if most >= 2 else "fails",
        text=say("{part} has the fewest campaigns with a control, {n:count}; with few it borrows from the others.",
                 part=curves.parts[fewest], n=least),
    )  # fmt: skip


def _bent(curves: Curves) -> Check:
    seen = float(np.median(curves.bend_seen))
    return Check(
        name=say("Diminishing returns are seen"),
        verdict="holds" if seen >= 0.4 else "weak",
        text=say("The campaigns' sizes tell {seen:percent} of how soon further money works less; the rest is assumed.",
                 seen=seen),
    )  # fmt: skip


def _worth_it(table: pd.DataFrame, free: np.ndarray) -> Check:
    last = float((table[free] if free.any() else table).marginal_return.max())
    return Check(
        name=say("The last money pays"),
        verdict="holds" if last >= 1 else "weak",
        text=say(
            "One more unit of money would bring {last:number}; below 1 a smaller budget would earn more.", last=last
        ),
    )
