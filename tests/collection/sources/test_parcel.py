"""Parcels: archives are opened member by member; what would fill a disk, or lead out of it, is one sentence."""

import gzip
import io
import zipfile

import pytest

from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.sources import parcel, sources_of
from crm_analytics.collection.sources.source import SourceError


def archive(**members) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def test_a_zip_is_its_members(tmp_path, came):
    content = archive(b__2="a\n3\n", b__1="a\n1\n2\n", readme="hello\n")
    found = came("x.zip", content, member="b/*")
    assert [row["a"] for row in found.rows] == ["1", "2"]
    assert found.source.name == "x.zip/b/1"
    named = sources_of(FileSpec(name="x", path="x.zip", member="b/*"), tmp_path / "x.zip")
    assert [one.name for one in named] == ["x.zip/b/1", "x.zip/b/2"]
    assert named[0].fingerprint != named[1].fingerprint
    with pytest.raises(SourceError, match=r"holds no file \*\.xml; see member: in the map. There is: b/1, b/2, readme"):
        came("x.zip", content, member="*.xml")


def test_any_format_in_a_zip(came):
    assert came("x.zip", archive(**{"a.jsonl": '{"a": 1}\n'})).rows == [{"a": "1"}]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\x.csv", "a/../../b"])
def test_names_that_lead_out_are_refused(came, name):
    with pytest.raises(SourceError, match="leads out of the archive"):
        came("x.zip", archive(**{name: "a\n1\n"}))


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: archive(x=data)])
def test_a_bomb_is_one_sentence_that_says_how_to_raise_the_limit(came, pack, monkeypatch):
    monkeypatch.setattr(parcel, "HARMLESS_BYTES", 100_000)
    content = pack(b"a\n" + (b"1" * 9_999 + b"\n") * 200)
    with pytest.raises(SourceError, match="unpack_mb"):
        came("x.csv", content)
    assert came("x.csv", content, unpack_mb=20).proof.records == 200


def test_a_member_that_lies_about_its_size_is_damaged(came):
    content = bytearray(archive(x="a\n" + "1\n" * 1000))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(SourceError):
        came("x.zip", bytes(content))


@pytest.mark.parametrize("mark", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"BZh91AY", b"\xfd7zXZ\0"])
def test_other_packers_are_named(came, mark):
    with pytest.raises(SourceError, match="pack it as gz or zip"):
        came("x.csv", mark + b"\0" * 100)


def test_an_archive_with_a_password_says_so(came):
    content = bytearray(archive(x="a\n1\n"))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + at] |= 1
    with pytest.raises(SourceError, match="password"):
        came("x.zip", bytes(content))


def test_long_readings_say_how_far_they_are(came, monkeypatch):
    monkeypatch.setattr(parcel, "SECONDS", 0.0)
    found = came("x.csv", b"a\n" + (b"1" * 99_999 + b"\n") * 120)
    assert found.said[0].startswith("reading x.csv: ")
    assert found.said[-1] == "reading x.csv: 100 %"


def test_names_below_a_title(came):
    found = came("x.csv", "Report; of January\n\nid;sum\n1;2\n\n3;4\n", delimiter=";", header_row=2)
    assert found.rows == [{"id": "1", "sum": "2"}, {"id": "3", "sum": "4"}]
    assert found.lines == [4, 6]
