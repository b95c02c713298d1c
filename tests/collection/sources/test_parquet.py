"""Parquet: any flat type becomes text without loss."""

import io
from datetime import date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_analytics.collection.sources import parcel
from crm_analytics.collection.sources.source import SourceError


def parquet(**columns) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (pa.array([1, None]), ["1", None]),
        (pa.array([2**63 - 1, -1]), ["9223372036854775807", "-1"]),
        (pa.array([12345.0, 1e15]), ["12345", "1000000000000000"]),
        (pa.array([0.1, 1e20]), ["0.1", "100000000000000000000"]),
        (pa.array([1e-7, float("nan")]), ["0.0000001", None]),
        (pa.array([1.1, None], pa.float32()), ["1.1", None]),
        (pa.array([Decimal("1.10"), None]), ["1.10", None]),
        (pa.array([date(2025, 1, 5), None]), ["2025-01-05", None]),
        (
            pa.array([datetime(2025, 1, 5, 10), datetime(2025, 1, 5, 10, 0, 0, 500)]),
            ["2025-01-05 10:00:00", "2025-01-05 10:00:00.000500"],
        ),
        (pa.array([datetime(2025, 1, 5, 10), None], pa.timestamp("s", "Europe/Riga")), ["2025-01-05 12:00:00", None]),
        (pa.array([time(10, 30), None]), ["10:30:00", None]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([" Рига ", "  "]).dictionary_encode(), ["Рига", None]),
        (pa.array([b"\xff\x00", b"text"]), ["ff00", "text"]),
        (pa.array(["x", None], pa.large_string()), ["x", None]),
    ],
)
def test_every_type_is_text_without_loss(came, array, text):
    assert [row["a"] for row in came("x.parquet", parquet(a=array)).rows] == text


def test_rows_keep_their_numbers_and_a_bad_field_costs_its_own_row(came, monkeypatch):
    found = came("x.parquet", parquet(a=["1", "b\0c", "x" * 1_100_000, "4"], b=[1, 2, 3, 4]))
    assert found.lines == [1, 4]
    assert found.reasons == {2: "characters that are no text", 3: "a field longer than a megabyte"}
    assert found.original(4) == '{"a": "4", "b": "4"}'


def test_lists_are_refused_by_name(came):
    with pytest.raises(SourceError, match="'tags' holds lists"):
        came("x.parquet", parquet(id=[1], tags=[["a"]]))


def test_damage_and_bombs_are_one_sentence(came, monkeypatch):
    content = parquet(a=list(range(1000)))
    with pytest.raises(SourceError, match="not a whole Parquet file"):
        came("x.parquet", content[:-50])
    monkeypatch.setattr(parcel, "HARMLESS_BYTES", 1000)
    monkeypatch.setattr(parcel, "TIMES", 10)
    with pytest.raises(SourceError, match="unpack_mb"):
        came("x.parquet", parquet(a=pa.array([1] * 100_000)))
