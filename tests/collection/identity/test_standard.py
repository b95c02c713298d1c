"""However a name, a number or an address was written, it comes out in one form; what identifies nobody, empty."""

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm_analytics.collection.identity import names, reach
from crm_analytics.collection.identity.records import records


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Иванов Иван Иванович", "Иван Иванович Иванов"),
        ("Smith, John", "John Smith"),
        ("ПЕТРОВ СЕРГЕЙ", "Сергей Петров"),
        ("Мария Ёлкина", "Мария Елкина"),
        ("Jānis Bērziņš", "JANIS BERZINS"),
        ("Cергей Смирнов", "Сергей Смирнов"),
        ("Dr. William O'Hara", "William O’Hara"),
        ("Mr John Smith", "john  smith"),
    ],
)
def test_one_name_written_in_two_ways_is_one(one, other):
    first, second = names.parsed(one), names.parsed(other)
    assert (first.given, first.surname) == (second.given, second.surname)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bill", "William"), ("Саша", "Александр"), ("Sasha", "Alexander"), ("Юлия", "Julia"), ("Лёша", "Aleksejs"),
        ("Катя", "Catherine"), ("Миша", "Michael"), ("Дима", "Dmitry"), ("Bob", "Robert"), ("Наташа", "Natalia"),
    ],
)  # fmt: skip
def test_short_forms_and_languages_have_one_root(one, other):
    assert names.root(names.folded(one)) == names.root(names.folded(other))


@pytest.mark.parametrize(("one", "other"), [("Maria", "Marina"), ("Ivan", "Igor"), ("Анна", "Инна"), ("John", "Joan")])
def test_names_that_only_look_alike_have_two_roots(one, other):
    assert names.root(names.folded(one)) != names.root(names.folded(other))


@pytest.mark.parametrize(
    ("latin", "cyrillic"),
    [("Shcherbakov", "Щербаков"), ("Khabarov", "Хабаров"), ("Tsvetkov", "Цветков"), ("Yulia", "Юлия")],
)
def test_both_alphabets_sound_alike(latin, cyrillic):
    assert names.sound(names.folded(latin)) == names.sound(names.folded(cyrillic))


def test_a_company_is_its_name_without_the_legal_form():
    assert names.parsed('ООО "Ромашка"').surname == names.parsed("Romashka LLC").surname == "romashka"
    assert names.parsed('SIA "Dārzs"').company


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("8 (912) 345-67-89", "RU", "+79123456789"), ("+7 912 345 67 89", "", "+79123456789"),
        ("20012345", "LV", "+37120012345"), ("0037120012345", "LV", "+37120012345"),
        ("371 20012345", "LV", "+37120012345"),
        ("020 7946 0958", "GB", "+442079460958"), ("(555) 234-5678 ext. 12", "US", "+15552345678"),
        ("0412 345 678", "AU", "+61412345678"), ("000000", "LV", ""), ("123456", "RU", ""), ("n/a", "RU", ""),
    ],
)  # fmt: skip
def test_telephones_in_international_form(text, country, expected):
    assert reach.phone(text, country) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Anna.Berzina+shop@Gmail.com ", "annaberzina@gmail.com"), ("a.b@mail.ru", "a.b@mail.ru"), ("test@test", ""),
        ("test@test.com", ""), ("none@none.ru", ""), ("no mail", ""), ("mailto:x.y@firm.lv", "x.y@firm.lv"),
    ],
)  # fmt: skip
def test_mails_as_they_are_delivered(text, expected):
    assert reach.email(text) == expected


@pytest.mark.parametrize("text", ["1980-01-31", "19800131", "31.01.1980", "31/01/1980", "1980-01-31 00:00:00"])
def test_dates_of_birth(text):
    assert reach.birth_date(text) == "1980-01-31"


def test_addresses_in_parts():
    assert reach.place("Brīvības iela 12-5, Rīga, LV-1010") == reach.place("Brivibas 12 5", "Riga", "1010")
    assert reach.place("г. Москва, ул. Ленина, д. 5, кв. 12") == reach.place("ул. Ленина, д. 5, кв. 12, Москва")
    assert reach.place("СПб, Невский пр., 10-4").city == "spb"
    home = reach.place("ул. Ленина, д. 5, кв. 12, Москва")
    assert (home.street, home.house, home.flat, home.city) == ("lenina", "5", "12", "moskva")


@given(st.text(max_size=40))
@example("00:00:00")
def test_nothing_written_breaks_standardising(text):
    name = names.parsed(text)
    assert names.folded(name.given) == name.given
    assert names.folded(names.folded(text)) == names.folded(text)
    for country in ("RU", "LV", ""):
        reach.phone(text, country)
    assert reach.email(reach.email(text)) in (reach.email(text), "")
    reach.place(text)
    reach.birth_date(text)


def test_what_many_people_share_identifies_nobody():
    people = ["Anna Ozola", "Ivan Petrov", "Jonas Butkus", "Liis Tamm", "Eva Saar", "Rein Oja"]
    frame = pd.DataFrame({"customer_id": list("abcdef"), "full_name": people, "phone": "+37167000000",
                          "email": "info@firm.lv", "birth_date": "1900-01-01"})  # fmt: skip
    told = records(frame, country="LV")
    assert told[["phone", "email", "birth_date"]].isna().all().all()


def test_a_source_that_writes_family_names_first_is_understood():
    frame = pd.DataFrame({"customer_id": list("abc"), "source": "till",
                          "full_name": ["Ozola Anna", "Petrov Ivan", "Xyzzy Plugh"]})  # fmt: skip
    told = records(frame)
    assert told.surname.tolist() == ["ozola", "petrov", "xyzzy"]


def test_the_callers_frame_is_left_alone():
    frame = pd.DataFrame({"customer_id": ["b", "a"], "full_name": ["Anna Ozola", "Ivan Petrov"]})
    before = frame.copy(deep=True)
    records(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_where_no_country_is_told_the_numbers_written_with_its_code_tell_it():
    from crm_analytics.collection.identity.reach import dialled_from, phone

    full = [f"+7 912 000-00-{n}" for n in range(10, 45)]
    assert dialled_from([*full, "8 912 000-00-11", ""]) == "RU"
    assert phone("8 (912) 000-00-11", dialled_from(full)) == phone(full[1], dialled_from(full))
    assert dialled_from(full[:5]) == dialled_from([*full, *(f"+371 2000{n:04}" for n in range(40))]) == ""
