"""Which customers moved the money between two periods: won, grown, shrunk, lost, come back? Summed to the cent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from crm_analytics.effectiveness.customers.bridge_checks import checks, refusal
from crm_analytics.effectiveness.customers.bridge_words import claims, sentence
from crm_analytics.effectiveness.customers.calendar import Days
from crm_analytics.effectiveness.customers.money import GRAIN, exact, sum_interval
from crm_analytics.result import Claim, Result, Study
from crm_analytics.result.chance import holm, share_interval

if TYPE_CHECKING:
    import pandas as pd

BARS = ("new", "returned", "growing", "unchanged", "shrinking", "lost", "returns", "anonymous")
"""In the order of the bridge. `returns`: customers who bought in neither period and sent something back in one;
`anonymous`: sales nobody's name is known for."""
WON, KEPT = ("new", "returned"), ("growing", "unchanged", "shrinking", "lost")
BEYOND = 0.05
"""So often at most would any bar at all be called better or worse than usual though nothing had changed."""
LONG = 730
"""Records of so many days before a movement tell who is new from who came back."""


@dataclass(frozen=True, kw_only=True)
class Bridge(Study):
    """Did growth come from customers won or from customers kept, and who moved how much of it?

    Every customer is in exactly one bar: new (first bought after the earlier period), returned (bought before it, not
    in it), growing, unchanged, shrinking (bought in both), lost (bought in the earlier one only); sales without a
    customer stand apart. Counted in whole ten-thousandths, so the bars sum to the change exactly.

    Intervals are those of a bootstrap over customers: what another draw of such customers would have shown. Because the
    best of a period fall back in the next by chance alone, each bar is held against the movement of the period before,
    and growing and shrinking against what a coin makes of the same purchases. `measure` margin counts the lines whose
    unit cost is known.
    """

    measure: Literal["revenue", "margin"] = "revenue"
    confidence: float = 0.95

    reads = "customer_periods"
    columns = ("customer_id", "revenue_now", "revenue_before", "bought_now", "bought_before", "first_day", "now_first",
               "now_last", "before_first", "before_last", "begins", "until")  # fmt: skip
    least = 30
    of = "customers of two periods"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("revenue", "margin"):
            raise ValueError(f"measure is revenue or margin, not {self.measure!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        moved = Moved.of(frame, self.measure)
        why = refusal(moved, frame, self.measure)
        if why:
            return self.refuse(why)
        return answered(self, moved)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Customers of two periods: what each brought, in whole ten-thousandths, and in which bar it stands."""

    rows: pd.DataFrame
    """The table as it came, sorted."""
    who: np.ndarray
    """The customer's number on each row; −1 for sales without a customer."""
    money: dict[str, np.ndarray]
    """By row: now, before, prior."""
    bar: np.ndarray
    """The place in BARS, by row; and `usual_bar`, in the movement before; −1 where that is not known."""
    usual_bar: np.ndarray
    spans: dict[str, Days | None]
    begins: date
    until: date
    chance: tuple[float, float] | None
    """What growing and shrinking customers would have moved by chance alone."""

    @classmethod
    def of(cls, frame: pd.DataFrame, measure: str) -> Moved:
        import pandas as pd

        order = [name for name in ("customer_id", *_parts(frame), "revenue_now", "revenue_before") if name in frame]
        rows = frame.sort_values(order, ignore_index=True, kind="stable")
        known = rows["customer_id"].notna().to_numpy()
        who = np.where(known, pd.factorize(rows["customer_id"])[0], -1)
        count = int(who.max()) + 1 if len(who) else 0
        spans = {name: Days.of(rows, name) if f"{name}_first" in rows else None for name in ("now", "before", "prior")}
        money = {
            side: exact(rows[f"{measure}_{side}"]) if f"{measure}_{side}" in rows else np.zeros(len(rows), np.int64)
            for side in spans
        }
        bought = {side: _any(who, rows.get(f"bought_{side}"), count) for side in spans}
        total = {side: np.bincount(who[known], money[side][known].astype(float), count) for side in spans}
        first = pd.to_datetime(rows["first_day"]).to_numpy("datetime64[D]")
        first = pd.Series(first[known]).groupby(who[known]).min().to_numpy("datetime64[D]") if count else first[:0]
        bar = _bars(bought["now"], bought["before"], total["now"], total["before"], first, spans["before"])
        usual = np.full(count, -1)
        if spans["prior"]:
            usual = _bars(bought["before"], bought["prior"], total["before"], total["prior"], first, spans["prior"])
        anonymous = BARS.index("anonymous")
        return cls(
            rows=rows, who=who, money=money, spans=spans,
            bar=np.where(known, bar[who] if count else -1, anonymous),
            usual_bar=np.where(known, usual[who] if count else -1, anonymous if spans["prior"] else -1),
            begins=pd.to_datetime(rows["begins"]).min().date() if len(rows) else date.min,
            until=pd.to_datetime(rows["until"]).max().date() if len(rows) else date.max,
            chance=_by_chance(rows, measure),
        )  # fmt: skip

    @property
    def newcomers_known(self) -> bool:
        """Whether records reach back far enough before both movements: where they do not, old customers who come back
        pass for new ones in the earlier of them."""
        return self.spans["prior"] is not None and (self.spans["prior"].first - self.begins).days >= LONG

    @property
    def customers(self) -> int:
        return int(self.who.max()) + 1 if len(self.who) else 0

    def sums(self, side: str) -> np.ndarray:
        """Exact money of one side by customer, then that of each row without one."""
        return self._by_unit(self.money[side])

    def units(self, bar: np.ndarray) -> np.ndarray:
        """The bar of each customer, then of each row without one."""
        whose = np.full(self.customers, -1)
        known = self.who >= 0
        whose[self.who[known]] = bar[known]
        return np.concatenate([whose, bar[~known]])

    def _by_unit(self, values: np.ndarray) -> np.ndarray:
        known = self.who >= 0
        out = np.zeros(self.customers, np.int64)
        np.add.at(out, self.who[known], values[known])
        return np.concatenate([out, values[~known]])

    def only(self, mask: np.ndarray) -> Moved:
        """The same customers in the same bars, with the money of these rows only."""
        return replace(self, rows=self.rows[mask], who=self.who[mask], bar=self.bar[mask],
                       usual_bar=self.usual_bar[mask], chance=None,
                       money={side: values[mask] for side, values in self.money.items()})  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class BridgeResult(Result):
    """The bridge, one row a bar: `bar`, `customers`, `before`, `now`, `moved` (exactly now less before) with its
    interval, `share` (of all that was brought before); of the movement before it `usual_share` and the `verdict`
    (better, worse, as usual); of growing and shrinking `by_chance`, what a coin would have made of the same purchases.

    `won` and `kept` are the two sources of growth: customers who came, and those who were there; `retention` the share
    of customers who bought again; `net` what these bring as a share of what they brought. `.by(column)` splits it.
    """

    moved: Moved = field(repr=False)
    before: float
    now: float
    won: tuple[float, float, float]
    kept: tuple[float, float, float]
    retention: tuple[float, float, float]
    usual_retention: tuple[float, float, float] | None
    net: tuple[float, float, float]

    @property
    def change(self) -> float:
        """What the later period brought more than the earlier, in the company's money."""
        return round(self.now - self.before, 4)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return claims(self)

    @property
    def growth(self) -> pd.DataFrame:
        """Each bar beside chance and beside the movement before: what moved, and whether that is more than usual."""
        return self.table.set_index("bar")[["customers", "moved", "by_chance", "usual_share", "verdict"]]

    def bar(self, name: str) -> pd.Series:
        """One bar's row of the table."""
        return self.table.set_index("bar").loc[name]

    def by(self, column: str) -> Result:
        """The same bridge within each value of a column: a customer's region, kind or channel, or what the table was
        asked `by`. A customer's bar is that of all its purchases. Raises ValueError naming the columns there are."""
        from crm_analytics.effectiveness.customers.bridge_split import split

        return split(self, column)


def answered(study: Bridge, moved: Moved) -> BridgeResult:
    """The Result from customers in their bars."""
    table, numbers = numbered(study, moved)
    result = BridgeResult(study=study, table=table, text="", moved=moved, **numbers)
    return replace(result, text=sentence(result), checks=checks(result))


def numbered(study: Bridge, moved: Moved) -> tuple[pd.DataFrame, dict]:
    """The table of the bars, and the numbers that are about several of them."""
    import pandas as pd

    bar, usual_bar = moved.units(moved.bar), moved.units(moved.usual_bar)
    now, before, prior = (moved.sums(side) for side in ("now", "before", "prior"))
    change, units, people = now - before, len(bar), moved.customers
    counted = np.bincount(bar[:people][bar[:people] >= 0], minlength=len(BARS))
    rows = []
    for place, name in enumerate(BARS):
        inside = bar == place
        low, high = sum_interval(change[inside] / GRAIN, units, study.confidence)
        rows.append({
            "bar": name, "customers": int(counted[place]), "before": int(before[inside].sum()) / GRAIN,
            "now": int(now[inside].sum()) / GRAIN, "moved": int(change[inside].sum()) / GRAIN, "low": low, "high": high,
        })  # fmt: skip
    table = pd.DataFrame(rows)
    base = int(before.sum()) / GRAIN
    table["share"] = table["moved"] / base if base > 0 else np.nan
    movements = (bar, change, before), (usual_bar, before - prior, prior)
    table[["usual_share", "verdict"]] = _usual(table, *movements, apart=moved.newcomers_known)
    table["by_chance"] = table["bar"].map(
        dict(zip(("growing", "shrinking"), moved.chance or (np.nan,) * 2, strict=True))
    )
    table = table[(table["customers"] > 0) | (table["before"] != 0) | (table["now"] != 0)].reset_index(drop=True)

    def of(names: tuple[str, ...]) -> tuple[float, float, float]:
        inside = np.isin(bar, [BARS.index(name) for name in names])
        return (int(change[inside].sum()) / GRAIN, *sum_interval(change[inside] / GRAIN, units, study.confidence))

    numbers = {
        "before": base, "now": int(now.sum()) / GRAIN, "won": of(WON), "kept": of(KEPT),
        "retention": _retained(bar, people, study.confidence),
        "usual_retention": _retained(usual_bar, people, study.confidence) if moved.spans["prior"] else None,
        "net": _net(bar, now, before, study.confidence),
    }  # fmt: skip
    return table, numbers


def _bars(now: np.ndarray, before: np.ndarray, brought: np.ndarray, had: np.ndarray, first: np.ndarray,
          span: Days) -> np.ndarray:  # fmt: skip
    """The bar of each customer; −1 for one who stands in neither period."""
    place = {name: number for number, name in enumerate(BARS)}
    came_later = first > np.datetime64(span.last)
    return np.select(
        [now & ~before & came_later, now & ~before, now & before & (brought > had), now & before & (brought < had),
         now & before, before & ~now, (brought != 0) | (had != 0)],
        [place[name] for name in ("new", "returned", "growing", "shrinking", "unchanged", "lost", "returns")],
        default=-1,
    )  # fmt: skip


def _any(who: np.ndarray, flags: pd.Series | None, count: int) -> np.ndarray:
    out = np.zeros(count, bool)
    if flags is not None:
        out[who[(who >= 0) & flags.fillna(False).to_numpy(bool)]] = True
    return out


def _by_chance(rows: pd.DataFrame, measure: str) -> tuple[float, float] | None:
    if measure != "revenue" or "chance_now" not in rows:
        return None
    both = rows["chance_bought_now"].fillna(False).to_numpy(bool) & rows["chance_bought_before"].fillna(False).to_numpy(
        bool
    )
    gap = (exact(rows["chance_now"]) - exact(rows["chance_before"]))[both]
    return int(gap[gap > 0].sum()) / GRAIN, int(gap[gap < 0].sum()) / GRAIN


def _usual(table: pd.DataFrame, now: tuple, usual: tuple, *, apart: bool) -> pd.DataFrame:
    """Each bar as a share of what was brought before, in the movement before it, and whether this one is beyond it;
    new and returned customers are judged as one where they cannot be told `apart` alike in both."""
    import pandas as pd
    from scipy.stats import norm

    (bar, change, base), (usual_bar, usual_change, usual_base) = now, usual
    total, usual_total = float(base.sum()), float(usual_base.sum())
    if usual_total <= 0 or total <= 0:
        return pd.DataFrame({"usual_share": np.full(len(table), np.nan), "verdict": "–"}, index=table.index)
    won = [BARS.index(name) for name in WON]
    shares, gap, p = [], [], []
    for place in range(len(BARS)):
        like = won if place in won and not apart else [place]
        part, usual_part = np.where(np.isin(bar, like), change, 0), np.where(np.isin(usual_bar, like), usual_change, 0)
        share, usual_share = part.sum() / total, usual_part.sum() / usual_total
        pull = (part - share * base) / total - (usual_part - usual_share * usual_base) / usual_total
        spread = np.sqrt(float(pull @ pull))
        shares.append(float(usual_change[usual_bar == place].sum()) / usual_total)
        gap.append(share - usual_share)
        p.append(2 * norm.sf(abs(share - usual_share) / spread) if spread > 0 else np.nan)
    gap = np.array(gap)
    beyond = holm(np.array(p)) <= BEYOND
    words = np.where(beyond, np.where(gap > 0, "better than usual", "worse than usual"), "as usual")
    return pd.DataFrame({"usual_share": shares, "verdict": words}, index=table.index)


def _retained(bar: np.ndarray, people: int, confidence: float) -> tuple[float, float, float]:
    counted = np.bincount(bar[:people][bar[:people] >= 0], minlength=len(BARS))
    stayed = int(sum(counted[BARS.index(name)] for name in ("growing", "unchanged", "shrinking")))
    of = stayed + int(counted[BARS.index("lost")])
    return (stayed / of if of else float("nan"), *share_interval(stayed, of, confidence=confidence))


def _net(bar: np.ndarray, now: np.ndarray, before: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """What the earlier period's customers bring now as a share of what they brought then (net revenue retention)."""
    there = np.isin(bar, [BARS.index(name) for name in KEPT])
    brought, had = now[there].astype(float), before[there].astype(float)
    if had.sum() <= 0:
        return (float("nan"),) * 3
    share = float(brought.sum() / had.sum())
    low, high = sum_interval(brought - share * had, int(there.sum()), confidence)
    return share, share + low / had.sum(), share + high / had.sum()


def _parts(frame: pd.DataFrame) -> list[str]:
    return [name for name in ("region", "channel", "store", "category") if name in frame]
