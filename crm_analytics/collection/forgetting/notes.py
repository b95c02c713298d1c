"""Notes: what the warehouse wrote down beside the tables, and where a person may be named in passing: why a load
stopped, which files were seen, the maps that were used, what the audit of a release warned of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from crm_analytics.warehouse.privacy.rewriting import put_whole
from crm_analytics.warehouse.privacy.traces import Person
from crm_analytics.warehouse.release import Shelf

MAPS = (".yaml", ".yml")
GONE = "It spoke of somebody who was forgotten."
"""In the place of a sentence that named the person."""


def clear_notes(shelf: Shelf, person: Person) -> int:
    """Take the person out of every note; how many changed. Whoever has the lock of the facts calls this."""
    return sum(1 for notes in (_stopped, _seen, _maps, _manifests) for _ in notes(shelf, person))


def _stopped(shelf: Shelf, person: Person) -> Iterator[Path]:
    for path in sorted((shelf.folder / "stopped").glob("*.json")):
        told = json.loads(path.read_text("utf-8"))
        clean = {key: GONE if _named(value, person) else value for key, value in told.items()}
        if clean != told:
            put_whole(path, json.dumps(clean, ensure_ascii=False).encode())
            yield path


def _seen(shelf: Shelf, person: Person) -> Iterator[Path]:
    """Files whose own name is the person's: the next load looks at them as if for the first time."""
    path = shelf.folder / "fingerprints.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    left = {name: mark for name, mark in known.items() if not person.in_text(name)}
    if left != known:
        put_whole(path, json.dumps(left).encode())
        yield path


def _maps(shelf: Shelf, person: Person) -> Iterator[Path]:
    """Without the lines that name the person, where what is left says the same things; else the search finds them."""
    for path in sorted(path for path in shelf.home.rglob("*") if path.suffix in MAPS and path.is_file()):
        text = path.read_text("utf-8", "surrogateescape")
        left = "".join(line for line in text.splitlines(keepends=True) if not person.in_text(line))
        if left != text and _words(left) == _words(text):
            put_whole(path, left.encode("utf-8", "surrogateescape"))
            yield path


def _words(text: str) -> list[str] | None:
    """The first words of a map; None for what is none."""
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return list(read) if isinstance(read, dict) else None


def _manifests(shelf: Shelf, person: Person) -> Iterator[Path]:
    for number in shelf.ids():
        release = shelf.release(number)
        checks = tuple(replace(one, text=GONE) if person.in_text(one.text) else one for one in release.checks)
        clean = replace(release, checks=checks, about=GONE if person.in_text(release.about) else release.about)
        if clean != release:
            put_whole(shelf.manifest(number), clean.to_json().encode())
            yield shelf.manifest(number)


def _named(value: object, person: Person) -> bool:
    return isinstance(value, str) and person.in_text(value)
