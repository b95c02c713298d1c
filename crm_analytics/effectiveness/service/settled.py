"""Are customers more satisfied whose case was settled at the first contact, and what is that worth?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.service.settled_checks import checks
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say

LEAST_ANSWERS = 20
RARE = 0.02
"""Reasons rarer than this are taken for one."""
YEAR = 365


@dataclass(frozen=True, kw_only=True)
class Settled(Study):
    """Are customers whose case was settled at the first contact more satisfied than others, and do they buy more?

    Hard cases are settled seldom and annoy whoever settles them, and good customers are treated well: so cases of the
    same reason, channel and quarter are compared, of customers who had bought as much before (a linear regression, with
    errors that know that one customer may have several cases). What it is worth is what a customer brings more in the
    half year after, times the cases of a year that were not settled at once. It is a comparison and no test. Asked by
    `FirstContactResult.satisfaction`.
    """

    confidence: float = 0.95

    reads = "settled_cases"
    columns = ("who", "month", "reason", "channel", "settled", "satisfaction", "lowest", "highest", "before", "after")
    least = 2 * LEAST_ANSWERS
    of = "cases"

    def _answer(self, frame: pd.DataFrame) -> Result:
        order = ["month", "who", "reason", "channel", "settled", "satisfaction", "before"]
        rows = frame.assign(month=pd.to_datetime(frame["month"])).sort_values(order, ignore_index=True)
        said = rows[rows["satisfaction"].notna()]
        several = int((said["settled"] == 0).sum())
        fewest = min(several, len(said) - several)
        if fewest < LEAST_ANSWERS:
            return self.refuse(say(
                "Not enough evidence: {one:count} {one:answer|answers} on satisfaction came after a case that was "
                "settled at the first contact, and {many:count} after one that took several; {least:count} of each "
                "would be enough. Ask for satisfaction after each case, and load the answers with the customer.",
                one=len(said) - several, many=several, least=LEAST_ANSWERS,
            ))  # fmt: skip
        return _compared(self, rows, said)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Settled at once less the others: with its interval, and plainly, as counted."""

    value: float
    low: float
    high: float
    plain: float


@dataclass(frozen=True, kw_only=True, eq=False)
class SettledResult(Result):
    """Two rows: `settled` (at once, or after several contacts), `cases`, `answers`, `satisfaction` (the mean on the
    scale, of cases of the same kinds) and `brought` (in the half year after; not known where sales are not).

    `satisfaction` is the difference on the scale from `lowest` to `highest`; `worth` what a customer brings more, None
    where that is not known; `yearly` how many cases of a year took several contacts.
    """

    satisfaction: Difference
    worth: Difference | None
    lowest: float
    highest: float
    yearly: float
    first: date
    until: date
    frame: pd.DataFrame = field(repr=False)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How much more satisfied they are: to be asked again in a year."""
        told = self.satisfaction
        return (Claim(
            subject=say("customers whose case was settled at the first contact"), measure="satisfaction gained",
            value=told.value, low=told.low, high=told.high, confidence=self.study.confidence, evidence="compared",
            first=self.first, last=self.until - timedelta(days=1), expires=self.until + timedelta(days=YEAR),
            decision=say("Let whoever takes a case first also settle it: those who are sent on are less satisfied.")
            if told.low > 0 else "",
            reversed_by=say("Cases that are settled at once, by lot, and leave customers no more satisfied."),
        ),)  # fmt: skip


def _compared(study: Settled, rows: pd.DataFrame, said: pd.DataFrame) -> SettledResult:
    from threadpoolctl import threadpool_limits

    scale = said[["lowest", "highest"]].astype(float)
    lowest, highest = (float(scale[name].mode().iloc[0]) for name in scale)
    steps = highest - lowest
    bought = rows[rows["after"].notna() & rows["before"].notna()]
    few = bought.empty or bought["settled"].value_counts().reindex([0, 1]).fillna(0).min() < LEAST_ANSWERS
    with threadpool_limits(limits=1):
        satisfaction = _difference(said, said["satisfaction"].to_numpy(float) * steps, study.confidence)
        worth = None if few else _difference(bought, bought["after"].to_numpy(float), study.confidence)
    until = pd.to_datetime(rows["until"] if "until" in rows else rows["month"] + pd.offsets.MonthEnd(0)).max()
    years = max((until - rows["month"].min()).days / YEAR, 1 / 12)
    middle = float(said["satisfaction"].mean()) * steps + lowest
    share = float(said["settled"].mean())
    means = [middle + (1 - share) * satisfaction.value, middle - share * satisfaction.value]
    brought = bought.groupby("settled")["after"].mean().reindex([1, 0]).to_numpy(float)
    table = pd.DataFrame({
        "settled": [say("at the first contact"), say("after several contacts")],
        "cases": [int((rows["settled"] == told).sum()) for told in (1, 0)],
        "answers": [int((said["settled"] == told).sum()) for told in (1, 0)],
        "satisfaction": means, "brought": brought,
    })  # fmt: skip
    result = SettledResult(
        study=study, table=table, text="", satisfaction=satisfaction, worth=worth, lowest=lowest, highest=highest,
        yearly=float((rows["settled"] == 0).sum()) / years, first=rows["month"].min().date(), until=until.date(),
        frame=rows,
    )  # fmt: skip
    return replace(result, text=_worded(result), checks=checks(result))


def _difference(rows: pd.DataFrame, y: np.ndarray, confidence: float) -> Difference:
    """How much more it is where the case was settled at once, like cases compared; errors clustered by customer."""
    from scipy.stats import t

    settled = rows["settled"].to_numpy(float)
    share = rows["reason"].map(rows["reason"].value_counts(normalize=True))
    kinds = [rows["reason"].where(share >= RARE, "other reasons"), rows["channel"], rows["month"].dt.to_period("Q")]
    blocks = [pd.get_dummies(kind.astype(str), drop_first=True, dtype=float).to_numpy() for kind in kinds]
    before = rows["before"].fillna(0).to_numpy(float)
    design = np.column_stack([np.ones(len(y)), settled, *blocks, before, np.log1p(np.maximum(before, 0))])
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ (design.T @ y)
    leverage = np.clip(np.einsum("ij,jk,ik->i", design, inverse, design), 0, 0.999)
    pull = (design @ inverse[1]) * (y - design @ beta) / np.sqrt(1 - leverage)
    who, _ = pd.factorize(rows["who"])
    error = float((np.bincount(who, pull) ** 2).sum()) ** 0.5
    free = max(min(int(settled.sum()), int((1 - settled).sum())) - 1, 1)
    reach = float(t.ppf(0.5 + confidence / 2, free)) * error
    plain = float(y[settled == 1].mean() - y[settled == 0].mean())
    return Difference(value=float(beta[1]), low=float(beta[1]) - reach, high=float(beta[1]) + reach, plain=plain)


def _worded(result: SettledResult) -> str:
    told, answers = result.satisfaction, result.table["answers"]
    values = {"value": told.value, "low": told.low, "high": told.high, "lowest": result.lowest}
    values |= {"highest": result.highest, "one": answers.iloc[0], "many": answers.iloc[1]}
    text = say(
        "{value:.2f} ({low:.2f} – {high:.2f}) on the scale from {lowest:count} to {highest:count} is how much more "
        "satisfied customers are whose case was settled at the first contact than others with like cases "
        "({one:count} and {many:count} answers)."
        if told.low > 0
        else "{value:.2f} ({low:.2f} – {high:.2f}) on the scale from {lowest:count} to {highest:count}: customers "
        "whose case was settled at the first contact are less satisfied than others with like cases ({one:count} and "
        "{many:count} answers)."
        if told.high < 0
        else "{value:.2f} ({low:.2f} – {high:.2f}) on the scale from {lowest:count} to {highest:count}: whether "
        "customers are more satisfied whose case was settled at the first contact cannot be told from {one:count} and "
        "{many:count} answers.",
        **values,
    )
    return text + " " + _of_worth(result)


def _of_worth(result: SettledResult) -> str:
    worth, yearly = result.worth, result.yearly
    if worth is None:
        return say("What they bring later is not known of enough cases.")
    return say(
        "Each brings {value:money} ({low:money} – {high:money}) more in the half year after it: {whole:money} "
        "({least:money} – {most:money}) for the {yearly:count} cases a year that take several contacts."
        if worth.low > 0
        else "In purchases of the half year after, no difference shows ({low:money} – {high:money} a case; "
        "{yearly:count} cases a year take several contacts).",
        value=worth.value, low=worth.low, high=worth.high, yearly=yearly, whole=yearly * worth.value,
        least=yearly * worth.low, most=yearly * worth.high,
    )  # fmt: skip
