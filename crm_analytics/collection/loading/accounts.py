"""Accounts: what became of every line and all money of a file, counted as read, as loaded, and as refused by reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.fitting import Fit
from crm_analytics.collection.loading.kinds import Arrival, Kind

_NO_MONEY = "CAST(NULL AS DECIMAL(38,4))"


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
    kind: str | None = None
    """Which of its map's files it is, where those add to one another; its place among them; how far a database went."""
    place: int | None = None
    watermark: str | None = None
    corrected: int = 0
    deleted: int = 0

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


def accounts(bench: Bench, kinds: list[Kind], fits: list[Fit]) -> Iterator[tuple[Account, list[Refusal]]]:
    """The account of every file that came, and its refusals, most lines first."""
    for kind in kinds:
        money = f"sum({kind.money})" if kind.money else _NO_MONEY
        whole = bench.run(f"SELECT file, {money} FROM {kind.lines} GROUP BY file").fetchall() if kind.money else ()
        fates = bench.run(
            f"SELECT file, reason, count(*), {money} FROM {kind.lines} "
            "LEFT JOIN fates USING (rid) GROUP BY file, reason ORDER BY file, count(*) DESC, reason"
        ).fetchall()
        read, newest, watermarks = dict(whole), _newest(bench, kind, fits), _watermarks(bench, kind)
        zero = Decimal(0) if kind.money else None
        for number, arrival in enumerate(kind.arrivals):
            source, file = kind.map.source, arrival.name
            mine = [(reason, lines, amount) for at, reason, lines, amount in fates if at == number]
            refusals = [
                Refusal(source=source, file=file, reason=reason, column=column, lines=lines, money=amount)
                for reason, column, lines, amount in [
                    *((*bench.reasons[why], *much) for why, *much in mine if why is not None), *_malformed(arrival)
                ]
            ]
            loaded = [(lines, amount) for reason, lines, amount in mine if reason is None]
            yield (
                Account(
                    source=source,
                    file=file,
                    fingerprint=arrival.source.fingerprint,
                    newest=newest.get(number),
                    lines_read=arrival.proof.read,
                    lines_loaded=sum(lines for lines, _ in loaded),
                    lines_quarantined=sum(refusal.lines for refusal in refusals),
                    money_read=zero if zero is None else read.get(number) or zero,
                    money_loaded=zero if zero is None else sum((amount or zero for _, amount in loaded), zero),
                    money_quarantined=zero if zero is None else sum((r.money or zero for r in refusals), zero),
                    kind=kind.spec.name if kind.adds else None,
                    place=arrival.place if kind.adds else None,
                    watermark=watermarks.get(number),
                    corrected=arrival.corrected,
                    deleted=arrival.deleted,
                ),
                refusals,
            )


def _malformed(arrival: Arrival) -> list[tuple[str, str, int, None]]:
    counts: dict[str, int] = {}
    for _, _, reason in arrival.proof.malformed:
        counts[reason] = counts.get(reason, 0) + 1
    return [(why, "", lines, None) for why, lines in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


def _newest(bench: Bench, kind: Kind, fits: list[Fit]) -> dict[int, datetime]:
    """The newest moment in each file of a kind, over what the canonical tables call things that have happened."""
    moments = [
        f'SELECT file, CAST(max("{column.name}") AS TIMESTAMP) AS newest FROM {fit.good} GROUP BY file'
        for fit in fits
        if fit.kind is kind
        for column in fit.table.columns
        if column.past and column.name in fit.given
    ]
    if not moments:
        return {}
    return dict(bench.run(f"SELECT file, max(newest) FROM ({' UNION ALL '.join(moments)}) GROUP BY file").fetchall())


def _watermarks(bench: Bench, kind: Kind) -> dict[int, str]:
    """How far each answer of a database reached, by the column that says what is newer."""
    if not kind.watermark:
        return {}
    mark = kind.watermark
    whole, moment = f"TRY_CAST({mark} AS BIGINT)", f"TRY_CAST({mark} AS TIMESTAMP)"
    found = bench.run(
        f"SELECT file, count(*) FILTER ({whole} IS NULL), count(*) FILTER ({moment} IS NULL), "
        f"CAST(max({whole}) AS VARCHAR), CAST(max({moment}) AS VARCHAR) "
        f"FROM {kind.lines} WHERE {mark} IS NOT NULL GROUP BY file"
    ).fetchall()
    if any(no_number and no_moment for _, no_number, no_moment, _, _ in found):
        raise kind.map.error(
            f"files.{kind.spec.name}.watermark", f"{kind.spec.watermark} holds neither moments nor whole numbers only, "
            "so it cannot tell what is newer."
        )
    return {file: moment if no_number else whole for file, no_number, _, whole, moment in found}
