"""Sales: what is sold, where, to whom, at which price, and what was paid and spent on it."""

from __future__ import annotations

from crm_analytics.warehouse.tables.definition import (
    DAY,
    FLAG,
    FLOAT,
    INT,
    MOMENT,
    MONEY,
    QUANTITY,
    TEXT,
    Column,
    Table,
    reference,
    row_id,
)

SALES = (
    Table("products", "a product", ("product_id",), (
        row_id("product_id", "the product"),
        Column("name", TEXT, "what it is called"),
        Column("category", TEXT, "its group"),
        Column("brand", TEXT, "its brand"),
        reference("supplier_id", "who supplies it", "suppliers.supplier_id"),
        Column("made_to_order", FLAG, "made for one customer: not part of ordinary demand"),
    ), opens="sales by category, and the assortment's drift"),
    Table("stores", "a store", ("store_id",), (
        row_id("store_id", "the store"),
        Column("name", TEXT, "what it is called"),
        Column("region", TEXT, "where it stands"),
        Column("format", TEXT, "its kind"),
    ), opens="sales by region and store format"),
    Table("orders", "an order, sale or return", ("order_id",), (
        row_id("order_id", "the order, invoice or receipt"),
        Column("ordered_at", MOMENT, "when", required=True, past=True),
        reference("customer_id", "who bought; empty when unknown", "customers.customer_id"),
        reference("store_id", "where", "stores.store_id"),
        Column("channel", TEXT, "through which channel"),
        Column("kind", TEXT, "what it is", required=True, values=("sale", "return", "wholesale")),
    ), opens="sales, customer value and what campaigns changed"),
    Table("order_lines", "a line of an order", ("order_id", "line_no"), (
        row_id("order_id", "the order", "orders.order_id"),
        Column("line_no", INT, "its line", required=True),
        reference("product_id", "what", "products.product_id"),
        Column("quantity", QUANTITY, "how many; negative in a return", unit="units", required=True),
        Column("price", MONEY, "paid for one unit, after discount", unit="money"),
        Column("amount", MONEY, "paid for the line, after discount; negative in a return", unit="money",
               required=True),
        Column("list_price", MONEY, "price of one unit before discount", unit="money"),
        Column("unit_cost", MONEY, "what one unit cost the company", unit="money"),
    ), opens="what was bought, at which price and margin"),
    Table("payments", "a payment due for an order, paid or still open", ("payment_id",), (
        row_id("payment_id", "the payment, or the instalment of an invoice"),
        reference("order_id", "for which order", "orders.order_id"),
        reference("customer_id", "who owes it", "customers.customer_id"),
        Column("invoiced_at", DAY, "the day of the invoice", past=True),
        Column("due_at", DAY, "the last day on which it is in time"),
        Column("paid_at", DAY, "the day it was paid; empty while it is open", past=True),
        Column("amount", MONEY, "how much; negative in a credit note", unit="money", required=True),
    ), opens="who pays late, and how much money is at risk"),
    Table("order_costs", "a cost of an order beside its goods", ("cost_id",), (
        row_id("cost_id", "the cost: its voucher, or the carrier's line"),
        reference("order_id", "the order it was for; empty: for none alone", "orders.order_id"),
        Column("kind", TEXT, "what for: delivery, packaging, handling of a return …", required=True),
        Column("day", DAY, "the day it was booked", past=True),
        Column("amount", MONEY, "how much", unit="money", required=True),
    ), opens="what it costs to serve each customer, and who is served at a loss"),
    Table("prices", "a product × store × day on which its price changed", ("product_id", "store_id", "day"), (
        row_id("product_id", "the product", "products.product_id"),
        Column("store_id", TEXT, "the store; empty: all", refers="stores.store_id"),
        Column("day", DAY, "valid from", required=True),
        Column("price", MONEY, "shelf price", unit="money", required=True),
    ), opens="price taken out of every effect"),
    Table("promotions", "a promotion of a product", ("promotion_id", "product_id"), (
        row_id("promotion_id", "the promotion"),
        row_id("product_id", "the product", "products.product_id"),
        Column("starts", DAY, "first day", required=True),
        Column("ends", DAY, "last day", required=True),
        Column("discount", FLOAT, "share off the list price", unit="share"),
    ), opens="what promotions do to demand"),
)
