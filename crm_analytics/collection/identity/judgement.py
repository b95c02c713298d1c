"""What certain keys say for, and what contradictions say against, two records being one customer.

A household shares its address, family name, telephone and often its e-mail; a firm shares its numbers. So a pair is
never joined against its given names, dates of birth, genders, patronymics or tax numbers, and never by shared things
alone: something of the person's own must agree, and something beside the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("tax_number", "email", "phone")
"""The certain keys: the same tax number, or the same e-mail or telephone under a compatible name."""
MOST_OF_ONE_KEY = 30
"""A key value with more records than this is nobody's own, whatever the names say."""
GENERATION = 14
"""Of two of one name in one household so many years apart one is the parent; with fewer, a date was mistyped."""


def _jw(left: str, right: str, at_least: float) -> str:
    return f"jaro_winkler_similarity({left}, {right}) >= {at_least}"


_GIVEN_SAME = (
    "(l.root = r.root OR (l.own_name IS NULL OR r.own_name IS NULL) AND ("
    "jaro_winkler_similarity(l.given, r.given) >= 0.8 OR damerau_levenshtein(l.given, r.given) "
    "<= 2 AND least(length(l.given), length(r.given)) > 5 "
    "OR least(length(l.given), length(r.given)) > 2 AND "
    "(starts_with(l.given, r.given) OR starts_with(r.given, l.given))))"
)
"""Maria and Marina are alike and two names that people have; Maria and Mraia are one."""
_INITIAL = "(least(length(l.given), length(r.given)) = 1 AND left(l.given, 1) = left(r.given, 1))"
_FULL = "least(length(l.given), length(r.given)) > 1"
_SURNAME_SAME = f"(l.surname_sound = r.surname_sound OR {_jw('l.surname', 'r.surname', 0.85)})"
_SWAPPED = f"({_jw('l.given', 'r.surname', 0.85)} AND {_jw('r.given', 'l.surname', 0.85)})"
_HALF_SWAPPED = f"({_jw('l.given', 'r.surname', 0.9)} OR {_jw('r.given', 'l.surname', 0.9)})"
_DAY_AND_MONTH = (
    "left(l.birth_date, 4) = left(r.birth_date, 4) AND substr(l.birth_date, 6, 2) = substr(r.birth_date, 9, 2) AND "
    "substr(l.birth_date, 9, 2) = substr(r.birth_date, 6, 2)"
)
_BORN_SLIP = f"(damerau_levenshtein(l.birth_date, r.birth_date) <= 2 OR {_DAY_AND_MONTH})"
_YEARS = "abs(try_cast(l.birth_year AS INT) - try_cast(r.birth_year AS INT))"
_MIDDLE_OTHER = (
    "CASE WHEN least(length(l.middle), length(r.middle)) = 1 THEN left(l.middle, 1) <> left(r.middle, 1) "
    "ELSE damerau_levenshtein(l.middle, r.middle) > 2 AND jaro_winkler_similarity(l.middle, r.middle) < 0.9 END"
)
_NUMBER_SLIP = "damerau_levenshtein(l.tax_number, r.tax_number) <= 1"

_GIVEN_AGREES = f"({_FULL} AND ({_GIVEN_SAME} OR {_SWAPPED} OR {_HALF_SWAPPED}))"
_SAME_NUMBER = f"(l.tax_number = r.tax_number AND {_SURNAME_SAME})"
_AGREED = " + ".join(
    f"CASE WHEN {agrees} THEN 1 ELSE 0 END" for agrees in (_GIVEN_AGREES, _BORN_SLIP, _NUMBER_SLIP, _SAME_NUMBER)
)
_BORN_OTHER = (
    f"CASE WHEN l.birth_date IS NOT NULL AND r.birth_date IS NOT NULL THEN NOT {_BORN_SLIP} "
    f"ELSE {_YEARS} >= 2 AND damerau_levenshtein(l.birth_year, r.birth_year) > 1 END "
    f"AND NOT coalesce({_GIVEN_AGREES} AND {_YEARS} < {GENERATION}, false) OR {_YEARS} >= {GENERATION} "
    "AND NOT coalesce(right(l.birth_date, 5) = right(r.birth_date, 5), false)"
)
_AGAINST = (
    ("both stand in a source that has everybody once",
     "l.source = r.source AND l.source IN (SELECT source FROM clean)"),
    ("one is a company, the other a person", "l.kind <> r.kind"),
    ("different patronymics", f"least(length(l.middle), length(r.middle)) > 5 AND {_MIDDLE_OTHER}"),
    ("", f"{_AGREED} >= 2"),
    ("different tax numbers", f"NOT {_NUMBER_SLIP}"),
    ("different given names", f"{_FULL} AND NOT {_GIVEN_SAME} AND NOT {_SWAPPED} AND NOT {_HALF_SWAPPED}"),
    ("different initials", "least(length(l.given), length(r.given)) = 1 AND left(l.given, 1) <> left(r.given, 1) "
     "AND NOT coalesce(left(l.given, 1) = left(r.surname, 1) AND left(r.given, 1) = left(l.surname, 1), false)"),
    ("different dates of birth", _BORN_OTHER),
    ("different genders", "l.gender <> r.gender"),
    ("different patronymics", _MIDDLE_OTHER),
)  # fmt: skip
"""The reasons, the first of which counts. A person is known by given name, date of birth and personal number: where two
of the three agree, the third was mistyped (and so with one number and one family name); a twin, a parent or a namesake
agrees in one."""

_OWN = (
    f"{_GIVEN_AGREES} OR {_NUMBER_SLIP} OR {_BORN_SLIP} OR l.kind = 'company' AND {_SURNAME_SAME}"
)
_BESIDE = (
    "l.email = r.email OR damerau_levenshtein(l.email, r.email) <= 1 AND regexp_replace(l.email, '[^0-9]', '', 'g') = "
    "regexp_replace(r.email, '[^0-9]', '', 'g') OR l.phone = r.phone "
    "OR damerau_levenshtein(l.phone, r.phone) <= 1 "
    f"OR {_NUMBER_SLIP} OR {_BORN_SLIP} "
    f"OR (l.house = r.house OR l.postcode = r.postcode) AND {_jw('l.street', 'r.street', 0.8)}"
)

NOT_OWN, NOTHING_BESIDE = "only what a household or a firm shares agrees", "nothing beside the name agrees"


def judged(records: pd.DataFrame, pairs: pd.DataFrame, *, unique: tuple[str, ...] = ()) -> pd.DataFrame:
    """The pairs (a, b) with `against`: what contradicts that they are one, and `thin`: why the evidence for it is thin;
    both empty where nothing does. `unique` names the sources that have every customer once."""
    cases = " ".join(f"WHEN {condition} THEN '{why}'" for why, condition in _AGAINST)
    sql = (
        f"SELECT a, b, CASE {cases} ELSE '' END AS against, CASE WHEN NOT coalesce({_OWN}, false) THEN '{NOT_OWN}' "
        f"WHEN NOT coalesce({_BESIDE}, false) THEN '{NOTHING_BESIDE}' ELSE '' END AS thin "
        "FROM pairs JOIN records l ON a = l.customer_id JOIN records r ON b = r.customer_id ORDER BY a, b"
    )
    return _asked(sql, records=records, pairs=pairs[["a", "b"]], unique=unique)


def certain_pairs(records: pd.DataFrame, *, keys: tuple[str, ...] = KEYS) -> pd.DataFrame:
    """Pairs that share a key and bear compatible names: `a`, `b` (a < b), `key`; the strongest key of each."""
    named = f"({_GIVEN_SAME} AND {_SURNAME_SAME} OR {_SWAPPED} OR {_INITIAL} AND {_SURNAME_SAME})"
    firm = f"l.kind = 'company' AND r.kind = 'company' AND {_SURNAME_SAME}"
    reached = "l.kind = 'company' AND (l.phone = r.phone OR l.email = r.email)"  # or else a slip made one number of two
    either = f"({_GIVEN_SAME} OR {_SURNAME_SAME} OR {_SWAPPED} OR l.birth_date = r.birth_date OR {reached})"
    found = " UNION ALL ".join(
        f"SELECT l.customer_id AS a, r.customer_id AS b, '{key}' AS key, {rank} AS rank FROM records l JOIN records r "
        f"ON l.{key} = r.{key} AND l.customer_id < r.customer_id "
        f"WHERE ({either if key == 'tax_number' else f'{named} OR {firm}'}) "
        f"AND l.{key} IN (SELECT {key} FROM records GROUP BY {key} HAVING count(*) <= {MOST_OF_ONE_KEY})"
        for rank, key in enumerate(keys)
    )
    return _asked(f"SELECT a, b, arg_min(key, rank) AS key FROM ({found}) GROUP BY a, b ORDER BY a, b", records=records)


def _asked(sql: str, *, unique: tuple[str, ...] = (), **tables: pd.DataFrame) -> pd.DataFrame:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false; CREATE TABLE clean (source VARCHAR)")
        if unique:
            connection.executemany("INSERT INTO clean VALUES (?)", [(source,) for source in unique])
        for name, table in tables.items():
            connection.register(f"{name}_frame", table)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {name}_frame")
        return connection.execute(sql).df()
