"""Who has left, where nobody says so: the chance of it from the silence, learnt together with how often customers
leave.

After each purchase a customer leaves with a chance h that depends on how many there were; who stays buys again after a
pause. A long silence is either: so each silent customer counts by the chance that it has left, h / (h + (1 − h)·G),
where G is how many of the ended pauses were as long. It is a cure model for every pause (Boag 1949), without a line to
be drawn. By how much a group's h differs from that of all is found by expectation and maximisation in turn (Dempster,
Laird and Rubin 1977).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STAGES = 6
ROUNDS = 60
HELD = 10.0
"""A group's chance is held to that of all by so many purchases: small groups say little by themselves."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """For each customer the chance that it has left, its `stage` (number of purchases, up to STAGES); and by group and
    stage by which share all those chances may be wrong together (`relative`)."""

    chance: np.ndarray
    stage: np.ndarray
    relative: np.ndarray

    @classmethod
    def of(cls, purchases: np.ndarray, as_long: np.ndarray, never: np.ndarray,
           group: np.ndarray | None = None) -> Left:  # fmt: skip
        """From each customer's number of purchases, the share of ended pauses as long as its silence, the share of
        pauses after as many purchases that never end, and its group."""
        purchases, as_long = np.asarray(purchases, np.int64), np.clip(np.asarray(as_long, float), 0, 1)
        group = np.zeros(len(purchases), int) if group is None else np.asarray(group)
        stage = np.minimum(purchases, STAGES) - 1
        counted = np.bincount(stage, minlength=STAGES)
        base = np.bincount(stage, np.asarray(never, float), STAGES) / np.maximum(counted, 1)
        groups = int(group.max(initial=0)) + 1
        h = np.tile(base, (groups, 1))
        if groups > 1:
            all_alike = _likeliest(purchases, as_long, np.zeros(len(group), int), stage, start=base)
            apart = _likeliest(purchases, as_long, group, stage, start=all_alike[0])
            h = np.clip(base * apart / np.maximum(all_alike, 1e-9), 0, 0.99)
        mine = h[group, stage]
        chance = mine / np.maximum(mine + (1 - mine) * as_long, 1e-300)
        return cls(chance=np.where(mine > 0, chance, 0.0), stage=stage,
                   relative=_wrong_together(h, (purchases, as_long, group, stage)))  # fmt: skip

    @classmethod
    def stated(cls, as_long: np.ndarray, groups: int = 1) -> Left:
        """Where a contract says who left, there is nothing to guess."""
        gone = 1.0 - np.asarray(as_long, float)
        return cls(chance=gone, stage=np.zeros(len(gone), int), relative=np.zeros((groups, STAGES)))


def _wrong_together(h: np.ndarray, customers: tuple[np.ndarray, ...]) -> np.ndarray:
    """The standard error of each h as a share of it, from the information the purchases hold on it."""
    purchases, as_long, group, stage = customers
    mine = h[group, stage]
    known = np.zeros_like(h)
    np.add.at(known, (group, stage), ((1 - as_long) / np.maximum(mine + (1 - mine) * as_long, 1e-9)) ** 2)
    silent = np.bincount(group * STAGES + stage, minlength=h.size).reshape(h.shape)
    known = known + (_trials(purchases, group, h.shape) - silent) / (1 - h) ** 2
    return np.minimum(1 / np.maximum(h * np.sqrt(np.maximum(known, 1e-9)), 1e-9), 3.0)


def _likeliest(purchases: np.ndarray, as_long: np.ndarray, group: np.ndarray, stage: np.ndarray, *,
               start: np.ndarray) -> np.ndarray:  # fmt: skip
    """The likeliest chance to leave after a purchase, group × stage, held to `start`."""
    groups = int(group.max(initial=0)) + 1
    trials = _trials(purchases, group, (groups, STAGES))
    h, cell = np.tile(np.clip(start, 1e-4, 0.9), (groups, 1)), group * STAGES + stage
    for _ in range(ROUNDS):
        mine = h[group, stage]
        chance = mine / np.maximum(mine + (1 - mine) * as_long, 1e-300)
        gone = np.bincount(cell, chance, groups * STAGES).reshape(groups, STAGES)
        h = np.clip((gone + HELD * np.clip(start, 1e-4, 0.9)) / (trials + HELD), 1e-6, 0.99)
    return h


def _trials(purchases: np.ndarray, group: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How many purchases of each stage there were, group × stage."""
    trials = np.zeros(shape)
    for place in range(STAGES - 1):
        trials[:, place] = np.bincount(group, purchases > place, shape[0])
    trials[:, STAGES - 1] = np.bincount(group, np.maximum(purchases - STAGES + 1, 0), shape[0])
    return trials
