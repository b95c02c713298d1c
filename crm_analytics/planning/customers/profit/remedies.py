"""From what a loss comes, and what can be done: the cost that lies furthest above what is usual, and its money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.profit.cost_to_serve import CALLED, COSTS
from crm_analytics.say import say

if TYPE_CHECKING:
    from collections.abc import Callable

NO_REASON = ""
FEWEST = 5


def reasons(customers: pd.DataFrame, *, losing: pd.Series, idle: pd.Series) -> pd.DataFrame:
    """With `reason` and `excess` of every loss.

    What is usual is the company's own: each cost as a share of the value at list prices, over all customers. The cost
    with the largest excess over it is the reason; of who bought nothing, the largest cost.
    """
    value = customers["list_value"].to_numpy(float)
    costs = customers[list(COSTS)].to_numpy(float)
    usual = costs.sum(axis=0) / value.sum() if value.sum() > 0 else np.zeros(len(COSTS))
    excess = costs - np.where(idle.to_numpy()[:, None], 0.0, np.outer(value, usual))
    largest = excess.argmax(axis=1)
    named = np.where(losing, np.array(COSTS)[largest], NO_REASON)
    return customers.assign(
        reason=named, excess=np.where(losing, excess[np.arange(len(costs)), largest], 0.0).round(2)
    )


def remedies(customers: pd.DataFrame, *, lasting: str, unlucky: str) -> pd.DataFrame:
    """A row for each reason of losses, the most money first: `reason`, `customers`, `lasting` (customers who lose for
    good), `loss`, `lasting_loss`, `saved` (were the cost as usual with those who lose for good), `advice`."""
    losing = customers[customers["reason"] != NO_REASON]
    good = losing["verdict"] == lasting
    sums = (
        losing.assign(
            lasting=good.astype(int),
            loss=-losing["profit"],
            lasting_loss=(-losing["profit"]).where(good, 0.0),
            saved=losing["excess"].where(good, 0.0),
        )
        .groupby("reason")
        .agg(
            customers=("customer_id", "size"),
            lasting=("lasting", "sum"),
            loss=("loss", "sum"),
            lasting_loss=("lasting_loss", "sum"),
            saved=("saved", "sum"),
        )
        .round(2)
        .reset_index()
        .sort_values(["lasting_loss", "loss", "reason"], ascending=[False, False, True], ignore_index=True)
    )
    sums["advice"] = [_advice(losing[losing["reason"] == reason], customers) for reason in sums["reason"]]
    return sums


def _advice(losing: pd.DataFrame, customers: pd.DataFrame) -> str:
    """What to do about all who lose money by the same reason; a handful is no rule, and is not told apart."""
    called = say(CALLED[losing["reason"].iloc[0]])
    if len(losing) < FEWEST:
        return say("{reason}: fewer than {fewest:count} customers; speak with each.", reason=called, fewest=FEWEST)
    return say("{reason}: {advice}", reason=called, advice=_ADVICE[losing["reason"].iloc[0]](losing, customers))


def _margin(customers: pd.DataFrame) -> float:
    """What is usually left of a sale, once its goods are paid, to pay for serving it."""
    paid = float((customers["list_value"] - customers["discount"]).sum())
    return 1 - float(customers["goods"].sum()) / paid if paid > 0 else 0.0


def _serving(losing: pd.DataFrame, customers: pd.DataFrame) -> str:
    orders, margin = int(losing["orders"].sum()), _margin(customers)
    if not orders or not margin > 0:
        return say("Charge for delivery.")
    cost = float(losing["serving"].sum()) / orders
    return say(
        "An order of theirs costs {cost:money} to send and pays for that from {least:money} on: free delivery only "
        "above it, or a fee.",
        cost=cost,
        least=cost / margin,
    )


def _returns(losing: pd.DataFrame, _: pd.DataFrame) -> str:
    share = float(losing["returns"].sum()) / max(float(losing["list_value"].sum()), 0.01)
    return say(
        "Returns cost {share:percent} of what they buy: ask what is wrong with the goods before the next offer, and "
        "let them pay for sending back.",
        share=share,
    )


def _discount(losing: pd.DataFrame, customers: pd.DataFrame) -> str:
    return say(
        "They pay {theirs:percent} below list, usual is {usual:percent}: no further discount on top of promotions.",
        theirs=_share(losing, "discount"),
        usual=_share(customers, "discount"),
    )


def _goods(losing: pd.DataFrame, customers: pd.DataFrame) -> str:
    return say(
        "They buy what is dear to us: goods cost {theirs:percent} of its list price, usual is {usual:percent}. "
        "Look at the prices of these goods, not at the customers.",
        theirs=_share(losing, "goods"),
        usual=_share(customers, "goods"),
    )


def _contacts(losing: pd.DataFrame, _: pd.DataFrame) -> str:
    return say(
        "Talking to one of them costs {each:money}: answer by a cheaper channel, and mend what they ask about.",
        each=float(losing["contacts"].mean()),
    )


def _campaigns(losing: pd.DataFrame, _: pd.DataFrame) -> str:
    return say(
        "Addressing one of them cost {each:money} and sold too little: leave them out of the next campaign, or take a "
        "cheaper channel.",
        each=float(losing["campaigns"].mean()),
    )


def _payment(losing: pd.DataFrame, _: pd.DataFrame) -> str:
    return say(
        "Late and lost payments cost {each:money} each: prepayment, or a credit limit, until the account is settled.",
        each=float(losing["payment"].mean()),
    )


def _share(customers: pd.DataFrame, step: str) -> float:
    value = float(customers["list_value"].sum())
    return float(customers[step].sum()) / value if value else float("nan")


_ADVICE: dict[str, Callable[[pd.DataFrame, pd.DataFrame], str]] = {
    "serving": _serving,
    "returns": _returns,
    "discount": _discount,
    "goods": _goods,
    "contacts": _contacts,
    "campaigns": _campaigns,
    "payment": _payment,
}
