"""Do clusters answer differently? How often something holds in each of them, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.result import Check, Result
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.clusters.clusters import ClustersResult

_FEW = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class ClusterResponse(Result):
    """The share in each cluster: `cluster`, `name`, `customers` (asked about), `with_it`, `rate`, `low`, `high`."""

    column: str
    overall: float


def response(answer: ClustersResult, column: str, *, among: str | None) -> Result:
    """The share of each cluster's customers with more than nothing of a column."""
    people = answer.people
    for name in (column, among):
        if name is not None and (name not in people.columns or not pd.api.types.is_numeric_dtype(people[name])):
            numbers = ", ".join(people.select_dtypes("number").columns)
            raise ValueError(f"There is no number {name!r} of the customers; there are {numbers}.")
    asked = people[column].notna() & (True if among is None else people[among].fillna(0) > 0)
    if not asked.any():
        return answer.study.refuse(say("Not enough evidence: {column} is known of no customer asked about.",
                                       column=_plain(column)))  # fmt: skip
    rows = pd.DataFrame({"cluster": answer.members.cluster[asked], "has": people[column][asked] > 0})
    counts = rows.groupby("cluster").has.agg(["size", "sum"]).reindex(answer.table.cluster, fill_value=0)
    customers, having = counts["size"].to_numpy(), counts["sum"].to_numpy()
    of = np.where(customers > 0, customers, np.nan)
    rate, (low, high) = having / of, share_interval(having, of)
    table = answer.table[["cluster", "name"]].assign(customers=customers, with_it=having, rate=rate, low=low, high=high)
    overall = float(having.sum() / customers.sum())
    top, last = int(np.nanargmax(rate)), int(np.nanargmin(rate))
    text = say(
        "{rate:percent} ({span:percents}) have {column} in “{name}”, {least:percent} ({least_span:percents}) in "
        "“{other}”; {overall:percent} of all.", rate=rate[top], span=(low[top], high[top]), column=_plain(column),
        name=table.name[top], least=rate[last], least_span=(low[last], high[last]), other=table.name[last],
        overall=overall,
    )  # fmt: skip
    return ClusterResponse(
        study=answer.study, table=table, text=text, checks=_checks(having, customers), column=column, overall=overall
    )


def _checks(having: np.ndarray, of: np.ndarray) -> tuple[Check, ...]:
    from scipy.stats import chi2_contingency

    counted = np.array([having, of - having])[:, of > 0]
    checks = []
    if counted.shape[1] > 1 and (counted.sum(axis=1) > 0).all():
        chance = float(chi2_contingency(counted).pvalue)
        template = (
            "Were all clusters alike, differences this large would come by chance in {chance:percent} of cases."
            if chance >= 0.0001 else "Were all clusters alike, differences this large would hardly ever come by chance."
        )  # fmt: skip
        verdict = "holds" if chance < 0.05 else "weak"
        checks.append(Check(name=say("more than chance"), verdict=verdict, text=say(template, chance=chance)))
    few = int((of < _FEW).sum())
    text = say("{few:count} of {all:count} clusters hold fewer than {least:count} customers asked about.", few=few,
               all=len(of), least=_FEW)  # fmt: skip
    return (*checks, Check(name=say("enough customers"), verdict="weak" if few else "holds", text=text))


def _plain(column: str) -> str:
    return column.replace("_window", " in the window").replace("_", " ")
