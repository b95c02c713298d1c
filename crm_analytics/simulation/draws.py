"""Chance, repeatable: a stream of random numbers for each part of the company, and wheels spun by the million."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, part: str) -> np.random.Generator:
    """The random numbers of one part of the company: turning a knob in one part leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


def wheel(weights: np.ndarray, slots: int = 1024) -> np.ndarray:
    """Wheels of fortune, one for each row of `weights`: `slots` equal slots shared out in proportion to the weights.

    Spinning is one look-up, `wheel[row, spins]`, which is what makes twenty million lines affordable.
    """
    weights = np.atleast_2d(np.asarray(weights, float))
    ends = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    middles = (np.arange(slots) + 0.5) / slots
    return np.stack([np.searchsorted(row, middles) for row in ends]).astype(np.int16).clip(max=weights.shape[1] - 1)


def spins(rng: np.random.Generator, count: int, slots: int = 1024) -> np.ndarray:
    """So many spins of a wheel of so many slots."""
    return rng.integers(0, slots, count, dtype=np.int16 if slots <= 2**15 else np.int64)


def shares(rng: np.random.Generator, weights: dict[str, float], count: int) -> np.ndarray:
    """So many codes (the position of the word in `weights`), each with the chance its word has."""
    odds = np.array(list(weights.values()), float)
    return rng.choice(len(odds), size=count, p=odds / odds.sum()).astype(np.int16)


def autocorrelated(rng: np.random.Generator, count: int, *, spread: float, memory: float) -> np.ndarray:
    """A series with mean zero whose standard deviation is `spread` and whose neighbours correlate by `memory`."""
    pushes = rng.normal(0, spread * np.sqrt(1 - memory**2), count)
    pushes[0] = rng.normal(0, spread)
    echo = memory ** np.arange(min(count, int(np.ceil(-28 / np.log(memory)))))
    return np.convolve(pushes, echo)[:count]
