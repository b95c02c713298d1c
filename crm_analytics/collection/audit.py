"""The audit: what a load must show before anybody may see it. A check that fails stops the load; a weak one warns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from crm_analytics.collection.arrivals import file_name
from crm_analytics.collection.bench import Arrival, Bench, Kind
from crm_analytics.collection.crosscheck import Crosscheck, files_of
from crm_analytics.collection.fitting import Fit
from crm_analytics.result import Check
from crm_analytics.say import say
from crm_analytics.warehouse.release import Release

NOTEWORTHY = 0.01
"""A larger share of refused lines, beside the map's own rules, is worth a warning."""
HALVED, TRIPLED = 0.5, 3.0
"""Outside of this much of what it brought before, a source's table has changed so much that somebody should look; to bring none any
more is a broken export, until the map says that the table is no longer fed."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What became of one file, in lines and in money."""

    source: str
    file: str
    fingerprint: str
    newest: datetime | None
    lines_read: int
    lines_loaded: int
    lines_quarantined: int
    money_read: Decimal | None
    money_loaded: Decimal | None
    money_quarantined: Decimal | None

    @property
    def reconciles(self) -> bool:
        money = self.money_read is None or self.money_read == self.money_loaded + self.money_quarantined
        return money and self.lines_read == self.lines_loaded + self.lines_quarantined


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """How much of one file was refused for one reason."""

    source: str
    file: str
    reason: str
    column: str
    lines: int
    money: Decimal | None


class Audit:
    """The reconciliation of a load and the checks it passes, warns at or fails."""

    def __init__(self, bench: Bench, kinds: list[Kind], fits: list[Fit], *, base: Release | None, data: Path):
        self.bench, self.kinds, self.fits, self.base, self.data = bench, kinds, fits, base, data
        self.refusals: list[Refusal] = []
        self.checks: list[Check] = []
        self.accounts = [account for kind in kinds for account in self._accounts(kind)]

    @property
    def stopped(self) -> bool:
        return any(check.verdict == "fails" for check in self.checks)

    def before_writing(self, crosscheck: Crosscheck) -> None:
        """Everything that can be known from the lines alone."""
        self._reconciles()
        self._something_came()
        self._refused_shares()
        self._references(crosscheck)
        self._fresh()

    def after_writing(self, release: Release) -> None:
        """Whether what was written is what was read, and whether it is about as much as before."""
        for fit in {(fit.source, fit.table.name): fit for fit in self.fits}.values():
            self._written(release, fit)
            self._volume(release, fit)

    def loads_of(self, source: str, loaded_at: datetime) -> Iterator[dict[str, list]]:
        """The rows of the system table `loads`."""
        mine = [asdict(account) for account in self.accounts if account.source == source]
        yield {
            name: [loaded_at if name == "loaded_at" else account[name] for account in mine]
            for name in (
                "file",
                "fingerprint",
                "loaded_at",
                "newest",
                "lines_read",
                "lines_loaded",
                "lines_quarantined",
                "money_read",
                "money_loaded",
                "money_quarantined",
            )
        }

    def _accounts(self, kind: Kind) -> Iterator[Account]:
        """Count a kind's lines and money three times: as read, as loaded, as refused by reason."""
        money = f"sum({kind.money})" if kind.money else "CAST(NULL AS DECIMAL(38,4))"
        count = f"SELECT file, count(*), {money}"
        read = self._by_file(f"{count} FROM {kind.lines} GROUP BY file")
        loaded = self._by_file(f"{count} FROM {kind.lines} ANTI JOIN fates USING (rid) GROUP BY file")
        refused = self.bench.run(
            f"SELECT file, reason, count(*), {money} FROM {kind.lines} JOIN fates USING (rid) "
            "GROUP BY file, reason ORDER BY file, count(*) DESC, reason"
        ).fetchall()
        newest = self._newest(kind)
        nothing = Decimal(0) if kind.money else None
        for number, arrival in enumerate(kind.arrivals):
            mine = [(*self.bench.reasons[reason], lines, amount) for f, reason, lines, amount in refused if f == number]
            mine += self._malformed(arrival)
            name = file_name(arrival.path, self.data)
            self.refusals += [
                Refusal(source=kind.map.source, file=name, reason=reason, column=column, lines=lines, money=amount)
                for reason, column, lines, amount in mine
            ]
            yield Account(
                source=kind.map.source,
                file=name,
                fingerprint=arrival.fingerprint,
                newest=newest.get(number),
                lines_read=arrival.proof.read,
                lines_loaded=loaded.get(number, (0, None))[0],
                lines_quarantined=sum(lines for _, _, lines, _ in mine),
                money_read=nothing if nothing is None else read.get(number, (0, None))[1] or nothing,
                money_loaded=nothing if nothing is None else loaded.get(number, (0, None))[1] or nothing,
                money_quarantined=nothing if nothing is None else sum((m or nothing for *_, m in mine), nothing),
            )

    def _by_file(self, sql: str) -> dict[int, tuple[int, Decimal | None]]:
        return {file: (lines, money) for file, lines, money in self.bench.run(sql).fetchall()}

    def _malformed(self, arrival: Arrival) -> list[tuple[str, str, int, None]]:
        counts: dict[str, int] = {}
        for _, _, reason in arrival.proof.malformed:
            counts[reason] = counts.get(reason, 0) + 1
        return [
            (reason, "", lines, None) for reason, lines in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        ]

    def _newest(self, kind: Kind) -> dict[int, datetime]:
        """The newest moment in each file of a kind, over what the canonical tables call things that have happened."""
        moments = [
            f'SELECT file, CAST(max("{column.name}") AS TIMESTAMP) AS newest FROM {fit.good} GROUP BY file'
            for fit in self.fits
            if fit.kind is kind
            for column in fit.table.columns
            if column.past and column.name in fit.given
        ]
        if not moments:
            return {}
        return dict(
            self.bench.run(f"SELECT file, max(newest) FROM ({' UNION ALL '.join(moments)}) GROUP BY file").fetchall()
        )

    def _check(self, name: str, verdict: str, text: str) -> None:
        self.checks.append(Check(name=name, verdict=verdict, text=text))

    def _reconciles(self) -> None:
        wrong = [account.file for account in self.accounts if not account.reconciles]
        read = sum(account.lines_read for account in self.accounts)
        if wrong:
            self._check(
                "reconciles",
                "fails",
                say(
                    "In {files} the lines or the money loaded and refused do not add up to what was read.",
                    files=", ".join(wrong),
                ),
            )
        else:
            self._check(
                "reconciles",
                "holds",
                say(
                    "All {read:count} lines and all money in them are either loaded or refused with a reason.",
                    read=read,
                ),
            )

    def _something_came(self) -> None:
        for source in dict.fromkeys(kind.map.source for kind in self.kinds):
            mine = [account for account in self.accounts if account.source == source]
            if not sum(account.lines_loaded for account in mine):
                self._check(
                    "something came",
                    "fails",
                    say(
                        "Nothing could be loaded from {source}: {read:count} lines came, and all were refused.",
                        source=source,
                        read=sum(account.lines_read for account in mine),
                    ),
                )

    def _refused_shares(self) -> None:
        for kind in self.kinds:
            names = {file_name(arrival.path, self.data) for arrival in kind.arrivals}
            mine = [a for a in self.accounts if a.source == kind.map.source and a.file in names]
            refused = [
                r
                for r in self.refusals
                if r.source == kind.map.source and r.file in names and r.reason not in kind.expected
            ]
            read, lines = sum(a.lines_read for a in mine), sum(r.lines for r in refused)
            if not lines or lines <= NOTEWORTHY * read:
                continue
            worst = max(refused, key=lambda r: r.lines)
            self._check(
                "refused lines",
                "fails" if lines > kind.spec.tolerate * read else "weak",
                say(
                    "{lines:count} of {read:count} lines of {path} ({share:percent}) were refused beside the map's own rules, "
                    "where {limit:percent} are tolerated; most often: {reason}.",
                    lines=lines,
                    read=read,
                    share=lines / read,
                    limit=kind.spec.tolerate,
                    path=kind.spec.path,
                    reason=f"{worst.column}: {worst.reason}" if worst.column else worst.reason,
                ),
            )

    def _references(self, crosscheck: Crosscheck) -> None:
        for (number, column), rows in crosscheck.emptied.items():
            fit = next(fit for fit in self.fits if fit.number == number)
            if rows:
                self._check(
                    "references",
                    "weak",
                    say(
                        "{rows:count} rows of {table} from {source} name a {column} that is not among the {parent}; they are kept "
                        "without it.",
                        rows=rows,
                        table=fit.table.name.replace("_", " "),
                        source=fit.source,
                        column=column,
                        parent=fit.table.by_name[column].refers.partition(".")[0].replace("_", " "),
                    ),
                )
        for table, parent, rows in crosscheck.dangling():
            self._check(
                "references",
                "weak",
                say(
                    "{rows:count} rows of {table} that were loaded earlier refer to {parent} that this load no longer has; load "
                    "their source again together with this one.",
                    rows=rows,
                    table=table.replace("_", " "),
                    parent=parent.replace("_", " "),
                ),
            )

    def _fresh(self) -> None:
        if not self.base or not files_of(self.base, "loads"):
            return
        sources = {kind.map.source for kind in self.kinds}
        files = [file for source in sources for file in files_of(self.base, "loads").get(source, ())]
        if not files:
            return
        before: Any = self.bench.one(f"SELECT max(newest) FROM {self.bench.facts(files)}")
        newest = max((a.newest for a in self.accounts if a.newest), default=None)
        if before and newest and newest < before:
            self._check(
                "freshness",
                "weak",
                say(
                    "The newest thing in these files is of {newest:date}; the load before reached to {before:date}.",
                    newest=newest.date(),
                    before=before.date(),
                ),
            )

    def _written(self, release: Release, fit: Fit) -> None:
        feeding = [one for one in self.fits if one.source == fit.source and one.table is fit.table]
        expected = sum(self.bench.one(f"SELECT count(*) FROM {one.good}") for one in feeding)
        written = self._rows(release, fit)
        if written != expected:
            self._check(
                "written",
                "fails",
                say(
                    "Of {table} from {source}, {written:count} rows were written and {expected:count} should have been.",
                    table=fit.table.name,
                    source=fit.source,
                    written=written,
                    expected=expected,
                ),
            )

    def _volume(self, release: Release, fit: Fit) -> None:
        before, now = self._rows(self.base, fit), self._rows(release, fit)
        if before and not HALVED <= now / before <= TRIPLED:
            self._check(
                "volume",
                "weak" if now else "fails",
                say(
                    "{source} brings {now:count} rows of {table}; before it brought {before:count}.",
                    source=fit.source,
                    table=fit.table.name.replace("_", " "),
                    now=now,
                    before=before,
                ),
            )

    def _rows(self, release: Release | None, fit: Fit) -> int:
        files = files_of(release, fit.table.name).get(fit.source, ())
        return self.bench.one(f"SELECT count(*) FROM {self.bench.facts(files)}") if files else 0
