"""Why to believe a cause of leaving, and what stands against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.customers.departures import DeparturesResult


def checks(result: DeparturesResult) -> tuple[Check, ...]:
    return (_enough(result), _settled(result), _readings(result), _prices(result), _compared())


def _enough(result: DeparturesResult) -> Check:
    untold = ", ".join(say(str(cause)) for cause in result.table[result.table["hazard_ratio"].isna()]["cause"])
    return Check(
        name=say("enough who left"),
        verdict="weak" if untold else "holds",
        text=say("About {left:count} customers left; too few to judge of: {untold}.", left=result.left, untold=untold)
        if untold
        else say("About {left:count} customers left, enough for every cause that is shown.", left=result.left),
    )


def _settled(result: DeparturesResult) -> Check:
    return Check(
        name=say("the order of things"),
        verdict="holds",
        text=say(
            "Looked at {days:count} days after each purchase, and only where nobody had bought again by then: whoever "
            "comes back at once has less time to complain, and would make complaints look worse than they are.",
            days=result.settling_days,
        ),
    )


def _readings(result: DeparturesResult) -> Check:
    return Check(
        name=say("who has left"),
        verdict="weak",
        text=say(
            "Nobody states it: silences do, each in the customer's own rhythm. The intervals hold whether or not the "
            "longest silences end."
        ),
    )


def _prices(result: DeparturesResult) -> Check:
    months = result.months
    competitors = bool(months["competitor_index"].notna().all()) and len(months) > 0
    judged = result.table["cause"].str.startswith("competitors").any()
    return Check(
        name=say("prices"),
        verdict="holds" if competitors and judged else "weak",
        text=say(
            "Own and competitors' prices are compared over {months:count} months, season and trend taken out; what "
            "else happened to everybody in the same months cannot be told from them.",
            months=len(months),
        )
        if competitors
        else say(
            "Competitors' prices are not on record, so what they did is in the months' levels, not among the causes."
        ),
    )


def _compared() -> Check:
    return Check(
        name=say("not an experiment"),
        verdict="weak",
        text=say(
            "Customers who complain care enough to speak, and campaigns choose whom they write to. Beside each other "
            "they show what goes with leaving; only a test by lot shows what keeps."
        ),
    )
