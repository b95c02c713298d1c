"""Was it price, volume or mix? What moved sales between two periods, product by product, summed to the cent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from crm_analytics.effectiveness.customers.calendar import Days, not_over
from crm_analytics.effectiveness.customers.money import GRAIN, exact
from crm_analytics.effectiveness.customers.price_volume_checks import checks
from crm_analytics.effectiveness.customers.price_volume_parts import BARS, Cells, parts_of, price_index, spread
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

SIDES = ("before", "now")


@dataclass(frozen=True, kw_only=True)
class PriceVolume(Study):
    """How much of the change came of prices, how much of quantities, of other products, of other places?

    A product's price is its unit value, so a product sold at many prices has one: their mean by quantity; what of its
    change came of selling it elsewhere (another channel or region, as the table has it) is told apart as `place`.
    Quantities are added within a category only, since pieces and kilogrammes cannot be; `mix_within` "product" adds
    none and leaves all of it in `volume`. New and discontinued products, returns, and lines without a product or
    quantity are bars of their own. `measure` margin splits what unit costs moved off and speaks of products whose costs
    are known. Decomposition: Bennet's, see `price_volume_parts`; intervals: a jackknife over 32 parts of the customers.
    """

    measure: Literal["revenue", "margin"] = "revenue"
    mix_within: Literal["category", "product"] = "category"
    confidence: float = 0.95

    reads = "product_cells"
    columns = (
        "product_id",
        "product",
        "category",
        "cell",
        "part",
        "now_first",
        "now_last",
        "before_first",
        "before_last",
        "begins",
        "until",
        *(f"{name}_{side}" for side in SIDES for name in ("revenue", "quantity", "returned", "odd")),
    )
    least = 2
    of = "products and cells of two periods"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("revenue", "margin"):
            raise ValueError(f"measure is revenue or margin, not {self.measure!r}.")
        if self.mix_within not in ("category", "product"):
            raise ValueError(f"mix_within is category or product, not {self.mix_within!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        import pandas as pd

        rows = frame.sort_values(["product_id", "cell", "part"], ignore_index=True, kind="stable")
        now, before = Days.of(rows, "now"), Days.of(rows, "before")
        begins, until = pd.to_datetime(rows["begins"]).min().date(), pd.to_datetime(rows["until"]).max().date()
        if why := not_over(now, before, begins=begins, until=until):
            return self.refuse(why)
        rows, covered = _costed(rows) if self.measure == "margin" else (rows, (1.0, 1.0))
        if rows.empty:
            return self.refuse(
                say("Not enough evidence: no unit cost is on record for these periods; ask for revenue.")
            )
        sold = np.stack([_by(rows, f"quantity_{side}") > 0 for side in SIDES])
        if not sold.all(axis=0).any():
            return self.refuse(say(
                "Not enough evidence: no product was sold in both {before} and {now}, so no price can be compared.",
                before=before.name, now=now.name,
            ))  # fmt: skip
        return _answered(self, rows, sold, days=(before, now), covered=covered)


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceVolumeResult(Result):
    """The bars: `bar`, `products`, `moved` with its interval, `share` of what was sold before. They sum to `change`.

    `goods` has the products: product, category, before, now, price_change (of the unit value), price_spread (of the
    prices within a period, as a share of their mean), and what each bar moved. `index` is the change of prices of what
    was sold in both periods, with its interval. `.by("category")` sums the products.
    """

    goods: pd.DataFrame = field(repr=False)
    before: float
    now: float
    index: tuple[float, float, float]
    days: tuple[Days, Days]
    covered: tuple[float, float]
    """Which share of revenue it speaks of, before and now; all but for a margin whose costs are not all known."""

    @property
    def change(self) -> float:
        """What was sold now more than before, in the company's money."""
        return round(self.now - self.before, 4)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What prices, volume and mix moved, until the next period is over."""
        now, ahead = self.days[1], self.days[1].next(self.days[0])
        rows = self.table[self.table["bar"].isin(["price", "volume", "mix"])].dropna(subset=["low"])
        return tuple(
            Claim(
                subject=say("what {bar} moved", bar=say(row.bar)),
                measure=self.study.measure,
                value=row.moved,
                low=row.low,
                high=row.high,
                confidence=self.study.confidence,
                evidence="assumed",
                first=now.first,
                last=now.last,
                expires=ahead.last,
                reversed_by=say("Quantities that units or prices booked otherwise would show to be others."),
            )
            for row in rows.itertuples()
        )

    def by(self, column: str = "category") -> Result:
        """The same bars for each category. Raises ValueError for another column."""
        if column not in ("category", "product"):
            raise ValueError(f"There is no column {column!r} to split by; there are category, product.")
        bars = [name for name in BARS if name in self.goods]
        grains = self.goods[[column]].assign(**{name: exact(self.goods[name]) for name in ("before", "now", *bars)})
        table = grains.groupby(column, as_index=False).sum()
        table[["before", "now", *bars]] /= GRAIN
        table.insert(3, "change", table["now"] - table["before"])
        table = table.sort_values(["change", column], ignore_index=True)
        worst, best = table.iloc[0], table.iloc[-1]
        return Result(study=self.study, table=table, checks=self.checks, text=say(
            "«{best}» moved {up:money}, of which prices {up_price:money}; «{worst}» {down:money}, prices "
            "{down_price:money}.",
            best=best[column], up=best["change"], up_price=best["price"], worst=worst[column], down=worst["change"],
            down_price=worst["price"],
        ))  # fmt: skip


def _answered(study: PriceVolume, rows: pd.DataFrame, sold: np.ndarray, *, days: tuple, covered: tuple) -> Result:
    import pandas as pd
    from scipy.stats import t

    whole, dealt = _cells(rows, study), _dealt(rows, study)
    parts = parts_of(whole, sold)
    without = [whole.scaled(part, len(dealt) / max(len(dealt) - 1, 1)) for part in dealt]
    leaving = np.array([[values.sum() for values in parts_of(rest, sold).values()] for rest in without], float)
    reach = t.ppf((1 + study.confidence) / 2, max(len(dealt) - 1, 1))
    half = reach * spread(leaving) if len(dealt) > 1 else np.full(len(BARS), np.nan)
    goods = _goods(rows, parts, whole)
    before, now = (int(exact(goods[side]).sum()) / GRAIN for side in SIDES)
    moved = np.array([values.sum() for values in parts.values()], np.int64) / GRAIN
    table = pd.DataFrame({
        "bar": list(parts), "products": [int((values != 0).sum()) for values in parts.values()], "moved": moved,
        "low": moved - half, "high": moved + half, "share": moved / before if before > 0 else np.nan,
    })  # fmt: skip
    table = table[(table["products"] > 0) | table["bar"].isin(["price", "volume"])].reset_index(drop=True)
    at, others = price_index(whole, sold), np.array([price_index(rest, sold) for rest in without])
    wide = float(reach * spread(others[:, None])[0] * GRAIN) if len(dealt) > 1 else float("nan")
    result = PriceVolumeResult(
        study=study,
        table=table,
        text="",
        goods=goods,
        before=before,
        now=now,
        index=(at, at - wide, at + wide),
        days=days,
        covered=covered,
    )
    return replace(result, text=_sentence(result), checks=checks(result))


def _sentence(result: PriceVolumeResult) -> str:
    bars = result.table.set_index("bar")
    known = bool(bars["low"].notna().all())
    told = ", ".join(
        say("{bar} {moved:money} ({low:money} – {high:money})" if known else "{bar} {moved:money}", bar=say(name),
            moved=bars.loc[name, "moved"], low=bars.loc[name, "low"], high=bars.loc[name, "high"])
        for name in ("price", "volume", "mix") if name in bars.index
    )  # fmt: skip
    rest = float(bars["moved"].drop(["price", "volume", "mix"], errors="ignore").sum())
    index, low, high = result.index
    return say(
        "{change:money} {what} against {before}: {told}; new and discontinued products and all else {rest:money}. "
        "Prices of what was sold in both changed by {index:percent} ({span:percents})."
        if known
        else "{change:money} {what} against {before}: {told}; new and discontinued products and all else {rest:money}. "
        "Prices of what was sold in both changed by {index:percent}; so few customers do not show how far chance goes.",
        change=result.change,
        what=say(result.study.measure),
        before=result.days[0].name,
        told=told,
        rest=rest,
        index=index,
        span=(low, high),
    )


def _cells(rows: pd.DataFrame, study: PriceVolume, of: np.ndarray | None = None) -> Cells:
    """The cells of all rows, or of those that `of` marks with the money of all others left out."""
    import pandas as pd

    product, names = pd.factorize(rows["product_id"])
    group = pd.factorize(rows["category"])[0] if study.mix_within == "category" else product
    category = np.zeros(len(names), int)
    category[product] = group
    cell, firsts = _numbers(product, rows["cell"])
    inside = np.ones(len(rows), bool) if of is None else of

    def summed(name: str, codes: np.ndarray, count: int) -> np.ndarray:
        values = [np.where(inside, _money(rows, name, side), 0) for side in SIDES]
        return np.stack([np.bincount(codes, side, count) for side in values])

    margin = study.measure == "margin"
    cells = len(firsts)
    return Cells(
        product=product[firsts],
        category=category,
        revenue=summed("revenue", cell, cells),
        quantity=summed("quantity", cell, cells),
        cost=summed("cost", cell, cells) if margin else np.zeros((2, cells)),
        returned=summed("returned", product, len(names))
        - (summed("returned_cost", product, len(names)) if margin else 0),
        odd=summed("odd", product, len(names)),
    )


def _dealt(rows: pd.DataFrame, study: PriceVolume) -> list[Cells]:
    """The cells of each part of the customers."""
    parts = rows["part"].to_numpy()
    return [_cells(rows, study, parts == part) for part in np.unique(parts)]


def _numbers(product: np.ndarray, cell: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """A number for each product in each cell, and the first row of each."""
    import pandas as pd

    where = pd.factorize(cell)[0].astype(np.int64)
    both = product.astype(np.int64) * (int(where.max()) + 1) + where
    _, firsts, numbers = np.unique(both, return_index=True, return_inverse=True)
    return numbers, firsts


def _money(rows: pd.DataFrame, name: str, side: str) -> np.ndarray:
    values = rows[f"{name}_{side}"]
    return values.fillna(0).to_numpy(float) if name == "quantity" else exact(values)


def _by(rows: pd.DataFrame, name: str) -> np.ndarray:
    import pandas as pd

    codes, names = pd.factorize(rows["product_id"])
    return np.bincount(codes, rows[name].fillna(0).to_numpy(float), len(names))


def _costed(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[float, float]]:
    """The rows of products whose unit cost is known of every sale, and their share of revenue before and now."""
    if "costed_now" not in rows:
        return rows.iloc[:0], (0.0, 0.0)
    lacking = sum(exact(rows[f"revenue_{side}"]) != exact(rows[f"costed_{side}"]) for side in SIDES) > 0
    unknown = set(rows.loc[lacking, "product_id"])
    kept = rows[~rows["product_id"].isin(unknown)].reset_index(drop=True)
    shares = [exact(kept[f"revenue_{side}"]).sum() / max(exact(rows[f"revenue_{side}"]).sum(), 1) for side in SIDES]
    return kept if exact(kept["costed_now"]).any() else kept.iloc[:0], (float(shares[0]), float(shares[1]))


def _goods(rows: pd.DataFrame, parts: dict[str, np.ndarray], cells: Cells) -> pd.DataFrame:
    """A product a row: what it sold and what each bar moved of it."""
    names = rows.drop_duplicates("product_id", ignore_index=True)[["product", "category"]]
    count = len(names)
    quantity, revenue = (
        np.stack([np.bincount(cells.product, side, count) for side in values.astype(float)])
        for values in (cells.quantity, cells.revenue)
    )
    cost = np.stack([np.bincount(cells.product, side, count) for side in cells.cost])
    all_of = np.rint(revenue) - np.rint(cost) + cells.returned + cells.odd
    price = np.divide(revenue, quantity, out=np.full(revenue.shape, np.nan), where=quantity > 0) / GRAIN
    spreads = []
    for place, side in enumerate(SIDES):
        squares = _by(rows, f"price_squares_{side}") if f"price_squares_{side}" in rows else np.full(count, np.nan)
        mean = np.divide(squares, quantity[place], out=np.full(count, np.nan), where=quantity[place] > 0)
        spreads.append(np.sqrt(np.maximum(mean - price[place] ** 2, 0)) / price[place])
    return names.assign(
        before=all_of[0] / GRAIN, now=all_of[1] / GRAIN, unit_price=np.fmax(*price),
        price_change=price[1] / price[0] - 1, price_spread=np.fmax(*spreads),
        **{name: values / GRAIN for name, values in parts.items() if values.any() or name in ("price", "volume")},
    )  # fmt: skip
