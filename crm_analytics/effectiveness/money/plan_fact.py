"""Plan and fact: what campaigns cost and what is linked to them, which is not yet what they changed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crm_analytics.result import Check, Result, Study, frame_of
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

AHEAD_DAYS = 366
"""What ends later than that, or is given a last day only because one must be, is always on."""
MONEY = ("budget", "cost", "promised", "linked_revenue", "linked_margin")


@dataclass(frozen=True, kw_only=True)
class PlanFact(Study):
    """Which campaigns kept what was promised, going by the purchases of those who responded?

    The operational view, side by side over campaigns: response, cost, linked revenue and margin, profit. Linked means
    bought by a responder in the campaign's window, whether or not because of it; compare with `Lift` and `Baseline`.
    The response rate has a Wilson interval.
    """

    confidence: float = 0.95

    reads = "campaign_money"
    columns = ("campaign_id", "name", "starts", "treated", "responders", *MONEY)
    of = "campaigns"

    def _answer(self, frame: pd.DataFrame) -> Result:
        table = frame.sort_values(["starts", "campaign_id"], ignore_index=True)
        table = table.astype(dict.fromkeys((*MONEY, "treated", "responders"), float))
        table["planned"] = table["cost"].isna() & table["budget"].notna()
        table["cost"] = table["cost"].fillna(table["budget"])
        table["response"] = (table["responders"] / table["treated"]).where(table["treated"] > 0)
        known = table["treated"].where(table["treated"] > 0)
        spans = share_interval(table["responders"], known, confidence=self.confidence)
        table["response_low"], table["response_high"] = spans
        table["kept"] = table["linked_revenue"] / table["promised"].where(table["promised"] > 0)
        table["profit"] = table["linked_margin"] - table["cost"].fillna(0)
        return PlanFactResult(
            study=self,
            table=table,
            text=_sentence(self, table),
            checks=(_linked_only(), *_unlinked(table), *_incomplete(table), *_budget(table)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanFactResult(Result):
    """A row per campaign: plan, cost, response with interval, linked revenue and margin, profit; `kept` is linked
    revenue as a share of what was promised. Where no cost is on record the budget stands for it (`planned`)."""

    def corrected(self, returns: pd.DataFrame | None, days: pd.DataFrame) -> Result:
        """What the campaigns changed, beside what is linked to them. `returns` is `features.campaign_returns`, None
        where no campaign had a control group; `days` is `features.market_days`, which may have no rows."""
        from crm_analytics.effectiveness.money.corrected import corrected

        tests = pd.DataFrame(columns=["campaign_id"]) if returns is None else frame_of(returns)
        return corrected(self, tests, frame_of(days))

    def total(self, column: str) -> float:
        """A column's sum over all campaigns that have it; null when none has."""
        return float(self.table[column].sum(min_count=1))


def _sentence(study: PlanFact, table: pd.DataFrame) -> str:
    linked = table[table["linked_revenue"].notna()]
    if linked.empty:
        cost = table["cost"].sum(min_count=1)
        return say(
            "No response to any campaign is on record, so nothing can be linked to them (campaigns: {n:count})."
            if cost != cost
            else "No response to any campaign is on record, so nothing can be linked to them (campaigns: {n:count}, "
            "cost: {cost:money}).",
            n=len(table), cost=cost,
        )  # fmt: skip
    said = []
    hits, of = linked["responders"].sum(), linked["treated"].sum()
    if of > 0:
        said.append(say("{rate:percent} of those addressed responded ({span:percents}).",
                        rate=hits / of, span=share_interval(hits, of, confidence=study.confidence)))
    promised = linked["promised"].sum(min_count=1)
    said.append(say("{fact:money} of revenue is linked (campaigns: {n:count}); what was promised is not on record."
                    if promised != promised
                    else "{fact:money} of revenue is linked, and {plan:money} was promised (campaigns: {n:count}).",
                    fact=linked["linked_revenue"].sum(), n=len(linked), plan=promised))
    if linked["profit"].notna().all():
        cost = linked["cost"].sum(min_count=1)
        said.append(say("No cost is on record; {profit:money} of margin is linked: not yet an effect."
                        if cost != cost
                        else "After {cost:money} of cost a linked profit of {profit:money} remains: not yet an effect.",
                        cost=cost, profit=linked["profit"].sum()))
    return " ".join(said)


def _linked_only() -> Check:
    return Check(
        name=say("Linked is not caused"),
        verdict="weak",
        text=say(
            "Linked revenue counts what responders would have bought anyway and misses those who buy without "
            "responding. A test against control says what was caused."
        ),
    )


def _unlinked(table: pd.DataFrame) -> list[Check]:
    rest = table[table["linked_revenue"].isna()]
    if rest.empty:
        return []
    cost = rest["cost"].sum(min_count=1)
    return [Check(name=say("Without a link"), verdict="weak", text=say(
        "No response is on record for {n:count} of {all:count} {all:campaign|campaigns}{cost}: {n:it is|they are} not "
        "in these sums, and what {n:it|they} changed has to be asked without a link.", n=len(rest), all=len(table),
        cost="" if cost != cost else say(" (cost: {cost:money})", cost=cost)))]


def _incomplete(table: pd.DataFrame) -> list[Check]:
    if "days_left" not in table:
        return []
    running = table[table["days_left"] > 0]
    always = running[running["days_left"] > AHEAD_DAYS]
    running = running.drop(always.index)
    told = [
        Check(
            name=say("Without an end"),
            verdict="weak",
            text=say(
                "{n:count} of {all:count} campaigns {n:has|have} no end within a year: what {n:it|they} cost and "
                "brought is told up to now, and goes on growing.",
                n=len(always),
                all=len(table),
            ),
        )
    ] * (not always.empty)
    if running.empty:
        return told
    return [
        *told,
        Check(
            name=say("Still counting"),
            verdict="weak",
            text=say(
                "Not over yet: {n:count} of {all:count} campaigns; their figures may grow for {days:count} days more.",
                n=len(running),
                all=len(table),
                days=running["days_left"].max(),
            ),
        )
    ]


def _budget(table: pd.DataFrame) -> list[Check]:
    planned, missing = int(table["planned"].sum()), int(table["cost"].isna().sum())
    both = table[table["budget"].notna() & table["cost"].notna() & ~table["planned"]]
    rest = [
        say("The budget of {n:count} {n:campaign|campaigns} stands for {n:its|their} cost, which is not on record.",
            n=planned) if planned else "",
        say("Of {n:count} {n:campaign|campaigns} neither cost nor budget is on record, so the profit leaves "
            "{n:it|them} out.", n=missing) if missing else "",
    ]  # fmt: skip
    told = [Check(name=say("Cost and budget"), verdict="weak", text=text) for text in rest if text]
    if both.empty:
        return told
    over = both[both["cost"] > both["budget"]]
    return [
        *told,
        Check(
            name=say("Cost and budget"),
            verdict="holds" if over.empty else "weak",
            text=say(
                "{over:count} of {n:count} campaigns cost more than their budget, by {money:money} together.",
                over=len(over),
                n=len(both),
                money=float((over["cost"] - over["budget"]).sum()),
            ),
        )
    ]
