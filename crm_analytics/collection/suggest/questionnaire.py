"""Questionnaires: whether a file is the export of a survey, one line a respondent and one column a question or option.

Nothing of a survey need be placed: whatever tool wrote it, `format: survey` gives the map the same columns. What must
be told is only whether it is one. Questions are long, end in a question mark, stand over several options, or are
answered in words of a scale; orders, customers and stock counts have none of it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.sources.survey import SurveyExport
from crm_analytics.collection.suggest.sniffed import ROWS, Sniffed, sampled
from crm_analytics.collection.survey.layout import Heading, header_rows, headings
from crm_analytics.collection.survey.roles import ANSWER, roles
from crm_analytics.collection.survey.scales import levels

LOOKED_AT = 400
LARGEST = 64 << 20
"""More than this nobody asked; a longer file is not read to see whether it is a survey."""
FEWEST_QUESTIONS, FEWEST_RESPONDENTS = 3, 5
_MOST = 0.5
_NUMBERED = re.compile(r"(q|question|в|вопрос)[ _.]?\d+([ _.:)-].*)?", re.IGNORECASE)
_LONG_WORDS = 5


def as_survey(one: Sniffed, parcel: Parcel) -> Sniffed | None:
    """The same file read as a survey, or None where it is none."""
    large = parcel.path.stat().st_size > LARGEST
    if large or one.spec.header_row or sum(not name or _asks(Heading(name), set()) for name in one.columns) < 2:
        return None
    export = SurveyExport(replace(one.spec, format="survey", header=()), parcel)
    try:
        if not is_survey([row.cells for row in islice(export.rows, LOOKED_AT)]):
            return None
        rows = islice(export.answers(), ROWS)
        return sampled(one.path, export.spec, export.header, rows)
    except (SourceError, csv.Error):
        return None


def is_survey(rows: Sequence[Sequence[str]]) -> bool:
    """Whether these rows, heading and all, are answers of respondents."""
    width = max(map(len, rows), default=0)
    even = [[cell.strip() for cell in row] + [""] * (width - len(row)) for row in rows]
    count = header_rows(even)
    names, body = headings(even[:count]), even[count:]
    if len(body) < FEWEST_RESPONDENTS:
        return False
    columns = list(zip(*body, strict=True))
    found = roles(names, columns, stated={}, answers=())
    answers = [at for at, role in enumerate(found) if role == ANSWER and names[at].question and any(columns[at])]
    several = {one.question for one in names if one.item and len(one.question.split()) > 2}
    asked = [at for at in answers if _asks(names[at], several) or _scaled(columns[at])]
    spoken = [at for at in answers if _asks(names[at], several)]
    return len(asked) >= max(FEWEST_QUESTIONS, _MOST * len(answers)) and len(spoken) >= 2


def _asks(heading: Heading, several: set[str]) -> bool:
    text = heading.question
    return (
        "?" in f"{text}{heading.item}"
        or len(text.split()) >= _LONG_WORDS
        or text in several
        or bool(_NUMBERED.fullmatch(text))
    )


def _scaled(values: Sequence[str]) -> bool:
    """Whether the answers are words of a known scale."""
    known = {value for value in values if value}
    return len(known) > 1 and bool(levels(known, ()))
