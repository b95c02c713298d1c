"""From pairs to customers, without chains: A like B and B like C does not make A and C one.

Groups grow from the surest pair down (average linkage): two groups become one only when no two of their records
contradict each other and, taken together, the pairs between them speak for it. What people decided stands above that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

Pair = tuple[str, str]

CAP = 12.0
"""One pair counts no more than this many bits, so that one strong pair cannot carry a group of weak ones."""
UNSEEN = -1.0
"""A pair that no key brought together speaks slightly against."""


def clustered(
    links: Iterable[tuple[str, str, float]],
    *,
    weights: dict[Pair, float],
    against: Iterable[Pair],
    same: Iterable[Pair] = (),
    separate: Iterable[Pair] = (),
) -> list[tuple[str, ...]]:
    """The groups of two records or more, each in order, in the order of their first records.

    `links` are the pairs that may join (a, b, weight), `weights` all pairs that were weighed, `against` the pairs that
    contradict each other; `same` and `separate` are people's decisions. The order of the arguments does not matter.
    """
    group_of: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    enemies: dict[str, set[str]] = defaultdict(set)
    parted: dict[str, set[str]] = defaultdict(set)
    for pairs, kept in ((against, enemies), (separate, parted)):
        for a, b in pairs:
            kept[a].add(b)
            kept[b].add(a)

    def group(record: str) -> str:
        if record not in group_of:
            group_of[record], members[record] = record, [record]
        return group_of[record]

    def join(one: str, other: str) -> None:
        kept, gone = min(one, other), max(one, other)
        for record in members.pop(gone):
            group_of[record] = kept
            members[kept].append(record)

    def parts(one: str, other: str, foes: dict[str, set[str]]) -> bool:
        others = set(members[other])
        return any(foes[record] & others for record in members[one] if record in foes)

    for a, b in sorted({(min(pair), max(pair)) for pair in same}):
        one, other = group(a), group(b)
        if one != other and not parts(one, other, parted):
            join(one, other)
    for a, b, _ in sorted(links, key=lambda link: (-link[2], link[0], link[1])):
        one, other = group(a), group(b)
        if one == other or parts(one, other, parted) or parts(one, other, enemies):
            continue
        between = [
            max(min(weights.get((min(x, y), max(x, y)), UNSEEN), CAP), -CAP)
            for x in members[one]
            for y in members[other]
        ]
        if sum(between) > 0:
            join(one, other)
    return sorted(tuple(sorted(records)) for records in members.values() if len(records) > 1)
