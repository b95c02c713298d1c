"""What stands around the sales: competitors, the market, stock and suppliers."""

from __future__ import annotations

from crm_analytics.warehouse.tables.definition import (
    DAY,
    FLOAT,
    MONEY,
    QUANTITY,
    TEXT,
    Column,
    Table,
    reference,
    row_id,
)

MARKET = (
    Table("competitor_prices", "a competitor × category × day", ("competitor", "category", "day"), (
        row_id("competitor", "whose price"),
        Column("category", TEXT, "of which group of products", required=True),
        Column("day", DAY, "when it was seen", required=True, past=True),
        Column("price", MONEY, "average price seen", unit="money", required=True),
    ), opens="the competitors' moves taken out of every effect"),
    Table("market", "an indicator × day", ("indicator", "day"), (
        row_id("indicator", "which indicator"),
        Column("day", DAY, "from this day on", required=True),
        Column("value", FLOAT, "its value", required=True),
    ), opens="the market's own movement taken out of every effect"),
    Table("stock", "a product × store × day of a stock count", ("product_id", "store_id", "day"), (
        row_id("product_id", "the product", "products.product_id"),
        Column("store_id", TEXT, "the store", refers="stores.store_id"),
        Column("day", DAY, "counted on", required=True, past=True),
        Column("quantity", QUANTITY, "units on hand", unit="units", required=True),
    ), opens="sales lost to empty shelves, and overstock"),
    Table("purchases", "a line of an order to a supplier", ("purchase_id", "product_id"), (
        row_id("purchase_id", "the supplier order"),
        row_id("product_id", "the product", "products.product_id"),
        reference("supplier_id", "from whom", "suppliers.supplier_id"),
        Column("ordered_at", DAY, "ordered on", required=True, past=True),
        Column("received_at", DAY, "received on", past=True),
        Column("quantity", QUANTITY, "units", unit="units", required=True),
        Column("unit_cost", MONEY, "price of one unit", unit="money"),
    ), opens="purchasing and lead times"),
    Table("suppliers", "a supplier", ("supplier_id",), (
        row_id("supplier_id", "the supplier"),
        Column("name", TEXT, "its name"),
    ), opens="the suppliers' rating"),
)
