"""How long do customers stay, who stays longer, and how many will still be there next time?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

from crm_analytics.effectiveness.customers.leaving import STAGES, Left
from crm_analytics.effectiveness.customers.retention_checks import checks
from crm_analytics.effectiveness.customers.survival import Curve, Hazards, Risk, cox, log_rank
from crm_analytics.result import Claim, Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

GROUPS = ("acquired_channel", "acquired_campaign", "customer_kind", "region", "reason_first_purchase")
LEAST_CUSTOMERS, LEAST_GONE, LEAST_WATCHED = 100, 20, 30
LEAST_IN_GROUP = 30
EVENTS_A_GROUP = 10
"""A group whose rate of leaving is told needs so many who left (Peduzzi et al. 1995)."""
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
        import pandas as pd

        people = frame[~frame["from_start"].astype(bool)].sort_values("customer_id", ignore_index=True)
        if self.by is not None and self.by not in people:
            raise ValueError(f"Retention needs the column {self.by}; features.lifetimes(wh, …) has it.")
        group, names = _grouped(people, self.by)
        reads = {name: Reading.of(people, group, name) for name in ("", "_near", "_far")}
        gone = float(reads[""].risk.left.sum())
        if len(people) < LEAST_CUSTOMERS or gone < LEAST_GONE:
            return self.refuse(say(
                "Not enough evidence: {n:count} customers whose beginning is known, and about {gone:count} who left; "
                "at least {least:count} and {few:count} are needed.",
                n=len(people), gone=gone, least=LEAST_CUSTOMERS, few=LEAST_GONE,
            ))  # fmt: skip
        horizon = _horizon(reads[""], self)
        shares = [reads[name].curve(self.confidence).at(horizon)[0] for name in ("_near", "_far")]
        if abs(shares[0] - shares[1]) > TOO_WIDE:
            records = (pd.to_datetime(people["until"]).max() - pd.to_datetime(people["begins"]).min()).days
            return self.refuse(say(
                "Not enough evidence: after {horizon:count} days between {low:percent} and {high:percent} would still "
                "be customers, depending on whether those who were silent longest come back, which {records:count} "
                "days of records are too short to show; twice as many would be enough.",
                horizon=horizon, low=min(shares), high=max(shares), records=records,
            ))  # fmt: skip
        return _answered(self, frame, people, (group, names, reads))


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Who left and who stays, by one reading of the silences."""

    risk: Risk
    """A pattern for each group and stage."""
    left: Left

    @classmethod
    def of(cls, people: pd.DataFrame, group: np.ndarray, end: str) -> Reading:
        as_long, never = (people[f"{name}{end}"].to_numpy(float) for name in ("as_long", "never"))
        groups = int(group.max(initial=0)) + 1
        stated = bool(people["stated"].all()) if len(people) else True
        left = Left.stated(as_long, groups) if stated else Left.of(people["purchases"], as_long, never, group)
        risk = Risk.of(people["last"].to_numpy(), left.chance, until=people["days"].to_numpy(),
                       entered=people["entered"].to_numpy(), pattern=group * STAGES + left.stage)  # fmt: skip
        relative = left.relative.ravel()[: risk.watched.shape[1]]
        return cls(risk=replace(risk, relative=relative), left=left)

    @property
    def groups(self) -> np.ndarray:
        """The group of each pattern."""
        return np.arange(self.risk.watched.shape[1]) // STAGES

    def curve(self, confidence: float, group: int | None = None) -> Curve:
        """The curve of all, or of one group."""
        chosen = np.ones(len(self.groups), bool) if group is None else self.groups == group
        return Curve.of(self.risk.only(chosen), confidence)


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


def _answered(study: Retention, frame: pd.DataFrame, people: pd.DataFrame, read: tuple) -> RetentionResult:
    import pandas as pd

    group, names, reads = read
    middle = reads[""]
    horizon = _horizon(middle, study)
    several = len(names) > 1
    fits = [_compared(reading, len(names)) for reading in reads.values()] if several else []
    hazards, alike = fits[0] if several else (None, float("nan"))
    rows, curves = [], []
    for place, name in [(None, EVERYBODY), *(enumerate(names) if several else ())]:
        inside = np.ones(len(people), bool) if place is None else group == place
        own, *others = (reading.curve(study.confidence, place) for reading in reads.values())
        stay, low, high = _spanned(own, others, horizon)
        shown = own.watched_at(horizon - 1) >= 1
        ratio = (
            (np.nan,) * 4
            if hazards is None or place is None
            else _ratio([fit for fit, _ in fits], place, middle, study.confidence)
        )
        rows.append({
            "group": name, "customers": int(inside.sum()), "lost": float(middle.left.chance[inside].sum()),
            "retained": stay if shown else np.nan, "low": low if shown else np.nan, "high": high if shown else np.nan,
            "half_life_days": own.half_life,
            **dict(zip(("hazard_ratio", "hazard_low", "hazard_high", "p_value"), ratio, strict=True)),
        })  # fmt: skip
        curves.append(_drawn(own, others, name))
    table = pd.DataFrame(rows)
    table["p_value"] = holm(table["p_value"].to_numpy())
    result = RetentionResult(
        study=study,
        table=table,
        text="",
        curves=pd.concat(curves, ignore_index=True),
        frame=frame,
        horizon_days=horizon,
        hazards=hazards,
        alike=alike,
        next_period=_next(people, reads, study.confidence),
        readings=tuple(reads[name].curve(study.confidence).at(horizon)[0] for name in ("_near", "_far")),
        until=pd.to_datetime(people["until"]).max().date(),
    )
    result = replace(result, text=_sentence(result))
    return replace(result, checks=checks(result, middle))


def _horizon(reading: Reading, study: Retention) -> int:
    """The horizon, or the longest that enough customers were seen for."""
    curve = reading.curve(study.confidence)
    enough = curve.days[curve.watched >= LEAST_WATCHED]
    return int(min(study.horizon_days, enough.max() if len(enough) else curve.days.max()))


def _spanned(own: Curve, others: list[Curve], day: float) -> tuple[float, float, float]:
    """Retention with an interval that spans those of all readings."""
    found = [curve.at(day) for curve in (own, *others)]
    return found[0][0], min(low for _, low, _ in found), max(high for *_, high in found)


def _compared(reading: Reading, groups: int) -> tuple[Hazards, float]:
    risk = reading.risk.merged(reading.groups)
    return cox(risk, np.eye(groups)[:, 1:]), log_rank(risk)[1]


def _ratio(fits: list[Hazards], place: int, reading: Reading, confidence: float) -> tuple[float, float, float, float]:
    """How many times as fast a group leaves as the largest, with an interval and a p that hold by every reading of the
    silences; nothing where too few have left to say so."""
    from scipy.stats import norm

    gone = float(reading.risk.left[:, reading.groups == place].sum())
    if place == 0:
        return 1.0, np.nan, np.nan, np.nan
    if gone < EVENTS_A_GROUP:
        return (np.nan,) * 4
    ratios = np.array([fit.ratio(place - 1, confidence) for fit in fits])
    sizes = [fit.coefficients[place - 1] / max(fit.errors[place - 1], 1e-12) for fit in fits]
    agree = len(set(np.sign(sizes))) == 1
    p = float(2 * norm.sf(np.abs(sizes).min())) if agree else 1.0
    return float(ratios[0, 0]), float(ratios[:, 1].min()), float(ratios[:, 2].max()), p


def _drawn(own: Curve, others: list[Curve], name: str) -> pd.DataFrame:
    """A curve in at most 200 steps."""
    import pandas as pd

    days = own.days[own.watched >= 10]
    days = np.unique(np.concatenate(([0], days[:: max(1, len(days) // 200)]))) if len(days) else np.array([0])
    values = np.array([_spanned(own, others, day) for day in days])
    return pd.DataFrame(
        {
            "group": name,
            "days": days,
            "retained": values[:, 0],
            "low": values[:, 1],
            "high": values[:, 2],
            "watched": [own.watched_at(day) for day in days],
        }
    )


def _next(people: pd.DataFrame, reads: dict[str, Reading], confidence: float) -> tuple[float, float, float]:
    """Which share of those who are there today will be after NEXT_DAYS, each at its own tenure."""
    from scipy.stats import norm

    found = []
    for reading in reads.values():
        curve = reading.curve(confidence)
        here, age = 1 - reading.left.chance, people["days"].to_numpy()
        base, ahead = (_share_at(curve, age + more) for more in (0, NEXT_DAYS))
        known = (base > 0) & (age + NEXT_DAYS <= curve.days.max(initial=0))
        weight = here * known
        if weight.sum() <= 0:
            return (float("nan"),) * 3
        share = float((weight * ahead / np.maximum(base, 1e-12)).sum() / weight.sum())
        spread = [_spread_at(curve, age + more) for more in (0, NEXT_DAYS)]
        error = float((weight * np.sqrt(np.maximum(spread[1] - spread[0], 0))).sum() / weight.sum()) * share
        chance = share * (1 - share) / weight.sum()
        half = norm.ppf((1 + confidence) / 2) * np.sqrt(error**2 + chance)
        found.append((share, share - half, share + half))
    return found[0][0], max(min(value[1] for value in found), 0.0), min(max(value[2] for value in found), 1.0)


def _share_at(curve: Curve, days: np.ndarray) -> np.ndarray:
    return np.concatenate(([1.0], curve.stay))[np.searchsorted(curve.days, days, side="right")]


def _spread_at(curve: Curve, days: np.ndarray) -> np.ndarray:
    finite = np.where(np.isfinite(curve.spread), curve.spread, 0.0)
    return np.concatenate(([0.0], finite))[np.searchsorted(curve.days, days, side="right")]


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
