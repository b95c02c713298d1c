"""Load: files become a release. Read, refuse, audit, and only then publish; or publish nothing and say why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crm_analytics.collection.forgetting.fields import remember_maps
from crm_analytics.collection.gate.audit import Audit
from crm_analytics.collection.history import remembered
from crm_analytics.collection.loading.arrivals import arrivals, entries, fingerprints
from crm_analytics.collection.loading.bench import THREADS, Bench
from crm_analytics.collection.loading.crosscheck import Crosscheck
from crm_analytics.collection.loading.fitting import Fit, fitted
from crm_analytics.collection.loading.increments import Plan, Stock, files_of, supersede
from crm_analytics.collection.loading.kinds import Arrival, Kind
from crm_analytics.collection.loading.merging import SMALL_FILES, Merge
from crm_analytics.collection.loading.recall import Recall
from crm_analytics.collection.loading.report import LoadReport
from crm_analytics.collection.mapping.conversion import converted, quoted
from crm_analytics.collection.mapping.maps import ColumnSpec, SourceMap, read_maps
from crm_analytics.collection.mapping.pseudonyms import FORGOTTEN, settled
from crm_analytics.collection.sources.parcel import Parcel
from crm_analytics.collection.sources.plain import seen
from crm_analytics.say import Voice, speak
from crm_analytics.warehouse.privacy.expiry import expire_draft
from crm_analytics.warehouse.release import Company, Draft, Release, Shelf
from crm_analytics.warehouse.tables import SYSTEM_TABLES, TABLES

if TYPE_CHECKING:
    pass

BATCH_ROWS = 131_072
FEW_BYTES, FEW_ROWS = 4 << 20, 200_000
MONEY_ON_A_LINE = TABLES["order_lines"].by_name["amount"]


def load(
    map_path: str | Path,
    *,
    data: str | Path,
    home: str | Path,
    progress: Callable[[str], None] | None = None,
    now: datetime | None = None,
) -> LoadReport:
    """Load the files that one map, or a folder of maps, describes, as one new release of the company in `home`.

    The files of a source replace what that source brought before, or add to it where its map says so. The same files by
    the same maps change nothing. `now` (UTC, without a zone) takes the place of the clock where the load of an earlier
    day is made up for.
    When the audit stops the load, nothing is published and the report says why; `report.exit_code` is then 1.
    Raises MapError or SourceError, each with one sentence, where a map or a file cannot be used at all.
    """
    shelf = Shelf(Path(home))
    with remembered(shelf, Path(map_path).name) as outcome:
        outcome.report = _load(
            read_maps(map_path),
            shelf,
            data=Path(data),
            progress=progress or (lambda _: None),
            now=now or datetime.now(UTC).replace(tzinfo=None),
        )
    return outcome.report


def _load(
    maps: list[SourceMap], shelf: Shelf, *, data: Path, progress: Callable[[str], None], now: datetime
) -> LoadReport:
    kinds, recall = arrivals(maps, data), Recall(shelf.folder)
    recall.apply(kinds)
    marks = fingerprints(kinds, data)
    with shelf.draft() as draft:
        company = next((one.company for one in maps if one.company), draft.base.company if draft.base else Company())
        speak(Voice(language=company.language, currency=company.currency))
        company, customers = settled(company, draft, maps=maps)
        plan = Plan.of(kinds, shelf, draft.base, marks)
        if plan.unchanged(draft.base, marks):
            return LoadReport.unchanged(draft.base, list(marks))
        threads = 1 if _few(kinds, draft.base) else THREADS
        came = [one.path.resolve() for one in _parcels(kinds) if one and seen(one)]
        with Bench(shelf.workshop, readable=shelf.folder, came=came, customers=customers, threads=threads) as bench:
            loading = _Loading(bench, draft, maps=maps, plan=plan, data=data, progress=progress)
            report = loading.run(company, marks, now=now)
        if report.published:
            recall.keep()
        return report


def _parcels(kinds: list[Kind]) -> list[Parcel | None]:
    """What came as a file, or a member of one; None for what came otherwise."""
    return [getattr(arrival.source, "parcel", None) for kind in kinds for arrival in kind.arrivals]


def _few(kinds: list[Kind], base: Release | None) -> bool:
    """Whether so little is to be gone through that a second thread would cost more than it saves."""
    parcels = _parcels(kinds)
    there = sum(state.rows for state in base.tables.values()) if base else 0
    return there <= FEW_ROWS and all(parcels) and sum(one.path.stat().st_size for one in parcels) <= FEW_BYTES


class _Loading:
    def __init__(
        self,
        bench: Bench,
        draft: Draft,
        *,
        maps: list[SourceMap],
        plan: Plan,
        data: Path,
        progress: Callable[[str], None],
    ):
        self.bench, self.draft, self.maps, self.plan, self.kinds = bench, draft, maps, plan, plan.kinds
        self.data, self.progress = data, progress

    def run(self, company: Company, marks: dict[str, str], *, now: datetime) -> LoadReport:
        self.now = now
        fits = self._bound()
        self._read(fits)
        self.progress("checking every line")
        self._refuse(fits)
        self.stock = Stock(self.bench, self.maps, self.draft.base, plan=self.plan)
        crosscheck = Crosscheck(self.bench, fits, self.draft.base, stock=self.stock)
        crosscheck.run()
        self._settle_fates()
        audit = Audit(self.bench, self.kinds, fits, base=self.draft.base)
        audit.before_writing(crosscheck)
        if audit.stopped:
            return LoadReport.of(audit, company=company, release=None)
        self._write(crosscheck, fits, audit)
        release = self.draft.as_release(company=company, loads=marks)
        audit.after_writing(release, self.merged, now=self.now)
        if audit.stopped:
            return LoadReport.of(audit, company=company, release=None)
        for source in dict.fromkeys(kind.map.source for kind in self.kinds):
            told = self._told("measures", audit.measures_of(source))
            parts = self._written("measures", source, told, beside=audit.remembered(source))
            self.draft.adopt("measures", source=source, parts=parts)
        self.progress("publishing")
        remember_maps(self.draft.shelf, self.maps, self.data)
        until = self._facts_until(release)
        let_go = expire_draft(self.draft, days=company.keep_contacts_days, facts_until=until)
        release = self.draft.publish(company=company, loads=marks, facts_until=until, checks=audit.warnings)
        return LoadReport.of(audit, company=company, release=release, let_go=let_go)

    def _bound(self) -> list[Fit]:
        """Bind every expression of every map to its files' columns, before anything is read at length."""
        for kind in self.kinds:
            self.bench.open(kind)
        for one in self.maps:
            for name, lookup in one.lookups.items():
                self.bench.learn(f"{one.source}_{name}", entries(lookup, one, name, self.data))
        fits = list(fitted(self.bench, self.kinds, self.now.isoformat(sep=" ")))
        for kind in self.kinds:
            kind.rule = self._rule(kind, [fit for fit in fits if fit.kind is kind])
            kind.money = self._money(kind)
            if kind.spec.watermark:
                kind.watermark = kind.keep(kind.column(kind.spec.watermark, f"files.{kind.spec.name}.watermark"))
        return fits

    def _rule(self, kind: Kind, fits: list[Fit]) -> str:
        """Have a scan find the first of the map's own rules that refuses a line, or that no table takes it."""
        bound = []
        for number, rule in enumerate(kind.map.refuse.get(kind.spec.name, ())):
            place = f"refuse.{kind.spec.name}[{number + 1}].when"
            condition = self.bench.expression(kind, rule.when, place)
            self.bench.check(condition, kind, place)
            bound.append((condition, self.bench.reason(rule.reason)))
            kind.expected.add(rule.reason)
        if all(fit.member for fit in fits):
            anywhere = " OR ".join(f"({fit.member})" for fit in fits)
            bound.append((f"NOT ({anywhere})", self.bench.reason("no table of the map takes this line")))
        return kind.keep(self.bench.cases(bound)) if bound else ""

    def _money(self, kind: Kind) -> str:
        if not kind.spec.money:
            return ""
        place = f"files.{kind.spec.name}.money"
        sql = self.bench.expression(kind, kind.spec.money, place)
        if kind.spec.money in kind.used:
            return kind.keep(kind.value(converted(MONEY_ON_A_LINE, ColumnSpec(target=place), sql, kind.dialect)))
        self.bench.check(sql, kind, place)
        return kind.keep(f"TRY_CAST({sql} AS DECIMAL(18,4))")

    def _read(self, fits: list[Fit]) -> None:
        offset = 0
        for kind in self.kinds:
            offset = self.bench.read(kind, offset, self.progress)
        for fit in fits:
            fit.prepare()

    def _refuse(self, fits: list[Fit]) -> None:
        """Refuse lines by the map's rules, lines that are of no table, and lines that cannot be converted."""
        for kind in self.kinds:
            if kind.rule:
                self.bench.refuse(f"SELECT rid, {kind.rule} AS reason FROM {kind.lines} WHERE {kind.rule} IS NOT NULL")
        for fit in fits:
            if not fit.group:
                fit.refuse()
        supersede(self.bench, fits, [kind for kind in self.kinds if kind.adds])
        for fit in fits:
            if fit.group:
                fit.refuse()

    def _settle_fates(self) -> None:
        """Give every refused line one reason: the first that was found."""
        self.bench.run("CREATE TABLE fates AS SELECT rid, arg_min(reason, step) AS reason FROM refused GROUP BY rid")

    def _write(self, crosscheck: Crosscheck, fits: list[Fit], audit: Audit) -> None:
        self.merged: dict[tuple[str, str], int] = {}
        for source in dict.fromkeys(one.source for one in self.maps):
            mine = [fit for fit in fits if fit.source == source]
            adding = self.stock.tables[source]
            merge = Merge(self.bench, crosscheck, self.stock, self.draft, source=source)
            merge.run([fit for fit in mine if fit.table.name in adding], self.progress)
            self.merged |= {(source, table): rows for table, rows in merge.rows.items()}
            for table in TABLES:
                feeding = [fit for fit in mine if fit.table.name == table]
                if feeding and table not in adding:
                    self.progress(f"writing {table.replace('_', ' ')}")
                    rows = " UNION ALL ".join(crosscheck.rows(fit) for fit in feeding)
                    parts = self.bench.write(rows, self.draft.folder(table, source=source))
                    self.draft.adopt(table, source=source, parts=parts)
                elif source in files_of(self.draft.base, table) and table not in adding:
                    self.draft.adopt(table, source=source, parts={})
            audit.count_merged(source, merge.corrected, merge.deleted)
            self._write_system("loads", source, audit.loads_of(source, self.now))
            self._write_system("unknown_references", source, crosscheck.unknown(source))
            self._write_quarantine(source)

    def _write_quarantine(self, source: str) -> None:
        """What was refused, and apart from it the lines themselves: they may hold personal data."""
        told = self._told("quarantine_lines", self._quarantine(source))
        for table in ("quarantine", "quarantine_lines"):
            self._adopt_system(table, source, told)

    def _write_system(self, table: str, source: str, batches: Iterable[dict[str, list]]) -> None:
        self._adopt_system(table, source, self._told(table, batches))

    def _told(self, table: str, batches: Iterable[dict[str, list]]) -> Path | None:
        """What is to be said of this load, in the words of a system table, as a file on the bench; None for nothing."""
        path, rows = self.bench.folder / f"{table}.jsonl", 0
        with path.open("w", encoding="utf-8", errors="replace") as out:
            for batch in batches:
                for values in zip(*batch.values(), strict=True):
                    row = dict(zip(batch, values, strict=True))
                    out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
                    rows += 1
        return path if rows else None

    def _written(self, table: str, source: str, told: Path | None, beside: str = "") -> dict[Path, int]:
        """Write what is told, and rows of the same table `beside` it, into new files."""
        if not told:
            return {}
        columns = SYSTEM_TABLES[table].columns
        typed = ", ".join(f'CAST("{column.name}" AS {column.sql_type}) AS "{column.name}"' for column in columns)
        texts = ", ".join(f"{quoted(column.name)}: 'VARCHAR'" for column in columns)
        read = f"read_json({quoted(str(told))}, format = 'newline_delimited', columns = {{{texts}}})"
        names = ", ".join(f'"{column.name}"' for column in columns)
        rows = f"SELECT {typed} FROM {read}" + (f" UNION ALL SELECT {names} FROM {beside}" if beside else "")
        return self.bench.write(rows, self.draft.folder(table, source=source))

    def _adopt_system(self, table: str, source: str, told: Path | None) -> None:
        """Write what is to be said of this load beside what was said of the files that stay."""
        parts, kept = self._written(table, source, told), sorted(self.plan.kept(source))
        staying = files_of(self.draft.base, table).get(source, ()) if kept else ()
        if staying:
            said = f"{self.bench.facts(staying)} WHERE file IN ({', '.join(map(quoted, kept))})"
            whole = self.bench.one(f"SELECT count(*) FROM {self.bench.facts(staying)}")
            if len(staying) > SMALL_FILES or self.bench.one(f"SELECT count(*) FROM {said}") < whole:
                names = ", ".join(f'"{column.name}"' for column in SYSTEM_TABLES[table].columns)
                parts |= self.bench.write(f"SELECT {names} FROM {said}", self.draft.folder(table, source=source))
                staying = ()
        self.draft.adopt(table, source=source, parts=parts, staying=staying)

    def _quarantine(self, source: str) -> Iterator[dict[str, list]]:
        for kind in self.kinds:
            if kind.map.source == source:
                for arrival in kind.arrivals:
                    yield from self._refused_lines(kind, arrival)

    def _refused_lines(self, kind: Kind, arrival: Arrival) -> Iterator[dict[str, list]]:
        """The refused lines of one file, in their order, with their reasons and their original text."""
        import numpy as np

        proof, money = arrival.proof, kind.money or "CAST(NULL AS DECIMAL(18,4))"
        found = self.bench.run(
            f"SELECT rid - {arrival.offset} AS record, reason, {money} AS money FROM {kind.lines} "
            f"JOIN fates USING (rid) WHERE file = {kind.arrivals.index(arrival)} ORDER BY rid"
        ).fetchall()
        records = np.array([record for record, _, _ in found], dtype=np.int64)
        refused = [
            (line, proof.spans.get(record, 1), *self.bench.reasons[reason], amount)
            for line, (record, reason, amount) in zip(proof.lines(records).tolist(), found, strict=True)
        ]
        refused += [(line, used, reason, "", None) for line, used, reason in proof.malformed]
        refused.sort(key=lambda one: one[0])
        texts = arrival.source.originals([(line, used) for line, used, *_ in refused])
        for start in range(0, len(refused), BATCH_ROWS):
            part = refused[start : start + BATCH_ROWS]
            yield {
                "file": [arrival.name] * len(part),
                "line_no": [one[0] for one in part],
                "reason": [one[2] for one in part],
                "column": [one[3] or None for one in part],
                "money": [one[4] for one in part],
                "line": [self._text(next(texts), one[2]) for one in part],
            }

    def _text(self, line: str, reason: str) -> str | None:
        """The line as it came, but for what speaks of somebody who was forgotten."""
        return None if reason == FORGOTTEN or self.bench.customers.speaks_of_gone(line) else line

    def _facts_until(self, release: Release) -> str | None:
        files = [file for files in files_of(release, "orders").values() for file in files]
        if not files:
            return None
        sold = f"SELECT CAST(max(ordered_at) AS DATE) FROM {self.bench.facts(files)} WHERE kind = 'sale'"
        day = self.bench.one(sold)
        return day.isoformat() if day else None

