"""What does it cost to win a customer, and what to keep one?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

NINETEEN_OF_TWENTY = 1.96
WIN, KEEP = "win", "keep"


@dataclass(frozen=True, kw_only=True)
class WinOrKeep(Study):
    """What did a customer won cost, and what a customer kept who would else have stayed away?

    Campaigns that address known customers are there to keep them, all others to win. Won are those who say that they
    came by the campaign; kept, by how many more of the addressed bought again than of the control group left in
    peace: a campaign without control group keeps nobody who can be counted.
    """

    reads = "campaign_aims"
    people = ("won",)
    columns = ("campaign_id", "name", "starts", "cost", "addressed", "won", "treated", "kept_treated", "control",
               "kept_control")  # fmt: skip
    of = "campaigns that are over (in the table of campaigns)"

    def _answer(self, frame: pd.DataFrame) -> Result:
        if frame["cost"].isna().all():
            return self.refuse(
                say("It is not recorded what campaigns cost: with the table of campaign costs you would see what it "
                    "costs to win a customer and to keep one.")
            )  # fmt: skip
        rows = frame[frame["cost"] > 0].sort_values(["starts", "campaign_id"], ignore_index=True)
        table = _campaigns(rows)
        win, keep = (_together(table[table["aim"] == aim]) for aim in (WIN, KEEP))
        if win is None and keep is None:
            return self.refuse(
                say("No campaign can be told to have won or kept anybody: with the acquired campaign in the table of "
                    "customers you would see what winning costs, with the arms of campaigns what keeping costs.")
            )  # fmt: skip
        return WinOrKeepResult(
            study=self,
            table=table,
            text=_told(win, keep),
            checks=tuple(_checks(table, win, keep)),
            win=win,
            keep=keep,
        )


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one customer won or kept cost: all costs over all `customers`, with the interval of both.

    `high` is infinite where it cannot be shown that anybody was won or kept at all.
    """

    campaigns: int
    cost: float
    customers: float
    fewest: float
    most: float

    @property
    def each(self) -> float:
        return self.cost / self.customers if self.customers > 0 else np.inf

    @property
    def low(self) -> float:
        return self.cost / self.most if self.most > 0 else np.inf

    @property
    def high(self) -> float:
        return self.cost / self.fewest if self.fewest > 0 else np.inf


@dataclass(frozen=True, kw_only=True, eq=False)
class WinOrKeepResult(Result):
    """A campaign a row: `campaign_id`, `name`, `aim` (win or keep), `cost`, `won` (customers counted), `gained` (the
    same, or those kept beyond who would have bought anyway), its interval `fewest`–`most`, `cost_each` (null where
    nobody).

    `win` and `keep` hold the same for all campaigns of the aim together; None where there are none.
    """

    win: Cost | None
    keep: Cost | None


def _campaigns(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows["addressed"].fillna(0) > 0
    tested = known & (rows["treated"] > 0) & (rows["control"] > 0)
    rows = rows.assign(aim=np.where(known, KEEP, WIN))[tested | (~known & rows["won"].notna())]
    fewest, gained, most = np.where(rows["aim"] == WIN, _won(rows), _kept(rows))
    won = rows["won"].where(rows["aim"] == WIN)
    table = rows[["campaign_id", "name", "aim", "cost"]].assign(won=won, gained=gained, fewest=fewest, most=most)
    each = table["cost"] / table["gained"].where(table["gained"] > 0)
    return table.assign(cost_each=each).reset_index(drop=True)


def _won(rows: pd.DataFrame) -> np.ndarray:
    """Customers won, between the numbers from which chance would have made as many (Garwood 1936)."""
    from scipy.stats import chi2

    won = rows["won"].fillna(0).to_numpy(float)
    return np.stack([chi2.ppf(0.025, np.maximum(2 * won, 1e-9)) / 2 * (won > 0), won, chi2.ppf(0.975, 2 * won + 2) / 2])


def _kept(rows: pd.DataFrame) -> np.ndarray:
    """How many of the treated bought again beyond what the control group tells, with the interval of that."""
    treated, control = (rows[name].fillna(0).to_numpy(float) for name in ("treated", "control"))
    p, q = (
        (rows[f"kept_{name}"].fillna(0).to_numpy(float) + 0.5) / (size + 1)
        for name, size in (("treated", treated), ("control", control))
    )
    raw = [rows[f"kept_{name}"].fillna(0).to_numpy(float) for name in ("treated", "control")]
    extra = raw[0] - treated * raw[1] / np.maximum(control, 1)
    error = treated * np.sqrt(p * (1 - p) / np.maximum(treated, 1) + q * (1 - q) / np.maximum(control, 1))
    return np.stack([extra - NINETEEN_OF_TWENTY * error, extra, extra + NINETEEN_OF_TWENTY * error])


def _together(table: pd.DataFrame) -> Cost | None:
    """All campaigns of one aim: customers add up, and so do the squares of the half widths."""
    if not len(table):
        return None
    down, up = table["gained"] - table["fewest"], table["most"] - table["gained"]
    customers = float(table["gained"].sum())
    if table["aim"].iloc[0] == WIN:
        fewest, _, most = _won(table.head(1).assign(won=customers))[:, 0]
    else:
        fewest, most = customers - np.sqrt((down**2).sum()), customers + np.sqrt((up**2).sum())
    return Cost(
        campaigns=len(table),
        cost=float(table["cost"].sum()),
        customers=customers,
        fewest=float(fewest),
        most=float(most),
    )


def _told(win: Cost | None, keep: Cost | None) -> str:
    return " ".join(
        part
        for part in (
            _of_one(win, "{each:money} ({low:money}–{high:money}) was the cost of a customer won.",
                    "At least {low:money} was the cost of a customer won ({fewest:count}–{most:count} customers won)."),
            _of_one(keep, "{each:money} ({low:money}–{high:money}) was the cost of a customer kept.",
                    "It is not shown that campaigns kept anybody: {fewest:count}–{most:count} customers more than were "
                    "left in peace, for {cost:money}."),
        )
        if part
    )  # fmt: skip


def _of_one(cost: Cost | None, sure: str, unsure: str) -> str:
    if cost is None:
        return ""
    return say(
        sure if np.isfinite(cost.high) else unsure,
        each=cost.each,
        low=cost.low,
        high=cost.high,
        fewest=cost.fewest,
        most=cost.most,
        cost=cost.cost,
    )


def _checks(table: pd.DataFrame, win: Cost | None, keep: Cost | None) -> Iterator[Check]:
    if win is None:
        yield Check(
            name=say("won"),
            verdict="weak",
            text=say("No customer says by which campaign it came: with the acquired campaign winning could be priced."),
        )
    else:
        yield Check(
            name=say("won"),
            verdict="weak",
            text=say(
                "{campaigns:count} campaigns to everybody are charged in full to the {won:count} customers who name "
                "them; they also sold to others and won some who do not say so: a customer won cost this much at most.",
                campaigns=win.campaigns,
                won=win.customers,
            ),
        )
    if keep is None:
        yield Check(
            name=say("kept"),
            verdict="weak",
            text=say("No campaign left a control group in peace: whom it kept cannot be told from who came anyway."),
        )
    else:
        yield Check(
            name=say("kept"),
            verdict="holds" if keep.fewest > 0 else "weak",
            text=say(
                "{campaigns:count} campaigns with a control group kept {kept:count} customers ({fewest:count}–"
                "{most:count}) who would else have stayed away.",
                campaigns=keep.campaigns,
                kept=keep.customers,
                fewest=keep.fewest,
                most=keep.most,
            ),
        )
    if win and keep and np.isfinite(win.each) and np.isfinite(keep.each):
        apart = win.low > keep.high or keep.low > win.high
        yield Check(
            name=say("difference"),
            verdict="holds" if apart else "weak",
            text=say(
                "The two intervals do not overlap: the cheaper way is known."
                if apart
                else "The two intervals overlap: which way is cheaper is not known yet; more tests with a "
                "control group would tell."
            ),
        )
