"""Workbooks: what cells hold comes over, whatever they show; what would burst the memory does not."""

import io
import zipfile
from datetime import date, datetime, timedelta

import openpyxl
import pytest

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources import sources_of
from crm_analytics.collection.sources.source import SourceError


def workbook(rows, *, title="Лист1", more=()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for name, others in more:
        other = book.create_sheet(name)
        for row in others:
            other.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


REPORT = [
    ["Отчёт о продажах за январь"],
    ["Сформирован", None, datetime(2025, 2, 1)],
    [],
    ["Дата", "Сумма", "Имя", "Скидка"],
    [datetime(2025, 1, 5, 10, 30), 1234.5, " Анна ", True],
    [],
    [date(2025, 1, 6), 0.1 + 0.2, None, False],
    [timedelta(hours=26), 12345678901, "00123", None],
]


def test_titles_above_the_names_are_passed_over_and_values_come_plain(came):
    book = came("продажи.xlsx", workbook(REPORT))
    assert book.source.header == ("Дата", "Сумма", "Имя", "Скидка")
    assert [tuple(row.values()) for row in book.rows] == [
        ("2025-01-05 10:30:00", "1234.5", "Анна", "true"),
        ("2025-01-06", "0.3", None, "false"),
        ("26:00:00", "12345678901", "00123", None),
    ]
    assert book.lines == [5, 7, 8]
    assert book.original(7) == '{"Дата": "2025-01-06", "Сумма": "0.3", "Имя": null, "Скидка": "false"}'


def test_numbers_take_the_maps_decimal_mark_so_that_texts_and_numbers_read_alike(came):
    book = came("x.xlsx", workbook([["n"], [1.5], ["2,5"], [3]]), decimal=",")
    assert [row["n"] for row in book.rows] == ["1,5", "2,5", "3"]


def test_the_row_of_names_and_the_sheet_can_be_said(came):
    content = workbook([["x"]], more=[("Январь", [["a", "b"], ["c", "d"], [1, 2]])])
    book = came("x.xlsx", content, sheet="Январь", header_row=2)
    assert book.rows == [{"c": "1", "d": "2"}]
    with pytest.raises(SourceError, match=r"no sheet 'Янвaрь'\. Did you mean 'Январь'"):
        came("x.xlsx", content, sheet="Янвaрь")


def test_a_pattern_of_sheets_is_a_source_for_each(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook([["k"]], more=[("2024", [["a"], [1]]), ("2025", [["a"], [2]])]))
    found = sources_of(FileSpec(name="x", path="x.xlsx", format="excel", sheet="20*"), path)
    assert [one.name for one in found] == ["x.xlsx/2024", "x.xlsx/2025"]


def test_a_formula_that_failed_holds_nothing(came):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["a", "b"])
    sheet.append([1, None])
    sheet["B2"].value, sheet["B2"].data_type = "#N/A", "e"
    out = io.BytesIO()
    book.save(out)
    assert came("x.xlsx", out.getvalue()).rows == [{"a": "1", "b": None}]


def test_a_value_outside_of_the_table_refuses_its_row(came):
    book = came("x.xlsx", workbook([["a", "b"], [1, 2], [3, 4, None, "note"], [5, 6]]), header=("a", "b"), header_row=1)
    assert "more fields" in book.reasons[3]


def spoilt(content: bytes, member: str, change) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, change(old.read(info)) if info.filename == member else old.read(info))
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda xml: xml.replace(b'r="A2"', b'r="XFD1048576"'), "more than memory holds"),
        (lambda xml: b" " * (80 << 20), "unpack_mb"),
        (lambda xml: xml[:100], "not a workbook that can be read"),
    ],
)
def test_what_bursts_the_memory_or_is_damaged_is_one_sentence(came, change, words):
    content = spoilt(workbook([["a"], [1]]), "xl/worksheets/sheet1.xml", change)
    with pytest.raises(SourceError, match=words):
        came("x.xlsx", content)


@pytest.mark.parametrize("cut", [10, 300, 2000])
def test_a_workbook_that_breaks_off_is_one_sentence(came, cut):
    with pytest.raises(SourceError):
        came("x.xlsx", workbook(REPORT)[:cut])


def test_what_is_merged_over_several_rows_is_said_of_each_and_a_sum_only_once(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [["No", "Who", "Item", "Total"], [7, "Ann", "fig", 30], [None, None, "pear"], [8, "Ben", "fig", 5]]:
        sheet.append(row)
    for cells in ("A2:A3", "B2:B3", "D2:D3"):
        sheet.merge_cells(cells)
    book.save(tmp_path / "a.xlsx")
    [source] = sources_of(FileSpec(name="a", path="a.xlsx"), tmp_path / "a.xlsx")
    assert [fields for _, fields in source.records(lambda _: None)] == [
        ["7", "Ann", "fig", "30"], ["7", "Ann", "pear", None], ["8", "Ben", "fig", "5"]
    ]  # fmt: skip
