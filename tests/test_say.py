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
    assert say("{x:money}, {d:date}", x=41200.4, d=date(2025, 6, 14)).replace("\xa0", " ") == "41 200 ₽, 14 июня 2025"


@pytest.mark.parametrize(
    ("language", "span", "told"),
    [
        ("en", (date(2025, 4, 1), date(2025, 6, 1)), "April – June 2025"),
        ("en", (date(2024, 11, 1), date(2025, 1, 1)), "November 2024 – January 2025"),
        ("en", (date(2025, 6, 1), date(2025, 6, 1)), "June 2025"),
        ("ru", (date(2025, 4, 1), date(2025, 6, 1)), "апрель – июнь 2025"),
    ],
)
def test_a_span_of_months_ends_without_a_full_stop(language, span, told):
    speak(Voice(language=language, currency="RUB"))
    assert say("{x:months}", x=span) == told


def test_text_from_data_is_never_read_as_a_template():
    assert say("{name} bought.", name="{x:money} {0}") == "{x:money} {0} bought."


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_every_finite_number_can_be_said(value):
    for spec in ("money", "cents", "percent", "points", "count", "number"):
        assert say("{x:" + spec + "}", x=value)
