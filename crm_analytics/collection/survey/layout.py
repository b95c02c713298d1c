"""The heading of a survey export: how many rows it takes, and which question and which item each column is of.

Survey tools write the same thing in different ways. SurveyMonkey and Anketolog put the question into the first row,
once over several columns, and the options into the second; Google Forms write `Question [Item]` into one row; Qualtrics
put codes, then texts, then a line of JSON. All of them become (question, item) for every column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_HEADER_ROWS = 3
LOOKED_AT = 200
_IMPORT_ID = re.compile(r'^\s*\{\s*"ImportId"')
_EMPTY_NAME = re.compile(r"^(unnamed: ?\d+(_level_\d+)?|column\d+|столбец\d+)?$", re.IGNORECASE)
_WRITTEN = re.compile(r"^(open-ended response|свободный ответ|открытый ответ)$", re.IGNORECASE)
_RESPONSE = re.compile(r"^(open-ended response|response|ответ|свободный ответ|открытый ответ|значение)$", re.IGNORECASE)
_CUT = re.compile(r"\s*(?:\s[-–—]\s|[:：|]\s+|\s?::\s?|\s?[\[(]|/)\s*")
_TYPED = re.compile(r"^[\d.,:/ T+Z-]*\d[\d.,:/ T+Z-]*$")
SHORTEST_QUESTION = 3

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Heading:
    """Of one column: the question it is of, and the option or row of it; `item` is empty where it is the whole."""

    question: str
    item: str = ""
    written: bool = False
    """Whether the tool says that here stands what people wrote."""


def tidy(text: str) -> str:
    """One line without doubled spaces: headings come with line breaks and markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^<>]{0,200}>", " ", text.replace("\u00a0", " "))).strip()


def header_rows(rows: Rows) -> int:
    """How many rows of a file (all of one width) are its heading.

    A second row is one when the first leaves columns without a name, or names neighbours alike, and it does not look
    like the answers beneath it: texts over numbers and dates, nothing over ids. Qualtrics' JSON ends a heading.
    """
    if not rows:
        return 0
    for number, row in enumerate(rows[:MOST_HEADER_ROWS]):
        if any(_IMPORT_ID.match(cell) for cell in row):
            return number + 1
    count = 1
    while count < min(MOST_HEADER_ROWS, len(rows) - 1) and _continues(rows, count):
        count += 1
    return count


def _continues(rows: Rows, at: int) -> bool:
    above = [" ".join(str(row[i]) for row in rows[:at]).strip() for i in range(len(rows[0]))]
    top = rows[at - 1]
    unnamed = sum(bool(_EMPTY_NAME.match(top[i].strip())) or (i > 0 and top[i] == top[i - 1]) for i in range(len(top)))
    if not unnamed or not any(above):
        return False
    unlike = alike = 0
    for column, cell in enumerate(rows[at]):
        below = [row[column].strip() for row in rows[at + 1 : at + 1 + LOOKED_AT] if row[column].strip()]
        if not below:
            continue
        typed = sum(bool(_TYPED.match(one)) for one in below) / len(below)
        cell = cell.strip()
        if not cell:
            unlike += len(below) >= 0.95 * len(rows[at + 1 : at + 1 + LOOKED_AT]) and len(set(below)) > len(below) / 2
        elif typed > 0.9:
            unlike, alike = unlike + (not _TYPED.match(cell)), alike + bool(_TYPED.match(cell))
        elif _RESPONSE.match(cell):
            unlike += 2
        elif len(set(below)) == 1 and below[0] == cell:
            unlike += 1  # the option over its marks
        elif cell in below:
            alike += 1
        else:
            unlike += 1
    return unlike > alike


def headings(rows: Rows) -> list[Heading]:
    """What each column is of, by the rows of the heading."""
    rows = [[tidy(cell) for cell in row] for row in rows] or [[]]
    if any(_IMPORT_ID.match(cell) for cell in rows[-1]):
        rows = rows[:-1]
        rows = rows[-1:] if len(rows) > 1 else rows
    rows = [["" if _EMPTY_NAME.match(cell) else cell for cell in row] for row in rows]
    if len(rows) == 1:
        return _split(rows[0])
    filled = []
    last = ""
    for cell in rows[0]:
        last = cell or last
        filled.append(last)
    parts = []
    for column, question in enumerate(filled):
        said = [row[column] for row in rows[1:] if row[column]]
        below = [cell for cell in said if not _RESPONSE.match(cell)]
        written = any(_WRITTEN.match(cell) for cell in said)
        parts.append(Heading(question or " ".join(below), " / ".join(below) if question else "", written))
    return parts


def _split(names: Sequence[str]) -> list[Heading]:
    """Questions that share their beginning with a neighbour, up to a bracket, a dash or a colon, are items of one."""
    cuts = [{name[: m.start()].strip(): name[m.end() :] for m in _CUT.finditer(name)} for name in names]
    found: list[Heading] = []
    at = 0
    while at < len(names):
        best, run = "", 1
        for beginning in sorted(cuts[at], key=len, reverse=True):
            length = 1
            while at + length < len(names) and beginning in cuts[at + length]:
                length += 1
            if length > run and len(beginning) >= SHORTEST_QUESTION:
                best, run = beginning, length
        if run == 1:
            found.append(Heading(names[at]))
        else:
            found += [Heading(best, _item(cuts[at + i][best])) for i in range(run)]
        at += run
    return found


def _item(text: str) -> str:
    text = text.strip()
    for opening, closing in ("[]", "()"):
        if text.endswith(closing) and text.count(opening) < text.count(closing):
            text = text[:-1]
    return text.strip()
