"""Why to believe or doubt that customers can be told apart by what a campaign changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.effectiveness.control.arms import smallest_shown
from crm_analytics.effectiveness.control.uplift_groups import HARMED
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.control.uplift import UpliftResult


def checks(result: UpliftResult) -> tuple[Check, ...]:
    return (_order(result), _believed(result), _learners(result), _put_off(result), _drawn(result), _money(result))


def _order(result: UpliftResult) -> Check:
    low, _ = result.qini.interval(result.study.confidence)
    smallest = result.measured.amount(smallest_shown(result.qini, result.study.confidence))
    return Check(
        name=say("Told apart"),
        verdict="holds" if low > 0 else "weak",
        text=say(
            "The order holds on customers who had no part in it: its gain lies above zero."
            if low > 0
            else "A test of this size finds an order that gains {smallest} a customer four times out of five; smaller "
            "differences would have escaped it.",
            smallest=smallest,
        ),
    )  # fmt: skip


def _believed(result: UpliftResult) -> Check:
    slope = result.learned.trial.slope
    name = say("Taken at its word")
    if not np.isfinite(slope.se):
        return Check(name=name, verdict="weak", text=say("What was learned foretells the same for every customer."))
    low, high = slope.interval(result.study.confidence)
    return Check(
        name=name,
        verdict="holds" if low <= 1 <= high and low > 0 else "weak",
        text=say(
            "One unit more foretold is {slope:number} ({low:number} – {high:number}) more in truth; 1 would be exact, "
            "and 0 no knowledge at all. What is foretold for a customer is drawn in by that.",
            slope=slope.value, low=low, high=high,
        ),
    )  # fmt: skip


def _learners(result: UpliftResult) -> Check:
    trial = result.learned.trial
    told = "; ".join(
        say("{name} {q}", name=name, q=result.measured.amount(q.value)) for name, q in trial.by_learner.items()
    )
    return Check(
        name=say("Which learner"),
        verdict="holds",
        text=say(
            "Chosen by the gain on customers who taught none of them: {name} (Qini: {told}). The answer above pays for "
            "the choice.", name=trial.chosen, told=told,
        ),
    )  # fmt: skip


def _put_off(result: UpliftResult) -> Check:
    rows = result.table[result.table["kind"] == say(HARMED)]
    last = result.table.iloc[-1]
    return Check(
        name=say("Whom to leave alone"),
        verdict="weak" if len(rows) else "holds",
        text=say(
            "{n:count} customers are in fifths that bring less when addressed ({low} – {high} each in the last fifth): "
            "leave them alone."
            if len(rows)
            else "No fifth is harmed beyond noise; of the last one the message changes what a customer brings by "
            "{low} – {high}.",
            n=rows["customers"].sum(), low=result.measured.amount(last.low), high=result.measured.amount(last.high),
        ),
    )  # fmt: skip


def _drawn(result: UpliftResult) -> Check:
    """Were the arms drawn by lot, no trait would tell who is in which (an F test of all at once)."""
    from scipy.stats import f

    x = result.learned.traits.of(result.people)
    w = (result.people["arm"] == "treated").to_numpy(float)
    apart, left = x - x.mean(axis=0), w - w.mean()
    beta, _, rank, _ = np.linalg.lstsq(apart, left, rcond=1e-8)
    explained, free = float(((apart @ beta) ** 2).sum()), len(w) - rank - 1
    p = float(f.sf(explained / max(rank, 1) / (float((left**2).sum() - explained) / free), max(rank, 1), free))
    return Check(
        name=say("Drawn by lot"),
        verdict="holds" if p >= 0.01 else "weak" if p >= 0.001 else "fails",
        text=say(
            "No trait known before tells who was addressed, as a lot would have it (p = {p:.3f})."
            if p >= 0.01
            else "Traits known before tell who was addressed (p = {p:.3f}): the arms were not drawn by lot, and those "
            "who differ may differ for that.", p=p,
        ),
    )  # fmt: skip


def _money(result: UpliftResult) -> Check:
    known = result.study.cost is not None or result.cost > 0
    return Check(
        name=say("Cost of a contact"),
        verdict="holds" if known else "weak",
        text=say(
            "Addressing a customer is taken to cost {cost:cents}, and a unit of what is measured to be worth "
            "{worth:cents}."
            if known
            else "What addressing a customer costs is not on record and is taken as nothing; give `cost`.",
            cost=result.cost, worth=result.study.worth,
        ),
    )  # fmt: skip
