"""Proofreading: every record is good or set aside, and nothing else is lost with it."""

import csv
import gzip
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources import text
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.proofread import proofread
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.collection.sources.text import originals

SPEC = FileSpec(name="x", path="x.csv", delimiter=";")


def read(tmp_path, content: bytes, spec=SPEC):
    source, clean = tmp_path / "x.csv", tmp_path / "clean.csv"
    source.write_bytes(content)
    proof = proofread(Parcel(source, spec), clean)
    rows = list(csv.reader(io.StringIO(clean.read_text("utf-8"), newline=""), delimiter=spec.delimiter))
    assert len(rows) == proof.records
    return proof, rows


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1;2", "fewer fields"),
        (b"1;2;3;4", "more fields"),
        (b'1;"2;3', "quote"),
        (b'1;"2"x;3', "quote"),
        (b"1;\xff;3", "bytes that are no utf-8"),
        (b"1;\x00;3", "bytes"),
        (b"1;" + b"x" * 1_100_000 + b";3", "megabyte"),
    ],
)
def test_a_bad_line_costs_itself_only(tmp_path, line, reason):
    proof, rows = read(tmp_path, b"a;b;c\n1;2;3\n" + line + b"\n4;5;6\n7;8;9\n")
    assert rows == [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"]]
    [(line_no, lines, why)] = proof.malformed
    assert (line_no, lines) == (3, 1)
    assert reason in why
    assert proof.lines(np.arange(3)).tolist() == [2, 4, 5]
    kept = next(originals(Parcel(tmp_path / "x.csv", SPEC), [(3, 1)]))
    assert kept.encode()[:2] == line[:2]


def test_a_line_that_breaks_off_at_the_end_says_so(tmp_path):
    proof, rows = read(tmp_path, b"a;b;c\n1;2;3\n4;5")
    assert proof.malformed == [(3, 1, "the file breaks off in this line")]
    assert rows == [["1", "2", "3"]]


def test_a_record_over_several_lines_keeps_its_line_breaks_and_line_number(tmp_path):
    proof, rows = read(tmp_path, b'a;b;c\n1;"two\nlines; and ""quotes""";3\n4;5;6\nbad\n')
    assert rows == [["1", 'two\nlines; and "quotes"', "3"], ["4", "5", "6"]]
    assert proof.lines(np.arange(2)).tolist() == [2, 4]
    assert proof.malformed[0][0] == 5
    kept = originals(Parcel(tmp_path / "x.csv", SPEC), [(2, 2), (5, 1)])
    assert list(kept) == ['1;"two\nlines; and ""quotes""";3', "bad"]


def test_a_quote_within_a_bare_field_is_an_inch(tmp_path):
    _, rows = read(tmp_path, b'a;b;c\n12" pipe;2;3\n1;2" x 4";3\n')
    assert rows == [['12" pipe', "2", "3"], ["1", '2" x 4"', "3"]]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_as_on_any_machine(tmp_path, end):
    proof, rows = read(tmp_path, end.join([b"a;b;c", b"1;2;3", b"", b"4;5;6", b""]))
    assert rows == [["1", "2", "3"], ["4", "5", "6"]]
    assert proof.lines(np.arange(2)).tolist() == [2, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "koi8-r", "gb18030"])
def test_any_encoding(tmp_path, encoding):
    spec = FileSpec(name="x", path="x", delimiter=";", encoding=encoding)
    proof, rows = read(tmp_path, "имя;город\nАнна;Рига\n".encode(encoding), spec)
    assert proof.header == ("имя", "город")
    assert rows == [["Анна", "Рига"]]


def test_a_byte_order_mark_wins_over_the_map(tmp_path):
    spec = FileSpec(name="x", path="x", delimiter=";", encoding="cp1251")
    assert read(tmp_path, "имя;б\nАнна;2\n".encode("utf-8-sig"), spec)[1] == [["Анна", "2"]]


def test_no_quoting_means_none(tmp_path):
    spec = FileSpec(name="x", path="x", delimiter=";", quote="")
    source, clean = tmp_path / "x.csv", tmp_path / "clean.csv"
    source.write_bytes(b'a;b\n"x;y"\n')
    assert proofread(Parcel(source, spec), clean).records == 1
    assert clean.read_bytes() == b'"x;y"\n'


def test_packed_files_are_opened_and_damaged_ones_named(tmp_path):
    packed = gzip.compress(b"a;b;c\n" + b"1;2;3\n" * 50_000)
    assert read(tmp_path, packed)[0].records == 50_000
    for damaged in (packed[:-20], packed[:60] + b"\x00\xff\x00" + packed[63:]):
        with pytest.raises(SourceError, match=r"x\.csv cannot be read to its end"):
            read(tmp_path, damaged)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_named(tmp_path, content):
    with pytest.raises(SourceError, match="is empty"):
        read(tmp_path, content)


def test_blocks_do_not_show(tmp_path, monkeypatch):
    lines = [f'{i};"field ""{i}""\nover two";{"я" * (i % 7)}' if i % 3 else f"{i};{i};x" for i in range(200)]
    content = "\n".join(["a;b;c", *lines, "bad", "1;2;3"]).encode()
    whole = read(tmp_path, content)
    monkeypatch.setattr(text, "BLOCK_BYTES", 64)
    pieces = read(tmp_path, content)
    assert pieces[1] == whole[1]
    assert pieces[0].malformed == whole[0].malformed
    assert pieces[0].lines(np.arange(201)).tolist() == whole[0].lines(np.arange(201)).tolist()
    wanted = [(int(pieces[0].lines(np.array([4]))[0]), 2), (pieces[0].malformed[0][0], 1)]
    assert list(originals(Parcel(tmp_path / "x.csv", SPEC), wanted)) == [lines[4], "bad"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8), min_size=3, max_size=3),
        max_size=8,
    )
)
def test_what_any_writer_of_csv_writes_is_read_back(tmp_path_factory, rows):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    proof, found = read(tmp_path_factory.mktemp("csv"), out.getvalue().encode())
    assert found == rows
    assert not proof.malformed


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_records_or_set_aside(tmp_path_factory, content):
    proof, rows = read(tmp_path_factory.mktemp("raw"), b"a;b;c\n" + content)
    assert all(len(row) == 3 for row in rows)
    first = proof.lines(np.arange(proof.records)).tolist() + [line for line, _, _ in proof.malformed]
    assert len(set(first)) == proof.read
