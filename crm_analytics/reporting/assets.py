"""The two scripts all pages of a day share: plotly itself, and the few lines that draw with it."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from crm_analytics.reporting.edition import write_whole


@cache
def _sources() -> dict[str, Path]:
    import importlib.util

    # Asked for its place only: importing plotly to learn it would cost every report half a second.
    plotly = Path(importlib.util.find_spec("plotly").origin).with_name("package_data") / "plotly.min.js"
    return {"plotly": plotly, "draw": Path(__file__).with_name("theme") / "draw.js"}


@cache
def names() -> list[str]:
    """The scripts' file names, in the order they are to be run; each carries a mark of its content."""
    return [f"{name}-{hashlib.sha256(source.read_bytes()).hexdigest()[:10]}.js" for name, source in _sources().items()]


def put(day_folder: Path) -> None:
    """Lay the scripts beside the day's pages, once."""
    for name, source in zip(names(), _sources().values(), strict=True):
        target = day_folder / "_assets" / name
        if not target.exists():
            write_whole(target, source.read_bytes())
