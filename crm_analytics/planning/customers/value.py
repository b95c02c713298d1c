"""What is a customer worth over the time ahead?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.forecast import Forecast
from crm_analytics.planning.customers.holdout import HoldoutResult, by_tenths, held_against, rank_correlation
from crm_analytics.result import Check, NotEnough, Result, Study, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

REPEAT_BUYERS = 30
"""Below so many customers who came back, nothing is said."""

CLOCKWORK = 0.5
"""Purchases scattered less than this share of what free buying shows come by contract, not by choice."""

PURCHASES = ("customer_id", "x", "t_x", "T", "revenue", "margin", "mean_repeat_revenue", "mean_repeat_margin")


@dataclass(frozen=True, kw_only=True)
class CustomerValue(Study):
    """What is each customer worth over the next `horizon_days`? In margin where costs are known, else in revenue.

    For customers who come and go unannounced, as in a shop; not for contracts and subscriptions. How often comes from
    BG/NBD, how much from Gamma-Gamma: two models fitted to who bought when and for how much. `discount_rate_yearly`
    is what money a year later counts less (0.1: a tenth); nothing by default, as is usual for a year ahead.
    `seed` moves the drawn futures behind the interval of a single customer, and nothing else.
    """

    reads = "purchases"
    columns = PURCHASES
    least = 50
    of = "customers"

    horizon_days: int = 365
    discount_rate_yearly: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        if self.horizon_days < 1:
            raise ValueError(f"horizon_days is {self.horizon_days}; look at least one day ahead.")
        if not 0 <= self.discount_rate_yearly < 1:
            raise ValueError(f"discount_rate_yearly is {self.discount_rate_yearly}; give a share, such as 0.1.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        people = frame.sort_values("customer_id", ignore_index=True)
        if (refusal := self._too_little(people)) is not None:
            return refusal
        forecast = Forecast.fit(people)
        if forecast.money.q <= 1:
            return self.refuse(
                say(
                    "Not enough evidence: purchases differ so much in size that they have no stable mean "
                    "(q is {q:number}, and has to be above 1). Set the few very large orders apart and ask again.",
                    q=forecast.money.q,
                )
            )
        return _valued(self, forecast, people)

    def _too_little(self, people: pd.DataFrame) -> NotEnough | None:
        repeat = int((people["x"] > 0).sum())
        if repeat == 0:
            return self.refuse(
                say(
                    "Not enough evidence: none of {have:count} customers has bought on a second day. "
                    "{least:count} who have would be enough.",
                    have=len(people),
                    least=REPEAT_BUYERS,
                )
            )
        if repeat < REPEAT_BUYERS:
            return self.refuse(
                say(
                    "Not enough evidence: {repeat:count} of {have:count} customers came back, and it takes "
                    "{least:count}; at this rate about {more:count} more customers would be enough.",
                    repeat=repeat,
                    have=len(people),
                    least=REPEAT_BUYERS,
                    more=len(people) * REPEAT_BUYERS / repeat - len(people),
                )
            )
        if (scatter := _scatter(people)) < CLOCKWORK:
            return self.refuse(
                say(
                    "Purchases come like clockwork (their number scatters {scatter:percent} as much as free buying "
                    "does), as under a subscription. This question is for customers who come and go unannounced.",
                    scatter=scatter,
                )
            )
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class ValueResult(Result):
    """What customers are worth: one row each, the most valuable first.

    `p_alive` (who never came back counts as active: the model lets customers leave only after a repeat purchase),
    `expected_orders`, `value_per_order`, `value` (their product, discounted), `low`–`high` (what this one customer
    brings lies between in 19 of 20 cases; it is wide, since one customer may always stay away) and its standard
    deviation `sd`. The Result's own `low` and `high` are the interval of `mean`, what a customer brings on average.
    """

    forecast: Forecast
    people: pd.DataFrame
    tenths: pd.DataFrame
    """Tenths of the customers, the best first: what each is to bring, with its interval."""
    mean: float
    low: float
    high: float
    top_fifth: float
    """Share of the whole that the most valuable fifth of customers holds."""

    def predict(self, people: Any, horizon_days: int | None = None) -> ValueResult:
        """The same question about other customers, or over another time, by the models already fitted."""
        people = frame_of(people)[list(PURCHASES)].sort_values("customer_id", ignore_index=True)
        study = replace(self.study, horizon_days=horizon_days or self.study.horizon_days)
        return _valued(study, self.forecast, people)

    def against(self, spend: Any) -> HoldoutResult:
        """Hold the forecast against what happened: a table of `features.spend` over the same number of days."""
        return held_against(self, frame_of(spend))


def _valued(study: CustomerValue, forecast: Forecast, people: pd.DataFrame) -> ValueResult:
    table = forecast.of(people, study.horizon_days, discount_rate_yearly=study.discount_rate_yearly, seed=study.seed)
    undiscounted = float((table["expected_orders"] * table["value_per_order"]).sum())
    moves = forecast.sensitivity(people, study.horizon_days) * float(table["value"].sum()) / undiscounted
    everybody = np.zeros(len(people), dtype=int)
    half = float(forecast.half_widths(table["sd"].to_numpy(), moves, everybody)[0]) / len(people)
    tenths = by_tenths(forecast, table, moves)
    mean = float(table["value"].mean())
    table = table.sort_values(["value", "customer_id"], ascending=[False, True], ignore_index=True)
    top_fifth = _share_of_top_fifth(table["value"].to_numpy())
    return ValueResult(
        study=study,
        table=table,
        text=_sentence(study, forecast, (mean, mean - half, mean + half), top_fifth),
        checks=tuple(_checks(forecast, people)),
        forecast=forecast,
        people=people,
        tenths=tenths,
        mean=mean,
        low=mean - half,
        high=mean + half,
        top_fifth=top_fifth,
    )


def _sentence(study: CustomerValue, forecast: Forecast, worth: tuple[float, float, float], top_fifth: float) -> str:
    mean, low, high = worth
    span = say("year") if study.horizon_days == 365 else say("{days:count} days", days=study.horizon_days)
    return say(
        "A customer is worth {mean:money} ({low:money}–{high:money}) of {money} over the next {span}; "
        "a fifth of them hold {share:percent} of it.",
        mean=mean,
        low=low,
        high=high,
        money=say(forecast.basis),
        span=span,
        share=top_fifth,
    )


def _share_of_top_fifth(falling: np.ndarray) -> float:
    return float(falling[: max(1, round(len(falling) / 5))].sum() / falling.sum()) if falling.sum() else float("nan")


def _scatter(people: pd.DataFrame) -> float:
    """Variance of the number of repeat purchases over what purchases at one common rate would show; freely: ≥ 1."""
    x, T = people["x"].to_numpy(float), people["T"].to_numpy(float)
    at_one_rate = T * x.sum() / T.sum()
    return float(np.mean((x - at_one_rate) ** 2 / at_one_rate))


def _checks(forecast: Forecast, people: pd.DataFrame) -> list[Check]:
    return [
        _repeat_buyers(people),
        _peaks(forecast),
        _retold(forecast, people),
        _independent(forecast, people),
        _money_known(forecast, people),
    ]


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
    happened = float(people["x"].sum())
    days, count = np.unique(people["T"].to_numpy(float), return_counts=True)
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
