"""What would have been sold without the campaign: the effect where nothing links a sale to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.amounts import change
from crm_analytics.effectiveness.campaign_days import OnCampaignDays, marked
from crm_analytics.effectiveness.unlinked.baseline_checks import Plain, checks, odd_day, on_and_off, one_day
from crm_analytics.effectiveness.unlinked.counterfactual import Counterfactual
from crm_analytics.effectiveness.unlinked.influences import Series
from crm_analytics.effectiveness.unlinked.opinions import OPINIONS, agreement, opinions
from crm_analytics.result import Claim, Result
from crm_analytics.say import say

LEAST_DAYS = 56
SALES = ("revenue", "orders", "units")
ENQUIRIES = ("contacts", "complaints", "leads", "visits", "enquiries")
PHASES = ("phase", "week", "weekday", "month")


@dataclass(frozen=True, kw_only=True)
class Baseline(OnCampaignDays):
    """What did a campaign change, when nothing links a sale to it?

    Sales without the campaign are foretold from the days before it: level, trend, weekday, season, holidays, and the
    actual prices, market and stock-outs of the campaign's own days, which it is taken not to have caused. The effect
    is what was sold beyond that, on the campaign's days and `tail_days` after, with an interval that knows of
    day-to-day noise, of a wandering level and of uncertain coefficients, and is widened where placebo windows before
    the campaign show it too narrow. What other campaigns bring is taken out, each with its own size and carry. Reads
    days without gaps, of sales or of enquiries (`features.daily_enquiries`). Without `starts` the window is the days
    that the table's column `campaign` marks; where those have gaps, the campaign was on and off. `opinions` names other
    methods to be asked beside (regression, last year, prophet; the last takes seconds). Model: see `structural`; the
    idea: Brodersen et al., Inferring causal impact using Bayesian structural time-series models (2015).
    """

    measure: Literal[
        "revenue", "orders", "units", "contacts", "complaints", "leads", "visits", "enquiries"
    ] = "revenue"
    opinions: tuple[str, ...] = ("regression", "last year")
    confidence: float = 0.95
    draws: int = 2000
    seed: int = 1

    reads = "daily_sales"
    columns = ("day",)
    least = LEAST_DAYS + 1
    of = "days"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in SALES + ENQUIRIES:
            raise ValueError(f"measure is one of {', '.join(SALES + ENQUIRIES)}, not {self.measure!r}.")
        if not set(self.opinions) <= set(OPINIONS):
            raise ValueError(f"opinions are among {', '.join(OPINIONS)}, not {self.opinions!r}.")
        if self.draws < 200:
            raise ValueError(f"draws is at least 200, not {self.draws!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.measure not in frame:
            feature = "daily_enquiries" if self.measure in ENQUIRIES else "daily_sales"
            raise ValueError(f"Baseline needs the column {self.measure}; features.{feature}(wh, …) has it.")
        frame = frame.assign(day=pd.to_datetime(frame["day"])).sort_values("day", ignore_index=True)
        if (frame["day"].diff().dropna() != timedelta(days=1)).any():
            raise ValueError("Baseline needs one row for every day; features.daily_sales(wh, …) leaves no gaps.")
        window = self._window(frame)
        if window is None:
            return self.refuse(
                say("Not enough evidence: no campaign is marked in this history, and no first day is given.")
            )
        first, last, on, named = window
        start = int((frame["day"] < first).sum())
        frame = frame[frame["day"] <= last + timedelta(days=self.tail_days)]
        series = Series.of(frame, self.measure, start) if start >= LEAST_DAYS else None
        have = len(series.open_before(start)) if series else start
        if series is None or have < LEAST_DAYS or start == len(frame):
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} days of sales before {first:date} and {inside:count} from then "
                    "on; at least {least:count} before it are needed, and two years to know the season.",
                    have=have, first=first, inside=len(frame) - start, least=LEAST_DAYS,
                )
            )
        if series.selling_days < 0.2:
            return self.refuse(
                say(
                    "Not enough evidence: something was sold on only {share:percent} of the days before {first:date}.",
                    share=series.selling_days, first=first,
                )
            )
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):  # the matrices are small: more threads only wait for one another
            return _judged(self, series, on[: len(frame)][start:], ends=last, named=named)

    def _window(self, frame: pd.DataFrame) -> tuple[pd.Timestamp, pd.Timestamp, np.ndarray, str] | None:
        """First and last day of the campaign, on which days it was on, and its name, if the table knows it."""
        if given := self.given(frame["day"]):
            return *given, frame["day"].between(*given).to_numpy(), ""
        on = marked(frame).to_numpy()
        if not on.any():
            return None
        days = frame[on]
        return days["day"].iloc[0], days["day"].iloc[-1], on, str(days["campaign"].iloc[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class BaselineResult(Result):
    """The effect with its interval, and what a plain look would have said instead.

    `table` has a row per day of the window: day, actual, expected, low, high, effect, cumulative, cumulative_low,
    cumulative_high, phase (on, off, after). `others` has what other methods say (opinion, effect, low, high).
    `history` has the open days before it (day, actual, expected: as foretold the day before), and
    `influences` the coefficients that were taken out (influence, coefficient, se, prior_sd).
    """

    effect: float
    low: float
    high: float
    expected: float
    plain: Plain
    starts: date
    ends: date
    history: pd.DataFrame = field(repr=False)
    influences: pd.DataFrame = field(repr=False)
    others: pd.DataFrame = field(repr=False)
    named: str = ""
    without: Counterfactual = field(repr=False)

    def by(self, column: str) -> pd.DataFrame:
        """The effect in parts: by phase (on, off, after), week of the campaign, weekday or month.

        Columns: the part, days, effect, low, high, a_day (the effect of one of its days), share (of what was to be
        expected of them). The effects sum to the whole. Raises ValueError for another column.
        """
        if column not in PHASES:
            raise ValueError(f"The effect is parted by {', '.join(PHASES)}, not by {column!r}.")
        day = self.table["day"].dt
        part = {
            "phase": lambda: self.table["phase"],
            "week": lambda: pd.Series(np.arange(len(self.table)) // 7 + 1),
            "weekday": lambda: day.day_of_week + 1,
            "month": lambda: day.strftime("%Y-%m"),
        }[column]()
        gains = self._gains()
        rows = []
        for value, places in part.groupby(part, sort=column != "phase").indices.items():
            gain, expected = gains[:, places].sum(axis=1), self.table["expected"].iloc[places].sum()
            low, high = self.without.between(gain)
            effect = float(self.table["effect"].iloc[places].sum())
            rows.append({
                column: value, "days": len(places), "effect": effect, "low": float(low), "high": float(high),
                "a_day": effect / len(places), "share": effect / expected if expected else float("nan"),
            })
        return pd.DataFrame(rows)

    def _gains(self) -> np.ndarray:
        window = slice(self.without.series.start, len(self.without.series.actual))
        return self.without.series.actual[window] - self.without.expected(window)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it brought, until the same season comes again."""
        last = self.table["day"].iloc[-1].date()
        shown = self.low > 0 or self.high < 0
        odd = odd_day(self.table, self.low, self.high) is not None
        called = self.named or say("what began on {first:date}", first=self.starts)
        decision = (
            say("Leave a region or a tenth of the customers out of «{name}» next time: this history cannot say what "
                "it brought.", name=called)
            if not shown
            else say("Find out what happened on {day:date} before anything is decided by «{name}».", name=called,
                     day=_heaviest(self.table))
            if odd
            else say("Hold what «{name}» brought against its cost, and repeat it if the margin on the lower bound pays "
                     "for it.", name=called)
            if self.low > 0
            else say("Do not repeat «{name}» before it is known what it cost in sales.", name=called)
        )  # fmt: skip
        return (Claim(
            subject=called, measure=f"incremental {self.study.measure}",
            value=self.effect, low=self.low, high=self.high, confidence=self.study.confidence,
            evidence="assumed" if odd else "compared" if len(self.others) else "modelled",
            first=self.starts, last=last, expires=last + timedelta(days=365), decision=decision,
            reversed_by=say("A test with a control group, or a region left out, whose interval lies outside of this "
                            "one."),
        ),)

    @property
    def readings(self) -> pd.DataFrame:
        """This answer beside what a plain look would have said: reading, effect, error (against this answer)."""
        told = {
            say("against the weeks before"): self.plain.before_after,
            say("against the same days a year ago"): self.plain.year_ago,
            say("against what was to be expected"): self.effect,
        }
        readings = pd.DataFrame({"reading": list(told), "effect": list(told.values())})
        return readings.assign(error=readings["effect"] - self.effect)


def _judged(study: Baseline, series: Series, on: np.ndarray, *, ends: pd.Timestamp, named: str) -> BaselineResult:
    window = slice(series.start, len(series.actual))
    without = Counterfactual.learn(series, draws=study.draws, seed=study.seed, confidence=study.confidence)
    tried = without.tried(window)
    without = without.calibrated(tried)
    table = _by_day(without, window, on)
    effect, (low, high) = float(table["effect"].sum()), without.gain(window)
    plain = Plain.of(series, window)
    others = opinions(series, window, on, asked=study.opinions, confidence=study.confidence, seed=study.seed)
    starts, known = series.days.iloc[series.start], series.open_before(series.start)
    history = pd.DataFrame({
        "day": series.days.to_numpy()[known], "actual": series.actual[known],
        "expected": series.unit * np.exp(without.structure.expected),
    })
    coefficients, errors = without.structure.coefficients
    influences = pd.DataFrame({
        "influence": series.names, "coefficient": coefficients, "se": errors, "prior_sd": without.structure.prior_sd,
    })
    reasons = checks(without, window, tried, measure=study.measure, effect=effect, plain=plain)
    besides = agreement((effect, low, high), others), on_and_off(without, window, on, study.measure)
    return BaselineResult(
        study=study, table=table, effect=effect, low=low, high=high, expected=float(table["expected"].sum()),
        plain=plain, starts=starts.date(), ends=ends.date(), history=history, influences=influences, others=others,
        named=named, without=without, text=_sentence(study, table, (low, high), since=_since(starts, named)),
        checks=(*reasons, one_day(table, low, high, study.measure), *besides[0], *besides[1]),
    )


def _by_day(without: Counterfactual, window: slice, on: np.ndarray) -> pd.DataFrame:
    actual, draws = without.series.actual[window], without.expected(window)
    expected = draws.mean(axis=0)
    low, high = np.maximum(without.between(draws), 0)
    so_far_low, so_far_high = without.between(np.cumsum(actual - draws, axis=1))
    return pd.DataFrame({
        "day": without.series.days.to_numpy()[window], "actual": actual, "expected": expected, "low": low,
        "high": high, "effect": actual - expected, "cumulative": np.cumsum(actual - expected),
        "cumulative_low": so_far_low, "cumulative_high": so_far_high,
        "phase": np.where(on, "on", np.where(np.arange(len(on)) < np.flatnonzero(on)[-1], "off", "after")),
    })


def _sentence(study: Baseline, table: pd.DataFrame, between: tuple[float, float], *, since: str) -> str:
    low, high = between
    effect, expected = table["effect"].sum(), table["expected"].sum()
    what = say(study.measure)
    template = (
        "No effect that this history could show: {effect} {what} ({low} – {high}) in {days:count} days {since}."
        if low <= 0 <= high
        else "{effect} {what} ({low} – {high}) in {days:count} days {since}: {share:percent} of what was to be "
        "expected."
        if odd_day(table, low, high) is None
        else "{effect} {what} ({low} – {high}) in {days:count} days {since} hangs on one of them, {odd:date}: no "
        "effect that the other days could show."
    )
    return say(
        template, effect=change(study.measure, effect), low=change(study.measure, low),
        high=change(study.measure, high), what=what, days=len(table), since=since,
        share=effect / expected if expected else float("nan"), odd=_heaviest(table),
    )


def _heaviest(table: pd.DataFrame) -> pd.Timestamp:
    return table.loc[(table["effect"] * np.sign(table["effect"].sum() or 1)).idxmax(), "day"]


def _since(starts: pd.Timestamp, named: str) -> str:
    if named:
        return say("since «{name}» began on {first:date}", name=named, first=starts)
    return say("since {first:date}", first=starts)
