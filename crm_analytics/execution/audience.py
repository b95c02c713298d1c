"""Whom a campaign addresses, and whom it leaves alone so that afterwards we know what it changed."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import NormalDist

import numpy as np
import pandas as pd

from crm_analytics.result import Check, NotEnough, Result, Study
from crm_analytics.say import say

ADDRESSED, LEFT_ALONE = "addressed", "left alone to compare"
NO_CONSENT, POLICY, NOT_WORTH, BUDGET = (
    "no consent",
    "touched often enough",
    "worth less than a contact",
    "beyond the budget",
)
FATES = (ADDRESSED, LEFT_ALONE, BUDGET, NOT_WORTH, POLICY, NO_CONSENT)
"""What can become of a customer; everybody has exactly one fate."""

LEAST_ARM = 30
"""In groups smaller than this a mean is hardly normal, and a comparison of two of them is guesswork."""


@dataclass(frozen=True, kw_only=True)
class Audience(Study):
    """Whom do we address, and whom do we leave alone?

    The most valuable customers whom the budget reaches are chosen, after consent and contact policy; a share of them,
    drawn by `seed`, is left alone as the control. `worth` is money, from any source: what they brought, or will bring.
    `budget` and `cost_per_contact` are money; a customer touched `max_contacts_30` times in 30 days is left in peace.
    """

    reads = "reachable"
    columns = ("customer_id", "worth", "consent", "contacts_30", "revenue_28")
    least = 2 * LEAST_ARM
    of = "customers"

    campaign: str = "next campaign"
    budget: float = 400.0
    cost_per_contact: float = 0.5
    control_share: float = 0.2
    max_contacts_30: int = 3
    seed: int = 1
    power: float = 0.8
    confidence: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.campaign.strip():
            raise ValueError("A campaign needs a name: it is how its audience is found again.")
        if not self.budget >= 0 or not self.cost_per_contact > 0 or math.isinf(self.budget):
            raise ValueError("budget must not be negative and cost_per_contact must be above zero, both in money.")
        if not 0.01 <= self.control_share <= 0.9:
            raise ValueError("control_share is a share between 0.01 and 0.9; without a control nothing can be judged.")
        if self.max_contacts_30 < 1:
            raise ValueError("max_contacts_30 must be at least 1; with less nobody could ever be addressed.")
        if not 0.5 <= self.power < 1:
            raise ValueError(f"power is a share from 0.5 to below 1, such as 0.8, not {self.power!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        people = self._fates(frame)
        treated, control = (int((people.fate == fate).sum()) for fate in (ADDRESSED, LEFT_ALONE))
        if min(treated, control) < LEAST_ARM:
            return self._too_few(people, treated, control)
        chosen = people[people.arm.notna()]
        spread = float(chosen.revenue_28.std())
        if not spread > 0:
            return self.refuse(
                say("Not enough evidence: none of the {n:count} chosen customers bought in the past four weeks, "
                    "so nobody can say how much spending varies.", n=len(chosen))
            )  # fmt: skip
        effect = smallest_effect(self, spread, treated, control)
        low, high = (effect * factor for factor in _spread_interval(chosen.revenue_28, self.confidence))
        result = AudienceResult(
            study=self, table=_by_fate(people, self.cost_per_contact), people=people, spread=spread,
            smallest_effect=effect, low=low, high=high,
            text=say("{treated:count} customers are addressed and {control:count} left alone; the smallest effect this "
                     "can show is {effect:cents} a customer ({low:cents}–{high:cents}) over four weeks.",
                     treated=treated, control=control, effect=effect, low=low, high=high),
        )  # fmt: skip
        return replace(result, checks=(_alike(chosen), _powerful(result), _peaceful(self, people), _complete(people)))

    def _fates(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Everybody with one fate and, if chosen, an arm; ordered by worth, whatever the order they came in."""
        frame["customer_id"] = frame.customer_id.astype(str)
        if frame.customer_id.duplicated().any():
            raise ValueError("A customer stands in the table twice; give one row a customer.")
        people = frame.sort_values(["worth", "customer_id"], ascending=[False, True], ignore_index=True)
        people["fate"] = np.select(
            [
                ~people.consent.fillna(False).astype(bool),
                people.contacts_30.fillna(0) >= self.max_contacts_30,
                ~(people.worth > self.cost_per_contact),
            ],
            [NO_CONSENT, POLICY, NOT_WORTH],
            default=BUDGET,
        )
        eligible = people.index[people.fate == BUDGET]
        chosen = eligible[: sum(self.sizes(len(eligible)))]
        control = self._control(people.customer_id[chosen])
        people.loc[chosen, "fate"] = np.where(control, LEFT_ALONE, ADDRESSED)
        people["arm"] = people.fate.map({ADDRESSED: "treated", LEFT_ALONE: "control"})
        return people

    def sizes(self, eligible: int) -> tuple[int, int]:
        """How many to address and how many to leave alone when `eligible` may be; only the addressed cost money."""
        affordable = int(Decimal(str(self.budget)) / Decimal(str(self.cost_per_contact)))
        chosen = min(eligible, int(affordable / (1 - self.control_share)) + 1)
        while chosen and chosen - round(chosen * self.control_share) > affordable:
            chosen -= 1
        control = round(chosen * self.control_share)
        return chosen - control, control

    def _control(self, customer_ids: pd.Series) -> np.ndarray:
        """Which of the chosen, given in order of worth, are left alone: a flag for each.

        The order is cut into strata of neighbours in worth, so that the arms are alike; within a stratum a hash of
        seed, campaign and customer decides. So the draw depends on nothing but these, and campaigns draw independently.
        """
        rarer = min(self.control_share, 1 - self.control_share)
        stratum = np.arange(len(customer_ids)) // max(2, round(10 / rarer))
        lots = [_lot(f"{self.seed}\0{self.campaign}\0{customer}") for customer in customer_ids]
        drawn = np.lexsort((lots, stratum))
        places = np.arange(1, len(drawn) + 1)
        ends = np.searchsorted(stratum, stratum, side="right")
        starts = np.searchsorted(stratum, stratum, side="left")
        quota = np.round(ends * self.control_share) - np.round(starts * self.control_share)
        control = np.zeros(len(drawn), dtype=bool)
        control[drawn] = places - starts <= quota
        return control

    def _too_few(self, people: pd.DataFrame, treated: int, control: int) -> NotEnough:
        needed = math.ceil(LEAST_ARM / min(self.control_share, 1 - self.control_share)) + 1
        contacts = needed - round(needed * self.control_share)
        eligible = int(people.fate.isin([ADDRESSED, LEFT_ALONE, BUDGET]).sum())
        if eligible < needed:
            return self.refuse(
                say("Not enough evidence: {eligible:count} customers may be addressed and are worth it; to compare two "
                    "groups takes at least {needed:count}. Look at consent, contact policy and cost of a contact.",
                    eligible=eligible, needed=needed),
                _complete(people),
            )  # fmt: skip
        return self.refuse(
            say("Not enough evidence: {budget:money} addresses {treated:count} customers and leaves {control:count} "
                "alone, too few to learn from; {enough:money} for {contacts:count} contacts would be enough.",
                budget=self.budget, treated=treated, control=control,
                enough=math.ceil(contacts * self.cost_per_contact), contacts=contacts),
            _complete(people),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class AudienceResult(Result):
    """Who is addressed, who is left alone, who is left out and why.

    `table` has a row a fate; `people` a row a customer. `smallest_effect` (money a customer over four weeks) is what
    the comparison shows with the Study's power, with its interval `low` to `high`: `spread`, the standard deviation of
    four weeks' spending, is itself estimated.
    """

    study: Audience
    people: pd.DataFrame
    spread: float
    smallest_effect: float
    low: float
    high: float

    @property
    def arms(self) -> pd.DataFrame:
        """customer_id and arm (`treated` or `control`) of everybody chosen, ordered by customer_id."""
        chosen = self.people.loc[self.people.arm.notna(), ["customer_id", "arm"]]
        return chosen.sort_values("customer_id", ignore_index=True)

    def by_control_share(self) -> pd.DataFrame:
        """What other control shares could show: control_share, treated, control, smallest_effect (money a customer)."""
        eligible = int(self.people.fate.isin([ADDRESSED, LEFT_ALONE, BUDGET]).sum())
        rows = []
        for share in np.arange(1, 51) / 100:
            study = replace(self.study, control_share=float(share))
            treated, control = study.sizes(eligible)
            if min(treated, control) >= LEAST_ARM:
                rows.append((float(share), treated, control, smallest_effect(study, self.spread, treated, control)))
        return pd.DataFrame(rows, columns=["control_share", "treated", "control", "smallest_effect"])

    def to_show(self, effect: float) -> Result:
        """The audience with the smallest control share that shows an effect of this much money a customer."""
        if not effect > 0:
            raise ValueError("effect must be above zero, in money a customer over four weeks.")
        shares = self.by_control_share()
        if shares.empty or shares.smallest_effect.min() > effect:
            best = min(shares.smallest_effect, default=self.smallest_effect)
            return self.study.refuse(
                say("Not enough evidence: no control share shows {effect:cents} a customer; the least that can be "
                    "shown is {best:cents}. {times:number} times as many customers would be enough.",
                    effect=effect, best=best, times=(best / effect) ** 2)
            )  # fmt: skip
        share = shares[shares.smallest_effect <= effect].control_share.iloc[0]
        return replace(self.study, control_share=float(share)).fit(self.people.drop(columns=["fate", "arm"]))


def smallest_effect(study: Audience, spread: float, treated: int, control: int) -> float:
    """The smallest difference in mean spending a two-sided test shows with the Study's power, in money a customer.

    (z₁₋α⁄₂ + z_power) · s · √(1/n_treated + 1/n_control), the minimum detectable effect of Bloom (1995), Evaluation
    Review 19(5). A test that takes earlier spending into account shows somewhat less, so this is on the safe side.
    """
    normal = NormalDist()
    z = normal.inv_cdf((1 + study.confidence) / 2) + normal.inv_cdf(study.power)
    return z * spread * math.sqrt(1 / treated + 1 / control)


def _spread_interval(spending: pd.Series, confidence: float) -> tuple[float, float]:
    """How far off the standard deviation may be, as factors; from its fourth moment, since spending is skewed."""
    n, deviation = len(spending), spending - spending.mean()
    variance = float((deviation**2).mean())
    error = math.sqrt(max(float((deviation**4).mean()) - variance**2, 0) / n) / (2 * variance)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return math.exp(-half), math.exp(half)


def _lot(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest())


def _by_fate(people: pd.DataFrame, cost_per_contact: float) -> pd.DataFrame:
    table = people.groupby("fate").agg(customers=("customer_id", "size"), worth=("worth", "sum"))
    table = table.reindex([fate for fate in FATES if fate in table.index]).rename_axis("fate").reset_index()
    table["worth_per_customer"] = table.worth / table.customers
    table["cost"] = np.where(table.fate == ADDRESSED, table.customers * cost_per_contact, 0.0)
    return table


def _alike(chosen: pd.DataFrame) -> Check:
    treated, control = chosen[chosen.arm == "treated"], chosen[chosen.arm == "control"]
    columns = {"worth": "worth", "revenue_28": "spending in the past four weeks", "orders_365": "purchases in a year"}
    gaps = {}
    for column, words in columns.items():
        if column in chosen and chosen[column].std() > 0:
            pooled = math.sqrt((treated[column].var() + control[column].var()) / 2)
            gaps[words] = float(treated[column].mean() - control[column].mean()) / pooled if pooled else 0.0
    words, gap = max(gaps.items(), key=lambda item: abs(item[1]))
    return Check(
        name=say("Like with like"),
        verdict="holds" if abs(gap) <= 0.1 else "weak" if abs(gap) <= 0.25 else "fails",
        text=say("The two groups differ most in {words}: by {gap:number} standard deviations; up to 0.1 is negligible.",
                 words=say(words), gap=abs(gap)),
    )  # fmt: skip


def _powerful(result: AudienceResult) -> Check:
    usual = float(result.people.loc[result.people.arm.notna(), "revenue_28"].mean())
    part = result.smallest_effect / usual
    best = result.by_control_share().sort_values("smallest_effect").iloc[0]
    return Check(
        name=say("Fine enough"),
        verdict="holds" if part <= 0.2 else "weak" if part <= 1 else "fails",
        text=say("The smallest effect is {part:percent} of what such a customer spends in four weeks ({usual:cents}); "
                 "the finest comparison, {share:percent} left alone, would show {best:cents}.",
                 part=part, usual=usual, share=best.control_share, best=best.smallest_effect),
    )  # fmt: skip


def _peaceful(study: Audience, people: pd.DataFrame) -> Check:
    unknown = int(people.contacts_30.isna().sum())
    if unknown:
        return Check(
            name=say("Contact policy"),
            verdict="weak",
            text=say("Of {n:count} customers it is not known how often they were touched; they count as untouched.",
                     n=unknown),
        )  # fmt: skip
    return Check(
        name=say("Contact policy"),
        verdict="holds",
        text=say("{n:count} customers were touched {times:count} times or more in 30 days and are left in peace.",
                 n=int((people.fate == POLICY).sum()), times=study.max_contacts_30),
    )  # fmt: skip


def _complete(people: pd.DataFrame) -> Check:
    counts = people.fate.value_counts()
    parts = " + ".join(say("{n:count} {fate}", n=counts[f], fate=say(f)) for f in FATES if f in counts)
    return Check(
        name=say("Everybody is accounted for"),
        verdict="holds" if counts.sum() == len(people) else "fails",
        text=say("{total:count} customers = {parts}.", total=len(people), parts=parts),
    )
