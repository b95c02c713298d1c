"""What comes again among the lines of a load: keys that stand twice, and values whose lines do not lie together.

Exports mostly keep together what belongs together, and in most loads no key stands twice; both are found from hashes,
at a fraction of what grouping all lines would cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.kinds import Kind

if TYPE_CHECKING:
    import pyarrow as pa

FEW, MANY = 1_000, 1_000_000
"""Of fewer hashes it is not worth asking the engine; more are sorted by several threads."""
GLANCE = 1_000_000
"""Lines that are looked at together; more would not be held in the processor's own memory."""


def runs(
    bench: Bench, kind: Kind, *, own: str, then: str, stands: str, out: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The first line (rid) of every run of lines, those of them whose value comes again, and these values' hashes.

    The lines are those that stand and are not `out` (rids), as they lie: a run is of one hash (`own`), and ends
    where `then` does not ascend. Exports mostly keep together what belongs together, so that a glance at the
    neighbour answers what grouping or sorting all lines would answer at several times the price. None where too
    much comes again.
    """
    first, values = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    former: tuple = ()
    for place in range(kind.start, kind.start + sum(one.proof.records for one in kind.arrivals), GLANCE):
        found = bench.run(
            f"SELECT hash({own}) AS own, {then or 'NULL'} AS next, {stands} AS stands FROM {kind.lines} AS l "
            f"WHERE rid >= {place} AND rid < {place + GLANCE}"
        ).fetchnumpy()
        stand = found["stands"]
        stand[out[(out >= place) & (out < place + len(stand))] - place] = False
        hashes, order = found["own"][stand], np.ma.getdata(found["next"])[stand]
        begins = np.ones(len(hashes), dtype=bool)
        begins[1:] = hashes[1:] != hashes[:-1]
        if then:
            begins[1:] |= order[1:] <= order[:-1]
        if former and len(hashes):
            begins[0] = hashes[0] != former[0] or bool(then and order[0] <= former[1])
        first.append(np.flatnonzero(stand)[begins] + place)
        values.append(hashes[begins])
        former = (hashes[-1], order[-1]) if len(hashes) else former
    first, values = np.concatenate(first), np.concatenate(values)
    again = _repeated(values.copy(), bench.threads)
    if len(again) > FEW:
        return None
    return first, first[np.isin(values, again)] if len(again) else first[:0], np.unique(again)


def twice(bench: Bench, new: list[str], old: list[str] | None = None) -> int:
    """Find the hashes (`h`) that stand more than once in queries, as the table `twice`. How many they are.

    Sorting numbers is several times as fast as grouping them, and in most loads no key stands twice. What stands
    in `old` alone does not count.
    """
    hashes = np.concatenate([bench.run(query).fetchnumpy()["h"] for query in new])
    again = _repeated(hashes, bench.threads)
    if not old and not len(again):
        return 0
    if not old and len(again) < FEW:  # which is nearly always, and spares the import of half of pandas
        listed = ", ".join(map(str, again.tolist()))
        bench.run(f"CREATE OR REPLACE TABLE twice AS SELECT DISTINCT unnest(CAST([{listed}] AS UBIGINT[])) AS h")
        return len(again)
    import pyarrow as pa

    with _seen(bench, "new_hashes", pa.table({"h": hashes})), _seen(bench, "again", pa.table({"h": again})):
        met = "".join(f" UNION FROM ({query}) SEMI JOIN new_hashes USING (h)" for query in old or ())
        return bench.run(f"CREATE OR REPLACE TABLE twice AS SELECT DISTINCT h FROM (FROM again{met})").fetchone()[0]


def _repeated(hashes: np.ndarray, threads: int) -> np.ndarray:
    """The hashes that stand there before, each as often; several threads sort a part each."""
    def repeated(part: np.ndarray) -> np.ndarray:
        part.sort()
        return part[1:][part[1:] == part[:-1]]

    if len(hashes) < MANY:
        return repeated(hashes)
    low = hashes < np.uint64(1 << 63)
    with ThreadPoolExecutor(threads) as helpers:
        return np.concatenate(list(helpers.map(repeated, (hashes[low], hashes[~low]))))


@contextmanager
def _seen(bench: Bench, name: str, table: pa.Table) -> Iterator[None]:
    """Let SQL see an Arrow table under a name, for a while."""
    bench.connection.register(name, table)
    yield
    bench.connection.unregister(name)
