"""The survey tool: answers of the autumn survey, and the offers that were shown in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crm_analytics.simulation.columns import customer_ids, days, ids, table
from crm_analytics.simulation.voice import DESIGN, ELSEWHERE, FACTORS, OFFERS, USED
from crm_analytics.simulation.wordings import wording

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

SOURCE = "voice"
SURVEY = "Autumn 2024"
OVERALL = "Overall, how satisfied are you with Nordhaus?"
RECOMMEND = "How likely are you to recommend us to a friend?"
RATED = "How do you rate us in each of these?"
STATED = "How important is each of these to you? (1 – 5)"
ELSEWHERE_TOO = "Where else do you buy garden goods?"
CHANNELS = "Which of our channels do you use?"
IMPROVE = "What should we improve first?"
BENCHES = "How attractive is each of these benches to you? (0 – 10)"

SATISFIED = ("Very dissatisfied", "Dissatisfied", "Neither satisfied nor dissatisfied", "Satisfied", "Very satisfied")
GRADES = ("Very poor", "Poor", "Fair", "Good", "Excellent")
OFFER_IDS = tuple(f"Bench {number + 1}" for number in range(len(DESIGN)))


def tables(company: Simulation) -> dict[str, pa.Table]:
    """What this system knows, as canonical tables."""
    return {"survey_answers": survey_answers(company), "survey_profiles": survey_profiles()}


def answers(
    company: Simulation,
) -> Iterator[tuple[str, str, str, np.ndarray, np.ndarray | None, tuple[int, int] | None]]:
    """Question, item, kind, what each respondent said (None: nothing), its place, and the ends of its scale."""
    voice, rows = company.voice, company.voice.who()
    later = ~voice.partial[rows]

    def said(values: np.ndarray, heard: np.ndarray | bool = True) -> np.ndarray:
        return np.where(heard, values.astype(object), None)

    yield OVERALL, "", "scale", said(np.array(SATISFIED)[voice.overall[rows] - 1]), voice.overall[rows], (1, 5)
    yield RECOMMEND, "", "scale", said(voice.recommend[rows].astype(str)), voice.recommend[rows], (0, 10)
    for number, factor in enumerate(FACTORS):
        place = voice.factors[rows, number]
        yield RATED, factor, "scale", said(np.array(GRADES)[place - 1]), place, (1, 5)
    for number, factor in enumerate(FACTORS):
        place = voice.stated[rows, number]
        yield STATED, factor, "scale", said(place.astype(str), later), place, (1, 5)
    ticked = voice.elsewhere[rows].any(axis=1) & later
    for number, place in enumerate(ELSEWHERE):
        marks = np.where(voice.elsewhere[rows, number], "yes", "no")
        yield ELSEWHERE_TOO, place, "multiple", said(marks, ticked), None, None
    for number, channel in enumerate(USED):
        yield CHANNELS, channel, "multiple", said(np.where(voice.used[rows, number], "yes", "no"), later), None, None
    written = [
        wording(FACTORS[theme], code) if theme >= 0 else None
        for theme, code in zip(voice.theme[rows].tolist(), voice.wording[rows].tolist(), strict=True)
    ]
    yield IMPROVE, "", "open", said(np.array(written, object), later), None, None
    for number, offer in enumerate(OFFER_IDS):
        rating = voice.offers[rows, number]
        yield BENCHES, offer, "scale", said(rating.astype(str), later), rating, (0, 10)


def survey_answers(company: Simulation) -> pa.Table:
    voice, rows = company.voice, company.voice.who()
    respondent, customer, day = respondents(company), customer_ids(voice.customer[rows]), days(voice.day[rows])
    parts = []
    for question, item, kind, said, place, ends in answers(company):
        heard = np.array([one is not None for one in said])
        keep = pa.array(heard)
        count = int(heard.sum())
        low, high = ends or (None, None)
        parts.append(
            table(
                "survey_answers",
                SOURCE,
                {
                    "survey": [SURVEY] * count,
                    "respondent_id": respondent.filter(keep),
                    "customer_id": customer.filter(keep),
                    "question": [question] * count,
                    "item": [item or None] * count,
                    "kind": [kind] * count,
                    "answer": pa.array(said[heard], pa.string()),
                    "position": pa.nulls(count, pa.float64()) if place is None else place[heard].astype(float),
                    "lowest": pa.array([low] * count, pa.int64()),
                    "highest": pa.array([high] * count, pa.int64()),
                    "answered_at": day.filter(keep),
                    "weight": voice.design_weight[rows][heard],
                },
            )
        )
    return pa.concat_tables(parts)


def respondents(company: Simulation) -> pa.Array:
    return ids("V", np.arange(len(company.voice.who())), digits=6)


def survey_profiles() -> pa.Table:
    shown = [
        (offer, attribute, list(OFFERS[attribute])[level])
        for offer, levels in zip(OFFER_IDS, DESIGN, strict=True)
        for attribute, level in zip(OFFERS, levels, strict=True)
    ]
    item, attribute, level = zip(*shown, strict=True)
    return table(
        "survey_profiles",
        SOURCE,
        {"survey": [SURVEY] * len(item), "item": item, "attribute": attribute, "level": level},
    )
