"""Plain files: read where they lie, they bring what their clean copy would."""

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources import plain as module
from crm_analytics.collection.sources.delimited import Delimited
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.plain import plain

SPEC = FileSpec(name="x", path="x.csv", delimiter=";")


def both(tmp_path, content: bytes, spec=SPEC):
    """What a file brings where it lies, and by its copy; None in the first place where it must be copied."""
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    told = []
    for way in ("read", "_copied"):
        source = Delimited(spec, Parcel(path, spec))
        source.clean = tmp_path / "clean.csv"
        proof = source.read(tmp_path, print) if way == "read" else source._copied(print)
        if way == "read" and not source.plain:
            told.append(None)
            continue
        rows = duckdb.sql(f"FROM {source.relation()}").fetchall()
        assert len(rows) == proof.records
        if proof.padded:
            rows = [tuple((field or "").strip(" ") or None for field in row) for row in rows]
        refused = list(source.originals([(line, used) for line, used, _ in proof.malformed]))
        told.append((rows, proof.malformed, proof.lines(np.arange(proof.records)).tolist(), refused))
        source.done()
    assert path.read_bytes() == content
    return told


@pytest.mark.parametrize(
    "content",
    [
        b"a;b;c\n1;2;3\n4;5;6\n",
        b"a;b;c\r\n1;2;3\r\n\r\n4;5;6\r\n7;8\r\n",
        b"a;b;c\n1;2;3\n\n4;5\n;;\n7;8;9",
        b"a;b;c\n1;2;3\n4;5",
        b"\xef\xbb\xbfa;b;c\n1; 2;3\n",
        b'"a";b;c\n"x; ""y""";2;\n;"";3\n',
        "a;b;c\nЯ;2;3\n".encode(),
        b"a;b;c\n",
        b"a;b;c",
    ],
)
def test_a_plain_file_is_read_where_it_lies(tmp_path, content):
    lying, copied = both(tmp_path, content)
    assert lying == copied


@pytest.mark.parametrize(
    "content",
    [
        b"a;b;c\n1;2;3;\n4;5;6\n",
        b'a;b;c\n1;"2\n3";4\n',
        b'a;b;c\n1;2"x"y;3\n4;"5;6\n',
        b"a;b;c\n1;\x00;3\n",
        b"a;b;c\n1;\xff;3\n",
        b"a;b;c\r\n1;2;3\n4;5;6\r\n",
        b"a;b;c\r1;2;3\r",
        b"a\n1\n",
        b"a;b;c\n1;2;" + b"x" * 1_100_000 + b"\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_copied_first(tmp_path, content):
    lying, copied = both(tmp_path, content)
    assert lying is None
    assert copied


@pytest.mark.parametrize("name", ["sales*.csv", "sales[1].csv", "sa?les.csv", "sales\n.csv"])
def test_a_file_whose_name_is_a_pattern_is_copied(tmp_path, name):
    (tmp_path / name).write_bytes(b"a;b\n1;2\n")
    assert plain(Parcel(tmp_path / name, SPEC)) is None


ALPHABET = ["1", "Я", ";", ";", ";", "\n", "\n", "\r\n", " ", '"', '""', "\r", ",", "x\x0by"]


@settings(deadline=None, max_examples=400)
@given(text=st.lists(st.sampled_from(ALPHABET), max_size=40).map("".join), row=st.integers(0, 3))
def test_whatever_lies_there_is_what_its_copy_says(tmp_path_factory, text, row):
    spec = FileSpec(name="x", path="x.csv", delimiter=";", header_row=row)
    lying, copied = both(tmp_path_factory.mktemp("plain"), b"a;b;c\nd;e;f\n" * max(row, 1) + text.encode(), spec)
    assert lying in (None, copied)


@settings(deadline=None, max_examples=60)
@given(lines=st.lists(st.sampled_from(["1;2;3", "4; 5;6", "7;8", "", '"9";"";x', "Я;;"]), min_size=20, max_size=60))
def test_blocks_leave_no_seams(tmp_path_factory, lines):
    small, module.BLOCK_BYTES = module.BLOCK_BYTES, 16
    try:
        lying, copied = both(tmp_path_factory.mktemp("plain"), "\n".join(["a;b;c", *lines]).encode())
    finally:
        module.BLOCK_BYTES = small
    assert lying == copied


def test_a_file_that_somebody_writes_to_meanwhile_is_read_as_it_was_copied(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    path.write_bytes(b"a;b\n1;2\n")
    source = Delimited(SPEC, Parcel(path, SPEC))
    proof = source.read(tmp_path, print)
    path.write_bytes(b"a;b\n1;2\n3;4\n")
    assert duckdb.sql(f"SELECT count(*) FROM {source.relation()}").fetchone() == (2,)
    proof = proof.again(print)
    assert (proof.records, source.plain) == (2, None)
    assert duckdb.sql(f"SELECT count(*) FROM {source.relation()}").fetchone() == (2,)
