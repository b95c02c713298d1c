"""A database as a source: the answer to one question, asked by a reader that may change nothing.

The address, which may hold a password, stands in an environment variable and is never repeated in a message. A table
is read whole, a query is one SELECT; rows are taken as they come, and nothing is held in memory.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.records import Fields, Records, text_of
from crm_analytics.collection.sources.source import Progress, SourceError, told_apart

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

FETCH_ROWS = 5_000
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


class Sql(Records):
    """One table or query of a database; its records are numbered from 1."""

    def __init__(self, spec: FileSpec, parcel: Parcel | None):
        self.spec, self.parcel = spec, parcel
        where = parcel.name if parcel else spec.url
        self.name = f"{where}: {spec.table or spec.name}"
        self.since: tuple[str, str] | None = None

    def ask_since(self, column: str, newest: str) -> None:
        """Ask only for rows that are no older than this, by a column of moments or of growing whole numbers."""
        self.since = (column, newest)
        self.name += f" since {newest}"

    @cached_property
    def fingerprint(self) -> str:
        """Of a database's file its bytes; of a server all rows of the answer, in whatever order they come."""
        if self.parcel:
            return self.parcel.fingerprint
        total = 0
        for _, fields in self.records(lambda _: None):
            text = "\x1f".join("\0" if one is None else one for one in fields)
            total += int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest())
        return f"{total % (1 << 256):064x}"

    @cached_property
    def header(self) -> tuple[str, ...]:
        with self.connected() as connection:
            return told_apart(map(str, self._asked(connection).keys()))

    def records(self, progress: Progress) -> Iterator[tuple[int, Fields]]:
        with self.connected() as connection:
            answer = self._asked(connection)
            for number, row in enumerate(self._fetched(answer), 1):
                if number % 500_000 == 0:
                    progress(f"reading {self.name}: {number:,} rows")
                yield number, [text_of(value, self.spec.decimal) for value in row]

    def _fetched(self, answer: Any) -> Iterator[Any]:
        import sqlalchemy

        try:
            yield from answer
        except (sqlalchemy.exc.SQLAlchemyError, UnicodeError, ValueError) as error:
            raise self.failed(error) from None

    def _asked(self, connection: Connection) -> Any:
        import sqlalchemy

        try:
            question = self._question(connection).replace(":", r"\:")
            if not self.since:
                return connection.execute(sqlalchemy.text(question))
            column, newest = self.since
            column = connection.dialect.identifier_preparer.quote_identifier(column).replace(":", r"\:")
            newer = sqlalchemy.text(f"SELECT * FROM ({question}) AS newer WHERE {column} >= :newest")
            return connection.execute(newer, {"newest": int(newest) if newest.lstrip("-").isdigit() else newest})
        except (sqlalchemy.exc.SQLAlchemyError, UnicodeError, ValueError) as error:
            raise self.failed(error) from None

    def _question(self, connection: Connection) -> str:
        if self.spec.query:
            return one_select(self.name, self.spec.query, connection.dialect.name)
        quote = connection.dialect.identifier_preparer.quote_identifier
        return "SELECT * FROM " + ".".join(quote(part) for part in self.spec.table.split("."))

    def connected(self) -> Any:
        return _Reading(self)

    def url(self) -> URL:
        """Where the database is. Raises SourceError when nobody said it."""
        import sqlalchemy

        if self.parcel:
            where = str(self.parcel.path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
            return sqlalchemy.URL.create("sqlite", database=f"file:{where}", query={"mode": "ro", "uri": "true"})
        said = os.environ.get(self.spec.url, "")
        if not said:
            raise SourceError(
                f"The map reads the database whose address is in {self.spec.url}, and that is not set: "
                f"export {self.spec.url}=postgresql://user:password@host/name"
            )
        try:
            url = sqlalchemy.make_url(said)
        except (sqlalchemy.exc.ArgumentError, ValueError):
            raise SourceError(
                f"What stands in {self.spec.url} is no address of a database; write postgresql://user:password@host/name"
            ) from None
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))

    def failed(self, error: Exception) -> SourceError:
        """The database's own first words, without anything of its address in them."""
        cause = str(getattr(error, "orig", None) or type(error).__name__).strip()
        told = cause.splitlines()[0][:200] if cause else "no reason given"
        url = self.url()
        for secret in (url.password, url.host, url.username, url.query.get("password")):
            if secret and str(secret) in told:
                told = told.replace(str(secret), "…")
        return SourceError(f"{self.name} cannot be read: {told}. See the address, and table: or query: in the map.")


class _Reading:
    """A connection in a transaction that may read and nothing else."""

    def __init__(self, source: Sql):
        self.source = source

    def __enter__(self) -> Connection:
        import sqlalchemy

        url = self.source.url()
        try:
            self.engine: Engine = sqlalchemy.create_engine(
                url, poolclass=sqlalchemy.NullPool, hide_parameters=True, connect_args=_patience(url)
            )
            self.connection = self.engine.connect()
            self._only_reading(url.get_backend_name())
            self.connection.execution_options(stream_results=True, yield_per=FETCH_ROWS)
        except ModuleNotFoundError as error:
            raise SourceError(
                f"{self.source.name} needs the library {error.name}, which is not installed: pip install {error.name}"
            ) from None
        except (sqlalchemy.exc.SQLAlchemyError, UnicodeError, ValueError, TypeError) as error:
            raise self.source.failed(error) from None
        return self.connection

    def _only_reading(self, backend: str) -> None:
        import sqlalchemy

        if backend == "sqlite":
            self.connection.execute(sqlalchemy.text("PRAGMA query_only = ON"))
        elif backend in ("postgresql", "mysql", "mariadb", "oracle"):
            self.connection.execute(sqlalchemy.text("SET TRANSACTION READ ONLY"))

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.engine.dispose()


def _patience(url: URL) -> dict[str, Any]:
    return {"connect_timeout": 15} if url.get_backend_name() in ("postgresql", "mysql", "mariadb") else {}


def one_select(name: str, query: str, dialect: str) -> str:
    """The query, if it is one question and no order. Raises SourceError."""
    import sqlglot
    from sqlglot import expressions as exp

    try:
        read = {"postgresql": "postgres", "mariadb": "mysql", "mssql": "tsql"}.get(dialect, dialect)
        statements = [one for one in sqlglot.parse(query, read=read) if one is not None]
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
        raise SourceError(f"{name}: the query of the map cannot be read as SQL; write one SELECT.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SourceError(f"{name}: the query of the map should be one SELECT, and is something else.")
    changing = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Command, exp.Into, exp.Lock)
    if statements[0].find(*changing):
        raise SourceError(f"{name}: the query of the map would change or lock something; it may only select.")
    return re.sub(r";\s*$", "", query.strip())
