"""What was sold, to whom, and what moved: sales in any cut, two periods compared, and whether the change is unusual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.cut.sales_change import SIDES, Reversal, Total, compared, reversal, value_of
from crm_analytics.planning.customers.cut.sales_checks import reasons
from crm_analytics.planning.customers.cut.sales_cut import (
    COLUMNS,
    DIMENSIONS,
    ORDER,
    RECURRING,
    STEPS,
    Lines,
    label,
    part_of,
)
from crm_analytics.planning.customers.cut.sales_measures import MEASURES, Measure
from crm_analytics.planning.customers.cut.sales_periods import so_far
from crm_analytics.planning.customers.cut.sales_seen import Compared
from crm_analytics.planning.customers.cut.sales_words import sentence
from crm_analytics.result import Result, Study
from crm_analytics.result.period import Period
from crm_analytics.say import say

DOWN = {
    "region": "store", "store": "category", "category": "brand", "brand": "product", "customer_kind": "segment",
    "channel": "category", "year": "quarter", "quarter": "month", "month": "week", "week": "day",
}  # fmt: skip
"""What a part of a dimension is usually taken apart by next."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SalesResult(Result):
    """Sales by part, in a period and in an earlier one.

    `table`: the dimensions, before, now, change, change_share (of before), share_before and share_now (of the whole;
    of a ratio: of its denominator), contribution (share of the whole change), ordinary_low and ordinary_high (the
    range of an ordinary change_share; empty where the history is too short). Of a ratio also `rate` and `mix`, which
    sum over the parts to the whole change; of a measure of people also `customers` and `customers_before`. The largest
    contribution stands first; time stands in its order.
    """

    study: Sales
    total: Total
    now: Period
    before: Period
    lines: Lines
    sold: Lines

    @property
    def measure(self) -> Measure:
        return MEASURES[self.study.measure]

    @property
    def parted(self) -> bool:
        """Whether the company's data tell at least two parts apart."""
        return len(self.table) > 1

    @cached_property
    def history(self) -> pd.DataFrame:
        """The whole in every month that is over: `month` and `value`."""
        months = self.sold.in_months(self.measure.sums)
        months = months[months.number <= self.lines.last_whole_month]
        known = pd.RangeIndex(
            self.lines.begins.year * 12 + self.lines.begins.month - 1, self.lines.last_whole_month + 1
        )
        values = value_of(months.set_index("number").reindex(known, fill_value=0), self.measure)
        return pd.DataFrame({"month": [Period.of_months(n, 1).first for n in known], "value": values})

    @property
    def names(self) -> list[str]:
        """What each row of the table is called: its value in every dimension of the cut."""
        if not self.study.by:
            return [say("all")] * len(self.table)
        columns = [self.table[dimension].astype(str) for dimension in self.study.by]
        return [" · ".join(values) for values in zip(*columns, strict=True)]

    @property
    def reversal(self) -> Reversal | None:
        """Where the whole moved one way and the parts that hold most of it the other; None where it did not."""
        return reversal(self.table, self.total) if self.parted else None

    def by(self, *columns: str) -> Result:
        """The same sales cut by other dimensions. Raises ValueError naming the dimensions there are."""
        return self.but(by=columns)

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
        named = dict(zip(self.study.by, map(str, part), strict=True))
        now, before = self.now, self.before
        for dimension in (d for d in STEPS if d in named):
            labels = [label(dimension, place, now) for place in range(now.days)]
            place = labels.index(named[dimension])
            now, before = part_of(dimension, place, now), part_of(dimension, place, before)
        only = tuple(pair for pair in named.items() if pair[0] not in STEPS)
        return self.but(only=(*self.study.only, *only), now=str(now), before=str(before))

    def into(self, *part: str) -> Result:
        """One part, taken apart by what usually comes next: region › store › category › brand › product."""
        inside = self.of(*part)
        return inside.by(DOWN.get(self.study.by[-1], "product"))

    def up(self, level: int = -1) -> Result:
        """Back up the path of `of`: to before the part at this place of `study.only`; as it is where there is none."""
        if not self.study.only:
            return self
        return self.but(only=self.study.only[:level], by=(self.study.only[level][0],))

    def but(self, **knobs: Any) -> Result:
        """The same question with other knobs, of the same lines."""
        return replace(self.study, **knobs).answer(self.lines)

    def largest(self, parts: int) -> pd.DataFrame:
        """The largest parts by name, and the rest as one, counted anew: `name`, `before`, `now`, `change`, and of a
        ratio `rate` and `mix`. Where parts do not overlap they sum to the whole."""
        columns = [name for name in ("before", "now", "change", "rate", "mix") if name in self.table]
        rows = self.table[columns].assign(name=self.names)
        if len(rows) <= parts:
            return rows
        size = self.table[["share_before", "share_now"]].abs().max(axis=1)
        if not self.measure.under:
            size = self.table[["before", "now"]].abs().max(axis=1)
        kept = sorted(size.sort_values(ascending=False, kind="stable").index[: parts - 1])
        folded = rows.drop(index=kept)[columns].sum()
        if self.measure.distinct or self.measure.under:
            folded.update(self.study.rest(self, self.table.loc[kept]))
        rest = pd.DataFrame([folded]).assign(name=say("{count:count} others", count=len(rows) - len(kept)))
        return pd.concat([rows.loc[kept], rest], ignore_index=True)


@dataclass(frozen=True, kw_only=True)
class Sales(Study):
    """What did we sell, to whom, and what moved?

    `by` are the dimensions of the cut, `only` the parts it is restricted to as (dimension, value). `now` and `before`
    are the periods compared, any two: `2025`, `2025-Q2`, `2025-06`, `2025-06-15`, or from one to another of these:
    `2025-04..2025-06`. Without `now`, the newest `last_months` whole months; without `before`, by `compare`, the same
    a year before or what lay just before (None: a year before if the history reaches, since then the season falls
    out; of days those of the same weekdays, 364 days before). Which `kinds` of sale count is said outright; returns
    are negative sales, and are no orders.

    Customers and orders are counted anew in every cut, never summed. A ratio is computed from its sums, and its change
    split into rate and mix.

    A change between two periods is a fact, not an estimate. Whether it is *unusual* is one: the range is the two-sided
    95 % prediction interval for one more observation from a normal sample, x̄ ± t·s·√(1 + 1/n), of the log changes
    between earlier periods of the same length that do not overlap (Hahn & Meeker, Statistical Intervals, 1991, ch. 4).
    """

    reads: ClassVar[str] = "sales"
    columns: ClassVar[tuple[str, ...]] = COLUMNS
    people: ClassVar[tuple[str, ...]] = ("customers_before",)
    of: ClassVar[str] = "lines of sales"

    by: tuple[str, ...] = ("region",)
    measure: str = "revenue"
    last_months: int = 3
    compare: Literal["year_before", "before"] | None = None
    now: str | None = None
    before: str | None = None
    kinds: tuple[str, ...] = ("sale", "return")
    only: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for knob in ("by", "kinds"):  # one name is as good as a tuple of one
            if isinstance(getattr(self, knob), str):
                object.__setattr__(self, knob, (getattr(self, knob),))
        for dimension in (*self.by, *(pair[0] for pair in self.only)):
            if dimension not in DIMENSIONS:
                raise ValueError(f"Sales cannot be cut by {dimension!r}; choose among {', '.join(DIMENSIONS)}.")
        if steps := [pair[0] for pair in self.only if pair[0] in STEPS]:
            raise ValueError(f"Restrict sales to a {steps[0]} by now='…', not in only.")
        if len(set(self.by)) < len(self.by):
            raise ValueError(f"Name each dimension once, not {', '.join(self.by)}.")
        if self.measure not in MEASURES:
            raise ValueError(f"There is no measure {self.measure!r}; choose among {', '.join(MEASURES)}.")
        if not 1 <= self.last_months <= 12:
            raise ValueError(f"last_months must be 1 to 12, not {self.last_months}; for a longer period say now='…'.")
        if self.compare not in (None, "year_before", "before"):
            raise ValueError(f"compare is 'year_before' or 'before', not {self.compare!r}.")
        if not self.kinds:
            raise ValueError("Say which kinds of sale count, for example kinds=('sale', 'return').")
        if self.before and not self.now:
            raise ValueError("Say which period is compared with it, too: now='2025-06', before='2025-03'.")
        for period in (self.now, self.before):
            if period:
                Period.of(period)

    def fit(self, table: Any) -> Result:
        """Answer from lines of sales. An Ibis table is cut where it lies: only sums of the parts leave the engine."""
        self.demand(table.columns)
        lines = Lines.of(table)
        return self.answer(lines) if lines else self.too_few(0)

    def _answer(self, frame: pd.DataFrame) -> Result:
        return self.answer(Lines.of(frame))

    def answer(self, lines: Lines) -> Result:
        """The answer from lines that lie in an engine."""
        now, before, compare = self._periods(lines)
        if lines.begins > before.first or now.first >= lines.until:
            return self.refuse(say(
                "Not enough evidence: this compares sales {when} with those {before}, and records reach from "
                "{first:date} to {last:date}.",
                when=now.when, before=before.when, first=lines.first, last=lines.until - timedelta(days=1),
            ))  # fmt: skip
        measure, sold = MEASURES[self.measure], self._counted(lines)
        seen = Compared.of(sold, self.by, now=now, before=before, sums=measure.sums)
        if not seen.anything:
            self._know(lines)
            return self.refuse(say(
                "Not enough evidence: neither sales {when} nor those {before} tell of {what}; it takes {needs}.",
                when=now.when, before=before.when, what=say(self.measure.replace("_", " ")), needs=say(measure.needs),
            ))  # fmt: skip
        table, total = compared(seen.parts, seen.whole, measure)
        [(low, high)], earlier = seen.ordinary(measure, whole=True)
        table = pd.concat([seen.parts[list(self.by)], table], axis=1)
        table[["ordinary_low", "ordinary_high"]] = seen.ordinary(measure)[0]
        if "customers" in measure.sums:
            table[["customers_before", "customers"]] = seen.parts[["customers_before", "customers_now"]]
        told = SalesResult(
            study=replace(self, compare=compare), text="", table=in_order(table, self.by, now), now=now,
            before=before, total=replace(total, ordinary_low=low, ordinary_high=high), lines=lines, sold=sold,
        )  # fmt: skip
        return replace(told, text=sentence(told), checks=reasons(told, earlier_changes=earlier))

    def rest(self, answer: SalesResult, kept: pd.DataFrame) -> dict[str, float]:
        """All parts but the kept ones as one: what overlaps is counted once, a ratio is computed from its sums."""
        measure, named = MEASURES[self.measure], [*self.by]
        others = answer.sold.without(self.by, kept)
        sides = [others.in_steps((), period, measure.sums) for period in (answer.before, answer.now)]
        rest = pd.concat([side.add_suffix(f"_{name}") for side, name in zip(sides, SIDES, strict=True)], axis=1)
        table, _ = compared(rest, rest, measure)
        folded = answer.table.drop(index=kept.index).drop(columns=named)
        ways = {name: folded[name].sum() for name in ("rate", "mix") if name in folded}
        return {name: float(table[name][0]) for name in ("before", "now", "change")} | ways

    def _periods(self, lines: Lines) -> tuple[Period, Period, str | None]:
        """What is compared with what, and how the second follows from the first."""
        now = Period.of(self.now) if self.now else Period.of_months(lines.last_whole_month, self.last_months)
        if self.before:
            before = Period.of(self.before)
        else:
            reaches = lines.begins <= now.year_before().first
            compare = self.compare or ("year_before" if reaches else "before")
            before = now.year_before() if compare == "year_before" else now.just_before()
        known = {now.year_before(): "year_before", now.just_before(): "before"}
        return *so_far(now, before, until=lines.until), known.get(before)

    def _counted(self, lines: Lines) -> Lines:
        return lines.only(self.only).counting(self.kinds, returns=MEASURES[self.measure].returns)

    def _know(self, lines: Lines) -> None:
        """Raises ValueError naming the parts there are, where one asked about is none of them."""
        for dimension, value in self.only:
            if value not in (known := lines.values(dimension)):
                some = ", ".join(known[:20])
                raise ValueError(f"There is no {dimension.replace('_', ' ')} {value!r}; there are {some}.")


def in_order(table: pd.DataFrame, by: tuple[str, ...], now: Period) -> pd.DataFrame:
    """Time in its own order and in words; all else by what it did to the whole."""
    timed = len(by) == 1 and by[0] in (*STEPS, *RECURRING)
    if timed:
        order = ORDER.get(by[0])  # an hour is sorted as it is written
        place = table[by[0]].map(order) if order else table[by[0]]
        table = table.iloc[np.argsort(place.to_numpy(), kind="stable")]
    else:
        size = table.contribution.abs().fillna(0) if table.contribution.notna().any() else table.change.abs().fillna(0)
        table = table.iloc[np.argsort(-size.to_numpy(), kind="stable")]
    steps = {name: [label(name, int(place), now) for place in table[name]] for name in by if name in STEPS}
    return table.assign(**steps).reset_index(drop=True)
