"""What came from the company's sources, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

LOADED = "loaded"


@feature(needs=("loads",), grain="a source file × fate")
def loads(wh: Warehouse) -> ir.Table:
    """How many lines of each source file became rows, and how many were refused for which reason.

    `fate` is 'loaded', or the column at fault and the reason of refusal. `lines` and `money` (in the company's money,
    null where the file carries none) are those of this fate; `lines_read` and `money_read` those of the whole file.
    `newest` is the newest moment in the file, `loaded_at` when it was loaded (UTC). `warned` is the same in every row:
    what the audit of the release warned of, a sentence a line.
    """
    files = wh.loads
    whole = files.select("source", "file", "lines_read", "money_read", "newest", "loaded_at")
    fates = files.select(
        "source", "file", fate=ibis.literal(LOADED), lines=files.lines_loaded, money=files.money_loaded
    )
    if wh.has("quarantine"):
        lines = wh.quarantine
        why = lines.column.isnull().ifelse(lines.reason, lines.column + ": " + lines.reason)
        refused = lines.mutate(fate=why).group_by(["source", "file", "fate"])
        money = lines.money.type()
        fates = fates.union(refused.agg(lines=lambda t: t.count(), money=lambda t: t.money.sum().cast(money)))
    told = fates.inner_join(whole, ["source", "file"])
    return told.mutate(
        money=told.money.cast("float64"),
        money_read=told.money_read.cast("float64"),
        warned=ibis.literal("\n".join(check.text for check in wh.release.checks)),
    ).order_by(
        ["source", "file", told.fate != LOADED, told.lines.desc(), "fate"]
    )
