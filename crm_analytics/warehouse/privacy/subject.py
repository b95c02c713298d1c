"""The person who is asked about: everything by which any release, or a file that no release names, knows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from crm_analytics.warehouse.privacy.traces import Person, digits, fold
from crm_analytics.warehouse.release import ALL_TABLES, Shelf
from crm_analytics.warehouse.tables import TABLES, Table

PERSONAL = TABLES["customer_contacts"].personal
SOURCE_ID = "source_customer_id"
OF_IDENTITY = {
    "identities": ("customer_id", "golden_id"),
    "identity_pairs": ("a", "b"),
    "identity_log": ("customer_id", "before", "after"),
}
"""Where customers stand in what identification remembers."""


def data_files(shelf: Shelf, table: str) -> list[Path]:
    """Every Parquet file in a table's folder, whether a release names it or not."""
    folder = shelf.table_path(table)
    return sorted(path for path in folder.rglob("*.parquet") if "_delta_log" not in path.relative_to(folder).parts)


def customer_columns(table: Table) -> tuple[str, ...]:
    """The columns of a table in which customers stand."""
    if table.name in OF_IDENTITY:
        return OF_IDENTITY[table.name]
    refers = (column.name for column in table.columns if column.refers == "customers.customer_id")
    return ("customer_id",) if table.name == "customers" else tuple(refers)


def known_person(shelf: Shelf, ids: Iterable[str]) -> Person | None:
    """Who has one of these ids in any table: all ids that are the same customer, and all values. None: nobody has."""
    facts = _Facts(shelf)
    found = facts.same_customer({one for one in ids if one})
    if not found:
        return None
    mine = facts.contacts_of(found)
    values: dict[str, set[str]] = defaultdict(set)
    for row in mine:
        for name in PERSONAL:
            if row.get(name) and name != SOURCE_ID:
                values[name].add(row[name])
    known_as = {row[SOURCE_ID] for row in mine if row.get(SOURCE_ID)}
    return told_apart(shelf, Person(ids=frozenset(found | known_as), values=values))


def told_apart(shelf: Shelf, person: Person) -> Person:
    """The person, together with what other customers have in common with them, who are to lose nothing."""
    facts = _Facts(shelf)
    return replace(person, others=tuple(facts.others_like(person.values, but=set(person.ids))))


class _Facts:
    def __init__(self, shelf: Shelf):
        import duckdb

        self.shelf = shelf
        self.connection = duckdb.connect(config={"threads": 2, "autoinstall_known_extensions": False})

    def _rows(self, table: str) -> str | None:
        paths = data_files(self.shelf, table)
        return _read_parquet(paths) if paths else None

    def same_customer(self, ids: set[str]) -> set[str]:
        """The ids, with all that are the same customer by identification, or by name and e-mail or telephone."""
        known = {one for one in ids if self._stands_somewhere(one)}
        for row in self._contacts(f"list_contains(?, {SOURCE_ID})", ids):
            known.add(row["customer_id"])
        while True:
            more = known | self._identified(known) | self._alike(known)
            if more == known:
                return known
            known = more

    def _stands_somewhere(self, one: str) -> bool:
        for name, table in ALL_TABLES.items():
            columns, rows = customer_columns(table), self._rows(name)
            if columns and rows:
                where = " OR ".join(f'"{column}" = $one' for column in columns)
                if self.connection.execute(f"SELECT 1 FROM {rows} WHERE {where} LIMIT 1", {"one": one}).fetchone():
                    return True
        return False

    def _identified(self, ids: set[str]) -> set[str]:
        """All records of the same customer, as the newest release says that knows them: a merger that was undone since
        makes nobody the same."""
        found, asked = set(), set(ids)
        for number in reversed(self.shelf.ids()):
            state = self.shelf.release(number).tables.get("identities")
            if not asked or state is None or not state.files:
                continue
            rows = _read_parquet(self.shelf.folder / file for file in state.files)
            either = "list_contains($ids, customer_id) OR list_contains($ids, golden_id)"
            golden = self._column(f"SELECT golden_id FROM {rows} WHERE {either}", asked)
            found |= golden
            found |= self._column(f"SELECT customer_id FROM {rows} WHERE list_contains($ids, golden_id)", golden)
            asked -= found
        return found

    def _column(self, sql: str, ids: set[str]) -> set[str]:
        return {value for (value,) in self.connection.execute(sql, {"ids": sorted(ids)}).fetchall() if value}

    def _alike(self, ids: set[str]) -> set[str]:
        """Where nobody has identified customers yet: who has the same name and the same e-mail or telephone."""
        if "identities" in ALL_TABLES and self._rows("identities"):
            return set()
        mine = self.contacts_of(ids)
        found = set()
        for row in mine:
            for other in self._like({name: {row.get(name) or ""} for name in PERSONAL}):
                name = _same(row, other, "full_name")
                if name and (_same(row, other, "email") or _same(row, other, "phone")):
                    found.add(other["customer_id"])
        return found

    def contacts_of(self, ids: set[str]) -> list[dict[str, Any]]:
        return self._contacts("list_contains(?, customer_id)", ids)

    def others_like(self, values: Mapping[str, Collection[str]], *, but: set[str]) -> list[dict[str, str]]:
        """The values of other customers who share one with this person."""
        alike = [row for row in self._like(values) if row["customer_id"] not in but]
        return [{name: row[name] for name in PERSONAL if row.get(name) and name != SOURCE_ID} for row in alike]

    def _like(self, values: Mapping[str, Collection[str]]) -> list[dict[str, Any]]:
        """Rows that have one of the values, written in whatever letters; telephones by their last digits."""
        conditions, given = [], []
        for name, texts in values.items():
            if name == "phone":
                tails = sorted({digits(text)[-8:] for text in texts if len(digits(text)) >= 5})
                conditions.append(r"list_contains(?, right(regexp_replace(phone, '\D', '', 'g'), 8))")
                given.append(tails)
            elif name != SOURCE_ID:
                conditions.append(f'list_contains(?, lower(trim("{name}")))')
                given.append(sorted({text.strip().lower() for text in texts if text.strip()}))
        return self._contacts(" OR ".join(conditions), *given) if conditions else []

    def _contacts(self, where: str, *given: Iterable[str]) -> list[dict[str, Any]]:
        rows = self._rows("customer_contacts")
        if not rows:
            return []
        have = [d[0] for d in self.connection.execute(f"SELECT * FROM {rows} LIMIT 0").description]
        taken = ", ".join(
            f'"{name}"' if name in have else f'NULL::VARCHAR AS "{name}"' for name in ("customer_id", *PERSONAL)
        )
        found = self.connection.execute(
            f"SELECT DISTINCT * FROM (SELECT {taken} FROM {rows}) WHERE {where}", [sorted(one) for one in given]
        )
        names = [d[0] for d in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _read_parquet(paths: Iterable[Path]) -> str:
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def _same(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> bool:
    a, b = one.get(name) or "", other.get(name) or ""
    if name == "phone":
        return len(digits(a)) >= 7 and len(digits(b)) >= 7 and digits(a)[-8:] == digits(b)[-8:]
    return bool(a.strip()) and fold(a).split() == fold(b).split()
