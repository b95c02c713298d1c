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

    found, looked = [], []
    for one in REGISTER:
        if wh.has(*one.needs):
            for places, table in one.find(wh):
                found.append(_told(one, places, table))
                looked += [_looked(wh, one, place) for place in places.split()]
    if not looked:
        return ibis.memtable([], schema=_schema())
    return ibis.union(ibis.memtable(looked, schema=_schema()), *found).order_by(
        "kind", "table", "column", "source", "value", "instead"
    )


def _told(one: Detector, places: str, found: ir.Table) -> ir.Table:
    """What a detector found, with what it says of itself."""
    import ibis

    told = {"kind": one.name, "sure": one.sure, "fix": one.fix, "looked_at": None}
    if " " not in places:
        told["table"], told["column"] = places.split(".")
    schema = _schema()
    cells = {
        name: ibis.literal(told[name], type=kind) if name in told else found[name] for name, kind in schema.items()
    }
    return found.select(**{name: cell.cast(schema[name]) for name, cell in cells.items()})


def _looked(wh: Warehouse, one: Detector, place: str) -> dict:
    table, column = place.split(".")
    said = {"kind": one.name, "table": table, "column": column, "sure": one.sure, "fix": one.fix}
    return dict.fromkeys(_schema()) | said | {"rows": 0, "looked_at": wh.release.tables[table].rows}


def _schema() -> dict[str, str]:
    kinds = dict.fromkeys(COLUMNS, "string") | {"rows": "int64", "money": "float64", "looked_at": "int64"}
    return kinds | {"sure": "string", "fix": "string"}
