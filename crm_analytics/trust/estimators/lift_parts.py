"""Tests against control read further: by household, by those really reached, over time, at whose expense, side by side,
on those whom another one addressed as well.

The plain reading takes each for what it looks like: customers for households, the contacted for those drawn, the first
weeks for the whole, the promoted goods for the basket, the largest effect for the best campaign's, and what those
bought more whom both addressed for what one did for the other.
"""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.control.best_campaign import BestCampaign
from crm_analytics.effectiveness.control.lift import Lift
from crm_analytics.effectiveness.control.overlap import Overlap
from crm_analytics.effectiveness.control.pull_forward import PullForward
from crm_analytics.effectiveness.control.spillover import Spillover
from crm_analytics.result import enough
from crm_analytics.simulation.experiments import (
    PROMOTED,
    experiment_days,
    experiment_households,
    experiment_parts,
    experiment_reached,
    experiment_tests,
)
from crm_analytics.trust.trials import Situation, Trial

USUAL_REVENUE = 17.0
"""What an ordinary customer of the experiments brings in four weeks: errors are shares of it."""


def _households(seed: int, *, effect: float) -> Trial:
    people, truth = experiment_households(seed, households=400, effect=effect)
    result = Lift(unit="household").fit(people)
    plain = people.groupby("arm")["outcome_revenue"].mean()
    return Trial(
        truth=truth.effect, estimate=result.effect, low=result.low, high=result.high, scale=USUAL_REVENUE,
        naive=plain["treated"] - plain["control"],
    )  # fmt: skip


def _reached(seed: int, *, effect: float) -> Trial:
    people, truth = experiment_reached(seed, effect=effect)
    result = Lift().fit(people).reached()
    plain = people.groupby("contacted")["outcome_revenue"].mean()
    naive = plain[True] - plain[False]
    if not enough(result):
        return Trial(truth=truth.effect, naive=naive, scale=USUAL_REVENUE)
    return Trial(
        truth=truth.effect, estimate=result.effect, low=result.low, high=result.high, naive=naive, scale=USUAL_REVENUE
    )


def _over_time(seed: int, *, effect: float, borrowed: float, by: str = "lot") -> Trial:
    rows, truth = experiment_days(seed, customers=3000, effect=effect, borrowed=borrowed, by=by)
    result = PullForward(draws=500).fit(rows)
    low, high = result.whole.interval(0.95)
    return Trial(
        truth=round(truth.effect, 9), estimate=result.whole.value, low=low, high=high, naive=result.first.value,
        scale=3 * USUAL_REVENUE,
    )  # fmt: skip


def _elsewhere(seed: int, *, effect: float, cannibalised: float) -> Trial:
    rows, truth = experiment_parts(seed, customers=3000, effect=effect, cannibalised=cannibalised)
    result = Spillover(promoted=(PROMOTED,)).fit(rows)
    low, high = result.whole.interval(0.95)
    return Trial(
        truth=truth.effect, estimate=result.whole.value, low=low, high=high, naive=result.promoted.value,
        scale=USUAL_REVENUE,
    )  # fmt: skip


def _best(seed: int, *, effects: tuple[float, ...]) -> Trial:
    """The truth is what the campaign that looks best really brings; its interval holds for all together."""
    rows, truth = experiment_tests(seed, customers=2000, effects=effects)
    best = BestCampaign(draws=1000).fit(rows).table.iloc[0]
    return Trial(
        truth=truth.parts[best["campaign"]], estimate=best["expected"], low=best["low"], high=best["high"],
        naive=best["effect"], scale=USUAL_REVENUE,
    )  # fmt: skip


def _beside(seed: int, *, beside: float) -> Trial:
    """What a campaign did more for those whom the one before it, which goes on bringing something, had addressed."""
    rows, _ = experiment_tests(seed, customers=4000, effects=(3.0, 3.0), beside=beside, lasting=1.5)
    last, other = (rows[rows["campaign_id"] == name].set_index("customer_id") for name in ("T2", "T1"))
    result = Overlap(campaign="T2").fit(rows)
    if not enough(result):
        return Trial(truth=2 * beside, scale=USUAL_REVENUE)
    row = result.table.iloc[0]
    got = last[last["arm"] == "treated"]
    means = got.groupby(other["arm"].reindex(got.index))["outcome_revenue"].mean()
    return Trial(
        truth=2 * beside, estimate=row["difference"], low=row["low"], high=row["high"], scale=USUAL_REVENUE,
        naive=means["treated"] - means["control"],
    )  # fmt: skip


SITUATIONS = (
    *(
        Situation(estimator="Lift", words=f"400 households, {named}", draw=partial(_households, effect=effect),
                  randomised=True)
        for named, effect in (("no effect", 0.0), ("3 more a head", 3.0))
    ),
    *(
        Situation(estimator="Lift, reached", words=f"70 % reached, 10 % of the control too, {named}",
                  draw=partial(_reached, effect=effect), randomised=True)
        for named, effect in (("no effect", 0.0), ("5 more a head", 5.0))
    ),
    *(
        Situation(estimator="PullForward", words=f"3 more a head, {borrowed:.0%} of it brought forward",
                  draw=partial(_over_time, effect=3.0, borrowed=borrowed), randomised=True)
        for borrowed in (0.0, 0.5, 1.0)
    ),
    *(
        Situation(estimator="PullForward", words=f"no lot: better customers by their {by} were chosen, 3 more a head",
                  draw=partial(_over_time, effect=3.0, borrowed=0.5, by=by))
        for by in ("habit", "purchases")
    ),
    *(
        Situation(estimator="Spillover", words=f"3 more a head, {cannibalised:.0%} of it from other goods",
                  draw=partial(_elsewhere, effect=3.0, cannibalised=cannibalised), randomised=True)
        for cannibalised in (0.0, 0.5, 1.0)
    ),
    *(
        Situation(estimator="BestCampaign", words=f"three campaigns, {named}", draw=partial(_best, effects=effects),
                  randomised=True)
        for named, effects in (("no effect", (0.0, 0.0, 0.0)), ("4, 2 and 0 more a head", (4.0, 2.0, 0.0)))
    ),
    *(
        Situation(estimator="Overlap", words=f"two campaigns on the same customers, {named}",
                  draw=partial(_beside, beside=beside), randomised=True)
        for named, beside in (("neither knows of the other", 0.0), ("5 more a head for those of the other", 2.5))
    ),
)  # fmt: skip
