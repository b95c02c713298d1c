"""Golden ids: which of its records' ids a customer goes by, from run to run, and what changed since the last run.

A golden id is the id of one of the customer's own records, so it maps to itself wherever it is written down. A group
keeps the golden id it had as long as that record is in it; where groups are merged the older id stays; where one is
split, the part with that record keeps it and the others go by their oldest records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A record that goes by another id than before, and why."""

    customer_id: str
    before: str
    after: str
    action: str


def named(
    groups: Iterable[tuple[str, ...]], *, before: Mapping[str, str], age: Mapping[str, tuple]
) -> tuple[dict[str, str], list[Change]]:
    """The golden id of every record in a group, and the changes, in order.

    `before` is the answer of the last run, for every record it knew; `age` orders records, the oldest first.
    """

    def oldest(record: str) -> tuple:
        return (before.get(record) != record, age[record], record)

    now: dict[str, str] = dict.fromkeys(age, "")
    for records in groups:
        now.update(dict.fromkeys(records, min(records, key=oldest)))
    now = {record: golden or record for record, golden in now.items()}
    return now, _changes(before, now)


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    """New records that are customers of their own are no change."""
    changes = []
    for record, golden in sorted(now.items()):
        was = before.get(record, record)
        if was != golden:
            changes.append(Change(record, was, golden, "split" if golden == record else "merged"))
    return changes
