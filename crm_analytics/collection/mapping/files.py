"""The files of a map: where they lie inside the data folder, and how their text is to be read."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from crm_analytics.collection.mapping.section import MapError, Section
from crm_analytics.collection.survey.spec import SurveySpec, survey_spec

PARTS = ("groups", "products", "prices", "stock", "orders", "order_lines", "counterparties")
"""What a CommerceML file can be asked for."""
FORMATS = ("delimited", "excel", "parquet", "json", "commerceml", "survey")
_ADDING = ("load", "deleted", "watermark", "overlap")
_OWNER = {"sheet": "excel", "records": "json", "part": "commerceml", "table": "sql", "query": "sql"}


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """One kind of file of a source: where it lies and how it is to be read."""

    name: str
    path: str
    format: str = ""
    """delimited, excel, parquet, json, commerceml, survey or sql; empty: whatever the file turns out to be."""
    member: str = ""
    """Which members of an archive; empty: all."""
    sheet: str = ""
    header_row: int = 0
    records: str = ""
    part: str = ""
    url: str = ""
    """The name of the environment variable that holds a database's address."""
    table: str = ""
    query: str = ""
    unpack_mb: int = 0
    survey: SurveySpec | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    quote: str = '"'
    header: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    money: str = ""
    load: str = "replace"
    """replace: these files are all there is; add: they add to what came before, and correct it."""
    deleted: str = ""
    """For `load: add`: which lines say that a row is no more."""
    watermark: str = ""
    """For `load: add` from a database: the column by which newer rows are known."""
    overlap: str = ""
    """How far before the newest row seen the next question begins."""
    tolerate: float = 0.2
    """The share of lines that may be refused, beside the map's own rules, before the load is stopped. A single line may
    be, unless the share is 0."""


def file_spec(section: Section) -> FileSpec:
    default = FileSpec(name="", path="")
    where = [key for key in ("path", "sqlite", "url") if section.has(key)]
    if len(where) != 1:
        raise section.error("", "say where it lies by exactly one of path:, sqlite: or url:.")
    said = {key: section.text(key, default="") for key in ("sheet", "records", "part", "table", "query")}
    spec = FileSpec(
        name=section.place.rpartition(".")[2],
        path=section.text("path", default=section.text("sqlite", default="")),
        format=_format(section, said, database=where != ["path"]),
        url=_variable(section) if section.has("url") else "",
        header_row=_whole(section, "header_row"),
        unpack_mb=_whole(section, "unpack_mb"),
        header=section.texts("header"),
        empty=section.texts("empty"),
        survey=survey_spec(section.section("survey")) if section.has("survey") else None,
        tolerate=_share(section, "tolerate", default.tolerate),
        **{
            key: section.text(key, default=getattr(default, key))
            for key in ("member", "delimiter", "encoding", "decimal", "thousands", "quote", "money", *_ADDING)
        },
        **said,
    )
    section.done()
    _check_adding(section, spec)
    return check_file(section.file, section.place, spec)


def _check_adding(section: Section, spec: FileSpec) -> None:
    section.known(section.at("load"), spec.load, ("replace", "add"), "way to load")
    for key in _ADDING[1:]:
        if getattr(spec, key) and spec.load != "add":
            raise section.error(key, "this is said of files that add to what came before; write load: add.")
    if spec.watermark and spec.format != "sql":
        raise section.error("watermark", "only a database can be asked for newer rows; files are known by their bytes.")
    if spec.overlap and not (spec.watermark and re.fullmatch(r"\d{1,9}( (second|minute|hour|day)s?)?", spec.overlap)):
        raise section.error("overlap", f"{spec.overlap!r} should stand beside watermark:, as 2 days, 6 hours or 1000.")


def _format(section: Section, said: dict[str, str], *, database: bool) -> str:
    """The format the map names, or that of the words which only one format has."""
    implied = {_OWNER[key]: key for key, value in said.items() if value} | ({"sql": "url"} if database else {})
    declared = section.text("format", default="")
    if declared:
        section.known(section.at("format"), declared, FORMATS, "format")
        implied.setdefault(declared, "format")
    if len(implied) > 1:
        told = " and ".join(f"{key}: of {format}" for format, key in sorted(implied.items()))
        raise section.error("format", f"one file cannot be of two formats; here stand {told}.")
    found = next(iter(implied), "")
    if found == "commerceml":
        section.known(section.at("part"), said["part"], PARTS, "part of a CommerceML file")
    if found == "sql" and not (database and bool(said["table"]) != bool(said["query"])):
        raise section.error("", "a database is read by url: or sqlite:, and one of table: or query:.")
    return found


def _variable(section: Section) -> str:
    found = re.fullmatch(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", section.text("url").strip())
    if not found:
        raise section.error(
            "url", "a map holds no passwords; write url: ${CRM_SHOP_DB} and put the address into that variable."
        )
    return found[1]


def _whole(section: Section, key: str) -> int:
    raw = section.text(key, default="0")
    if not re.fullmatch(r"\d{1,7}", raw) or (section.has(key) and int(raw) < 1):
        raise section.error(key, f"{raw!r} should be a whole number, like 3.")
    return int(raw)


def check_file(map_name: str, place: str, spec: FileSpec) -> FileSpec:
    """Refuse what cannot be a way to read a file."""

    def error(key: str, problem: str) -> MapError:
        return MapError(f"{map_name}, {place}.{key}: {problem}")

    path = Path(spec.path)
    if spec.url:
        return spec
    if path.is_absolute() or ".." in path.parts or spec.path.startswith("~") or not spec.path.strip():
        raise error("path", f"{spec.path!r} leads out of the data folder; write the file's name as it lies inside it.")
    if spec.survey and spec.format != "survey":
        raise error("survey", "this is said of surveys only; add format: survey, or remove it.")
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


def _share(section: Section, key: str, default: float) -> float:
    raw = section.text(key, default=str(default))
    try:
        share = float(raw)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise section.error(key, f"{raw!r} should be a share between 0 and 1, like 0.05.")
    return share
