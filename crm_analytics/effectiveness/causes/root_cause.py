"""Which part of the company carries a change: the fewest cuts that moved otherwise than the rest, if any did."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.causes.adtributor import Elements, rank
from crm_analytics.effectiveness.causes.between import BetweenPeriods
from crm_analytics.effectiveness.causes.root_cause_words import checks, claims, part_name, sentence
from crm_analytics.effectiveness.causes.scan import Cube, Cut, Found, Spans, scan
from crm_analytics.result import Claim, Result
from crm_analytics.say import say

RATIOS = {"mean order": ("revenue", "orders"), "mean price": ("revenue", "units"),
          "complaint share": ("complaints", "contacts")}  # fmt: skip
"""Ratios with a name; any other is written as `above/under`."""


@dataclass(frozen=True, kw_only=True)
class RootCause(BetweenPeriods):
    """Which region, store, channel, category or customers carry a change between two periods?

    Every text column of the table is a dimension. Cuts by up to `depth` of them together are scanned for those whose
    share of the whole moved by more than such shares move between neighbouring periods of the same history
    (`placebos`), and at most `most` are named, at a rate of `false_alarms` for the whole search; see `scan`. Beside it
    stands how each dimension alone explains the change (`dimensions`; see `adtributor`). `measure` is a column, or a
    ratio of two: 'mean order', 'mean price', 'complaint share' or `above/under`; of a ratio, cuts are named whose own
    rate moved. Without `starts` the last four weeks are compared with the four before.
    """

    measure: str = "revenue"
    depth: int = 2
    most: int = 3
    false_alarms: float = 0.05
    placebos: int = 26

    reads = "daily_cuts"
    columns = ("day",)
    least = 60
    of = "rows"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (1 <= self.depth <= 3 and 1 <= self.most <= 10 and self.placebos >= 4):
            raise ValueError("depth is 1 to 3, most 1 to 10 and placebos at least 4.")
        if not 0 < self.false_alarms <= 0.5:
            raise ValueError(f"false_alarms is a share above 0 and up to 0.5, not {self.false_alarms!r}.")

    @property
    def parts(self) -> tuple[str, ...]:
        """The column that is summed, or both columns of a ratio."""
        return RATIOS.get(self.measure) or tuple(self.measure.split("/", 1))

    def _answer(self, frame: pd.DataFrame) -> Result:
        missing = [name for name in self.parts if name not in frame or not pd.api.types.is_numeric_dtype(frame[name])]
        if missing:
            raise ValueError(
                f"There is no measure {missing[0]!r} in this table; its columns are {', '.join(frame.columns)}."
            )
        frame = frame.assign(day=pd.to_datetime(frame["day"])).dropna(subset=["day"])
        names = [c for c in frame if c != "day" and not pd.api.types.is_numeric_dtype(frame[c])]
        names = [name for name in names if frame[name].nunique() > 1]
        if not names:
            return self.refuse(say("Not enough evidence: this table has no dimension with two values to tell apart."))
        frame = frame.sort_values(["day", *names], ignore_index=True)
        first = frame["day"].iloc[0]
        days = int((frame["day"].iloc[-1] - first).days) + 1
        rows = self.rows(first, days)
        if rows is None:
            return self.refuse(say(
                "Not enough evidence: the table has days from {first:date} to {last:date}, and both periods must lie "
                "within them.", first=first, last=frame["day"].iloc[-1],
            ))  # fmt: skip
        earlier, later = ((part.start, part.stop) for part in rows)
        spans = Spans(earlier=earlier, later=later)
        under = frame[self.parts[1]].to_numpy(float) if len(self.parts) == 2 else None
        cube = Cube(day=(frame["day"] - first).dt.days.to_numpy(), days=days, labels=frame[names].astype(str),
                    above=frame[self.parts[0]].to_numpy(float), under=under, depth=self.depth)  # fmt: skip
        if any(cube.above[cube.inside(span)].sum() <= 0 for span in (spans.earlier, spans.later)):
            return self.refuse(say("Not enough evidence: in one of the two periods there is nothing to count."))
        found = scan(cube, spans, most=self.most, false_alarms=self.false_alarms, placebos=self.placebos)
        if found is None:
            return self.refuse(say(
                "Not enough evidence: {days:count} days hold too few neighbouring periods of this length to know what "
                "is ordinary; {least:count} days would do.", days=days,
                least=6 * (spans.later[1] - spans.later[0]) + spans.later[1] - spans.earlier[0],
            ))  # fmt: skip
        return self._told(cube, spans, found, first)

    def _told(self, cube: Cube, spans: Spans, found: Found, first: pd.Timestamp) -> Result:
        named = found.cuts or ((found.best,) if found.best else ())
        dates = [tuple((first + timedelta(days=d)).date() for d in (span[0], span[1] - 1))
                 for span in (spans.earlier, spans.later)]  # fmt: skip
        answer = RootCauseResult(
            study=self, table=_table(cube, spans, named, self), text="", cuts=found.cuts, before=dates[0],
            after=dates[1], false_alarms=found.false_alarms, placebos=found.placebos,
            dimensions=_dimensions(cube, spans), stretch=spans.stretch,
        )  # fmt: skip
        return replace(answer, text=sentence(answer), checks=checks(answer))


@dataclass(frozen=True, kw_only=True, eq=False)
class RootCauseResult(Result):
    """The parts that carry a change, and everything else.

    `table` has a row for each cut that is named (or the one that comes nearest to it) without what earlier rows hold,
    and one for the rest: part, before (brought to the later period's number of days), now, change, expected (the change
    had it moved like everything else), beyond (change less expected), ordinary_low, ordinary_high (of `beyond`, between
    neighbouring periods), share (of the whole change). `change` sums to the whole's. Of a ratio, before and now are the
    part's own rates, and change is what the part did to the whole's. `cuts`
    are those that are named, none where nothing is unusual, `false_alarms` how often chance makes as good a one.
    `dimensions`: dimension, elements, count, power, surprise.
    """

    cuts: tuple[Cut, ...]
    before: tuple[date, date]
    after: tuple[date, date]
    false_alarms: float
    placebos: int
    stretch: float
    dimensions: pd.DataFrame = field(repr=False)

    @property
    def change(self) -> float:
        """The change of the whole."""
        return float(self.table["change"].sum())

    @property
    def claims(self) -> tuple[Claim, ...]:
        return claims(self)


def _table(cube: Cube, spans: Spans, named: tuple[Cut, ...], study: RootCause) -> pd.DataFrame:
    """Each named cut without those before it, and the rest: what they were, are, and would be at the others' pace."""
    left, rows = np.ones(len(cube.day), bool), []
    for cut in named:
        inside = left & np.all([cube.labels[name] == value for name, value in cut.part], axis=0)
        left = left & ~inside
        rows.append((part_name(cut.part), inside))
    rows.append((say("everything else"), left))
    tried = cube.placebos(spans, study.placebos)
    table = pd.DataFrame([{"part": name} | _moved(cube, spans, inside, tried) for name, inside in rows])
    table.loc[len(table) - 1, ["expected", "beyond", "ordinary_low", "ordinary_high"]] = np.nan  # it is the measure
    whole = float(table["change"].sum())
    return table.assign(share=table["change"] / whole if whole else np.nan)


def _moved(cube: Cube, spans: Spans, inside: np.ndarray, tried: list[Spans]) -> dict[str, float]:
    one = _change(cube, spans, inside)
    usual = [_change(cube, other, inside) for other in tried]
    size = one["scale"]
    if cube.under is None:  # a part that grew a thousandfold is no measure of how far it goes in ordinary times
        typical = float(np.median([found["scale"] for found in usual]))
        size = min(size, max(typical, float(np.sqrt(max(one["before"] * one["now"], 0.0)))))
    scale = size * np.array([found["beyond"] / found["scale"] for found in usual])
    from scipy import stats

    spread = float(scale.std(ddof=1)) * stats.t.ppf(0.975, len(scale) - 1) * np.sqrt(1 + 1 / len(scale))
    return {name: one[name] for name in ("before", "now", "change", "expected", "beyond")} | {
        "ordinary_low": -spread, "ordinary_high": spread,
    }  # fmt: skip


def _change(cube: Cube, spans: Spans, inside: np.ndarray) -> dict[str, float]:
    """What a part changed, and would have at the pace of everything else; `scale` is what noise goes with."""
    then, now = cube.inside(spans.earlier), cube.inside(spans.later)

    def summed(of: np.ndarray) -> tuple[float, float, float, float]:
        before, after = spans.stretch * of[then], of[now]
        return (float(before[inside[then]].sum()), float(after[inside[now]].sum()), float(before.sum()),
                float(after.sum()))  # fmt: skip

    was, is_now, whole, whole_now = summed(cube.above)
    others = (whole_now - is_now) / (whole - was) if whole > was else 1.0
    if cube.under is None:
        change, expected, scale = is_now - was, was * (others - 1), max((was + is_now) / 2, 1e-9)
        return {"before": was, "now": is_now, "change": change, "expected": expected, "beyond": change - expected,
                "scale": scale}  # fmt: skip
    below, below_now, base, base_now = summed(cube.under)
    rate, rate_now = was / below if below else 0.0, is_now / below_now if below_now else 0.0
    total, total_now = whole / base, whole_now / base_now
    share, share_now = below / base, below_now / base_now
    change = (share + share_now) / 2 * (rate_now - rate) + ((rate + rate_now - total - total_now) / 2) * (
        share_now - share
    )
    elsewhere, elsewhere_now = base - below, base_now - below_now
    others = (
        ((whole_now - is_now) / elsewhere_now) / ((whole - was) / elsewhere)
        if elsewhere and elsewhere_now and (whole > was)
        else 1.0
    )
    expected = (share + share_now) / 2 * rate * (others - 1)
    return {"before": rate, "now": rate_now, "change": change, "expected": expected, "beyond": change - expected,
            "scale": max((share + share_now) / 2 * (rate + rate_now) / 2, 1e-12)}  # fmt: skip


def _dimensions(cube: Cube, spans: Spans) -> pd.DataFrame:
    singles = [cells for cells in cube.cells if len(cells.dimensions) == 1]
    found = {}
    for cells in singles:
        then, under_then = cells.sums(spans.earlier)
        now, under_now = cells.sums(spans.later)
        found[cells.dimensions[0]] = Elements(
            names=np.array([value for (value,) in cells.values]), before=spans.stretch * then, now=now,
            under_before=None if under_then is None else spans.stretch * under_then, under_now=under_now,
        )  # fmt: skip
    return rank(found)
