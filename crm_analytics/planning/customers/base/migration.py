"""Who moved from group to group between two days, the money behind it, and how much of it is ordinary movement?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.shares import above_zero, difference_of_shares
from crm_analytics.result import Check, Result, Study
from crm_analytics.result.chance import holm, share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

_MOVES, _MONEY = ("before", "after", "customers"), ("money_before", "money_after", "at_stake")

BEYOND = 0.05
"""So often at most, in all cells together, would one be called more than ordinary though nothing changed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MigrationResult(Result):
    """Who moved from which group to which, one row for each pair that occurs: `before`, `after`, `customers`, `share`
    of the group before with its interval `low`–`high`, the money they brought `money_before` and `money_after` (which
    sum to what all brought), and `at_stake`: what customers who fell would have brought after, had they gone on as
    before, less what they did bring.

    The best were the best partly by luck, so `at_stake` is what could be won back at most. `.against(usual)`, the
    movement between two earlier days, says how much of it is ordinary. `order` names the groups, the best first;
    `newcomers` is the row of those who were no customers before. `fallen_money` is what those who fell
    had brought, `stake_low`–`stake_high` the interval of all that is at stake.
    """

    order: tuple[str, ...]
    newcomers: str
    fallen_money: float
    stake_low: float
    stake_high: float

    @property
    def at_stake(self) -> float:
        """All that is at stake, in the company's money."""
        return float(self.table["at_stake"].sum())

    @property
    def fell(self) -> pd.DataFrame:
        """The rows of those who fell to a worse group."""
        rank = {name: place for place, name in enumerate([*self.order, self.newcomers])}
        return self.table[self.table["after"].map(rank) > self.table["before"].map(rank)]

    @property
    def matrix(self) -> pd.DataFrame:
        """Customers by group before (rows) and after (columns)."""
        wide = self.table.pivot_table(index="before", columns="after", values="customers", aggfunc="sum", fill_value=0)
        return wide.reindex(index=[*self.order, self.newcomers], columns=list(self.order), fill_value=0)

    def against(self, usual: MigrationResult) -> MigrationResult:
        """How much of the movement is ordinary: held against the movement between two earlier days, equally far apart.

        Every group of the best holds customers who were there by luck, and they leave it without anything having
        changed. In place of the interval of the share stand `usual_share`, `more` (customers above what the earlier
        share would give, `more_low`–`more_high`) and `verdict` (more than usual, fewer than usual, as usual). Asked
        of cells together: at most one time in twenty would any be called unusual by chance.
        """
        if usual.order != self.order:
            raise ValueError("Both movements must be among the same groups; grade all days with the same study.")
        return _held_against(self, usual)


def moved(study: Study, people: pd.DataFrame, order: tuple[str, ...], newcomers: str) -> MigrationResult:
    """The movement of `people`: one row per customer with `before`, `after`, `money_before`, `money_after` and
    `expected`, what the customer would have brought after had all gone on as before."""
    people = people.sort_values("customer_id", ignore_index=True)
    table = people.groupby(["before", "after"], as_index=False).agg(
        customers=("customer_id", "size"),
        money_before=("money_before", "sum"),
        money_after=("money_after", "sum"),
        expected=("expected", "sum"),
    )
    rank = {name: place for place, name in enumerate([*order, newcomers])}
    table = table.sort_values(["before", "after"], key=lambda names: names.map(rank), ignore_index=True)
    known = table["before"].to_numpy() != newcomers
    of = table.groupby("before")["customers"].transform("sum").to_numpy(float)
    low, high = share_interval(table["customers"].to_numpy(float), of)
    share = table["customers"].to_numpy(float) / of
    table = table.assign(**{
        name: np.where(known, values, np.nan) for name, values in (("share", share), ("low", low), ("high", high))
    })  # fmt: skip
    fell = known & (table["after"].map(rank) > table["before"].map(rank)).to_numpy()
    stake = np.where(fell, table["expected"] - table["money_after"], 0.0)
    table = table.drop(columns="expected").assign(at_stake=stake)
    down = (people["before"] != newcomers) & (people["after"].map(rank) > people["before"].map(rank))
    lost = np.where(down, people["expected"] - people["money_after"], 0.0)
    total, half = float(table["at_stake"].sum()), 1.96 * float(np.sqrt(((lost - lost.mean()) ** 2).sum()))
    result = MigrationResult(
        study=study, table=table, text="", order=order, newcomers=newcomers,
        fallen_money=float(table.loc[fell, "money_before"].sum()), stake_low=total - half, stake_high=total + half,
    )  # fmt: skip
    return replace(result, text=_told(result), checks=(_alone(),))


def _told(result: MigrationResult) -> str:
    known = result.table[result.table["before"] != result.newcomers]
    fell, everybody = float(result.fell["customers"].sum()), float(known["customers"].sum())
    low, high = share_interval(fell, everybody)
    return say(
        "{fell:count} customers, {share:percent} ({span:percents}) of all, fell to a worse group: they "
        "brought {before:money} before and {after:money} after. At most {stake:money} ({low:money} – {high:money}) "
        "is at stake.",
        fell=fell,
        share=fell / everybody if everybody else float("nan"),
        span=(low, high),
        before=result.fallen_money,
        after=float(result.fell["money_after"].sum()),
        stake=result.at_stake,
        low=result.stake_low,
        high=result.stake_high,
    )


def _alone() -> Check:
    return Check(
        name=say("ordinary movement"),
        verdict="weak",
        text=say(
            "Some of the best were there by luck and fall back by themselves. How many is not known from two days "
            "alone: hold this movement against that between two earlier days."
        ),
    )


def _held_against(now: MigrationResult, usual: MigrationResult) -> MigrationResult:
    then = usual.table.set_index(["before", "after"])["customers"]
    of_then = usual.table.groupby("before")["customers"].sum()
    pairs = list(zip(now.table["before"], now.table["after"], strict=True))
    k0 = then.reindex(pairs, fill_value=0).to_numpy(float)
    n0 = of_then.reindex(now.table["before"], fill_value=0).to_numpy(float)
    k1 = now.table["customers"].to_numpy(float)
    n1 = now.table.groupby("before")["customers"].transform("sum").to_numpy(float)
    known = (now.table["before"] != now.newcomers).to_numpy() & (n0 > 0)
    n0 = np.where(n0 > 0, n0, 1)
    low, high = difference_of_shares(k1, n1, k0, n0)
    p_value = np.where(known, above_zero(k1, n1, k0, n0), np.nan)
    unusual = holm(p_value) <= BEYOND
    more = k1 - n1 * k0 / n0
    verdict = np.where(unusual, np.where(more > 0, "more than usual", "fewer than usual"), "as usual")
    table = now.table.assign(
        usual_share=np.where(known, k0 / n0, np.nan),
        more=np.where(known, more, np.nan),
        more_low=np.where(known, n1 * low, np.nan),
        more_high=np.where(known, n1 * high, np.nan),
        verdict=np.where(known, verdict, "–"),
    )[[*_MOVES, "more", "more_low", "more_high", "verdict", "share", "usual_share", *_MONEY]]
    result = replace(now, table=table)
    fell, fell_then = result.fell, usual.fell
    everybody, everybody_then = (
        float(r.table.loc[r.table["before"] != r.newcomers, "customers"].sum()) for r in (now, usual)
    )
    expected = float((fell["usual_share"].fillna(0) * n1[fell.index]).sum())
    return replace(
        result,
        text=_told_beside(result, expected),
        checks=(_beyond(result, fell), _as_much(fell, everybody, fell_then, everybody_then)),
    )


def _told_beside(result: MigrationResult, expected: float) -> str:
    fell = result.fell
    count = float(fell["customers"].sum())
    half = 1.96 * float(np.sqrt((((fell["more_high"] - fell["more_low"]) / 3.92) ** 2).sum()))
    each = fell["at_stake"] / fell["customers"]
    found = fell[fell["verdict"] == "more than usual"]
    extra = float((each * fell["more"]).loc[found.index].sum())
    gap = count - expected
    if len(found):
        told = say("{part:money} of the {whole:money} at stake is more than usual.", part=extra, whole=result.at_stake)
    else:
        told = say("none of the {whole:money} at stake can be told from ordinary movement.", whole=result.at_stake)
    return say(
        "{gap:count} ({low:count} – {high:count}) more customers than usual fell to a worse group, {fell:count} in "
        "all; {told}"
        if gap >= 0
        else "{less:count} ({less_low:count} – {less_high:count}) fewer customers than usual fell to a worse group, "
        "{fell:count} in all; {told}",
        gap=gap, low=gap - half, high=gap + half, less=-gap, less_low=-gap - half, less_high=-gap + half,
        fell=count, told=told,
    )  # fmt: skip


def _beyond(result: MigrationResult, fell: pd.DataFrame) -> Check:
    found = fell[fell["verdict"] == "more than usual"].sort_values(["at_stake", "before"], ascending=[False, True])
    name = say("ordinary movement")
    if found.empty:
        return Check(
            name=name,
            verdict="weak",
            text=say("No way down was taken by more customers than usual: there is nothing new to react to here."),
        )
    first = found.iloc[0]
    return Check(
        name=name,
        verdict="holds",
        text=say(
            "{ways:count} ways down were taken by more customers than usual, first of all {before} → {after}: "
            "{more:count} ({low:count} – {high:count}) more.",
            ways=len(found), before=say(first["before"]), after=say(first["after"]),
            more=first["more"], low=first["more_low"], high=first["more_high"],
        ),
    )  # fmt: skip


def _as_much(fell: pd.DataFrame, of: float, fell_then: pd.DataFrame, of_then: float) -> Check:
    now, then = float(fell["customers"].sum()), float(fell_then["customers"].sum())
    low, high = difference_of_shares(now, of, then, of_then)
    return Check(
        name=say("earlier days"),
        verdict="holds" if of_then >= 0.5 * of else "weak",
        text=say(
            "Between the earlier days {then:percent} of {many:count} customers fell, now {now:percent}: a difference "
            "of {low:points} to {high:points}. Compare like seasons: a spring with a spring.",
            then=then / of_then if of_then else float("nan"), many=of_then, now=now / of if of else float("nan"),
            low=low, high=high,
        ),
    )  # fmt: skip
