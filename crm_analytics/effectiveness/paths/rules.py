"""Rules that share a conversion out among the touches before it. Each gives every touch of a way its part of one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crm_analytics.effectiveness.paths.ways import Ways

DIRECT = frozenset({
    "direct", "(direct)", "(no contact)", "(none)", "none", "(not set)", "unknown", "typein",
    "прямые заходы", "прямой", "прямой заход",
})  # fmt: skip
"""What visits without an advertisement are called."""


def first(ways: Ways) -> np.ndarray:
    return (ways.place == 0).astype(float)


def last(ways: Ways) -> np.ndarray:
    return (ways.place == ways.length[ways.way] - 1).astype(float)


def last_not_direct(ways: Ways) -> np.ndarray:
    """The last touch that was an advertisement; the last of all where none was."""
    paid = np.array([name.lower() not in DIRECT for name in ways.names], bool)[ways.touch]
    where = np.full(len(ways), -1)
    np.maximum.at(where, ways.way[paid], ways.place[paid])
    where = np.where(where < 0, ways.length - 1, where)
    return (ways.place == where[ways.way]).astype(float)


def linear(ways: Ways) -> np.ndarray:
    return 1.0 / ways.length[ways.way]


def position(ways: Ways) -> np.ndarray:
    """Two fifths to the first touch, two to the last, the fifth between to all others; halves where there are two."""
    length = ways.length[ways.way]
    ends = (ways.place == 0) | (ways.place == length - 1)
    between = 0.2 / np.maximum(length - 2, 1)
    return np.select([length == 1, length == 2], [1.0, 0.5], np.where(ends, 0.4, between))


def shapley(ways: Ways) -> np.ndarray:
    """Equal parts to the channels of a way, however often each touched it.

    This is the Shapley value of the game in which a set of channels earns the conversions of all ways that need no
    others: a sum of unanimity games, whose value is known in closed form (Shapley 1953). So it is exact for any number
    of channels, and nothing has to be sampled.
    """
    of_channel = ways.way * len(ways.names) + ways.touch
    _, inverse, times = np.unique(of_channel, return_inverse=True, return_counts=True)
    return 1.0 / (times[inverse] * ways.with_channel.sum(axis=1)[ways.way])


RULES: dict[str, Callable[[Ways], np.ndarray]] = {
    "last": last,
    "first": first,
    "last not direct": last_not_direct,
    "linear": linear,
    "position": position,
    "shapley": shapley,
}


def parts(ways: Ways, rule: str) -> tuple[np.ndarray, np.ndarray]:
    """What each channel gets of one conversion of each way (way × channel), and of its value.

    The rule "time decay" needs the times of touches, of which the table keeps what they leave to each.
    """
    if rule == "time decay":
        once = ways.decayed / np.where(ways.conversions > 0, ways.conversions, 1)[ways.way]
        worth = ways.decayed_value / np.where(ways.value > 0, ways.value, 1)[ways.way]
        return _by_way(ways, once), np.where((ways.value > 0)[:, None], _by_way(ways, worth), _by_way(ways, once))
    each = _by_way(ways, RULES[rule](ways))
    return each, each


def _by_way(ways: Ways, each: np.ndarray) -> np.ndarray:
    channels = len(ways.names)
    return np.bincount(ways.way * channels + ways.touch, each, len(ways) * channels).reshape(len(ways), channels)
