"""A parcel: what lies in a file or in a member of an archive, unpacked while it is read and never onto the disk.

A few kilobytes can be made to unpack to terabytes. So what comes out is counted, and beyond a limit that no sound
export reaches it is one sentence, which says how to raise the limit in the map.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import time
import zipfile
import zlib
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.source import Progress, SourceError

HARMLESS_BYTES = 64 << 20
"""What unpacks to no more than this is nobody's bomb."""
TIMES = 250
"""Deflated text becomes 3 to 50 times as large; what a bomb is made of, a thousand times."""
MOST_BYTES = 64 << 30
MEMBERS = 10_000
SECONDS = 3.0
"""How often a long reading says how far it is."""

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
_FOREIGN = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "rar", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd"}


class Parcel:
    """One file, or one member of a zip archive."""

    def __init__(self, path: Path, spec: FileSpec, name: str = "", member: zipfile.ZipInfo | None = None):
        self.path, self.spec, self.member = path, spec, member
        self.name = (name or path.name) + (f"/{member.filename}" if member else "")

    def known_as(self, fingerprint: str) -> None:
        """Take this for the fingerprint, without reading the file again."""
        self.__dict__["fingerprint"] = fingerprint

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the file's bytes, or of the member's."""
        with self.open() if self.member else self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @cached_property
    def head(self) -> bytes:
        """How the unpacked bytes begin."""
        with self.open() as file:
            return file.read(4096)

    @property
    def plain(self) -> bool:
        """Whether the bytes lie on the disk as they are."""
        return self.member is None and _begins(self.path) != GZIP

    def whole(self) -> bytes:
        """All bytes at once, for formats that must be read from several places."""
        with self.open() as file:
            return file.read()

    def open(self, progress: Progress | None = None) -> BinaryIO:
        """The unpacked bytes, in the order in which they stand. Reading them raises SourceError."""
        return io.BufferedReader(_Unpacking(self, progress), 1 << 20)

    def damaged(self, error: Exception) -> SourceError:
        """The sentence for a file that breaks off or does not unpack."""
        reason = getattr(error, "strerror", None) or "its compression is damaged"
        return SourceError(f"{self.name} cannot be read to its end: {reason}. Copy it again from its source.")

    def bomb(self) -> SourceError:
        """The sentence for what unpacks to more than anybody would export."""
        return SourceError(
            f"{self.name} unpacks to far more than its {self.path.stat().st_size:,} bytes promise, as files do that "
            "are made to fill a disk; if it is sound, say in the map unpack_mb: and how many megabytes it may become."
        )


def most_bytes(spec: FileSpec, packed: int) -> int:
    """How much may come out of so many packed bytes."""
    return spec.unpack_mb << 20 if spec.unpack_mb else min(max(HARMLESS_BYTES, TIMES * packed), MOST_BYTES)


def members(path: Path, spec: FileSpec, name: str) -> list[Parcel]:
    """The members of a zip archive that the map means, by name. Raises SourceError."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RecursionError):
        raise SourceError(f"{name} is not a sound zip archive. Copy it again from its source.") from None
    if len(inside) > MEMBERS:
        raise SourceError(f"{name} holds {len(inside):,} files, more than anybody exports; unpack what is needed.")
    for info in inside:
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise SourceError(
                f"{name} holds a file whose name leads out of the archive; unpack it by hand and look at what it is."
            )
    wanted = [info for info in inside if not spec.member or fnmatchcase(info.filename, spec.member)]
    if not wanted:
        there = ", ".join(sorted(info.filename for info in inside)[:10]) or "nothing"
        raise SourceError(f"{name} holds no file {spec.member or '*'}; see member: in the map. There is: {there}.")
    return [Parcel(path, spec, name, info) for info in sorted(wanted, key=lambda info: info.filename)]


def _hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(2)


class _Unpacking(io.RawIOBase):
    """The bytes of a parcel, counted while they come out."""

    def __init__(self, parcel: Parcel, progress: Progress | None):
        self.parcel, self.progress = parcel, progress
        self.raw = self.archive = None
        self.out, self.said = 0, time.monotonic()
        try:
            self._open()
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            self.close()
            raise parcel.damaged(error) from None
        except RuntimeError:
            self.close()
            raise SourceError(f"{parcel.name} is locked with a password; unpack it and load what it holds.") from None

    def _open(self) -> None:
        path, member = self.parcel.path, self.parcel.member
        self.size = member.file_size if member else path.stat().st_size
        self.most = most_bytes(self.parcel.spec, member.compress_size if member else self.size)
        if member:
            if member.file_size > self.most:
                raise self.parcel.bomb()
            self.archive = zipfile.ZipFile(path)
            self.stream = self.raw = self.archive.open(member)
        else:
            self.raw = path.open("rb")
            begins = self.raw.read(8)
            self.raw.seek(0)
            foreign = next((name for mark, name in _FOREIGN.items() if begins.startswith(mark)), "")
            if foreign:
                raise SourceError(f"{self.parcel.name} is packed as {foreign}; unpack it, or pack it as gz or zip.")
            packed = begins.startswith(GZIP)
            self.stream = gzip.GzipFile(fileobj=self.raw) if packed else self.raw
            self.most = self.most if packed else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        try:
            data = self.stream.read(len(buffer))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise self.parcel.damaged(error) from None
        self.out += len(data)
        if self.most is not None and self.out > self.most:
            raise self.parcel.bomb()
        self._tell()
        buffer[: len(data)] = data
        return len(data)

    def _tell(self) -> None:
        now = time.monotonic()
        if self.progress and now - self.said >= SECONDS:
            self.said = now
            at = self.out if self.parcel.member else self.raw.tell()
            self.progress(f"reading {self.parcel.name}: {100 * at / max(self.size, 1):.0f} %")

    def close(self) -> None:
        for one in (self.raw, self.archive):
            if one is not None:
                one.close()
        super().close()
