"""Why a customer's value is to be believed, or doubted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.worth.holdout import rank_correlation
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.worth.choice import ChoiceResult
    from crm_analytics.planning.customers.worth.forecast import Forecast
    from crm_analytics.planning.customers.worth.kinds import Kind


def checks(forecast: Forecast, choice: ChoiceResult, people: pd.DataFrame, horizon_days: int) -> list[Check]:
    """Everything that was looked at before the answer was given."""
    return [
        _repeat_buyers(people),
        _kind(forecast.kind),
        _model(choice),
        _peaks(forecast),
        _retold(forecast, people),
        _independent(forecast, people),
        _money_known(forecast, people),
        forecast.drift.check(),
        _season(people, horizon_days),
    ]


def _kind(kind: Kind) -> Check:
    return Check(name=say("kind of business"), verdict="holds", text=kind.why)


def _model(choice: ChoiceResult) -> Check:
    """The choice in its own words, with the worst verdict of its own checks."""
    worst = max((check.verdict for check in choice.checks), key=("holds", "weak", "fails").index)
    return Check(name=say("model"), verdict=worst, text=choice.text)


def _repeat_buyers(people: pd.DataFrame) -> Check:
    repeat = int((people["x"] > 0).sum())
    return Check(
        name=say("repeat buyers"),
        verdict="holds" if repeat >= 200 else "weak",
        text=say(
            "{repeat:count} of {have:count} customers came back; the rest are judged by the others.",
            repeat=repeat,
            have=len(people),
        ),
    )


def _peaks(forecast: Forecast) -> Check:
    peaks = (forecast.orders.peak, forecast.money.peak)
    worst = max(float(peak.log_errors.max()) for peak in peaks)
    if not all(peak.converged for peak in peaks):
        return Check(name=say("found"), verdict="fails", text=say("The models did not settle; do not use the numbers."))
    if worst > 1:
        return Check(
            name=say("found"),
            verdict="weak",
            text=say("A parameter is hardly known from these data; the sum over customers is surer than each of them."),
        )
    return Check(
        name=say("found"),
        verdict="holds",
        text=say("Both models settled; the least certain parameter is known to ±{error:percent}.", error=worst),
    )


def _retold(forecast: Forecast, people: pd.DataFrame) -> Check:
    happened = float(forecast.history(people)[0].sum())
    _, _, T = forecast.history(people)
    days, count = np.unique(T, return_counts=True)
    told = float(forecast.orders.expected_new(days) @ count)
    miss = told / happened - 1
    return Check(
        name=say("past retold"),
        verdict="holds" if abs(miss) < 0.05 else "weak" if abs(miss) < 0.15 else "fails",
        text=say(
            "The model tells of {told:count} repeat purchases so far, and there were {happened:count}. "
            "Hide the last year from it to see how it foretells: .against(…).",
            told=told,
            happened=happened,
        ),
    )


def _independent(forecast: Forecast, people: pd.DataFrame) -> Check:
    repeat = (people["x"] > 0).to_numpy()
    linked = rank_correlation(people["x"].to_numpy()[repeat], forecast.mean_value(people)[repeat])
    return Check(
        name=say("often is not much"),
        verdict="holds" if abs(linked) < 0.15 else "weak" if abs(linked) < 0.35 else "fails",
        text=say(
            "How much customers spend at a time hardly depends on how often they come, as is assumed "
            "(rank correlation {linked:number})."
            if abs(linked) < 0.15
            else "How much customers spend at a time goes with how often they come, which the model does not know "
            "(rank correlation {linked:number}): it misjudges those who come most often.",
            linked=linked,
        ),
    )


def _money_known(forecast: Forecast, people: pd.DataFrame) -> Check:
    known = float(people["margin"].notna().mean())
    if forecast.basis == "revenue":
        text = say(
            "Costs are known for {known:percent} of customers, so worth is in revenue, not in margin.", known=known
        )
    elif known < 1:
        text = say(
            "Worth is in margin. For {unknown:percent} of customers a cost is lacking; they are taken to leave "
            "{rate:percent} of revenue, as the others do.",
            unknown=1 - known,
            rate=forecast.margin_rate,
        )
    else:
        text = say(
            "Worth is in margin: costs are known for every purchase, and {rate:percent} of revenue stays.",
            rate=forecast.margin_rate,
        )
    return Check(name=say("margin"), verdict="weak" if forecast.basis == "revenue" else "holds", text=text)


YEAR, TWO_YEARS = 365, 730


def _season(people: pd.DataFrame, horizon_days: int) -> Check:
    history, part = int(people["T"].max()), horizon_days % YEAR
    whole = min(part, YEAR - part) <= YEAR // 20
    if whole and history >= YEAR:
        text = say("The days ahead hold every season as often as any other, so that none is missed.")
    elif history < TWO_YEARS:
        text = say(
            "The models know no season, and {history:count} days of history are less than the two years that it takes "
            "to learn one: if the {days:count} days ahead are the company's high or low season, raise or lower the "
            "forecast.",
            history=history,
            days=horizon_days,
        )
    else:
        text = say(
            "The models know no season, and the {days:count} days ahead are not a whole year: if they are the "
            "company's high or low season, raise or lower the forecast, or ask for 365 days.",
            days=horizon_days,
        )
    return Check(name=say("season"), verdict="holds" if whole and history >= YEAR else "weak", text=text)
