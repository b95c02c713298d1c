"""Recall: the fingerprints of files that have not been touched since they were last taken, so that a load of one new
file does not read all the old ones again only to know them.

A file is taken to be the same when its size, its inode and both its times are; one that was touched within the last
seconds is not remembered, because a clock may tick too slowly to show another change.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

from crm_analytics.collection.loading.kinds import Kind
from crm_analytics.collection.sources.parcel import Parcel

SETTLED_SECONDS = 2.0


class Recall:
    """What is remembered of the files in a company's data folder."""

    def __init__(self, folder: Path):
        self.path = folder / "fingerprints.json"
        try:
            self.known: dict[str, list] = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError):
            self.known = {}
        self.marks: dict[str, tuple[Parcel, list[int]]] = {}

    def apply(self, kinds: list[Kind]) -> None:
        """Tell the files that are as they were what their fingerprints are."""
        for arrival in (arrival for kind in kinds for arrival in kind.arrivals):
            parcel = getattr(arrival.source, "parcel", None)
            if isinstance(parcel, Parcel) and parcel.member is None:
                mark, known = _mark(parcel.path), self.known.get(str(parcel.path.resolve()))
                if known and known[:-1] == mark:
                    parcel.known_as(known[-1])
                self.marks[str(parcel.path.resolve())] = (parcel, mark)

    def keep(self) -> None:
        """Remember the fingerprints of those files that stayed as they were all the while."""
        for name, (parcel, mark) in self.marks.items():
            touched = max(mark[1], mark[2]) / 1e9
            if time.time() - touched > SETTLED_SECONDS and parcel.path.exists() and _mark(parcel.path) == mark:
                self.known[name] = [*mark, parcel.fingerprint]
        self.known = {name: known for name, known in self.known.items() if Path(name).exists()}
        handle, draft = tempfile.mkstemp(dir=self.path.parent, prefix=".draft-")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(self.known, out)
        Path(draft).replace(self.path)


def _mark(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
