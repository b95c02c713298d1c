"""Retention and rolling back: history is shortened at its far end, and nothing that somebody needs goes with it."""

import multiprocessing
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable

from crm_analytics.warehouse import delta, retention, rollback
from crm_analytics.warehouse.delta import log_of
from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.release import Shelf, WarehouseError
from crm_analytics.warehouse.retention import due, pin, pins, remember_reports, report_folders, retain, unpin
from crm_analytics.warehouse.rollback import roll_back


def total(home, release=None) -> Decimal:
    wh = Warehouse.open(home, release=release)
    return Decimal(str(wh.order_lines.amount.sum().execute()))


def files(home) -> set[str]:
    folder = home / "warehouse"
    found = (folder / "tables").rglob("*.parquet")
    return {path.relative_to(folder).as_posix() for path in found if "_delta_log" not in path.parts}


def named(home) -> set[str]:
    shelf = Shelf(home)
    return {f for number in shelf.ids() for state in shelf.release(number).tables.values() for f in state.files}


@pytest.fixture
def many(home, make):
    """Five releases whose order lines come to 10.30, 0, 1, 2, 3."""
    for number in range(4):
        make.publish(home, order_lines=make.rows("order_lines", make.line("o1", str(number))))
    return home


def left_by_a_dead_load(home, make):
    with Shelf(home).draft() as draft:
        draft.replace_source("order_lines", make.rows("order_lines", make.line("o1", "99")), source="shop")


def test_old_releases_go_with_the_files_that_only_they_name(many, make):
    left_by_a_dead_load(many, make)
    told = retain(Shelf(many), due(Shelf(many), keep=2))
    assert (told.removed, list(told.kept)) == ((1, 2, 3), [4, 5])
    assert told.files == 4
    assert Shelf(many).ids() == [4, 5]
    assert files(many) == named(many)
    assert [total(many, n) for n in (4, 5)] == [2, 3]
    again = retain(Shelf(many), due(Shelf(many), keep=2))
    assert (again.removed, again.files) == ((), 0)


def test_a_dry_run_removes_nothing_and_says_the_same(many):
    before = files(many)
    told = retain(Shelf(many), due(Shelf(many), keep=1), dry_run=True)
    assert files(many) == before
    assert Shelf(many).ids() == [1, 2, 3, 4, 5]
    assert retain(Shelf(many), due(Shelf(many), keep=1)) == told
    assert told.size_bytes > 0


def test_what_is_pinned_or_named_by_a_report_stays(many):
    shelf = Shelf(many)
    pin(shelf, 2, why="the year's closing")
    retain(shelf, due(shelf, keep=1, named={3: "2025-01-31/21_sales"}))
    assert shelf.ids() == [2, 3, 5]
    assert total(many, 2) == 0
    unpin(shelf, 2)
    assert due(shelf, keep=1)[2] == ()
    with pytest.raises(WarehouseError, match="not pinned; none is"):
        unpin(shelf, 2)
    with pytest.raises(WarehouseError, match="does not exist"):
        pin(shelf, 1, why="too late")
    with pytest.raises(WarehouseError, match="why the release is to stay"):
        pin(shelf, 3, why=" ")
    assert pins(shelf) == {}


def test_days_count_from_when_a_release_was_published(many):
    shelf, soon = Shelf(many), datetime.now(UTC) + timedelta(days=3)
    assert all(due(shelf, days=4, now=soon).values())
    assert [number for number, why in due(shelf, days=2, now=soon).items() if why] == [5]
    for wrong in ({}, {"keep": 0}, {"days": 0}):
        with pytest.raises(WarehouseError, match="keep"):
            due(shelf, **wrong)


def test_what_a_reader_has_open_stays_until_he_is_done(many):
    reader = Warehouse.open(many, release=1)
    told = retain(Shelf(many), due(Shelf(many), keep=1))
    assert told.kept[1] == (retention.IN_USE,)
    assert Shelf(many).ids() == [1, 5]
    assert reader.order_lines.amount.sum().execute() == Decimal("10.30")
    del reader
    assert retain(Shelf(many), due(Shelf(many), keep=1)).removed == (1,)


def test_the_log_stays_readable_for_what_is_kept(many, make):
    left_by_a_dead_load(many, make)
    shelf = Shelf(many)
    retain(shelf, due(shelf, keep=2))
    path = str(shelf.table_path("order_lines"))
    for number in (4, 5):
        version = shelf.release(number).tables["order_lines"].version
        amounts = DeltaTable(path, version=version).to_pyarrow_table()["amount"].to_pylist()
        assert amounts == [Decimal(number - 2)]
    assert DeltaTable(path).to_pyarrow_table()["amount"].to_pylist() == [Decimal(3)]
    make.publish(many, order_lines=make.rows("order_lines", make.line("o1", "8")))
    assert total(many) == 8


def test_a_manifest_nobody_can_read_stops_it_before_anything_is_gone(many):
    Shelf(many).manifest(3).write_text("{")
    before = files(many)
    with pytest.raises(WarehouseError, match="release 3 cannot be read"):
        retain(Shelf(many), {1: (), 2: ("wanted",), 3: ("wanted",), 4: ("wanted",), 5: ("newest",)})
    assert files(many) == before


def test_folders_of_reports_are_remembered_once(many, tmp_path):
    shelf = Shelf(many)
    assert report_folders(shelf) == ()
    for name in ("a", "b", "a"):
        remember_reports(shelf, tmp_path / name)
    assert [path.name for path in report_folders(shelf)] == ["a", "b"]


def test_rolling_back_publishes_what_was_and_the_next_load_builds_on_it(many, make):
    make.publish(many, orders=make.rows("orders", make.order("w1", 7), source="web"))
    release = roll_back(Shelf(many), 1)
    assert (release.id, release.loads, release.about) == (7, {}, "as release 1 was")
    assert total(many) == Decimal("10.30")
    assert sorted(Warehouse.open(many).orders.order_id.execute()) == ["o1", "o2"]
    assert [total(many, n) for n in (2, 3)] == [0, 1]
    assert DeltaTable(str(Shelf(many).table_path("orders"))).to_pyarrow_table().num_rows == 2
    make.publish(many, orders=make.rows("orders", make.order("w2", 8), source="web"))
    assert sorted(Warehouse.open(many).orders.order_id.execute()) == ["o1", "o2", "w2"]
    assert total(many) == Decimal("10.30")


def test_rolling_back_to_before_a_table_existed(many, make):
    make.publish(many, stores=make.rows("stores", {"store_id": "s1"}))
    roll_back(Shelf(many), 5)
    assert not Warehouse.open(many).has("stores")
    make.publish(many, stores=make.rows("stores", {"store_id": "s2"}, source="web"))
    assert Warehouse.open(many).stores.store_id.execute().tolist() == ["s2"]


def test_rolling_back_needs_no_old_log(many, make):
    path = Shelf(many).table_path("order_lines")
    DeltaTable(str(path)).create_checkpoint()
    for version in range(DeltaTable(str(path)).version()):
        log_of(path, version).unlink()
    roll_back(Shelf(many), 1)
    assert total(many) == Decimal("10.30")
    make.publish(many, order_lines=make.rows("order_lines", make.line("o1", "5"), source="web"))
    assert total(many) == Decimal("15.30")
    assert DeltaTable(str(path)).to_pyarrow_table().num_rows == 3


def test_rolling_back_refuses_what_it_cannot_do(many):
    with pytest.raises(WarehouseError, match="is the newest"):
        roll_back(Shelf(many), 5)
    with pytest.raises(WarehouseError, match="does not exist"):
        roll_back(Shelf(many), 9)
    lost = Shelf(many).release(1).tables["order_lines"].files[0]
    (many / "warehouse" / lost).unlink()
    with pytest.raises(WarehouseError, match="has lost its file"):
        roll_back(Shelf(many), 1)
    assert Shelf(many).ids() == [1, 2, 3, 4, 5]


def _die_at(step: int, home: Path, work: str) -> None:
    """Do the work and die as if killed at the n-th moment that changes anything on the disk."""
    left = [step]

    def dying(change):
        def changed(*args, **kwargs):
            if left[0] == 0:
                os._exit(9)
            left[0] -= 1
            return change(*args, **kwargs)

        return changed

    Path.unlink = dying(Path.unlink)
    delta.enter = dying(delta.enter)
    rollback.link_into_place = dying(rollback.link_into_place)
    shelf = Shelf(home)
    retain(shelf, due(shelf, keep=2)) if work == "retain" else roll_back(shelf, 2)


@pytest.fixture(scope="module")
def worker():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["deltalake", "pyarrow", "crm_analytics.warehouse.engine"])
    return context


@pytest.mark.parametrize("work", ["retain", "roll back"])
def test_killed_at_any_moment_it_can_be_done_again(many, make, worker, work):
    left_by_a_dead_load(many, make)
    before = {number: total(many, number) for number in Shelf(many).ids()}
    for step in range(20):
        process = worker.Process(target=_die_at, args=(step, many, work))
        process.start()
        process.join()
        shelf = Shelf(many)
        assert {n: total(many, n) for n in shelf.ids() if n in before}.items() <= before.items()
        assert named(many) <= files(many)
        if process.exitcode == 0:
            break
        assert process.exitcode == 9
    assert step >= 2, "it should have died at several moments before it was done"
    if work == "retain":
        assert shelf.ids() == [4, 5]
        assert files(many) == named(many)
    else:
        assert total(many) == 0
        assert shelf.ids()[-1] in (6, 7), "killed when it was published, it may be asked for once more"
    make.publish(many, order_lines=make.rows("order_lines", make.line("o1", "8")))
    assert total(many) == 8
