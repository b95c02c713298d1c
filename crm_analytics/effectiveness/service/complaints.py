"""What should be improved first: which products, stores or channels bring complaints and returns beyond the others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.service.blame import Blame, blame
from crm_analytics.effectiveness.service.complaint_checks import checks
from crm_analytics.effectiveness.service.complaint_cost import ComplaintCostResult
from crm_analytics.result import Claim, Result, Study, enough
from crm_analytics.say import say

LEAST_CASES = 20
SEASON_ROUNDS = 10
YEAR = 365
PER = 1000
DIMENSIONS = ("product", "category", "store", "channel", "region")


@dataclass(frozen=True, kw_only=True)
class Complaints(Study):
    """What should be improved first: which products bring complaints and returns beyond the others?

    Complaints per 1,000 orders that held a product (or of a `dimension` such as store), for months in which everybody
    complains more taken out, drawn towards the mean where little was sold, and put down to what the complaint is most
    likely about where several things had been bought. The excess over all is counted in money: what excess returns take
    back, and, once `.but(cost=…)` tells what a complaint costs, excess complaints. What stands out must do so beyond
    chance among all values looked at (Bonferroni).
    """

    reads = "complaints"
    columns = ("dimension", "value", "month", "case", "orders", "returns", "returned", "days")
    of = "orders and complaints"

    dimension: Literal["product", "category", "store", "channel", "region"] = "product"
    confidence: float = 0.95
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimension not in DIMENSIONS:
            raise ValueError(f"There is no dimension {self.dimension!r}; choose among {', '.join(DIMENSIONS)}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.assign(month=pd.to_datetime(frame["month"]))
        frame = frame.sort_values(["dimension", "value", "month", "case"], kind="stable", ignore_index=True)
        known = _OnRecord.of(frame, self.dimension)
        if (cases := known.rows["case"].nunique()) < LEAST_CASES:
            return self.refuse(say(
                "Not enough evidence: {n:count} complaints of customers who had bought something within 30 days, and "
                "{more:count} of others; {least:count} of the first would be enough.", n=cases, more=known.unlinked,
                least=LEAST_CASES))  # fmt: skip
        if len(known.values) < 2:
            return self.refuse(say(
                "Not enough evidence: all orders are of one {dimension}; there is nothing to compare.",
                dimension=say(self.dimension)))  # fmt: skip
        return _answered(self, frame)


@dataclass(frozen=True, kw_only=True, eq=False)
class ComplaintsResult(Result):
    """A product (or store …) a row, what is most at stake first: `value`, `orders`, `complaints` (put down to it),
    `rate` with `low` and `high` (per 1,000 orders, shrunk), `plain_rate`, `change` with `change_low` and `change_high`
    (rate of the newest year over that of the year before), `excess` (complaints a year beyond the rate of all),
    `return_rate` (per 1,000), `stake` with `stake_low` and `stake_high` (money a year) and `verdict`.

    `rate` of all is `overall`; `months` has the company's complaints and orders month by month.
    """

    overall: float
    months: pd.DataFrame = field(repr=False)
    frame: pd.DataFrame = field(repr=False)
    cost: ComplaintCostResult | None = None
    until: date

    def but(self, *, cost: ComplaintCostResult) -> ComplaintsResult:
        """The same with what a complaint costs counted in; where that could not be told, the same."""
        if not enough(cost):
            return self
        return _answered(self.study, self.frame, cost=cost)

    def by(self, dimension: str) -> Result:
        """The same question by another dimension. Raises ValueError naming those there are."""
        return replace(self.study, dimension=dimension).fit(self.frame)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What to improve first; it is to be asked again after as many months as showed it."""
        first = self.table.iloc[0]
        stands_out = bool(first["verdict"] == say("improve"))
        days = timedelta(days=YEAR)
        return (
            Claim(
                subject=say("complaints about {value}", value=first["value"]), measure="complaints per 1,000 orders",
                value=float(first["rate"]), low=float(first["low"]), high=float(first["high"]),
                confidence=self.study.confidence, evidence="compared", first=self.until - days,
                last=self.until - timedelta(days=1), expires=self.until + days / 2,
                scope=((self.study.dimension, str(first["value"])),),
                decision=say("Have {value} looked at first: find what its buyers complain of, and stop selling it "
                             "until it is mended if they are right.", value=first["value"]) if stands_out else "",
                reversed_by=say("In the next half year its buyers complain no more than others ({rate:number} per "
                                "1,000 orders).", rate=self.overall),
            ),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class _OnRecord:
    """What the table says of one dimension: orders by value and month (`sold`), complaints by case (`rows`), which
    values sold anything, and how many complaints are of customers who had not bought."""

    sold: pd.DataFrame
    rows: pd.DataFrame
    values: pd.Index
    unlinked: int

    @classmethod
    def of(cls, frame: pd.DataFrame, dimension: str) -> _OnRecord:
        mine = frame[frame["dimension"] == dimension]
        sold = mine[mine["case"].isna()]
        orders = sold.groupby("value")["orders"].sum()
        return cls(
            sold=sold, rows=mine[mine["case"].notna()].drop_duplicates(["case", "value"]),
            values=orders[orders > 0].index,
            unlinked=int(frame.loc[frame["dimension"] == "none", "case"].nunique()),
        )  # fmt: skip


def _answered(study: Complaints, frame: pd.DataFrame, *, cost: ComplaintCostResult | None = None) -> ComplaintsResult:
    known = _OnRecord.of(frame, study.dimension)
    sold, values = known.sold, known.values
    rows = known.rows[known.rows["value"].isin(values)]
    until = pd.to_datetime(frame["until"]).max() if "until" in frame else frame["month"].max() + pd.DateOffset(months=1)
    orders = sold.pivot_table(index="value", columns="month", values="orders", aggfunc="sum", fill_value=0)
    orders = orders.reindex(values)
    place = {value: i for i, value in enumerate(values)}
    at = rows["value"].map(place).to_numpy()
    weighted = orders * _season(orders, rows, at)
    found = blame(at, rows["case"].to_numpy(), weighted.sum(axis=1).to_numpy(float), seed=study.seed)
    table = pd.DataFrame({
        "value": values, "orders": orders.sum(axis=1).to_numpy(), "complaints": found.count, "rate": PER * found.rate,
        "low": PER * found.between((1 - study.confidence) / 2), "high": PER * found.between((1 + study.confidence) / 2),
        "plain_rate": PER * np.bincount(at, minlength=len(values)) / np.maximum(orders.sum(axis=1).to_numpy(), 1),
    })  # fmt: skip
    overall = float(found.count.sum() / found.exposed.sum())
    change = _change(rows, at, found, weighted, until)
    newest = orders.columns >= until - pd.Timedelta(days=YEAR)
    yearly = orders.loc[:, newest].sum(axis=1).to_numpy(float)
    table = table.assign(**change, excess=(found.rate - overall) * yearly)
    table = table.assign(**_stake(study, sold, values, found, (overall, yearly), cost))
    beyond = found.between((1 - study.confidence) / len(values)) > overall
    table = table.assign(verdict=np.where(beyond, say("improve"), np.where(
        PER * overall < table["low"], say("watch"), say("as others"))))  # fmt: skip
    table = table.assign(first=~beyond).sort_values(
        ["first", "stake", "excess", "value"], ascending=[True, False, False, True], ignore_index=True
    ).drop(columns="first")  # fmt: skip
    months = pd.DataFrame({"orders": orders.sum(), "complaints": rows.drop_duplicates("case").groupby("month").size()})
    result = ComplaintsResult(
        study=study, table=table, text="", overall=PER * overall, months=months.fillna(0).reset_index(), frame=frame,
        cost=cost, until=until.date(),
    )  # fmt: skip
    return replace(result, text=_sentence(result), checks=checks(result, known.unlinked, found.shape))


def _season(orders: pd.DataFrame, rows: pd.DataFrame, at: np.ndarray) -> np.ndarray:
    """How much more everybody complains in each month than usual, drawn towards 1 where there are few complaints.

    Months and rates are found in turn: a faulty product that was sold in a few months only makes them bad, and must not
    be excused by them.
    """
    sold, case = orders.to_numpy(float), pd.factorize(rows["case"])[0]
    cases = rows.drop_duplicates("case").groupby("month").size().reindex(orders.columns).fillna(0).to_numpy(float)
    season, mean = np.ones(sold.shape[1]), cases.sum() / max(sold.sum(), 1)
    rate = np.full(len(sold), mean)
    for _ in range(SEASON_ROUNDS):
        share = rate[at] / np.bincount(case, rate[at])[case]
        rate = (np.bincount(at, share, len(sold)) + 1) / (sold @ season + 1 / mean)
        season = (cases + 5) / (rate @ sold + 5)
        season /= season @ sold.sum(axis=0) / sold.sum()
    return season


def _change(
    rows: pd.DataFrame, at: np.ndarray, found: Blame, weighted: pd.DataFrame, until: pd.Timestamp
) -> dict[str, np.ndarray]:
    """The rate of the newest year over that of the year before; intervals of a ratio of two counts."""
    from scipy.stats import norm

    n, counts, exposed = len(weighted), [], []
    for years in (1, 2):
        first, last = until - pd.Timedelta(days=years * YEAR), until - pd.Timedelta(days=(years - 1) * YEAR)
        inside = ((rows["month"] >= first) & (rows["month"] < last)).to_numpy()
        counts.append(np.bincount(at[inside], found.weight[inside], n) + 0.5)
        month = (weighted.columns >= first) & (weighted.columns < last)
        exposed.append(weighted.loc[:, month].sum(axis=1).to_numpy(float))
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(counts[0] / counts[1] * exposed[1] / exposed[0])
    log = np.where(np.isfinite(log), log, np.nan)
    half = norm.ppf(1 - 0.025) * np.sqrt(1 / counts[0] + 1 / counts[1])
    return {"change": np.exp(log), "change_low": np.exp(log - half), "change_high": np.exp(log + half)}


def _stake(
    study: Complaints, sold: pd.DataFrame, values: pd.Index, found: Blame, of_all: tuple[float, np.ndarray],
    cost: ComplaintCostResult | None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Money a year: excess returns, and excess complaints where it is known what one costs."""
    overall, yearly = of_all
    rng = np.random.default_rng(study.seed)
    sums = sold.groupby("value")[["orders", "returns", "returned"]].sum().reindex(values)
    returns, orders = sums["returns"].to_numpy(float), sums["orders"].to_numpy(float)
    one_each = np.repeat(np.arange(len(values)), returns.astype(int))
    back = blame(one_each, np.arange(len(one_each)), orders, seed=study.seed)
    usual = returns.sum() / max(orders.sum(), 1)
    whole = float(sums["returned"].sum() / max(returns.sum(), 1))
    each = (sums["returned"].to_numpy(float) + 5 * whole) / (returns + 5)
    drawn = (back.rates - usual) * yearly * each
    stake = (back.rate - usual) * yearly * each
    if cost is not None:
        price = rng.normal(cost.loss, cost.error, (len(drawn), 1))
        drawn = drawn + (found.rates - overall) * yearly * price
        stake = stake + (found.rate - overall) * yearly * cost.loss
    low, high = np.quantile(drawn, [(1 - study.confidence) / 2, (1 + study.confidence) / 2], axis=0)
    return {"return_rate": PER * back.rate, "stake": stake, "stake_low": np.minimum(low, stake),
            "stake_high": np.maximum(high, stake)}  # fmt: skip


def _sentence(result: ComplaintsResult) -> str:
    n = int((result.table["verdict"] == say("improve")).sum())
    first = result.table.iloc[0] if n else result.table.loc[result.table["rate"].idxmax()]
    figures = {
        "rate": first["rate"], "low": first["low"], "high": first["high"], "value": first["value"],
        "overall": result.overall, "all": len(result.table), "stake": first["stake"], "n": n,
        "least": first["stake_low"], "most": first["stake_high"], "kind": say(result.study.dimension),
    }  # fmt: skip
    if not n:
        return say(
            "{rate:number} ({low:number} – {high:number}) complaints per 1,000 orders is the most of any {kind}, that "
            "of {value}; beyond chance none of {all:count} differs from the {overall:number} of all.", **figures
        )  # fmt: skip
    told = say(
        "{rate:number} ({low:number} – {high:number}) complaints per 1,000 orders of {value}, where {overall:number} "
        "are usual: improve it first. {n:count} of {all:count} {n:stands|stand} out.", **figures
    )  # fmt: skip
    if not first["stake_high"] > 0:
        return told
    return told + " " + say(
        "At stake are {stake:money} ({least:money} – {most:money}) a year." if first["stake_low"] > 0 else
        "What that costs a year cannot be told from nothing yet ({least:money} – {most:money}).", **figures
    )  # fmt: skip
