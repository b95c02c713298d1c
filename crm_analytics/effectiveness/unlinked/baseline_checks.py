"""Why to believe or doubt an effect that nothing links to its sales, and what a plain look would have said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.amounts import change
from crm_analytics.effectiveness.unlinked.counterfactual import Counterfactual, Tried
from crm_analytics.effectiveness.unlinked.influences import YEAR, Series
from crm_analytics.effectiveness.unlinked.structural import Structure
from crm_analytics.result import Check
from crm_analytics.say import say

SEASON_NEEDS_DAYS = 2 * YEAR
LEAST_ON_DAYS = 7
"""What is shorter may well do its work on one day."""


@dataclass(frozen=True, kw_only=True)
class Plain:
    """The effect as it is commonly read: against the weeks before, and against the same weekdays a year ago."""

    before_after: float
    year_ago: float

    @classmethod
    def of(cls, series: Series, window: slice) -> Plain:
        """Whole weeks are compared, brought to the window's length. NaN where the history is too short."""
        length, now = window.stop - window.start, float(series.actual[window].sum())
        weeks = 7 * -(-length // 7)

        def against(first: int, days: int) -> float:
            if first < 0:
                return float("nan")
            return now - float(series.actual[first : first + days].sum()) * length / days

        return cls(before_after=against(window.start - weeks, weeks), year_ago=against(window.start - 364, length))


def checks(
    without: Counterfactual, window: slice, tried: list[Tried], *, measure: str, effect: float, plain: Plain
) -> tuple[Check, ...]:
    """Tried where there was no campaign and just before it; its errors, controls and history; the plain look beside."""
    return (
        _placebo(without, tried), _just_before(without, window), _errors(without.structure),
        *_moved(without, window), *_besides(without, window), *_unsold(without, window),
        _history(without.series),
        _beside(measure, effect, plain),
    )


def odd_day(table: pd.DataFrame, low: float, high: float) -> pd.Series | None:
    """The one day that an effect of a week or more hangs on: were it a day like the others, nothing would be left."""
    if low <= 0 <= high or (table["phase"] == "on").sum() < LEAST_ON_DAYS:
        return None
    row = table.loc[(table["effect"] * np.sign(low)).idxmax()]
    beyond = row["effect"] - table["effect"].drop(row.name).mean()
    return row if low - beyond <= 0 <= high - beyond else None


def one_day(table: pd.DataFrame, low: float, high: float, measure: str) -> Check:
    """Whether one day, such as that of one huge order, passes for an effect."""
    name, day = say("One day's weight"), odd_day(table, low, high)
    if day is None:
        return Check(name=name, verdict="holds", text=say("Without its heaviest day the answer would be the same."))
    return Check(name=name, verdict="fails", text=say(
        "The answer hangs on {day:date}, which alone is {amount} above or below what was to be expected: on the other "
        "days together it is {rest}. Look at that day for one order, one mistake or one customer.",
        day=day["day"], amount=change(measure, day["effect"]),
        rest=change(measure, table["effect"].sum() - day["effect"]),
    ))  # fmt: skip


def _placebo(without: Counterfactual, tried: list[Tried]) -> Check:
    name = say("Placebo windows")
    if len(tried) < 3:
        return Check(name=name, verdict="weak", text=say(
            "The history is too short to try the method on days without this campaign."))
    called = sum(one.low > 0 or one.high < 0 for one in tried)
    share = called / len(tried)
    wider = without.stretch - 1
    return Check(
        name=name, verdict="holds" if share <= 0.15 else "weak" if share <= 0.34 else "fails",
        text=say(
            "Of {n:count} windows of the same length before the campaign, {called:count} would have been called "
            "an effect." if wider < 0.01 else
            "Of {n:count} windows of the same length before the campaign, {called:count} would have been called "
            "an effect; the interval is made {wider:percent} wider for it.",
            n=len(tried), called=called, wider=wider,
        ),
    )


def _just_before(without: Counterfactual, window: slice) -> Check:
    length = min(window.stop - window.start, window.start // 4)
    then = slice(window.start - length, window.start)
    expected, actual = without.expected(then).mean(axis=0), without.series.actual[then]
    missed = abs(float(expected.sum() / actual.sum() - 1)) if actual.sum() > 0 else float("nan")
    daily = float(np.abs(expected - actual).sum() / actual.sum()) if actual.sum() > 0 else float("nan")
    low, high = without.gain(then)
    return Check(
        name=say("Forecast error"), verdict="holds" if missed < 0.05 or low <= 0 <= high else "fails",
        text=say("The {days:count} days just before, foretold the same way, were missed by {missed:percent} in all and "
                 "by {daily:percent} from day to day.", days=length, missed=missed, daily=daily),
    )


def _errors(structure: Structure) -> Check:
    surprises = structure.surprises[min(len(structure.surprises) // 4, 30) :]
    surprises = surprises - surprises.mean()
    related = np.array([surprises[lag:] @ surprises[:-lag] for lag in range(1, 15)]) / (surprises @ surprises)
    worst = int(np.abs(related).argmax())
    alike = abs(related[worst]) >= max(0.15, 3 / np.sqrt(len(surprises)))
    return Check(
        name=say("Errors from day to day"), verdict="weak" if alike else "holds",
        text=say(
            "Errors hang together ({r:number}, {lag:count} days on): something regular is not in the model, and the "
            "interval may be too narrow." if alike else
            "One day's error foretells little of another's: their largest correlation is {r:number}, {lag:count} days "
            "on.", r=related[worst], lag=worst + 1,
        ),
    )


def _moved(without: Counterfactual, window: slice) -> list[Check]:
    """What else moved with the campaign, how much of the change is put down to it, and how surely."""
    series, (coefficients, errors) = without.series, without.structure.coefficients
    found = []
    for i, name in enumerate(series.names):
        if name not in _CALLED and not name.startswith("market_"):
            continue
        lately = slice(max(0, window.start - 28), window.start)
        move = float(series.influences[window, i].mean() - series.influences[lately, i].mean())
        share, doubt = float(np.expm1(coefficients[i] * move)), 2 * float(errors[i] * abs(move))
        if abs(move) < 0.01 or (abs(share) < 0.01 and doubt < 0.02):
            continue
        unknown = errors[i] > 0.5 * series.prior_sd[i]
        template = (
            "{called} changed by {move:percent} with the campaign and hardly ever before: this history cannot tell the "
            "two apart."
            if unknown else
            "{called} changed by {move:percent} with the campaign. Going by earlier changes that moves sales by "
            "{share:percent}, give or take {doubt:percent}; it is taken out."
        )
        called = say(_CALLED[name]) if name in _CALLED else say(
            "The market indicator {name}", name=name.removeprefix("market_").replace("_", " "))
        found.append(Check(
            name=say("Moved with the campaign"), verdict="fails" if unknown else "holds" if doubt < 0.06 else "weak",
            text=say(template, called=called, move=float(-np.expm1(-move) if name == "stock_out" else np.expm1(move)),
                     share=share, doubt=doubt),
        ))
    return found


_CALLED = {
    "price_index": "Our own price level", "competitor_index": "The competitors' price level",
    "stock_out": "The share of empty shelves",
}


def _besides(without: Counterfactual, window: slice) -> list[Check]:
    """Which other campaigns ran in the same days, what is put down to them and how surely."""
    series, (coefficients, _) = without.series, without.structure.coefficients
    running = series.other_campaigns.iloc[window]
    running = running[running != ""]
    if running.empty:
        return []
    names = sorted({name for names in running for name in names.split("; ")})
    theirs = [i for i, name in enumerate(series.names) if name == "campaigns" or name.startswith("campaign: ")]
    quiet = -series.means[theirs]  # where an influence stands on a day on which nothing ran
    felt = (series.influences[window][:, theirs] - quiet) @ coefficients[theirs]
    _, covariance = without.structure.state(len(without.structure.z))
    per_day = (series.influences[window][:, theirs] - quiet).mean(axis=0)
    doubt = 2 * float(np.sqrt(per_day @ covariance[2:, 2:][np.ix_(theirs, theirs)] @ per_day))
    return [Check(
        name=say("Other campaigns"), verdict="weak" if doubt > 0.03 else "holds",
        text=say(
            "On {days:count} of the {all:count} days other campaigns ran ({names}). {share:percent} of sales is put "
            "down to them, give or take {doubt:percent}, going by what each did before and what campaigns usually do; "
            "it is taken out.",
            days=len(running), all=window.stop - window.start, names=", ".join(names),
            share=float(np.expm1(felt).mean()), doubt=doubt,
        ),
    )]


def _unsold(without: Counterfactual, window: slice) -> list[Check]:
    """What empty shelves kept from being sold: demand that the effect does not show."""
    series = without.series
    if "stock_out" not in series.names:
        return []
    column = series.names.index("stock_out")
    empty = series.influences[window, column] + series.means[column]
    share = float(-np.expm1(-empty).mean())
    if share < 0.005:
        return []
    coefficient = min(without.structure.coefficients[0][column], 0.0)
    sold = series.actual[window]
    lost = float(np.sum(sold * np.expm1(-coefficient * empty)) / max(sold.sum(), 1e-9))
    return [Check(
        name=say("Empty shelves"), verdict="holds" if share < 0.05 else "weak",
        text=say(
            "{empty:percent} of the shelves were empty in these days; going by earlier ones that kept about "
            "{lost:percent} of sales from being made, which no campaign could have sold.",
            empty=share, lost=lost,
        ),
    )]


def on_and_off(without: Counterfactual, window: slice, on: np.ndarray, measure: str) -> list[Check]:
    """For a campaign that was on and off: a day on against a day off, within the very same weeks."""
    off = ~on & (np.arange(len(on)) < np.flatnonzero(on)[-1])
    if not off.any():
        return []
    gains = without.series.actual[window] - without.expected(window)
    each = {name: gains[:, days].mean(axis=1) for name, days in (("on", on), ("off", off))}
    apart = each["on"] - each["off"]
    low, high = without.between(apart)
    return [Check(
        name=say("On and off"), verdict="holds" if low > 0 or high < 0 else "weak",
        text=say(
            "A day on brought {on}, a day off between them {off}: {apart} more ({low} – {high}). What is still felt on "
            "days off makes this difference smaller than the effect.",
            on=change(measure, float(each["on"].mean())), off=change(measure, float(each["off"].mean())),
            apart=change(measure, float(apart.mean())), low=change(measure, float(low)),
            high=change(measure, float(high)),
        ),
    )]


def _history(series: Series) -> Check:
    long = series.start >= SEASON_NEEDS_DAYS
    return Check(
        name=say("History"), verdict="holds" if long else "weak",
        text=say(
            "{days:count} days before the campaign: every season was seen at least twice." if long else
            "{days:count} days before the campaign: season and campaign cannot be told apart well; two years would do.",
            days=series.start,
        ),
    )


def _beside(measure: str, effect: float, plain: Plain) -> Check:
    told = {say("the weeks before"): plain.before_after, say("the same days a year ago"): plain.year_ago}
    told = {against: value for against, value in told.items() if np.isfinite(value)}
    name = say("Plain comparison")
    if not told:
        return Check(name=name, verdict="weak", text=say("The history is too short for a plain comparison beside."))
    said = "; ".join(say("{value} against {what}", value=change(measure, v), what=what) for what, v in told.items())
    contrary = any(value * effect < 0 for value in told.values())
    return Check(
        name=name, verdict="weak" if contrary else "holds",
        text=say("A plain look would have said {said}. What lies between that and the answer is season, trend, prices "
                 "and market.", said=said),
    )
