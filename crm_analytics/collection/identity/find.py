"""Find who is one customer: certain keys, then probabilities, then groups that contradict themselves nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from crm_analytics.collection.identity.clusters import Pair, clustered
from crm_analytics.collection.identity.judgement import KEYS, certain_pairs, judged
from crm_analytics.collection.identity.linkage import probability, probable_pairs, weight

if TYPE_CHECKING:
    import pandas as pd

SURE_WEIGHT = 20.0
"""What a certain key is worth where no probability was worked out: one error in a million."""
KEY_WEIGHT = 10.0
"""A certain key speaks for one customer at least as clearly as this, however few records taught the probabilities."""
LARGEST_HEAP = 150
"""In a larger heap of linked records only the pairs at hand are weighed, not every one with every other."""
PROBABLE = "probability"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How sure a pair must be, by which certain keys, and which sources have every customer once.

    `by` is `probability` (certain keys, then probabilities) or `keys` (certain keys alone, without splink).
    """

    threshold: float = 0.95
    keys: tuple[str, ...] = KEYS
    unique: tuple[str, ...] = ()
    by: str = PROBABLE

    def __post_init__(self) -> None:
        if not 0.5 <= self.threshold < 1:
            raise ValueError(f"threshold is a probability from 0.5 to below 1, not {self.threshold}; try 0.95.")
        for key in self.keys:
            if key not in KEYS:
                raise ValueError(f"There is no certain key {key!r}; there are {', '.join(KEYS)}.")
        if self.by not in (PROBABLE, "keys"):
            raise ValueError(f"Records are compared by {PROBABLE} or by keys, not by {self.by!r}.")


@dataclass(frozen=True, kw_only=True)
class Found:
    """`groups`: the customers of two records or more. `pairs`: every pair that was weighed (a, b, weight, key,
    against, thin, and the weight of each field), ordered by a, b."""

    groups: list[tuple[str, ...]]
    pairs: pd.DataFrame = field(repr=False)


def found(records: pd.DataFrame, rules: Rules, *, decisions: Iterable[tuple[str, str, str]] = ()) -> Found:
    """Who is who among standardised `records`. The same records, in whatever order they came, give the same answer.

    `decisions` are what people said: (a, b, "same" or "separate"). Raises NoSplink.
    """
    return Found(groups=grouped(pairs := weighed(records, rules), rules, decisions=decisions), pairs=pairs)


def weighed(records: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Every pair that speaks for one customer, with all that speaks against it."""
    import pandas as pd

    sure = certain_pairs(records, keys=rules.keys)
    sure = sure if len(sure) else pd.DataFrame({"a": [], "b": [], "key": []}, dtype=object)
    pairs = probable_pairs(records, sure=sure) if rules.by == PROBABLE else sure[["a", "b"]].assign(weight=SURE_WEIGHT)
    pairs = pairs.merge(sure, on=["a", "b"], how="outer")
    pairs["weight"] = pairs.weight.fillna(SURE_WEIGHT).astype(float)
    pairs["key"] = pairs.key.fillna("").astype(object)
    linked = pairs[_strong(pairs, rules)]
    more = _within_heaps(linked, pairs)
    pairs = pd.concat([pairs, more], ignore_index=True) if len(more) else pairs
    pairs["key"] = pairs.key.fillna("")
    pairs = pairs.merge(judged(records, pairs, unique=rules.unique), on=["a", "b"], how="left")
    return pairs.sort_values(["a", "b"], ignore_index=True)


def grouped(
    pairs: pd.DataFrame, rules: Rules, *, decisions: Iterable[tuple[str, str, str]] = ()
) -> list[tuple[str, ...]]:
    """The groups that pairs and people's decisions make."""
    decided = {word: [(a, b) for a, b, said in decisions if said == word] for word in ("same", "separate")}
    pairs = pairs.assign(weight=pairs.weight.where(pairs.key == "", pairs.weight.clip(lower=KEY_WEIGHT)))
    weights: dict[Pair, float] = {
        (a, b): w for a, b, w in zip(pairs.a, pairs.b, pairs.weight, strict=True) if w == w
    }
    good = pairs[joining(pairs, rules)]
    against = pairs[pairs.against != ""]
    return clustered(
        zip(good.a, good.b, good.weight, strict=True), weights=weights,
        against=zip(against.a, against.b, strict=True), same=decided["same"], separate=decided["separate"],
    )  # fmt: skip


def joining(pairs: pd.DataFrame, rules: Rules) -> pd.Series:
    """Which pairs may make two records one customer."""
    return _strong(pairs, rules) & (pairs.against == "") & ((pairs.thin == "") | (pairs.key != ""))


def _strong(pairs: pd.DataFrame, rules: Rules) -> pd.Series:
    return (pairs.weight >= weight(rules.threshold)) | (pairs.key != "")


def _within_heaps(linked: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """The pairs inside each heap of linked records that no key brought together: they may contradict each other."""
    import numpy as np
    import pandas as pd
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids, codes = np.unique(np.concatenate([linked.a, linked.b]).astype(str), return_inverse=True)
    if not len(ids):
        return pd.DataFrame()
    left, right = codes[: len(linked)], codes[len(linked) :]
    graph = coo_array((np.ones(len(linked)), (left, right)), shape=(len(ids), len(ids)))
    _, heap = connected_components(graph, directed=False)
    have = set(zip(known.a, known.b, strict=True))
    missing = [
        pair
        for _, records in pd.Series(ids).groupby(heap)
        if 2 < len(records) <= LARGEST_HEAP
        for pair in combinations(sorted(records), 2)
        if pair not in have
    ]
    return pd.DataFrame(missing, columns=["a", "b"])


def certainty(pairs: pd.DataFrame) -> pd.Series:
    """The probability of each pair; of a pair with a certain key at least that of the key."""
    bits = pairs.weight.where(pairs.key == "", pairs.weight.clip(lower=KEY_WEIGHT))
    return bits.map(lambda one: probability(one) if one == one else float("nan"))
