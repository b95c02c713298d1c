"""The words every stage speaks: a Study asks, a Result answers, a Check says why to believe or doubt it, and a Claim
is what time may prove wrong."""

from __future__ import annotations

import html
import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from crm_analytics.say import decimal, say, voice

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import pandas as pd

MIME = "application/vnd.crm-analytics.result+json"
"""The MIME type under which a Result leaves its sentence in a notebook, for the index page to find."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One reason to believe or doubt a Result: it `holds`, is `weak` or `fails`, and says so in a sentence."""

    name: str
    verdict: Literal["holds", "weak", "fails"]
    text: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a Result says that somebody may act on, and that time may prove wrong.

    `measure` of `subject` is `value`, between `low` and `high` with `confidence`, over the days from `first` to `last`
    (both included). `scope` says which part of the company it is about, as pairs such as ("region", "Riga"), and is
    never a customer.
    `evidence`: *tested* by chance's own arms, *compared* with others that lived through the same days or by several
    methods, *modelled* from one history, *assumed* or merely linked. After `expires` it is not to be relied upon.
    `decision` is what to do now, `reversed_by` what would have to turn up for the opposite.
    """

    subject: str
    measure: str
    value: float
    low: float
    high: float
    confidence: float = 0.95
    evidence: Literal["tested", "compared", "modelled", "assumed"]
    first: date
    last: date
    expires: date
    scope: tuple[tuple[str, str], ...] = ()
    decision: str = ""
    reversed_by: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """An answer that does not change: one `table`, one sentence `text` (number and interval first), its `checks`.

    A Result can be asked further (`.predict(…)`, `.by(…)`, `.against(…)`) and always answers with a new value.
    """

    study: Study
    table: pd.DataFrame
    text: str
    checks: tuple[Check, ...] = ()

    def __init_subclass__(cls) -> None:
        cls.__repr__ = Result.__repr__  # or else @dataclass would give each kind of Result one that dumps its fields

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it says that can be acted upon and be proved wrong; kept with it (`wh.keep`) and held to account."""
        return ()

    def shown(self) -> Result:
        """The Result as a page that goes out may show it: without groups of fewer people than the company allows.

        In a session at one's own desk it is the Result itself; the runner of pages sets CRM_STILL.
        """
        fewest = voice().fewest_people if os.environ.get("CRM_STILL") else 0
        return without_small_groups(self, fewest) if fewest > 1 else self

    def pictured(self) -> Result:
        """The Result as a picture on a page may show it: without the rows that `shown` withholds."""
        fewest = voice().fewest_people if os.environ.get("CRM_STILL") else 0
        small = small_groups(self, fewest)
        if not small.any():
            return self
        if small.all():
            return self.study.refuse(say("Every group has fewer than {fewest:count} people.", fewest=fewest))
        return replace(self, table=self.table[~small].reset_index(drop=True))

    def __str__(self) -> str:
        lines = [self.text, *(f"  {_MARKS[c.verdict]} {c.name}: {c.text}" for c in self.checks)]
        if len(self.table):
            lines += ["", _head(self.table).to_string(index=False)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, Any]:
        return self.shown()._bundle()

    def _bundle(self) -> dict[str, Any]:
        checks = [{"name": c.name, "verdict": c.verdict, "text": c.text} for c in self.checks]
        return {
            "text/plain": str(self),
            "text/html": self._html(),
            MIME: {"study": self.study.name(), "text": self.text, "checks": checks, "enough": enough(self)},
        }

    def _html(self) -> str:
        checks = "".join(
            f'<li class="crm-{c.verdict}"><b>{_MARKS[c.verdict]} {html.escape(c.name)}</b> {html.escape(c.text)}</li>'
            for c in self.checks
        )
        head = _head(self.table)
        table = head.to_html(index=False, border=0, classes="crm-table", formatters=_figures(head)) if len(head) else ""
        more = len(self.table) - len(_head(self.table))
        told = say("and {rows:count} more {rows:row|rows}", rows=more)
        rest = f"<p class='crm-more'>{html.escape(told)}</p>" if more else ""
        return (
            f'<div class="crm-result"><p class="crm-answer">{html.escape(self.text)}</p>'
            f'<ul class="crm-checks">{checks}</ul>{table}{rest}</div>'
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class NotEnough(Result):
    """The answer where an honest one cannot be given: not enough evidence, and how much more would be enough.

    Asked for anything that only an answer has, it raises NoAnswer with its sentence.
    """

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name) if name.startswith("_") else NoAnswer(self.text)


class NoAnswer(AttributeError):
    """Something was built on an answer that was not given; the message says why it was not."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook the sentence stands alone."""
        return [str(self)]


def enough(result: Result) -> bool:
    """Whether the Result answers the question, or says that the evidence does not carry an answer."""
    return not isinstance(result, NotEnough)


@dataclass(frozen=True, kw_only=True)
class Study(ABC):
    """A question with its knobs. `.fit(table)` answers it.

    A subclass names the feature whose table it reads, the columns it looks at and the rows below which it will
    not speak, and answers in `_answer`. It gets a frame of its own, sorted as it came, and must not touch a database.
    """

    reads: ClassVar[str]
    people: ClassVar[tuple[str, ...]] = ()
    """Columns of its Result's table that count people, beside those whose name says so."""
    columns: ClassVar[tuple[str, ...]] = ()
    least: ClassVar[int] = 1
    of: ClassVar[str] = "rows"

    @classmethod
    def name(cls) -> str:
        """The Study's name where commands and files need one: `CustomerValue` is `customer_value`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()

    @classmethod
    def knobs(cls) -> tuple[str, ...]:
        """The names of what can be turned."""
        return tuple(f.name for f in fields(cls))

    def fit(self, table: Any) -> Result:
        """Answer the question from a table (Ibis or pandas). Raises ValueError naming the columns that are missing."""
        frame = frame_of(table)
        self.demand(frame.columns)
        return self._answer(frame) if len(frame) >= self.least else self.too_few(len(frame))

    def demand(self, columns: Any) -> None:
        """Raise ValueError naming the columns that are missing among these."""
        missing = [c for c in self.columns if c not in columns]
        if missing:
            raise ValueError(
                f"{type(self).__name__} needs the columns {', '.join(missing)}; "
                f"features.{self.reads}(wh, …) makes a table that has them."
            )

    def too_few(self, have: int) -> NotEnough:
        """The refusal of a table with fewer rows than the Study speaks of."""
        return self.refuse(
            say(
                "Not enough evidence: there are no {of} to look at."
                if self.least == 1
                else "Not enough evidence: this question needs at least {least:count} {of} and has {have:count}.",
                have=have,
                of=self.of,
                least=self.least,
            )
        )

    def refuse(self, text: str, *checks: Check) -> NotEnough:
        """The honest way out: a Result that says why there is no answer, and what would be enough for one."""
        import pandas as pd

        return NotEnough(study=self, table=pd.DataFrame(), text=text, checks=checks)

    @abstractmethod
    def _answer(self, frame: pd.DataFrame) -> Result: ...


def frame_of(table: Any) -> pd.DataFrame:
    """The table as a pandas frame of one's own: Ibis tables are executed, frames are copied (lazily)."""
    return table.to_pandas() if hasattr(table, "to_pandas") else table.copy()


PEOPLE = frozenset({
    "customers", "people", "persons", "buyers", "respondents", "responders", "members", "treated", "control",
    "addressed", "visitors", "employees", "companies", "answers",
})  # fmt: skip
"""Columns of these names count people wherever they stand; a Study names others in `people`."""
_OF_PEOPLE = r"(?= (?:customer|people|person|buyer|respondent|member|client|клиент|покупател|человек|респондент))"


def counts_of_people(result: Result) -> list[str]:
    """The columns of a Result's table that count people."""
    named = PEOPLE | set(type(result.study).people)
    return [column for column in result.table.select_dtypes("number") if column in named]


def without_small_groups(result: Result, fewest: int) -> Result:
    """The Result without what it says of fewer than `fewest` people: counts become words, their figures are withheld.

    Where one group alone would be withheld, the next smallest is, too: a total less all the others would reveal it.
    """
    fewer = say("fewer than {fewest:count}", fewest=fewest)

    def worded(text: str) -> str:
        return re.sub(rf"(?<![\d.,])([1-9]\d*){_OF_PEOPLE}", lambda n: fewer if int(n[1]) < fewest else n[0], text)

    checks = tuple(replace(check, text=worded(check.text)) for check in result.checks)
    table = result.table
    small = small_groups(result, fewest)
    if small.any():
        numbers = list(table.select_dtypes("number").columns)
        table = table.astype(dict.fromkeys(numbers, object))
        table.loc[small, numbers] = "–"
        table.loc[small, counts_of_people(result)] = fewer
    return replace(result, table=table, text=worded(result.text), checks=checks)


def small_groups(result: Result, fewest: int) -> Any:
    """A flag for each row of the table: whether it is withheld."""
    import numpy as np

    small = np.zeros(len(result.table), dtype=bool)
    for column in counts_of_people(result):
        count = result.table[column].to_numpy(dtype=float, na_value=np.nan)
        few = (count > 0) & (count < fewest)
        others = np.flatnonzero((count > 0) & ~few)
        if few.sum() == 1 and len(others):
            few[others[np.argmin(count[others])]] = True
        small |= few
    return small


_MARKS = {"holds": "✓", "weak": "~", "fails": "✗"}


def _head(table: pd.DataFrame, rows: int = 10) -> pd.DataFrame:
    """The first rows with numbers rounded for reading: shares to four digits, anything larger to two."""
    head = table.head(rows).copy()
    for column in head.select_dtypes("float").columns:
        small = head[column].abs().max() <= 1
        head[column] = head[column].round(4 if small else 2)
    return head


def _figures(head: pd.DataFrame) -> dict[str, Callable[[Any], str]]:
    """How the numbers of each column are printed: thousands apart, and all with as many digits as the column needs."""

    def printed(column: str) -> Callable[[float], str]:
        known = head[column].dropna()
        digits = 0 if (known == known.round()).all() else 4 if known.abs().max() <= 1 else 2
        return lambda value: "–" if value != value else decimal(value, digits)

    def together(day: object) -> str:
        return "–" if day != day else str(day)[:10].replace("-", "\N{NON-BREAKING HYPHEN}")

    days = {
        column: together
        for column in head.select_dtypes("datetime")
        if (head[column].dt.normalize() == head[column]).all()
    }
    large = [column for column in head.select_dtypes("integer") if head[column].abs().max() >= 10_000]  # not a year
    return days | {column: printed(column) for column in (*head.select_dtypes("float"), *large)}
