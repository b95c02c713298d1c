"""Write: a proposed map as YAML that loads as it stands, with what is believed of every column beside it.

Headings and words come from strangers: whatever is not a plain name stands in double quotes with every unprintable
character escaped, and in a comment it is replaced, so that no heading can end a line or reach the terminal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.suggest.part import Block, Part, Spec
from crm_analytics.say import say
from crm_analytics.warehouse.tables import TABLES

_PLAIN = re.compile(r"[A-Za-zА-Яа-яЁё][A-Za-zА-Яа-яЁё0-9_]*(?: [A-Za-zА-Яа-яЁё0-9_]+)*")
_RESERVED = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
_WIDTH = 46
_SAID = ("member", "sheet", "header_row", "records", "part", "table", "query", "delimiter", "encoding", "decimal",
         "thousands", "quote", "header", "empty")  # fmt: skip


def shown(text: object) -> str:
    """A text of strangers as a comment or a terminal may show it: on one line, without anything that acts."""
    clean = "".join(letter if letter.isprintable() else "\u00b7" for letter in str(text))
    return clean if len(clean) <= 80 else clean[:79] + "…"


def scalar(text: str) -> str:
    """A text as a YAML scalar."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED and len(text) < 80:
        return text
    return "".join(
        letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in json.dumps(text, ensure_ascii=False)
    )


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value) if isinstance(value, int) else scalar(str(value))


def written(parts: list[Part], *, source: str, about: str, company: Mapping[str, str], dictionaries: Mapping) -> str:
    """The whole map. Parts without a block that can be loaded stand in it as comments."""
    live = [part for part in parts if part.live]
    lines = [
        f"# {shown(about)}",
        "# " + say("Proposed from the headings and values; a line with # ? asks what files cannot say."),
    ]
    lines += [f"source: {scalar(source)}"]
    if company:
        lines += ["# ? " + say("What is the company called, in which country is it, and is this its money?")]
        lines += [f"company: {_flow(company)}"]
    else:
        lines += ["# ? company: {name: …, currency: EUR, country: …, language: en}"]
    lines += ["", "files:"]
    for part in live:
        lines.append(f"  {scalar(part.name)}:")
        lines += [f"    {key}: {_flow(value)}" for key, value in _file(part)]
    lookups = {name: words for part in live for name, words in part.lookups.items()}
    if lookups or dictionaries:
        lines += ["", "lookups:"]
        lines += [f"  {scalar(name)}: {_flow(about)}" for name, about in dictionaries.items()]
        for name, words in lookups.items():
            lines.append(f"  {scalar(name)}:")
            lines += [f"    {scalar(word)}: {scalar(value)}" for word, value in words.items()]
    rules = [(part, rule) for part in live for rule in part.refuse]
    if rules:
        lines += ["", "refuse:"]
        for part, (when, reason) in rules:
            lines.append(f"  {scalar(part.name)}: [{_flow({'when': when, 'reason': reason})}]")
    lines += ["", "tables:"]
    for table in TABLES:
        blocks = [(part, block) for part in live for block in part.live if block.table == table]
        blocks.sort(key=lambda one: bool(one[1].rows))  # the first to name a key tells of it; lists go before mentions
        if blocks:
            lines.append(f"  {table}:")
            for part, block in blocks:
                lines += _block(part, block, many=len(blocks) > 1)
    for part in parts:
        lines += _aside(part)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _file(part: Part) -> Iterator[tuple[str, object]]:
    spec, usual = part.spec, FileSpec(name="", path="")
    if spec.url:
        yield "url", "${" + spec.url + "}"
    else:
        yield "sqlite" if spec.format == "sql" else "path", spec.path
    if spec.format == "survey":
        yield "format", spec.format
    for key in _SAID:
        if getattr(spec, key) != getattr(usual, key):
            yield key, getattr(spec, key)
    if part.money:
        yield "money", part.money


def _block(part: Part, block: Block, *, many: bool) -> Iterator[str]:
    first, rest = ("    - ", "      ") if many else ("    ", "    ")
    yield f"{first}from: {scalar(part.name)}"
    if block.rows:
        yield f"{rest}rows: {scalar(block.rows)}"
    if block.where:
        yield f"{rest}where: {scalar(block.where)}"
    if block.each:
        yield f"{rest}each:"
        yield from (f"{rest}  - {scalar(name)}" for name in block.each)
    yield f"{rest}columns:"
    for name, spec in block.columns.items():
        line = f"{rest}  {name}: {_flow(spec)}"
        believed = _believed(part, block.table, name, spec)
        yield f"{line:<{_WIDTH}}  # {believed}" if believed else line


def _believed(part: Part, table: str, name: str, spec: Spec) -> str:
    column = TABLES[table].by_name[name]
    at = part.reading.at
    places = [p for p in at if p.partition("#")[0] in (f"{table}.{name}", column.refers)]
    if not places:
        return ""
    one = at[places[0]]
    sure = say("{share:percent}", share=one.confidence)
    rivals = say("; or {places}", places=", ".join(one.rivals)) if one.rivals and one.confidence < 0.9 else ""
    return f"{sure}: {one.reason}{rivals}"


def _aside(part: Part) -> Iterator[str]:
    """What of a file is not in the map, and what must be asked."""
    if not (part.left or part.questions or not part.live):
        return
    yield ""
    yield f"# {shown(part.label)}"
    if not part.live:
        yield "#   " + say("not loaded: {why}", why=why_not(part))
    for block in part.blocks:
        if block.lacks:
            yield "#   " + say(
                "{table} would be, if it were known: {lacks}", table=block.table, lacks=", ".join(block.lacks)
            )
            yield from ("#     " + shown(line.strip()) for line in _block(part, block, many=False))
    if part.live:
        known = part.spec.part or part.spec.format == "survey"
        for number, why in part.left.items():
            if known and not part.reading.columns[number].counted:
                continue  # columns that the format always has
            yield "#   " + say("left out: {column}: {why}", column=shown(part.reading.columns[number].name), why=why)
    for question in part.questions:
        yield "# ? " + _one_line(question)


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\u00b7" for letter in text)


def why_not(part: Part) -> str:
    """Why a file feeds no table."""
    if part.reading.sniffed.trouble:
        return part.reading.sniffed.trouble
    if part.reading.lacking:
        return say("a row lacks {lacking}", lacking=part.reading.lacking)
    return say("no canonical table has rows like these")
