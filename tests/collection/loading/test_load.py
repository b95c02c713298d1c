"""A load: every line has one fate, the audit decides, and what is published is whole."""

import hashlib
from datetime import date, datetime
from decimal import Decimal

import pytest

from crm_analytics.collection import SourceError, load, quarantine, releases, tables
from crm_analytics.collection.mapping.section import MapError


def bytes_of(folder):
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def frame(wh, table, *order):
    return getattr(wh, table).to_pandas().sort_values(list(order), ignore_index=True)


def test_clean_files_become_tables(shop):
    report = shop.load()
    assert report.published
    assert report.exit_code == 0
    wh = shop.open()
    assert wh.company.name == "Corner shop"
    assert wh.release.facts_until == "2025-01-06"
    orders = frame(wh, "orders", "order_id")
    assert orders.kind.tolist() == ["sale", "sale", "return"]
    assert orders.ordered_at[0] == datetime(2025, 1, 5, 10)
    assert orders.customer_id.isna().tolist() == [False, True, False]
    lines = frame(wh, "order_lines", "order_id", "line_no")
    assert [Decimal(str(v)) for v in lines.amount] == [Decimal(v) for v in ("3", "2.25", "4.5", "-2.25")]
    assert frame(wh, "customers", "customer_id").region.tolist() == ["Riga", "Liepaja"]
    assert (report.files.money_read == report.files.money_loaded).iloc[0]
    assert report.files.money_read.iloc[0] == Decimal("7.50")
    assert "€7.50 read = €7.50 loaded + €0.00 refused" in report.text


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("r9;1;05.01.2025 10:00;ann;fig;1;0,00;0,00", "", "free of charge"),
        ("r9;1;05.01.2025 10:00;ann;fig;one;1,00;1,00", "Quantity", "not a number"),
        ("r9;1;05.01.2025 10:00;ann;fig;1;1.00;1,00", "Price", "not a number"),
        ("r9;1;05.01.2025 10:00;ann;fig;1;1,00;", "Sum", "empty, and must not be"),
        ("r9;1;2025-01-05;ann;fig;1;1,00;1,00", "Date", "not a date as the map describes it"),
        ("r9;1;31.02.2025 10:00;ann;fig;1;1,00;1,00", "Date", "not a date as the map describes it"),
        ("r9;1;05.01.2125 10:00;ann;fig;1;1,00;1,00", "Date", "a date in the future"),
        ("r9;1;05.01.1825 10:00;ann;fig;1;1,00;1,00", "Date", "a date before 1900"),
        ("r9;1,5;05.01.2025 10:00;ann;fig;1;1,00;1,00", "Line", "not a whole number"),
        (";1;05.01.2025 10:00;ann;fig;1;1,00;1,00", "Receipt", "empty, and must not be"),
        ("r1;1;05.01.2025 10:00;ann;apple;2;1,50;3,00", "Receipt", "the same line again"),
        ("r1;1;05.01.2025 10:00;ann;apple;3;1,50;4,50", "Receipt", "its key came before, with other content"),
        ("r9;1;05.01.2025 10:00;ann;fig", "", "fewer fields than the header has: 5, not 8"),
        ('r9;1;05.01.2025 10:00;"ann;fig;1;1,00;1,00', "", "a quote that does not close where its field ends"),
    ],
)
def test_a_bad_line_is_refused_with_its_reason_and_kept_as_it_came(shop, line, column, reason):
    sales = (shop.data / "sales.csv").read_text()
    shop.file("sales.csv", sales + line + "\n")
    shop.map = shop.map.replace("    decimal:", "    tolerate: 0.5\n    decimal:", 1)
    report = shop.load()
    assert report.published, report.text
    [refused] = shop.open().refused_lines().to_pandas().fillna({"column": ""}).to_dict("records")
    assert (refused["line_no"], refused["reason"], refused["column"]) == (6, reason, column)
    assert refused["line"] == line
    assert shop.open().order_lines.count().execute() == 4
    assert reason in report.text
    account = report.files.iloc[0]
    assert (account.lines_read, account.lines_loaded, account.lines_quarantined) == (5, 4, 1)


def test_a_single_line_is_a_large_share_of_a_small_file_and_stops_nothing(shop):
    """Unless the map tolerates none."""
    shop.file("people.csv", "Id;Region\nann;R\nben;R\n;R\n")
    report = shop.load()
    assert report.published, report.text
    assert any("1 of 3 lines of people.csv (33 %)" in check.text for check in report.checks)
    shop.file("people.csv", "Id;Region\nann;R\nben;R\n;R\n;R\n")
    assert not shop.load().published
    shop.file("people.csv", "Id;Region\nann;R\nben;L\n;R\n")
    shop.map = shop.map.replace("path: people.csv\n", "path: people.csv\n    tolerate: 0\n")
    assert not shop.load().published


def test_a_row_for_one_value_comes_from_the_first_line_that_can_give_one(shop):
    shop.file(
        "sales.csv",
        "Receipt;Line;Date;Customer;Product;Quantity;Price;Sum\n"
        "r1;1;soon;ann;apple;2;1,50;3,00\nr1;2;05.01.2025 10:00;ann;pear;1;1,00;1,00\n"
        "r1;3;who cares;ann;pear;1;1,00;1,00\nr2;1;never;ben;pear;1;1,00;1,00\n",
    )
    shop.map = shop.map.replace("    decimal:", "    tolerate: 1\n    decimal:", 1)
    shop.load()
    assert shop.reasons() == {2: "not a date as the map describes it", 5: "not a date as the map describes it"}
    assert shop.open().orders.order_id.execute().tolist() == ["r1"]
    assert sorted(shop.open().order_lines.line_no.execute()) == [2, 3]


def test_an_unknown_customer_is_emptied_and_counted(shop):
    shop.file("people.csv", "Id;Region\nann;R\n")
    report = shop.load()
    assert shop.open().orders.customer_id.execute().dropna().tolist() == ["ann"]
    [warning] = [check for check in report.checks if check.verdict == "weak"]
    assert "1 row of orders" in warning.text


def test_a_required_reference_to_nothing_refuses_the_line_and_all_that_hangs_on_it(shop):
    shop.map += """
  customer_contacts:
    from: contacts
    columns: {customer_id: Id, email: Mail}
""".rstrip()
    shop.map = shop.map.replace("lookups:", "  contacts: {path: contacts.csv, tolerate: 0.5}\nlookups:")
    shop.file("contacts.csv", "Id,Mail\nann,ann@example.org\ncarl,carl@example.org\n")
    report = shop.load()
    assert report.published
    assert shop.reasons() == {3: "not among the customers"}


def test_an_order_whose_every_line_is_refused_is_not_there(shop):
    sales = (shop.data / "sales.csv").read_text()
    shop.file("sales.csv", sales + "r7;x;05.01.2025 10:00;ann;apple;2;1,50;3,00\n")
    shop.map = shop.map.replace("    decimal:", "    tolerate: 0.5\n    decimal:", 1)
    shop.load()
    assert "r7" not in shop.open().orders.order_id.execute().tolist()


def test_the_same_again_changes_nothing(shop):
    shop.load()
    before = bytes_of(shop.home)
    report = shop.load()
    assert not report.changed
    assert report.exit_code == 0
    assert report.text.startswith("Nothing changed")
    after = bytes_of(shop.home)
    assert after == before


def test_a_changed_file_replaces_its_sources_rows_and_the_old_release_still_reads_the_same(shop):
    shop.load()
    old = shop.open()
    sales = (shop.data / "sales.csv").read_text()
    shop.file("sales.csv", sales.replace("r1;1;", "r5;1;") + "r6;1;08.01.2025 10:00;ann;fig;1;1,00;1,00\n")
    assert shop.load().release.id == 2
    assert sorted(shop.open().orders.order_id.execute()) == ["r1", "r2", "r3", "r5", "r6"]
    from crm_analytics.warehouse.engine import Warehouse

    for wh in (old, Warehouse.open(shop.home, release=1)):
        assert sorted(wh.orders.order_id.execute()) == ["r1", "r2", "r3"]
    assert releases(shop.home).release.tolist() == [1, 2]


def test_a_table_the_map_no_longer_fills_is_emptied(shop):
    shop.load()
    head, _, tail = shop.map.partition("  customers:\n")
    shop.map = head + "  stores:\n    from: people\n    columns: {store_id: Id}\n" + tail[tail.index("  orders:") :]
    assert shop.load().published
    assert not shop.open().has("customers")
    assert shop.open().has("stores")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("Receipt;Line;Date;Customer;Product;Quantity;Price;Sum\n", "its files hold no lines"),
        ("Receipt;Line;Date;Customer;Product;Quantity;Price;Sum\n" + "x;y;z;;;;;\n" * 9, "not a"),
    ],
)
def test_the_audit_stops_a_load_and_nobody_sees_it(shop, content, why):
    shop.load()
    shop.file("sales.csv", content)
    if "x;y" not in content:
        (shop.data / "people.csv").write_text("Id;Region\n")
    report = shop.load()
    assert report.stopped
    assert report.exit_code == 1
    assert not report.published
    assert "Nothing was published" in report.text
    assert shop.open().release.id == 1
    assert shop.open().orders.count().execute() == 3


def test_far_fewer_rows_than_before_are_a_warning(shop):
    shop.load()
    sales = (shop.data / "sales.csv").read_text().splitlines()
    shop.file("sales.csv", "\n".join(sales[:2]) + "\n")
    report = shop.load()
    assert report.published
    assert any(check.name == "volume" and check.verdict == "weak" for check in report.checks)


def test_several_maps_are_one_release_and_keys_are_unique_across_them(shop):
    maps = shop.folder / "maps"
    maps.mkdir()
    shop.map = shop.map.replace("path: people.csv\n", "path: people.csv\n    tolerate: 0.5\n")
    (maps / "shop.yaml").write_text(shop.map, "utf-8")
    (maps / "club.yaml").write_text(
        """
source: club
files: {members: {path: members.csv, tolerate: 0.5}}
tables:
  customers:
    from: members
    columns: {customer_id: Id, birth_year: Born}
""",
        "utf-8",
    )
    shop.file("members.csv", "Id,Born\nann,1980\ndora,1990\n")
    report = load(maps, data=shop.data, home=shop.home)
    assert report.release.id == 1
    wh = shop.open()
    assert sorted(wh.customers.customer_id.execute()) == ["ann", "ben", "dora"]
    assert [r.reason for r in report.refusals] == ["its key has already come from another source"]
    assert set(wh.release.loads) == {"shop", "club"}
    shop.file("members.csv", "Id,Born\ndora,1990\neve,1991\n")
    report = load(maps / "club.yaml", data=shop.data, home=shop.home)
    assert sorted(shop.open().customers.customer_id.execute()) == ["ben", "dora", "eve"]
    assert any("1 row of orders that was loaded earlier refers to customers" in check.text for check in report.checks)
    assert shop.open().company.name == "Corner shop"


def test_one_table_may_be_fed_in_several_ways(shop):
    shop.map += """
  consents:
    - from: people
      where: "Mail = 'yes'"
      columns: {customer_id: Id, purpose: {constant: marketing}, channel: {constant: email}}
    - from: people
      where: "Phone = 'yes'"
      columns: {customer_id: Id, purpose: {constant: marketing}, channel: {constant: phone}}
"""
    shop.file("people.csv", "Id;Region;Mail;Phone\nann;R;yes;yes\nben;L;no;yes\n")
    assert shop.load().published
    consents = frame(shop.open(), "consents", "channel", "customer_id")
    assert consents[["customer_id", "channel"]].values.tolist() == [
        ["ann", "email"],
        ["ann", "phone"],
        ["ben", "phone"],
    ]


def test_a_file_that_two_kinds_read_has_two_accounts(shop):
    """An exchange file of 1C is read once for its orders and once for their lines; neither may be counted twice."""
    from crm_analytics import features

    shop.map = shop.map.replace("files:\n", "files:\n  again: {path: people.csv, delimiter: ';'}\n") + """
  traits:
    from: again
    columns: {customer_id: Id, trait: {constant: region}, value: Region}
"""
    assert shop.load().published
    told = features.loads(shop.open()).execute()
    assert set(told.file) >= {"people.csv: people", "people.csv: again"}
    assert (told.groupby("file").lines.sum() == told.groupby("file").lines_read.first()).all()


def test_lookups_defaults_and_words_for_nothing(shop):
    shop.file("regions.csv", "code;name\nR;Riga\n")
    shop.map = shop.map.replace("{R: Riga, L: Liepaja}", '{file: regions.csv, key: code, value: name, delimiter: ";"}')
    shop.map = shop.map.replace("lookup: region}", "lookup: region, else: elsewhere, default: unknown}")
    shop.map = shop.map.replace("path: people.csv\n", 'path: people.csv\n    empty: ["-"]\n')
    shop.file("people.csv", "Id;Region\nann;R\nben;L\ncora;\ndora;-\n")
    shop.load()
    assert frame(shop.open(), "customers", "customer_id").region.tolist() == ["Riga", "elsewhere", "unknown", "unknown"]


def test_a_value_the_lookup_lacks_refuses_the_line(shop):
    shop.map = shop.map.replace("path: people.csv\n", "path: people.csv\n    tolerate: 0.5\n")
    shop.file("people.csv", "Id;Region\nann;R\nben;L\ncora;Q\n")
    shop.load()
    assert shop.reasons() == {4: "a value that the lookup region does not have"}


def test_files_of_one_kind_may_order_their_columns_differently_but_not_lack_one(shop):
    shop.file(
        "sales2.csv",
        "Sum;Price;Quantity;Product;Customer;Date;Line;Receipt;More\n1,00;1,00;1;fig;ann;08.01.2025 10:00;1;r8;x\n",
    )
    report = shop.load()
    assert report.files.file.tolist() == ["sales.csv", "sales2.csv", "people.csv"]
    assert shop.open().orders.count().execute() == 4
    shop.file("sales2.csv", "Sum;Price\n1,00;1,00\n")
    with pytest.raises(SourceError, match=r"sales2\.csv has no column"):
        shop.load()


def test_numbers_are_read_as_the_map_says_and_never_a_thousandfold(shop):
    shop.map = shop.map.replace('    decimal: ","', '    decimal: ","\n    thousands: " "\n    tolerate: 1', 1)
    head = (shop.data / "sales.csv").read_text().splitlines()[0]
    row = "r{n};1;05.01.2025 10:00;ann;fig;1;1,00;{value}\n"
    values = ["1 234,50", "1\u00a0234", "-12,5", "12 34,5", "1.234", "1e3"]
    shop.file("sales.csv", head + "\n" + "".join(row.format(n=n, value=v) for n, v in enumerate(values)))
    shop.load()
    loaded = frame(shop.open(), "order_lines", "order_id")
    assert dict(zip(loaded.order_id, loaded.amount.astype(float), strict=True)) == {
        "r0": 1234.5,
        "r1": 1234.0,
        "r2": -12.5,
        "r5": 1000.0,
    }
    assert shop.reasons() == {5: "not a number", 6: "not a number"}


def test_lines_can_be_numbered_within_their_order(shop):
    shop.map = shop.map.replace("line_no: Line", "line_no: {number_within: Receipt}")
    shop.load()
    assert frame(shop.open(), "order_lines", "order_id", "line_no").line_no.tolist() == [1, 2, 1, 1]


def test_lines_without_any_id_can_be_numbered_through_the_file(shop):
    shop.map = shop.map.replace("line_no: Line", "line_no: {number_within: \"'all'\"}")
    shop.load()
    assert frame(shop.open(), "order_lines", "order_id", "line_no").line_no.tolist() == [1, 2, 3, 4]
    shop.map = shop.map.replace("\"'all'\"", "\"concat(Receipt, 'x')\"")
    shop.load()
    assert frame(shop.open(), "order_lines", "order_id", "line_no").line_no.tolist() == [1, 2, 1, 1]


def test_a_line_of_no_table_is_refused_and_not_lost(shop):
    shop.map = shop.map.replace("    from: people\n", "    from: people\n    where: \"Id <> 'ben'\"\n")
    shop.map = shop.map.replace("path: people.csv\n", "path: people.csv\n    tolerate: 0.5\n")
    shop.load()
    assert shop.reasons() == {3: "no table of the map takes this line"}


def test_hostile_headers_and_values_are_data(shop):
    nasty = "Robert'); DROP TABLE students;--"
    shop.file("people.csv", f'Id;Region;"{nasty}";"=cmd|x";"a""b";rid;file\nann;R;"{nasty}";1;2;3;4\nben;L;;;;5;\n')
    shop.map = shop.map.replace("kind: {constant: person}", f'gender: "{nasty}"\n      kind: {{constant: person}}')
    shop.map = shop.map.replace("customer_id: Id", "customer_id: rid")
    shop.load()
    assert frame(shop.open(), "customers", "customer_id").gender.fillna("").tolist() == [nasty, ""]


def test_a_column_that_stands_twice_is_not_guessed(shop):
    shop.file("people.csv", "Id;Region;Id\nann;R;x\n")
    with pytest.raises(MapError, match="more than one column 'Id'"):
        shop.load()


def test_what_is_there_and_what_can_be_asked(shop):
    shop.file("sales.csv", (shop.data / "sales.csv").read_text() + "r9;1;05.01.2025 10:00;ann;fig;1;0,00;0,00\n")
    shop.load()
    holdings = tables(shop.open(), {"sales": ("orders", "order_lines"), "lift": ("orders", "arms")})
    assert holdings.questions.can_be_asked.tolist() == [True, False]
    assert holdings.questions.missing.tolist() == ["", "arms"]
    assert "Corner shop has no arms; with them you would see" in holdings.text
    rows = holdings.tables.set_index("table")
    assert rows.rows["order_lines"] == 4
    assert rows.newest["orders"] == "2025-01-07"
    assert rows.sources["orders"] == "shop"
    assert holdings.to_dict()["questions"][1]["can_be_asked"] is False
    [refused] = quarantine(shop.open()).to_dict("records")
    assert (refused["reason"], refused["lines"], refused["example_line_no"]) == ("free of charge", 1, 6)
    assert "line" not in refused


def test_the_loads_table_says_how_far_each_file_reaches(shop):
    shop.load()
    loads = frame(shop.open(), "loads", "file")
    assert loads.newest.dt.date.tolist()[1] == date(2025, 1, 7)
    assert loads.lines_read.tolist() == [2, 4]
    assert all(len(mark) == 64 for mark in loads.fingerprint)


def test_files_without_header_or_quotes_and_in_any_encoding(shop):
    shop.map = shop.map.replace(
        'path: people.csv\n    delimiter: ";"',
        'path: people.csv\n    delimiter: "\\t"\n    quote: ""\n    header: [Id, Region, Name]\n    encoding: utf-16',
    )
    shop.file("people.csv", 'ann\tR\t"Ann\nben\tL\tБен "x"\n'.encode("utf-16"))
    shop.map = shop.map.replace("kind: {constant: person}", "gender: Name\n      kind: {constant: person}")
    assert shop.load().published
    assert frame(shop.open(), "customers", "customer_id").gender.tolist() == ['"Ann', 'Бен "x"']


def test_records_over_several_lines_are_loaded_whole(shop):
    head = (shop.data / "sales.csv").read_text()
    many = "".join(f'm{i};1;05.01.2025 10:00;ann;"two\nlines; ""{i}""";1;1,00;1,00\n' for i in range(500))
    shop.file("sales.csv", head + many + "bad\n")
    shop.load()
    products = frame(shop.open(), "order_lines", "order_id").set_index("order_id").product_id
    assert products["m499"] == 'two\nlines; "499"'
    assert shop.reasons() == {1006: "fewer fields than the header has: 1, not 8"}
