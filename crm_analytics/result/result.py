"""The words every stage speaks: a Study asks, a Result answers, a Check says why to believe or doubt it, and a Claim
is what time may prove wrong."""

from __future__ import annotations

import html
import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from crm_analytics.result.figures import as_html, as_text
from crm_analytics.result.small_groups import small_groups, without_small_groups
from crm_analytics.say import say, voice

if TYPE_CHECKING:
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
            lines += ["", as_text(self.table)]
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
            f'<li class="crm-{c.verdict}"><b>{_MARKS[c.verdict]} {html.escape(_begun(c.name))}</b> '
            f"{html.escape(c.text)}</li>"
            for c in self.checks
        )
        return (
            f'<div class="crm-result"><p class="crm-answer">{html.escape(self.text)}</p>'
            f'<ul class="crm-checks">{checks}</ul>{as_html(self.table)}</div>'
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

    def __post_init__(self) -> None:
        """What any Study asks of a knob that many have; a Study with more to ask asks this first."""
        if "confidence" in self.knobs() and not 0.5 <= self.confidence < 1:
            raise ValueError(f"confidence is a share from 0.5 to below 1, such as 0.95, not {self.confidence!r}.")

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


_MARKS = {"holds": "✓", "weak": "~", "fails": "✗"}


def _begun(name: str) -> str:
    """With a capital letter: a check's name opens a line."""
    return name[:1].upper() + name[1:]
