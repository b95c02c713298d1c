"""What people decided about two records: that they are the same customer, or that they are not. It stands for good.

Decisions lie in the company's home (`identity.jsonl`), one line each, and are only ever added to; the last word about
two records counts. They name records, never persons.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from crm_analytics.warehouse.release import WarehouseError

SAME, SEPARATE, UNDO = "same", "separate", "undo"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Somebody's word about two records: `said` is same, separate or undo (forget what was said before)."""

    at: str
    who: str
    a: str
    b: str
    said: str
    why: str = ""


def file_of(home: Path) -> Path:
    return home / "identity.jsonl"


def decide(home: Path, decision: Decision) -> None:
    """Write a decision down. Raises WarehouseError when there is nothing to undo."""
    if decision.said == UNDO and not any({d.a, d.b} == {decision.a, decision.b} for d in standing(history(home))):
        raise WarehouseError(f"Nothing was decided about {decision.a} and {decision.b}, so there is nothing to undo.")
    with file_of(home).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(decision), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def history(home: Path) -> list[Decision]:
    """Every decision, the oldest first. Raises WarehouseError for a line that is none."""
    if not file_of(home).is_file():
        return []
    found = []
    for number, line in enumerate(file_of(home).read_text("utf-8").splitlines(), start=1):
        try:
            found.append(Decision(**json.loads(line)))
        except (ValueError, TypeError):
            raise WarehouseError(f"{file_of(home)}, line {number}: this is no decision; mend or remove it.") from None
    return found


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """The last word about each two records."""
    last: dict[frozenset[str], Decision] = {}
    for one in decisions:
        last[frozenset((one.a, one.b))] = one
    return [one for one in last.values() if one.said != UNDO]


def now_text(now: datetime) -> str:
    return now.isoformat(sep=" ", timespec="seconds")
