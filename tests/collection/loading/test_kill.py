"""A load may die at any moment: what was published before stays, and the next load succeeds."""

import multiprocessing
import os
import random
import signal
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest

from crm_analytics.collection import load
from crm_analytics.warehouse.engine import Warehouse

KILLS = int(os.environ.get("CRM_KILLS", "15"))


@pytest.fixture(scope="module")
def worker():
    """A server whose children begin with everything imported, so that a kill falls into the load and not before it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crm_analytics.collection.loading.load", "deltalake", "duckdb", "pyarrow", "numpy"])
    return context


def _load(folder: str) -> None:
    load(Path(folder) / "shop.yaml", data=Path(folder) / "data", home=Path(folder) / "home")


def numbers(wh: Warehouse) -> tuple[int, Decimal]:
    lines = wh.order_lines
    found = lines.agg(rows=lines.count(), amount=lines.amount.sum()).to_pandas().iloc[0]
    return int(found.rows), Decimal(str(found.amount))


def change(shop, number: int) -> None:
    """Let the shop have one more sale, so that there is something to load."""
    line = f"x{number};1;08.01.2025 10:00;ann;fig;1;1,00;{number},00\n"
    shop.file("sales.csv", (shop.data / "sales.csv").read_text() + line)


def complete(number: int) -> tuple[int, Decimal]:
    """The numbers of a shop that was changed up to this number."""
    return 5 + number, Decimal("7.5") + sum(range(number + 1))


def test_a_load_killed_at_any_moment_leaves_what_was_and_the_next_one_succeeds(shop, worker):
    shop.load()
    _run(worker, shop).join()  # the first child waits for the server to import everything
    change(shop, 0)
    began = time.perf_counter()
    _run(worker, shop).join()
    duration = time.perf_counter() - began
    draw, killed_midway = random.Random(7), 0
    for number in range(1, KILLS + 1):
        before = shop.open()
        then = numbers(before)
        change(shop, number)
        process = _run(worker, shop)
        time.sleep(duration * draw.random() * 1.05)
        process.kill()
        process.join()
        killed_midway += process.exitcode == -signal.SIGKILL
        now = shop.open()
        assert numbers(Warehouse.open(shop.home, release=before.release.id)) == then
        assert numbers(now) == (then if now.release.id == before.release.id else complete(number))
        if number % 5 == 0:
            shop.load()
            assert numbers(shop.open()) == complete(number)
    shop.load()
    assert numbers(shop.open()) == complete(KILLS)
    assert killed_midway > KILLS / 2, "most kills should fall into a load"
    assert not (shop.home / "warehouse" / ".workshop").exists()


def _run(worker, shop):
    process = worker.Process(target=_load, args=(str(shop.folder),))
    process.start()
    return process


def test_two_readers_read_while_a_load_runs(shop):
    shop.load()
    seen: list[tuple[int, int]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            wh = shop.open()
            seen.append((wh.release.id, numbers(wh)[0]))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(60):
        change(shop, number)
        shop.load()
        if len({release for release, _ in seen}) > 2:
            break
    stop.set()
    for reader in readers:
        reader.join()
    assert {rows - release for release, rows in seen} == {3}, "each release always has its own rows"
    assert len({release for release, _ in seen}) > 1


def test_two_loads_at_once_take_their_turns(shop, worker):
    shop.load()
    change(shop, 1)
    both = [_run(worker, shop) for _ in range(2)]
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert shop.open().release.id == 2
