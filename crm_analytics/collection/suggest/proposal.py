"""The proposal: files in, a map out, with a confidence per column, and the questions only a person can answer."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.suggest.compose import Composer
from crm_analytics.collection.suggest.database import tables
from crm_analytics.collection.suggest.gather import dictionaries, gathered, tell_more
from crm_analytics.collection.suggest.known import Known, format_known
from crm_analytics.collection.suggest.lexicon import folded, lexicon
from crm_analytics.collection.suggest.part import Part, placed
from crm_analytics.collection.suggest.place import Placement
from crm_analytics.collection.suggest.profile import CURRENCIES
from crm_analytics.collection.suggest.sniff import sniff
from crm_analytics.collection.suggest.sniffed import Sniffed
from crm_analytics.collection.suggest.spend import SPEND, Spending
from crm_analytics.collection.suggest.write import shown, why_not, written
from crm_analytics.say import say


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
            mine = [c for c in self.columns if c.file == file]
            for one in mine if any(c.place for c in mine) else ():
                sure = say("{share:percent}", share=one.confidence) if one.place else ""
                lines.append(f"  {shown(one.column)[:34]:<34} {one.place or '–':<34} {sure:>6}  {one.reason}")
        if self.questions:
            lines += [
                "",
                say("{count:count} {count:question|questions}:", count=len(self.questions)),
                *(f"  ? {q}" for q in self.questions),
            ]
        return "\n".join(lines).strip()


def suggest_map(paths: Iterable[str | Path], *, database: str = "", source: str = "") -> Proposal:
    """Propose a map for files that nobody has described, and for a database whose address stands in a variable.

    Raises SourceError when nothing of it can be read.
    """
    paths = sorted({Path(path) for path in paths})
    if not paths and not database:
        raise SourceError("Name at least one file to make a map for.")
    for path in paths:
        if not path.is_file():
            raise SourceError(f"There is no file {path}.")
    folder = Path(os.path.commonpath([path.resolve().parent for path in paths])) if paths else Path.cwd()
    files, apart = _looked_at(paths, folder)
    files += tables(FileSpec(name="", path="", url=database), None) if database else []
    parts = gathered(files)
    tell_more(parts)
    source = _source_name(source, *(part.name for part in parts), folder=folder)
    names = _composed(parts)
    text = ""
    if any(part.live for part in parts):
        files = ", ".join(dict.fromkeys(shown(part.spec.path or part.spec.url) for part in parts))
        about = say("Map of {files}", files=files)
        text = written(parts, source=source, about=about, company=_company(parts, source), dictionaries=names)
    return Proposal(
        folder=folder, text=text, columns=tuple(_columns(parts)),
        questions=tuple("".join(x if x.isprintable() else "·" for x in q) for part in parts for q in part.questions),
        kinds=(*((part.label, _row(part)) for part in parts), *apart),
    )  # fmt: skip


def _looked_at(paths: list[Path], folder: Path) -> tuple[list[Sniffed], list[tuple[str, str]]]:
    """The tables in the files, and why other files hold none. Raises SourceError when all do."""
    files, apart = [], []
    for path in paths:
        try:
            files += sniff(path, path.resolve().relative_to(folder).as_posix())
        except SourceError as error:
            if len(paths) == 1:
                raise
            apart.append((path.name, say("left out: {why}", why=str(error))))
    if paths and not files:
        raise SourceError(" ".join(why for _, why in apart))
    return files, apart


def _row(part: Part) -> str:
    known = format_known(part.reading.sniffed)
    if known and part.live:
        return say("one row is {of}", of=known["of"])
    kind = part.reading.kind
    return say("one row is {of}", of=lexicon().rows[kind]["of"]) if kind else say("left out: {why}", why=why_not(part))


def _composed(parts: list[Part]) -> dict[str, dict[str, str]]:
    """Fill the blocks of all parts; the dictionaries (small files of id and name) that the map looks words up in."""
    whole = {"customer": "customers", "product": "products", "store": "stores", "supplier": "suppliers"}
    kinds = [part.reading.kind for part in parts]
    brought = {whole[kind] for kind in kinds if kind in whole}
    if "customers" in brought:
        brought.add("customer_contacts")
    numbered = {"contact": "contacts", "payment": "payments", "order cost": "order_costs"}
    brought |= {table for kind, table in numbered.items() if kinds.count(kind) > 1}
    found: dict[str, dict[str, str]] = {}
    for part in parts:
        if format_known(part.reading.sniffed):
            own = {whole[part.reading.kind]} if part.reading.kind in whole else set()
            own |= {"customer_contacts"} if "customers" in own else set()
            Known(part, elsewhere=frozenset(brought - own)).compose()
        elif part.reading.kind == SPEND:
            Spending(part, elsewhere=frozenset(brought), headed=False).compose()
        elif part.reading.kind:
            headed = part.reading.kind == "order line" and "products.product_id" not in part.reading.at
            composer = Composer(part, elsewhere=frozenset(brought), headed=headed and "position" in kinds)
            composer.compose()
            found |= dictionaries(part, parts)
    return found


def _columns(parts: list[Part]) -> Iterable[Suggested]:
    at = {(part.name, profile.name): one for part, profile, one in placed(parts)}
    for part in parts:
        mine = {one.column: one for one in _of_part(part, at)}
        yield from mine.values()
        for code, heading in part.reading.sniffed.told.items():
            named = mine[heading]
            reason = say("told by its name in {table}", table=heading)
            yield replace(named, column=code, reason=reason)


def _of_part(part: Part, at: Mapping[tuple[str, str], Placement]) -> Iterable[Suggested]:
    for number, profile in enumerate(part.reading.columns):
        one = at.get((part.name, profile.name)) if part.blocks else None
        each = next((b.table for b in part.live if profile.name in b.each), "")
        place = f"{each}.value" if each else one.place.partition("#")[0] if one else ""
        place = part.main.get(number, place)
        why = part.left.get(number, say("it helps to tell the others") if part.live else why_not(part))
        if number in part.main:
            why, sure = say("its heading and its values say so"), one.confidence if one else 0.85
        elif one and not each:
            why, sure = one.reason, one.confidence
        else:
            why, sure = (say("no canonical column of its own"), 0.6) if each else (why, 0.0)
        yield Suggested(file=part.label, column=profile.name, place=place, confidence=sure, reason=why)


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
    headings = "".join(profile.name for part in live for profile in part.reading.columns)
    if not money and len(re.findall("[А-яЁё]", headings)) > len(re.findall("[A-Za-z]", headings)):
        money = {"RUB"}
    return {"name": source.replace("_", " "), "currency": money.pop()} if len(money) == 1 else {}
