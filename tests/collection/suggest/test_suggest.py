"""Maps proposed from headings and values: placed right, loadable, sure only where they are right, and never harmed."""

from __future__ import annotations

import csv
import gzip
import re
import sqlite3
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from crm_analytics.collection import Proposal, check_maps, load, suggest_map
from crm_analytics.collection.mapping.maps import read_map, read_maps
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.suggest.lexicon import folded, lexicon
from crm_analytics.simulation.company import Simulation
from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.tables import TABLES
from tests.collection.suggest.blind import BLIND
from tests.collection.suggest.truth import CHINOOK, DATASETS

SURE = 0.9
MAPS = Path(__file__).parents[3] / "maps"
Truth = dict[tuple[str, str], str]


class Score:
    """How many columns with a home of their own are at it, and how many of the sure placements are wrong."""

    def __init__(self) -> None:
        self.right = self.homes = self.sure = 0
        self.wrong: list[tuple[str, str, str]] = []
        self.surely_wrong: list[tuple[str, str, str]] = []

    def take(self, proposal: Proposal, truth: Truth) -> None:
        found = {(one.file, one.column): one for one in proposal.columns}
        for (file, column), said in truth.items():
            one = found[file, column]
            places = [place.strip() for place in said.split("|")]
            good = one.place in places or (said == "" and one.place in ("traits.value", "activity.value"))
            if said:
                self.homes += 1
                self.right += good
            if not good:
                self.wrong.append((file, column, one.place))
            if one.place and one.confidence > SURE:
                self.sure += 1
                self.surely_wrong += [] if good else [(file, column, one.place)]

    @property
    def accuracy(self) -> float:
        return self.right / self.homes

    @property
    def precision(self) -> float:
        return 1 - len(self.surely_wrong) / self.sure


def written(proposal: Proposal, path: Path) -> Path:
    path.write_text(proposal.text, "utf-8")
    return path


def loads(proposal: Proposal, folder: Path) -> Warehouse:
    """The proposed map as it stands: it has no fault, and what it loads reconciles and is published."""
    path = written(proposal, folder / "proposed.yaml")
    assert check_maps(path, data=proposal.folder) == []
    report = load(path, data=proposal.folder, home=folder / "home")
    assert report.published, report.text
    assert all(account.reconciles for account in report.accounts)
    return Warehouse.open(folder / "home")


def chinook(datasets: Path, folder: Path) -> list[Path]:
    folder.mkdir()
    base = sqlite3.connect(f"file:{datasets}/chinook/Chinook_Sqlite.sqlite?mode=ro", uri=True)
    for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        rows = base.execute(f'SELECT * FROM "{name}"')
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            sheet = csv.writer(file)
            sheet.writerow([about[0] for about in rows.description])
            sheet.writerows(rows)
    return sorted(folder.glob("*.csv"))


def told_by_hand(maps: Path) -> Truth:
    """Where the columns belong by the maps that people wrote."""
    truth: Truth = {}
    for one in read_maps(maps):
        for block in one.blocks:
            if one.files[block.file].format == "survey":
                continue
            for spec in block.columns:
                place = f"{block.table}.{spec.target}"
                place = place if place in lexicon().phrases else TABLES[block.table].by_name[spec.target].refers
                key = one.files[block.file].path, spec.column
                if spec.column and place:
                    truth[key] = f"{truth[key]} | {place}" if key in truth else place
    return truth


def heading_of(folder: Path, pattern: str) -> str:
    """The first line of a file; a small company's export may lack a column that the map of a larger one has."""
    data = min(folder.glob(pattern)).read_bytes().split(b"\n")[0]
    return data.decode("utf-8-sig") if pattern.startswith(("crm", "adv", "call", "market")) else data.decode("cp1251")


def test_public_data_sets_are_placed_and_load(datasets, tmp_path):
    score = Score()
    for name, files in DATASETS.items():
        proposal = suggest_map(datasets / file for file in files)
        truth = {(Path(file).name, column): place for file, places in files.items() for column, place in places.items()}
        mine = Score()
        mine.take(proposal, truth)
        assert mine.accuracy >= 0.8, (name, mine.wrong)
        score.take(proposal, truth)
        assert read_map(written(proposal, tmp_path / "map.yaml"))
        if name in ("cdnow sample", "crm_sales_opportunities"):
            (tmp_path / name).mkdir()
            loads(proposal, tmp_path / name)
    assert score.accuracy >= 0.9, score.wrong
    assert score.precision >= 0.97, score.surely_wrong


def test_returns_and_money_of_the_gift_shop_are_what_its_lines_say(datasets, tmp_path):
    with gzip.open(datasets / "online_retail" / "online_retail.csv.gz", "rt", encoding="utf-8") as file:
        lines = list(islice(file, 40_001))
    (tmp_path / "shop.csv").write_text("".join(lines), "utf-8")
    told = [
        (row["InvoiceNo"], Decimal(row["Quantity"]) * Decimal(row["UnitPrice"]), row["CustomerID"])
        for row in csv.DictReader(lines)
    ]
    sold = loads(suggest_map([tmp_path / "shop.csv"]), tmp_path)
    orders, rows = sold.orders.to_pandas(), sold.order_lines.to_pandas()
    assert sum(rows.amount) == sum(money for _, money, _ in told)
    assert set(orders[orders.kind == "return"].order_id) == {number for number, *_ in told if number.startswith("C")}
    assert set(orders.customer_id.dropna()) == {who.split(".")[0] for *_, who in told if who}


def test_the_tables_of_a_shop_that_refer_to_each_other(datasets, tmp_path):
    proposal = suggest_map(chinook(datasets, tmp_path / "chinook"))
    score = Score()
    score.take(proposal, {(f"{file}.csv", c): place for file, places in CHINOOK.items() for c, place in places.items()})
    assert score.accuracy >= 0.85, score.wrong
    assert score.precision >= 0.97, score.surely_wrong
    shop = loads(proposal, tmp_path)
    assert float(shop.order_lines.to_pandas().amount.sum()) == pytest.approx(2328.60)
    assert "Rock" in set(shop.products.to_pandas().category)  # GenreId, told by Genre.csv


def test_groceries_hold_no_rows_and_are_said_to(datasets):
    proposal = suggest_map([datasets / "groceries" / "groceries.csv"])
    assert proposal.text == ""
    assert "each is a list, not a row" in str(proposal)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    Simulation(customers=500, seed=1).write(folder)
    return folder


def test_the_demo_company_in_two_languages(demo, tmp_path):
    truth = told_by_hand(MAPS / "demo")
    files = [path for pattern in {file for file, _ in truth} for path in demo.glob(pattern)]
    proposal = suggest_map(files)
    score = Score()
    score.take(proposal, {key: place for key, place in truth.items() if key[1] in heading_of(demo, key[0])})
    assert score.accuracy >= 0.95, score.wrong
    assert score.precision >= 0.97, score.surely_wrong
    company = loads(proposal, tmp_path)
    assert all(company.has(t) for t in ("orders", "order_lines", "deal_stages", "contacts", "stock", "market"))


def test_companies_nobody_has_seen(tmp_path):
    score = Score()
    for number, (name, export) in enumerate(BLIND.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        proposal = suggest_map([export.write(folder / name)])
        score.take(proposal, {(name, column): place for column, place in export.truth.items()})
        assert check_maps(written(proposal, folder / "map.yaml"), data=proposal.folder) == [], name
    assert score.accuracy >= 0.9, score.wrong
    assert score.precision >= 0.97, score.surely_wrong


@pytest.mark.parametrize(
    "name", ["Реализация товаров за 2024.csv", "orders_export_1.csv", "members.tsv", "postavki.csv"]
)
def test_what_is_proposed_for_a_stranger_loads(name, tmp_path):
    proposal = suggest_map([BLIND[name].write(tmp_path / name)])
    company = loads(proposal, tmp_path)
    assert (
        sum(len(getattr(company, table).to_pandas()) for table in ("customers", "products") if company.has(table)) > 20
    )


def test_personal_values_are_never_shown(tmp_path):
    name = "klub_anketa.csv"
    proposal = suggest_map([BLIND[name].write(tmp_path / name)])
    rows = (tmp_path / name).read_text("cp1251").splitlines()[1:]
    personal = {cell for row in rows for cell in row.split(";")[1:2] + row.split(";")[4:5]}
    assert len(personal) > 5
    assert not [value for value in personal if value in proposal.text or value in str(proposal)]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "utf-16", "utf-8"])
def test_russian_exports_in_any_encoding_with_signs_of_money_in_the_numbers(encoding, tmp_path):
    rows = [
        f"{n};{n % 28 + 1:02}.0{n % 6 + 1}.2024;К-{n % 9};1 {100 + n},50 руб.;{'Возврат' if n % 7 == 0 else 'Продажа'}"
        for n in range(1, 90)
    ]
    text = "\r\n".join(["Заказ номер;Дата продажи;Контрагент;Сумма, руб.;Вид операции", *rows, ""])
    (tmp_path / "sales.csv").write_bytes(text.encode(encoding))
    sold = loads(suggest_map([tmp_path / "sales.csv"]), tmp_path)
    signed = [Decimal(f"{1100 + n}.5") * (1 if n % 7 else -1) for n in range(1, 90)]
    assert sum(sold.order_lines.to_pandas().amount) == sum(signed)
    assert (sold.orders.to_pandas().kind == "return").sum() == 12


def test_workbooks_and_parquet_are_read_through_their_sources(tmp_path):
    import openpyxl
    import pyarrow.csv
    import pyarrow.parquet

    text = BLIND["sales_report_magento.csv"].write(tmp_path / "sales.csv").read_text("utf-8")
    book = openpyxl.Workbook()
    for row in csv.reader(text.splitlines()):
        book.active.append(row)
    book.save(tmp_path / "sales.xlsx")
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(tmp_path / "sales.csv"), tmp_path / "sales.parquet")
    for name in ("sales.xlsx", "sales.parquet"):
        proposal = suggest_map([tmp_path / name])
        placed = {one.column: one.place for one in proposal.columns}
        assert placed["Item SKU"] == "products.product_id"
        assert placed["Row Total"] == "order_lines.amount"
        (tmp_path / name[6:]).mkdir()
        assert len(loads(proposal, tmp_path / name[6:]).order_lines.to_pandas()) == 240
    (tmp_path / "import.xml").write_text("<?xml version='1.0'?><КоммерческаяИнформация/>", "utf-8")
    with pytest.raises(SourceError, match="exchange file of 1C"):
        suggest_map([tmp_path / "import.xml"])


def test_a_yes_or_no_names_no_campaign(tmp_path):
    lines = ["Код;Наименование;Согласие на рассылку"]
    lines += [f"К{n};Клиент {n};{'Да' if n % 2 else 'Нет'}" for n in range(9)]
    (tmp_path / "clients.csv").write_text("\n".join(lines), "cp1251")
    places = {one.column: one.place for one in suggest_map([tmp_path / "clients.csv"]).columns}
    assert places["Согласие на рассылку"].startswith("consents.")


def test_money_of_the_order_is_not_money_of_its_lines(tmp_path):
    """A web shop's export says of an order what it says on the first of its lines, or again on each."""
    for again in (False, True):
        lines = ["Order No,Customer Id,Created at,Total,Item quantity,Item price,Item sku"]
        for order in range(40):
            prices = [10 + order + item for item in range(order % 3 + 1)]
            for item, price in enumerate(prices):
                head = f"C{order % 7},2025-01-{order % 28 + 1:02},{2 * sum(prices) + 3}.00"
                head = head if again or not item else ",,"
                lines.append(f"#{order},{head},2,{price}.00,S{item}")
        path = tmp_path / f"export_{again}.csv"
        path.write_text("\n".join(lines), "utf-8")
        proposal = suggest_map([path])
        assert "Total" not in {one.column for one in proposal.columns if one.place.startswith("order_lines")}
        assert 'num("Item quantity") * num("Item price")' in proposal.text.replace("\\", "")


def test_a_file_of_which_no_map_can_be_made_does_not_stand_in_the_way(tmp_path):
    (tmp_path / "clients.csv").write_text("Client ID,Region,Email\nA1,Riga,a@b.lv\nA2,Tartu,c@d.ee\n", "utf-8")
    (tmp_path / "orders.xml").write_text("<?xml version='1.0'?><КоммерческаяИнформация/>", "utf-8")
    (tmp_path / "empty.csv").write_bytes(b"")
    proposal = suggest_map([*tmp_path.iterdir()])
    assert "customer_id: Client ID" in proposal.text
    assert "orders.xml: left out: orders.xml is an exchange file of 1C" in str(proposal)
    assert "empty.csv: left out: empty.csv is empty" in str(proposal)
    with pytest.raises(SourceError, match="empty"):
        suggest_map([tmp_path / "empty.csv", tmp_path / "orders.xml"])


_CELLS = st.text(alphabet=st.characters(blacklist_categories=("Cs",)), max_size=30)
_HOSTILE = st.sampled_from(
    ["'; DROP TABLE orders; --", '" OR 1=1', "a: b", "{x: y}", "- a", "# ?", "\x1b[31mred", "!!python/object:os.system",
     "&a *a", "null", "~", "=cmd|' /C calc'!A0", "дата\u2028заказа", "x\ty", "order\nid", "%s{0}", "{name}", "'", "\\",
     "<b>", "\u202eid"]
)  # fmt: skip
_VALUES = st.one_of(_CELLS, _HOSTILE, st.sampled_from(["12.5", "03.04.2024", "A-17"]))
_NAMED = st.sampled_from(
    ["Order ID", "Дата", "Сумма", "Кол-во", "customer_id", "SKU", "e-mail", "Цена", "Покупатель", "id", "Телефон"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headings=st.lists(st.one_of(_CELLS, _HOSTILE, _NAMED), min_size=1, max_size=9),
    rows=st.lists(st.lists(_VALUES, min_size=9, max_size=9), max_size=25),
    delimiter=st.sampled_from(",;\t"),
)  # fmt: skip
def test_any_headings_and_values_make_a_map_that_reads_or_a_sentence(headings, rows, delimiter, tmp_path):
    path = tmp_path / "any.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file, delimiter=delimiter)
        sheet.writerows([headings, *(row[: len(headings)] for row in rows)])
    try:
        proposal = suggest_map([path])
    except SourceError:
        return
    assert re.search(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", str(proposal) + proposal.text) is None
    assert proposal == suggest_map([path])
    if proposal.text:
        assert check_maps(written(proposal, tmp_path / "any.yaml"), data=tmp_path) == []


def test_hostile_headings_do_no_harm(tmp_path):
    names = [
        "Order ID",
        "Date",
        "Amount",
        "Client'; DROP TABLE orders; --",
        "{x: [",
        "\x1b[2J",
        "=1+1",
        "a: b # c",
        'q"q',
    ]
    lines = [[f"A{n}", f"2024-01-{n:02}", f"{n}.50", f"c{n % 4}", "u", "v", "w", "x", "y"] for n in range(1, 29)]
    with (tmp_path / "shop.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *lines])
    proposal = suggest_map([tmp_path / "shop.csv"])
    assert "\x1b" not in proposal.text + str(proposal)
    shop = loads(proposal, tmp_path)
    assert len(shop.orders.to_pandas()) == 28


def test_what_cannot_be_known_is_asked(tmp_path):
    rows = [
        "Order ID,Order Date,Customer ID,Amount",
        *(f"A{n},0{n % 9 + 1}/0{n % 7 + 1}/2024,c{n},{n}.50" for n in range(1, 60)),
    ]
    (tmp_path / "orders.csv").write_text("\n".join(rows) + "\n")
    proposal = suggest_map([tmp_path / "orders.csv"])
    asked = [question for question in proposal.questions if "Order Date" in question]
    assert len(asked) == 1
    assert "%d/%m/%Y" in asked[0]
    assert "%m/%d/%Y" in asked[0]
    assert f"# ? {asked[0]}" in proposal.text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Количество", "kolichestvo"),
        ("Товара", "tovar"),
        ("Клиентов", "klient"),
        ("Cад", "Сад"),
        ("products", "Product"),
    ],
)
def test_spelling_makes_no_difference(one, other):
    assert folded(one) == folded(other)


def test_every_phrase_of_the_lexicon_speaks_of_words_it_has():
    words = lexicon()
    known = {meaning for meanings in words._index.values() for meaning in meanings}
    for place, phrases in words.phrases.items():
        table, _, column = place.partition("#")[0].partition(".")
        assert column in TABLES[table].by_name
        for phrase in phrases:
            assert set(phrase.needed) | phrase.beside <= known, (place, phrase)
    for kind, about in words.rows.items():
        assert set(about["subject"]) | set(about["file"]) <= known | {"response", "activity"}, kind


def test_check_says_every_fault_in_a_sentence(tmp_path):
    (tmp_path / "shop.csv").write_text("Receipt,Date,Sum\nr1,2024-01-02,3\n")
    (tmp_path / "shop.yaml").write_text(
        "source: shop\nfiles:\n  lines: {path: shop.csv, money: Summ}\ntables:\n  orders:\n"
        "    from: lines\n    rows: Receit\n"
        "    columns: {order_id: Receipt, ordered_at: Dat, kind: {constant: sale}}\n"
    )
    faults = check_maps(tmp_path / "shop.yaml", data=tmp_path)
    assert len(faults) == 3
    assert all("Did you mean" in fault and "\n" not in fault for fault in faults)
    assert check_maps(tmp_path / "shop.yaml") == []


def test_the_command(tmp_path, monkeypatch):
    import crm_analytics.__main__  # noqa: F401
    from crm_analytics.command.app import app

    monkeypatch.chdir(tmp_path)
    file = BLIND["calls_2024_06.csv"].write(tmp_path / "calls_2024_06.csv")
    run = CliRunner().invoke(app, ["map", "suggest", str(file), "--out", "calls.yaml"])
    assert run.exit_code == 0, run.output
    assert "contacts.at" in run.output
    assert "crm load calls.yaml" in run.output
    assert read_map(tmp_path / "calls.yaml").source == "calls"
    assert CliRunner().invoke(app, ["map", "check", "calls.yaml", "--data", "."]).exit_code == 0
    assert '"place": "contacts.at"' in CliRunner().invoke(app, ["map", "suggest", str(file), "--json"]).output
