"""The proposal: files in, a map out, with a confidence per column, and the questions only a person can answer."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.suggest.compose import Composer
from crm_analytics.collection.suggest.lexicon import folded, lexicon
from crm_analytics.collection.suggest.part import Part, placed
from crm_analytics.collection.suggest.place import Reading, read
from crm_analytics.collection.suggest.profile import CURRENCIES
from crm_analytics.collection.suggest.sniff import ROWS, Sniffed, sniff
from crm_analytics.collection.suggest.write import shown, why_not, written
from crm_analytics.say import say

_INCLUDED = 0.9
"""So much of a column must stand among the ids of another file to refer to it."""


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """One column and its place; `place` is empty where it has none, and `reason` says why."""

    file: str
    column: str
    place: str
    confidence: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A proposed map. `text` is the YAML, empty where no file can be loaded; `folder` is where its files lie."""

    folder: Path
    text: str = field(repr=False)
    columns: tuple[Suggested, ...] = field(repr=False)
    questions: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    """(file, what one row of it is)."""

    def to_dict(self) -> dict:
        """The proposal as plain values, ready for JSON."""
        return {
            "map": self.text,
            "files": [{"file": file, "row": kind} for file, kind in self.kinds],
            "columns": [
                {"file": c.file, "column": c.column, "place": c.place or None,
                 "confidence": round(c.confidence, 3), "reason": c.reason}
                for c in self.columns
            ],
            "questions": list(self.questions),
        }  # fmt: skip

    def __str__(self) -> str:
        lines: list[str] = []
        for file, kind in self.kinds:
            lines += ["", f"{shown(file)}: {kind}"]
            for one in (c for c in self.columns if c.file == file):
                sure = say("{share:percent}", share=one.confidence) if one.place else ""
                lines.append(f"  {shown(one.column)[:34]:<34} {one.place or '–':<34} {sure:>6}  {one.reason}")
        if self.questions:
            lines += [
                "",
                say("{count:count} questions:", count=len(self.questions)),
                *(f"  ? {q}" for q in self.questions),
            ]
        return "\n".join(lines).strip()


def suggest_map(paths: Iterable[str | Path], *, source: str = "") -> Proposal:
    """Propose a map for files that nobody has described. Raises SourceError when one cannot be read at all."""
    paths = sorted({Path(path) for path in paths})
    if not paths:
        raise SourceError("Name at least one file to make a map for.")
    for path in paths:
        if not path.is_file():
            raise SourceError(f"There is no file {path}.")
    folder = Path(os.path.commonpath([path.resolve().parent for path in paths]))
    files, apart = _looked_at(paths)
    parts = _parts([replace_path(file, folder) for file in files])
    readings = [part.reading for part in parts]
    for part, hints in zip(parts, _references(readings), strict=True):
        if hints:
            part.reading = read(part.reading.sniffed, part.reading.columns, hints)
    source = _source_name(source, *(part.name for part in parts), folder=folder)
    dictionaries = _composed(parts)
    text = ""
    if any(part.live for part in parts):
        about = say("Map of {files}", files=", ".join(shown(part.pattern) for part in parts[:6]))
        text = written(parts, source=source, about=about, company=_company(parts, source), dictionaries=dictionaries)
    return Proposal(
        folder=folder, text=text, columns=tuple(_columns(parts)),
        questions=tuple("".join(x if x.isprintable() else "·" for x in q) for part in parts for q in part.questions),
        kinds=(*((part.pattern, _row(part)) for part in parts), *apart),
    )  # fmt: skip


def _looked_at(paths: list[Path]) -> tuple[list[Sniffed], list[tuple[str, str]]]:
    """The files of which a map can be made, and why the others are none of them. Raises SourceError when all are."""
    files, apart = [], []
    for path in paths:
        try:
            files.append(sniff(path))
        except SourceError as error:
            if len(paths) == 1:
                raise
            apart.append((path.name, say("left out: {why}", why=str(error))))
    if not files:
        raise SourceError(" ".join(why for _, why in apart))
    return files, apart


def replace_path(sniffed: Sniffed, folder: Path) -> Sniffed:
    """The same, its path as it lies inside the data folder."""
    inside = sniffed.path.resolve().relative_to(folder).as_posix()
    return replace(sniffed, spec=replace(sniffed.spec, path=inside))


def _row(part: Part) -> str:
    kind = part.reading.kind
    return say("one row is {of}", of=lexicon().rows[kind]["of"]) if kind else say("left out: {why}", why=why_not(part))


def _parts(files: list[Sniffed]) -> list[Part]:
    """Files that differ in nothing but a number in their name are one kind of file."""
    alike: dict[tuple, list[Sniffed]] = {}
    for one in files:
        shape = (re.sub(r"\d+", "*", one.spec.path), one.columns, replace(one.spec, name="", path="", empty=()))
        alike.setdefault(shape, []).append(one)
    parts, names = [], set()
    for (pattern, *_), mine in alike.items():
        first = mine[0]
        if len(mine) > 1:
            share = max(1, ROWS // len(mine))
            empty = tuple(sorted({word for one in mine for word in one.spec.empty}))
            first = replace(
                first, rows=[row for one in mine for row in one.rows[:share]], spec=replace(first.spec, empty=empty)
            )
        plain = pattern if len(mine) > 1 else _literal(first.spec.path)
        name = re.sub(r"_?\d+_?$", "", first.spec.name) or first.spec.name if len(mine) > 1 else first.spec.name
        name = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 10_000))) if n not in names)
        names.add(name)
        parts.append(Part(reading=read(first), pattern=plain, name=name, paths=[one.spec.path for one in mine]))
    return parts


def _literal(path: str) -> str:
    """A file's name as a pattern that means no other file."""
    return re.sub(r"([\[*?])", r"[\1]", path)


def _references(readings: list[Reading]) -> list[dict[tuple[int, str], tuple[float, str]]]:
    """Columns whose values stand among the ids of another file: they refer to it, whatever they are called."""
    parents = []
    for reading in readings:
        key = lexicon().rows[reading.kind].get("unique") if reading.kind else None
        profile = reading.profile(key) if key else None
        if profile is not None and profile.distinct >= 3:
            parents.append((reading, key, profile))
    found = []
    for reading in readings:
        hints: dict[tuple[int, str], tuple[float, str]] = {}
        for parent, key, profile in parents:
            if parent is reading:
                continue
            for number, column in enumerate(reading.columns):
                same = column.name.casefold() == profile.name.casefold() or lexicon().likeness(column.name, key) >= 0.5
                if not column.counted or (column.numbers is not None and not same) or column.distinct < 2:
                    continue
                inside = sum(times for value, times in column.counted.items() if value in profile.counted)
                if inside >= _INCLUDED * column.counted.total():
                    file = shown(parent.sniffed.spec.path)
                    hints[number, key] = (0.97 if same else 0.9, say("its values are ids of {file}", file=file))
        found.append(hints)
    return found


def _composed(parts: list[Part]) -> dict[str, dict[str, str]]:
    """Fill the blocks of all parts; the dictionaries (small files of id and name) that the map looks words up in."""
    whole = {"customer": "customers", "product": "products", "store": "stores", "supplier": "suppliers"}
    brought = {whole[part.reading.kind] for part in parts if part.reading.kind in whole}
    if "customers" in brought:
        brought.add("customer_contacts")
    numbered = {"contact": "contacts", "payment": "payments", "order cost": "order_costs"}
    kinds = [part.reading.kind for part in parts]
    brought |= {table for kind, table in numbered.items() if kinds.count(kind) > 1}
    positions = any(part.reading.kind == "position" for part in parts)
    dictionaries: dict[str, dict[str, str]] = {}
    for part in parts:
        if part.reading.kind:
            headed = part.reading.kind == "order line" and positions and "products.product_id" not in part.reading.at
            composer = Composer(part, elsewhere=frozenset(brought), headed=headed)
            composer.compose()
            dictionaries |= _dictionaries(part, parts)
    return dictionaries


def _dictionaries(part: Part, parts: list[Part]) -> dict[str, dict[str, str]]:
    """Codes whose names stand in a small file of their own: GenreId → Genre.csv."""
    found = {}
    for place, one in part.reading.at.items():
        profile = part.reading.columns[one.column]
        if place not in ("products.category", "products.brand", "customers.region", "stores.region"):
            continue
        for other in parts:
            columns = other.reading.columns
            keys = [c for c in columns if c.name == profile.name and c.unique == 1 and c.counted]
            names = [c for c in columns if c not in keys and c.lettered > 0.5 and c.counted]
            if other.reading.kind or not keys or len(names) != 1 or not set(profile.counted) <= set(keys[0].counted):
                continue
            spec, name = other.reading.sniffed.spec, f"{part.name}_{place.partition('.')[2]}"
            found[name] = {"file": other.pattern, "key": keys[0].name, "value": names[0].name}
            found[name] |= {
                key: getattr(spec, key) for key in ("delimiter", "encoding") if getattr(spec, key) not in (",", "utf-8")
            }
            for block in part.blocks:
                column = place.partition(".")[2]
                if block.table == place.partition(".")[0] and isinstance(block.columns.get(column), str):
                    block.columns[column] = {"column": profile.name, "lookup": name}
    return found


def _columns(parts: list[Part]) -> Iterable[Suggested]:
    at = {(part.name, profile.name): one for part, profile, one in placed(parts)}
    for part in parts:
        for number, profile in enumerate(part.reading.columns):
            one = at.get((part.name, profile.name)) if part.blocks else None
            each = next((b.table for b in part.live if profile.name in b.each), "")
            place = one.place.partition("#")[0] if one else f"{each}.value" if each else ""
            why = (
                one.reason
                if one
                else say("no canonical column of its own")
                if each
                else part.left.get(number, why_not(part))
            )
            sure = one.confidence if one else 0.6 if each else 0.0
            yield Suggested(file=part.pattern, column=profile.name, place=place, confidence=sure, reason=why)


def _source_name(wanted: str, *names: str, folder: Path) -> str:
    """What was asked for, else what the files have in common, else their folder, as a map may call a source."""
    common = names[0] if len(names) == 1 else os.path.commonprefix(names).strip("_")  # noqa: RUF071  (of names, not paths)
    for name in (wanted, common, folder.name):
        name = re.sub(r"^[^a-z]+", "", folded_name(name))[:40].strip("_")
        if len(name) > 2:
            return name
    return "source"


def folded_name(text: str) -> str:
    """A name in small Latin letters."""
    return re.sub(
        r"[^a-z0-9]+",
        "_",
        "_".join(folded(word) if re.search("[а-яё]", word) else word for word in text.lower().split("_")),
    )


def _company(parts: list[Part], source: str) -> dict[str, str]:
    """What the files say of the company: its money, and its language."""
    live = [part for part in parts if part.live]
    money = {p.currency for part in live for p in part.reading.columns if p.currency}
    for part in live:
        for profile in part.reading.columns:
            if "currency" in lexicon().means(profile.name) and profile.distinct == 1:
                code = next(iter(profile.counted)).lower().rstrip(".")
                money |= {CURRENCIES.get(code, code.upper())} if re.fullmatch(r"[a-zруб]{1,3}", code) else set()
            for word in re.findall(r"[^\W\d_]+", profile.name.lower()):
                money |= {CURRENCIES[word]} if word in ("руб", "rub", "eur", "gbp", "usd") else set()
    money = {code for code in money if re.fullmatch(r"[A-Z]{3}", code)}
    return {"name": source.replace("_", " "), "currency": money.pop()} if len(money) == 1 else {}
