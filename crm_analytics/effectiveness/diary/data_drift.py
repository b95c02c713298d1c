"""Have the data moved away from those a model was learned on, and not only because it is another season?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.say import say

NOTICED, LARGE = 0.1, 0.25
"""The rule of thumb of credit scoring: below the first nothing to see, above the second learn again (Siddiqi 2006)."""
WEEKS_A_YEAR = 52
SHUFFLES = 999
GROUPS = 10
FEW = 30
"""Orders of a window below which an input is not looked at."""


@dataclass(frozen=True, kw_only=True)
class DataDrift(Study):
    """Have the data moved away from those a model was learned on, and not only because it is another season?

    The newest `weeks` are held against as many up to `learned_on` (None: half a year earlier) and against the same
    weeks of the year before. How far an input moved is its population stability index, and for numbers the largest
    difference of the two distributions (Kolmogorov & Smirnov); how far chance alone moves it is told by dealing the
    weeks of both windows out anew, since orders of a week are alike. An input drifts where it moved beyond chance from
    what was learned *and* from the same season a year before: December differs from June, and is no drift. So the
    share of inputs accused without reason stays below `alpha`, all inputs together (Holm, 1979).
    """

    reads = "order_inputs"
    columns = ("input", "kind", "week", "step", "orders")
    of = "weeks of inputs"

    learned_on: str | date | None = None
    weeks: int = 13
    alpha: float = 0.05
    seed: int = 1

    def __post_init__(self) -> None:
        if not 6 <= self.weeks <= 26:
            raise ValueError(f"weeks is {self.weeks}; compare windows of 6 to 26 weeks.")
        if not 0 < self.alpha <= 0.2:
            raise ValueError(f"alpha is {self.alpha}; give a share above 0 and up to 0.2, such as 0.05.")
        if isinstance(self.learned_on, str):
            date.fromisoformat(self.learned_on)

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.assign(week=pd.to_datetime(frame["week"])).sort_values(["input", "week", "step"])
        weeks = np.sort(frame["week"].unique())
        if len(weeks) < 2 * self.weeks:
            return self.refuse(say(
                "Not enough evidence: {have:count} whole weeks of orders; two windows of {weeks:count} take "
                "{need:count}.", have=len(weeks), weeks=self.weeks, need=2 * self.weeks))  # fmt: skip
        newest = pd.Timestamp(weeks[-1])
        now = newest - pd.Timedelta(weeks=self.weeks - 1), newest
        then = self._then(newest)
        if then[1] >= now[0] or then[0] < weeks[0]:
            return self.refuse(say(
                "Not enough evidence: the {weeks:count} weeks up to {day:date} have to lie within the records and "
                "before {now:date}, when the newest {weeks:count} weeks begin.",
                weeks=self.weeks, day=then[1] + pd.Timedelta(days=6), now=now[0]))  # fmt: skip
        ago = tuple(day - pd.Timedelta(weeks=WEEKS_A_YEAR) for day in now)
        seasonal = bool(ago[0] >= weeks[0])
        rows = [
            _moved(self, name, group, (then, now, ago if seasonal else None)) for name, group in frame.groupby("input")
        ]
        rows = [row for row in rows if row]
        if not rows:
            return self.refuse(say(
                "Not enough evidence: no input has {few:count} orders in both windows; take longer ones.", few=FEW))
        table = _judged(self, pd.DataFrame(rows), seasonal)
        return DataDriftResult(
            study=self, table=table, text=_sentence(table, then, now), checks=_checks(self, table, seasonal),
            shares=_shares(frame, table, {"then": then, "now": now, "year before": ago if seasonal else None}),
            learned=(then[0].date(), (then[1] + pd.Timedelta(days=6)).date()),
            newest=(now[0].date(), (now[1] + pd.Timedelta(days=6)).date()),
        )  # fmt: skip

    def _then(self, newest: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp]:
        """The first days of the first and the last week of what was learned from."""
        learned = pd.Timestamp(self.learned_on) if self.learned_on else newest - pd.Timedelta(weeks=26 - 1)
        back = int(np.ceil((newest - learned + pd.Timedelta(days=7)) / pd.Timedelta(days=7)))
        last = newest - pd.Timedelta(weeks=back)
        return last - pd.Timedelta(weeks=self.weeks - 1), last


@dataclass(frozen=True, kw_only=True, eq=False)
class DataDriftResult(Result):
    """An input a row, what moved most first: `input`, `psi` with `low` and `high` (weeks drawn anew), `by_chance` (what
    the index comes to without any move, 19 times of 20 less), `ks`, `p`; `psi_season` and `p_season` against the same
    weeks a year before; `p_both` (all inputs together), `verdict`: drifted, moved a little, season, steady. `shares`
    has the groups of the input that moved most, and their share in each window."""

    shares: pd.DataFrame = field(repr=False)
    learned: tuple[date, date]
    newest: tuple[date, date]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """That data moved or stood still; it holds as many weeks as were looked at."""
        worst = self.table.iloc[0]
        drifted = worst["verdict"] == say("drifted")
        return (
            Claim(
                subject=say("drift of {input} in orders", input=worst["input"]), measure="population stability index",
                value=float(worst["psi"]), low=float(worst["low"]), high=float(worst["high"]), evidence="compared",
                first=self.newest[0], last=self.newest[1],
                expires=self.newest[1] + timedelta(weeks=self.study.weeks), scope=(("input", str(worst["input"])),),
                decision=say("Learn the models that use {input} again on orders since {day:date}.",
                             input=worst["input"], day=self.newest[0]) if drifted else "",
                reversed_by=say("In the next {weeks:count} weeks it is again what it was up to {day:date}.",
                                weeks=self.study.weeks, day=self.learned[1]),
            ),
        )  # fmt: skip


def _moved(study: DataDrift, name: str, group: pd.DataFrame, windows: tuple) -> dict | None:
    """How far one input moved between the windows, and from the same season."""
    then, now, ago = windows
    counts = group.pivot_table(index="week", columns="step", values="orders", aggfunc="sum", fill_value=0)
    if group["kind"].iloc[0] == "number":
        counts = counts[sorted(counts.columns, key=float)]
    early, late = _window(counts, then), _window(counts, now)
    if min(early.sum(), late.sum()) < FEW:
        return None
    merge = _groups(early.sum(axis=0) + late.sum(axis=0), ordered=group["kind"].iloc[0] == "number")
    early, late = early @ merge, late @ merge
    rng = np.random.default_rng(study.seed)
    psi, p, chance = _tested(early, late, rng)
    low, high = _interval(early, late, rng)
    row = {
        "input": name, "psi": psi, "low": min(low, psi), "high": max(high, psi), "by_chance": chance,
        "ks": _apart(early, late) if group["kind"].iloc[0] == "number" else np.nan, "p": p, "psi_season": np.nan,
        "p_season": np.nan,
    }  # fmt: skip
    if ago is not None and (before := _window(counts, ago) @ merge).sum() >= FEW:
        row["psi_season"], row["p_season"], _ = _tested(before, late, rng)
    return row


def _window(counts: pd.DataFrame, window: tuple[pd.Timestamp, pd.Timestamp]) -> np.ndarray:
    return counts[(counts.index >= window[0]) & (counts.index <= window[1])].to_numpy(float)


def _groups(totals: np.ndarray, *, ordered: bool) -> np.ndarray:
    """Steps put together into about ten groups (a number's neighbours; of words the rare ones): steps × groups."""
    count = len(totals)
    if ordered:
        middle = (np.cumsum(totals) - totals / 2) / totals.sum()
        group = np.minimum((middle * GROUPS).astype(int), GROUPS - 1)
        group = np.unique(group, return_inverse=True)[1]
    else:
        rank = np.argsort(np.argsort(-totals, kind="stable"), kind="stable")
        group = np.minimum(rank, GROUPS - 1)
    merge = np.zeros((count, int(group.max()) + 1))
    merge[np.arange(count), group] = 1
    return merge


def _index(early: np.ndarray, late: np.ndarray) -> np.ndarray:
    """Σ (q − p)·ln(q/p) for each pair of rows; half an order more in every group keeps empty ones finite."""
    p, q = (x + 0.5 for x in (early, late))
    p, q = p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)
    return ((q - p) * np.log(q / p)).sum(axis=-1)


def _tested(early: np.ndarray, late: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float]:
    """The index, the chance of one as large where weeks are dealt out anew, and the size below which 95 % of those
    lie."""
    both = np.vstack([early, late])
    deals = rng.permuted(np.tile(np.arange(len(both)) < len(early), (SHUFFLES, 1)), axis=1).astype(float)
    dealt = _index(deals @ both, (1 - deals) @ both)
    seen = float(_index(early.sum(axis=0), late.sum(axis=0)))
    return seen, float((1 + (dealt >= seen * (1 - 1e-9)).sum()) / (SHUFFLES + 1)), float(np.quantile(dealt, 0.95))


def _interval(early: np.ndarray, late: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Where 19 of 20 indices lie when weeks are drawn again, less what drawing them again adds by itself."""
    draws = [w[rng.integers(0, len(w), (SHUFFLES, len(w)))].sum(axis=1) for w in (early, late)]
    found = _index(*draws)
    added = float(np.median(found)) - float(_index(early.sum(axis=0), late.sum(axis=0)))
    low, high = np.quantile(found - max(added, 0), (0.025, 0.975))
    return float(max(low, 0)), float(max(high, 0))


def _apart(early: np.ndarray, late: np.ndarray) -> float:
    shares = [np.cumsum(x.sum(axis=0)) / x.sum() for x in (early, late)]
    return float(np.abs(shares[0] - shares[1]).max())


def _judged(study: DataDrift, table: pd.DataFrame, seasonal: bool) -> pd.DataFrame:
    """Both must be beyond chance (the larger p is that of both), and worth noticing."""
    both = table[["p", "p_season"]].max(axis=1, skipna=True)
    order = np.argsort(both.to_numpy(), kind="stable")
    adjusted, worst = np.empty(len(both)), 0.0
    for place, row in enumerate(order):
        worst = max(worst, min(1.0, float(both.iloc[row]) * (len(both) - place)))
        adjusted[row] = worst
    beyond = adjusted <= study.alpha
    noticed = np.fmin(table["psi"], table["psi_season"]) >= NOTICED / 2
    left = (table["p"] <= study.alpha) & (table["psi"] >= NOTICED / 2)
    verdict = np.select(
        [beyond & noticed & table["p_season"].notna(), beyond & table["p_season"].notna(),
         left & table["p_season"].notna(), left],
        [say("drifted"), say("moved a little"), say("season"), say("drifted or season")], say("steady"),
    )  # fmt: skip
    rank = np.select([verdict == say("drifted"), verdict == say("drifted or season")], [0, 1], 2)
    table = table.assign(p_both=adjusted, verdict=verdict, rank=rank)
    return table.sort_values(["rank", "psi", "input"], ascending=[True, False, True], ignore_index=True).drop(
        columns="rank")  # fmt: skip


def _shares(frame: pd.DataFrame, table: pd.DataFrame, windows: dict) -> pd.DataFrame:
    """The share of each step in each window, for the input that moved most."""
    of = frame[frame["input"] == table["input"].iloc[0]]
    parts = []
    for name, window in windows.items():
        if window is None:
            continue
        inside = of[(of["week"] >= window[0]) & (of["week"] <= window[1])]
        counts = inside.groupby("step")["orders"].sum()
        parts.append(pd.DataFrame({"window": name, "step": counts.index, "share": counts / counts.sum()}))
    return pd.concat(parts, ignore_index=True).assign(input=table["input"].iloc[0], kind=of["kind"].iloc[0])


def _sentence(table: pd.DataFrame, then: tuple, now: tuple) -> str:
    worst, drifted = table.iloc[0], table[table["verdict"] == say("drifted")]
    template = (
        "{psi:number} ({low:number} – {high:number}) is how far {input} moved away from what was learned up to "
        "{then:date}, and it is not the season: {n:count} of {all:count} inputs have drifted."
        if len(drifted) else
        "{psi:number} ({low:number} – {high:number}) is the largest move, that of {input}: beyond season and chance "
        "none of {all:count} inputs has drifted since {then:date}."
    )  # fmt: skip
    return say(
        template, psi=worst["psi"], low=worst["low"], high=worst["high"], input=worst["input"],
        then=then[1] + pd.Timedelta(days=6), n=len(drifted), all=len(table),
    )  # fmt: skip


def _checks(study: DataDrift, table: pd.DataFrame, seasonal: bool) -> tuple[Check, ...]:
    drifted = table[table["verdict"] == say("drifted")]
    season = table[table["verdict"] == say("season")]
    large = drifted[drifted["psi"] >= LARGE]
    checks = [Check(
        name=say("Drift of data"), verdict="fails" if len(large) else "weak" if len(drifted) else "holds",
        text=say(
            "Drifted: {names}. A model that uses them was learned on another world; above {large:number} learn again."
            if len(drifted) else "No input moved beyond chance both from what was learned and from a year before.",
            names=", ".join(drifted["input"]), large=LARGE),
    )]  # fmt: skip
    checks.append(Check(
        name=say("Season taken out"), verdict="holds" if seasonal else "weak",
        text=say(
            "The same weeks a year before are beside; by season alone moved: {names}." if seasonal else
            "The records do not reach a year back from the newest weeks: what moved may be the season.",
            names=", ".join(season["input"]) or say("nothing")),
    ))  # fmt: skip
    checks.append(Check(
        name=say("False alarms"), verdict="holds",
        text=say("In data that only swing with the season, fewer than {alpha:percent} of such tables accuse any input; "
                 "the largest index that chance alone brings here is {chance:number}.", alpha=study.alpha,
                 chance=float(table["by_chance"].max())),
    ))  # fmt: skip
    return tuple(checks)
