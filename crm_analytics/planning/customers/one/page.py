"""One customer on one page: who it is, what was bought and said, where the customer stands, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check, Result, Study, enough
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.base.rfm import RFMResult
    from crm_analytics.planning.customers.one.changes import ChangesResult
    from crm_analytics.planning.customers.worth.value import ValueResult

BOUGHT = ("sale", "wholesale")
TOLD = ("in", "out", "offered", "left alone", "response", "answer", "lead")


@dataclass(frozen=True, kw_only=True)
class CustomerPage(Study):
    """What has this customer bought and been told, how does it go on, and may we write?

    `sure` is how sure the span of the next purchase is.
    """

    reads = "history"
    columns = ("customer_id", "at", "event", "channel", "what", "money", "until")
    least = 1
    of = "events"

    sure: float = 0.8

    def __post_init__(self) -> None:
        if not 0.5 <= self.sure < 1:
            raise ValueError(f"sure is {self.sure}; take a share from 0.5 up to, say, 0.95.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        import pandas as pd

        events = frame.assign(at=pd.to_datetime(frame["at"])).sort_values(
            ["at", "event", "channel", "what"], ascending=[False, True, True, True], ignore_index=True
        )
        until = pd.Timestamp(events["until"].iloc[0])
        bought = events[events["event"].isin(BOUGHT)]
        days = np.unique(bought["at"].dt.normalize())
        if not len(days):
            return self.refuse(say("Not enough evidence: this customer has not bought anything before that day."))
        rhythm = Rhythm.of(days, until)
        span = rhythm.next_purchase(self.sure)
        facts = events[events["event"] == "known"].set_index("channel")["what"].to_dict()
        return PageResult(
            study=self,
            table=events[events["event"] != "known"].drop(columns=["customer_id", "until"]).reset_index(drop=True),
            text=_sentence(events, days, until.date(), span),
            checks=_checks(events, rhythm, span, self.sure),
            customer_id=str(events["customer_id"].iloc[0]),
            facts=facts,
            until=until.date(),
            next_purchase=span,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class PageResult(Result):
    """The customer's events, the newest first: `at`, `event`, `channel`, `what`, `money`.

    `facts` is what is known beside; `next_purchase` the days (median, earliest, latest) on which the next one is to be
    expected from this customer's own rhythm, None where there is none yet.
    """

    customer_id: str
    facts: dict[str, str]
    until: date
    next_purchase: tuple[date, date, date] | None

    def standing(
        self, *, value: ValueResult | None = None, rfm: RFMResult | None = None, changes: ChangesResult | None = None
    ) -> Result:
        """Where this customer stands among all: each score given, how many stand below, and the reason in words."""
        return standing(self, value=value, rfm=rfm, changes=changes)


@dataclass(frozen=True, kw_only=True, eq=False)
class StandingResult(Result):
    """One row a score: `score`, `figure` (in words), `above` (the share of customers who stand below), `reason`."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How often one customer comes: so many gaps in so many days, and the silence since the last purchase."""

    gaps: int
    days: float
    silence: float
    until: date

    @classmethod
    def of(cls, days: np.ndarray, until: pd.Timestamp) -> Rhythm:
        run = (days[-1] - days[0]) / np.timedelta64(1, "D")
        silence = (until.to_datetime64() - days[-1]) / np.timedelta64(1, "D")
        return cls(gaps=len(days) - 1, days=float(run), silence=float(silence), until=until.date())

    def wait(self, q: float) -> float:
        """Days from now until the next purchase that are not exceeded with probability q.

        Exponential gaps whose rate is known from the gaps so far (Jeffreys), the silence counted in: a Lomax law.
        """
        return (self.days + self.silence) * ((1 - q) ** (-1 / (self.gaps + 0.5)) - 1)

    def next_purchase(self, sure: float) -> tuple[date, date, date] | None:
        if self.gaps < 2:
            return None
        waits = (self.wait(q) for q in (0.5, (1 - sure) / 2, (1 + sure) / 2))
        return tuple(self.until + timedelta(days=min(round(wait), 3650)) for wait in waits)

    @property
    def odds_of_such_silence(self) -> float:
        """How often a customer with this rhythm would have stayed away for as long as this."""
        return float((self.days / (self.days + self.silence)) ** self.gaps) if self.gaps and self.days else 1.0


def _sentence(events: pd.DataFrame, days: np.ndarray, until: date, span: tuple[date, date, date] | None) -> str:
    money = events.loc[events["event"].isin((*BOUGHT, "return")), "money"].sum()
    silence = (until - days[-1].astype("datetime64[D]").item()).days
    first = days[0].astype("datetime64[D]").item()
    begun = say(
        "{n:count} purchases for {money:money} since {first:date}, the last {silence:count} days ago; ",
        n=len(days), money=money, first=first, silence=silence,
    )  # fmt: skip
    if span is None:
        return begun + say("too few to say when the next is due.")
    middle, low, high = ((day - until).days for day in span)
    return begun + say(
        "who keeps this rhythm buys again in {middle:count} days ({low:count} – {high:count}).",
        middle=middle, low=low, high=high,
    )  # fmt: skip


def _checks(
    events: pd.DataFrame, rhythm: Rhythm, span: tuple[date, date, date] | None, sure: float
) -> tuple[Check, ...]:
    odds = rhythm.odds_of_such_silence
    agreed = events[events["event"] == "agreed"]
    withdrawn = events[events["event"] == "withdrawn"]
    last_no = withdrawn.groupby(["channel", "what"])["at"].max()
    holds = sorted(
        {
            f"{one.what} ({one.channel})"
            for one in agreed.itertuples()
            if (one.channel, one.what) not in last_no or last_no[one.channel, one.what] < one.at
        }
    )
    told = int(events["event"].isin(TOLD).sum())
    wishes = events[events["event"] == "do not contact"]
    barred = wishes["channel"].fillna("").map(lambda by: by or say("every channel"))
    return (
        Check(
            name=say("still a customer"),
            verdict="holds" if odds > 0.1 else "weak" if odds > 0.01 else "fails",
            text=say(
                "Keeping this rhythm, a silence as long as this one happens {odds:percent} of the time.", odds=odds
            )
            if span
            else say("Two purchases or fewer have no rhythm; the days above are no forecast."),
        ),
        Check(
            name=say("may we write"),
            verdict="holds" if holds and barred.empty else "weak",
            text=say("Do not write: asked to be left in peace ({by}).", by=", ".join(sorted(set(barred))))
            if len(barred)
            else say("Agreed to: {what}.", what=", ".join(holds))
            if holds
            else say("No agreement is on record, or all were withdrawn: do not write."),
        ),
        Check(
            name=say("full history"),
            verdict="holds" if told else "weak",
            text=say("{told:count} contacts, offers and answers are on record beside the purchases.", told=told)
            if told
            else say("Only purchases are on record; what this customer was told or offered is not known."),
        ),
    )


def standing(
    page: PageResult, *, value: ValueResult | None, rfm: RFMResult | None, changes: ChangesResult | None
) -> Result:
    """Each score of one customer beside everybody's."""
    import pandas as pd

    rows = []
    if value is not None and enough(value):
        rows += _value_rows(value.table, page.customer_id)
    if rfm is not None and enough(rfm):
        rows += _rfm_rows(rfm.table, page.customer_id)
    if changes is not None and enough(changes):
        rows += _change_rows(changes, page.customer_id)
    if not rows:
        return page.study.refuse(say("Not enough evidence: no score knows this customer."))
    table = pd.DataFrame(rows, columns=["score", "figure", "above", "reason"])
    first = table.iloc[0]
    return StandingResult(
        study=page.study,
        table=table,
        text=say(
            "{score}: {figure}; {above:percent} of customers stand below.",
            score=first["score"], figure=first["figure"], above=np.floor(100 * first["above"]) / 100,
        ),
        checks=page.checks[:1],
    )  # fmt: skip


def _below(values: pd.Series, one: float) -> float:
    return float((values < one).mean())


def _value_rows(table: pd.DataFrame, who: str) -> list[tuple]:
    mine = table[table["customer_id"] == who]
    if mine.empty:
        return []
    one = mine.iloc[0]
    return [
        (
            say("Worth of the time ahead"),
            say("{value:money} ({low:money} – {high:money})", value=one["value"], low=one["low"], high=one["high"]),
            _below(table["value"], one["value"]),
            say(
                "{orders:number} purchases of {each:money} are expected",
                orders=one["expected_orders"], each=one["value_per_order"],
            ),
        ),
        (
            say("Still active"),
            say("{p:percent}", p=one["p_alive"]),
            _below(table["p_alive"], one["p_alive"]),
            say("from how often the customer came and how long ago the last time was"),
        ),
    ]  # fmt: skip


def _rfm_rows(table: pd.DataFrame, who: str) -> list[tuple]:
    mine = table[table["customer_id"] == who]
    if mine.empty:
        return []
    one = mine.iloc[0]
    return [
        (
            say("Money so far"),
            say("{money:money}", money=one["money"]),
            _below(table["money"], one["money"]),
            say(
                "{segment}: grades {r} for how lately, {f} for how often, {m} for how much (of 5)",
                segment=one["segment"], r=one["r"], f=one["f"], m=one["m"],
            ),
        )
    ]  # fmt: skip


def _change_rows(changes: ChangesResult, who: str) -> list[tuple]:
    mine = changes.of(who)
    if mine.empty:
        return []
    one = mine.iloc[0]
    return [
        (
            say("Change of habits"),
            say("{money:money} a year", money=one["money_a_year"]),
            _below(changes.table["money_a_year"], one["money_a_year"]),
            say(
                "{change} since {day:date} ({low:date} – {high:date})",
                change=one["change"], day=one["changed_on"], low=one["earliest"], high=one["latest"],
            ),
        )
    ]  # fmt: skip
