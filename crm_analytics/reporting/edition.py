"""An Edition: one notebook, one set of values, the facts of one release. And the Record of how it came out."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

State = Literal["answered", "doubtful", "absent", "failed"]
"""answered: green; weak checks stand beside it. doubtful: amber, a check of the answer fails, or the evidence does not
carry one. absent: grey, the company lacks the table. failed: red."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an edition is made from: whose data, at which release, reaching until which day (ISO, or None)."""

    home: str
    company: str
    release: int
    published_at: str
    facts_until: str | None
    language: str = "en"
    currency: str = "EUR"


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One notebook to be run for one set of values, on the page of one day (`day_folder`, named by the ISO day)."""

    notebook: str
    values: dict[str, Any]
    facts: Facts
    day_folder: str

    @property
    def name(self) -> str:
        """The notebook's name; with values, also the values, and a mark that keeps two sets of them apart."""
        stem = Path(self.notebook).stem
        if not self.values:
            return stem
        words = json.dumps(self.values, sort_keys=True, ensure_ascii=False)
        told = "-".join(slug(f"{name} {value}") for name, value in self.values.items())[:60]
        return f"{stem}-{told}-{_mark(words)}"

    @property
    def given(self) -> str:
        """The values it was asked for, in words; empty when it was asked for none."""
        return ", ".join(f"{name} = {_told(value)}" for name, value in self.values.items())

    @property
    def folder(self) -> Path:
        """Where the company's pages of that day lie. A namesake in another home gets a folder of its own."""
        day, owner = Path(self.day_folder), self.owner
        for number in range(1, 1000):
            folder = day / (slug(self.facts.company) + (f"-{number}" if number > 1 else ""))
            owners = {record["owner"] for record in map(_parsed, folder.glob("*.json")) if record}
            if not owners or owners == {owner}:
                return folder
        raise AssertionError("a thousand companies of one name")

    @property
    def owner(self) -> str:
        return owner_of(self.facts.home)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Edition:
        raw = json.loads(text)
        return cls(**(raw | {"facts": Facts(**raw["facts"])}))


@dataclass(frozen=True, kw_only=True)
class Record:
    """How an edition came out: all the index needs to know. Kept as a small JSON file beside the page."""

    edition: str
    owner: str
    company: str
    title: str
    state: State
    sentence: str
    doubts: list[dict[str, str]] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)
    """How many of all the checks on the page hold, are weak, or fail."""
    given: str = ""
    """The parameters that were given, in words."""
    release: int
    facts_until: str | None
    made_at: str
    seconds: float
    order: str = ""
    """Where the notebook stands among the others: the index lists editions in the order of the marketing cycle."""
    page: str | None = None
    kept: str | None = None

    @classmethod
    def of(cls, edition: Edition, *, state: State, title: str, sentence: str, seconds: float) -> Record:
        """The record of an edition that has just ended. One that failed has no page, but its notebook is kept."""
        failed = state == "failed"
        return cls(
            edition=edition.name,
            owner=edition.owner,
            company=edition.facts.company,
            title=title,
            state=state,
            sentence=sentence,
            given=edition.given,
            release=edition.facts.release,
            facts_until=edition.facts.facts_until,
            made_at=datetime.now().astimezone().isoformat(timespec="minutes"),
            seconds=round(seconds, 1),
            order="/".join(Path(edition.notebook).parts[-2:]),
            page=None if failed else f"{edition.name}.html",
            kept=f"{edition.name}.failed.ipynb" if failed else None,
        )

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """The record in a file; None when it is not one (a person's own JSON file is nobody's business)."""
        raw = _parsed(path)
        try:
            return cls(**raw) if raw else None
        except TypeError:
            return None

    def write(self, folder: Path) -> None:
        write_whole(folder / f"{self.edition}.json", json.dumps(asdict(self), ensure_ascii=False, indent=1))


def _parsed(path: Path) -> dict[str, Any] | None:
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return raw if isinstance(raw, dict) and "owner" in raw else None


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the former one or the new one, never a part of either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content.encode() if isinstance(content, str) else content)
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException:
        draft.unlink()
        raise


def slug(text: str) -> str:
    """The text as a file name: letters of any alphabet and digits, in small, joined by hyphens."""
    return re.sub(r"[^\w]+|_+", "-", unicodedata.normalize("NFKC", text).lower()).strip("-")[:80] or "company"


def _told(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
    return str(value)


def owner_of(home: str | Path) -> str:
    """Tells a company's home from another one without naming the machine's folders on a page."""
    return _mark(str(Path(home).resolve()))


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
