"""How the estimators fared where the truth is known: nothing about the company, and shown to everybody."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse


@feature(needs=(), grain="an estimator × situation")
def trials(wh: Warehouse) -> ir.Table:
    """The record that came with the package: what hundreds of simulated companies of known truth came to.

    Columns: see `trust.record.summed`. The warehouse is not asked; the tools are the same for all companies.
    """
    import pandas as pd

    told = pd.read_csv(str(files("crm_analytics.trust") / "record.csv"))
    return ibis.memtable(told).order_by("estimator", "situation")
