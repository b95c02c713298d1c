"""At which stage of its life with the company does each customer stand, and what should be done about it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from crm_analytics.planning.customers.base.life_cycle_checks import checks_of
from crm_analytics.planning.customers.base.migration import MigrationResult, moved
from crm_analytics.planning.customers.base.stages import ACTIVE, STAGES, History
from crm_analytics.planning.customers.buying.pauses import Pauses
from crm_analytics.result import NotEnough, Result, Study
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

PROSPECT = "prospect"

STRATEGY = {
    PROSPECT: "Win the first purchase; pay no more for it than a new customer is worth.",
    "new": "Make the second purchase happen before the usual pause is over: welcome, explain, offer what goes with it.",
    "growing": "Open new categories and the loyalty programme; no discounts, they come by themselves.",
    "steady": "Keep the habit: good service, right moments; protect from needless discounts.",
    "returned": "Find out why they were away and why they came back; lead them to the next purchase soon.",
    "declining": "Act first here: ask what has changed, and offer before the silence begins.",
    "dormant": "Win back one by one, the most valuable first; test against a group left alone.",
    "lost": "Spend no money on addressing all; one cheap attempt, then leave in peace.",
}

PERIODS = (7, 14, 30, 61, 91, 122, 182, 365)
"""Days of a period, of which the first that is no shorter than the usual pause is taken."""

REPEAT_BUYERS = 50
"""Below so many customers who came back before the last period, the base has no rhythm to judge by."""


@dataclass(frozen=True, kw_only=True)
class LifeCycle(Study):
    """Who is new, growing, steady, declining, dormant, lost or back again, each judged by the own rhythm?

    A silence counts against what this customer, and the base, usually wait; so the same rule serves daily bread and
    yearly furniture. Dormant: at most `doubt` of the customer's pauses last so long; lost: at most `gone`, even if much
    longer ones could be seen. Declining and growing: a customer of unchanged pace would buy so seldom, or so often, in
    at most `doubt` of cases. New: bought once. Returned: the last purchase ended a silence that had been dormant.

    The base's rhythm is taken as it was `period_days` ago (not set: the usual pause, rounded up), and everybody is
    judged by it then and now. Give `pauses` of an earlier result to judge by that day's instead.
    """

    reads = "rhythm"
    columns = ("customer_id", "number", "day", "revenue", "until")
    least = 100
    of = "purchases"

    period_days: int | None = None
    doubt: float = 0.1
    gone: float = 0.02
    pauses: Pauses | None = None

    def __post_init__(self) -> None:
        if not 0 < self.gone < self.doubt <= 0.3:
            raise ValueError("gone and doubt are shares of a customer's pauses; take 0 < gone < doubt, at most 0.3.")
        if self.period_days is not None and self.period_days < 1:
            raise ValueError(f"period_days is {self.period_days}; take at least one day, or leave it unset.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        days = _Days.of(frame)
        if isinstance(period := self._period(days), NotEnough):
            return period
        end, then = days.until, days.until - days.length(period)
        before = History.of(days.bought, then)
        if (repeat := int((before.x > 0).sum())) < REPEAT_BUYERS:
            return self._too_few(repeat, period)
        pauses = self.pauses or before.pauses()
        was, now = (self._staged(history, pauses) for history in (before, History.of(days.bought, end)))
        proof = _proof(was, days.spent(then, end))
        flows = self._flows(days, period, was, now)
        usual = None
        if days.first < (longer := then - days.length(period)) - days.length(period):
            earlier = self._staged(History.of(days.bought, longer), pauses)
            usual = self._flows(days.before(then), period, earlier, was)
        table = _summary(now, days.spent(end - days.length(365), end), proof, days.prospects)
        return LifeCycleResult(
            study=self, table=table, text=_sentence(table, period), pauses=pauses, people=now, period_days=period,
            checks=checks_of(was, proof, period, before.days), flows=flows.against(usual) if usual else flows,
        )  # fmt: skip

    def _staged(self, history: History, pauses: Pauses) -> pd.DataFrame:
        return history.stages(pauses, doubt=self.doubt, gone=self.gone)

    def _flows(self, days: _Days, period: int, was: pd.DataFrame, now: pd.DataFrame) -> MigrationResult:
        """Who moved from stage to stage in the last period, and what they brought in it and in the one before."""
        then = days.until - days.length(period)
        people = was[["customer_id", "stage"]].merge(
            now[["customer_id", "stage"]], on="customer_id", how="right", suffixes=("_then", "")
        )
        brought = (days.spent(then - days.length(period), then), days.spent(then, days.until))
        before, after = (people["customer_id"].map(spent["revenue"]).fillna(0.0) for spent in brought)
        people = people.assign(before=people["stage_then"].fillna(NOT_YET), after=people["stage"], money_before=before,
                               money_after=after, expected=before)  # fmt: skip
        return moved(self, people, STAGES, NOT_YET)

    def _period(self, days: _Days) -> int | NotEnough:
        """The length of a period: the usual pause of those who come back, rounded up; four must fit the records."""
        history = (days.until - days.first).days if len(days.bought) else 0
        usual = self.period_days
        if usual is None and history:
            pause = History.of(days.bought, days.until).usual_pause_days(0.5)
            usual = next((period for period in PERIODS if period >= pause), PERIODS[-1] if pause == pause else None)
        if usual is None:
            return self._too_few(0, 0)
        if 4 * usual > history:
            return self.refuse(
                say(
                    "Not enough evidence: the records span {history:count} days, and half of those who come back take "
                    "up to {usual:count} days for it; {more:count} more days of records would be enough.",
                    history=history, usual=usual, more=4 * usual - history,
                )
            )  # fmt: skip
        return usual

    def _too_few(self, repeat: int, period: int) -> NotEnough:
        return self.refuse(
            say(
                "Not enough evidence: {repeat:count} customers had come back {period:count} days ago, and a rhythm "
                "takes {least:count}; longer records, or {more:count} more such customers, would be enough.",
                repeat=repeat, period=period, least=REPEAT_BUYERS, more=REPEAT_BUYERS - repeat,
            )
        )  # fmt: skip


NOT_YET = "no customer yet"


@dataclass(frozen=True, kw_only=True, eq=False)
class LifeCycleResult(Result):
    """The stages: `stage`, `customers`, `share` of all known (`low`–`high`), `money_year` (what they brought in the
    last 365 days) and `share_of_money`, and how those who stood there a period ago went on: `bought_next` (the share
    who bought within the period, `bought_low`–`bought_high`) and `money_next` (each brought in it).
    `strategies` says what to do.

    `people` is a customer a row: `customer_id`, `stage`, `as_long` (the share of the own pauses that last as long as
    the present silence), `silence_days`, `usual_days`, `purchases`; days of the company's clock, which runs faster
    while everybody buys. `flows` are the movements of the last period, held against those of the period before where
    the records reach. `pauses` is the rhythm everybody was judged by; give it to the next `LifeCycle(pauses=…)`.
    """

    pauses: Pauses
    people: pd.DataFrame
    flows: MigrationResult
    period_days: int

    @property
    def strategies(self) -> Result:
        """What to do at each stage: `stage`, `customers`, `money_year`, `strategy`."""
        table = self.table[["stage", "customers", "money_year"]]
        table = table.assign(strategy=[say(STRATEGY[stage]) for stage in table["stage"]])
        return Result(study=self.study, table=table, text=self.text)

    @property
    def each(self) -> Result:
        """The same answer customer by customer, to be kept: its table is `people`."""
        return Result(study=self.study, table=self.people, text=self.text, checks=self.checks)


class _Days(NamedTuple):
    """Purchases by customer and day, and the number of those who have made none."""

    bought: pd.DataFrame
    prospects: int
    until: pd.Timestamp
    first: pd.Timestamp

    @classmethod
    def of(cls, frame: pd.DataFrame) -> _Days:
        import pandas as pd

        frame = frame.assign(day=pd.to_datetime(frame["day"]), revenue=frame["revenue"].fillna(0.0))
        bought = frame[frame["number"] > 0].sort_values(["customer_id", "day"], ignore_index=True)
        until = pd.to_datetime(frame["until"]).max()
        return cls(bought, int((frame["number"] == 0).sum()), until, bought["day"].min())

    @staticmethod
    def length(days: int) -> pd.Timedelta:
        import pandas as pd

        return pd.Timedelta(days=days)

    def before(self, day: pd.Timestamp) -> _Days:
        return self._replace(bought=self.bought[self.bought["day"] < day], until=day)

    def spent(self, since: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
        """`orders` and `revenue` of each customer who bought in these days, by customer."""
        inside = self.bought[(self.bought["day"] >= since) & (self.bought["day"] < until)]
        return inside.groupby("customer_id").agg(orders=("day", "size"), revenue=("revenue", "sum"))


def _proof(was: pd.DataFrame, spent: pd.DataFrame) -> pd.DataFrame:
    """How those who stood at each stage a period ago went on in it, by stage."""
    went = was.assign(
        bought=was["customer_id"].isin(spent.index), money=was["customer_id"].map(spent["revenue"]).fillna(0.0)
    )
    by = went.groupby("stage").agg(
        then=("bought", "size"), again=("bought", "sum"), money_next=("money", "mean")
    ).reindex(list(STAGES))  # fmt: skip
    by[["then", "again"]] = by[["then", "again"]].fillna(0)
    low, high = share_interval(by["again"].to_numpy(float), by["then"].to_numpy(float))
    some = by["then"] > 0
    return by.assign(bought_next=by["again"] / by["then"].where(some), bought_low=np.where(some, low, np.nan),
                     bought_high=np.where(some, high, np.nan))  # fmt: skip


def _summary(now: pd.DataFrame, spent: pd.DataFrame, proof: pd.DataFrame, prospects: int) -> pd.DataFrame:
    stages = (PROSPECT, *STAGES)
    money = now.assign(money=now["customer_id"].map(spent["revenue"]).fillna(0.0)).groupby("stage")["money"].sum()
    table = now.groupby("stage").agg(customers=("customer_id", "size")).reindex(list(stages), fill_value=0)
    table.loc[PROSPECT, "customers"] = prospects
    everybody = table["customers"].sum()
    low, high = share_interval(table["customers"].to_numpy(float), float(everybody))
    money = money.reindex(list(stages), fill_value=0.0)
    table = table.assign(share=table["customers"] / everybody, low=low, high=high, money_year=money,
                         share_of_money=money / money.sum() if money.sum() else np.nan)  # fmt: skip
    table = table.join(proof[["bought_next", "bought_low", "bought_high", "money_next"]])
    return table.rename_axis("stage").reset_index()


def _sentence(table: pd.DataFrame, period: int) -> str:
    by = table.set_index("stage")
    of = float(by["customers"].sum() - by.loc[PROSPECT, "customers"])
    active = float(by.loc[list(ACTIVE), "customers"].sum())
    low, high = share_interval(active, of)
    slipping = by.loc[["declining", "dormant"]]
    told = say(
        "{share:percent} ({span:percents}) of {of:count} customers keep to their rhythm and brought {money:percent} of "
        "the year's money; {slipping:count} are declining or dormant, with {risk:money}.",
        share=active / of, span=(low, high), of=of, money=float(by.loc[list(ACTIVE), "share_of_money"].sum()),
        slipping=slipping["customers"].sum(), risk=float(slipping["money_year"].sum()),
    )  # fmt: skip
    if by.loc["dormant", "bought_next"] == by.loc["dormant", "bought_next"]:
        told += " " + say(
            "Of those who were dormant, {again:percent} ({span:percents}) bought again within {period:count} days.",
            again=by.loc["dormant", "bought_next"], period=period,
            span=(by.loc["dormant", "bought_low"], by.loc["dormant", "bought_high"]),
        )  # fmt: skip
    return told
