"""Did it work? The addressed against those left alone by lot."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import (
    LEAST_IN_AN_ARM,
    LEAST_UNITS,
    Arms,
    compared,
    smallest_shown,
)
from crm_analytics.effectiveness.control.by_lot import told
from crm_analytics.effectiveness.control.lift_checks import checks
from crm_analytics.effectiveness.control.lift_claims import claims
from crm_analytics.effectiveness.control.measures import Measure, measure_of
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say


@dataclass(frozen=True, kw_only=True)
class Lift(Study):
    """How much more does an addressed customer bring than one who was left alone by lot?

    The difference of the arms' means, after what the customers did before (`before_…`) has been taken out by a
    regression in each arm (Lin 2013, of which CUPED is a case), so that chance differences from before do not count and
    the interval narrows; without such columns the plain difference (Welch). Errors are robust (HC2), with
    Satterthwaite's degrees of freedom; a small arm borrows some of its spread from both. The ratio to control is by the
    delta method on its logarithm.

    `measure` is `revenue`, `margin`, `orders`, `buyers` (the share who bought), `mean order` (revenue an order, a ratio
    of sums), or the name of any other outcome in the table, such as `visit`; None is margin where every customer's is
    known, else revenue. `unit` is the column of what the lot was drawn among: rows of one household, store or customer
    belong together and count once. `expected_share` is the share that was to be addressed; None: not known.
    """

    measure: str | None = "revenue"
    unit: str = "customer_id"
    expected_share: float | None = None
    confidence: float = 0.95

    reads = "campaign_outcomes"
    columns = ("customer_id", "arm")
    least = 2 * LEAST_IN_AN_ARM
    of = "customers in the arms"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.measure is None or (isinstance(self.measure, str) and self.measure)):
            raise ValueError(f"measure is the name of an outcome, such as revenue or buyers, not {self.measure!r}.")
        if self.expected_share is not None and not 0 < self.expected_share < 1:
            raise ValueError(f"expected_share is a share between 0 and 1, such as 0.9, not {self.expected_share!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.measure is None:
            known = "outcome_margin" in frame and frame["outcome_margin"].notna().all()
            return replace(self, measure="margin" if known else "revenue")._answer(frame)
        if self.unit not in frame:
            raise ValueError(f"There is no column {self.unit!r} to say what the lot was drawn among.")
        measure = measure_of(self.measure, frame)
        people = frame.sort_values([self.unit, "customer_id"], ignore_index=True)
        of_people = measure.on(people)
        reason = self._too_little(people, of_people, measure)
        return self.refuse(reason) if reason else _answered(self, people, measure)

    def _too_little(self, people: pd.DataFrame, of_people: pd.DataFrame, measure: Measure) -> str:
        """Why these customers cannot be compared; empty where they can."""
        units = people.groupby(self.unit)["arm"].agg(["first", "nunique"])
        if (units["nunique"] > 1).any():
            return say(
                "Not enough evidence: {n:count} values of {unit} are in both arms, so the lot was not drawn among "
                "them; name what it was drawn among.", n=int((units["nunique"] > 1).sum()), unit=self.unit,
            )  # fmt: skip
        unknown = int(of_people.isna().any(axis=1).sum())
        if unknown:
            return say(
                "Not enough evidence: {n:count} customers have no {measure} on record; ask for revenue.",
                n=unknown, measure=self.measure,
            )  # fmt: skip
        in_arm = units["first"].value_counts()
        treated, control = int(in_arm.get("treated", 0)), int(in_arm.get("control", 0))
        least = LEAST_IN_AN_ARM if len(units) == len(people) else LEAST_UNITS
        if min(treated, control) < least:
            return say(
                "Not enough evidence: {treated:count} addressed and {control:count} left alone; each arm needs at "
                "least {least:count} customers."
                if self.unit == "customer_id"
                else "Not enough evidence: {treated:count} addressed and {control:count} left alone; each arm needs at "
                "least {least:count} of what the lot was drawn among ({unit}).",
                treated=treated, control=control, least=least, unit=self.unit,
            )  # fmt: skip
        if (of_people.nunique() == 1).all() or (of_people.groupby(people["arm"])["below"].sum() <= 0).any():
            return say(
                "Not enough evidence: no customer of either arm differs in {measure} from any other.",
                measure=self.measure,
            )
        return ""


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
    measured: Measure
    people: pd.DataFrame = field(repr=False)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the campaign brought in all, and whether to repeat it; nothing where the table names no campaign."""
        return claims(self)

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

    def quantiles(self, *shares: float) -> Result:
        """What changed at quantiles of the customers (by default the median, 75 %, 90 %, 95 % and 99 %): did many
        gain a little, or few a lot? Raises ValueError for a share outside 0 and 1."""
        from crm_analytics.effectiveness.control.lift_quantiles import quantiles

        return quantiles(self, shares)

    def reached(self) -> Result:
        """The effect on those whom the campaign reached because they were to be addressed, where some of them were
        not reached, or some of the control were."""
        from crm_analytics.effectiveness.control.lift_reached import reached

        return reached(self)


def _answered(study: Lift, people: pd.DataFrame, measure: Measure) -> LiftResult:
    arms = compared(people, measure, study.unit)
    effect, ratio = arms.effect, arms.log_ratio
    low, high = effect.interval(study.confidence)
    ratios = np.expm1([ratio.value, *ratio.interval(study.confidence)]) if ratio else [float("nan")] * 3
    addressed = float("nan") if measure.is_ratio else int((people["arm"] == "treated").sum())
    result = LiftResult(
        study=study,
        table=_table(study, people, arms, measure),
        text="",
        measured=measure,
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
    why = checks(result, arms)
    return replace(result, text=told(_sentence(result), *why[:2]), checks=why)  # the draw and its luck come first


def _table(study: Lift, people: pd.DataFrame, arms: Arms, measure: Measure) -> pd.DataFrame:
    sums = measure.on(people).groupby(people["arm"]).sum()
    plain = sums["above"] / sums["below"]
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


def _sentence(result: LiftResult) -> str:
    people, measure = result.people, result.measured
    values = {name: measure.amount(getattr(result, name)) for name in ("effect", "low", "high")}
    values |= {"noun": measure.noun, "n": int((people["arm"] == "treated").sum()), "after": _after(people)}
    noise = result.low <= 0 <= result.high
    values |= {"all": _in_all(result), "ratio": "" if noise else _ratio(result)}
    values["less"] = measure.amount(abs(result.effect))
    if measure.kind == "share":
        template = (
            "Within noise: {effect} in how many of the addressed {noun} ({low} – {high}){after}; {all}."
            if noise
            else "{effect} more of the addressed {noun} ({low} – {high}){after}: {ratio}{all}."
            if result.low > 0
            else "{less} fewer of the addressed {noun} ({effect}; {low} – {high}){after}: {ratio}{all}."
        )
    elif measure.is_ratio:
        template = (
            "Within noise: {effect} on {noun} of the addressed ({low} – {high}){after}."
            if noise
            else "{effect} on {noun} of the addressed ({low} – {high}){after}: {ratio}in orders of {n:count} customers."
        )
    else:
        template = (
            "Within noise: {effect} {noun} per addressed customer ({low} – {high}){after}; {all}."
            if noise
            else "Each addressed customer brought {effect} more {noun} ({low} – {high}){after}: {ratio}{all}."
            if result.low > 0
            else "Each addressed customer brought {less} less {noun} ({effect}; {low} – {high}){after}: {ratio}{all}."
        )
    return say(template, **values)


def _in_all(result: LiftResult) -> str:
    """The sum over all addressed; a share of them is a number of customers."""
    if result.measured.is_ratio:
        return ""
    told = {name: getattr(result, name) for name in ("total", "total_low", "total_high")}
    if result.measured.kind == "share":
        template = "{total:count} customers in all ({total_low:count} – {total_high:count})"
    else:
        told = {name: result.measured.amount(value) for name, value in told.items()}
        template = "{total} in all ({total_low} – {total_high})"
    if result.low <= 0 <= result.high:
        n = int((result.people["arm"] == "treated").sum())
        return say("for all {n:count} addressed that is {span}", n=n, span=say(template, **told))
    return say(template, **told)


def _ratio(result: LiftResult) -> str:
    """The ratio to control; there is none where an arm brought nothing."""
    if result.ratio != result.ratio:
        return ""
    template = "{ratio:percent} more ({span:percents}), " if result.low > 0 else "{ratio:percent} ({span:percents}), "
    return say(template, ratio=result.ratio, span=(result.ratio_low, result.ratio_high))


def _after(people: pd.DataFrame) -> str:
    """Which campaign and which days, where the table says so."""
    if not {"campaign", "days"} <= set(people):
        return ""
    return say(
        " in the {days:count} days since «{campaign}» began",
        days=people["days"].iloc[0],
        campaign=people["campaign"].iloc[0],
    )
