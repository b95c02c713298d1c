"""Results that were kept: their tables under a key, and what they claim, so that it can be held to account later."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_analytics.result import Claim
from crm_analytics.warehouse.release import _quoted

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd
    import pyarrow as pa

    from crm_analytics.result import Result
    from crm_analytics.warehouse.release import Shelf

CLAIMS = "claims"
"""The name under which the claims of all Results are kept; no Study is called so."""
_NUMBERS, _DAYS = ("value", "low", "high", "confidence"), ("first", "last", "expires")


def keep(shelf: Shelf, result: Result, key: dict[str, Any], *, release: int, today: date | None) -> None:
    """Remember the Result's table and its claims under its Study's name and the key; the same again replaces both.

    `today` is the first day its facts say nothing about: what is claimed of days before it was said afterwards.
    """
    import pandas as pd

    study, words = result.study.name(), {name: str(value) for name, value in sorted(key.items())}
    days = {"told_on": pd.Timestamp(words.get("as_of", today)), "known_until": pd.Timestamp(today)}
    claims = claims_table(result.claims).assign(study=study, **days).astype(dict.fromkeys(days, "datetime64[us]"))
    with shelf.locked("kept"):
        _replace(shelf, study, result.table.reset_index(drop=True).assign(**words, release=release), words)
        _replace(shelf, CLAIMS, claims.assign(release=release), {"study": study} | words)


def kept(shelf: Shelf, study: str) -> pa.Table | None:
    """What was kept of a Study, under all keys; None when nothing was."""
    from deltalake import DeltaTable

    path = str(shelf.folder / "kept" / study)
    known = study == Path(study).name and DeltaTable.is_deltatable(path)
    return DeltaTable(path).to_pyarrow_table() if known else None


def claims_table(claims: tuple[Claim, ...]) -> pd.DataFrame:
    """Claims as rows, a column for each of their fields; days are timestamps and the scope is JSON."""
    import pandas as pd

    rows = [asdict(claim) | {"scope": json.dumps(dict(claim.scope), ensure_ascii=False)} for claim in claims]
    table = pd.DataFrame(rows, columns=[field.name for field in fields(Claim)], dtype=object)
    kinds = {c: "float64" if c in _NUMBERS else "datetime64[us]" if c in _DAYS else "str" for c in table}
    return table.astype(kinds)


def _replace(shelf: Shelf, name: str, rows: pd.DataFrame, words: dict[str, str]) -> None:
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    path = str(shelf.folder / "kept" / name)
    kept_under = json.dumps(words, ensure_ascii=False)
    known = DeltaTable.is_deltatable(path)
    write_deltalake(
        path, pa.Table.from_pandas(rows.assign(kept_under=kept_under), preserve_index=False), mode="overwrite",
        schema_mode="merge", partition_by=["kept_under"],
        predicate=f"kept_under = '{_quoted(kept_under)}'" if known else None,
    )
