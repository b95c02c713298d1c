"""Which products carry the business, which are on their way out, and until when that is true."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from crm_analytics.planning.products import classes
from crm_analytics.planning.products.assortment_checks import reasons
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say

COST_KNOWN = 0.95
"""The share of revenue whose cost must be known before products are ranked by margin."""

_GRAIN = 10_000
"""Money is kept to four decimals: in whole ten-thousandths the parts sum to the whole exactly."""

_MEASURES = ("margin", "revenue", "units")
_COLUMNS = (
    "product_id", "product", "category", "class_before", "class_now", "drift", "steadiness", "before", "now", "change",
    "share_now",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ABCResult(Result):
    """The class of each product now and before.

    `table`: product_id, product, category, class_before, class_now (empty: not sold), drift (fell, rose, stayed, new,
    gone), steadiness (X steady, Y, Z erratic; empty: too short a life), before, now, change, share_now. Those that
    fell out of A stand first, the dearest loss on top. `measure` is what they are ranked by; `chance` the range in
    which the number of falls would lie if demand had not changed; `review_by` the day the conclusion expires;
    `periods` how many the history holds; `margin_known` the share of revenue with a unit cost.
    """

    study: ABC
    measure: str
    span: tuple[date, date]
    span_before: tuple[date, date]
    chance: tuple[int, int]
    review_by: date
    periods: int
    margin_known: float
    still_a: tuple[float, float, float] = (float("nan"),) * 3
    lag_months: int = 0
    """The share of A products that were A again so many months later, with its interval."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Which share of today's A products will be A again after as long as the history could show."""
        value, low, high = self.still_a
        if not self.lag_months or not np.isfinite(value):
            return ()
        first = _day(_month_number(pd.Timestamp(self.span[1])) + 1)
        worst = self.fallen.head(1)
        drift = len(self.fallen) > self.chance[1] and len(worst)
        return (
            Claim(
                subject=say("products in class A by {measure}", measure=say(self.measure)), measure="share still in A",
                value=value, low=low, high=high, evidence="modelled", first=first,
                last=_day(_month_number(pd.Timestamp(first)) + self.lag_months) - timedelta(days=1),
                expires=self.review_by, scope=(("class", "A"),),
                decision=say("Look into {product} first: it fell out of A beyond what chance does.",
                             product=worst["product"].iloc[0]) if drift else "",
                reversed_by=say("At the review on {day:date} fewer than {low:percent} of them are in A.",
                                day=self.review_by, low=low),
            ),
        )  # fmt: skip

    @property
    def fallen(self) -> pd.DataFrame:
        """The products that fell out of A and are still sold."""
        return self.table[(self.table.class_before == "A") & (self.table.drift == "fell")]

    @property
    def matrix(self) -> pd.DataFrame:
        """Products by their class before (rows; new: not sold then) and now (columns; gone: not sold now)."""
        return self._crossed(self.table.product_id, "count")

    @property
    def money(self) -> pd.DataFrame:
        """The change of what they bring, crossed like `matrix`; its sum is the change of the whole."""
        return self._crossed(self.table.change, "sum")

    def _crossed(self, values: pd.Series, how: str) -> pd.DataFrame:
        crossed = pd.crosstab(
            self.table.class_before.replace("", "new"), self.table.class_now.replace("", "gone"), values, aggfunc=how
        )
        return crossed.reindex(index=["A", "B", "C", "new"], columns=["A", "B", "C", "gone"]).fillna(0)

    def by(self, column: str) -> Result:
        """The same, summed by category or steadiness. Raises ValueError naming the columns there are."""
        columns = ("category", "steadiness")
        if column not in columns:
            raise ValueError(f"The assortment cannot be cut by {column!r}; choose among {', '.join(columns)}.")
        if self.table[column].isin(["", "unknown"]).all():
            return self.study.refuse(say("Not enough evidence: the data give no {column} to cut by.", column=column))
        fell = self.table.index.isin(self.fallen.index)
        rows = self.table.replace({column: ""}, "unknown").assign(
            in_a=self.table.class_now == "A", fell_from_a=fell, lost=(-self.table.change).where(fell, 0.0),
            **{letter: self.table.now.where(self.table.class_now == letter, 0.0) for letter in "ABC"},
        )
        sums = rows.groupby(column)[["in_a", "fell_from_a", "before", "now", "change", "lost", "A", "B", "C"]].sum()
        sums = sums.round(4).assign(products=rows.groupby(column).size())
        table = sums.sort_values("now", ascending=False, kind="stable").reset_index()
        worst = table.loc[table.fell_from_a.idxmax()]
        text = say(
            "Falls out of A: {all:count} (by chance alone {low:count}–{high:count}), of these in {part} {fell:count}; "
            "{top} brings {share:percent} of {measure}.",
            all=table.fell_from_a.sum(), low=self.chance[0], high=self.chance[1], fell=worst.fell_from_a,
            part=worst[column], top=table[column][0], share=table.now[0] / (table.now.sum() or np.nan),
            measure=say(self.measure),
        )
        return ABCParts(study=self.study, table=table, text=text, checks=self.checks, column=column,
                        measure=self.measure, span=self.span)


@dataclass(frozen=True, kw_only=True, eq=False)
class ABCParts(Result):
    """The assortment by part.

    `table`: products, in_a, fell_from_a, before, now, change, lost (by those that fell), A, B, C (now, by class).
    """

    study: ABC
    column: str
    measure: str
    span: tuple[date, date]


@dataclass(frozen=True, kw_only=True)
class ABC(Study):
    """Which products carry the business, which are on their way out, and for how long does that hold?

    Products are ranked by `measure` (None: margin where the costs are known, else revenue): A are the largest that
    together reach `a_share`, B those up to `b_share`, C the rest. The newest period is compared with the same one a
    year before or with the one just before (`compare`; None: a year before if the history reaches, since the season
    is no drift). `steady` are the coefficients of variation up to which demand is X and Y (Scholz-Reiter et al., 2012).

    A product near the edge of a class changes it without any cause, so the falls out of A are set against those
    in `draws` draws of the same demand (see `falls_by_chance`).
    """

    reads: ClassVar[str] = "product_periods"
    columns: ClassVar[tuple[str, ...]] = (
        "product_id", "product", "category", "period", "units", "revenue", "margin", "revenue_squares",
    )
    of: ClassVar[str] = "products' periods"

    measure: Literal["margin", "revenue", "units"] | None = None
    a_share: float = 0.80
    b_share: float = 0.95
    compare: Literal["year_before", "before"] | None = None
    steady: tuple[float, float] = (0.5, 1.0)
    draws: int = 300
    seed: int = 1

    def __post_init__(self) -> None:
        if self.measure not in (None, *_MEASURES):
            raise ValueError(f"There is no measure {self.measure!r}; choose among {', '.join(_MEASURES)}.")
        if not 0 < self.a_share < self.b_share < 1:
            raise ValueError(f"The shares must rise from 0 to 1: a_share {self.a_share}, b_share {self.b_share}.")
        if self.compare not in (None, "year_before", "before"):
            raise ValueError(f"compare is 'year_before' or 'before', not {self.compare!r}.")
        if not 0 < self.steady[0] < self.steady[1]:
            raise ValueError(f"steady holds a lower and a higher limit above 0, not {self.steady}.")
        if self.draws < 100:
            raise ValueError(f"A 95 % range takes at least 100 draws, not {self.draws}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.assign(period=pd.to_datetime(frame.period)).sort_values(["product_id", "period"], kind="stable")
        margin_known = frame.revenue[frame.margin.notna()].sum() / (frame.revenue.sum() or np.nan)
        measure = self.measure or ("margin" if margin_known >= COST_KNOWN else "revenue")
        frame = frame[frame[measure].notna()]
        periods = sorted(frame.period.unique())
        last = periods[-1] if periods else None
        before = self._before(periods)
        if before is None:
            return self.refuse(say(
                "Not enough evidence: drift takes a second whole period to compare with, and {measure} is known in "
                "{have:count}.", have=len(periods), measure=say(measure),
            ))
        value, units, revenue, squares = (
            frame.pivot(index="product_id", columns="period", values=column).fillna(0)
            for column in (measure, "units", "revenue", "revenue_squares")
        )
        exact = (value * _GRAIN).round().astype("int64")
        sold = frame.assign(sold=1).pivot(index="product_id", columns="period", values="sold").notna().to_numpy()
        shares, both = (self.a_share, self.b_share), [before, last]
        ranked = np.column_stack([
            classes.abc(exact[period].to_numpy(), present=sold[:, i], shares=shares) for i, period in enumerate(periods)
        ])
        if not (ranked[:, [0, periods.index(before)]] == classes.A).any(axis=0).all():
            return self.refuse(say(
                "Not enough evidence: no product brought {measure} in the periods to compare with.",
                measure=say(measure),
            ))
        known = frame.drop_duplicates("product_id", keep="last").set_index("product_id")[["product", "category"]]
        known = known.assign(steadiness=classes.steadiness(units.to_numpy(), limits=self.steady))
        falls = classes.falls_by_chance(
            value[both].to_numpy(), shares=shares, draws=self.draws, seed=self.seed,
            lines_worth=(revenue[both].sum(axis=1) ** 2 / squares[both].sum(axis=1).replace(0, np.nan)).to_numpy(),
        )
        step = min(_month_number(later) - _month_number(first) for first, later in pairwise(periods))
        lag = _longest_lag(len(periods), periods_a_year=max(12 // step, 1))
        kept = classes.still_a(ranked, lag=lag)
        lives = tuple(classes.half_life(share, lag=lag) * step for share in kept)
        answer = ABCResult(
            study=self, table=_table(known, exact[both], ranked[:, [periods.index(period) for period in both]]),
            text="", measure=measure, span=_span(last, step), span_before=_span(before, step),
            chance=tuple(int(falls) for falls in np.quantile(falls, [0.025, 0.975], method="nearest")),
            review_by=_day(_month_number(last) + step + round(min(max(lives[1], step), lag * step))),
            periods=len(periods), margin_known=margin_known, still_a=kept, lag_months=lag * step,
        )
        checks = reasons(answer, kept=kept, lives_months=lives, lag_months=lag * step)
        return replace(answer, text=_sentence(answer), checks=checks)

    def _before(self, periods: list[pd.Timestamp]) -> pd.Timestamp | None:
        if len(periods) < 2:
            return None
        year_before = periods[-1] - pd.DateOffset(years=1)
        if self.compare == "before" or (self.compare is None and year_before not in periods):
            return periods[-2]
        return year_before if year_before in periods else None


def _table(known: pd.DataFrame, exact: pd.DataFrame, ranked: np.ndarray) -> pd.DataFrame:
    """The products sold in either period; those that fell out of A first, the dearest loss on top."""
    letters, (was, now) = np.array(["A", "B", "C", ""]), ranked.T
    new, gone = was == classes.ABSENT, now == classes.ABSENT
    table = known.loc[exact.index].assign(
        class_before=letters[was], class_now=letters[now],
        drift=np.select([new, gone, was < now, was > now], ["new", "gone", "fell", "rose"], default="stayed"),
        before=exact.iloc[:, 0], now=exact.iloc[:, 1], change=exact.iloc[:, 1] - exact.iloc[:, 0],
    )
    table = table.assign(share_now=table.now / (table.now.sum() or np.nan))[~(new & gone)].reset_index()
    others = ~((table.class_before == "A") & (table.drift == "fell"))
    table = table.iloc[np.lexsort((table.product_id, np.where(others, -table.now, table.change), others))]
    table[["before", "now", "change"]] /= _GRAIN
    return table.reset_index(drop=True)[list(_COLUMNS)]


def _longest_lag(periods: int, *, periods_a_year: int) -> int:
    """The longest lag the history holds, in whole years if it can be, since a season is no drift."""
    return (periods - 1) // periods_a_year * periods_a_year or periods - 1


def _sentence(answer: ABCResult) -> str:
    table, fallen = answer.table, answer.fallen
    in_a = table[table.class_now == "A"]
    carry = say(
        "{a:count} of {n:count} products bring {share:percent} of {measure} in {span:months}.",
        a=len(in_a), n=(table.class_now != "").sum(), share=in_a.share_now.sum(), measure=say(answer.measure),
        span=answer.span,
    )
    moved = say(
        "{fell:count} fell out of A since {before:months} (by chance alone {low:count}–{high:count} would)",
        fell=len(fallen), before=answer.span_before, low=answer.chance[0], high=answer.chance[1],
    )
    return f"{carry} {moved}{_at_stake(answer)}; {say('review by {by:date}.', by=answer.review_by)}"


def _at_stake(answer: ABCResult) -> str:
    """What the fall meant in money. In a growing company a product can fall in rank and still bring more."""
    change = float(answer.fallen.change.sum())
    if answer.fallen.empty:
        return ""
    amount = say("{x:count} units" if answer.measure == "units" else "{x:money}", x=abs(change))
    if change < 0:
        return say(", losing {amount}", amount=amount)
    return say(", though they bring {amount} more: the rest grew faster", amount=amount)


def _month_number(day: pd.Timestamp) -> int:
    return day.year * 12 + day.month - 1


def _span(start: pd.Timestamp, months: int) -> tuple[date, date]:
    return start.date(), _day(_month_number(start) + months - 1)


def _day(month_number: int) -> date:
    return date(month_number // 12, month_number % 12 + 1, 1)
