"""Whether everything that came is accounted for: every line and every cent loaded, or refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

LOADED = "loaded"
CENT = 0.005
MOST_WARNINGS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class SourcesResult(Result):
    """`table`: source, file, fate ('loaded' or why not), lines, share (of the file's lines), money.

    `files`: source, file, lines_read, loaded, refused, newest, loaded_at; one row a file.
    """

    files: pd.DataFrame

    @property
    def read(self) -> int:
        return int(self.files.lines_read.sum())

    @property
    def refused(self) -> int:
        return int(self.files.refused.sum())

    @property
    def refused_share(self) -> float:
        """Of the lines that came, the share that was refused."""
        return self.refused / self.read if self.read else 0.0


@dataclass(frozen=True, kw_only=True)
class Sources(Study):
    """What came from the sources, what was refused, and does it add up?

    A file of which more than `noteworthy_share` was refused, and a source whose newest moment lay more than
    `fresh_days` before it was loaded, deserve a look before anything is concluded.
    """

    noteworthy_share: float = 0.02
    fresh_days: int = 31

    reads: ClassVar[str] = "loads"
    columns: ClassVar[tuple[str, ...]] = (
        "source",
        "file",
        "fate",
        "lines",
        "money",
        "lines_read",
        "money_read",
        "newest",
        "loaded_at",
    )
    of: ClassVar[str] = "source files"

    def __post_init__(self) -> None:
        if not 0 <= self.noteworthy_share <= 1:
            raise ValueError(f"noteworthy_share is a share between 0 and 1, not {self.noteworthy_share}; try 0.02.")
        if self.fresh_days < 1:
            raise ValueError(f"fresh_days is a number of days from 1, not {self.fresh_days}; try 31.")

    def _answer(self, frame: pd.DataFrame) -> SourcesResult:
        fates = frame.assign(late=frame.fate != LOADED).sort_values(
            ["source", "file", "late", "lines", "fate"], ascending=[True, True, True, False, True], ignore_index=True
        )
        files = _files(fates)
        lost, cents = _unaccounted(fates, files)
        read, refused = int(files.lines_read.sum()), int(files.refused.sum())
        text = say(
            _CAME[len(files) > 1, lost == 0 and cents < CENT],
            lines=read,
            files=len(files),
            refused=refused,
            loaded=int(files.loaded.sum()),
            share=refused / read if read else 0.0,
            lost=lost,
            cents=cents,
        )
        table = fates.assign(share=fates.lines / fates.lines_read.where(fates.lines_read > 0))
        return SourcesResult(
            study=self,
            table=table[["source", "file", "fate", "lines", "share", "money"]],
            text=text,
            files=files,
            checks=(
                _adds_up(lost, cents),
                *self._refusals(files, fates),
                *self._freshness(files),
                *(_audit(fates.warned.iloc[0]) if "warned" in fates else ()),
            ),
        )

    def _refusals(self, files: pd.DataFrame, fates: pd.DataFrame) -> Iterator[Check]:
        worst = files.assign(share=files.refused / files.lines_read.where(files.lines_read > 0)).nlargest(1, "share")
        file, share = worst.file.iloc[0], worst.share.iloc[0]
        if not share > self.noteworthy_share:
            yield Check(
                name=say("refused"),
                verdict="holds",
                text=say("No file lost more than {limit:percent} of its lines.", limit=self.noteworthy_share),
            )
            return
        why = fates[(fates.file == file) & (fates.source == worst.source.iloc[0]) & fates.late].fate.iloc[0]
        yield Check(
            name=say("refused"),
            verdict="weak",
            text=say(
                "{file} lost {share:percent} of its lines, most of them to: {why}.", file=file, share=share, why=why
            ),
        )

    def _freshness(self, files: pd.DataFrame) -> Iterator[Check]:
        """A source is as fresh as its newest file."""
        dated = files.dropna(subset=["newest"])
        if not len(dated):
            return
        sources = dated.groupby("source", as_index=False).agg(newest=("newest", "max"), loaded_at=("loaded_at", "max"))
        sources["age_days"] = (sources.loaded_at.dt.normalize() - sources.newest.dt.normalize()).dt.days
        oldest = sources.sort_values(["age_days", "source"], ascending=[False, True]).iloc[0]
        stale = oldest.age_days > self.fresh_days
        yield Check(
            name=say("fresh"),
            verdict="weak" if stale else "holds",
            text=say(
                "{source} reaches to {newest:date}, {age:count} days before it was loaded."
                if stale
                else "Every source reaches to within {age:count} days of its load.",
                source=oldest.source,
                newest=oldest.newest.date(),
                age=max(oldest.age_days, 0),
            ),
        )


_CAME = {
    (False, True): "{lines:count} lines came in one file: {loaded:count} were loaded and {refused:count} refused "
    "({share:percent}), and every line and every cent is accounted for.",
    (True, True): "{lines:count} lines came in {files:count} files: {loaded:count} were loaded and {refused:count} "
    "refused ({share:percent}), and every line and every cent is accounted for.",
    (False, False): "{lines:count} lines came in one file: {loaded:count} were loaded and {refused:count} refused "
    "({share:percent}), but {lost:count} lines and {cents:cents} are not accounted for.",
    (True, False): "{lines:count} lines came in {files:count} files: {loaded:count} were loaded and {refused:count} "
    "refused ({share:percent}), but {lost:count} lines and {cents:cents} are not accounted for.",
}


def _files(fates: pd.DataFrame) -> pd.DataFrame:
    loaded = fates.lines.where(~fates.late, 0)
    return (
        fates.assign(loaded=loaded, refused=fates.lines - loaded, money=fates.money.fillna(0))
        .groupby(["source", "file"], as_index=False)
        .agg(
            lines_read=("lines_read", "first"),
            loaded=("loaded", "sum"),
            refused=("refused", "sum"),
            money_read=("money_read", "first"),
            money=("money", "sum"),
            newest=("newest", "first"),
            loaded_at=("loaded_at", "first"),
        )
    )


def _unaccounted(fates: pd.DataFrame, files: pd.DataFrame) -> tuple[int, float]:
    """Lines and money neither loaded nor refused: the sizes of the gaps, so that two cannot hide each other."""
    lines = (files.lines_read - files.loaded - files.refused).abs().sum()
    money = (files.money_read.fillna(files.money) - files.money).abs()
    return int(lines), float(money.where(money >= CENT, 0).sum())


def _audit(warned: str) -> Iterator[Check]:
    """What the load was warned of when it was held against what is expected."""
    sentences = [one for one in warned.splitlines() if one]
    if not sentences:
        yield Check(name=say("audit"), verdict="holds", text=say("The audit of this release warned of nothing."))
    for sentence in sentences[:MOST_WARNINGS]:
        yield Check(name=say("audit"), verdict="weak", text=sentence)
    if len(sentences) > MOST_WARNINGS:
        more = say("The audit warned of {more:count} things more.", more=len(sentences) - MOST_WARNINGS)
        yield Check(name=say("audit"), verdict="weak", text=more)


def _adds_up(lost: int, cents: float) -> Check:
    if lost == 0 and cents < CENT:
        return Check(
            name=say("adds up"),
            verdict="holds",
            text=say("In every file, what was read is what was loaded and what was refused, in lines and in money."),
        )
    return Check(
        name=say("adds up"),
        verdict="fails",
        text=say(
            "{lost:count} lines and {cents:cents} were read and are neither loaded nor refused; load the files again.",
            lost=lost,
            cents=cents,
        ),
    )
