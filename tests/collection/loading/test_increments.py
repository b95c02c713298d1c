"""Files that add to what came before: however a history is cut into loads, the tables end as its last state says."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from unittest.mock import patch

import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_analytics.collection import load
from crm_analytics.collection.loading import repeats
from crm_analytics.collection.mapping.section import MapError
from crm_analytics.collection.sources.sql import Sql
from crm_analytics.warehouse.release import Draft

MAP = """
source: shop
company: {name: Corner shop, currency: EUR}
files:
  lines:
    path: day*.csv
    load: add
    deleted: "Op = 'gone'"
    money: Sum
    tolerate: 1
tables:
  customers:
    from: lines
    rows: Customer
    columns: {customer_id: Customer}
  orders:
    from: lines
    rows: Receipt
    columns:
      order_id: Receipt
      ordered_at: {expression: "CAST('2025-01-01' AS TIMESTAMP) + to_days(CAST(Day AS INTEGER))"}
      customer_id: Customer
      kind: {constant: sale}
  order_lines:
    from: lines
    columns: {order_id: Receipt, line_no: Line, product_id: Product, quantity: {constant: "1"}, amount: Sum}
"""
HEADER = "Op,Receipt,Line,Day,Customer,Product,Sum\n"


def line(receipt, number, amount, op="", product="fig"):
    """A line of a receipt whose day and customer follow from its name, as they would in a shop."""
    return f"{op},r{receipt},{number},{receipt},c{receipt % 3},{product},{amount}\n"


def gone(receipt, number):
    return f"gone,r{receipt},{number},,,,\n"


@pytest.fixture
def adding(tmp_path, shop_of):
    return shop_of(tmp_path, MAP)


def content(home_of):
    """Every canonical table as a sorted list of rows."""
    wh = home_of.open()
    found = {}
    for table in ("customers", "orders", "order_lines"):
        rows = getattr(wh, table).to_pandas().astype(str).values.tolist() if wh.has(table) else []
        found[table] = sorted(map(tuple, rows))
        assert wh.release.tables[table].rows == len(rows)
    return found


def day(shop, number, *lines):
    shop.file(f"day{number}.csv", HEADER + "".join(lines))
    return shop.load()


def amounts(shop):
    rows = shop.open().order_lines.to_pandas()
    return {f"{o}.{n}": Decimal(str(a)) for o, n, a in zip(rows.order_id, rows.line_no, rows.amount, strict=True)}


def test_new_keys_are_inserted_known_ones_corrected_and_some_deleted(adding):
    day(adding, 1, line(1, 1, 10), line(1, 2, 5), line(2, 1, 7))
    first = adding.open()
    report = day(adding, 2, line(3, 1, 1), line(1, 2, 6), gone(2, 1))
    assert report.published
    assert amounts(adding) == {"r1.1": 10, "r1.2": 6, "r3.1": 1}
    wh = adding.open()
    assert sorted(wh.orders.order_id.execute()) == ["r1", "r3"], "an order goes with its last line"
    assert sorted(wh.customers.customer_id.execute()) == ["c0", "c1"]
    assert [(a.file, a.lines_read, a.corrected, a.deleted) for a in report.accounts] == [("day2.csv", 3, 1, 1)]
    assert "rows that came before: 1 corrected, 1 deleted" in report.text
    loads = wh.loads.to_pandas().sort_values("file")
    assert loads.file.tolist() == ["day1.csv", "day2.csv"]
    assert loads.lines_read.tolist() == [3, 3]
    assert sorted(first.orders.order_id.execute()) == ["r1", "r2"], "the former release still reads as it did"


def test_what_is_known_is_not_read_again_and_changes_nothing(adding):
    day(adding, 1, line(1, 1, 10))
    assert not adding.load().changed
    report = day(adding, 2, line(1, 1, 10), line(2, 1, 3))
    assert [a.file for a in report.accounts] == ["day2.csv"]
    assert (report.accounts[0].corrected, report.accounts[0].lines_loaded) == (0, 2)
    (adding.data / "day1.csv").rename(adding.data / "day9.csv")
    assert not adding.load().changed, "a file with another name only is known by its bytes"
    (adding.data / "day9.csv").unlink()
    assert not adding.load().changed
    assert amounts(adding) == {"r1.1": 10, "r2.1": 3}


def test_untouched_files_of_the_warehouse_are_not_written_again(adding):
    day(adding, 1, *[line(i, 1, 1) for i in range(50)])
    before = set(adding.open().release.tables["order_lines"].files)
    day(adding, 2, line(90, 1, 1))
    after = set(adding.open().release.tables["order_lines"].files)
    assert before < after
    day(adding, 3, line(90, 1, 2))
    assert before < set(adding.open().release.tables["order_lines"].files)
    assert len(adding.open().release.tables["order_lines"].files) == 2


def test_many_small_files_become_one(adding):
    for number in range(15):
        day(adding, f"{number:02}", line(number, 1, number))
    assert len(adding.open().release.tables["order_lines"].files) < 14
    assert len(adding.open().release.tables["loads"].files) < 14
    assert sum(amounts(adding).values()) == sum(range(15))


def test_a_file_that_changed_replaces_what_it_brought(adding):
    day(adding, 1, line(1, 1, 10), line(2, 1, 20))
    day(adding, 2, line(1, 1, 11), line(3, 1, 30), "what,is,this\n")
    day(adding, 3, line(3, 1, 31))
    report = day(adding, 2, line(3, 1, 30), line(4, 1, 40))
    assert amounts(adding) == {"r1.1": 10, "r2.1": 20, "r3.1": 31, "r4.1": 40}
    assert [a.file for a in report.accounts] == ["day1.csv", "day2.csv", "day3.csv"], "it had corrected the first"
    assert not adding.open().has("quarantine")
    report = day(adding, 3, line(3, 1, 31), line(5, 1, 50))
    assert amounts(adding)["r5.1"] == 50
    report = day(adding, 4, line(6, 1, 60))
    report = day(adding, 4, line(6, 1, 61))
    assert [a.file for a in report.accounts] == ["day4.csv"], "it had corrected nothing"


def test_a_deleted_row_may_come_back_and_deleting_what_is_not_there_does_nothing(adding):
    day(adding, 1, line(1, 1, 10), gone(1, 1), gone(7, 7), line(2, 1, 5))
    assert amounts(adding) == {"r2.1": 5}
    day(adding, 2, gone(2, 1), line(2, 1, 6), line(1, 1, 12))
    assert amounts(adding) == {"r1.1": 12, "r2.1": 6}


def test_the_quarantine_keeps_what_stays_and_gains_what_is_new(adding):
    day(adding, 1, line(1, 1, 10), line(1, 2, "much"))
    day(adding, 2, line(2, 1, "more"), line(2, 2, 1))
    refused = adding.open().refused_lines().to_pandas().sort_values("file")
    assert refused.file.tolist() == ["day1.csv", "day2.csv"]
    day(adding, 2, line(2, 1, 3), line(2, 2, 1))
    assert adding.open().refused_lines().to_pandas().file.tolist() == ["day1.csv"]


def test_a_map_that_changed_reads_all_files_again_and_keeps_the_rows_of_those_that_are_gone(adding):
    day(adding, 1, line(1, 1, 10))
    day(adding, 2, line(2, 1, 20))
    (adding.data / "day1.csv").unlink()
    adding.map = MAP.replace("product_id: Product", 'product_id: {expression: "upper(Product)"}')
    assert adding.load().published
    rows = adding.open().order_lines.to_pandas().set_index("order_id").product_id
    assert rows.to_dict() == {"r1": "fig", "r2": "FIG"}


def test_from_replacing_to_adding_and_back(adding):
    adding.map = MAP.replace("    load: add\n    deleted: \"Op = 'gone'\"\n", "")
    day(adding, 1, line(1, 1, 10))
    day(adding, 2, line(2, 1, 20))
    adding.map = MAP
    day(adding, 3, line(2, 1, 21))
    assert amounts(adding) == {"r1.1": 10, "r2.1": 21}
    adding.map = MAP.replace("    load: add\n    deleted: \"Op = 'gone'\"\n", "")
    (adding.data / "day2.csv").unlink()
    adding.load()
    assert amounts(adding) == {"r1.1": 10, "r2.1": 21}


def test_lines_without_numbers_are_numbered_within_their_file(adding):
    adding.map = MAP.replace("line_no: Line", "line_no: {number_within: Receipt}")
    day(adding, 1, line(1, "", 10), line(1, "", 11), line(2, "", 1))
    day(adding, 2, line(2, "", 2), line(3, "", 3), line(3, "", 4))
    assert amounts(adding) == {"r1.1": 10, "r1.2": 11, "r2.1": 2, "r3.1": 3, "r3.2": 4}


def test_an_empty_increment_is_no_broken_export(adding):
    day(adding, 1, line(1, 1, 10))
    assert day(adding, 2).published
    assert amounts(adding) == {"r1.1": 10}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("load: add", "load: append", "way to load"),
        ("    load: add\n", "", "write load: add"),
        ("load: add", "load: add\n    watermark: Day", "only a database"),
        ("order_lines:\n    from: lines", "order_lines:\n    from: lines\n    rows: Receipt", "which row is deleted"),
    ],
)
def test_a_map_says_what_is_wrong(adding, old, new, why):
    adding.map = MAP.replace(old, new, 1)
    with pytest.raises(MapError, match=why):
        day(adding, 1, line(1, 1, 10))


def test_what_a_row_names_and_is_not_there_is_remembered(adding):
    people = "\n  people: {path: people.csv}\ntables:\n  customers:\n    from: people\n    columns: {customer_id: Id}\n"
    head, _, tail = MAP.partition("tables:\n")
    adding.map = head.rstrip() + people + tail[tail.index("  orders:") :]
    adding.file("people.csv", "Id\nc0\n")
    day(adding, 1, line(1, 1, 10), line(1, 2, 5), line(3, 1, 7), line(4, 1, "2.5"))
    named = adding.open().unknown_references.to_pandas()
    assert named[["file", "table", "column", "value", "rows"]].values.tolist() == [
        ["day1.csv", "orders", "customer_id", "c1", 2]
    ]
    assert float(named.money[0]) == 17.5
    day(adding, 2, line(5, 1, 1))
    assert sorted(adding.open().unknown_references.value.execute()) == ["c1", "c2"]


def test_a_database_is_asked_only_for_what_is_newer(adding, monkeypatch):
    database = adding.data / "till.sqlite"
    adding.data.mkdir(parents=True)
    asked = []
    monkeypatch.setattr(
        Sql, "ask_since", lambda self, *since, then=Sql.ask_since: (asked.append(since[1]), then(self, *since))
    )
    head, _, tail = MAP.partition("    path: day*.csv\n")
    adding.map = head + "    sqlite: till.sqlite\n    table: lines\n    watermark: Changed\n    overlap: 1 day\n" + tail

    def put(*rows):
        with sqlite3.connect(database) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS lines (Op, Receipt, Line, Day, Customer, Product, Sum, Changed)"
            )
            connection.executemany(f"INSERT INTO lines VALUES ({', '.join('?' * 8)})", rows)
        connection.close()
        return adding.load()

    put(
        ("", "r1", 1, 1, "c1", "fig", 10, "2025-01-05 10:00:00"),
        ("", "r2", 1, 2, "c2", "fig", 7, "2025-03-01 08:00:00"),
    )
    assert asked == []
    assert not adding.load().changed
    report = put(
        ("", "r1", 1, 1, "c1", "fig", 11, "2025-03-02 09:00:00"),
        ("gone", "r2", 1, "", "", "", "", "2025-03-02 09:30:00"),
        ("", "r3", 1, 3, "c0", "fig", 1, "2024-01-01 00:00:00"),
    )
    assert set(asked) == {"2025-02-28 08:00:00"}
    assert report.accounts[0].lines_read == 3, "the newest row again, and two new ones; not the one dated back"
    assert amounts(adding) == {"r1.1": 11}
    loads = adding.open().loads.to_pandas().sort_values("place")
    assert loads.file.tolist() == ["till.sqlite: lines", "till.sqlite: lines since 2025-02-28 08:00:00"]
    adding.load()
    assert amounts(adding) == {"r1.1": 11}
    assert not adding.load().changed


steps = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 2), st.sampled_from(["put", "put", "put", "gone"]), st.integers(1, 4)),
    min_size=1,
    max_size=14,
)


def state(history):
    """What is true in the end: the last word on every line, in the order in which they were last put."""
    now: dict[tuple[int, int], int] = {}
    for receipt, number, op, amount in history:
        if op == "gone":
            now.pop((receipt, number), None)
        else:
            now[receipt, number] = amount
    return now


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=steps, cuts=st.lists(st.booleans(), min_size=13, max_size=13), late=st.booleans(),
    together=st.sampled_from([1, 2, 3]),
)
def test_any_cut_of_a_history_into_loads_ends_as_its_last_state(
    tmp_path_factory, shop_of, history, cuts, late, together
):
    """However many lines are held against their neighbours together, too."""
    words = [
        gone(receipt, number) if op == "gone" else line(receipt, number, amount)
        for receipt, number, op, amount in history
    ]
    whole = shop_of(tmp_path_factory.mktemp("whole"), MAP)
    end = state(history)
    day(whole, 1, line(99, 1, 1), *[line(r, n, amount) for (r, n), amount in end.items()])
    parts = shop_of(tmp_path_factory.mktemp("parts"), MAP)
    pieces = [[line(99, 1, 1)]]
    for word, cut in zip(words, [*cuts, False], strict=False):
        if cut:
            pieces.append([])
        pieces[-1].append(word)
    with patch.object(repeats, "GLANCE", together):
        for number, piece in enumerate(pieces):
            parts.file(f"day{number:02}.csv", HEADER + "".join(piece))
            if not late or number % 2:
                parts.load()
        if late:
            parts.load()
    assert content(parts) == content(whole)
    assert not parts.load().changed
    assert not load(parts.folder / "shop.yaml", data=parts.data, home=parts.home).changed


def test_a_load_that_dies_after_writing_leaves_what_was_and_the_next_one_adds_once(adding, monkeypatch):
    day(adding, 1, line(1, 1, 10), line(1, 2, 5))
    before = content(adding)

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Draft, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            day(adding, 2, line(2, 1, 20), line(1, 1, 11), gone(1, 2))
    assert content(adding) == before
    assert adding.load().published
    assert amounts(adding) == {"r1.1": 11, "r2.1": 20}
    assert DeltaTable(str(adding.home / "warehouse/tables/order_lines")).to_pyarrow_table().num_rows == 2
