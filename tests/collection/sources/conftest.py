"""What came, whatever its format: header, records, what was set aside, and the originals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources import source_of
from crm_analytics.collection.sources.source import Proof, Source


@dataclass
class Came:
    """A source that was read."""

    source: Source
    proof: Proof
    rows: list[dict[str, str | None]]
    said: list[str]
    """What progress said."""

    @property
    def lines(self) -> list[int]:
        return self.proof.lines(np.arange(self.proof.records)).tolist()

    @property
    def reasons(self) -> dict[int, str]:
        return {line: reason for line, _, reason in self.proof.malformed}

    def original(self, line: int) -> str:
        return next(self.source.originals([(line, 1)]))


@pytest.fixture
def came(tmp_path: Path):
    """Read some bytes as the file of a name, under a FileSpec's words."""

    def read(name: str, content: bytes | str, **words) -> Came:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        source = source_of(FileSpec(name="x", path=name, **words), path)
        workshop = tmp_path / "workshop"
        workshop.mkdir(exist_ok=True)
        said: list[str] = []
        proof = source.read(workshop, said.append)
        found = duckdb.sql(f"SELECT * FROM {source.relation()}").fetchall()
        assert len(found) == proof.records
        assert all(len(row) == len(source.header) for row in found)
        return Came(source, proof, [dict(zip(source.header, row, strict=True)) for row in found], said)

    return read
