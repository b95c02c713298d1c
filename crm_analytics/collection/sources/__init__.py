"""Sources: whatever a company's data come in, read into the same thing. `source.py` says what that is.

A module for each format. What a file is, its map says (`format:`, or a word that only one format has); else its first
bytes and its name do.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_analytics.collection.mapping.files import FileSpec
    from crm_analytics.collection.sources.parcel import Parcel
    from crm_analytics.collection.sources.source import Source

_HOMES = {
    "delimited": ("delimited", "Delimited"),
    "excel": ("excel", "Excel"),
    "parquet": ("parquet", "Parquet"),
    "json": ("json", "Json"),
    "commerceml": ("commerceml", "CommerceMl"),
    "survey": ("survey", "SurveyExport"),
    "sql": ("sql", "Sql"),
}
"""The formats, the module each lives in and its class."""


def sources_of(spec: FileSpec, path: Path, name: str = "") -> list[Source]:
    """What a file holds, as sources: itself, or the members of an archive. `name` is how it is to be called."""
    from crm_analytics.collection.sources.kinds import is_archive
    from crm_analytics.collection.sources.parcel import Parcel, members

    name = name or path.name
    parcels = members(path, spec, name) if is_archive(path, spec) else [Parcel(path, spec, name)]
    return [source for parcel in parcels for source in _sources(spec, parcel)]


def source_of(spec: FileSpec, path: Path) -> Source:
    """The file as one source; of an archive its first member."""
    return sources_of(spec, path)[0]


def answer_of(spec: FileSpec) -> Source:
    """The answer of a database that a map reads by its address."""
    from crm_analytics.collection.sources.sql import Sql

    return Sql(spec, None)


def _sources(spec: FileSpec, parcel: Parcel) -> list[Source]:
    from crm_analytics.collection.sources.kinds import format_of

    module, name = _HOMES[spec.format or format_of(parcel)]
    kind = getattr(import_module(f"crm_analytics.collection.sources.{module}"), name)
    return kind.sheets(spec, parcel) if name == "Excel" else [kind(spec, parcel)]
