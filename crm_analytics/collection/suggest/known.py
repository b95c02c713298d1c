"""Known formats: what a survey or an exchange file of 1C holds is known before it is looked at, so nothing is guessed.

What each part feeds stands in known.yaml; here it is fitted to what this very file has: columns that are never filled
are left out, and where the file's own words decide (which price, which operations), they are looked at, or asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.suggest.columns import Columns
from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.part import Block, Part, Spec
from crm_analytics.collection.suggest.place import Placement, Reading
from crm_analytics.collection.suggest.profile import Profile, profiles
from crm_analytics.collection.suggest.sniffed import Sniffed
from crm_analytics.say import say
from crm_analytics.warehouse.tables import DAY, MOMENT, TABLES

SURE = 0.99


@cache
def _formats() -> Mapping[str, Mapping]:
    import yaml

    return yaml.load(Path(__file__).with_name("known.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)


def format_known(sniffed: Sniffed) -> Mapping | None:
    """What is known of a file's format, or None where its columns must be understood."""
    return _formats().get(sniffed.spec.part or (sniffed.spec.format if sniffed.spec.format == "survey" else ""))


def read_known(sniffed: Sniffed) -> Reading:
    """A file of a known format: every filled column is where the format says."""
    columns, about = profiles(sniffed), format_known(sniffed)
    at = {profile.name: number for number, profile in enumerate(columns) if profile.counted}
    places = {}
    for table, told in about["tables"].items():
        for name, said in told["columns"].items():
            column = TABLES[table].by_name[name]
            one = said[0] if isinstance(said, list) else said
            of = one if isinstance(one, str) else one.get("needs", "").partition(" ")[0]
            if of in at:
                places.setdefault(at[of], column.refers or f"{table}.{name}")
    reason = say("its format says so")
    return Reading(
        sniffed=sniffed, columns=columns, kind=about["row"],
        placements=tuple(
            Placement(column=number, place=place, fit=1.0, confidence=SURE, reason=reason)
            for number, place in sorted(places.items())
        ),
    )  # fmt: skip


class Known(Columns):
    """Makes the blocks of a file of a known format."""

    def __init__(self, part: Part, *, elsewhere: frozenset[str]):
        super().__init__(part, elsewhere=elsewhere, headed=False)
        self.format = format_known(part.reading.sniffed)
        self.named = {profile.name: profile for profile in self.reading.columns if profile.counted}

    def compose(self) -> None:
        """Fill the part: its blocks, its money, what must be asked."""
        for table, told in self.format["tables"].items():
            if table in self.elsewhere and told.get("unless") == "elsewhere":
                continue
            self._told(table, told)
        rule = self.format.get("refuse")
        if rule and rule["column"] in self.named and rule["value"] in self.named[rule["column"]].counted:
            self.part.refuse.append((f"{rule['column']} = {quoted(rule['value'])}", rule["reason"]))
        if self.format["part"] == "prices" and (kinds := self._price_types()):
            self.part.refuse.append((f"price_type_id <> {quoted(kinds[0])}", say("another sort of price")))
        for question in self._questions():
            self.part.questions.append(question)
        used = {name for block in self.part.live for name in _mentioned(block, self.named)}
        for number, profile in enumerate(self.reading.columns):
            if profile.name not in used and profile.counted:
                self.part.left[number] = say("no canonical column is like it")
            elif not profile.counted:
                self.part.left[number] = say("it is empty")

    def _told(self, table: str, told: Mapping) -> None:
        block = Block(table=table, rows=self._one_row_each(told.get("rows", "")))
        if told.get("rows") and not block.rows:
            return
        for name, said in told["columns"].items():
            spec = self._fitted(TABLES[table].by_name[name].kind, said)
            if spec is not None:
                block.columns[name] = spec
        if len(block.columns) < int(told.get("least", 1)):
            return
        self._by_words(block)
        block.lacks += [c.name for c in TABLES[table].columns if c.required and c.name not in block.columns]
        self.part.blocks.append(block)

    def _one_row_each(self, said: str | list[str]) -> str:
        several = [said] if isinstance(said, str) else said
        return next((one for one in several if one in self.named or "(" in one), "")

    def _fitted(self, kind: str, said: str | Mapping | list) -> Spec | None:
        """A column as it is told, if the file fills it; of several the first that it does."""
        if isinstance(said, list):
            return next((spec for one in said if (spec := self._fitted(kind, one)) is not None), None)
        if isinstance(said, Mapping):
            if "constant" in said:
                return {"constant": said["constant"].replace("{title}", self._title)}
            needs = said["needs"].split(" and ")
            return {"expression": said["expression"]} if all(need in self.named for need in needs) else None
        profile = self.named.get(said)
        if profile is None:
            return None
        dated = kind in (DAY, MOMENT) and profile.dating and profile.dating.formats
        return self._dated(profile) if dated else said

    @property
    def _title(self) -> str:
        return self.reading.sniffed.path.stem.replace("_", " ").replace("-", " ").strip()[:60] or self.part.name

    def _by_words(self, block: Block) -> None:
        """What the words of this very file decide: returns, the sort of price, who only sells."""
        if block.table == "orders":
            back = _returning(self.named.get("operation"))
            block.columns["kind"] = _either(back, "'return'", "'sale'") if back else {"constant": "sale"}
        if block.table == "order_lines":
            back = _returning(self.named.get("operation"))
            amount = "num(amount)"
            if "price" in self.named and "quantity" in self.named:
                amount = "coalesce(num(amount), num(price) * num(quantity))"
            for name, value in (("quantity", "num(quantity)"), ("amount", amount)):
                block.columns[name] = _either(back, f"-abs({value})", value)
            self.part.money = str(block.columns["amount"]["expression"])
        if block.table == "stock" and "variant_id" in self.named:
            block.lacks.append(say("one count a product (there is one for each variant, which a map cannot add up)"))

    def _price_types(self) -> list[str]:
        """The ids of the sorts of price, where there are several: those of retail first, then the most frequent."""
        profile, names = self.named.get("price_type_id"), self.named.get("price_type")
        if profile is None or profile.distinct < 2:
            return []
        called = dict(zip(profile.cells, names.cells, strict=True)) if names else {}
        retail = ("розн", "retail")
        return sorted(
            (one for one, _ in profile.counted.most_common()),
            key=lambda one: not any(word in called.get(one, "").lower() for word in retail),
        )

    def _questions(self) -> Iterable[str]:
        if self.format["part"] == "prices" and len(kinds := self._price_types()) > 1:
            yield say(
                "There are {count:count} sorts of price; that of {kind} is taken. Which one do customers see?",
                count=len(kinds), kind=kinds[0],
            )  # fmt: skip
        operation, status = self.named.get("operation"), self.named.get("status")
        if operation is not None and operation.distinct > 1:
            yield say(
                "Every operation is taken for a sale, unless it gives goods back: {words}. Does one of them tell the "
                "same goods again?", words=", ".join(operation.words[:8]),
            )  # fmt: skip
        void = [word for word in status.words if lexicon().canonical("orders.kind", word) == "return"] if status else []
        if void:
            yield say("Orders that are {words} are loaded as sold; should they be refused?", words=", ".join(void))
        if self.format["part"] == "survey":
            yield say("What is the survey called, and which wave of it is this? It goes by {title}.", title=self._title)


def _returning(operation: Profile | None) -> str:
    """The condition under which goods come back; empty where none do."""
    words = [word for word in operation.words if "возврат" in word.lower()] if operation else []
    return f"operation IN ({', '.join(map(quoted, sorted(words)))})" if words else ""


def _either(condition: str, one: str, other: str) -> dict[str, object]:
    return {"expression": f"CASE WHEN {condition} THEN {one} ELSE {other} END" if condition else other}


def _mentioned(block: Block, names: Mapping[str, Profile]) -> Iterable[str]:
    texts = [block.rows]
    texts += [str(one) if isinstance(one, str) else " ".join(map(str, one.values())) for one in block.columns.values()]
    words = {word for text in texts for word in re.findall(r"[\w.]+", text)}
    return (name for name in names if name in words)
