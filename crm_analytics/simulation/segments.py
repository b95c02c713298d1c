"""The groups of customers: how often each buys, how soon it leaves, how it minds a price, and what it likes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A group of customers whose members differ: purchases a day ~ Gamma(r, alpha_days), and after each repeat
    purchase a customer leaves with a chance ~ Beta(a, b). That is BG/NBD (Fader, Hardie, Lee 2005), in demand time."""

    name: str
    kind: str
    share: float
    r: float
    alpha_days: float
    a: float
    b: float
    own_elasticity: float
    lines: float
    """Mean lines of an order; a customer's own mean varies around it."""
    units: float
    discount: float = 0.0
    web: float = 0.25
    tastes: tuple[float, ...] = (1, 1, 1, 1, 1, 1, 1, 1)
    """In the order of the categories."""


SEGMENTS = (
    Segment(
        name="families",
        kind="person",
        share=0.37,
        r=1.1,
        alpha_days=190,
        a=0.8,
        b=6.0,
        own_elasticity=-1.6,
        lines=2.8,
        units=1.4,
        tastes=(1.0, 1.3, 1.1, 1.5, 0.8, 1.2, 0.7, 0.9),
    ),
    Segment(
        name="bargain hunters",
        kind="person",
        share=0.25,
        r=0.9,
        alpha_days=160,
        a=1.2,
        b=5.0,
        own_elasticity=-2.8,
        lines=2.2,
        units=1.7,
        web=0.45,
        tastes=(0.8, 1.2, 1.2, 1.2, 1.0, 1.2, 0.9, 0.6),
    ),
    Segment(
        name="gardeners",
        kind="person",
        share=0.22,
        r=1.6,
        alpha_days=165,
        a=0.6,
        b=9.0,
        own_elasticity=-1.1,
        lines=3.2,
        units=1.6,
        web=0.15,
        tastes=(3.2, 0.5, 0.4, 0.5, 0.5, 0.5, 1.3, 1.8),
    ),
    Segment(
        name="newly moved",
        kind="person",
        share=0.10,
        r=1.3,
        alpha_days=80,
        a=2.5,
        b=4.5,
        own_elasticity=-1.4,
        lines=3.6,
        units=1.3,
        web=0.35,
        tastes=(0.5, 1.4, 1.2, 1.3, 1.5, 1.6, 1.6, 0.5),
    ),
    Segment(
        name="companies",
        kind="company",
        share=0.05,
        r=1.2,
        alpha_days=115,
        a=0.6,
        b=7.0,
        own_elasticity=-0.7,
        lines=2.6,
        units=3.5,
        discount=0.05,
        web=0.40,
        tastes=(0.4, 0.9, 1.3, 0.7, 1.6, 1.6, 1.8, 0.5),
    ),
    Segment(
        name="dealers",
        kind="dealer",
        share=0.01,
        r=2.0,
        alpha_days=60,
        a=0.3,
        b=12.0,
        own_elasticity=-0.9,
        lines=3.5,
        units=7.0,
        discount=0.25,
        web=0.0,
        tastes=(1.5, 1.0, 1.0, 0.7, 0.8, 0.8, 1.0, 1.5),
    ),
    Segment(
        name="walk-ins",
        kind="person",
        share=0.0,
        r=1.0,
        alpha_days=100,
        a=1.0,
        b=5.0,
        own_elasticity=-1.7,
        lines=2.5,
        units=1.4,
        web=0.0,
    ),
)
"""The last are those who buy without a card: nobody knows who they are."""

KNOWN = len(SEGMENTS) - 1
DEALERS = 5
WALK_INS = KNOWN
