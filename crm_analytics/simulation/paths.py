"""Ways from advertisement to order whose cause is known, by the hundred, without a company around them.

Some visitors need the goods and buy whatever they are shown; what they pass on their way merely accompanies them.
Others buy because of an advertisement: search sells, social media sells nothing itself but sends people to search.
Whatever the cause, most close through another channel. So a channel's true contribution is what would be lost
without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import stream

CHANNELS = ("search", "social", "organic", "banner", "price portal", "direct")
ADVERTISING = ("search", "social", "banner", "price portal")
_BEGIN = (0.30, 0.40, 0.25, 0.05, 0.0, 0.0)
_BESIDE = (0.20, 0.05, 0.30, 0.35, 0.10, 0.0)
_CLOSE = (0.20, 0.00, 0.15, 0.00, 0.25, 0.40)
ORDER_WORTH = 80.0
HALF_LIFE_DAYS = 7.0


@dataclass(frozen=True, kw_only=True)
class WaysTruth:
    """What is planted: orders (and their value) that would be lost without each channel, and those that come anyway.

    A sale that social media began and search made would be lost without either, so the parts may exceed the whole,
    `caused`.
    """

    lost_without: dict[str, int]
    value_without: dict[str, float]
    caused: int
    caused_value: float
    anyway: int
    anyway_value: float


def ways(
    seed: int, *, visitors: int = 20_000, need: float = 0.05, sells: float = 0.03, sends: float = 0.25
) -> tuple[pd.DataFrame, WaysTruth]:
    """So many visitors' ways in the columns of `features.paths`, and what is planted.

    `need` is the share of visitors who buy anyway, `sells` the chance that a search visit makes an order (four times
    that where social media sent it), `sends` the chance that a social visit leads to a search. With `sells=0` no
    advertisement causes anything. Raises ValueError for shares that are none.
    """
    if not (0 <= need <= 1 and 0 <= 4 * sells <= 1 and 0 <= sends <= 1):
        raise ValueError("need and sends are shares, and sells a share of at most a quarter.")
    rng = stream(seed, "ways")
    needy = rng.random(visitors) < need
    begin = rng.choice(len(CHANNELS), visitors, p=_BEGIN)
    search, social = CHANNELS.index("search"), CHANNELS.index("social")
    sent = (begin == social) & (rng.random(visitors) < sends)
    luck = rng.random(visitors)
    sold = ((begin == search) & (luck < sells)) | (sent & (luck < 4 * sells))
    converted = needy | sold
    beside = np.where(needy, rng.poisson(1.2, visitors), rng.poisson(0.3, visitors))
    closes = converted & (needy | (rng.random(visitors) < 0.7))
    who = np.arange(visitors)
    accompanied = np.repeat(who, beside)
    touches = pd.DataFrame(
        {
            "visitor": np.concatenate([who, who[sent], accompanied, who[closes]]),
            "channel": np.concatenate(
                [
                    begin,
                    np.full(sent.sum(), search),
                    rng.choice(len(CHANNELS), len(accompanied), p=_BESIDE),
                    rng.choice(len(CHANNELS), closes.sum(), p=_CLOSE),
                ]
            ),
            "day": np.concatenate(
                [
                    np.zeros(visitors),
                    rng.uniform(1, 3, sent.sum()),
                    rng.uniform(-6, 6, len(accompanied)),
                    rng.uniform(7, 10, closes.sum()),
                ]
            ),
        }
    )
    worth = np.where(converted, np.round(ORDER_WORTH * rng.gamma(2.0, 0.5, visitors), 2), 0.0)
    only_sold = sold & ~needy
    truth = WaysTruth(
        lost_without={c: int(only_sold[_through(c, begin, sent)].sum()) for c in CHANNELS},
        value_without={c: float(worth[only_sold & _through(c, begin, sent)].sum()) for c in CHANNELS},
        caused=int(only_sold.sum()),
        caused_value=float(worth[only_sold].sum()),
        anyway=int(needy.sum()),
        anyway_value=float(worth[needy].sum()),
    )
    return _summed(touches, converted, worth), truth


def _through(channel: str, begin: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """Whose sale, if an advertisement made it, would be lost without the channel."""
    if channel == "search":
        return (begin == CHANNELS.index("search")) | sent
    return sent & (channel == "social")


def _summed(touches: pd.DataFrame, converted: np.ndarray, worth: np.ndarray) -> pd.DataFrame:
    """Distinct ways with their sums, as the feature makes them."""
    touches = touches.sort_values(["visitor", "day"], ignore_index=True)
    last = touches.groupby("visitor")["day"].transform("max")
    left = np.exp2((touches["day"] - last) / HALF_LIFE_DAYS)
    touches["part"] = left / left.groupby(touches["visitor"]).transform("sum")
    touches["name"] = np.array(CHANNELS)[touches["channel"]]
    each = touches.groupby("visitor").agg(path=("name", " > ".join))
    each["conversions"], each["value"] = converted[each.index], worth[each.index]
    touches = touches.join(each, on="visitor")
    touches["place"] = touches.groupby("visitor").cumcount()
    touches["decayed"] = touches["part"] * touches["conversions"]
    touches["decayed_value"] = touches["part"] * touches["value"]
    places = touches.groupby(["path", "place"])[["decayed", "decayed_value"]].sum()
    lists = places.groupby("path").agg(list)
    each["value_squares"], each["lost"] = each["value"] ** 2, ~each["conversions"]
    sums = each.groupby("path")[["conversions", "value", "value_squares", "lost"]].sum()
    return sums.astype({"conversions": "int64", "lost": "int64"}).join(lists).reset_index().assign(open=0)
