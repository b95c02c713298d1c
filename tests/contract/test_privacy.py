"""Nobody's name, e-mail, telephone, address or tax number comes out of the suite but by the doors made for them.

Every customer of a small company gets sentinels in these fields, also in lines that are refused; then everything that
answers is asked, and everything it says, draws, keeps or complains of is searched for them.
"""

import contextlib
import csv
import logging
import re
from datetime import date

import pytest
from typer.testing import CliRunner

import crm_analytics
from crm_analytics import Audience, Ledger, Result, Study, Warehouse, draw, features
from crm_analytics.__main__ import main  # noqa: F401  (every command is registered)
from crm_analytics.collection.loading.load import load
from crm_analytics.command.app import app, expected
from crm_analytics.features.feature import feature
from crm_analytics.simulation.company import Simulation
from crm_analytics.warehouse.engine import TableAbsent
from crm_analytics.warehouse.tables import SYSTEM_TABLES, TABLES
from tests.conftest import PROJECT
from tests.test_forget import standing

WORD = "qzsentinel"
SENTINEL = re.compile(rf"{WORD}|(?<![\d.])(?:\+?371 ?)?29 ?990 ?\d{{4}}(?!\d)", re.I)
MAIL = f"{WORD}7@example.com"
STUDIES = list(crm_analytics.studies().values())
ROOMS = ("incoming/", "warehouse/tables/customer_contacts/", "warehouse/tables/quarantine_lines/")
"""Where personal data lie by right: the source files, the addresses, and the text of what was refused."""


def person(number):
    return {
        "full_name": f"{WORD.title()} Person{number}", "Name": f"{WORD.title()} Person{number}",
        "email": f"{WORD}{number}@example.com", "phone": f"+37129990{number:04d}", "Phone": f"+37129990{number:04d}",
        "address": f"{WORD.title()} street {number}, Riga", "tax_number": f"LV{WORD.upper()}{number}",
    }  # fmt: skip


def with_sentinels(path, delimiter):
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=delimiter))
    for number, row in enumerate(rows):
        told = person(number - (number % 40 == 1))  # some are two records of one customer
        row |= {column: value for column, value in told.items() if row.get(column)}
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, rows[0], delimiter=delimiter)
        out.writeheader()
        out.writerows(rows)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("sentinels")
    Simulation(customers=300, seed=5).write(home / "incoming")
    with_sentinels(home / "incoming" / "crm_customers.csv", ",")
    with_sentinels(home / "incoming" / "callcentre_callers.tsv", "\t")
    report = load(PROJECT / "maps" / "demo", data=home / "incoming", home=home)
    assert report.published, report.text
    assert not leaks(report.text)
    assert not leaks(crm(home, "identify", "--only", "keys"))
    return home


@pytest.fixture(scope="module")
def wh(home):
    return Warehouse.open(home)


@pytest.fixture(scope="module")
def frames(wh):
    """What every feature says; those that the company has no tables for say nothing."""
    found = {}
    for name in features.__all__:
        asked = getattr(features, name)
        given = {"since": "2024-06-30"} if "since" in asked.knobs else {}
        with contextlib.suppress(TableAbsent):
            found[name] = asked(wh, **given).to_pandas()
    assert len(found) >= 15
    return found


@pytest.fixture(scope="module")
def answers(frames):
    """What every Study answers to them."""
    return {study.__name__: study().fit(frames[study.reads]) for study in STUDIES if study.reads in frames}


def leaks(text):
    return sorted({found[0].lower() for found in SENTINEL.finditer(text)})


def in_frame(frame):
    return leaks(frame.to_csv())


def in_result(result):
    """Everything a Result shows anybody: words, what a page shows, its picture, each of its tables."""
    told = [str(result), repr(result), *map(str, result._repr_mimebundle_().values()), draw(result).to_json()]
    told += [value.to_csv() for value in vars(result).values() if hasattr(value, "to_csv")]
    return sorted({one for text in told for one in leaks(text)})


def crm(home, *words):
    """All that a command says, on both channels, also where it fails."""
    told = CliRunner().invoke(app, [*words, "--home", str(home)])
    assert told.exception is None or isinstance(told.exception, (SystemExit, *expected())), told.exception
    return f"{told.output}\n{told.exception}"


def test_the_sentinels_are_there(home, wh):
    contacts = wh._read("customer_contacts").to_pandas()
    for column in ("full_name", "email", "phone", "address", "tax_number"):
        assert in_frame(contacts[[column]]), column
    assert in_frame(wh._read("quarantine_lines").to_pandas())
    assert standing(home, WORD)


def test_no_table_has_a_personal_column(wh):
    personal = {name for table in (*TABLES.values(), *SYSTEM_TABLES.values()) for name in table.personal}
    assert {"email", "phone", "full_name", "line"} <= personal
    assert not {"full_name", "email", "phone", "street", "address", "tax_number", "line"} & set(wh.marks().columns)
    for name, table in (TABLES | SYSTEM_TABLES).items():
        if wh.has(name) and set(table.personal) != {column.name for column in table.columns} - set(table.key):
            shown = set(getattr(wh, name).columns)
            assert not shown & set(table.personal), name
            assert not in_frame(getattr(wh, name).limit(5000).to_pandas()), name


def test_no_feature_says_who_it_is(frames):
    assert {name: in_frame(frame) for name, frame in frames.items() if in_frame(frame)} == {}


def test_no_answer_picture_or_page_says_who_it_is(answers):
    assert sum(isinstance(one, Result) for one in answers.values()) >= 12
    assert {name: in_result(one) for name, one in answers.items() if in_result(one)} == {}


def test_what_is_kept_and_done_says_who_it_is_nowhere(home, wh, answers):
    for result in answers.values():
        if isinstance(result, Result) and len(result.table):
            wh.keep(result, as_of=wh.today)
    audience = Audience(campaign="July", budget=300.0, max_contacts_30=9).fit(features.reachable(wh))
    ledger = Ledger.open(home)
    ledger.launch(audience, starts=date(2025, 7, 1), ends=date(2025, 7, 28))
    ledger.publish(home / "ledger")
    assert list((home / "warehouse" / "kept").rglob("*.parquet"))
    found = [path for path in standing(home, WORD, "+37129990") if not path.startswith(ROOMS)]
    assert found == []


@pytest.mark.parametrize(
    "words",
    [
        ("tables",), ("releases",), ("quarantine",), ("quarantine", "--json"), ("defects", "--json"),
        ("identify", "--dry-run", "--only", "keys"), ("identify", "why", "N0000000", "N0000001"),
        ("ask", "rfm"), ("ask", "one_customer", "--json"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_says_who_it_is(home, words):
    told = crm(home, *words)
    assert len(told) > 20
    assert leaks(told) == []


@pytest.mark.parametrize(
    "words",
    [("forget", MAIL), ("identify", "why", MAIL, "N0000001"), ("identify", "same", MAIL, "N0000001"),
     ("forget", "N0000003", "--reason", f"{person(3)['full_name']} asked")],
    ids=["forget", "why", "same", "reason"],
)  # fmt: skip
def test_a_wrong_id_is_not_repeated(home, words):
    told = crm(home, *words)
    assert len(told) > 20
    assert leaks(told) == []


BAD = {
    "a conversion": ("first_seen: {expression: CAST(mail AS DATE)}", f"c1,{MAIL}\n"),
    "an error in words": ("first_seen: {expression: error(mail)}", f"c1,{MAIL}\n"),
    "a date": ("first_seen: mail", f"c1,{MAIL}\n"),
    "a lookup": ("region: {column: mail, lookup: places}", f"c1,{MAIL}\n"),
    "a key twice": ("region: mail", f"c1,{MAIL}\nc1,other{MAIL}\n"),
    "an encoding": ("region: mail", f"c1,{MAIL}\xff\n"),
    "a quote left open": ("region: mail", f'c1,"{MAIL}\n'),
}


@pytest.mark.parametrize("fault", BAD)
def test_no_complaint_about_a_line_repeats_it(tmp_path, fault, caplog):
    caplog.set_level(logging.DEBUG)
    column, lines = BAD[fault]
    (tmp_path / "people.csv").write_bytes(("id,mail\n" + lines).encode("latin-1"))
    (tmp_path / "map.yaml").write_text(
        "source: s\nfiles: {people: {path: people.csv}}\nlookups: {places: {a: A}}\ntables:\n  customers:\n"
        f"    from: people\n    columns:\n      customer_id: id\n      {column}\n"
    )
    try:
        told = load(tmp_path / "map.yaml", data=tmp_path, home=tmp_path / "home").text
    except expected() as error:
        told = str(error)
    assert len(told) > 20
    assert leaks(told + caplog.text) == []


class Leaky(Study):
    """Who are they?"""

    reads = "purchases"

    def _answer(self, frame):
        return Result(study=self, table=frame.head(1), text=f"1 customer, {MAIL}, came.", checks=())


@feature(needs=(), grain="a customer")
def leaky(wh):
    """A feature that reads what it may not."""
    return wh._read("customer_contacts").select("customer_id", "email")


def test_what_leaks_is_caught(home, wh, frames, tmp_path):
    assert in_frame(leaky(wh).to_pandas())
    result = Leaky().fit(frames["purchases"])
    assert leaks(str(result)) == [WORD]
    assert leaks("call +371 29 990 0007")
    assert not leaks("0.299900071 and 129990000799")
    (tmp_path / "kept.json").write_text(MAIL)
    assert standing(tmp_path, WORD) == ["kept.json"]
