"""Why to believe a score or doubt it: its order, its height, simple rules, leaks, drift, and who is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.scores.calibration import sigmoid
from crm_analytics.planning.customers.scores.score_drift import LARGE, NOTICED, SCORE, drifted
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.scores.score import ScoreResult


def checks(result: ScoreResult) -> tuple[Check, ...]:
    return (
        _order(result), *_simple(result), _height(result), _profit(result), _leaks(result), _drift(result),
        _protected(result),
    )  # fmt: skip


def _order(result: ScoreResult) -> Check:
    area, low, high = result.auc
    trial = result.found.trial
    return Check(
        name=say("out of time"),
        verdict="holds" if low > 0.55 else "weak" if low > 0.5 else "fails",
        text=say(
            "On {n:count} decisions of later days by people it had not seen, the score puts a success above a failure "
            "in {area:percent} of pairs ({low:count} – {high:percent}; AUC {auc:number})."
            if result.found.tried["customer_id"].isin(result.known["customer_id"]).any() and _recur(result)
            else "On {n:count} later decisions the score puts a success above a failure in {area:percent} of pairs "
            "({low:count} – {high:percent}; AUC {auc:number}).",
            n=len(trial.happened), area=area, low=100 * low, high=high, auc=area,
        ),
    )  # fmt: skip


def _recur(result: ScoreResult) -> bool:
    return bool(result.known["customer_id"].duplicated().any())


def _simple(result: ScoreResult) -> tuple[Check, ...]:
    """The score beside what somebody would do without it."""
    found = result.found
    rules = [(say("best single rule"), say("the single column {column}", column=found.single), found.single_score)]
    if found.rfm_score is not None:
        rules.append((say("recency, frequency, money"), say("recency, frequency and money alone"), found.rfm_score))
    made = []
    for name, rule, score in rules:
        more, low, high = found.trial.better_than(score)
        made.append(
            Check(
                name=name,
                verdict="holds" if low > 0 else "weak" if high > 0 else "fails",
                text=say(
                    "The score orders people better than {rule}: AUC higher by {more:number} ({low:number} – "
                    "{high:number})."
                    if low > 0
                    else "The score is not proven better than {rule} (AUC {more:number}, {low:number} – {high:number} "
                    "more): the simple rule may do.",
                    rule=rule, more=more, low=low, high=high,
                ),
            )
        )  # fmt: skip
    return tuple(made)


def _height(result: ScoreResult) -> Check:
    line, trial = result.found.line, result.found.trial
    low, high = line.slope_span
    foretold, happened = float(sigmoid(trial.log_odds).mean()), float(trial.happened.mean())
    covers = low <= 1 <= high
    near = 0.8 <= line.slope <= 1.25 and abs(foretold - happened) <= 0.2 * happened
    return Check(
        name=say("calibration"),
        verdict="holds" if near or (covers and abs(foretold - happened) <= 0.1 * happened)
        else "weak" if 0.5 <= line.slope <= 2 else "fails",
        text=say(
            "{foretold:percent} were foretold on days held out and {happened:percent} happened; the calibration's "
            "slope is {slope:number} ({low:number} – {high:number}; 1 is right, less is too bold).",
            foretold=foretold, happened=happened, slope=line.slope, low=low, high=high,
        ),
    )  # fmt: skip


def proven_profit(result: ScoreResult) -> tuple[np.ndarray, float]:
    """Money a thousand people brought on the days held out under the same cut-off (the first, then resamplings), and
    the share of them it would have chosen."""
    trial, study = result.found.trial, result.study
    inside = sigmoid(trial.log_odds) >= result.cut_off
    money = np.where(inside, study.gain * trial.happened - study.cost, 0.0)
    return 1000 * (trial.weights @ money) / trial.weights.sum(axis=1), float(inside.mean())


def _profit(result: ScoreResult) -> Check:
    trial, study = result.found.trial, result.study
    earned, share = proven_profit(result)
    everybody = 1000 * (study.gain * trial.rates - study.cost)
    low, high = np.quantile(earned[1:], (0.025, 0.975))
    more = np.quantile((earned - np.maximum(everybody, 0))[1:], 0.025)
    return Check(
        name=say("profit"),
        verdict="holds" if low > 0 and more >= 0 else "weak" if high > 0 else "fails",
        text=say(
            "On the days held out this cut-off would have chosen {share:percent} and brought {earned:money} "
            "({low:money} – {high:money}) a thousand people; contacting everybody {all:money}. It counts successes, "
            "not what a contact changes: only a control group tells that.",
            share=share, earned=earned[0], low=low, high=high, all=everybody[0],
        ),
    )  # fmt: skip


def _leaks(result: ScoreResult) -> Check:
    """Whether a column knew the outcome; the refused ones by name, so that somebody can say where they come from."""
    refused = [s for s in result.suspects if s.column in result.refused]
    asked = [s for s in result.suspects if s.column not in result.refused]
    if not result.suspects:
        return Check(
            name=say("leaks"), verdict="holds", text=say("No column looks as if it had been written after the outcome.")
        )
    told = [say("Refused {column}: {why}.", column=s.column, why=s.why) for s in refused]
    told += [
        say("Trusted as you asked, {column}: {why}.", column=s.column, why=s.why)
        if s.refused
        else say("Ask whether {column} is known beforehand: {why}.", column=s.column, why=s.why)
        for s in asked
    ]
    return Check(name=say("leaks"), verdict="weak", text=" ".join(told))


def _drift(result: ScoreResult) -> Check:
    if result.ahead.empty:
        return Check(name=say("drift"), verdict="weak", text=say("Nobody is to be scored, so nobody can have changed."))
    table = drifted(result.found.card, result.known, result.ahead, draws=50, seed=result.study.seed)
    score = table[table["column"] == SCORE].iloc[0]
    worst = table[table["column"] != SCORE].head(1)
    moved = float(score["low"])
    return Check(
        name=say("drift"),
        verdict="holds" if moved < NOTICED else "weak" if moved < LARGE else "fails",
        text=say(
            "The score's spread moved by {psi:number} ({low:number} – {high:number}) since training; above "
            "{large:number} learn again. Most moved: {column} ({of:number}).",
            psi=score["psi"], low=score["low"], high=score["high"], large=LARGE,
            column=worst["column"].iloc[0] if len(worst) else "–", of=worst["psi"].iloc[0] if len(worst) else 0.0,
        ),
    )  # fmt: skip


def _protected(result: ScoreResult) -> Check:
    wanted = {name.casefold() for name in result.study.protected}
    there = [c for c in result.known.columns if str(c).casefold() in wanted and result.known[c].notna().any()]
    usual = {name.casefold() for name in type(result.study).protected}
    used = [c for c in result.found.card.columns if c.casefold() in usual]
    return Check(
        name=say("protected"),
        verdict="weak" if used else "holds",
        text=say("Nobody is judged by {columns}: kept out as protected.", columns=", ".join(there))
        if there and not used
        else say("People are judged by {columns}, which are protected: make sure you may.", columns=", ".join(used))
        if used
        else say("The table holds no protected column such as age or gender."),
    )
