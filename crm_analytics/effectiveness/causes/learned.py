"""What a daily series says of its causes: how it answers to each, how surely, and how much it wanders besides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.unlinked import structural
from crm_analytics.effectiveness.unlinked.carry import felt, ways
from crm_analytics.effectiveness.unlinked.influences import Series, touches_of

CAMPAIGN_SD = 0.2
"""How far, before any data, a campaign may reasonably reach when it is felt most: change of log sales. A campaign by
name may differ from campaigns in general by as much again."""
COURSE, COURSE_SD = "\x1fcourse ", 0.15
"""How far it may come earlier or later than campaigns do on average; see `carry`."""
NAMED_CAMPAIGNS = 12
"""So many campaigns, those that differ most between the periods, have a cause of their own; the others are one."""
BATCH_DAYS, LEAST_BATCHES = 28, 12
"""What is left over may hang together within batches of so many days; with fewer batches nothing can be said of it."""
SECRET, SECRET_SD, SECRET_SHARE = "secret ", 0.2, 1 / 6
"""A period's own level may reach so far; one that is a larger share of the history is left to the wandering level."""
TIMING = ("trend", "weekday_", "season_", "holiday")
"""Names of influences that are a matter of the calendar begin so."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """Coefficients of everything known that moves a series, with their joint uncertainty, from its whole history.

    `influences` is open days × names; `beta` the coefficients. The rest of the series is a level that wanders and a
    noise that lasts some days, as in `structural`, whose variances are taken as known; the coefficients are Gaussian
    around the generalised least squares estimate, shrunk by their priors.
    """

    series: Series
    names: list[str]
    influences: np.ndarray
    prior_sd: np.ndarray
    structure: structural.Structure

    @classmethod
    def of(cls, series: Series, extra: dict[str, tuple[np.ndarray, float]], *, only: tuple[str, ...] = ()) -> Learned:
        """Learn from all open days. `extra` are influences beside the series' own; `only` keeps names that begin so."""
        kept = [
            i
            for i, name in enumerate(series.names)
            if name != "other_campaigns" and (not only or name.startswith(only))
        ]
        columns = [series.influences[:, i] for i in kept] + [values for values, _ in extra.values()]
        spread = np.r_[series.prior_sd[kept], [sd for _, sd in extra.values()]]
        rows = np.flatnonzero(series.open)
        influences = np.column_stack(columns)
        influences = influences - influences[rows].mean(axis=0)
        sales = np.maximum(series.actual[rows], 0) / series.unit
        return cls(
            series=series,
            names=[series.names[i] for i in kept] + list(extra),
            influences=influences,
            prior_sd=spread,
            structure=structural.fit(sales, influences[rows], spread),
        )

    def _whitened(self, rows: np.ndarray) -> np.ndarray:
        """Columns by open day as independent rows: differenced, and the MA(1) that is left of the noise whitened."""
        from scipy.linalg import cholesky_banded, solve_banded

        q, rho = self.structure.wandering, self.structure.persistence
        rows = np.diff(rows, axis=0)
        rows = rows[1:] - rho * rows[:-1]
        band = np.empty((2, len(rows)))
        band[0], band[1] = q * (1 + rho**2) + 2, -q * rho - 1
        root = cholesky_banded(band, lower=True, check_finite=False)
        return solve_banded((1, 0), root, rows, check_finite=False)

    @cached_property
    def white(self) -> np.ndarray:
        """z and the influences as independent rows of unit noise; the first two days only start it."""
        return self._whitened(np.c_[self.structure.z, self.structure.influences]) / self.structure.noise_sd

    def whitened_steps(self) -> np.ndarray:
        """A step up on each open day, whitened likewise, as columns; in units of the noise."""
        count = len(self.structure.z)
        return self._whitened(np.tril(np.ones((count, count))))

    def answer(self, rows: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """The coefficients and their covariance, as this stretch of the history alone would have them."""
        white = self.white[rows]
        precision = white[:, 1:].T @ white[:, 1:] + np.diag(self.prior_sd**-2.0)
        covariance = np.linalg.inv(precision)
        return covariance @ (white[:, 1:].T @ white[:, 0]), (covariance + covariance.T) / 2

    @cached_property
    def whole(self) -> tuple[np.ndarray, np.ndarray]:
        """The coefficients and their covariance by the whole history."""
        return self.answer()

    def doubt(self, weights: np.ndarray) -> np.ndarray:
        """By what factor the standard error of each weighted sum of coefficients (rows) is to be widened, at least 1.

        The model takes what is left over to be independent once it is whitened. Where it hangs together over weeks, or
        is larger just where an influence moves, whole batches of days push the sum further than that allows. Their
        pushes are freed of the batch's own say in the answer: the bias-reduced cluster-robust variance of Bell &
        McCaffrey, Bias reduction in standard errors for linear regression with multi-stage samples (2002).
        """
        beta, covariance = self.whole
        known = self.white[:, 1:]
        left = self.white[:, 0] - known @ beta
        count = len(left) // BATCH_DAYS
        if count < LEAST_BATCHES:
            return np.ones(len(weights))
        onto = covariance @ weights.T
        seen = self.prior_sd**-2.0 @ np.square(onto)  # what the priors add is taken as modelled
        for days in np.array_split(np.arange(len(left)), count):
            rows = known[days]
            share, directions = np.linalg.eigh(np.eye(len(days)) - rows @ covariance @ rows.T)
            freed = directions @ (directions.T @ left[days] / np.sqrt(np.maximum(share, 1e-6)))
            seen += np.square(freed @ rows @ onto)
        modelled = np.einsum("ij,jk,ik->i", weights, covariance, weights)
        return np.sqrt(np.maximum(seen / np.maximum(modelled, 1e-300), 1.0))

    @cached_property
    def halves(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """The same by the first half of the history alone, and by the second."""
        middle = len(self.white) // 2
        return self.answer(slice(None, middle)), self.answer(slice(middle, None))

    @property
    def freedom(self) -> int:
        return max(len(self.white) - len(self.names), 5)

    @cached_property
    def course(self) -> np.ndarray:
        """What the influences make of each day, as a factor around one: a value for every day, open or not."""
        return np.exp(self.influences @ self.whole[0])

    def wandering_sd(self, weights: np.ndarray) -> float:
        """How far a weighted sum of the level and the noise of the days goes in ordinary times, in logarithms.

        `weights` is one for each day of the series and sums to zero, such as later days less earlier ones.
        """
        from scipy.signal import lfilter

        w = weights[np.flatnonzero(self.series.open)]
        rho, q = self.structure.persistence, self.structure.wandering
        ahead = w[::-1].cumsum()[::-1]
        echo = lfilter([0.0, rho], [1.0, -rho], w)
        stationary = (w @ w + 2 * (w @ echo)) / (1 - rho**2)
        return float(self.structure.noise_sd * np.sqrt(max(q * (ahead[1:] @ ahead[1:]) + stationary, 0.0)))


def extras(frame: pd.DataFrame, *periods: slice) -> dict[str, tuple[np.ndarray, float]]:
    """Influences that a Baseline does not know: campaigns together and by name, the assortment, prices paid.

    A period in which no campaign is felt most of the time has a level of its own that belongs to no cause: what nobody
    wrote down would otherwise be learned as the answer to whatever else moved in just these days.
    """
    found: dict[str, tuple[np.ndarray, float]] = {}
    for name, spread in (("assortment_index", 1.0), ("price_paid_index", 3.0)):
        if name in frame:
            index = frame[name].astype(float).clip(lower=1e-6).ffill().bfill().fillna(1.0)
            found[name] = (np.log(index).to_numpy(), spread)
    running = presence(frame)
    by_name = {name: felt(touches) for name, touches in running.items()}
    together = np.zeros(len(frame))
    if by_name:
        together = np.sum(list(by_name.values()), axis=0)
        found["campaigns"] = (together, CAMPAIGN_SD)
    for name in _touching(by_name, *periods):
        found[f"campaign: {name}"] = (by_name[name], CAMPAIGN_SD)
        for way, course in enumerate(ways(running[name]).T, start=1):
            found[f"campaign: {name}{COURSE}{way}"] = (course, COURSE_SD)
    for number, period in enumerate(periods):
        inside = np.zeros(len(frame))
        inside[period] = 1.0
        if inside.mean() <= SECRET_SHARE and np.median(together[period]) < 0.5:
            found[f"{SECRET}{number}"] = (inside * (1 - np.minimum(together, 1.0)), SECRET_SD)
    return found


def presence(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """How strongly each campaign ran on each day, by name, so that it is felt by one when it is felt most.

    A short campaign may do in its days what a long one does in its weeks. Those beside are known by the table's touches
    or names; the one that the table marks is among them.
    """
    marked = frame["campaign"].fillna("") if "campaign" in frame else pd.Series("", index=frame.index)
    running = touches_of(frame) | {name: (marked == name).to_numpy(float) for name in sorted(set(marked) - {""})}
    return {name: touches / felt(touches).max() for name, touches in running.items()}


def _touching(by_name: dict[str, np.ndarray], earlier: slice, later: slice) -> list[str]:
    """The campaigns that differ most between the periods, by name: these are told apart, the others are one."""
    moved = {name: abs(float(on[later].mean() - on[earlier].mean())) for name, on in by_name.items()}
    largest = sorted((name for name, by in moved.items() if by > 0.02), key=lambda name: (-moved[name], name))
    return sorted(largest[:NAMED_CAMPAIGNS])
