"""Whom does the marketer mean? A selection in words with soft edges, and whom a crisp rule of the same words misses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from crm_analytics.planning.customers.words.fuzzy_selection_checks import beside, groups_of, reasons, within_chance
from crm_analytics.planning.customers.words.wording import Wording, understood
from crm_analytics.planning.customers.words.words import SILENCE, Word, vocabulary
from crm_analytics.result import Check, Result, Study, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

TOGETHER = {"min": np.minimum, "product": np.multiply}


@dataclass(frozen=True, kw_only=True)
class FuzzySelection(Study):
    """Who are the customers that `who` says in a marketer's words: "middle-aged and very high income"?

    Each word gives each customer a degree between 0 and 1; `and` takes the smaller one (or their product, by
    `together`), `or` the greater, `not` the complement, `very` the square, `rather` the root (Zadeh, Information and
    Control 8, 1965). Whoever reaches `at_least` is selected. The crisp rule of the same words selects only those of
    whom all is fully true; the others selected are its near misses, and `worth` says in money what they bring.

    `words` are those set by hand; beside them every usual word can be said (`words.vocabulary`), and low, middle or
    high of any number that is known, learned from the customers at hand.
    """

    reads: ClassVar[str] = "profile"
    columns: ClassVar[tuple[str, ...]] = ("customer_id",)
    least: ClassVar[int] = 25
    of: ClassVar[str] = "customers"

    who: str = "frequent and big spenders and not quiet"
    words: tuple[Word, ...] = ()
    at_least: float = 0.5
    together: Literal["min", "product"] = "min"
    worth: str = "revenue_window"

    def __post_init__(self) -> None:
        if not 0 < self.at_least <= 1:
            raise ValueError(f"at_least is a degree above 0 and up to 1, not {self.at_least}.")
        if self.together not in TOGETHER:
            raise ValueError(f"together is 'min' or 'product', not {self.together!r}.")
        names = [word.name for word in self.words]
        if len(set(names)) < len(names):
            raise ValueError(f"Each word is set once, not {', '.join(names)}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        people = frame.sort_values("customer_id", ignore_index=True)
        if SILENCE not in people and {"recency_days", "days_between"} <= {*people}:
            people[SILENCE] = people["recency_days"] / people["days_between"].where(people["days_between"] > 0)
        known = vocabulary(people) | {word.name: word for word in self.words}
        said = understood(self.who, known)
        words = tuple(_word(name, known[name], people) for name in said.names)
        empty = [word for word in words if not people[word.of].notna().any()]
        if empty:
            return self.refuse(
                say(
                    "Not enough evidence: {of} is not recorded of any customer, so nobody can be called {name}.",
                    of=empty[0].of.replace("_", " "),
                    name=empty[0].name,
                )
            )
        return _selected(self, said, words, people)


@dataclass(frozen=True, kw_only=True, eq=False)
class FuzzySelectionResult(Result):
    """Every customer of whom it may be true, the surest first.

    `table`: rank, customer_id, degree, possible (the degree where what is unknown were as said), group (`crisp`,
    `near miss`, `below` the least degree), worth, and for each word its degree (under its name) and the number it is
    about. `groups`: group, customers, worth, each, low, high (95 % interval of the mean). `words` are those said, with
    their edges; `said` is the selection as it was understood. `people` is everybody who was asked about.
    """

    study: FuzzySelection
    said: Wording
    words: tuple[Word, ...]
    groups: pd.DataFrame
    people: pd.DataFrame

    def but(self, *words: Word, at_least: float | None = None) -> Result:
        """The same selection with some words set anew, or with another least degree."""
        fresh = {word.name: word for word in (*self.words, *words)}
        study = replace(self.study, words=tuple(fresh.values()), at_least=at_least or self.study.at_least)
        return _selected(study, self.said, tuple(fresh[name] for name in self.said.names), self.people)

    def against(self, spend: Any) -> LaterResult:
        """What the groups did afterwards: a table of `features.spend` since the day of the selection."""
        return later(self, frame_of(spend))


def _word(name: str, meant: Word | tuple[str, str], people: pd.DataFrame) -> Word:
    if isinstance(meant, Word):
        if meant.of not in people.select_dtypes("number"):
            raise ValueError(
                f"{name!r} is about {meant.of!r}, which is no number of these customers; there are "
                f"{', '.join(people.select_dtypes('number').columns)}."
            )
        return meant
    column, level = meant
    if not people[column].notna().any():  # nothing to learn from: the Study says so
        return Word(name=name, of=column, rises=(0, 0))
    return Word.learned(name, people[column], level=level)


def _selected(study: FuzzySelection, said: Wording, words: tuple[Word, ...], people: pd.DataFrame) -> Result:
    import pandas as pd

    degrees = {word.name: word.degree(people[word.of].to_numpy(float)) for word in words}
    low, high = said.degree(degrees.__getitem__, both=TOGETHER[study.together])
    closeness, _ = said.degree(degrees.__getitem__, both=np.multiply)
    fully, _ = said.degree(degrees.__getitem__, hedged=False)
    group = np.select([(low >= study.at_least) & (fully == 1), low >= study.at_least], ["crisp", "near miss"], "below")
    money = people[study.worth] if study.worth in people else pd.Series(np.nan, index=people.index)
    table = pd.DataFrame({
        "customer_id": people["customer_id"], "degree": low, "possible": high, "group": group,
        "worth": money.astype(float), "closeness": closeness, **degrees, **{w.of: people[w.of] for w in words},
    })  # fmt: skip
    groups = groups_of(table)
    if not (low >= study.at_least).any():
        return study.refuse(
            say(
                "Nobody is {who} to a degree of {least:percent}; the nearest reaches {most:percent}. "
                "Say it more softly (rather …), or lower at_least.",
                who=str(said),
                least=study.at_least,
                most=float(low.max()),
            )
        )
    order = ["degree", "closeness", "worth"]
    table = table[table["possible"] > 0].sort_values([*order, "customer_id"], ascending=[False] * 3 + [True])
    table = table.drop(columns="closeness").reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    answer = FuzzySelectionResult(
        study=study, table=table, text="", said=said, words=words, groups=groups, people=people
    )
    return replace(answer, text=_sentence(answer), checks=reasons(answer))


def _sentence(answer: FuzzySelectionResult) -> str:
    groups = answer.groups.set_index("group")
    near, crisp = groups.loc["near miss"], groups.loc["crisp"]
    selected = int(near.customers + crisp.customers)
    first = say("{selected:count} customers are {who}.", selected=selected, who=str(answer.said))
    if not near.customers:
        second = say("The crisp rule of the same words finds them all ({each}).", each=_each(crisp))
    elif not crisp.customers:
        second = say(
            "The crisp rule of the same words finds none of them; they brought {worth:money}, {each}.",
            worth=near.worth, each=_each(near),
        )  # fmt: skip
    else:
        second = say(
            "The crisp rule of the same words finds {crisp:count} and misses {near:count}, who brought {worth:money}: "
            "{each}, against {crisp_each} of those it finds.",
            crisp=crisp.customers, near=near.customers, worth=near.worth, each=_each(near), crisp_each=_each(crisp),
        )  # fmt: skip
    return f"{first} {second}" if near.worth == near.worth else first


def _each(group: pd.Series) -> str:
    if np.isnan(group.low):
        return say("{each:money} each", each=group.each)
    return say("{each:money} ({low:money}–{high:money}) each", each=group.each, low=group.low, high=group.high)


@dataclass(frozen=True, kw_only=True, eq=False)
class LaterResult(Result):
    """What the groups brought after the day of the selection, beside what they brought before.

    `table`: group, customers, worth, each, low, high: in the money of the days after.
    """

    study: FuzzySelection
    days: int


def later(answer: FuzzySelectionResult, spend: pd.DataFrame) -> LaterResult:
    """Whether near misses went on to bring as much as those the crisp rule finds."""
    missing = [column for column in ("customer_id", "revenue", "days") if column not in spend]
    if missing:
        raise ValueError(f"against needs the columns {', '.join(missing)}; features.spend(wh, since=…) makes them.")
    brought = spend.set_index("customer_id")["revenue"]
    everybody = answer.people[["customer_id"]].merge(
        answer.table[["customer_id", "group"]], on="customer_id", how="left"
    )
    everybody["group"] = everybody["group"].fillna("below")
    everybody["worth"] = brought.reindex(everybody["customer_id"]).fillna(0).to_numpy(float)
    table = groups_of(everybody)
    days = int(spend["days"].iloc[0]) if len(spend) else 0
    by_group = table.set_index("group")
    near, crisp, below = (by_group.loc[name] for name in ("near miss", "crisp", "below"))
    text = say(
        "{near} was brought in the next {days:count} days by the near misses, {crisp} by those the crisp rule finds, "
        "{below} by all others.",
        near=_each(near), crisp=_each(crisp), below=_each(below), days=days,
    )  # fmt: skip
    alike, told = within_chance(near, crisp), near.each > below.each and not within_chance(near, below)
    words = say(
        "Near misses brought more than the others: the words say something of what comes." if told
        else "Near misses brought no more than the others, as far as can be told: the words are a wish."
    )  # fmt: skip
    checks = (
        Check(name=say("as good"), verdict="holds" if alike else "weak", text=beside(near, crisp)),
        Check(name=say("worth the words"), verdict="holds" if told else "weak", text=words),
    )
    return LaterResult(study=answer.study, table=table, text=text, checks=checks, days=days)
