"""Which traits of customers are worth a segment of their own, and which only look interesting?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.segments import trait_axes
from crm_analytics.planning.customers.segments.beyond_rfm import (
    EXTREME,
    Told,
    by_chance,
    centred,
    exchanges,
    purchases_of,
    residuals,
    shrunken,
    told,
)
from crm_analytics.planning.customers.segments.trait_groups import TraitGroups, groups_of
from crm_analytics.planning.customers.segments.traits_checks import checks
from crm_analytics.result import Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

WORTH, UNSURE, NOTHING = "proves its worth", "not enough evidence", "tells nothing"
OUTCOMES = ("repeat", "spend")
HELD = 0.25
"""So much of what a trait told in one period it must tell in the other."""
MOST_EXCHANGED = 20_000
"""A trait is tried on so many customers at most, drawn by lot: more make no claim surer that matters."""
_FEWEST_EARLIER = 100


@dataclass(frozen=True, kw_only=True)
class Traits(Study):
    """Which traits (why somebody came, the part of the day, the first product, the channel …) tell what customers do
    next beyond what recency, frequency and money already tell, and so deserve to be an axis of segments?

    A trait proves its worth if it tells whether customers buy again or what they spend, on people left out of the
    estimate, more than chance would among all traits tried (Holm), and at least a quarter of it in an earlier period
    as well. It tells nothing if even the upper end of what it may tell is below `worth_having`, a share of what
    recency, frequency and money leave open, or if no two of its groups are large enough. `axes` are columns to try;
    without them all texts and the share of weekends; numbers are taken in thirds. A group of fewer than
    `smallest_group` customers is no segment.
    """

    reads = "profile_outcomes"
    columns = ("customer_id", "known_by", "days", "recency_days", "orders", "revenue", "known_days", "outcome_orders",
               "outcome_revenue")  # fmt: skip
    least = 200
    of = "customers"

    axes: tuple[str, ...] = ()
    smallest_group: int = 30
    worth_having: float = 0.005
    level: float = 0.05
    permutations: int = 999
    seed: int = 1

    def __post_init__(self) -> None:
        if self.smallest_group < 2:
            raise ValueError(f"smallest_group is {self.smallest_group}; a group is two customers at least, say 30.")
        if not 0 < self.level < 0.5:
            raise ValueError(f"level is {self.level}; give a small probability, like 0.05.")
        if not 0 < self.worth_having < 1:
            raise ValueError(f"worth_having is {self.worth_having}; give a share of the variance, like 0.005.")
        if self.permutations < 99:
            raise ValueError(f"permutations is {self.permutations}; chance takes 99 at least, 999 are usual.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.sort_values(["known_by", "customer_id"], ignore_index=True)
        newest = frame["known_by"] == frame["known_by"].max()
        now, before = frame[newest].reset_index(drop=True), frame[~newest].reset_index(drop=True)
        if len(now) < self.least:
            return self.too_few(len(now))
        names = trait_axes.candidates(now, self.axes)
        if not names:
            return self.refuse(
                say("Not enough evidence: no trait of these customers is recorded for most of them in two values or "
                    "more; record why they come, or through which channel.")
            )  # fmt: skip
        seen = _Seen.of(now, self.seed)
        if seen.same:
            return self.refuse(
                say("Not enough evidence: in these {days:count} days all {customers:count} customers did the same; "
                    "take a longer horizon.", days=int(now["days"].iloc[0]), customers=len(now))
            )  # fmt: skip
        earlier = _Seen.of(before, self.seed) if len(before) >= _FEWEST_EARLIER else None
        axes = [trait_axes.axis(now, before, name) for name in names]
        table = self._table(axes, seen, earlier)
        return TraitsResult(
            study=self, table=table, text=_sentence(table, int(now["days"].iloc[0])), now=now, seen=seen,
            checks=checks(table, now, before, seen.foretold), axes={axis.name: axis for axis in axes},
        )  # fmt: skip

    def _table(self, axes: list[trait_axes.Axis], seen: _Seen, earlier: _Seen | None) -> pd.DataFrame:
        import pandas as pd

        found = self._told(axes, seen)
        adjusted = dict(zip(found, holm([one.p for one in found.values()]), strict=True))
        rows = []
        for axis in axes:
            best = min(OUTCOMES, key=lambda outcome: (adjusted[axis.name, outcome], -found[axis.name, outcome].gain))
            one, p = found[axis.name, best], adjusted[axis.name, best]
            held = _held(axis, best, seen, earlier)
            row = {"trait": axis.name, "verdict": "", "tells": best, "gain": one.gain,
                   "low": one.gain - 1.96 * one.error, "high": one.gain + 1.96 * one.error, "p": p,
                   "gain_earlier": held, "known": axis.known.mean(), "values": axis.values}  # fmt: skip
            row |= _between(axis, seen, self.smallest_group)
            most = max(found[axis.name, outcome].gain + 1.96 * found[axis.name, outcome].error for outcome in OUTCOMES)
            row["verdict"] = self._verdict(row, most)
            rows.append(row)
        table = pd.DataFrame(rows)
        rank = table["verdict"].map({WORTH: 0, UNSURE: 1, NOTHING: 2})
        order = table.assign(rank=rank).sort_values(["rank", "p", "gain", "trait"], ascending=[True, True, False, True])
        return order.drop(columns="rank").reset_index(drop=True)

    def _told(self, axes: list[trait_axes.Axis], seen: _Seen) -> dict[tuple[str, str], Told]:
        times = max(self.permutations, 40 * len(axes) * len(OUTCOMES) - 1)  # else no trait of many could be told
        found: dict[tuple[str, str], Told] = {}
        for outcome in OUTCOMES:
            moves: dict[bytes, np.ndarray] = {}  # traits that are known of the same customers share their exchanges
            for axis in axes:
                mine = self._exchanged(axis.known)
                strata = seen.strata[outcome][mine]
                left = centred(seen.left[outcome][mine], strata)
                key = np.packbits(axis.known).tobytes()
                if key not in moves:
                    moves[key] = exchanges(strata, times, self.seed)
                null = by_chance(left, axis.group[mine], moves[key])
                found[axis.name, outcome] = told(left, axis.group[mine], null)
        return found

    def _exchanged(self, known: np.ndarray) -> np.ndarray:
        mine = np.flatnonzero(known)
        if len(mine) <= MOST_EXCHANGED:
            return mine
        return np.sort(np.random.default_rng(self.seed).choice(mine, MOST_EXCHANGED, replace=False))

    def _verdict(self, row: dict[str, Any], most: float) -> str:
        proven = row["p"] < self.level and row["low"] > 0 and row["groups"] >= 2
        if proven and row["gain_earlier"] >= HELD * row["gain"]:
            return WORTH
        small = most < self.worth_having or row["groups"] < 2
        return NOTHING if row["p"] >= self.level and small else UNSURE


@dataclass(frozen=True, kw_only=True, eq=False)
class TraitsResult(Result):
    """One row per trait, the most telling first: `trait`, `verdict`, `tells` (repeat: whether customers bought again;
    spend: what they spent), `gain` with `low` and `high` (of the variance that recency, frequency and money leave open,
    the share it tells of people left out of the estimate; 95 %), `p` (for chance, among all traits tried),
    `gain_earlier` (how much of the earlier period's variance the groups of this one tell), `known` (share of customers
    for whom it is recorded), `values`, `groups` (values with enough customers), `best`, `worst` (of those), and
    `money`, `money_low`, `money_high`: what a customer of the best brings more than one of the worst with the same
    purchases behind them.

    `.by(trait)` shows its groups.
    """

    now: pd.DataFrame = field(repr=False)
    axes: dict[str, trait_axes.Axis] = field(repr=False)
    seen: _Seen = field(repr=False)

    def by(self, trait: str = "") -> TraitGroups:
        """The groups of a trait (else of the foremost): customers, how many bought again, spend. Raises ValueError."""
        trait = trait or str(self.table["trait"].iloc[0])
        if trait not in self.axes:
            raise ValueError(f"There is no trait {trait!r} here; there are {', '.join(self.axes)}.")
        row = self.table[self.table["trait"] == trait].iloc[0]
        effects = shrunken(*self._known("spend", trait))
        return groups_of(self.study, self.axes[trait], self.now, effects, str(row["verdict"]))

    def _known(self, outcome: str, trait: str) -> tuple[np.ndarray, np.ndarray]:
        axis = self.axes[trait]
        return self.seen.left[outcome][axis.known], axis.group[axis.known]


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What purchases leave open of each outcome in one period, and who is alike."""

    left: dict[str, np.ndarray]
    strata: dict[str, np.ndarray]
    foretold: float
    """The share of whether customers buy again that purchases foretell."""

    @classmethod
    def of(cls, frame: pd.DataFrame, seed: int) -> _Seen:
        spent = frame["outcome_revenue"].fillna(0).to_numpy(float)
        ends = np.quantile(spent, [1 - EXTREME, EXTREME], method="nearest")
        outcomes = {"repeat": (frame["outcome_orders"] > 0).to_numpy(float), "spend": np.clip(spent, *ends)}
        purchases, orders = purchases_of(frame), frame["orders"].to_numpy(float)
        both = {name: residuals(purchases, orders, outcome, seed) for name, outcome in outcomes.items()}
        varied = outcomes["repeat"].var()
        share = 1 - both["repeat"][0].var() / varied if varied > 0 else 0.0
        return cls(
            left={name: left for name, (left, _) in both.items()},
            strata={name: strata for name, (_, strata) in both.items()}, foretold=float(share),
        )  # fmt: skip

    @property
    def same(self) -> bool:
        return all(left.std() < 1e-9 for left in self.left.values())


def _held(axis: trait_axes.Axis, outcome: str, seen: _Seen, earlier: _Seen | None) -> float:
    """Of the earlier period's variance, the share that the groups' effects of this one tell."""
    if earlier is None or not axis.known_earlier.any():
        return float("nan")
    effects, _ = shrunken(seen.left[outcome][axis.known], axis.group[axis.known])
    left, group = earlier.left[outcome][axis.known_earlier], axis.group_earlier[axis.known_earlier]
    within = np.append(effects, 0.0)[np.where(group < len(effects), group, len(effects))]
    return float(2 * left @ within - within @ within) / max(float(left @ left), 1e-12)


def _between(axis: trait_axes.Axis, seen: _Seen, smallest: int) -> dict[str, Any]:
    """The best and the worst of the groups that are large enough, and the money between them."""
    group = axis.group[axis.known]
    large = np.flatnonzero(np.bincount(group) >= smallest) if len(group) else np.array([], int)
    row = {"groups": len(large), "best": "", "worst": "", "money": np.nan, "money_low": np.nan, "money_high": np.nan}
    if len(large) < 2:
        return row
    effects, errors = shrunken(seen.left["spend"][axis.known], group)
    best, worst = large[effects[large].argmax()], large[effects[large].argmin()]
    if effects[best] == effects[worst]:
        return row
    money, error = effects[best] - effects[worst], float(np.hypot(errors[best], errors[worst]))
    return row | {
        "best": axis.names[best], "worst": axis.names[worst], "money": float(money),
        "money_low": float(money - 1.96 * error), "money_high": float(money + 1.96 * error),
    }  # fmt: skip


def _sentence(table: pd.DataFrame, days: int) -> str:
    first = table.iloc[0]
    worth = table[table["verdict"] == WORTH]
    said = {"gain": max(first["gain"], 0.0), "span": (max(first["low"], 0.0), max(first["high"], 0.0)),
            "trait": trait_axes.in_words(first["trait"]), "traits": len(table), "days": days}  # fmt: skip
    if not len(worth):
        return say(
            "{gain:percent} ({span:percents}) of what recency, frequency and money leave open is the "
            "most that one of {traits:count} traits tells ({trait}); none proves its worth as an axis of segments.",
            **said,
        )
    return say(
        "{gain:percent} ({span:percents}) of what recency, frequency and money leave open is told by "
        "{trait}; {worth:count} of {traits:count} traits prove their worth. Between «{best}» and «{worst}» lie "
        "{money:money} ({money_low:money} – {money_high:money}) a customer in {days:count} days.",
        worth=len(worth), best=first["best"], worst=first["worst"], money=first["money"],
        money_low=first["money_low"], money_high=first["money_high"], **said,
    )  # fmt: skip
