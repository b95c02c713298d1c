"""Maps: how a source's files become canonical tables, in YAML that a marketer can read. `maps/README.md` is the guide.

A map is checked as it is read. Whatever is wrong with it is said in one sentence: which file, which place in it, what
is wrong, and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from crm_analytics.collection.gate.expectations import Expectation, read_expectations
from crm_analytics.collection.mapping.files import FileSpec, check_file, file_spec
from crm_analytics.collection.mapping.section import MapError, Section, parsed, text_of
from crm_analytics.warehouse.golden import RULES, SURVIVES
from crm_analytics.warehouse.release import Company, IdentityRules
from crm_analytics.warehouse.tables import DAY, MOMENT, TABLES, Column

TAKEN = {"earliest": "min", "latest": "max"}
"""What may be taken of the days of all lines of a value."""


@dataclass(frozen=True, kw_only=True)
class ColumnSpec:
    """Where one canonical column comes from: exactly one of column, constant, expression, number_within, each."""

    target: str
    column: str = ""
    constant: str | None = None
    expression: str = ""
    number_within: str = ""
    each: str = ""
    """In a block that says `each:`: the name, or the value, of the column whose turn it is."""
    formats: tuple[str, ...] = ()
    lookup: str = ""
    otherwise: str | None = None
    default: str | None = None
    take: str = ""
    """In a block with `rows:`: the earliest or the latest of the days of all its lines, not that of the first line."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One way in which a file feeds a canonical table."""

    table: str
    file: str
    rows: str = ""
    where: str = ""
    columns: tuple[ColumnSpec, ...] = ()
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Lines that are refused on purpose, and why."""

    when: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """What the source's words mean: entries written in the map, or a small file beside the data."""

    entries: tuple[tuple[str, str], ...] = ()
    file: FileSpec | None = None
    key: str = ""
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class SourceMap:
    """A whole map, checked."""

    path: Path
    text: str
    source: str
    about: str
    company: Company | None
    ids: str
    """`ours` where the source already calls customers as the warehouse does, else `theirs`."""
    files: Mapping[str, FileSpec]
    lookups: Mapping[str, Lookup]
    refuse: Mapping[str, tuple[Rule, ...]]
    expect: Mapping[str, tuple[Expectation, ...]]
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        return self.path.name

    def error(self, place: str, problem: str) -> MapError:
        return MapError(f"{self.name}, {place}: {problem}")


def read_maps(path: str | Path) -> list[SourceMap]:
    """The maps of a company: one YAML file, or all of a folder in the order of their names. Raises MapError."""
    path = Path(path)
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.suffix in (".yaml", ".yml"))
        if not found:
            raise MapError(f"There is no map (*.yaml) in {path}.")
    elif path.is_file():
        found = [path]
    else:
        raise MapError(f"There is no map {path}. Give one YAML file, or a folder of them.")
    maps = [read_map(file) for file in found]
    seen: dict[str, SourceMap] = {}
    for one in maps:
        if one.source in seen:
            raise one.error("source", f"{one.source!r} is already the source of {seen[one.source].name}; rename one.")
        seen[one.source] = one
    companies = {one.company for one in maps if one.company}
    if len(companies) > 1:
        raise MapError(
            "The maps name different companies: "
            + ", ".join(sorted(c.name for c in companies))
            + ". Say it in one map only, or the same in all."
        )
    return maps


def read_map(path: Path) -> SourceMap:
    """Read and check one map. Raises MapError."""
    text = text_of(path)
    top = Section(path.name, "", parsed(path.name, text))
    source = top.text("source")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", source):
        raise top.error("source", f"{source!r} should be a short name of small Latin letters, digits and _, like shop.")
    about = top.text("about", default="")
    company = _company(top.section("company")) if top.has("company") else None
    ids = top.text("ids", default="theirs")
    top.known("ids", ids, ("theirs", "ours"), "kind of ids")
    files = {name: file_spec(top.inside("files", name)) for name in top.names("files")}
    lookups = {name: _lookup(top.inside("lookups", name)) for name in top.names("lookups", default=())}
    refuse = {
        name: tuple(_rule(rule) for rule in top.section("refuse").sections(name))
        for name in top.names("refuse", default=())
    }
    for name in refuse:
        top.known(f"refuse.{name}", name, files, "file of this map")
    blocks = []
    for table in top.names("tables"):
        top.known(f"tables.{table}", table, TABLES, "canonical table")
        for section in top.section("tables").sections(table):
            blocks += _blocks(section, table, files, lookups)
    expect = {}
    for table in top.names("expect", default=()):
        top.known(f"expect.{table}", table, [block.table for block in blocks], "table that this map fills")
        expect[table] = read_expectations(top.section("expect"), table)
    top.done()
    if not files or not blocks:
        raise top.error("files and tables", "a map needs at least one file and one table fed by it.")
    for name in files:
        if not any(block.file == name for block in blocks):
            raise top.error(
                f"files.{name}", "no table is fed from this file; remove it, or say in tables: what it holds."
            )
    return SourceMap(
        path=path,
        text=text,
        source=source,
        about=about,
        company=company,
        ids=ids,
        files=files,
        lookups=lookups,
        refuse=refuse,
        expect=expect,
        blocks=tuple(blocks),
    )


def _company(section: Section) -> Company:
    known = Company()
    company = Company(
        **{key: section.text(key, default=getattr(known, key)) for key in ("name", "currency", "country", "language")},
        identity=_identity(section.section("identity")) if section.has("identity") else known.identity,
        pseudonyms="yes" if _yes(section, "pseudonyms") else "",
        keep_contacts_days=_count(section, "keep_contacts_days", known.keep_contacts_days),
        fewest_people=_count(section, "fewest_people", known.fewest_people),
    )
    section.done()
    if not re.fullmatch(r"[A-Z]{3}", company.currency):
        raise section.error("currency", f"{company.currency!r} is not the three-letter code of a currency, like EUR.")
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", company.language):
        raise section.error("language", f"{company.language!r} is not the code of a language, like en.")
    return company


def _yes(section: Section, key: str) -> bool:
    word = section.text(key, default="no")
    if word not in ("yes", "no", "true", "false"):
        raise section.error(key, f"{word!r} should be yes or no.")
    return word in ("yes", "true")


def _count(section: Section, key: str, default: int) -> int:
    word = section.text(key, default=str(default))
    if not word.isdecimal():
        raise section.error(key, f"{word!r} should be a whole number, 0 or more.")
    return int(word)


def _identity(section: Section) -> IdentityRules:
    """How one customer is made of several records: certain keys, clean sources, and which value survives."""
    known = IdentityRules()
    keys = section.texts("keys") if section.has("keys") else known.keys
    for key in keys:
        section.known(section.at("keys"), key, known.keys, "certain key")
    rules = section.section("survives") if section.has("survives") else None
    survives = tuple((column, rules.text(column)) for column in rules.raw) if rules else ()
    for column, rule in survives:
        table, _, name = column.partition(".")
        section.known(section.at("survives"), table, SURVIVES, "table with one row a customer")
        section.known(section.at(f"survives.{table}"), name, TABLES[table].by_name, f"column of {table}")
        if not rule.startswith("source "):
            section.known(section.at(f"survives.{column}"), rule, RULES, "rule of survival")
    unique = section.texts("unique")
    section.done()
    return IdentityRules(keys=keys, unique=unique, survives=survives)


def _lookup(section: Section) -> Lookup:
    if "file" not in section.raw:
        entries = tuple((key, section.text(key)) for key in section.raw)
        return Lookup(entries=entries)
    spec = FileSpec(
        name=section.place.rpartition(".")[2],
        path=section.text("file"),
        delimiter=section.text("delimiter", default=","),
        encoding=section.text("encoding", default="utf-8"),
    )
    lookup = Lookup(
        file=check_file(section.file, section.place, spec), key=section.text("key"), value=section.text("value")
    )
    section.done()
    return lookup


def _rule(section: Section) -> Rule:
    rule = Rule(when=section.text("when"), reason=section.text("reason"))
    section.done()
    return rule


def _blocks(
    section: Section, table: str, files: Mapping[str, FileSpec], lookups: Mapping[str, Lookup]
) -> Iterator[Block]:
    """A block of the map; one with `each:` is as many as it names columns, each for the lines where that is filled."""
    canonical = TABLES[table]
    file = section.text("from")
    section.known(section.at("from"), file, files, "file of this map")
    each, where = _each(section), section.text("where", default="")
    columns = []
    for name in section.names("columns"):
        section.known(section.at(f"columns.{name}"), name, canonical.by_name, f"column of {table}")
        columns.append(_column(section.section("columns"), name, lookups))
    given = {column.target for column in columns}
    for column in canonical.columns:
        if column.required and column.name not in given:
            raise section.error(
                "columns", f"{table} cannot be without {column.name} ({column.about}); say where it comes from."
            )
        spec = next((spec for spec in columns if spec.target == column.name and spec.take), None)
        if spec and (problem := _untakeable(spec, column, rows=section.has("rows"), load=files[file].load)):
            raise section.error(f"columns.{column.name}.take", problem)
    block = Block(
        table=table,
        file=file,
        rows=section.text("rows", default=""),
        where=where,
        columns=tuple(columns),
        place=section.place,
    )
    section.done()
    said = {column.each for column in columns} - {""}
    if said and not each:
        raise section.error("columns", "each: name and each: value are of a block that says each: and which columns.")
    if not said:
        if each:
            raise section.error("each", "no column takes it; say {each: value} for one, and {each: name} for another.")
        yield block
    for name, column in each.items():
        filled = f'"{column.replace(chr(34), chr(34) * 2)}" IS NOT NULL'
        yield replace(
            block,
            where=f"({where}) AND {filled}" if where else filled,
            columns=tuple(_for_one(spec, name, column) for spec in columns),
        )


def _untakeable(spec: ColumnSpec, column: Column, *, rows: bool, load: str) -> str:
    """What is wrong with `take:` here; empty where nothing is."""
    if spec.take not in TAKEN:
        return f"{spec.take!r} should be earliest or latest."
    if not rows or column.kind not in (DAY, MOMENT) or not (spec.column or spec.expression):
        return "it is for a day out of the file, in a table that says rows:."
    return "later files would not be looked at; it is for files that are all there is, without load: add." * (
        load == "add"
    )


def _each(section: Section) -> dict[str, str]:
    """The columns of `each:` by the name their rows take: a list of columns, or name: column."""
    if not section.has("each"):
        return {}
    if isinstance(section.raw["each"], dict):
        inner = section.section("each")
        return {name: inner.text(name) for name in inner.raw}
    columns = section.texts("each")
    if len(set(columns)) < len(columns):
        raise section.error("each", "a column stands here twice.")
    return {column: column for column in columns}


def _for_one(spec: ColumnSpec, name: str, column: str) -> ColumnSpec:
    if spec.each == "name":
        return replace(spec, each="", constant=name)
    return replace(spec, each="", column=column) if spec.each else spec


def _column(columns: Section, name: str, lookups: Mapping[str, Lookup]) -> ColumnSpec:
    if isinstance(columns.raw[name], str):
        columns.asked.add(name)
        return ColumnSpec(target=name, column=columns.raw[name])
    section = columns.section(name)
    origins = [key for key in ("column", "constant", "expression", "number_within", "each") if section.has(key)]
    if len(origins) != 1:
        raise section.error(
            "", "say where it comes from by exactly one of column:, constant:, expression:, number_within: or each:."
        )
    if section.text("each", default="name") not in ("name", "value"):
        raise section.error("each", f"{section.text('each')!r} should be name, for the column's name, or value.")
    spec = ColumnSpec(
        target=name,
        column=section.text("column", default=""),
        constant=section.optional("constant"),
        expression=section.text("expression", default=""),
        number_within=section.text("number_within", default=""),
        each=section.text("each", default=""),
        formats=section.texts("format"),
        lookup=section.text("lookup", default=""),
        otherwise=section.optional("else"),
        default=section.optional("default"),
        take=section.text("take", default=""),
    )
    section.done()
    if spec.lookup:
        section.known(section.at("lookup"), spec.lookup, lookups, "lookup of this map")
    elif spec.otherwise is not None:
        raise section.error("else", "it is said for values that a lookup lacks; name the lookup, or use default:.")
    return spec
