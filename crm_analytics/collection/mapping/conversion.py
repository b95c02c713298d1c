"""Conversion: the SQL that turns a source's text into a canonical value, and names what is wrong where it cannot."""

from __future__ import annotations

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.mapping.maps import ColumnSpec
from crm_analytics.warehouse.tables import DAY, FLAG, FLOAT, INT, MOMENT, TEXT, Column

YES = ("true", "t", "yes", "y", "1", "да", "д", "истина", "x", "+")
NO = ("false", "f", "no", "n", "0", "нет", "н", "ложь", "-")
_ISO = r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2}(\.\d+)?)?"
MONTHS = ("янв", "фев", "мар", "апр", "ма[йя]", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
"""How Russian names of months begin, in whichever case and however they are cut short."""
_ENGLISH = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December")  # fmt: skip
EARLIEST = "1900-01-01"
"""No fact of a company's marketing is older; such a date is a mistake of the source."""


def quoted(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def macros(spec: FileSpec, dialect: str, *, dated: bool) -> list[str]:
    """How this kind of file writes numbers and days: the `num`, `day` and `moment` of expressions, `plain` beneath.

    `dated`: its format knows days, so that one may come as 2025-06-30 whatever the map says of those that are text.
    """
    whole, short = _spoken("x", 9), _spoken("x", 3)
    spoken = f"CASE WHEN contains(f, '%B') THEN {whole} WHEN contains(f, '%b') THEN {short} ELSE x END"
    known = rf"CASE WHEN regexp_full_match(x, {quoted(_ISO)}) THEN TRY_CAST(x AS TIMESTAMP) END" if dated else "NULL"
    return [
        f"CREATE MACRO known{dialect}(x) AS CAST({known} AS TIMESTAMP)",
        f"CREATE MACRO plain{dialect}(x) AS {_plain(spec)}",
        f"CREATE MACRO num{dialect}(x) AS TRY_CAST(plain{dialect}(CAST(x AS VARCHAR)) AS DECIMAL(18,6))",
        f"CREATE MACRO moment{dialect}(x, f := '%Y-%m-%d %H:%M:%S') AS "
        f"coalesce(try_strptime({spoken}, f), known{dialect}(x))",
        f"CREATE MACRO day{dialect}(x, f := '%Y-%m-%d') AS "
        f"TRY_CAST(coalesce(try_strptime({spoken}, f), known{dialect}(x)) AS DATE)",
    ]


def _plain(spec: FileSpec) -> str:
    """A number's text with a decimal point. An undeclared mark makes it no number, never a thousandfold one."""
    point = "x" if spec.decimal == "." else "translate(x, ',.', '.x')"
    if not spec.thousands:
        return point
    marks = " \u00a0\u202f" if spec.thousands in (" ", "\u00a0") else spec.thousands
    within = f"[{marks}]"
    whole = rf"\s*[-+]?\d{{1,3}}({within}\d{{3}})+([{spec.decimal}]\d*)?\s*"
    bare = f"translate(x, {quoted(marks)}, '')"
    return (
        f"CASE WHEN NOT regexp_matches(x, {quoted(within)}) THEN {point} "
        f"WHEN regexp_full_match(x, {quoted(whole)}) THEN "
        + (bare if spec.decimal == "." else f"replace({bare}, ',', '.')")
        + " END"
    )


def converted(column: Column, spec: ColumnSpec, x: str, dialect: str) -> str:
    """The value of `x`, a source column's text or an expression's, as this canonical column; NULL if it is none."""
    if column.kind == TEXT:
        return f"nullif(trim(CAST({x} AS VARCHAR)), '')" if spec.expression else x
    text = f"CAST({x} AS VARCHAR)"
    if column.kind in (DAY, MOMENT):
        moment = _moment(spec, x, text, dialect)
        return f"CAST({moment} AS DATE)" if column.kind == DAY else moment
    if column.kind == FLAG:
        return f"CASE WHEN lower({text}) IN ({_list(YES)}) THEN true WHEN lower({text}) IN ({_list(NO)}) THEN false END"
    number = x if spec.expression else f"plain{dialect}({text})" if not spec.constant else text
    if column.kind == INT:
        return (
            f"CASE WHEN NOT contains(CAST({number} AS VARCHAR), '.') OR isfinite(TRY_CAST({number} AS DOUBLE)) "
            f"AND TRY_CAST({number} AS DOUBLE) % 1 = 0 THEN TRY_CAST({number} AS BIGINT) END"
        )
    if column.kind == FLOAT:
        number = f"TRY_CAST({number} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    return f"TRY_CAST({number} AS {column.sql_type})"


def _spoken(x: str, letters: int) -> str:
    """A day written in words, the month in English with so many letters: «31 декабря 2024 г.» is 31 December 2024."""
    x = rf"regexp_replace({x}, '(\d{{4}}) ?г(од|ода)?\.?(,|$| )', '\1 ', 'i')"
    for stem, english in zip(MONTHS, _ENGLISH, strict=True):
        x = rf"regexp_replace({x}, '(^|[^а-яё]){stem}[а-яё]*\.?', '\1{english[:letters]}', 'i')"
    return f"trim({x})"


def _moment(spec: ColumnSpec, x: str, text: str, dialect: str) -> str:
    if spec.formats:
        told = "".join(spec.formats)
        letters = 9 if "%B" in told else 3 if "%b" in told else 0
        said = _spoken(text, letters) if letters else text
        return f"coalesce(try_strptime({said}, [{_list(spec.formats)}]), known{dialect}({text}))"
    if spec.expression:
        return f"TRY_CAST({x} AS TIMESTAMP)"
    return f"CASE WHEN ascii({x}) BETWEEN 48 AND 57 THEN TRY_CAST({x} AS TIMESTAMP) END"


def faults(column: Column, value: str, given: str, now: str) -> list[tuple[str, str]]:
    """(condition, reason) for all that can be wrong with a value; `given`: the source said something."""
    wrong = {
        DAY: "not a date as the map describes it",
        MOMENT: "not a date as the map describes it",
        FLAG: "neither yes nor no",
        INT: "not a whole number",
    }.get(column.kind, "not a number")
    found = [] if column.kind == TEXT else [(f"{given} AND {value} IS NULL", wrong)]
    if column.required:
        found.append((f"{value} IS NULL", "empty, and must not be"))
    if column.values:
        found.append((f"{value} NOT IN ({_list(column.values)})", "not one of " + ", ".join(column.values)))
    if column.kind in (DAY, MOMENT):
        found.append((f"{value} < DATE '{EARLIEST}'", "a date before 1900"))
        if column.past:
            found.append((f"{value} > TIMESTAMP {quoted(now)}", "a date in the future"))
    return found


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(quoted(word) for word in words)
