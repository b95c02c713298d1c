"""What a canonical table is made of: columns, each of one kind, and the key that makes a row the one it is."""

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


def row_id(name: str, about: str, refers: str = "") -> Column:
    """An id without which there is no row."""
    return Column(name, TEXT, about, required=True, refers=refers)


def reference(name: str, about: str, refers: str) -> Column:
    """An id of something in another table, which a row may lack."""
    return Column(name, TEXT, about, refers=refers)
