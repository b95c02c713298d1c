"""Why to believe price, volume and mix, and where quantities or prices are not what they seem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.effectiveness.customers.calendar import alike
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.customers.price_volume import PriceVolumeResult

UNALIKE = 50.0
"""The dearest tenth of a category costs so many times what the cheapest does: then its units are hardly the same."""
MANY_PRICES = 0.1
"""A product whose prices within a period scatter by more than this share is sold at many prices."""
STEEP = 0.5
"""A unit value that changed by more than this is more likely another unit than another price."""


def checks(result: PriceVolumeResult) -> tuple[Check, ...]:
    """What units and prices are here, how much of the goods was sold in both periods, whether their days are alike."""
    before, now = result.days
    found = [_units(result), _prices(result), _steep(result), _both(result), alike(now, before)]
    if result.study.measure == "margin":
        found.append(_covered(result))
    return (*found, _not_cause())


def _units(result: PriceVolumeResult) -> Check:
    goods = result.goods.dropna(subset=["unit_price"])
    goods = goods[goods["unit_price"] > 0]
    wide = []
    for category, part in goods.groupby("category"):
        low, high = np.quantile(part["unit_price"], [0.1, 0.9])
        if len(part) >= 5 and high / low > UNALIKE:
            wide.append(str(category))
    told = ", ".join(wide[:3])
    return Check(
        name=say("units"),
        verdict="weak" if wide and result.study.mix_within == "category" else "holds",
        text=say(
            "Prices of a unit differ more than {times:count} times within {told}: pieces may be added to packs there. "
            "Price is right all the same; volume and mix together, too; ask with mix_within product to leave them "
            "together.",
            times=UNALIKE, told=told,
        )
        if wide
        else say("Prices of a unit within a category are of one order, so its quantities may be added."),
    )  # fmt: skip


def _prices(result: PriceVolumeResult) -> Check:
    goods = result.goods
    held = goods["before"].abs() + goods["now"].abs()
    many = float(held[goods["price_spread"] > MANY_PRICES].sum() / held.sum()) if held.sum() else 0.0
    bars = result.table.set_index("bar")["moved"]
    return Check(
        name=say("one product, many prices"),
        verdict="weak" if many > 0.5 else "holds",
        text=say(
            "{share:percent} of the money comes of products whose prices scatter by over {spread:percent} within a "
            "period. Their price is a mean: who buys more of them at a discount moves it. Selling elsewhere moved "
            "{place:money} of it, told apart.",
            share=many, spread=MANY_PRICES, place=float(bars.get("place", 0.0)),
        ),
    )  # fmt: skip


def _steep(result: PriceVolumeResult) -> Check:
    goods = result.goods
    steep = goods[(goods["price_change"] > 1 / STEEP - 1) | (goods["price_change"] < STEEP - 1)]
    money = float(steep["price"].abs().sum())
    whole = float(goods["price"].abs().sum())
    return Check(
        name=say("steep prices"),
        verdict="weak" if whole and money > 0.1 * whole else "holds",
        text=say(
            "{products:count} products halved or doubled their price and hold {share:percent} of all that prices "
            "moved; look there for another unit or a mistake before believing a price.",
            products=len(steep), share=money / whole if whole else 0.0,
        ),
    )  # fmt: skip


def _both(result: PriceVolumeResult) -> Check:
    bars = result.table.set_index("bar")["moved"]
    came, went = float(bars.get("new", 0.0)), float(bars.get("discontinued", 0.0))
    share = (abs(came) + abs(went)) / max(abs(result.before) + abs(result.now), 1e-9) * 2
    return Check(
        name=say("the same products"),
        verdict="holds" if share < 0.3 else "weak",
        text=say(
            "Products sold in one of the periods only moved {came:money} and {went:money}: they have no price to "
            "compare. A product under a new number passes for a new one.",
            came=came, went=went,
        ),
    )  # fmt: skip


def _covered(result: PriceVolumeResult) -> Check:
    before, now = result.covered
    return Check(
        name=say("known costs"),
        verdict="holds" if min(before, now) > 0.95 else "weak",
        text=say(
            "The unit cost of every sale is known for products with {before:percent} of the revenue before and "
            "{now:percent} now; only of these is this said.",
            before=before, now=now,
        ),
    )  # fmt: skip


def _not_cause() -> Check:
    return Check(
        name=say("arithmetic, not cause"),
        verdict="weak",
        text=say(
            "A price cut that sold more counts against price and for volume; what one did to the other is not in the "
            "decomposition. The intervals are those of another draw of such customers."
        ),
    )
