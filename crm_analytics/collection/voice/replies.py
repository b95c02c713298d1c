"""Which answers a Study looks at: the survey, the question that stands for satisfaction, and what goes with it."""

from __future__ import annotations

import re

import pandas as pd

SATISFIED = re.compile(r"overall.*satisf|satisf|удовлетвор|довол", re.IGNORECASE)
RECOMMEND = re.compile(r"recommend|refer|порекоменд|рекоменд|посовет", re.IGNORECASE)
IMPORTANT = re.compile(r"importan|matter|важн|значим", re.IGNORECASE)
RATED = re.compile(r"satisf|\brate|rating|how (good|well)|perform|agree|оцен|удовлетвор|довол|соглас", re.IGNORECASE)
WHOLE = re.compile(r"overall|general|в целом", re.IGNORECASE)
SCALE = "scale"


def waves(frame: pd.DataFrame) -> list[str]:
    """The surveys, the earliest first; a survey without a name is the empty text."""
    day = pd.to_datetime(frame.answered_at)
    last = day.groupby(frame.survey.fillna("")).max()
    order = last.reset_index(name="day").sort_values(["day", "survey"], na_position="first")
    return order.survey.tolist()


def scales(frame: pd.DataFrame) -> pd.DataFrame:
    """Answers that have a place on a scale, each respondent once for each question and item, in a fixed order."""
    placed = frame[(frame.kind == SCALE) & frame.position.notna()]
    placed = placed.assign(survey=placed.survey.fillna(""), item=placed["item"].fillna(""))
    key = ["survey", "respondent_id", "question", "item"]
    return placed.sort_values(key, ignore_index=True)


def overall(placed: pd.DataFrame, question: str = "") -> str | None:
    """The question that asks for everything at once: the one named, else the one about satisfaction, else about
    recommending; None where there is none."""
    whole = placed[placed["item"] == ""].question
    asked = whole.value_counts()
    names = sorted(asked.index, key=lambda name: (-asked[name], name))
    if question:
        return question if question in set(names) else None
    for wanted in (SATISFIED, RECOMMEND):
        found = [name for name in names if wanted.search(name) and not IMPORTANT.search(name)]
        if found:
            return found[0]
    return None


def latest_with(placed: pd.DataFrame, order: list[str], survey: str, question: str) -> tuple[str, str] | None:
    """The survey named, or the latest that asked the question, and the question's wording; None if none did."""
    for name in [survey] if survey else reversed(order):
        found = overall(placed[placed.survey == name], question)
        if found:
            return name, found
    return None
