"""What it earns to address the first customers of an order, for each number of them; and the order of other people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.measures import Measure
from crm_analytics.effectiveness.control.uplift_trial import mean
from crm_analytics.result import Check, Claim, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.uplift import UpliftResult


@dataclass(frozen=True, kw_only=True, eq=False)
class UpliftProfit(Result):
    """A number of customers a row, the most changed first: share, customers, profit, low, high."""

    share: float
    """The share whom it pays to address, as decided without those on whom it is judged."""
    usable: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class UpliftForetold(Result):
    """A customer a row, the most changed first: customer_id, uplift, address (whether it pays)."""

    measured: Measure
    learned_from: UpliftResult = field(repr=False)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Those of the test it was learned from."""
        return self.learned_from.claims


def profit(result: UpliftResult) -> UpliftProfit:
    """What each part of the customers, the most changed first, brings beyond what addressing them costs."""
    trial, n = result.learned.trial, len(result.people)
    place, each = trial.place[trial.judged], result.each[trial.judged]
    rows = [{"share": 0.0, "customers": 0, "profit": 0.0, "low": 0.0, "high": 0.0}]
    for share in np.linspace(0.05, 1, 20):
        first = (place < share) | (share == 1)
        one = mean(each * first)
        low, high = one.interval(result.study.confidence)
        rows.append({
            "share": share, "customers": round(n * float(first.mean())), "profit": n * one.value, "low": n * low,
            "high": n * high,
        })  # fmt: skip
    earned, everybody, confidence = result.targeted, result.everybody, result.study.confidence
    low, high = earned.interval(confidence)
    all_low, all_high = everybody.interval(confidence)
    return UpliftProfit(
        study=result.study, table=pd.DataFrame(rows), share=result.share, usable=result.usable,
        text=say(
            "{earned:money} ({low:money} – {high:money}) is earned by addressing the {n:count} customers whom it pays "
            "to address; addressing all {all:count} earns {whole:money} ({all_low:money} – {all_high:money})."
            if result.usable
            else "{whole:money} ({all_low:money} – {all_high:money}) is earned by addressing all {all:count} "
            "customers; who of them gains cannot be told, so no part of them is better than a part drawn by lot.",
            earned=earned.value, low=low, high=high, n=round(result.share * n), all=n, whole=everybody.value,
            all_low=all_low, all_high=all_high,
        ),
        checks=(
            Check(
                name=say("The best of many"),
                verdict="holds",
                text=say(
                    "The highest point of the curve is flattered by chance; the share above was decided on other "
                    "customers than those who judge it."
                ),
            ),
        ),
    )  # fmt: skip


def foretold(result: UpliftResult, people: pd.DataFrame) -> Result:
    """What the campaign would change with each of `people`, the most changed first: customer_id, uplift, address.
    Raises ValueError without customer_id."""
    if "customer_id" not in people:
        raise ValueError("To foretell whom it changes, people need the column customer_id; features.profile has it.")
    if people.empty:
        return result.study.refuse(say("Not enough evidence: there are no customers to look at."))
    people = people.sort_values("customer_id", ignore_index=True)
    lacking = [name for name in result.learned.traits.names if name not in people.columns]
    uplift = result.learned.of(people, apart=result.usable)
    table = pd.DataFrame({
        "customer_id": people["customer_id"], "uplift": uplift, "address": result.study.worth * uplift > result.cost
    })  # fmt: skip
    table = table.sort_values(["uplift", "customer_id"], ascending=[False, True], ignore_index=True)
    amount = result.measured.amount
    return UpliftForetold(
        study=result.study, measured=result.measured, learned_from=result, table=table,
        text=say(
            "{n:count} of {all:count} customers are worth addressing; what it changes is foretold as {low} – {high} a "
            "customer, {mean} on average."
            if result.usable
            else "{mean} ({low} – {high}) is foretold of every customer alike, since they cannot be told apart: "
            "{n:count} of {all:count} are worth addressing.",
            n=int(table["address"].sum()), all=len(table), mean=amount(float(uplift.mean())),
            **_span(result, uplift),
        ),
        checks=(
            Check(
                name=say("What is known of them"),
                verdict="holds" if not lacking else "weak",
                text=say("Every trait that was learned from is known of these people.")
                if not lacking
                else say("{n:count} traits that were learned from are unknown of these people.", n=len(lacking)),
            ),
        ),
    )  # fmt: skip


def _span(result: UpliftResult, uplift: np.ndarray) -> dict[str, str]:
    """Of customers told apart the smallest and largest; else the interval of the average effect."""
    low, high = (
        (float(uplift.min()), float(uplift.max())) if result.usable else result.effect.interval(result.study.confidence)
    )
    return {"low": result.measured.amount(low), "high": result.measured.amount(high)}
