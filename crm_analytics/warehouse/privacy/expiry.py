"""Expiry: the addresses of customers who gave no sign of life for longer than the company keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crm_analytics.warehouse.privacy.rewriting import Rewriting, rewrite_tables, rewritten
from crm_analytics.warehouse.privacy.subject import OF_IDENTITY, customer_columns
from crm_analytics.warehouse.release import ALL_TABLES, Draft, Release, Shelf, TableState
from crm_analytics.warehouse.tables import DAY, MOMENT

if TYPE_CHECKING:
    import pyarrow as pa

CONTACTS = "customer_contacts"


def expire(shelf: Shelf, *, days: int) -> int:
    """Remove the addresses of everybody without a sign of life for so many days from every release; how many.

    The days are counted from the newest order of the newest release. Whoever has the lock of the facts calls this.
    """
    newest = shelf.release()
    silent = silent_customers(shelf, newest.tables, days=days, today=_today(newest))
    if silent:
        rewrite_tables(shelf, lambda _: _without(silent), tables=(CONTACTS,))
    return len(silent)


def expire_draft(draft: Draft, *, days: int, facts_until: str | None) -> int:
    """Do the same to a release in the making, so that it never shows what is past its time; how many."""
    state, folder = draft.tables.get(CONTACTS), draft.shelf.folder
    today = date.fromisoformat(facts_until) + timedelta(days=1) if facts_until else None
    silent = silent_customers(draft.shelf, draft.tables, days=days, today=today)
    published = set(draft.base.tables[CONTACTS].files) if draft.base and CONTACTS in draft.base.tables else set()
    for source, files in state.by_source.items() if silent else ():
        new = {file: rewritten(folder / file, _without(silent)) for file in files}
        changed = {file: one for file, one in new.items() if one}
        if changed:
            parts = {one.path: one.rows for one in changed.values()}
            draft.adopt(CONTACTS, source=source, parts=parts, staying=[file for file in files if file not in changed])
            for file in changed.keys() - published:
                (folder / file).unlink()
    return len(silent)


def silent_customers(
    shelf: Shelf, tables: Mapping[str, TableState], *, days: int, today: date | None
) -> frozenset[str]:
    """Whose last sign of life, in any of their records, was more than so many days before `today`.

    Whoever gave none that is dated stays: nobody can say since when.
    """
    if not days or today is None or not tables.get(CONTACTS):
        return frozenset()
    import duckdb

    connection = duckdb.connect(config={"threads": 2})

    def rows(name: str) -> str:
        paths = ", ".join("'" + str(shelf.folder / file).replace("'", "''") + "'" for file in tables[name].files)
        return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"

    signs = [
        f'SELECT "{customer}" AS customer_id, max(CAST("{column.name}" AS DATE)) AS day FROM {rows(name)} GROUP BY 1'
        for name, table in ALL_TABLES.items()
        if name not in OF_IDENTITY and name in tables and tables[name].files
        for customer in customer_columns(table)
        for column in table.columns
        if column.past and column.kind in (DAY, MOMENT)
    ]
    golden = rows("identities") if "identities" in tables and tables["identities"].files else None
    identities = golden or "(SELECT NULL::VARCHAR AS customer_id, NULL::VARCHAR AS golden_id WHERE false)"
    found = connection.execute(
        f"WITH signs AS ({' UNION ALL '.join(signs)}), "
        f"known AS (SELECT coalesce(i.golden_id, s.customer_id) AS who, s.customer_id, s.day FROM signs s "
        f"LEFT JOIN {identities} i USING (customer_id)), "
        "silent AS (SELECT who FROM known GROUP BY who HAVING max(day) < $limit) "
        f"SELECT DISTINCT c.customer_id FROM {rows(CONTACTS)} c LEFT JOIN {identities} i USING (customer_id) "
        "WHERE coalesce(i.golden_id, c.customer_id) IN (FROM silent)",
        {"limit": today - timedelta(days=days)},
    )
    return frozenset(one for (one,) in found.fetchall())


def _today(release: Release) -> date | None:
    return date.fromisoformat(release.facts_until) + timedelta(days=1) if release.facts_until else None


def _without(silent: frozenset[str]) -> Rewriting:
    def rewrite(batch: pa.RecordBatch) -> pa.RecordBatch | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        gone = pc.is_in(batch["customer_id"], pa.array(sorted(silent), pa.string()))
        return batch.filter(pc.invert(gone)) if gone.true_count else None

    return rewrite
