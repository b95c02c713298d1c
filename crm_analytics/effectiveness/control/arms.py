"""Two arms compared: what the average customer brings in each, and how surely they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.effectiveness.control.measures import Measure

LEAST_IN_AN_ARM = 20
"""Below this no mean is compared."""
LEAST_UNITS = 8
"""Where customers were not drawn one by one: below so many households or stores in an arm no mean is compared."""
ROWS_A_COLUMN = 10
"""So many units of the smaller arm carry one column of what was before."""
BORROWED = 100
"""An arm's spread is at least that of its own customers and so many of both arms together: a small arm that happens to
lack the few big spenders would else look sure of a mean that is too low."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """A number, its standard error and degrees of freedom, and how far it moves without the heaviest customer."""

    value: float
    se: float
    freedom: float
    heaviest: float = 0.0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Low and high, by Student's t."""
        from scipy.stats import t

        reach = float(t.ppf((1 + confidence) / 2, self.freedom)) * self.se
        return self.value - reach, self.value + reach

    @property
    def p(self) -> float:
        """How often chance alone would give as much, in either direction."""
        from scipy.stats import t

        if not self.se:
            return float(self.value == 0)
        return float(2 * t.sf(abs(self.value) / self.se, self.freedom))


@dataclass(frozen=True, kw_only=True, eq=False)
class Arms:
    """What the average customer of the test brings in each arm, the difference, and the logarithm of the ratio."""

    treated: Estimate
    control: Estimate
    tilt: np.ndarray
    """How far each customer moves each arm's number by moving the average customer: customers × (treated, control)."""
    pull: np.ndarray
    """How far each customer moves the effect; what two effects on the same customers have in common follows from it."""

    @property
    def effect(self) -> Estimate:
        return self._compared(1.0, 1.0, self.treated.value - self.control.value)

    @property
    def log_ratio(self) -> Estimate | None:
        """The logarithm of treated over control; None where one of them is not above zero."""
        one, none = self.treated.value, self.control.value
        if min(one, none) <= 0:
            return None
        return self._compared(1 / one, 1 / none, float(np.log(one / none)))

    def _compared(self, a: float, b: float, value: float) -> Estimate:
        one, none = (a * self.treated.se) ** 2, (b * self.control.se) ** 2
        shared = float(((a * self.tilt[:, 0] - b * self.tilt[:, 1]) ** 2).sum())
        return Estimate(
            value=value,
            se=(one + none + shared) ** 0.5,
            freedom=(one + none) ** 2 / (one**2 / self.treated.freedom + none**2 / self.control.freedom)
            if one + none
            else self.treated.freedom + self.control.freedom,
            heaviest=max(a * self.treated.heaviest, b * self.control.heaviest),
        )


def compared(people: pd.DataFrame, measure: Measure, unit: str = "customer_id") -> Arms:
    """The arms, with what was before taken out by a regression of its own in each (Lin 2013); rows of one `unit` belong
    together, and ratios of sums are linearised (the delta method), so that every unit drawn by lot counts once."""
    units = Units.of(people, measure, unit)
    y, d, x, treated = units.above, units.below, units.before, units.treated
    sizes = np.array([treated.sum(), (~treated).sum()])
    (mean_1, slope_1, pull_1, heavy_1), (mean_0, slope_0, pull_0, heavy_0) = (
        _ratio_at_the_average(y[arm], d[arm], x[arm]) for arm in (treated, ~treated)
    )
    own_1, own_0 = float(pull_1 @ pull_1), float(pull_0 @ pull_0)
    pull = np.empty(len(y))
    pull[treated], pull[~treated] = pull_1, -pull_0
    spread = sizes * [own_1, own_0]  # variance of one unit
    both = (sizes * spread).sum() / sizes.sum()
    lent = (sizes * spread + BORROWED * both) / (sizes + BORROWED)
    se_1, se_0 = np.sqrt(np.maximum(spread, lent) / sizes)
    return Arms(
        treated=Estimate(value=mean_1, se=float(se_1), freedom=sizes[0] - 1, heaviest=heavy_1),
        control=Estimate(value=mean_0, se=float(se_0), freedom=sizes[1] - 1, heaviest=heavy_0),
        tilt=np.c_[x @ slope_1, x @ slope_0] / len(y),
        pull=pull,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """What the lot was drawn among, a unit a row: sums of its rows above and below the line, and what was before."""

    above: np.ndarray
    below: np.ndarray
    before: np.ndarray
    """Columns standardised over both arms; not more of them than the smaller arm can bear."""
    treated: np.ndarray

    @classmethod
    def of(cls, people: pd.DataFrame, measure: Measure, unit: str = "customer_id") -> Units:
        rows = measure.on(people)
        before = people.filter(regex="^before_").astype(float).fillna(0)
        treated = people["arm"] == "treated"
        if people[unit].duplicated().any():
            rows = rows.assign(treated=treated).join(before.assign(before_rows=1.0))
            together = rows.groupby(people[unit], sort=True)
            treated = together["treated"].first()
            rows, before = together[["above", "below"]].sum(), together[[*before, "before_rows"]].sum()
        least = min(int(treated.sum()), int((~treated).sum()))
        return cls(
            above=rows["above"].to_numpy(), below=rows["below"].to_numpy(), treated=treated.to_numpy(bool),
            before=what_was_before(before, least, measure.name),
        )


def what_was_before(people: pd.DataFrame, least: int, measure: str) -> np.ndarray:
    """The columns `before_…`, standardised: that of the measure first, and no more than the smaller arm can bear."""
    before = people.filter(regex="^before_").astype(float).fillna(0)
    before = before.loc[:, before.std() > 0]
    before = before[sorted(before, key=lambda c: (c != f"before_{measure}", c))[: least // ROWS_A_COLUMN]]
    return ((before - before.mean()) / before.std()).to_numpy(float).reshape(len(people), before.shape[1])


def _ratio_at_the_average(
    y: np.ndarray, d: np.ndarray, x: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, float]:
    """The ratio of the sums of y and d at the average unit, as `_at_the_average` gives a mean."""
    if (d == 1).all():
        return _at_the_average(y, x)
    above, below = _at_the_average(y, x)[0], _at_the_average(d, x)[0]
    ratio = above / below
    _, slopes, pull, heaviest = _at_the_average((y - ratio * d) / below, x)
    return ratio, slopes, pull, heaviest


def _at_the_average(y: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, float]:
    """A regression of y on x, centred over both arms: the mean at the average customer, the slopes, each
    customer's pull on the mean (their squares sum to its HC2 variance), and how far it moves at most without one."""
    design = np.c_[np.ones(len(y)), x]
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ (design.T @ y)
    leverage = np.clip(np.einsum("ij,jk,ik->i", design, inverse, design), 0, 0.999)
    pull = design @ inverse[0] * (y - design @ beta)
    return float(beta[0]), beta[1:], pull / np.sqrt(1 - leverage), float(np.abs(pull / (1 - leverage)).max())


def smallest_shown(effect: Estimate, confidence: float, power: float = 0.8) -> float:
    """The smallest true effect that a test this exact shows with that probability."""
    from scipy.stats import norm

    return float(norm.ppf((1 + confidence) / 2) + norm.ppf(power)) * effect.se
