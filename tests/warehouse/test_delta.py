"""The log beside a table: other readers of Delta tables find what the releases name, whatever happened in between."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyarrow import parquet

from crm_analytics.warehouse.release import Shelf
from crm_analytics.warehouse.tables import TABLES


def rows(*amounts, source="till"):
    made = [
        {"order_id": f"r{amount}", "line_no": 1, "quantity": Decimal(1), "amount": Decimal(amount), "source": source}
        for amount in amounts
    ]
    return pa.Table.from_pylist(made, schema=TABLES["order_lines"].arrow_schema())


def amounts(shelf, version=None):
    read = DeltaTable(str(shelf.table_path("order_lines")), version=version).to_pyarrow_table()
    return sorted(map(int, read["amount"].to_pylist()))


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path)
    with shelf.draft() as draft:
        draft.replace_source("order_lines", rows(1, 2), source="till")
        draft.replace_source("order_lines", rows(3, source="the web"), source="the web")
        draft.publish()
    return shelf


def test_another_reader_finds_the_rows_and_the_sources_of_a_release(shelf):
    table = DeltaTable(str(shelf.table_path("order_lines")))
    found = table.to_pyarrow_table()
    assert sorted(zip(found["source"].to_pylist(), map(int, found["amount"].to_pylist()), strict=True)) == [
        ("the web", 3), ("till", 1), ("till", 2),
    ]
    state = shelf.release().tables["order_lines"]
    assert (state.version, state.rows, set(state.by_source)) == (table.version(), 3, {"till", "the web"})
    assert {f"tables/order_lines/{path}" for path in table.get_add_actions(flatten=True)["path"].to_pylist()} == {
        file.replace("%", "%25") for file in state.files
    }


def test_what_a_dead_load_left_is_taken_back_by_the_next_one(shelf):
    with shelf.draft() as draft:
        draft.replace_source("order_lines", rows(7, 8, 9), source="till")
    assert amounts(shelf) == [3, 7, 8, 9], "it died before it was published"
    with shelf.draft() as draft:
        draft.replace_source("order_lines", rows(4, source="the web"), source="the web")
        draft.publish()
    assert amounts(shelf) == [1, 2, 4]
    assert shelf.release().tables["order_lines"].rows == 3
    first = shelf.release(1).tables["order_lines"]
    assert amounts(shelf, first.version) == [1, 2, 3]


def test_files_are_added_beside_those_that_stay(shelf):
    with shelf.draft() as draft:
        new = draft.folder("order_lines", source="till") / "one.parquet"
        parquet.write_table(rows(5).drop_columns(["source"]), new)
        staying = draft.tables["order_lines"].by_source["till"]
        state = draft.adopt("order_lines", source="till", parts={new: 1}, staying=staying)
        assert (state.rows, len(state.files)) == (4, 3)
        draft.publish()
    assert amounts(shelf) == [1, 2, 3, 5]


def test_the_log_is_summed_up_now_and_then_and_still_reads(tmp_path):
    shelf = Shelf(tmp_path)
    for number in range(103):
        with shelf.draft() as draft:
            draft.replace_source("order_lines", rows(number), source="till")
            draft.publish()
    assert amounts(shelf) == [102]
    assert amounts(shelf, 40) == [40]
    assert list((shelf.table_path("order_lines") / "_delta_log").glob("*.checkpoint.parquet"))
