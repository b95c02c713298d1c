"""An expression sees the columns of its own line, and nothing else in the world."""

import duckdb
import pytest

from crm_analytics.collection.mapping.expressions import ExpressionError, bind

COLUMNS = {"Price": "s0", "Code": "s1", 'a"; DROP TABLE t; --': "s2", "select": "s3"}


@pytest.fixture(scope="module")
def connection():
    connection = duckdb.connect()
    connection.execute("CREATE MACRO num_1(x) AS TRY_CAST(x AS DECIMAL(18,6))")
    connection.execute("CREATE MACRO day_1(x, f := '%Y-%m-%d') AS CAST(try_strptime(x, f) AS DATE)")
    return connection


def column(name):
    if name not in COLUMNS:
        raise ExpressionError(f"no column {name}")
    return COLUMNS[name]


def value(connection, text, **given):
    sql = bind(connection, text, column=column, dialect="_1")
    rows = ", ".join(f"?::VARCHAR AS {s}" for s in COLUMNS.values())
    return connection.execute(
        f"SELECT {sql} FROM (SELECT {rows})", [given.get(s) for s in COLUMNS.values()]
    ).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("Price <= 0", {"s0": "10"}, False),
        ("Price BETWEEN 2 AND 11", {"s0": "10"}, True),
        ("Price IN (9, 10)", {"s0": "10.0"}, True),
        ("Price * Price", {"s0": "1.5"}, 2.25),
        ("-Price", {"s0": "1.5"}, -1.5),
        ("round(Price, 1)", {"s0": "1.55"}, 1.6),
        ("Price < 0", {"s0": "n/a"}, None),
        ("lower(Code) || '!'", {"s1": "AB"}, "ab!"),
        ("CASE WHEN starts_with(Code, 'C') THEN 'return' ELSE 'sale' END", {"s1": "C1"}, "return"),
        ("coalesce(Code, 'none')", {}, "none"),
        ("split_part(Code, '.', 1)", {"s1": "17850.0"}, "17850"),
        ('upper("a""; DROP TABLE t; --")', {"s2": "x"}, "X"),
        ('"select"', {"s3": "y"}, "y"),
        ("Code LIKE 'A%' OR Code IS NULL", {"s1": "AB"}, True),
        ("regexp_extract(Code, '([0-9]+)', 1)", {"s1": "ab12"}, "12"),
        ("date_part('year', day(Code))", {"s1": "2025-03-01"}, 2025),
    ],
)
def test_what_a_map_may_say(connection, text, given, expected):
    found = value(connection, text, **given)
    assert (float(found) if isinstance(expected, float) else found) == expected


@pytest.mark.parametrize(
    "text",
    [
        "(SELECT 1)",
        "1; DROP TABLE t",
        "1 FROM range(10)",
        "Price, Code",
        "*",
        "COLUMNS('.*')",
        "count(*)",
        "sum(Price)",
        "row_number() OVER ()",
        "read_text('/etc/passwd')",
        "(SELECT content FROM read_text('/etc/passwd'))",
        "now()",
        "current_date",
        "random()",
        "getenv('HOME')",
        "current_setting('threads')",
        "nextval('s')",
        "$1",
        "?",
        "repeat(Code, 1000000000)",
        "Code COLLATE nocase",
        "list_transform([1], x -> x + 1)",
        "{'a': 1}",
        "t.Code",
        "Nothing",
        "1 WHERE true",
        "1 GROUP BY 1",
        "1 UNION SELECT 2",
        "Code::INET",
        "error('x')",
        "Price WHERE",
        "",
        "1 LIMIT 1",
        "EXISTS (SELECT 1)",
        "Code IN (SELECT 1)",
        "x" * 6000,
        "main.num(Code)::JSON",
        "pg_sleep(1)",
        "lower(DISTINCT Code)",
        "num(Code) FILTER (WHERE true)",
    ],
)
def test_what_it_may_not(connection, text):
    with pytest.raises(ExpressionError):
        bind(connection, text, column=column, dialect="_1")


def test_the_bench_can_neither_read_nor_write_outside_its_folder(tmp_path):
    from crm_analytics.collection.loading.bench import Bench

    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with Bench(tmp_path / "work", readable=tmp_path / "facts") as bench:
        for sql in (
            f"FROM read_csv('{secret}')",
            f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
            f"ATTACH '{tmp_path}/x.db'",
            "SET memory_limit = '90GB'",
            "INSTALL httpfs",
            "LOAD httpfs",
            f"FROM read_text('{tmp_path}/work/../secret.csv')",
        ):
            with pytest.raises(duckdb.Error):
                bench.connection.execute(sql)
    assert not (tmp_path / "work").exists()
