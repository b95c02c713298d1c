"""The files of a map: where they lie inside the data folder, and how their text is to be read."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from crm_analytics.collection.section import MapError, Section
from crm_analytics.collection.survey.spec import SurveySpec, survey_spec

FORMATS = frozenset({"", "survey"})


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """One kind of file of a source: where it lies and how its text is to be read."""

    name: str
    path: str
    format: str = ""
    """What kind of file it is where its text does not say: `survey`."""
    survey: SurveySpec | None = None
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


def file_spec(section: Section) -> FileSpec:
    default = FileSpec(name="", path="")
    spec = FileSpec(
        name=section.place.rpartition(".")[2],
        path=section.text("path"),
        header=section.texts("header"),
        empty=section.texts("empty"),
        survey=survey_spec(section.section("survey")) if section.has("survey") else None,
        tolerate=_share(section, "tolerate", default.tolerate),
        **{
            key: section.text(key, default=getattr(default, key))
            for key in ("format", "delimiter", "encoding", "decimal", "thousands", "quote", "money")
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
    if spec.format not in FORMATS:
        raise error("format", f"{spec.format!r} should be one of: {', '.join(sorted(FORMATS - {''}))}.")
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
