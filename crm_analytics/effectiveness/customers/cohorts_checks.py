"""Whether cohorts can be compared as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.customers.cohorts import CohortsResult


def checks(result: CohortsResult) -> tuple[Check, ...]:
    """Whether season, age, the beginning of records, many comparisons or another mix could pass for a better cohort."""
    return (_season(result), _equal_age(result), _beginning(result), _many(result), _mixed(result))


def _season(result: CohortsResult) -> Check:
    return Check(
        name=say("season"),
        verdict="weak" if result.seasonal else "holds",
        text=say(
            "The records are too short to compare cohorts of the same season, so each is held against the one before: "
            "who came before Christmas lived through other months than who came after it."
        )
        if result.seasonal
        else say("Only cohorts that came in the same season, or through all seasons, are compared."),
    )


def _equal_age(result: CohortsResult) -> Check:
    young = int((result.table["months"] < 1).sum())
    return Check(
        name=say("equal age"),
        verdict="holds",
        text=say(
            "Compared are only months of life that all customers of both cohorts have lived through; {young:count} "
            "{young:cohort is|cohorts are} too young for that.",
            young=young,
        ),
    )


def _beginning(result: CohortsResult) -> Check:
    import pandas as pd

    periods = result.kind in ("month", "quarter", "year")
    early = periods and str(result.table["cohort"].iloc[0])[:4] == str(pd.Timestamp(result.begins).year)
    return Check(
        name=say("customers from before the records"),
        verdict="weak" if early else "holds",
        text=say(
            "Records begin on {day:date}: the first cohort, and any far larger than those that follow, may hold "
            "customers who had bought long before, and old ones come back otherwise. They are shown and not compared.",
            day=result.begins,
        )
        if early
        else say("Customers known before the records begin are left out."),
    )


def _many(result: CohortsResult) -> Check:
    asked = int(result.table["p_value"].notna().sum())
    return Check(
        name=say("many comparisons"),
        verdict="holds",
        text=say(
            "{asked:count} comparisons were made; in one case of twenty at most would any be called a difference "
            "though there is none.",
            asked=asked,
        ),
    )


def _mixed(result: CohortsResult) -> Check:
    return Check(
        name=say("the same time"),
        verdict="weak",
        text=say(
            "Cohorts a year apart are at the same age in different years: prices, offers and competitors of that year "
            "act on them, too. A difference is no proof that other people came."
        ),
    )
