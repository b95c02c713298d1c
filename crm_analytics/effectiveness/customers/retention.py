"""How long do customers stay, who stays longer, and how many will still be there next time?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.customers.readings import Readings, drawn, spanned
from crm_analytics.effectiveness.customers.retention_checks import checks
from crm_analytics.effectiveness.customers.survival import Hazards
from crm_analytics.result import Claim, Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

GROUPS = ("acquired_channel", "acquired_campaign", "customer_kind", "region", "reason_first_purchase")
LEAST_CUSTOMERS, LEAST_GONE = 100, 20
LEAST_IN_GROUP = 30
TOO_WIDE = 0.25
"""Where the readings of long silences differ by more, nothing is said."""
NEXT_DAYS = 91
EVERYBODY = "all"


@dataclass(frozen=True, kw_only=True)
class Retention(Study):
    """How many customers are still customers after a year, and who leaves faster than others?

    Survival from the first purchase to the last, with everybody who is still there counted for as long as seen (Kaplan
    and Meier). Where no contract says who left, a silent customer counts by the chance that it has, by its own rhythm
    and that of all (see `leaving`), and the interval spans both readings of silences longer than any that could be seen
    to end. Groups (`by`) are compared by a log-rank test and by Cox's hazard ratios: how many times as fast one leaves,
    beside the largest group. `horizon_days` is shortened where fewer than 30 customers were seen so long.
    """

    by: Literal["acquired_channel", "acquired_campaign", "customer_kind", "region", "reason_first_purchase"] | None = (
        "acquired_channel"
    )
    horizon_days: int = 365
    confidence: float = 0.95

    reads = "lifetimes"
    columns = (
        "customer_id",
        "start",
        "entered",
        "last",
        "days",
        "purchases",
        "from_start",
        "stated",
        "begins",
        "until",
        *(f"{name}{end}" for end in ("", "_near", "_far") for name in ("as_long", "never")),
    )
    least = LEAST_CUSTOMERS
    of = "customers"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by is not None and self.by not in GROUPS:
            raise ValueError(f"by is {self.by!r}; compare by {', '.join(GROUPS)}, or by None.")
        if self.horizon_days < 1:
            raise ValueError(f"horizon_days is {self.horizon_days}; look one day ahead at least.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        people = frame[~frame["from_start"].astype(bool)].sort_values("customer_id", ignore_index=True)
        if self.by is not None and self.by not in people:
            raise ValueError(f"Retention needs the column {self.by}; features.lifetimes(wh, …) has it.")
        group, names = _grouped(people, self.by)
        reads = Readings.of(people, group)
        gone = float(reads.middle.risk.left.sum())
        if len(people) < LEAST_CUSTOMERS or gone < LEAST_GONE:
            return self.refuse(say(
                "Not enough evidence: {n:count} customers whose beginning is known, and about {gone:count} who left; "
                "at least {least:count} and {few:count} are needed.",
                n=len(people), gone=gone, least=LEAST_CUSTOMERS, few=LEAST_GONE,
            ))  # fmt: skip
        horizon = reads.horizon(self.horizon_days, self.confidence)
        shares = reads.ends(horizon, self.confidence)
        if abs(shares[0] - shares[1]) > TOO_WIDE:
            records = (pd.to_datetime(people["until"]).max() - pd.to_datetime(people["begins"]).min()).days
            return self.refuse(say(
                "Not enough evidence: after {horizon:count} days between {low:percent} and {high:percent} would still "
                "be customers, depending on whether those who were silent longest come back, which {records:count} "
                "days of records are too short to show; twice as many would be enough.",
                horizon=horizon, low=min(shares), high=max(shares), records=records,
            ))  # fmt: skip
        return _answered(self, frame, reads, names)


@dataclass(frozen=True, kw_only=True, eq=False)
class RetentionResult(Result):
    """Retention by group, all first: `group`, `customers`, `lost` (about how many left), `retained` after
    `horizon_days` with `low` and `high`, `half_life_days` (when half have left; empty while fewer have), and beside the
    largest group `hazard_ratio` with its interval and `p_value` (Holm). Empty where it cannot be seen.

    `curves` has group, days, retained, low, high and watched. `next_period` is the share of today's customers to be
    expected to be still there after 91 days, low and high. `.by(column)` groups by another column.
    """

    curves: pd.DataFrame = field(repr=False)
    frame: pd.DataFrame = field(repr=False)
    horizon_days: int
    hazards: Hazards | None
    alike: float
    """How often the groups would differ so much if they stayed alike (log-rank); NaN without groups."""
    next_period: tuple[float, float, float]
    readings: tuple[float, float]
    """Retention by the two readings of long silences: as pauses go on, and as if none ended later than could be
    seen."""
    until: date

    def by(self, column: str) -> Result:
        """The same with customers grouped by another column. Raises ValueError for one there is not."""
        return replace(self.study, by=column).fit(self.frame)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How many of today's customers stay, and who should be looked at first."""
        share, low, high = self.next_period
        last = self.until + timedelta(days=NEXT_DAYS - 1)
        return (Claim(
            subject=say("customers of today who are still customers after {days:count} days", days=NEXT_DAYS),
            measure="retention", value=share, low=low, high=high, confidence=self.study.confidence, evidence="modelled",
            first=self.until, last=last, expires=last,
            decision=say("Look first at {group}: they leave fastest.", group=self._fastest) if self._fastest else "",
            reversed_by=say("A quarter in which they leave no faster than the others."),
        ),)  # fmt: skip

    @property
    def _fastest(self) -> str:
        sure = self.table[(self.table["p_value"] < 0.05) & (self.table["hazard_ratio"] > 1)]
        return str(sure.sort_values("hazard_ratio", ascending=False)["group"].iloc[0]) if len(sure) else ""


def _grouped(people: pd.DataFrame, by: str | None) -> tuple[np.ndarray, list[str]]:
    """Each customer's group, the largest first; groups of few customers as one."""
    if by is None or people.empty:
        return np.zeros(len(people), int), [EVERYBODY]
    words = people[by].fillna("unknown").astype(str)
    counts = words.value_counts()
    small = set(counts[counts < LEAST_IN_GROUP].index)
    words = words.where(~words.isin(small), say("others"))
    counts = words.value_counts()
    names = sorted(counts.index, key=lambda name: (-counts[name], name))
    return words.map({name: place for place, name in enumerate(names)}).to_numpy(), names


def _answered(study: Retention, frame: pd.DataFrame, reads: Readings, names: list[str]) -> RetentionResult:
    confidence, horizon = study.confidence, reads.horizon(study.horizon_days, study.confidence)
    several = len(names) > 1
    fits = reads.compared(len(names)) if several else []
    hazards, alike = fits[0] if several else (None, float("nan"))
    rows, courses = [], []
    for place, name in [(None, EVERYBODY), *(enumerate(names) if several else ())]:
        inside = np.ones(len(reads.people), bool) if place is None else reads.group == place
        curves = reads.curves(confidence, place)
        stay, low, high = spanned(curves, horizon)
        shown = curves[0].watched_at(horizon - 1) >= 1
        ratio = (np.nan,) * 4 if place is None else reads.ratio([fit for fit, _ in fits], place, confidence)
        rows.append({
            "group": name, "customers": int(inside.sum()), "lost": float(reads.middle.left.chance[inside].sum()),
            "retained": stay if shown else np.nan, "low": low if shown else np.nan, "high": high if shown else np.nan,
            "half_life_days": curves[0].half_life,
            **dict(zip(("hazard_ratio", "hazard_low", "hazard_high", "p_value"), ratio, strict=True)),
        })  # fmt: skip
        courses.append(drawn(curves, name))
    table = pd.DataFrame(rows)
    table["p_value"] = holm(table["p_value"].to_numpy())
    result = RetentionResult(
        study=study, table=table, text="", curves=pd.concat(courses, ignore_index=True), frame=frame,
        horizon_days=horizon, hazards=hazards, alike=alike, next_period=reads.ahead(NEXT_DAYS, confidence),
        readings=reads.ends(horizon, confidence), until=pd.to_datetime(reads.people["until"]).max().date(),
    )  # fmt: skip
    return replace(result, text=_sentence(result), checks=checks(result, reads.middle))


def _sentence(result: RetentionResult) -> str:
    row = result.table.iloc[0]
    told = say(
        "{share:percent} ({span:percents}) of customers are still customers {days:count} days after they came",
        share=row["retained"], span=(row["low"], row["high"]), days=result.horizon_days,
    )  # fmt: skip
    sure = result.table[result.table["p_value"] < 0.05]
    if sure.empty:
        end = (
            say(".") if not result.hazards else say("; no group of customers leaves faster or slower than the largest.")
        )
        return told + end
    far = sure.iloc[np.argmax(np.abs(np.log(sure["hazard_ratio"].to_numpy())))]
    return told + say(
        "; those of «{group}» leave {ratio:number} ({low:number} – {high:number}) times as fast as those of "
        "«{largest}».",
        group=far["group"], ratio=far["hazard_ratio"], low=far["hazard_low"], high=far["hazard_high"],
        largest=result.table["group"].iloc[1],
    )  # fmt: skip
