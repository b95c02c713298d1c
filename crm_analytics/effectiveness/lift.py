"""Did it work? The addressed against those left alone by lot."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

LEAST_IN_AN_ARM = 20
POWER = 0.8
BORROWED = 100
"""An arm's spread is its own and that of so many customers of both arms: a small arm that happens to lack the few big
spenders would else look sure of a mean that is too low."""


@dataclass(frozen=True, kw_only=True)
class Lift(Study):
    """How much more does an addressed customer bring than one who was left alone by lot?

    The difference of the arms' means, after what the customers did before (`before_…`) has been taken out by a
    regression in each arm (Lin 2013, of which CUPED is a case), so that chance differences from before do not count and
    the interval narrows; without such columns the plain difference (Welch). Errors are robust (HC2), with Satterthwaite's
    degrees of freedom; a small arm borrows some of its spread from both. `expected_share` is the share that was to be addressed; None: not known.
    """

    measure: Literal["revenue", "orders", "margin"] = "revenue"
    expected_share: float | None = None
    confidence: float = 0.95

    reads = "campaign_outcomes"
    columns = ("customer_id", "arm")
    least = 2 * LEAST_IN_AN_ARM
    of = "customers in the arms"

    def __post_init__(self) -> None:
        if self.measure not in ("revenue", "orders", "margin"):
            raise ValueError(f"measure is revenue, orders or margin, not {self.measure!r}.")
        if not 0.5 <= self.confidence < 1:
            raise ValueError(f"confidence is a share from 0.5 to below 1, such as 0.95, not {self.confidence!r}.")
        if self.expected_share is not None and not 0 < self.expected_share < 1:
            raise ValueError(f"expected_share is a share between 0 and 1, such as 0.9, not {self.expected_share!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
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
                    "Not enough evidence: {treated:count} addressed and {control:count} left alone; each arm needs at least "
                    "{least:count} customers.",
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

    def by(self, column: str) -> LiftBySegment:
        """The effect in each group of customers; intervals hold for all groups together (Bonferroni), and Holm's
        procedure decides which effects are beyond noise. Raises ValueError when there is no such column."""
        if column not in self.people:
            raise ValueError(f"There is no column {column!r} to split by; there are {', '.join(self.people.columns)}.")
        return _split(self, column)


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftBySegment(Result):
    """The effect in each group: segment, treated, control, effect, low, high, p (Holm's), beyond_noise."""

    column: str
    overall: float
    differ_p: float
    """How often groups would differ this much by chance if the effect were the same in all (Cochran's Q)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Estimate:
    """A number, its standard error and degrees of freedom, and how far it moves when the heaviest customer is left out."""

    value: float
    se: float
    freedom: float
    heaviest: float = 0.0

    def interval(self, confidence: float) -> tuple[float, float]:
        from scipy.stats import t

        reach = float(t.ppf((1 + confidence) / 2, self.freedom)) * self.se
        return self.value - reach, self.value + reach

    @property
    def p(self) -> float:
        """How often chance alone would give as much, in either direction."""
        from scipy.stats import t

        return float(2 * t.sf(abs(self.value) / self.se, self.freedom))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Arms:
    """What the average customer of the test brings in each arm, the difference, and the logarithm of the ratio."""

    treated: _Estimate
    control: _Estimate
    tilt: np.ndarray
    """How far each customer, by moving the average customer, moves each arm's number: customers × (treated, control)."""

    @property
    def effect(self) -> _Estimate:
        return self._compared(1.0, 1.0, self.treated.value - self.control.value)

    @property
    def log_ratio(self) -> _Estimate | None:
        one, none = self.treated.value, self.control.value
        if min(one, none) <= 0:
            return None
        return self._compared(1 / one, 1 / none, float(np.log(one / none)))

    def _compared(self, a: float, b: float, value: float) -> _Estimate:
        one, none = (a * self.treated.se) ** 2, (b * self.control.se) ** 2
        shared = float(((a * self.tilt[:, 0] - b * self.tilt[:, 1]) ** 2).sum())
        return _Estimate(
            value=value,
            se=(one + none + shared) ** 0.5,
            freedom=(one + none) ** 2 / (one**2 / self.treated.freedom + none**2 / self.control.freedom),
            heaviest=max(a * self.treated.heaviest, b * self.control.heaviest),
        )


def _arms(people: pd.DataFrame, measure: str) -> _Arms:
    before = people.filter(regex="^before_").astype(float).fillna(0)
    before = before.loc[:, before.std() > 0]
    x = ((before - before.mean()) / before.std()).to_numpy()
    y = people[f"outcome_{measure}"].to_numpy(float)
    treated = (people["arm"] == "treated").to_numpy()
    sizes = np.array([treated.sum(), (~treated).sum()])
    (mean_1, slope_1, own_1, heavy_1), (mean_0, slope_0, own_0, heavy_0) = (
        _at_the_average(y[arm], x[arm]) for arm in (treated, ~treated)
    )
    spread = sizes * [own_1, own_0]  # variance of one customer
    both = (sizes * spread).sum() / sizes.sum()
    se_1, se_0 = np.sqrt((sizes * spread + BORROWED * both) / (sizes + BORROWED) / sizes)
    return _Arms(
        treated=_Estimate(value=mean_1, se=float(se_1), freedom=sizes[0] - 1, heaviest=heavy_1),
        control=_Estimate(value=mean_0, se=float(se_0), freedom=sizes[1] - 1, heaviest=heavy_0),
        tilt=np.c_[x @ slope_1, x @ slope_0] / len(y),
    )


def _at_the_average(y: np.ndarray, x: np.ndarray) -> tuple[float, np.ndarray, float, float]:
    """A regression of y on x, centred over both arms: the mean at the average customer, the slopes, the mean's HC2
    variance, and how far the mean moves at most when one customer is left out."""
    design = np.c_[np.ones(len(y)), x]
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ (design.T @ y)
    leverage = np.clip(np.einsum("ij,jk,ik->i", design, inverse, design), 0, 0.999)
    pull = design @ inverse[0] * (y - design @ beta)
    variance = float((pull**2 / (1 - leverage)).sum())
    return float(beta[0]), beta[1:], variance, float(np.abs(pull / (1 - leverage)).max())


def _answered(study: Lift, people: pd.DataFrame) -> LiftResult:
    arms = _arms(people, study.measure)
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
        smallest=(_quantile((1 + study.confidence) / 2) + _quantile(POWER)) * effect.se,
    )
    checks = (
        _shares(study, people),
        _balance(people),
        _power(result, arms),
        _weight(result, effect),
        _tails(study, people),
    )
    return replace(result, text=_worded(result), checks=checks)


def _table(study: Lift, people: pd.DataFrame, arms: _Arms) -> pd.DataFrame:
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
        name: _amount(study, getattr(result, name))
        for name in ("effect", "low", "high", "total", "total_low", "total_high")
    }
    values |= {"noun": noun, "n": int((people["arm"] == "treated").sum()), "after": _after(people)}
    if result.low <= 0 <= result.high:
        return say(
            "Within noise: {effect} {noun} per addressed customer ({low} to {high}){after}; for all {n:count} addressed "
            "that is {total_low} to {total_high}.",
            **values,
        )
    ratio = (
        say("")
        if result.ratio != result.ratio
        else say(
            "{ratio:percent} ({low:percent} to {high:percent}), ",
            ratio=result.ratio,
            low=result.ratio_low,
            high=result.ratio_high,
        )
    )
    template = (
        "Each addressed customer brought {effect} more {noun} ({low} to {high}){after}: {ratio}{total} in all "
        "({total_low} to {total_high})."
        if result.low > 0
        else "Each addressed customer brought {less} less {noun} ({effect}; {low} to {high}){after}: {ratio}{total} in all "
        "({total_low} to {total_high})."
    )
    return say(template, ratio=ratio, less=_amount(study, abs(result.effect)), **values)


def _after(people: pd.DataFrame) -> str:
    """Which campaign and which days, where the table says so."""
    if not {"campaign", "days"} <= set(people):
        return ""
    return say(
        " in the {days:count} days since «{campaign}» began",
        days=people["days"].iloc[0],
        campaign=people["campaign"].iloc[0],
    )


def _shares(study: Lift, people: pd.DataFrame) -> Check:
    """A draw that went wrong shows in the sizes of the arms, before any result does."""
    from scipy.stats import chi2_contingency, chisquare

    name = say("Sizes of the arms")
    treated = people["arm"] == "treated"
    n, share = len(people), float(treated.mean())
    if study.expected_share is not None:
        expected = n * np.array([study.expected_share, 1 - study.expected_share])
        p = chisquare([treated.sum(), n - treated.sum()], expected).pvalue
        said = say(
            "{share:percent} were addressed where {expected:percent} were to be.",
            share=share,
            expected=study.expected_share,
        )
    else:
        groups = people.filter(items=["region", "kind"]).fillna("unknown").astype(str).agg("/".join, axis=1)
        counts = pd.crosstab(groups, treated) if groups.size else pd.DataFrame()
        counts = counts[counts.sum(axis=1) >= 20] if len(counts) else counts
        if len(counts) < 2:
            return Check(
                name=name,
                verdict="weak",
                text=say(
                    "{share:percent} were addressed; which share was planned is not on record, so a faulty draw could "
                    "go unnoticed (give expected_share).",
                    share=share,
                ),
            )
        p = chi2_contingency(counts).pvalue
        said = say(
            "{share:percent} were addressed, as a fair lot would have it in each of {groups:count} groups of customers."
            if p >= 0.001
            else "{share:percent} were addressed, but not the same share in every group of customers.",
            share=share,
            groups=len(counts),
        )
    if p < 0.001:
        said += " " + say(
            "A fair lot does this less than once in a thousand times: find the fault before you believe the effect."
        )
    return Check(name=name, verdict="holds" if p >= 0.001 else "fails", text=said)


def _balance(people: pd.DataFrame) -> Check:
    from scipy.stats import ttest_ind

    name = say("Alike before")
    treated = people["arm"] == "treated"
    before = people.filter(regex="^before_").astype(float).fillna(0)
    before = before.loc[:, before.std() > 0]
    if before.empty:
        return Check(
            name=name,
            verdict="weak",
            text=say("What customers did before is not known, so the plain difference is used, and it is less sharp."),
        )
    p = {c: ttest_ind(before.loc[treated, c], before.loc[~treated, c], equal_var=False).pvalue for c in before}
    worst = min(p, key=p.get)
    gap = float((before.loc[treated, worst].mean() - before.loc[~treated, worst].mean()) / before[worst].std())
    verdict = "holds" if p[worst] > 0.01 else "weak" if p[worst] > 0.001 else "fails"
    return Check(
        name=name,
        verdict=verdict,
        text=say(
            "Before the campaign the arms differed by {gap:number} standard deviations at most ({column}); this is taken out.",
            gap=abs(gap),
            column=worst.removeprefix("before_"),
        ),
    )


def _power(result: LiftResult, arms: _Arms) -> Check:
    share = result.smallest / arms.control.value if arms.control.value > 0 else float("nan")
    shown = result.low > 0 or result.high < 0
    return Check(
        name=say("What it could show"),
        verdict="holds" if shown or share < 0.1 else "weak",
        text=say(
            "A test of this size shows a true effect of {smallest} a customer ({share:percent} of control) four times out "
            "of five; smaller ones mostly escape it.",
            smallest=_amount(result.study, result.smallest),
            share=share,
        ),
    )


def _weight(result: LiftResult, effect: _Estimate) -> Check:
    shown = result.low > 0 or result.high < 0
    nearer_zero = min(abs(result.low), abs(result.high))
    turns = shown and effect.heaviest > nearer_zero
    verdict = "fails" if shown and effect.heaviest > abs(effect.value) else "weak" if turns else "holds"
    return Check(
        name=say("One customer's weight"),
        verdict=verdict,
        text=say(
            "Leaving out the heaviest customer moves the effect by {move} at most.",
            move=_amount(result.study, effect.heaviest),
        )
        if verdict == "holds"
        else say(
            "The answer hangs on one customer: without the heaviest the effect moves by {move}.",
            move=_amount(result.study, effect.heaviest),
        ),
    )


def _tails(study: Lift, people: pd.DataFrame) -> Check:
    """A sum of very unequal amounts is not yet normal: its interval may then promise too much."""
    outcome = people.groupby("arm")[f"outcome_{study.measure}"]
    worst = max(abs(float(y.skew())) / len(y) ** 0.5 for _, y in outcome)
    return Check(
        name=say("Unequal customers"),
        verdict="holds" if worst < 0.5 else "weak",
        text=say("The arms are large enough, for how unequally customers buy, to trust the interval.")
        if worst < 0.5
        else say("A few customers bring most of it and an arm is small; take the interval as somewhat too narrow."),
    )


def _split(result: LiftResult, column: str) -> LiftBySegment:
    from scipy.stats import chi2

    study, people = result.study, result.people
    groups = people.assign(segment=people[column].fillna("unknown").astype(str)).groupby("segment", sort=True)
    rows, small = [], 0
    for segment, members in groups:
        treated = int((members["arm"] == "treated").sum())
        if min(treated, len(members) - treated) < LEAST_IN_AN_ARM or members[f"outcome_{study.measure}"].nunique() == 1:
            small += len(members)
            continue
        rows.append(
            {
                "segment": segment,
                "treated": treated,
                "control": len(members) - treated,
                "estimate": _arms(members, study.measure).effect,
            }
        )
    if not rows:
        return study.refuse(
            say(
                "Not enough evidence: no group of {column} has {least:count} customers in each arm.",
                column=column,
                least=LEAST_IN_AN_ARM,
            )
        )
    table = pd.DataFrame(rows)
    together = 1 - (1 - study.confidence) / len(table)
    table["effect"] = [e.value for e in table["estimate"]]
    table["low"], table["high"] = zip(*(e.interval(together) for e in table["estimate"]), strict=True)
    table["p"] = _holm(np.array([e.p for e in table["estimate"]]))
    table["beyond_noise"] = table["p"] < 1 - study.confidence
    weights = np.array([e.se**-2 for e in table["estimate"]])
    unequal = float((weights * (table["effect"] - np.average(table["effect"], weights=weights)) ** 2).sum())
    differ = float(chi2.sf(unequal, len(table) - 1)) if len(table) > 1 else 1.0
    table = table.sort_values("effect", ascending=False, ignore_index=True)
    table = table[["segment", "treated", "control", "effect", "low", "high", "p", "beyond_noise"]]
    best, found = table.iloc[0], int(table["beyond_noise"].sum())
    return LiftBySegment(
        study=study,
        table=table,
        column=column,
        overall=result.effect,
        differ_p=differ,
        text=say(
            "{found:count} of {n:count} groups by {column} show an effect beyond noise; the largest is {effect} a customer "
            "({low} to {high}) in {segment}.",
            found=found,
            n=len(table),
            column=column,
            effect=_amount(study, best.effect),
            low=_amount(study, best.low),
            high=_amount(study, best.high),
            segment=best.segment,
        ),
        checks=(
            Check(
                name=say("Do the groups differ?"),
                verdict="holds" if differ < 0.05 else "weak",
                text=say(
                    "The effect differs between groups by more than chance (p = {p:.3f})."
                    if differ < 0.05
                    else "Groups differ no more than chance makes them (p = {p:.3f}): read the overall effect, not the ranking.",
                    p=differ,
                ),
            ),
            Check(
                name=say("Many groups asked"),
                verdict="holds",
                text=say(
                    "{n:count} groups were asked, so intervals hold for all of them together (Bonferroni) and Holm's procedure "
                    "decides.",
                    n=len(table),
                ),
            ),
            *(
                [
                    Check(
                        name=say("Too small to ask"),
                        verdict="weak",
                        text=say(
                            "{n:count} customers are in groups with fewer than {least:count} in an arm and are left out.",
                            n=small,
                            least=LEAST_IN_AN_ARM,
                        ),
                    )
                ]
                if small
                else []
            ),
        ),
    )


def _holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down: p-values under which the chance of one false alarm among all stays what it says."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def _quantile(share: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(share))


def _amount(study: Lift, value: float) -> str:
    return say("{value:number}", value=value) if study.measure == "orders" else say("{value:money}", value=value)
