"""Customers as points: which traits say something, on which scale they are compared, and what was done to the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_KNOWN = 0.6
"""A trait known of fewer of the customers would be guessed more than read."""
ALIKE = 0.9
"""Traits whose ranks correlate more say the same twice."""
MOST_VALUES, LEAST_SHARE = 6, 0.005
"""A text becomes flags where it has no more frequent values than this; rarer ones than this share are left to none."""
FAR = 4.0
"""Scaled values beyond are drawn in: one giant order must not be a cluster of its own."""
_HEAVY = 0.25
_SPIKE = 0.3
"""A measured number of which so many have the very same value (no returns at all) would cut customers by whether they
have any, and that often by how seldom they buy: it describes clusters and does not make them."""


@dataclass(frozen=True)
class Trait:
    """A number as a coordinate: `shift` and `scale` bring most customers to −1 … 1; `heavy` takes the logarithm."""

    name: str
    heavy: bool
    middle: float
    shift: float
    scale: float
    counted: bool
    spiked: bool

    def scaled(self, values: np.ndarray, far: float = FAR) -> np.ndarray:
        known = np.where(np.isnan(values), self.middle, values)
        bent = np.sign(known) * np.log1p(np.abs(known)) if self.heavy else known
        return np.clip((bent - self.shift) / self.scale, -far, far)


@dataclass(frozen=True)
class Flags:
    """A text as a few yes-or-no coordinates, together as heavy as one number."""

    name: str
    values: tuple[str, ...]
    shares: tuple[float, ...]

    def scaled(self, values: np.ndarray) -> np.ndarray:
        spread = np.sqrt(sum(share * (1 - share) for share in self.shares))
        flags = np.array([(values == value).astype(float) for value in self.values]).T
        return (flags - np.array(self.shares)) / max(spread, 0.1)


@dataclass(frozen=True)
class Scaling:
    """How any customers become points in the same space: `traits` in order. Those `beside` only describe; `left_out`
    says of all others why, `gaps` what share of a trait was not known."""

    traits: tuple[Trait | Flags, ...]
    beside: tuple[Trait, ...]
    left_out: tuple[tuple[str, str], ...]
    gaps: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, people: pd.DataFrame, columns: Sequence[str]) -> Scaling:
        """Learned from these customers; of two traits that say the same, the first is kept."""
        left_out, gaps, traits, beside, ranks = [], [], [], [], []
        for name in columns:
            known = float(people[name].notna().mean())
            if known < LEAST_KNOWN:
                left_out.append((name, "little known"))
                continue
            text = not pd.api.types.is_numeric_dtype(people[name])
            trait = _flags(people[name]) if text else _trait(people[name].astype(float))
            if trait is None:
                left_out.append((name, "hardly differs"))
                continue
            if not text and trait.spiked:
                beside.append(trait)
                left_out.append((name, "the same for many"))
                continue
            if not text:
                rank = people[name].fillna(people[name].median()).rank().to_numpy()
                if any(abs(np.corrcoef(rank, other)[0, 1]) > ALIKE for other in ranks):
                    left_out.append((name, "says what another says"))
                    continue
                ranks.append(rank)
            if known < 1:
                gaps.append((name, 1 - known))
            traits.append(trait)
        return cls(tuple(traits), tuple(beside), tuple(left_out), tuple(gaps))

    @property
    def names(self) -> list[str]:
        return [trait.name for trait in self.traits]

    @property
    def numbers(self) -> list[Trait]:
        """The numbers that describe clusters."""
        return [*self._cutting, *self.beside]

    @property
    def _cutting(self) -> list[Trait]:
        return [trait for trait in self.traits if isinstance(trait, Trait)]

    def points(
        self, people: pd.DataFrame, *, smoothed: np.random.Generator | None = None, far: float = FAR
    ) -> np.ndarray:
        """One row a customer, gaps at the middle. `smoothed` spreads whole numbers over their unit and fills gaps with
        what others have: or else every count, and all of whom something is not known, were a cluster."""
        columns = []
        for trait in self.traits:
            if isinstance(trait, Flags):
                columns.append(trait.scaled(people[trait.name].astype(object).to_numpy()))
                continue
            values = people[trait.name].to_numpy(dtype=float, na_value=np.nan)
            if smoothed is not None:
                values = _smoothed(values, trait, smoothed)
            columns.append(trait.scaled(values, far)[:, None])
        return np.hstack(columns)


def _smoothed(values: np.ndarray, trait: Trait, random: np.random.Generator) -> np.ndarray:
    unknown = np.isnan(values)
    values = np.where(unknown, random.choice(values[~unknown], len(values)), values)
    return values + random.uniform(-0.5, 0.5, len(values)) if trait.counted else values


def _trait(values: pd.Series) -> Trait | None:
    known = values.dropna().to_numpy()
    if len(np.unique(known)) < 3 or (known == np.median(known)).mean() > 0.9:
        return None
    low, middle, high = np.quantile(known, [0.05, 0.5, 0.95])
    lean = (high + low - 2 * middle) / (high - low) if high > low else 1.0
    heavy = bool(known.min() >= 0 and lean > _HEAVY)
    bent = np.log1p(known) if heavy else known
    lowest, quarter, half, most, highest = np.quantile(bent, [0.01, 0.25, 0.5, 0.75, 0.99])
    spread = float(np.clip(bent, lowest, highest).std()) or 1.0
    scale = max(float(most - quarter) / 1.349, spread / 2)  # most alike: the few others must not be infinitely far
    whole = bool(np.all(known == np.round(known)) and len(np.unique(known)) <= 60)
    spiked = not whole and np.unique(known, return_counts=True)[1].max() > _SPIKE * len(known)
    return Trait(str(values.name), heavy, float(middle), float(half), scale, whole, bool(spiked))


def _flags(values: pd.Series) -> Flags | None:
    shares = values.value_counts(normalize=True)
    shares = shares[shares >= LEAST_SHARE].sort_index()
    if not 2 <= len(shares) <= MOST_VALUES:
        return None
    return Flags(str(values.name), tuple(map(str, shares.index)), tuple(map(float, shares)))
