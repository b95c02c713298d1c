"""The scale of discounts: which turnover earns which, as somebody set it or as the present discounts show it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

NAMES = {1: ("dealer",), 2: ("silver", "gold"), 3: ("bronze", "silver", "gold"),
         4: ("bronze", "silver", "gold", "platinum")}  # fmt: skip
LEAST_OF_A_STEP = 4
"""A step that fewer dealers stand on is nobody's rule."""

LEAST_RISE = 0.01
"""Steps that differ by less than a percentage point are one."""

CHANCE = 0.01


@dataclass(frozen=True, kw_only=True)
class Step:
    """One status: its name, the turnover it begins at, its discount as a share."""

    name: str
    turnover: float
    discount: float


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Steps from the lowest to the highest; `learned` from present discounts, or set by somebody."""

    steps: tuple[Step, ...]
    learned: bool

    def step(self, turnover: float) -> Step:
        """The step that this turnover earns."""
        return next((step for step in reversed(self.steps) if turnover >= step.turnover), self.steps[0])

    def __str__(self) -> str:
        return ", ".join(
            say("{name} {discount:percent} from {turnover:money}", name=say(step.name), discount=step.discount,
                turnover=step.turnover)
            for step in self.steps
        )  # fmt: skip


def read_scale(text: str) -> Scale:
    """«bronze 20 from 0, silver 22 from 10000, gold 25 from 50000»: a scale somebody set. Raises ValueError."""
    steps = []
    for one in filter(None, (part.strip() for part in text.split(","))):
        said = re.fullmatch(r"(\w[\w ]*?)\s+(\d+(?:\.\d+)?)\s*%?\s+from\s+(\d+(?:\.\d+)?)", one)
        if not said:
            raise ValueError(f"scale says {one!r}; say «silver 22 from 10000»: name, percent, yearly turnover.")
        steps.append(Step(name=said[1], discount=float(said[2]) / 100, turnover=float(said[3])))
    steps.sort(key=lambda step: step.turnover)
    if not steps or any(b.discount < a.discount for a, b in pairwise(steps)):
        raise ValueError("scale should rise: a higher turnover never earns a lower discount.")
    return Scale(steps=tuple(steps), learned=False)


def scales_of(dealers: pd.DataFrame, text: str) -> dict[str, Scale]:
    """The scale of each kind of dealers: the one somebody set, for all; else each kind's own, learned."""
    kinds = sorted(dealers["kind"].unique())
    if text:
        return dict.fromkeys(kinds, read_scale(text))
    return {kind: learned_scale(dealers[dealers["kind"] == kind]) for kind in kinds}


def worded(scales: Mapping[str, Scale]) -> str:
    """All scales in words; the kinds are named where there are several."""
    if len(set(scales.values())) == 1:
        return str(next(iter(scales.values())))
    return "; ".join(say("{kind}: {scale}", kind=say(kind), scale=str(scale)) for kind, scale in scales.items())


def learned_scale(dealers: pd.DataFrame) -> Scale:
    """The scale that present discounts follow: as many steps, up to four, as can be told from one another.

    Steps are the leaves of a regression tree on turnover; neighbours must differ by a percentage point and more than
    by chance (Mann–Whitney). Where discounts do not rise with turnover there is one step, and no rule to hold anybody
    to. `dealers` holds `turnover` and `discount`, both known.
    """
    from sklearn.tree import DecisionTreeRegressor

    known = dealers[(dealers["turnover"] > 0) & dealers["discount"].notna()].sort_values(["turnover", "discount"])
    turnover, discount = known["turnover"].to_numpy(float), known["discount"].to_numpy(float)
    flat = float(np.round(np.median(discount), 3)) if len(discount) else 0.0
    leaf = max(LEAST_OF_A_STEP, len(known) // 25)
    for count in (4, 3, 2):
        if len(known) < count * leaf:
            continue
        tree = DecisionTreeRegressor(max_leaf_nodes=count, min_samples_leaf=leaf, random_state=0)
        place = tree.fit(np.log(turnover)[:, None], discount).apply(np.log(turnover)[:, None])
        steps = _steps(turnover, discount, place)
        if len(steps) == count:
            return Scale(steps=steps, learned=True)
    return Scale(steps=(Step(name=NAMES[1][0], turnover=0.0, discount=flat),), learned=True)


def _steps(turnover: np.ndarray, discount: np.ndarray, place: np.ndarray) -> tuple[Step, ...]:
    """The leaves as steps, if each can be told from the one below; else nothing."""
    from scipy.stats import mannwhitneyu

    leaves = list(dict.fromkeys(place.tolist()))
    groups = [discount[place == leaf] for leaf in leaves]
    middles = [float(np.round(np.median(group) * 200) / 200) for group in groups]
    for (below, above), (low, high) in zip(pairwise(groups), pairwise(middles), strict=True):
        if high - low < LEAST_RISE - 1e-9 or mannwhitneyu(below, above, alternative="less").pvalue > CHANCE:
            return ()
    if len(leaves) not in NAMES:
        return ()
    starts = [0.0]
    for below, above in pairwise(leaves):
        starts.append(_plain(turnover[place == below].max(), turnover[place == above].min()))
    return tuple(
        Step(name=name, turnover=start, discount=middle)
        for name, start, middle in zip(NAMES[len(leaves)], starts, middles, strict=True)
    )


def _plain(low: float, high: float) -> float:
    """The plainest number above one and not above the other: people set limits in round numbers."""
    for digits in (1, 2, 3, 4):
        size = 10 ** (np.floor(np.log10(high)) - digits + 1)
        plain = float(np.floor(high / size) * size)
        if plain > low:
            return plain
    return float(high)
