"""Columns for the canonical tables, made a million at a time: ids, words, money and moments as Arrow arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation.assortment import GOODS
from crm_analytics.simulation.demand import FIRST_DAY
from crm_analytics.simulation.plan import CAMPAIGNS, campaign_id
from crm_analytics.warehouse.tables import TABLES


def ids(prefix: str, numbers: np.ndarray, *, digits: int = 7) -> pa.Array:
    """`C0000012` for 12; a negative number is nobody, and empty."""
    numbers = np.asarray(numbers, np.int64)
    text = pc.utf8_lpad(pa.array(numbers.clip(min=0)).cast(pa.string()), digits, "0")
    text = pc.binary_join_element_wise(prefix, text, "")
    return pc.if_else(pa.array(numbers >= 0), text, None) if (numbers < 0).any() else text


def words(choices: Sequence[str | None], codes: np.ndarray) -> pa.Array:
    """The word at each position; a negative position is empty."""
    codes = np.asarray(codes)
    return pa.array(list(choices), pa.string()).take(pa.array(codes.astype(np.int32), mask=codes < 0))


def _decimal(units: np.ndarray, scale: int, empty: np.ndarray | None) -> pa.Array:
    """Whole units as decimals of 18 digits, without going through text or Python numbers."""
    units = np.ascontiguousarray(units, np.int64)
    halves = np.empty((len(units), 2), np.int64)
    halves[:, 0], halves[:, 1] = units, units >> 63
    kind = pa.decimal128(18, scale)
    array = pa.Array.from_buffers(kind, len(units), [None, pa.py_buffer(halves)])
    return array if empty is None else pc.if_else(pa.array(empty), pa.scalar(None, kind), array)


def money(cents: np.ndarray, *, empty: np.ndarray | None = None) -> pa.Array:
    """Cents as money; `empty` marks what is not known."""
    return _decimal(np.asarray(cents, np.int64) * 100, 4, empty)


def cents_text(cents: np.ndarray, decimal: str) -> pa.Array:
    """Cents as text, `1234` as `12,34`: much faster than through decimals."""
    cents = np.asarray(cents, np.int64)
    whole = pa.array(np.abs(cents) // 100).cast(pa.string())
    rest = words([f"{i:02d}" for i in range(100)], np.abs(cents) % 100)
    text = pc.binary_join_element_wise(whole, rest, decimal)
    return pc.binary_join_element_wise(words(["", "-"], (cents < 0).astype(np.int8)), text, "")


def quantity(units: np.ndarray) -> pa.Array:
    return _decimal(np.asarray(units, np.int64) * 1000, 3, None)


def days(numbers: np.ndarray, *, empty: np.ndarray | None = None) -> pa.Array:
    """Days, counted from the first day of the history."""
    values = np.datetime64(FIRST_DAY) + np.asarray(numbers, np.int64)
    return pa.array(values, mask=empty)


def moments(numbers: np.ndarray, seconds: np.ndarray) -> pa.Array:
    """Moments: a day counted from the first, and seconds into it."""
    values = (np.datetime64(FIRST_DAY) + np.asarray(numbers, np.int64)).astype("datetime64[us]")
    return pa.array(values + np.asarray(seconds, np.int64) * np.timedelta64(1_000_000, "us"))


def table(name: str, source: str, columns: dict[str, pa.Array | Sequence]) -> pa.Table:
    """The canonical table of that name; columns that the source does not know are empty."""
    schema = TABLES[name].arrow_schema()
    rows = len(next(iter(columns.values())))
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise ValueError(f"{name} has no columns {sorted(unknown)}; it has {schema.names}.")
    arrays = []
    for field in schema:
        if field.name == "source":
            arrays.append(pa.array([source], pa.string()).take(pa.array(np.zeros(rows, np.int32))))
        elif field.name not in columns:
            arrays.append(pa.nulls(rows, field.type))
        else:
            values = columns[field.name]
            if not isinstance(values, pa.Array | pa.ChunkedArray):
                values = pa.array(values, field.type)
            arrays.append(values.cast(field.type))
    return pa.table(arrays, schema=schema)


CAMPAIGN_IDS = tuple(campaign_id(number) for number in range(len(CAMPAIGNS)))
PRODUCT_IDS = tuple(f"P{number + 1:03d}" for number in range(len(GOODS)))


def each(step: int, count: int) -> pa.Array:
    """One row in `step` of so many: which ones."""
    return pa.array(np.arange(1, count + 1) % step == 0)


def every(step: int, count: int) -> int:
    """One row in `step` of so many: how many."""
    return count // step


def customer_ids(numbers: np.ndarray) -> pa.Array:
    """The ids of customers with a card, by their numbers; a walk-in has none."""
    return ids("N", numbers)
