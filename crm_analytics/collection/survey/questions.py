"""Questions of a survey: which columns are one question, of what kind it is, and what its answers are worth.

`multiple`: several options may hold; `scale`: the answers have an order; `number`; `choice`: one of a few words;
`open`: whatever people wrote. An option that nobody marked is a «no» only of someone who answered the question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from crm_analytics.collection.survey.layout import Heading, Rows
from crm_analytics.collection.survey.scales import levels, placeless, plain, ranks

Scales = tuple[tuple[str, ...], ...]
MULTIPLE, SCALE, NUMBER, CHOICE, OPEN = "multiple", "scale", "number", "choice", "open"
MARKED = {"1", "x", "х", "v", "+", "✓", "✔", "yes", "true", "да", "checked", "selected", "отмечено", "выбрано", "1.0"}
UNMARKED = {"0", "no", "false", "нет", "unchecked", "not selected", "не выбрано", "не отмечено", "0.0"}
SEPARATORS = (";", "|", "\n", " / ", ",")
MOST_OPTIONS = 40
_COUNTED = re.compile(
    r"how (many|much|old|long|tall|far)|number of|\bage\b|\byear|сколько|количеств|возраст|число|год рождения", re.I
)
_RECOMMEND = re.compile(r"recommend|refer (us|a friend)|порекоменд|рекомендов|посовет", re.IGNORECASE)
_RANGE = re.compile(
    r"(?:from|от|с)?\s*\(?\b(\d{1,3})\b[^\d(),;]{0,40}?(?:-|–|—|…|\.\.\.?|\bto\b|\bдо\b|\bпо\b)\s*(\d{1,3})\b", re.I
)
_POINTS = re.compile(r"\b(\d{1,2})[- ]?(?:point|балльн|бальн)", re.IGNORECASE)
_ASKS_FOR_WORDS = re.compile(
    r"please specify|in your own words|comment|suggest|please explain|why\b|what .*(improve|better|differently|wrong)|"
    r"укажите|уточните|напишите|своими словами|комментари|предложени|пожелани|почему|что .*(улучш|измен|понрав)",
    re.I,
)
_LABELLED = re.compile(r"^(\d{1,3})\s*(?:[-–—.:=)]+\s*|\(|\s(?=\D))\s*\D.*$", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """One answer: `position` is its place on its scale, between `lowest` and `highest`, or the number itself."""

    question: str
    item: str
    kind: str
    text: str
    position: float | None = None
    lowest: int | None = None
    highest: int | None = None


@dataclass
class Question:
    """A question and its columns, with what is needed to read a respondent's cells."""

    text: str
    items: list[str]
    columns: list[int]
    kind: str
    separator: str = ""
    options: list[str] = field(default_factory=list)
    places: dict[str, float] = field(default_factory=dict)
    """Plain text of an answer → its place."""
    lowest: int | None = None
    highest: int | None = None
    blank_is_no: bool = False

    def answers(self, row: Sequence[str]) -> Iterator[Answer]:
        """What one respondent answered: nothing for what was passed over."""
        cells = [row[column] for column in self.columns]
        if not any(cells):
            return
        if self.kind == MULTIPLE:
            chosen = self._chosen(cells)
            for option in self.options:
                if option in chosen:
                    yield Answer(self.text, option, MULTIPLE, "yes" if chosen[option] else "no")
            return
        for item, cell in zip(self.items, cells, strict=True):
            if cell:
                yield self._single(item, cell)

    def _chosen(self, cells: Sequence[str]) -> dict[str, bool]:
        if self.separator:
            said = set(parts(cells[0], self.separator, self.options))
            return {option: option in said for option in self.options}
        found = {}
        for item, cell in zip(self.items, cells, strict=True):
            if cell or self.blank_is_no:
                found[item] = bool(cell) and plain(cell) not in UNMARKED
        return found

    def _single(self, item: str, cell: str) -> Answer:
        if self.kind not in (SCALE, NUMBER) or placeless(cell):
            return Answer(self.text, item, self.kind, cell)
        place = self.places.get(plain(cell))
        place = number(cell) if place is None else place
        return Answer(self.text, item, self.kind, cell, place, self.lowest, self.highest)


def number(text: str) -> float | None:
    """The number that an answer is or begins with: "4", "4,5", "5 – Very satisfied", "10 (definitely)"."""
    text = text.strip().replace("\u00a0", "")
    if re.fullmatch(r"-?\d+(?:[.,]\d+)?", text):
        return float(text.replace(",", "."))
    labelled = _LABELLED.match(text)
    return float(labelled[1]) if labelled and not re.search(r"\d", text[len(labelled[1]) :]) else None


def parts(cell: str, separator: str, options: Sequence[str] = ()) -> list[str]:
    """The options in one cell. An option that holds the separator itself is found when it is among `options`."""
    found, rest = [], cell
    for option in sorted((o for o in options if separator in o), key=len, reverse=True):
        if option in rest:
            found.append(option)
            rest = rest.replace(option, "", 1)
    return found + [part.strip() for part in rest.split(separator) if part.strip()]


def questions(headings: Sequence[Heading], columns: Sequence[int], rows: Rows, *, own: Scales) -> list[Question]:
    """The questions these columns hold. `own` are scales in words that the map states."""
    groups: dict[str, list[int]] = {}
    for column in columns:
        groups.setdefault(headings[column].question, []).append(column)
    found: list[Question] = []
    for text, members in groups.items():
        found += _of(text, members, headings, rows, own)
    _one_scale_for_alike(found)
    return _named_apart(found)


def _of(text: str, members: list[int], headings: Sequence[Heading], rows: Rows, own: Scales) -> list[Question]:
    said = {column: Counter(row[column] for row in rows if row[column]) for column in members}
    items = {column: headings[column].item for column in members}
    marked = [column for column in members if items[column] and _marks(said[column], items[column])]
    if len(members) > 1 and len(marked) >= max(2, len(members) - 1):
        rest = [column for column in members if column not in marked]
        blank = not any(plain(value) in UNMARKED for column in marked for value in said[column])
        names = [items[column] for column in marked]
        whole = Question(text, names, marked, MULTIPLE, options=list(dict.fromkeys(names)), blank_is_no=blank)
        return [whole, *(_alone(headings[column], column, said[column], own) for column in rest)]
    if len(members) > 1:
        pooled: Counter[str] = sum((said[column] for column in members), Counter())
        scaled = _scaled(text, pooled, own)
        if scaled:
            names = [items[column] or text for column in members]
            return [Question(text, names, members, SCALE, **scaled)]
    return [_alone(headings[column], column, said[column], own) for column in members]


def _alone(heading: Heading, column: int, said: Counter[str], own: Scales) -> Question:
    text, item = heading.question, heading.item
    if heading.written:
        return Question(text, [item], [column], OPEN)
    scaled = _scaled(text, said, own)
    if scaled:
        return Question(text, [item], [column], SCALE, **scaled)
    known = [value for value in said if not placeless(value)]
    if known and all(number(value) is not None for value in known):
        return Question(text, [item], [column], NUMBER)
    separator, options = separated(said)
    if separator and not item:
        return Question(text, [item], [column], MULTIPLE, separator=separator, options=options)
    return Question(text, [item], [column], OPEN if _written(f"{text} {item}", said) else CHOICE)


def _marks(said: Counter[str], item: str) -> bool:
    """Whether a column only marks its option: by the option's own text, or by a yes, a one, a cross."""
    values = {plain(value) for value in said}
    return values <= {plain(item)} or values <= MARKED | UNMARKED or values <= {plain(item)} | UNMARKED


def _scaled(text: str, said: Counter[str], own: Scales) -> dict | None:
    """Places and ends of a scale, in words or in numbers; None where the answers are of none."""
    places = levels(said, own)
    if places:
        order = ranks(places)
        return {"places": {k: float(v) for k, v in order.items()}, "lowest": 1, "highest": max(order.values())}
    known = {value: number(value) for value in said if not placeless(value)}
    figures = [value for value in known.values() if value is not None]
    if not figures or len(figures) < len(known) or any(f != int(f) or not 0 <= f <= 10 for f in figures):
        return None
    if _COUNTED.search(text) or len(set(figures)) < 2:
        return None
    lowest, highest = _ends(text, figures)
    return {"lowest": lowest, "highest": highest}


def _ends(text: str, figures: Iterable[float]) -> tuple[int, int]:
    """The ends of a scale of numbers: as the question says, or the usual scale that holds them all."""
    low, high = int(min(figures)), int(max(figures))
    for stated in _RANGE.finditer(text):
        one, other = int(stated[1]), int(stated[2])
        if one <= low and high <= other <= 10:
            return one, other
    points = _POINTS.search(text)
    if points and high <= int(points[1]):
        return min(low, 1), int(points[1])
    if _RECOMMEND.search(text) and (high > 5 or low == 0):
        return 0, 10
    return (0 if low == 0 else 1), next(top for top in (5, 7, 10) if high <= top)


def separated(said: Counter[str]) -> tuple[str, list[str]]:
    """The sign by which one cell holds several options, and the options, the most frequent first; none: ("", []).

    A sign separates options when few parts make many cells, and nearly every part stands alone or in other company.
    Parts that are always neighbours are one option that holds the sign itself.
    """
    for separator in SEPARATORS:
        if not any(separator in cell for cell in said):
            continue
        split = {cell: [part.strip() for part in cell.split(separator) if part.strip()] for cell in said}
        if separator == ",":
            split = _grown_together(split, said)
        company: dict[str, set[tuple[str, ...]]] = {}
        for found in split.values():
            for part in found:
                company.setdefault(part, set()).add(tuple(p for p in found if p != part))
        counts = Counter({p: sum(said[c] for c, found in split.items() if p in found) for p in company})
        common = [part for part, others in company.items() if len(others) > 1]
        several = sum(said[cell] for cell, found in split.items() if len(found) > 1)
        covered = sum(counts[part] for part in common) / max(sum(counts.values()), 1)
        few = len(common) <= MOST_OPTIONS and len(split) > len(common)
        if several >= 2 and len(common) >= 2 and few and covered > 0.9 and sum(said.values()) > len(common):
            return separator, [part for part, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]
    return "", []


def _grown_together(split: dict[str, list[str]], said: Counter[str]) -> dict[str, list[str]]:
    """Neighbours that never stand apart are joined: "Yes, always" is one option."""
    while True:
        seen: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        for cell, found in split.items():
            seen.update(dict.fromkeys(found, said[cell]))
            pairs.update(dict.fromkeys(pairwise(found), said[cell]))
        bound = {pair for pair, times in pairs.items() if times == seen[pair[0]] == seen[pair[1]] and times > 1}
        if not bound:
            return split
        split = {cell: list(_joined(found, bound)) for cell, found in split.items()}


def _joined(found: list[str], bound: set[tuple[str, str]]) -> Iterator[str]:
    at = 0
    while at < len(found):
        if at + 1 < len(found) and (found[at], found[at + 1]) in bound:
            yield f"{found[at]}, {found[at + 1]}"
            at += 2
        else:
            yield found[at]
            at += 1


def _written(heading: str, said: Counter[str]) -> bool:
    """Whether the answers were written freely: nearly all different, long, or hardly repeated where words are asked."""
    if _ASKS_FOR_WORDS.search(heading) and len(said) > 0.3 * sum(said.values()):
        return True
    count = sum(said.values())
    words = sum(len(value.split()) * times for value, times in said.items()) / max(count, 1)
    return len(said) > max(12, 0.5 * count) or (words >= 4 and len(said) > max(5, 0.3 * count))


def _one_scale_for_alike(found: list[Question]) -> None:
    """Questions whose words are of one scale share it, so that a level nobody chose in one of them keeps its place."""
    worded = [one for one in found if one.kind == SCALE and one.places]
    for one in worded:
        others = [two for two in worded if len(one.places.keys() & two.places.keys()) >= 2]
        union = levels([phrase for two in others for phrase in two.places])
        if union:
            order = ranks(union)
            one.highest = max(order.values())
            one.places = {phrase: float(place) for phrase, place in order.items()}


def _named_apart(found: list[Question]) -> list[Question]:
    """Two questions, or two items, with one heading get a number, so that every answer keeps a key of its own."""
    seen: Counter[tuple[str, str]] = Counter()
    for one in found:
        for place, item in enumerate(one.items):
            seen[one.text, item] += 1
            if seen[one.text, item] > 1:
                one.items[place] = f"{item or one.text} ({seen[one.text, item]})"
        if one.kind == MULTIPLE and not one.separator:
            one.options = list(one.items)
    return found
