"""Randomised campaigns whose true effect is known in every part: by customer, by day, by category, by household, beside
another campaign, and where the lot was not kept. Each world is a frame in the columns of its feature, and its truth."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.simulation.campaigns import ORDER_WORTH
from crm_analytics.simulation.draws import stream

STARTS = date(2025, 3, 3)
RATE = 0.28
"""Orders of an ordinary customer in four weeks."""
CATEGORIES = ("Garden", "Kitchen", "Textiles", "Lighting")
PROMOTED = CATEGORIES[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class PartTruth:
    """What is planted, in revenue a customer: in all, and in each part (a day's number, a category, a customer …)."""

    effect: float
    parts: dict[object, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Customers:
    """The customers of a test: what they buy by themselves, what each order is worth to them, and their arm."""

    ids: np.ndarray
    rate: np.ndarray
    worth: np.ndarray
    treated: np.ndarray
    before: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.Generator, customers: int, treated_share: float = 0.5) -> _Customers:
        rate = rng.gamma(0.9, RATE / 0.9, customers)
        return cls(
            ids=np.array([f"N{i:07d}" for i in range(customers)]), rate=rate,
            worth=ORDER_WORTH * rng.gamma(4.0, 0.25, customers), treated=rng.random(customers) < treated_share,
            before=rng.poisson(3 * rate),
        )  # fmt: skip

    def better(self, rng: np.random.Generator, by: str) -> np.ndarray:
        """Who would be addressed if somebody chose, rather better customers by habit or by their purchases."""
        known = self.rate / RATE if by == "habit" else self.before / (3 * RATE)
        return rng.random(len(known)) < 1 / (1 + np.exp(0.6 * (1 - known)))

    def frame(self, rng: np.random.Generator) -> pd.DataFrame:
        """What every feature of campaigns says of them."""
        return pd.DataFrame({
            "customer_id": self.ids, "arm": np.where(self.treated, "treated", "control"), "campaign": "A test",
            "starts": pd.Timestamp(STARTS), "before_revenue": self.spent(rng, self.before).round(2),
            "before_orders": self.before.astype(float),
        })  # fmt: skip

    def spent(self, rng: np.random.Generator, orders: np.ndarray) -> np.ndarray:
        """What so many orders of each customer come to; the amount of one is skewed."""
        owner = np.repeat(np.arange(len(orders)), orders)
        each = self.worth[owner] * np.exp(rng.normal(0, 0.6, len(owner)) - 0.18)
        return np.bincount(owner, each, minlength=len(orders))


def experiment_people(
    seed: int, *, customers: int = 4000, effect: float = 3.0, uneven: float = 0.0, treated_share: float = 0.5
) -> tuple[pd.DataFrame, PartTruth]:
    """A test in the columns of `features.campaign_people`; the truth's parts are each customer's expected gain.

    With `uneven` 0 the campaign brings everybody the same; with 1 only those who mostly bought for the garden (three in
    ten) gain, and frequent buyers are put off a third of their orders. The other traits tell nothing.
    """
    rng = stream(seed, "experiment people")
    who = _Customers.drawn(rng, customers, treated_share)
    category = rng.choice(CATEGORIES, customers, p=[0.3, 0.3, 0.25, 0.15])
    yearly = rng.poisson(13 * who.rate).astype(float)
    garden, frequent = category == PROMOTED, yearly >= 6
    more = effect / ORDER_WORTH * ((1 - uneven) + uneven * garden / 0.3)
    lost = uneven / 3 * frequent
    w = who.treated
    orders = rng.poisson(who.rate * (1 - lost * w)) + rng.poisson(more * w)
    money = who.spent(rng, orders)
    gain = who.worth * (more - lost * who.rate)
    frame = who.frame(rng).drop(columns=["before_revenue", "before_orders"])
    frame = frame.assign(
        campaign_id="T1", days=28, outcome_revenue=money.round(2), outcome_orders=orders.astype(float),
        outcome_margin=(0.42 * money).round(2), top_category=category, orders_window=yearly,
        revenue_window=who.spent(rng, yearly.astype(int)).round(2),
        recency_days=np.where(yearly > 0, rng.exponential(365 / (yearly + 1)).round(), np.nan),
        region=rng.choice(["Riga", "Tartu", "Vilnius"], customers), age=rng.integers(18, 85, customers).astype(float),
        luck=rng.normal(size=customers), sign=rng.choice(list("abcdef"), customers),
    )  # fmt: skip
    return frame, PartTruth(effect=float(gain.mean()), parts=dict(zip(who.ids.tolist(), gain.tolist(), strict=True)))


def experiment_days(
    seed: int, *, customers: int = 4000, effect: float = 3.0, borrowed: float = 0.5, days: int = 84,
    by: Literal["lot", "habit", "purchases"] = "lot",
) -> tuple[pd.DataFrame, PartTruth]:  # fmt: skip
    """A test in the columns of `features.campaign_days`; the truth's parts are the mean gain of each day.

    The first four weeks gain `effect` a customer; the share `borrowed` of it is missing in the four weeks after. The
    arms are drawn by lot, or chosen: the better customers `by` their habit, which lasts, or by what they bought lately.
    """
    rng = stream(seed, "experiment days")
    who = _Customers.drawn(rng, customers)
    if by != "lot":
        who = replace(who, treated=who.better(stream(seed, "chosen"), by))
    by_day = np.zeros(days)
    by_day[:28] = effect / 28
    by_day[28:56] = -borrowed * effect / 28
    usual = who.rate / 28
    usual_mean = RATE / 28 * ORDER_WORTH
    counts = rng.poisson(
        np.where(
            who.treated[:, None],
            usual[:, None] * np.minimum(1.0, 1 + by_day / usual_mean) + np.maximum(by_day, 0) / ORDER_WORTH,
            usual[:, None],
        )
    )
    owner, day = (np.repeat(place, counts[counts > 0]) for place in np.nonzero(counts))
    each = who.worth[owner] * np.exp(rng.normal(0, 0.6, len(owner)) - 0.18)
    truth = PartTruth(effect=float(by_day.sum()), parts={int(d): float(v) for d, v in enumerate(by_day)})
    return _long(who.frame(rng), owner, each, {"day": day}).assign(days=days), truth


def experiment_parts(
    seed: int, *, customers: int = 4000, effect: float = 3.0, cannibalised: float = 0.5
) -> tuple[pd.DataFrame, PartTruth]:
    """A test in the columns of `features.campaign_parts`; the truth's parts are the mean gain of each category.

    The promoted category gains `effect` a customer; the share `cannibalised` of it is lost by the second.
    """
    rng = stream(seed, "experiment parts")
    who = _Customers.drawn(rng, customers)
    share = np.array([0.3, 0.4, 0.2, 0.1])
    gain = np.array([effect, -cannibalised * effect, 0.0, 0.0])
    usual = who.rate[:, None] * share
    kept = np.minimum(1.0, 1 + gain / (RATE * share * ORDER_WORTH))
    counts = rng.poisson(np.where(who.treated[:, None], usual * kept + np.maximum(gain, 0) / ORDER_WORTH, usual))
    owner, part = (np.repeat(place, counts[counts > 0]) for place in np.nonzero(counts))
    each = who.worth[owner] * np.exp(rng.normal(0, 0.6, len(owner)) - 0.18)
    long = _long(who.frame(rng), owner, each, {"part": np.array(CATEGORIES, object)[part]})
    truth = PartTruth(effect=float(gain.sum()), parts=dict(zip(CATEGORIES, gain.tolist(), strict=True)))
    return long.assign(days=28), truth


def experiment_households(
    seed: int, *, households: int = 400, effect: float = 3.0, alike: float = 0.5
) -> tuple[pd.DataFrame, PartTruth]:
    """A test whose lot was drawn among households (or stores) of one to nine customers, in the columns of
    `features.campaign_outcomes`; members share the arm and, with `alike`, how much they buy."""
    rng = stream(seed, "experiment households")
    home = np.repeat(np.arange(households), 1 + rng.poisson(2.0, households).clip(max=8))
    who = _Customers.drawn(rng, len(home))
    treated = (rng.random(households) < 0.5)[home]
    rate = who.rate * np.exp(alike * rng.normal(size=households) - alike**2 / 2)[home]
    orders = rng.poisson(rate) + rng.poisson(np.where(treated, effect / ORDER_WORTH, 0.0))
    frame = who.frame(rng).assign(
        arm=np.where(treated, "treated", "control"), household=[f"H{h:05d}" for h in home], days=28,
        outcome_revenue=who.spent(rng, orders).round(2), outcome_orders=orders.astype(float),
    )  # fmt: skip
    return frame, PartTruth(effect=effect)


def experiment_reached(
    seed: int, *, customers: int = 4000, effect: float = 5.0, reached: float = 0.7, contaminated: float = 0.1
) -> tuple[pd.DataFrame, PartTruth]:
    """A test that was not carried out as drawn, in the columns of `features.campaign_outcomes`: only the share
    `reached` of the addressed was contacted, the better customers rather, and `contaminated` of the control as well.
    `effect` is that of a contact."""
    rng = stream(seed, "experiment reached")
    who = _Customers.drawn(rng, customers)
    eager = who.rate * rng.gamma(4.0, 0.25, customers)
    rank = 1 - eager.argsort().argsort() / customers
    contacted = np.where(who.treated, rank < reached, rank < contaminated)
    orders = rng.poisson(who.rate) + rng.poisson(np.where(contacted, effect / ORDER_WORTH, 0.0))
    frame = who.frame(rng).assign(
        contacted=contacted, days=28, outcome_revenue=who.spent(rng, orders).round(2),
        outcome_orders=orders.astype(float),
    )  # fmt: skip
    return frame, PartTruth(effect=effect)


def experiment_tests(
    seed: int,
    *,
    customers: int = 3000,
    effects: tuple[float, ...] = (3.0, 3.0, 0.0),
    beside: float = 0.0,
    lasting: float = 0.0,
) -> tuple[pd.DataFrame, PartTruth]:
    """Several campaigns, four weeks apart, on the same customers, each with a lot of its own, in the columns of
    `features.campaign_tests`; the truth's parts are each campaign's effect. With `beside` the last one brings so much
    more to those whom the one before it had addressed, and as much less to the others; with `lasting` that one goes on
    bringing so much while the last one runs."""
    rng = stream(seed, "experiment tests")
    parts, arms = [], []
    who = _Customers.drawn(rng, customers)
    for number, effect in enumerate(effects):
        arms.append(rng.random(customers) < 0.5)
        gain = np.full(customers, effect)
        if beside and number == len(effects) - 1 and number:
            gain += np.where(arms[-2], beside, -beside)
        w = arms[-1]
        orders = rng.poisson(who.rate * np.clip(1 + w * np.minimum(gain, 0) / (RATE * ORDER_WORTH), 0, 1))
        orders += rng.poisson(w * np.maximum(gain, 0) / ORDER_WORTH)
        if lasting and number == len(effects) - 1 and number:
            orders += rng.poisson(arms[-2] * lasting / ORDER_WORTH)
        parts.append(who.frame(rng).assign(
            campaign_id=f"T{number + 1}", campaign=f"Test {number + 1}", arm=np.where(w, "treated", "control"),
            starts=pd.Timestamp(STARTS) + pd.Timedelta(weeks=4 * number), days=28,
            outcome_revenue=who.spent(rng, orders).round(2), outcome_orders=orders.astype(float),
        ))  # fmt: skip
    truth = PartTruth(effect=max(effects), parts={f"Test {k + 1}": effect for k, effect in enumerate(effects)})
    return pd.concat(parts, ignore_index=True), truth


def _long(people: pd.DataFrame, owner: np.ndarray, revenue: np.ndarray, by: dict[str, np.ndarray]) -> pd.DataFrame:
    """A row for each customer and part with a purchase, and one without a part for everybody else."""
    name, part = next(iter(by.items()))
    bought = pd.DataFrame({"customer_id": people["customer_id"].to_numpy()[owner], name: part, "revenue": revenue})
    bought = bought.groupby(["customer_id", name], as_index=False).agg(
        outcome_revenue=("revenue", "sum"), outcome_orders=("revenue", "size")
    )
    return people.merge(bought, on="customer_id", how="left").fillna({"outcome_revenue": 0.0, "outcome_orders": 0})
