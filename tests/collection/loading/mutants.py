"""Spoilt files of every format, loaded one after another: `python mutants.py FOLDER FIRST LAST` prints how they ended.

Each mutant is a good table that is spoilt as a table, written in a format, and often spoilt again as bytes. Whatever it
is, a load of it must end in a release or a report whose lines and money add up, or in one sentence; and unless it was
published, everybody sees what they saw before. Where only the table was spoilt, the number of its records is known.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import sqlite3
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

Table = tuple[list[str], list[list[Any]]]

NAMES = ["Receipt", "Line", "Date", "Customer", "Product", "Quantity", "Price", "Sum"]
MAP = """
source: shop
company: {name: Corner shop, currency: EUR, country: LV}
files:
  lines: {FILE, money: Sum, tolerate: 0.5}
tables:
  orders:
    from: lines
    rows: Receipt
    columns:
      order_id: Receipt
      ordered_at: {column: Date, format: "%Y-%m-%d %H:%M:%S"}
      channel: Customer
      kind: {expression: "CASE WHEN Quantity < 0 THEN 'return' ELSE 'sale' END"}
  order_lines:
    from: lines
    columns: {order_id: Receipt, line_no: Line, product_id: Product, quantity: Quantity, price: Price, amount: Sum}
"""
ONE_C = {
    "Receipt": "order_id", "Line": "line_no", "Date": "ordered_at", "Customer": "number", "Product": "product_id",
    "Quantity": "quantity", "Price": "price", "Sum": "amount",
}  # fmt: skip
HOSTILE = [
    '"; DROP TABLE x; --', "'", '""', "rid", "file", "_file", "x_amount", "s0", "c0", "", " ", "\u202e", "A" * 5000,
    "=1+1", "<b>", "&amp;", "\0", "\n", "Sum", "sum", "a.b.c", "{{7*7}}", "${HOME}", "../../x", "😀", "\ud800",
]  # fmt: skip
VALUES: list[Any] = [
    None, "", " ", "NaN", "inf", "-1e308", 1e300, float("nan"), float("inf"), -0.0, 2**63, 10**40, True, "1,5", "٣",
    "2025-02-31 10:00:00", "0001-01-01", "9999-12-31 23:59:59", datetime(1899, 12, 31), b"\xff\x00", "'; --", "\0",
    "a\nb", 'a"b', "a;b", "\ud800", "x" * 70_000, ["a", {"b": 1}], {"a": {"b": [1]}}, "NULL", "#N/A", "=cmd|'/c'!A1",
]  # fmt: skip


def good(draw: random.Random) -> Table:
    rows = []
    for i in range(draw.randrange(4, 24)):
        order, day, who = f"r{i // 2}", datetime(2025, 1, i % 28 + 1, 10), draw.choice(["ann", "Бен", None])
        rows.append([order, i % 2 + 1, day, who, f"fig {i}", i + 1, 1.5, round(1.5 * (i + 1), 2)])
    return list(NAMES), rows


# --- a table is spoilt ------------------------------------------------------------------------------------------------


def as_it_is(draw: random.Random, table: Table) -> Table:
    return table


def drop_column(draw: random.Random, table: Table) -> Table:
    at = draw.randrange(len(table[0]))
    return _columns(table, [i for i in range(len(table[0])) if i != at])


def swap_columns(draw: random.Random, table: Table) -> Table:
    names = table[0]
    order = list(range(len(names)))
    a, b = draw.sample(order, 2)
    order[a], order[b] = b, a
    return (names, _columns(table, order)[1]) if draw.random() < 0.5 else _columns(table, order)


def double_column(draw: random.Random, table: Table) -> Table:
    at = draw.randrange(len(table[0]))
    return _columns(table, [*range(at + 1), *range(at, len(table[0]))])


def hostile_name(draw: random.Random, table: Table) -> Table:
    names, rows = table
    at = draw.randrange(len(names))
    return [draw.choice(HOSTILE) if i == at else name for i, name in enumerate(names)], rows


def hostile_values(draw: random.Random, table: Table) -> Table:
    names, rows = table
    for _ in range(draw.randrange(1, 8)):
        row = draw.choice(rows)
        row[draw.randrange(1, len(names))] = draw.choice(VALUES)
    return names, rows


def huge_field(draw: random.Random, table: Table) -> Table:
    draw.choice(table[1])[4] = "f" * draw.choice([30_000, 900_000, 2_000_000, 10_000_000])
    return table


def double_rows(draw: random.Random, table: Table) -> Table:
    names, rows = table
    rows += [list(draw.choice(rows)) for _ in range(draw.randrange(1, 6))]
    return names, rows


def no_rows(draw: random.Random, table: Table) -> Table:
    return table[0], []


def shuffled_types(draw: random.Random, table: Table) -> Table:
    names, rows = table
    at = draw.randrange(1, len(names))
    for row in rows:
        row[at] = str(row[at])
    return names, rows


def _columns(table: Table, order: Sequence[int]) -> Table:
    names, rows = table
    return [names[i] for i in order], [[row[i] for i in order] for row in rows]


SPOIL_TABLE = [
    as_it_is, drop_column, swap_columns, double_column, hostile_name, hostile_values, hostile_values, double_rows,
    no_rows, shuffled_types,
]  # fmt: skip

# --- a table is written -----------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).replace("\ud800", "�").replace("\0", "")


def to_csv(table: Table, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([[text(cell).replace("\r", " ") for cell in row] for row in [table[0], *table[1]]])
    return out.getvalue().encode(encoding, "replace")


def to_zip(table: Table) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/sales.csv", to_csv(table))
    return out.getvalue()


BOOK = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
    'Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Sales" sheetId="1" r:id="b"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="b" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/worksheets/sheet1.xml": '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>ROWS</sheetData></worksheet>",
}


def to_xlsx(table: Table) -> bytes:
    """A workbook as small as one can be; openpyxl's would take twenty times as long."""
    rows = "".join(
        f'<row r="{r}">' + "".join(_cell(f"{chr(65 + c)}{r}", value) for c, value in enumerate(row)) + "</row>"
        for r, row in enumerate([table[0], *table[1]], 1)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, content in BOOK.items():
            book.writestr(name, content.replace("ROWS", rows))
    return out.getvalue()


def _cell(place: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if (isinstance(value, int) and abs(value) < 2**53) or (isinstance(value, float) and abs(value) < 1e300):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    shown = escape("".join(letter for letter in text(value) if letter >= " ")[:32_000])
    return f'<c r="{place}" t="inlineStr"><is><t>{shown}</t></is></c>'


def to_parquet(table: Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, rows = table
    arrays = []
    for at in range(len(names)):
        values = [row[at] for row in rows]
        try:
            arrays.append(pa.array(values))
        except (pa.ArrowException, OverflowError, UnicodeError, TypeError, ValueError):
            arrays.append(pa.array([None if value is None else str(value).replace("\ud800", "?") for value in values]))
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, names=[name.replace("\ud800", "?") for name in names]), out)
    return out.getvalue()


def to_lines(table: Table) -> bytes:
    return "".join(json.dumps(one, default=text) + "\n" for one in _objects(table)).encode()


def to_array(table: Table) -> bytes:
    return json.dumps(_objects(table), default=text, indent=1).encode()


def to_nested(table: Table) -> bytes:
    """Orders with their lines inside."""
    return json.dumps({"data": [{"lines": [one]} for one in _objects(table)]}, default=text).encode()


def _objects(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table[0], row, strict=True)) for row in table[1]]


def to_commerceml(table: Table, *, encoding: str = "utf-8") -> bytes:
    names, rows = table
    tags = {"Receipt": "Ид", "Date": "Дата", "Customer": "Номер"}
    inner = {"Product": "Ид", "Quantity": "Количество", "Price": "ЦенаЗаЕдиницу", "Sum": "Сумма"}
    parts = [f'<?xml version="1.0" encoding="{encoding}"?><КоммерческаяИнформация ВерсияСхемы="2.04">']
    for row in rows:
        cells = [(name, escape("".join(c for c in text(v) if c >= " "))) for name, v in zip(names, row, strict=True)]
        parts.append("<Документ>" + "".join(f"<{tags[n]}>{v}</{tags[n]}>" for n, v in cells if n in tags))
        parts.append("<Товары><Товар>" + "".join(f"<{inner[n]}>{v}</{inner[n]}>" for n, v in cells if n in inner))
        parts.append("</Товар></Товары></Документ>")
    return "".join([*parts, "</КоммерческаяИнформация>"]).encode(encoding, "xmlcharrefreplace")


def to_sqlite(table: Table) -> bytes:
    names, rows = table
    names = [name.replace("\0", "").replace("\ud800", "?") or f"c{i}" for i, name in enumerate(names)]
    unique = [i for i, name in enumerate(names) if name.casefold() not in [n.casefold() for n in names[:i]]]
    quoted = ", ".join('"' + names[i].replace('"', '""') + '"' for i in unique)
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE sales ({quoted})")
    marks = ", ".join("?" * len(unique))
    for row in rows:
        connection.execute(f"INSERT INTO sales VALUES ({marks})", [_stored(row[i]) for i in unique])
    connection.commit()
    return connection.serialize()


def _stored(value: Any) -> Any:
    if (isinstance(value, int) and abs(value) >= 2**63) or not isinstance(value, int | float | bytes | type(None)):
        return str(value).replace("\ud800", "?")
    return value


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


Format = tuple[str, str, Callable[[Table], bytes]]
FORMATS: list[Format] = [
    ("sales.csv", "path: sales.csv", to_csv),
    ("sales.txt", 'path: sales.txt, delimiter: "\\t", encoding: cp1251', lambda t: to_csv(t, "\t", "cp1251")),
    ("sales.csv.gz", "path: sales.csv.gz", lambda t: gz(to_csv(t))),
    ("sales.zip", "path: sales.zip, member: in/*.csv", to_zip),
    ("sales.xlsx", "path: sales.xlsx", to_xlsx),
    ("sales.parquet", "path: sales.parquet", to_parquet),
    ("sales.jsonl", "path: sales.jsonl", to_lines),
    ("sales.json", "path: sales.json", to_array),
    ("nested.json", "path: nested.json, records: data.lines", to_nested),
    ("sales.xml", "path: sales.xml, part: order_lines", to_commerceml),
    ("old.xml", "path: old.xml, part: order_lines", lambda t: to_commerceml(t, encoding="windows-1251")),
    ("sales.sqlite", "sqlite: sales.sqlite, table: sales", to_sqlite),
]  # fmt: skip


LEAN = ("sales.txt", "sales.csv.gz", "sales.zip", "sales.parquet", "sales.json", "old.xml")
"""Formats whose map feeds one table; the others' feed two, of which one takes a row for each value."""


def map_of(name: str, words: str) -> str:
    text = MAP.replace("FILE", words)
    if name in LEAN:
        text = text[: text.index("  orders:")] + text[text.index("  order_lines:") :]
    if name.endswith(".xml"):
        for ours, theirs in ONE_C.items():
            text = text.replace(f": {ours}", f": {theirs}").replace(f"WHEN {ours}", f"WHEN {theirs}")
    elif name.startswith("nested"):
        for ours in NAMES:
            text = text.replace(f": {ours}", f": data.lines.{ours}")
        text = text.replace("money: data.lines.Sum", "money: '\"data.lines.Sum\"'").replace(
            "WHEN Quantity", 'WHEN \\"data.lines.Quantity\\"'
        )
        text = text.replace("rows: data.lines.Receipt", "rows: '\"data.lines.Receipt\"'")
    return text


# --- bytes are spoilt -------------------------------------------------------------------------------------------------


def flip(draw: random.Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(draw.randrange(1, 12)):
        spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
    return bytes(spoilt)


def cut(draw: random.Random, data: bytes) -> bytes:
    return data[: draw.randrange(len(data))]


def lose(draw: random.Random, data: bytes) -> bytes:
    at = draw.randrange(len(data))
    return data[:at] + data[at + draw.randrange(1, 60) :]


def repeat(draw: random.Random, data: bytes) -> bytes:
    at, length = draw.randrange(len(data)), draw.randrange(1, 200)
    return data[: at + length] + data[at:]


def junk(draw: random.Random, data: bytes) -> bytes:
    at = draw.randrange(len(data))
    return data[:at] + draw.randbytes(draw.randrange(1, 40)) + data[at:]


def marks(draw: random.Random, data: bytes) -> bytes:
    """Lose or gain a character that means something."""
    mark = draw.choice([b'"', b"\n", b",", b"{", b"}", b"[", b"<", b">", b"&", b"\r", b"\0"])
    places = [i for i in range(len(data)) if data[i : i + 1] == mark]
    if places and draw.random() < 0.5:
        at = draw.choice(places)
        return data[:at] + data[at + 1 :]
    at = draw.randrange(len(data))
    return data[:at] + mark + data[at:]


def other_encoding(draw: random.Random, data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode(draw.choice(["utf-16", "utf-32", "cp1251", "utf-8-sig"]), "replace")


def nothing_left(draw: random.Random, data: bytes) -> bytes:
    return draw.choice(
        [b"", b"\n", b"\0" * 100, data.partition(b"\n")[0], b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"[", b"{"]
    )


def other_format(draw: random.Random, data: bytes) -> bytes:
    return draw.choice(FORMATS)[2](good(draw))


SPOIL_BYTES = [flip, flip, cut, lose, repeat, junk, marks, marks, other_encoding, nothing_left, other_format]


def inside(draw: random.Random, name: str, data: bytes) -> bytes:
    """Spoil bytes; of what is packed, half the time what is within, and pack it again."""
    spoil = draw.choice(SPOIL_BYTES)
    if not data:
        return b"\n"
    if name.endswith((".zip", ".xlsx")) and draw.random() < 0.6:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            chosen = draw.choice(old.namelist())
            for member in old.namelist():
                content = old.read(member)
                new.writestr(member, spoil(draw, content) if member == chosen and content else content)
        return out.getvalue()
    if name.endswith(".gz") and draw.random() < 0.6:
        return gz(spoil(draw, gzip.decompress(data)))
    return spoil(draw, data)


# --- bombs ------------------------------------------------------------------------------------------------------------

MEGABYTES = 80
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def bomb(draw: random.Random, name: str) -> bytes:
    """What would fill a disk, burst the memory or reach outside, in this format."""
    zeros = b"0" * (MEGABYTES << 20) if name.endswith((".gz", ".zip", ".xlsx")) else b""
    if name.endswith(".gz"):
        return gz(zeros)
    if name.endswith(".zip"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(draw.choice(["in/a.csv", "../in/a.csv", "/in/a.csv"]), zeros)
        return out.getvalue()
    if name.endswith(".xlsx"):
        out = io.BytesIO()
        far = draw.random() < 0.5
        old = zipfile.ZipFile(io.BytesIO(to_xlsx(good(draw))))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
            for member in old.namelist():
                content = old.read(member)
                if member.startswith("xl/worksheets/"):
                    content = content.replace(b'r="A2"', b'r="XFD1048576"') if far else zeros
                new.writestr(member, content)
        return out.getvalue()
    if name.endswith(".xml"):
        within = draw.choice(['<!ENTITY l0 "ha">' + LAUGHS, '<!ENTITY l9 SYSTEM "file:///etc/passwd">'])
        deep = "<Документ>" * 100_000
        root = "КоммерческаяИнформация"
        ask = f"<!DOCTYPE x [{within}]><{root}><Документ><Ид>&l9;</Ид></Документ></{root}>"
        return draw.choice([ask, f"<{root}>{deep}"]).encode()
    if name.endswith((".json", ".jsonl")):
        deep = draw.choice(["[" * 100_000, '{"a":' * 3000 + "1" + "}" * 3000, '[{"a": ' + "[" * 3000])
        return deep.encode() + b"\n"
    if name.endswith(".parquet"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        out = io.BytesIO()
        many = pa.array(["0"] * 1_000_000).dictionary_encode()
        pq.write_table(pa.table({f"{name}{i}": many for i in range(10) for name in NAMES}), out)
        return out.getvalue()
    return (
        to_csv(huge_field(draw, good(draw)))
        if not name.endswith(".sqlite")
        else to_sqlite(huge_field(draw, good(draw)))
    )


# --- a mutant is loaded -----------------------------------------------------------------------------------------------


def mutant(number: int) -> tuple[Format, bytes, int | None]:
    """A spoilt file, and how many records are in it where that is known."""
    draw = random.Random(number)
    chosen = FORMATS[number % len(FORMATS)]
    name, _, write = chosen
    if number % 97 == 0:
        return chosen, bomb(draw, name), None
    if number % 61 == 0:
        return chosen, write(huge_field(draw, good(draw))), None
    spoil = draw.choice(SPOIL_TABLE)
    table = spoil(draw, good(draw))
    content = write(table)
    if draw.random() < 0.7:
        return chosen, inside(draw, name, content), None
    whole = spoil not in (hostile_name, no_rows, double_column) and table[1]
    return chosen, content, len(table[1]) if whole else None


def check(report: Any, before: int, after: int, records: int | None) -> str:
    """How a load ended; AssertionError when it did not end well."""
    assert len(report.accounts) == 1 or not report.changed
    for account in report.accounts:
        assert account.reconciles
        assert sum(one.lines for one in report.refusals) == account.lines_quarantined
        assert records is None or account.lines_read == records, (account.lines_read, records)
    if not report.published:
        assert after == before
        return "stopped" if report.stopped else "unchanged"
    [account] = report.accounts
    tables = report.release.tables
    assert after == before + 1 == report.release.id
    assert tables["order_lines"].rows == account.lines_loaded
    assert tables["quarantine"].rows == tables["quarantine_lines"].rows == account.lines_quarantined
    return "published"


def run(folder: Path, first: int, last: int) -> Counter[str]:
    """Load these mutants, every format over a good release of its own."""
    from crm_analytics.collection import load
    from crm_analytics.warehouse.release import Shelf, WarehouseError

    ends: Counter[str] = Counter()
    for number in range(first, last):
        (name, words, write), content, records = mutant(number)
        home = folder / f"home_{name}_{number // 600}"
        data, plan = folder / f"data_{name}", folder / f"{name}.yaml"
        data.mkdir(exist_ok=True)
        if not home.exists():
            plan.write_text(map_of(name, words), "utf-8")
            (data / name).write_bytes(write(good(random.Random(-1))))
            assert load(plan, data=data, home=home).published
        (data / name).write_bytes(content)
        before = Shelf(home).ids()
        try:
            report = load(plan, data=data, home=home)
        except WarehouseError as error:
            report, sentence = None, str(error)
        except Exception as error:
            raise AssertionError(f"mutant {number} ({name}) ended in a traceback") from error
        if report is None:
            assert "\n" not in sentence, number
            assert len(sentence.split()) > 4, number
            assert Shelf(home).ids() == before, number
            ends[f"{name}: sentence"] += 1
            continue
        try:
            ends[f"{name}: {check(report, before[-1], Shelf(home).ids()[-1], records)}"] += 1
        except AssertionError as error:
            raise AssertionError(f"mutant {number} ({name}) does not add up") from error
    return ends


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
