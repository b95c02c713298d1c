"""Spend: what each channel cost by day, week or month, without campaigns; a line each, or a column a channel.

Every channel is then one campaign that is always on, from the first to the last day that something was spent on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.suggest.columns import Columns, num_of, rows_of
from crm_analytics.collection.suggest.lexicon import lexicon, speaks_of
from crm_analytics.collection.suggest.part import Block, Spec
from crm_analytics.collection.suggest.place import Placement, Reading, trouble_of
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.say import say

SPEND = "spend"
TAKEN_FROM = ("", "person", "activity", "indicator")
"""What such a file may be taken for when nobody looks for spend: nothing in particular."""
MOST_CHANNELS, MOST_LINES = 60, 30
"""So many channels, and lines of a channel on a day, at most: more are not channels but campaigns or people."""
DAY, CHANNEL, AMOUNT = "campaign_costs.day", "campaigns.channel", "campaign_costs.amount"
_SOMEBODY = frozenset(["customer", "order", "product", "sku", "lead", "deal", "card", "visitor", "supplier", "agent"])
_WEEK, _MONTH = 7, 27


def as_spend(reading: Reading) -> Reading | None:
    """The same file as the spend of channels, None where it is something else."""
    days = [one for one in _speakable(reading) if one[1].dating]
    if reading.kind not in TAKEN_FROM or not days or len(days) > 2:
        return None
    number, day = days[0]
    if len(days) == 2 and not speaks_of(days[1][1].name, "last day"):
        return None
    found = _long(reading, day) or [(n, AMOUNT) for n in _wide(reading, day)]
    reason = say("its heading and its values say so")
    placements = [
        Placement(column=n, place=place if place != AMOUNT or i < 2 else f"{AMOUNT}#{i}", fit=0.9, confidence=0.9,
                  reason=reason)
        for i, (n, place) in enumerate(found)
    ]  # fmt: skip
    if not found:
        return None
    dated = Placement(column=number, place=DAY, fit=0.95, confidence=0.95, reason=reason)
    return replace(reading, kind=SPEND, placements=(dated, *placements), lacking="")


def _speakable(reading: Reading) -> list[tuple[int, Profile]]:
    return [(n, one) for n, one in enumerate(reading.columns) if one.counted and not trouble_of(one, reading.columns)]


def _long(reading: Reading, day: Profile) -> list[tuple[int, str]]:
    """The column of the channel and that of what it cost, where a line is a channel on a day."""
    file, columns = reading.sniffed.spec.name, _speakable(reading)
    rest = [(n, one) for n, one in columns if not one.dating]
    texts = [(n, one) for n, one in rest if one.numbers is None]
    channels = [n for n, one in texts if speaks_of(one.name, "channel") and one.distinct <= MOST_CHANNELS]
    numbers = [(n, one) for n, one in rest if one.numbers is not None]
    spent = [n for n, one in numbers if _is_spend(one)]
    if not spent and speaks_of(file, "spent"):
        spent = [n for n, one in numbers if "amount" in lexicon().means(one.name) and not speaks_of(one.name, "earned")]
    if not channels or len(spent) != 1 or any(_of_somebody(one) for _, one in texts):
        return []
    shown = [one.name for n, one in numbers if n not in spent]
    advertising = speaks_of(file, "spent", "medium") or any(speaks_of(name, "seen") for name in shown)
    if any(speaks_of(name, "earned") for name in shown) and not advertising:
        return []  # sales by channel with what the goods cost look the same
    pairs = {pair for pair in zip(day.cells, reading.columns[channels[0]].cells, strict=True) if all(pair)}
    few = len(day.cells) <= MOST_LINES * len(pairs)
    return [(channels[0], CHANNEL), (spent[0], AMOUNT)] if few else []


def _is_spend(one: Profile) -> bool:
    """Whether a column of numbers is money spent: its heading says so, and it is not a price, a share or a result."""
    return speaks_of(one.name, "spent") and not speaks_of(one.name, "earned", "seen") and _spendable(one)


def _spendable(one: Profile) -> bool:
    return one.numbers is not None and not one.dating and float(np.nanmin(one.numbers)) >= 0


def _of_somebody(one: Profile) -> bool:
    return bool(lexicon().means(one.name) & _SOMEBODY) or one.unique > 0.9


def _wide(reading: Reading, day: Profile) -> list[int]:
    """The columns of the channels, where each has one and a line is a day or a period."""
    file, columns = reading.sniffed.spec.name, _speakable(reading)
    if day.unique < 1 or speaks_of(file, "earned", "seen"):
        return []
    numbers = [(n, one) for n, one in columns if _spendable(one) and not one.adorned]
    numbers = [(n, one) for n, one in numbers if not speaks_of(one.name, "earned", "seen", "no channel")]
    media = [n for n, one in numbers if speaks_of(one.name, "medium")]
    if speaks_of(file, "spent") or any(speaks_of(one.name, "spent") for _, one in numbers):
        media = [n for n, one in numbers if n in media or not lexicon().means(one.name) & {"quantity", "price", "id"}]
    others = [n for n, one in columns if not one.dating and one.numbers is None]
    spent = [n for n in media if float(np.nansum(reading.columns[n].numbers)) > 0]
    return spent if len(spent) > 1 and not others else []


def _called(heading: str) -> str:
    """The channel that a heading names: tv of tv_spend."""
    words = [word for word in re.split(r"[_\W]+", heading) if word and not speaks_of(word, "spent")]
    return " ".join(words) if words and speaks_of(heading, "spent") else heading


class Spending(Columns):
    """The blocks of such a file: a campaign for each channel, and what it cost."""

    def compose(self) -> None:
        """Fill the part: campaigns, their costs, the money to reconcile, what is left out, and what is asked."""
        channel = self.at(CHANNEL)
        blocks = self._of_lines(channel) if channel else self._of_columns()
        self.part.blocks += list(blocks)
        for number in range(len(self.reading.columns)):
            if number not in self.used:
                why = trouble_of(self.reading.columns[number], self.reading.columns)
                self.part.left[number] = why or say("it is not what a channel cost")

    def _of_lines(self, channel: Profile) -> Iterator[Block]:
        amount = self.at(AMOUNT)
        self.use(DAY, CHANNEL, AMOUNT)
        name = self.raw(channel)
        self.part.money = num_of(amount) if amount.adorned else rows_of(self.raw(amount))
        paid: Spec = {"expression": num_of(amount)} if amount.adorned else self.raw(amount)
        paying = zip(channel.cells, np.nan_to_num(amount.numbers), strict=True)
        spending = {who for who, much in paying if who and much}
        every = len(spending) == channel.distinct
        block = Block(table="campaigns", rows=rows_of(name), where=f"{num_of(amount)} <> 0" if every else "")
        block.columns = {"campaign_id": name, "name": name, "channel": name} | self._days()
        yield block
        costs = {"campaign_id": name, "day": self._first(), "kind": self._kind(channel), "amount": paid}
        yield Block(table="campaign_costs", columns=costs)

    def _of_columns(self) -> Iterator[Block]:
        """A campaign each, so that its days are those on which its own column is not zero."""
        numbers = [one.column for one in self.reading.placements if one.place != DAY]
        media = [self.reading.columns[number] for number in numbers]
        self.used |= {*numbers, self.reading.at[DAY].column}
        self.part.main |= dict.fromkeys(numbers, AMOUNT)
        self.part.money = " + ".join(f"coalesce(num({one.said}), 0)" for one in media)
        for one in media:
            block = Block(table="campaigns", rows=quoted(one.name), where=f"num({one.said}) <> 0")
            named = {"constant": _called(one.name)}
            block.columns = {"campaign_id": {"constant": one.name}, "name": named, "channel": named} | self._days()
            yield block
        yield Block(
            table="campaign_costs", each=[one.name for one in media],
            columns={"campaign_id": {"each": "name"}, "day": self._first(), "kind": {"constant": "media"},
                     "amount": {"each": "value"}},
        )  # fmt: skip
        self.part.questions.append(
            say("Is what stands under {names} of {file} money spent on these channels?",
                names=", ".join(one.name for one in media), file=self.part.name)
        )  # fmt: skip

    def _kind(self, channel: Profile) -> Spec:
        """What tells the lines of one channel and day apart, where there are several."""
        day = self.at(DAY)
        keys = list(zip(day.cells, channel.cells, strict=True))
        if len(set(keys)) == len(keys):
            return {"constant": "media"}
        for number, one in enumerate(self.reading.columns):
            if number in self.used or one.numbers is not None or one.dating or one.filled < 1:
                continue
            if len(set(zip(keys, one.cells, strict=True))) == len(keys):
                self.used.add(number)
                return self.raw(one)
        return {"number_within": f"concat_ws(' ', {day.said}, {channel.said})"}

    def _step(self) -> int:
        """How many days lie between two days of the file, usually."""
        day = self.at(DAY)
        days = (day.dating.last - day.dating.first).days / max(day.distinct - 1, 1)
        return 1 if days < _WEEK - 1 else _WEEK if days < 2 * _WEEK - 3 else round(days)

    def _first(self) -> Spec:
        """The first day that a line pays for."""
        day = self.at(DAY)
        if self._step() == _WEEK and speaks_of(day.name, "last day"):
            return {"expression": f"{self.moment(day, 'day')} - to_days(6)"}
        return self._dated(day)

    def _days(self) -> dict[str, Spec]:
        """The first day of a channel, and the last one that its last line pays for."""
        first, day, step = self._first(), self.at(DAY), self._step()
        last, said = (first if isinstance(first, dict) else {"column": first}), self.moment(day, "day")
        if step == _WEEK and not speaks_of(day.name, "last day"):
            last = {"expression": f"{said} + to_days(6)"}
        elif step == _WEEK:
            last = {"expression": said}
        elif step >= _MONTH:
            last = {"expression": f"last_day({said})"}
        first = first if isinstance(first, dict) else {"column": first}
        return {"starts": first | {"take": "earliest"}, "ends": last | {"take": "latest"}}
