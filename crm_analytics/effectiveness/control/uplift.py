"""Whom does the message change, whom does it leave cold, and whom does it annoy?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import Estimate
from crm_analytics.effectiveness.control.by_lot import told
from crm_analytics.effectiveness.control.measures import Measure, measure_of
from crm_analytics.effectiveness.control.uplift_checks import checks
from crm_analytics.effectiveness.control.uplift_claims import claims
from crm_analytics.effectiveness.control.uplift_groups import groups, kinds_in_words
from crm_analytics.effectiveness.control.uplift_learners import LEARNERS, Change
from crm_analytics.effectiveness.control.uplift_traits import Traits
from crm_analytics.effectiveness.control.uplift_trial import Trial, mean, tried
from crm_analytics.result import Claim, Result, Study, frame_of
from crm_analytics.say import say

LEAST_IN_AN_ARM = 200
PROTECTED = (
    "gender", "sex", "age", "birth_year", "marital", "marital status", "religion", "nationality", "ethnicity", "race",
    "disability", "пол", "возраст", "год рождения", "семейное положение", "национальность", "вероисповедание",
)  # fmt: skip
"""Traits by which nobody is addressed or passed over unless somebody decides so."""


@dataclass(frozen=True, kw_only=True)
class Uplift(Study):
    """Whom does a campaign change, how much, and what does it earn to address them and no others?

    A score of who will buy finds those who buy anyway. Here it is learned from a test who buys *because* of the
    message: by a T-learner, an X-learner and uplift trees, from everything known before the campaign. Each is tried on
    customers by whom it was not taught, and the one is believed whose order of them gains most (Qini), chosen on
    other customers again. Where the interval of the Qini coefficient covers zero it says: do not target by this.

    `measure` is any outcome (revenue, margin, orders, buyers, visit …; None: margin where known, else revenue), `worth`
    the money that one unit of it is worth to the company, `cost` that of addressing one customer (None: the campaign's
    cost on record for each addressed, else nothing). Traits in `without` are left out.
    """

    measure: str | None = None
    worth: float = 1.0
    cost: float | None = None
    without: tuple[str, ...] = PROTECTED
    learners: tuple[str, ...] = tuple(LEARNERS)
    folds: int = 8
    confidence: float = 0.95
    seed: int = 1

    reads = "campaign_people"
    columns = ("customer_id", "arm")
    least = 2 * LEAST_IN_AN_ARM
    of = "customers in the arms"

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = sorted(set(self.learners) - set(LEARNERS))
        if unknown or not self.learners or isinstance(self.learners, str):
            raise ValueError(f"learners are among {', '.join(LEARNERS)}, not {', '.join(unknown) or self.learners}.")
        if not (self.worth > 0 and (self.cost is None or self.cost >= 0)):
            raise ValueError(f"worth is {self.worth}, cost {self.cost}: give a worth above 0 and a cost of 0 or more.")
        if not 8 <= self.folds <= 40:
            raise ValueError(f"folds is {self.folds}; eight are usual, from 8 to 40 can be had.")
        if isinstance(self.without, str):
            raise ValueError("without is a text; give a tuple of columns, for example without=('luck',).")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.measure is None:
            known = "outcome_margin" in frame and frame["outcome_margin"].notna().all()
            return replace(self, measure="margin" if known else "revenue")._answer(frame)
        measure = measure_of(self.measure, frame)
        people = frame.sort_values("customer_id", ignore_index=True)
        outcome = measure.on(people)["above"]
        treated = (people["arm"] == "treated").to_numpy()
        reason = self._too_little(people, measure, outcome, treated)
        if reason:
            return self.refuse(reason)
        traits = Traits.learn(people, self.without)
        if not traits.names:
            return self.refuse(
                say("Not enough evidence: nothing that tells these customers apart was known before the campaign.")
            )
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):  # many small fits: more threads only wait for one another
            x, y = traits.of(people), outcome.to_numpy()
            trial = tried(x, y, treated, learners=self.learners, folds=self.folds, seed=self.seed)
            change = LEARNERS[trial.chosen](x, y, treated, self.seed)
            middle = float(change(x).mean())
        learned = Learned(traits=traits, change=change, middle=middle, trial=trial)
        return judged(self, learned, people, measure)

    def _too_little(self, people: pd.DataFrame, measure: Measure, outcome: pd.Series, treated: np.ndarray) -> str:
        if measure.is_ratio:
            raise ValueError(f"Uplift is about an amount that each customer has, not {measure.name!r}; ask of revenue.")
        if people["customer_id"].duplicated().any():
            raise ValueError("Uplift needs one row a customer; features.campaign_people(wh, …) has that.")
        unknown, arms = int(outcome.isna().sum()), (int(treated.sum()), int((~treated).sum()))
        if unknown:
            return say(
                "Not enough evidence: {n:count} customers have no {measure} on record; ask for revenue.",
                n=unknown, measure=self.measure,
            )  # fmt: skip
        if min(arms) < LEAST_IN_AN_ARM:
            return say(
                "Not enough evidence: {treated:count} addressed and {control:count} left alone; to tell customers "
                "apart each arm needs at least {least:count}.", treated=arms[0], control=arms[1], least=LEAST_IN_AN_ARM,
            )  # fmt: skip
        if outcome.nunique() == 1:
            return say("Not enough evidence: no customer differs in {measure} from any other.", measure=self.measure)
        return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """What was learned of the change a campaign makes, and how it did on others."""

    traits: Traits
    change: Change
    middle: float
    """The mean of what it foretells for the customers of the test."""
    trial: Trial

    def of(self, people: pd.DataFrame, *, apart: bool) -> np.ndarray:
        """What to expect of each: the average effect, and where customers can be told apart what is believed beyond."""
        usual = mean(self.trial.change).value
        if not apart:
            return np.full(len(people), usual)
        slope = float(np.clip(self.trial.slope.value, 0, 1))
        return usual + slope * (self.change(self.traits.of(people)) - self.middle)


@dataclass(frozen=True, kw_only=True, eq=False)
class UpliftResult(Result):
    """A fifth of the customers a row, the most changed first: group, customers, foretold, effect, low, high (for all
    five together), alone (what they bring when left alone), profit, kind (what they are, in words).

    `qini` is the gain of this order over an order by lot, per customer; `everybody`, `targeted` and `more` the profit
    of addressing all, only those of whom it is foretold that it pays, and the difference, for as many customers as were
    in the test, as those say who had no part in the order. `addressed` flags whom of these it pays to address.
    """

    learned: Learned
    measured: Measure
    people: pd.DataFrame = field(repr=False)
    cost: float
    effect: Estimate
    addressed: np.ndarray = field(repr=False)

    @property
    def qini(self) -> Estimate:
        return self.learned.trial.qini

    @property
    def campaign(self) -> str:
        """The id of the campaign it was learned from; empty where the table does not say."""
        return str(self.people["campaign_id"].iloc[0]) if "campaign_id" in self.people else ""

    @property
    def usable(self) -> bool:
        """Whether customers can be told apart by what the campaign changes: the Qini interval lies above zero."""
        return self.qini.interval(self.study.confidence)[0] > 0

    @property
    def each(self) -> np.ndarray:
        """What addressing each customer of the test earns; right for means of many only."""
        return self.study.worth * self.learned.trial.change - self.cost

    @property
    def share(self) -> float:
        """The share of customers whom it pays to address."""
        return float(self.addressed.mean())

    @property
    def targeted(self) -> Estimate:
        """What it earns to address only those whom it pays to address."""
        return self._sum(self.each[self.learned.trial.judged] * self.addressed)

    @property
    def more(self) -> Estimate:
        """What choosing earns beyond addressing everybody."""
        return self._sum(self.each[self.learned.trial.judged] * (self.addressed.astype(float) - 1))

    @property
    def everybody(self) -> Estimate:
        """What it earns to address all."""
        return self._sum(self.each[self.learned.trial.judged])

    def _sum(self, each: np.ndarray) -> Estimate:
        """For as many customers as were in the test, from those who were judged."""
        one, n = mean(each), len(self.people)
        return Estimate(value=one.value * n, se=one.se * n, freedom=one.freedom)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What choosing whom to address earns, and whether to choose."""
        return claims(self)

    def but(self, *, worth: float | None = None, cost: float | None = None) -> UpliftResult:
        """The same for another worth of what is measured or another cost of a contact: nothing is learned again."""
        given = {name: value for name, value in (("worth", worth), ("cost", cost)) if value is not None}
        return judged(replace(self.study, **given), self.learned, self.people, self.measured)

    def profit(self) -> Result:
        """What it earns to address the first customers of the order, for each number of them."""
        from crm_analytics.effectiveness.control.uplift_profit import profit

        return profit(self)

    def predict(self, people: Any) -> Result:
        """What the campaign would change for each of these customers, described by the same traits (such as
        `features.profile`), and whom it pays to address."""
        from crm_analytics.effectiveness.control.uplift_profit import foretold

        return foretold(self, frame_of(people))


def judged(study: Uplift, learned: Learned, people: pd.DataFrame, measure: Measure) -> UpliftResult:
    """The answer, for a worth and a cost."""
    trial = learned.trial
    cost = study.cost if study.cost is not None else _cost_on_record(people)
    effect, usable = mean(trial.change), trial.qini.interval(study.confidence)[0] > 0
    if usable:
        addressed = study.worth * trial.foretold[trial.judged] > cost
    else:
        addressed = np.full(int(trial.judged.sum()), study.worth * effect.value > cost)
    treated = (people["arm"] == "treated").to_numpy()
    result = UpliftResult(
        study=study, learned=learned, measured=measure, people=people, cost=cost, effect=effect, text="",
        table=groups(study, trial, cost=cost, outcome=measure.on(people)["above"].to_numpy(), treated=treated),
        addressed=addressed,
    )  # fmt: skip
    why = checks(result)
    return replace(result, text=told(_sentence(result), *why[4:5]), checks=why)


def _cost_on_record(people: pd.DataFrame) -> float:
    """What addressing one customer cost, as far as the company knows; 0 where it does not."""
    if "cost" not in people or people["cost"].isna().any():
        return 0.0
    return float(people["cost"].iloc[0]) / max(int((people["arm"] == "treated").sum()), 1)


def _sentence(result: UpliftResult) -> str:
    measure, confidence = result.measured, result.study.confidence
    low, high = result.qini.interval(confidence)
    values = {"q": measure.amount(result.qini.value), "low": measure.amount(low), "high": measure.amount(high)}
    if not result.usable:
        least, most = result.effect.interval(confidence)
        return say(
            "Do not target by this: {q} a customer ({low} – {high}) is gained by choosing whom to address rather than "
            "drawing by lot, which may be nothing; expect of everybody the average effect, {effect} ({least} – "
            "{most}).",
            **values, effect=measure.amount(result.effect.value), least=measure.amount(least),
            most=measure.amount(most),
        )  # fmt: skip
    n = len(result.people)
    values |= {"n": round(result.share * n), "all": n, "kinds": kinds_in_words(result.table)}
    for name, estimate in (("earned", result.targeted), ("more", result.more)):
        values[name] = estimate.value
        values[f"{name}_low"], values[f"{name}_high"] = estimate.interval(confidence)
    return say(
        "{q} a customer ({low} – {high}) is gained on average by choosing whom to address rather than drawing by lot "
        "(Qini). {kinds} Addressing the {n:count} of {all:count} customers whom it pays to address earns "
        "{earned:money} ({earned_low:money} – {earned_high:money}), {more:money} ({more_low:money} – "
        "{more_high:money}) more than addressing everybody.", **values,
    )  # fmt: skip
