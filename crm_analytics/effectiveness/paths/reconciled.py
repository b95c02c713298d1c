"""Credits held against what experiments say: what each channel is credited with, what it caused, and the difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.paths.rules import DIRECT
from crm_analytics.result import Check, Claim, NotEnough, Result, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.paths.attribution import AttributionResult

FREE = DIRECT | {"organic", "organic search", "seo", "органика", "органический поиск"}
"""Channels that nobody pays for by the click: what comes by them would have come anyway."""

GRADES = ("tested", "compared", "modelled", "assumed")


@dataclass(frozen=True, kw_only=True, eq=False)
class ReconciledResult(Result):
    """Claimed and caused, by channel, in money.

    `table`, the largest over-claim first: channel, `claimed` (by the chosen model) and `last_touch` (by last click),
    `incremental` with `low` and `high`, `too_much` (claimed less incremental), `evidence`: tested, compared, modelled;
    assumed where no experiment speaks of the channel, and the models' split, brought to the size of what is known,
    stands in for one; anyway for visits nobody pays for. `anyway` is what would have been sold without advertising.
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
        told = self.table[self.table["evidence"].isin(GRADES) & self.table["incremental"].notna()]
        length = min(max((self.until - self.since).days, 30), 365)
        return tuple(
            Claim(
                subject=say("orders by way of {channel}", channel=row.channel),
                measure=say("revenue credited beyond what was brought"),
                value=float(row.too_much),
                low=float(row.claimed - row.high),
                high=float(row.claimed - row.low),
                evidence=row.evidence,
                first=self.since,
                last=self.until,
                expires=self.until + timedelta(days=length),
                scope=(("channel", str(row.channel)),),
                decision=_decision(row),
                reversed_by=say(
                    "A test against control in which {channel} brings more than {high:money}.",
                    channel=row.channel,
                    high=max(row.high, row.claimed),
                ),
            )
            for row in told.head(5).itertuples()
        )


def reconciled(credited: AttributionResult, known: object) -> Result:
    """Hold the credits against a frame of channel, incremental, low, high, evidence. Raises ValueError naming what is
    missing or wrong in it."""
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
    table["size"] = table["too_much"].abs().fillna(-1)
    table = table.sort_values(["size", "channel"], ascending=[False, True], ignore_index=True).drop(columns="size")
    table = table[["channel", "claimed", "last_touch", "incremental", "low", "high", "too_much", "evidence"]]
    return _told(credited, table, total)


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
    """What experiments do not say of a channel. Of a known total: its part of the rest by the model, and anything up to
    the whole rest. Without one: anything up to its credit, most likely its credit at the rate at which known channels
    earned theirs."""
    claimed = table.loc[others, "claimed"]
    table.loc[others, "evidence"] = "assumed"
    told = table[seen]
    if len(total):
        rest, most = (float(total[name].iloc[0] - told[_other(name)].sum()) for name in ("incremental", "high"))
        share = claimed / claimed.sum() if claimed.sum() > 0 else claimed
        table.loc[others, "incremental"] = share * rest
        table.loc[others, "low"] = np.minimum(0.0, share * rest)
        table.loc[others, "high"] = np.maximum(most, share * rest)  # the split is the model's: all of it may be one's
        return
    tracked = told[told["claimed"] > 0]
    if len(tracked):
        rate = float(np.clip(tracked["incremental"].sum() / tracked["claimed"].sum(), 0, 1))
        table.loc[others, "incremental"] = rate * claimed
        table.loc[others, "low"], table.loc[others, "high"] = 0.0 * claimed, claimed


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
        checks=tuple(_checks(credited, table, total)),
        claimed=claimed,
        incremental=value,
        low=low,
        high=high,
        anyway=max(credited.value - caused, 0.0),
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


def _checks(credited: AttributionResult, table: pd.DataFrame, total: pd.DataFrame) -> Iterator[Check]:
    known = table[table["evidence"].isin(GRADES[:3])]
    tracked = known[known["claimed"] > 0]
    if len(tracked):
        outside = tracked[(tracked["claimed"] > tracked["high"]) | (tracked["claimed"] < tracked["low"])]
        worst = tracked.iloc[0]
        yield Check(
            name=say("Credits and experiments"),
            verdict="holds" if outside.empty else "weak" if len(outside) < len(tracked) else "fails",
            text=say(
                "Of {n:count} {n:channel|channels} with both, {outside:count} {outside:is|are} credited with what its "
                "experiment rules out. Farthest apart is {worst}: credited {claimed:money}, brought {value:money} "
                "({low:money} – {high:money}).",
                n=len(tracked),
                outside=len(outside),
                worst=worst["channel"],
                claimed=worst["claimed"],
                value=worst["incremental"],
                low=worst["low"],
                high=worst["high"],
            ),
        )
    assumed = table[(table["evidence"] == "assumed") & table["incremental"].notna()]
    if len(assumed):
        yield Check(
            name=say("Without an experiment"),
            verdict="weak",
            text=say(
                "{names}: their part of the known total is shared out by the model; anything up to the whole rest may "
                "be true, and only a test could tell."
                if len(total)
                else "{names}: no experiment speaks of them. Anything from nothing to their credits may be true; in "
                "between they are put at the rate at which the others earned theirs.",
                names=", ".join(map(str, assumed["channel"])),
            ),
        )
    unseen = known[known["claimed"] == 0]
    if len(unseen):
        yield Check(
            name=say("Not seen on the way"),
            verdict="weak",
            text=say(
                "{names}: brought {value:money} by their experiments, and no way shows them, so attribution gives them "
                "nothing and their sales to others.",
                names=", ".join(map(str, unseen["channel"])),
                value=float(unseen["incremental"].sum()),
            ),
        )
    told = total if len(total) else table[table["evidence"].isin(GRADES)]
    caused, least, most = (float(told[name].sum()) for name in ("incremental", "low", "high"))
    share = 1 - caused / credited.value if credited.value > 0 else float("nan")
    span = tuple(
        float(np.clip(1 - bound / credited.value, 0, 1)) if credited.value > 0 else share for bound in (most, least)
    )
    yield Check(
        name=say("Would have come anyway"),
        verdict="holds" if 0 <= share <= 1 else "weak",
        text=say(
            "{anyway:money} of {value:money} at the end of these ways, {share:percent} ({span:percents}), would have "
            "been sold without advertising."
            if 0 <= share <= 1
            else "Experiments count all sales and found {caused:money}; these ways end in {value:money} only, so they "
            "do not show most of what advertising does.",
            anyway=credited.value - caused,
            value=credited.value,
            share=share,
            span=span,
            caused=caused,
        ),
    )


def _decision(row: object) -> str:
    if row.evidence == "assumed":
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
