"""What a campaign changed in the regions, stores or products it reached, against those it left alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.amounts import MONEY, noun_of
from crm_analytics.effectiveness.campaign_days import OnCampaignDays, marked
from crm_analytics.effectiveness.panel.judged import Judged, judged
from crm_analytics.effectiveness.panel.one_day import odd_day
from crm_analytics.effectiveness.panel.panel_effect_checks import checks, worded
from crm_analytics.effectiveness.panel.panel_effect_claims import claims
from crm_analytics.effectiveness.panel.reading import Reading, read
from crm_analytics.effectiveness.panel.structural_twin import NAME, StructuralTwin
from crm_analytics.effectiveness.panel.tables import course_table, method_table, parts_table, placebo_table
from crm_analytics.result import Claim, Result
from crm_analytics.say import say

LEAST_PERIODS = 8
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class PanelEffect(OnCampaignDays):
    """What did a campaign change where it ran, against places (or goods, or groups) that lived through the same days?

    Difference-in-differences, synthetic control, synthetic DiD, time-based regression and a structural time series
    with the others as an influence tell what the units reached would have sold; the effect is what they sold beyond
    that, in the campaign and `tail_days` after. Each method is tried on earlier windows, where nothing was: how far it
    missed there is its error, chooses the one that leads and makes the interval, which is widened when units left alone
    had unusual days just then. Where the past is too short for that, units left alone are asked as if they had been
    reached.

    The units and days are those that the column `campaign` marks, or `treated` (names, or a text with semicolons
    between them) from `starts` to `ends`; units that
    started at other times are compared only with units not yet reached. `scale` "index" holds each unit against its own
    mean, "level" takes values as they are. Days are folded into periods of `period_days`, counted from the first day.
    """

    treated: str | tuple[str, ...] = ""
    measure: str = "revenue"
    period_days: int = 7
    scale: Literal["index", "level"] = "index"
    confidence: float = 0.95
    seed: int = 1

    reads = "panel"
    columns = ("unit", "day")
    least = 2 * LEAST_PERIODS
    of = "rows of units and days"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.period_days < 1:
            raise ValueError(f"period_days is at least 1, not {self.period_days!r}.")
        if self.scale not in ("index", "level"):
            raise ValueError(f"scale is index or level, not {self.scale!r}.")
        if self.treated and not self.starts:
            raise ValueError("Give the first day on which the treated were reached as starts.")

    @property
    def _reached(self) -> set[str]:
        """The names in `treated`."""
        parts = self.treated.split(";") if isinstance(self.treated, str) else self.treated
        return {part.strip() for part in parts} - {""}

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = self._marked(frame)
        if not frame["on"].any():
            return self.refuse(self._nobody_reached(frame))
        reading = read(
            frame, self.measure, tail_days=self.tail_days, period_days=self.period_days, level=self.scale == "level"
        )
        layout = reading.layout if reading else None
        if layout is None or not layout.spells:
            return self.refuse(say("Not enough evidence: the campaign's days are not yet a whole period."))
        refused = self._unfit(reading)
        if refused:
            return self.refuse(refused)
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            found = judged(reading, confidence=self.confidence, seed=self.seed, more=self._structural(reading))
        if found is None:
            before = int(layout.spells[0].before.sum())
            return self.refuse(
                say(
                    "Not enough evidence: {before:count} periods before the campaign are too few to try any method on "
                    "earlier ones, and {others:count} {others:unit|units} left alone too few to try it on; at least "
                    "{least:count} periods before, or five units left alone, are needed.",
                    before=before,
                    others=len(layout.spells[0].others),
                    least=4 * layout.span + LEAST_PERIODS,
                )
            )
        return _result(self, reading, found)

    def _marked(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The table with its days as days and a flag `on`; raises ValueError for what it cannot be read as."""
        if self.measure not in frame or frame[self.measure].isna().all():
            has = ", ".join(c for c in frame.select_dtypes("number") if frame[c].notna().any())
            raise ValueError(f"The table has no {self.measure}; it has {has}.")
        frame = frame.assign(day=pd.to_datetime(frame["day"]), unit=frame["unit"].astype(str))
        frame = frame.sort_values(["unit", "day"], ignore_index=True)
        if frame.duplicated(["unit", "day"]).any():
            raise ValueError("PanelEffect needs one row for a unit and day; features.panel(wh, …) has no second one.")
        if self.period_days > 1 and (pd.Series(frame["day"].unique()).sort_values().diff().dropna() != DAY).any():
            raise ValueError("Days are folded into periods only where none is missing; set period_days=1.")
        cells = pd.MultiIndex.from_product([sorted(frame["unit"].unique()), np.sort(frame["day"].unique())])
        if len(cells) > len(frame):  # a cell without a row is one in which nothing was sold
            frame = frame.set_index(["unit", "day"]).reindex(cells.rename(["unit", "day"])).reset_index()
        unknown = sorted(self._reached - set(frame["unit"]))
        if unknown:
            known = ", ".join(frame["unit"].unique()[:12])
            raise ValueError(f"There is no unit {', '.join(unknown)}; there are {known}.")
        on = marked(frame)
        if given := self.given(frame["day"]):
            on = frame["unit"].isin(self._reached or set(frame.loc[on, "unit"])) & frame["day"].between(*given)
        if self._reached and "reached" in frame:
            frame = frame.drop(columns="reached")
        return frame.assign(on=on.to_numpy())

    def _structural(self, reading: Reading) -> dict:
        """The structural time series, where days and history allow it."""
        twin = StructuralTwin.learn(
            reading.layout, reading.daily, self.measure, period_days=self.period_days, seed=self.seed
        )
        return {NAME: twin.told} if twin else {}

    def _nobody_reached(self, frame: pd.DataFrame) -> str:
        if "reached" in frame and (frame["reached"] == "mixed").all():
            return say(
                "Not enough evidence: the campaign reached a part of every unit and none as a whole; look at regions "
                "or stores, or name the units that were reached (treated, starts, ends)."
            )
        return say(
            "Not enough evidence: no unit is marked as reached by a campaign; name those that were, and the days "
            "(treated, starts, ends)."
        )

    def _unfit(self, reading: Reading) -> str:
        """Why these units and days allow no answer; empty when they do."""
        layout = reading.layout
        first = layout.spells[0]
        if any(not len(spell.others) for spell in layout.spells):
            told_apart = sorted(reading.apart.items())[:3]
            if told_apart:
                return say(
                    "Not enough evidence: no unit that was left alone can be compared ({why}); notebook "
                    "42_effect_without_a_link asks the history of the reached alone.",
                    why="; ".join(f"{unit} {reason}" for unit, reason in told_apart),
                )
            return say(
                "Not enough evidence: no unit was left alone, so none can show what would have happened; notebook "
                "42_effect_without_a_link asks the history of the reached alone."
            )
        before = int(first.before.sum())
        if before < LEAST_PERIODS:
            return say(
                "Not enough evidence: {before:count} {before:period|periods} of {days:count} days before "
                "{day:date}; at least {least:count} are needed, better a year.",
                before=before,
                days=self.period_days,
                day=layout.days[first.starts],
                least=LEAST_PERIODS,
            )
        for spell in layout.spells:
            together = layout.values[spell.before][:, spell.units].sum(axis=1)
            if (together > 0).mean() < 0.5 and self.scale == "index":
                return say(
                    "Not enough evidence: there is anything in only {share:percent} of the periods before; make "
                    "period_days longer, or look at larger units.",
                    share=float((together > 0).mean()),
                )
        return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class PanelEffectResult(Result):
    """The effect with its interval, by the method that leads and by every other.

    `table` has a row per method, the leading first: method, effect, low, high, per_period (for one unit), error (how
    far it missed where nothing was, as a share of what was to be expected), leads. `course` has a row per period of the
    whole history: day, actual, expected, and in the campaign low, high, cumulative, cumulative_low, cumulative_high.
    `placebos` has the gaps of units left alone, treated as if reached (unit, day, gap: a share of what is usual), with
    those of the reached (unit empty). `parts` says of which others the twin is made (unit, share).
    """

    effect: float
    low: float
    high: float
    expected: float
    reached: tuple[str, ...]
    starts: date
    ends: date
    until: date
    """The last day of the window, tail included."""
    campaign: str
    of: str
    """What a unit is: region, store …; unit where the table does not say."""
    cost: float
    unit_days: int
    course: pd.DataFrame = field(repr=False)
    placebos: pd.DataFrame = field(repr=False)
    parts: pd.DataFrame = field(repr=False)
    judged: Judged = field(repr=False)
    reading: Reading = field(repr=False)

    @property
    def method(self) -> str:
        """The method that leads."""
        return self.judged.lead.name

    @property
    def smallest(self) -> float:
        """The smallest true effect that this comparison would have shown four times out of five."""
        from scipy.stats import t

        reach = t.ppf((1 + self.study.confidence) / 2, self.judged.freedom)
        return (self.high - self.low) / 2 * float((reach + t.ppf(0.8, self.judged.freedom)) / reach)

    @property
    def iroas(self) -> tuple[float, float, float]:
        """What one unit of money spent brought back, with its interval; NaN where no cost or no money is on record."""
        cost = self.cost if self.cost > 0 and self.study.measure in MONEY else float("nan")
        return self.effect / cost, self.low / cost, self.high / cost

    @property
    def readings(self) -> pd.DataFrame:
        """This answer beside what a plain look would have said: reading, effect, error (against this answer)."""
        course, inside = self.course, self.course["cumulative"].notna()
        length, first = int(inside.sum()), int(np.flatnonzero(inside)[0])
        actual = course["actual"].to_numpy()
        year = round(364 / max(int(np.median(np.diff(course["day"]) / DAY)), 1))
        now = actual[first : first + length].sum()

        def against(start: int) -> float:
            return float(now - actual[start : start + length].sum()) if start >= 0 else float("nan")

        told_by = {
            say("against the weeks before"): against(first - length),
            say("against the same weeks a year ago"): against(first - year) if year >= length else float("nan"),
            say("against the others in the same days"): self.effect,
        }
        readings = pd.DataFrame({"reading": list(told_by), "effect": list(told_by.values())})
        return readings.assign(error=readings["effect"] - self.effect)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return claims(self)


def _result(study: PanelEffect, reading: Reading, found: Judged) -> PanelEffectResult:
    layout, lead = reading.layout, found.lead
    low, high = (float(bound) for bound in lead.interval)
    frame = reading.daily
    on = frame.loc[frame["on"]]
    last = min(max(spell.ends for spell in layout.spells), len(layout.days))
    until = layout.days[last - 1] + pd.Timedelta(days=study.period_days - 1)
    names = sorted(set(on["campaign"]) - {""}) if "campaign" in on else []
    result = PanelEffectResult(
        study=study, table=method_table(layout, found), text="", effect=lead.effect, low=low, high=high,
        expected=float(lead.expected.sum()),
        reached=tuple(layout.units[i] for i in sorted({int(u) for s in layout.spells for u in s.units})),
        starts=on["day"].min().date(), ends=on["day"].max().date(), until=until.date(),
        campaign="; ".join(names),
        of=str(frame["unit_of"].dropna().iloc[0]) if "unit_of" in frame else "unit", cost=reading.cost,
        unit_days=sum(len(s.units) * s.length for s in layout.spells) * study.period_days,
        course=course_table(reading, found), placebos=placebo_table(reading, found), parts=parts_table(reading, found),
        judged=found, reading=reading,
    )  # fmt: skip
    return replace(result, text=_sentence(result), checks=checks(result))


def _sentence(result: PanelEffectResult) -> str:
    study, found = result.study, result.judged
    same = sum((one.effect > 0) == (result.effect > 0) for one in found.methods)
    where = result.reached[0] if len(result.reached) == 1 else say("{n:count} units", n=len(result.reached))
    odd = odd_day(result)
    template = (
        "No effect that this comparison could show: {effect} {what} ({low} – {high}) in {where} from {first:date} to "
        "{last:date}, against {others:count} {others:unit|units} left alone; one of {smallest} would have shown four "
        "times out of five."
        if result.low <= 0 <= result.high
        else "{effect} {what} ({low} – {high}) in {where} from {first:date} to {last:date}, against {others:count} "
        "{others:unit|units} left alone, hangs on one day, {odd:date}: no effect that the other days could show."
        if odd is not None
        else "{effect} {what} ({low} – {high}) in {where} from {first:date} to {last:date}, {share:percent} of what "
        "was to be expected, against {others:count} {others:unit|units} left alone; {same:count} of {methods:count} "
        "methods agree on the sign."
    )
    text = say(
        template, effect=worded(result, result.effect), low=worded(result, result.low),
        high=worded(result, result.high), what=noun_of(study.measure), where=where, first=result.starts,
        last=result.until, share=result.effect / result.expected if result.expected else float("nan"),
        others=len(result.reading.layout.spells[0].others), same=same, methods=len(found.methods),
        smallest=worded(result, result.smallest), odd=odd if odd is not None else result.starts,
    )  # fmt: skip
    value, low, high = result.iroas
    if value != value or odd is not None:
        return text
    told = (
        "For every 1 spent that is anything from {low:number} to {high:number} of {what}."
        if result.low <= 0 <= result.high
        else "For every 1 spent it brought {value:number} ({low:number} – {high:number}) of {what}."
    )
    return text + " " + say(told, value=value, low=low, high=high, what=noun_of(study.measure))
