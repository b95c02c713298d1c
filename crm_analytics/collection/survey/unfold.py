"""A survey export unfolded: one row for each respondent, question and item, and what was set aside with its reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from crm_analytics.collection.survey import roles as role
from crm_analytics.collection.survey.layout import Heading, Rows, header_rows, headings, tidy
from crm_analytics.collection.survey.questions import Answer, questions
from crm_analytics.collection.survey.spec import SurveySpec

COLUMNS = (
    "respondent", "customer", "question", "item", "kind", "answer", "position", "lowest", "highest", "weight", "date",
    "email", "phone", "name",
)  # fmt: skip
"""The columns that a map sees, whatever the export looked like."""

MORE_FIELDS = "more fields than the heading has"
NO_ANSWERS = "no question was answered"
TEST = "a trial run of the survey, not an answer"
AGAIN = "the same respondent answered more fully in another line"
AGAIN_CUSTOMER = "the same customer answered more fully in another line"


@dataclass(frozen=True)
class Record:
    """One answer of one respondent, and the place of its row in the file, counted from nought."""

    row: int
    respondent: str
    customer: str
    answer: Answer
    weight: str
    date: str
    email: str
    phone: str
    name: str

    def fields(self, decimal: str = ".") -> tuple[str | None, ...]:
        """As text, in the order of COLUMNS; None where there is nothing."""
        said = self.answer
        place = None if said.position is None else f"{said.position:g}".replace(".", decimal)
        ends = [None if end is None else str(end) for end in (said.lowest, said.highest)]
        who = (self.respondent, self.customer or None, said.question, said.item or None, said.kind, said.text)
        rest = (self.weight, self.date, self.email, self.phone, self.name)
        return (*who, place, *ends, *(one or None for one in rest))


@dataclass
class Unfolded:
    """What unfolding a survey found."""

    header: int
    headings: list[Heading]
    roles: list[str]
    records: list[Record] = field(default_factory=list)
    aside: list[tuple[int, str]] = field(default_factory=list)
    """(row of the file, reason) of what is no respondent's answers."""

    @property
    def respondents(self) -> int:
        return len({record.respondent for record in self.records})


def unfolded(rows: Rows, spec: SurveySpec | None = None) -> Unfolded:
    """Unfold the rows of a survey export, heading and all. Rows may be ragged; empty ones are passed over.

    A respondent who answers twice counts once, with the fuller answers (of equally full ones the later); rows of a
    trial run, and rows without any answer, are set aside. An empty cell is no answer, never a «no».
    """
    spec = spec or SurveySpec()
    width = _width(rows)
    even = [[cell.strip() for cell in row[:width]] + [""] * (width - len(row)) for row in rows]
    count = spec.headers or header_rows(even)
    names = headings(even[:count])
    aside = [(at, MORE_FIELDS) for at, row in enumerate(rows) if at >= count and any(c.strip() for c in row[width:])]
    too_wide = {at for at, _ in aside}
    body = [(at, row) for at, row in enumerate(even) if at >= count and any(row) and at not in too_wide]
    columns = list(zip(*(row for _, row in body), strict=True)) if body else [()] * width
    found = role.roles(names, columns, stated=dict(spec.stated), answers=spec.answers)
    found = [
        role.IGNORED if (one.question in spec.ignored or one.item in spec.ignored) else kind
        for one, kind in zip(names, found, strict=True)
    ]
    result = Unfolded(count, names, found, aside=aside)
    place = {kind: column for column, kind in reversed(list(enumerate(found)))}
    kept = _without_trials(body, [c for c, kind in enumerate(found) if kind == role.STATUS], result)
    asked = [column for column, kind in enumerate(found) if kind == role.ANSWER and (names[column].question)]
    every = questions(names, asked, [row for _, row in kept], own=spec.scales)
    full = []
    for at, row in kept:
        said = [answer for question in every for answer in question.answers(row)]
        if said:
            full.append((at, row, said))
        else:
            result.aside.append((at, NO_ANSWERS))
    for key, reason in ((role.RESPONDENT, AGAIN), (role.CUSTOMER, AGAIN_CUSTOMER), (role.EMAIL, AGAIN_CUSTOMER)):
        if key in place:
            full = _fullest(full, place[key], reason, result)
    full_names = [column for column, kind in enumerate(found) if kind == role.NAME]
    for at, row, said in full:
        cell = {kind: row[column] for kind, column in place.items()}
        who = cell.get(role.RESPONDENT) or f"line {at + 1}"
        name = " ".join(row[column] for column in full_names if row[column])
        known = [cell.get(kind, "") for kind in (role.WEIGHT, role.DATE, role.EMAIL, role.PHONE)]
        result.records += [Record(at, who, cell.get(role.CUSTOMER, ""), answer, *known, name) for answer in said]
    result.aside.sort()
    return result


def _width(rows: Rows) -> int:
    """As many columns as the heading names or its widest row has."""
    ends = [max((at + 1 for at, cell in enumerate(row) if tidy(cell)), default=0) for row in rows[:3]]
    return max(ends, default=0)


def _without_trials(
    body: list[tuple[int, list[str]]], columns: list[int], result: Unfolded
) -> list[tuple[int, list[str]]]:
    kept = []
    for at, row in body:
        if any(role.is_test(row[column]) for column in columns):
            result.aside.append((at, TEST))
        else:
            kept.append((at, row))
    return kept


def _fullest(full: list, column: int, reason: str, result: Unfolded) -> list:
    """Of the rows with one value in a column, the one with the most answers; of equally full ones the last."""
    count = Counter(row[column] for _, row, _ in full if row[column])
    best: dict[str, tuple[int, int]] = {}
    for at, row, said in full:
        if count[row[column]] > 1:
            best[row[column]] = max(best.get(row[column], (0, -1)), (len(said), at))
    kept = []
    for at, row, said in full:
        if row[column] in best and best[row[column]][1] != at:
            result.aside.append((at, reason))
        else:
            kept.append((at, row, said))
    return kept
