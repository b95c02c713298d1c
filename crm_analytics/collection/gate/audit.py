"""The audit: what a load must show before anybody may see it. A check that fails stops the load; a weak one warns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime

from crm_analytics.collection.gate.checks import COLUMNS, LINES, Gate
from crm_analytics.collection.gate.expectations import Expectation
from crm_analytics.collection.gate.measures import ALL, Measure
from crm_analytics.collection.loading.accounts import Account, Refusal, accounts
from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.crosscheck import AGAIN, Crosscheck
from crm_analytics.collection.loading.fitting import Fit
from crm_analytics.collection.loading.increments import files_of
from crm_analytics.collection.loading.kinds import Kind
from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.result import Check
from crm_analytics.say import say
from crm_analytics.warehouse import delta
from crm_analytics.warehouse.release import Release

NOTEWORTHY = 0.01
"""A larger share of refused lines, beside the map's own rules, is worth a warning."""
HALVED, TRIPLED = 0.5, 3.0
"""Outside of this much of what it brought before, a source's table has changed so much that somebody should look.

To bring none at all any more is a broken export, until the map says that the table is no longer fed.
"""

AGAIN_AS_USUAL = Expectation(table=LINES, that="duplicates as usual", measure="duplicates")


class Audit:
    """The reconciliation of a load and the checks it passes, warns at or fails."""

    def __init__(self, bench: Bench, kinds: list[Kind], fits: list[Fit], *, base: Release | None):
        self.bench, self.kinds, self.fits, self.base = bench, kinds, fits, base
        self.checks: list[Check] = []
        self._stand: dict[int, int] = {}
        self.accounts: list[Account] = []
        self.refusals: list[Refusal] = []
        for account, refusals in accounts(bench, kinds, fits):
            self.accounts.append(account)
            self.refusals += refusals

    @property
    def stopped(self) -> bool:
        return any(check.verdict == "fails" for check in self.checks)

    def before_writing(self, crosscheck: Crosscheck) -> None:
        """Everything that can be known from the lines alone."""
        self._reconciles()
        self._something_came()
        for kind in self.kinds:
            self._refused_share(kind)
        self._references(crosscheck)
        earlier = self._earlier()
        self._fresh(earlier)
        self._come_before(earlier)
        self.counted = list(self._unknown(crosscheck))
        self.with_rows_below = crosscheck.with_rows_below()

    def after_writing(self, release: Release, merged: dict[tuple[str, str], int], *, now: datetime) -> None:
        """Whether what was written is what was read, and whether it is what is expected of these sources.

        `merged` says of tables to which rows were added how many they must hold, by source and table.
        """
        self.merged = merged
        gate = Gate(self.bench, release, self.base, now=now, with_rows_below=self.with_rows_below)
        for source, one in {kind.map.source: kind.map for kind in self.kinds}.items():
            fed = dict.fromkeys(fit.table.name for fit in self.fits if fit.source == source)
            given = {table: one.expect.get(table, ()) for table in fed}
            mine = [measure for of, measure in self.counted if of == source]
            gate.judge(source, {**given, LINES: (AGAIN_AS_USUAL,)}, [*mine, self._again(source)])
        self.measures, self.former = gate.rows, gate.former
        for fit in {(fit.source, fit.table.name): fit for fit in self.fits}.values():
            self._written(release, fit)
            self._volume(release, fit, told=gate.knows(fit.source, fit.table.name))
        self._currency(release)
        self.checks += gate.checks()

    @property
    def warnings(self) -> tuple[Check, ...]:
        """What the release carries on, so that whoever reads it can know."""
        return tuple(check for check in self.checks if check.verdict == "weak")

    def measures_of(self, source: str) -> Iterator[dict[str, list]]:
        """The rows of this load in the system table `measures`."""
        columns = zip(*self.measures[source], strict=True)
        yield dict(zip(COLUMNS, map(list, columns), strict=True))

    def remembered(self, source: str) -> str:
        """The measures of former loads that stay, as something to select from; empty where there are none."""
        return self.former.get(source, "")

    def count_merged(self, source: str, corrected: Mapping[str, int], deleted: Mapping[str, int]) -> None:
        """Say in the accounts of a source's files how many earlier rows each corrected and deleted."""
        self.accounts = [
            replace(
                account,
                corrected=max(account.corrected, corrected.get(account.file, 0)),
                deleted=max(account.deleted, deleted.get(account.file, 0)),
            )
            if account.source == source
            else account
            for account in self.accounts
        ]

    def loads_of(self, source: str, loaded_at: datetime) -> Iterator[dict[str, list]]:
        """The rows of the system table `loads`."""
        headers = {
            (kind.map.source, one.name): json.dumps(one.proof.header, ensure_ascii=False)
            for kind in self.kinds
            for one in kind.arrivals
        }
        mine = [
            asdict(account) | {"loaded_at": loaded_at, "header": headers[account.source, account.file]}
            for account in self.accounts
            if account.source == source
        ]
        if mine:
            yield {name: [account[name] for account in mine] for name in mine[0] if name != "source"}

    def _check(self, name: str, verdict: str, text: str) -> None:
        self.checks.append(Check(name=name, verdict=verdict, text=text))

    def _reconciles(self) -> None:
        wrong = [account.file for account in self.accounts if not account.reconciles]
        sentence = (
            "In {files} the lines or the money loaded and refused do not add up to what was read."
            if wrong
            else "All {read:count} lines and all money in them are either loaded or refused with a reason."
        )
        read = sum(account.lines_read for account in self.accounts)
        self._check("reconciles", "fails" if wrong else "holds", say(sentence, files=", ".join(wrong), read=read))

    def _something_came(self) -> None:
        for source in dict.fromkeys(account.source for account in self.accounts):
            mine = [account for account in self.accounts if account.source == source]
            read = sum(account.lines_read for account in mine)
            added_none = not read and all(account.kind for account in mine)
            if not sum(account.lines_loaded for account in mine) and not added_none:
                sentence = (
                    "Nothing could be loaded from {source}: of {read:count} lines that came, all were refused."
                    if read
                    else "Nothing could be loaded from {source}: its files hold no lines."
                )
                self._check("something came", "fails", say(sentence, source=source, read=read))

    def _refused_share(self, kind: Kind) -> None:
        names = {arrival.name for arrival in kind.arrivals}
        refused = [
            refusal
            for refusal in self.refusals
            if refusal.source == kind.map.source and refusal.file in names and refusal.reason not in kind.expected
        ]
        read, lines = sum(arrival.proof.read for arrival in kind.arrivals), sum(refusal.lines for refusal in refused)
        if lines <= NOTEWORTHY * read:
            return
        worst = max(refused, key=lambda refusal: refusal.lines)
        sentence = (
            "{lines:count} of {read:count} lines of {path} ({share:percent}) were refused beside the map's own rules; "
            "{limit:percent} are tolerated. Most often: {why}."
        )
        why = f"{worst.column}: {worst.reason}" if worst.column else worst.reason
        # One line of a handful is a large share and says nothing; only who tolerates none is stopped by it.
        tolerated = max(kind.spec.tolerate * read, 1) if kind.spec.tolerate else 0
        verdict = "fails" if lines > tolerated else "weak"
        told = say(
            sentence, lines=lines, read=read, path=kind.spec.path, share=lines / read, limit=kind.spec.tolerate, why=why
        )
        self._check("refused lines", verdict, told)

    def _references(self, crosscheck: Crosscheck) -> None:
        for (number, column), rows in crosscheck.emptied.items():
            fit = self.fits[number]
            parent = fit.table.by_name[column].refers.partition(".")[0]
            sentence = (
                "{rows:count} {rows:row|rows} of {table} from {source} {rows:names|name} a {column} that is not among "
                "the {parent}; {rows:it is|they are} kept without it."
            )
            if rows:
                told = say(
                    sentence,
                    rows=rows,
                    table=_words(fit.table.name),
                    source=fit.source,
                    column=column,
                    parent=_words(parent),
                )
                self._check("references", "weak", told)
        for table, parent, rows in crosscheck.dangling():
            sentence = (
                "{rows:count} {rows:row|rows} of {table} that {rows:was|were} loaded earlier {rows:refers|refer} to "
                "{parent} that are no longer there; load their source again together with this one."
            )
            self._check("references", "weak", say(sentence, rows=rows, table=_words(table), parent=_words(parent)))

    def _earlier(self) -> list[tuple]:
        """(source, file, fingerprint, newest, lines_read) of the files of these sources that were loaded earlier."""
        said = " UNION ALL ".join(
            f"SELECT {quoted(source)}, file, fingerprint, newest, lines_read FROM {self.bench.facts(files)}"
            for source in sorted({kind.map.source for kind in self.kinds})
            if (files := files_of(self.base, "loads").get(source, ()))
        )
        return self.bench.run(said).fetchall() if said else []

    def _fresh(self, earlier: list[tuple]) -> None:
        before = max((newest for _, _, _, newest, _ in earlier if newest), default=None)
        newest = max((account.newest for account in self.accounts if account.newest), default=None)
        if before and newest and newest < before:
            sentence = "The newest thing in these files is of {newest:date}; the load before reached to {before:date}."
            self._check("freshness", "weak", say(sentence, newest=newest.date(), before=before.date()))

    def _come_before(self, earlier: list[tuple]) -> None:
        """Yesterday's file under today's name brings nothing, and looks like a quiet day."""
        came = {(source, fingerprint): file for source, file, fingerprint, _, read in earlier if read}
        for account in self.accounts:
            before = came.get((account.source, account.fingerprint))
            if before and before != account.file:
                sentence = "{file} from {source} is the same, byte for byte, as {before} that was loaded earlier."
                told = say(sentence, file=account.file, source=account.source, before=before)
                self._check("the same file", "weak", told)

    def _unknown(self, crosscheck: Crosscheck) -> Iterator[tuple[str, Measure]]:
        """Of each optional reference, the share of rows that name what is not there, by source."""
        for (number, column), emptied in crosscheck.emptied.items():
            fit = self.fits[number]
            rows = max(self._standing(fit), 1)
            measure = Measure(table=fit.table.name, scope=ALL, name=f"unknown {column}", number=emptied / rows, of=rows)
            yield fit.source, measure

    def _again(self, source: str) -> Measure:
        read = sum(account.lines_read for account in self.accounts if account.source == source)
        again = sum(one.lines for one in self.refusals if (one.source, one.reason) == (source, AGAIN))
        return Measure(table=LINES, scope=ALL, name="duplicates", number=again / max(read, 1), of=read)

    def _currency(self, release: Release) -> None:
        """Amounts do not change with the word for them: what stays as it was is still in the money of before."""
        before = self.base.company.currency if self.base and self.base.loads else release.company.currency
        staying = sorted(set(release.loads) - {kind.map.source for kind in self.kinds})
        if before != release.company.currency:
            sentence = (
                "The company's money is {now} and was {before}, but {staying} would stay as loaded; load all together."
                if staying
                else "The company's money is {now}; before it was {before}."
            )
            told = say(sentence, now=release.company.currency, before=before, staying=", ".join(staying))
            self._check("currency", "fails" if staying else "weak", told)

    def _written(self, release: Release, fit: Fit) -> None:
        feeding = [one for one in self.fits if one.source == fit.source and one.table is fit.table]
        expected = self.merged.get((fit.source, fit.table.name))
        if expected is None:
            expected = sum(self._standing(one) for one in feeding)
        written = self._rows(release, fit)
        if written != expected:
            sentence = "Of {table} from {source}, {written:count} rows were written instead of {expected:count}."
            told = say(sentence, table=_words(fit.table.name), source=fit.source, written=written, expected=expected)
            self._check("written", "fails", told)

    def _standing(self, fit: Fit) -> int:
        """How many rows of a block stand; nothing is refused any more when that is asked."""
        if fit.number not in self._stand:
            self._stand[fit.number] = fit.standing()
        return self._stand[fit.number]

    def _volume(self, release: Release, fit: Fit, *, told: bool) -> None:
        """Until what is usual is known, and told, the load before has to do."""
        before, now = self._rows(self.base, fit), self._rows(release, fit)
        if before and not HALVED <= now / before <= TRIPLED and not (told and now):
            sentence = "{source} brings {now:count} rows of {table}; before it brought {before:count}."
            told = say(sentence, source=fit.source, table=_words(fit.table.name), now=now, before=before)
            self._check("volume", "weak" if now else "fails", told)

    def _rows(self, release: Release | None, fit: Fit) -> int:
        files = files_of(release, fit.table.name).get(fit.source, ())
        return sum(delta.rows_in(self.bench.readable / file) for file in files)


def _words(table: str) -> str:
    return table.replace("_", " ")
