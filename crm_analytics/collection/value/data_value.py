"""What the company's data are worth: which questions they carry now, what one more field would open, what is idle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pandas as pd

from crm_analytics.collection.value.defects import DefectsResult
from crm_analytics.collection.value.worth import FILLED, PARTS, next_fields, questions, scored
from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

NEXT = 3
"""How many things to ask for next are named in the sentence."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DataValueResult(Result):
    """`table`: table, column, score (of 100; `completeness`, `fitness`, `freshness`, `quality` and `lawfulness` are
    its points), filled_share, questions (how many use the field), note. One row a field that is there, the one that
    most questions use first.

    `tables`: the same points as means over a table's fields. `questions`: question, can_be_asked, score and its
    points, missing (tables), fields (how many it can use), weakest. `next_fields`: ask_for, gain, opens, sharpens,
    filled_share, money, why. `points`: the company's score by part; it is their sum.
    """

    tables: pd.DataFrame
    questions: pd.DataFrame
    next_fields: pd.DataFrame
    points: dict[str, float]
    fields: pd.DataFrame = field(repr=False)
    """Every canonical field as it was scored, from 0 to 1, also those of tables that are absent."""

    @property
    def score(self) -> float:
        return sum(self.points.values())

    @property
    def idle(self) -> pd.DataFrame:
        """The fields that are filled and that no question uses, personal ones first: why are they collected?"""
        found = self.fields[(self.fields.filled > 0) & (self.fields.questions.str.len() == 0) & ~self.fields.key]
        found = found.sort_values(["personal", "filled", "place"], ascending=[False, False, True], ignore_index=True)
        return found[["table", "column", "personal", "filled", "about"]]

    @property
    def advice(self) -> pd.DataFrame:
        """What to ask for next: of `next_fields` those that are no part of a better one."""
        parts = [set(one.split(" + ")) for one in self.next_fields.ask_for]
        return self.next_fields.loc[[not any(one <= better for better in parts[:i]) for i, one in enumerate(parts)]]

    def less(self, defects: DefectsResult) -> DataValueResult:
        """The same with `quality` lowered by the defects that were found: the share of a field's rows at fault."""
        at_fault = defects.found.groupby(["table", "column"])["rows"].max()
        places = pd.MultiIndex.from_frame(self.fields[["table", "column"]])
        rows = at_fault.reindex(places).fillna(0).to_numpy() / self.fields.rows.where(self.fields.rows > 0)
        fields = self.fields.assign(quality=self.fields.quality * (1 - rows.fillna(0).clip(upper=1)))
        return self.study.told(fields)


@dataclass(frozen=True, kw_only=True)
class DataValue(Study):
    """What are our data worth, which questions can they carry, and what should we collect next, or no longer?

    A field's score is the sum of five parts, each a share between 0 and 1 times its points: `completeness` (how many
    rows say something), `fitness` (how ready the questions are that use it), `freshness` (against its own rhythm and
    `fresh_days`), `quality` (refused lines, values that say nothing, references that lead nowhere) and `lawfulness`
    (personal values that may be held). The points sum to 100. A question scores the mean of the fields it uses, its
    fitness being how many of those it could use are there, and 0 when it cannot be asked; the company's score is the
    mean of all questions. `readers` says which feature each question reads (`readers()` gathers it); without it
    features stand for the questions.
    """

    completeness: float = 30
    fitness: float = 25
    freshness: float = 15
    quality: float = 20
    lawfulness: float = 10
    fresh_days: int = 31
    readers: Mapping[str, str] = field(default_factory=dict)

    reads: ClassVar[str] = "fields"
    columns: ClassVar[tuple[str, ...]] = (
        "table",
        "column",
        "source",
        "month",
        "rows",
        "filled",
        "blank",
        "based",
        "used_by",
        "needed_by",
        "place",
    )
    of: ClassVar[str] = "fields"

    def __post_init__(self) -> None:
        points = [getattr(self, part) for part in PARTS]
        if min(points) < 0 or abs(sum(points) - 100) > 1e-9:
            raise ValueError(
                f"{', '.join(PARTS)} are points that sum to 100, not {sum(points):g}; try 30, 25, 15, 20, 10."
            )
        if self.fresh_days < 1:
            raise ValueError(f"fresh_days is a number of days from 1, not {self.fresh_days}; try 31.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        cells = frame.sort_values(["place", "source", "month"], ignore_index=True)
        for name in ("month", "first", "newest", "newest_filled"):
            cells[name] = pd.to_datetime(cells[name])
        if not cells.rows.sum():
            return self.refuse(say("Not enough evidence: no table has a row yet; load data first: crm load MAP."))
        return self.told(scored(cells, self.readers, self.fresh_days))

    def told(self, fields: pd.DataFrame) -> DataValueResult:
        """The answer, from fields that have been scored."""
        there, points = fields[fields.rows > 0], {part: float(getattr(self, part)) for part in PARTS}
        table = there[["table", "column", "filled_share", "note", "place"]].assign(
            **{part: points[part] * there[part] for part in PARTS}, questions=there.questions.str.len()
        )
        asked = questions(fields, self.readers)
        asked = asked.assign(**{part: points[part] * asked[part] for part in PARTS})
        for frame in (table, asked):
            frame["score"] = frame[list(PARTS)].sum(axis=1)
        columns = ["table", "column", "score", *PARTS, "filled_share", "questions", "note"]
        result = DataValueResult(
            study=self,
            table=table.sort_values(["questions", "place"], ascending=[False, True], ignore_index=True)[columns],
            text="",
            tables=table.groupby("table", sort=False)[["score", *PARTS]].mean().reset_index(),
            questions=asked,
            next_fields=next_fields(fields, self.readers, points),
            points={part: float(asked[part].mean()) if len(asked) else 0.0 for part in PARTS},
            fields=fields,
        )
        return replace(result, text=_text(result), checks=tuple(_checks(result)))


def _text(result: DataValueResult) -> str:
    asked = result.questions
    names = [
        say("{name} (+{gain:number})", name=words(one.ask_for), gain=one.gain)
        for one in result.advice.head(NEXT).itertuples()
    ]
    more = (
        say("What would add most points is {first}.", first=names[0])
        if len(names) == 1
        else say("What would add most points: {several}, then {last}.", several=", ".join(names[:-1]), last=names[-1])
        if names
        else say("No question lacks anything.")
    )
    return say(
        "{score:count} of 100 is what the data are worth: {can:count} of {all:count} questions can be asked now. "
        "{more} {idle:count} fields that are filled serve none of them.",
        score=result.score,
        can=int(asked.can_be_asked.sum()),
        all=len(asked),
        more=more,
        idle=len(result.idle),
    )


def _checks(result: DataValueResult) -> Iterator[Check]:
    fields = result.fields
    there = fields[(fields.rows > 0) & (fields.questions.str.len() > 0)]
    yield from _half_filled(there)
    yield from _stale(there)
    personal = result.idle[result.idle.personal]
    yield Check(
        name=say("purpose"),
        verdict="weak" if len(personal) else "holds",
        text=say(
            "{fields} are personal and serve no question: say what they are collected for, or stop."
            if len(personal)
            else "No personal field is collected that serves no question.",
            fields=", ".join(words(f"{one.table}.{one.column}") for one in personal.itertuples()),
        ),
    )
    held = fields[fields.personal & (fields.questions.str.len() > 0)]
    unbased = int((held.filled - held.based).max()) if len(held) else 0
    if held.filled.sum():
        yield Check(
            name=say("lawful"),
            verdict="weak" if unbased else "holds",
            text=say(
                "{count:count} customers' addresses are held without their consent and without a recent purchase."
                if unbased
                else "Every address that is held is a recent customer's, or of somebody who agreed to it.",
                count=unbased,
            ),
        )
    lost = fields[fields.lost > 0].sort_values(["lost", "place"], ascending=[False, True])
    if len(lost):
        yield Check(
            name=say("references"),
            verdict="weak",
            text=say(
                "{count:count} references lead nowhere, most of them in {field}; crm defects names the values.",
                count=int(lost.lost.sum()),
                field=words(f"{lost.table.iloc[0]}.{lost.column.iloc[0]}"),
            ),
        )


def _half_filled(there: pd.DataFrame) -> Iterator[Check]:
    low = there[there.completeness < FILLED].assign(users=there.questions.str.len())
    low = low.sort_values(["users", "completeness", "place"], ascending=[False, True, True])
    if not len(low):
        yield Check(
            name=say("complete"),
            verdict="holds",
            text=say(
                "Every field that a question uses is filled in {share:percent} of its rows or more.", share=FILLED
            ),
        )
        return
    worst = low.iloc[0]
    yield Check(
        name=say("complete"),
        verdict="weak",
        text=say(
            "{count:count} fields that questions use have gaps; the widest used is {field}, filled in {share:percent} "
            "of its rows and used by {users:count} questions.",
            count=len(low),
            field=words(f"{worst.table}.{worst.column}"),
            share=worst.completeness,
            users=worst.users,
        ),
    )


def _stale(there: pd.DataFrame) -> Iterator[Check]:
    old = there[there.freshness < 1].sort_values(["freshness", "place"])
    old = old[old.filled > 0]
    yield Check(
        name=say("fresh"),
        verdict="weak" if len(old) else "holds",
        text=say(
            "{table} ends on {newest:date}, long before the newest fact there is."
            if len(old) and pd.notna(old.newest_filled.iloc[0])
            else "{table} has no facts of its source beside it that are new."
            if len(old)
            else "Every table reaches as far as its own rhythm lets one expect.",
            table=words(f"{old.table.iloc[0]}.{old.column.iloc[0]}") if len(old) else "",
            newest=old.newest_filled.iloc[0] if len(old) else None,
        ),
    )


def words(name: str) -> str:
    """A field's or table's name as a person reads it."""
    if " + " in name:
        *several, last = map(words, name.split(" + "))
        return say("{several} and {last}", several=", ".join(several), last=last)
    table, _, column = name.partition(".")
    plain = table.replace("_", " ")
    return say("{column} of {table}", column=column.replace("_", " "), table=plain) if column else plain
