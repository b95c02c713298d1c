"""What is wrong with the facts: a register of detectors, each of which finds one kind of defect in the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.features.defects import campaigns, dates, gaps, orders, persons, prices, spelling  # noqa: F401
from crm_analytics.features.defects.detector import REGISTER, Detector
from crm_analytics.features.feature import feature

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

COLUMNS = ("kind", "table", "column", "source", "value", "instead", "rows", "money", "first", "last", "looked_at")


@feature(needs=(), grain="a kind of defect × field × source × value")
def defects(wh: Warehouse) -> ir.Table:
    """What every detector found, and that it looked, where it found nothing.

    One row per kind of defect, `table`, `column`, `source` and `value` (what stands there; empty where single values
    say nothing, and always for personal fields), and one with `rows` 0 for each field that was looked at.
    `instead` is what should stand there, if that is known; `rows` how many are at fault; `money` what is at stake in
    the company's money, null where it cannot be said; `first` and `last` are ids of examples; `looked_at` the rows of
    the table, on the rows that say so; `sure` how sure the detector is (certain, likely, possible); `fix` how it is
    mended (replace, empty, refuse, identify, look).
    """
    import ibis

    parts = [part for one in REGISTER if wh.has(*one.needs) for part in _findings(wh, one)]
    if not parts:
        return ibis.memtable([], schema=_schema())
    return ibis.union(*parts).order_by("kind", "table", "column", "source", "value", "instead")


def _findings(wh: Warehouse, one: Detector) -> list[ir.Table]:
    import ibis

    parts, looked = [], []
    for places, found in one.find(wh):
        names = [place.split(".") for place in places.split()]
        if len(names) == 1:
            found = found.mutate(table=ibis.literal(names[0][0]), column=ibis.literal(names[0][1]))
        parts.append(found.mutate(looked_at=ibis.null("int64")))
        looked += [{"table": table, "column": column} for table, column in names]
    if looked:
        empty = dict.fromkeys(("source", "value", "instead", "first", "last"), ibis.null("string"))
        sizes = [{**one, "looked_at": wh.release.tables[one["table"]].rows} for one in looked]
        parts.append(ibis.memtable(sizes).mutate(rows=0, money=ibis.null("float64"), **empty))
    told = {"kind": ibis.literal(one.name), "sure": ibis.literal(one.sure), "fix": ibis.literal(one.fix)}
    return [
        part.select(
            **{name: (told[name] if name in told else part[name]).cast(kind) for name, kind in _schema().items()}
        )
        for part in parts
    ]


def _schema() -> dict[str, str]:
    kinds = dict.fromkeys(COLUMNS, "string") | {"rows": "int64", "money": "float64", "looked_at": "int64"}
    return kinds | {"sure": "string", "fix": "string"}
