"""Who was forgotten: a list of keyed hashes that keeps a later load from bringing them back, and the trail of it.

It holds when it was done, why, and how many rows it touched; nobody can read from it who it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from crm_analytics.warehouse.rewriting import put_whole
from crm_analytics.warehouse.secret import Secret
from crm_analytics.warehouse.traces import Person

PURPOSE = "forgotten"


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """One entry of the trail. `marks` are keyed hashes of the ids, `counts` what was found where."""

    at: str
    reason: str
    marks: tuple[str, ...]
    counts: Mapping[str, int]
    proven: bool


def trail(home: Path) -> list[Forgotten]:
    """Everybody who was forgotten, the first one first."""
    path = _folder(home) / "forgotten.json"
    raw = json.loads(path.read_text("utf-8")) if path.exists() else []
    return [Forgotten(**one | {"marks": tuple(one["marks"])}) for one in raw]


def stopped(home: Path) -> frozenset[str]:
    """The marks of the ids that no load may bring back."""
    return frozenset(mark for one in trail(home) for mark in one.marks)


def note(home: Path, person: Person, *, secret: Secret, reason: str, counts: Mapping[str, int], proven: bool) -> None:
    """Enter somebody into the trail; done again, it adds to what was counted before."""
    marks = tuple(sorted(secret.mark(PURPOSE, one) for one in person.ids))
    before = [one for one in trail(home) if one.marks == marks and not one.proven]
    others = [one for one in trail(home) if one not in before]
    summed = {key: counts.get(key, 0) + sum(one.counts.get(key, 0) for one in before)
              for key in {*counts, *(key for one in before for key in one.counts)}}  # fmt: skip
    entry = Forgotten(
        at=datetime.now(UTC).isoformat(timespec="seconds"), reason=reason, marks=marks,
        counts=dict(sorted(summed.items())), proven=proven,
    )  # fmt: skip
    text = json.dumps([asdict(one) for one in [*others, entry]], ensure_ascii=False, indent=1)
    put_whole(_folder(home) / "forgotten.json", text.encode(), mode=0o600)


@dataclass(frozen=True, kw_only=True)
class Underway:
    """Somebody whose forgetting has begun and is not proven yet. It goes when the proof has been given.

    Until then it is the one place that still says who it is, so that a run that was killed can be finished.
    """

    customer: str
    reason: str
    ids: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    erased: bool = False

    @classmethod
    def of(cls, home: Path) -> Underway | None:
        path = underway_file(home)
        return cls(**json.loads(path.read_text("utf-8"))) if path.exists() else None

    def write(self, home: Path) -> None:
        put_whole(underway_file(home), json.dumps(asdict(self), ensure_ascii=False).encode(), mode=0o600)

    def done(self, home: Path) -> None:
        underway_file(home).unlink(missing_ok=True)


def underway_file(home: Path) -> Path:
    return _folder(home) / "underway.json"


def _folder(home: Path) -> Path:
    folder = home / "privacy"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
