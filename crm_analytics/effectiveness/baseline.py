"""What would have been sold without the campaign: the effect where nothing links a sale to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness import structural
from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

LEAST_DAYS = 56
YEAR = 365.25
_PRIOR_SD = {
    "weekday": 1.0,
    "season": 0.5,
    "trend": 0.3,
    "price": 3.0,
    "market": 3.0,
    "holiday": 1.0,
    "one_holiday": 0.3,
    "stock_out": 3.0,
}
"""How far, before any data, an influence may reasonably reach: change of log sales per unit of the influence."""


@dataclass(frozen=True, kw_only=True)
class Baseline(Study):
    """What did a campaign change, when nothing links a sale to it?

    Sales without the campaign are forecast from the days before it: level, trend, weekday, season, holidays, and the
    actual prices, market and stock-outs of the campaign's own days, which it is taken not to have caused. The effect is
    what was sold beyond that, on the campaign's days and `tail_days` after, with an interval that knows of
    day-to-day noise, of a wandering level and of uncertain coefficients. Reads days without gaps. Without `starts`
    the window is the days that the table's column `campaign` marks. Model: see `structural`;
    idea: Brodersen et al., Inferring causal impact (2015).
    """

    starts: str | date | None = None
    ends: str | date | None = None
    measure: Literal["revenue", "orders", "units"] = "revenue"
    tail_days: int = 14
    confidence: float = 0.95
    draws: int = 2000
    seed: int = 1

    reads = "daily_sales"
    columns = ("day",)
    least = LEAST_DAYS + 1
    of = "days"

    def __post_init__(self) -> None:
        if self.measure not in ("revenue", "orders", "units"):
            raise ValueError(f"measure is revenue, orders or units, not {self.measure!r}.")
        if not 0.5 <= self.confidence < 1:
            raise ValueError(f"confidence is a share from 0.5 to below 1, such as 0.95, not {self.confidence!r}.")
        if self.tail_days < 0 or self.draws < 200:
            raise ValueError("tail_days is at least 0 and draws at least 200.")
        first, last = _as_date(self.starts), _as_date(self.ends)
        if (last and not first) or (first and last and last < first):
            raise ValueError(f"A campaign starts on or before the day it ends; given were {first} and {last}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.measure not in frame:
            raise ValueError(f"Baseline needs the column {self.measure}; features.daily_sales(wh, …) has it.")
        frame = frame.assign(day=pd.to_datetime(frame["day"])).sort_values("day", ignore_index=True)
        if (frame["day"].diff().dropna() != timedelta(days=1)).any():
            raise ValueError("Baseline needs one row for every day; features.daily_sales(wh, …) leaves no gaps.")
        first, last, named = self._window(frame)
        if first is None:
            return self.refuse(say("Not enough evidence: no campaign is marked in this history, and no window given."))
        start = int((frame["day"] < first).sum())
        frame = frame[frame["day"] <= last + timedelta(days=self.tail_days)]
        closed = _closed(frame, frame[self.measure], start)
        if start - int(closed[:start].sum()) < LEAST_DAYS or start == len(frame):
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} days before {first:date}; at least {least:count} are needed, "
                    "and two years to know the season.",
                    have=start,
                    first=first,
                    least=LEAST_DAYS,
                )
            )
        series = _Series.of(frame, self.measure, start, closed)
        if series is None:
            return self.refuse(say("Not enough evidence: next to nothing was sold before {first:date}.", first=first))
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):  # the matrices are small: more threads only wait for one another
            return _read(self, series, last=last, named=named)

    def _window(self, frame: pd.DataFrame) -> tuple[pd.Timestamp | None, pd.Timestamp | None, str]:
        if self.starts is not None:
            first = pd.Timestamp(_as_date(self.starts))
            return first, pd.Timestamp(_as_date(self.ends)) if self.ends else frame["day"].iloc[-1], ""
        marked = frame[frame["campaign"].fillna("") != ""] if "campaign" in frame else frame.iloc[:0]
        if marked.empty:
            return None, None, ""
        return marked["day"].iloc[0], marked["day"].iloc[-1], str(marked["campaign"].iloc[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class BaselineResult(Result):
    """The effect with its interval; `table` a row per day of the window, `history` the days before with what was
    expected of each the day before, `influences` the coefficients that were taken out."""

    effect: float
    low: float
    high: float
    expected: float
    before_after: float
    year_ago: float
    starts: date
    ends: date
    history: pd.DataFrame = field(repr=False)
    influences: pd.DataFrame = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Series:
    """A series made ready: its days, which of them are open, and what is known to move them. Sales are in multiples of a
    usual day, `unit`."""

    frame: pd.DataFrame
    actual: np.ndarray
    open: np.ndarray
    start: int
    unit: float
    names: list[str]
    influences: np.ndarray
    prior_sd: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame, measure: str, start: int, closed: np.ndarray) -> _Series | None:
        actual = frame[measure].fillna(0).to_numpy(float)
        before = actual[:start][~closed[:start]]
        if before.mean() <= 0 or (before > 0).mean() < 0.2:
            return None
        names, influences, spread = _influences(frame, start)
        return cls(
            frame=frame,
            actual=actual,
            open=~closed,
            start=start,
            unit=before.mean(),
            names=names,
            influences=influences,
            prior_sd=spread,
        )


def _read(study: Baseline, series: _Series, *, last: pd.Timestamp, named: str) -> BaselineResult:
    known = np.flatnonzero(series.open[: series.start])
    sales = np.maximum(series.actual[known], 0) / series.unit  # a day of nothing but returns counts as nothing
    structure = structural.fit(sales, series.influences[known], series.prior_sd)
    window = slice(series.start, len(series.actual))
    expected = _foresee(study, series, structure, window)
    table = _by_day(study, series, expected, window)
    gain = series.actual[window].sum() - expected.sum(axis=1)
    effect, (low, high) = float(table["effect"].sum()), _between(gain, study.confidence)
    first = series.frame["day"].iloc[series.start]
    coefficients = pd.DataFrame(dict(zip(("coefficient", "se"), structure.coefficients, strict=True)))
    history = pd.DataFrame(
        {
            "day": series.frame["day"].to_numpy()[known],
            "actual": series.actual[known],
            "expected": series.unit * np.exp(structure.expected),
        }
    )
    before_after, year_ago = _plain(series, window)
    return BaselineResult(
        study=study,
        table=table,
        effect=effect,
        low=low,
        high=high,
        expected=float(expected.sum(axis=1).mean()),
        before_after=before_after,
        year_ago=year_ago,
        starts=first.date(),
        ends=last.date(),
        history=history,
        influences=coefficients.assign(influence=series.names, prior_sd=series.prior_sd)[
            ["influence", "coefficient", "se", "prior_sd"]
        ],
        text=_worded(
            study, effect, low, high, days=len(table), expected=expected.sum(axis=1).mean(), first=first, named=named
        ),
        checks=(
            _placebo(study, series, structure, window),
            _held_out(study, series, structure, window),
            _errors(structure),
            *_moved(series, structure, window),
            _season(series),
            _beside(study, effect, before_after, year_ago),
        ),
    )


def _foresee(study: Baseline, series: _Series, structure: structural.Structure, window: slice) -> np.ndarray:
    """Draws of what the window would have sold, from what was known the day before it: draws × days."""
    days = np.arange(window.start, window.stop)
    sold = days[series.open[days]]
    after = int(series.open[: window.start].sum())
    paths = structure.paths(series.influences[sold], after=after, draws=study.draws, seed=study.seed)
    expected = np.zeros((study.draws, len(days)))
    expected[:, np.isin(days, sold)] = series.unit * paths
    return expected


def _by_day(study: Baseline, series: _Series, expected: np.ndarray, window: slice) -> pd.DataFrame:
    actual = series.actual[window]
    running = np.cumsum(actual - expected, axis=1)
    low, high = np.maximum(_between(expected, study.confidence), 0)
    so_far_low, so_far_high = _between(running, study.confidence)
    effect = actual - expected.mean(axis=0)
    return pd.DataFrame(
        {
            "day": series.frame["day"].to_numpy()[window],
            "actual": actual,
            "expected": expected.mean(axis=0),
            "low": low,
            "high": high,
            "effect": effect,
            "cumulative": np.cumsum(effect),
            "cumulative_low": so_far_low,
            "cumulative_high": so_far_high,
        }
    )


def _influences(frame: pd.DataFrame, start: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """What is known to move sales, a column each, relative to the days before the campaign."""
    day = frame["day"].dt
    years = (frame["day"] - frame["day"].iloc[0]).dt.days.to_numpy() / YEAR
    columns: dict[str, tuple[np.ndarray, float]] = {}
    if start > YEAR:  # a slope learned from less runs away with the forecast
        columns["trend"] = (years, _PRIOR_SD["trend"])
    for weekday in range(6):
        hit = (day.dayofweek == weekday).to_numpy(float)
        columns[f"weekday_{weekday + 1}"] = (hit, _PRIOR_SD["weekday"])
    for wave in range(1, 1 + _waves(start)):
        angle = 2 * np.pi * wave * day.dayofyear.to_numpy() / YEAR
        for name, value in (("sin", np.sin(angle)), ("cos", np.cos(angle))):
            columns[f"season_{name}_{wave}"] = (value, _PRIOR_SD["season"] / wave)
    for name in [c for c in frame if c in ("price_index", "competitor_index") or c.startswith("market_")]:
        kind = "market" if name.startswith("market_") else "price"
        columns[name] = (_relative(frame[name], start), _PRIOR_SD[kind])
    if "stock_out" in frame:
        columns["stock_out"] = (frame["stock_out"].fillna(0).to_numpy(float), _PRIOR_SD["stock_out"])
    if "holiday" in frame:
        called = frame["holiday"].fillna("")
        columns["holiday"] = ((called != "").to_numpy(float), _PRIOR_SD["holiday"])
        for name in sorted(set(called[:start]) - {""}):  # each differs somewhat from a usual one; a new one is usual
            columns[f"holiday: {name}"] = ((called == name).to_numpy(float), _PRIOR_SD["one_holiday"])
    values = np.column_stack([value for value, _ in columns.values()])
    return list(columns), values - values[:start].mean(axis=0), np.array([sd for _, sd in columns.values()])


def _waves(days: int) -> int:
    """How fine a yearly season this many days can teach."""
    return 0 if days < 1.25 * YEAR else 4 if days < 2 * YEAR else 8


def _relative(values: pd.Series, start: int) -> np.ndarray:
    """Logarithms where they exist; the first value known stands for the days before it."""
    filled = values.astype(float).ffill().bfill().fillna(1.0)
    if (filled > 0).all():
        return np.log(filled).to_numpy()
    spread = filled.iloc[:start].std() or 1.0
    return (filled / spread).to_numpy()


def _closed(frame: pd.DataFrame, sales: pd.Series, start: int) -> np.ndarray:
    """Days on which the company does not sell as a rule: a weekday or holiday that nearly never sold before."""
    none = (sales.fillna(0) == 0).iloc[:start]
    rules = [frame["day"].dt.dayofweek]
    if "holiday" in frame:
        rules.append(frame["holiday"].fillna("").replace("", None))
    closed = np.zeros(len(frame), dtype=bool)
    for rule in rules:
        share = none.groupby(rule.iloc[:start]).mean()
        closed |= rule.map(share).astype(float).fillna(0).to_numpy() >= 0.8
    return closed


def _placebo(study: Baseline, series: _Series, structure: structural.Structure, window: slice) -> Check:
    """Windows of the same length before the campaign, in which there was none of it."""
    name = say("Placebo windows")
    length = window.stop - window.start
    starts = range(window.start - length, max(2 * LEAST_DAYS, window.start // 3), -length)[:12]
    if len(starts) < 3:
        return Check(
            name=name,
            verdict="weak",
            text=say("The history is too short to try the method on days without this campaign."),
        )
    called = 0
    for start in starts:
        then = slice(start, start + length)
        gain = series.actual[then].sum() - _foresee(study, series, structure, then).sum(axis=1)
        low, high = _between(gain, study.confidence)
        called += low > 0 or high < 0
    share = called / len(starts)
    return Check(
        name=name,
        verdict="holds" if share <= 0.15 else "weak" if share <= 0.34 else "fails",
        text=say(
            "Of {n:count} windows of the same length before the campaign, {called:count} would have been called an "
            "effect.",
            n=len(starts),
            called=called,
        ),
    )


def _held_out(study: Baseline, series: _Series, structure: structural.Structure, window: slice) -> Check:
    length = min(window.stop - window.start, window.start // 4)
    then = slice(window.start - length, window.start)
    expected, actual = _foresee(study, series, structure, then).mean(axis=0), series.actual[then]
    sold = actual > 0
    by_day = float(np.mean(np.abs(expected[sold] / actual[sold] - 1))) if sold.any() else np.nan
    in_all = abs(float(expected.sum() / actual.sum() - 1)) if actual.sum() else np.nan
    return Check(
        name=say("Forecast error"),
        verdict="holds" if in_all < 0.05 else "weak" if in_all < 0.15 else "fails",
        text=say(
            "The {days:count} days just before, foretold the same way, were missed by {in_all:percent} in all and by "
            "{by_day:percent} on a day.",
            days=length,
            in_all=in_all,
            by_day=by_day,
        ),
    )


def _errors(structure: structural.Structure) -> Check:
    surprises = structure.surprises[min(len(structure.surprises) // 4, 30) :]
    surprises = surprises - surprises.mean()
    lags = range(1, 15)
    related = [float(surprises[lag:] @ surprises[:-lag] / (surprises @ surprises)) for lag in lags]
    worst = int(np.argmax(np.abs(related)))
    chance = 3 / np.sqrt(len(surprises))
    size = abs(related[worst])
    return Check(
        name=say("Errors from day to day"),
        verdict="holds" if size < max(0.15, chance) else "weak",
        text=say(
            "One day's error foretells little of another's: the largest correlation is {r:number}, {lag:count} days on.",
            r=related[worst],
            lag=lags[worst],
        )
        if size < max(0.15, chance)
        else say(
            "Errors hang together ({r:number}, {lag:count} days on): something regular is not in the model, and the "
            "interval may be too narrow.",
            r=related[worst],
            lag=lags[worst],
        ),
    )


def _moved(series: _Series, structure: structural.Structure, window: slice) -> list[Check]:
    """Prices, market and stock that moved with the campaign: how much of the change is put down to them, how surely."""
    coefficients, errors = structure.coefficients
    checks = []
    for i, name in enumerate(series.names):
        if name not in ("price_index", "competitor_index", "stock_out") and not name.startswith("market_"):
            continue
        lately = series.influences[max(0, window.start - 28) : window.start, i].mean()
        move = float(series.influences[window, i].mean() - lately)
        share, doubt = float(np.expm1(coefficients[i] * move)), float(errors[i] * abs(move))
        if abs(move) < 0.01 or (abs(share) < 0.005 and doubt < 0.01):
            continue
        called = {
            "price_index": say("own prices"),
            "competitor_index": say("competitors' prices"),
            "stock_out": say("empty shelves"),
        }.get(name, name.removeprefix("market_").replace("_", " "))
        said = say(
            "{called} moved by {move:percent} with the campaign. From their earlier moves that explains {share:percent} "
            "of sales (give or take {doubt:percent}), which is taken out.",
            called=called,
            move=move if name == "stock_out" else float(np.expm1(move)),
            share=share,
            doubt=2 * doubt,
        )
        if errors[i] > 0.5 * series.prior_sd[i]:
            said = say(
                "{called} moved by {move:percent} with the campaign and hardly ever before: this history cannot tell "
                "the two apart.",
                called=called,
                move=float(np.expm1(move)),
            )
        verdict = "fails" if errors[i] > 0.5 * series.prior_sd[i] else "holds" if doubt < 0.03 else "weak"
        checks.append(Check(name=say("Moved with the campaign"), verdict=verdict, text=said[0].upper() + said[1:]))
    return checks


def _season(series: _Series) -> Check:
    days = series.start
    if days >= 2 * YEAR:
        return Check(
            name=say("History"),
            verdict="holds",
            text=say("{days:count} days before the campaign: the season was seen at least twice.", days=days),
        )
    return Check(
        name=say("History"),
        verdict="weak",
        text=say(
            "{days:count} days before the campaign: season and campaign cannot be told apart well; two years would do.",
            days=days,
        ),
    )


def _plain(series: _Series, window: slice) -> tuple[float, float]:
    """What a plain look would have said: against as many days just before, and against the same weekdays a year ago."""
    length, now = window.stop - window.start, series.actual[window].sum()

    def against(first: int) -> float:
        return float(now - series.actual[first : first + length].sum()) if first >= 0 else float("nan")

    back = -(-length // 7) * 7
    return against(window.start - back) if back == length else _scaled(series, window, back), against(
        window.start - 364
    )


def _scaled(series: _Series, window: slice, back: int) -> float:
    """Whole weeks before, brought to the window's length, so that no weekday counts twice."""
    if window.start < back:
        return float("nan")
    before = series.actual[window.start - back : window.start].sum() * (window.stop - window.start) / back
    return float(series.actual[window].sum() - before)


def _beside(study: Baseline, effect: float, before_after: float, year_ago: float) -> Check:
    amount = _amount(study.measure)
    odd = any(np.isfinite(x) and x * effect < 0 for x in (before_after, year_ago))
    return Check(
        name=say("Plain comparison"),
        verdict="weak" if odd else "holds",
        text=say(
            "Against the weeks before, the same days read {before}; against a year ago, {ago}. What differs from this "
            "answer is season, trend, prices and market.",
            before=amount(before_after),
            ago=amount(year_ago),
        ),
    )


def _worded(
    study: Baseline,
    effect: float,
    low: float,
    high: float,
    *,
    days: int,
    expected: float,
    first: pd.Timestamp,
    named: str,
) -> str:
    amount = _amount(study.measure)
    what = {"revenue": say("revenue"), "orders": say("orders"), "units": say("units")}[study.measure]
    values = dict(
        effect=amount(effect),
        low=amount(low),
        high=amount(high),
        what=what,
        days=days,
        first=first,
        share=effect / expected if expected else float("nan"),
        named=named,
    )
    since = say("since {first:date}", **values) if not named else say("since «{named}» began on {first:date}", **values)
    if low <= 0 <= high:
        return say(
            "No effect that this history could show: {effect} {what} ({low} to {high}) in {days:count} days {since}.",
            since=since,
            **values,
        )
    return say(
        "{effect} {what} ({low} to {high}) in {days:count} days {since}: {share:percent} of what was to be expected.",
        since=since,
        **values,
    )


def _amount(measure: str):
    if measure == "revenue":
        return lambda value: ("+" if value > 0 else "") + say("{value:money}", value=value)
    return lambda value: ("+" if value > 0 else "") + say("{value:count}", value=value)


def _between(draws: np.ndarray, confidence: float):
    return np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)


def _as_date(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
