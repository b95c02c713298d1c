"""Why to believe a profit by customer, or to doubt it: what is not recorded, what was estimated, what came again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.profit.cost_to_serve import STEPS, in_units
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.profit.cost_to_serve import Accounts

WEAK_UNCOSTED, BAD_UNCOSTED = 0.02, 0.2
FEW = 5


def checks(told: Accounts, now: pd.DataFrame, customers: pd.DataFrame) -> tuple[Check, ...]:
    """All checks that the data allow."""
    found = [_sums(now), _costs(told), _recorded(told), _chance(customers), _again(customers)]
    return tuple(check for check in found if check is not None)


def _sums(now: pd.DataFrame) -> Check:
    """Every row is on one customer and one category, or said to be on none: the parts are the whole."""
    whole = in_units(now["profit"])
    steps = in_units(now["list_value"]) - sum(in_units(now[step]) for step in STEPS[1:-1])
    nobody = now[now["category"].isna()]
    lost = float(nobody.loc[nobody["customer_id"].isna(), "profit"].sum())
    unknown = float(now.loc[now["customer_id"].isna() & now["category"].notna(), "profit"].sum())
    return Check(
        name=say("adds up"),
        verdict="holds" if whole == steps else "fails",
        text=say(
            "Every step lies on one customer and one category: together {whole:cents}, {unknown:money} of it from "
            "customers not known by name and {lost:money} of costs that are nobody's.",
            whole=float(now["profit"].sum()),
            unknown=unknown,
            lost=lost,
        ),
    )


def _costs(told: Accounts) -> Check:
    if told.assumed:
        return Check(
            name=say("costs of goods"),
            verdict="fails",
            text=say("No line says what its goods cost: the margin is assumed alike for all, so that only the other "
                     "costs tell customers apart."),
        )  # fmt: skip
    return Check(
        name=say("costs of goods"),
        verdict="holds" if told.uncosted <= WEAK_UNCOSTED else "weak" if told.uncosted <= BAD_UNCOSTED else "fails",
        text=say(
            "What goods cost is recorded for {known:percent} of sales; the rest is taken to cost what others of its "
            "category do.",
            known=1 - told.uncosted,
        )
        if told.uncosted
        else say("What goods cost is recorded for every line."),
    )


def _recorded(told: Accounts) -> Check:
    if told.absent:
        absent = ", ".join(say(_LACKING[step]) for step in told.absent)
        return Check(
            name=say("recorded"),
            verdict="weak",
            text=say("Profits are too high by what is not recorded here: {absent}.", absent=absent),
        )
    if told.unpriced:
        return Check(
            name=say("recorded"),
            verdict="weak",
            text=say("{unpriced:count} contacts have no cost and count for nothing; give a tariff by channel.",
                     unpriced=told.unpriced),
        )  # fmt: skip
    return Check(
        name=say("recorded"),
        verdict="holds",
        text=say("Discounts, costs of orders, contacts, campaigns and payments are all recorded."),
    )


_LACKING = {
    "discount": "list prices (discounts)",
    "serving": "costs of orders (delivery, packaging, handling)",
    "contacts": "costs of contacts",
    "campaigns": "costs of campaigns",
    "payment": "payments",
}


def _chance(customers: pd.DataFrame) -> Check | None:
    """How many of those who bought at a loss are truly customers on whom money is lost."""
    bought = customers[(customers["profit"] < 0) & (customers["orders"] > 0)]
    chance = bought["chance_of_loss"].fillna(0.5).to_numpy()
    if not len(bought):
        return None
    expected, spread = float(chance.sum()), 1.96 * float(np.sqrt((chance * (1 - chance)).sum()))
    low, high = max(0.0, expected - spread), min(float(len(bought)), expected + spread)
    return Check(
        name=say("chance"),
        verdict="holds" if expected >= 0.5 * len(bought) else "weak",
        text=say(
            "Of {bought:count} customers who bought at a loss about {expected:count} ({low:count} – {high:count}) lose "
            "money for good; the others had an unlucky year.",
            bought=len(bought),
            expected=expected,
            low=low,
            high=high,
        ),
    )


def _again(customers: pd.DataFrame) -> Check | None:
    """Whether who lost money a window ago lost it again: a loss that is only chance does not come back."""
    both = customers[customers["profit_before"].notna() & (customers["orders"] > 0)]
    lost = both["profit_before"] < 0
    if lost.sum() < FEW or (~lost).sum() < FEW:
        return None
    again = float((both.loc[lost, "profit"] < 0).mean())
    others = float((both.loc[~lost, "profit"] < 0).mean())
    spread = 2 * np.sqrt(max(again * (1 - again), 0.05) / lost.sum())
    return Check(
        name=say("comes again"),
        verdict="holds" if again > others + spread else "weak",
        text=say(
            "Of {lost:count} customers who cost money in the window before and bought in this one, {again:percent} did "
            "so at a loss again; of those who had earned, {others:percent}.",
            lost=int(lost.sum()),
            again=again,
            others=others,
        ),
    )
