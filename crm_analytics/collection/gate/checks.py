"""The gate: what a load brought is held against what is expected of it, and of the same source's earlier loads."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_analytics.collection.gate.expectations import STOP, Expectation, expectations
from crm_analytics.collection.gate.measures import ALL, NEW, Measure, Measuring
from crm_analytics.collection.gate.usual import LEAST, Usual, unusual, usual
from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.crosscheck import files_of
from crm_analytics.result import Check
from crm_analytics.say import say
from crm_analytics.warehouse.release import Release
from crm_analytics.warehouse.tables import MONEY, TABLES

REMEMBERED = 60
"""So many former loads of a source are remembered."""
FEWER, MORE, DEARER, POINTS, LATER_DAYS = math.log(0.7), math.log(3), math.log(1.15), 0.05, 1.0
"""Smaller differences than these are nobody's business, however sure: of rows and sums, prices, shares, age."""
OF_MANY = 5.0
"""The limit for the shares of a mix, of which there are many."""
NEWCOMER = 0.05
"""A value that nobody knew before is worth a word when it takes this share."""
LINES = "lines"
"""Where a table's name stands in what is told of a source's lines themselves."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An expectation that was looked at, and what was found against it; nothing where it holds."""

    source: str
    expectation: Expectation
    text: str = ""

    @property
    def check(self) -> Check:
        verdict = "fails" if self.expectation.otherwise == STOP else "weak"
        return Check(name=say("expectation"), verdict=verdict if self.text else "holds", text=self.text)


Past = Mapping[tuple[str, str, str, str], Mapping[datetime, Measure]]
"""Of each table, scope, name and value: what was measured, by the moment of the load."""


class Gate:
    """Judges one source after the other; what was measured and found is in `measures` and `findings`."""

    def __init__(
        self, bench: Bench, release: Release, base: Release | None, *, now: datetime,
        with_rows_below: frozenset[tuple[str, str, str]] = frozenset(),
    ):
        self.bench, self.base, self.now = bench, base, now
        self.measuring = Measuring(bench, release, base, now=now, with_rows_below=with_rows_below)
        self.findings: list[Finding] = []
        self.rows: dict[str, list[tuple]] = defaultdict(list)
        """By source, what was measured: the columns of the system table `measures`."""
        self.former: dict[str, str] = {}
        """By source, the rows of former loads that are remembered, as SQL to select from."""

    def judge(self, source: str, tables: Mapping[str, Iterable[Expectation]], counted: Iterable[Measure] = ()) -> None:
        """Measure and judge what came of these tables, with what a map expects of each.

        `counted` are measures that were taken on the way: references to nothing, and lines that came again.
        """
        past, weekdays = self._past(source)
        counted = list(counted)
        for table, given in tables.items():
            expected = expectations(table, given) if table in TABLES else tuple(given)
            if table in TABLES:
                taken, until = self.measuring.table(source, TABLES[table], expected)
                many = next((one.of for one in taken if (one.scope, one.name) == (ALL, "rows")), 0)
                taken += [one for one in counted if one.table == table and many]
            else:
                taken, until = [one for one in counted if one.table == table], self.now
            self.rows[source] += [_row(one, self.now, until) for one in taken]
            judged = _Judged(source, taken, past, weekdays.get(table, {}), until)
            for one in expected:
                self.findings += judged.findings(one)

    def knows(self, source: str, table: str) -> bool:
        """Whether it is known how many rows of a table the source usually brings."""
        return any(
            (one.source, one.expectation.table, one.expectation.measure) == (source, table, "rows")
            for one in self.findings
        )

    def checks(self) -> Iterator[Check]:
        """What was found, and how many expectations hold."""
        found = [finding.check for finding in self.findings if finding.text]
        held = len(self.findings) - len(found)
        yield from found
        if held:
            text = say("{held:count} of {all:count} expectations hold.", held=held, all=len(self.findings))
            yield Check(name=say("expectations"), verdict="holds", text=text)

    def _past(self, source: str) -> tuple[Past, dict[str, dict[datetime, int]]]:
        """The measures of the loads that are remembered, and the weekday each reached to."""
        files = files_of(self.base, "measures").get(source, ())
        if not files:
            return {}, {}
        facts = self.bench.facts(files)
        recent = f"SELECT DISTINCT loaded_at FROM {facts} ORDER BY loaded_at DESC LIMIT {REMEMBERED}"
        self.former[source] = f"{facts} WHERE loaded_at IN ({recent})"
        rows = self.bench.run(f"SELECT {', '.join(COLUMNS)} FROM {self.former[source]} ORDER BY ALL").fetchall()
        past: dict[tuple[str, str, str, str], dict[datetime, Measure]] = defaultdict(dict)
        weekdays: dict[str, dict[datetime, int]] = defaultdict(dict)
        for at, until, table, scope, name, value, number, of in rows:
            one = Measure(table=table, scope=scope, name=name, value=value, number=number, of=of)
            past[table, scope, name, value][at] = one
            weekdays[table][at] = until.weekday()
        return past, weekdays


COLUMNS = ("loaded_at", "until", "of_table", "scope", "measure", "value", "number", "counted")


def _row(one: Measure, at: datetime, until: datetime) -> tuple:
    return at, until, one.table, one.scope, one.name, one.value, one.number, one.of


class _Judged:
    """The measures of one table from one source, before its past."""

    def __init__(
        self, source: str, taken: list[Measure], past: Past, weekdays: Mapping[datetime, int], until: datetime
    ):
        self.source, self.taken, self.past, self.weekdays = source, taken, past, weekdays
        self.weekday = until.weekday()

    def findings(self, one: Expectation) -> Iterator[Finding]:
        """What is found on one expectation: nothing where it cannot be judged yet."""
        mine = [measure for measure in self.taken if measure.name == one.subject]
        if one.measure == "mix":
            yield from self._mix(one)
        elif one.usual:
            told = [text for text in (self._usual(one, measure) for measure in mine) if text is not None]
            if told:
                yield Finding(source=self.source, expectation=one, text=next(filter(None, reversed(told)), ""))
        else:
            for measure in mine:
                if measure.scope == ALL:
                    yield Finding(source=self.source, expectation=one, text=self._bound(one, measure))

    def _series(self, measure: Measure) -> tuple[list[Measure], list[int]]:
        series = self.past.get((measure.table, measure.scope, measure.name, measure.value), {})
        return list(series.values()), [self.weekdays[at] for at in series]

    def _usual(self, one: Expectation, measure: Measure) -> str | None:
        """What is unusual about a number; nothing when all is as ever, None when it is too early to say."""
        former, weekdays = self._series(measure)
        logs = one.measure in ("rows", "sum", "typical")
        if one.measure in ("sum", "typical") and min((m.number for m in former), default=0) <= 0:
            return None
        scale = _log if logs else float
        expected = usual([scale(m.number) for m in former], weekdays, self.weekday)
        if expected is None:
            return None
        noise = _noise(one.measure, expected, measure)
        by = scale(measure.number) - expected.value
        if not _matters(one.measure, by) or not unusual(scale(measure.number), expected, noise):
            return ""
        before = math.exp(expected.value) if logs else expected.value
        return _told(one, measure, self.source, _USUAL, usual=before)

    def _mix(self, one: Expectation) -> Iterator[Finding]:
        """The share of each value, of those that are there and of those that were."""
        told, judged = [], False
        for scope in (ALL, NEW):
            mine = {m.value: m for m in self.taken if (m.scope, m.name) == (scope, one.subject)}
            rows = next((m for m in self.taken if (m.scope, m.name) == (scope, "rows")), None)
            loads = self.past.get((one.table, scope, "rows", ""), {})
            known = [key for key in self.past if key[:3] == (one.table, scope, one.subject)]
            loads = {at: m for at, m in loads.items() if m.of and any(at in self.past[key] for key in known)}
            if not mine or not rows or len(loads) < LEAST:
                continue
            judged = True
            for value in sorted({*mine, *(key[3] for key in known)}):
                series = self.past.get((one.table, scope, one.subject, value), {})
                shares = [series[at].number if at in series else 0.0 for at in loads]
                now = mine.get(value) or Measure(
                    table=one.table, scope=scope, name=one.subject, value=value, number=0.0, of=rows.of
                )
                expected = usual(shares, [self.weekdays[at] for at in loads], self.weekday)
                if expected and self._moved(expected, shares, now):
                    told.append((abs(now.number - expected.value), now, expected))
        if judged:
            worst = max(told, key=lambda one: one[0], default=None)
            text = _told(one, worst[1], self.source, _USUAL, usual=max(worst[2].value, 0)) if worst else ""
            yield Finding(source=self.source, expectation=one, text=text)

    def _moved(self, expected: Usual, shares: list[float], now: Measure) -> bool:
        noise = math.sqrt(max(expected.value * (1 - expected.value), 1 / max(now.of, 1)) / max(now.of, 1))
        if not any(shares):
            return now.number >= NEWCOMER and now.number * now.of >= 5
        if now.number == 0 and all(shares) and expected.value * now.of >= 10:
            return True
        return abs(now.number - expected.value) > 2 * POINTS and unusual(now.number, expected, noise, limit=OF_MANY)

    def _bound(self, one: Expectation, measure: Measure) -> str:
        if one.condition:
            broken = measure.number > one.tolerate * measure.of
            return _told(one, measure, self.source, {"": _BROKEN}, usual=0) if broken else ""
        low = one.low if one.low is not None else -math.inf
        high = one.high if one.high is not None else math.inf
        return "" if low <= measure.number <= high else _told(one, measure, self.source, _EXPECTED, usual=0)


def _log(number: float) -> float:
    """None at all is half a one: far from many, and near to few."""
    return math.log(max(number, 0.5))


def _noise(measure: str, expected: Usual, now: Measure) -> float:
    """How far chance alone takes a number that is counted on so many rows."""
    if measure == "rows":  # roots of counts vary alike, few or many; said here in logarithms
        roots = 2 * abs(math.sqrt(max(now.number, 0)) - math.sqrt(math.exp(expected.value)))
        return abs(_log(now.number) - expected.value) / max(roots, 1e-9)
    if measure in ("sum", "typical"):
        return (2 if measure == "sum" else 1) / math.sqrt(max(now.of, 1))
    if measure == "newest":
        return 0.5
    share = min(max(expected.value, 0), 1)
    return math.sqrt(max(share * (1 - share), 1 / max(now.of, 1)) / max(now.of, 1))


def _matters(measure: str, by: float) -> bool:
    """Whether a difference is large enough to speak of."""
    if measure in ("rows", "sum"):
        return by < FEWER or by > MORE
    if measure == "typical":
        return abs(by) > DEARER
    return by > LATER_DAYS if measure == "newest" else abs(by) > POINTS


_USUAL = {
    "rows": "{source} brings {now:count} rows of {table}; about {usual:count} are usual.",
    "rows new": "{source} brings {now:count} new rows of {table} a day; about {usual:count} are usual.",
    "newest": "The newest of {table} from {source} is {now:number} days old; about {usual:number} are usual.",
    "sum": "{column} of {table} from {source} comes to {now:number}; about {usual:number} is usual.",
    "sum money": "{column} of {table} from {source} comes to {now:money}; about {usual:money} is usual.",
    "typical": "A typical {column} of {table} from {source} is {now:number}; about {usual:number} is usual.",
    "typical money": "A typical {column} of {table} from {source} is {now:money}; about {usual:money} is usual.",
    "empty": "{column} is empty in {now:percent} of {table} from {source}; about {usual:percent} is usual.",
    "unknown": "{now:percent} of {table} from {source} name an unknown {column}; about {usual:percent} is usual.",
    "without": "{now:percent} of {table} from {source} have no {column}; about {usual:percent} is usual.",
    "mix": "{column} is «{value}» in {now:percent} of {table} from {source}; about {usual:percent} is usual.",
    "duplicates": "{now:percent} of the lines of {source} have come before; about {usual:percent} is usual.",
}
_EXPECTED = {
    "rows": "{source} brings {now:count} rows of {table}; expected is «{that}».",
    "newest": "The newest of {table} from {source} is {now:number} days old; expected is «{that}».",
    "sum": "{column} of {table} from {source} comes to {now:number}; expected is «{that}».",
    "typical": "A typical {column} of {table} from {source} is {now:number}; expected is «{that}».",
    "empty": "{column} is empty in {now:percent} of {table} from {source}; expected is «{that}».",
    "unknown": "{now:percent} of {table} from {source} name an unknown {column}; expected is «{that}».",
    "without": "{now:percent} of {table} from {source} have no {column}; expected is «{that}».",
}
_BROKEN = "{now:count} of {all:count} rows of {table} from {source} break «{that}»."


def _told(one: Expectation, measure: Measure, source: str, sentences: Mapping[str, str], *, usual: float) -> str:
    column = TABLES[one.table].by_name.get(one.column) if one.table in TABLES else None
    money = " money" if column and column.kind == MONEY else " new" if measure.scope == NEW else ""
    return say(
        sentences.get(one.measure + money) or sentences[one.measure],
        source=source,
        table=one.table.replace("_", " "),
        column=one.column.replace("_", " "),
        value=measure.value[:40],
        that=one.that,
        now=measure.number,
        usual=usual,
        all=measure.of,
    )
