"""Did campaigns get in each other's way? The effect of one on customers whom another had addressed, and on others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, Estimate, compared
from crm_analytics.effectiveness.control.by_lot import both_by_lot, chosen
from crm_analytics.effectiveness.control.lift_claims import SEASON
from crm_analytics.effectiveness.control.measures import Measure, measure_of
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say


@dataclass(frozen=True, kw_only=True)
class Overlap(Study):
    """Does a campaign do more, or less, for customers whom another campaign had addressed as well?

    Where customers are in the arms of two campaigns and both drew by lot, the test has four cells (a factorial
    reading): the effect of the one on those addressed by the other, its effect on those whom the other left alone, and
    the difference. Looked at are the campaigns that began up to `weeks_before` weeks before `campaign`, or while its
    outcome was counted; without `campaign` it is the newest of which that can be asked. Intervals hold for all other
    campaigns together (Bonferroni), and Holm's procedure decides.
    """

    campaign: str | None = None
    measure: Literal["revenue", "orders", "margin", "buyers"] = "revenue"
    weeks_before: int = 26
    confidence: float = 0.95

    reads = "campaign_tests"
    columns = ("campaign_id", "customer_id", "arm", "starts", "days")
    least = 4 * LEAST_IN_AN_ARM
    of = "customers in the arms of campaigns"
    people = ("with_it", "without_it")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("revenue", "orders", "margin", "buyers"):
            raise ValueError(f"measure is revenue, orders, margin or buyers, not {self.measure!r}.")
        if self.weeks_before < 0:
            raise ValueError(f"weeks_before is {self.weeks_before}; give 0 or more weeks.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        measure = measure_of(self.measure, frame)
        rows = frame.assign(starts=pd.to_datetime(frame["starts"]))
        rows = rows.sort_values(["campaign_id", "customer_id"], ignore_index=True)
        if self.campaign is not None and self.campaign not in set(rows["campaign_id"]):
            known = ", ".join(sorted(set(rows["campaign_id"])))
            raise ValueError(f"There is no campaign {self.campaign!r} among those tested; there are {known}.")
        unlike = chosen(dict(list(rows.groupby("campaign_id", sort=True))))
        if self.campaign in unlike:
            return self.refuse(
                say(
                    "Not enough evidence: the arms of «{name}» were unlike before it began, so they were not drawn by "
                    "lot; ask of a campaign whose arms were.", name=self.campaign,
                )
            )  # fmt: skip
        named = rows["campaign"] if "campaign" in rows else rows["campaign_id"]
        left_out = sorted(set(named[rows["campaign_id"].isin(unlike)].astype(str)))
        rows = rows[~rows["campaign_id"].isin(unlike)]
        newest = rows.drop_duplicates("campaign_id").sort_values(["starts", "campaign_id"], ascending=False)
        for key in newest["campaign_id"] if self.campaign is None else [self.campaign]:
            mine = rows[rows["campaign_id"] == key]
            found = [self._beside(mine, other, measure) for other in self._others(rows, mine)]
            found = [one for one in found if one]
            if found:
                return _judged(self, mine, measure, pd.DataFrame(found), left_out)
        told = say(
            "Not enough evidence: no two campaigns within {weeks:count} weeks have {least:count} customers in each of "
            "the four cells that both lots make.", weeks=self.weeks_before, least=LEAST_IN_AN_ARM,
        )  # fmt: skip
        if left_out:
            told += " " + say(
                "Left out, for their arms were unlike before they began: «{names}».", names="», «".join(left_out)
            )
        return self.refuse(told)

    def _others(self, rows: pd.DataFrame, mine: pd.DataFrame) -> list[pd.DataFrame]:
        starts, days = mine["starts"].iloc[0], int(mine["days"].iloc[0])
        near = rows["starts"].between(starts - timedelta(weeks=self.weeks_before), starts + timedelta(days=days - 1))
        near &= rows["campaign_id"] != mine["campaign_id"].iloc[0]
        return [other for _, other in rows[near].groupby("campaign_id", sort=True)]

    def _beside(self, mine: pd.DataFrame, other: pd.DataFrame, measure: Measure) -> dict[str, object] | None:
        """The effect of one campaign where the other addressed, and where it left alone; None where it is not known."""
        both = mine.merge(other[["customer_id", "arm"]].rename(columns={"arm": "beside"}), on="customer_id")
        cells = pd.crosstab(both["beside"], both["arm"]).reindex(
            index=["treated", "control"], columns=["treated", "control"], fill_value=0
        )
        outcome = measure.on(both)["above"]
        if cells.to_numpy().min() < LEAST_IN_AN_ARM or outcome.isna().any():
            return None
        if (outcome.groupby(both["beside"]).nunique() == 1).any():
            return None
        with_it, without = (compared(both[both["beside"] == arm], measure).effect for arm in ("treated", "control"))
        named = other["campaign"] if "campaign" in other else other["campaign_id"]
        return {
            "campaign": str(named.iloc[0]), "began": other["starts"].iloc[0],
            "with_it": int(cells.loc["treated"].sum()), "without_it": int(cells.loc["control"].sum()),
            "effect_with": with_it.value, "effect_without": without.value,
            "estimate": Estimate(
                value=with_it.value - without.value, se=float(np.hypot(with_it.se, without.se)),
                freedom=min(with_it.freedom, without.freedom),
            ),
            "drawn_apart": _apart(cells),
        }  # fmt: skip


def _apart(cells: pd.DataFrame) -> float:
    """How often two lots that know nothing of each other would make such cells."""
    from scipy.stats import chi2_contingency

    return float(chi2_contingency(cells).pvalue)


@dataclass(frozen=True, kw_only=True, eq=False)
class OverlapResult(Result):
    """Another campaign a row: campaign, began, with_it and without_it (customers whom it addressed, or left alone),
    effect_with, effect_without (of the campaign asked about, on these), difference, low, high, p (Holm's),
    beyond_noise."""

    measured: Measure
    mine: pd.DataFrame

    @property
    def asked(self) -> str:
        """The campaign that is asked about."""
        return str((self.mine["campaign"] if "campaign" in self.mine else self.mine["campaign_id"]).iloc[0])

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Which other campaigns changed what this one does, a claim each; none where that is within noise."""
        first = self.mine["starts"].iloc[0].date()
        last = first + timedelta(days=int(self.mine["days"].iloc[0]) - 1)
        return tuple(
            Claim(
                subject=self.asked, measure=f"incremental {self.study.measure} a customer beside another campaign",
                value=float(row.difference), low=float(row.low), high=float(row.high), evidence="tested",
                confidence=self.study.confidence, first=first, last=last, expires=last + SEASON,
                scope=(("beside", row.campaign),),
                decision=say("Do not send «{one}» to those who get «{other}».", one=self.asked, other=row.campaign)
                if row.difference < 0
                else say("Send «{one}» to those who get «{other}», too.", one=self.asked, other=row.campaign),
                reversed_by=say("A test of both at once in which the effects simply add up."),
            )
            for row in self.table[self.table["beyond_noise"]].head(5).itertuples()
        )  # fmt: skip


def _judged(
    study: Overlap, mine: pd.DataFrame, measure: Measure, found: pd.DataFrame, left_out: list[str]
) -> OverlapResult:
    together = 1 - (1 - study.confidence) / len(found)
    found["difference"] = [e.value for e in found["estimate"]]
    found["low"], found["high"] = zip(*(e.interval(together) for e in found["estimate"]), strict=True)
    found["p"] = holm(np.array([e.p for e in found["estimate"]]))
    found["beyond_noise"] = found["p"] < 1 - study.confidence
    found = found.sort_values(["p", "began", "campaign"], ascending=[True, False, True], ignore_index=True)
    result = OverlapResult(
        study=study, text="", measured=measure, mine=mine, table=found.drop(columns=["estimate", "drawn_apart"])
    )
    return OverlapResult(**{**vars(result), "text": _sentence(result), "checks": _checks(found, left_out)})


def _sentence(result: OverlapResult) -> str:
    amount, row, n = result.measured.amount, result.table.iloc[0], int(result.table["beyond_noise"].sum())
    return say(
        "{difference} {noun} a customer ({low} – {high}) is what «{mine}» did more, or less, for those whom «{other}» "
        "addressed: {a} instead of {b}."
        if n
        else "Within noise: {difference} {noun} a customer ({low} – {high}) is what «{mine}» did more, or less, for "
        "those whom «{other}» addressed; of {all:count} other {all:campaign|campaigns} none changed what it does.",
        difference=amount(row.difference), low=amount(row.low), high=amount(row.high), noun=result.measured.noun,
        mine=result.asked, other=row.campaign, a=amount(row.effect_with), b=amount(row.effect_without),
        all=len(result.table),
    )  # fmt: skip


def _checks(found: pd.DataFrame, left_out: list[str]) -> tuple[Check, ...]:
    together = [row.campaign for row in found.itertuples() if row.drawn_apart < 0.001 / len(found)]
    return (
        Check(
            name=say("Drawn apart"),
            verdict="fails" if together else "holds",
            text=say(
                "Whom «{names}» addressed hangs together with whom this campaign did: the two lots knew of each other, "
                "and what one did cannot be told from the other.", names="», «".join(together),
            )
            if together
            else say("Each campaign drew its lot without regard to the others, so all four cells are comparable."),
        ),
        both_by_lot(left_out),
    )  # fmt: skip
