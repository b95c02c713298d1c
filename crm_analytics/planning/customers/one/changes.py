"""Whose behaviour changed, when exactly, and what is it worth? The share of false alarms is known beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crm_analytics.planning.customers.one import change_points as test
from crm_analytics.result import Check, Result, Study
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("stopped", "buys less often", "buys more often", "spends less each time", "spends more each time")
LEAST_PACE, LEAST_BASKET = 4, 10
"""Purchases after the first from which a change of pace can be told, and purchases for one of the basket."""
YEAR = 365.25


@dataclass(frozen=True, kw_only=True)
class Changes(Study):
    """Which customers began to buy more or less often, stopped, or changed what they spend each time, and on what day?

    `false_alarm_rate` is the share of customers who never changed that may be called changed all the same. Seasons and
    other moves that all customers make together are taken out first. `seed` settles the draws behind the tests.
    """

    reads = "purchase_days"
    columns = ("customer_id", "day", "revenue", "until")
    least = 50
    of = "purchases"

    false_alarm_rate: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0001 <= self.false_alarm_rate <= 0.2:
            raise ValueError(f"false_alarm_rate is {self.false_alarm_rate}; take a share between 0.0001 and 0.2.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        history = _History.of(frame)
        tested = self._tested(history)
        if tested.empty:
            return self.refuse(
                say(
                    "Not enough evidence: nobody has bought {least:count} times again; with fewer purchases no change "
                    "can be told from chance.",
                    least=LEAST_PACE,
                )
            )
        strongest = self._called(tested).drop_duplicates("customer_id")
        table = history.described(strongest)
        people = int(tested["customer_id"].nunique())
        mixed = self._tested(history.shuffled(self.seed))
        placebo = self._called(mixed)["customer_id"].nunique() / max(mixed["customer_id"].nunique(), 1)
        return ChangesResult(
            study=self,
            table=table,
            text=_sentence(table, people, self.false_alarm_rate),
            checks=_checks(self, history, people, len(table), placebo),
            tested=people,
        )

    def _called(self, tested: pd.DataFrame) -> pd.DataFrame:
        """The changes that are believed, the surest first; two questions are put to each customer, so each gets half
        of the false alarms."""
        return tested[tested["p_value"] <= self.false_alarm_rate / 2].sort_values(["p_value", "customer_id"])

    def _tested(self, history: _History) -> pd.DataFrame:
        """Every customer with enough purchases, once for each question: customer_id, test, p_value, place."""
        import pandas as pd

        parts = [pd.DataFrame(columns=["customer_id", "test", "p_value", "place"])]

        def asked(name: str, least: int, statistic: Callable) -> None:
            for n, starts in history.groups(least):
                size, place = statistic(starts[:, None] + np.arange(n))
                again = n - 1 if name == "pace" else n
                p = test.p_values(size, again, test=name, shape=history.shape, seed=self.seed)
                parts.append(
                    pd.DataFrame({"customer_id": history.ids[starts], "test": name, "p_value": p, "place": place})
                )

        def pace(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            begin, window = history.run[rows[:, :1]], history.until[rows[:, :1]] - history.run[rows[:, :1]]
            size, at = test.pace_statistic((history.run[rows[:, 1:]] - begin) / window)
            return size, begin[:, 0] + at * window[:, 0]

        asked("pace", LEAST_PACE + 1, pace)
        asked("basket", LEAST_BASKET, lambda rows: test.basket_statistic(history.revenue[rows]))
        return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChangesResult(Result):
    """The customers who changed, the most money first: `customer_id`, `change` (one of KINDS), `changed_on` and the
    days `earliest`–`latest` that hold it with nine chances in ten, `per_year_before`, `per_year_after` (purchases),
    `each_before`, `each_after` (money a purchase), `money_a_year` (what the change brings or costs), `p_value`.

    `tested` customers had purchases enough to be asked about.
    """

    tested: int

    def of(self, customer_id: str) -> pd.DataFrame:
        """The row of one customer; empty where no change was found."""
        return self.table[self.table["customer_id"] == customer_id]


@dataclass(frozen=True, kw_only=True)
class _History:
    """Purchases in order of customer and day. `run` and `until` are company time: of the purchase, and of the end of
    its customer's history; `clock` is that time at the end of each day from the first purchase of all."""

    ids: np.ndarray
    days: np.ndarray
    revenue: np.ndarray
    first: date
    clock: np.ndarray
    run: np.ndarray
    until: np.ndarray
    shape: float = 1.0

    @classmethod
    def of(cls, frame: pd.DataFrame) -> _History:
        import pandas as pd

        frame = frame.assign(day=pd.to_datetime(frame["day"])).sort_values(["customer_id", "day"])
        first = frame["day"].min()
        days, ids = (frame["day"] - first).dt.days.to_numpy(), frame["customer_id"].to_numpy(object)
        length = (pd.to_datetime(frame["until"]).max() - first).days
        starts = _starts(ids)
        ends = np.concatenate((starts[1:], [len(ids)])) - 1
        who = np.repeat(np.arange(len(starts)), ends - starts + 1)
        clock = test.company_clock(days[starts], days[ends], days, who, length)
        history = cls(
            ids=ids,
            days=days,
            revenue=frame["revenue"].to_numpy(float),
            first=first.date(),
            clock=clock,
            run=clock[days],
            until=np.full(len(days), clock[-1]),
        )
        gaps = [np.diff(history.run[at[:, None] + np.arange(n)], axis=1) for n, at in history.groups(LEAST_PACE + 1)]
        return replace(history, shape=test.regularity(gaps))

    def groups(self, least: int) -> list[tuple[int, np.ndarray]]:
        """(number of purchases, where each customer with so many begins), from `least` purchases on."""
        starts = _starts(self.ids)
        sizes = np.diff(np.concatenate((starts, [len(self.ids)])))
        return [(int(n), starts[sizes == n]) for n in np.unique(sizes[sizes >= least])]

    def shuffled(self, seed: int) -> _History:
        """The history as it would be had nobody changed: everybody's gaps and amounts in another order, up to the
        last purchase (a silence that goes on may be the change itself)."""
        rng = np.random.default_rng((seed, 7))
        run, revenue, until = self.run.copy(), self.revenue.copy(), self.until.copy()
        for n, starts in self.groups(2):
            rows = starts[:, None] + np.arange(n)
            gaps = rng.permuted(np.diff(self.run[rows], axis=1), axis=1)
            run[rows[:, 1:]] = self.run[rows[:, :1]] + gaps.cumsum(axis=1)
            revenue[rows] = rng.permuted(self.revenue[rows], axis=1)
            until[rows] = run[rows[:, -1:]]
        last = np.concatenate((self.ids[1:] != self.ids[:-1], [True]))
        cut = {"ids": self.ids, "days": self.days, "revenue": revenue, "run": run, "until": until}
        return replace(self, **{name: values[~last] for name, values in cut.items()})

    def described(self, called: pd.DataFrame) -> pd.DataFrame:
        """Each change in words, days and money, the most money first."""
        import pandas as pd

        begins, ends = (np.searchsorted(self.ids, called["customer_id"], side=side) for side in ("left", "right"))
        rows = [
            (self._pace if one.test == "pace" else self._basket)(one, slice(begin, end))
            for one, begin, end in zip(called.itertuples(), begins, ends, strict=True)
        ]
        table = pd.DataFrame(rows, columns=list(_Change.__annotations__))
        money = table["per_year_after"] * table["each_after"] - table["per_year_before"] * table["each_before"]
        table = table.assign(money_a_year=money, p_value=called["p_value"].to_numpy(float))
        return table.iloc[np.lexsort((table["customer_id"], -money.abs().round(6)))].reset_index(drop=True)

    def _pace(self, one: Any, mine: slice) -> _Change:
        days, run, each = self.days[mine], self.run[mine], self.revenue[mine].mean()
        place = test.when_pace(run[1:] - run[0], self.clock[days[0] :] - run[0], shape=self.shape)
        before, after = int((run[1:] <= one.place).sum()), int((run[1:] > one.place).sum())
        split = int(np.searchsorted(self.clock, one.place))
        years = np.array([split - days[0], len(self.clock) - split]) / YEAR
        usual = years.sum() / (before + after)
        paces = (np.array([before, after]) + 1) / (years + usual)  # as if one purchase at the usual pace came on top
        change = "stopped" if not after else "buys less often" if paces[1] < paces[0] else "buys more often"
        return _Change(one.customer_id, change, *self._dates(days[0] + np.array(place)), *paces, each, each)

    def _basket(self, one: Any, mine: slice) -> _Change:
        days, money, n = self.days[mine], self.revenue[mine], int(one.place)
        a_year = (len(days) - 1) / max(len(self.clock) - days[0], 1) * YEAR
        before, after = money[:n].mean(), money[n:].mean()
        change = "spends less each time" if after < before else "spends more each time"
        around = days[np.array(test.when_basket(money))]
        return _Change(one.customer_id, change, *self._dates(around), a_year, a_year, before, after)

    def _dates(self, days: np.ndarray) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=int(day)) for day in days)


def _starts(ids: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))


class _Change(NamedTuple):
    customer_id: str
    change: str
    changed_on: date
    earliest: date
    latest: date
    per_year_before: float
    per_year_after: float
    each_before: float
    each_after: float


def _sentence(table: pd.DataFrame, people: int, rate: float) -> str:
    low, high = _share_changed(len(table), people, rate)
    if low <= 0:
        return say(
            "{span:percents} of {people:count} customers who bought often enough changed their habits: "
            "{called:count} seem to have, and {chance:count} would seem so by chance.",
            span=(0.0, high), people=people, called=len(table), chance=rate * people,
        )  # fmt: skip
    money = table["money_a_year"]
    lost, won = money[money < 0].sum(), money[money > 0].sum()
    return say(
        "{share:percent} ({span:percents}) of {people:count} customers who bought often enough changed "
        "their habits: {called:count} are named, {chance:count} of them may be chance. It costs {lost:money} a year "
        "and brings {won:money}.",
        share=max(len(table) / people - rate, 0), span=(low, high), people=people, called=len(table),
        chance=rate * people, lost=-lost, won=won,
    )  # fmt: skip


def _share_changed(called: int, people: int, rate: float) -> tuple[float, float]:
    """What share of customers changed, false alarms taken off (95 %)."""
    low, high = map(float, share_interval(called, people))
    return max(low - rate, 0.0), max(high - rate, 0.0)


def _checks(study: Changes, history: _History, people: int, called: int, placebo: float) -> tuple[Check, ...]:
    rate = study.false_alarm_rate
    everybody = len(np.unique(history.ids))
    limit = rate + 2.5 * np.sqrt(rate * (1 - rate) / people)
    return (
        Check(
            name=say("false alarms"),
            verdict="holds" if placebo <= max(limit, 1.5 * rate) else "weak" if placebo <= 3 * rate else "fails",
            text=say(
                "With every customer's gaps and amounts shuffled, so that nobody changes, {placebo:percent} are named; "
                "{rate:percent} were to be expected.",
                placebo=placebo, rate=rate,
            ),
        ),
        Check(
            name=say("chance"),
            verdict="holds" if called > 4 * rate * people else "weak",
            text=say(
                "{called:count} customers are named, where {chance:count} would be if nobody had changed.",
                called=called, chance=rate * people,
            ),
        ),
        Check(
            name=say("who can be asked about"),
            verdict="holds" if people > everybody / 5 else "weak",
            text=say(
                "{people:count} of {everybody:count} customers have bought {least:count} times again, the fewest from "
                "which a change can be told.",
                people=people, everybody=everybody, least=LEAST_PACE,
            ),
        ),
    )  # fmt: skip
