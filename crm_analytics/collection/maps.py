"""Maps: how a source's files become canonical tables, in YAML that a marketer can read. `maps/README.md` is the guide.

A map is checked as it is read. Whatever is wrong with it is said in one sentence: which file, which place in it, what
is wrong, and what to write instead.
"""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_analytics.warehouse.release import Company, WarehouseError
from crm_analytics.warehouse.tables import TABLES

SEVERAL = "a mapping (name: value)"


class MapError(WarehouseError):
    """A map does not say what it should; the message names the file, the place and the next move."""


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """One kind of file of a source: where it lies and how its text is to be read."""

    name: str
    path: str
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    quote: str = '"'
    header: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    money: str = ""
    tolerate: float = 0.2
    """The share of lines that may be refused, beside the map's own rules, before the load is stopped."""


@dataclass(frozen=True, kw_only=True)
class ColumnSpec:
    """Where one canonical column comes from: exactly one of column, constant, expression, number_within."""

    target: str
    column: str = ""
    constant: str | None = None
    expression: str = ""
    number_within: str = ""
    formats: tuple[str, ...] = ()
    lookup: str = ""
    otherwise: str | None = None
    default: str | None = None


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
    files: Mapping[str, FileSpec]
    lookups: Mapping[str, Lookup]
    refuse: Mapping[str, tuple[Rule, ...]]
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
    text = _text(path)
    top = _Section(path.name, "", _yaml(path.name, text))
    source = top.text("source")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", source):
        raise top.error("source", f"{source!r} should be a short name of small Latin letters, digits and _, like shop.")
    about = top.text("about", default="")
    company = _company(top.section("company")) if top.has("company") else None
    files = {name: _file(top.inside("files", name)) for name in top.names("files")}
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
        blocks += [_block(one, table, files, lookups) for one in top.section("tables").sections(table)]
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
        files=files,
        lookups=lookups,
        refuse=refuse,
        blocks=tuple(blocks),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise MapError(f"{path.name}: a map is written in UTF-8, and this is not. Save it again as UTF-8.") from None
    except OSError as error:
        raise MapError(f"{path.name} cannot be read: {error.strerror}.") from None


def _yaml(name: str, text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses the same key twice, which YAML would let the later one win without a word."""

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise MapError(f"{name}, line {key.start_mark.line + 1}: {key.value!r} stands here a second time.")
            seen.add(key.value)
        return yaml.SafeLoader.construct_mapping(loader, node, deep=True)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    for kind in ("int", "float", "bool", "timestamp"):  # the words of a map are texts, whatever they look like
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", lambda loader, node: loader.construct_scalar(node))
    try:
        raw = yaml.load(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise MapError(
            f"{name}{where}: this is not YAML ({getattr(error, 'problem', None) or 'unreadable'})."
        ) from None
    except RecursionError:
        raise MapError(f"{name}: this is nested too deeply to be a map.") from None
    if not isinstance(raw, dict):
        raise MapError(f"{name}: a map begins with source:, files: and tables:; see maps/README.md.")
    return raw


def closest(word: str, words: Iterable[str]) -> str:
    """« Did you mean …?» for a word that is not among the known ones, or the known ones when they are few."""
    words = [str(w) for w in words]
    folded = {w.casefold(): w for w in reversed(words)}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    if near:
        return f" Did you mean {folded[near[0]]!r}?"
    shown = ", ".join(words[:30])
    return f" There are: {shown}{' …' if len(words) > 30 else ''}." if words else ""


class _Section:
    """A mapping of the map that is being read: gives its values by name, and in the end refuses what nobody asked for."""

    def __init__(self, file: str, place: str, raw: Any):
        self.file, self.place = file, place
        if not isinstance(raw, dict):
            raise self.error("", f"here stands {_shown(raw)}, and it should be {SEVERAL}.")
        self.raw = {str(key): value for key, value in raw.items()}
        self.asked: set[str] = set()

    def at(self, key: str) -> str:
        return f"{self.place}.{key}".strip(".") if key else self.place

    def error(self, key: str, problem: str) -> MapError:
        place = self.at(key)
        return MapError(f"{self.file}, {place}: {problem}" if place else f"{self.file}: {problem}")

    def has(self, key: str) -> bool:
        self.asked.add(key)
        return self.raw.get(key) is not None

    def text(self, key: str, *, default: str | None = None) -> str:
        if not self.has(key):
            if default is None:
                raise self.error(key, "this is missing.")
            return default
        if not isinstance(self.raw[key], str):
            raise self.error(key, f"here stands {_shown(self.raw[key])}, and it should be one text.")
        return self.raw[key]

    def optional(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def texts(self, key: str) -> tuple[str, ...]:
        if not self.has(key):
            return ()
        raw = self.raw[key] if isinstance(self.raw[key], list) else [self.raw[key]]
        if not all(isinstance(one, str) for one in raw):
            raise self.error(key, "this should be a text, or a list of texts: [a, b].")
        return tuple(raw)

    def section(self, key: str) -> _Section:
        self.asked.add(key)
        return _Section(self.file, self.at(key), self.raw.get(key))

    def sections(self, key: str) -> list[_Section]:
        self.asked.add(key)
        raw = self.raw.get(key)
        many = raw if isinstance(raw, list) else [raw]
        return [
            _Section(self.file, f"{self.at(key)}[{i + 1}]" if len(many) > 1 else self.at(key), one)
            for i, one in enumerate(many)
        ]

    def inside(self, key: str, name: str) -> _Section:
        return self.section(key).section(name)

    def names(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        if not self.has(key) and default is not None:
            return default
        return tuple(self.section(key).raw) if self.has(key) else (self.text(key),)

    def known(self, place: str, name: str, names: Iterable[str], what: str) -> None:
        if name not in names:
            raise MapError(f"{self.file}, {place}: there is no {what} {name!r}.{closest(name, names)}")

    def done(self) -> None:
        for key in self.raw:
            if key not in self.asked:
                raise self.error(key, f"a map has no word {key!r} here.{closest(key, sorted(self.asked))}")


def _shown(raw: Any) -> str:
    return "nothing" if raw is None else "a list" if isinstance(raw, list) else repr(raw)[:60]


def _company(section: _Section) -> Company:
    known = Company()
    company = Company(
        **{key: section.text(key, default=getattr(known, key)) for key in ("name", "currency", "country", "language")}
    )
    section.done()
    if not re.fullmatch(r"[A-Z]{3}", company.currency):
        raise section.error("currency", f"{company.currency!r} is not the three-letter code of a currency, like EUR.")
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", company.language):
        raise section.error("language", f"{company.language!r} is not the code of a language, like en.")
    return company


def _file(section: _Section) -> FileSpec:
    default = FileSpec(name="", path="")
    spec = FileSpec(
        name=section.place.rpartition(".")[2],
        path=section.text("path"),
        header=section.texts("header"),
        empty=section.texts("empty"),
        tolerate=_share(section, "tolerate", default.tolerate),
        **{
            key: section.text(key, default=getattr(default, key))
            for key in ("delimiter", "encoding", "decimal", "thousands", "quote", "money")
        },
    )
    section.done()
    return check_file(section.file, section.place, spec)


def check_file(map_name: str, place: str, spec: FileSpec) -> FileSpec:
    """Refuse what cannot be a way to read a file."""

    def error(key: str, problem: str) -> MapError:
        return MapError(f"{map_name}, {place}.{key}: {problem}")

    path = Path(spec.path)
    if path.is_absolute() or ".." in path.parts or spec.path.startswith("~") or not spec.path.strip():
        raise error("path", f"{spec.path!r} leads out of the data folder; write the file's name as it lies inside it.")
    if len(spec.delimiter) != 1 or not spec.delimiter.isascii() or spec.delimiter in '"\r\n\0':
        raise error("delimiter", f"{spec.delimiter!r} should be one character, like ';' or \"\\t\".")
    if len(spec.quote) > 1 or not spec.quote.isascii() or spec.quote in ("\r", "\n", "\0", spec.delimiter):
        raise error("quote", f"{spec.quote!r} should be one character that is not the delimiter, or '' for none.")
    if spec.decimal not in (".", ","):
        raise error("decimal", f"{spec.decimal!r} should be '.' or ','.")
    if spec.thousands not in ("", " ", ",", ".", "'", "\u00a0") or spec.thousands == spec.decimal:
        raise error("thousands", f"{spec.thousands!r} should be ' ', ',', '.' or \"'\", and not the decimal mark.")
    try:
        text = not codecs.lookup(spec.encoding)._is_text_encoding
    except LookupError:
        text = True
    if text:
        raise error("encoding", f"nobody knows the encoding {spec.encoding!r}; usual ones are utf-8, cp1251, latin-1.")
    return spec


def _share(section: _Section, key: str, default: float) -> float:
    raw = section.text(key, default=str(default))
    try:
        share = float(raw)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise section.error(key, f"{raw!r} should be a share between 0 and 1, like 0.05.")
    return share


def _lookup(section: _Section) -> Lookup:
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


def _rule(section: _Section) -> Rule:
    rule = Rule(when=section.text("when"), reason=section.text("reason"))
    section.done()
    return rule


def _block(section: _Section, table: str, files: Mapping[str, FileSpec], lookups: Mapping[str, Lookup]) -> Block:
    canonical = TABLES[table]
    file = section.text("from")
    section.known(section.at("from"), file, files, "file of this map")
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
    block = Block(
        table=table,
        file=file,
        rows=section.text("rows", default=""),
        where=section.text("where", default=""),
        columns=tuple(columns),
        place=section.place,
    )
    section.done()
    return block


def _column(columns: _Section, name: str, lookups: Mapping[str, Lookup]) -> ColumnSpec:
    if isinstance(columns.raw[name], str):
        columns.asked.add(name)
        return ColumnSpec(target=name, column=columns.raw[name])
    section = columns.section(name)
    origins = [key for key in ("column", "constant", "expression", "number_within") if section.has(key)]
    if len(origins) != 1:
        raise section.error(
            "", "say where it comes from by exactly one of column:, constant:, expression: or number_within:."
        )
    spec = ColumnSpec(
        target=name,
        column=section.text("column", default=""),
        constant=section.optional("constant"),
        expression=section.text("expression", default=""),
        number_within=section.text("number_within", default=""),
        formats=section.texts("format"),
        lookup=section.text("lookup", default=""),
        otherwise=section.optional("else"),
        default=section.optional("default"),
    )
    section.done()
    if spec.lookup:
        section.known(section.at("lookup"), spec.lookup, lookups, "lookup of this map")
    elif spec.otherwise is not None:
        raise section.error("else", "it is said for values that a lookup lacks; name the lookup, or use default:.")
    return spec
