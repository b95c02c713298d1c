"""Many campaigns in one series: what each did per day, given how its effect is spread over the days after a touch.

The series is whitened once by the structure that was learned from it (see `unlinked.structural`): level, weather,
season, prices and market are projected out, and what is left is an ordinary regression on the campaigns, whose columns
may be drawn for any delay and any fading at next to no cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.unlinked import structural
from crm_analytics.effectiveness.unlinked.carry import felt
from crm_analytics.effectiveness.unlinked.influences import TOUCHES, Series, touches_of

USUAL_LIFT, DIFFERENCE = 0.2, 0.1
"""Before any data: how far a campaign's usual lift of a day's sales may reach, and by how much campaigns differ."""
LEAST_DAYS = 180


@dataclass(frozen=True, kw_only=True, eq=False)
class Whitening:
    """Takes level and weather out of any column, so that what is left has independent errors of variance one."""

    root: np.ndarray
    persistence: float
    noise_sd: float

    @classmethod
    def of(cls, structure: structural.Structure) -> Whitening:
        from scipy.linalg import cholesky_banded

        q, rho = structure.wandering, structure.persistence
        band = np.empty((2, len(structure.z) - 2))
        band[0], band[1] = q * (1 + rho**2) + 2, -q * rho - 1
        root = cholesky_banded(band, lower=True, check_finite=False)
        return cls(root=root, persistence=rho, noise_sd=structure.noise_sd)

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        from scipy.linalg import solve_banded

        rows = np.diff(columns, axis=0)
        rows = rows[1:] - self.persistence * rows[:-1]
        return solve_banded((1, 0), self.root, rows, check_finite=False) / self.noise_sd


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """A series made ready to be asked about the campaigns in it."""

    series: Series
    opened: np.ndarray
    touches: dict[str, np.ndarray]
    """How strongly each campaign that is asked about ran on each day; one is its usual day."""
    white: Whitening
    known: np.ndarray
    """Everything else that moves sales, whitened, and how surely that is limited before any data."""
    precision: np.ndarray
    z: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame, measure: str, *, campaign: str = "") -> Course | None:
        """From days in the columns of `features.daily_sales`, about one campaign or about all of them.

        None where too little was sold to speak of, or no campaign ran. Raises ValueError for days with gaps and for a
        campaign that is not there.
        """
        frame = frame.assign(day=pd.to_datetime(frame["day"])).sort_values("day", ignore_index=True)
        if (frame["day"].diff().dropna() != pd.Timedelta(days=1)).any():
            raise ValueError("One row for every day is needed; features.daily_sales(wh, …) leaves no gaps.")
        touches = _all_touches(frame)
        if campaign and campaign not in touches:
            raise ValueError(f"There is no campaign {campaign!r}; there are {', '.join(sorted(touches)) or 'none'}.")
        asked = {campaign: touches.pop(campaign)} if campaign else touches
        series = Series.of(_with(frame, touches), measure, len(frame))
        opened = series.open_before(len(frame))
        if not asked or len(opened) < LEAST_DAYS or series.selling_days < 0.2:
            return None
        besides = np.array([bool(campaign) or not name.startswith("campaign") for name in series.names])
        influences, prior, family = series.influences[opened], series.prior_sd, series.family
        if campaign:  # it stands apart from the others, which say nothing of its size or course
            influences = np.column_stack([influences, felt(asked[campaign])[opened]])
            prior, family = np.append(prior, np.hypot(USUAL_LIFT, DIFFERENCE)), np.append(family, False)
        sales = np.maximum(series.actual[opened], 0) / series.unit
        structure = structural.fit(sales, influences, prior, family)
        white = Whitening.of(structure)
        kept = np.flatnonzero(besides)
        return cls(
            series=series, opened=opened, touches=asked, white=white, known=white(influences[:, kept]),
            precision=structure.prior_sd[kept] ** -2.0, z=white(structure.z[:, None])[:, 0],
        )

    def felt(self, fading: np.ndarray) -> np.ndarray:
        """How each campaign is felt if one touch's effect is spread like `fading`: whitened open days × campaigns."""
        days = len(self.series.days)
        reach = np.column_stack([np.convolve(touches, fading)[:days] for touches in self.touches.values()])
        return self.white(reach[self.opened])

    @cached_property
    def _besides(self) -> tuple[np.ndarray, np.ndarray]:
        """A root of the precision of everything else, and the part of sales that it takes."""
        root = np.linalg.cholesky(self.known.T @ self.known + np.diag(self.precision))
        return root, np.linalg.solve(root, self.known.T @ self.z)

    def left(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The whitened columns' products among themselves and with sales, once everything else is taken out."""
        root, taken = self._besides
        across = np.linalg.solve(root, self.known.T @ columns)
        return columns.T @ columns - across.T @ across, columns.T @ self.z - across.T @ taken

    @property
    def unexplained(self) -> float:
        """What sales do beyond everything else, as a sum of squares."""
        return float(self.z @ self.z - self._besides[1] @ self._besides[1])

    def evidence(self, columns: np.ndarray) -> float:
        """How much likelier sales are with campaigns that run like these columns than with none (log Bayes factor)."""
        products, onto = self.left(columns)
        spread = self.prior_of(len(products))
        found = np.linalg.solve(np.linalg.inv(spread) + products, onto)
        return float(0.5 * onto @ found - 0.5 * np.linalg.slogdet(np.eye(len(products)) + spread @ products)[1])

    def sizes(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Each column's coefficient as the data alone say it, and the errors' covariance."""
        products, onto = self.left(columns)
        covariance = np.linalg.inv(products + 1e-6 * np.eye(len(products)))
        return covariance @ onto, covariance

    @staticmethod
    def prior_of(count: int) -> np.ndarray:
        """What the campaigns may do before any data: a usual lift that all share, and a difference of each one."""
        return DIFFERENCE**2 * np.eye(count) + USUAL_LIFT**2


def _all_touches(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Of every campaign in the frame, the one that it marks as asked about included."""
    touches = touches_of(frame)
    asked = frame["campaign"].fillna("") if "campaign" in frame else pd.Series("", index=frame.index)
    return touches | {name: (asked == name).to_numpy(float) for name in sorted(set(asked) - {""})}


def _with(frame: pd.DataFrame, touches: dict[str, np.ndarray]) -> pd.DataFrame:
    """The frame in which all these campaigns ran besides."""
    left = frame.drop(columns=[column for column in frame if str(column).startswith(TOUCHES)])
    return pd.concat([left, pd.DataFrame({TOUCHES + name: ran for name, ran in touches.items()})], axis=1)
