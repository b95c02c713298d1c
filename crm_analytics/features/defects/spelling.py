"""One thing under two spellings: letters of two alphabets, capitals and spaces, typing errors, other scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.defects.detector import Found, detector, grouped
from crm_analytics.features.rows import nothing, with_money
from crm_analytics.warehouse.marks import CYRILLIC_TWINS, LATIN_TWINS, two_alphabets
from crm_analytics.warehouse.tables import TABLES, TEXT, Column, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

MOST_WORDS = 2000
"""A column with more different values holds names or remarks, not the words of a list."""

WORDS = ("table", "column", "source", "value", "instead", "rows", "money", "first", "last")

RARE = 20
"""A spelling is a typing error of another where that one is so many times as frequent."""

FREE_TEXT = frozenset({"survey_answers.answer", "survey_answers.question"})
TRANSLITERATED = (
    "щ shch|ж zh|ч ch|ш sh|ю yu|я ya|х kh|ц ts|ё e|э e|й y|ы y|а a|б b|в v|г g|д d|е e|з z|и i|к k|л l|м m|н n|о o|п p|"
    "р r|с s|т t|у u|ф f|ъ |ь "
)


@ibis.udf.scalar.builtin
def damerau_levenshtein(a: str, b: str) -> int:
    """How many letters must be put in, left out, replaced or swapped with their neighbour."""


@detector("letters of two alphabets in one word", sure="certain", fix="replace")
def mixed_letters(wh: Warehouse) -> Found:
    """A word with Latin and Cyrillic twins: it looks right, and no search, lookup or sum finds it."""
    for places, words in _words(wh, _is_written):
        latin, cyrillic = (words.value.translate(*pair) for pair in _TWINS)
        repaired = ibis.cases(
            (~cyrillic.re_search(r"\p{Latin}"), cyrillic), (~latin.re_search(r"\p{Cyrillic}"), latin), else_=None
        )
        yield places, words.filter(two_alphabets(words.value)).mutate(instead=repaired)


_TWINS = ((CYRILLIC_TWINS, LATIN_TWINS), (LATIN_TWINS, CYRILLIC_TWINS))


@detector("the same word spelt differently", sure="likely", fix="replace")
def look_alikes(wh: Warehouse) -> Found:
    """Values that differ only in capitals, spaces, punctuation, ё, or in letters of the other alphabet."""
    for places, words in _words(wh, _is_listed):
        spellings = words.filter(~two_alphabets(words.value)).mutate(alike=skeleton(words.value))
        yield places, _other_than_usual(spellings.filter(spellings.alike.length() > 0))


@detector("the same word in another script", sure="possible", fix="replace")
def transliterated(wh: Warehouse) -> Found:
    """Values that are one another in Latin letters: Москва and Moskva."""
    for places, words in _words(wh, _is_listed):
        spellings = words.mutate(alike=_in_latin(words.value), script=words.value.re_search(r"\p{Cyrillic}"))
        both = spellings.group_by("table", "column", "alike").agg(scripts=spellings.script.nunique())
        both = spellings.semi_join(both.filter(both.scripts > 1), ["table", "column", "alike"])
        yield places, _other_than_usual(both.filter(both.alike.length() > 3))


@detector("a typing error", sure="possible", fix="replace")
def typing_errors(wh: Warehouse) -> Found:
    """A rare value one letter away from a frequent one; numbers in it must agree."""
    for places, words in _words(wh, _is_listed):
        here = ["table", "column"]
        known = words.group_by(*here, "value").agg(usual=words.rows.sum())
        few = known.group_by(here).agg(values=known.count()).filter(lambda t: t.values <= MOST_WORDS)
        known = known.filter(known.value.length() >= 5).semi_join(few, here)
        usual = known.select(*here, right=known.value, often=known.usual)
        pairs = known.join(usual, [*here, usual.often >= RARE * known.usual])
        near = damerau_levenshtein(pairs.value.lower(), pairs.right.lower()) == 1
        same_numbers = _digits(pairs.value) == _digits(pairs.right)
        other_word = skeleton(pairs.value) != skeleton(pairs.right)
        wrong = pairs.filter(near & same_numbers & other_word & ~two_alphabets(pairs.value))
        best = wrong.group_by(*here, "value").agg(right=wrong.right.argmax(wrong.often))
        found = words.join(best, [*here, "value"])
        yield places, found.mutate(instead=found.right).drop("right")


@detector("a reference to nothing", needs=("unknown_references",), sure="certain", fix="replace")
def lost_references(wh: Warehouse) -> Found:
    """A value that names nothing its table knows, with what it was probably meant to be."""
    lost = wh.unknown_references
    for table in TABLES.values():
        for column in table.columns:
            parent, _, key = column.refers.partition(".")
            if not parent or not wh.has(parent, table.name):
                continue
            mine = lost.filter(lost.table == table.name, lost.column == column.name)
            # the same line may feed a table several times: its rows add up, its money does not
            mine = mine.group_by("source", "file", "value").agg(rows=mine.rows.sum(), money=mine.money.max())
            mine = mine.group_by("source", "value").agg(rows=mine.rows.sum(), money=mine.money.sum())
            known = getattr(wh, parent)
            known = known.select(known=known[key].cast("string")).distinct().mutate(alike=skeleton(known[key]))
            known = known.group_by("alike").agg(instead=known.known.min(), several=known.known.nunique())
            mine = mine.mutate(alike=skeleton(mine.value)).left_join(known.filter(known.several == 1), "alike")
            yield (
                f"{table.name}.{column.name}",
                mine.select(
                    "source",
                    "value",
                    "instead",
                    "rows",
                    money=mine.money.cast("float64"),
                    first=mine.value,
                    last=mine.value,
                ),
            )


@detector("one product under two ids", needs=("products",), sure="possible", fix="replace")
def products_twice(wh: Warehouse) -> Found:
    """Products with the same name, brand and group under several ids: their sales are torn apart."""
    products = with_money(wh, "products")
    named = products.filter(products.name.notnull()).mutate(alike=skeleton(products.name))
    named = named.filter(named.alike.length() >= 3)
    kind = ibis.window(group_by=["alike", "category", "brand"])
    named = named.mutate(
        many=named.product_id.nunique().over(kind),
        main=named.product_id.argmax(named.money.fill_null(0)).over(kind),
    )
    twice = named.filter((named.many > 1) & (named.product_id != named.main))
    yield (
        "products.product_id",
        grouped(twice, example=twice.product_id, money=twice.money.abs(), value=twice.product_id, instead=twice.main),
    )


def skeleton(text: ir.StringValue) -> ir.StringValue:
    """What is left of a value without capitals, ё, spaces and punctuation, with twins of two alphabets made one.

    Marks between two digits stay: 1.2 l is not 12 l.
    """
    plain = text.lower().replace("ё", "е").translate(CYRILLIC_TWINS, LATIN_TWINS)
    return plain.re_replace(r"(\d)[^\p{L}\d]+(\d)", r"\1_\2").re_replace(r"[^\p{L}\p{N}_+#%]", "")


def _in_latin(text: ir.StringValue) -> ir.StringValue:
    plain = text.lower()
    for pair in TRANSLITERATED.split("|"):
        letter, _, sound = pair.partition(" ")
        plain = plain.replace(letter, sound)
    return plain.re_replace(r"[^\p{L}\p{N}]", "")


def _digits(text: ir.StringValue) -> ir.StringValue:
    return text.re_replace(r"\D+", " ")


def _is_written(table: Table, column: Column) -> bool:
    """Whether the column holds what people write: words, and the ids of things, not those of events."""
    happens = any(one.past and one.required for one in table.columns)
    return not column.refers and not (column.name in table.key and happens)


def _is_listed(table: Table, column: Column) -> bool:
    """Whether the column holds words that repeat: not ids, not the names of things, not remarks."""
    name = f"{table.name}.{column.name}"
    return not column.refers and column.name not in table.key and column.name != "name" and name not in FREE_TEXT


def _words(wh: Warehouse, wanted: Callable[[Table, Column], bool]) -> Iterator[tuple[str, ir.Table]]:
    """All values of the wanted text columns, counted in one pass a table: the columns of `grouped` (`instead` left
    empty) with `table` and `column`; and the places that were looked at."""
    parts, places = [], []
    for table in TABLES.values():
        texts = [c for c in table.columns if c.kind == TEXT and not c.values and not c.personal and wanted(table, c)]
        if not texts or not wh.has(table.name) or table.personal:
            continue
        places += [f"{table.name}.{column.name}" for column in texts]
        rows = with_money(wh, table.name)
        cells = ibis.array([ibis.struct({"column": c.name, "value": rows[c.name]}) for c in texts]).unnest()
        long = rows.select("source", "money", example=rows[table.key[0]], cell=cells)
        long = long.select("source", "money", "example", column=long.cell["column"], value=long.cell["value"])
        long = long.filter(long.value.notnull()).group_by("source", "column", "value")
        counted = long.agg(
            rows=lambda t: t.count(),
            money=lambda t: t.money.sum().cast("float64"),
            first=lambda t: t.example.min(),
            last=lambda t: t.example.max(),
        )
        parts.append(counted.mutate(table=ibis.literal(table.name), instead=nothing("string")).select(WORDS))
    if parts:
        yield " ".join(places), ibis.union(*parts)


def _other_than_usual(spellings: ir.Table) -> ir.Table:
    """Of values that are alike, those that are not the most frequent one, which is what should stand there."""
    here = ["table", "column"]
    known = spellings.group_by(*here, "alike", "value").agg(often=spellings.rows.sum())
    order = ibis.window(group_by=[*here, "alike"], order_by=[known.often.desc(), known.value])
    ranked = known.mutate(place=ibis.row_number().over(order), usual=known.value.first().over(order))
    others = ranked.filter(ranked.place > 0).select(*here, "value", "usual")
    found = spellings.join(others, [*here, "value"])
    return found.mutate(instead=found.usual).select(WORDS)
