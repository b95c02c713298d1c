"""What will be in each customer's next purchase? The own shares, drawn towards the base's, and what follows what.

How much a customer's own past counts is found from how much customers differ (a beta-binomial for each kind of goods,
as a Dirichlet-multinomial has them): where they do not differ beyond chance, the own past counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.next.chances import logistic, logit

if TYPE_CHECKING:
    import pandas as pd

OTHER = "other"

STRENGTHS = (1, 2, 4, 8, 16, 32, 64, 128, 512, 1e6)
"""As how many purchases of one's own the base can count; a million: nobody has a taste of one's own."""

CAUTION = 50
"""As how many purchases «what follows what» begins at nothing."""

MOST_FITTED = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Goods:
    """What customers known on a day had bought until then: customers × kinds of goods, and what speaks for each kind.

    `base` is the share of purchases that hold a kind; `own`, `follows` and `season` are what the customer's own past,
    the last purchase and the time of year add to its log-odds.
    """

    kinds: np.ndarray
    base: np.ndarray
    own: np.ndarray
    follows: np.ndarray
    season: np.ndarray

    @classmethod
    def known(cls, bought: pd.DataFrame, kinds: np.ndarray, day: pd.Timestamp, horizon_days: int) -> Goods:
        """From rows (`customer_id`, `day`, `goods`) sorted by customer and day, of which those before `day` count."""
        bought = bought[bought["day"] < day]
        holds, who, when = _purchases(bought, kinds)
        count = np.bincount(who).astype(float)
        held = np.add.reduceat(holds, np.flatnonzero(np.diff(who, prepend=-1)), axis=0)
        base = np.clip(holds.mean(axis=0), 1e-4, 1 - 1e-4)
        strength = np.array([_strength(held[:, kind], count, base[kind]) for kind in range(len(kinds))])
        shrunk = (held + strength * base) / (count[:, None] + strength)
        last = holds[np.flatnonzero(np.diff(who, append=-1))]
        follows = last @ _follows(holds, who, base) / np.maximum(last.sum(axis=1, keepdims=True), 1)
        season = _season(holds, when, day=day, horizon_days=horizon_days, base=base)
        return cls(kinds=kinds, base=base, own=logit(shrunk) - logit(base), follows=follows, season=season)

    def columns(self, rows: np.ndarray) -> np.ndarray:
        """Customers × kinds × (one, own, follows, season)."""
        season = np.broadcast_to(self.season, self.own[rows].shape)
        return np.stack([np.ones_like(season), self.own[rows], self.follows[rows], season], axis=2)


@dataclass(frozen=True, kw_only=True)
class Taste:
    """How much each of those counts. Without a taste of one's own, everybody is foretold the same."""

    weights: tuple[float, ...]
    personal: bool

    @classmethod
    def learned(cls, goods: Goods, rows: np.ndarray, held: np.ndarray, *, personal: bool) -> Taste:
        """From what was in the next purchase (`held`) of these customers (`rows`)."""
        keep = [0, 1, 2, 3] if personal else [0, 3]
        columns = goods.columns(rows)[:, :, keep].reshape(-1, len(keep))
        offset = np.broadcast_to(logit(goods.base), held.shape).ravel()
        weights = np.zeros(4)
        weights[keep] = logistic(columns, held.ravel(), offset)[0]
        return cls(weights=tuple(map(float, weights)), personal=personal)

    def chances(self, goods: Goods, rows: np.ndarray) -> np.ndarray:
        """Customers × kinds: the chance that the next purchase holds a kind."""
        from scipy.special import expit

        return expit(logit(goods.base) + goods.columns(rows) @ np.array(self.weights))


def kinds_of(bought: pd.DataFrame) -> np.ndarray:
    """The kinds of goods that can be told apart; what is «other» is none, unless everything is."""
    kinds = np.unique(bought["goods"].to_numpy(object))
    return kinds[kinds != OTHER] if len(kinds) > 1 else kinds


def held_in(bought: pd.DataFrame, kinds: np.ndarray) -> np.ndarray:
    """Purchases (rows sorted by customer and day) × kinds of goods: whether they hold it."""
    return _purchases(bought, kinds)[0]


def _purchases(bought: pd.DataFrame, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ids, day = bought["customer_id"].to_numpy(object), bought["day"].to_numpy()
    new = np.ones(len(ids), bool)
    new[1:] = ids[1:] != ids[:-1]
    who = np.cumsum(new) - 1
    new[1:] |= day[1:] != day[:-1]
    purchase = np.cumsum(new) - 1
    holds = np.zeros((int(new.sum()), len(kinds)), dtype=np.float32)
    goods = bought["goods"].to_numpy(object)
    told = np.isin(goods, kinds)
    holds[purchase[told], np.searchsorted(kinds, goods[told])] = 1
    return holds, who[new], day[new]


def _strength(held: np.ndarray, count: np.ndarray, base: float) -> float:
    """As how many purchases the base counts, by likelihood."""
    from scipy.special import betaln

    some = np.flatnonzero(count > 1)[:: max(1, int((count > 1).sum()) // MOST_FITTED)]
    m, n = held[some].astype(float), count[some]

    def likelihood(strength: float) -> float:
        a, b = strength * base, strength * (1 - base)
        return float((betaln(a + m, b + n - m) - betaln(a, b)).sum())

    return max(reversed(STRENGTHS), key=likelihood)


def _follows(holds: np.ndarray, who: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Kinds × kinds: how much more likely the second is after a purchase that holds the first, as a logarithm."""
    next_ = np.flatnonzero(who[1:] == who[:-1])
    first, then = holds[next_].astype(float), holds[next_ + 1].astype(float)
    times, both = first.sum(axis=0), first.T @ then
    after = (both + CAUTION * base) / (times[:, None] + CAUTION)
    return np.log(after / base)


def _season(
    holds: np.ndarray, when: np.ndarray, *, day: pd.Timestamp, horizon_days: int, base: np.ndarray
) -> np.ndarray:
    """What the same days a year ago held more of than the rest of that year, as log-odds; nothing without that year."""
    ago = (np.datetime64(day) - when.astype("datetime64[ns]")) / np.timedelta64(1, "D")
    year, same = ago <= 365, (ago <= 365) & (ago > 365 - min(horizon_days, 365))
    if ago.max(initial=0) < 365 or same.sum() < CAUTION:
        return np.zeros(len(base))
    usual = np.clip(holds[year].mean(axis=0), 1e-4, 1 - 1e-4)
    share = (holds[same].sum(axis=0) + CAUTION * usual) / (same.sum() + CAUTION)
    return logit(share) - logit(usual)
