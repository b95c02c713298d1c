"""Sentences are worded and formatted for the company's language and currency."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.say import Voice, say, speak, voice


@pytest.fixture(autouse=True)
def _voice_restored():
    before = voice()
    yield
    speak(before)


@pytest.mark.parametrize(
    ("spec", "value", "english"),
    [
        ("money", 84.2, "€84.20"),
        ("money", 41200.4, "€41,200"),
        ("money", -3.5, "-€3.50"),
        ("money", 12_345_678.9, "€12.35M"),
        ("cents", 8911407.9, "€8,911,407.90"),
        ("percent", 0.1234, "12 %"),
        ("percent", 0.00123, "0.12 %"),
        ("percent", -0.00001, "0 %"),
        ("count", -0.2, "0"),
        ("points", 0.0123, "1.23 pp"),
        ("count", 4338, "4,338"),
        ("number", 0.02426, "0.0243"),
        ("number", 123456.7, "123,457"),
        ("date", date(2025, 6, 14), "14 June 2025"),
        ("month", date(2025, 6, 1), "June 2025"),
        ("money", float("nan"), "–"),
        ("count", None, "–"),
    ],
)
def test_a_value_is_formatted_by_what_it_is(spec, value, english):
    speak(Voice(language="en", currency="EUR"))
    assert say("{x:" + spec + "}", x=value) == english


def test_a_russian_company_is_spoken_to_in_its_way():
    speak(Voice(language="ru", currency="RUB"))
    assert say("{x:money}, {d:date}", x=41200.4, d=date(2025, 6, 14)).replace("\xa0", " ") == "41 200 ₽, 14 June 2025"


@pytest.mark.parametrize(
    ("language", "span", "told"),
    [
        ("en", (date(2025, 4, 1), date(2025, 6, 1)), "April – June 2025"),
        ("en", (date(2024, 11, 1), date(2025, 1, 1)), "November 2024 – January 2025"),
        ("en", (date(2025, 6, 1), date(2025, 6, 1)), "June 2025"),
        ("ru", (date(2025, 4, 1), date(2025, 6, 1)), "April – June 2025"),
    ],
)
def test_a_span_of_months_ends_without_a_full_stop(language, span, told):
    speak(Voice(language=language, currency="RUB"))
    assert say("{x:months}", x=span) == told


def test_a_day_is_told_in_the_language_of_the_words_around_it():
    speak(Voice(language="ru", currency="RUB"))
    told = say("Since {d:date} they brought {x:money} in {m:months}.", d=date(2025, 6, 29), x=41200.4,
               m=(date(2025, 6, 1), date(2025, 7, 1)))  # fmt: skip
    assert told.replace("\xa0", " ") == "Since 29 June 2025 they brought 41 200 ₽ in June – July 2025."


@pytest.mark.parametrize(
    ("language", "template", "told"),
    [
        ("en", "{n:count} {n:row|rows}", ("0 rows", "1 row", "2 rows", "5 rows", "21 rows", "1,001 rows")),
        ("ru", "{n:count} {n:строка|строки|строк}",
         ("0 строк", "1 строка", "2 строки", "5 строк", "21 строка", "1 001 строка")),
    ],
)  # fmt: skip
def test_a_word_goes_with_its_number(language, template, told, monkeypatch):
    speak(Voice(language=language, currency="EUR"))
    monkeypatch.setattr("crm_analytics.say._translation", lambda _: lambda text: text + " ")
    said = tuple(say(template, n=n).strip().replace("\xa0", " ") for n in (0, 1, 2, 5, 21, 1001))
    assert said == told


def test_text_from_data_is_never_read_as_a_template():
    assert say("{name} bought.", name="{x:money} {0}") == "{x:money} {0} bought."


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_every_finite_number_can_be_said(value):
    for spec in ("money", "cents", "percent", "points", "count", "number"):
        assert say("{x:" + spec + "}", x=value)


def test_quotation_marks_within_quotation_marks_are_of_the_other_kind():
    assert say("campaign «{name}»", name="Листовка «Зима»") == "campaign «Листовка „Зима“»"
    assert say("«{a}» and «{b}»", a="One", b="Two") == "«One» and «Two»"
    assert say("«{a}» and «{b}»", a="One»", b="Two") == "«One»» and «Two»"
