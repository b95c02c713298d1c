"""What experiments said of a channel: tests against control on record, and what other tests were kept as claims."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from crm_analytics.features.campaigns import WEEKS
from crm_analytics.features.feature import feature
from crm_analytics.features.incremental import NINETEEN_OF_TWENTY, tested_effects
from crm_analytics.warehouse.engine import TableAbsent

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

COLUMNS = {"channel": "string", "first": "date", "last": "date", "measure": "string", "incremental": "float64",
           "se": "float64", "told_by": "string"}  # fmt: skip


@feature(needs=(), grain="an experiment")
def experiments(wh: Warehouse, as_of: date | str | None = None, trade: str = "ordinary") -> ir.Table:
    """Revenue that experiments found a channel to have brought, each with its standard error.

    From the facts: every campaign with a control group whose four weeks are over before `as_of`. From what was kept by
    then: claims of incremental revenue that were compared or tested otherwise, whose scope names a channel or whose
    subject is a campaign. Columns: channel, first, last (days, both included), measure (revenue), incremental, se,
    told_by. Ordered by channel and first day; empty where nobody tested.
    """
    import ibis

    rows = [dict(zip(COLUMNS, row, strict=True)) for row in sorted(_told(wh, as_of, trade))]
    return ibis.memtable(rows, schema=COLUMNS)


def _told(wh: Warehouse, as_of: date, trade: str) -> Iterator[tuple]:
    if not wh.has("campaigns"):
        run, tested = [], {}
    else:
        run = wh.campaigns.select("campaign_id", "name", "channel", "starts").to_pyarrow().to_pylist()
        tested = tested_effects(wh, as_of, WEEKS, trade)
    for one in run:
        if one["channel"] and one["campaign_id"] in tested:
            value, low, high, _ = tested[one["campaign_id"]]
            last = one["starts"] + timedelta(days=7 * WEEKS - 1)
            yield (one["channel"], one["starts"], last, "revenue", value, (high - low) / 2 / NINETEEN_OF_TWENTY,
                   "test against control")  # fmt: skip
    by_name = {one["name"] or one["campaign_id"]: one for one in run if one["campaign_id"] not in tested}
    names = {one["name"] or one["campaign_id"] for one in run}
    for claim in _claims(wh, as_of):
        named = claim["subject"] in names
        channel = json.loads(claim["scope"]).get("channel")
        channel = by_name.get(claim["subject"], {}).get("channel") if named else channel
        wide = 2 * NormalDist().inv_cdf((1 + claim["confidence"]) / 2)
        if channel and claim["high"] > claim["low"]:
            yield (channel, claim["first"].date(), claim["last"].date(), "revenue", claim["value"],
                   (claim["high"] - claim["low"]) / wide, claim["study"])  # fmt: skip


def _claims(wh: Warehouse, as_of: date) -> list[dict[str, Any]]:
    """Claims of incremental revenue that were tested or compared, told by the day; an empty list where none was."""
    try:
        claims = wh.claims()
    except TableAbsent:
        return []
    told = claims.filter(
        claims.measure == "incremental revenue", claims.evidence.isin(["tested", "compared"]),
        claims.told_on.date() <= as_of,
    )  # fmt: skip
    return told.to_pyarrow().to_pylist()
