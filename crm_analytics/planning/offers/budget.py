"""Where the next money should go: the split of a budget that brings most, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.planning.offers.budget_checks import checks
from crm_analytics.planning.offers.curves import Curves, best_split, by_part, learn_curves
from crm_analytics.planning.offers.kept_curves import curves_of, from_the_mix, kept_rows, side_by_side
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say

BEST, PRESENT, EQUAL = "put where it works best", "split as in the last year", "split equally"
LEAST_TESTS = 6
"""So many campaigns with a control group teach curves at least."""
_PARTS = {"channel": ["channel"], "region": ["region"], "channel and region": ["channel", "region"]}


@dataclass(frozen=True, kw_only=True)
class Budget(Study):
    """Where should the next money go?

    Campaigns that had a control group say what money brought; from them every part of the budget gets its own curve of
    diminishing returns, and the budget is put where one more unit of money brings the same everywhere. `budget`,
    `floors` and `caps` (money a year, by part) are in money; without a budget it is what was spent in the last year.
    `by` cuts the budget into parts; `how` names the scenario.
    """

    reads = "campaign_returns"
    columns = ("campaign_id", "channel", "region", "starts", "cost", "n_treated", "n_control",
               "mean_treated", "mean_control", "var_treated", "var_control")  # fmt: skip
    least = 2
    of = "campaigns with a control group, or channels of a mix that was kept"

    budget: float | None = None
    by: str = "channel"
    floors: Mapping[str, float] = field(default_factory=dict)
    caps: Mapping[str, float] = field(default_factory=dict)
    how: str = BEST
    seed: int = 1
    draws: int = 1000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.budget is not None and not 0 < self.budget < float("inf"):
            raise ValueError("budget must be above zero, in money; without one it is what was spent in the last year.")
        if self.by not in _PARTS:
            raise ValueError(f"by is one of {', '.join(_PARTS)}.")
        if not all(sum_ >= 0 for sums in (self.floors, self.caps) for sum_ in sums.values()):
            raise ValueError("floors and caps are money and cannot be negative.")
        if self.draws < 100:
            raise ValueError(f"draws is at least 100, not {self.draws!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.assign(starts=pd.to_datetime(frame.starts)).sort_values("campaign_id", ignore_index=True)
        judged = frame[_judged(frame)].reset_index(drop=True)
        known = kept_rows(frame)
        left_out = tuple(known["channel"][~known["told"].astype(bool)]) if len(known) else ()
        modelled = known[known["told"].astype(bool)].reset_index(drop=True) if len(known) else known
        if len(judged) < LEAST_TESTS and len(modelled) < 2:
            return self.refuse(
                say("Not enough evidence: of {all:count} campaigns only {n:count} have a cost and two groups that can "
                    "be compared; {least:count} would be enough.", all=len(frame), n=len(judged), least=LEAST_TESTS)
            )  # fmt: skip
        judged = judged if len(judged) >= LEAST_TESTS else judged.iloc[:0]
        parts, others = self._parts(judged), self._parts(modelled)
        if len({*parts, *others}) < 2:
            return self.refuse(
                say("Not enough evidence: all campaigns belong to one part, {part}; there is nothing to choose "
                    "between. Campaigns in another one would be enough.", part=[*parts, *others][0])
            )  # fmt: skip
        known_curves = [learn_curves(judged, parts=parts, draws=self.draws, seed=self.seed)] if len(judged) else []
        known_curves += self._modelled(modelled, others, parts)
        curves = side_by_side(*known_curves) if len(known_curves) == 2 else known_curves[0]
        if not (curves.a > 0).any():
            return self.refuse(
                say("Not enough evidence: in none of the {n:count} parts did campaigns bring more than the control "
                    "did, so no split can be called better. One campaign that works would be enough.",
                    n=len(curves.parts))
            )  # fmt: skip
        plan = _plan(self, curves, left_out)
        if "until" not in frame:
            return plan
        said = judged if len(judged) else modelled
        measure = "margin" if "measure" in said and (said["measure"] == "margin").all() else "revenue"
        return replace(plan, begins=pd.to_datetime(frame["until"]).max().date(), measure=measure)

    def _parts(self, rows: pd.DataFrame) -> pd.Series:
        """The part of the budget each row belongs to."""
        if rows.empty:
            return pd.Series([], dtype=object)
        return rows[_PARTS[self.by]].fillna("everywhere").astype(str).agg(" · ".join, axis=1)

    def _modelled(self, rows: pd.DataFrame, parts: pd.Series, tested: pd.Series) -> list[Curves]:
        """The curves of parts that no campaign tested; where several channels make one part, none can be handed on."""
        alone = ~parts.duplicated(keep=False) & ~parts.isin(tested)
        if not alone.any():
            return []
        return [curves_of(rows[alone], parts=parts[alone], draws=self.draws, seed=self.seed)]


@dataclass(frozen=True, kw_only=True, eq=False)
class BudgetResult(Result):
    """A plan: how much money each part gets and what that should bring, with an interval; it does not change.

    `table` has a row a part: now, spend, expected_return with low and high, marginal_return (what one more unit of
    money brings there), campaigns and most_seen (a year at its largest campaign). `gain` is the plan's return over that
    of the same money split as in the last year. All money.
    """

    study: Budget
    curves: Curves
    budget: float
    expected: tuple[float, float, float]
    gain: tuple[float, float, float]
    begins: date | None = None
    """The first day of the year that is planned, where the table told it."""
    measure: str = "revenue"
    """What campaigns brought: margin where all costs of goods were known, else revenue."""
    left_out: tuple[str, ...] = ()
    """Channels of a kept mix that it could not tell."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the plan brings in a year, and what it brings more than the split of the last year."""
        if self.begins is None:
            return ()
        return _claims(self)

    def but(
        self,
        *,
        budget: float | None = None,
        floors: Mapping[str, float] | None = None,
        caps: Mapping[str, float] | None = None,
        how: str | None = None,
    ) -> BudgetResult:
        """The plan with another budget, other floors or caps; the curves stay, so this takes milliseconds."""
        asked = {"budget": budget, "floors": floors, "caps": caps, "how": how}
        study = replace(self.study, **{knob: value for knob, value in asked.items() if value is not None})
        return replace(_plan(study, self.curves, self.left_out), begins=self.begins, measure=self.measure)

    def present_split(self) -> BudgetResult:
        """The same money, split as in the last year."""
        return self._fixed(self.curves.now / self.curves.now.sum(), PRESENT)

    def equal_split(self) -> BudgetResult:
        """The same money, the same for every part."""
        return self._fixed(np.full(len(self.curves.parts), 1 / len(self.curves.parts)), EQUAL)

    def _fixed(self, shares: np.ndarray, how: str) -> BudgetResult:
        sums = dict(zip(self.curves.parts, (self.budget * shares).tolist(), strict=True))
        return self.but(budget=self.budget, floors=sums, caps=sums, how=how)

    def for_profit(self, wanted: float) -> Result:
        """The plan with the smallest budget that should earn this much after its own cost; a refusal if none does."""
        floors, caps = _limits(self.study, self.curves)
        peak = np.clip(self.curves.a - self.curves.b, floors, caps)

        def profit(budget: float) -> float:
            split = best_split(self.curves.a, self.curves.b, budget, floors=floors, caps=caps)
            return float(self.curves.returns(split).sum()) - budget

        low, high = floors.sum(), peak.sum()
        if profit(high) < wanted:
            most = self.curves.drawn_returns(peak).sum(axis=1) - high
            ends = np.quantile(most, _ends(self.study))
            return self.study.refuse(
                say("Not enough evidence that {wanted:money} can be earned: the most is {most:money} "
                    "({low:money} – {high:money}), with a budget of {budget:money}; more money would bring back less "
                    "than itself.", wanted=wanted, most=profit(high), low=ends[0], high=ends[1], budget=high)
            )  # fmt: skip
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if profit(middle) >= wanted else (middle, high)
        return self.but(budget=max(high, 0.01))

    def against(self, *others: BudgetResult) -> ScenariosResult:
        """This plan and others side by side, with what this one brings more, from the same draws of the same curves."""
        if any(other.curves is not self.curves for other in others) or not others:
            raise ValueError("Compare plans made from one another by .but(…), so that they rest on the same curves.")
        mine = self._draws()
        rows = []
        for plan in (self, *others):
            ahead = np.quantile(mine - plan._draws(), _ends(self.study)) - 0.0
            rows.append((say(plan.study.how), plan.budget, *plan.expected, plan.expected[0] - plan.budget,
                         self.expected[0] - plan.expected[0], *ahead))  # fmt: skip
        table = pd.DataFrame(rows, columns=["scenario", "budget", "expected_return", "low", "high", "profit",
                                            "gain", "gain_low", "gain_high"])  # fmt: skip
        sentences = [
            say("{gain:money} ({low:money} – {high:money}) more than {other}", gain=row.gain, low=row.gain_low,
                high=row.gain_high, other=row.scenario)
            for row in table.iloc[1:].itertuples()
        ]  # fmt: skip
        text = say("{budget:money} {how} brings {sentences}.", budget=self.budget, how=say(self.study.how),
                   sentences=", ".join(sentences))  # fmt: skip
        return ScenariosResult(study=self.study, table=table, text=text, checks=self.checks, plans=(self, *others))

    def _draws(self) -> np.ndarray:
        return self.curves.drawn_returns(self.table.spend.to_numpy()).sum(axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScenariosResult(Result):
    """Plans side by side: scenario, budget, expected_return, low, high, profit; gain: what the first brings more."""

    plans: tuple[BudgetResult, ...]


def _judged(frame: pd.DataFrame) -> pd.Series:
    """The campaigns from which something can be learnt: they cost something and both groups vary."""
    numbers = frame[["cost", "mean_treated", "mean_control", "var_treated", "var_control"]].notna().all(axis=1)
    varied = frame.var_treated + frame.var_control > 0
    return numbers & varied & (frame.cost > 0) & (frame.n_treated > 1) & (frame.n_control > 1)


def _limits(study: Budget, curves: Curves) -> tuple[np.ndarray, np.ndarray]:
    return by_part(study.floors, curves.parts, 0.0), by_part(study.caps, curves.parts, np.inf)


def _ends(study: Budget) -> tuple[float, float]:
    return (1 - study.confidence) / 2, (1 + study.confidence) / 2


def _plan(study: Budget, curves: Curves, left_out: tuple[str, ...] = ()) -> BudgetResult:
    """The best split under the Study's budget, floors and caps; nothing is fitted here."""
    budget = float(curves.now.sum()) if study.budget is None else study.budget
    floors, caps = _limits(study, curves)
    spend = best_split(curves.a, curves.b, budget, floors=floors, caps=caps)
    present = budget * curves.now / curves.now.sum()
    drawn, drawn_present = curves.drawn_returns(spend), curves.drawn_returns(present)
    low, high = np.quantile(drawn, _ends(study), axis=0)
    expected = (float(curves.returns(spend).sum()), *_interval(drawn.sum(axis=1), study))
    more = float((curves.returns(spend) - curves.returns(present)).sum())
    gain = (more, *_interval((drawn - drawn_present).sum(axis=1), study))
    table = pd.DataFrame(
        {
            "part": curves.parts, "now": curves.now, "spend": spend, "expected_return": curves.returns(spend),
            "low": low, "high": high, "marginal_return": curves.marginal(spend), "campaigns": curves.campaigns,
            "most_seen": curves.most,
        }
    )  # fmt: skip
    free = (spend > floors) & (spend < caps)
    return BudgetResult(
        study=study, table=table, text=_sentence(study, budget, expected, gain), curves=curves, budget=budget,
        expected=expected, gain=gain, left_out=left_out,
        checks=(*checks(table, curves, gain=gain, free=free), *from_the_mix(curves, left_out)),
    )  # fmt: skip


def _sentence(
    study: Budget, budget: float, expected: tuple[float, float, float], gain: tuple[float, float, float]
) -> str:
    told = {"budget": budget, "how": say(study.how), "expected": expected[0], "low": expected[1], "high": expected[2]}
    if study.how == PRESENT:
        return say("{budget:money} {how} should bring {expected:money} ({low:money} – {high:money}).", **told)
    text = say(
        "{budget:money} {how} should bring {expected:money} ({low:money} – {high:money}), {gain:money} "
        "({gain_low:money} – {gain_high:money}) more than split as in the last year.",
        **told, gain=gain[0], gain_low=gain[1], gain_high=gain[2],
    )  # fmt: skip
    return text + " " + say("That is not enough evidence to prefer it.") if gain[1] <= 0 else text


def _claims(plan: BudgetResult) -> tuple[Claim, ...]:
    """Curves learned by tests hold until the next campaigns are tested; the plan is for a year."""
    moved = (plan.table.spend - plan.table.now * plan.budget / max(plan.table.now.sum(), 1e-9)).to_numpy()
    more, less = plan.table.part[int(moved.argmax())], plan.table.part[int(moved.argmin())]
    inside = bool((plan.table.spend <= 1.2 * plan.table.most_seen).all())
    about = {
        "measure": f"incremental {plan.measure}", "confidence": plan.study.confidence,
        "evidence": "tested" if inside and plan.curves.campaigns.all() else "modelled", "first": plan.begins,
        "last": plan.begins + timedelta(days=364), "expires": plan.begins + timedelta(days=365),
    }  # fmt: skip
    brings, gains = (
        dict(zip(("value", "low", "high"), three, strict=True)) for three in (plan.expected, plan.gain)
    )
    proven = plan.gain[1] > 0
    return (
        Claim(subject=say("a budget of {budget:money}, {how}", budget=plan.budget, how=say(plan.study.how)),
              **brings, **about),
        Claim(
            subject=say("a budget of {budget:money}, {how}, beyond the split of the last year", budget=plan.budget,
                        how=say(plan.study.how)),
            **gains, **about,
            decision=say("Move {money:money} a year from {less} to {more}, in steps that keep a control group.",
                         money=float(moved.max()), less=less, more=more) if proven else "",
            reversed_by=say("The next campaigns in {more} with a control group bring less than one in {less} for the "
                            "same money.", more=more, less=less),
        ),
    )  # fmt: skip


def _interval(drawn: np.ndarray, study: Budget) -> tuple[float, float]:
    low, high = np.quantile(drawn, _ends(study))
    return float(low), float(high)
