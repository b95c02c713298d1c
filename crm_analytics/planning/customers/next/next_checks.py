"""Why to believe what is foretold of the next purchase: it was tried on days that were hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.next.chances import Held, log_loss
from crm_analytics.planning.customers.shares import Z
from crm_analytics.result import Check
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.next.next_lessons import Came, Known, Lessons

OF_TWO = 2.241403
"""So many standard errors two shares stay within in 19 of 20 cases."""

LEVEL = 0.1
"""So much more or fewer buyers than foretold are said aloud, even where it could be chance."""


def checks(trial: Lessons, known: Known, came: Came, *, held: Held, before: Came, alike: float) -> tuple[Check, ...]:
    """What the trial on the second hidden stretch showed; `before` is what happened on the first."""
    chance = trial.chances(known)
    return (
        _calibrated(held),
        _better(chance, known, came, before),
        _way(trial),
        _goods(trial, known, came, alike),
        _covered(trial, known, came, before),
    )


def _calibrated(held: Held) -> Check:
    slope, low, high = held.slope
    bins = held.bins
    foretold, happened = (float((bins[name] * bins["customers"]).sum()) for name in ("foretold", "happened"))
    level = held.intercept[1] <= 0 <= held.intercept[2] or abs(happened / foretold - 1) <= LEVEL
    steep = low <= 1 <= high or abs(slope - 1) <= LEVEL
    return Check(
        name=say("calibration"),
        verdict="holds" if level and steep else "weak" if level or steep else "fails",
        text=say(
            "On hidden days {happened:count} customers bought and {foretold:count} had been foretold; where one chance "
            "was a step higher than another, so was what happened (slope {slope:number}, {low:number}–{high:number}; 1 "
            "is right).",
            happened=happened, foretold=foretold, slope=slope, low=low, high=high,
        ),
    )  # fmt: skip


def _better(chance: np.ndarray, known: Known, came: Came, before: Came) -> Check:
    """Against two things that anybody could say: everybody buys as often as the last time; each as often as ever."""
    base = np.full(len(chance), before.bought.mean())
    own = -np.expm1(-known.purchases * known.when.days[-1] / np.maximum(known.age_days, known.when.days[-1]))
    error = {name: np.square(guess - came.bought) for name, guess in (("", chance), ("base", base), ("own", own))}
    leads = [(error[name] - error[""]).mean() / max((error[name] - error[""]).std() / np.sqrt(len(chance)), 1e-12)
             for name in ("base", "own")]  # fmt: skip
    return Check(
        name=say("better than simple"),
        verdict="holds" if min(leads) > Z else "weak" if min(leads) > 0 else "fails",
        text=say(
            "The mean squared error of the chances (Brier) is {error:number}; with the same chance for everybody it is "
            "{base:number}, and with each customer's frequency so far {own:number}.",
            error=error[""].mean(), base=error["base"].mean(), own=error["own"].mean(),
        ),
    )  # fmt: skip


_WAYS = {
    "own rhythm": "Some customers keep to a rhythm of their own, others to none; counting on it foretold the day best.",
    "common rhythm": "Pauses are about as regular with everybody; counting on that foretold the day best.",
    "free": "Purchases come at random, each customer's at an own pace; that foretold the day best (BG/NBD).",
}


def _way(trial: Lessons) -> Check:
    best, next_ = sorted(trial.losses.values())[:2] if len(trial.losses) > 1 else (0.0, 0.0)
    clear = next_ - best > 0.001
    return Check(
        name=say("rhythm"),
        verdict="holds",
        text=say(_WAYS[trial.way])
        + ("" if clear else " " + say("The other ways to tell it did nearly as well, so little hangs on the choice.")),
    )


def _goods(trial: Lessons, known: Known, came: Came, alike: float) -> Check:
    base = known.what.base
    if len(base) == 1 or base.max() > alike:
        return Check(
            name=say("goods"),
            verdict="weak",
            text=say(
                "{share:percent} of purchases hold «{kind}», so there is little to foretell; ask by product: "
                "features.goods_bought(goods='product').",
                share=base.max(), kind=str(known.what.kinds[base.argmax()]),
            ),
        )  # fmt: skip
    chance = trial.taste.chances(known.what, came.rows)
    best = chance.argmax(axis=1)
    hit = came.held[np.arange(len(best)), best].sum()
    low, high = share_interval(hit, len(best))
    alone = log_loss(trial.alike.chances(known.what, came.rows), came.held).sum()
    share = float(1 - log_loss(chance, came.held).sum() / alone)
    usual = trial.alike.chances(known.what, came.rows[:1]).argmax(axis=1)
    return Check(
        name=say("goods"),
        verdict="holds" if trial.taste.personal else "weak",
        text=say(
            "Customers have tastes of their own: of those who bought on hidden days, {hit:percent} ({span:percents}) "
            "took what was foretold for them first; {usual:percent} took what most buy at that time of the year. "
            "Knowing their tastes leaves {share:percent} less to surprise."
            if trial.taste.personal
            else "No tastes of their own are seen: what a customer bought before did not foretell what came next any "
            "better than what everybody buys, so everybody is foretold the same goods ({hit:percent}, {span:percents}, "
            "took the first).",
            hit=hit / max(len(best), 1), span=(float(low), float(high)), usual=came.held[:, usual[0]].mean(),
            share=share,
        ),
    )  # fmt: skip


def _covered(trial: Lessons, known: Known, came: Came, before: Came) -> Check:
    _, early, late = (values[came.rows] for values in trial.days(known))
    _, low, high = (values[came.rows] for values in trial.sums.of(known.much))
    n = len(came.rows)
    inside = [((early <= came.days) & (came.days <= late)).sum(), ((low <= came.money) & (came.money <= high)).sum()]
    off = max(abs(count / n - 0.8) for count in inside)
    chance = OF_TWO * np.sqrt(0.16 / n + 0.16 / len(before.rows))  # the ends were learned from as few
    return Check(
        name=say("intervals"),
        verdict="holds" if off <= max(0.05, chance) else "weak",
        text=say(
            "Intervals of the day held {day:percent} of {n:count} purchases on hidden days, those of the sum "
            "{money:percent}; 80 % were meant.",
            day=inside[0] / n, money=inside[1] / n, n=n,
        ),
    )  # fmt: skip
