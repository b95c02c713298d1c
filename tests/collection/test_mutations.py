"""Spoilt files: no traceback, no half release; every line is loaded or refused, or one sentence says why not."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_analytics.warehouse.release import WarehouseError

MUTANTS = 60


def good_file(rows: int = 40) -> str:
    who = ("ann", "ben", "")
    head = "Receipt;Line;Date;Customer;Product;Quantity;Price;Sum\n"
    return head + "".join(
        f'r{i // 2};{i % 2 + 1};{i % 28 + 1:02}.01.2025 10:00;{who[i % 3]};"fig; {i}";{i + 1};1,50;{i},25\n'
        for i in range(rows)
    )


def flip(draw, data):
    spoilt = bytearray(data)
    for _ in range(draw.randrange(1, 12)):
        spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
    return bytes(spoilt)


def drop_column(draw, data):
    at = draw.randrange(8)
    return _columns(data, lambda cells: cells[:at] + cells[at + 1 :])


def swap_columns(draw, data):
    a, b = draw.sample(range(8), 2)
    return _columns(data, lambda cells: [cells[b if i == a else a if i == b else i] for i in range(len(cells))])


def double_column(draw, data):
    at = draw.randrange(8)
    return _columns(data, lambda cells: cells[: at + 1] + cells[at:])


def _columns(data, change):
    return b"\n".join(b";".join(change(line.split(b";"))) for line in data.split(b"\n") if line) + b"\n"


def cut(draw, data):
    return data[: draw.randrange(len(data))]


def hostile_names(draw, data):
    names = ['"; DROP TABLE x; --', "'", '""', "rid", "file", "x_amount", "s0", "c0", "", " ", "\u202e", "A" * 5000]
    head, _, rest = data.partition(b"\n")
    cells = head.decode().split(";")
    cells[draw.randrange(8)] = draw.choice(names)
    return ";".join(cells).encode() + b"\n" + rest


def huge_field(draw, data):
    lines = data.split(b"\n")
    at = draw.randrange(1, len(lines) - 1)
    lines[at] = lines[at].replace(b"fig", b"f" * draw.choice([900_000, 2_000_000, 11_000_000]))
    return b"\n".join(lines)


def lose_a_quote(draw, data):
    at = draw.choice([i for i, byte in enumerate(data) if byte == ord('"')])
    return data[:at] + data[at + 1 :]


def nothing_left(draw, data):
    return draw.choice([b"", b"\n", data.partition(b"\n")[0], data.partition(b"\n")[0] + b"\n"])


def other_encoding(draw, data):
    return data.decode().replace("ann", "Анна").encode(draw.choice(["utf-16", "cp1251", "utf-8-sig"]))


WAYS = [
    flip,
    flip,
    drop_column,
    swap_columns,
    double_column,
    cut,
    hostile_names,
    huge_field,
    lose_a_quote,
    nothing_left,
    other_encoding,
]


def sound(report) -> None:
    """Whatever was published or stopped, its lines and its money add up."""
    for account in report.accounts:
        assert account.reconciles
        refused = sum(r.lines for r in report.refusals if r.file == account.file)
        assert refused == account.lines_quarantined


def attempt(shop):
    """The report of a load, or the sentence that says why there is none."""
    try:
        return shop.load(), ""
    except WarehouseError as error:
        return None, str(error)


def test_spoilt_files_end_in_a_reconciled_report_or_one_sentence(shop):
    shop.map = shop.map.replace("    decimal:", "    tolerate: 0.5\n    decimal:", 1)
    good = good_file().encode()
    shop.file("sales.csv", good)
    shop.load()
    ends = {"published": 0, "stopped": 0, "sentence": 0}
    for number in range(MUTANTS):
        draw = random.Random(number)
        before = shop.open()
        shop.file("sales.csv", WAYS[number % len(WAYS)](draw, good))
        report, sentence = attempt(shop)
        if report is None:
            assert len(sentence.split()) > 4
            assert "\n" not in sentence
            ends["sentence"] += 1
            assert shop.open().release.id == before.release.id
            continue
        sound(report)
        ends["published" if report.published else "stopped"] += 1
        if report.published and report.accounts:
            lines = next(account for account in report.accounts if account.file == "sales.csv")
            assert shop.open().order_lines.count().execute() == lines.lines_loaded
        else:
            assert shop.open().release.id == before.release.id
    assert all(ends.values()), ends


cell = st.one_of(
    st.sampled_from(
        ["r1", "r2", "1", "2", "ann", "x", "05.01.2025 10:00", "1,50", "-2,00", "0,00", "", "  ", "1.5", '"', '""']
    ),
    st.text(st.characters(codec="utf-8"), max_size=5),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(cell, min_size=6, max_size=9), max_size=12))
def test_any_lines_reconcile(shop, rows):
    shop.map = (
        shop.map.replace("    decimal:", "    tolerate: 1\n    decimal:", 1) if "tolerate" not in shop.map else shop.map
    )
    body = "".join(";".join(row) + "\n" for row in rows)
    shop.file("sales.csv", good_file(4) + body)
    sound(shop.load())


@pytest.mark.parametrize("name", ["a;b.csv", "sales'); DROP.csv", "sales\n.csv", "sales‮.csv", "sales [1].csv"])
def test_file_names_are_data(shop, name):
    (shop.data / "sales.csv").unlink()
    shop.file(name, good_file())
    shop.map = shop.map.replace("path: sales*.csv", 'path: "*.csv"', 1) if not name.startswith("sales") else shop.map
    if name.startswith("sales"):
        assert name in shop.load().files.file.tolist()
    else:
        with pytest.raises(WarehouseError):
            shop.load()
