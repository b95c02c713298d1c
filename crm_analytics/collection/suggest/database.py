"""Databases: the tables of one as a map may read them, where their columns point to, and what their codes are called.

A code that points to a table of names (GenreId → Genre.Name) is of no use by itself. So the table is asked together
with those names, by a query that the map keeps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.sources.sql import Sql
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.collection.suggest.sniffed import ROWS, Sniffed, sampled

DEEPEST = 3
"""So many steps a code is followed to its name: a track's album's artist."""
_SCHEMAS = ("postgresql", "mssql", "oracle")
_SYSTEM = re.compile(r"information_schema|pg_.*|sys|guest|db_.*|INFORMATION_SCHEMA|SYS.*")
_NAMES = re.compile(r"(.*[_ ])?(name|title|label|descr\w*|наименование|название|имя|\w+name)", re.IGNORECASE)


def tables(spec: FileSpec, parcel: Parcel | None) -> list[Sniffed]:
    """The tables of a database, each with a sample. Raises SourceError when there are none."""
    import sqlalchemy

    source = Sql(replace(spec, format="sql", table="-"), parcel)
    found = []
    with source.connected() as connection:
        try:
            inspector = sqlalchemy.inspect(connection)
            for schema in _schemas(inspector, connection.dialect.name):
                for name in sorted(inspector.get_table_names(schema=schema)):
                    full = f"{schema}.{name}" if schema else name
                    keys = inspector.get_foreign_keys(name, schema=schema)
                    found.append((full, "." in name, dict(_pointing(keys, schema))))
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise source.failed(error) from None
        quote = connection.dialect.identifier_preparer.quote_identifier
    if not found:
        raise SourceError(f"{source.name.removesuffix(': -')} holds no tables.")
    sniffed = []
    for name, dotted, refers in found:
        asked = {"query": f"SELECT * FROM {quote(name)}"} if dotted else {"table": name}
        mine = replace(spec, format="sql", name=_kind_name(name), **asked)
        sniffed.append(replace(_asked(mine, parcel), refers=refers, table=name))
    return sniffed


def _schemas(inspector: Any, dialect: str) -> list[str | None]:
    """The default schema, and where a server has several, those that are nobody's machinery."""
    others = inspector.get_schema_names() if dialect in _SCHEMAS else []
    usual = inspector.default_schema_name
    return [None, *sorted(name for name in others if name != usual and not _SYSTEM.fullmatch(name))]


def _pointing(keys: Sequence[Mapping[str, Any]], schema: str | None) -> Iterator[tuple[str, tuple[str, str]]]:
    for key in keys:
        if len(key["constrained_columns"]) == 1 and len(key["referred_columns"]) == 1:
            where = key.get("referred_schema") or schema
            table = f"{where}.{key['referred_table']}" if where else key["referred_table"]
            yield key["constrained_columns"][0], (table, key["referred_columns"][0])


def _kind_name(table: str) -> str:
    name = re.sub(r"(?<=[a-zа-яё0-9])(?=[A-ZА-ЯЁ])", "_", table).lower()
    return re.sub(r"[^a-zа-яё0-9]+", "_", name).strip("_")[:40] or "rows"


def _asked(spec: FileSpec, parcel: Parcel | None) -> Sniffed:
    source = Sql(spec, parcel)
    rows = (fields for _, fields in source.records(lambda _: None))
    path = parcel.path if parcel else None
    return sampled(path, spec, source.header, islice(rows, ROWS))


@dataclass(frozen=True)
class Named:
    """A code told by its name: the column of the code, the heading of the name, and the tables on the way to it."""

    code: str
    heading: str
    way: tuple[tuple[str, str, str], ...]
    """(column, table, its column), step by step."""
    name: str


def names_of(one: Sniffed, books: Mapping[str, list[Profile]], refers: Mapping[str, Mapping]) -> list[Named]:
    """The codes of a table that stand for names in other tables, `books`: table → its columns."""
    found: list[Named] = []
    taken = {name.casefold() for name in one.columns}

    def follow(code: str, way: tuple[tuple[str, str, str], ...], points: Mapping[str, tuple[str, str]]) -> None:
        for column, (table, key) in points.items():
            steps = (*way, (column, table, key))
            if table not in books or table in {step[1] for step in way} or len(steps) > DEEPEST:
                continue
            name = _name_column(books[table], key)
            heading = table.rpartition(".")[2]
            if name and heading.casefold() not in taken:
                taken.add(heading.casefold())
                found.append(Named(code or column, heading, steps, name))
            follow(code or column, steps, refers.get(table, {}))

    follow("", (), one.refers)
    return found


def _name_column(columns: list[Profile], key: str) -> str:
    """The column by which a table of names calls its rows."""
    texts = [one for one in columns if one.name != key and one.lettered > 0.5 and one.numbers is None]
    named = [one.name for one in texts if _NAMES.fullmatch(one.name)]
    return named[0] if named else texts[0].name if len(texts) == 1 else ""


def with_names(one: Sniffed, names: Sequence[Named], parcel: Parcel | None) -> Sniffed:
    """The same table, its codes followed to their names by a query."""
    quote = Sql(one.spec, parcel).url().get_dialect()().identifier_preparer.quote_identifier

    def named(table: str) -> str:
        return ".".join(map(quote, table.split(".")))

    told = {name.code for name in names}
    columns = [f"base.{quote(name)}" for name in one.columns if name not in told]
    joins: dict[tuple[tuple[str, str, str], ...], str] = {}
    for name in names:
        for depth in range(1, len(name.way) + 1):
            way = name.way[:depth]
            if way not in joins:
                column, table, key = way[-1]
                alias, before = f"t{len(joins) + 1}", _alias(joins, way[:-1])
                joins[way] = f"LEFT JOIN {named(table)} AS {alias} ON {before}.{quote(column)} = {alias}.{quote(key)}"
        columns.append(f"{_alias(joins, name.way)}.{quote(name.name)} AS {quote(name.heading)}")
    query = f"SELECT {', '.join(columns)} FROM {named(one.table)} AS base {' '.join(joins.values())}"
    asked = _asked(replace(one.spec, table="", query=query), parcel)
    refers = {column: where for column, where in one.refers.items() if column not in told}
    return replace(asked, refers=refers, table=one.table, told={name.code: name.heading for name in names})


def _alias(joins: Mapping, way: tuple) -> str:
    return f"t{list(joins).index(way) + 1}" if way else "base"
