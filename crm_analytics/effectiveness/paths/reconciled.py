"""Credits held against what experiments say: what each channel is credited with, what it caused, and the difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.paths.reconciled_checks import GRADES, checks
from crm_analytics.effectiveness.paths.rules import DIRECT
from crm_analytics.result import Claim, NotEnough, Result, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.paths.attribution import AttributionResult

FREE = DIRECT | {"organic", "organic search", "seo", "органика", "органический поиск"}
"""Channels that nobody pays for by the click: what comes by them would have come anyway."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReconciledResult(Result):
    """Claimed and caused, by channel, in money.

    `table`, the largest over-claim first: channel, `claimed` (by the chosen model) and `last_touch` (by last click),
    `incremental` with `low` and `high`, `too_much` (claimed less incremental), `evidence`: tested, compared, modelled;
    assumed where a known total less what experiments know is shared out by the model; unknown where neither speaks of
    the channel; anyway for visits nobody pays for. Where costs were given: cost, `profit` with `profit_low` and
    `profit_high`, and `profit_by_last_touch`. `anyway` is what would have been sold without advertising (not a number
    where some of it is unknown).
    """

    claimed: float
    incremental: float
    low: float
    high: float
    anyway: float
    since: date | None = field(default=None)
    until: date | None = field(default=None)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """By how much credits mislead, the worst first. What was brought is its experiment's own claim, told there."""
        if self.since is None or self.until is None:
            return ()
        told = self.table[self.table["evidence"] != "anyway"]
        length = min(max((self.until - self.since).days, 30), 365)
        return tuple(
            Claim(
                subject=say("orders by way of {channel}", channel=row.channel),
                **_beyond(row),
                first=self.since,
                last=self.until,
                expires=self.until + timedelta(days=length),
                scope=(("channel", str(row.channel)),),
                decision=_decision(row),
                reversed_by=say("A test against control that finds otherwise of {channel}.", channel=row.channel),
            )
            for row in told.head(5).itertuples()
        )


def _beyond(row: object) -> dict[str, object]:
    """By how much the credit misleads; the credit itself where nothing is known to hold it against."""
    if row.evidence == "unknown":
        credit = dict.fromkeys(("value", "low", "high"), float(row.claimed))
        return {"measure": say("revenue credited on no experiment"), "evidence": "assumed", **credit}
    measure = say("revenue credited beyond what was brought")
    span = {"low": float(row.claimed - row.high), "high": float(row.claimed - row.low)}
    return {"measure": measure, "evidence": row.evidence, "value": float(row.too_much), **span}


def reconciled(credited: AttributionResult, known: object, costs: object = None) -> Result:
    """Hold the credits against a frame of channel, incremental, low, high, evidence, and what is left of them against a
    frame of channel, cost and margin_share. Raises ValueError naming what is missing or wrong in them."""
    known = _checked(frame_of(known))
    total = known[known["channel"] == ""]
    known = known[known["channel"] != ""].set_index("channel")
    table = _claims_of(credited)
    unseen = [channel for channel in known.index if channel not in table.index]
    table = table.reindex([*table.index, *unseen]).fillna({"claimed": 0.0, "last_touch": 0.0})
    table = table.join(known)
    free = table.index.str.lower().isin(FREE) & table["incremental"].isna()
    table.loc[free, "evidence"] = "anyway"
    seen = table["incremental"].notna()
    if not seen.any() and total.empty:
        return _nothing_known(credited)
    others = table.index[~seen & ~free]
    _assume(table, others, seen, total)
    table["too_much"] = table["claimed"] - table["incremental"]
    table = table.rename_axis("channel").reset_index()
    table["size"] = table["too_much"].abs().fillna(table["claimed"].where(table["evidence"] == "unknown", -1.0))
    table = table.sort_values(["size", "channel"], ascending=[False, True], ignore_index=True).drop(columns="size")
    table = table[["channel", "claimed", "last_touch", "incremental", "low", "high", "too_much", "evidence"]]
    if costs is not None:
        table = _with_profit(table, frame_of(costs))
    return _told(credited, table, total)


def _with_profit(table: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """What was brought, at the rate at which revenue becomes margin, less what was spent; and what the last touch would
    have said. Nothing is said where no cost is on record."""
    if missing := [name for name in ("channel", "cost", "margin_share") if name not in costs]:
        raise ValueError(f"Costs need the columns {', '.join(missing)}; features.advertising_costs(wh, …) has them.")
    spent = costs.set_index(costs["channel"].astype(str))
    if spent.index.has_duplicates:
        raise ValueError("A channel stands twice in the costs; give one row for each.")
    cost = table["channel"].map(spent["cost"].astype(float))
    left = table["channel"].map(spent["margin_share"].astype(float))
    return table.assign(
        cost=cost,
        profit=left * table["incremental"] - cost,
        profit_low=left * table["low"] - cost,
        profit_high=left * table["high"] - cost,
        profit_by_last_touch=left * table["last_touch"] - cost,
    )


def _checked(known: pd.DataFrame) -> pd.DataFrame:
    needed = ["channel", "incremental", "low", "high", "evidence"]
    if missing := [name for name in needed if name not in known]:
        raise ValueError(f"What is known needs the columns {', '.join(missing)}; features.incremental(wh, …) has them.")
    known = known[needed].assign(channel=known["channel"].fillna("").astype(str))
    if known["channel"].duplicated().any():
        raise ValueError("A channel stands twice in what is known; give one row for each.")
    numbers = known[["incremental", "low", "high"]].astype(float)
    if numbers.isna().any(axis=None) or not (
        (numbers["low"] <= numbers["incremental"]).all() and (numbers["incremental"] <= numbers["high"]).all()
    ):
        raise ValueError("incremental lies between low and high in what is known, and all three are given.")
    if wrong := sorted(set(known["evidence"]) - set(GRADES)):
        raise ValueError(f"evidence is one of {', '.join(GRADES)}, not {wrong[0]!r}.")
    return known.assign(**numbers)


def _claims_of(credited: AttributionResult) -> pd.DataFrame:
    credits = credited.credits
    by = {
        name: credits[credits["model"] == model].set_index("channel")["value"]
        for name, model in (("claimed", credited.study.model), ("last_touch", "last"))
    }
    return pd.DataFrame(by).sort_index()


def _nothing_known(credited: AttributionResult) -> NotEnough:
    return credited.study.refuse(
        say(
            "Not enough evidence: no test against control and no kept answer says what any of these channels brought, "
            "so {value:money} of credits can be held against nothing. One channel left out in one region for four "
            "weeks would be a beginning.",
            value=credited.value,
        )
    )


def _assume(table: pd.DataFrame, others: pd.Index, seen: pd.Series, total: pd.DataFrame) -> None:
    """What experiments do not say of a channel: of a known total its part of the rest by the model, and anything up to
    the whole rest. Without a total nothing: ways may show orders that would have come anyway, and may miss most of what
    a channel brings, so its credit bounds nothing."""
    table.loc[others, "evidence"] = "unknown"
    if total.empty:
        return
    told, claimed = table[seen], table.loc[others, "claimed"]
    rest, most = (float(total[name].iloc[0] - told[_other(name)].sum()) for name in ("incremental", "high"))
    share = claimed / claimed.sum() if claimed.sum() > 0 else claimed
    table.loc[others, "evidence"] = "assumed"
    table.loc[others, "incremental"] = share * rest
    table.loc[others, "low"] = np.minimum(0.0, share * rest)
    table.loc[others, "high"] = np.maximum(most, share * rest)  # the split is the model's: all of it may be one's


def _other(name: str) -> str:
    """The most of a rest is the most of the total less the least of the parts."""
    return "low" if name == "high" else name


def _told(credited: AttributionResult, table: pd.DataFrame, total: pd.DataFrame) -> ReconciledResult:
    known = table[table["evidence"].isin(GRADES[:3])]
    compared = known[known["claimed"] > 0]
    compared = compared if len(compared) else known
    value = float(compared["incremental"].sum())
    low, high = (
        value + sign * float(np.sqrt(((compared[side] - compared["incremental"]) ** 2).sum()))
        for side, sign in (("low", -1), ("high", 1))
    )
    claimed, last = float(compared["claimed"].sum()), float(compared["last_touch"].sum())
    told = table[table["evidence"].isin(GRADES)]
    caused = float(total["incremental"].iloc[0]) if len(total) else float(told["incremental"].sum())
    text = say(
        "{value:money} ({low:money} – {high:money}) is what the {n:count} {n:channel|channels} that experiments know "
        "really brought; {model} credits {n:it|them} with {claimed:money}, the last touch with {last:money}: {gap}.",
        value=value,
        low=low,
        high=high,
        n=len(compared),
        model=_model(credited),
        claimed=claimed,
        last=last,
        gap=_gap(claimed, low, high),
    )
    return ReconciledResult(
        study=credited.study,
        table=table,
        text=text,
        checks=tuple(checks(credited.value, table, total)),
        claimed=claimed,
        incremental=value,
        low=low,
        high=high,
        anyway=max(credited.value - caused, 0.0) if "unknown" not in set(table["evidence"]) else float("nan"),
        since=credited.since,
        until=credited.until,
    )


def _model(credited: AttributionResult) -> str:
    from crm_analytics.effectiveness.paths.attribution import called

    return called(credited.study.model)


def _gap(claimed: float, low: float, high: float) -> str:
    if claimed > high:
        return say("{least:money} – {most:money} too much", least=claimed - high, most=claimed - low)
    if claimed < low:
        return say("{least:money} – {most:money} too little", least=low - claimed, most=high - claimed)
    return say("no more than chance apart")


def _decision(row: object) -> str:
    if getattr(row, "profit_high", 0.0) < 0:
        return say(
            "Stop {channel} or make it cheaper: it costs {loss:money} more than it leaves.",
            channel=row.channel,
            loss=-row.profit,
        )
    if row.evidence in ("assumed", "unknown"):
        return say(
            "Leave {channel} out in one region for four weeks: {claimed:money} of credits rest on no experiment.",
            channel=row.channel,
            claimed=row.claimed,
        )
    if row.claimed > row.high:
        return say(
            "Plan {channel} on the {value:money} it brought, not on the {claimed:money} it is credited with.",
            channel=row.channel,
            value=max(row.incremental, 0.0),
            claimed=row.claimed,
        )
    if row.claimed < row.low:
        return say(
            "Do not cut {channel} because it is credited with {claimed:money} only: it brought {value:money}.",
            channel=row.channel,
            claimed=row.claimed,
            value=row.incremental,
        )
    return ""
