"""The canonical tables: what one row is, what each column means, its unit, and which columns are personal.

A source is fitted to these tables by a map. Ids are text, money is decimal in the company's currency (so that sums are
exact and do not depend on their order), moments are local time without a zone. Every table also carries `source`,
the name of the map that brought the row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

TEXT, INT, FLOAT, MONEY, QUANTITY = "text", "int", "float", "money", "quantity"
DAY, MOMENT, FLAG = "day", "moment", "flag"

SQL_TYPES = {
    TEXT: "VARCHAR", INT: "BIGINT", FLOAT: "DOUBLE", MONEY: "DECIMAL(18,4)", QUANTITY: "DECIMAL(18,3)",
    DAY: "DATE", MOMENT: "TIMESTAMP", FLAG: "BOOLEAN",
}


@dataclass(frozen=True)
class Column:
    """A column: its kind, what it means, whether a row may lack it, which values it may take."""

    name: str
    kind: str
    about: str
    unit: str = ""
    required: bool = False
    personal: bool = False
    refers: str = ""
    values: tuple[str, ...] = ()
    past: bool = False
    """A moment of something that has happened: it cannot lie in the future of the load."""

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.kind]


@dataclass(frozen=True)
class Table:
    """A canonical table: one row is one `grain`; `key` says which columns make it that one."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...] = field(repr=False)
    opens: str = ""
    """What could be asked if the company had this table, as the end of «with it you would see …»."""

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def personal(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.personal)

    def arrow_schema(self) -> pa.Schema:
        import pyarrow as pa

        kinds = {
            TEXT: pa.string(), INT: pa.int64(), FLOAT: pa.float64(), MONEY: pa.decimal128(18, 4),
            QUANTITY: pa.decimal128(18, 3), DAY: pa.date32(), MOMENT: pa.timestamp("us"), FLAG: pa.bool_(),
        }
        return pa.schema([pa.field(c.name, kinds[c.kind]) for c in self.columns] + [pa.field("source", pa.string())])


def _id(name: str, about: str, refers: str = "") -> Column:
    return Column(name, TEXT, about, required=True, refers=refers)


def _ref(name: str, about: str, refers: str) -> Column:
    return Column(name, TEXT, about, refers=refers)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("customers", "a customer", ("customer_id",), (
            _id("customer_id", "the customer, without a name"),
            Column("kind", TEXT, "who buys", values=("person", "company", "dealer")),
            Column("first_seen", DAY, "the first day the company knew the customer", past=True),
            Column("acquired_channel", TEXT, "the channel that brought the customer"),
            _ref("acquired_campaign", "the campaign that brought the customer", "campaigns.campaign_id"),
            Column("region", TEXT, "where the customer lives or trades"),
            Column("birth_year", INT, "year of birth", unit="year"),
            Column("gender", TEXT, "as the customer stated it"),
            Column("reason_first_purchase", TEXT, "why the customer came, in the customer's words or a code"),
        ), opens="who the customers are and how groups of them differ"),
        Table("customer_contacts", "a customer's addresses", ("customer_id",), (
            _id("customer_id", "the customer", "customers.customer_id"),
            Column("full_name", TEXT, "name", personal=True),
            Column("given_name", TEXT, "given name, where it is known apart", personal=True),
            Column("surname", TEXT, "family name, where it is known apart", personal=True),
            Column("birth_date", TEXT, "date of birth: 2025-06-30, 20250630 or 30.06.2025", personal=True),
            Column("email", TEXT, "e-mail address", personal=True),
            Column("phone", TEXT, "telephone, international form", personal=True),
            Column("address", TEXT, "postal address", personal=True),
            Column("street", TEXT, "street, house and flat, where they are known apart", personal=True),
            Column("city", TEXT, "town", personal=True),
            Column("postcode", TEXT, "post code", personal=True),
            Column("tax_number", TEXT, "tax number of a company, or a person's own number", personal=True),
            Column("source_customer_id", TEXT, "how the source calls the customer, where customer_id is a pseudonym",
                   personal=True),
        ), opens="mailings and call lists that can be sent"),
        Table("consents", "a consent of a customer × purpose × channel",
              ("customer_id", "purpose", "channel", "granted_at"), (
            _id("customer_id", "the customer", "customers.customer_id"),
            Column("purpose", TEXT, "what the customer agreed to", required=True),
            Column("channel", TEXT, "by which channel", required=True),
            Column("granted_at", DAY, "since when", past=True),
            Column("withdrawn_at", DAY, "from which day it no longer holds; empty while it does"),
            Column("basis", TEXT, "who or what brought it: a form, a call, an import"),
        ), opens="who may be addressed, and by which channel"),
        Table("do_not_contact", "a customer × channel × day since when", ("customer_id", "channel", "since"), (
            _id("customer_id", "the customer", "customers.customer_id"),
            Column("channel", TEXT, "by which channel not to; empty: by none at all"),
            Column("since", DAY, "first day", required=True),
            Column("until", DAY, "last day; empty: for good"),
            Column("reason", TEXT, "why"),
        ), opens="who is to be left in peace, whatever they once agreed to"),
        Table("traits", "a customer × trait", ("customer_id", "trait"), (
            _id("customer_id", "the customer", "customers.customer_id"),
            Column("trait", TEXT, "what is known: education, sector, card, reason …", required=True),
            Column("value", TEXT, "its value", required=True),
            Column("known_at", DAY, "known since", past=True),
        ), opens="groups of customers by what else is known of them"),
        Table("activity", "a customer × measure × day", ("customer_id", "measure", "day"), (
            _id("customer_id", "the customer", "customers.customer_id"),
            Column("measure", TEXT, "what is counted: visits, flights, points …", required=True),
            Column("day", DAY, "on this day, or in the period that begins with it", required=True, past=True),
            Column("value", FLOAT, "how much", required=True),
        ), opens="what customers do beside buying"),
        Table("products", "a product", ("product_id",), (
            _id("product_id", "the product"),
            Column("name", TEXT, "what it is called"),
            Column("category", TEXT, "its group"),
            Column("brand", TEXT, "its brand"),
            _ref("supplier_id", "who supplies it", "suppliers.supplier_id"),
            Column("made_to_order", FLAG, "made for one customer: not part of ordinary demand"),
        ), opens="sales by category, and the assortment's drift"),
        Table("stores", "a store", ("store_id",), (
            _id("store_id", "the store"),
            Column("name", TEXT, "what it is called"),
            Column("region", TEXT, "where it stands"),
            Column("format", TEXT, "its kind"),
        ), opens="sales by region and store format"),
        Table("orders", "an order, sale or return", ("order_id",), (
            _id("order_id", "the order, invoice or receipt"),
            Column("ordered_at", MOMENT, "when", required=True, past=True),
            _ref("customer_id", "who bought; empty when unknown", "customers.customer_id"),
            _ref("store_id", "where", "stores.store_id"),
            Column("channel", TEXT, "through which channel"),
            Column("kind", TEXT, "what it is", required=True, values=("sale", "return", "wholesale")),
        ), opens="sales, customer value and what campaigns changed"),
        Table("order_lines", "a line of an order", ("order_id", "line_no"), (
            _id("order_id", "the order", "orders.order_id"),
            Column("line_no", INT, "its line", required=True),
            _ref("product_id", "what", "products.product_id"),
            Column("quantity", QUANTITY, "how many; negative in a return", unit="units", required=True),
            Column("price", MONEY, "paid for one unit, after discount", unit="money"),
            Column("amount", MONEY, "paid for the line, after discount; negative in a return", unit="money",
                   required=True),
            Column("list_price", MONEY, "price of one unit before discount", unit="money"),
            Column("unit_cost", MONEY, "what one unit cost the company", unit="money"),
        ), opens="what was bought, at which price and margin"),
        Table("prices", "a product × store × day on which its price changed", ("product_id", "store_id", "day"), (
            _id("product_id", "the product", "products.product_id"),
            Column("store_id", TEXT, "the store; empty: all", refers="stores.store_id"),
            Column("day", DAY, "valid from", required=True),
            Column("price", MONEY, "shelf price", unit="money", required=True),
        ), opens="price taken out of every effect"),
        Table("promotions", "a promotion of a product", ("promotion_id", "product_id"), (
            _id("promotion_id", "the promotion"),
            _id("product_id", "the product", "products.product_id"),
            Column("starts", DAY, "first day", required=True),
            Column("ends", DAY, "last day", required=True),
            Column("discount", FLOAT, "share off the list price", unit="share"),
        ), opens="what promotions do to demand"),
        Table("competitor_prices", "a competitor × category × day", ("competitor", "category", "day"), (
            _id("competitor", "whose price"),
            Column("category", TEXT, "of which group of products", required=True),
            Column("day", DAY, "when it was seen", required=True, past=True),
            Column("price", MONEY, "average price seen", unit="money", required=True),
        ), opens="the competitors' moves taken out of every effect"),
        Table("market", "an indicator × day", ("indicator", "day"), (
            _id("indicator", "which indicator"),
            Column("day", DAY, "from this day on", required=True),
            Column("value", FLOAT, "its value", required=True),
        ), opens="the market's own movement taken out of every effect"),
        Table("stock", "a product × store × day of a stock count", ("product_id", "store_id", "day"), (
            _id("product_id", "the product", "products.product_id"),
            Column("store_id", TEXT, "the store", refers="stores.store_id"),
            Column("day", DAY, "counted on", required=True, past=True),
            Column("quantity", QUANTITY, "units on hand", unit="units", required=True),
        ), opens="sales lost to empty shelves, and overstock"),
        Table("purchases", "a line of an order to a supplier", ("purchase_id", "product_id"), (
            _id("purchase_id", "the supplier order"),
            _id("product_id", "the product", "products.product_id"),
            _ref("supplier_id", "from whom", "suppliers.supplier_id"),
            Column("ordered_at", DAY, "ordered on", required=True, past=True),
            Column("received_at", DAY, "received on", past=True),
            Column("quantity", QUANTITY, "units", unit="units", required=True),
            Column("unit_cost", MONEY, "price of one unit", unit="money"),
        ), opens="purchasing and lead times"),
        Table("suppliers", "a supplier", ("supplier_id",), (
            _id("supplier_id", "the supplier"),
            Column("name", TEXT, "its name"),
        ), opens="the suppliers' rating"),
        Table("campaigns", "a campaign", ("campaign_id",), (
            _id("campaign_id", "the campaign"),
            Column("name", TEXT, "what it is called"),
            Column("goal", TEXT, "what it is for"),
            Column("channel", TEXT, "by which channel"),
            Column("region", TEXT, "where; empty: everywhere"),
            Column("starts", DAY, "first day", required=True),
            Column("ends", DAY, "last day", required=True),
            Column("budget", MONEY, "planned cost", unit="money"),
            Column("promised", MONEY, "revenue promised by its plan", unit="money"),
        ), opens="what campaigns changed"),
        Table("campaign_steps", "a step of a campaign", ("campaign_id", "step_no"), (
            _id("campaign_id", "the campaign", "campaigns.campaign_id"),
            Column("step_no", INT, "its order", required=True),
            Column("name", TEXT, "what is done"),
            Column("due", DAY, "planned for"),
            Column("done", DAY, "done on", past=True),
        ), opens="which steps slip"),
        Table("campaign_costs", "a cost of a campaign", ("campaign_id", "day", "kind"), (
            _id("campaign_id", "the campaign", "campaigns.campaign_id"),
            Column("day", DAY, "when it fell due", required=True),
            Column("kind", TEXT, "what for", required=True),
            Column("amount", MONEY, "how much", unit="money", required=True),
        ), opens="what campaigns cost and return"),
        Table("arms", "a campaign × customer", ("campaign_id", "customer_id"), (
            _id("campaign_id", "the campaign", "campaigns.campaign_id"),
            _id("customer_id", "the customer", "customers.customer_id"),
            Column("arm", TEXT, "addressed, or left alone for comparison", required=True,
                   values=("treated", "control")),
        ), opens="a test against control: what a campaign really changed"),
        Table("contacts", "a touch, in or out", ("contact_id",), (
            _id("contact_id", "the touch"),
            Column("at", MOMENT, "when", required=True, past=True),
            _ref("customer_id", "with whom; empty when unknown", "customers.customer_id"),
            Column("channel", TEXT, "by which channel"),
            Column("kind", TEXT, "who began", values=("in", "out")),
            _ref("campaign_id", "for which campaign", "campaigns.campaign_id"),
            Column("outcome", TEXT, "how it ended"),
            Column("duration_s", FLOAT, "how long", unit="seconds"),
            Column("agent", TEXT, "who spoke for the company"),
        ), opens="contact policy, and when customers can be reached"),
        Table("responses", "a campaign × customer × moment", ("campaign_id", "customer_id", "at"), (
            _id("campaign_id", "the campaign", "campaigns.campaign_id"),
            _id("customer_id", "who", "customers.customer_id"),
            Column("at", MOMENT, "when", required=True, past=True),
            Column("kind", TEXT, "what the customer did"),
        ), opens="plan and fact of campaigns"),
        Table("leads", "a lead", ("lead_id",), (
            _id("lead_id", "the lead"),
            Column("at", MOMENT, "when", required=True, past=True),
            _ref("customer_id", "who", "customers.customer_id"),
            Column("source_name", TEXT, "where from"),
            Column("medium", TEXT, "by which medium"),
            _ref("campaign_id", "by which campaign", "campaigns.campaign_id"),
            Column("cost", MONEY, "what it cost", unit="money"),
        ), opens="what a lead costs and becomes"),
        Table("deal_stages", "a deal × stage", ("deal_id", "stage"), (
            _id("deal_id", "the deal"),
            _ref("customer_id", "with whom", "customers.customer_id"),
            Column("stage", TEXT, "which stage", required=True),
            Column("entered_at", DAY, "reached on", past=True),
            Column("amount", MONEY, "worth", unit="money"),
            Column("outcome", TEXT, "how it ended", values=("won", "lost", "open")),
            Column("reason", TEXT, "why it was lost"),
            Column("agent", TEXT, "who sells"),
            _ref("product_id", "what", "products.product_id"),
        ), opens="where and why deals are lost"),
        Table("touchpoints", "a visitor × moment", ("visitor_id", "at"), (
            _id("visitor_id", "the visitor"),
            Column("at", MOMENT, "when", required=True, past=True),
            Column("source_name", TEXT, "where from"),
            Column("medium", TEXT, "by which medium"),
            _ref("campaign_id", "by which campaign", "campaigns.campaign_id"),
            Column("converted", FLAG, "whether the visit ended in an order"),
            Column("value", MONEY, "worth of that order", unit="money"),
        ), opens="the way from advertisement to profit"),
        Table("survey_answers", "a respondent × question × item", ("survey", "respondent_id", "question", "item"), (
            Column("survey", TEXT, "which survey, or which wave of it"),
            _id("respondent_id", "who answered"),
            _ref("customer_id", "which customer that is, if known", "customers.customer_id"),
            Column("question", TEXT, "what was asked", required=True),
            Column("item", TEXT, "the option, the row of a matrix, the profile; empty: the question as a whole"),
            Column("kind", TEXT, "what kind of answer it is", values=("scale", "number", "choice", "multiple", "open")),
            Column("answer", TEXT, "what was answered"),
            Column("position", FLOAT, "the answer's place on its scale, or the number it is"),
            Column("lowest", INT, "the lowest place of the scale"),
            Column("highest", INT, "the highest place of the scale"),
            Column("answered_at", DAY, "when", past=True),
            Column("weight", FLOAT, "how many people the respondent stands for"),
        ), opens="what matters to customers, and what their satisfaction is worth"),
        Table("survey_profiles", "a profile × attribute", ("survey", "question", "item", "attribute"), (
            Column("survey", TEXT, "in which survey it was shown"),
            Column("question", TEXT, "for which choice it was shown; empty: for every one"),
            _id("item", "the profile, as the answers name it"),
            Column("attribute", TEXT, "one of its attributes", required=True),
            Column("level", TEXT, "what it was in this profile", required=True),
        ), opens="which attributes of an offer customers pay for"),
    )
}

SYSTEM_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("loads", "a source file", ("source", "file"), (
            Column("file", TEXT, "the file's name", required=True),
            Column("fingerprint", TEXT, "SHA-256 of its bytes", required=True),
            Column("loaded_at", MOMENT, "when it was loaded", required=True),
            Column("newest", MOMENT, "the newest moment in it"),
            Column("lines_read", INT, "records in the file", required=True),
            Column("lines_loaded", INT, "records that became rows", required=True),
            Column("lines_quarantined", INT, "records refused", required=True),
            Column("money_read", MONEY, "money in the file, where it carries any", unit="money"),
            Column("money_loaded", MONEY, "money that became rows", unit="money"),
            Column("money_quarantined", MONEY, "money refused", unit="money"),
            Column("kind", TEXT, "which of its map's files it is, where those add to one another"),
            Column("place", INT, "its place among the files that add to one another, from 1"),
            Column("corrected", INT, "rows loaded earlier that it corrected"),
            Column("deleted", INT, "rows loaded earlier that it deleted"),
            Column("watermark", TEXT, "how far a database was asked, where newer rows are known by a column"),
            Column("header", TEXT, "the names of its columns, as JSON"),
        )),
        Table("unknown_references", "a file × name of something that is not there", (
            "source", "file", "table", "column", "value",
        ), (
            Column("file", TEXT, "the file's name", required=True),
            Column("table", TEXT, "the table whose rows name it", required=True),
            Column("column", TEXT, "the column that names it", required=True),
            Column("value", TEXT, "the name", required=True),
            Column("rows", INT, "how many rows were kept without it", required=True),
            Column("money", MONEY, "money on their lines, where it can be read", unit="money"),
        )),
        Table("measures", "a load × table × measure", ("source", "loaded_at", "of_table", "scope", "measure", "value"),
              (
            Column("loaded_at", MOMENT, "when it was loaded", required=True),
            Column("until", MOMENT, "the newest moment that came", required=True),
            Column("of_table", TEXT, "of which table", required=True),
            Column("scope", TEXT, "of all rows that came, or of those newer than any before", required=True,
                   values=("all", "new")),
            Column("measure", TEXT, "what was measured", required=True),
            Column("value", TEXT, "of which value of a column; empty where it is not about one"),
            Column("number", FLOAT, "what it came to"),
            Column("counted", INT, "on how many rows", required=True),
        )),
        Table("quarantine", "a refused line", ("source", "file", "line_no"), (
            Column("file", TEXT, "the file's name", required=True),
            Column("line_no", INT, "the line in the file, header included, from 1", required=True),
            Column("reason", TEXT, "why it was refused", required=True),
            Column("column", TEXT, "the column at fault, if one is"),
            Column("money", MONEY, "money on the line, where it can be read", unit="money"),
        )),
        Table("identities", "a record of a customer", ("customer_id",), (
            _id("customer_id", "the customer, as the source says it"),
            _id("golden_id", "the customer's one id: that of one of its records"),
            Column("method", TEXT, "what joined the record: a certain key, probability, somebody's decision, nothing"),
            Column("probability", FLOAT, "how sure that is", unit="share"),
            Column("since", MOMENT, "since when the record goes by this id", required=True),
        ), opens="how many records are one customer"),
        Table("identity_pairs", "two records that were compared", ("a", "b"), (
            _id("a", "one record"),
            _id("b", "the other"),
            Column("weight", FLOAT, "evidence that they are one customer; 0 is even odds", unit="bits"),
            Column("key", TEXT, "the certain key they share, if one"),
            Column("against", TEXT, "what contradicts it, if anything"),
            Column("thin", TEXT, "what the evidence lacks, if anything"),
            Column("fields", TEXT, "the evidence of each field, as JSON", unit="bits"),
            Column("joined", FLAG, "whether they are one customer now", required=True),
        )),
        Table("identity_log", "a change of who is one customer", ("at", "customer_id", "action"), (
            Column("at", MOMENT, "when", required=True),
            Column("who", TEXT, "by whom", required=True),
            _id("customer_id", "the record it is about"),
            Column("action", TEXT, "what was done", required=True,
                   values=("merged", "split", "same", "separate", "undo")),
            Column("before", TEXT, "the golden id before; of a decision: the other record"),
            Column("after", TEXT, "the golden id after"),
            Column("why", TEXT, "the reason, without personal values"),
        )),
        Table("quarantine_lines", "the text of a refused line", ("source", "file", "line_no"), (
            Column("file", TEXT, "the file's name", required=True),
            Column("line_no", INT, "the line in the file, header included, from 1", required=True),
            Column("line", TEXT, "the line as it came", personal=True),
        )),
    )
}
"""What the warehouse says of its own loading; part of every release, filled by `crm load`."""
