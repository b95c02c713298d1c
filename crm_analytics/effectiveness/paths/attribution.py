"""Who gets the credit: conversions shared out among the touches before them, by rules and by a Markov chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.paths.attribution_checks import checks
from crm_analytics.effectiveness.paths.markov import Chain, Orders
from crm_analytics.effectiveness.paths.rules import RULES, parts
from crm_analytics.effectiveness.paths.ways import Ways
from crm_analytics.result import Result, Study
from crm_analytics.say import say

MODELS = (*RULES, "time decay", "markov")
LEAST_CONVERSIONS = 30
PARTS = 40
"""The ways are dealt into so many parts, each left out once, to see how much the chain's answer hangs on chance."""

HIGHEST_ORDER = 3


@dataclass(frozen=True, kw_only=True)
class Attribution(Study):
    """To which channels are the orders put down, and how much does that depend on the rule?

    Six rules (first, last, last not direct, linear, position, time decay), the Shapley value, and a Markov chain solved
    exactly (removal effects; its memory `order` is chosen by how well it foretells ways it has not seen, unless given).
    `model` is the one the answer is told by; all stand in `credits`. The credits of a model sum to all conversions and
    all their value. Attribution splits what was sold: none of it says what would have been sold without advertising;
    hold it against experiments with `.against(known)`. Ways still open are left out.
    """

    model: Literal["last", "first", "last not direct", "linear", "position", "shapley", "time decay", "markov"] = (
        "markov"
    )
    order: int | None = None
    confidence: float = 0.95
    seed: int = 1

    reads = "paths"
    columns = ("path", "conversions", "value", "lost")
    of = "ways from advertisement to order"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model not in MODELS:
            raise ValueError(f"There is no model {self.model!r}; choose among {', '.join(MODELS)}.")
        if self.order is not None and not 1 <= self.order <= HIGHEST_ORDER:
            raise ValueError(f"order is {self.order}; a chain remembers 1 to {HIGHEST_ORDER} touches.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame[frame["path"].fillna("").str.strip() != ""]
        ended = frame[["conversions", "value", "lost"]].astype(float)
        if ended.isna().any(axis=None) or (ended < 0).any(axis=None):
            raise ValueError("conversions, value and lost are known and not negative; features.paths makes them so.")
        if self.model == "time decay" and "decayed" not in frame:
            raise ValueError("time decay needs the times of touches, as features.paths has them; choose another model.")
        conversions = float(ended["conversions"].sum())
        if conversions < LEAST_CONVERSIONS:
            return self.refuse(
                say(
                    "Not enough evidence: {n:count} conversions at the end of these ways; at least {least:count} are "
                    "needed to share them out.",
                    n=conversions,
                    least=LEAST_CONVERSIONS,
                )
            )
        ways = Ways.of(frame[(ended["conversions"] > 0) | (ended["lost"] > 0)])
        if len(ways.names) < 2:
            return self.refuse(
                say(
                    "Not enough evidence: all touches are of one channel ({name}), which therefore has all the credit; "
                    "two channels at least are needed.",
                    name=ways.names[0],
                )
            )
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):  # the matrices are small: more threads only wait for one another
            return _credited(self, ways, frame)


@dataclass(frozen=True, kw_only=True, eq=False)
class AttributionResult(Result):
    """The credit of each channel by the chosen model, and how far the models are apart.

    `table`, the largest credit first: channel, conversions and value with their intervals (`low`, `high`,
    `value_low`, `value_high`), `share` of all conversions, `least_share` and `most_share` over all models, `rank` and
    the `best_rank` and `worst_rank` it has by any model. `credits` has all models: model, channel, conversions, value,
    share, low, high (of the share), value_share, value_low, value_high (of its share).
    """

    conversions: float
    value: float
    order: int
    orders: Orders | None
    credits: pd.DataFrame = field(repr=False)
    since: date | None = None
    until: date | None = None

    def by_model(self, measure: Literal["conversions", "value", "share"] = "share") -> pd.DataFrame:
        """The credits side by side: a channel a row, a model a column. Raises ValueError for another measure."""
        if measure not in ("conversions", "value", "share"):
            raise ValueError(f"measure is conversions, value or share, not {measure!r}.")
        wide = self.credits.pivot(index="channel", columns="model", values=measure)
        return wide.loc[self.table["channel"], [m for m in MODELS if m in wide]].rename_axis(columns=None).reset_index()

    def against(self, known: object, costs: object = None) -> Result:
        """The credits held against what experiments say of each channel: what is claimed, and what was caused.

        `known` is a frame (or an Ibis table, as `features.incremental` makes one) of channel, incremental, low, high
        and evidence, money over the days of these ways; the channel "" is the sum over all advertising.
        `costs`, of channel, cost and margin_share (`features.advertising_costs`), make profit of it.
        """
        from crm_analytics.effectiveness.paths.reconciled import reconciled

        return reconciled(self, known, costs)


def _credited(study: Attribution, ways: Ways, frame: pd.DataFrame) -> AttributionResult:
    squares = None
    if "value_squares" in frame:
        squares = frame.groupby("path")["value_squares"].sum().reindex(_paths(frame)).to_numpy(float)
    tables = [_by_rule(ways, rule, study.confidence, squares) for rule in RULES]
    if ways.decayed is not None:
        tables.append(_by_rule(ways, "time decay", study.confidence, squares))
    orders = None if study.order else Orders.tried(ways, most=HIGHEST_ORDER, seed=study.seed)
    order = study.order or orders.chosen
    tables.append(_by_chain(ways, order, study))
    credits = pd.concat(tables, ignore_index=True)
    conversions, value = float(ways.conversions.sum()), float(ways.value.sum())
    credits.insert(2, "conversions", credits["share"] * conversions)
    credits.insert(3, "value", credits["value_share"] * value)
    table = _table(credits, study.model, conversions, value)
    days = [frame[name].iloc[0] if name in frame else None for name in ("first_day", "last_day")]
    since, until = (pd.Timestamp(day).date() if pd.notna(day) else None for day in days)
    return AttributionResult(
        study=study,
        table=table,
        text=_sentence(study, table, conversions),
        checks=checks(ways, frame, credits=credits, model=study.model, orders=orders, order=order),
        conversions=conversions,
        value=value,
        order=order,
        orders=orders,
        credits=credits,
        since=since,
        until=until,
    )


def _paths(frame: pd.DataFrame) -> pd.Index:
    ended = frame[(frame["conversions"] > 0) | (frame["lost"] > 0)]
    return pd.Index(sorted(ended["path"].unique()))


def _by_rule(ways: Ways, rule: str, confidence: float, squares: np.ndarray | None) -> pd.DataFrame:
    """A rule's shares: sums over ways, so their sampling error is one too (ways come as they come, independently)."""
    of_one, of_value = parts(ways, rule)
    total, worth = ways.conversions.sum(), ways.value.sum()
    share = ways.conversions @ of_one / total
    value_share = ways.value @ of_value / worth if worth > 0 else share
    each = ways.value**2 / np.where(ways.conversions > 0, ways.conversions, 1) if squares is None else squares
    error = np.sqrt(ways.conversions @ (of_one - share) ** 2) / total
    value_error = np.sqrt(each @ (of_value - value_share) ** 2) / worth if worth > 0 else error
    return _shares(ways, rule, confidence, (share, error), (value_share, value_error))


def _by_chain(ways: Ways, order: int, study: Attribution) -> pd.DataFrame:
    """The chain's shares; their error is that of leaving out one fortieth of all ways at a time (jackknife)."""
    chain = Chain.of(ways, order)
    share, value_share = chain.removal(ways.conversions, ways.value, ways.lost)
    random = np.random.default_rng(study.seed)
    worth = ways.value / np.where(ways.conversions > 0, ways.conversions, 1)
    rest = [np.rint(x).astype(np.int64) for x in (ways.conversions, ways.lost)]
    without = []
    for part in range(PARTS):
        taken = [random.binomial(left, 1 / (PARTS - part)) for left in rest]
        rest = [left - gone for left, gone in zip(rest, taken, strict=True)]
        converted, lost = ways.conversions - taken[0], ways.lost - taken[1]
        without.append(chain.removal(converted, worth * converted, lost))
    errors = [
        np.sqrt((PARTS - 1) / PARTS * ((shares - shares.mean(axis=0)) ** 2).sum(axis=0))
        for shares in (np.array([one[i] for one in without]) for i in (0, 1))
    ]
    return _shares(ways, "markov", study.confidence, (share, errors[0]), (value_share, errors[1]))


def _shares(
    ways: Ways,
    model: str,
    confidence: float,
    once: tuple[np.ndarray, np.ndarray],
    worth: tuple[np.ndarray, np.ndarray],
) -> pd.DataFrame:
    from scipy.stats import t

    wide = t.ppf(0.5 + confidence / 2, PARTS - 1)

    def between(share: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.clip(share - wide * error, 0, 1), np.clip(share + wide * error, 0, 1)

    low, high = between(*once)
    value_low, value_high = between(*worth)
    return pd.DataFrame(
        {
            "model": model,
            "channel": list(ways.names),
            "share": once[0],
            "low": low,
            "high": high,
            "value_share": worth[0],
            "value_low": value_low,
            "value_high": value_high,
        }
    )


def _table(credits: pd.DataFrame, model: str, conversions: float, value: float) -> pd.DataFrame:
    ranks = credits.groupby("model")["share"].rank(ascending=False, method="min").astype(int)
    over = credits.assign(rank=ranks).groupby("channel")
    told = credits[credits["model"] == model].set_index("channel")
    table = pd.DataFrame(
        {
            "conversions": told["conversions"],
            "low": told["low"] * conversions,
            "high": told["high"] * conversions,
            "value": told["value"],
            "value_low": told["value_low"] * value,
            "value_high": told["value_high"] * value,
            "share": told["share"],
            "least_share": over["share"].min(),
            "most_share": over["share"].max(),
            "rank": ranks[credits["model"] == model].to_numpy(),
            "best_rank": over["rank"].min(),
            "worst_rank": over["rank"].max(),
        }
    ).reset_index()
    return table.sort_values(["rank", "channel"], ignore_index=True)


def _sentence(study: Attribution, table: pd.DataFrame, conversions: float) -> str:
    top = table.iloc[0]
    values = {
        "share": top["share"],
        "span": (top["low"] / conversions, top["high"] / conversions),
        "range": (top["least_share"], top["most_share"]),
        "conversions": conversions,
        "channel": top["channel"],
        "model": called(study.model),
    }
    return say(
        "{share:percent} ({span:percents}) of {conversions:count} conversions are put down to {channel} by {model}, "
        "{range:percents} by all models: a way of sharing out what was sold, not of knowing what was caused.",
        **values,
    )


def called(model: str) -> str:
    """A model's name in a sentence."""
    return {
        "last": say("the last touch"),
        "first": say("the first touch"),
        "last not direct": say("the last touch that is not direct"),
        "linear": say("equal shares"),
        "position": say("position (40-20-40)"),
        "shapley": say("the Shapley value"),
        "time decay": say("time decay"),
        "markov": say("the Markov chain"),
    }[model]
