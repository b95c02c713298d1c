"""How long customers stay by several readings of who has left, and what holds by all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.customers.leaving import STAGES, Left
from crm_analytics.effectiveness.customers.survival import Curve, Hazards, Risk, cox, log_rank

LEAST_WATCHED = 30
"""A curve is followed as long as so many customers were seen."""
EVENTS_A_GROUP = 10
"""A group whose rate of leaving is told needs so many who left (Peduzzi et al. 1995)."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Who left and who stays, by one reading of the silences."""

    risk: Risk
    """A pattern for each group and stage."""
    left: Left

    @classmethod
    def of(cls, people: pd.DataFrame, group: np.ndarray, end: str) -> Reading:
        """By the columns whose names end so; see `features.lifetimes`."""
        as_long, never = (people[f"{name}{end}"].to_numpy(float) for name in ("as_long", "never"))
        groups = int(group.max(initial=0)) + 1
        stated = bool(people["stated"].all()) if len(people) else True
        left = Left.stated(as_long, groups) if stated else Left.of(people["purchases"], as_long, never, group)
        risk = Risk.of(people["last"].to_numpy(), left.chance, until=people["days"].to_numpy(),
                       entered=people["entered"].to_numpy(), pattern=group * STAGES + left.stage)  # fmt: skip
        relative = left.relative.ravel()[: risk.watched.shape[1]]
        return cls(risk=replace(risk, relative=relative), left=left)

    @property
    def groups(self) -> np.ndarray:
        """The group of each pattern."""
        return np.arange(self.risk.watched.shape[1]) // STAGES

    def curve(self, confidence: float, group: int | None = None) -> Curve:
        """The curve of all, or of one group."""
        chosen = np.ones(len(self.groups), bool) if group is None else self.groups == group
        return Curve.of(self.risk.only(chosen), confidence)


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """The same customers by each reading of the silences: the middle one, and those that take long silences for pauses
    that go on (`near`) and for leaving (`far`). A customer's `group` is a number."""

    people: pd.DataFrame
    group: np.ndarray
    middle: Reading
    near: Reading
    far: Reading

    @classmethod
    def of(cls, people: pd.DataFrame, group: np.ndarray) -> Readings:
        middle, near, far = (Reading.of(people, group, end) for end in ("", "_near", "_far"))
        return cls(people=people, group=group, middle=middle, near=near, far=far)

    @property
    def each(self) -> tuple[Reading, Reading, Reading]:
        return self.middle, self.near, self.far

    def horizon(self, days: int, confidence: float) -> int:
        """So many days, or the longest that enough customers were seen for."""
        curve = self.middle.curve(confidence)
        enough = curve.days[curve.watched >= LEAST_WATCHED]
        return int(min(days, enough.max() if len(enough) else curve.days.max()))

    def ends(self, day: float, confidence: float) -> tuple[float, float]:
        """Retention at a day by the two readings of long silences."""
        near, far = (reading.curve(confidence).at(day)[0] for reading in (self.near, self.far))
        return near, far

    def curves(self, confidence: float, group: int | None) -> list[Curve]:
        """The curves of all, or of one group, the middle one first."""
        return [reading.curve(confidence, group) for reading in self.each]

    def compared(self, groups: int) -> list[tuple[Hazards, float]]:
        """How fast groups leave beside the first, and how often they would differ so if they stayed alike."""
        risks = [reading.risk.merged(reading.groups) for reading in self.each]
        return [(cox(risk, np.eye(groups)[:, 1:]), log_rank(risk)[1]) for risk in risks]

    def ratio(self, fits: list[Hazards], group: int, confidence: float) -> tuple[float, float, float, float]:
        """How many times as fast a group leaves as the largest, with an interval and a p that hold by every reading of
        the silences; nothing where too few have left to say so."""
        from scipy.stats import norm

        if group == 0:
            return 1.0, np.nan, np.nan, np.nan
        if float(self.middle.risk.left[:, self.middle.groups == group].sum()) < EVENTS_A_GROUP:
            return (np.nan,) * 4
        ratios = np.array([fit.ratio(group - 1, confidence) for fit in fits])
        sizes = [fit.coefficients[group - 1] / max(fit.errors[group - 1], 1e-12) for fit in fits]
        agree = len(set(np.sign(sizes))) == 1
        p = float(2 * norm.sf(np.abs(sizes).min())) if agree else 1.0
        return float(ratios[0, 0]), float(ratios[:, 1].min()), float(ratios[:, 2].max()), p

    def ahead(self, days: int, confidence: float) -> tuple[float, float, float]:
        """Which share of those who are there today will be after so many days, each at its own tenure."""
        from scipy.stats import norm

        found = []
        for reading in self.each:
            curve = reading.curve(confidence)
            here, age = 1 - reading.left.chance, self.people["days"].to_numpy()
            base, later = (_share_at(curve, age + more) for more in (0, days))
            known = (base > 0) & (age + days <= curve.days.max(initial=0))
            weight = here * known
            if weight.sum() <= 0:
                return (float("nan"),) * 3
            share = float((weight * later / np.maximum(base, 1e-12)).sum() / weight.sum())
            spread = [_spread_at(curve, age + more) for more in (0, days)]
            error = float((weight * np.sqrt(np.maximum(spread[1] - spread[0], 0))).sum() / weight.sum()) * share
            chance = share * (1 - share) / weight.sum()
            half = norm.ppf((1 + confidence) / 2) * np.sqrt(error**2 + chance)
            found.append((share, share - half, share + half))
        return found[0][0], max(min(value[1] for value in found), 0.0), min(max(value[2] for value in found), 1.0)


def spanned(curves: list[Curve], day: float) -> tuple[float, float, float]:
    """Retention by the first curve, with an interval that spans those of all."""
    found = [curve.at(day) for curve in curves]
    return found[0][0], min(low for _, low, _ in found), max(high for *_, high in found)


def drawn(curves: list[Curve], name: str) -> pd.DataFrame:
    """The curve of a group in at most 200 steps: group, days, retained, low, high, watched."""
    own = curves[0]
    days = own.days[own.watched >= 10]
    days = np.unique(np.concatenate(([0], days[:: max(1, len(days) // 200)]))) if len(days) else np.array([0])
    values = np.array([spanned(curves, day) for day in days])
    return pd.DataFrame(
        {
            "group": name,
            "days": days,
            "retained": values[:, 0],
            "low": values[:, 1],
            "high": values[:, 2],
            "watched": [own.watched_at(day) for day in days],
        }
    )


def _share_at(curve: Curve, days: np.ndarray) -> np.ndarray:
    return np.concatenate(([1.0], curve.stay))[np.searchsorted(curve.days, days, side="right")]


def _spread_at(curve: Curve, days: np.ndarray) -> np.ndarray:
    finite = np.where(np.isfinite(curve.spread), curve.spread, 0.0)
    return np.concatenate(([0.0], finite))[np.searchsorted(curve.days, days, side="right")]
