"""How long it takes to find who is one customer among 100,000 records, and how well they are found.

    python benchmarks/bench_identity.py [RECORDS]
"""

from __future__ import annotations

import sys
import time
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa

from crm_analytics.collection.identity.find import Rules, found
from crm_analytics.collection.identity.records import records
from crm_analytics.simulation.company import Simulation
from crm_analytics.simulation.exports.crm import _customer_columns

TARGET_S = 120


def people(count: int) -> tuple[pd.DataFrame, dict[str, str]]:
    """So many records of the demo company's export, and whose each is."""
    company = Simulation(customers=round(count / 1.04), seed=1)
    frame = pa.table(_customer_columns(company)).to_pandas().rename(columns={"type": "kind"}).assign(source="crm")
    truth = company.truth.duplicates
    return frame, dict(zip(truth.record_id, truth.customer_id, strict=True))


def main() -> None:
    frame, twice = people(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    start = time.perf_counter()
    clean = records(frame, country="LV")
    standardised = time.perf_counter()
    answer = found(clean, Rules())
    done = time.perf_counter()
    person = np.array([twice.get(record, record) for record in clean.customer_id])
    sizes = pd.Series(person).value_counts()
    true = int((sizes * (sizes - 1) // 2).sum())
    said = [pair for group in answer.groups for pair in combinations(group, 2)]
    right = sum(twice.get(a, a) == twice.get(b, b) for a, b in said)
    print(f"{len(clean):,} records: {standardised - start:.1f} s to standardise, {done - standardised:.1f} s to link")
    print(f"precision {right / len(said):.4f}, recall {right / true:.4f} of {true:,} true pairs")
    if done - start > TARGET_S:
        sys.exit(f"slower than {TARGET_S} s")


if __name__ == "__main__":
    main()
