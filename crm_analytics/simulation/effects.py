"""What campaigns do to orders: those they bring are added and marked, those they put off are marked and never happen.

The same company without campaigns is in the same rows, so that each campaign's effect is a sum, not an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.simulation.assortment import REGIONS
from crm_analytics.simulation.customers import ATTITUDES, People
from crm_analytics.simulation.demand import DAYS, FIRST_DAY, carry, response
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.orders import Lives, Orders, joined
from crm_analytics.simulation.plan import CAMPAIGNS, CURVES, LOST_WEEKS, Campaign
from crm_analytics.simulation.segments import DEALERS, WALK_INS

GLAD, PUT_OFF = list(ATTITUDES).index("glad"), list(ATTITUDES).index("put off")
ORDER_WORTH = 120.0
"""About what an ordinary order is worth in euros; it turns a response curve's revenue into a number of orders."""


@dataclass(frozen=True)
class Arms:
    """Who took part in a direct campaign, who of them was addressed, and what that does to each on average."""

    campaign: int
    customer: np.ndarray
    treated: np.ndarray
    expected_orders: np.ndarray
    """Orders more (or fewer) that the customer makes if addressed; of control customers too."""


def draw_arms(people: People, before: Orders, lives: Lives, *, seed: int) -> list[Arms]:
    """Arms of all direct campaigns, drawn by chance among the customers who had joined by then."""
    out = []
    for number, campaign in enumerate(CAMPAIGNS):
        if not campaign.direct:
            continue
        rng = stream(seed, f"arms {number}")
        start = position(campaign.starts)
        eligible = np.flatnonzero((people.joined < start) & (people.segment != DEALERS))
        customer = eligible[rng.random(len(eligible)) < campaign.share]
        treated = rng.random(len(customer)) >= campaign.control
        here = lives.alive[customer] | (lives.last_day[customer] >= start)
        attitude = people.attitude[customer]
        coming = _coming(before, people, start=start, weeks=LOST_WEEKS)[customer]
        expected = np.where(attitude == GLAD, campaign.extra * here, 0.0)
        expected -= np.where(attitude == PUT_OFF, campaign.lost * coming, 0.0)
        out.append(Arms(number, customer, treated, expected))
    return out


def position(day) -> int:
    """The number of a day, counted from the first day of the history."""
    return (day - FIRST_DAY).days


def _coming(orders: Orders, people: People, *, start: int, weeks: int) -> np.ndarray:
    inside = (orders.day >= start) & (orders.day < start + 7 * weeks) & (orders.customer >= 0)
    return np.bincount(orders.customer[inside], minlength=len(people))


def with_campaigns(before: Orders, people: People, lives: Lives, arms: list[Arms], *, seed: int) -> Orders:
    """The orders as they came about: with those that campaigns brought, and those put off marked as such."""
    fate = before.campaign.copy()
    brought = []
    for group in arms:
        campaign = CAMPAIGNS[group.campaign]
        rng = stream(seed, f"effect {group.campaign}")
        fate = _put_off(before, fate, group, people=people, rng=rng)
        addressed = group.treated & (people.attitude[group.customer] == GLAD) & (group.expected_orders > 0)
        owner = np.repeat(group.customer[addressed], rng.poisson(campaign.extra, addressed.sum()))
        day = position(campaign.starts) + _after(rng, len(owner), campaign)
        brought.append(_orders(owner, people.segment[owner], day, group.campaign))
    for number, campaign in enumerate(CAMPAIGNS):
        if not campaign.direct:
            brought.append(_brought_by_mass(number, people, lives, seed=seed))
    return joined(before.with_campaign(fate), *brought)


def _put_off(before: Orders, fate: np.ndarray, group: Arms, *, people: People, rng: np.random.Generator) -> np.ndarray:
    campaign = CAMPAIGNS[group.campaign]
    angry = np.zeros(len(people) + 1, bool)
    angry[group.customer[group.treated & (people.attitude[group.customer] == PUT_OFF)]] = True
    start = position(campaign.starts)
    inside = (before.day >= start) & (before.day < start + 7 * LOST_WEEKS) & angry[before.customer]
    cancelled = inside & (fate == 0) & (rng.random(len(before)) < campaign.lost)
    return np.where(cancelled, -(group.campaign + 1), fate).astype(np.int16)


def expected_revenue(number: int, people_count: int) -> float:
    """What a mass campaign brings on average, in euros, from its channel's response curve."""
    campaign = CAMPAIGNS[number]
    a, b = CURVES[campaign.channel]
    return float(response(campaign.spend, a=a, b=b)) * campaign.luck * people_count / 2000


def _brought_by_mass(number: int, people: People, lives: Lives, *, seed: int) -> Orders:
    rng = stream(seed, f"effect {number}")
    campaign = CAMPAIGNS[number]
    count = rng.poisson(expected_revenue(number, len(people)) / ORDER_WORTH)
    first, length = position(campaign.starts), (campaign.ends - campaign.starts).days + 1
    day = first + rng.integers(0, length, count) + _after(rng, count, campaign)
    there = (people.joined < first) & (lives.alive | (lives.last_day > first + length)) & (people.segment != DEALERS)
    if campaign.region:
        there &= people.region == REGIONS.index(campaign.region)
    reached = np.flatnonzero(there)
    if not len(reached):
        reached = np.array([-1])
    owner = np.where(rng.random(count) < 0.7, rng.choice(reached, count), -1)
    if campaign.region:
        owner = np.where(owner < 0, -2 - REGIONS.index(campaign.region), owner)
    segment = np.where(owner >= 0, people.segment[owner], WALK_INS)
    return _orders(owner, segment, day, number)


def _after(rng: np.random.Generator, count: int, campaign: Campaign) -> np.ndarray:
    """Days from touch to order: the lag, then an effect that halves and halves."""
    shares = carry(campaign.lag_days, campaign.half_life_days)
    return rng.choice(len(shares), count, p=shares)


def _orders(owner: np.ndarray, segment: np.ndarray, day: np.ndarray, number: int) -> Orders:
    inside = day < DAYS
    count = int(inside.sum())
    return Orders(
        owner[inside].astype(np.int32),
        day[inside].astype(np.int32),
        segment[inside].astype(np.int8),
        np.full(count, number + 1, np.int16),
    )
