"""Profit, not leads: what the enquiries of each source leave over after what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.say import say

LEAST_LEADS = 30
FEW_WON = 10


@dataclass(frozen=True, kw_only=True)
class LeadProfit(Study):
    """Which source of enquiries earns the money, and which only brings enquiries?

    Of each source: enquiries, deals, deals won, their margin (revenue where no unit cost is known) less what the
    enquiries cost, in all and for each enquiry, with intervals (one fortieth of the enquiries left out at a time),
    which reach further up than down where few deals make it: one more might have come. A source is set apart as busy
    and poor where it brings a larger part of the enquiries than of the profit, beyond chance. That a source's enquiries
    end in profit does not say that more of the same would: see `Attribution` and tests against control.
    """

    confidence: float = 0.95

    reads = "lead_money"
    people = ("leads",)
    columns = ("part", "deal_out", "leads", "priced", "cost", "deals", "won", "revenue", "margin")
    of = "enquiries that can be judged"

    def _answer(self, frame: pd.DataFrame) -> Result:
        numbers = ["leads", "priced", "cost", "deals", "won", "revenue", "margin"]
        frame = frame.astype(dict.fromkeys(numbers, "float64")).sort_values(["part", "deal_out"], ignore_index=True)
        if (frame[["leads", "won"]].fillna(-1) < 0).any(axis=None) or frame["revenue"].isna().any():
            raise ValueError(
                "Enquiries and deals won are not negative, and revenue is known, as in features.lead_money."
            )
        leads, won = float(frame["leads"].sum()), float(frame["won"].sum())
        if leads < LEAST_LEADS or won < 1:
            return self.refuse(
                say(
                    "Not enough evidence: {leads:count} enquiries that can be judged and {won:count} deals won; at "
                    "least {least:count} enquiries with a deal among them are needed.",
                    leads=leads,
                    won=won,
                    least=LEAST_LEADS,
                )
            )
        known = frame["margin"].notna() | (frame["won"] == 0)
        basis = "margin" if known.all() else "revenue"
        frame["earned"] = frame[basis].fillna(0.0)
        one_deal = float(frame["earned"].sum() / won)
        parts = frame.groupby("part")
        levels = self.confidence, 1 - (1 - self.confidence) / parts.ngroups
        table = _shares(pd.DataFrame([_source(name, rows, one_deal, levels) for name, rows in parts]))
        table = table.sort_values(["profit", "part"], ascending=[False, True], ignore_index=True)
        days = int(frame["days"].iloc[0]) if "days" in frame else 0
        until = pd.Timestamp(frame["until"].iloc[0]).date() if "until" in frame else None
        return LeadProfitResult(
            study=self,
            table=table,
            text=_sentence(table, basis, days),
            checks=tuple(_checks(table, basis)),
            basis=basis,
            days=days,
            until=until,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class LeadProfitResult(Result):
    """Profit by source, the most profitable first.

    `table`: part, leads, deals, won, cost, `earned` (in `basis`), `profit` with `low` and `high`, `each` (profit of one
    enquiry) with `each_low` and `each_high`, `cost_of_one_won`, `share_of_leads`, `share_of_profit` (of all profit and
    loss, the losses counted as none), and busy (whether it brings enquiries rather than profit).
    """

    basis: str
    days: int
    until: date | None = None

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What an enquiry of the best, the worst and every busy and poor source leaves over."""
        if self.until is None:
            return ()
        first, last = self.until - timedelta(days=self.days - 1), self.until
        told = self.table[self.table["busy"] | self.table.index.isin([0, len(self.table) - 1])].head(5)
        return tuple(
            Claim(
                subject=say("enquiries of {part}", part=row.part),
                measure=say("profit of an enquiry"),
                value=float(row.each),
                low=float(row.each_low),
                high=float(row.each_high),
                confidence=self.study.confidence,
                evidence="assumed",
                first=first,
                last=last,
                expires=last + timedelta(days=min(max(self.days, 90), 365)),
                scope=(("source", str(row.part)),),
                decision=_decision(row),
                reversed_by=say(
                    "A quarter in which an enquiry of {part} leaves more than {high:money}, or less than {low:money}.",
                    part=row.part,
                    high=row.each_high,
                    low=row.each_low,
                ),
            )
            for row in told.itertuples()
        )


def _source(name: str, rows: pd.DataFrame, one_deal: float, levels: tuple[float, float]) -> dict[str, object]:
    """`levels` of confidence: of this source by itself, and of all sources together (Bonferroni)."""
    leads, earned = rows["leads"].to_numpy(), rows["earned"].to_numpy()
    extra = float(rows["campaign_cost"].iloc[0]) if "campaign_cost" in rows else 0.0
    priced, paid = float(rows["priced"].sum()), float(rows["cost"].sum())
    cost = extra + (paid * leads.sum() / priced if priced else 0.0)  # those without a price at the price of the others
    total, won, count = float(earned.sum()), float(rows["won"].sum()), float(leads.sum())
    one = max(abs(one_deal), abs(total) / won) if won else abs(one_deal)
    error = max(_error(earned, leads), abs(one_deal) * np.sqrt(won))  # few deals scatter as they come
    (low, high), (_, highest) = (_interval(total, error, one, len(rows), level) for level in levels)
    return {
        "part": name,
        "leads": int(count),
        "deals": int(rows["deals"].sum()),
        "won": int(rows["won"].sum()),
        "cost": cost if priced or extra else np.nan,
        "earned": total,
        "profit": total - cost,
        "low": low - cost,
        "high": high - cost,
        "each": (total - cost) / count,
        "each_low": (low - cost) / count,
        "each_high": (high - cost) / count,
        "each_highest": (highest - cost) / count,
        "cost_of_one_won": cost / rows["won"].sum() if rows["won"].sum() and (priced or extra) else np.nan,
    }


def _error(earned: np.ndarray, leads: np.ndarray) -> float:
    """The standard error of a sum over enquiries, whose mean varies as its parts do (jackknife)."""
    total, count, parts = earned.sum(), leads.sum(), len(leads)
    if parts < 2:
        return float("inf")
    without = count * (total - earned) / np.maximum(count - leads, 1)
    return float(np.sqrt((parts - 1) / parts * ((without - without.mean()) ** 2).sum()))


def _interval(total: float, error: float, one: float, parts: int, confidence: float) -> tuple[float, float]:
    """Low and high of what deals worth about `one` each came to, which is skewed where they are few: of gamma laws, the
    upper one with a deal more (Fay and Feuer 1997). Where they lost money in all, Student's."""
    from scipy.stats import gamma, norm, t

    tail = (1 - confidence) / 2
    reach = float(t.isf(tail, max(parts - 1, 1)))
    if total < 0 or one == 0 or not np.isfinite(error):
        return total - reach * error, total + reach * error
    variance, more = (error * reach / norm.isf(tail)) ** 2, total + one
    low = gamma.ppf(tail, total**2 / variance, scale=variance / total) if total * variance > 0 else total
    high = gamma.isf(tail, more**2 / (variance + one**2), scale=(variance + one**2) / more)
    return float(low), float(high)


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    """Part of the enquiries and part of what was earned; busy and poor where even the high end of what an enquiry
    leaves, in an interval that holds for all sources together, lies below the average of all."""
    profit = table["profit"].clip(lower=0)
    usual = table["profit"].sum() / table["leads"].sum()
    return table.assign(
        share_of_leads=table["leads"] / table["leads"].sum(),
        share_of_profit=profit / profit.sum() if profit.sum() > 0 else 0.0,
        busy=(table["each_highest"] < usual) & (len(table) > 1),
    ).drop(columns="each_highest")


def _sentence(table: pd.DataFrame, basis: str, days: int) -> str:
    best, many = table.loc[table["each"].idxmax()], table.loc[table["leads"].idxmax()]
    noun = say("margin") if basis == "margin" else say("revenue")
    values = {
        "each": many["each"],
        "low": many["each_low"],
        "high": many["each_high"],
        "many": many["part"],
        "noun": noun,
        "days": days,
        "share": many["share_of_leads"],
        "of_profit": many["share_of_profit"],
        "best": best["part"],
        "best_each": best["each"],
        "best_low": best["each_low"],
        "best_high": best["each_high"],
    }
    if best["part"] == many["part"]:
        return say(
            "{each:money} ({low:money} – {high:money}) in {noun} is what an enquiry of {many} leaves after its cost: "
            "the source of most enquiries ({share:percent}) is also the one whose enquiries are worth most.",
            **values,
        )
    return say(
        "{each:money} ({low:money} – {high:money}) in {noun} is what an enquiry of {many} leaves after its cost, "
        "one of {best} {best_each:money} ({best_low:money} – {best_high:money}): {many} brings {share:percent} of the "
        "enquiries and {of_profit:percent} of the profit.",
        **values,
    )


def _checks(table: pd.DataFrame, basis: str) -> Iterator[Check]:
    busy = table[table["busy"]]
    yield Check(
        name=say("Busy and poor"),
        verdict="holds",
        text=say(
            "{names}: an enquiry leaves less than one does on average, beyond chance.",
            names=", ".join(map(str, busy["part"])),
        )
        if len(busy)
        else say("No source's enquiries leave less than the average beyond chance."),
    )
    thin = table[table["won"] < FEW_WON]
    yield Check(
        name=say("Deals won"),
        verdict="holds" if thin.empty else "weak",
        text=say("Every source has {few:count} won deals or more.", few=FEW_WON)
        if thin.empty
        else say(
            "{names}: fewer than {few:count} deals were won, so a single one would change the answer.",
            names=", ".join(map(str, thin["part"])),
            few=FEW_WON,
        ),
    )
    free = table[table["cost"].isna()]
    yield Check(
        name=say("Cost"),
        verdict="holds" if free.empty else "weak",
        text=say("Of every source it is known what its enquiries cost.")
        if free.empty
        else say(
            "{names}: no cost is on record; what their enquiries earned is told as if they had been free.",
            names=", ".join(map(str, free["part"])),
        ),
    )
    yield Check(
        name=say("Margin"),
        verdict="holds" if basis == "margin" else "weak",
        text=say("What was earned is margin, at the rate of each product in all orders.")
        if basis == "margin"
        else say("No unit cost is known, so it is revenue that is set against the cost: profit is less than told."),
    )
    yield Check(
        name=say("Cause"),
        verdict="weak",
        text=say(
            "An enquiry is put down to its own source. Who would have asked by another way all the same is not known "
            "here; only a test tells."
        ),
    )


def _decision(row: object) -> str:
    if row.each_high < 0:
        return say("Stop paying for enquiries of {part}: they cost more than they leave.", part=row.part)
    if row.busy:
        return say("Ask what {part} promises to people who then do not buy, before paying for more.", part=row.part)
    if row.each_low > 0:
        return say("Answer enquiries of {part} first: one leaves {each:money}.", part=row.part, each=row.each)
    return ""
