"""What is wrong with the facts: every kind of mistake that was found, the money it touches, and how it is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from crm_analytics.collection.value.mending import mended
from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

SURE = ("possible", "likely", "certain")


@dataclass(frozen=True, kw_only=True, eq=False)
class DefectsResult(Result):
    """`table`: kind, table, column, rows, share (of the table's rows), money (at stake; empty where it cannot be
    said), sure (certain, likely, possible), meant (so frequent that it may be no mistake), examples (ids), fix (a line
    of a map, or a sentence). One row a kind and field, the most money first; then one for each kind that was looked
    for and not found, with `rows` 0.

    `values`: kind, table, column, source, value, instead, rows, money: single values at fault where they say something.
    `looked`: kind, table, column of everything that was looked for.
    """

    values: pd.DataFrame
    looked: pd.DataFrame

    @property
    def found(self) -> pd.DataFrame:
        """The rows of `table` of what was found."""
        return self.table[self.table.rows > 0]

    @property
    def money(self) -> float:
        """What all defects touch, those left out that may be meant; money touched by two is counted twice."""
        return float(self.found.money[~self.found.meant].sum())

    def of(self, kind: str) -> pd.DataFrame:
        """The single values of one kind. Raises ValueError when no such kind was found."""
        if kind not in set(self.values.kind):
            raise ValueError(f"No {kind!r} was found; there are {', '.join(self.found.kind.unique()) or 'none'}.")
        return self.values[self.values.kind == kind].drop(columns="kind").reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class Defects(Study):
    """Which mistakes stand in the facts, how much money do they touch, and how are they mended?

    `sure` is how sure a detector must be to be listened to: 'possible', 'likely' or 'certain'. What more than
    `meant_share` of a table's rows have in common may be the source's way of writing and is not summed up. `maps` says
    from which column of which file each field comes (`mending.source_columns`), so that fixes name it.
    """

    sure: str = "possible"
    meant_share: float = 0.2
    maps: Mapping = field(default_factory=dict)

    reads: ClassVar[str] = "defects"
    columns: ClassVar[tuple[str, ...]] = (
        "kind",
        "table",
        "column",
        "source",
        "value",
        "instead",
        "rows",
        "money",
        "first",
        "last",
        "looked_at",
        "sure",
        "fix",
    )
    of: ClassVar[str] = "fields"

    def __post_init__(self) -> None:
        if self.sure not in SURE:
            raise ValueError(f"sure is one of {', '.join(SURE)}, not {self.sure!r}; try possible.")
        if not 0 < self.meant_share <= 1:
            raise ValueError(f"meant_share is a share above 0, not {self.meant_share}; try 0.2.")

    def _answer(self, frame: pd.DataFrame) -> DefectsResult:
        frame = frame.sort_values(["kind", "table", "column", "source", "value", "instead", "rows"], ignore_index=True)
        frame = frame[frame.sure.map(SURE.index) >= SURE.index(self.sure)]
        looked, found = frame[frame.rows == 0], frame[frame.rows > 0]
        kinds = ["kind", "table", "column"]
        size = looked.groupby(["table", "column"]).looked_at.max()
        rows = [self._row(key, part, size.get(key[1:], 0)) for key, part in found.groupby(kinds, sort=True)]
        columns = [*kinds, "rows", "share", "money", "sure", "meant", "examples", "fix"]
        table = pd.DataFrame(rows, columns=columns).astype({"meant": bool, "money": float, "rows": int})
        table = table.sort_values(
            ["money", "rows", "kind", "table", "column"],
            ascending=[False, False, True, True, True],
            na_position="last",
            ignore_index=True,
        )
        values = found[found.value != ""].sort_values(
            ["money", "rows", "kind", "value"], ascending=[False, False, True, True], ignore_index=True
        )
        return DefectsResult(
            study=self,
            table=pd.concat([table, _not_found(looked, table)], ignore_index=True),
            text=_text(table, looked),
            checks=tuple(_checks(table, looked)),
            values=values[[*kinds, "source", "value", "instead", "rows", "money"]],
            looked=looked[kinds].drop_duplicates(ignore_index=True),
        )

    def _row(self, key: tuple[str, str, str], part: pd.DataFrame, size: int) -> dict:
        heaviest = part.sort_values(["money", "rows", "value"], ascending=[False, False, True])
        source = heaviest.source.iloc[0]
        mine = heaviest[heaviest.source == source]
        pairs = [
            (value, None if pd.isna(instead) else instead)
            for value, instead in zip(mine.value, mine.instead, strict=True)
        ]
        rows, share = int(part.rows.sum()), part.rows.sum() / size if size else float("nan")
        examples = dict.fromkeys([*heaviest["first"].dropna().head(2), *heaviest["last"].dropna().head(2)])
        return dict(zip(("kind", "table", "column"), key, strict=True)) | {
            "rows": rows,
            "share": share,
            "money": part.money.sum() if part.money.notna().any() else float("nan"),
            "sure": part.sure.iloc[0],
            "meant": bool(share > self.meant_share) and rows > 1,
            "examples": ", ".join(list(examples)[:3]),
            "fix": mended(key[0], part.fix.iloc[0], (source, *key[1:]), pairs, self.maps),
        }


def _not_found(looked: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """A row for each kind of which there is none; where one looks in a single field, it says in which."""
    none = (
        looked[~looked.kind.isin(found.kind)]
        .groupby("kind", as_index=False)
        .agg(table=("table", "first"), column=("column", "first"), fields=("column", "size"), sure=("sure", "first"))
    )
    several = none.fields > 1
    return none.assign(
        table=none.table.mask(several, ""),
        column=none["column"].mask(several, ""),
        rows=0,
        share=0.0,
        money=0.0,
        meant=False,
        examples="",
        fix="",
    )[found.columns]


def _text(table: pd.DataFrame, looked: pd.DataFrame) -> str:
    kinds = looked.kind.nunique()
    counted = table[~table.meant]
    if not len(counted):
        return say(
            "0 mistakes were found: {kinds:count} kinds of them were looked for in {fields:count} fields.",
            kinds=kinds,
            fields=len(looked[["table", "column"]].drop_duplicates()),
        )
    worst = counted.iloc[0]
    return say(
        "{rows:count} rows have mistakes ({found:count} of {kinds:count} kinds) that touch up to {money:money}; the "
        "dearest is {kind} in {column} of {table}: {most:count} rows, {worth:money}."
        if counted.money.sum() > 0
        else "{rows:count} rows have mistakes ({found:count} of {kinds:count} kinds); the most frequent is {kind} in "
        "{column} of {table}: {most:count} rows.",
        rows=int(counted.rows.sum()),
        found=counted.kind.nunique(),
        kinds=kinds,
        money=counted.money.sum(),
        kind=worst.kind,
        column=worst["column"].replace("_", " "),
        table=worst.table.replace("_", " "),
        most=int(worst.rows),
        worth=worst.money,
    )


def _checks(table: pd.DataFrame, looked: pd.DataFrame) -> Iterator[Check]:
    certain, unsure = table[(table.sure == "certain") & ~table.meant], table[(table.sure == "possible") & ~table.meant]
    yield Check(
        name=say("contradictions"),
        verdict="weak" if len(certain) else "holds",
        text=say(
            "{rows:count} rows contradict themselves or other facts, most of them {kind}; nobody need look to be sure."
            if len(certain)
            else "No row contradicts itself or other facts.",
            rows=int(certain.rows.sum()),
            kind=certain.sort_values(["rows", "kind"], ascending=[False, True]).kind.iloc[0] if len(certain) else "",
        ),
    )
    if len(unsure):
        yield Check(
            name=say("suspicions"),
            verdict="weak",
            text=say(
                "{rows:count} of the rows are only suspicious; look at the examples before mending anything.",
                rows=int(unsure.rows.sum()),
            ),
        )
    for row in table[table.meant].itertuples():
        yield Check(
            name=say("meant?"),
            verdict="weak",
            text=say(
                "{share:percent} of {table} have {kind}: so many that it may be the source's way; it is not summed up.",
                share=row.share,
                table=row.table.replace("_", " "),
                kind=row.kind,
            ),
        )
    yield Check(
        name=say("looked for"),
        verdict="holds",
        text=say(
            "{kinds:count} kinds of mistakes were looked for in {fields:count} fields; personal values were only "
            "counted, never read out.",
            kinds=looked.kind.nunique(),
            fields=len(looked[["table", "column"]].drop_duplicates()),
        ),
    )
