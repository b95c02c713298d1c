"""What files tell of people in pieces: names, addresses, birthdays, and what they agreed to or asked to be spared."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from crm_analytics.collection import suggest_map
from crm_analytics.warehouse.consents import agreed
from tests.collection.suggest.test_suggest import loads


def export(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=";").writerows(rows)
    return path


RUSSIAN = [
    ["Код клиента", "Фамилия", "Имя", "Отчество", "Дата рождения", "Город", "Улица", "Дом", "Квартира", "Индекс",
     "Телефон", "E-mail", "Согласие на email-рассылку", "Дата согласия", "Согласие на СМС",
     "Согласие на обработку ПДн", "Не звонить"],
    *(
        [f"К{n}", f"Иванов{'абвг'[n % 4]}", "Пётр", "Ильич", f"{n % 28 + 1:02}.0{n % 9 + 1}.{1950 + n % 50}",
         ("Тула", "Пермь", "Казань")[n % 3], "ул. Ленина", str(n % 90 + 1), str(n), f"3000{n % 99:02}",
         f"+7 903 {n % 900 + 100} 11 22", f"a{n}@mail.ru", "Да" if n % 2 else "Нет",
         f"{n % 28 + 1:02}.03.2024" if n % 2 else "", "согласен" if n % 3 else "не согласен",
         "1" if n % 5 else "0", "да" if n % 7 == 0 else ""]
        for n in range(120)
    ),
]  # fmt: skip


def test_a_russian_card_index(tmp_path):
    proposal = suggest_map([export(tmp_path / "Клиенты.csv", RUSSIAN, "cp1251")])
    company = loads(proposal, tmp_path)
    contacts = company._read("customer_contacts").to_pandas().set_index("customer_id")
    first = contacts.loc["К0"]
    assert (first.full_name, first.given_name, first.surname) == ("Иванова Пётр Ильич", "Пётр", "Иванова")
    assert (first.street, first.city, first.postcode) == ("ул. Ленина, 1, 0", "Тула", "300000")
    assert first.address == "ул. Ленина, 1, 0, Тула, 300000"
    assert first.birth_date == "01.01.1950"
    people = company.customers.to_pandas().set_index("customer_id")
    assert people.loc["К3", "birth_year"] == 1953
    assert people.loc["К1", "region"] == "Пермь"
    consents = company.consents.to_pandas()
    by = consents.groupby(["purpose", "channel"]).size().to_dict()
    assert by == {("marketing", "email"): 60, ("marketing", "sms"): 80, ("personal data", "all"): 96}
    dated = consents[(consents.channel == "email") & (consents.customer_id == "К1")].iloc[0]
    assert dated.granted_at == date(2024, 3, 2) or str(dated.granted_at)[:10] == "2024-03-02"
    spared = company.do_not_contact.to_pandas()
    assert len(spared) == 18
    assert set(spared.channel) == {"phone"}
    assert len([question for question in proposal.questions if "Не звонить" in question]) == 1


def test_an_english_members_list(tmp_path):
    head = ["Member ID", "First Name", "Last Name", "City", "Country", "Accepts Marketing", "SMS opt-in",
            "sms_opt_in_date", "Unsubscribed At"]  # fmt: skip
    rows = [
        [f"M{n}", "Amy", f"Stone{n}", "Leeds", "UK", "yes" if n % 2 else "no", "TRUE" if n % 3 else "FALSE",
         "2024-01-05" if n % 3 else "", "2024-06-07" if n % 11 == 0 else ""]
        for n in range(60)
    ]  # fmt: skip
    proposal = suggest_map([export(tmp_path / "members.csv", [head, *rows])])
    company = loads(proposal, tmp_path)
    consents = company.consents.to_pandas()
    texts = consents[consents.channel == "sms"]
    assert texts.granted_at.notna().sum() == 40
    assert texts.withdrawn_at.notna().sum() == 6
    assert consents[consents.channel == "email"].granted_at.isna().all()  # nobody told since when
    assert any("Since when do the consents of Accepts Marketing" in question for question in proposal.questions)
    assert any("By which channels" in question and "Accepts Marketing" in question for question in proposal.questions)
    assert set(company.customers.to_pandas().region) == {"UK"}
    assert set(company._read("customer_contacts").to_pandas().city) == {"Leeds"}


@pytest.mark.parametrize("again", [False, True])
def test_a_journal_of_consents_keeps_every_withdrawal(again, tmp_path):
    """Once a customer, or again and again: nobody who withdrew is counted as agreeing."""
    words = {True: "granted", False: "revoked"}
    rows = [
        [f"C{n % (40 if again else 120)}", "newsletter promo", "E-mail" if n % 2 else "SMS", words[n < 80],
         f"2024-0{n // 20 + 1}-{n % 20 + 1:02} 10:00:00"]
        for n in range(120)
    ]  # fmt: skip
    path = export(tmp_path / "consents.csv", [["client_id", "consent_type", "channel", "status", "timestamp"], *rows])
    company = loads(suggest_map([path]), tmp_path)
    consents = company.consents.to_pandas()
    assert consents.withdrawn_at.notna().sum() == 40
    assert set(consents.channel) == {"email", "sms"}
    assert set(consents.purpose) == {"marketing"}
    holding = {
        who
        for channel in ("email", "sms")
        for who in agreed(company.consents, purpose="marketing", channel=channel, on=date(2025, 1, 1))
        .to_pandas().customer_id
    }  # fmt: skip
    withdrawn = {row[0] for row in rows if row[3] == "revoked"}
    assert not holding & withdrawn
    assert bool(holding) != again  # in the journal everybody withdrew in the end


def test_a_stop_list_of_telephones(tmp_path):
    rows = [[f"+7 903 {n + 100} 11 22", "жалоба" if n % 2 else "просьба"] for n in range(30)]
    proposal = suggest_map([export(tmp_path / "stop_list.csv", [["Телефон", "Причина"], *rows])])
    spared = loads(proposal, tmp_path).do_not_contact.to_pandas()
    assert len(spared) == 30
    assert spared.channel.isna().all()
    assert any("Since when do these wishes hold" in question for question in proposal.questions)


def test_only_those_who_say_so_are_left_in_peace(tmp_path):
    """A list of all customers with a yes or no is not a list of those who want to be spared."""
    rows = [[f"C{n}", "Y" if n % 4 == 0 else "N"] for n in range(40)]
    proposal = suggest_map([export(tmp_path / "dnc.csv", [["customer_id", "do_not_email"], *rows])])
    spared = loads(proposal, tmp_path).do_not_contact.to_pandas()
    assert len(spared) == 10


def test_name_and_surname_and_a_birthday_in_american_writing(tmp_path):
    head = ["client", "Name", "Surname", "DOB"]
    rows = [[f"c{n}", ("Ann", "Bob")[n % 2], f"Hill{n}", f"{n % 12 + 1:02}/{n % 28 + 13 - 12:02}/19{60 + n % 40}"]
            for n in range(80)]  # fmt: skip
    company = loads(suggest_map([export(tmp_path / "clients.csv", [head, *rows])]), tmp_path)
    contacts = company._read("customer_contacts").to_pandas().set_index("customer_id")
    assert contacts.loc["c1", "full_name"] == "Bob Hill1"
    assert contacts.loc["c0", "birth_date"] == "1960-01-01"


def test_two_lists_of_the_same_customers(tmp_path):
    """Forms filled in beside the list of customers tell more of them, and are no second list that contradicts it."""
    clients = [[f"C{n}", ("Riga", "Tartu")[n % 2], "2024-01-05", f"c{n}@example.org"] for n in range(60)]
    forms = [[f"C{n}", str(800 + n), str(n % 5 + 1), "2024-03-01"] for n in range(0, 70, 2)]
    whole = export(tmp_path / "clients.csv", [["Customer ID", "Region", "Registered", "Email"], *clients])
    more = export(tmp_path / "a_forms.csv", [["customer_id", "Income", "Household", "filled in"], *forms])
    company = loads(suggest_map([whole, more]), tmp_path)
    people = company.customers.to_pandas().set_index("customer_id")
    assert len(people) == 65  # five are known by their forms only
    assert people.loc["C0", "region"] == "Riga"
    assert len(company.traits.to_pandas()) >= 70
