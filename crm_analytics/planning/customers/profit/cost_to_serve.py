"""From the list price to what is left: the steps on which money is lost on the way, for every row of the accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

COSTS = ("discount", "goods", "returns", "serving", "contacts", "campaigns", "payment")
"""What is taken off the value at list prices, step by step, until the profit is left."""

CALLED = {"discount": "discount", "goods": "dear goods", "returns": "returns", "serving": "delivery and packaging",
          "contacts": "contacts", "campaigns": "campaigns", "payment": "late and lost payments"}  # fmt: skip
"""What people call a cost when it is the reason of a loss."""

STEPS = ("list_value", *COSTS, "profit")
YEAR_DAYS = 365

_RECORDED = {"discount": "sold_list", "serving": "serving", "contacts": "contacts", "campaigns": "campaigns",
             "payment": "late_money_days"}  # fmt: skip
"""A step, and the column that is empty all the way down where the company does not record it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Accounts:
    """The rows of the feature with their steps; `uncosted` is the share of sales whose goods' cost nobody wrote down,
    `absent` the steps of which nothing is recorded."""

    rows: pd.DataFrame
    uncosted: float
    assumed: bool
    absent: tuple[str, ...]
    unpriced: int


def accounts(frame: pd.DataFrame, *, capital_rate: float, margin_share: float | None) -> Accounts | None:
    """The steps of every row; None where nobody knows what goods cost and no margin is assumed.

    Goods of unknown cost are taken to cost what others of their category do, else of the company; where no cost is
    known at all, all but `margin_share` of what was paid. Money paid late costs `capital_rate` a year.
    """
    keys = ["customer_id", "category", "trade", "period"]
    rows = frame.sort_values(keys, ignore_index=True, na_position="last")
    known = rows["sold"] - rows["sold_uncosted"]
    assumed = not known.sum() > 0
    if assumed and margin_share is None:
        return None
    share = _cost_share(rows, known) if not assumed else np.full(len(rows), 1 - (margin_share or 0.0))
    goods = rows["sold_cost"] + share * rows["sold_uncosted"]
    goods_back = rows["returned_cost"] + share * rows["returned_uncosted"]
    money = {
        "list_value": rows["sold"] + (rows["sold_list"] - rows["sold_listed"]).fillna(0.0),
        "discount": rows["sold_list"] - rows["sold_listed"],
        "goods": goods,
        "returns": rows["returned"] - goods_back + rows["handling"].fillna(0.0),
        "serving": rows["serving"],
        "contacts": rows["contacts"],
        "campaigns": rows["campaigns"],
        "payment": rows["late_money_days"] * capital_rate / YEAR_DAYS + rows["lost"],
    }
    absent = tuple(step for step, column in _RECORDED.items() if not _anything(rows[column]))
    rows = rows.assign(**{step: values.fillna(0.0).round(4) for step, values in money.items()})
    rows["profit"] = (rows["list_value"] - rows[list(COSTS)].sum(axis=1)).round(4)
    rows["revenue"] = rows["sold"] - rows["returned"]
    sold = float(rows["sold"].sum())
    return Accounts(
        rows=rows,
        uncosted=float(rows["sold_uncosted"].sum()) / sold if sold else 0.0,
        assumed=assumed,
        absent=absent,
        unpriced=int(rows["unpriced_contacts"].fillna(0).sum().round()),
    )


def _anything(values: pd.Series) -> bool:
    """Whether the company records such a thing: a list price of nothing is none."""
    return bool((values.fillna(0.0) != 0).any())


def _cost_share(rows: pd.DataFrame, known: pd.Series) -> np.ndarray:
    """What goods cost as a share of what is paid for them, by category where it is known there."""
    sums = rows.assign(known=known).groupby("category", dropna=False)[["sold_cost", "known"]].sum()
    whole = float(rows["sold_cost"].sum() / known.sum())
    own = (sums["sold_cost"] / sums["known"].where(sums["known"] > 0)).fillna(whole)
    return rows["category"].map(own).fillna(whole).to_numpy(float)


def in_units(money: pd.Series) -> int:
    """A sum in ten-thousandths, exact: what is compared to the last digit."""
    return int(np.rint(money.to_numpy(float) * 1e4).astype(np.int64).sum())
