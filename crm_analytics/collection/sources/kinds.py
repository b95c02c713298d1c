"""Which format a file is of, by its first bytes and, where they do not tell, by its name."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.parcel import ZIP, Parcel
from crm_analytics.collection.sources.source import SourceError

PARQUET, SQLITE, OLE = b"PAR1", b"SQLite format 3\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKS = re.compile(rb"^\xef\xbb\xbf|^\xff\xfe|^\xfe\xff")


def is_archive(path: Path, spec: FileSpec) -> bool:
    """Whether the file is a zip archive of files, and not a workbook, which is packed the same way."""
    with path.open("rb") as file:
        if file.read(4) != ZIP:
            return False
    return spec.format != "excel" and not _is_workbook(path) if not spec.member else True


def is_database(parcel: Parcel) -> bool:
    """Whether the file is an SQLite database, as it lies on the disk."""
    return parcel.plain and parcel.head.startswith(SQLITE)


def format_of(parcel: Parcel) -> str:
    """The format of a file whose map does not say it. Raises SourceError for what nobody here reads."""
    head = parcel.head
    if head.startswith((ZIP, OLE)):
        return "excel"
    if head.startswith(PARQUET):
        return "parquet"
    if head.startswith(SQLITE):
        raise SourceError(
            f"{parcel.name} is an SQLite database; say in the map sqlite: instead of path:, and table: or query:."
        )
    text = _MARKS.sub(b"", head).replace(b"\0", b"").lstrip()
    name = Path(parcel.name.casefold().removesuffix(".gz")).suffix
    if text.startswith(b"<?xml") or (text.startswith(b"<") and name == ".xml"):
        return "commerceml"
    if name in (".json", ".jsonl", ".ndjson") or re.match(rb'(\[\s*)?\{\s*"', text):
        return "json"
    return "delimited"


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            return "[Content_Types].xml" in names or (
                "mimetype" in names and b"opendocument" in archive.open("mimetype").read(100)
            )
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        return path.suffix.casefold() in (".xlsx", ".xlsm", ".xlsb", ".ods")
