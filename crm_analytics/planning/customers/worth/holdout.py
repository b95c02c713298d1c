"""Foretold and happened: a forecast of customer value held against the days that were hidden from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.worth.forecast import Forecast, Witnesses
    from crm_analytics.planning.customers.worth.value import ValueResult

SPEND = ("customer_id", "orders", "revenue", "margin")


@dataclass(frozen=True, kw_only=True, eq=False)
class HoldoutResult(Result):
    """What was foretold and what happened, by tenths of customers, those foretold the most first.

    Columns: `decile` (1 is the best), `customers`, `foretold_orders`, `happened_orders`, `foretold`, `low`, `high`
    (the total of the tenth lies between in 19 of 20 cases), `happened`; money in margin or revenue, as the forecast is.
    `miss` is foretold over happened less one: −.12 is 12 % low. `miss_orders` is the same for purchases.
    """

    basis: str
    foretold: float
    low: float
    high: float
    happened: float
    miss: float
    miss_orders: float


def held_against(value: ValueResult, spend: pd.DataFrame) -> HoldoutResult:
    """Join what was foretold with `features.spend`; whoever is not in it brought nothing. Discounting is undone.

    Raises ValueError when a column is missing or the days of the two differ.
    """
    _same_days(value, spend)
    forecast, people, days = value.forecast, value.people, value.study.horizon_days
    foretold = forecast.of(people, days, discount_rate_yearly=0, seed=value.study.seed)
    happened = spend.set_index("customer_id").reindex(people["customer_id"])
    brought, came = forecast.in_basis(happened), happened["orders"].fillna(0).to_numpy(float)
    witnesses = forecast.witnesses(people, days)
    tenths = by_tenths(forecast, foretold, witnesses)
    group = tenth_of(foretold["value"])
    table = tenths.rename(columns={"value": "foretold"}).assign(
        happened_orders=np.bincount(group, weights=came), happened=np.bincount(group, weights=brought)
    )[["decile", "customers", "foretold_orders", "happened_orders", "foretold", "low", "high", "happened"]]

    everybody = np.zeros(len(people), dtype=int)
    half = float(forecast.half_widths(foretold["sd"].to_numpy(), witnesses, everybody)[0])
    total, orders = (float(table[column].sum()) for column in ("foretold", "foretold_orders"))
    numbers = {
        "foretold": total,
        "low": total - half,
        "high": total + half,
        "happened": float(brought.sum()),
        "miss": _miss(total, float(brought.sum())),
        "miss_orders": _miss(orders, float(came.sum())),
    }
    return HoldoutResult(
        study=value.study,
        table=table,
        text=_sentence(value, numbers, orders, float(came.sum())),
        checks=(_total(numbers), _order(foretold["value"].to_numpy(), brought, table), _best(table)),
        basis=forecast.basis,
        **numbers,
    )


def tenth_of(value: pd.Series) -> np.ndarray:
    """The number of each customer's tenth, 0 for the best; ties go by the customer's place."""
    place = np.empty(len(value), dtype=int)
    place[np.argsort(-value.to_numpy(), kind="stable")] = np.arange(len(value))
    return place * min(10, len(value)) // len(value)


def by_tenths(
    forecast: Forecast, foretold: pd.DataFrame, witnesses: Witnesses, scale: float = 1.0
) -> pd.DataFrame:
    """What each tenth of customers is to bring: `decile`, `customers`, `foretold_orders`, `value`, `low`, `high`."""
    group = tenth_of(foretold["value"])
    numbered = foretold.assign(decile=group + 1)
    table = numbered.groupby("decile", as_index=False).agg(
        customers=("value", "size"), foretold_orders=("expected_orders", "sum"), value=("value", "sum")
    )
    half = forecast.half_widths(foretold["sd"].to_numpy(), witnesses, group, scale)
    return table.assign(low=table["value"] - half, high=table["value"] + half)


def _same_days(value: ValueResult, spend: pd.DataFrame) -> None:
    missing = [column for column in SPEND if column not in spend.columns]
    if missing:
        raise ValueError(f"against needs the columns {', '.join(missing)}; features.spend(wh, …) makes them.")
    days = set(spend["days"]) if "days" in spend.columns else set()
    if days - {value.study.horizon_days}:
        raise ValueError(
            f"The forecast looks {value.study.horizon_days} days ahead and spend covers {max(days)}; "
            f"ask for .predict(people, horizon_days={max(days)}) first."
        )


def _miss(foretold: float, happened: float) -> float:
    return foretold / happened - 1 if happened else float("nan")


def in_words(miss: float) -> str:
    """How far off a forecast was: `12 % low`, `3 % high`."""
    if np.isnan(miss):
        return say("nothing happened to compare with")
    if abs(miss) < 0.005:
        return say("right to half a percent")
    return say("{miss:percent} low", miss=-miss) if miss < 0 else say("{miss:percent} high", miss=miss)


def _sentence(value: ValueResult, numbers: dict[str, float], orders: float, orders_fact: float) -> str:
    return say(
        "The forecast of {money} is {verdict}: foretold {foretold:money} ({low:money}–{high:money}) in "
        "{days:count} days, happened {happened:money}. The forecast of purchases is {verdict_orders}: "
        "{orders:count} foretold, {orders_fact:count} happened.",
        money=say(value.forecast.basis),
        verdict=in_words(numbers["miss"]),
        days=value.study.horizon_days,
        foretold=numbers["foretold"],
        low=numbers["low"],
        high=numbers["high"],
        happened=numbers["happened"],
        verdict_orders=in_words(numbers["miss_orders"]),
        orders=orders,
        orders_fact=orders_fact,
    )


def _total(numbers: dict[str, float]) -> Check:
    within = numbers["low"] <= numbers["happened"] <= numbers["high"]
    near = max(abs(numbers["miss"]), abs(numbers["miss_orders"])) <= 0.15
    text = (
        "What happened lies inside the interval foretold."
        if within
        else "What happened lies outside the interval foretold: habits changed, or a season or campaigns fell into "
        "these days. Raise or lower the forecast by as much."
    )
    return Check(name=say("total"), verdict="holds" if within else "weak" if near else "fails", text=say(text))


def _order(foretold: np.ndarray, brought: np.ndarray, table: pd.DataFrame) -> Check:
    order = rank_correlation(-table["decile"], table["happened"] / table["customers"])
    customers = rank_correlation(foretold, brought)
    return Check(
        name=say("order"),
        verdict="holds" if order >= 0.9 else "weak" if order >= 0.6 else "fails",
        text=say(
            "Tenths foretold to bring more did bring more (rank correlation of tenths {order:number}, of single "
            "customers {customers:number})."
            if order >= 0.6
            else "Tenths foretold to bring more did not bring more (rank correlation {order:number}, of single "
            "customers {customers:number}): do not choose customers by this.",
            order=order,
            customers=customers,
        ),
    )


def rank_correlation(one: Any, other: Any) -> float:
    """Spearman's: 1 when both put customers in the same order, 0 when they have nothing to do with each other."""
    import pandas as pd

    one, other = (pd.Series(np.asarray(values)).rank() for values in (one, other))
    return float(one.corr(other)) if one.nunique() > 1 and other.nunique() > 1 else 0.0


def _best(table: pd.DataFrame) -> Check:
    foretold = _share(table["foretold"])
    happened = _share(table["happened"])
    gap = abs(foretold - happened)
    return Check(
        name=say("best tenth"),
        verdict="holds" if gap <= 0.05 else "weak" if gap <= 0.15 else "fails",
        text=say(
            "The tenth foretold as the best was to hold {foretold:percent} of the whole and held {happened:percent}.",
            foretold=foretold,
            happened=happened,
        ),
    )


def _share(money: pd.Series) -> float:
    return float(money.iloc[0] / money.sum()) if money.sum() else float("nan")
