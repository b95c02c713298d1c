"""A score trained and applied to a million customers, from the warehouse's tables to a probability with reasons.

    python benchmarks/bench_score.py [--customers N]

The facts are simulated purchases of customers who come at their own pace and leave; they lie in a release on the disk.
Measured are the seconds of each part and the most memory the process ever held.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from crm_analytics import Score, Warehouse, features
from crm_analytics.warehouse.release import Company, Shelf
from crm_analytics.warehouse.tables import TABLES

FIRST_DAY, DAYS = date(2022, 7, 1), 1096
LIMIT_S, LIMIT_GB = 60, 6


def simulated(customers: int, seed: int = 1) -> dict[str, pa.Table]:
    """Customers, orders and lines: Poisson purchases at a gamma pace, with a chance of leaving after each."""
    rng = np.random.default_rng(seed)
    joined = rng.integers(0, DAYS - 30, customers)
    pace, leaving = rng.gamma(0.8, 1 / 90, customers), rng.beta(0.8, 5.0, customers)
    now, there, who, day = joined.astype(float), np.arange(customers), [np.arange(customers)], [joined.copy()]
    while len(there):
        now[there] += rng.exponential(1 / pace[there])
        there = there[now[there] < DAYS]
        who.append(there)
        day.append(now[there].astype(int))
        there = there[rng.random(len(there)) > leaving[there]]
    buyer, when = np.concatenate(who), np.concatenate(day)
    count = len(buyer)
    names = pa.array(np.char.add("C", np.arange(customers).astype(str)))
    orders = pa.array(np.char.add("O", np.arange(count).astype(str)))
    days = np.datetime64(FIRST_DAY) + when
    amount = pa.array(np.round(rng.lognormal(3.4, 0.6, count), 2)).cast(pa.decimal128(18, 4), safe=False)
    words = {
        "region": rng.choice(["north", "south", "east", "west"], customers),
        "kind": rng.choice(["person", "company"], customers, p=[0.95, 0.05]),
    }
    return {
        "customers": _table("customers", customer_id=names, first_seen=np.datetime64(FIRST_DAY) + joined, **words),
        "orders": _table(
            "orders", order_id=orders, ordered_at=days.astype("datetime64[us]"), customer_id=names.take(buyer),
            channel=rng.choice(["store", "web"], count), kind=np.full(count, "sale"),
        ),
        "order_lines": _table(
            "order_lines", order_id=orders, line_no=np.ones(count, int), amount=amount,
            quantity=pa.array(np.ones(count)).cast(pa.decimal128(18, 3)), price=amount,
        ),
    }  # fmt: skip


def _table(name: str, **columns: object) -> pa.Table:
    schema = TABLES[name].arrow_schema()
    rows = len(next(iter(columns.values())))
    filled = {"source": np.full(rows, "bench"), **columns}
    arrays = [
        pa.array(filled[f.name]).cast(f.type, safe=False) if f.name in filled else pa.nulls(rows, f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def measured(customers: int) -> str:
    """The table: seconds of each part, the memory held at most, and what came of it."""
    home = Path(tempfile.mkdtemp(prefix="bench_score"))
    with Shelf(home).draft() as draft:
        for name, rows in simulated(customers).items():
            draft.replace_source(name, rows, source="bench")
        draft.publish(
            company=Company(name="Bench", currency="EUR", country="LV", language="en"), facts_until="2025-06-30"
        )
    del rows
    seconds = {}
    began = time.perf_counter()
    past = features.training(Warehouse.open(home)).to_pandas()
    seconds["profiles, past and present"] = time.perf_counter() - began
    score = Score().fit(past)
    seconds["learned, tried, applied, with reasons"] = time.perf_counter() - began - sum(seconds.values())
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    whole = sum(seconds.values())
    lines = [f"A score of {customers:,} customers: {len(past):,} rows, {len(score.table):,} scored"]
    lines += [f"  {name:<40}{took:>8.1f} s" for name, took in seconds.items()]
    lines += [
        f"  {'in all':<40}{whole:>8.1f} s (limit {LIMIT_S})",
        f"  {'memory held at most, the simulation’s too':<40}{held:>8.1f} GB (limit {LIMIT_GB})",
        score.text,
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    print(measured(parser.parse_args().customers))
