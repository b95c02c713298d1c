"""What do customers who buy like this one buy beside? A first offer, before anybody has tried one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

Z = 1.959964


@dataclass(frozen=True, kw_only=True)
class NextProduct(Study):
    """Which products that this customer never bought are bought most by customers who buy alike?

    A product is named when its buyers among those alike are more than chance would bring, the search over all products
    taken into account (Holm, at `level`), and at least `at_least` of them bought it.
    """

    people = ("buyers_alike",)
    reads = "alike"
    columns = ("customer_id", "product_id", "product", "category", "buyers_alike", "alike", "buyers_all", "everybody")
    least = 1
    of = "products that were bought by customers who buy alike"

    at_least: int = 5
    level: float = 0.05

    def __post_init__(self) -> None:
        if self.at_least < 1:
            raise ValueError(f"at_least is {self.at_least}; one buyer is the fewest there can be.")
        if not 0 < self.level < 1:
            raise ValueError(f"level is {self.level}; take a share such as 0.05.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        table = _compared(frame.sort_values("product_id", ignore_index=True))
        named = table[(table["p_value"] <= self.level) & (table["buyers_alike"] >= self.at_least)]
        alike = int(frame["alike"].iloc[0])
        if named.empty:
            return self.refuse(
                say(
                    "Not enough evidence: nothing is bought more by the {alike:count} customers who buy alike than by "
                    "everybody, beyond chance.",
                    alike=alike,
                )
            )
        named = named.sort_values(["share_alike", "product_id"], ascending=[False, True], ignore_index=True)
        best = named.iloc[0]
        return NextProductResult(
            study=self,
            table=named,
            text=say(
                "{product}: {share:percent} ({span:percents}) of {alike:count} customers who buy alike "
                "bought it, {everybody:percent} of all.",
                product=best["product"], share=best["share_alike"], span=(best["low"], best["high"]), alike=alike,
                everybody=best["share_all"],
            ),
            checks=(
                Check(
                    name=say("not tried yet"),
                    verdict="weak",
                    text=say("What others bought is no proof that an offer sells it; offer it to some and compare."),
                ),
                Check(
                    name=say("beyond chance"),
                    verdict="holds",
                    text=say(
                        "{named:count} of {all:count} products stand out with all of them searched.",
                        named=len(named), all=len(frame),
                    ),
                ),
            ),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class NextProductResult(Result):
    """The products to offer first, the most bought by those alike first: `product_id`, `product`, `category`,
    `buyers_alike`, `share_alike` with `low`–`high` (95 %), `share_all`, `times` (their ratio), `p_value` (Holm)."""


def _compared(frame: pd.DataFrame) -> pd.DataFrame:
    from scipy import stats

    n, k = frame["alike"].to_numpy(float), frame["buyers_alike"].to_numpy(float)
    share, share_all = k / n, frame["buyers_all"].to_numpy(float) / frame["everybody"].to_numpy(float)
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * np.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    p = stats.hypergeom.sf(k - 1, frame["everybody"], frame["buyers_all"], frame["alike"])
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return frame[["product_id", "product", "category", "buyers_alike"]].assign(
        share_alike=share, low=middle - half, high=middle + half, share_all=share_all,
        times=share / np.maximum(share_all, 1e-12), p_value=adjusted,
    )  # fmt: skip
