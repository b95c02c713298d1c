"""What is a customer worth over the time ahead?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.worth.better_kept import BetterKeptResult, better_kept
from crm_analytics.planning.customers.worth.choice import ChoiceResult, choose
from crm_analytics.planning.customers.worth.forecast import Forecast
from crm_analytics.planning.customers.worth.holdout import HoldoutResult, by_tenths, held_against
from crm_analytics.planning.customers.worth.kinds import MODELS, Kind, kind_of
from crm_analytics.planning.customers.worth.value_checks import checks
from crm_analytics.result import Claim, NotEnough, Result, Study, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

REPEAT_BUYERS = 30
"""Below so many customers who came back, nothing is said."""

CLOCKWORK = 0.5
"""Purchases scattered less than this share of what free buying shows come by contract, not by choice."""

BESIDE = ("age_days", "first_day")
"""Beside the columns it needs: what brings past purchases to today's level, and which day today is."""

PURCHASES = ("customer_id", "x", "t_x", "T", "revenue", "margin", "mean_repeat_revenue", "mean_repeat_margin")


@dataclass(frozen=True, kw_only=True)
class CustomerValue(Study):
    """What is each customer worth over the next `horizon_days`? In margin where costs are known, else in revenue.

    How much customers spend at a time comes from Gamma-Gamma; how often, from the model that foretold hidden days best
    among those for the `kind_of_business`: `continuous` (customers of a shop, who come and go unannounced: BG/NBD,
    MBG/NBD, Pareto/NBD), `discrete` (donors, subscribers who may skip: BG/BB) or `contractual` (renewed or ended: sBG).
    Not named, it is told from the purchases, and a check says why. `period_days` is the time from one occasion to the
    next, where it cannot be seen in the purchases.

    `discount_rate_yearly` is what money a year later counts less (0.1: a tenth); nothing by default, as is usual for a
    year ahead. `seed` moves the intervals a little, and nothing else.
    """

    reads = "habits"
    columns = PURCHASES
    least = 50
    of = "customers"

    horizon_days: int = 365
    discount_rate_yearly: float = 0.0
    kind_of_business: str | None = None
    period_days: float | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.horizon_days < 1:
            raise ValueError(f"horizon_days is {self.horizon_days}; look at least one day ahead.")
        if not 0 <= self.discount_rate_yearly < 1:
            raise ValueError(f"discount_rate_yearly is {self.discount_rate_yearly}; give a share, such as 0.1.")
        if self.kind_of_business not in (None, *MODELS):
            kinds = ", ".join(MODELS)
            raise ValueError(f"There is no kind_of_business {self.kind_of_business!r}; choose among {kinds}.")
        if self.period_days is not None and not self.period_days > 0:
            raise ValueError(f"period_days is {self.period_days}; give the days from one occasion to the next.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        people = frame.sort_values("customer_id", ignore_index=True)
        if (refusal := self._too_little(people)) is not None:
            return refusal
        kind = kind_of(people, self.kind_of_business, self.period_days)
        if (refusal := self._no_kind(people, kind)) is not None:
            return refusal
        choice = choose(self, kind, people)
        forecast = Forecast.fit(people, choice.chosen, kind, seed=self.seed)
        if forecast.money.q <= 1:
            return self.refuse(
                say(
                    "Not enough evidence: purchases differ so much in size that they have no stable mean "
                    "(q is {q:number}, and has to be above 1). Set the few very large orders apart and ask again.",
                    q=forecast.money.q,
                )
            )
        return _valued(self, forecast, choice, people)

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
        return None

    def _no_kind(self, people: pd.DataFrame, kind: Kind | None) -> NotEnough | None:
        if kind is None:
            return self.refuse(
                say(
                    "Purchases keep to no period, so there are no occasions to count. Give period_days, the days from "
                    "one occasion to the next, or leave the kind of business to be told from the purchases."
                )
            )
        if kind.name == "continuous" and (scatter := _scatter(people)) < CLOCKWORK:
            return self.refuse(
                say(
                    "Purchases come like clockwork (their number scatters {scatter:percent} as much as free buying "
                    "does), yet keep to no common period. Give kind_of_business='discrete' or 'contractual' with the "
                    "period_days from one occasion to the next.",
                    scatter=scatter,
                )
            )
        if kind.name == "continuous" and not _differ(people):
            return self.refuse(
                say(
                    "Nothing tells one customer from another: their purchases scatter as they would if all had the "
                    "same habits and nobody ever left ({rate:number} purchases a year each), so one is worth as "
                    "much as the next, and longer histories would be needed to see a difference.",
                    rate=float(365 * people["x"].sum() / people["T"].sum()),
                )
            )
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class ValueResult(Result):
    """What customers are worth: one row each, the most valuable first.

    `p_alive` (the chance that the customer still buys at all), `p_buys` (that one purchase at least falls into the days
    ahead), `expected_orders`, `value_per_order`, `value` (their product, discounted), `low`–`high` (what this one
    customer brings lies between in 19 of 20 cases; it is wide, since one customer may always stay away) and its
    standard deviation `sd`. The Result's own `low` and `high` are the interval of `mean`, what a customer brings on
    average.
    """

    forecast: Forecast
    choice: ChoiceResult
    """How the models did on hidden days, and which of them speaks here."""
    people: pd.DataFrame
    tenths: pd.DataFrame
    """Tenths of the customers, the best first: what each is to bring, with its interval."""
    mean: float
    low: float
    high: float
    top_fifth: float
    """Share of the whole that the most valuable fifth of customers holds."""
    everybody: bool = True
    """Whether these are the customers from whom the models were learned, and not others or some of them."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What all known customers together bring over the days ahead; it holds as long as the days it was tried on.

        Of some of the customers only, or where the table does not tell the day, nothing is claimed.
        """
        if "first_day" not in self.people or not self.everybody:
            return ()
        import pandas as pd

        days = pd.to_datetime(self.people["first_day"]) + pd.to_timedelta(self.people["T"], unit="D")
        first, horizon = days.max().date(), self.study.horizon_days
        money, value = say(self.forecast.basis), float(self.table["value"].sum())
        paid = float((self.table["expected_orders"] * self.table["value_per_order"]).sum())
        raised = len(self.table) * paid / value if value else 0.0
        return (
            Claim(
                subject=say("customers known on {day:date}", day=first), measure=self.forecast.basis,
                value=self.mean * raised, low=self.low * raised, high=self.high * raised, evidence="modelled",
                first=first, last=first + timedelta(days=horizon - 1),
                expires=first + timedelta(days=min(self.choice.hidden_days or horizon, horizon)),
                scope=(("customers known before", first.isoformat()),),
                decision=say(
                    "Give the most valuable fifth of customers the first call and the best service: they hold "
                    "{share:percent} of the {money} of the next {days:count} days.",
                    share=self.top_fifth, money=money, days=horizon,
                ),
                reversed_by=say(
                    "Customers known on {day:date} bring less than {low:money} of {money} in {days:count} days.",
                    day=first, low=self.low * raised, money=money, days=horizon,
                ),
            ),
        )  # fmt: skip

    def predict(self, people: Any, horizon_days: int | None = None) -> ValueResult:
        """The same question about other customers, or over another time, by the models already fitted."""
        people = frame_of(people)
        people = people[[*PURCHASES, *people.columns.intersection(BESIDE)]]
        people = people.sort_values("customer_id", ignore_index=True)
        study = replace(self.study, horizon_days=horizon_days or self.study.horizon_days)
        same = self.everybody and people["customer_id"].equals(self.people["customer_id"])
        return replace(_valued(study, self.forecast, self.choice, people), everybody=same)

    def but(self, *, retention_points: float) -> BetterKeptResult | NotEnough:
        """What the same customers would bring if so many points more of them stayed a year (0.05: five in a
        hundred)."""
        return better_kept(self, retention_points)

    def against(self, spend: Any) -> HoldoutResult:
        """Hold the forecast against what happened: a table of `features.spend` over the same number of days."""
        return held_against(self, frame_of(spend))


def _valued(study: CustomerValue, forecast: Forecast, choice: ChoiceResult, people: pd.DataFrame) -> ValueResult:
    table = forecast.of(people, study.horizon_days, discount_rate_yearly=study.discount_rate_yearly, seed=study.seed)
    undiscounted = float((table["expected_orders"] * table["value_per_order"]).sum())
    scale = float(table["value"].sum()) / undiscounted if undiscounted else 1.0
    witnesses, everybody = forecast.witnesses(people, study.horizon_days), np.zeros(len(people), dtype=int)
    half = float(forecast.half_widths(table["sd"].to_numpy(), witnesses, everybody, scale)[0]) / len(people)
    tenths = by_tenths(forecast, table, witnesses, scale)
    mean = float(table["value"].mean())
    table = table.sort_values(["value", "customer_id"], ascending=[False, True], ignore_index=True)
    top_fifth = _share_of_top_fifth(table["value"].to_numpy())
    return ValueResult(
        study=study,
        table=table,
        text=_sentence(study, forecast, (mean, mean - half, mean + half), top_fifth),
        checks=tuple(checks(forecast, choice, people, study.horizon_days)),
        forecast=forecast,
        choice=choice,
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
    at_one_rate = _at_one_rate(people)
    return float(np.mean((people["x"].to_numpy(float) - at_one_rate) ** 2 / at_one_rate))


def _differ(people: pd.DataFrame) -> bool:
    """Whether purchases scatter more than they would by chance at one common rate (Fisher's index of dispersion)."""
    error = np.sqrt(np.mean(2 + 1 / _at_one_rate(people)) / len(people))
    return _scatter(people) > 1 + 2 * error


def _at_one_rate(people: pd.DataFrame) -> np.ndarray:
    x, T = people["x"].to_numpy(float), people["T"].to_numpy(float)
    return T * x.sum() / T.sum()
