"""The order of time among decisions: which rows may teach, which calibrate, and on which a score is tried out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

FINEST = 14
"""Into how many periods time is cut at most."""

FEWEST = 20
"""So many successes and as many failures a period must hold."""

HELD_OUT = 0.25
"""The newest periods on which a score is tried hold at least this share of the rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Periods:
    """Rows by period, the oldest 0, and the customers on whom nothing is learned while a score is tried.

    Where customers recur, a third of them, chosen by their id, are only ever tried on: nobody by whom a score is
    tested has taught it.
    """

    of: np.ndarray
    starts: np.ndarray
    first_tried: int
    apart: np.ndarray
    snapshot: np.ndarray
    until: np.ndarray | None

    @classmethod
    def cut(cls, known: pd.DataFrame) -> Periods:
        """From rows with a snapshot (a date or any number that grows with time) and a target, none of it null."""
        snapshot = moments(known["snapshot"])
        of = _merged(snapshot, known["target"].to_numpy(int))
        count = int(of.max()) + 1 if len(of) else 0
        starts = np.array([snapshot[of == period].min() for period in range(count)])
        share = np.cumsum(np.bincount(of, minlength=count)[::-1])[::-1] / max(len(of), 1)
        enough = np.flatnonzero(share >= HELD_OUT)
        first = max(int(enough[-1]) if len(enough) else 0, min(2, count - 1))
        recur = known["customer_id"].duplicated().any()
        apart = _third(known["customer_id"]) if recur else np.ones(len(known), bool)
        until = moments(known["until"]) if "until" in known.columns else None
        return cls(of=of, starts=starts, first_tried=first, apart=apart, snapshot=snapshot, until=until)

    @property
    def count(self) -> int:
        return len(self.starts)

    @property
    def recur(self) -> bool:
        return not self.apart.all()

    def steps(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Walking forward: rows that teach, the newest of them (by which it is calibrated), rows it is tried on.

        Nothing teaches whose outcome was not known when the period that is tried began.
        """
        for period in range(self.first_tried, self.count):
            teach = self.of < period
            if self.until is not None:
                teach &= self.until <= self.starts[period]
            if self.recur:
                teach &= ~self.apart
            tried = (self.of == period) & self.apart
            if teach.any() and tried.any():
                yield teach, teach & (self.of == self.of[teach].max()), tried


def moments(values: pd.Series) -> np.ndarray:
    """Days or any numbers as floats that keep their order."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(float)
    return pd.to_datetime(values).to_numpy("datetime64[s]").astype(float) / 86_400


def _merged(snapshot: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Neighbouring snapshots together until they hold enough of the rarer outcome; one snapshot is never parted."""
    moment, place = np.unique(snapshot, return_inverse=True)
    yes = np.bincount(place, weights=target, minlength=len(moment))
    no = np.bincount(place, minlength=len(moment)) - yes
    rarer = yes if yes.sum() <= no.sum() else no
    need = max(FEWEST, rarer.sum() / FINEST)
    period, held = np.zeros(len(moment), int), np.zeros(2)
    current = 0
    for i in range(len(moment)):
        period[i] = current
        held += (yes[i], no[i])
        if held.min() >= FEWEST and held[0 if rarer is yes else 1] >= need:
            current, held = current + 1, np.zeros(2)
    if held.any() and current:  # what is left over is too little for a period of its own
        period[period == current] = current - 1
    return period[place]


def _third(customers: pd.Series) -> np.ndarray:
    import pandas as pd

    return pd.util.hash_array(customers.astype("str").to_numpy(object)) % 3 == 0
