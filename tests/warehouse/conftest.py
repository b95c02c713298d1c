"""A company of two customers, as small as a company can be."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from crm_analytics.warehouse.release import Company, Release, Shelf
from crm_analytics.warehouse.tables import TABLES

COMPANY = Company(name="Corner shop", currency="EUR", country="LV")


def rows(table: str, *records: dict, source: str = "shop") -> pa.Table:
    """Canonical rows; what a record does not say is empty."""
    schema = TABLES[table].arrow_schema()
    full = [dict.fromkeys(schema.names) | record | {"source": source} for record in records]
    return pa.Table.from_pylist(full, schema=schema)


def order(order_id: str, day: int, customer: str | None = "ann") -> dict:
    return {"order_id": order_id, "ordered_at": datetime(2025, 1, day), "customer_id": customer, "kind": "sale"}


def line(order_id: str, amount: str) -> dict:
    return {"order_id": order_id, "line_no": 1, "quantity": Decimal(1), "amount": Decimal(amount)}


def publish(home: Path, **tables: pa.Table) -> Release:
    """Publish these tables as the newest release."""
    with Shelf(home).draft() as draft:
        for name, table in tables.items():
            draft.replace_source(name, table, source=table["source"][0].as_py())
        return draft.publish(company=COMPANY, facts_until="2025-01-31")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two orders, two customers with addresses and consents of every kind."""
    publish(
        tmp_path,
        customers=rows("customers", {"customer_id": "ann"}, {"customer_id": "ben"}),
        customer_contacts=rows(
            "customer_contacts",
            {"customer_id": "ann", "full_name": "Ann Example", "email": "ann@example.org"},
            {"customer_id": "ben", "full_name": "Ben Example", "email": "ben@example.org"},
        ),
        consents=rows(
            "consents",
            {
                "customer_id": "ann",
                "purpose": "marketing",
                "channel": "email",
                "granted_at": date(2025, 1, 10),
                "withdrawn_at": date(2025, 2, 1),
            },
            {"customer_id": "ann", "purpose": "marketing", "channel": "phone"},
            {"customer_id": "ben", "purpose": "service", "channel": "email", "granted_at": date(2024, 1, 1)},
        ),
        orders=rows("orders", order("o1", 5), order("o2", 6, None)),
        order_lines=rows("order_lines", line("o1", "10.10"), line("o2", "0.20")),
    )
    return tmp_path


@pytest.fixture
def make():
    """How a test publishes more: `make.publish(home, orders=make.rows(…))`."""

    class Make:
        rows, order, line, publish = staticmethod(rows), staticmethod(order), staticmethod(line), staticmethod(publish)

    return Make
