"""The ways as a Markov chain: what would be lost if a channel were not there, solved exactly.

From a start a way goes from touch to touch until it converts or is lost. A channel's removal effect is the probability
to convert through it: with it gone, every way that comes to it is lost (Anderl et al. 2016). With the fundamental
matrix N of the absorbing chain that is u_S · N_SS⁻¹ · b_S, where S are the channel's states, u the expected visits of
each state and b the chance to convert from it: no simulation, and one inverse for all channels. In a chain of order k
a state is the last k touches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.effectiveness.paths.ways import Ways

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_STATES = 400
"""A chain with more states is not tried: most of its steps would have been seen once or twice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chain:
    """The steps of ways in a chain of some order, ready to be counted anew for other numbers of each way.

    `steps` says how often each step from state to state is in each way (way × step), `begins` and `ends` are the first
    and last state of each way, `channel` is the channel of each state.
    """

    order: int
    channels: int
    channel: np.ndarray
    steps: csr_matrix
    step_from: np.ndarray
    step_to: np.ndarray
    begins: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, ways: Ways, order: int) -> Chain:
        """The chain of that order. Raises ValueError for no touch."""
        from scipy.sparse import csr_matrix

        if order < 1:
            raise ValueError(f"The order of a chain is at least 1, not {order}.")
        states, state = np.unique(_states(ways, order), return_inverse=True)
        inside = np.flatnonzero(ways.place[1:] > 0)
        step = state[inside] * len(states) + state[inside + 1]
        known, which = np.unique(step, return_inverse=True)
        shape = (len(ways), len(known))
        steps = csr_matrix((np.ones(len(which)), (ways.way[inside], which)), shape=shape)
        return cls(
            order=order,
            channels=len(ways.names),
            channel=(states % (len(ways.names) + 1)).astype(np.int64) - 1,
            steps=steps,
            step_from=known // len(states),
            step_to=known % len(states),
            begins=state[ways.first],
            ends=state[ways.first + ways.length - 1],
        )

    def __len__(self) -> int:
        return len(self.channel)

    @cached_property
    def _turned(self) -> csr_matrix:
        return self.steps.T.tocsr()

    def removal(self, converted: np.ndarray, value: np.ndarray, lost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The share of conversions, and of their value, that would be lost without each channel, in proportion.

        `converted`, `value` and `lost` say how often each way ended so, and what it was worth.
        """
        count, all_ways = len(self), converted + lost
        taken = np.zeros((count, count))
        taken[self.step_from, self.step_to] = self._turned @ all_ways
        won, worth, gone = (np.bincount(self.ends, ended, count) for ended in (converted, value, lost))
        left = taken.sum(axis=1) + won + gone
        left[left == 0] = 1.0
        reached = np.linalg.inv(np.eye(count) - taken / left[:, None])
        start = np.bincount(self.begins, all_ways, count) / max(all_ways.sum(), 1.0)
        visits = start @ reached
        ahead = reached @ (np.column_stack([won, worth]) / left[:, None])
        effects = np.zeros((self.channels, 2))
        for channel in range(self.channels):
            own = np.flatnonzero(self.channel == channel)
            if len(own):
                effects[channel] = visits[own] @ np.linalg.solve(reached[np.ix_(own, own)], ahead[own])
        effects = np.maximum(effects, 0.0)
        totals = effects.sum(axis=0)
        return tuple(effects[:, i] / totals[i] if totals[i] > 0 else effects[:, i] for i in (0, 1))


def _states(ways: Ways, order: int) -> np.ndarray:
    """The last `order` touches up to each touch, as one number whose lowest digit is the touch itself."""
    base = len(ways.names) + 1
    if order * np.log2(base) > 62:
        raise ValueError(f"{len(ways.names)} channels are too many for a chain of order {order}.")
    number = ways.touch.astype(np.int64) + 1
    for back in range(1, order):
        earlier = np.zeros(len(ways.touch), np.int64)
        earlier[back:] = ways.touch[: len(ways.touch) - back] + 1
        number = number + np.where(ways.place >= back, earlier, 0) * base**back
    return number


@dataclass(frozen=True, kw_only=True)
class Orders:
    """How well chains of each order foretold steps of ways they had not seen: bits a step, fewer is better."""

    bits: dict[int, float]
    chosen: int

    @classmethod
    def tried(cls, ways: Ways, *, most: int, seed: int) -> Orders:
        """Half of all ways teach, the other half are foretold; the lowest order within a hundredth of a bit is taken.

        What a longer memory has not seen often it leaves to the shorter one (Dirichlet with weight 2 on the order
        below), so that it is not punished for being rare.
        """
        random = np.random.default_rng(seed)
        converted, lost = (np.rint(x).astype(np.int64) for x in (ways.conversions, ways.lost))
        taught = random.binomial(converted, 0.5), random.binomial(lost, 0.5)
        asked = converted - taught[0], lost - taught[1]
        bits, below = {}, None
        for order in range(1, most + 1):
            if order * np.log2(len(ways.names) + 1) > 62 or len(np.unique(_states(ways, order))) > MOST_STATES:
                break
            below = _foretold(ways, order, taught, below)
            weight = _weights(ways, *asked)
            bits[order] = float(-(np.log2(below) @ weight) / max(weight.sum(), 1.0))
        best = min(bits.values(), default=0.0)
        chosen = next((order for order, told in bits.items() if told <= best + 0.01), 1)
        return cls(bits=bits, chosen=chosen)


def _weights(ways: Ways, converted: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """How often each step was taken: to the next touch from all but the last, then to a conversion, then to a loss."""
    inner = (converted + lost)[ways.way] * (ways.place < ways.length[ways.way] - 1)
    return np.concatenate([inner, converted, lost]).astype(float)


def _foretold(ways: Ways, order: int, taught: tuple[np.ndarray, np.ndarray], below: np.ndarray | None) -> np.ndarray:
    """The chance that a chain of this order, taught by some ways, gives to each step of all ways."""
    channels = len(ways.names)
    state = np.unique(_states(ways, order), return_inverse=True)[1]
    final = ways.first + ways.length - 1
    following = np.append(ways.touch[1:], 0)
    source = np.concatenate([state, state[final], state[final]])
    target = np.concatenate([following, np.full(len(ways), channels), np.full(len(ways), channels + 1)])
    weight = _weights(ways, *taught)
    step = source * (channels + 2) + target
    size = (int(source.max()) + 1) * (channels + 2)
    seen = np.bincount(step, weight, size)[step]
    of_state = np.bincount(source, weight)[source]
    prior = below if below is not None else np.full(len(step), 1 / (channels + 2))
    return (seen + 2 * prior) / (of_state + 2)
