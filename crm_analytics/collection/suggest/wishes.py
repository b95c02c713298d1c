"""Wishes: who agreed to be addressed, for what and by which channel, and who wants to be left in peace.

A list of consents has a row for each; elsewhere they are a yes or no beside the customer, under a heading that says for
what and by which channel. A day that nobody tells is asked for, never made up: such a consent counts as none. A wish to
be left in peace counts from ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from crm_analytics.collection.mapping.conversion import NO, YES, quoted
from crm_analytics.collection.suggest.columns import one_of
from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.part import Block, Spec
from crm_analytics.collection.suggest.place import trouble_of
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.collection.suggest.sales import Sales
from crm_analytics.say import say
from crm_analytics.warehouse.tables import Column

EVER = "2000-01-01"
"""Since when a wish holds of which no day is told."""
_CHANNELS = {"sms": "sms", "whatsapp": "whatsapp", "telegram": "telegram", "viber": "viber", "messenger": "messenger",
             "push": "push", "email": "email", "phone": "phone", "call": "phone", "post": "mail"}  # fmt: skip
_PURPOSES = {"privacy": "personal data", "profiling": "profiling", "partners": "third parties", "survey": "surveys"}
_AGREES, _REFUSES = {"consent", "granted"}, {"refusal", "withdrawn"}
_BESIDE = ("customer", "person", "arm", "order line", "order head", "lead")


class Wishes(Sales):
    """A file that says of customers what they agreed to."""

    def _wishes(self) -> None:
        """A block for each yes or no that is a consent or a refusal, and for each day of one."""
        who = self._customer()
        if self.reading.kind not in _BESIDE or who is None:
            return
        said = {number: self._stance(profile) for number, profile in self._free()}
        yes = {n: stance for n, stance in said.items() if stance and self.reading.columns[n].dating is None}
        days = {n: stance for n, stance in said.items() if stance and n not in yes}
        dated: set[int] = set()
        for number, stance in yes.items():
            dated |= self._wish(number, stance, yes=True, days=days)
        for number, stance in days.items():
            if number not in dated:
                self._wish(number, stance, yes=False, days={})

    def _free(self) -> Iterator[tuple[int, Profile]]:
        columns = self.reading.columns
        for number, profile in enumerate(columns):
            free = number not in self.used and not trouble_of(profile, columns) and profile.counted
            if free and (profile.dating is not None or answers(profile)):
                yield number, profile

    def _stance(self, profile: Profile) -> str:
        """agrees, refuses, or nothing, by the heading."""
        means = lexicon().means(profile.name)
        return "refuses" if means & _REFUSES else "agrees" if means & _AGREES else ""

    def _wish(self, number: int, stance: str, *, yes: bool, days: dict[int, str]) -> set[int]:
        """One block; the columns of days that it took."""
        profile = self.reading.columns[number]
        channels = _channels(profile)
        since = self._day_of(profile, days, stance) if yes else number
        until = self._day_of(profile, days, "refuses") if stance == "agrees" else None
        where = one_of(profile, answers(profile)["yes"]) if yes else f"{profile.said} IS NOT NULL"
        spec, rows = self._customer()
        block = Block(table="consents" if stance == "agrees" else "do_not_contact", columns={"customer_id": spec})
        block.rows = rows if self.reading.kind in ("order line", "order head", "lead") else ""
        block.where = f"{where} OR {self.reading.columns[until].said} IS NOT NULL" if until is not None else where
        taken = {one for one in (since, until) if one is not None}
        days_told = {one: self._dated(self.reading.columns[one]) for one in taken}
        if stance == "agrees":
            purpose = _purpose(profile)
            told = channels or (["all"] if purpose != "marketing" else ["email"])
            block.columns |= {"purpose": {"constant": purpose}, "channel": {"constant": told[0]}}
            block.columns |= {"granted_at": days_told[since]} if since is not None else {}
            block.columns |= {"withdrawn_at": days_told[until]} if until is not None else {}
            block.columns["basis"] = {"constant": _plain(profile.name)}
            self._ask_of_consent(profile, known=bool(channels) or purpose != "marketing", dated=since is not None)
        else:
            block.columns |= {"channel": {"constant": channels[0]}} if channels else {}
            block.columns["since"] = days_told[since] if since is not None else {"constant": EVER}
            block.columns["reason"] = {"constant": _plain(profile.name)}
            if since is None:
                ask = say("Since when does {column} hold? It is taken to hold since ever.", column=profile.name)
                self.part.questions.append(ask)
        self.used |= {number, *taken}
        self.part.main |= dict.fromkeys({number, *taken} - {since, until}, f"{block.table}.channel")
        self.part.main |= {since: f"{block.table}.{'granted_at' if stance == 'agrees' else 'since'}"} if since else {}
        self.part.main |= {until: "consents.withdrawn_at"} if until else {}
        self.part.blocks.append(block)
        for channel in channels[1:]:
            more = dict(block.columns) | {"channel": {"constant": channel}}
            self.part.blocks.append(Block(table=block.table, rows=block.rows, where=block.where, columns=more))
        return taken

    def _ask_of_consent(self, profile: Profile, *, known: bool, dated: bool) -> None:
        if not known:
            self.part.questions.append(
                say("By which channels may those be addressed who say yes in {column}? It is taken for email.",
                    column=profile.name)
            )  # fmt: skip
        if not dated:
            self.part.questions.append(
                say("Since when do the consents of {column} hold? Without a day they count as none.",
                    column=profile.name)
            )  # fmt: skip

    def _day_of(self, profile: Profile, days: dict[int, str], stance: str) -> int | None:
        """The column of days that belongs to a yes or no: of its own channel, else one that names none."""
        own = _channels(profile)
        fit = [(n, _channels(self.reading.columns[n])) for n, one in days.items() if one == stance]
        same = [n for n, channels in fit if channels == own]
        return next(iter(same or [n for n, channels in fit if not channels]), None)

    def _list_of_wishes(self) -> None:
        """A list with a row for each consent, or for each wish to be left in peace."""
        table, place = self.about["tables"][0], "consents.granted_at#said"
        block, said = self._block(table), self.at(place)
        if table == "consents" and said is not None and "granted_at" in block.columns:
            day = self.at("consents.granted_at").said
            block.where = f"{one_of(said, answers(said)['yes'])} OR {day} IS NOT NULL"
        elif table == "consents" and "granted_at" not in block.columns:
            self._ask_of_consent(said or self.reading.columns[0], known=True, dated=False)
        for number, profile in self._free():
            if table == "do_not_contact" and self._stance(profile) == "refuses" and answers(profile):
                block.where = one_of(profile, answers(profile)["yes"])
                self.used.add(number)

    def _special(self, table: str, column: Column, place: str) -> Spec | None:
        at = self.reading.at
        if table not in ("consents", "do_not_contact") or column.name == "customer_id":
            return super()._special(table, column, place)
        if place == "do_not_contact.since" and place not in at:
            self.part.questions.append(say("Since when do these wishes hold? They are taken to hold since ever."))
            return {"constant": EVER}
        if column.name in ("channel", "purpose") and place in at:
            self.use(place)
            return self._translated(self.at(place), table, column.name)
        if table == "consents" and column.name in ("channel", "purpose"):
            return {"constant": self._usual(column.name)}
        if column.name in ("granted_at", "withdrawn_at") and "consents.granted_at#said" in at:
            return self._said(column.name, self.at("consents.granted_at"), self.at("consents.granted_at#said"))
        return None

    def _usual(self, name: str) -> str:
        """What a list is about that does not say it in a column: the file's name may."""
        words = Profile(self.part.name.replace("_", " "), "", self.part.spec, [])
        if name == "purpose":
            return _purpose(words)
        known = _channels(words) or (["email"] if "customer_contacts.email" in self.reading.at else [])
        if not known:
            self.part.questions.append(say("By which channel may those be addressed? It is taken for email."))
        return next(iter(known), "email")

    def _translated(self, profile: Profile, table: str, name: str) -> Spec:
        """The company's words for channels and purposes as the warehouse calls them; a wish for all has none."""
        known = {word: _channel(word) if name == "channel" else _purpose_word(word) for word in profile.words}
        known = {word: canonical for word, canonical in known.items() if canonical and canonical != word}
        if table == "do_not_contact":
            known |= {word: "" for word in profile.words if lexicon().means(word) & {"all"}}
        if not known:
            return self.raw(profile)
        cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(one) if one else 'NULL'}" for word, one in known.items())
        return {"expression": f"CASE {profile.said} {cases} ELSE {profile.said} END"}

    def _said(self, name: str, day: Profile | None, said: Profile) -> Spec | None:
        """Since when, or till when, in a list whose column says whether it is a consent or its withdrawal."""
        self.use("consents.granted_at", "consents.granted_at#said")
        if day is None or (name == "withdrawn_at" and "consents.withdrawn_at" in self.reading.at):
            return None
        when = self.moment(day, "day")
        if name == "granted_at" and self._told_again():
            return {"expression": when}
        word = "yes" if name == "granted_at" else "no"
        return {"expression": f"CASE WHEN {one_of(said, answers(said)[word])} THEN {when} END"}

    def _told_again(self) -> bool:
        """Whether one customer's consent stands in several rows, as in a journal."""
        keys = ("customers.customer_id", "consents.purpose", "consents.channel")
        cells = [self.at(key).cells for key in keys if self.at(key) is not None]
        rows = list(zip(*cells, strict=True))
        return len(set(rows)) < len(rows)


def answers(profile: Profile) -> dict[str, list[str]]:
    """The words of a column that mean yes and those that mean no; nothing where other words prevail."""
    found: dict[str, list[str]] = {"yes": [], "no": []}
    for word in profile.words:
        means = "yes" if word.lower() in YES else "no" if word.lower() in NO else None
        means = means or lexicon().canonical("consents.granted_at", word)
        if means:
            found[means].append(word)
    known = sum(profile.counted[word] for words in found.values() for word in words)
    return found if found["yes"] and known >= 0.6 * profile.counted.total() else {}


def _channels(profile: Profile) -> list[str]:
    words = re.findall(r"[^\W\d_]+", profile.name)
    means = lexicon().means(profile.name).union(*map(lexicon().means, words))  # «do not call» is one word of its own
    return list(dict.fromkeys(channel for meaning, channel in _CHANNELS.items() if meaning in means))


def _purpose(profile: Profile) -> str:
    means = lexicon().means(profile.name)
    return next((purpose for meaning, purpose in _PURPOSES.items() if meaning in means), "marketing")


def _plain(heading: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in heading)[:60]


def _channel(word: str) -> str:
    """A company's word for a channel, as the warehouse calls it; empty where it is none of the known ones."""
    if word.lower() in _CHANNELS.values():
        return word.lower()
    means = lexicon().means(word)
    return next((channel for meaning, channel in _CHANNELS.items() if meaning in means), "")


def _purpose_word(word: str) -> str:
    means = lexicon().means(word)
    found = next((purpose for meaning, purpose in _PURPOSES.items() if meaning in means), "")
    return found or ("marketing" if means & {"campaign", "promotion", "marketing"} else "")
