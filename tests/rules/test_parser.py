"""Rules: what people type is understood as they mean it, in English and Russian; anything else is one sentence."""

import random
import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.rules.clauses import (
    AT_LEAST,
    AT_MOST,
    BETWEEN,
    BOUGHT,
    CONTACTS,
    CONTAINS,
    IS,
    ORDERS,
    OVER,
    RESPONSES,
    SPENT,
    UNDER,
    UNITS,
    UNKNOWN,
    All,
    Consents,
    Done,
    Fact,
    Some,
    Window,
    joined,
    opposite,
)  # fmt: skip
from crm_analytics.rules.parser import read
from crm_analytics.rules.tokens import RuleError
from crm_analytics.rules.words import COLUMNS, KEYWORDS

SAID = {
    'age 30 to 45 and region is "Riga" and not (recency over 90 days)':
        'age from 30 to 45 and region is "Riga" and not recency_days over 90',
    'bought "garden" in the last 180 days': 'bought "garden" in the last 180 days',
    'has bought "printer" but never "paper"': 'bought "printer" ever and not bought "paper" ever',
    "spent more than 500 in the last year": "spent over 500 in the last year",
    'spent 100 to 500 EUR on category "garden" ever': 'spent from 100 to 500 on category "garden" ever',
    "orders at least 3": "orders at least 3",
    "orders no fewer than 3 within 2 quarters": "orders at least 3 in the last 6 months",
    'region in ("Riga", "Kurzeme")': 'region in ("Riga", "Kurzeme")',
    'region is "Riga" or "Kurzeme" or kind is company': 'region in ("Riga", "Kurzeme") or kind is "company"',
    "email contacts fewer than 2 in 30 days": 'contacts under 2 by "email" in the last 30 days',
    "was not contacted by sms in the last month": 'not contacts at least 1 by "sms" in the last month',
    "has not responded in the last year": "not responses at least 1 in the last year",
    "consents to email": 'consents to anything by "email"',
    'consents to "marketing" by email': 'consents to "marketing" by "email"',
    "favourite category is Garden and weekend over 30%": 'top_category is "Garden" and weekend_share over 0.3',
    "last bought more than 3 months ago": "recency_days over 91",
    "first_day since 2024-01-01 and last_day before 31.12.2024":
        "first_day since 2024-01-01 and last_day before 2024-12-31",
    "age is unknown or gender is known": "age is unknown or gender is known",
    "`is member` is yes": '`is member` is "yes"',
    'bought "a" and "b" in the last year': 'bought "a" in the last year and bought "b" in the last year',
    'bought ("a", "b") at least 2 times since 2024-01-01': 'bought "a" or "b" at least 2 times since 2024-01-01',
    "bought nothing in 90 days": "not bought anything in the last 90 days",
    "age over 3 or age under 2 and orders 5": "age over 3 or age under 2 and orders is 5",
    "(age over 3 or age under 2) and orders 5": "(age over 3 or age under 2) and orders is 5",
    "age between 30 and 45 and orders over 2": "age from 30 to 45 and orders over 2",
    "возраст от 30 до 45 и регион «Рига»": 'age from 30 to 45 and region is "Рига"',
    'покупал "принтер" и не покупал "бумага" за 180 дней':
        'bought "принтер" ever and not bought "бумага" in the last 180 days',
    "не покупал ничего за последние полгода": "not bought anything in the last 6 months",
    "ни разу не покупал «бумага» или «клей»": 'not bought "бумага" or "клей" ever',
    "потратил больше 1 000,50 на «сад» за последний год": 'spent over 1000.5 on "сад" in the last year',
    "заказов не менее 3 за последние 2 месяца": "orders at least 3 in the last 2 months",
    "контактов по email меньше 2 за 30 дней": 'contacts under 2 by "email" in the last 30 days',
    "согласен на email и не откликался за квартал":
        'consents to anything by "email" and not responses at least 1 in the last 3 months',
    "регион не в («Рига», «Курземе»), но давность больше 90 дней":
        'region not in ("Рига", "Курземе") and recency_days over 90',
    "средний чек выше 50 € и возраст не указан": "mean_order over 50 and age is unknown",
    "Регион НЕ «Рига»": 'region is not "Рига"',
    'region not "Riga"': 'region is not "Riga"',
}  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_what_people_type_is_understood(text):
    assert str(read(text)) == SAID[text]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("age over", "ends too early: here a number stands"),
        ("(age over 3", "a bracket is not closed (character 12)"),
        ("age over 1,200", "1,200 can be read as 1200 or as 1.200; write one of them (character 10)"),
        ("age 45 to 30", "write from 30 to 45 (character 5)"),
        ('region is "Riga', "A quotation mark is not closed (character 11)"),
        ("orders over 3 adn age over 5", "'adn' is not understood; did you mean and? (character 15)"),
        ("first_day after 2024-02-30", "2024-02-30 is no day of the calendar (character 17)"),
        ("region is @", "'@' means nothing here (character 11)"),
        ('age in (1, "a")', "a list is of texts or of numbers, not of both"),
        ("orders over 3 in the last", "say for how long"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(text, told):
    with pytest.raises(RuleError) as error:
        read(text)
    assert told in str(error.value)
    assert "character" in str(error.value)
    assert "\n" not in str(error.value)


days = st.dates(date(1000, 1, 1), date(2999, 1, 1))
words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12) | st.sampled_from(
    ["Riga", 'say "hi"', "`", "Курземе", "'; DROP TABLE x"]
)
numbers = st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6).map(lambda x: round(x, 4)).map(
    lambda x: int(x) if x == int(x) else x
)
columns = st.sampled_from(sorted(COLUMNS)) | words.filter(lambda w: w.strip())
ordered = st.sampled_from([OVER, UNDER, AT_LEAST, AT_MOST])
bounds = st.tuples(ordered, st.tuples(numbers)) | st.tuples(numbers, numbers).map(lambda p: (BETWEEN, tuple(sorted(p))))
dated = st.tuples(ordered, st.tuples(days)) | st.tuples(days, days).map(lambda p: (BETWEEN, tuple(sorted(p))))
some = st.lists(words, max_size=3, unique=True).map(tuple)
windows = st.builds(Window, count=st.integers(1, 900), unit=st.sampled_from(UNITS)) | st.builds(
    lambda a, b: Window(since=min(a, b), before=max(a, b) + timedelta(days=1)), days, days
) | st.builds(Window, since=days) | st.builds(Window, before=days) | st.just(Window())  # fmt: skip
facts = st.one_of(
    st.builds(lambda c, a: Fact(c, *a), columns, bounds),
    st.builds(lambda c, a: Fact(c, *a), columns.filter(lambda c: c != "orders"), dated),
    st.builds(lambda c, v: Fact(c, IS, tuple(dict.fromkeys(v))), columns, st.lists(words, min_size=1, max_size=3)),
    st.builds(lambda c, v: Fact(c, IS, (v,)), columns, numbers),
    st.builds(lambda c: Fact(c, UNKNOWN), columns),
    st.builds(lambda c, v: Fact(c, CONTAINS, (v,)), columns, words),
)
exact = numbers.map(lambda n: (IS, (n,)))
goods = st.sampled_from(["", "category", "brand", "product"])
done = st.one_of(
    st.builds(lambda a, w, o, d: Done(BOUGHT, *a, w, o if w else "", d), bounds | exact, some, goods, windows),
    st.builds(lambda w, d: Done(BOUGHT, what=w, window=d), some, windows),
    st.builds(lambda a, w, o, d: Done(SPENT, *a, w, o if w else "", d), bounds | exact, some, goods, windows),
    st.builds(lambda m, a, w, d: Done(m, *a, w, "", d), st.sampled_from([CONTACTS, RESPONSES]), bounds, some, windows),
    st.builds(lambda a, d: Done(ORDERS, *a, window=d), bounds, windows.filter(lambda w: w != Window())),
)
consents = st.builds(Consents, st.none() | words, st.none() | words)
rules = st.recursive(
    facts | done | consents,
    lambda inner: st.one_of(
        inner.map(opposite),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: joined(All, parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: joined(Some, parts)),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(rules)
def test_what_is_printed_reads_as_the_same_rule(rule):
    try:
        again = read(str(rule))
    except RuleError as error:
        assert "at most" in str(error)  # noqa: PT017  (only what is too long or too deep may be refused)
        return
    assert again == rule
    assert str(again) == str(rule)


def test_ten_thousand_texts_raise_nothing_but_the_sentence():
    rng = random.Random(5)
    known = [phrase for said in KEYWORDS.values() for phrase in said.split(",")] + list(COLUMNS)
    values = [
        '"Riga"',
        "3",
        "30 %",
        "2024-02-01",
        "1 000",
        "«сад»",
        "'",
        '"',
        "`x`",
        "\x00",
        "𝕏",
        "--",
        "9" * 30,
        "�",
        ";",
    ]
    understood = 0
    for _ in range(10_000):
        parts = [rng.choice(values if rng.random() < 0.3 else known) for _ in range(rng.randint(1, 9))]
        if rng.random() < 0.3:
            parts = " and ".join(rng.sample(list(SAID), 2)).split()
            if rng.random() < 0.5:
                parts.insert(rng.randrange(len(parts)), rng.choice(known))
        if rng.random() < 0.2:
            parts.append("".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0x3000)])) for _ in range(9)))
        text = " ".join(parts)
        try:
            rule = read(text)
        except RuleError as error:
            assert re.search(r" \(character \d+\)\.$", str(error))  # noqa: PT017
            continue
        understood += 1
        assert read(str(rule)) == rule, text
    assert understood > 1000
    with pytest.raises(RuleError, match="at most"):
        read("not (" * 5000 + "age over 3")
    with pytest.raises(RuleError, match="at most"):
        read("(" * 2000 + "age over 3" + ")" * 2000)
