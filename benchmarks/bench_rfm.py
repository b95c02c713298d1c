"""RFM on 20 million order lines: this package beside the plain DuckDB query, and beside pandas.

    python benchmarks/bench_rfm.py [--lines N] [--folder DIR] [--runs N]

A release of N lines (four to an order, a third of the orders without a customer) is published. Over its very files
run the package's feature, the query an analyst would write by hand, and pandas; each in a process of its own, in turn,
so that a busy machine slows all; medians are compared (imports are not measured), and all must find the same. Beside
them stands the whole question, segments and sentence included. What is written is removed again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

THREADS = 2
MOST_TIMES, LEAST_TIMES = 1.3, 3.0
"""What is promised: times the plain query, and times as fast as pandas."""

AS_OF = "2025-01-01"
ORDERS = """
SELECT 'R' || lpad(CAST(i AS VARCHAR), 9, '0') AS order_id,
    TIMESTAMP '2023-01-01' + INTERVAL 1 SECOND * (i * 60480000 // {orders}) AS ordered_at,
    CASE WHEN hash(i, 1) % 3 > 0 THEN 'C' || hash(i, 2) % 800000 END AS customer_id,
    'S' || hash(i) % 200 AS store_id, NULL::VARCHAR AS channel,
    CASE WHEN hash(i, 3) % 50 = 0 THEN 'return' ELSE 'sale' END AS kind, 'till' AS source
FROM range({orders}) t(i)
"""
LINES = """
SELECT 'R' || lpad(CAST(i // 4 AS VARCHAR), 9, '0') AS order_id, i % 4 + 1 AS line_no,
    'P' || hash(i, 3) % 30000 AS product_id,
    (sign * (1 + hash(i, 4) % 5))::DECIMAL(18,3) AS quantity, price::DECIMAL(18,4) AS price,
    (sign * (1 + hash(i, 4) % 5) * price)::DECIMAL(18,4) AS amount,
    NULL::DECIMAL(18,4) AS list_price, NULL::DECIMAL(18,4) AS unit_cost, 'till' AS source
FROM (SELECT i, (hash(i, 5) % 9900 + 100) / 100 AS price,
    CASE WHEN hash(i // 4, 3) % 50 = 0 THEN -1 ELSE 1 END AS sign FROM range({lines}) t(i))
"""
PRODUCTS = """
SELECT 'P' || i AS product_id, NULL::VARCHAR AS name, 'G' || i % 40 AS category, NULL::VARCHAR AS brand,
    NULL::VARCHAR AS supplier_id, false AS made_to_order, 'till' AS source FROM range(30000) t(i)
"""
BY_HAND = """
SELECT customer_id, count(*) FILTER (sold > 0) AS orders, sum(revenue)::DOUBLE AS revenue,
    date_diff('day', max(day) FILTER (sold > 0), DATE '{as_of}') AS recency_days
FROM (
    SELECT o.customer_id, o.ordered_at::DATE AS day, sum(l.amount) AS revenue,
        sum(l.amount) FILTER (o.kind <> 'return') AS sold
    FROM read_parquet({lines}) l JOIN read_parquet({orders}) o USING (order_id)
    WHERE o.customer_id IS NOT NULL AND o.kind <> 'wholesale' AND o.ordered_at < DATE '{as_of}'
    GROUP BY ALL
) GROUP BY customer_id HAVING orders > 0
"""


def publish(home: Path, lines: int) -> None:
    """A release of so many lines."""
    import duckdb

    from crm_analytics.warehouse.release import Company, Shelf

    connection = duckdb.connect(config={"threads": THREADS})
    with Shelf(home).draft() as draft:
        for table, query in (("orders", ORDERS), ("order_lines", LINES), ("products", PRODUCTS)):
            reader = connection.sql(query.format(lines=lines, orders=lines // 4)).to_arrow_reader(500_000)
            draft.replace_source(table, _as_canonical(table, reader), source="till")
        draft.publish(company=Company(name="Till", currency="EUR"), facts_until="2024-12-31")


def _as_canonical(table: str, reader):
    import pyarrow as pa

    from crm_analytics.warehouse.tables import TABLES

    schema = TABLES[table].arrow_schema()
    batches = (batch.select(schema.names).cast(schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, batches)


def files(home: Path, table: str) -> list[str]:
    """The files of a table in the release, as any other reader would be given them."""
    from crm_analytics.warehouse.release import Shelf

    shelf = Shelf(home)
    return [str(shelf.folder / f) for f in shelf.release().tables[table].files]


def with_this_package(home: Path) -> pd.DataFrame:
    from crm_analytics import Warehouse, features

    wh = Warehouse.open(home)
    wh._connection.raw_sql(f"SET threads = {THREADS}")
    frame = features.rfm(wh, as_of=AS_OF).to_pandas()
    return frame.assign(recency_days=frame["T"] - frame["t_x"])


def answered(home: Path) -> pd.DataFrame:
    from crm_analytics import RFM

    return RFM().fit(with_this_package(home)).table.rename(columns={"frequency": "orders", "money": "revenue"})


def by_hand(home: Path) -> pd.DataFrame:
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    lists = {table: files(home, table) for table in ("orders", "order_lines")}
    return connection.sql(BY_HAND.format(lines=lists["order_lines"], orders=lists["orders"], as_of=AS_OF)).df()


def with_pandas(home: Path) -> pd.DataFrame:
    import pandas as pd

    orders = pd.read_parquet(files(home, "orders"), columns=["order_id", "customer_id", "ordered_at", "kind"])
    lines = pd.read_parquet(files(home, "order_lines"), columns=["order_id", "amount"])
    lines["amount"] = lines["amount"].astype(float)
    orders = orders[orders["customer_id"].notna() & (orders["ordered_at"] < AS_OF) & (orders["kind"] != "wholesale")]
    rows = lines.merge(orders, on="order_id")
    rows = rows.assign(day=rows["ordered_at"].dt.normalize(), sold=rows["amount"].where(rows["kind"] != "return", 0))
    days = rows.groupby(["customer_id", "day"], as_index=False).agg(revenue=("amount", "sum"), sold=("sold", "sum"))
    days["buys"] = days["sold"] > 0
    people = days.groupby("customer_id").agg(orders=("buys", "sum"), revenue=("revenue", "sum"))
    people["last"] = days[days["buys"]].groupby("customer_id")["day"].max()
    people = people[people["orders"] > 0].reset_index()
    return people.assign(recency_days=(pd.Timestamp(AS_OF) - people["last"]).dt.days)


WAYS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "plain DuckDB, by hand": by_hand,
    "features.rfm": with_this_package,
    "features.rfm and RFM": answered,
    "pandas": with_pandas,
}


def worked(way: str, home: Path) -> None:
    """Say, as JSON, what this way took and what it found."""
    ours = "crm_analytics.planning.customers.base.rfm"
    for library in ("duckdb", "pandas", "pyarrow.parquet", "ibis.backends.duckdb", ours):
        import_module(library)
    began, used_before = time.perf_counter(), time.process_time()
    frame = WAYS[way](home)
    wall, cpu = time.perf_counter() - began, time.process_time() - used_before
    found = [len(frame), int(frame["orders"].sum()), round(float(frame["revenue"].sum())),
             int(frame["recency_days"].sum())]  # fmt: skip
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"wall": wall, "cpu": cpu, "gigabytes": gigabytes, "found": found}))


def measured(way: str, home: Path) -> dict:
    command = [sys.executable, __file__, "--way", way, "--folder", str(home)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def compared(lines: int, runs: int, folder: Path) -> str:
    """The table: what each took, and the two ratios."""
    home = folder / "home"
    publish(home, lines)
    took = {way: [] for way in WAYS}
    for turn in range(runs):
        for way in WAYS:
            if turn == 0 or way != "pandas":  # once is enough for what takes so long
                took[way].append(measured(way, home))
    found = {tuple(run["found"]) for ways in took.values() for run in ways}
    if len(found) > 1:
        raise SystemExit(f"They differ: {found}")
    told = [f"{lines:,} order lines, {next(iter(found))[0]:,} customers, {THREADS} threads, median of {runs} runs",
            f"{'':<24}{'seconds':>9}{'cpu':>9}{'GB':>7}"]  # fmt: skip
    middle = {}
    for way, ways in took.items():
        middle[way] = {key: median(run[key] for run in ways) for key in ("wall", "cpu", "gigabytes")}
        wall, cpu, gigabytes = middle[way].values()
        told.append(f"{way:<24}{wall:>9.1f}{cpu:>9.1f}{gigabytes:>7.2f}")
    plain, ours, _, pandas = middle.values()
    told.append(
        f"features.rfm takes {ours['wall'] / plain['wall']:.2f} times the plain query by the clock, "
        f"{ours['cpu'] / plain['cpu']:.2f} times by processor seconds (promised: {MOST_TIMES})"
    )
    told.append(
        f"features.rfm is {pandas['wall'] / ours['wall']:.1f} times as fast as pandas by the clock, "
        f"{pandas['cpu'] / ours['cpu']:.1f} times by processor seconds (promised: {LEAST_TIMES:.0f})"
    )
    return "\n".join(told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=20_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where there is room; a temporary folder otherwise")
    parser.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.way:
        worked(chosen.way, chosen.folder)
    else:
        os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
        room = Path(tempfile.mkdtemp(prefix="bench_rfm_", dir=chosen.folder))
        try:
            print(compared(chosen.lines, chosen.runs, room))
        finally:
            shutil.rmtree(room)
