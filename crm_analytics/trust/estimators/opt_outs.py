"""Whom campaigns annoyed: permissions lost beyond those that are withdrawn anyway, beside a plain count of them."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.control.opt_outs import OptOuts
from crm_analytics.result import enough
from crm_analytics.simulation.opt_outs import opted_out
from crm_analytics.trust.trials import Situation, Trial


def _lost(seed: int, caused: float, **settings: float) -> Trial:
    rows = opted_out(seed, caused=caused, **settings)
    result = OptOuts().fit(rows)
    naive = float(rows.loc[rows["arm"] == "treated", "opted_out"].mean())
    if not enough(result):
        return Trial(truth=caused, naive=naive)
    return Trial(truth=caused, estimate=result.more, low=result.low, high=result.high, naive=naive)


SITUATIONS = tuple(
    Situation(estimator="OptOuts", words=words, draw=partial(_lost, **settings), randomised=True)
    for words, settings in (
        ("nobody is annoyed, 1 % withdraw anyway", {"caused": 0.0}),
        ("1 % more withdraw", {"caused": 0.01}),
        ("few customers: 0.5 % more withdraw, 0.2 % anyway", {"caused": 0.005, "usual": 0.002, "customers": 1500}),
    )
)
