"""Foretold and happened: a forecast of customer value held against the days that were hidden from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.value import ValueResult

SPEND = ("customer_id", "orders", "revenue", "margin")


@dataclass(frozen=True, kw_only=True, eq=False)
class HoldoutResult(Result):
    """What was foretold and what happened, by tenths of customers, those foretold the most first.

    Columns: `decile` (1 is the best), `customers`, `foretold_orders`, `happened_orders`, `foretold`, `low`, `high`
    (the total of the tenth lies between in 19 of 20 cases), `happened`; money in margin or revenue, as the forecast is.
    `miss` is foretold over happened less one: −.12 is 12 % low. `miss_orders` is the same for purchases.
    """

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
    people = value.people
    foretold = value.table.set_index("customer_id").loc[people["customer_id"]]
    happened = spend.set_index("customer_id").reindex(people["customer_id"])
    undiscounted = (foretold["expected_orders"] * foretold["value_per_order"]).to_numpy()
    scale = np.divide(undiscounted, foretold["value"], out=np.ones(len(people)), where=foretold["value"].to_numpy() != 0)
    sd = foretold["sd"].to_numpy() * scale
    brought = value.forecast.in_basis(happened)
    came = happened["orders"].fillna(0).to_numpy(float)

    moves = value.forecast.sensitivity(people, value.study.horizon_days)
    group = _tenths(undiscounted)
    table = _by_tenth(group, foretold["expected_orders"].to_numpy(), came, undiscounted, brought)
    half = value.forecast.half_widths(sd, moves, group)
    table = table.assign(low=table["foretold"] - half, high=table["foretold"] + half)
    table = table[["decile", "customers", "foretold_orders", "happened_orders", "foretold", "low", "high", "happened"]]

    half = float(value.forecast.half_widths(sd, moves, np.zeros(len(people), dtype=int))[0])
    total, fact = float(undiscounted.sum()), float(brought.sum())
    orders, orders_fact = float(foretold["expected_orders"].sum()), float(came.sum())
    numbers = {
        "foretold": total, "low": total - half, "high": total + half, "happened": fact,
        "miss": _miss(total, fact), "miss_orders": _miss(orders, orders_fact),
    }
    return HoldoutResult(
        study=value.study, table=table, text=_sentence(value, numbers, orders, orders_fact),
        checks=(_total(numbers), _order(undiscounted, brought, table), _best(table)), **numbers,
    )


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


def _tenths(foretold: np.ndarray) -> np.ndarray:
    """The number of each customer's tenth, 0 for the best; ties go by the customer's place."""
    place = np.empty(len(foretold), dtype=int)
    place[np.argsort(-foretold, kind="stable")] = np.arange(len(foretold))
    return place * min(10, len(foretold)) // len(foretold)


def _by_tenth(
    group: np.ndarray, orders: np.ndarray, came: np.ndarray, foretold: np.ndarray, brought: np.ndarray
) -> pd.DataFrame:
    import pandas as pd

    customers = pd.DataFrame({
        "decile": group + 1, "foretold_orders": orders, "happened_orders": came,
        "foretold": foretold, "happened": brought, "customers": 1,
    })
    return customers.groupby("decile", as_index=False).sum()


def _miss(foretold: float, happened: float) -> float:
    return foretold / happened - 1 if happened else float("nan")


def _in_words(miss: float) -> str:
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
        money=say(value.forecast.basis), verdict=_in_words(numbers["miss"]), days=value.study.horizon_days,
        foretold=numbers["foretold"], low=numbers["low"], high=numbers["high"], happened=numbers["happened"],
        verdict_orders=_in_words(numbers["miss_orders"]), orders=orders, orders_fact=orders_fact,
    )


def _total(numbers: dict[str, float]) -> Check:
    within = numbers["low"] <= numbers["happened"] <= numbers["high"]
    near = max(abs(numbers["miss"]), abs(numbers["miss_orders"])) <= 0.15
    text = (
        "What happened lies inside the interval foretold." if within else
        "What happened lies outside the interval foretold: habits changed, or a season or campaigns fell into these "
        "days. Raise or lower the forecast by as much."
    )
    return Check(name=say("total"), verdict="holds" if within else "weak" if near else "fails", text=say(text))


def _order(foretold: np.ndarray, brought: np.ndarray, table: pd.DataFrame) -> Check:
    order = rank_correlation(-table["decile"], table["happened"] / table["customers"])
    customers = rank_correlation(foretold, brought)
    return Check(
        name=say("order"), verdict="holds" if order >= 0.9 else "weak" if order >= 0.6 else "fails",
        text=say(
            "Tenths foretold to bring more did bring more (rank correlation of tenths {order:number}, of single "
            "customers {customers:number})." if order >= 0.6 else
            "Tenths foretold to bring more did not bring more (rank correlation {order:number}, of single "
            "customers {customers:number}): do not choose customers by this.",
            order=order, customers=customers,
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
        name=say("best tenth"), verdict="holds" if gap <= 0.05 else "weak" if gap <= 0.15 else "fails",
        text=say(
            "The tenth foretold as the best was to hold {foretold:percent} of the whole and held {happened:percent}.",
            foretold=foretold, happened=happened,
        ),
    )


def _share(money: pd.Series) -> float:
    return float(money.iloc[0] / money.sum()) if money.sum() else float("nan")
