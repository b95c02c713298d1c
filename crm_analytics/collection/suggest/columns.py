"""Columns: how a column of a file is told to the map, as itself, a date, a translated word or an expression; and the
blocks that are made of them."""

from __future__ import annotations

from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.collection.suggest.lexicon import lexicon
from crm_analytics.collection.suggest.part import Block, Part, Spec
from crm_analytics.collection.suggest.people import made_of_pieces
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.say import say
from crm_analytics.warehouse.tables import DAY, FLAG, MOMENT, TABLES, TEXT, Column


class Columns:
    """The columns of one file, each told as the map takes it, and blocks of them; what was used is remembered."""

    def __init__(self, part: Part, *, elsewhere: frozenset[str], headed: bool):
        self.part, self.reading = part, part.reading
        self.elsewhere, self.headed = elsewhere, headed
        self.used: set[int] = set()
        self.about = lexicon().rows.get(self.reading.kind, {})

    def at(self, place: str) -> Profile | None:
        return self.reading.profile(place)

    def use(self, *places: str) -> None:
        self.used |= {self.reading.at[place].column for place in places if place in self.reading.at}

    def raw(self, profile: Profile) -> Spec:
        """A column as it came."""
        plain = profile.said in ('"' + profile.name.replace('"', '""') + '"', profile.name)
        return profile.name if plain else {"expression": profile.said}

    def _id(self, place: str) -> Spec | None:
        """An id: as it came, without the .0 of programs that take ids for numbers, and never a name or an address."""
        profile = self.at(place)
        if profile is None:
            return None
        self.use(place)
        if profile.floated_id:
            return {"expression": f"split_part({profile.said}, '.', 1)"}
        if place == "customers.customer_id" and any(profile.share(one) > 0.6 for one in ("email", "phone")):
            return {"expression": f"sha256(lower({profile.said}))"}
        return self.raw(profile)

    def _customer(self) -> tuple[Spec, str] | None:
        """Who the customer is, and the rows: of the customers; made of an address where there is no id."""
        addresses = [f"customer_contacts.{name}" for name in ("email", "phone", "tax_number", "full_name")]
        for place in ("customers.customer_id", *addresses):
            profile = self.at(place)
            if profile is None or not profile.counted:
                continue
            if place == "customers.customer_id":
                return self._id(place), rows_of(self.raw(profile))
            return {"expression": f"sha256(lower({profile.said}))"}, rows_of(self.raw(profile))
        return None

    def _spec(self, column: Column, place: str) -> Spec | None:
        """Where a canonical column comes from."""
        made = made_of_pieces(self, place)
        if made is not None:
            return made
        profile = self.at(place)
        parts = [p for p in self.reading.at if p.startswith(place + "#")]
        if parts:
            return self._of_parts(column, place, profile, parts)
        if profile is None:
            return None
        self.use(place)
        if place == "customers.birth_year" and profile.dating:
            return {"expression": f"year({self.moment(profile, 'day')})"}
        if column.kind in (DAY, MOMENT):
            return self._dated(profile)
        if column.kind == TEXT:
            if column.name.endswith("_id") or column.refers:
                return self._id(place)
            return self._worded(column, place, profile)
        if column.kind == FLAG:
            return self.raw(profile)
        if profile.adorned:
            return {"expression": num_of(profile)}
        return self.raw(profile)

    def _dated(self, profile: Profile) -> Spec:
        raw = self.raw(profile)
        formats = profile.dating.formats if profile.dating else ()
        if not formats:
            return raw
        if isinstance(raw, dict):
            return {"expression": self.moment(profile, "moment")}
        return {"column": raw, "format": formats[0] if len(formats) == 1 else list(formats)}

    def moment(self, profile: Profile, word: str) -> str:
        formats = profile.dating.formats if profile.dating else ()
        if formats:
            tried = [f"{word}({profile.said}, {quoted(one)})" for one in formats]
            return tried[0] if len(tried) == 1 else f"coalesce({', '.join(tried)})"
        kind = "DATE" if word == "day" else "TIMESTAMP"
        return f"CAST({profile.said} AS {kind})"

    def _of_parts(self, column: Column, place: str, profile: Profile | None, parts: list[str]) -> Spec:
        self.use(place, *parts)
        said = {part.partition("#")[2]: self.at(part) for part in parts}
        if "year" in said:
            month = said["month"].said if "month" in said else "'1'"
            return {"expression": f"make_date(CAST({said['year'].said} AS INTEGER), CAST({month} AS INTEGER), 1)"}
        if "closed" in said and profile:
            return {"expression": f"coalesce({self.moment(said['closed'], 'day')}, {self.moment(profile, 'day')})"}
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
            return self.raw(profile)
        known = {word: lexicon().canonical(place, word) for word in profile.words}
        if place == "arms.arm" and profile.flag:
            known = _yes_or_no(profile)
        if all(word == value for word, value in known.items()) or not any(known.values()):
            return self.raw(profile) if not column.values or any(known.values()) else self._else(column, profile)
        name = column.name if self.part.lookups.get(column.name) is None else f"{column.name}_{len(self.part.lookups)}"
        name = f"{self.part.name}_{name}"
        self.part.lookups[name] = {word: value for word, value in known.items() if value}
        unknown = sum(value is None for value in known.values())
        spec: dict[str, object] = {"column": self.raw(profile), "lookup": name}
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
        usual = _ELSE.get(f"{self.part.name}.{column.name}") or _ELSE.get(place_of(column), column.values[0])
        self.part.questions.append(
            say("What do the words of {column} mean: {words}?", column=profile.name, words=", ".join(column.values))
        )
        return {"constant": usual}

    # one table

    def _block(self, table: str, **given: Spec) -> Block:
        block, before = Block(table=table), set(self.used)
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
        if table == "customer_contacts" and not reaches(block):
            self.used = before
            return block
        if self.part.second and (key := block.columns.get(TABLES[table].key[0])) and table != "activity":
            block.rows = rows_of(key)
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
            profile = self.at(place)
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
        if place == "deal_stages.outcome" and place not in at and "deal_stages.stage" in at:
            stage = self.at("deal_stages.stage")
            known = {word: lexicon().canonical(place, word) for word in stage.words}
            if any(value in ("won", "lost") for value in known.values()):
                return self._worded(column, place, stage)
        if place in ("payments.payment_id", "order_costs.cost_id"):
            profile = self.at(place)
            if profile is None or profile.unique < 0.999:
                return self._made_id() if table in self.elsewhere else {"number_within": "'all'"}
        if place == "order_costs.kind" and place not in at:
            return {"constant": "delivery"}
        if place == "campaign_costs.kind" and place not in at:
            return {"constant": "all"}
        return None

    def _made_id(self) -> Spec:
        """An id for lines that have none and must not be taken for those of another file: all that they say."""
        said = ", ".join(self.reading.columns[number].said for number in self._speakable()[:20])
        return {"expression": f"md5(concat_ws(' ', {said}))"}


def _yes_or_no(profile: Profile) -> dict[str, str | None]:
    """A yes under «control group» is the control; under «test group» it is the addressed."""
    told = {word: lexicon().canonical("consents.granted_at", word) for word in profile.words}
    arms = ("control", "treated") if "control" in lexicon().means(profile.name) else ("treated", "control")
    return {word: arms[yes == "no"] if yes else None for word, yes in told.items()}


_ELSE = {"orders.kind": "sale", "deal_stages.outcome": "open", "customers.kind": "person", "customers.gender": "other",
         "arms.arm": "treated", "contacts.kind": "out"}  # fmt: skip


def reaches(block: Block) -> bool:
    """Whether a block of contacts tells more of anybody than a town or a birthday."""
    return bool(block.columns.keys() - {"customer_id", "city", "birth_date", "postcode"})


def place_of(column: Column) -> str:
    return next(f"{table.name}.{column.name}" for table in TABLES.values() if column in table.columns)


def column_is_date(place: str) -> bool:
    """Whether a canonical column holds days or moments."""
    table, _, name = place.partition("#")[0].partition(".")
    return name in TABLES[table].by_name and TABLES[table].by_name[name].kind in (DAY, MOMENT)


def rows_of(spec: Spec) -> str:
    return spec if isinstance(spec, str) else str(spec["expression"])


def num_of(profile: Profile) -> str:
    if profile.adorned:
        return f"num(regexp_replace({profile.said}, '[€$£₽]|^[^0-9+-]+|[^0-9]+$', '', 'g'))"
    return f"num({profile.said})"


def one_of(profile: Profile, words: list[str]) -> str:
    """The condition that a column says one of these words."""
    return f"{profile.said} IN ({', '.join(map(quoted, sorted(words)))})" if words else "false"
