"""Whose discount and status are to be reviewed: turnover and growth, payment, returns, what is left, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from crm_analytics.planning.customers.profit.dealer_payment import days_late, default_risk
from crm_analytics.planning.customers.profit.dealer_scale import Scale, read_scale, scales_of, worded
from crm_analytics.planning.customers.profit.dealer_terms import (
    FEW_ORDERS,
    HOLD,
    LEAVE,
    LOWER,
    NEAR,
    RAISE,
    SURE,
    YEAR_DAYS,
    Limits,
    terms,
)
from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

WIDE = norm.ppf(0.975)
SHOWN = ("customer_id", "status", "verdict", "discount", "suggested", "money", "turnover", "overdue", "reasons")
FACTS = ("customer_id", "kind", "status", "verdict", "discount", "suggested", "money", "break_even", "turnover",
         "growth", "growth_low", "growth_high", "orders", "yearly", "yearly_low", "yearly_high", "usual_days_late",
         "risk", "overdue", "overdue_days", "owed", "return_share", "margin_share", "reasons")  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Dealers(Study):
    """Which dealers have earned another discount, which must first settle their account, and whom to leave as they are?

    What a turnover earns is said by `scale`, such as «bronze 20 from 0, silver 22 from 10000, gold 25 from 50000»
    (percent, turnover of a year); without it, it is learned from the discounts dealers have now. A step is earned by
    a turnover that lies above it even at its lower end, so that one large order does not make a gold dealer. Better
    terms are held back from whom pays more than `late_days` late by habit, has more than `overdue_share` of a year's
    turnover overdue, surely sends back more than `return_share`, or would leave less than `least_margin` of the list
    price.
    """

    reads = "dealers"
    columns = ("customer_id", "kind", "window_days", "known_days", "orders", "turnover", "sold", "returned", "squares",
               "list_value", "margin", "turnover_before", "squares_before", "orders_before", "discount", "serving",
               "due", "days_late", "late_squares", "old", "lost", "overdue", "overdue_days", "owed")  # fmt: skip
    least = 5
    of = "customers who count as dealers (by their kind; kinds=all asks about everybody)"

    scale: str = ""
    late_days: float = 10.0
    overdue_share: float = 0.05
    return_share: float = 0.1
    least_margin: float = 0.05

    def __post_init__(self) -> None:
        if self.scale:
            read_scale(self.scale)
        for name in ("overdue_share", "return_share", "least_margin"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it is a share between 0 and 1.")
        if self.late_days < 0:
            raise ValueError(f"late_days is {self.late_days}; it is a number of days from 0 on.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        dealers = _measured(frame.sort_values("customer_id", ignore_index=True))
        buying = int((dealers["orders"] > 0).sum())
        if buying < self.least:
            return self.refuse(
                say(
                    "Not enough evidence: {buying:count} of {dealers:count} dealers bought in this window; from "
                    "{least:count} on they can be held against one another. Perhaps a longer window, or other kinds.",
                    buying=buying, dealers=len(dealers), least=self.least,
                )
            )  # fmt: skip
        scales = scales_of(dealers.assign(turnover=dealers["yearly"]), self.scale)
        limits = Limits(late_days=self.late_days, overdue_share=self.overdue_share, return_share=self.return_share,
                        least_margin=self.least_margin)  # fmt: skip
        table = terms(dealers, scales, limits)
        rank = {RAISE: 0, HOLD: 1, LOWER: 2, LEAVE: 3}
        table = table.assign(rank=table["verdict"].map(rank)).sort_values(
            ["rank", "turnover", "customer_id"], ascending=[True, False, True], ignore_index=True
        )
        found = DealersResult(study=self, table=table[[*SHOWN]], text="", checks=_checks(dealers, scales),
                              facts=table[[*FACTS]], scales=scales)  # fmt: skip
        return replace(found, text=_sentence(found, dealers))


@dataclass(frozen=True, kw_only=True, eq=False)
class DealersResult(Result):
    """A dealer a row, those to be talked to first: `customer_id`, `status`, `verdict` (raise, hold, lower, leave),
    `discount` now and `suggested`, `money` (a year, if turnover stays; negative is a cost), `turnover`, `overdue`,
    `reasons` in words.

    `facts` says more of the same dealers: `growth` against the window before and the interval of it, `yearly` turnover
    with the interval in which it would lie again, `usual_days_late` and `risk` (that an invoice is never paid),
    `overdue_days`, `owed`, `return_share`, `margin_share` (left of the list price), `break_even` (growth in volume that
    pays for a higher discount; the loss that a lower one stands). `scales` is the scale of discounts by kind of dealer.
    """

    facts: pd.DataFrame
    scales: dict[str, Scale]

    def told(self, *verdicts: str) -> str:
        """The dealers with these verdicts and their reasons, a line each, for whoever is to talk to them."""
        some = self.table[self.table["verdict"].isin(verdicts or (RAISE, HOLD, LOWER))]
        lines = [say("{id}: {reasons}.", id=row.customer_id, reasons=row.reasons) for row in some.itertuples()]
        return "\n".join(lines) or say("There is nobody to talk to.")


def _measured(frame: pd.DataFrame) -> pd.DataFrame:
    """With yearly turnover, growth, payment, returns and margin, each with what chance leaves open."""
    seen = np.minimum(frame["window_days"], np.maximum(frame["known_days"], 30))
    yearly = frame["turnover"] * YEAR_DAYS / seen
    error = _error(frame["turnover"], frame["squares"])
    before = _through_both(frame)
    grown = before & (frame["turnover"] > 0) & (frame["turnover_before"] > 0)
    ratio = np.log((frame["turnover"] / frame["turnover_before"]).where(grown))
    spread = WIDE * np.hypot(error, _error(frame["turnover_before"], frame["squares_before"]))
    share = (frame["returned"] / frame["sold"]).where(frame["sold"] > 0)
    whole = frame.loc[before, ["turnover", "turnover_before"]].sum()
    return frame.assign(
        yearly=yearly,
        yearly_low=yearly * np.exp(-SURE * error),
        yearly_high=yearly * np.exp(SURE * error),
        growth=np.expm1(ratio),
        growth_low=np.expm1(ratio - spread),
        growth_high=np.expm1(ratio + spread),
        growth_usual=whole["turnover"] / whole["turnover_before"] - 1 if whole["turnover_before"] > 0 else np.nan,
        usual_days_late=days_late(frame),
        risk=default_risk(frame),
        overdue=frame["overdue"].fillna(0.0),
        return_share=share,
        return_low=share - SURE * np.sqrt((share * (1 - share)).clip(lower=0) / frame["orders"].clip(lower=1)),
        margin_share=((frame["margin"] - frame["serving"].fillna(0.0)) / frame["list_value"]).where(
            frame["list_value"] > 0
        ),
    )


def _error(turnover: pd.Series, squares: pd.Series) -> pd.Series:
    """Standard error of the logarithm of turnover, had the same demand come again (a compound Poisson sum)."""
    return (np.sqrt(squares) / turnover.where(turnover > 0)).clip(upper=2.0)


def _sentence(found: DealersResult, dealers: pd.DataFrame) -> str:
    table = found.table
    count = {verdict: int((table["verdict"] == verdict).sum()) for verdict in (RAISE, HOLD, LOWER, LEAVE)}
    turnover, noise = float(dealers["turnover"].sum()), WIDE * float(np.sqrt(dealers["squares"].sum()))
    parts = [
        say(
            "{turnover:money} ({low:money} – {high:money} had the same demand come again) is what {dealers:count} "
            "dealers bought{growth}",
            turnover=turnover, low=max(0.0, turnover - noise), high=turnover + noise, dealers=len(dealers),
            growth=_growth(dealers),
        )
    ]  # fmt: skip
    money = table.groupby("verdict")["money"].sum()
    if count[RAISE]:
        parts.append(say("{dealers:count} earned a higher discount, for {cost:money} a year",
                         dealers=count[RAISE], cost=-float(money[RAISE])))  # fmt: skip
    if count[LOWER]:
        parts.append(say("{dealers:count} have more than they earn, {gain:money} a year",
                         dealers=count[LOWER], gain=float(money[LOWER])))  # fmt: skip
    if count[HOLD]:
        overdue = float(table.loc[table["verdict"] == HOLD, "overdue"].sum())
        parts.append(say("{dealers:count} must be talked to first, with {overdue:money} overdue",
                         dealers=count[HOLD], overdue=overdue))  # fmt: skip
    if not count[RAISE] + count[LOWER]:
        parts.append(say("nobody's discount calls for a change"))
    return "; ".join(parts) + "."


def _growth(dealers: pd.DataFrame) -> str:
    """How much more the dealers known through both windows bought, and what chance alone would do."""
    growth = float(dealers["growth_usual"].iloc[0])
    if np.isnan(growth):
        return ""
    known = dealers[_through_both(dealers)]
    now, before = known["turnover"].sum(), known["turnover_before"].sum()
    error = np.hypot(np.sqrt(known["squares"].sum()) / max(now, 1e-9), np.sqrt(known["squares_before"].sum()) / before)
    low, high = np.expm1(np.log1p(max(growth, -0.99)) + np.array([-WIDE, WIDE]) * error)
    return say(
        "; of those known through both windows it changed by {growth:percent} ({low:count} – {high:percent})",
        growth=growth, low=100 * low, high=high,
    )  # fmt: skip


def _checks(dealers: pd.DataFrame, scales: dict[str, Scale]) -> tuple[Check, ...]:
    return (_of_scale(dealers, scales), _of_payment(dealers), _of_evidence(dealers))


def _of_scale(dealers: pd.DataFrame, scales: dict[str, Scale]) -> Check:
    name, known = say("scale"), dealers[dealers["discount"].notna() & (dealers["orders"] > 0)]
    if not len(known):
        text = say("No list prices are recorded, so nobody's discount is known and none is suggested.")
        return Check(name=name, verdict="fails", text=text)
    if all(len(scale.steps) == 1 for scale in scales.values()):
        text = say(
            "Discounts do not rise with turnover ({scale}), so no rule can be learned from them; say by scale what a "
            "turnover should earn.",
            scale=worded(scales),
        )
        return Check(name=name, verdict="weak", text=text)
    earned = [scales[row.kind].step(row.yearly).discount for row in known.itertuples()]
    alike = float((np.abs(known["discount"].to_numpy(float) - np.array(earned)) <= NEAR).mean())
    learned = any(scale.learned for scale in scales.values())
    return Check(
        name=name,
        verdict="holds" if not learned or alike >= 0.6 else "weak",
        text=say(
            "Learned from present discounts: {scale}. {alike:percent} of dealers have what it says."
            if learned
            else "As it was set: {scale}. {alike:percent} of dealers have what it says.",
            scale=worded(scales),
            alike=alike,
        ),
    )


def _of_payment(dealers: pd.DataFrame) -> Check:
    name, due = say("payment"), dealers["due"].fillna(0)
    if not due.sum():
        text = say("Payments are not recorded here: who pays late, and what is at risk, is not in these suggestions.")
        return Check(name=name, verdict="weak", text=text)
    thin = int(((due > 0) & (due < 5)).sum())
    return Check(
        name=name,
        verdict="holds" if thin <= 0.3 * len(dealers) else "weak",
        text=say(
            "{due:count} invoices fell due; {thin:count} dealers have fewer than five, and their habit leans on that "
            "of all others.",
            due=float(due.sum()),
            thin=thin,
        ),
    )


def _of_evidence(dealers: pd.DataFrame) -> Check:
    few = float((dealers["orders"] < FEW_ORDERS).mean())
    new = float((~_through_both(dealers)).mean())
    return Check(
        name=say("evidence"),
        verdict="holds" if few <= 0.3 else "weak",
        text=say(
            "{few:percent} of dealers made fewer than {least:count} orders in the window, too few to judge their "
            "turnover; {new:percent} are not known for both windows, so nothing is said of their growth.",
            few=few,
            least=FEW_ORDERS,
            new=new,
        ),
    )


def _through_both(dealers: pd.DataFrame) -> pd.Series:
    """Who was a dealer in the whole of the window before, but for some days."""
    return dealers["known_days"] >= 2 * dealers["window_days"] * 0.95
