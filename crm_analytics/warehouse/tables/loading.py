"""Loading: what the warehouse says of how its rows came, and of which records are one customer."""

from __future__ import annotations

from crm_analytics.warehouse.tables.definition import FLAG, FLOAT, INT, MOMENT, MONEY, TEXT, Column, Table, row_id

LOADING = (
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
        row_id("customer_id", "the customer, as the source says it"),
        row_id("golden_id", "the customer's one id: that of one of its records"),
        Column("method", TEXT, "what joined the record: a certain key, probability, somebody's decision, nothing"),
        Column("probability", FLOAT, "how sure that is", unit="share"),
        Column("since", MOMENT, "since when the record goes by this id", required=True),
    ), opens="how many records are one customer"),
    Table("identity_pairs", "two records that were compared", ("a", "b"), (
        row_id("a", "one record"),
        row_id("b", "the other"),
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
        row_id("customer_id", "the record it is about"),
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
