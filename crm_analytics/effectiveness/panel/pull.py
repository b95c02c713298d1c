"""What is known to have moved one unit apart from all others: its own price, its competitors'.

What moved all alike needs no model here, since the others lived through it. For the rest, with x the logarithm of a
unit's price index less the mean of all units on that day, and y the unit's index less that mean,

    y = β·x + noise,   pull = exp(β·(x − its mean before)),

β from cells without the campaign, one for all units (ridge prior N(0, 3²)). How surely it holds for a unit at hand is
read from the units themselves: the cluster-robust variance of the common β, times the number of units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PRIOR_SD = 3.0
NAMES = ("price_index", "competitor_index")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pull:
    """The coefficients (names → β), how surely they hold for a single unit (covariance), and the moves (x)."""

    names: list[str]
    beta: np.ndarray
    covariance: np.ndarray
    moves: np.ndarray
    """Names × periods × units, each against its unit's mean before."""

    @classmethod
    def learn(cls, values: np.ndarray, moved: dict[str, np.ndarray], known: np.ndarray, before: np.ndarray) -> Pull:
        """From `values` (periods × units), the logarithms of what moved them, and flags of the cells to learn from
        and of the periods before the campaign."""
        names = [name for name, x in moved.items() if np.ptp(x - x.mean(axis=1, keepdims=True)) > 1e-6]
        index = values / np.maximum(values[before].mean(axis=0), 1e-12)
        raw = np.array([moved[name] for name in names]).reshape(len(names), *values.shape)
        share = known / np.maximum(known.sum(axis=1, keepdims=True), 1)
        moves = raw - (raw * share).sum(axis=2, keepdims=True)
        x = np.where(known, _within(moves, known), 0.0)
        usual = np.maximum((index * share).sum(axis=1, keepdims=True), 1e-12)
        y = np.where(known, _within((index / usual)[None], known)[0], 0.0)
        noise = float((y**2).sum() / max(known.sum() - 1, 1))
        gram = np.einsum("ktu,ltu->kl", x, x) + np.eye(len(names)) * noise / PRIOR_SD**2
        beta = np.linalg.solve(gram, np.einsum("ktu,tu->k", x, y)) if names else np.zeros(0)
        scores = np.einsum("ktu,tu->ku", x, y - np.einsum("k,ktu->tu", beta, x))
        inverse = np.linalg.inv(gram) if names else gram
        spread = inverse @ (scores @ scores.T) @ inverse * values.shape[1]
        moves = moves - moves[:, before].mean(axis=1, keepdims=True)
        return cls(names=names, beta=beta, covariance=spread, moves=moves)

    @property
    def factor(self) -> np.ndarray:
        """What each unit's values were multiplied by: periods × units."""
        return np.exp(np.einsum("k,ktu->tu", self.beta, self.moves))

    def doubt(self, window: np.ndarray, units: np.ndarray, size: np.ndarray) -> float:
        """The standard error, as a share of what was to be expected, that not knowing β leaves to these units: each has
        a β of its own around the common one, which is known as surely as so many units together know it."""
        moves = self.moves[:, window][:, :, units].mean(axis=1) * (size / size.sum())
        own = np.einsum("ku,kl,lu->", moves, self.covariance, moves)
        together = moves.sum(axis=1) @ self.covariance @ moves.sum(axis=1) / self.moves.shape[2]
        return float(np.sqrt(max(own + together, 0.0)))


def _within(cells: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Each unit's cells less their mean over what is known of it (names × periods × units)."""
    count = np.maximum(known.sum(axis=0), 1)
    return cells - (np.where(known, cells, 0.0).sum(axis=1) / count)[:, None, :]
