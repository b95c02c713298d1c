"""Tables as people read them: as many digits as a column needs, days in one piece, yes and no, no row numbers."""

from __future__ import annotations

import html
from datetime import date
from numbers import Real
from typing import TYPE_CHECKING, Any

from crm_analytics.say import decimal, say

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

HEAD = 10
"""So many rows of a Result's table are shown."""
WHOLE = 60
"""A plain table of so many rows is shown whole; of a longer one only the beginning."""


def as_html(table: pd.DataFrame, rows: int = HEAD) -> str:
    """The first rows as markup for a page, and in words how many more there are; nothing for an empty table."""
    if table.empty:
        return ""
    head, more = table.head(rows), len(table) - rows
    told = say("and {rows:count} more {rows:row|rows}", rows=more)
    rest = f"<p class='crm-more'>{html.escape(told)}</p>" if more > 0 else ""
    return head.to_html(index=False, border=0, classes="crm-table", na_rep="–", formatters=_printers(head)) + rest


def as_text(table: pd.DataFrame) -> str:
    """The first rows as text for a terminal."""
    head = table.head(HEAD).copy()
    for column in head.select_dtypes("float").columns:
        head[column] = head[column].round(4 if head[column].abs().max() <= 1 else 2)
    return head.to_string(index=False)


def plain(table: Any) -> str | None:
    """A frame or series that a notebook shows beside its Results, likewise; its index is a column if it says anything.

    None where the columns have several floors: that is left to pandas.
    """
    frame = table.to_frame() if table.ndim == 1 else table
    if frame.columns.nlevels > 1:
        return None
    frame = frame.rename_axis(columns=None)
    numbered = frame.index.nlevels == 1 and frame.index.name is None and frame.index.dtype.kind in "iu"
    if not numbered:
        names = ["" if name is None else name for name in frame.index.names]
        frame = frame.reset_index(names=names, allow_duplicates=True)
    return as_html(frame.set_axis(frame.columns.astype(str), axis=1), len(frame) if len(frame) <= WHOLE else HEAD)


def shown_by(shell: Any) -> None:
    """Have an IPython shell show frames and series as `plain` does, and words as words; a page's kernel begins so."""
    import pandas as pd

    shown = shell.display_formatter.formatters
    for kind in (pd.DataFrame, pd.Series):
        shown["text/html"].for_type(kind, plain)
    shown["text/plain"].for_type(str, lambda words, printer, _cycle: printer.text(words))


def _printers(head: pd.DataFrame) -> list[Callable[[Any], str]]:
    """How the values of each column are printed."""
    return [_printer(str(name), head.iloc[:, place]) for place, name in enumerate(head.columns)]


def _printer(name: str, column: pd.Series) -> Callable[[Any], str]:
    import pandas as pd

    known = column.dropna()
    if column.dtype.kind == "M":
        return _day if (known.dt.normalize() == known).all() else _word
    numbers = pd.to_numeric(known[[isinstance(value, Real) for value in known]])
    if column.dtype.kind in "iu" and (numbers.abs() < 10_000).all():  # perhaps a year
        return _word
    chance = name == "p" or name.startswith("p_")
    digits = 3 if chance else _digits(numbers)

    def printed(value: Any) -> str:
        return _number(value, digits, chance=chance) if isinstance(value, Real) else _word(value)

    return printed if len(numbers) and column.dtype.kind != "b" else _word


def _digits(known: pd.Series) -> int:
    """How many digits after the point a column needs: none for thousands, three for shares, four for tiny ones."""
    largest = known.abs().max() if len(known) else 0
    if (known == known.round()).all() or largest >= 1000:
        return 0
    return 2 if largest > 1 else 3 if largest >= 0.1 else 4


def _number(value: float, digits: int, *, chance: bool) -> str:
    if value != value or isinstance(value, bool):
        return _word(value)
    return "< " + decimal(0.001, 3) if chance and 0 <= value < 0.001 else decimal(value, digits)


def _word(value: Any) -> str:
    if value is None or value != value:
        return "–"
    if type(value) is date:
        return _day(value)
    return {"True": say("yes"), "False": say("no")}.get(str(value), str(value))


def _day(value: Any) -> str:
    return "–" if value != value else str(value)[:10].replace("-", "\N{NON-BREAKING HYPHEN}")
