"""The terms a dealer should have: what its turnover earns, what its payments and returns stand against, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from crm_analytics.planning.customers.profit.dealer_scale import Scale
from crm_analytics.say import say

RAISE, HOLD, LOWER, LEAVE = "raise", "hold", "lower", "leave"
NEAR = 0.005
"""Discounts within half a percentage point are the same."""

SURE = norm.ppf(0.9)
"""Turnover earns a step where it lies above it with nine chances in ten."""

FEW_ORDERS = 4
YEAR_DAYS = 365.25


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What stands against better terms: slow payment, money overdue, returns, and too little left."""

    late_days: float
    overdue_share: float
    return_share: float
    least_margin: float


def terms(dealers: pd.DataFrame, scales: Mapping[str, Scale], limits: Limits) -> pd.DataFrame:
    """With `status`, `verdict`, `suggested` (discount), `reasons`, `money` (what the change costs or brings a year if
    turnover stays) and `break_even` (growth in volume that pays for it, or the loss it stands)."""
    ruled = [_ruled(row, scales[row.kind], limits) for row in dealers.itertuples()]
    found = pd.DataFrame(ruled, columns=["status", "verdict", "suggested", "reasons"], index=dealers.index)
    dealers = dealers.assign(**{name: found[name] for name in found})
    listed = dealers["list_value"] * YEAR_DAYS / dealers["window_days"]
    change = dealers["suggested"] - dealers["discount"]
    margin = dealers["margin_share"]
    left = margin - change
    moved = dealers["verdict"].isin([RAISE, LOWER])
    return dealers.assign(
        money=(-listed * change).where(moved).round(2),
        break_even=(margin / left - 1).where(moved & (left > 0) & (margin > 0)),
    )


def _ruled(row: Any, scale: Scale, limits: Limits) -> tuple[str, str, float, str]:
    """Status, verdict, suggested discount and reasons of one dealer."""
    status, discount = scale.step(row.yearly).name, row.discount
    against, bars = _against(row, limits)
    if not row.orders:
        return status, LEAVE, discount, say("bought nothing in this window: ask why before talking of terms")
    if np.isnan(discount):
        return status, HOLD if bars else LEAVE, discount, _joined(against, say("its discount is not recorded"))
    low, high = scale.step(row.yearly_low), scale.step(row.yearly_high)
    if len(scale.steps) > 1 and row.orders >= FEW_ORDERS and low.discount > discount + NEAR:
        if bars:
            return status, HOLD, discount, _joined(
                against, say("turnover would earn {earned:percent}", earned=low.discount)
            )  # fmt: skip
        left = row.margin_share - (low.discount - discount) if not np.isnan(row.margin_share) else np.nan
        if left < limits.least_margin:
            little = say("at {earned:percent} only {left:percent} of the list price would be left",
                         earned=low.discount, left=max(left, 0.0))  # fmt: skip
            return status, HOLD, discount, _joined([_grown(row)], little)
        return low.name, RAISE, low.discount, _joined([_grown(row), _paying(row)], _change(discount, low.discount))
    if len(scale.steps) > 1 and row.orders >= FEW_ORDERS and high.discount < discount - NEAR:
        return high.name, LOWER, high.discount, _joined([_grown(row), *against], _change(discount, high.discount))
    if bars:
        return status, HOLD, discount, _joined(against, say("no better terms until that is settled"))
    return status, LEAVE, discount, _joined([], _why_not(row, scale, low.discount, high.discount))


def _why_not(row: Any, scale: Scale, low: float, high: float) -> str:
    if len(scale.steps) == 1:
        usual = scale.steps[0].discount
        if abs(row.discount - usual) <= NEAR:
            return say("has the {discount:percent} that all have", discount=row.discount)
        return say("has {discount:percent}, usual is {usual:percent}; no scale says what it earns",
                   discount=row.discount, usual=usual)  # fmt: skip
    if row.orders < FEW_ORDERS:
        return say("only {orders:count} orders: too few to judge its turnover", orders=row.orders)
    if low != high and not low <= row.discount <= high:
        return say("its turnover may earn {low:percent} or {high:percent}: not enough evidence", low=low, high=high)
    return say("its {discount:percent} fits its turnover", discount=row.discount)


def _against(row: Any, limits: Limits) -> tuple[list[str], bool]:
    """What stands against better terms, and whether it bars them."""
    found = []
    if row.overdue > limits.overdue_share * max(row.yearly, 1.0) and row.overdue_days > limits.late_days:
        found.append(say("overdue {money:money}, the oldest for {days:count} days", money=row.overdue,
                         days=row.overdue_days))  # fmt: skip
    if row.usual_days_late > limits.late_days:
        found.append(say("pays {days:count} days late", days=row.usual_days_late))
    if row.return_low > limits.return_share:
        found.append(say("sends back {share:percent} of what it buys", share=row.return_share))
    return found, bool(found)


def _grown(row: Any) -> str:
    if np.isnan(row.growth):
        return say("turnover {yearly:money} a year", yearly=row.yearly)
    if row.growth_low <= row.growth_usual <= row.growth_high:
        return say("turnover {yearly:money} a year, its growth is within the ordinary", yearly=row.yearly)
    sign = "+" if row.growth > 0 else "−"
    return say("turnover {sign}{growth:percent}", sign=sign, growth=abs(row.growth))


def _paying(row: Any) -> str:
    days = row.usual_days_late
    if np.isnan(days):
        return ""
    if days < -1.5:
        return say("pays {days:count} days early", days=-days)
    return say("pays {days:count} days late on average", days=days) if days >= 1.5 else say("pays in time")


def _change(old: float, new: float) -> str:
    template = "raise from {old:percent} to {new:percent}" if new > old else "lower from {old:percent} to {new:percent}"
    return say(template, old=old, new=new)


def _joined(reasons: list[str], conclusion: str) -> str:
    said = ", ".join(filter(None, reasons))
    return say("{reasons}: {conclusion}", reasons=said, conclusion=conclusion) if said else conclusion
