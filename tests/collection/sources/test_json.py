"""JSON: a document a line or one array, nested by dotted names, lists unfolded; nothing in it can hurt."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.collection.sources import json as module
from crm_analytics.collection.sources.source import SourceError

ORDER = {"id": 1, "who": {"name": "Анна", "city": None}, "lines": [{"sku": "a", "q": 1}, {"sku": "b", "q": 2.50}]}


def test_lines_flat_and_nested(came):
    found = came("x.jsonl", '{"id":1,"who":{"name":"Анна"},"sum":1.10}\n\n{bad\n{"id":"2","tags":["x","y"]}\n[1]\n')
    assert found.rows == [
        {"id": "1", "who.name": "Анна", "sum": "1.10", "tags": None},
        {"id": "2", "who.name": None, "sum": None, "tags": '["x", "y"]'},
    ]
    assert found.lines == [1, 4]
    assert found.reasons == {3: "not JSON", 5: "not a JSON object"}
    assert found.original(3) == "{bad"


@pytest.mark.parametrize("indent", [None, 2])
def test_one_array(came, indent):
    documents = [{"id": i, "text": "[{" * (i % 3)} for i in range(100)]
    found = came("x.json", json.dumps(documents, indent=indent))
    assert [row["id"] for row in found.rows] == [str(i) for i in range(100)]


def test_a_list_of_lines_is_unfolded_with_the_document_around_it(came):
    documents = [ORDER, {"id": 2, "lines": []}]
    found = came("x.json", "\n".join(map(json.dumps, documents)), records="lines", format="json")
    assert [(row["id"], row["who.name"], row["lines.sku"], row["lines.q"]) for row in found.rows] == [
        ("1", "Анна", "a", "1"),
        ("1", "Анна", "b", "2.5"),
        ("2", None, None, None),
    ]


def test_one_document_with_everything_inside(came):
    content = json.dumps({"page": 1, "data": {"orders": [ORDER, {"id": 2}]}}, indent=1)
    found = came("x.json", content, records="data.orders.lines", format="json")
    assert [(row["data.orders.id"], row["data.orders.lines.sku"]) for row in found.rows] == [
        ("1", "a"),
        ("1", "b"),
        ("2", None),
    ]


def test_packed_and_in_another_encoding(came):
    assert came("x.json.gz", gzip.compress('{"имя":"Анна"}\n'.encode("cp1251")), encoding="cp1251").rows == [
        {"имя": "Анна"}
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a":' * 2000 + "1" + "}" * 2000, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100 + "1" + "}" * 100, "nested too deeply"),
        ('{"a": "\\ud800"}', "characters that are no text"),
        ('{"a": "\\u0000"}', "characters that are no text"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ('{"a": "' + "x" * 1_500_000 + '"}', "a field longer than a megabyte"),
        ('{"a": "' + "x" * 10_000_000 + '"}', "a document longer than four megabytes"),
        ('{"a": 1', "not JSON"),
    ],
)
def test_a_hostile_line_costs_itself_only(came, line, reason):
    found = came("x.jsonl", '{"a": 1}\n' + line + '\n{"a": 3}\n')
    assert [row["a"] for row in found.rows] == ["1", "3"]
    assert reason in found.reasons[2]
    assert len(found.original(2)) <= 10_000


def test_an_array_that_breaks_off_says_so(came):
    found = came("x.json", '[{"a": 1}, {"a": 2}, {"a": ')
    assert [row["a"] for row in found.rows] == ["1", "2"]
    assert found.reasons == {3: "the file breaks off here"}


@pytest.mark.parametrize("content", ["", "{}", "[]", "[1, 2]", "null"])
def test_without_objects_it_says_so(came, content):
    with pytest.raises(SourceError, match=r"holds no JSON objects"):
        came("x.json", content)


def test_blocks_do_not_show(came, monkeypatch):
    documents = [{"id": i, "name": "я" * (i % 5), "n": i * 1.5} for i in range(200)]
    lines, array = "\n".join(map(json.dumps, documents)), json.dumps(documents)
    whole = [came("x.json", content).rows for content in (lines, array)]
    monkeypatch.setattr(module, "BLOCK_BYTES", 37)
    assert [came("x.json", content).rows for content in (lines, array)] == whole
    assert whole[0] == whole[1]
    assert len(whole[0]) == 200


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_records_or_set_aside(tmp_path_factory, content):
    from crm_analytics.collection.mapping.files import FileSpec
    from crm_analytics.collection.sources import source_of

    folder = tmp_path_factory.mktemp("json")
    path = folder / "x.json"
    path.write_bytes(b'{"a": 1}\n' + content + b'\n{"a": 2}\n')
    proof = source_of(FileSpec(name="x", path="x.json"), path).read(folder, lambda _: None)
    assert proof.records >= 1
    assert proof.records + len(proof.malformed) == proof.read
