"""How much more often something rare happens in one arm than in the other: a difference of two shares."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from crm_analytics.result.chance import share_interval

COUNTS = ["happened", "treated", "alone", "control"]
"""Of a stratum: how many of the addressed it happened to, how many those are, and the same of the control."""


def of_arms(people: pd.DataFrame, event: str, by: str | list[str]) -> pd.DataFrame:
    """The counts of each group of customers, a group a row."""
    treated = people["arm"] == "treated"
    happened = people[event].astype(float)
    counts = pd.DataFrame({
        "happened": happened.where(treated, 0.0), "treated": treated.astype(float),
        "alone": happened.where(~treated, 0.0), "control": (~treated).astype(float),
    })  # fmt: skip
    return counts.groupby([people[one] for one in np.atleast_1d(by)], sort=True).sum()


def newcombe(counts: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The difference of the shares in each row, with the interval that Wilson's of both give it (Newcombe 1998, method
    10), which holds for few events and stays within −1 and 1: more, low, high."""
    first, second = (
        (counts[n] / counts[of], *share_interval(counts[n], counts[of], confidence=confidence))
        for n, of in (("happened", "treated"), ("alone", "control"))
    )
    more = first[0] - second[0]
    return pd.DataFrame({
        "more": more, "low": more - np.hypot(first[0] - first[1], second[2] - second[0]),
        "high": more + np.hypot(first[2] - first[0], second[0] - second[1]),
    })  # fmt: skip


def together(counts: pd.DataFrame, confidence: float, spread: float = 1.0) -> tuple[float, float, float]:
    """The difference over all rows (Mantel and Haenszel's weights) with its interval: customers are compared within
    their row alone, and rows may be small. The variance is Sato's (1989), the interval Klingenberg's (2014); `spread`
    is by how much the variance is larger because rows share customers."""
    x, n, y, m = (counts[name].to_numpy(float) for name in COUNTS)
    both = n + m
    weight = float((n * m / both).sum())
    more = float(((x * m - y * n) / both).sum()) / weight
    p = float(((m**2 * x - n**2 * y + n * m * (m - n) / 2) / both**2).sum()) / weight**2
    q = float(((x * (m - y) + y * (n - x)) / (2 * both)).sum()) / weight**2
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2 * spread
    middle = more + z2 * p / 2
    half = max(middle**2 - more**2 + z2 * q, 0.0) ** 0.5
    return more, max(middle - half, -1.0), min(middle + half, 1.0)


def shared(people: pd.DataFrame, event: str, rows: str) -> float:
    """By how much the variance of `together` is larger than if the rows had no customers in common: a customer who was
    in several campaigns, or stands in the control of several, is one customer."""
    treated = people["arm"] == "treated"
    cell = people.groupby([rows, "arm"])[event]
    size, mean = cell.transform("size"), cell.transform("mean")
    other = people.groupby(rows)[event].transform("size") - size
    pull = (people[event] - mean) * (other / (size + other)) * np.where(treated, 1.0, -1.0)
    alone = float((pull**2).sum())
    return max(1.0, float((pull.groupby(people["customer_id"]).sum() ** 2).sum()) / alone) if alone else 1.0
