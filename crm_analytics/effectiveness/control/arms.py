"""Two arms compared: what the average customer brings in each, and how surely they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

LEAST_IN_AN_ARM = 20
"""Below this no mean is compared."""
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
        from scipy.stats import t

        reach = float(t.ppf((1 + confidence) / 2, self.freedom)) * self.se
        return self.value - reach, self.value + reach

    @property
    def p(self) -> float:
        """How often chance alone would give as much, in either direction."""
        from scipy.stats import t

        return float(2 * t.sf(abs(self.value) / self.se, self.freedom))


@dataclass(frozen=True, kw_only=True, eq=False)
class Arms:
    """What the average customer of the test brings in each arm, the difference, and the logarithm of the ratio."""

    treated: Estimate
    control: Estimate
    tilt: np.ndarray
    """How far each customer moves each arm's number by moving the average customer: customers × (treated, control)."""

    @property
    def effect(self) -> Estimate:
        return self._compared(1.0, 1.0, self.treated.value - self.control.value)

    @property
    def log_ratio(self) -> Estimate | None:
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
            freedom=(one + none) ** 2 / (one**2 / self.treated.freedom + none**2 / self.control.freedom),
            heaviest=max(a * self.treated.heaviest, b * self.control.heaviest),
        )


def compared(people: pd.DataFrame, measure: str) -> Arms:
    before = people.filter(regex="^before_").astype(float).fillna(0)
    before = before.loc[:, before.std() > 0]
    x = ((before - before.mean()) / before.std()).to_numpy()
    y = people[f"outcome_{measure}"].to_numpy(float)
    treated = (people["arm"] == "treated").to_numpy()
    sizes = np.array([treated.sum(), (~treated).sum()])
    (mean_1, slope_1, own_1, heavy_1), (mean_0, slope_0, own_0, heavy_0) = (
        _at_the_average(y[arm], x[arm]) for arm in (treated, ~treated)
    )
    spread = sizes * [own_1, own_0]  # variance of one customer
    both = (sizes * spread).sum() / sizes.sum()
    lent = (sizes * spread + BORROWED * both) / (sizes + BORROWED)
    se_1, se_0 = np.sqrt(np.maximum(spread, lent) / sizes)
    return Arms(
        treated=Estimate(value=mean_1, se=float(se_1), freedom=sizes[0] - 1, heaviest=heavy_1),
        control=Estimate(value=mean_0, se=float(se_0), freedom=sizes[1] - 1, heaviest=heavy_0),
        tilt=np.c_[x @ slope_1, x @ slope_0] / len(y),
    )


def _at_the_average(y: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray, float, float]:
    """A regression of y on x, centred over both arms: the mean at the average customer, the slopes, the mean's HC2
    variance, and how far the mean moves at most when one customer is left out."""
    design = np.c_[np.ones(len(y)), x]
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ (design.T @ y)
    leverage = np.clip(np.einsum("ij,jk,ik->i", design, inverse, design), 0, 0.999)
    pull = design @ inverse[0] * (y - design @ beta)
    variance = float((pull**2 / (1 - leverage)).sum())
    return float(beta[0]), beta[1:], variance, float(np.abs(pull / (1 - leverage)).max())


def smallest_shown(effect: Estimate, confidence: float, power: float = 0.8) -> float:
    """The smallest true effect that a test this exact shows with that probability."""
    from scipy.stats import norm

    return float(norm.ppf((1 + confidence) / 2) + norm.ppf(power)) * effect.se
