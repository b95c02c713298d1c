"""Decisions of the past from which a score is learned: in order, without columns that say the same, and enough."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.scores.periods import FEWEST, Periods, moments
from crm_analytics.planning.customers.scores.steps import cut, is_day, matrix
from crm_analytics.say import say


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows by time and customer, targets as numbers. Raises ValueError for a target that is neither 1, 0 nor null."""
    frame = frame.assign(customer_id=frame["customer_id"].astype("str"))
    if "target" in frame.columns:
        target = pd.to_numeric(frame["target"].astype(object), errors="coerce").astype(float)
        if (frame["target"].notna() & ~target.isin([0.0, 1.0])).any():
            raise ValueError("A target is 1 (it happened), 0 (it did not) or empty (to be scored); change others.")
        frame = frame.assign(target=target)
    if "snapshot" not in frame.columns:
        return frame.sort_values("customer_id", kind="stable", ignore_index=True)
    frame = frame.assign(_at=moments(frame["snapshot"]))
    by = ["_at", "customer_id", *(c for c in frame.columns if c not in ("_at", "customer_id", "snapshot"))]
    twice = frame.duplicated(["_at", "customer_id"]).any()
    ordered = frame.sort_values(by if twice else by[:2], kind="stable", ignore_index=True, key=_sortable)
    return ordered.drop(columns="_at")


def _sortable(values: pd.Series) -> pd.Series:
    return values.astype("str") if values.dtype == object else values


def told_apart(known: pd.DataFrame, columns: list[str]) -> list[str]:
    """Of columns that put everybody on the same steps, such as the last day and the days since then, the first."""
    steps = cut(known, sorted(columns, key=lambda column: is_day(known[column])))
    codes, seen, kept = matrix(known, steps), set(), []
    for j, one in enumerate(steps):
        here = codes[:, j].astype(int)
        backward = np.where(here > 0, here.max() + 1 - here, 0)
        marks = {here.astype(np.uint8).tobytes(), backward.astype(np.uint8).tobytes()}
        if not marks & seen:
            kept.append(one.column)
            seen.add(here.astype(np.uint8).tobytes())
    return kept


def too_little(known: pd.DataFrame, columns: list[str]) -> str:
    """Why nothing can be learned from these; empty where something can."""
    if known.empty:
        return say("Not enough evidence: no outcome is known yet; past days whose horizon is over have one.")
    rarer = int(min(known["target"].sum(), (1 - known["target"]).sum()))
    need = 3 * FEWEST
    if rarer < need:
        return say(
            "Not enough evidence: {have:count} decisions had the rarer outcome, and at least {need:count} are needed "
            "to learn from some and try on others; look further back, or further ahead.",
            have=rarer, need=need,
        )  # fmt: skip
    if known["snapshot"].nunique() < 2:
        return say(
            "Not enough evidence: all decisions are of one day, so nothing can be tried on later ones; give at least "
            "two days, better six."
        )
    if not columns:
        return say("Not enough evidence: no column says anything of the customers beside the outcome.")
    return ""


def untried(known: pd.DataFrame, periods: Periods) -> str:
    """Why the score cannot be tried on later days; empty where it can."""
    steps = list(periods.steps())
    y = known["target"].to_numpy(int)
    taught = min((np.bincount(y[step[0]], minlength=2).min() for step in steps[:1]), default=0)
    tried = np.bincount(np.concatenate([y[step[2]] for step in steps]), minlength=2).min() if steps else 0
    if min(taught, tried) >= FEWEST:
        return ""
    return say(
        "Not enough evidence: {taught:count} rarer outcomes to learn from and {tried:count} on later days to try it; "
        "at least {need:count} of each are needed: look at more days in the past.",
        taught=taught, tried=tried, need=FEWEST,
    )  # fmt: skip
