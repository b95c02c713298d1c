"""The company's tables fit the canonical schema and hang together."""

from __future__ import annotations

from crm_analytics.warehouse.tables import TABLES


def test_every_table_has_the_canonical_schema(simulation):
    for name, rows in simulation.tables().items():
        assert rows.schema.equals(TABLES[name].arrow_schema()), name
        assert rows.num_rows, name


def test_the_warehouse_opens_with_all_tables(company, simulation):
    assert company.has(*simulation.tables())
    assert company.today.isoformat() == "2025-07-01"
