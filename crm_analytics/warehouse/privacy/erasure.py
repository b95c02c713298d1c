"""Erasure: what becomes of the rows of one person, by what the canonical schema says of each column.

A row that can be without its customer stays, without: an order remains part of every sum, and nothing links it to
anybody, not even to the person's other orders. A row that cannot (a consent, an arm, a response) goes. Words that
would tell who it was are emptied.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crm_analytics.warehouse.privacy.rewriting import Rewriting
from crm_analytics.warehouse.privacy.subject import customer_columns
from crm_analytics.warehouse.privacy.traces import Person
from crm_analytics.warehouse.release import ALL_TABLES

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Erased:
    """What was erased, as counts: rows that went, rows that stay without their customer, texts that were emptied."""

    removed: dict[str, int] = field(default_factory=dict)
    anonymous: dict[str, int] = field(default_factory=dict)
    emptied: dict[str, int] = field(default_factory=dict)

    def add(self, what: dict[str, int], table: str, rows: int) -> None:
        if rows:
            what[table] = what.get(table, 0) + rows


class Eraser:
    """Rewrites batches of one person's rows by what the canonical schema says of each column."""

    def __init__(self, person: Person):
        self.person = person
        self.told = Erased()
        self._tokens: dict[str, str] = {}

    def of_table(self, name: str) -> Rewriting:
        return lambda batch: self._canonical(name, batch)

    def of_kept(self, name: str) -> Rewriting:
        return lambda batch: self._kept(f"kept {name}", batch)

    def _canonical(self, name: str, batch: pa.RecordBatch) -> pa.RecordBatch | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        table, changed = ALL_TABLES[name], False
        ids = pa.array(sorted(self.person.ids), pa.string())
        for column in customer_columns(table):
            if column not in batch.schema.names:
                continue
            theirs = pc.is_in(batch[column].cast(pa.string()), ids)
            rows = theirs.true_count
            if not rows:
                continue
            changed = True
            if table.by_name[column].required:
                self.told.add(self.told.removed, name, rows)
                batch = batch.filter(pc.invert(theirs))
            else:
                self.told.add(self.told.anonymous, name, rows)
                batch = _with(batch, column, pc.if_else(theirs, None, batch[column]))
        required = {column.name for column in table.columns if column.required} | set(table.key)
        emptied = self._emptied(name, batch, keep=required)
        return emptied if emptied is not None else batch if changed else None

    def _kept(self, name: str, batch: pa.RecordBatch) -> pa.RecordBatch | None:
        import pyarrow as pa
        import pyarrow.compute as pc

        ids, before = pa.array(sorted(self.person.ids), pa.string()), batch.num_rows
        for column in _texts(batch):
            batch = batch.filter(pc.invert(pc.is_in(batch[column].cast(pa.string()), ids)))
        self.told.add(self.told.removed, name, before - batch.num_rows)
        emptied = self._emptied(name, batch, keep=set())
        return emptied if emptied is not None else batch if batch.num_rows < before else None

    def _emptied(self, name: str, batch: pa.RecordBatch, *, keep: set[str]) -> pa.RecordBatch | None:
        """Empty the texts that hold a trace; where there must be one, it becomes a word of chance, the same for all."""
        import pyarrow as pa
        import pyarrow.compute as pc

        changed = False
        for column in _texts(batch):
            known = pc.unique(batch[column].cast(pa.string())).drop_null().to_pylist()
            if not known or not self._any(name, known):
                continue
            words = {word: self._instead(word, column in keep) for word in known if self._theirs(name, word)}
            if words:
                texts = batch[column].cast(pa.string())
                hit = pc.is_in(texts, pa.array(list(words), pa.string()))
                self.told.add(self.told.emptied, name, hit.true_count)
                new = pa.array([words.get(text, text) for text in texts.to_pylist()], pa.string())
                batch, changed = _with(batch, column, new), True
        return batch if changed else None

    def _any(self, name: str, texts: list[str]) -> bool:
        return name == "quarantine_lines" or self.person.in_text("\n".join(texts))

    def _theirs(self, name: str, text: str) -> bool:
        if name != "quarantine_lines":
            return self.person.in_text(text)
        cells = [cell.strip().strip('"') for cell in _cells(text)]
        return self.person.in_record([text]) or bool(self.person.ids.intersection(cells))

    def _instead(self, word: str, needed: bool) -> str | None:
        return self._tokens.setdefault(word, f"forgotten-{uuid.uuid4().hex[:12]}") if needed else None


def _cells(line: str) -> list[str]:
    return re.split(r"[,;\t|<>]", line)


def _texts(batch: pa.RecordBatch) -> list[str]:
    import pyarrow as pa

    def is_text(kind: pa.DataType) -> bool:
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        return pa.types.is_string(kind) or pa.types.is_large_string(kind)

    return [name for name in batch.schema.names if is_text(batch.schema.field(name).type)]


def _with(batch: pa.RecordBatch, column: str, values: pa.Array) -> pa.RecordBatch:
    place = batch.schema.get_field_index(column)
    return batch.set_column(place, batch.schema.field(column), values.cast(batch.schema.field(column).type))
