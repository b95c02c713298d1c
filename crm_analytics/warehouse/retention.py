"""Retention: which releases stay, and which files nobody needs any more. History is shortened, never rewritten.

Manifests go first, files after: whoever dies in between leaves files that no manifest names, and the next run, which
removes every such file, finds them. What a reader has open is held by a lease on its manifest, and stays.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crm_analytics.warehouse import delta
from crm_analytics.warehouse.release import ALL_TABLES, Release, Shelf, WarehouseError, settle

IN_USE = "somebody has it open"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What goes and what stays. `kept` says why: the number of the release, and the reasons not to remove it."""

    kept: Mapping[int, tuple[str, ...]]
    removed: tuple[int, ...]
    files: int
    """Files that no kept release names, with those that dead loads left."""
    size_bytes: int


def pins(shelf: Shelf) -> dict[int, str]:
    """The releases that somebody pinned, and why."""
    marks = {int(path.stem): path for path in shelf.manifests.glob("[0-9]*.pin")}
    return {number: marks[number].read_text("utf-8").strip() for number in sorted(marks)}


def pin(shelf: Shelf, number: int, *, why: str) -> None:
    """Never let retention remove this release. Raises WarehouseError when there is none, or no reason is given."""
    if not why.strip():
        raise WarehouseError("Say why the release is to stay: --why «the year's closing».")
    with shelf.locked("facts"):
        shelf.release(number)
        draft = shelf.manifests / f".draft-pin-{number}"
        draft.write_text(why.strip() + "\n", "utf-8")
        draft.replace(_mark(shelf, number))


def unpin(shelf: Shelf, number: int) -> None:
    """Let retention remove this release again. Raises WarehouseError when it was not pinned."""
    try:
        _mark(shelf, number).unlink()
    except FileNotFoundError:
        pinned = ", ".join(map(str, pins(shelf)))
        raise WarehouseError(
            f"Release {number} is not pinned; " + (f"pinned: {pinned}." if pinned else "none is.")
        ) from None


def _mark(shelf: Shelf, number: int) -> Path:
    return shelf.manifest(number).with_suffix(".pin")


def remember_reports(shelf: Shelf, folder: Path) -> None:
    """Remember where reports of these facts are put, so that retention knows what they name."""
    known, folder = report_folders(shelf), folder.resolve()
    if folder not in known:
        with (shelf.folder / "reported_in.txt").open("a", encoding="utf-8") as file:
            file.write(f"{folder}\n")


def report_folders(shelf: Shelf) -> tuple[Path, ...]:
    """The folders that reports of these facts were put in."""
    try:
        told = (shelf.folder / "reported_in.txt").read_text("utf-8")
    except FileNotFoundError:
        return ()
    return tuple(Path(line) for line in told.splitlines() if line)


def due(
    shelf: Shelf,
    *,
    keep: int | None = None,
    days: int | None = None,
    now: datetime | None = None,
    named: Mapping[int, str] | None = None,
) -> dict[int, tuple[str, ...]]:
    """Every release with the reasons to keep it; those without any may go.

    `keep` counts the newest ones, `days` those published in so many days before `now`; the newest stays in any case.
    `named` says what else names a release, as reports do. Raises WarehouseError for a count below 1.
    """
    for word, count in (("--keep", keep), ("--days", days)):
        if count is not None and count < 1:
            raise WarehouseError(f"{word} {count} would leave nothing; keep at least 1.")
    if keep is None and days is None:
        raise WarehouseError("Say how much to keep: the newest 12 by --keep 12, or a quarter by --days 92.")
    ids, pinned, named = shelf.ids(), pins(shelf), named or {}
    since = (now or datetime.now(UTC)) - timedelta(days=days) if days else None
    reasons: dict[int, tuple[str, ...]] = {}
    for place, number in enumerate(reversed(ids)):
        published = datetime.fromisoformat(shelf.release(number).published_at) if since else None
        reasons[number] = tuple(
            why
            for holds, why in (
                (place == 0, "the newest"),
                (0 < place < (keep or 0), f"one of the newest {keep}"),
                (published is not None and published >= since and place > 0, f"not older than {days} days"),
                (number in pinned, f"pinned: {pinned.get(number)}"),
                (number in named, f"named by {named.get(number)}"),
            )
            if holds
        )
    return dict(sorted(reasons.items()))


def retain(shelf: Shelf, reasons: Mapping[int, tuple[str, ...]], *, dry_run: bool = False) -> Retention:
    """Remove the releases without a reason to stay, and every file that no remaining one names.

    Whoever loads waits until it is done; whoever reads does not notice. What a reader has open stays until the next
    time. `dry_run` only counts. Raises WarehouseError when a manifest cannot be read, before anything is removed.
    """
    with shelf.locked("facts"), _free(shelf, [number for number, why in reasons.items() if not why]) as free:
        releases = {number: _read(shelf, number) for number in shelf.ids()}
        stay = [release for number, release in releases.items() if number not in free]
        named = {file for release in stay for state in release.tables.values() for file in state.files}
        unnamed = [path for path in _files(shelf) if path.relative_to(shelf.folder).as_posix() not in named]
        told = Retention(
            kept={release.id: reasons.get(release.id) or (IN_USE,) for release in stay},
            removed=tuple(free),
            files=len(unnamed),
            size_bytes=sum(path.stat().st_size for path in unnamed),
        )
        if not dry_run:
            _step_back(shelf, stay)
            _remove(shelf, free, unnamed)
        return told


@contextmanager
def _free(shelf: Shelf, numbers: list[int]) -> Iterator[list[int]]:
    """Those of the releases that nobody has open; while this is held, nobody can open them."""
    held: dict[int, int] = {}
    try:
        for number in numbers:
            handle = os.open(shelf.manifest(number), os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
            else:
                held[number] = handle
        yield list(held)
    finally:
        for handle in held.values():
            os.close(handle)


def _read(shelf: Shelf, number: int) -> Release:
    try:
        return shelf.release(number)
    except (ValueError, KeyError, TypeError):
        raise WarehouseError(
            f"The manifest of release {number} cannot be read, so what it needs is not known; nothing was removed."
        ) from None


def _files(shelf: Shelf) -> list[Path]:
    tables = (path for path in (shelf.folder / "tables").glob("*") if path.is_dir())
    return sorted(
        path
        for table in tables
        for path in table.rglob("*.parquet")
        if "_delta_log" not in path.parts[len(table.parts) :]
    )


def _step_back(shelf: Shelf, stay: list[Release]) -> None:
    """Let Delta's own newest versions be those of the newest release, so that other readers find all their files."""
    from deltalake import DeltaTable

    for table, state in stay[-1].tables.items():
        folder = shelf.table_path(table)
        files = [(shelf.folder / file).relative_to(folder).as_posix() for file in state.files]
        if set(DeltaTable(str(folder)).file_uris()) != {str(folder.resolve() / file) for file in files}:
            delta.enter(ALL_TABLES[table], folder, released=state.version, before=files, files=dict.fromkeys(files))


def _remove(shelf: Shelf, numbers: list[int], files: list[Path]) -> None:
    for number in sorted(numbers):
        shelf.manifest(number).unlink()
    settle(shelf.manifests)
    for path in files:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in files}:
        with suppress(OSError):
            folder.rmdir()
    for draft in shelf.manifests.glob(".draft-*"):
        draft.unlink(missing_ok=True)
