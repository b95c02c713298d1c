"""Of which kind a company's business with its customers is: it decides which models may speak of them at all.

Customers of a shop come when they like and leave without a word (continuous). Donors, and subscribers who may skip a
period, can buy only on occasions, and leave without a word, too (discrete). Under a contract every period is paid until
notice is given (contractual). Fader & Hardie (2009), "Probability Models for Customer-Base Analysis".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.buying.bg_bb import BGBB
from crm_analytics.planning.customers.buying.bg_nbd import BGNBD
from crm_analytics.planning.customers.buying.mbg_nbd import MBGNBD
from crm_analytics.planning.customers.buying.pareto_nbd import ParetoNBD
from crm_analytics.planning.customers.buying.s_bg import SBG
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.buying.buying import Buying

MODELS: dict[str, tuple[type[Buying], ...]] = {
    "continuous": (BGNBD, MBGNBD, ParetoNBD),
    "discrete": (BGBB, BGNBD),
    "contractual": (SBG, BGBB),
}
"""The models that are tried for each kind of business."""

PERIODS = (365.25, 182.625, 91.3125, 60.875, 30.4375, 28.0, 14.0, 7.0)
"""Periods, in days, at which customers may be asked to pay; the longest that fits is the one."""

IN_STEP = 0.9
"""How closely purchases must keep to a period (1: always the same number of days after the first one)."""

NEARLY_ALL = 0.95

LATE = 0.1
"""A payment may come so much of a period after it is due; until then nobody counts as gone."""

Histories = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of business, the days from one occasion to the next (1 where there are none), and why it is thought so."""

    name: str
    period_days: float
    why: str

    def of(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> Histories:
        """Histories in days as the models of this kind read them: in occasions, each taken at most once."""
        x, t_x, T = (np.asarray(v, dtype=float) for v in (x, t_x, T))
        if self.name == "continuous":
            return x, t_x, T
        late = LATE if self.name == "contractual" else 0.0
        seen = np.maximum(np.floor(T / self.period_days - late), 0)
        last = np.minimum(np.round(t_x / self.period_days), seen)
        return (last if self.name == "contractual" else np.minimum(x, last)), last, seen


def kind_of(people: pd.DataFrame, named: str | None, period_days: float | None) -> Kind | None:
    """The kind of business that is `named`, or that the purchases tell of; None where occasions are wanted and there is
    no period to see."""
    period = period_days or _period(people)
    if named == "continuous" or (named is None and period is None):
        why = "You said that customers buy when they like." if named else (
            "Purchases keep to no period: customers buy when they like, and leave without a word."
        )  # fmt: skip
        return Kind(name="continuous", period_days=1.0, why=say(why))
    if period is None:
        return None
    gapless = _gapless(people, period)
    name = named or ("contractual" if gapless >= NEARLY_ALL else "discrete")
    return Kind(
        name=name,
        period_days=period,
        why=say(
            "Purchases come every {days:count} days or a multiple of it, and {share:percent} of customers who came "
            "back took every occasion up to their last: {kind}.",
            days=period,
            share=gapless,
            kind=say(
                "a contract that is renewed until it ends" if name == "contractual" else "occasions that may be skipped"
            ),
        ),
    )


def _period(people: pd.DataFrame) -> float | None:
    """The longest period to which nearly all purchases keep, one at most on each occasion; None where there is none."""
    back = people[people["x"] > 0]
    x, t_x = back["x"].to_numpy(float), back["t_x"].to_numpy(float)
    for period in PERIODS:
        turns = t_x / period
        if np.mean(x <= np.round(turns)) >= NEARLY_ALL and np.mean(np.cos(2 * np.pi * turns)) >= IN_STEP:
            return period
    return None


def _gapless(people: pd.DataFrame, period: float) -> float:
    back = people[people["x"] > 0]
    return float(np.mean(back["x"] >= np.round(back["t_x"] / period)))
