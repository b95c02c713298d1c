"""A small company whose records are written by hand: who is who is known by looking."""

from datetime import date, datetime

import pyarrow as pa
import pytest

from crm_analytics.collection.identity.identify import Run
from crm_analytics.warehouse.release import Company, Shelf
from crm_analytics.warehouse.tables import TABLES

NOW = datetime(2025, 7, 1, 8, 0)
PEOPLE = [
    # customer_id, source, first_seen, region, gender, full_name, birth_date, email, phone, address
    ("N1", "crm", date(2020, 1, 1), "Riga", "f", "Anna Ozola", "1980-02-03", "anna.ozola@mail.lv", "+37120000001",
     "Brīvības iela 1, Riga"),
    ("N2", "crm", date(2021, 1, 1), "Tartu", None, "OZOLA ANNA", None, "Anna.Ozola@mail.lv", None, None),
    ("K1", "calls", date(2022, 1, 1), "Riga", None, "Anna Ozola", None, None, "2000 0001", None),
    # a father and a son of one name, one address, one telephone
    ("N3", "crm", date(2020, 1, 1), "Riga", "m", "Иван Петров", "1950-05-05", "petrov@mail.ru", "+37120000003",
     "Skolas iela 5, Riga"),
    ("N4", "crm", date(2020, 2, 1), "Riga", "m", "Иван Петров", "1985-11-20", "petrov@mail.ru", "+37120000003",
     "Skolas iela 5, Riga"),
    # twins
    ("N5", "crm", date(2020, 1, 1), "Riga", "f", "Marta Liepa", "1990-01-09", "liepa@inbox.lv", "+37120000005",
     "Dārza iela 7, Riga"),
    ("N6", "crm", date(2020, 1, 1), "Riga", "f", "Ilze Liepa", "1990-01-09", "liepa@inbox.lv", "+37120000005",
     "Dārza iela 7, Riga"),
    # another alphabet
    ("N7", "crm", date(2020, 1, 1), "Riga", None, "Юлия Щербакова", "1977-07-07", None, "+37120000007", None),
    ("W7", "web", date(2023, 1, 1), "Riga", None, "Yulia Shcherbakova", None, None, "371 20000007", None),
]  # fmt: skip


def rows(name, source, columns):
    schema = TABLES[name].arrow_schema()
    count = len(next(iter(columns.values())))
    whole = {n: columns.get(n, [None] * count) for n in schema.names if n != "source"}
    return pa.table(whole | {"source": [source] * count}, schema=schema)


def publish(home, people, **more):
    """A release with these people, and whatever else is given as {table: (source, columns)}."""
    with Shelf(home).draft() as draft:
        for source in {person[1] for person in people}:
            mine = [person for person in people if person[1] == source]
            ids, _, seen, region, gender, name, born, email, phone, address = map(list, zip(*mine, strict=True))
            draft.replace_source("customers", rows("customers", source, {
                "customer_id": ids, "first_seen": seen, "region": region, "gender": gender,
            }), source=source)  # fmt: skip
            draft.replace_source("customer_contacts", rows("customer_contacts", source, {
                "customer_id": ids, "full_name": name, "birth_date": born, "email": email, "phone": phone,
                "address": address}), source=source)  # fmt: skip
        for table, (source, columns) in more.items():
            draft.replace_source(table, rows(table, source, columns), source=source)
        draft.publish(company=Company(name="Small", country="LV"), facts_until="2025-06-30")


@pytest.fixture
def home(tmp_path):
    publish(
        tmp_path,
        PEOPLE,
        orders=("shop", {
            "order_id": ["1", "2", "3", "4"], "customer_id": ["N1", "N2", "K1", None], "kind": ["sale"] * 4,
            "ordered_at": [datetime(2025, 1, day) for day in (1, 2, 3, 4)]}),
        order_lines=("shop", {
            "order_id": ["1", "2", "3", "4"], "line_no": [1] * 4, "quantity": [1] * 4, "amount": [10, 20, 30, 40]}),
        consents=("crm", {
            "customer_id": ["N1", "N2"], "purpose": ["marketing"] * 2, "channel": ["email"] * 2,
            "granted_at": [date(2020, 1, 1), date(2021, 1, 1)], "withdrawn_at": [None, date(2024, 1, 1)]}),
        arms=("crm", {
            "campaign_id": ["C1", "C1", "C1"], "customer_id": ["N1", "N2", "N3"],
            "arm": ["control", "treated", "control"]}),
        activity=("web", {
            "customer_id": ["N1", "K1", "N3"], "measure": ["visits"] * 3, "day": [date(2025, 1, 1)] * 3,
            "value": [1.0, 2.0, 5.0]}),
    )  # fmt: skip
    return tmp_path


@pytest.fixture
def run():
    return Run(who="clerk", now=NOW)
