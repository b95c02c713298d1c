"""What is known to move sales from day to day, as columns beside which a campaign has to show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

YEAR = 365.25
_PRIOR_SD = {
    "weekday": 1.0,
    "season": 0.5,
    "trend": 0.3,
    "price": 3.0,
    "market": 3.0,
    "holiday": 1.0,
    "one_holiday": 0.3,
    "stock_out": 3.0,
    "other_campaigns": 0.2,
}
"""How far, before any data, an influence may reasonably reach: change of log sales per unit of the influence."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A daily series made ready: which days are open, a usual day (`unit`), and what is known to move sales.

    `influences` is days × names, each against its mean before the campaign, which begins at row `start`.
    """

    days: pd.Series
    actual: np.ndarray
    open: np.ndarray
    start: int
    unit: float
    names: list[str]
    influences: np.ndarray
    prior_sd: np.ndarray
    other_campaigns: pd.Series
    """The names of the campaigns that ran besides, day by day; empty where none did or none are recorded."""

    @classmethod
    def of(cls, frame: pd.DataFrame, measure: str, start: int) -> Series:
        actual = frame[measure].fillna(0).to_numpy(float)
        is_open = ~_closed(frame, actual, start)
        before = actual[:start][is_open[:start]]
        names, influences, spread = _influences(frame, start)
        return cls(
            days=frame["day"], actual=actual, open=is_open, start=start, names=names, influences=influences,
            unit=float(before.mean()) if len(before) else 0.0, prior_sd=spread,
            other_campaigns=_others(frame),
        )

    def open_before(self, day: int) -> np.ndarray:
        """The rows of the open days before this one."""
        return np.flatnonzero(self.open[:day])

    @property
    def selling_days(self) -> float:
        """The share of open days before the campaign on which anything was sold."""
        before = self.open_before(self.start)
        return float((self.actual[before] > 0).mean()) if len(before) else 0.0


def _influences(frame: pd.DataFrame, start: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """What is known to move sales, a column each, relative to the days before the campaign."""
    day = frame["day"].dt
    years = (frame["day"] - frame["day"].iloc[0]).dt.days.to_numpy() / YEAR
    columns: dict[str, tuple[np.ndarray, float]] = {}
    if start > YEAR:  # a slope learned from less runs away with the forecast
        columns["trend"] = (years, _PRIOR_SD["trend"])
    for weekday in range(6):
        hit = (day.day_of_week == weekday).to_numpy(float)
        columns[f"weekday_{weekday + 1}"] = (hit, _PRIOR_SD["weekday"])
    for wave in range(1, 1 + _waves(start)):
        angle = 2 * np.pi * wave * day.day_of_year.to_numpy() / YEAR
        for name, value in (("sin", np.sin(angle)), ("cos", np.cos(angle))):
            columns[f"season_{name}_{wave}"] = (value, _PRIOR_SD["season"] / wave)
    for name in [c for c in frame if c in ("price_index", "competitor_index") or c.startswith("market_")]:
        kind = "market" if name.startswith("market_") else "price"
        columns[name] = (_relative(frame[name], start), _PRIOR_SD[kind])
    if "stock_out" in frame:
        columns["stock_out"] = (frame["stock_out"].fillna(0).to_numpy(float), _PRIOR_SD["stock_out"])
    if "other_campaigns" in frame:  # they differ, so what one of them does is known from the others only roughly
        columns["other_campaigns"] = ((_others(frame) != "").to_numpy(float), _PRIOR_SD["other_campaigns"])
    if "holiday" in frame:
        called = frame["holiday"].fillna("")
        columns["holiday"] = ((called != "").to_numpy(float), _PRIOR_SD["holiday"])
        for name in sorted(set(called[:start]) - {""}):  # each differs somewhat from a usual one; a new one is usual
            columns[f"holiday: {name}"] = ((called == name).to_numpy(float), _PRIOR_SD["one_holiday"])
    values = np.column_stack([value for value, _ in columns.values()])
    return list(columns), values - values[:start].mean(axis=0), np.array([sd for _, sd in columns.values()])


def _others(frame: pd.DataFrame) -> pd.Series:
    """Which campaigns ran besides, day by day."""
    return frame["other_campaigns"].fillna("") if "other_campaigns" in frame else pd.Series("", index=frame.index)


def _waves(days: int) -> int:
    """How fine a yearly season this many days can teach."""
    return 0 if days < 1.25 * YEAR else 4 if days < 2 * YEAR else 8


def _relative(values: pd.Series, start: int) -> np.ndarray:
    """Logarithms where they exist; the first value known stands for the days before it."""
    filled = values.astype(float).ffill().bfill().fillna(1.0)
    if (filled > 0).all():
        return np.log(filled).to_numpy()
    spread = filled.iloc[:start].std() or 1.0
    return (filled / spread).to_numpy()


def _closed(frame: pd.DataFrame, sales: np.ndarray, start: int) -> np.ndarray:
    """Days on which the company does not sell as a rule: a weekday or holiday that nearly never sold before."""
    nothing = pd.Series(sales == 0, index=frame.index)[:start]
    rules = [frame["day"].dt.day_of_week]
    if "holiday" in frame:
        rules.append(frame["holiday"].fillna("").replace("", None))
    closed = np.zeros(len(frame), dtype=bool)
    for rule in rules:
        share = nothing.groupby(rule[:start]).mean()
        closed |= rule.map(share).astype(float).fillna(0).to_numpy() >= 0.8
    return closed
