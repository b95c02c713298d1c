"""Which campaign was best, and is the best really better than the others?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, Arms, compared
from crm_analytics.effectiveness.control.by_lot import both_by_lot, chosen
from crm_analytics.effectiveness.control.groups import shrunk
from crm_analytics.effectiveness.control.lift_claims import SEASON
from crm_analytics.effectiveness.control.measures import Measure, measure_of
from crm_analytics.effectiveness.control.parts import looks
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.say import say


@dataclass(frozen=True, kw_only=True)
class BestCampaign(Study):
    """Which of several campaigns, or variants of one, changed most, and is it really better than each of the others?

    Each is compared with its own control (as in `Lift`). What effects have in common because customers, or a whole
    control group, are in several is taken from those customers. The intervals hold for all campaigns together (sup-t);
    that of the distance to the best other one tells which can still be the best (Hsu 1984, multiple comparisons with
    the best). What is to be expected of each is drawn towards all, since the largest of many is the luckiest, too.
    """

    measure: Literal["revenue", "orders", "margin", "buyers"] = "revenue"
    confidence: float = 0.95
    draws: int = 20_000
    seed: int = 1

    reads = "campaign_tests"
    columns = ("campaign_id", "customer_id", "arm")
    least = 2 * LEAST_IN_AN_ARM
    of = "customers in the arms of campaigns"
    people = ("treated", "control")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("revenue", "orders", "margin", "buyers"):
            raise ValueError(f"measure is revenue, orders, margin or buyers, not {self.measure!r}.")
        if self.draws < 1000:
            raise ValueError(f"draws is {self.draws}; take 1,000 or more, or the intervals are not to be trusted.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        measure = measure_of(self.measure, frame)
        rows = frame.sort_values(["campaign_id", "customer_id"], ignore_index=True)
        tests = {}
        for name, people in rows.groupby("campaign_id", sort=True):
            of_people, in_arm = measure.on(people)["above"], people["arm"].value_counts()
            enough = min(int(in_arm.get("treated", 0)), int(in_arm.get("control", 0))) >= LEAST_IN_AN_ARM
            if enough and of_people.notna().all() and of_people.nunique() > 1:
                tests[name] = (people, compared(people, measure))
        unlike = chosen({name: people for name, (people, _) in tests.items()})
        left_out = [_name(tests.pop(name)[0], name) for name in unlike]
        if len(tests) < 2:
            return self.refuse(
                say(
                    "Not enough evidence: {n:count} of {all:count} campaigns have {least:count} customers in each arm, "
                    "drawn by lot, and a known {measure}; a comparison takes two.",
                    n=len(tests), all=rows["campaign_id"].nunique(), least=LEAST_IN_AN_ARM, measure=self.measure,
                )
            )  # fmt: skip
        return _judged(self, tests, measure, left_out)


@dataclass(frozen=True, kw_only=True, eq=False)
class BestCampaignResult(Result):
    """A campaign a row, the largest effect first: campaign, treated, control, effect, low, high (for all together),
    expected (drawn towards all), ahead (of the best other one), ahead_low, ahead_high, may_be_best."""

    measured: Measure
    covariance: np.ndarray
    told: tuple[date, date] | None

    @property
    def settled(self) -> bool:
        """Whether the best is better than every other beyond noise."""
        return int(self.table["may_be_best"].sum()) == 1

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the best brought to a customer, and whether to give it the others' money."""
        if self.told is None or self.measured.kind == "share":
            return ()
        best, (first, last) = self.table.iloc[0], self.told
        decision = ""
        if self.settled and best.low > 0:
            decision = say("Prefer «{name}» to the other campaigns that were tested.", name=best.campaign)
        elif best.low > 0:
            others = self.table.loc[self.table["may_be_best"], "campaign"].iloc[1:4]
            decision = say(
                "Do not drop {others} in favour of «{name}» yet: test them side by side.",
                others=", ".join(f"«{one}»" for one in others), name=best.campaign,
            )  # fmt: skip
        return (
            Claim(
                subject=str(best.campaign), measure=f"incremental {self.study.measure} a customer",
                value=float(best.effect), low=float(best.low), high=float(best.high), evidence="tested",
                confidence=self.study.confidence, first=first, last=last, expires=last + SEASON, decision=decision,
                reversed_by=say("A test of both side by side in which the other brings more.") if decision else "",
            ),
        )  # fmt: skip


def _name(people: pd.DataFrame, key: str) -> str:
    return str(people["campaign"].iloc[0]) if "campaign" in people else str(key)


def _judged(
    study: BestCampaign, tests: dict[str, tuple[pd.DataFrame, Arms]], measure: Measure, left_out: list[str]
) -> BestCampaignResult:
    found = [arms.effect for _, arms in tests.values()]
    effects, errors = np.array([e.value for e in found]), np.array([e.se for e in found])
    covariance = _in_common(tests)
    reach = looks(covariance, study.confidence, draws=study.draws, seed=study.seed)
    table = pd.DataFrame({
        "campaign": [_name(people, key) for key, (people, _) in tests.items()],
        "treated": [int((people["arm"] == "treated").sum()) for people, _ in tests.values()],
        "control": [int((people["arm"] == "control").sum()) for people, _ in tests.values()],
        "effect": effects, "low": effects - reach * errors, "high": effects + reach * errors,
        "expected": shrunk(effects, errors),
    })  # fmt: skip
    ahead = [_ahead(k, effects, covariance, study) for k in range(len(effects))]
    table["ahead"], table["ahead_low"], table["ahead_high"] = zip(*ahead, strict=True)
    table["may_be_best"] = table["ahead_high"] > 0
    order = table.sort_values(["effect", "campaign"], ascending=[False, True]).index
    table, covariance = table.loc[order].reset_index(drop=True), covariance[np.ix_(order, order)]
    result = BestCampaignResult(
        study=study, table=table, text="", measured=measure, covariance=covariance, told=_told(tests)
    )
    why = (*_checks(result, tests), both_by_lot(left_out))
    return BestCampaignResult(**{**vars(result), "text": _sentence(result), "checks": why})


def _in_common(tests: dict[str, tuple[pd.DataFrame, Arms]]) -> np.ndarray:
    """The covariance of the effects: customers who are in several campaigns pull on all of them."""
    pulls = {key: pd.Series(arms.pull, index=people["customer_id"]) for key, (people, arms) in tests.items()}
    together = pd.DataFrame(pulls).fillna(0.0).to_numpy()
    covariance = together.T @ together
    errors = np.array([arms.effect.se for _, arms in tests.values()])
    return covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance))) * np.outer(errors, errors)


def _ahead(k: int, effects: np.ndarray, covariance: np.ndarray, study: BestCampaign) -> tuple[float, float, float]:
    """How far one is ahead of the best other, with the interval that may not exclude nothing needlessly (Hsu's)."""
    others = [j for j in range(len(effects)) if j != k]
    gaps = effects[k] - effects[others]
    apart = np.eye(len(effects))[k] - np.eye(len(effects))[others]
    spread = apart @ covariance @ apart.T
    reach = looks(spread, 2 * study.confidence - 1, draws=study.draws, seed=study.seed)  # one side each
    error = np.sqrt(np.diag(spread))
    low, high = float((gaps - reach * error).min()), float((gaps + reach * error).min())
    return float(gaps.min()), min(0.0, low), max(0.0, high)


def _told(tests: dict[str, tuple[pd.DataFrame, Arms]]) -> tuple[date, date] | None:
    frames = [people for people, _ in tests.values()]
    if not all({"starts", "days"} <= set(people) for people in frames):
        return None
    starts = [date.fromisoformat(str(people["starts"].iloc[0])[:10]) for people in frames]
    return min(starts), max(starts) + timedelta(days=int(frames[0]["days"].iloc[0]) - 1)


def _sentence(result: BestCampaignResult) -> str:
    amount, rows = result.measured.amount, result.table
    best, others = rows.iloc[0], int(rows["may_be_best"].sum()) - 1
    template = (
        "{effect} {noun} a customer ({low} – {high}) is the most of {n:count} campaigns, by «{best}»: better than "
        "every other beyond noise."
        if result.settled
        else "{effect} {noun} a customer ({low} – {high}) is the most of {n:count} campaigns, by «{best}», but "
        "{others:count} {others:other|others} may be as good; {expected} is to be expected of it, since the largest of "
        "many is also the luckiest."
    )
    return say(
        template, effect=amount(best.effect), low=amount(best.low), high=amount(best.high), n=len(rows),
        noun=result.measured.noun, best=best.campaign, others=others, expected=amount(best.expected),
    )  # fmt: skip


def _checks(result: BestCampaignResult, tests: dict[str, tuple[pd.DataFrame, Arms]]) -> tuple[Check, ...]:
    frames = [people for people, _ in tests.values()]
    same_days = len({str(people["starts"].iloc[0]) for people in frames}) == 1 if "starts" in frames[0] else False
    spread = np.sqrt(np.diag(result.covariance))
    alike = result.covariance / np.outer(spread, spread)
    best = result.table.iloc[0]
    shared = float(alike[~np.eye(len(alike), dtype=bool)].max())
    return (
        Check(
            name=say("The same days"),
            verdict="holds" if same_days else "weak",
            text=say("All campaigns began on the same day: seasons and prices are the same for all.")
            if same_days
            else say(
                "The campaigns ran at different times: part of what parts them may be the season. Only variants sent "
                "on the same day can be compared without that doubt."
            ),
        ),
        Check(
            name=say("Customers in common"),
            verdict="holds",
            text=say(
                "Effects that share customers move together (correlation up to {r:number}); this is taken into "
                "account.",
                r=shared,
            ),
        ),
        Check(
            name=say("The luckiest of many"),
            verdict="holds",
            text=say(
                "Of {n:count} effects the largest is flattered by {gap}: {expected} is to be expected of it.",
                n=len(result.table), gap=result.measured.amount(best.effect - best.expected),
                expected=result.measured.amount(best.expected),
            ),
        ),
    )  # fmt: skip
