"""Which model is to be believed: each foretells days that were hidden from it, and the nearest to what happened is
chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.worth.holdout import in_words, tenth_of
from crm_analytics.planning.customers.worth.kinds import MODELS, Kind
from crm_analytics.result import Check, Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.buying.buying import Buying
    from crm_analytics.result import Study

BEFORE = ("hidden_days", "x_before", "t_x_before")
"""The columns of `features.habits` that say what was known before the hidden days."""

ON_TRIAL = 50_000
"""Of more customers than this a part is enough to tell the models apart."""

LEAST = 30
"""Customers who had come back, and purchases in the hidden days, below which a trial says nothing."""


ALIKE = 1e-3
"""Models whose errors differ by less than this share foretell alike, and the plainest is taken."""

STRONG = 6.0
"""Without a trial the plainest model is left only for one whose BIC is better by so much (Kass & Raftery 1995)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChoiceResult(Result):
    """How each model did on the hidden days, the best first: `model`, `foretold` and `happened` (purchases), `miss`
    (−.12: 12 % low), `misplaced` (the share of purchases foretold for the wrong tenth of customers), `slope` (purchases
    that happened for one more foretold; 1 is calibrated), `error` (deviance of a customer's purchases; smaller is
    better) and `log_likelihood` of what it was fitted to.

    `tenths` holds what each model foretold and what happened, by tenths of customers in the model's own order.
    """

    chosen: type[Buying]
    tenths: pd.DataFrame
    hidden_days: int
    """0 where no days were hidden: then the choice rests on how well each fits the past."""


def choose(study: Study, kind: Kind, people: pd.DataFrame) -> ChoiceResult:
    """Try the models of this kind of business on the hidden days; without any, by how well they fit the past."""
    on_trial = people.iloc[:: max(1, len(people) // ON_TRIAL)]
    seen, days, happened = _hidden(kind, on_trial)
    if days is None:
        return _by_fit(study, kind, on_trial)
    rows, tenths, errors = [], [], {}
    for model, fitted in _fitted(kind, seen):
        foretold = np.maximum(fitted.expected(*seen, days), 1e-12)
        by_tenth = _tenths(model.called, foretold, happened)
        errors[model] = _deviance(foretold, happened)
        tenths.append(by_tenth)
        rows.append(_row(fitted, foretold, happened) | {"misplaced": _misplaced(by_tenth)})
    least = min(error.mean() for error in errors.values())
    best = next(model for model, error in errors.items() if error.mean() <= least * (1 + ALIKE))
    table = pd.DataFrame(rows).assign(other=[model is not best for model in errors])
    table = table.sort_values(["other", "error"], kind="stable", ignore_index=True)
    hidden = int(people["hidden_days"].iloc[0])
    return ChoiceResult(
        study=study,
        table=table[["model", "foretold", "happened", "miss", "misplaced", "slope", "error", "log_likelihood"]],
        text=_told(table, hidden),
        checks=(_ahead(errors, best), _calibrated(table.iloc[0]), _near(table.iloc[0])),
        chosen=best,
        tenths=pd.concat(tenths, ignore_index=True),
        hidden_days=hidden,
    )


def _fitted(kind: Kind, seen: tuple[np.ndarray, ...]) -> Iterator[tuple[type[Buying], Buying]]:
    """Every model of this kind that settles on these histories."""
    found = [(model, model.fit(*seen)) for model in MODELS[kind.name]]
    settled = [(model, fitted) for model, fitted in found if fitted.peak.converged]
    yield from settled or found


def _hidden(kind: Kind, people: pd.DataFrame) -> tuple[tuple | None, np.ndarray | None, np.ndarray | None]:
    """What was known before the hidden days, how much time they were, and the purchases in them; Nones without any."""
    nothing = None, None, None
    if not set(BEFORE) <= set(people.columns):
        return nothing
    known = people[people["x_before"].notna()]
    days = float(people["hidden_days"].iloc[0])
    then = known["T"].to_numpy(float) - days
    before = kind.of(known["x_before"], known["t_x_before"], then)
    now = kind.of(known["x"], known["t_x"], known["T"])
    happened = now[0] - before[0]
    if (before[0] > 0).sum() < LEAST or happened.sum() < LEAST:
        return nothing
    return before, np.full(len(known), days) if kind.name == "continuous" else now[2] - before[2], happened


def _row(fitted: Buying, foretold: np.ndarray, happened: np.ndarray) -> dict[str, object]:
    return {
        "model": fitted.called,
        "foretold": float(foretold.sum()),
        "happened": float(happened.sum()),
        "miss": float(foretold.sum() / happened.sum() - 1),
        "slope": float(np.polyfit(foretold, happened, 1)[0]),
        "error": float(_deviance(foretold, happened).mean()),
        "log_likelihood": fitted.peak.log_likelihood,
    }


def _deviance(foretold: np.ndarray, happened: np.ndarray) -> np.ndarray:
    """Twice the loss in log-likelihood of counts: a score that only the right expectation makes smallest."""
    from scipy.special import xlogy

    return 2 * (xlogy(happened, happened / foretold) - (happened - foretold))


def _tenths(model: str, foretold: np.ndarray, happened: np.ndarray) -> pd.DataFrame:
    group = tenth_of(pd.Series(foretold))
    sums = {name: np.bincount(group, weights=v) for name, v in (("foretold", foretold), ("happened", happened))}
    count = np.bincount(group)
    return pd.DataFrame({"model": model, "decile": np.arange(1, len(count) + 1), "customers": count, **sums})


def _misplaced(tenths: pd.DataFrame) -> float:
    return float((tenths["foretold"] - tenths["happened"]).abs().sum() / tenths["happened"].sum())


def _told(table: pd.DataFrame, hidden: int) -> str:
    best, *others = table.itertuples()
    return say(
        "{model} is chosen: of {happened:count} purchases in {days:count} hidden days it foretold {foretold:count} "
        "({verdict}). {others}",
        model=best.model,
        happened=best.happened,
        days=hidden,
        foretold=best.foretold,
        verdict=in_words(best.miss),
        others=say("No other model settled.") if not others else say(
            "The others: {list}.",
            list=", ".join(say("{model} {foretold:count} ({verdict})", model=o.model, foretold=o.foretold,
                               verdict=in_words(o.miss)) for o in others),
        ),
    )  # fmt: skip


def _ahead(errors: dict[type[Buying], np.ndarray], best: type[Buying]) -> Check:
    others = [errors[best] - error for model, error in errors.items() if model is not best]
    leads = [-float(gap.mean() / (gap.std() / np.sqrt(len(gap)) + 1e-300)) for gap in others]
    alike = [-gap.mean() < ALIKE * errors[best].mean() for gap in others]
    clear = 0.0 if any(alike) else min(leads, default=np.inf)
    return Check(
        name=say("lead"),
        verdict="holds" if clear >= 2 else "weak",
        text=say(
            "It foretold single customers better than every other model, by more than chance."
            if clear >= 2
            else "Its lead over the next model could be chance: the two foretell nearly alike, and either may be used."
        ),
    )


def _calibrated(best: object) -> Check:
    return Check(
        name=say("calibrated"),
        verdict="holds" if abs(best.slope - 1) <= 0.1 else "weak" if abs(best.slope - 1) <= 0.25 else "fails",
        text=say(
            "Where it foretold one purchase more, {slope:number} more happened (1 would be perfect).", slope=best.slope
        ),
    )


def _near(best: object) -> Check:
    return Check(
        name=say("total"),
        verdict="holds" if abs(best.miss) <= 0.05 else "weak" if abs(best.miss) <= 0.15 else "fails",
        text=say(
            "The sum of purchases in the hidden days was {verdict}; {misplaced:percent} of them were foretold for the "
            "wrong tenth of customers.",
            verdict=say("foretold {miss}", miss=in_words(best.miss)),
            misplaced=best.misplaced,
        ),
    )


def _by_fit(study: Study, kind: Kind, people: pd.DataFrame) -> ChoiceResult:
    """Without hidden days: the model under which the past was most likely, less a penalty for each parameter (BIC)."""
    seen = kind.of(people["x"], people["t_x"], people["T"])
    found = list(_fitted(kind, seen))
    score = [2 * f.peak.log_likelihood - len(f.parameters) * np.log(len(people)) for _, f in found]
    score[0] += STRONG  # the first is the plainest
    order = np.argsort(-np.array(score), kind="stable")
    nothing = dict.fromkeys(("foretold", "happened", "miss", "misplaced", "slope", "error"), np.nan)
    rows = [{"model": m.called, **nothing, "log_likelihood": f.peak.log_likelihood} for m, f in found]
    table = pd.DataFrame(rows).iloc[order].reset_index(drop=True)
    return ChoiceResult(
        study=study,
        table=table,
        text=say(
            "{model} is chosen by its fit to the past (log-likelihood {fit:number}); no days were hidden to try it on. "
            "features.habits(wh, …) makes a table with hidden days.",
            model=table["model"].iloc[0],
            fit=table["log_likelihood"].iloc[0],
        ),
        checks=(
            Check(
                name=say("trial"),
                verdict="weak",
                text=say("The model was not tried on hidden days: a good fit to the past is no forecast."),
            ),
        ),
        chosen=found[order[0]][0],
        tenths=pd.DataFrame(columns=["model", "decile", "customers", "foretold", "happened"]),
        hidden_days=0,
    )
