"""Loading order lines: this package beside plain DuckDB, which only copies the same CSV to Parquet.

    python benchmarks/bench_load.py [--lines N] [--folder DIR]

A till's export of N lines (20 million unless said otherwise) is written, copied by DuckDB with its own defaults and as
many threads, and loaded: every line typed, checked, its key unique, its references there, money reconciled to the cent.
Then a second export of a hundredth as many lines is added: most are new, some correct what came before. Each runs in a
process of its own; what is written is removed again. Processor seconds tell more than the clock on a busy machine.
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
from pathlib import Path

THREADS = 2
MOST_TIMES, MOST_GIGABYTES, MOST_SHARE = 2.5, 6.0, 0.1
"""What is promised: times plain DuckDB, memory, and the second load's share of the first."""

MAP = """
source: till
company: {name: Till, currency: EUR}
files:
  lines: {path: "sales_*.csv", money: amount, load: add}
  products: {path: "products.csv"}
tables:
  products:
    from: products
    columns: {product_id: product, category: category}
  orders:
    from: lines
    rows: receipt
    columns: {order_id: receipt, ordered_at: sold_at, customer_id: card, store_id: store, kind: {constant: sale}}
  order_lines:
    from: lines
    columns: {order_id: receipt, line_no: line, product_id: product, quantity: quantity, price: price, amount: amount}
"""
LINES = """
SELECT 'R' || lpad(CAST(i // 4 AS VARCHAR), 9, '0') AS receipt, i % 4 + 1 AS line,
    strftime(TIMESTAMP '2023-01-01' + INTERVAL 1 SECOND * ((i // 4) * 60480000 // ({lines} // 4 + 1)),
        '%Y-%m-%d %H:%M:%S') AS sold_at,
    'S' || hash(i // 4) % 200 AS store,
    CASE WHEN hash(i // 4, 1) % 3 > 0 THEN 'C' || hash(i // 4, 2) % 800000 END AS card,
    'P' || hash(i, 3) % 30000 AS product, 1 + hash(i, 4) % 5 AS quantity,
    (hash(i, 5) % 9900 + 100) / 100.0 AS price,
    CASE WHEN hash(i, 9) % 2000000 = 7 THEN 'n/a' ELSE
        CAST(CAST((hash(i, 5) % 9900 + 100) / 100.0 * (1 + hash(i, 4) % 5) + {more} AS DECIMAL(9,2)) AS VARCHAR) END
        AS amount
FROM range({first}, {last}) t(i)
"""


def write(folder: Path, lines: int) -> None:
    """The exports: all sales, those of the next day with a tenth of corrections, and the products."""
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    first = LINES.format(lines=lines, more=0, first=0, last=lines)
    connection.execute(f"COPY ({first}) TO '{folder}/sales_1.csv' (HEADER)")
    with (folder / "sales_1.csv").open("a", encoding="utf-8") as file:
        file.write("R000000000,torn off\nR000000001,1,soon,S1,,P1,1,1.00,1.00\n")
    new, old = lines // 100 * 9 // 10, lines // 100 // 10
    second = LINES.format(lines=lines, more=0, first=lines, last=lines + new)
    changed = LINES.format(lines=lines, more=1, first=lines - 10 * old, last=lines) + " WHERE i % 10 = 0"
    connection.execute(f"COPY ({second} UNION ALL {changed}) TO '{folder}/sales_2.later' (HEADER)")
    connection.execute(
        f"COPY (SELECT 'P' || i AS product, 'G' || i % 40 AS category FROM range(30000) t(i)) "
        f"TO '{folder}/products.csv' (HEADER)"
    )
    (folder / "till.yaml").write_text(MAP, "utf-8")


def copy(folder: Path) -> None:
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    connection.execute(
        f"COPY (FROM read_csv('{folder}/sales_1.csv', ignore_errors = true)) TO '{folder}/copy.parquet'"
    )


def load(folder: Path) -> None:
    from crm_analytics.collection import load

    report = load(folder / "till.yaml", data=folder, home=folder / "home")
    print(report.text, file=sys.stderr)
    assert report.published, report.text


def measured(work: str, folder: Path) -> dict[str, float]:
    """Seconds on the clock, of processors, and the peak of memory, of a fresh process that does this work."""
    os.sync()  # what is still to be written of the run before is not to be waited for by this one
    command = [sys.executable, __file__, "--work", work, "--folder", str(folder)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(told)


def worked(work: str, folder: Path) -> None:
    began = time.perf_counter()
    {"copy": copy, "load": load}[work](folder)
    wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "gigabytes": used.ru_maxrss / 2**20}))


def compared(lines: int, folder: Path) -> str:
    """The table: what each took, and the two ratios."""
    write(folder, lines)
    size = (folder / "sales_1.csv").stat().st_size / 1e9
    runs = {"plain DuckDB, CSV to Parquet": measured("copy", folder)}
    (folder / "copy.parquet").unlink()
    runs["crm load"] = measured("load", folder)
    (folder / "sales_2.later").rename(folder / "sales_2.csv")
    runs["crm load of 1 % more"] = measured("load", folder)
    told = [f"{lines:,} order lines ({size:.2f} GB), {THREADS} threads", f"{'':<30}{'seconds':>9}{'cpu':>9}{'GB':>7}"]
    told += [f"{name:<30}{run['wall']:>9.1f}{run['cpu']:>9.1f}{run['gigabytes']:>7.2f}" for name, run in runs.items()]
    plain, first, second = runs.values()
    told.append(
        f"crm load takes {first['wall'] / plain['wall']:.2f} times plain DuckDB by the clock, "
        f"{first['cpu'] / plain['cpu']:.2f} times by processor seconds (promised: {MOST_TIMES}), "
        f"in {first['gigabytes']:.1f} GB (promised: {MOST_GIGABYTES:.0f})"
    )
    told.append(
        f"the load of 1 % more takes {second['wall'] / first['wall']:.1%} of the first by the clock, "
        f"{second['cpu'] / first['cpu']:.1%} by processor seconds (promised: {MOST_SHARE:.0%})"
    )
    return "\n".join(told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where there is room; a temporary folder otherwise")
    parser.add_argument("--work", choices=("copy", "load"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        worked(chosen.work, chosen.folder)
    else:
        os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
        room = Path(tempfile.mkdtemp(prefix="bench_load_", dir=chosen.folder))
        try:
            print(compared(chosen.lines, room))
        finally:
            shutil.rmtree(room)
