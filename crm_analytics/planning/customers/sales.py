"""What was sold, to whom, and what moved: sales in any cut, two periods compared, and whether the change is unusual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.sales_checks import reasons
from crm_analytics.planning.ordinary import log_changes, ordinary_range
from crm_analytics.result import Result, Study
from crm_analytics.say import say

DIMENSIONS = ("month", "region", "store", "channel", "category", "kind")
MEASURES = ("revenue", "margin", "units", "orders")
_GRAIN = 10_000
"""Money is kept to four decimals: in whole ten-thousandths the parts sum to the whole exactly."""

_WAS = {
    "revenue": "Revenue was {now:money} in {span:months}",
    "margin": "Margin was {now:money} in {span:months}",
    "units": "{now:count} units were sold in {span:months}",
    "orders": "{now:count} orders came in {span:months}",
}

_MOVED = {
    ("year_before", "up"): "{share:percent} more than a year before",
    ("year_before", "down"): "{share:percent} less than a year before",
    ("before", "up"): "{share:percent} more than in {before:months}",
    ("before", "down"): "{share:percent} less than in {before:months}",
}


@dataclass(frozen=True, kw_only=True)
class Total:
    """The whole that the parts of a SalesResult sum to, and the range in which its change would be ordinary."""

    before: float
    now: float
    change: float
    change_share: float
    ordinary_low: float = float("nan")
    ordinary_high: float = float("nan")


@dataclass(frozen=True, kw_only=True, eq=False)
class SalesResult(Result):
    """Sales by part, in a period and in an earlier one.

    `table`: the dimensions, before, now, change, change_share (of before), share_now (of the whole), contribution
    (share of the whole change), ordinary_low and ordinary_high (the range of an ordinary change_share; empty where
    the history is too short). The largest change stands first. `history`: month and value, all months there are.
    """

    study: Sales
    total: Total
    span: tuple[date, date]
    span_before: tuple[date, date]
    history: pd.DataFrame
    facts: pd.DataFrame

    @property
    def parted(self) -> bool:
        """Whether the company's data tell at least two parts apart."""
        return len(self.table) > 1

    @property
    def names(self) -> list[str]:
        """What each row of the table is called: its value in every dimension of the cut."""
        columns = [_names(self.table[dimension]) for dimension in self.study.by]
        return [" · ".join(values) for values in zip(*columns, strict=True)]

    @property
    def moved(self) -> str:
        """How the whole changed, as the end of a sentence."""
        share = self.total.change_share
        template = _MOVED[self.study.compare, "up" if share >= 0 else "down"]
        return say(template, share=abs(share), before=self.span_before)

    @property
    def carried(self) -> str:
        """Which part moved the whole, as a sentence; empty where there is nothing to tell apart."""
        if not self.parted or not self.total.change:
            return ""
        top = self.table.contribution.idxmax()
        share = self.table.contribution[top]
        template = (
            "{part} carries {share:percent} of the change." if share <= 1
            else "{part} alone moved by more than the whole; the others together moved the other way."
        )
        months = self.study.by == ("month",)
        part = say("{month:month}", month=self.table.month[top]) if months else self.names[top]
        return say(template, part=part, share=share)

    def by(self, *columns: str) -> Result:
        """The same sales cut by other dimensions. Raises ValueError naming the dimensions there are."""
        return replace(self.study, by=columns)._answer(self.facts)

    def of(self, *part: str) -> Result:
        """One part alone, named by its value in each dimension of the cut; cut it further with `by`.

        Raises ValueError naming the parts there are.
        """
        name = " · ".join(map(str, part))
        if name not in self.names:
            raise ValueError(
                f"There is no part {name!r} in this cut by {', '.join(self.study.by) or 'nothing'}; "
                f"there are {', '.join(self.names[:20]) or 'none'}."
            )
        only = (*self.study.only, *zip(self.study.by, map(str, part), strict=True))
        return replace(self.study, only=only)._answer(self.facts)


@dataclass(frozen=True, kw_only=True)
class Sales(Study):
    """What did we sell, to whom, and what moved?

    `by` are the dimensions of the cut, `only` the parts it is restricted to as (dimension, value). The newest
    `last_months` whole months are compared with the same months a year before or with those just before (`compare`;
    None: a year before if the history reaches, since then the season falls out). Which `kinds` of sale count is said
    outright; returns are negative sales, and are no orders.

    A change between two periods is a fact, not an estimate. Whether it is *unusual* is one: the range is the two-sided
    95 % prediction interval for one more observation from a normal sample, x̄ ± t·s·√(1 + 1/n), of the log changes
    between earlier periods of the same length that do not overlap (Hahn & Meeker, Statistical Intervals, 1991, ch. 4).
    """

    reads: ClassVar[str] = "sales"
    columns: ClassVar[tuple[str, ...]] = (*DIMENSIONS, *MEASURES, "cost_known_revenue")
    of: ClassVar[str] = "rows of monthly sales"

    by: tuple[str, ...] = ("region",)
    measure: Literal["revenue", "margin", "units", "orders"] = "revenue"
    last_months: int = 3
    compare: Literal["year_before", "before"] | None = None
    kinds: tuple[str, ...] = ("sale", "return")
    only: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for knob in ("by", "kinds"):  # one name is as good as a tuple of one
            if isinstance(getattr(self, knob), str):
                object.__setattr__(self, knob, (getattr(self, knob),))
        for dimension in (*self.by, *(pair[0] for pair in self.only)):
            if dimension not in DIMENSIONS:
                raise ValueError(f"Sales cannot be cut by {dimension!r}; choose among {', '.join(DIMENSIONS)}.")
        if len(set(self.by)) < len(self.by):
            raise ValueError(f"Name each dimension once, not {', '.join(self.by)}.")
        if self.measure not in MEASURES:
            raise ValueError(f"There is no measure {self.measure!r}; choose among {', '.join(MEASURES)}.")
        if not 1 <= self.last_months <= 12:
            raise ValueError(f"last_months must be 1 to 12, not {self.last_months}: longer periods would overlap.")
        if self.compare not in (None, "year_before", "before"):
            raise ValueError(f"compare is 'year_before' or 'before', not {self.compare!r}.")
        if not self.kinds:
            raise ValueError("Say which kinds of sale count, for example kinds=('sale', 'return').")

    def _answer(self, facts: pd.DataFrame) -> Result:
        if self.measure == "margin" and not facts.cost_known_revenue.any():
            return self.refuse(say("Not enough evidence: no unit cost is known, so there is revenue but no margin."))
        facts = facts.assign(month_number=_month_number(facts.month))
        first, last = int(facts.month_number.min()), int(facts.month_number.max())
        lag = self._lag(reach=last - first + 1)
        span, span_before = _span(last, self.last_months), _span(last - lag, self.last_months)
        if _day(first) > span_before[0]:
            return self.refuse(say(
                "Not enough evidence: comparing {span:months} with {before:months} takes sales since then, and "
                "they are known from {first:month}.", span=span, before=span_before, first=_day(first),
            ))
        sold = facts.assign(value=_whole(facts[self.measure]))[self.concerns(facts) & self._counts(facts)]
        table, total = self._compare(sold, last=last, lag=lag)
        if not (total.now or total.before):
            return self.refuse(say(
                "Not enough evidence: neither {span:months} nor {before:months} brought anything.",
                span=span, before=span_before,
            ))
        by_month = np.bincount(sold.month_number - first, weights=sold.value, minlength=last - first + 1)
        changes = log_changes(by_month[None, :], months=self.last_months, lag=lag)
        low, high = ordinary_range(changes)[0]
        answer = SalesResult(
            study=replace(self, compare="year_before" if lag == 12 else "before"), text="", facts=facts,
            table=self._with_ordinary(table, sold, first=first, last=last, lag=lag),
            total=replace(total, ordinary_low=low, ordinary_high=high), span=span, span_before=span_before,
            history=pd.DataFrame({"month": [_day(m) for m in range(first, last + 1)], "value": by_month / _GRAIN}),
        )
        checks = reasons(answer, earlier_changes=int(np.isfinite(changes).sum()))
        return replace(answer, text=_sentence(answer), checks=checks)

    def _lag(self, *, reach: int) -> int:
        if self.compare is None:
            return 12 if reach >= 12 + self.last_months else self.last_months
        return 12 if self.compare == "year_before" else self.last_months

    def concerns(self, facts: pd.DataFrame) -> pd.Series:
        """Which facts belong to the part asked about. Raises ValueError naming the parts there are."""
        wanted = pd.Series(True, index=facts.index)
        for dimension, value in self.only:
            names = _names(facts[dimension])
            if not (names == value).any():
                raise ValueError(f"There is no {dimension} {value!r}; there are {', '.join(sorted(names.unique()))}.")
            wanted &= names == value
        return wanted

    def _counts(self, facts: pd.DataFrame) -> pd.Series:
        return facts.kind.isin([kind for kind in self.kinds if not (self.measure == "orders" and kind == "return")])

    def _compare(self, sold: pd.DataFrame, *, last: int, lag: int) -> tuple[pd.DataFrame, Total]:
        """The parts and their whole, summed in whole ten-thousandths."""
        now = sold[sold.month_number > last - self.last_months].assign(before=0)
        before = sold[sold.month_number.between(last - lag - self.last_months + 1, last - lag)].assign(now=0)
        before = before.assign(month_number=before.month_number + lag)  # a month meets the one it is compared with
        both = pd.concat([before.assign(before=before.value), now.assign(now=now.value)])
        both["month"] = [_day(m) for m in both.month_number]
        sums = both.groupby([*self.by] or np.zeros(len(both)), sort=True)[["before", "now"]].sum()
        table = sums.reset_index(drop=not self.by)
        table = table[(table.before != 0) | (table.now != 0)].assign(change=lambda t: t.now - t.before)
        whole = table[["before", "now", "change"]].sum()
        table = table.assign(
            change_share=table.change / table.before.where(table.before > 0),
            share_now=table.now / (whole.now or np.nan), contribution=table.change / (whole.change or np.nan),
        )
        if self.by != ("month",):
            table = table.iloc[np.argsort(-table.change.abs().to_numpy(), kind="stable")]
        table[["before", "now", "change"]] /= _GRAIN
        share = whole.change / whole.before if whole.before > 0 else np.nan
        return table.reset_index(drop=True), Total(
            before=whole.before / _GRAIN, now=whole.now / _GRAIN, change=whole.change / _GRAIN, change_share=share,
        )

    def _with_ordinary(self, table: pd.DataFrame, sold: pd.DataFrame, *, first: int, last: int, lag: int):
        """The table with the range of an ordinary change beside each part that has a history of its own."""
        keys = list(self.by)
        if not keys or "month" in keys:
            return table.assign(ordinary_low=np.nan, ordinary_high=np.nan)
        history = sold.pivot_table(index=keys, columns="month_number", values="value", aggfunc="sum", fill_value=0)
        parts = pd.MultiIndex.from_frame(table[keys]) if len(keys) > 1 else pd.Index(table[keys[0]])
        history = history.reindex(index=parts, columns=range(first, last + 1), fill_value=0)
        low, high = ordinary_range(log_changes(history.to_numpy(float), months=self.last_months, lag=lag)).T
        return table.assign(ordinary_low=low, ordinary_high=high)


def _sentence(answer: SalesResult) -> str:
    total = answer.total
    values = {
        "first": say(_WAS[answer.study.measure], now=total.now, span=answer.span), "moved": answer.moved,
        "before": answer.span_before, "usual": (total.ordinary_low, total.ordinary_high),
    }
    if np.isnan(total.change_share):
        words = [say("{first}; {before:months} brought nothing to compare it with.", **values)]
    elif np.isnan(total.ordinary_low):
        words = [say("{first}, {moved}; the history is too short to tell whether that is unusual.", **values)]
    elif total.ordinary_low <= total.change_share <= total.ordinary_high:
        words = [say("{first}, {moved}, within the ordinary ({usual:percents}).", **values)]
    else:
        words = [say("{first}, {moved}, beyond the ordinary ({usual:percents}).", **values)]
    words += [say("Only {dimension} {value} is counted.", dimension=d, value=v) for d, v in answer.study.only]
    words += [answer.carried]
    return " ".join(words).strip()


def _names(values: pd.Series) -> pd.Series:
    """The values of a dimension as a reader would write them; a month is 2025-04."""
    return pd.to_datetime(values).dt.strftime("%Y-%m") if values.name == "month" else values.astype(str)


def _whole(values: pd.Series) -> pd.Series:
    return (values.fillna(0) * _GRAIN).round().astype("int64")


def _month_number(days: pd.Series) -> pd.Series:
    days = pd.to_datetime(days)
    return days.dt.year * 12 + days.dt.month - 1


def _span(last: int, months: int) -> tuple[date, date]:
    return _day(last - months + 1), _day(last)


def _day(month_number: int) -> date:
    return date(month_number // 12, month_number % 12 + 1, 1)
