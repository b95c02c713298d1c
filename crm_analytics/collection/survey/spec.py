"""What a map may say of a survey export that its data do not; all of it is found where nothing is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_analytics.collection.mapping.section import Section

ROLES = ("respondent", "customer", "weight", "date", "status", "email", "phone", "name")


@dataclass(frozen=True, kw_only=True)
class SurveySpec:
    """How one export of a survey is to be read, where finding it out is not enough."""

    headers: int = 0
    """How many rows the heading takes; 0: as found."""
    stated: tuple[tuple[str, str], ...] = ()
    """(role, heading) of the columns that say who answered, when and with which weight."""
    answers: tuple[str, ...] = ()
    """Headings that are questions, though they look like something else."""
    ignored: tuple[str, ...] = ()
    scales: tuple[tuple[str, ...], ...] = ()
    """Scales in the company's own words, lowest first."""


def survey_spec(section: Section) -> SurveySpec:
    """Read `survey:` of a file. Raises MapError."""
    headers = section.text("headers", default="0")
    if headers not in ("0", "1", "2", "3"):
        raise section.error("headers", f"{headers!r} should be the number of rows of the heading: 1, 2 or 3.")
    stated = tuple((role, section.text(role)) for role in ROLES if section.has(role))
    scales = section.raw.get("scales") or []
    section.asked.add("scales")
    lists = isinstance(scales, list) and all(
        isinstance(one, list) and len(one) > 1 and all(isinstance(word, str) for word in one) for one in scales
    )
    if not lists:
        raise section.error("scales", "this should be a list of scales, each a list of its words from low to high.")
    spec = SurveySpec(
        headers=int(headers),
        stated=stated,
        answers=section.texts("answers"),
        ignored=section.texts("ignore"),
        scales=tuple(tuple(one) for one in scales),
    )
    section.done()
    return spec
