"""The guarded door to personal columns: what may be known of their values without anybody seeing one.

A mark says that a value is there, that it cannot be true, or which customers share it. From marks no name, phone,
address or number can be put together again, so features may read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

CYRILLIC_TWINS = "АВЕКМНОРСТУХаеорсухіѕј"
LATIN_TWINS = "ABEKMHOPCTYXaeopcyxisj"
"""Letters of two alphabets that look the same, place by place."""

MADE_UP = (
    "test|testing|tester|demo|dummy|fake|asdf|asdfg|asdfgh|qwerty|qwe|qaz|foo|foobar|тест|тестовый|тестовая|"
    "тестов|проба|демо|йцукен|йцу|фыва|фывап|ыва"
)
"""Words that people type who only try whether the form works."""

SAME_PERSON_FIELDS = ("email", "phone", "tax_number")
"""Fields that belong to one customer only; a shared name or address proves nothing."""


def marks(contacts: ir.Table) -> ir.Table:
    """One row per customer × personal field that is filled: `customer_id`, `source`, `field`, and

    `shared_by` (customers with the same value, this one included), `same_as` (the first of them, by id; both null for
    names and addresses), `possible` (whether it can be a telephone, an e-mail address; null where nothing can be said),
    `tax_digits` and `tax_check` (digits of a tax number of ten or twelve, and whether the last ones check the others),
    `two_alphabets` (a word mixes them), `made_up` (somebody only tried the form).
    """
    import ibis

    fields = [name for name in contacts.columns if name not in ("customer_id", "source")]
    parts = [_marks_of(contacts, name) for name in fields]
    return ibis.union(*parts)


def _marks_of(contacts: ir.Table, field: str) -> ir.Table:
    import ibis

    rows = contacts.filter(contacts[field].notnull()).mutate(text=contacts[field].strip())
    possible = _possible(field, rows.text)
    same = _normal(field, rows.text) if field in SAME_PERSON_FIELDS else ibis.null("string")
    rows = rows.mutate(possible=possible, same=possible.fill_null(True).ifelse(same, ibis.null()))
    ten_or_twelve = rows.text.re_search(r"^\d{10}$|^\d{12}$")
    shared = rows.same.notnull()
    alike = ibis.window(group_by=rows.same)
    return rows.select(
        "customer_id",
        "source",
        field=ibis.literal(field),
        shared_by=shared.ifelse(rows.customer_id.nunique().over(alike), ibis.null()).cast("int64"),
        same_as=shared.ifelse(rows.customer_id.min().over(alike), ibis.null()),
        possible=rows.possible,
        tax_digits=(rows.text.length() if field == "tax_number" else ibis.null("int64")).cast("int64"),
        tax_check=ten_or_twelve.ifelse(tax_number_checks(rows.text), ibis.null("boolean"))
        if field == "tax_number"
        else ibis.null("boolean"),
        two_alphabets=two_alphabets(rows.text),
        made_up=made_up(rows.text.split("@")[0] if field == "email" else rows.text),
    )


def _normal(field: str, text: ir.StringValue) -> ir.StringValue:
    """The value as two clerks would write it alike; null where too little is left to compare."""
    import ibis

    if field == "email":
        return text.lower().nullif("")
    digits = text.re_replace(r"\D", "").re_replace(r"^00", "")
    if field == "phone":  # 8 is how calls within Russia begin, 7 how the same number is written abroad
        digits = (digits.re_search(r"^8\d{10}$")).ifelse(ibis.literal("7") + digits.substr(1), digits)
        return (digits.length() >= 7).ifelse(digits, ibis.null())
    plain = text.upper().re_replace(r"[^\p{L}\p{N}]", "")
    return (plain.length() >= 6).ifelse(plain, ibis.null())


def _possible(field: str, text: ir.StringValue) -> ir.BooleanValue:
    """Whether it can be a telephone or an e-mail address; null for what can be anything."""
    import ibis

    if field == "phone":
        digits = text.re_replace(r"\D", "")
        return digits.length().between(7, 15) & ~text.re_search(r"\p{L}") & ~_one_digit(digits)
    return text.re_search(r"^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$") if field == "email" else ibis.null("boolean")


def _one_digit(digits: ir.StringValue) -> ir.BooleanValue:
    """All digits the same: nobody's number. (The engine's patterns cannot refer back to what they found.)"""
    return digits.re_search("|".join(f"^{d}+$" for d in range(10)))


def tax_number_checks(text: ir.StringValue) -> ir.BooleanValue:
    """Whether the check digits of a Russian tax number (INN) of ten or twelve digits are right.

    Source: order of the Federal Tax Service ММВ-7-6/435, annex: weighted sums modulo 11, then modulo 10.
    """

    def check(weights: tuple[int, ...]) -> ir.IntegerValue:
        return sum(text.substr(place, 1).try_cast("int64") * weight for place, weight in enumerate(weights)) % 11 % 10

    def last(place: int) -> ir.IntegerValue:
        return text.substr(place, 1).try_cast("int64")

    company = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    person = (7, *company), (3, 7, *company)
    return (text.length() == 10).ifelse(
        check(company) == last(9), (check(person[0]) == last(10)) & (check(person[1]) == last(11))
    )


def two_alphabets(text: ir.StringValue) -> ir.BooleanValue:
    """Whether a word mixes Latin and Cyrillic letters that look alike, so that nobody sees it and no search finds it.

    A word that means to mix them («SMSка») has letters that no twin could replace.
    """
    words = text.re_split(r"[^\p{Latin}\p{Cyrillic}]+")
    wrong = words.filter(
        lambda word: (
            (word.re_search(r"\p{Latin}") & word.re_search(r"\p{Cyrillic}"))
            & ~(
                word.translate(CYRILLIC_TWINS, LATIN_TWINS).re_search(r"\p{Cyrillic}")
                & word.translate(LATIN_TWINS, CYRILLIC_TWINS).re_search(r"\p{Latin}")
            )
        )
    )
    mixed = text.re_search(r"\p{Latin}") & text.re_search(r"\p{Cyrillic}")  # what nearly every value is not is cheap
    return mixed.ifelse(wrong.length() > 0, False)


def made_up(text: ir.StringValue) -> ir.BooleanValue:
    """Whether the value says that somebody only tried whether the form works."""
    return text.lower().re_search(rf"(^|[^\p{{L}}])({MADE_UP})([^\p{{L}}]|$)")
