"""Why to believe or doubt what is said of traits: chance, an earlier period, what purchases already foretell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd


def checks(table: pd.DataFrame, now: pd.DataFrame, before: pd.DataFrame, foretold: float) -> tuple[Check, ...]:
    """Chance among all that was tried, the earlier period, the forecast without traits, and how much is recorded."""
    return (_chance(table), _earlier(table, before), _without(foretold, now), _recorded(table))


def _chance(table: pd.DataFrame) -> Check:
    return Check(
        name=say("chance"),
        verdict="holds",
        text=say(
            "{tried:count} comparisons were tried; one claim in twenty such tables would be false, not one in twenty "
            "comparisons (Holm).", tried=2 * len(table),
        ),
    )  # fmt: skip


def _earlier(table: pd.DataFrame, before: pd.DataFrame) -> Check:
    told = table[table["verdict"] != "tells nothing"]
    known = told["gain_earlier"].notna()
    if not known.any():
        return Check(
            name=say("earlier period"),
            verdict="weak" if len(told) else "holds",
            text=say(
                "There is no earlier period to try it on ({customers:count} customers): nothing can prove its worth "
                "yet." if len(told) else "Nothing had to be tried on an earlier period.", customers=len(before),
            ),
        )  # fmt: skip
    held = int((told["gain_earlier"] > 0).sum())
    return Check(
        name=say("earlier period"),
        verdict="holds" if held == len(told) else "weak",
        text=say("{held:count} of {told:count} traits that may tell something told it in the earlier period as well.",
                 held=held, told=len(told)),
    )  # fmt: skip


def _without(foretold: float, now: pd.DataFrame) -> Check:
    return Check(
        name=say("purchases alone"),
        verdict="holds" if foretold > 0.02 else "weak",
        text=say(
            "Recency, frequency and money foretell {share:percent} of who buys again; of {customers:count} customers "
            "{again:percent} did." if foretold > 0 else
            "Recency, frequency and money foretell nothing of who buys again; of {customers:count} customers "
            "{again:percent} did.",
            share=max(foretold, 0.0), customers=len(now), again=float((now["outcome_orders"] > 0).mean()),
        ),
    )  # fmt: skip


def _recorded(table: pd.DataFrame) -> Check:
    thin = table.loc[table["known"].idxmin()]
    return Check(
        name=say("recorded"),
        verdict="holds" if thin["known"] > 0.8 else "weak",
        text=say("The least recorded trait, {trait}, is known of {known:percent} of the customers.",
                 trait=thin["trait"], known=float(thin["known"])),
    )  # fmt: skip
