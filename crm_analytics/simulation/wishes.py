"""What people want later: some agree again after they had withdrawn, some wish to be left in peace.

Drawn from a stream of its own, so that the company is the same but for this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.effects import Arms, position
from crm_analytics.simulation.persons import CONSENT_CHANNELS, Consents
from crm_analytics.simulation.plan import CAMPAIGNS

AGREE_AGAIN_SHARE = 0.25
BARRED_SHARE = 0.015
FOR_ALL_CHANNELS, FOR_GOOD = 0.6, 0.7
BASES = ("form in the shop", "web form", "call", "loyalty card")
REASONS = ("asked on the telephone", "complaint", "national list")


@dataclass(frozen=True)
class Wishes:
    """Wishes not to be contacted as columns; `channel` −1: by none at all, `until` −1: for good."""

    customer: np.ndarray
    channel: np.ndarray
    since: np.ndarray
    until: np.ndarray
    reason: np.ndarray


def agreeing_again(first: Consents, *, seed: int) -> Consents:
    """Consents given again some weeks after they were withdrawn; some are withdrawn once more."""
    rng = stream(seed, "consent history")
    ended = np.flatnonzero((first.withdrawn >= 0) & (first.withdrawn < DAYS - 60))
    ended = ended[rng.random(len(ended)) < AGREE_AGAIN_SHARE]
    granted = first.withdrawn[ended] + rng.integers(14, 60, len(ended))
    withdrawn = granted + rng.integers(20, 400, len(ended))
    withdrawn = np.where((rng.random(len(ended)) < 0.6) | (withdrawn >= DAYS), -1, withdrawn)
    return Consents(first.customer[ended], first.channel[ended], granted, withdrawn)


def bases(consents: Consents) -> np.ndarray:
    """What brought each consent, as a position in BASES."""
    return (consents.customer * 7 + consents.channel * 3 + consents.granted) % len(BASES)


def draw_wishes(count: int, arms: list[Arms], *, seed: int) -> Wishes:
    """Customers who asked to be left in peace, on a day after the last campaign they took part in."""
    rng = stream(seed, "do not contact")
    last_touch = np.zeros(count, int)
    for group in arms:
        np.maximum.at(last_touch, group.customer, position(CAMPAIGNS[group.campaign].ends))
    since = last_touch + 1 + (rng.random(count) * (DAYS - last_touch)).astype(int)
    customer = np.flatnonzero((rng.random(count) < BARRED_SHARE) & (since < DAYS))
    many = len(customer)
    channel = np.where(rng.random(many) < FOR_ALL_CHANNELS, -1, rng.integers(0, len(CONSENT_CHANNELS), many))
    until = np.where(rng.random(many) < FOR_GOOD, -1, since[customer] + 180)
    return Wishes(customer, channel, since[customer], until, rng.integers(0, len(REASONS), many))
