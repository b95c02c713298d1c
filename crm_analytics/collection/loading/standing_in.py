"""Standing in: the lines that the quarantine keeps are read in place of the file they came from, which is gone.

They are loaded as if from a source of their own, so that they are held against all rows that are there, the same
source's among them; then their rows and their accounts are handed to the source they belong to.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pyarrow as pa

from crm_analytics.collection.gate.audit import Audit
from crm_analytics.collection.loading.arrivals import arrivals
from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.crosscheck import AGAIN, CONTRADICTS, ELSEWHERE, Crosscheck
from crm_analytics.collection.loading.increments import Plan, Stock, files_of
from crm_analytics.collection.loading.load import _Loading
from crm_analytics.collection.mapping.files import FileSpec
from crm_analytics.collection.mapping.maps import SourceMap
from crm_analytics.collection.sources.source import SHOWN_CHARACTERS, SourceError
from crm_analytics.warehouse import delta
from crm_analytics.warehouse.release import Draft, Shelf, WarehouseError
from crm_analytics.warehouse.tables import SYSTEM_TABLES, TABLES

OTHER_FORMATS = (".xlsx", ".xls", ".xlsm", ".ods", ".parquet", ".json", ".jsonl", ".ndjson", ".xml", ".sqlite", ".db")
NO_MENDING = (AGAIN, CONTRADICTS, ELSEWHERE)
"""What no map can mend: the key is taken."""

Line = tuple[str, int]
"""The file and the number of a line, as the quarantine names it."""


def replay_lines(one: SourceMap, shelf: Shelf, *, data: Path, progress: Callable[[str], None], now: datetime) -> None:
    """Publish what becomes of a source's refused lines under the map as it is now; nothing where all stay refused."""
    folder = shelf.folder / ".replay"
    with shelf.draft() as draft:
        shutil.rmtree(folder, ignore_errors=True)
        try:
            stand_in = _StandIn(one, draft, folder)
            if stand_in.tried:
                stand_in.run(data, progress, now)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _StandIn:
    def __init__(self, one: SourceMap, draft: Draft, folder: Path):
        self.one, self.draft, self.folder = one, draft, folder
        self.loads = {row["file"]: row for row in self._rows("loads")}
        self.refused = {(row["file"], row["line_no"]): row for row in self._rows("quarantine")}
        self.texts = {(row["file"], row["line_no"]): row["line"] for row in self._rows("quarantine_lines")}
        self.tried: dict[tuple[str, int], Line] = {}
        """(name of the stand-in, line in it) → the line it stands for."""
        self.originals: dict[str, str] = {}
        files = {}
        for number, file in enumerate(sorted({file for file, _ in self.refused})):
            lines = sorted(line for line in self.refused if line[0] == file and self._mendable(line))
            if lines:
                spec = self._spec(file)
                self._write(f"{spec.name}_{number:05}.csv", file, spec, lines)
                files[spec.name] = replace(
                    spec, path=f"{spec.name}_*.csv", encoding="utf-8", format="delimited", tolerate=1.0
                )
        self.alias = replace(
            one,
            source=f"{one.source}_replay",
            files=files,
            blocks=tuple(block for block in one.blocks if block.file in files),
            refuse={name: rules for name, rules in one.refuse.items() if name in files},
        )

    def _rows(self, table: str) -> list[dict[str, Any]]:
        from pyarrow import parquet

        files = files_of(self.draft.base, table).get(self.one.source, ())
        return [row for file in files for row in parquet.ParquetFile(self.draft.shelf.folder / file).read().to_pylist()]

    def _mendable(self, line: Line) -> bool:
        """Whether the line is there as it came, whole, and its fault may be the map's."""
        reason, text = self.refused[line]["reason"], self.texts.get(line) or ""
        return (
            reason not in NO_MENDING
            and not reason.startswith("bytes that are no")
            and not ("quote" in reason and self._spec(line[0]).quote)
            and 0 < len(text) < SHOWN_CHARACTERS
        )

    def _spec(self, file: str) -> FileSpec:
        """Which of the map's files it was. Raises SourceError when lines cannot stand in for it."""
        spec = next((spec for spec in self.one.files.values() if fnmatch(file, spec.path)), None)
        if spec is None:
            raise SourceError(f"{self.one.name} has no file any more that {file} could be; give its path in files:.")
        plainly = spec.format in ("", "delimited") and Path(file).suffix.lower() not in OTHER_FORMATS
        if not plainly or spec.load == "add" or not (spec.header or self.loads[file].get("header")):
            raise SourceError(
                f"{file} is gone, and its refused lines alone cannot stand in for it; put it back, and replay again."
            )
        return spec

    def _write(self, name: str, file: str, spec: FileSpec, lines: list[Line]) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        number, parts = 1, []
        if not spec.header:
            out = io.StringIO()
            quoting = {"quotechar": spec.quote} if spec.quote else {"quoting": csv.QUOTE_NONE, "escapechar": "\\"}
            csv.writer(out, delimiter=spec.delimiter, lineterminator="\n", **quoting).writerow(
                json.loads(self.loads[file]["header"])
            )
            parts.append(out.getvalue())
            number += out.getvalue().count("\n")
        for line in lines:
            self.tried[name, number] = line
            parts.append(self.texts[line] + "\n")
            number += self.texts[line].count("\n") + 1
        self.originals[name] = file
        (self.folder / name).write_text("".join(parts), "utf-8", newline="")

    def run(self, data: Path, progress: Callable[[str], None], now: datetime) -> None:
        """Load the stand-ins, hand over what comes of them, and publish it if any line came back."""
        draft = self.draft
        kinds = arrivals([self.alias], self.folder)
        with Bench(draft.shelf.workshop, readable=draft.shelf.folder) as bench:
            loading = _Loading(bench, draft, maps=[self.alias], plan=Plan(kinds=kinds), data=data, progress=progress)
            loading.now = now
            fits = loading._bound()
            loading._read(fits)
            loading._refuse(fits)
            loading.stock = Stock(bench, [self.alias], draft.base, plan=loading.plan)
            crosscheck = Crosscheck(bench, fits, draft.base, stock=loading.stock)
            crosscheck.run()
            loading._settle_fates()
            audit = Audit(bench, kinds, fits, base=draft.base)
            if not all(account.reconciles for account in audit.accounts):
                raise WarehouseError(f"The refused lines of {self.one.source} do not add up; load its files again.")
            if not any(account.lines_loaded for account in audit.accounts):
                return
            loading._write(crosscheck, fits, audit)
            self._hand_over_rows()
            self._hand_over_accounts()
            release = draft.as_release()
            draft.publish(facts_until=loading._facts_until(release), checks=draft.base.checks)

    def _hand_over_rows(self) -> None:
        for table in TABLES:
            mine = files_of(self.draft.as_release(), table).get(self.alias.source, ())
            if not mine:
                continue
            staying = files_of(self.draft.base, table).get(self.one.source, ())
            self.draft.adopt(table, source=self.alias.source, parts={})
            folder, parts = self.draft.folder(table, source=self.one.source), {}
            for file in mine:
                path = self.draft.shelf.folder / file
                parts[path.rename(folder / path.name)] = 0
            parts = {path: delta.rows_in(path) for path in parts}
            self.draft.adopt(table, source=self.one.source, parts=parts, staying=staying)

    def _hand_over_accounts(self) -> None:
        """Correct what is said of the files: what was read is still what is loaded and what is refused."""
        accounts = self._taken("loads")
        still = {self.tried[row["file"], row["line_no"]]: row for row in self._taken("quarantine")}
        for table in ("quarantine_lines", "unknown_references"):
            self._taken(table)
        back = set(self.tried.values()) - set(still)
        refused = {line: row for line, row in self.refused.items() if line not in back}
        for line, row in still.items():
            reason = CONTRADICTS if row["reason"] == ELSEWHERE else row["reason"]
            refused[line] = {**self.refused[line], **row, "file": line[0], "line_no": line[1], "reason": reason}
        returned = Counter(file for file, _ in back)
        for account in accounts:
            load = self.loads[self.originals[account["file"]]]
            load["lines_loaded"] += returned[load["file"]]
            load["lines_quarantined"] -= returned[load["file"]]
            load["newest"] = max(filter(None, (load["newest"], account["newest"])), default=None)
            if load["money_read"] is not None and account["money_loaded"] is not None:
                stays = [row["money"] for (file, _), row in refused.items() if file == load["file"] and row["money"]]
                load["money_loaded"] += account["money_loaded"]
                load["money_quarantined"] = sum(stays, Decimal(0))
                load["money_read"] = load["money_loaded"] + load["money_quarantined"]
        texts = [
            {"file": file, "line_no": line_no, "line": text}
            for (file, line_no), text in self.texts.items()
            if (file, line_no) in refused
        ]
        for table, rows in (
            ("loads", self.loads.values()),
            ("quarantine", refused.values()),
            ("quarantine_lines", texts),
        ):
            self._say(table, rows)

    def _taken(self, table: str) -> list[dict[str, Any]]:
        """What the stand-ins' load said in a system table, which is no more said in their name."""
        from pyarrow import parquet

        files = files_of(self.draft.as_release(), table).get(self.alias.source, ())
        rows = [row for file in files for row in parquet.ParquetFile(self.draft.shelf.folder / file).read().to_pylist()]
        self.draft.adopt(table, source=self.alias.source, parts={})
        return rows

    def _say(self, table: str, rows: Any) -> None:
        schema = SYSTEM_TABLES[table].arrow_schema()
        whole = [dict.fromkeys(schema.names) | row | {"source": self.one.source} for row in rows]
        whole = [{name: row[name] for name in schema.names} for row in whole]
        self.draft.replace_source(table, pa.Table.from_pylist(whole, schema=schema), source=self.one.source)
