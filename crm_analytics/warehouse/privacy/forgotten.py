"""Who was forgotten: a list of keyed hashes that keeps a later load from bringing them back, and the trail of it.

It holds when it was done, why, and how many rows it touched; nobody can read from it who it was.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from crm_analytics.warehouse.privacy.rewriting import put_whole
from crm_analytics.warehouse.privacy.secret import Secret
from crm_analytics.warehouse.privacy.traces import Person

FOLDER = "privacy"
PURPOSE = "forgotten"


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """One entry of the trail. `marks` are keyed hashes of the ids and addresses, `counts` what was found where."""

    at: str
    reason: str
    marks: tuple[str, ...]
    counts: Mapping[str, int]
    proven: bool


def trail(home: Path) -> list[Forgotten]:
    """Everybody who was forgotten, the first one first."""
    path = home / FOLDER / "forgotten.json"
    raw = json.loads(path.read_text("utf-8")) if path.exists() else []
    return [Forgotten(**one | {"marks": tuple(one["marks"])}) for one in raw]


def stopped(home: Path) -> frozenset[str]:
    """The marks of the ids that no load may bring back, and of the values that no refused line may show."""
    return frozenset(mark for one in trail(home) for mark in one.marks)


def note(home: Path, person: Person, *, secret: Secret, reason: str, counts: Mapping[str, int], proven: bool) -> None:
    """Enter somebody into the trail; done again, it adds to what was counted before."""
    told = {*person.ids, *(mark.text for mark in person.marks if mark.alone)}
    marks = tuple(sorted(secret.mark(PURPOSE, one) for one in told))
    known = trail(home)
    begun = [one for one in known if one.marks == marks and not one.proven]
    summed = Counter(counts)
    for one in begun:
        summed.update(one.counts)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    entry = Forgotten(at=at, reason=reason, marks=marks, counts=dict(sorted(summed.items())), proven=proven)
    _put(home / FOLDER / "forgotten.json", [asdict(one) for one in [*(o for o in known if o not in begun), entry]])


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
        _put(underway_file(home), asdict(self))

    def but_erased(self) -> Underway:
        """Everything has been rewritten; only the proof is to come."""
        return replace(self, erased=True)

    def done(self, home: Path) -> None:
        underway_file(home).unlink(missing_ok=True)


def underway_file(home: Path) -> Path:
    return home / FOLDER / "underway.json"


def _put(path: Path, what: object) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    put_whole(path, json.dumps(what, ensure_ascii=False, indent=1).encode(), mode=0o600)
