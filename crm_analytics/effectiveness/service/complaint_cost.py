"""What does a complaint cost: what customers bring after one, against like customers without one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.say import say

LEAST = 20


@dataclass(frozen=True, kw_only=True)
class ComplaintCost(Study):
    """What does a complaint cost in later purchases?

    What customers brought in the half year after a purchase they complained of, against like customers' after like
    purchases without a complaint: of the same quarter, the same habit and acquaintance, weighted as those who
    complained are spread (the effect on the complaining). Differences that were there before the purchase are taken off
    in proportion to how far the past foretells (analysis of covariance on strata). It is a comparison, not a test: who
    complains cares, and may have come back all the more without the fault.
    """

    reads = "after_complaints"
    columns = ("quarter", "habit", "known_years", "complained", "customers", "after", "after_squares", "before",
               "before_squares", "before_after", "bought", "measure")  # fmt: skip
    of = "strata of like purchases"

    confidence: float = 0.95

    def _answer(self, frame: pd.DataFrame) -> Result:
        keys = ["quarter", "habit", "known_years"]
        frame = frame.assign(quarter=pd.to_datetime(frame["quarter"])).sort_values([*keys, "complained"])
        names = ["customers", "after", "after_squares", "before", "before_squares", "before_after", "bought"]
        those, others = (
            frame[frame["complained"].astype(bool) == told].groupby(keys)[names].sum() for told in (True, False)
        )
        both = those.index.intersection(others.index[others["customers"] >= 2])
        n, lost = int(those.loc[both, "customers"].sum()), int(those["customers"].sum())
        if n < LEAST:
            return self.refuse(say(
                "Not enough evidence: {n:count} of {all:count} customers who complained have others like them; "
                "{least:count} would be enough.", n=n, all=lost, least=LEAST))  # fmt: skip
        return _compared(self, those.loc[both], others.loc[both], lost, frame)


@dataclass(frozen=True, kw_only=True, eq=False)
class ComplaintCostResult(Result):
    """A habit (purchase days in the year before) a row: `habit`, `customers` (who complained), `others`, `after` and
    `after_others` (what they brought each in half a year), `loss` with `low` and `high`.

    `loss` of the Result is what a customer who complained brought less, with `low`, `high` and its standard `error`;
    `before` the same of the half year before, in which there was nothing to lose. `stayed` and `stayed_others` are the
    shares who came again.
    """

    loss: float
    low: float
    high: float
    error: float
    before: float
    before_error: float
    stayed: float
    stayed_others: float
    measure: str
    first: date
    last: date

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What a complaint costs; good for a year, since customers and remedies change."""
        return (
            Claim(
                subject=say("a customer's half year after a complaint"), measure=f"lost {self.measure}",
                value=self.loss,
                low=self.low, high=self.high, confidence=self.study.confidence, evidence="compared", first=self.first,
                last=self.last, expires=self.last + timedelta(days=365), scope=(),
                decision=say("Spend up to {low:money} on making good each complaint.", low=self.low)
                if self.low > 0 else "",
                reversed_by=say("Complaints that are made good at once, by lot, are followed by no more purchases than "
                                "others."),
            ),
        )  # fmt: skip


def _compared(
    study: ComplaintCost, those: pd.DataFrame, others: pd.DataFrame, lost: int, frame: pd.DataFrame
) -> Result:
    from scipy.stats import t

    n1, n0 = those["customers"].to_numpy(float), others["customers"].to_numpy(float)
    slope, slope_error = _slopes(others)
    means = {name: (those[name].to_numpy(float) / n1, others[name].to_numpy(float) / n0)
             for name in ("after", "before", "bought")}  # fmt: skip
    spread = {name: (_variance(those, name, n1), _variance(others, name, n0)) for name in ("after", "before")}
    pooled = {name: float(spread[name][1] @ (n0 - 1) / (n0 - 1).sum()) for name in spread}
    share = n1 / n1.sum()
    explained = float(share @ slope) ** 2 * pooled["before"] / max(pooled["after"], 1e-12)

    def variance(name: str, left: float) -> np.ndarray:
        """Of each stratum's difference. A stratum holds too few who complained to tell how much they scatter: as much
        more than their likes there as those who complained do everywhere."""
        alike = ((n0 - 1) * spread[name][1] + 5 * pooled[name]) / (n0 + 4)
        free = np.maximum(n1 - 1, 0)
        more = (free @ spread[name][0] + 5 * float(share @ alike)) / (free @ alike + 5 * float(share @ alike))
        return left * alike * (max(more, 1.0) / n1 + 1 / n0)

    before = means["before"][1] - means["before"][0]
    plain = means["after"][1] - means["after"][0]
    each = plain - slope * before
    loss, error = float(share @ each), float(np.sqrt(
        share**2 @ variance("after", 1 - min(explained, 0.9)) + (slope_error * (share @ np.abs(before))) ** 2
    ))  # fmt: skip
    placebo, placebo_error = float(share @ before), float(np.sqrt(share**2 @ variance("before", 1.0)))
    half = float(t.ppf(0.5 + study.confidence / 2, max(n1.sum() - 2, 5))) * error
    rows = pd.DataFrame({
        "habit": those.index.get_level_values("habit"), "n": n1, "others": n0, "after": means["after"][0] * n1,
        "alike": means["after"][1] * n1, "loss": each * n1,
        "variance": n1**2 * variance("after", 1 - min(explained, 0.9)),
    }).groupby("habit", as_index=False).sum()  # fmt: skip
    table = pd.DataFrame({
        "habit": rows["habit"], "customers": rows["n"].astype(int), "others": rows["others"].astype(int),
        "after": rows["after"] / rows["n"], "after_others": rows["alike"] / rows["n"], "loss": rows["loss"] / rows["n"],
    })  # fmt: skip
    wide = float(t.ppf(0.5 + study.confidence / 2, max(n1.sum() - 2, 5))) * np.sqrt(rows["variance"]) / rows["n"]
    table = table.assign(low=table["loss"] - wide, high=table["loss"] + wide)
    quarters = those.index.get_level_values("quarter")
    measure = str(frame["measure"].iloc[0])
    result = ComplaintCostResult(
        study=study, table=table, text="", loss=loss, low=loss - half, high=loss + half, error=error, before=placebo,
        before_error=placebo_error, stayed=float(share @ means["bought"][0]),
        stayed_others=float(share @ means["bought"][1]), measure=measure, first=quarters.min().date(),
        last=(quarters.max() + pd.DateOffset(months=3)).date(),
    )  # fmt: skip
    return replace(result, text=_sentence(result, int(n1.sum())), checks=_checks(result, int(n1.sum()), lost, placebo))


def _variance(rows: pd.DataFrame, name: str, n: np.ndarray) -> np.ndarray:
    squares, sums = rows[f"{name}_squares"].to_numpy(float), rows[name].to_numpy(float)
    return np.maximum(squares - sums**2 / n, 0) / np.maximum(n - 1, 1)


def _slopes(others: pd.DataFrame) -> tuple[np.ndarray, float]:
    """How much more a customer without a complaint brings who brought one more before than others of its stratum, by
    habit; and how far habits differ in that beyond what they share."""
    n, x, y = (others[name].to_numpy(float) for name in ("customers", "before", "after"))
    parts = pd.DataFrame({
        "habit": others.index.get_level_values("habit"),
        "within": others["before_squares"].to_numpy(float) - x * x / n,
        "together": others["before_after"].to_numpy(float) - x * y / n,
    })  # fmt: skip
    sums = parts.groupby("habit").sum()
    whole = float(sums["together"].sum() / sums["within"].sum()) if sums["within"].sum() > 0 else 0.0
    each = (sums["together"] + whole * sums["within"].mean() / 4) / (sums["within"] + sums["within"].mean() / 4 + 1e-12)
    return parts["habit"].map(each).to_numpy(float), float(np.sqrt(((each - whole) ** 2).mean()))


def _sentence(result: ComplaintCostResult, n: int) -> str:
    template = (
        "{loss:money} ({low:money} – {high:money}) of {measure} less in the half year after a complaint than after a "
        "like purchase without one, by {n:count} customers who complained."
        if result.low > 0 else
        "{loss:money} ({low:money} – {high:money}) of {measure} is lost in the half year after a complaint: no loss "
        "that {n:count} customers who complained could show."
    )  # fmt: skip
    return say(template, loss=result.loss, low=result.low, high=result.high, measure=say(result.measure), n=n)


def _checks(result: ComplaintCostResult, n: int, lost: int, placebo: float) -> tuple[Check, ...]:
    alike = abs(placebo) <= 1.96 * result.before_error
    return (
        Check(
            name=say("Alike before"), verdict="holds" if alike else "weak",
            text=say("In the half year before the purchase those who complained brought {x:money} {less} than their "
                     "likes (give or take {error:money}); what the past foretells of it is taken off.", x=abs(placebo),
                     less=say("more" if placebo < 0 else "less"), error=1.96 * result.before_error),
        ),
        Check(
            name=say("Found their like"), verdict="holds" if n >= 0.8 * lost else "weak",
            text=say("{n:count} of {all:count} customers who complained have others like them.", n=n, all=lost),
        ),
        Check(
            name=say("No test"), verdict="weak",
            text=say("Nobody drew lots who had a reason to complain: whoever complains cares, and silent discontent "
                     "may cost more. Making good half of all complaints, chosen by lot, would tell."),
        ),
        Check(
            name=say("Came again"), verdict="holds",
            text=say("{stayed:percent} came again within the half year, and {others:percent} of their likes.",
                     stayed=result.stayed, others=result.stayed_others),
        ),
    )  # fmt: skip
