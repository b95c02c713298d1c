"""Ways as arrays: every touch of every distinct way in one long row, so that rules and chains are a few sums."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

STEP = " > "
"""What stands between the touches of a way."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ways:
    """Distinct ways, sorted: `touch` holds channel numbers one after the other, way i those from `first[i]` on.

    `conversions`, `value` and `lost` (ways that ended without) are by way. `decayed` and `decayed_value` are by touch
    what the time before the conversion leaves to each; None where times are not known.
    """

    names: tuple[str, ...]
    touch: np.ndarray
    first: np.ndarray
    conversions: np.ndarray
    value: np.ndarray
    lost: np.ndarray
    decayed: np.ndarray | None = None
    decayed_value: np.ndarray | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Ways:
        """From a table of `features.paths`: path, conversions, value and lost, with decayed where times are known."""
        import pyarrow as pa
        import pyarrow.compute as pc

        timed = {"decayed", "decayed_value"} <= set(frame)
        frame = frame[["path", "conversions", "value", "lost", *(("decayed", "decayed_value") if timed else ())]]
        if not timed:
            frame = frame.groupby("path", sort=False, as_index=False).sum()
        frame = frame.sort_values("path", kind="stable", ignore_index=True)
        words = pa.array(frame["path"].to_numpy(object), pa.string())
        split = pc.split_pattern(words, STEP.strip())
        encoded = pc.utf8_trim_whitespace(split.flatten()).dictionary_encode()
        found = encoded.dictionary.to_pylist()
        place = np.argsort(np.argsort(np.array(found, dtype=object))) if found else np.zeros(0, np.int64)
        first = np.asarray(split.offsets)[:-1].astype(np.int64)
        return cls(
            names=tuple(sorted(found)),
            touch=place[encoded.indices.to_numpy(zero_copy_only=False)].astype(np.int32),
            first=first,
            conversions=frame["conversions"].to_numpy(float),
            value=frame["value"].to_numpy(float),
            lost=frame["lost"].to_numpy(float),
            decayed=_flat(frame, "conversions", first) if timed else None,
            decayed_value=_flat(frame, "value", first) if timed else None,
        )

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def length(self) -> np.ndarray:
        """Touches of each way."""
        return np.diff(np.append(self.first, len(self.touch)))

    @cached_property
    def way(self) -> np.ndarray:
        """The way that each touch belongs to."""
        return np.repeat(np.arange(len(self)), self.length)

    @cached_property
    def place(self) -> np.ndarray:
        """The place of each touch in its way, from 0."""
        return np.arange(len(self.touch)) - self.first[self.way]

    @cached_property
    def with_channel(self) -> np.ndarray:
        """Whether a way has a channel: way × channel."""
        seen = np.zeros((len(self), len(self.names)), bool)
        seen[self.way, self.touch] = True
        return seen


def _flat(frame: pd.DataFrame, total: str, first: np.ndarray) -> np.ndarray:
    """Lists by touch as one row, brought to exactly what they are parts of."""
    name = "decayed" if total == "conversions" else f"decayed_{total}"
    flat = np.concatenate([np.asarray(one, float) for one in frame[name]])
    sums = np.add.reduceat(flat, first)
    length = np.diff(np.append(first, len(flat)))
    return flat * np.repeat(frame[total].to_numpy(float) / np.where(sums > 0, sums, 1), length)
