"""What may be asked of a score: its card, its calibration, its drift, one customer's reasons, and how it did later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.scores.calibration import Line, sigmoid
from crm_analytics.planning.customers.scores.gains import Trial
from crm_analytics.planning.customers.scores.reasons import phrase
from crm_analytics.planning.customers.scores.score_drift import LARGE, NOTICED, SCORE, drifted
from crm_analytics.planning.customers.scores.steps import as_number
from crm_analytics.result import Check, Claim, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.scores.score import ScoreResult

FEW = 20
"""Of a group of fewer people nothing is said on a card."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CardResult(Result):
    """The model's card: `about` and `told`, a row each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationResult(Result):
    """Foretold and happened in tenths by score, the highest first: `tenth`, `people`, `foretold`, `happened`, `low`,
    `high` (the interval of what happened)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DriftResult(Result):
    """How far each column the score uses has moved, the most first: `column`, `psi`, `low`, `high`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WhyResult(Result):
    """All reasons of one customer, the strongest first: `column`, `reason`, `points` (log-odds). With the average
    person's log-odds, `average`, they sum to this customer's, `log_odds`."""

    average: float
    log_odds: float


def claims_of(result: ScoreResult) -> tuple[Claim, ...]:
    """How many of those scored will do it: chance, and a height of the score that may be off for all of them alike."""
    import pandas as pd

    first, until = (pd.to_datetime(result.ahead[name]).max().date() for name in ("snapshot", "until"))
    p = result.table["probability"].to_numpy()
    value, days = float(p.sum()), (until - first).days
    off = max(value - float(result.table["low"].sum()), float(result.table["high"].sum()) - value)
    half = float(np.hypot(1.96 * np.sqrt((p * (1 - p)).sum()), off))
    chosen, outcome = result.table[result.table["chosen"]], str(result.ahead["foretells"].iloc[0])
    decision = say(
        "Contact the {n:count} customers at {cut:percent} and above; leave the others alone.", n=len(chosen),
        cut=result.cut_off,
    ) if 0 < len(chosen) < len(p) else ""  # fmt: skip
    return (
        Claim(
            subject=say("those of {n:count} customers for whom it comes true: {outcome}", n=len(p), outcome=outcome),
            measure="customers", value=value, low=max(value - half, 0.0), high=min(value + half, float(len(p))),
            evidence="modelled", first=first, last=until - timedelta(days=1), expires=until,
            scope=(("outcome", outcome), ("customers known before", first.isoformat())), decision=decision,
            reversed_by=say("On the next {days:count} days the better half by score holds no more of them than the "
                            "other.", days=days),
        ),
    )  # fmt: skip


def calibration_of(result: ScoreResult) -> CalibrationResult:
    trial, line = result.found.trial, result.found.line
    low, high = line.slope_span
    return CalibrationResult(
        study=result.study,
        table=_tenths(trial),
        text=say(
            "The calibration's slope is {slope:number} ({low:number} – {high:number}) on days held out: "
            "{foretold:percent} were foretold, {happened:percent} happened.",
            slope=line.slope, low=low, high=high, foretold=float(sigmoid(trial.log_odds).mean()),
            happened=float(trial.happened.mean()),
        ),
        checks=tuple(check for check in result.checks if check.name == say("calibration")),
    )  # fmt: skip


def _tenths(trial: Trial) -> pd.DataFrame:
    import pandas as pd

    order = np.lexsort((np.arange(len(trial.log_odds)), -trial.log_odds))
    rows = []
    for tenth, inside in enumerate(np.array_split(order, 10), start=1):
        weight = trial.weights[:, inside]
        rates = weight @ trial.happened[inside] / np.maximum(weight.sum(axis=1), 1e-9)
        low, high = np.quantile(rates[1:], (0.025, 0.975))
        foretold = float(sigmoid(trial.log_odds[inside]).mean())
        rows.append((tenth, len(inside), foretold, float(rates[0]), float(low), float(high)))
    return pd.DataFrame(rows, columns=["tenth", "people", "foretold", "happened", "low", "high"])


def drift_of(result: ScoreResult) -> Result:
    if result.ahead.empty:
        return result.study.refuse(
            say("Not enough evidence: the table held nobody to be scored, so there is nobody to compare with.")
        )
    study = result.study
    table = drifted(result.found.card, result.known, result.ahead, draws=study.draws, seed=study.seed)
    score = table[table["column"] == SCORE].iloc[0]
    moved = table[(table["low"] >= NOTICED) & (table["column"] != SCORE)]["column"].tolist()
    verdict = "holds" if score["low"] < NOTICED else "weak" if score["low"] < LARGE else "fails"
    return DriftResult(
        study=study,
        table=table,
        text=say(
            "{psi:number} ({low:number} – {high:number}) is how far the score has moved since training; from "
            "{large:number} on learn again.",
            psi=score["psi"], low=score["low"], high=score["high"], large=LARGE,
        ),
        checks=(
            Check(
                name=say("drift"),
                verdict=verdict,
                text=say("Columns that moved: {columns}.", columns=", ".join(moved))
                if moved
                else say("No column moved by more than chance and a little."),
            ),
        ),
    )  # fmt: skip


def why_of(result: ScoreResult, customer_id: str) -> Result:
    import pandas as pd

    people = result.found.tried if result.ahead.empty else result.ahead
    mine = people[people["customer_id"] == str(customer_id)].tail(1)
    if mine.empty:
        return result.study.refuse(say("Not enough evidence: this customer is not among those who were scored."))
    if not result.usable:
        return result.study.refuse(
            say("Not enough evidence: the score is no better than chance, so it has no reasons.")
        )
    card = result.found.card
    points = card.parts(mine)[0].astype(float)
    told = []
    for one in card.steps:
        value = np.nan if one.column not in mine.columns else mine[one.column].iloc[0]
        if one.kind == "number" and one.column in mine.columns:
            value = float(as_number(mine[one.column], mine)[0])
        told.append(phrase(one.column, None if pd.isna(value) else value))
    table = pd.DataFrame({"column": card.columns, "reason": told, "points": points})
    table = table.iloc[np.lexsort((table["column"], -table["points"].abs()))].reset_index(drop=True)
    whole = np.array([card.base + points.sum()])
    low, high = result.found.line.span(whole)
    first = table.iloc[0]
    return WhyResult(
        study=result.study,
        table=table,
        text=say(
            "{p:percent} ({low:percent} – {high:percent}), against {average:percent} of an average person; most of "
            "all: {reason}.",
            p=float(sigmoid(whole)[0]), low=float(low[0]), high=float(high[0]),
            average=float(sigmoid(np.array([card.base]))[0]), reason=first["reason"],
        ),
        checks=result.checks[:1],
        average=card.base,
        log_odds=float(whole[0]),
    )  # fmt: skip


def held_against(result: ScoreResult, later: pd.DataFrame) -> Result:
    """The score as it was, on outcomes that have become known since."""
    since = later[later["target"].notna()] if "target" in later.columns else later.head(0)
    if len(result.ahead) and "snapshot" in since.columns:
        since = since[since["snapshot"] >= result.ahead["snapshot"].min()]
    y = since["target"].to_numpy(int) if len(since) else np.zeros(0, int)
    if np.bincount(y, minlength=2).min() < FEW:
        return result.study.refuse(
            say("Not enough evidence: {n:count} later outcomes are known, and at least {few:count} of each kind are "
                "needed; ask again once the horizon is over.", n=len(y), few=FEW)
        )  # fmt: skip
    log_odds, who = result.log_odds(since), since["customer_id"].to_numpy(object)
    trial = Trial.of(log_odds, y, who, draws=result.study.draws, seed=result.study.seed)
    line = Line.through(log_odds, y, who)
    area, low, high = trial.auc
    foretold, happened = float(sigmoid(log_odds).mean()), float(y.mean())
    near = abs(foretold - happened) <= 0.2 * happened
    return CalibrationResult(
        study=result.study,
        table=_tenths(trial),
        text=say(
            "{happened:percent} happened and {foretold:percent} were foretold; the order held with an AUC of "
            "{area:number} ({low:number} – {high:number}).",
            happened=happened, foretold=foretold, area=area, low=low, high=high,
        ),
        checks=(
            Check(name=say("order"), verdict="holds" if low > 0.5 else "fails",
                  text=say("When it was learned, the AUC on days held out was {then:number}.", then=result.auc[0])),
            Check(name=say("height"), verdict="holds" if near else "weak",
                  text=say("The calibration's slope is {slope:number} on what came later.", slope=line.slope)),
        ),
    )  # fmt: skip


def card_of(result: ScoreResult) -> CardResult:
    import pandas as pd

    study, found, known = result.study, result.found, result.known
    kinds = {"smooth": say("a regularised logistic regression on splines"),
             "stepped": say("boosted trees, each of one column")}  # fmt: skip
    area, low, high = result.auc
    rows = [
        (say("what it is"), say("{kind}; a sum of points, one for each of {n:count} columns",
                                kind=kinds[found.card.kind], n=len(found.card.steps))),
        (say("learned from"), say("{n:count} decisions of {people:count} customers, {rate:percent} of them successes",
                                  n=len(known), people=known["customer_id"].nunique(), rate=known["target"].mean())),
        (say("days"), _days(known)),
        (say("tried on"), say("{n:count} later decisions: AUC {area:number} ({low:number} – {high:number})",
                              n=len(found.trial.happened), area=area, low=low, high=high)),
        (say("columns"), ", ".join(found.card.columns)),
        (say("refused"), ", ".join(result.refused) or say("none")),
        (say("cut-off"), say("{cut:percent}: {cost:money} a contact, {gain:money} a success", cut=result.cut_off,
                             cost=study.cost, gain=study.gain)),
        (say("for"), say("choosing whom to contact first, as long as people resemble those it learned from")),
        (say("not for"), say("what a contact changes (that takes a control group), refusing anybody a right, or "
                             "people unlike those it learned from")),
        *_judged(result),
    ]  # fmt: skip
    return CardResult(
        study=study, table=pd.DataFrame(rows, columns=["about", "told"]), text=result.text, checks=result.checks
    )


def _days(known: pd.DataFrame) -> str:
    first, last = known["snapshot"].min(), known["snapshot"].max()
    if hasattr(first, "year"):
        return say("{first:date} – {last:date}", first=first, last=last)
    return say("{first} – {last}", first=first, last=last)


def _judged(result: ScoreResult) -> list[tuple[str, str]]:
    """How the score falls out for people who differ in what is protected, whether it looks at that or not."""
    people = result.found.tried if result.ahead.empty else result.ahead
    score = dict(zip(result.table["customer_id"], result.table["probability"], strict=False))
    mean = people["customer_id"].map(score)
    wanted = {name.casefold() for name in type(result.study).protected}
    rows = []
    for column in (c for c in people.columns if str(c).casefold() in wanted):
        values = people[column]
        if values.nunique() > 8:
            values = _in_thirds(values)
        by = mean.groupby(values.astype("str").where(values.notna())).agg(["mean", "size"])
        by = by[by["size"] >= FEW]
        if len(by) > 1:
            told = "; ".join(say("{group}: {mean:percent}", group=str(g), mean=m) for g, m in by["mean"].items())
            rows.append((say("mean score by {column}", column=column), told))
    return rows


def _in_thirds(values: pd.Series) -> pd.Series:
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce")
    first, second = numbers.quantile([1 / 3, 2 / 3])
    names = np.where(numbers <= first, say("up to {x:number}", x=first),
                     np.where(numbers <= second, say("up to {x:number}", x=second), say("above")))  # fmt: skip
    return pd.Series(names, index=values.index).where(numbers.notna())
