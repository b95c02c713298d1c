"""Maps proposed for what is no plain table: databases, archives, workbooks, surveys, and exchange files of 1C."""

from __future__ import annotations

import csv
import io
import random
import sqlite3
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crm_analytics.collection import suggest_map
from crm_analytics.collection.mapping.maps import read_map
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.warehouse.tables import TABLES
from tests.collection.sources.test_commerceml import IMPORT, OFFERS, ORDERS, RESTS
from tests.collection.sources.test_commerceml import written as xml
from tests.collection.suggest.blind import BLIND
from tests.collection.suggest.test_suggest import MAPS, loads

CHINOOK_NAMES = {"track": "Name", "genre": "GenreId", "artist": "AlbumId"}
"""What the query of the map by hand calls them → the columns they come from."""


def places(proposal) -> dict[tuple[str, str], str]:
    return {(one.file.rpartition(": ")[2], one.column): one.place for one in proposal.columns}


def database(path: Path, script: str, **tables: list[tuple]) -> Path:
    with sqlite3.connect(path) as base:
        base.executescript(script)
        for table, rows in tables.items():
            base.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    base.close()
    return path


def test_a_database_is_mapped_from_its_file_alone(datasets, tmp_path):
    """Against the map a person wrote: each column that it names goes to the same canonical table and column."""
    file = datasets / "chinook" / "Chinook_Sqlite.sqlite"
    proposal = suggest_map([file])
    found, by_hand = places(proposal), read_map(MAPS / "chinook.yaml")
    tables = {"customers": "Customer", "tracks": "Track", "invoices": "Invoice", "lines": "InvoiceLine"}
    right, wrong = [], []
    for block in by_hand.blocks:
        for spec in block.columns:
            column = CHINOOK_NAMES.get(spec.column, spec.column)
            if not column or block.table == "traits":
                continue
            home = TABLES[block.table].by_name[spec.target].refers or f"{block.table}.{spec.target}"
            place = found[tables[block.file], column]
            (right if place == home else wrong).append((column, home, place))
    assert len(right) >= 0.85 * len(right + wrong), wrong
    assert len(right) > 12
    shop = loads(proposal, tmp_path)
    assert float(shop.order_lines.to_pandas().amount.sum()) == pytest.approx(2328.60)
    products = shop.products.to_pandas().set_index("product_id")
    assert products.loc["1", "category"] == "Rock"
    assert products.loc["1", "brand"] == "AC/DC"  # two steps away, behind the album


def test_a_database_that_declares_no_keys(tmp_path):
    """A Russian shop's tables: codes of groups point to a table of names that only their columns' names tell."""
    r = random.Random(3)
    file = database(
        tmp_path / "shop.db",
        """CREATE TABLE klienty (id INTEGER, familia TEXT, imya TEXT, email TEXT, gorod TEXT);
        CREATE TABLE gruppy (id INTEGER, nazvanie TEXT);
        CREATE TABLE tovary (id INTEGER, naimenovanie TEXT, gruppy_id INTEGER);
        CREATE TABLE zakazy (id INTEGER, klient_id INTEGER, data TEXT);
        CREATE TABLE zakaz_stroki (zakaz_id INTEGER, tovar_id INTEGER, kolichestvo INTEGER, cena REAL);
        CREATE TABLE sessions (token TEXT, payload TEXT);""",
        klienty=[(n, f"Петров{n}", "Иван", f"p{n}@example.org", "Тула") for n in range(1, 40)],
        gruppy=[(1, "Чай"), (2, "Кофе"), (3, "Посуда")],
        tovary=[(n, f"Товар {n}", n % 3 + 1) for n in range(1, 30)],
        zakazy=[(n, r.randint(1, 39), f"2025-03-{n % 28 + 1:02} 10:00:00") for n in range(100, 200)],
        zakaz_stroki=[(n % 100 + 100, r.randint(1, 29), r.randint(1, 4), 99.5 + n) for n in range(250)],
        sessions=[("x", "y")],
    )  # fmt: skip
    proposal = suggest_map([file])
    found = places(proposal)
    assert found["tovary", "gruppy_id"] == "products.category"
    assert found["zakazy", "klient_id"] == "customers.customer_id"
    assert found["zakaz_stroki", "zakaz_id"] == "orders.order_id"
    shop = loads(proposal, tmp_path)
    assert len(shop.order_lines.to_pandas()) == 250
    assert set(shop.products.to_pandas().category) == {"Чай", "Кофе", "Посуда"}
    assert shop.orders.to_pandas().customer_id.notna().all()


def test_a_database_by_its_address(tmp_path, monkeypatch):
    import crm_analytics.__main__  # noqa: F401
    from crm_analytics.command.app import app

    rows = [(n, f"c{n % 9}", f"2025-01-{n % 28 + 1:02}", 10.5 + n) for n in range(60)]
    script = "CREATE TABLE sales (order_id INTEGER PRIMARY KEY, customer_id TEXT, order_date TEXT, amount REAL)"
    file = database(tmp_path / "s.db", script, sales=rows)
    monkeypatch.setenv("CRM_SHOP_DB", f"sqlite:///{file}")
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["map", "suggest", "--database", "CRM_SHOP_DB", "--out", "shop.yaml"])
    assert run.exit_code == 0, run.output
    assert 'url: "${CRM_SHOP_DB}"' in (tmp_path / "shop.yaml").read_text("utf-8")
    proposal = suggest_map([], database="CRM_SHOP_DB")
    assert len(loads(proposal, tmp_path).orders.to_pandas()) == 60
    monkeypatch.delenv("CRM_SHOP_DB")
    with pytest.raises(SourceError, match="that is not set"):
        suggest_map([], database="CRM_SHOP_DB")


def test_an_archive_of_exports(tmp_path):
    sales = BLIND["orders_export_1.csv"].write(tmp_path / "a.csv").read_bytes()
    people = BLIND["members.tsv"].write(tmp_path / "b.tsv").read_bytes()
    text = sales.decode().splitlines(keepends=True)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("2024/sales_01.csv", "".join(text[:120]))
        archive.writestr("2024/sales_02.csv", "".join([text[0], *text[120:]]))
        archive.writestr("members.tsv", people)
        archive.writestr("readme.txt", "")
    for name in ("a.csv", "b.tsv"):
        (tmp_path / name).unlink()
    proposal = suggest_map([tmp_path / "export.zip"])
    assert 'member: "*/sales_*.csv"' in proposal.text
    assert "readme.txt: left out" in str(proposal)
    company = loads(proposal, tmp_path)
    assert len(company.order_lines.to_pandas()) == sum(",refunded," not in line for line in text[1:])
    assert len(company.customers.to_pandas()) >= 200


def test_a_workbook_of_several_sheets(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "Клиенты"
    sheets = {"Клиенты": [["Код клиента", "Регион"], *([f"К{n}", "Тула"] for n in range(30))],
              "Продажи [2024]": [["Чек", "Дата", "Код клиента", "Сумма"],
                          *([f"Ч{n}", f"2024-02-{n % 28 + 1:02}", f"К{n % 30}", 10 + n] for n in range(80))],
              "Пусто": []}  # fmt: skip
    for name, rows in sheets.items():
        sheet = book.active if name == "Клиенты" else book.create_sheet(name.replace("[", "(").replace("]", ")"))
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    company = loads(suggest_map([tmp_path / "book.xlsx"]), tmp_path)
    assert len(company.orders.to_pandas()) == 80
    assert set(company.customers.to_pandas().region) == {"Тула"}


def test_a_survey_is_known_by_its_questions(datasets, tmp_path):
    proposal = suggest_map([datasets / "survey_flying_538" / "flying-etiquette.csv"])
    by_hand = read_map(MAPS / "survey_flying_538.yaml")
    told = {spec.target: spec.column for spec in by_hand.blocks[0].columns if spec.column}
    found = {one.column: one.place for one in proposal.columns}
    assert all(found[column] in (f"survey_answers.{name}", "") for name, column in told.items())
    assert sum(found[column] != "" for column in told.values()) >= 0.85 * len(told)
    answers = loads(proposal, tmp_path).survey_answers.to_pandas()
    assert len(answers) == 22_937
    assert answers.respondent_id.nunique() == 1_040


def google(rows: int) -> list[list[str]]:
    """A form in Russian, one row of heading, several options in one cell."""
    r = random.Random(5)
    head = ["Отметка времени", "Адрес электронной почты", "Насколько вы довольны обслуживанием?",
            "Что для вас важно при выборе магазина?", "Порекомендуете ли вы нас друзьям (от 0 до 10)?",
            "Что нам улучшить?"]  # fmt: skip
    scale = ("Совсем не доволен", "Не доволен", "Доволен", "Полностью доволен")
    important = ("Цена", "Близость", "Выбор")
    return [head] + [
        [f"{n % 28 + 1:02}.05.2025 12:{n % 60:02}:00", f"u{n}@example.org", r.choice(scale),
         ", ".join(sorted(r.sample(important, r.randint(1, 3)))), str(r.randint(0, 10)), f"пожелание {n}"]
        for n in range(rows)
    ]  # fmt: skip


def monkey(rows: int) -> list[list[str]]:
    """Two rows of heading: questions over their options."""
    r = random.Random(6)
    above = ["Respondent ID", "Start Date", "Which of these brands do you know?", "", "", "How satisfied are you?", ""]
    below = ["", "", "Alpha", "Beta", "Gamma", "Price", "Quality"]
    scale = ("Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied")
    marks = [("Alpha", ""), ("Beta", ""), ("Gamma", "")]
    return [above, below] + [
        [str(10_000 + n), f"05/{n % 28 + 1:02}/2025", *(r.choice(m) for m in marks), r.choice(scale), r.choice(scale)]
        for n in range(rows)
    ]


@pytest.mark.parametrize("form", ["google", "monkey", "workbook"])
def test_survey_tools_in_two_languages(form, tmp_path):
    rows = google(60) if form == "google" else monkey(60)
    path = tmp_path / ("answers.xlsx" if form == "workbook" else "answers.csv")
    if form == "workbook":
        import openpyxl

        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    proposal = suggest_map([path])
    assert "format: survey" in proposal.text
    answers = loads(proposal, tmp_path).survey_answers.to_pandas()
    assert answers.respondent_id.nunique() == 60
    assert {"multiple", "scale"} <= set(answers.kind)
    if form == "google":
        assert answers.answered_at.min().strftime("%Y-%m-%d") == "2025-05-01"
        assert answers.customer_id.nunique() == 60  # known by their addresses, which no answer holds
        assert not answers.answer.str.contains("@").any()


@pytest.mark.parametrize("name", list(BLIND))
def test_no_other_file_is_taken_for_a_survey(name, tmp_path):
    proposal = suggest_map([BLIND[name].write(tmp_path / name)])
    assert "format: survey" not in proposal.text


def exchange(folder: Path, encoding: str) -> list[Path]:
    back = ORDERS.replace("<Номер>18</Номер>", "<Номер>18</Номер><ХозОперация>Возврат товара</ХозОперация>")
    goods = "<Товары><Товар><Ид>t1</Ид><Наименование>Сапог</Наименование><ЦенаЗаЕдиницу>750.25</ЦенаЗаЕдиницу>"
    goods += "<Количество>1</Количество></Товар></Товары></Документ>{after}"
    back = goods.join(back.rsplit("</Документ>{after}", 1))
    texts = {
        "import0_1.xml": xml(IMPORT, encoding=encoding),
        "offers0_1.xml": xml(OFFERS, rests=RESTS[2][1], encoding=encoding),
        "orders.xml": xml(back, before="", after="", encoding=encoding),
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text)
    return [folder / name for name in texts]


@pytest.mark.parametrize("encoding", ["UTF-8", "windows-1251"])
def test_exchange_files_of_1c(encoding, tmp_path):
    proposal = suggest_map(exchange(tmp_path, encoding))
    company = loads(proposal, tmp_path)
    lines, orders = company.order_lines.to_pandas(), company.orders.to_pandas().set_index("order_id")
    assert orders.kind.to_dict() == {"o1": "sale", "18": "return"}
    assert float(lines.amount[lines.order_id == "18"].iloc[0]) == -750.25  # told without an amount, and given back
    assert float(lines.amount[lines.order_id == "o1"].sum()) == 1500.50
    assert set(company.customers.to_pandas().customer_id) == {"k1", "7707083893"}  # not the shop that sells
    assert [float(price) for price in company.prices.to_pandas().price] == [750.25]
    assert float(company.stock.to_pandas().quantity.iloc[0]) == 3.5
    products = company.products.to_pandas().set_index("product_id")
    assert products.loc["t1", "category"] == "Одежда / Обувь"
    assert any("2 sorts of price" in question for question in proposal.questions)


def test_offers_alone_bring_the_goods_they_name(tmp_path):
    [_, offers, _] = exchange(tmp_path, "UTF-8")
    company = loads(suggest_map([offers]), tmp_path)
    assert list(company.products.to_pandas().product_id) == ["t1"]


def test_damaged_databases_and_archives_are_a_sentence(tmp_path):
    (tmp_path / "x.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    database(tmp_path / "empty.db", "CREATE TABLE x (a); DROP TABLE x")
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as archive:
        archive.writestr("x.csv", "")
    (tmp_path / "empty.zip").write_bytes(box.getvalue())
    (tmp_path / "cut.zip").write_bytes(box.getvalue()[:30])
    for name in ("x.db", "empty.db", "empty.zip", "cut.zip"):
        with pytest.raises(SourceError) as error:
            suggest_map([tmp_path / name])
        assert "\n" not in str(error.value)
