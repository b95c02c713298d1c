"""Databases: read through the map, and only read; what their address holds is never told."""

import sqlite3
from urllib.parse import quote

import pytest
import sqlalchemy

from crm_analytics.collection import MapError
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources import answer_of
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.sources.sql import one_select
from tests.collection.sources.postgres import PASSWORD, server

MAP = """
source: shop
company: {name: Corner shop, currency: EUR, country: LV}
files:
  orders: {url: "${CRM_SHOP_DB}", query: "SELECT id, at, who, kind FROM shop.orders WHERE id > 0", decimal: ","}
  lines: {url: "${CRM_SHOP_DB}", table: shop.lines, money: sum, decimal: ","}
tables:
  orders:
    from: orders
    columns: {order_id: id, ordered_at: {column: at, format: "%d.%m.%Y"}, kind: kind}
  order_lines:
    from: lines
    columns: {order_id: order_id, line_no: no, product_id: product, quantity: n, amount: sum}
"""
TABLES = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id bigint, at timestamp, who text, kind text);
CREATE TABLE shop.lines
  (order_id bigint, no int, product text, n numeric(10,3), sum numeric(12,2), tags text[], j jsonb);
INSERT INTO shop.orders SELECT i, timestamp '2025-01-05 10:30:15' + i * interval '1 minute', 'Анна', 'sale'
  FROM generate_series(1, 20000) i;
INSERT INTO shop.lines SELECT i, 1, 'a:b', 1.5, 10.25, ARRAY['x','y'], '{"a": 1}' FROM generate_series(1, 20000) i;
INSERT INTO shop.lines VALUES (1, 2, 'odd', NULL, 5, NULL, NULL);
"""


@pytest.fixture(scope="module")
def folder():
    with server() as folder:
        engine = sqlalchemy.create_engine(address(folder).replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.exec_driver_sql(TABLES)
        engine.dispose()
        yield folder


def address(folder, password=PASSWORD) -> str:
    return f"postgresql://crm:{quote(password, safe='')}@/postgres?host={quote(str(folder), safe='')}"


@pytest.fixture
def database(folder, monkeypatch, shop):
    """The shop whose map reads from the server."""
    monkeypatch.setenv("CRM_SHOP_DB", address(folder))
    shop.map = MAP
    shop.data.mkdir(exist_ok=True)
    return shop


def test_a_server_is_loaded_reconciles_and_the_same_again_changes_nothing(database):
    report = database.load()
    assert report.published, report.text
    wh = database.open()
    assert wh.order_lines.count().execute() == 20_000
    orders = wh.orders.order_by("ordered_at").limit(1).to_pandas().iloc[0]
    assert (orders.order_id, str(orders.ordered_at)) == ("1", "2025-01-05 10:31:15")
    [refused] = wh.refused_lines().to_pandas().to_dict("records")
    assert refused["reason"] == "empty, and must not be"
    assert '"product": "odd"' in refused["line"]
    [account] = [one for one in report.accounts if one.money_read is not None]
    assert (account.money_read, account.money_quarantined) == (205_005, 5)
    assert account.file == "CRM_SHOP_DB: shop.lines"
    assert not database.load().changed


def test_lists_and_documents_of_a_server_are_json(folder, monkeypatch):
    monkeypatch.setenv("CRM_SHOP_DB", address(folder))
    source = answer_of(FileSpec(name="x", path="", url="CRM_SHOP_DB", query="SELECT tags, j FROM shop.lines LIMIT 1"))
    assert source.header == ("tags", "j")
    assert list(source.records(lambda _: None)) == [(1, ['["x", "y"]', '{"a": 1}'])]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nextval('s')",
        "SELECT set_config('transaction_read_only', 'off', false), nextval('s')",
    ],
)
def test_what_would_change_the_database_is_refused_by_it(folder, monkeypatch, query):
    monkeypatch.setenv("CRM_SHOP_DB", address(folder))
    engine = sqlalchemy.create_engine(address(folder).replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE IF NOT EXISTS s")
    engine.dispose()
    with pytest.raises(SourceError, match=r"read-only|read-write mode must"):
        list(answer_of(FileSpec(name="x", path="", url="CRM_SHOP_DB", query=query)).records(lambda _: None))


@pytest.mark.parametrize("table", ['orders"; DROP TABLE shop.orders; --', "shop.nothing", "nothing"])
def test_a_table_is_a_name(folder, monkeypatch, table):
    monkeypatch.setenv("CRM_SHOP_DB", address(folder))
    with pytest.raises(SourceError, match="does not exist"):
        _ = answer_of(FileSpec(name="x", path="", url="CRM_SHOP_DB", table=table)).header


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE x",
        "SELECT 1; DELETE FROM x",
        "INSERT INTO x VALUES (1) RETURNING *",
        "WITH gone AS (DELETE FROM x RETURNING *) SELECT * FROM gone",
        "SELECT * INTO y FROM x",
        "SELECT * FROM x FOR UPDATE",
        "COPY x TO '/tmp/x'",
        "ATTACH 'x' AS y",
        "PRAGMA writable_schema = 1",
        "(((",
        "",
    ],
)
def test_a_query_is_one_select(query):
    with pytest.raises(SourceError, match=r"one SELECT|only select"):
        one_select("x", query, "postgresql")


def test_select_with_and_union_are_queries():
    for query in ("SELECT 1;", "WITH a AS (SELECT 1 AS b) SELECT * FROM a", "SELECT 1 UNION ALL SELECT 2"):
        assert one_select("x", query, "sqlite") == query.rstrip(";")


def test_passwords_are_never_told(folder, monkeypatch):
    for said in (
        address(folder, "wrong-but-s3cret"),
        address(folder.parent / "nowhere", "wrong-but-s3cret"),
        "x://wrong-but-s3cret",
    ):
        monkeypatch.setenv("CRM_SHOP_DB", said)
        with pytest.raises(SourceError) as caught:
            _ = answer_of(FileSpec(name="x", path="", url="CRM_SHOP_DB", table="t")).header
        assert "s3cret" not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.__cause__ is None
    monkeypatch.delenv("CRM_SHOP_DB")
    with pytest.raises(SourceError, match="export CRM_SHOP_DB=postgresql"):
        _ = answer_of(FileSpec(name="x", path="", url="CRM_SHOP_DB", table="t")).header


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("url: 'postgresql://u:p@h/d', table: t", "a map holds no passwords"),
        ("url: '${X}'", "one of table: or query:"),
        ("url: '${X}', table: t, query: SELECT 1", "one of table: or query:"),
        ("sqlite: ../x.sqlite, table: t", "leads out of the data folder"),
        ("path: x.csv, table: t", "read by url: or sqlite:"),
        ("path: x.csv, url: '${X}', table: t", "exactly one of path:"),
        ("path: x.csv, sheet: a, records: b", "cannot be of two formats"),
        ("path: x.csv, part: prises", "Did you mean 'prices'"),
        ("path: x.csv, format: exel", "Did you mean 'excel'"),
        ("path: x.csv, header_row: two", "should be a whole number"),
    ],
)
def test_a_mistake_in_the_map_is_named(shop, words, problem):
    shop.map = shop.map.replace('  people:\n    path: people.csv\n    delimiter: ";"', f"  people: {{{words}}}")
    with pytest.raises(MapError, match=problem):
        shop.load()


def test_a_database_file_is_only_read(tmp_path, came):
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE "t %?" (a, "b c", d BLOB)')
        connection.execute('INSERT INTO "t %?" VALUES (1.5, "Рига", x\'ff00\'), (NULL, "", 7)')
    connection.close()
    before = path.read_bytes()
    found = came("a.sqlite", before, format="sql", table="t %?")
    assert found.rows == [{"a": "1.5", "b c": "Рига", "d": "ff00"}, {"a": None, "b c": None, "d": "7"}]
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.sqlite", "workshop"]
    with pytest.raises(SourceError, match="say in the map sqlite: instead of path:"):
        came("a.sqlite", before)
    with pytest.raises(SourceError, match="cannot be read"):
        came("a.sqlite", before[:100] + b"\xff" * 4000, format="sql", table="t %?")
