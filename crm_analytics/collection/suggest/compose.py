"""Compose: what is known of the files becomes the blocks of a map, with what is left out, and what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.place import Placement, Reading, trouble_of
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.say import say
from crm_analytics.warehouse.tables import DAY, FLAG, MOMENT, TABLES, TEXT, Column

Spec = str | dict[str, object]
"""What stands behind a canonical column in a map."""
ASKED = 0.75
"""A column placed less surely than this is asked about."""
PARTS = {"customer_contacts.full_name": ("last", "first", "middle"), "customer_contacts.address": ("", "postcode")}


@dataclass(kw_only=True)
class Block:
    """One block of the map."""

    table: str
    rows: str = ""
    where: str = ""
    columns: dict[str, Spec] = field(default_factory=dict)
    each: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    """The canonical columns it cannot be without and does not have; it is then written as a comment."""


@dataclass(kw_only=True)
class Part:
    """What the map says of one kind of file."""

    reading: Reading
    pattern: str
    name: str
    paths: list[str]
    money: str = ""
    blocks: list[Block] = field(default_factory=list)
    lookups: dict[str, dict[str, str]] = field(default_factory=dict)
    left: dict[int, str] = field(default_factory=dict)
    """Columns that have no place, and why."""
    questions: list[str] = field(default_factory=list)

    @property
    def live(self) -> list[Block]:
        return [block for block in self.blocks if not block.lacks]


class Composer:
    """Makes the blocks of one file, knowing which tables the other files bring whole."""

    def __init__(self, part: Part, *, elsewhere: frozenset[str], headed: bool):
        self.part, self.reading = part, part.reading
        self.elsewhere, self.headed = elsewhere, headed
        self.used: set[int] = set()
        self.about = lexicon().rows[self.reading.kind]

    def compose(self) -> None:
        """Fill the part: its blocks, its money, what is left out, what must be asked."""
        if self.reading.kind in ("order line", "position"):
            self._sales()
        else:
            for table in self.about["tables"]:
                self._block(table)
        for table in self._beside():
            self._side(table)
        self._traits()
        if "knows" in self.about:
            self.part.questions.append(
                say("The rows of {file} have no day, or no number of their customer; which column tells it? Without "
                    "it only what is known of the people is taken.", file=self.part.name)
            )  # fmt: skip
        self._leftover()
        self._doubts()

    # one column

    def _at(self, place: str) -> Profile | None:
        return self.reading.profile(place)

    def _use(self, *places: str) -> None:
        self.used |= {self.reading.at[place].column for place in places if place in self.reading.at}

    def _raw(self, profile: Profile) -> Spec:
        """A column as it came."""
        plain = profile.said in ('"' + profile.name.replace('"', '""') + '"', profile.name)
        return profile.name if plain else {"expression": profile.said}

    def _id(self, place: str) -> Spec | None:
        """An id: as it came, without the .0 of programs that take ids for numbers, and never a name or an address."""
        profile = self._at(place)
        if profile is None:
            return None
        self._use(place)
        if profile.floated_id:
            return {"expression": f"split_part({profile.said}, '.', 1)"}
        if place == "customers.customer_id" and any(profile.share(one) > 0.6 for one in ("email", "phone")):
            return {"expression": f"sha256(lower({profile.said}))"}
        return self._raw(profile)

    def _customer(self) -> tuple[Spec, str] | None:
        """Who the customer is, and the rows: of the customers; made of an address where there is no id."""
        addresses = [f"customer_contacts.{name}" for name in ("email", "phone", "tax_number", "full_name")]
        for place in ("customers.customer_id", *addresses):
            profile = self._at(place)
            if profile is None or not profile.counted:
                continue
            if place == "customers.customer_id":
                return self._id(place), _rows(self._raw(profile))
            return {"expression": f"sha256(lower({profile.said}))"}, _rows(self._raw(profile))
        return None

    def _spec(self, column: Column, place: str) -> Spec | None:
        """Where a canonical column comes from."""
        profile = self._at(place)
        parts = [p for p in self.reading.at if p.startswith(place + "#")]
        if parts:
            return self._of_parts(column, place, profile, parts)
        if profile is None:
            return None
        self._use(place)
        if place == "customers.birth_year" and profile.dating:
            return {"expression": f"year({self._moment(profile, 'day')})"}
        if column.kind in (DAY, MOMENT):
            return self._dated(profile)
        if column.kind == TEXT:
            if column.name.endswith("_id") or column.refers:
                return self._id(place)
            return self._worded(column, place, profile)
        if column.kind == FLAG:
            return self._raw(profile)
        if profile.adorned:
            return {"expression": _num(profile)}
        return self._raw(profile)

    def _dated(self, profile: Profile) -> Spec:
        raw = self._raw(profile)
        formats = profile.dating.formats if profile.dating else ()
        if not formats:
            return raw
        if isinstance(raw, dict):
            return {"expression": self._moment(profile, "moment")}
        return {"column": raw, "format": formats[0] if len(formats) == 1 else list(formats)}

    def _moment(self, profile: Profile, word: str) -> str:
        formats = profile.dating.formats if profile.dating else ()
        if formats:
            tried = [f"{word}({profile.said}, {quoted(one)})" for one in formats]
            return tried[0] if len(tried) == 1 else f"coalesce({', '.join(tried)})"
        kind = "DATE" if word == "day" else "TIMESTAMP"
        return f"CAST({profile.said} AS {kind})"

    def _of_parts(self, column: Column, place: str, profile: Profile | None, parts: list[str]) -> Spec:
        self._use(place, *parts)
        said = {part.partition("#")[2]: self._at(part) for part in parts}
        if place in PARTS:
            told = {"": profile} | said
            found = [told[name].said for name in PARTS[place] if told.get(name)]
            return {"expression": f"concat_ws(' ', {', '.join(found)})"}
        if "year" in said:
            month = said["month"].said if "month" in said else "'1'"
            return {"expression": f"make_date(CAST({said['year'].said} AS INTEGER), CAST({month} AS INTEGER), 1)"}
        if "closed" in said and profile:
            return {"expression": f"coalesce({self._moment(said['closed'], 'day')}, {self._moment(profile, 'day')})"}
        if "closed" in said:
            return self._dated(said["closed"])
        if "time" in said and profile:
            day = profile.dating.formats[0] if profile.dating and profile.dating.formats else "%Y-%m-%d"
            clock = "%H:%M:%S" if any(value.count(":") == 2 for value in said["time"].values) else "%H:%M"
            return {"expression": f"moment({profile.said} || ' ' || {said['time'].said}, {quoted(f'{day} {clock}')})"}
        return self._dated(profile or next(iter(said.values())))

    def _worded(self, column: Column, place: str, profile: Profile) -> Spec:
        """A text; where only certain words are canonical, through a lookup of the source's own."""
        if place not in lexicon().values or not profile.words:
            return self._raw(profile)
        known = {word: lexicon().canonical(place, word) for word in profile.words}
        if all(word == value for word, value in known.items()) or not any(known.values()):
            return self._raw(profile) if not column.values or any(known.values()) else self._else(column, profile)
        name = column.name if self.part.lookups.get(column.name) is None else f"{column.name}_{len(self.part.lookups)}"
        name = f"{self.part.name}_{name}"
        self.part.lookups[name] = {word: value for word, value in known.items() if value}
        unknown = sum(value is None for value in known.values())
        spec: dict[str, object] = {"column": self._raw(profile), "lookup": name}
        if isinstance(spec["column"], dict):
            spec = {**spec["column"], "lookup": name}
        if unknown:
            spec["else"] = _ELSE.get(place, "other")
            self.part.questions.append(
                say(
                    "{words:count} words of {column} are unknown to the lookup {name}, become {other}: what are they?",
                    words=unknown, column=profile.name, name=name, other=spec["else"],
                )
            )  # fmt: skip
        return spec

    def _else(self, column: Column, profile: Profile) -> Spec:
        """None of the words is known, and only certain ones may stand there: all are the usual one, and it is asked."""
        usual = _ELSE.get(f"{self.part.name}.{column.name}") or _ELSE.get(_place_of(column), column.values[0])
        self.part.questions.append(
            say("What do the words of {column} mean: {words}?", column=profile.name, words=", ".join(column.values))
        )
        return {"constant": usual}

    # one table

    def _block(self, table: str, **given: Spec) -> Block:
        block = Block(table=table)
        for column in TABLES[table].columns:
            if column.name in given:
                block.columns[column.name] = given[column.name]
                continue
            place = f"{table}.{column.name}"
            place = place if place in lexicon().phrases else column.refers or place
            spec = self._special(table, column, place)
            if spec is None:
                spec = self._spec(column, place)
            if spec is not None:
                block.columns[column.name] = spec
            elif column.required:
                block.lacks.append(column.name)
        if table == "customer_contacts" and len(block.columns) < 2:
            return block
        self.part.blocks.append(block)
        if table == "activity":
            self._measures(block)
        for name in block.lacks:
            self.part.questions.append(
                say("Which column tells {what} ({place})? {table} cannot be loaded without it.",
                    what=TABLES[table].by_name[name].about, place=f"{table}.{name}", table=table)
            )  # fmt: skip
        return block

    def _special(self, table: str, column: Column, place: str) -> Spec | None:
        """What a table must have and a file need not say."""
        at = self.reading.at
        if column.refers == "customers.customer_id" or place == "customers.customer_id":
            who = self._customer()
            return who[0] if who else {"number_within": "'all'"} if table in ("customers", "arms") else None
        if place in ("contacts.contact_id", "orders.order_id", "leads.lead_id"):
            profile = self._at(place)
            if table == "contacts" and (profile is None or profile.unique < 0.95):
                return self._made_id() if "contacts" in self.elsewhere else {"number_within": "'all'"}
        if table == "contacts" and column.name == "channel" and place not in at:
            return (
                {"constant": "phone"}
                if "contacts.duration_s" in at or "call" in lexicon().means(self.part.name)
                else None
            )
        if place == "campaigns.campaign_id" and place not in at and table == "arms":
            return {"constant": self.part.name}
        if table == "consents" and column.name in ("purpose", "channel") and place not in at:
            return {"constant": "marketing" if column.name == "purpose" else "all"}
        if place == "deal_stages.outcome" and place not in at and "deal_stages.stage" in at:
            stage = self._at("deal_stages.stage")
            known = {word: lexicon().canonical(place, word) for word in stage.words}
            if any(value in ("won", "lost") for value in known.values()):
                return self._worded(column, place, stage)
        if place == "campaign_costs.kind" and place not in at:
            return {"constant": "all"}
        return None

    def _made_id(self) -> Spec:
        """An id for lines that have none and must not be taken for those of another file: all that they say."""
        said = ", ".join(self.reading.columns[number].said for number in self._speakable()[:20])
        return {"expression": f"md5(concat_ws(' ', {said}))"}

    def _measures(self, block: Block) -> None:
        placed = {one.column for one in self.reading.placements}
        measures = [n for n in self._speakable() if n not in placed and self.reading.columns[n].numbers is not None]
        block.lacks = [name for name in block.lacks if name not in ("measure", "value")]
        block.columns |= {"measure": {"each": "name"}, "value": {"each": "value"}}
        block.each = [self.reading.columns[number].name for number in measures]
        self.used |= set(measures)

    def _speakable(self) -> list[int]:
        columns = self.reading.columns
        return [
            n
            for n, one in enumerate(columns)
            if not trouble_of(one, columns) and one.counted and isinstance(self._raw(one), str)
        ]

    def _beside(self) -> list[str]:
        """The tables that this file describes beside its own, where no other file does."""
        named = {one.place.partition(".")[0] for one in self.reading.placements}
        if self._customer():
            named.add("customers")
        own = set(self.about["tables"])
        order = ("customers", "customer_contacts", "products", "stores", "suppliers")
        return [table for table in order if table in named - own and table not in self.elsewhere]

    def _side(self, table: str) -> None:
        """One row for each customer, product, store or supplier that this file names."""
        if table in ("customers", "customer_contacts"):
            who = self._customer()
            if who is None:
                return
            spec, rows = who
        else:
            key = f"{table}.{TABLES[table].key[0]}"
            profile = self._at(key)
            if profile is None or not profile.counted:
                return
            spec, rows = self._id(key), _rows(self._raw(profile))
        block = Block(table=table, rows=rows)
        block.columns[TABLES[table].key[0]] = spec
        for column in TABLES[table].columns[1:]:
            if (found := self._spec(column, f"{table}.{column.name}")) is not None and not column.refers:
                block.columns[column.name] = found
        if table == "customer_contacts" and len(block.columns) < 2:
            return
        self.part.blocks.append(block)

    def _traits(self) -> None:
        """What else is known of a customer, where one row is one customer."""
        if self.reading.kind not in ("customer", "person", "arm"):
            return
        who = self._customer()
        if self.reading.kind == "arm" and "customers" not in self.elsewhere and who is None:
            block = Block(table="customers", columns={"customer_id": {"number_within": "'all'"}})
            for column in TABLES["customers"].columns[1:]:
                if not column.refers and (spec := self._spec(column, f"customers.{column.name}")) is not None:
                    block.columns[column.name] = spec
            self.part.blocks.append(block)
        found = [n for n in self._speakable() if n not in self.used and not self._private(self.reading.columns[n])]
        if not found:
            return
        spec = who[0] if who else {"number_within": "'all'"}
        block = Block(
            table="traits", columns={"customer_id": spec, "trait": {"each": "name"}, "value": {"each": "value"}}
        )
        block.each = [self.reading.columns[n].name for n in found]
        self.used |= set(found)
        self.part.blocks.append(block)

    @staticmethod
    def _private(profile: Profile) -> bool:
        named = lexicon().means(profile.name) & {
            "fax",
            "comment",
            "address",
            "phone",
            "email",
            "full name",
            "last name",
        }
        alike = any(
            profile.share(one) > 0.5 for one in ("email", "phone", "url", "postcode") if profile.numbers is None
        )
        written = profile.numbers is None and profile.length > 4 and profile.unique > 0.5
        return bool(named) or alike or written or (profile.share("person") > 0.8 and profile.unique > 0.5)

    # sales

    def _sales(self) -> None:
        at = self.reading.at
        if self.reading.kind == "order line":
            self._orders()
        if (self.reading.kind == "order line" and not self.headed) or self.reading.kind == "position":
            quantity = self._at("order_lines.quantity")
            order = self._order()
            given: dict[str, Spec] = {"order_id": order, "line_no": self._line_no(order)}
            if "order_lines.amount" not in at and "order_lines.price" in at:
                price = self._at("order_lines.price")
                money = f"num({quantity.said}) * {_num(price)}" if quantity else _num(price)
                given["amount"] = {"expression": money}
                self.part.money = money if quantity or price.adorned else price.name
            else:
                amount = self._at("order_lines.amount")
                self.part.money = (
                    _num(amount) if amount.adorned or not isinstance(self._raw(amount), str) else amount.name
                )
            if quantity is None:
                given["quantity"] = {"constant": "1"}
            self._block("order_lines", **given)
        elif self.headed:
            amount = at.get("order_lines.amount")
            if amount:
                self.used.discard(amount.column)

    def _order(self) -> Spec:
        profile = self._at("orders.order_id")
        if profile is not None:
            return self._id("orders.order_id")
        who = self._at("customers.customer_id")
        if who is None:
            return {"number_within": "'all'"}
        when = self._at("orders.ordered_at")
        return {"expression": f"concat_ws(' ', {who.said}, {when.said})"}

    def _line_no(self, order: Spec) -> Spec:
        line, number = self._at("order_lines.line_no"), self._at("orders.order_id")
        if line is not None and number is not None:
            pairs = [pair for pair in zip(number.cells, line.cells, strict=True) if all(pair)]
            if number.unique < 1 and len(set(pairs)) >= 0.98 * len(pairs) > 0 and line.filled > 0.98:
                self._use("order_lines.line_no")
                return self._raw(line)
        if isinstance(order, dict) and "number_within" in order:
            return {"constant": "1"}
        return {"number_within": self._group(order)}

    def _group(self, order: Spec) -> str:
        number = self._at("orders.order_id")
        return _rows(self._raw(number)) if number is not None else _rows(order)

    def _orders(self) -> None:
        order = self._order()
        block = self._block("orders", order_id=order, kind=self._deed())
        if not (isinstance(order, dict) and "number_within" in order):
            block.rows = self._group(order)

    def _deed(self) -> Spec:
        """Sale or return, by the word for it, by the sign, or by what the numbers of returns begin with."""
        kind = self._at("orders.kind")
        if kind is not None and kind.words:
            known = {lexicon().canonical("orders.kind", word) for word in kind.words}
            if "sale" in known or "return" in known:
                self._use("orders.kind")
                return self._worded(TABLES["orders"].by_name["kind"], "orders.kind", kind)
        signed = self._at("order_lines.quantity") or self._at("order_lines.amount")
        if (signed is None or signed.numbers is None or not (signed.numbers < 0).any()) and self._at(
            "order_lines.amount"
        ):
            signed = self._at("order_lines.amount")
        if signed is None or signed.numbers is None or not (signed.numbers < 0).any():
            return {"constant": "sale"}
        number = self._at("orders.order_id")
        if number is not None:
            below = signed.numbers < 0
            marks = {cell[:1] for cell, minus in zip(number.cells, below, strict=True) if minus and cell}
            others = {cell[:1] for cell, minus in zip(number.cells, below, strict=True) if not minus and cell}
            letters = sorted(mark for mark in marks - others if mark.isalpha())
            marked = np.array([cell[:1] in letters for cell in number.cells])
            if letters and marked[below].mean() > 0.8:
                tests = " OR ".join(f"starts_with({number.said}, {quoted(mark)})" for mark in letters)
                return {"expression": f"CASE WHEN {tests} THEN 'return' ELSE 'sale' END"}
        return {"expression": f"CASE WHEN {_num(signed)} < 0 THEN 'return' ELSE 'sale' END"}

    # what is left

    def _leftover(self) -> None:
        columns = self.reading.columns
        placed = {one.column: one for one in self.reading.placements}
        for number, profile in enumerate(columns):
            if number in self.used:
                continue
            trouble = trouble_of(profile, columns)
            if trouble:
                why = trouble
            elif not profile.counted:
                why = say("it is empty")
            elif number in placed:
                why = self._unneeded(placed[number])
            elif self._private(profile):
                why = say("it may be personal, and no canonical column is like it")
            else:
                why = say("no canonical column is like it")
            self.part.left[number] = why

    def _unneeded(self, one: Placement) -> str:
        table = one.place.partition(".")[0]
        if self.headed and one.place == "order_lines.amount":
            return say("the lines of the orders bring the money; here it would count twice")
        if table in self.elsewhere:
            return say("another file brings the {table}", table=table.replace("_", " "))
        return say("its place is taken")

    def _doubts(self) -> None:
        for one in self.reading.placements:
            if one.column not in self.used:
                continue
            profile = self.reading.columns[one.column]
            if one.confidence < ASKED:
                place = one.place.partition("#")[0]
                instead = [place, *one.rivals, say("nothing of it")]
                self.part.questions.append(
                    say("What is {column}? Taken for {places}.", column=profile.name, places=say(" or ").join(instead))
                )
            if profile.dating and profile.dating.instead and column_is_date(one.place):
                self.part.questions.append(
                    say("Are the dates of {column} written {first} or {second}? Their values allow both.",
                        column=profile.name, first=profile.dating.formats[0], second=profile.dating.instead[0])
                )  # fmt: skip


_ELSE = {"orders.kind": "sale", "deal_stages.outcome": "open", "customers.kind": "person", "customers.gender": "other",
         "arms.arm": "treated", "contacts.kind": "out"}  # fmt: skip


def _place_of(column: Column) -> str:
    return next(f"{table.name}.{column.name}" for table in TABLES.values() if column in table.columns)


def column_is_date(place: str) -> bool:
    """Whether a canonical column holds days or moments."""
    table, _, name = place.partition("#")[0].partition(".")
    return name in TABLES[table].by_name and TABLES[table].by_name[name].kind in (DAY, MOMENT)


def _rows(spec: Spec) -> str:
    return spec if isinstance(spec, str) else str(spec["expression"])


def _num(profile: Profile) -> str:
    if profile.adorned:
        return f"num(regexp_replace({profile.said}, '[€$£₽]|^[^0-9+-]+|[^0-9]+$', '', 'g'))"
    return f"num({profile.said})"


def placed(parts: Sequence[Part]) -> Iterator[tuple[Part, Profile, Placement]]:
    """Every column that has a place in the map."""
    for part in parts:
        for one in part.reading.placements:
            if one.column not in part.left:
                yield part, part.reading.columns[one.column], one
