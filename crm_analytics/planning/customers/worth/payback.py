"""After how many months has a customer brought what winning the customer cost, by the channel that did?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.result import Check, NotEnough, Result, Study
from crm_analytics.say import say

if TYPE_CHECKING:
    from collections.abc import Iterator

NINETEEN_OF_TWENTY = 1.96

COSTS_KNOWN = 0.9
"""The least share of revenue whose unit costs must be known for payback to be in margin."""


@dataclass(frozen=True, kw_only=True)
class Payback(Study):
    """How long does it take until customers have brought back, in margin, what winning them cost, by channel?

    Customers are followed month after month from their first purchase. One who came half a year ago tells of six months
    and of no more: each month's mean is over those who were seen for all of it, so that young cohorts neither pull the
    curve down nor are left out (the mean cumulative function; Nelson 1988). Fewer than `fewest` customers end a curve.
    """

    reads = "acquisition"
    columns = ("channel", "part", "month", "customers", "revenue", "costed", "margin", "won", "cost")
    of = "customers whose first purchase is known"

    fewest: int = 30

    def __post_init__(self) -> None:
        if self.fewest < 2:
            raise ValueError(f"fewest is {self.fewest}; a mean takes two customers at least.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if (refusal := self._cannot_say(frame)) is not None:
            return refusal
        rows = frame.dropna(subset="channel").sort_values(["channel", "part", "month"], ignore_index=True)
        basis, rows = _in_basis(rows)
        curves = [curve for name, of_one in rows.groupby("channel") for curve in self._curves(name, of_one)]
        if not curves:
            return self.refuse(
                say(
                    "Not enough evidence: no channel with a cost has {fewest:count} customers who were seen for a "
                    "whole month after their first purchase.",
                    fewest=self.fewest,
                )
            )
        curves = pd.concat(curves, ignore_index=True)
        table = pd.DataFrame([_summary(of_one) for _, of_one in curves.groupby("channel")])
        table = table.sort_values(["cost", "channel"], ascending=[False, True], ignore_index=True)
        return PaybackResult(
            study=self,
            table=table,
            text=_told(table),
            checks=tuple(_checks(frame, table, basis)),
            curves=curves,
            basis=basis,
        )

    def _cannot_say(self, frame: pd.DataFrame) -> NotEnough | None:
        if frame["channel"].isna().all():
            return self.refuse(
                say(
                    "It is not recorded how customers were won: with the acquired channel in the table of customers "
                    "you would see after how many months each channel pays back."
                )
            )
        if frame["cost"].isna().all():
            return self.refuse(
                say(
                    "It is not recorded what winning customers cost: with the tables of campaign costs or leads (with "
                    "their cost) you would see after how many months each channel pays back."
                )
            )
        if not (frame["cost"] > 0).any():
            return self.refuse(
                say(
                    "No cost can be put down to a channel: no customer says by which campaign it was won, and no lead "
                    "came before a first purchase. With the acquired campaign in the table of customers you would see "
                    "after how many months each channel pays back."
                )
            )
        return None

    def _curves(self, channel: str, rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
        """What one channel's customers brought on average up to each month, with its interval: none where too few."""
        by_part = rows.groupby(["part", "month"])[["customers", "money"]].sum().unstack(fill_value=0)
        people, money = by_part["customers"].to_numpy(float), by_part["money"].to_numpy(float)
        months = int((people.sum(axis=0) >= self.fewest).cumprod().sum())
        cost, won = float(rows["cost"].iloc[0]), float(rows["won"].iloc[0])
        if not months or not cost > 0:
            return
        people, money = people[:, :months], money[:, :months]
        brought = _brought(money.sum(axis=0), people.sum(axis=0))
        without = _brought(money.sum(axis=0) - money, people.sum(axis=0) - people)  # one part at a time left out
        parts = len(without)
        error = np.sqrt((parts - 1) / parts * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
        half = NINETEEN_OF_TWENTY * error
        yield pd.DataFrame(
            {
                "channel": channel,
                "months": np.arange(1, months + 1),
                "customers": people.sum(axis=0).astype(int),
                "brought": brought,
                "low": brought - half,
                "high": brought + half,
                "cost_each": cost / won,
                "won": int(won),
                "cost": cost,
            }
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class PaybackResult(Result):
    """Payback by channel, the dearest first: `channel`, `customers` won, `cost`, `cost_each`, `seen_months`, what each
    `brought` in them, `payback_months` and the interval `earliest`–`latest` (null: not within the months seen).

    `curves` holds what a customer of each channel has brought by the end of each month, with its 95 % interval
    (`brought`, `low`, `high`), and over how many `customers` that month's mean is. Money is in `basis`.
    """

    curves: pd.DataFrame
    basis: str


def _in_basis(rows: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """Margin where nearly all unit costs are known (the rest at the same rate), else revenue."""
    revenue, costed = rows["revenue"].sum(), rows["costed"].sum()
    if not revenue or costed / revenue < COSTS_KNOWN:
        return "revenue", rows.assign(money=rows["revenue"])
    rate = rows["margin"].sum() / costed
    return "margin", rows.assign(money=rows["margin"] + rate * (rows["revenue"] - rows["costed"]))


def _brought(money: np.ndarray, people: np.ndarray) -> np.ndarray:
    return np.cumsum(money / np.maximum(people, 1), axis=-1)


def _summary(curve: pd.DataFrame) -> dict[str, object]:
    last = curve.iloc[-1]
    cost = last["cost_each"]
    return {
        "channel": last["channel"],
        "customers": last["won"],
        "cost": last["cost"],
        "cost_each": cost,
        "seen_months": last["months"],
        "brought": last["brought"],
        "low": last["low"],
        "high": last["high"],
        "payback_months": _first(curve, curve["brought"] >= cost),
        "earliest": _first(curve, curve["high"] >= cost),
        "latest": _first(curve, curve["low"] >= cost),
    }


def _first(curve: pd.DataFrame, reached: pd.Series) -> float:
    return float(curve.loc[reached, "months"].iloc[0]) if reached.any() else np.nan


def _told(table: pd.DataFrame) -> str:
    dearest = table.iloc[0]
    others = [_one(row) for _, row in table.iloc[1:].iterrows()]
    numbers = {
        "months": dearest["payback_months"],
        "early": dearest["earliest"],
        "late": dearest["latest"],
        "channel": say(dearest["channel"]) if isinstance(dearest["channel"], str) else dearest["channel"],
        "cost": dearest["cost_each"],
        "brought": dearest["brought"],
        "low": dearest["low"],
        "high": dearest["high"],
        "seen": dearest["seen_months"],
        "others": " ".join(others),
    }
    if np.isnan(dearest["payback_months"]):
        text = say(
            "Not yet paid back: in {seen:count} months a customer won by {channel} has brought {brought:money} "
            "({low:money}–{high:money}), and cost {cost:money}. {others}",
            **numbers,
        )
    elif np.isnan(dearest["latest"]):
        text = say(
            "{months:count} months pay back a customer won by {channel} ({early:count}–not yet in {seen:count}): "
            "winning one cost {cost:money}. {others}",
            **numbers,
        )
    else:
        text = say(
            "{months:count} months ({early:count}–{late:count}) pay back a customer won by {channel}: winning one cost "
            "{cost:money}, and in {seen:count} months one brings {brought:money} ({low:money}–{high:money}). {others}",
            **numbers,
        )
    return text.strip()


def _one(row: pd.Series) -> str:
    if np.isnan(row["payback_months"]):
        return say("{channel}: not yet after {seen:count} months.", channel=row["channel"], seen=row["seen_months"])
    return say("{channel}: {months:count} months.", channel=row["channel"], months=row["payback_months"])


def _checks(frame: pd.DataFrame, table: pd.DataFrame, basis: str) -> Iterator[Check]:
    yield Check(
        name=say("costs"),
        verdict="weak",
        text=say(
            "Campaigns by which customers came are charged to them in full, although they sold to others, too: payback "
            "is no later than told, and may be earlier."
        ),
    )
    free = sorted(set(frame["channel"].dropna()) - set(table["channel"]))
    if free:
        yield Check(
            name=say("channels"),
            verdict="weak",
            text=say(
                "Of {channels} no cost is recorded, or too few customers: nothing is said of them.",
                channels=", ".join(free),
            ),
        )
    unknown = frame.loc[frame["channel"].isna(), "customers"].sum() / max(frame["customers"].sum(), 1)
    if unknown > 0.05:
        yield Check(
            name=say("unknown"),
            verdict="weak",
            text=say("For {share:percent} of the customers it is not known how they were won.", share=float(unknown)),
        )
    thin = int(table["customers"].min())
    yield Check(
        name=say("customers won"),
        verdict="holds" if thin >= 100 else "weak",
        text=say(
            "Every month's mean is over those seen for all of it; the smallest channel told of won {thin:count} "
            "customers.",
            thin=thin,
        ),
    )
    yield Check(
        name=say("margin"),
        verdict="holds" if basis == "margin" else "weak",
        text=say(
            "What customers brought is margin, before the cost of serving them."
            if basis == "margin"
            else "Unit costs are not known, so it is revenue that is set against the cost: payback in margin is later."
        ),
    )
