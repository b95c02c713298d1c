"""Holdings: what the company's warehouse has, which questions that can carry, and what was refused on the way in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_analytics.say import say
from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.release import ALL_TABLES
from crm_analytics.warehouse.tables import DAY, MOMENT, TABLES, Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Holdings:
    """What is there, by canonical table, and what can be asked with it, by question."""

    company: str
    release: int
    tables: pd.DataFrame
    """One row a canonical table: table, grain, rows, newest, sources, opens (what it lets one see)."""
    questions: pd.DataFrame
    """One row a question: question, can_be_asked, missing (the tables), sentence."""

    def to_dict(self) -> dict[str, Any]:
        """The holdings as plain values, ready for JSON."""
        raw = {
            "company": self.company,
            "release": self.release,
            "tables": self.tables.to_dict("records"),
            "questions": self.questions.to_dict("records"),
        }
        return json.loads(json.dumps(raw, default=str))

    @property
    def text(self) -> str:
        """Both tables and what they mean, as they are printed."""
        here = self.tables[self.tables["rows"] > 0]
        can = self.questions[self.questions["can_be_asked"]]
        cannot = self.questions[~self.questions["can_be_asked"]]
        parts = [
            say(
                "{name}, release {release}: {here:count} of {all:count} tables have rows.",
                name=self.company,
                release=self.release,
                here=len(here),
                all=len(self.tables),
            ),
            here[["table", "rows", "newest", "sources"]].fillna("").to_string(index=False),
        ]
        if len(can):
            parts.append(say("Can be asked: {questions}.", questions=", ".join(can["question"])))
        parts += list(cannot["sentence"])
        return "\n".join(parts)

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        there = self.tables.query("rows > 0").drop(columns=["opens"])
        return "".join(
            frame.fillna("").to_html(index=False, border=0, classes="crm-table")
            for frame in (there, self.questions[["question", "sentence"]])
        )


def tables(wh: Warehouse, needs: Mapping[str, Iterable[str]]) -> Holdings:
    """What the company has and what it can ask.

    `needs` says for each question which canonical tables it cannot do without; the caller gathers it, because
    questions and features are other rooms' words: `{"customer_value": features.purchases.needs}`.
    """
    import pandas as pd

    return Holdings(
        company=wh.company.name,
        release=wh.release.id,
        tables=pd.DataFrame([_table(wh, table) for table in TABLES.values()]),
        questions=pd.DataFrame(
            [_question(wh, question, tuple(needed)) for question, needed in needs.items()],
            columns=["question", "can_be_asked", "missing", "sentence"],
        ),
    )


def quarantine(wh: Warehouse) -> pd.DataFrame:
    """What was refused, by source, file, reason and column at fault: lines, their share of the file's, money, and the
    number of the first such line.

    The lines themselves may hold personal data; whoever mends a map reads them with `wh.refused_lines()`.
    """
    import pandas as pd

    columns = ["source", "file", "reason", "column", "lines", "share", "money", "example_line_no"]
    if not wh.has("quarantine"):
        return pd.DataFrame(columns=columns)
    refused = wh.quarantine
    found = refused.group_by(["source", "file", "reason", "column"]).agg(
        lines=refused.count(), money=refused.money.sum().cast("float64"), example_line_no=refused.line_no.min()
    )
    read = wh.loads.select("source", "file", "lines_read").to_pandas()
    told = found.to_pandas().merge(read, on=["source", "file"], how="left")
    return told.assign(share=told.lines / told.lines_read).sort_values(
        ["lines", "source", "file", "reason"], ascending=[False, True, True, True], ignore_index=True
    )[columns]


def _table(wh: Warehouse, table: Table) -> dict[str, Any]:
    there = wh.has(table.name)
    return {
        "table": table.name,
        "grain": table.grain,
        "rows": wh.release.tables[table.name].rows if there else 0,
        "newest": _newest(wh, table) if there else None,
        "sources": _sources(wh, table.name),
        "opens": table.opens,
    }


def _newest(wh: Warehouse, table: Table) -> str | None:
    """The last day of which the table tells something that has happened."""
    days = [column.name for column in table.columns if column.kind in (DAY, MOMENT) and column.past]
    if not days:
        return None
    rows = getattr(wh, table.name)
    newest = rows.agg(**{day: rows[day].max().cast("date") for day in days}).to_pandas().iloc[0].dropna()
    return max(str(day)[:10] for day in newest) if len(newest) else None


def _sources(wh: Warehouse, table: str) -> str:
    return ", ".join(sorted(wh.release.tables[table].by_source)) if table in wh.release.tables else ""


def _question(wh: Warehouse, question: str, needed: tuple[str, ...]) -> dict[str, Any]:
    missing = [name for name in needed if not wh.has(name)]
    words = " and ".join(name.replace("_", " ") for name in missing)
    sentence = (
        say("Yes.")
        if not missing
        else say(
            "{question} cannot be asked: {company} has no {words}; with them you would see {opens}.",
            question=question,
            company=wh.company.name,
            words=words,
            opens=ALL_TABLES[missing[0]].opens,
        )
    )
    return {"question": question, "can_be_asked": not missing, "missing": ", ".join(missing), "sentence": sentence}
