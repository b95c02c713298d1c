"""What a person sees while reports are made: a live list on a terminal, one line per edition anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crm_analytics.reporting.edition import Edition, Record
from crm_analytics.reporting.run import Told
from crm_analytics.say import say

_LOOKS = {
    "answered": ("✓", "green"),
    "doubtful": ("~", "yellow"),
    "absent": ("○", "bright_black"),
    "failed": ("✗", "red"),
}


@contextmanager
def shown(editions: list[Edition]) -> Iterator[Told]:
    """Show the progress of these editions; give what it gives to `publish` as `told`."""
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    if not console.is_terminal:
        yield _lines
        return
    steps: dict[str, str] = {}
    records: dict[str, Record] = {}
    with Live(console=console, refresh_per_second=8, get_renderable=lambda: _list(editions, steps, records)):

        def told(edition: Edition, step: str, record: Record | None) -> None:
            steps[edition.name] = step
            if record:
                records[edition.name] = record

        yield told


def _lines(edition: Edition, step: str, record: Record | None) -> None:
    if record:
        print(f"{_LOOKS[record.state][0]} {edition.name} ({record.seconds:.0f} s): {record.sentence}", flush=True)


def _list(editions: list[Edition], steps: dict[str, str], records: dict[str, Record]):
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for edition in editions:
        record = records.get(edition.name)
        mark, colour = _LOOKS[record.state] if record else ("·", "bright_black")
        now = record.sentence if record else steps.get(edition.name, say("waiting"))
        table.add_row(Text(mark, colour), Text(edition.name), Text(now, "" if record else "bright_black"))
    return table
