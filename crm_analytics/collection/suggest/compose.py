"""Compose: what is known of the files becomes the blocks of a map, with what is left out, and what is asked."""

from __future__ import annotations

from crm_analytics.collection.suggest.columns import column_is_date, reaches, rows_of
from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.part import Block, Spec
from crm_analytics.collection.suggest.place import Placement, trouble_of
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.collection.suggest.wishes import Wishes
from crm_analytics.say import say
from crm_analytics.warehouse.tables import TABLES

ASKED = 0.75
"""A column placed less surely than this is asked about."""


class Composer(Wishes):
    """Makes the blocks of one file, knowing which tables the other files bring whole."""

    def compose(self) -> None:
        """Fill the part: its blocks, its money, what is left out, what must be asked."""
        if self.reading.kind in ("order line", "order head", "position"):
            self._sales()
        elif self.reading.kind in ("consent", "do not contact"):
            self._list_of_wishes()
        else:
            for table in self.about["tables"]:
                if table == "deal_stages" and self._begun_and_closed():
                    self._beginnings()
                self._block(table, **self._endings(table))
        for table in self._beside():
            self._side(table)
        self._wishes()
        self._traits()
        if "knows" in self.about:
            self.part.questions.append(
                say("The rows of {file} have no day, or no number of their customer; which column tells it? Without "
                    "it only what is known of the people is taken.", file=self.part.name)
            )  # fmt: skip
        self._leftover()
        self._doubts()

    def _begun_and_closed(self) -> bool:
        """Whether a line is a whole deal, with the day it began and the day it was closed."""
        deal, both = self.at("deal_stages.deal_id"), ("deal_stages.entered_at", "deal_stages.entered_at#closed")
        return deal is not None and deal.unique > 0.98 and all(place in self.reading.at for place in both)

    def _beginnings(self) -> None:
        """The stage at which every deal of such a file once stood, named as its day is."""
        began = self.at("deal_stages.entered_at")
        self.use("deal_stages.entered_at", "deal_stages.entered_at#closed")
        block = self._block("deal_stages", stage={"constant": began.name}, entered_at=self._dated(began))
        for name in ("outcome", "reason", "amount"):
            block.columns.pop(name, None)

    def _endings(self, table: str) -> dict[str, Spec]:
        """Where the beginning stands in a row of its own, the other row has the day of closing alone."""
        if table != "deal_stages" or not self._begun_and_closed():
            return {}
        return {"entered_at": self._dated(self.at("deal_stages.entered_at#closed"))}

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
            if not trouble_of(one, columns) and one.counted and isinstance(self.raw(one), str)
        ]

    def _beside(self) -> list[str]:
        """The tables that this file describes beside its own, where no other file does."""
        named = {one.place.partition(".")[0] for one in self.reading.placements}
        if self._customer():
            named.add("customers")
        own = set(self.about["tables"])
        order = ("customers", "customer_contacts", "products", "stores", "suppliers", "campaigns")
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
            profile = self.at(key)
            if profile is None or not profile.counted:
                return
            spec, rows = self._id(key), rows_of(self.raw(profile))
        block, before = Block(table=table, rows=rows), set(self.used)
        block.columns[TABLES[table].key[0]] = spec
        for column in TABLES[table].columns[1:]:
            if (found := self._spec(column, f"{table}.{column.name}")) is not None and not column.refers:
                block.columns[column.name] = found
        if table == "campaigns" and "starts" in block.columns:
            block.columns.setdefault("ends", block.columns["starts"])
        if any(column.required and column.name not in block.columns for column in TABLES[table].columns) or (
            table == "customer_contacts" and not reaches(block)
        ):
            self.used = before
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
        again = self.at("customers.customer_id")
        if not found or (self.reading.kind == "arm" and again is not None and again.unique < 0.98):
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
