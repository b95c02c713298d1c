"""Whom did campaigns annoy: permissions taken back, or complaints, beyond those of customers who were left alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM
from crm_analytics.effectiveness.control.by_lot import both_by_lot, chosen
from crm_analytics.effectiveness.control.lift_claims import SEASON
from crm_analytics.effectiveness.control.opt_outs_checks import checks
from crm_analytics.effectiveness.control.opt_outs_money import Money, brought, money
from crm_analytics.effectiveness.control.opt_outs_segments import split
from crm_analytics.effectiveness.control.risks import newcombe, of_arms, shared, together
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say

LEAST_EVENTS = 10
"""With fewer of them in all, the interval is too wide to say anything."""
NAMES = {"opt_outs": "opted_out", "complaints": "complained"}


@dataclass(frozen=True, kw_only=True)
class OptOuts(Study):
    """How many permissions did campaigns cost (or complaints did they cause), and was it worth what they won?

    Some customers withdraw in any four weeks; only what the addressed withdraw beyond those left alone by lot is the
    campaign's doing. Each campaign's difference of shares has Newcombe's interval, widened to hold for all campaigns
    together (Bonferroni); over all of them customers are compared within their campaign (Mantel and Haenszel, with
    Klingenberg's interval), and one who was in several counts as one. Beside it stands what each campaign won, so that
    it can be said what a permission may be worth at most before the campaign was a loss.
    """

    event: Literal["opt_outs", "complaints"] = "opt_outs"
    confidence: float = 0.95

    reads = "campaign_opt_outs"
    columns = ("campaign_id", "customer_id", "arm", "opted_out", "complained")
    least = 2 * LEAST_IN_AN_ARM
    of = "customers in the arms of campaigns"
    people = ("treated", "control")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.event not in NAMES:
            raise ValueError(f"event is opt_outs or complaints, not {self.event!r}.")

    @property
    def column(self) -> str:
        return NAMES[self.event]

    def _answer(self, frame: pd.DataFrame) -> Result:
        rows = frame.sort_values(["campaign_id", "customer_id"], ignore_index=True)
        if rows.duplicated(["campaign_id", "customer_id"]).any():
            raise ValueError("OptOuts needs one row a customer and campaign, as features.campaign_opt_outs(wh, …) has.")
        if rows[self.column].isna().any():
            return self.refuse(
                say("Not enough evidence: no consent, wish not to be contacted or answer to a campaign is on record.")
                if self.event == "opt_outs"
                else say("Not enough evidence: no complaint is on record; contacts or responses would have them.")
            )
        unlike = chosen(dict(list(rows.groupby("campaign_id", sort=True))))
        named = rows["campaign"] if "campaign" in rows else rows["campaign_id"]
        left_out = sorted(set(named[rows["campaign_id"].isin(unlike)].astype(str)))
        rows = rows[~rows["campaign_id"].isin(unlike)]
        counts = of_arms(rows, self.column, "campaign_id")
        counts = counts[counts[["treated", "control"]].min(axis=1) >= LEAST_IN_AN_ARM]
        if counts.empty:
            return self.refuse(say(
                "Not enough evidence: no campaign that was drawn by lot has {least:count} customers in each arm.",
                least=LEAST_IN_AN_ARM,
            ))  # fmt: skip
        events = int(counts[["happened", "alone"]].to_numpy().sum())
        if events < LEAST_EVENTS:
            return self.refuse(say(
                "Not enough evidence: {n:count} of {all:count} customers in the arms of campaigns took a permission "
                "back; it takes {least:count}. Keep every withdrawal with its day, of those left alone, too."
                if self.event == "opt_outs"
                else "Not enough evidence: {n:count} of {all:count} customers in the arms of campaigns complained; it "
                "takes {least:count}. Keep every complaint with its day and its customer.",
                n=events, all=int(counts[["treated", "control"]].to_numpy().sum()), least=LEAST_EVENTS,
            ))  # fmt: skip
        return _judged(self, rows[rows["campaign_id"].isin(counts.index)], counts, left_out)


@dataclass(frozen=True, kw_only=True, eq=False)
class OptOutsResult(Result):
    """A campaign a row, the costliest first: campaign, treated, control, happened (to the addressed), alone (to the
    control), more (the difference of the shares), low, high (for all campaigns together), caused (of all addressed),
    and where sales are known won (with won_low, won_high: what the campaign won of those sales) and worth_at_most (what
    one may be worth before the campaign was a loss); `annoys`: whether it is more beyond noise.

    `more`, `low` and `high` are over all campaigns; `caused` with `caused_low` and `caused_high` is their number.
    """

    more: float
    low: float
    high: float
    caused: float
    caused_low: float
    caused_high: float
    money: Money | None
    rows: pd.DataFrame = field(repr=False)

    @property
    def beyond_noise(self) -> bool:
        """Whether campaigns cause more of it, or fewer, beyond noise."""
        return self.low > 0 or self.high < 0

    def by(self, column: str) -> Result:
        """The difference in each group of customers (region, kind, bought_before, channel …), over all campaigns;
        intervals hold for all groups together. Raises ValueError when there is no such column."""
        if column not in self.rows:
            raise ValueError(f"There is no column {column!r} to split by; there are {', '.join(self.rows.columns)}.")
        return split(self, column)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How many were lost to campaigns, and which campaign is not to be repeated as it was."""
        if not {"starts", "days", "campaign"} <= set(self.rows):
            return ()
        starts = [date.fromisoformat(str(one)[:10]) for one in self.rows["starts"].unique()]
        last = max(starts) + timedelta(days=int(self.rows["days"].iloc[0]) - 1)
        return (Claim(
            subject=say("campaigns that were tested"), measure=self.study.event.replace("_", " ") + " caused",
            value=self.caused, low=self.caused_low, high=self.caused_high, confidence=self.study.confidence,
            evidence="tested", first=min(starts), last=last, expires=last + SEASON, decision=_decision(self),
            reversed_by=say("A later test of the same campaign in which the addressed withdraw no more than others."),
        ),)  # fmt: skip


def _judged(study: OptOuts, rows: pd.DataFrame, counts: pd.DataFrame, left_out: list[str]) -> OptOutsResult:
    named = rows.drop_duplicates("campaign_id").set_index("campaign_id")
    names = named["campaign"] if "campaign" in named else named.index.to_series()
    each = newcombe(counts, 1 - (1 - study.confidence) / len(counts))
    table = counts.astype(int).join(each).assign(caused=counts["treated"] * each["more"])
    table.insert(0, "campaign", names.reindex(table.index).astype(str))
    found = brought(rows, study.confidence)
    if found is not None:
        table = table.join(found)
        annoyed = table["caused"].where(table["low"] > 0)
        table["worth_at_most"] = table["won"].clip(lower=0) / annoyed
    table["annoys"] = table["low"] > 0
    table = table.sort_values(["caused", "campaign"], ascending=[False, True], ignore_index=True)
    more, low, high = together(counts, study.confidence, shared(rows, study.column, "campaign_id"))
    addressed = float(counts["treated"].sum())
    result = OptOutsResult(
        study=study, table=table, text="", more=more, low=low, high=high, caused=addressed * more,
        caused_low=addressed * low, caused_high=addressed * high, rows=rows,
        money=money(rows, study.confidence) if found is not None else None,
    )  # fmt: skip
    return replace(result, text=_sentence(result), checks=(both_by_lot(left_out), *checks(result)))


def _sentence(result: OptOutsResult) -> str:
    opt_outs, n = result.study.event == "opt_outs", len(result.table)
    values = {"more": result.more, "low": result.low, "high": result.high, "n": n}
    values |= {name: getattr(result, name) for name in ("caused", "caused_low", "caused_high")}
    if not result.beyond_noise:
        template = (
            "Within noise: {more:points} more of the addressed than of those left alone took a permission back "
            "({low:points} – {high:points}) in {n:count} {n:campaign|campaigns}: {caused_high:count} permissions at "
            "most."
            if opt_outs
            else "Within noise: {more:points} more of the addressed than of those left alone complained ({low:points} "
            "– {high:points}) in {n:count} {n:campaign|campaigns}: {caused_high:count} complaints at most."
        )
        return say(template, **values | {"caused_high": max(result.caused_high, 0.0)})
    if result.high < 0:
        return say(
            "{more:points} ({low:points} – {high:points}): fewer of the addressed than of those left alone took a "
            "permission back; look at how withdrawals are recorded."
            if opt_outs
            else "{more:points} ({low:points} – {high:points}): fewer of the addressed than of those left alone "
            "complained.",
            **values,
        )
    told = say(
        "{more:points} more of the addressed than of those left alone took a permission back ({low:points} – "
        "{high:points}): {n:count} {n:campaign|campaigns} cost {caused:count} permissions ({caused_low:count} – "
        "{caused_high:count})."
        if opt_outs
        else "{more:points} more of the addressed than of those left alone complained ({low:points} – {high:points}): "
        "{n:count} {n:campaign|campaigns} caused {caused:count} complaints ({caused_low:count} – "
        "{caused_high:count}).",
        **values,
    )
    return told + (" " + result.money.worded(result.caused, opt_outs=opt_outs) if result.money else "")


def _decision(result: OptOutsResult) -> str:
    annoying = result.table[result.table["annoys"]]
    if annoying.empty or "won" not in annoying:
        return ""
    for_nothing = annoying[~(annoying["won_low"] > 0)].sort_values("caused", ascending=False)
    if len(for_nothing):
        worst = for_nothing.iloc[0]
        return say(
            "Do not repeat «{name}» as it was: it annoyed {n:count} customers, and what it won is within noise."
            if worst["won_high"] > 0
            else "Do not repeat «{name}»: it annoyed {n:count} customers and lost sales.",
            name=worst["campaign"], n=worst["caused"],
        )  # fmt: skip
    worst = annoying.sort_values("worth_at_most").iloc[0]
    return say(
        "Before «{name}» is repeated, decide what a permission is worth: above {most:money} it was a loss."
        if result.study.event == "opt_outs"
        else "Before «{name}» is repeated, decide what a complaint costs: above {most:money} it was a loss.",
        name=worst["campaign"], most=worst["worth_at_most"],
    )  # fmt: skip
