"""What is known to move sales from day to day, as columns beside which a campaign has to show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.unlinked.carry import felt, ways

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
    "campaigns": 0.2,
    "one_campaign": 0.1,
    "its_course": 0.15,
}
"""How far, before any data, an influence may reasonably reach: change of log sales per unit of the influence. By how
much one campaign differs from the others is then learned from all of them."""
TOUCHES = "touches: "
"""A column of this beginning and a campaign's name says how strongly it ran on each day, one being its usual day."""
MOST_EMPTY = 0.95
"""A larger share of empty shelves is read as this: of sales from none at all there is no logarithm."""
APART = 40
"""So many of the campaigns besides, the latest ones, have an effect of their own; earlier ones the usual one."""
SELDOM, MORE_SELDOM = 0.2, 0.25
"""A weekday or holiday is closed that sold on so few of its days at most, and at most so often as other days do."""
STEADY_SHARE, STEADY_LEAST = 0.9, 0.15
"""A company sells steadily that sold on so many of its open days, and on the poorest twentieth of them at least so much
of a usual day."""
NEAR_DAYS = 60
"""A campaign felt within so many days of the window is also allowed to be felt earlier or later than is usual."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A daily series made ready: which days are open, a usual day (`unit`), and what is known to move sales.

    `influences` is days × names, each against its mean before the campaign, which begins at row `start`.
    """

    days: pd.Series
    actual: np.ndarray
    open: np.ndarray
    silent: np.ndarray
    """Days that are no open ones because nothing is on record for them, where that cannot be what was demanded."""
    start: int
    unit: float
    names: list[str]
    influences: np.ndarray
    means: np.ndarray
    """What was taken off each influence: its mean before the campaign."""
    prior_sd: np.ndarray
    family: np.ndarray
    """Which influences are members of a family whose spread is learned: each campaign's own difference."""
    other_campaigns: pd.Series
    """The names of the campaigns that ran besides, day by day; empty where none did or none are recorded."""

    @classmethod
    def of(cls, frame: pd.DataFrame, measure: str, start: int) -> Series:
        actual = frame[measure].fillna(0).to_numpy(float)
        is_open = ~_closed(frame, actual, start)
        silent = is_open & _silent(actual, is_open)
        is_open &= ~silent
        before = actual[:start][is_open[:start]]
        columns = _influences(frame, start)
        names = list(columns)
        values = np.column_stack([value for value, _ in columns.values()])
        return cls(
            days=frame["day"], actual=actual, open=is_open, silent=silent, start=start, names=names,
            influences=values - values[:start].mean(axis=0), means=values[:start].mean(axis=0),
            unit=float(before.mean()) if len(before) else 0.0,
            prior_sd=np.array([_PRIOR_SD[kind] / size for _, (kind, size) in columns.values()]),
            family=np.array([kind == "one_campaign" for _, (kind, _) in columns.values()]),
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


def _influences(frame: pd.DataFrame, start: int) -> dict[str, tuple[np.ndarray, tuple[str, float]]]:
    """What is known to move sales, a column each, with its kind and by what the usual reach of that kind is divided."""
    day = frame["day"].dt
    years = (frame["day"] - frame["day"].iloc[0]).dt.days.to_numpy() / YEAR
    columns: dict[str, tuple[np.ndarray, tuple[str, float]]] = {}
    if start > YEAR:  # a slope learned from less runs away with the forecast
        columns["trend"] = (years, ("trend", 1))
    for weekday in range(6):
        hit = (day.day_of_week == weekday).to_numpy(float)
        columns[f"weekday_{weekday + 1}"] = (hit, ("weekday", 1))
    for wave in range(1, 1 + _waves(start)):
        angle = 2 * np.pi * wave * day.day_of_year.to_numpy() / YEAR
        for name, value in (("sin", np.sin(angle)), ("cos", np.cos(angle))):
            columns[f"season_{name}_{wave}"] = (value, ("season", wave))
    for name in [c for c in frame if c in ("price_index", "competitor_index") or c.startswith("market_")]:
        kind = "market" if name.startswith("market_") else "price"
        columns[name] = (_relative(frame[name], start), (kind, 1))
    if "stock_out" in frame:
        columns["stock_out"] = (_missing(frame["stock_out"]), ("stock_out", 1))
    columns |= _campaigns(frame, start)
    if "holiday" in frame:
        called = frame["holiday"].fillna("")
        columns["holiday"] = ((called != "").to_numpy(float), ("holiday", 1))
        for name in sorted(set(called[:start]) - {""}):  # each differs somewhat from a usual one; a new one is usual
            columns[f"holiday: {name}"] = ((called == name).to_numpy(float), ("one_holiday", 1))
    return columns


def _campaigns(frame: pd.DataFrame, start: int) -> dict[str, tuple[np.ndarray, tuple[str, float]]]:
    """What the campaigns besides did: what they do on average, in what each differs, and when it is felt.

    One that only began after the window's first day has taught nothing, and is taken to do what the others did, with
    all the doubt that their differences give.
    """
    known = touches_of(frame)
    if not known:
        return {}
    columns = {"campaigns": (felt(np.sum(list(known.values()), axis=0)), ("campaigns", 1))}
    lately = sorted(known, key=lambda name: (np.flatnonzero(known[name])[-1], name))[-APART:]
    for name in lately:
        running = np.flatnonzero(known[name])
        columns[f"campaign: {name}"] = (felt(known[name]), ("one_campaign", 1))
        if running[-1] > start - NEAR_DAYS:
            for way, course in enumerate(ways(known[name]).T, start=1):
                columns[f"campaign: {name} (course {way})"] = (course, ("its_course", 1))
    return columns


def touches_of(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """How strongly each campaign besides ran on each day: as counted where it is, else alike on all its days."""
    counted = [column for column in frame if str(column).startswith(TOUCHES)]
    if counted:
        known = {column.removeprefix(TOUCHES): frame[column].fillna(0).to_numpy(float) for column in counted}
    else:
        running = _others(frame).str.split("; ")
        names = sorted({name for names in running.drop_duplicates() for name in names} - {""})
        known = {name: running.map(lambda names, name=name: name in names).to_numpy(float) for name in names}
    return {name: touches for name, touches in known.items() if touches.any()}


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


def _missing(share: pd.Series) -> np.ndarray:
    """Empty shelves by what they take from the logarithm of sales where nobody buys anything else instead: a share of
    them that large teaches too little about a larger one if sales are read as falling by so much a shelf."""
    return -np.log1p(-share.fillna(0).clip(0, MOST_EMPTY).to_numpy(float))


def _closed(frame: pd.DataFrame, sales: np.ndarray, start: int) -> np.ndarray:
    """Days on which the company does not sell as a rule: a weekday or holiday that nearly never sold before, and far
    more seldom than other days do."""
    sold = pd.Series(sales != 0, index=frame.index)[:start]
    rules = [frame["day"].dt.day_of_week]
    if "holiday" in frame:
        rules.append(frame["holiday"].fillna("").replace("", None))
    closed = np.zeros(len(frame), dtype=bool)
    for rule in rules:
        shares = sold.groupby(rule[:start]).agg(["mean", "sum", "size"])
        elsewhere = (sold.sum() - shares["sum"]) / (len(sold) - shares["size"]).clip(lower=1)
        shut = (shares["mean"] <= SELDOM) & (shares["mean"] <= MORE_SELDOM * elsewhere)
        closed |= rule.map(shut).fillna(False).to_numpy(bool)
    return closed


def _silent(sales: np.ndarray, is_open: np.ndarray) -> np.ndarray:
    """Days without any sale of a company that sells so steadily that it was closed then, or its records have a gap."""
    open_sales = sales[is_open]
    some = open_sales[open_sales > 0]
    if len(some) < STEADY_SHARE * max(len(open_sales), 1) or np.quantile(some, 0.05) < STEADY_LEAST * np.median(some):
        return np.zeros(len(sales), dtype=bool)
    return sales == 0
