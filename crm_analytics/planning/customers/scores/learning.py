"""A score learned and tried: which model, how it did on people and days unseen, and what a simple rule does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.scores.calibration import Line, calibrated, shift_to, sigmoid, slope_of
from crm_analytics.planning.customers.scores.gains import Trial, alone
from crm_analytics.planning.customers.scores.periods import FEWEST, Periods
from crm_analytics.planning.customers.scores.scorecard import KINDS, Scorecard
from crm_analytics.planning.customers.scores.steps import cut

if TYPE_CHECKING:
    import pandas as pd

RFM = ("recency_days", "orders", "revenue")


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """A score as it is used (`card`), how it did on what it had not seen (`trial`), and what simpler rules did there.

    `card` was learned on everybody known; the trial is of cards learned in the same way before each period tried.
    """

    card: Scorecard
    trial: Trial
    tried: pd.DataFrame
    line: Line
    base_log_odds: np.ndarray
    single: str
    single_score: np.ndarray
    rfm_score: np.ndarray | None


def learned(rows: pd.DataFrame, newest: np.ndarray, columns: list[str], *, kind: str, seed: int) -> Scorecard:
    """A calibrated card: its slope from a card that had not seen the newest rows, its height from how often it
    happened in them."""
    y = rows["target"].to_numpy(int)
    slope = 1.0
    if min(np.bincount(y[~newest], minlength=2).min(), np.bincount(y[newest], minlength=2).min()) >= FEWEST:
        earlier = Scorecard.fit(rows[~newest], columns, kind=kind, seed=seed)
        slope = slope_of(earlier.log_odds(rows[newest]), y[newest])
    card = Scorecard.fit(rows, columns, kind=kind, seed=seed)
    return calibrated(card, slope, card.log_odds(rows[newest]), y[newest])


def learn(known: pd.DataFrame, periods: Periods, columns: list[str], *, draws: int, seed: int) -> Learned:
    """Walk forward through the newest periods, then learn from everybody."""
    import pandas as pd

    steps = list(periods.steps())
    kind = _better_kind(known, *steps[0][:2], columns, seed)
    parts: dict[str, list[np.ndarray]] = {"score": [], "base": [], "single": [], "rfm": []}
    single = _best_single(known[steps[0][0]], columns)
    rfm = [column for column in RFM if column in columns]
    for teach, newest, tried in steps:
        rows, inside, ahead = known[teach], newest[teach], known[tried]
        card = learned(rows, inside, columns, kind=kind, seed=seed)
        parts["score"].append(card.log_odds(ahead))
        rate = float(np.clip(rows["target"][inside].mean(), 1e-4, 1 - 1e-4))
        parts["base"].append(np.full(len(ahead), np.log(rate / (1 - rate))))
        parts["single"].append(Scorecard.fit(rows, [single]).log_odds(ahead))
        parts["rfm"].append(Scorecard.fit(rows, rfm).log_odds(ahead) if rfm else np.zeros(0))
    tried = pd.concat([known[step[2]] for step in steps], ignore_index=True)
    whole = {name: np.concatenate(part) for name, part in parts.items()}
    happened, who = tried["target"].to_numpy(int), tried["customer_id"].astype("str").to_numpy(object)
    newest = periods.of == periods.count - 1
    return Learned(
        card=learned(known, newest, columns, kind=kind, seed=seed),
        trial=Trial.of(whole["score"], happened, who, draws=draws, seed=seed),
        tried=tried,
        line=Line.through(whole["score"], happened, who),
        base_log_odds=whole["base"],
        single=single,
        single_score=whole["single"],
        rfm_score=whole["rfm"] if rfm else None,
    )


def _better_kind(known: pd.DataFrame, teach: np.ndarray, newest: np.ndarray, columns: list[str], seed: int) -> str:
    """The kind of card that foretells the newest of the teaching rows best; the simplest of those that are as good."""
    older, y = teach & ~newest, known["target"].to_numpy(int)[newest]
    if np.bincount(known["target"].to_numpy(int)[older], minlength=2).min() < FEWEST:
        return KINDS[0]
    losses = {}
    for kind in KINDS:
        log_odds = Scorecard.fit(known[older], columns, kind=kind, seed=seed).log_odds(known[newest])
        losses[kind] = log_loss(slope_of(log_odds, y) * log_odds, y)
    return next(kind for kind in KINDS if losses[kind] <= 1.002 * min(losses.values()))


def log_loss(log_odds: np.ndarray, happened: np.ndarray) -> float:
    """How surprising what happened was, on average, once the height of the score is right."""
    p = sigmoid(log_odds + shift_to(log_odds, float(np.clip(happened.mean(), 1e-4, 1 - 1e-4))))
    return float(-np.log(np.where(happened == 1, p, 1 - p).clip(1e-9)).mean())


def _best_single(rows: pd.DataFrame, columns: list[str]) -> str:
    """The one column that orders people best by itself: the rule somebody would otherwise go by."""
    y, steps = rows["target"].to_numpy(int), cut(rows, columns)
    if not steps:
        return columns[0]
    found = {one.column: alone(one.of(rows), y, one.count) for one in steps}
    return max(sorted(found), key=found.get)
