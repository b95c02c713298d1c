"""The canonical tables: what one row is, what each column means, its unit, and which columns are personal.

A source is fitted to these tables by a map. Ids are text, money is decimal in the company's currency (so that sums are
exact and do not depend on their order), moments are local time without a zone. Every table also carries `source`,
the name of the map that brought the row.
"""

from crm_analytics.warehouse.tables.campaigns import CAMPAIGNS
from crm_analytics.warehouse.tables.customers import CUSTOMERS
from crm_analytics.warehouse.tables.definition import (
    DAY,
    FLAG,
    FLOAT,
    INT,
    MOMENT,
    MONEY,
    QUANTITY,
    SQL_TYPES,
    TEXT,
    Column,
    Table,
)
from crm_analytics.warehouse.tables.loading import LOADING
from crm_analytics.warehouse.tables.market import MARKET
from crm_analytics.warehouse.tables.sales import SALES
from crm_analytics.warehouse.tables.voice import VOICE

TABLES: dict[str, Table] = {table.name: table for table in (*CUSTOMERS, *SALES, *MARKET, *CAMPAIGNS, *VOICE)}
"""What a company can bring."""

SYSTEM_TABLES: dict[str, Table] = {table.name: table for table in LOADING}
"""What the warehouse says of its own loading; part of every release, filled by `crm load`."""

__all__ = [
    "DAY", "FLAG", "FLOAT", "INT", "MOMENT", "MONEY", "QUANTITY", "SQL_TYPES", "SYSTEM_TABLES", "TABLES", "TEXT",
    "Column", "Table",
]  # fmt: skip
