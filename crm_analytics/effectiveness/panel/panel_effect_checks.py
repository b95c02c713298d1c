"""Why to believe or doubt an effect that was read off other units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.effectiveness.amounts import change
from crm_analytics.effectiveness.panel.one_day import one_day
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from pandas import DataFrame

    from crm_analytics.effectiveness.panel.panel_effect import PanelEffectResult

TOLERATED = 0.01
"""A drift of plain differences that nobody would notice, however surely it is there."""


def worded(result: PanelEffectResult, value: float) -> str:
    """A change of what is measured; units may be small, so a count has digits."""
    return change(result.study.measure, value, otherwise="number")


def called(method: str) -> str:
    """The method's name for people."""
    return {
        "difference-in-differences": say("difference-in-differences"),
        "synthetic control": say("synthetic control"),
        "synthetic DiD": say("synthetic DiD"),
        "time-based regression": say("time-based regression"),
        "structural time series": say("structural time series"),
    }[method]


def checks(result: PanelEffectResult) -> tuple[Check, ...]:
    """Do the methods agree, how wrong were they before and elsewhere, what else moved, who could not be compared."""
    of_methods = (_agree, _leads, _false_alarms, _in_space, _parallel, _fit)
    of_the_days = (_elsewhere, _taken_out, _besides, _apart, one_day, _plain)
    return tuple(check for ask in of_methods + of_the_days for check in ask(result))


def _agree(result: PanelEffectResult) -> Iterator[Check]:
    methods, name = result.judged.methods, say("Methods")
    signs = {one.effect > 0 for one in methods}
    inside = sum(one.interval[0] <= result.effect <= one.interval[1] for one in methods)
    smallest, largest = (worded(result, f(one.effect for one in methods)) for f in (min, max))
    if len(methods) == 1:
        yield Check(name=name, verdict="weak", text=say("Only one method can be asked, so none confirms it."))
        return
    verdict = (
        "holds"
        if inside == len(methods) and (len(signs) == 1 or result.low <= 0 <= result.high)
        else ("weak" if len(signs) == 1 else "fails")
    )
    template = (
        "{n:count} methods say {smallest} to {largest}: they agree on the sign, and {inside:count} of their intervals "
        "hold the answer."
        if len(signs) == 1
        else "{n:count} methods say {smallest} to {largest}: they lie on both sides of zero, and {inside:count} of "
        "their intervals hold the answer."
    )
    yield Check(
        name=name,
        verdict=verdict,
        text=say(template, n=len(methods), smallest=smallest, largest=largest, inside=inside),
    )


def _leads(result: PanelEffectResult) -> Iterator[Check]:
    found, rows = result.judged, result.table
    lead, error = rows["method"].iloc[0], float(rows["error"].iloc[0])
    worst = float(rows["error"].max())
    templates = {
        "time": "{lead} leads: it missed {windows:count} earlier windows by {error:percent} of what was to be "
        "expected, the worst method by {worst:percent}.",
        "space": "{lead} leads: it missed units left alone by {error:percent} of what was to be expected in the same "
        "days, the worst method by {worst:percent}; the time before is too short to try it on earlier windows.",
        "regression": "{lead} leads by its own standard error ({error:percent} of what was to be expected), which "
        "takes its errors for independent: neither time before nor units left alone suffice to try it.",
    }
    verdict = (
        "holds"
        if found.read_from == "time" and found.windows >= 5
        else "weak"
        if (found.read_from != "regression" or found.freedom >= 30)
        else "fails"
    )
    if found.read_from == "space" and found.space.apart >= 10:
        verdict = "holds"
    yield Check(
        name=say("Error where nothing was"),
        verdict=verdict,
        text=say(templates[found.read_from], lead=_capital(lead), windows=found.windows, error=error, worst=worst),
    )


def _false_alarms(result: PanelEffectResult) -> Iterator[Check]:
    found, lead = result.judged, result.judged.lead
    if found.read_from != "time":
        return
    reach = (result.high - result.low) / 2
    sums = np.abs(lead.trials.sum(axis=1))
    alarms = int((sums > reach).sum())
    share = alarms / len(sums)
    yield Check(
        name=say("Placebo windows"),
        verdict="holds" if share <= 0.1 else "weak" if share <= 0.25 else "fails",
        text=say(
            "Of {n:count} earlier windows, {apart:count} of which do not overlap, {alarms:count} would have been "
            "called an effect.",
            n=len(sums),
            apart=found.windows,
            alarms=alarms,
        ),
    )


def _in_space(result: PanelEffectResult) -> Iterator[Check]:
    space, name = result.judged.space, say("Units left alone")
    if space is None:
        yield Check(
            name=name,
            verdict="weak",
            text=say("There are too few units left alone to ask whether one of them would stand out as much."),
        )
        return
    p, least, n = space.p_value, space.least, len(space.ratios)
    effect = not result.low <= 0 <= result.high
    few = least > 1 - result.study.confidence
    text = say(
        "Of {n:count} tries with units left alone as if they had been reached, {as_much:count} "
        "{as_much:differs|differ} at least as much: p = {p:number}.",
        n=n,
        as_much=round(p * (n + 1)) - 1,
        p=p,
    )
    if few:
        text += " " + say(
            "So few units left alone cannot give less than p = {least:number}, whatever the effect.", least=least
        )
    verdict = (
        "holds"
        if not effect or p <= 1.5 * max(1 - result.study.confidence, least)
        else ("weak" if p <= 0.34 else "fails")
    )
    yield Check(name=name, verdict="weak" if few and verdict == "holds" and effect else verdict, text=text)


def _parallel(result: PanelEffectResult) -> Iterator[Check]:
    """An event study on the time before: does the gap of plain differences drift?"""
    from scipy.stats import t

    found = result.judged
    plain = next((one for one in found.methods if one.name == "difference-in-differences"), None)
    if plain is None or found.read_from != "time":
        return
    sums = plain.trials.sum(axis=1) / plain.expected.sum()
    drift = float(sums.mean())
    limit = t.ppf(0.975, found.windows) * float(sums.std()) / np.sqrt(found.windows)
    off = abs(drift) > max(limit, TOLERATED)
    yield Check(
        name=say("Parallel before"),
        verdict="weak" if off else "holds",
        text=say(
            "The reached and the others drifted apart before: plain differences missed earlier windows by "
            "{drift:percent} on average, more than chance explains."
            if off
            else "Nothing says that the reached and the others drifted apart before: plain differences missed "
            "earlier windows by {drift:percent} on average, no more than chance explains.",
            drift=drift,
        ),
    )


def _fit(result: PanelEffectResult) -> Iterator[Check]:
    for name, times in result.judged.dropped.items():
        yield Check(
            name=say("Fit before"),
            verdict="weak",
            text=say(
                "{method} is left out: no mixture of the others goes as the reached did before (it misses them by "
                "{times:number} times what a parallel course does).",
                method=_capital(called(name)),
                times=times,
            ),
        )


def _elsewhere(result: PanelEffectResult) -> Iterator[Check]:
    """Did units left alone move as well? Either something hit them, or the campaign reached them."""
    near, name = result.judged.neighbours, say("The same days elsewhere")
    if not len(near.units):
        return
    strange = near.beyond(result.study.confidence)
    units = result.reading.layout.units
    if len(strange):
        named = "; ".join(
            say("{unit} {move:percent}", unit=units[near.units[i]], move=near.moves[i])
            for i in strange[np.argsort(-np.abs(near.strange[strange]))][:3]
        )
        yield Check(
            name=name,
            verdict="weak",
            text=say(
                "Units left alone moved against the others more than they do by chance ({named}): something hit "
                "them in these days, or the campaign reached them too, and then the effect is misread.",
                named=named,
            ),
        )
        return
    stretched = near.stretch
    yield Check(
        name=name,
        verdict="holds" if stretched < 1.25 else "weak",
        text=say(
            "No unit left alone moved against the others as it does not by chance; the interval is "
            "{more:percent} wider for how unusual these days were for them.",
            more=stretched - 1,
        )
        if stretched > 1.005
        else say(
            "No unit left alone moved against the others as it does not by chance, so nothing says that the "
            "campaign reached them or that these days were unusual."
        ),
    )


def _taken_out(result: PanelEffectResult) -> Iterator[Check]:
    """What moved the reached apart from the others in these very days, and how much of the gap is put down to it."""
    layout, pull = result.reading.layout, result.reading.pull
    cells = np.zeros(layout.values.shape, dtype=bool)
    for spell in layout.spells:
        cells[spell.starts : spell.ends, spell.units] = True
    weight = np.where(cells, layout.values, 0.0)
    for k, name in enumerate(pull.names):
        move = float((pull.moves[k] * weight).sum() / max(weight.sum(), 1e-12))
        share, doubt = float(np.expm1(pull.beta[k] * move)), 2 * abs(move) * float(np.sqrt(pull.covariance[k, k]))
        if abs(move) < 0.01 and abs(share) < 0.01:
            continue
        template = {
            "price_index": "Prices of the reached moved by {move:percent} against the others; {share:percent} of sales "
            "is put down to that and taken out (± {doubt:percent}).",
            "competitor_index": "Competitors' prices near the reached moved by {move:percent} against the others; "
            "{share:percent} of sales is put down to that and taken out (± {doubt:percent}).",
        }[name]
        loose = doubt > 0.5 * abs(result.effect / result.expected) if result.expected else True
        yield Check(
            name=say("Moved apart"),
            verdict="weak" if loose else "holds",
            text=say(template, move=float(np.expm1(move)), share=share, doubt=doubt),
        )


def _besides(result: PanelEffectResult) -> Iterator[Check]:
    """Campaigns that ran in the reached alone in the same days: theirs cannot be told apart."""
    frame = result.reading.daily
    if "other_campaigns" not in frame:
        return
    on = frame[frame["on"] & (frame["other_campaigns"].fillna("") != "")]
    days = frame["day"].isin(on["day"].unique())
    elsewhere = frame.loc[days & ~frame["unit"].isin(result.reached), "other_campaigns"].fillna("")
    names = {name for cell in on["other_campaigns"].unique() for name in cell.split("; ")}
    only = sorted(names - {name for cell in elsewhere.unique() for name in cell.split("; ")})
    if not only:
        return
    if not result.campaign and all(_the_same_days(frame, name) for name in only):
        text = say("What ran there in these very days was {names}: the answer is about it.", names="; ".join(only[:3]))
        yield Check(name=say("Other campaigns"), verdict="holds", text=text)
        return
    yield Check(
        name=say("Other campaigns"),
        verdict="fails",
        text=say(
            "In the same days and in the reached alone there {n:was|were} also {names}; {n:its|their} effect is in "
            "the answer and cannot be told apart.",
            names="; ".join(only[:3]),
            n=len(only),
        ),
    )


def _the_same_days(frame: DataFrame, name: str) -> bool:
    """Whether a campaign began and ended, within three days, with what is asked about."""
    asked = frame.loc[frame["on"], "day"]
    ran = frame.loc[[name in str(cell).split("; ") for cell in frame["other_campaigns"]], "day"]
    return all(abs((a - b).days) <= 3 for a, b in ((ran.min(), asked.min()), (ran.max(), asked.max())))


def _apart(result: PanelEffectResult) -> Iterator[Check]:
    apart = result.reading.apart
    if not apart:
        return
    named = "; ".join(f"{unit} {why}" for unit, why in sorted(apart.items())[:3])
    yield Check(
        name=say("Set apart"),
        verdict="holds",
        text=say("{n:count} {n:unit is|units are} not compared: {named}.", n=len(apart), named=named),
    )


def _plain(result: PanelEffectResult) -> Iterator[Check]:
    plain = result.readings.iloc[:2].dropna()
    told = "; ".join(
        say("{effect} {reading}", effect=worded(result, row.effect), reading=row.reading) for row in plain.itertuples()
    )
    text = (
        say("There is no time before of the same length to compare with, which is how it is commonly read.")
        if plain.empty
        else say("The usual comparison would have said {told}.", told=told)
    )
    yield Check(name=say("A plain look"), verdict="holds", text=text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
