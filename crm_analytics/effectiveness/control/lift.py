"""Did it work? The addressed against those left alone by lot."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, Arms, compared, smallest_shown
from crm_analytics.effectiveness.control.lift_checks import amount, checks
from crm_analytics.result import Result, Study
from crm_analytics.say import say


@dataclass(frozen=True, kw_only=True)
class Lift(Study):
    """How much more does an addressed customer bring than one who was left alone by lot?

    The difference of the arms' means, after what the customers did before (`before_…`) has been taken out by a
    regression in each arm (Lin 2013, of which CUPED is a case), so that chance differences from before do not count and
    the interval narrows; without such columns the plain difference (Welch). Errors are robust (HC2), with
    Satterthwaite's degrees of freedom; a small arm borrows some of its spread from both. `measure` None is margin where
    every customer's is known, else revenue. `expected_share` is the share that was to be addressed; None: not known.
    """

    measure: Literal["revenue", "orders", "margin"] | None = "revenue"
    expected_share: float | None = None
    confidence: float = 0.95

    reads = "campaign_outcomes"
    columns = ("customer_id", "arm")
    least = 2 * LEAST_IN_AN_ARM
    of = "customers in the arms"

    def __post_init__(self) -> None:
        if self.measure not in (None, "revenue", "orders", "margin"):
            raise ValueError(f"measure is revenue, orders or margin, not {self.measure!r}.")
        if not 0.5 <= self.confidence < 1:
            raise ValueError(f"confidence is a share from 0.5 to below 1, such as 0.95, not {self.confidence!r}.")
        if self.expected_share is not None and not 0 < self.expected_share < 1:
            raise ValueError(f"expected_share is a share between 0 and 1, such as 0.9, not {self.expected_share!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.measure is None:
            known = "outcome_margin" in frame and frame["outcome_margin"].notna().all()
            return replace(self, measure="margin" if known else "revenue")._answer(frame)
        outcome = f"outcome_{self.measure}"
        if outcome not in frame:
            raise ValueError(f"Lift needs the column {outcome}; features.campaign_outcomes(wh, …) has it.")
        people = frame.sort_values("customer_id", ignore_index=True)
        if people[outcome].isna().any():
            return self.refuse(
                say(
                    "Not enough evidence: {n:count} customers have no {measure} on record; ask for revenue.",
                    n=int(people[outcome].isna().sum()),
                    measure=self.measure,
                )
            )
        in_arm = people["arm"].value_counts()
        treated, control = int(in_arm.get("treated", 0)), int(in_arm.get("control", 0))
        if min(treated, control) < LEAST_IN_AN_ARM:
            return self.refuse(
                say(
                    "Not enough evidence: {treated:count} addressed and {control:count} left alone; each arm needs at "
                    "least {least:count} customers.",
                    treated=treated,
                    control=control,
                    least=LEAST_IN_AN_ARM,
                )
            )
        if people[outcome].nunique() == 1:
            return self.refuse(
                say(
                    "Not enough evidence: no customer of either arm differs in {measure} from any other.",
                    measure=self.measure,
                )
            )
        return _answered(self, people)


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftResult(Result):
    """The effect per addressed customer, its interval, the ratio to control, and the sum over all addressed.

    `table` has a row per arm and one for the difference: customers, plain mean, adjusted mean, low, high.
    """

    effect: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    total: float
    total_low: float
    total_high: float
    smallest: float
    """The smallest true effect that this test would have shown four times out of five."""
    people: pd.DataFrame = field(repr=False)

    @property
    def campaign(self) -> str:
        """The id of the campaign that was tested; empty where the table does not say."""
        return str(self.people["campaign_id"].iloc[0]) if "campaign_id" in self.people else ""

    def by(self, column: str) -> Result:
        """The effect in each group of customers; intervals hold for all groups together (Bonferroni), and Holm's
        procedure decides which effects are beyond noise. Raises ValueError when there is no such column."""
        if column not in self.people:
            raise ValueError(f"There is no column {column!r} to split by; there are {', '.join(self.people.columns)}.")
        from crm_analytics.effectiveness.control.lift_segments import split

        return split(self, column)


def _answered(study: Lift, people: pd.DataFrame) -> LiftResult:
    arms = compared(people, study.measure)
    effect, ratio = arms.effect, arms.log_ratio
    low, high = effect.interval(study.confidence)
    ratios = np.expm1([ratio.value, *ratio.interval(study.confidence)]) if ratio else [float("nan")] * 3
    addressed = int((people["arm"] == "treated").sum())
    result = LiftResult(
        study=study,
        table=_table(study, people, arms),
        text="",
        people=people,
        effect=effect.value,
        low=low,
        high=high,
        ratio=float(ratios[0]),
        ratio_low=float(ratios[1]),
        ratio_high=float(ratios[2]),
        total=addressed * effect.value,
        total_low=addressed * low,
        total_high=addressed * high,
        smallest=smallest_shown(effect, study.confidence),
    )
    return replace(result, text=_worded(result), checks=checks(result, arms))


def _table(study: Lift, people: pd.DataFrame, arms: Arms) -> pd.DataFrame:
    plain = people.groupby("arm")[f"outcome_{study.measure}"].mean()
    addressed = int((people["arm"] == "treated").sum())
    rows = [
        ("treated", addressed, plain["treated"], arms.treated),
        ("control", len(people) - addressed, plain["control"], arms.control),
        ("difference", len(people), plain["treated"] - plain["control"], arms.effect),
    ]
    return pd.DataFrame(
        [(arm, n, mean, e.value, *e.interval(study.confidence)) for arm, n, mean, e in rows],
        columns=["arm", "customers", "plain_mean", "mean", "low", "high"],
    )


def _worded(result: LiftResult) -> str:
    study, people = result.study, result.people
    noun = {"revenue": say("revenue"), "orders": say("orders"), "margin": say("margin")}[study.measure]
    values = {
        name: amount(study.measure, getattr(result, name))
        for name in ("effect", "low", "high", "total", "total_low", "total_high")
    }
    values |= {"noun": noun, "n": int((people["arm"] == "treated").sum()), "after": _after(people)}
    if result.low <= 0 <= result.high:
        return say(
            "Within noise: {effect} {noun} per addressed customer ({low} – {high}){after}; for all {n:count} "
            "addressed that is {total_low} – {total_high}.",
            **values,
        )
    ratio = ""
    if result.ratio == result.ratio:  # it is not where an arm brought nothing
        more = result.low > 0
        template = "{ratio:percent} more ({span:percents}), " if more else "{ratio:percent} ({span:percents}), "
        ratio = say(template, ratio=result.ratio, span=(result.ratio_low, result.ratio_high))
    template = (
        "Each addressed customer brought {effect} more {noun} ({low} – {high}){after}: {ratio}{total} in all "
        "({total_low} – {total_high})."
        if result.low > 0
        else "Each addressed customer brought {less} less {noun} ({effect}; {low} – {high}){after}: {ratio}{total} in "
        "all ({total_low} – {total_high})."
    )
    return say(template, ratio=ratio, less=amount(study.measure, abs(result.effect)), **values)


def _after(people: pd.DataFrame) -> str:
    """Which campaign and which days, where the table says so."""
    if not {"campaign", "days"} <= set(people):
        return ""
    return say(
        " in the {days:count} days since «{campaign}» began",
        days=people["days"].iloc[0],
        campaign=people["campaign"].iloc[0],
    )
