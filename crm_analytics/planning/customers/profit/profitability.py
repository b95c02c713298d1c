"""What does each customer leave after everything that serving it costs, who is served at a loss, and from what?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.profit.cost_to_serve import CALLED, STEPS, Accounts, accounts
from crm_analytics.planning.customers.profit.lasting_loss import chance_of_loss
from crm_analytics.planning.customers.profit.profitability_checks import checks
from crm_analytics.planning.customers.profit.remedies import reasons, remedies
from crm_analytics.planning.customers.profit.whale import Whale, whale
from crm_analytics.result import Result, Study
from crm_analytics.say import say

if TYPE_CHECKING:
    from collections.abc import Iterable

WINDOW, BEFORE = "window", "before"
EARNS, LOSES, UNLUCKY, IDLE = "earns", "loses", "perhaps unlucky", "bought nothing"
VERDICTS = (EARNS, UNLUCKY, LOSES, IDLE)
MOMENTS = ("orders", "profit_squares", "profit_by_paid", "paid_squares")


@dataclass(frozen=True, kw_only=True)
class Profitability(Study):
    """How much does each customer and each category leave after discounts, returns, delivery, contacts, campaigns and
    late payment; how many are served at a loss, from what, and what can be done about it?

    A loss of one year may be chance. A customer `loses` if, by its orders of two windows and by what is usual among
    all customers, its trade loses money with a probability of at least `sure`; else, and after a single order, it was
    `perhaps unlucky`. Money paid late costs `capital_rate` a year. Where no unit costs are recorded there is no profit
    to speak of, unless `margin_share` says which share of sales is left after the goods: an assumption, and the answer
    says so.
    """

    reads = "profitability"
    columns = (
        "customer_id", "kind", "category", "trade", "period", *MOMENTS, "sold", "sold_list", "sold_listed", "sold_cost",
        "sold_uncosted", "returned", "returned_cost", "returned_uncosted", "serving", "handling", "contacts",
        "campaigns", "late_money_days", "lost", "unpriced_contacts",
    )  # fmt: skip
    least = 25
    of = "rows of customers and categories"

    capital_rate: float = 0.08
    margin_share: float | None = None
    sure: float = 0.9
    draws: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.capital_rate <= 1:
            raise ValueError(f"capital_rate is {self.capital_rate}; it is a share a year, such as 0.08.")
        if self.margin_share is not None and not 0 < self.margin_share < 1:
            raise ValueError(f"margin_share is {self.margin_share}; it is a share of sales between 0 and 1, like 0.4.")
        if not 0.5 <= self.sure < 1:
            raise ValueError(f"sure is {self.sure}; it is a probability from 0.5 to 1, such as 0.9.")
        if self.draws < 20:
            raise ValueError(f"draws is {self.draws}; an interval needs at least 20.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        told = accounts(frame, capital_rate=self.capital_rate, margin_share=self.margin_share)
        if told is None:
            return self.refuse(_no_costs(frame))
        now = told.rows[told.rows["period"] == WINDOW]
        customers = _customers(told.rows, sure=self.sure)
        if len(customers) < self.least:
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} customers are known by name in this window; with {least:count} "
                    "and more their profits can be told apart.",
                    have=len(customers),
                    least=self.least,
                )
            )
        customers = reasons(customers, losing=customers["verdict"] != EARNS, idle=customers["verdict"] == IDLE)
        curve = whale(customers["profit"].to_numpy(float), draws=self.draws, seed=self.seed)
        found = ProfitabilityResult(
            study=self,
            table=customers,
            text="",
            checks=checks(told, now, customers),
            accounts=told,
            categories=_sums(now, ["category"]),
            lines=_lines(now),
            remedies=remedies(customers, lasting=LOSES, unlucky=UNLUCKY),
            whale=curve,
        )
        return replace(found, text=_sentence(found))


@dataclass(frozen=True, kw_only=True, eq=False)
class ProfitabilityResult(Result):
    """Each customer's steps from the value at list prices to the profit, the most profitable first: `customer_id`,
    `kind`, `orders`, `revenue`, `list_value`, `discount`, `goods`, `returns`, `serving`, `contacts`, `campaigns`,
    `payment`, `profit`, `profit_before` (of the window before), `verdict`, `chance_of_loss` (that its trade loses money
    for good), `reason` (of a loss: the cost furthest above what is usual), `excess` (how far, in money).

    `categories` has the same steps by category, those of nobody's category among them; `lines` by customers known,
    not known, and costs of nobody: each sums to the company. `remedies`: a row for each reason of losses, with what to
    do and the money behind it. `whale`: the cumulative profit of customers from the best to the worst.
    """

    accounts: Accounts
    categories: pd.DataFrame
    lines: pd.DataFrame
    remedies: pd.DataFrame
    whale: Whale

    @property
    def steps(self) -> pd.DataFrame:
        """The whole company, step by step: `step`, `money`, and its share of the value at list prices."""
        sums = self.lines[list(STEPS)].sum()
        return pd.DataFrame({"step": STEPS, "money": sums.to_numpy(), "share": sums.to_numpy() / sums["list_value"]})

    def remedied(self) -> Result:
        """What can be done about losses, reason by reason, and what it would save in a year."""
        table = self.remedies.drop(columns="advice")
        best = self.remedies[self.remedies["lasting"] > 0].nlargest(1, "saved")
        return Result(
            study=self.study,
            table=table,
            text=say(
                "{saved:money} would be saved in such a window if {reason} cost those who lose for good what is usual.",
                saved=float(best["saved"].iloc[0]),
                reason=say(CALLED[best["reason"].iloc[0]]),
            )
            if len(best)
            else say("Nobody is surely served at a loss for good: there is nothing to mend with single customers."),
        )

    def verdicts(self) -> Result:
        """How many customers earn, lose for good, were perhaps unlucky, or cost money and bought nothing."""
        sums = self.table.groupby("verdict")["profit"].agg(customers="size", profit="sum").round(2)
        table = sums.reindex([verdict for verdict in VERDICTS if verdict in sums.index]).reset_index()
        return Result(
            study=self.study,
            table=table,
            text=say(
                "{lasting:count} of {losing:count} losses are called lasting: those where several orders say so.",
                lasting=int((self.table["verdict"] == LOSES).sum()),
                losing=int((self.table["profit"] < 0).sum()),
            ),
        )

    def by(self, *columns: str) -> pd.DataFrame:
        """The steps summed by other columns, such as `kind` or `kind`, `category`. Raises ValueError for others."""
        now = self.accounts.rows[self.accounts.rows["period"] == WINDOW]
        known = ("kind", "category", "trade")
        if not columns or set(columns) - set(known):
            raise ValueError(f"There is no sum by {', '.join(columns) or 'nothing'}; ask for {', '.join(known)}.")
        return _sums(now, columns)

    def against(self, truth: pd.DataFrame) -> pd.DataFrame:
        """Verdicts beside what is known of the customers (`customer_id` and one column more): a count of each pair."""
        [other] = [column for column in truth.columns if column != "customer_id"]
        both = self.table.merge(truth, on="customer_id", how="inner")
        return pd.crosstab(both["verdict"], both[other]).reindex(VERDICTS, fill_value=0)


def _customers(rows: pd.DataFrame, *, sure: float) -> pd.DataFrame:
    """One row for each known customer that bought or cost anything in the window, the most profitable first."""
    known = rows[rows["customer_id"].notna()]
    money = [*STEPS, "revenue", "orders"]
    now = known[known["period"] == WINDOW]
    table = now.groupby("customer_id")[money].sum().round(4)
    table.insert(0, "kind", now.groupby("customer_id")["kind"].first())
    before = known[known["period"] == BEFORE].groupby("customer_id")["profit"].sum().round(4)
    table["profit_before"] = before.reindex(table.index)
    both = known.assign(operating=known["list_value"] - known[["discount", "goods", "returns", "serving"]].sum(axis=1))
    both = both.assign(profit=both["profit"] + both["lost"].fillna(0.0))  # an invoice lost once is no habit
    both = both.groupby("customer_id")[[*MOMENTS, "operating", "profit", "revenue"]].sum().reindex(table.index)
    table["chance_of_loss"] = chance_of_loss(both)
    lost = table["profit"] < 0
    idle = lost & (table["orders"] == 0)
    lasting = lost & (both["orders"] > 1) & (table["chance_of_loss"] >= sure)
    table["verdict"] = np.select([~lost, idle, lasting], [EARNS, IDLE, LOSES], default=UNLUCKY)
    order = ["customer_id", "kind", "orders", "revenue", *STEPS, "profit_before", "verdict", "chance_of_loss"]
    table = table.reset_index().astype({"orders": int})[order]
    return table.sort_values(["profit", "customer_id"], ascending=[False, True], ignore_index=True)


def _sums(now: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The steps by some columns, the largest profit first; what is of none stands last."""
    columns = list(columns)
    sums = now.groupby(columns, dropna=False)[["orders", "revenue", *STEPS]].sum().round(4).reset_index()
    sums["share_kept"] = sums["profit"] / sums["list_value"].where(sums["list_value"] > 0)
    return sums.sort_values(
        ["profit", *columns], ascending=[False, *([True] * len(columns))], ignore_index=True
    ).astype({"orders": int})


def _lines(now: pd.DataFrame) -> pd.DataFrame:
    """The company in three lines: customers known by name, those that are not, and what nobody bought."""
    who = np.select(
        [now["customer_id"].notna(), now["category"].notna()], ["known customers", "not known by name"], "of nobody"
    )
    lines = now.assign(line=who).groupby("line")[["revenue", *STEPS]].sum().round(4)
    return lines.reindex(["known customers", "not known by name", "of nobody"], fill_value=0.0).reset_index()


def _no_costs(frame: pd.DataFrame) -> str:
    now = frame[frame["period"] == WINDOW]
    sold, back = float(now["sold"].sum()), float(now["returned"].sum())
    return say(
        "Not enough evidence: nothing says what the goods cost, so that of {sold:money} sold and {back:money} returned "
        "nobody knows what was left. With the unit cost of the order lines profit can be told by customer; until then "
        "a margin may be assumed, such as margin_share=0.4.",
        sold=sold,
        back=back,
    )


def _sentence(found: ProfitabilityResult) -> str:
    table, curve = found.table, found.whale
    count = {verdict: int((table["verdict"] == verdict).sum()) for verdict in VERDICTS}
    if not (curve.total > 0 and np.isfinite(curve.peak_high)):
        return say(
            "{total:money} ({low:money} – {high:money}) is all that {customers:count} known customers leave together: "
            "{losing:count} of them bought at a loss, and {idle:count} cost money and bought nothing.",
            total=curve.total, low=curve.total_low, high=curve.total_high, customers=len(table),
            losing=count[LOSES] + count[UNLUCKY], idle=count[IDLE],
        )  # fmt: skip
    parts = [
        say(
            "The best {best:percent} of {customers:count} customers make {peak:percent} ({low:count} – {high:percent}) "
            "of the profit of {total:money}",
            best=curve.peak_at, customers=len(table), peak=curve.peak, low=100 * curve.peak_low, high=curve.peak_high,
            total=curve.total,
        ),
        _losers(found, count),
    ]  # fmt: skip
    if count[IDLE]:
        parts.append(say("{idle:count} cost money and bought nothing", idle=count[IDLE]))
    end = say(" A margin was assumed, not recorded.") if found.accounts.assumed else ""
    return "; ".join(parts) + "." + end


def _losers(found: ProfitabilityResult, count: dict[str, int]) -> str:
    bought = found.table["verdict"].isin([LOSES, UNLUCKY])
    if not bought.any():
        return say("nobody who bought was served at a loss")
    reason = found.remedies[found.remedies["lasting"] > 0]["reason"]
    return say(
        "{losing:count} bought at a loss, {loss:money} in all, {lasting:count} of them for good (most by {reason})"
        if len(reason)
        else "{losing:count} bought at a loss, {loss:money} in all, none of them surely for good",
        losing=int(bought.sum()),
        loss=-float(found.table.loc[bought, "profit"].sum()),
        lasting=count[LOSES],
        reason=say(CALLED[reason.iloc[0]]) if len(reason) else "",
    )
