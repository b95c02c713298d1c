"""A person's cells leave files of every kind; what is somebody else's stays to the byte."""

import csv
import gzip
import json
import sqlite3
import zipfile
from contextlib import closing

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.collection.forgetting.fields import Fields
from crm_analytics.collection.forgetting.files import blank_in_place
from crm_analytics.collection.forgetting.search import holds, searched
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.warehouse.privacy.traces import Person

ANNA = Person(
    ids=frozenset({"C000017", "42"}),
    values={
        "full_name": frozenset({"Анна Петрова"}),
        "email": frozenset({"anna.petrova@example.org"}),
        "phone": frozenset({"+7 912 345-67-89"}),
        "address": frozenset({"Москва, Тёплая улица, 5"}),
    },
    others=({"full_name": "АННА ПЕТРОВА", "email": "a.p@example.org", "phone": "+7 900 000-00-01"},),
)
NAMES = ["id", "Имя", "Почта", "Телефон", "Сумма"]
ROWS = [
    ["C000017", "Петрова Анна", "Anna.Petrova@example.org", "8 (912) 345 67 89", "10,50"],
    ["C000018", "Анна Петрова", "a.p@example.org", "+79000000001", "42"],
    ["C000019", 'ООО "Ромашка; и К"', "", "", "1 000,00"],
]
KEPT = [["", "", "", "", "10,50"], *ROWS[1:]]
FIELDS = Fields(ids=frozenset({"id"}))


def delimited(path, encoding="cp1251"):
    with path.open("w", encoding=encoding, newline="") as out:
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([NAMES, *ROWS])
    return path


def cells(path, encoding="cp1251"):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file, delimiter=";"))[1:]


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("named", [True, False])
def test_delimited_text(tmp_path, encoding, named):
    path = delimited(tmp_path / "sales.csv", encoding)
    spec = FileSpec(name="sales", path="sales.csv", delimiter=";", encoding=encoding)
    fields = Fields(ids=frozenset({"id"}), spec=spec) if named else Fields()
    assert holds(path, ANNA, fields)
    before = path.read_bytes()
    assert blank_in_place(path, ANNA, fields) == 1
    assert cells(path, encoding) == KEPT
    assert path.read_bytes().endswith(before.decode(encoding).split("\r\n", 2)[2].encode(encoding)[-60:])
    assert not holds(path, ANNA, fields)


def test_an_id_that_could_be_a_price_is_one_only_where_customers_stand(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("card,price\n42,10\n7,42\n", "utf-8")
    spec = FileSpec(name="sales", path="sales.csv")
    assert blank_in_place(path, ANNA, Fields(ids=frozenset({"card"}), spec=spec)) == 1
    assert path.read_text("utf-8") == "card,price\n,10\n7,42\n"


def test_columns_that_describe_the_customer_go_with_the_id(tmp_path):
    path = tmp_path / "members.csv"
    path.write_text("id,born,city\nC000017,1980,Riga\nC000018,1981,Riga\n", "utf-8")
    fields = Fields(ids=frozenset({"id"}), personal=frozenset({"born"}), spec=FileSpec(name="m", path="members.csv"))
    assert blank_in_place(path, ANNA, fields) == 1
    assert path.read_text("utf-8") == "id,born,city\n,,Riga\nC000018,1981,Riga\n"


def test_a_note_in_another_customers_record_loses_only_what_is_not_theirs(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("id,name,note\nC000018,Анна Петрова,call +7 912 345-67-89\nC000018,Анна Петрова,later\n", "utf-8")
    blank_in_place(path, ANNA, Fields(ids=frozenset({"id"}), spec=FileSpec(name="c", path="calls.csv")))
    assert path.read_text("utf-8") == "id,name,note\nC000018,Анна Петрова,\nC000018,Анна Петрова,later\n"


def test_packed_text(tmp_path):
    plain = delimited(tmp_path / "sales.csv")
    packed = tmp_path / "sales.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert blank_in_place(packed, ANNA, Fields()) == 1
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    assert cells(plain) == KEPT


def test_an_archive(tmp_path):
    plain, packed = delimited(tmp_path / "sales.csv"), tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as out:
        out.write(plain, "in/sales.csv")
        out.writestr("readme.txt", "nothing here")
    assert holds(packed, ANNA, Fields())
    assert blank_in_place(packed, ANNA, Fields()) == 1
    with zipfile.ZipFile(packed) as left:
        assert left.namelist() == ["in/sales.csv", "readme.txt"]
        plain.write_bytes(left.read("in/sales.csv"))
    assert cells(plain) == KEPT
    assert not holds(packed, ANNA, Fields())


def test_lines_of_json_and_a_document(tmp_path):
    people = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    lines, whole = tmp_path / "people.jsonl", tmp_path / "people.json"
    lines.write_text("".join(json.dumps(one) + "\n" for one in people), "utf-8")
    whole.write_text(json.dumps({"people": people}), "utf-8")
    for path in (lines, whole):
        assert holds(path, ANNA, Fields()), path
        assert blank_in_place(path, ANNA, Fields())
        assert not holds(path, ANNA, Fields()), path
    left = [list(json.loads(line).values()) for line in lines.read_text("utf-8").splitlines()]
    assert left == KEPT
    assert [list(one.values()) for one in json.loads(whole.read_text("utf-8"))["people"]] == KEPT


def test_xml(tmp_path):
    path = tmp_path / "orders.xml"
    path.write_text(
        '<?xml version="1.0" encoding="windows-1251"?><Данные><Контрагент><Имя>Анна</Имя><Фамилия>Петрова</Фамилия>'
        '<Контакт Вид="Почта">anna.petrova@example.org</Контакт></Контрагент>'
        "<Контрагент><Имя>Анна</Имя><Фамилия>Петрова</Фамилия><Телефон>+7 900 000-00-01</Телефон></Контрагент>"
        "</Данные>",
        "cp1251",
    )
    assert holds(path, ANNA, Fields())
    assert blank_in_place(path, ANNA, Fields())
    left = path.read_text("utf-8")
    assert "example.org" not in left
    assert left.count("Петрова") == 1
    assert "900 000-00-01" in left
    assert not holds(path, ANNA, Fields())


def test_a_workbook(tmp_path):
    path, book = tmp_path / "people.xlsx", openpyxl.Workbook()
    for row in [NAMES, *ROWS]:
        book.active.append(row)
    book.save(path)
    assert holds(path, ANNA, Fields())
    assert blank_in_place(path, ANNA, Fields()) == 1
    left = openpyxl.load_workbook(path).active.iter_rows(min_row=2, values_only=True)
    assert [["" if cell is None else cell for cell in row] for row in left] == KEPT
    assert not holds(path, ANNA, Fields())


def test_parquet(tmp_path):
    path = tmp_path / "people.parquet"
    table = pa.table({name: [row[i] for row in ROWS] for i, name in enumerate(NAMES)})
    pq.write_table(table.append_column("n", pa.array([1, 2, 3])), path)
    assert holds(path, ANNA, Fields())
    assert blank_in_place(path, ANNA, Fields()) == 1
    left = pq.read_table(path).to_pylist()
    assert [[row[name] or "" for name in NAMES] for row in left] == KEPT
    assert [row["n"] for row in left] == [1, 2, 3]
    assert not holds(path, ANNA, Fields())


def test_a_database(tmp_path):
    path = tmp_path / "people.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE people (n INTEGER PRIMARY KEY, id TEXT NOT NULL, name TEXT, mail TEXT, phone TEXT)")
        db.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", [(i, *row[:4]) for i, row in enumerate(ROWS)])
        db.execute("CREATE TABLE logged (who TEXT, what TEXT, PRIMARY KEY (who, what)) WITHOUT ROWID")
        db.execute("INSERT INTO logged VALUES ('C000017', 'came'), ('C000018', 'came')")
        db.commit()
    assert holds(path, ANNA, Fields())
    assert blank_in_place(path, ANNA, Fields()) == 2
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM people ORDER BY n").fetchall() == [
            (0, "", None, None, None),
            *((i, *row[:4]) for i, row in enumerate(ROWS) if i),
        ]
        assert db.execute("SELECT count(*) FROM logged WHERE who = 'C000018'").fetchone() == (1,)
    assert b"etrova@" not in path.read_bytes()
    assert not holds(path, ANNA, Fields())


@pytest.mark.parametrize(
    "written",
    [
        "ANNA.PETROVA@EXAMPLE.ORG",
        "tel:+7(912)345-67-89,",
        "79123456789",
        "9123456789",
        "8 912 345 67 89",
        "петрова, анна; москва, теплая улица, 5",
        json.dumps({"mail": "x", "address": "Москва, Тёплая улица, 5"}),
        "<p>C000017</p>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "utf-16-le", "utf-16-be"])
def test_what_is_found_however_it_is_written(tmp_path, written, encoding):
    path = tmp_path / "trace.bin"
    path.write_bytes(b"\x01" + ("\n" * 3000 + written + "\n").encode(encoding))
    assert holds(path, ANNA, Fields())


@pytest.mark.parametrize(
    "written", ["Анна Петрова", "АННА ПЕТРОВА, a.p@example.org", "42", "1C0000171", "791234567890"]
)
def test_what_is_nobodys_or_somebody_elses(tmp_path, written):
    path = tmp_path / "page.html"
    path.write_text(f"<p>{written}</p>", "utf-8")
    assert not holds(path, ANNA, Fields())


def test_a_file_that_cannot_be_read_is_said_not_passed_over(tmp_path):
    broken, trace = tmp_path / "broken.zip", tmp_path / "Anna.Petrova@example.org.txt"
    broken.write_bytes(b"PK\x03\x04 and then nothing")
    trace.touch()
    told = searched([broken, trace], ANNA, fields={}, progress=lambda _: None)
    assert not told.clean
    assert told.unreadable == (str(broken),)
    assert told.traces == (str(trace),)


CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).filter(lambda text: text.strip() != "42")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=6), st.integers(0, 6))
def test_lines_of_others_stay_to_the_byte(tmp_path_factory, rows, place):
    folder = tmp_path_factory.mktemp("lines")
    path, others = folder / "with.csv", folder / "without.csv"
    for target, lines in (
        (others, rows),
        (path, [*rows[:place], ["C000017", "", "anna.petrova@example.org"], *rows[place:]]),
    ):
        with target.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([["id", "note", "mail"], *lines])
    fields = Fields(ids=frozenset({"id"}), spec=FileSpec(name="l", path="with.csv"))
    assert blank_in_place(path, ANNA, fields) == 1
    left = path.read_bytes().split(b"\r\n")
    assert left.pop(min(place, len(rows)) + 1) == b",,"
    assert left == others.read_bytes().split(b"\r\n")


def test_a_database_whose_customers_go_by_whole_numbers(tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE clients (id INTEGER PRIMARY KEY, mail TEXT NOT NULL CHECK (mail LIKE '%@%'))")
        base.execute("CREATE TABLE towns (id INTEGER PRIMARY KEY, client_id INTEGER, mail TEXT)")
        base.execute("INSERT INTO clients VALUES (42, 'anna.petrova@example.org'), (43, 'b@example.org')")
        base.execute("INSERT INTO towns VALUES (42, 42, 'anna.petrova@example.org')")
        base.commit()
    assert blank_in_place(path, ANNA, Fields(ids=frozenset({"id", "client_id"})))
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT * FROM clients").fetchall() == [(43, "b@example.org")]
        assert base.execute("SELECT * FROM towns").fetchall() == [(-1, None, None)]


def test_the_least_and_the_greatest_name_of_a_file_are_two_people(tmp_path):
    names = pa.table({"full_name": ["Анна Белова", "Яков Петрова"]})
    pq.write_table(names, tmp_path / "people.parquet")
    assert not holds(tmp_path / "people.parquet", ANNA, Fields())
