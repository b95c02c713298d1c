"""Are the customers who came lately better than those before them, at the same age?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.effectiveness.customers.cohorts_checks import checks
from crm_analytics.result import Claim, Result, Study
from crm_analytics.result.chance import holm, share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

A_YEAR = {"month": 12, "quarter": 4, "year": 1}
"""So many cohorts earlier lies the one of the same season."""
LEAST_CUSTOMERS = 30
SURE = 0.05
FLOOD, LEAST_LATER = 2.0, 4
"""A cohort after the first so many times larger than most of at least so many later ones holds old customers, too."""
WARM_UP_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Cohorts(Study):
    """Do customers who came together stay and spend better than those who came before them, at equal age?

    Retention of a cohort at an age is the share of it that bought in that month of its life. Months that not all of a
    cohort have lived through stay empty. Each cohort is compared with the one that came in the same season a year
    before (in shorter records with the one before; cohorts by channel, campaign or reason with all others), only over
    the ages both have lived through, and all comparisons together are wrong in at most one case of twenty (Holm).
    Intervals of differences: a jackknife over 32 parts of the customers. `ages` months are looked at, at most.
    """

    ages: int = 12
    confidence: float = 0.95

    reads = "cohorts"
    columns = ("kind", "cohort", "came", "part", "age", "customers", "active", "revenue", "of", "begins", "until")
    least = 2
    of = "cohorts and ages"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.ages <= 60:
            raise ValueError(f"ages is {self.ages}; look at 1 to 60 months.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        rows = frame.sort_values(["cohort", "part", "age"], ignore_index=True)
        lives = Lives.of(rows, self.ages)
        if len(lives.names) < 2 or not (lives.reach > 0).any():
            return self.refuse(say(
                "Not enough evidence: {n:count} cohorts of at least {least:count} customers have lived through a "
                "whole month after their first; two at least are compared. Later, or with larger cohorts, there will "
                "be.",
                n=int((lives.reach > 0).sum()), least=LEAST_CUSTOMERS,
            ))  # fmt: skip
        return _answered(self, rows, lives)


@dataclass(frozen=True, kw_only=True)
class Lives:
    """Cohorts in their order: customers, those active and money by cohort × part × age, and the ages all have lived."""

    names: list[str]
    came: np.ndarray
    of: np.ndarray
    """Customers by cohort × part."""
    watched: np.ndarray
    """Those of them who have lived through the age, by cohort × part × age."""
    active: np.ndarray
    revenue: np.ndarray
    reach: np.ndarray
    """The last age that all of the cohort have lived through (of cohorts that are no periods: enough); −1 for none."""
    early: np.ndarray
    """Whether the cohort came when the records began, and so may hold old customers."""

    @classmethod
    def of(cls, rows: pd.DataFrame, ages: int) -> Lives:
        import pandas as pd

        size = rows.drop_duplicates(["cohort", "part"]).groupby("cohort")["of"].sum()
        begins = np.datetime64(pd.to_datetime(rows["begins"]).min(), "s")
        rows = rows[rows["cohort"].map(size) >= LEAST_CUSTOMERS]
        came = pd.to_datetime(rows.groupby("cohort")["came"].first()).astype("datetime64[s]")
        names = sorted(came.index, key=lambda name: (str(came[name]), str(name)))
        cohort = rows["cohort"].map({name: place for place, name in enumerate(names)}).to_numpy(int)
        age, part = rows["age"].to_numpy(int), rows["part"].to_numpy(int)
        inside, parts = age <= ages, int(rows["part"].max()) + 1 if len(rows) else 1
        shape = (len(names), parts, ages + 1)

        def grid(column: str) -> np.ndarray:
            out = np.zeros(shape)
            np.add.at(out, (cohort[inside], part[inside], age[inside]), rows[column].to_numpy(float)[inside])
            return out

        of = np.zeros(shape[:2])
        first = ~rows.duplicated(["cohort", "part"]).to_numpy()
        of[cohort[first], part[first]] = rows["of"].to_numpy(float)[first]
        watched, days = grid("customers"), came.reindex(names).to_numpy()
        wanted = np.where(np.isnat(days), LEAST_CUSTOMERS, of.sum(axis=1))
        whole = watched.sum(axis=1) >= wanted[:, None] - 0.5
        reach = np.where(whole.all(axis=1), ages, whole.argmin(axis=1) - 1)
        start = begins + np.timedelta64(WARM_UP_DAYS, "D")
        return cls(names=names, came=days, of=of, watched=watched, active=grid("active"), revenue=grid("revenue"),
                   reach=reach, early=_early(days < start, of.sum(axis=1)))  # fmt: skip

    def rate(self, values: np.ndarray, cohorts: np.ndarray, ages: slice) -> tuple[float, np.ndarray]:
        """A sum over ages a customer, of these cohorts together, and the same without each part of the customers."""
        top, under = (grid[cohorts][:, :, ages].sum(axis=0) for grid in (values, self.watched))
        whole = (top.sum(axis=0) / np.maximum(under.sum(axis=0), 1e-9)).sum()
        without = (top.sum(axis=0) - top) / np.maximum(under.sum(axis=0) - under, 1e-9)
        return float(whole), without.sum(axis=1)


def _early(early: np.ndarray, customers: np.ndarray) -> np.ndarray:
    """The cohorts in which old customers are seen for the first time: those of the first months on record, and those
    after them in which many more seem to come than ever later."""
    early = early.copy()
    for place in np.flatnonzero(~early)[:-LEAST_LATER]:
        if early[:place].all() and customers[place] > FLOOD * np.median(customers[place + 1 :]):
            early[place] = True
    return early


@dataclass(frozen=True, kw_only=True, eq=False)
class CohortsResult(Result):
    """A cohort a row: `cohort`, `customers`, `months` (lived through by all), `active` (the share that bought in a mean
    month after the first, over those compared) and `per_head` (money each brought over them); `against` which cohort it
    was compared, with `active_gap` (points of share) and `per_head_gap`, their intervals, `p_value` (Holm, of active)
    and `verdict`. `cells` has cohort, age, customers, retained (low, high) and per_head, empty where not all lived.
    """

    cells: pd.DataFrame = field(repr=False)
    kind: str
    seasonal: bool
    """Whether cohorts of different seasons had to be compared."""
    begins: object
    until: object

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the newest cohort that can be compared does beside those before it."""
        known = self.table.dropna(subset=["active_gap"])
        if known.empty:
            return ()
        row = known.iloc[-1]
        worse = row["verdict"] == "worse"
        last = self.until
        import pandas as pd

        return (
            Claim(
                subject=say(
                    "customers of {cohort} active in a month, beside those of {against}",
                    cohort=row["cohort"],
                    against=row["against"],
                ),
                measure="retention",
                value=float(row["active_gap"]),
                low=float(row["active_low"]),
                high=float(row["active_high"]),
                confidence=self.study.confidence,
                evidence="compared",
                first=pd.Timestamp(self.begins).date(),
                last=pd.Timestamp(last).date(),
                expires=(pd.Timestamp(last) + pd.Timedelta(days=182)).date(),
                decision=say(
                    "Look at what was done otherwise to win the customers of {cohort}: they come back less.",
                    cohort=row["cohort"],
                )
                if worse
                else "",
                reversed_by=say("Later months in which they catch up."),
            ),
        )


def _answered(study: Cohorts, rows: pd.DataFrame, lives: Lives) -> CohortsResult:
    import pandas as pd

    kind = str(rows["kind"].iloc[0])
    lag = A_YEAR.get(kind, 0)
    partners = {place: _partner(lives, place, lag) for place in range(len(lives.names))}
    seasonal = bool(lag) and kind != "year" and not any(_common(lives, p, q) > 0 for p, q in partners.items())
    if seasonal:
        partners = {place: _partner(lives, place, 1) for place in range(len(lives.names))}
    table = pd.DataFrame([_row(study, lives, place, partners[place]) for place in range(len(lives.names))])
    table["p_value"] = holm(table["p_value"].to_numpy(float))
    sure = table["p_value"] <= SURE
    table["verdict"] = np.where(table["active_gap"].isna(), "–", np.where(
        sure, np.where(table["active_gap"] > 0, "better", "worse"), "no difference"))  # fmt: skip
    result = CohortsResult(
        study=study, table=table, text="", cells=_cells(study, lives), kind=kind, seasonal=seasonal,
        begins=pd.to_datetime(rows["begins"]).min(), until=pd.to_datetime(rows["until"]).max(),
    )  # fmt: skip
    return replace(result, text=_sentence(result), checks=checks(result))


def _partner(lives: Lives, place: int, lag: int) -> np.ndarray:
    """The cohorts that one is compared with: so many before it; where cohorts are no periods, all others."""
    everybody = np.arange(len(lives.names))
    if not lag:
        return everybody[everybody != place]
    if place < lag or lives.early[place - lag] or lives.early[place]:
        return everybody[:0]
    return everybody[place - lag : place - lag + 1]


def _common(lives: Lives, place: int, partner: np.ndarray) -> int:
    """The last age that both have lived through."""
    return int(min(lives.reach[place], lives.reach[partner].min())) if len(partner) else -1


def _row(study: Cohorts, lives: Lives, place: int, partner: np.ndarray) -> dict:
    from scipy.stats import t

    own, age = np.array([place]), _common(lives, place, partner)
    reach = int(lives.reach[place])
    row = {"cohort": lives.names[place], "customers": int(lives.of[place].sum()), "months": max(reach, 0)}
    upto = age if age > 0 else reach
    nothing = dict.fromkeys(
        ("active_gap", "active_low", "active_high", "per_head_gap", "per_head_low", "per_head_high"), np.nan
    )
    if upto < 1:
        return row | {"active": np.nan, "per_head": np.nan, "against": "–", **nothing, "p_value": np.nan}
    active, per_head = (lives.rate(values, own, slice(first, upto + 1)) for values, first in
                        ((lives.active, 1), (lives.revenue, 0)))  # fmt: skip
    row |= {"active": active[0] / upto, "per_head": per_head[0]}
    if age < 1:
        return row | {"against": "–", **nothing, "p_value": np.nan}
    named = lives.names[partner[0]] if len(partner) == 1 else say("all others")
    row["against"] = named
    parts = lives.of.shape[1]
    for name, mine, values, first, scale in (
        ("active", active, lives.active, 1, upto),
        ("per_head", per_head, lives.revenue, 0, 1),
    ):
        theirs = lives.rate(values, partner, slice(first, upto + 1))
        gap, without = (mine[0] - theirs[0]) / scale, (mine[1] - theirs[1]) / scale
        error = float(np.sqrt((parts - 1) / parts * ((without - without.mean()) ** 2).sum()))
        half = t.ppf((1 + study.confidence) / 2, parts - 1) * error
        row |= {f"{name}_gap": gap, f"{name}_low": gap - half, f"{name}_high": gap + half}
        if name == "active":
            row["p_value"] = float(2 * t.sf(abs(gap) / error, parts - 1)) if error > 0 else np.nan
    return row


def _cells(study: Cohorts, lives: Lives) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for place, name in enumerate(lives.names):
        for age in range(int(lives.reach[place]) + 1):
            of = lives.watched[place, :, age].sum()
            hits = lives.active[place, :, age].sum()
            low, high = share_interval(hits, of, confidence=study.confidence)
            rows.append(
                {
                    "cohort": name,
                    "age": age,
                    "customers": int(of),
                    "retained": hits / of,
                    "low": low,
                    "high": high,
                    "per_head": lives.revenue[place, :, age].sum() / of,
                }
            )
    return pd.DataFrame(rows)


def _sentence(result: CohortsResult) -> str:
    known = result.table.dropna(subset=["active_gap"])
    if known.empty:
        first = result.cells[result.cells["age"] >= 1].iloc[-1]
        return say(
            "{share:percent} ({span:percents}) of the customers of {cohort} bought in month {age:count} of their "
            "life; no two cohorts have lived through the same ages in the same season yet.",
            share=first["retained"], span=(first["low"], first["high"]), cohort=first["cohort"], age=first["age"],
        )  # fmt: skip
    told = known[known["verdict"] != "no difference"]
    row = known.iloc[-1] if told.empty else told.iloc[int(np.argmin(told["p_value"].to_numpy()))]
    way = 1 if row["active_gap"] >= 0 else -1
    ends = sorted(100 * way * row[end] for end in ("active_low", "active_high"))
    said = say(
        "{active:percent} of the customers of {cohort} buy in a mean month, {gap:number} ({low:number} – "
        "{high:number}) percentage points more than of {against} at the same age."
        if way > 0
        else "{active:percent} of the customers of {cohort} buy in a mean month, {gap:number} ({low:number} – "
        "{high:number}) percentage points fewer than of {against} at the same age.",
        cohort=row["cohort"], active=row["active"], gap=abs(100 * row["active_gap"]), low=ends[0], high=ends[1],
        against=row["against"],
    )  # fmt: skip
    return said + " " + say(
        "Among {all:count} such comparisons chance alone makes as much: none is better or worse beyond it."
        if told.empty
        else "Of {all:count} comparisons {better:count} {better:is|are} better and {worse:count} worse by more than "
        "chance.",
        all=len(known), better=int((known["verdict"] == "better").sum()),
        worse=int((known["verdict"] == "worse").sum()),
    )  # fmt: skip
