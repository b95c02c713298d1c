"""The canonical tables hold together."""

import pyarrow as pa
import pytest

from crm_analytics.warehouse.tables import SYSTEM_TABLES, TABLES

EVERY = {**TABLES, **SYSTEM_TABLES}


@pytest.mark.parametrize("table", EVERY.values(), ids=EVERY)
def test_a_table_says_what_it_is(table):
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert set(table.key) <= {*names, "source"}
    assert table.grain
    assert table.opens or table.name in SYSTEM_TABLES
    assert all(column.about for column in table.columns)
    assert table.arrow_schema().names == [*names, "source"]


@pytest.mark.parametrize("column", [c for t in EVERY.values() for c in t.columns if c.refers], ids=lambda c: c.refers)
def test_a_reference_leads_to_a_key(column):
    table, _, name = column.refers.partition(".")
    assert name in TABLES[table].key


def test_money_is_exact():
    for table in TABLES.values():
        schema = table.arrow_schema()
        for column in table.columns:
            if column.unit == "money":
                assert pa.types.is_decimal(schema.field(column.name).type)
            if column.past:
                assert column.kind in ("day", "moment")
