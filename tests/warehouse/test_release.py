"""Releases: whole or not there, unchanging, and one after another."""

import json
import multiprocessing
from decimal import Decimal

import pytest

from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.release import Company, Release, Shelf, TableState, WarehouseError


def total(wh) -> Decimal:
    return Decimal(str(wh.order_lines.amount.sum().execute()))


def test_an_empty_home_says_what_to_do(tmp_path):
    with pytest.raises(WarehouseError, match="Load data first"):
        Warehouse.open(tmp_path)


def test_a_release_that_is_not_there_names_those_that_are(home):
    with pytest.raises(WarehouseError, match="there are 1 to 1"):
        Warehouse.open(home, release=7)


def test_old_releases_read_the_same_later(home, make):
    before = Warehouse.open(home)
    assert total(before) == Decimal("10.30")
    for number in range(3):
        make.publish(home, order_lines=make.rows("order_lines", make.line("o1", str(number))))
    assert [total(Warehouse.open(home, release=n)) for n in (1, 2, 3, 4)] == [Decimal("10.30"), 0, 1, 2]
    assert total(before) == Decimal("10.30")


def test_a_source_replaces_its_own_rows_only(home, make):
    make.publish(home, orders=make.rows("orders", make.order("w1", 7), source="web"))
    make.publish(home, orders=make.rows("orders", make.order("o9", 8), source="shop"))
    orders = Warehouse.open(home).orders.to_pandas().sort_values("order_id")
    assert orders.order_id.tolist() == ["o9", "w1"]
    assert orders.source.tolist() == ["shop", "web"]
    assert Shelf(home).release().tables["orders"].by_source.keys() == {"shop", "web"}


def test_a_source_can_have_nothing_any_more(home, make):
    from crm_analytics.warehouse.tables import TABLES

    with Shelf(home).draft() as draft:
        draft.replace_source("orders", TABLES["orders"].arrow_schema().empty_table(), source="shop")
        draft.publish()
    assert not Warehouse.open(home).has("orders")
    assert Warehouse.open(home, release=1).has("orders")


def test_what_is_not_published_is_not_there(home, make):
    with Shelf(home).draft() as draft:
        draft.replace_source("orders", make.rows("orders", make.order("o3", 9)), source="shop")
    assert Warehouse.open(home).release.id == 1
    assert sorted(Warehouse.open(home).orders.order_id.execute()) == ["o1", "o2"]
    make.publish(home, order_lines=make.rows("order_lines", make.line("o1", "1")))
    assert sorted(Warehouse.open(home).orders.order_id.execute()) == ["o1", "o2"]


def test_a_draft_that_was_left_is_built_over(home, make):
    with Shelf(home).draft() as draft:
        draft.replace_source("orders", make.rows("orders", make.order("lost", 9), source="web"), source="web")
    make.publish(home, orders=make.rows("orders", make.order("o3", 9), source="club"))
    assert sorted(Warehouse.open(home).orders.order_id.execute()) == ["o1", "o2", "o3"]


def test_a_table_that_only_a_left_draft_wrote_begins_anew(home, make):
    with Shelf(home).draft() as draft:
        draft.replace_source("stores", make.rows("stores", {"store_id": "lost"}, source="web"), source="web")
    make.publish(home, stores=make.rows("stores", {"store_id": "s1"}, source="shop"))
    assert Warehouse.open(home).stores.store_id.execute().tolist() == ["s1"]


def test_a_manifest_appears_whole_or_not_at_all(home, monkeypatch):
    import os

    def fail(*_):
        raise OSError("the disk is gone")

    monkeypatch.setattr(os, "link", fail)
    with pytest.raises(OSError, match="disk"), Shelf(home).draft() as draft:
        draft.publish()
    monkeypatch.undo()
    assert Shelf(home).ids() == [1]
    assert not list((home / "warehouse" / "releases").glob(".draft-*"))
    assert Warehouse.open(home).release.id == 1


def test_the_second_of_two_writers_is_told(home):
    shelf = Shelf(home)
    with shelf.draft() as draft:
        draft.publish()
        with pytest.raises(WarehouseError, match="Another load was published meanwhile"):
            draft.publish()
    assert shelf.ids() == [1, 2]


def _hold(home, held, go):
    with Shelf(home).locked("facts"):
        held.set()
        go.wait(10)


def test_one_writer_at_a_time(home):
    context = multiprocessing.get_context("spawn")
    held, go = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(home, held, go))
    holder.start()
    assert held.wait(30)
    import fcntl

    with (home / "warehouse" / ".facts.lock").open("w") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    holder.kill()
    holder.join()
    with Shelf(home).locked("facts"):
        pass


def test_a_manifest_says_all_there_is_to_say():
    release = Release(
        id=3,
        published_at="2025-01-01T00:00:00+00:00",
        company=Company(name="Ёлка"),
        facts_until="2024-12-31",
        tables={"orders": TableState(version=4, rows=2, files=("tables/orders/source=a%20b/x.parquet",))},
        loads={"shop": "abc"},
    )
    assert Release.from_json(release.to_json()) == release
    assert json.loads(release.to_json())["company"]["name"] == "Ёлка"
    assert list(release.tables["orders"].by_source) == ["a b"]
