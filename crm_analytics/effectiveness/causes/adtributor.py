"""Which single dimension explains a change: Adtributor, for sums and for ratios of sums.

An element's explanatory power is the part of the whole change that it carries; its surprise is how far its share of the
whole has moved (its term of the Jensen–Shannon divergence). A dimension explains a change well where few elements with
much surprise carry most of it. Bhagwan et al., Adtributor: revenue debugging in advertising systems (NSDI 2014).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

LEAST_POWER, ENOUGH_POWER = 0.10, 0.67
"""An element that carries less of the change is not named (T_EEP); once so much is carried, no more are (T_EP)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Elements:
    """One dimension's elements: what each summed to before and now, and of a ratio also what stands below the line."""

    names: np.ndarray
    before: np.ndarray
    now: np.ndarray
    under_before: np.ndarray | None = None
    under_now: np.ndarray | None = None

    @property
    def power(self) -> np.ndarray:
        """The share of the whole change that each element carries; they sum to one."""
        change = self.now - self.before
        if self.under_before is None:
            whole = change.sum()
            return change / whole if whole else np.zeros(len(change))
        under = self.under_now - self.under_before
        below, above = self.under_before.sum(), self.before.sum()
        moved = (change * below - under * above) / (below * np.where(below + under == 0, np.nan, below + under))
        moved = np.nan_to_num(moved)
        return moved / moved.sum() if moved.sum() else np.zeros(len(change))

    @property
    def surprise(self) -> np.ndarray:
        """How far each element's share moved; of a ratio, both its shares."""
        found = _surprise(self.before, self.now)
        return found if self.under_before is None else found + _surprise(self.under_before, self.under_now)

    def explain(self) -> tuple[np.ndarray, float, float]:
        """The elements that explain the change, the most surprising first; what they carry, and their surprise."""
        power, surprise = self.power, self.surprise
        chosen, carried = [], 0.0
        for place in np.lexsort((self.names.astype(str), -surprise)):
            if power[place] > LEAST_POWER:
                chosen.append(place)
                carried += power[place]
            if carried > ENOUGH_POWER:
                break
        return np.array(chosen, int), float(carried), float(surprise[chosen].sum())


def rank(dimensions: dict[str, Elements]) -> pd.DataFrame:
    """The dimensions by the surprise of the elements that explain the change; columns as in RootCauseResult.dimensions.

    Those whose elements do not carry enough of it stand last, whatever their surprise.
    """
    rows = []
    for dimension, elements in dimensions.items():
        chosen, power, surprise = elements.explain()
        rows.append({
            "dimension": dimension, "elements": ", ".join(map(str, elements.names[chosen])), "count": len(chosen),
            "power": power, "surprise": surprise, "enough": power > ENOUGH_POWER,
        })  # fmt: skip
    table = pd.DataFrame(rows)
    order = np.lexsort((table["dimension"], -table["surprise"], ~table["enough"]))
    return table.iloc[order].drop(columns="enough").reset_index(drop=True)


def _surprise(before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Each element's term of the Jensen–Shannon divergence between the shares; sums below nothing count as nothing."""
    p, q = (np.maximum(part, 0) / max(np.maximum(part, 0).sum(), 1e-300) for part in (before, now))
    middle = (p + q) / 2

    def term(share: np.ndarray) -> np.ndarray:
        return np.where(share > 0, share * np.log(np.where(share > 0, share, 1) / np.where(middle > 0, middle, 1)), 0.0)

    return 0.5 * (term(p) + term(q))
