"""The survey tool as it writes: one line a respondent, questions in a first heading and their options in a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation.columns import customer_ids, days
from crm_analytics.simulation.exports.file import SAME_LINE_TWICE, Defect, SourceFile, Style, of_table
from crm_analytics.simulation.sources import voice as known

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

STYLE = Style(day="%m/%d/%Y")
WHO = ("Respondent ID", "Collector ID", "Response Type", "End Date", "IP Address", "Card number", "Weight")


def files(company: Simulation) -> Iterator[SourceFile]:
    """What this system exports: the answers, and the sheet of the offers that were shown."""
    columns, above, below = _columns(company)
    nothing = {name: "" for name in columns if name not in WHO}
    yield of_table(
        "survey_autumn_2024.csv",
        STYLE,
        columns,
        key="Respondent ID",
        heading=((*WHO, *above), (*[""] * len(WHO), *below)),
        defects=(
            SAME_LINE_TWICE,
            Defect("a trial run of the survey", {"Response Type": "Survey Preview"}),
            Defect("a respondent without an answer", nothing),
        ),
    )
    design = known.survey_profiles().to_pandas().pivot(index="item", columns="attribute", values="level").reset_index()
    named = design.rename(columns={"item": "Bench"})
    yield of_table("survey_benches.csv", STYLE, {name: pa.array(named[name].astype(object)) for name in named})


def _columns(company: Simulation) -> tuple[dict[str, pa.Array], list[str], list[str]]:
    """Columns of text, each under a name of its own, and the two rows of headings that stand above the answers."""
    voice, rows = company.voice, company.voice.who()
    count = len(rows)
    respondent = known.respondents(company)
    address = pc.binary_join_element_wise("10.0.", pa.array(np.arange(count) // 250).cast("string"), ".7", "")
    columns = dict(
        zip(
            WHO,
            (
                respondent,
                pa.array(["415"] * count),
                pa.array(["Response"] * count),
                pc.strftime(days(voice.day[rows]), "%m/%d/%Y"),
                address,
                customer_ids(voice.customer[rows]),
                pa.array(voice.design_weight[rows].astype(str)),
            ),
            strict=True,
        )
    )
    above, below, last = [], [], ""
    channels = np.full(count, "", object)
    for question, item, kind, said, *_ in known.answers(company):
        if question == known.CHANNELS:
            channels = np.where(said == "yes", np.where(channels == "", item, channels + "; " + item), channels)
            continue
        if question == known.IMPROVE:
            columns[known.CHANNELS] = pa.array(channels, pa.string())
            above.append(known.CHANNELS)
            below.append("Response")
        cells = np.where(said == "yes", item, "") if kind == "multiple" else np.where(said == None, "", said)  # noqa: E711
        columns[f"{question} {item}"] = pa.array(cells, pa.string())
        above.append("" if question == last else question)
        below.append(item or ("Open-Ended Response" if kind == "open" else "Response"))
        last = question
    return columns, above, below
