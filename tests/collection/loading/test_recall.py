"""Files that nobody touched are known without being read; and lines keep their numbers however long their file is."""

import os

import pytest

from crm_analytics.collection.loading import recall


def test_what_was_not_touched_is_not_read_again_and_what_was_is(shop, monkeypatch):
    monkeypatch.setattr(recall, "SETTLED_SECONDS", -1.0)
    shop.load()
    with monkeypatch.context() as patched:
        patched.setattr("hashlib.file_digest", lambda *_: pytest.fail("a file was read again"))
        assert not shop.load().changed
    path = shop.data / "sales.csv"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"4,50", b"4,60"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert shop.load().changed, "the time at which its entry changed gives it away"


def test_a_file_that_was_just_written_is_not_taken_on_trust(shop, monkeypatch):
    monkeypatch.setattr(recall, "SETTLED_SECONDS", 3600.0)
    shop.load()
    assert recall.Recall(shop.home / "warehouse").known == {}


def test_a_spoilt_memory_is_no_harm(shop):
    shop.load()
    (shop.home / "warehouse" / "fingerprints.json").write_text("{")
    assert not shop.load().changed


def test_lines_of_long_files_keep_their_numbers(shop):
    head = "Receipt;Line;Date;Customer;Product;Quantity;Price;Sum\n"
    for name, lines in (("sales.csv", 300_000), ("sales2.csv", 200_000)):
        rows = (
            f"{name}{i};1;05.01.2025 10:00;;fig;{'x' if i % 50_000 == 49_999 else 1};1,00;1,00\n" for i in range(lines)
        )
        shop.file(name, head + "".join(rows))
    assert shop.load().published
    refused = shop.open().refused_lines().to_pandas().sort_values(["file", "line_no"])
    assert refused.line_no.tolist() == [50_001 + 50_000 * i for i in (*range(6), *range(4))]
    assert all(f"{file}{line_no - 2};" in line for file, line_no, line in refused[["file", "line_no", "line"]].values)
    assert shop.open().order_lines.count().execute() == 499_990
