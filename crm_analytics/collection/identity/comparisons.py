"""How two records are compared, field by field: from «the same» down to «other», each degree with its usual chance.

A degree's `m` is how often two records *of one person* show it, in the experience of people who type names and dates;
what the company's own records teach (see `linkage`) takes its place as evidence grows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Degree:
    """How much alike two values are: a word for it, the DuckDB condition, its usual share among true pairs."""

    word: str
    condition: str
    m: float
    rare: str = ""
    """The column whose frequent values say less than its rare ones."""


@dataclass(frozen=True)
class Comparison:
    """One field of the evidence: the columns it reads, when nothing can be said, and its degrees, the best first."""

    field: str
    unknown: str
    degrees: tuple[Degree, ...]
    needs: tuple[str, ...]
    """It is made where at least one of these columns is known."""


def _either_empty(column: str) -> str:
    return f'"{column}_l" IS NULL OR "{column}_r" IS NULL'


def _alike(column: str, at_least: float) -> str:
    return f'jaro_winkler_similarity("{column}_l", "{column}_r") >= {at_least}'


def _slips(column: str, at_most: int) -> str:
    return f'damerau_levenshtein("{column}_l", "{column}_r") <= {at_most}'


_SWAPPED = (
    '(jaro_winkler_similarity("given_l", "surname_r") >= 0.92 OR '
    'jaro_winkler_similarity("given_r", "surname_l") >= 0.92)'
    ' AND length("given_l") > 1 AND length("given_r") > 1'
)
_DAY_AND_MONTH = (
    'substr("birth_date_l", 1, 4) = substr("birth_date_r", 1, 4) AND substr("birth_date_l", 6, 2) = '
    'substr("birth_date_r", 9, 2) AND substr("birth_date_l", 9, 2) = substr("birth_date_r", 6, 2)'
)
_DIGITS = (
    """regexp_replace("email_l", '[^0-9]', '', 'g') = regexp_replace("email_r", '[^0-9]', '', 'g')"""
)
"""ivan.petrov12 and ivan.petrov13 are two people; ivan.perov12 is a slip."""
_HOUSE = '"house_l" IS NOT DISTINCT FROM "house_r"'
_FLAT = 'coalesce("flat_l" = "flat_r", true)'

COMPARISONS = (
    Comparison("given name", _either_empty("given"), (
        Degree("same", '"root_l" = "root_r"', 0.86, rare="root"),
        Degree("alike", 'length("given_l") > 1 AND length("given_r") > 1 AND (' + _alike("given", 0.88)
               + " OR " + _slips("given", 1) + ")", 0.07),
        Degree("initial", '(length("given_l") = 1 OR length("given_r") = 1) AND '
               'substr("given_l", 1, 1) = substr("given_r", 1, 1)', 0.02),
        Degree("in the other's place", _SWAPPED, 0.02),
        Degree("other", "ELSE", 0.03),
    ), ("given",)),
    Comparison("family name", _either_empty("surname"), (
        Degree("same", '"surname_sound_l" = "surname_sound_r"', 0.87, rare="surname_sound"),
        Degree("alike", _alike("surname", 0.88) + " OR " + _slips("surname", 1), 0.07),
        Degree("in the other's place", _SWAPPED, 0.02),
        Degree("other", "ELSE", 0.04),
    ), ("surname",)),
    Comparison("middle name", _either_empty("middle"), (
        Degree("same", '"middle_l" = "middle_r" OR (least(length("middle_l"), length("middle_r")) = 1 AND '
               'substr("middle_l", 1, 1) = substr("middle_r", 1, 1)) OR ' + _slips("middle", 2), 0.95),
        Degree("other", "ELSE", 0.05),
    ), ("middle",)),
    Comparison("birth", _either_empty("birth_year"), (
        Degree("same", '"birth_date_l" = "birth_date_r"', 0.88),
        Degree("one slip", _slips("birth_date", 1) + " OR (" + _DAY_AND_MONTH + ")", 0.05),
        Degree("same year", '("birth_date_l" IS NULL OR "birth_date_r" IS NULL) AND "birth_year_l" = "birth_year_r"',
               0.9),
        Degree("two slips", _slips("birth_date", 2), 0.03),
        Degree("other", "ELSE", 0.04),
    ), ("birth_date", "birth_year")),
    Comparison("e-mail", _either_empty("email"), (
        Degree("same", '"email_l" = "email_r"', 0.65, rare="email"),
        Degree("one slip", f"{_slips('email', 1)} AND {_DIGITS}", 0.06),
        Degree("same box elsewhere", 'split_part("email_l", \'@\', 1) = split_part("email_r", \'@\', 1)', 0.04),
        Degree("other", "ELSE", 0.25),
    ), ("email",)),
    Comparison("telephone", _either_empty("phone"), (
        Degree("same", '"phone_l" = "phone_r"', 0.65, rare="phone"),
        Degree("one slip", _slips("phone", 1), 0.08),
        Degree("other", "ELSE", 0.27),
    ), ("phone",)),
    Comparison("tax number", _either_empty("tax_number"), (
        Degree("same", '"tax_number_l" = "tax_number_r"', 0.90),
        Degree("one slip", _slips("tax_number", 1), 0.06),
        Degree("other", "ELSE", 0.04),
    ), ("tax_number",)),
    Comparison("address", _either_empty("street"), (
        Degree("same", '"home_l" = "home_r"', 0.60, rare="home"),
        Degree("alike", f"({_alike('street', 0.85)}) AND {_HOUSE} AND {_FLAT}", 0.14),
        Degree("same street", _alike("street", 0.9), 0.08),
        Degree("other", "ELSE", 0.18),
    ), ("street",)),
    Comparison("town", f"({_either_empty('postcode')}) AND ({_either_empty('city')})", (
        Degree("same post code", '"postcode_l" = "postcode_r"', 0.80, rare="postcode"),
        Degree("same town", '"city_l" = "city_r"', 0.72, rare="city"),
        Degree("alike", f"{_slips('postcode', 1)} OR {_alike('city', 0.9)}", 0.06),
        Degree("other", "ELSE", 0.12),
    ), ("postcode", "city")),
    Comparison("gender", _either_empty("gender"), (
        Degree("same", '"gender_l" = "gender_r"', 0.98),
        Degree("other", "ELSE", 0.02),
    ), ("gender",)),
)  # fmt: skip
