"""An executed notebook as a page to be read: its prose, its Results and its pictures, no code, no network."""

from __future__ import annotations

import html
import json
import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crm_analytics.reporting import assets
from crm_analytics.reporting.edition import Edition, Record, State
from crm_analytics.reporting.parameters import parameters_of
from crm_analytics.result import MIME
from crm_analytics.say import say, voice

THEME = Path(__file__).with_name("theme")
PLOTLY = "application/vnd.plotly.v1+json"


def answers_in(notebook: Any) -> list[dict[str, Any]]:
    """The Results a notebook showed, in order, as they left themselves in its outputs: study, text, checks, enough."""
    return [
        output.data[MIME]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if MIME in output.get("data", {})
    ]


def verdict(answers: list[dict[str, Any]]) -> tuple[State, str, list[dict[str, str]]]:
    """The state, the sentence and the doubts of a notebook: those of the first Result it showed."""
    if not answers:
        return "doubtful", say("This page gives no answer: its notebook shows no Result."), []
    answer = answers[0]
    doubts = [check for check in answer["checks"] if check["verdict"] != "holds"]
    failing = any(check["verdict"] == "fails" for check in doubts)
    return "answered" if answer["enough"] and not failing else "doubtful", answer["text"], doubts


def title_of(notebook: Any) -> str:
    """The question a notebook asks: its H1."""
    for cell in notebook.cells:
        found = re.search(r"^# +(.+)$", "".join(cell.source), re.MULTILINE) if cell.cell_type == "markdown" else None
        if found:
            return re.sub(r"[*_`]", "", found[1]).strip()
    return say("A page without a title")


def title_in(path: Path) -> str:
    """The question asked by the notebook in a file."""
    import nbformat

    return title_of(nbformat.read(path, as_version=4))


def render(notebook: Any, edition: Edition, record: Record, *, end: str | None = None) -> str:
    """The whole page of an edition; `end` says why it ends before its notebook does.

    Its scripts lie in the day's `_assets`; it asks the network for nothing.
    """
    known = parameters_of(Path(edition.notebook))
    return (
        templates()
        .get_template("page.html.j2")
        .render(
            record=record,
            facts=edition.facts,
            scripts=assets.names(),
            body=_body(notebook),
            end=end,
            parameters=[(p, edition.values.get(p.name, p.default), p.name in edition.values) for p in known.values()],
            filters=[
                f"{n} = {v}" for n, v in edition.values.items() if n in known and known[n].narrows and v is not None
            ],
            checks=_counted(record.checks),
        )
    )


def _counted(checks: dict[str, int]) -> str:
    words = {
        "holds": say("{count:count} hold", count=checks.get("holds", 0)),
        "weak": say("{count:count} weak", count=checks.get("weak", 0)),
        "fails": say("{count:count} fail", count=checks.get("fails", 0)),
    }
    return ", ".join(words[verdict] for verdict in words if checks.get(verdict)) or say("none on this page")


def unbroken(text: str) -> str:
    """The text with its numbers and days whole: a minus is a minus, and no sign of theirs goes to another line."""
    text = re.sub(r"(?<!\w)([-+])(?=[\d€£$₽])", lambda sign: {"-": "−"}.get(sign[1], sign[1]) + "\u2060", text)
    text = re.sub(r"\b\d{4}-(?:Q\d|\d\d(?:-\d\d)?)\b", lambda day: day[0].replace("-", "\u2011"), text)
    return re.sub(r"(?<=\d) %", "\u00a0%", text)


def _told(value: Any) -> str:
    match value:
        case None:
            return say("not set")
        case bool():
            return say("yes") if value else say("no")
        case float():
            return f"{value:.10g}"
    return str(value)


@cache
def templates() -> Any:
    """The theme's templates; all that is put into them is escaped unless it says `safe`."""
    import jinja2

    here = jinja2.Environment(
        loader=jinja2.FileSystemLoader(THEME),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    here.globals |= {
        "say": say,
        "language": lambda: voice().language,
        "style": (THEME / "style.css").read_text("utf-8"),
    }
    here.filters |= {
        "day": date.fromisoformat,
        "moment": datetime.fromisoformat,
        "href": quote,
        "told": _told,
        "unbroken": unbroken,
    }
    return here


def _body(notebook: Any) -> str:
    import copy

    from nbconvert import HTMLExporter
    from traitlets.config import Config

    notebook = copy.deepcopy(notebook)
    stopped = [i for i, c in enumerate(notebook.cells) if any(o.output_type == "error" for o in c.get("outputs", ()))]
    notebook.cells = notebook.cells[: stopped[0] + 1] if stopped else notebook.cells
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"^# +.+$", cell.source, re.MULTILINE):
            cell.source = re.sub(r"^# +.+$", "", cell.source, count=1, flags=re.MULTILINE)
            break
    exporter = HTMLExporter(
        template_name="report",
        extra_template_basedirs=[str(THEME)],
        exclude_anchor_links=True,
        filters={"chart": _chart, "typeset": _typeset},
        config=Config({"NbConvertBase": {"display_data_priority": [PLOTLY, "text/html", "image/png", "text/plain"]}}),
    )
    return exporter.from_notebook_node(notebook)[0]


def _chart(plot: dict[str, Any]) -> str:
    """A place for a picture. Its title becomes a caption of the page, which wraps and can be read aloud."""
    layout = dict(plot["layout"])
    title = layout.pop("title", None) or {}
    title = title.get("text", "") if isinstance(title, dict) else title
    caption = html.escape(unbroken(html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>", " ", title or "")))))
    height = layout.pop("height", None) or 420
    margin = dict(layout.get("margin") or _template_margin(layout))
    spared = max(0, min(52, margin.get("t", 84) - 32)) if caption else 0
    layout |= {"margin": margin | {"t": margin.get("t", 84) - spared}, "autosize": True}
    # A closing tag or a comment inside the data must not end the script element.
    data = json.dumps(_signed({"data": plot["data"], "layout": layout}), ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<figure class="chart">{f"<figcaption>{caption}</figcaption>" if caption else ""}'
        f'<div class="plot" role="img" aria-label="{caption}" style="height:{int(height) - spared}px">'
        f'<script type="application/json">{data}</script></div></figure>'
    )


_WORDS = {"text", "ticktext", "name", "hovertext"}


def _signed(part: Any, *, worded: bool = False) -> Any:
    """The same picture, its words with their numbers whole; what is plotted stays as it is."""
    match part:
        case dict():
            return {key: _signed(value, worded=key in _WORDS) for key, value in part.items()}
        case list() | tuple():
            return [_signed(value, worded=worded) for value in part]
        case str() if worded:
            return unbroken(part)
    return part


def _template_margin(layout: dict[str, Any]) -> dict[str, Any]:
    return layout.get("template", {}).get("layout", {}).get("margin", {})


_NUMBER = re.compile(r"–|(< )?[-−+]?\d[\d.,\s]*([eE][-+]?\d+)?\s?%?")


def _typeset(markup: str) -> str:
    """Tables as a printer would set them: numbers to the right, a dash for what is missing, column names in words."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(markup, "html.parser")
    for style in soup.find_all("style"):
        style.decompose()
    for table in soup.find_all("table"):
        _set(table)
    for text in soup.find_all(string=True):
        text.replace_with(unbroken(text))
    return str(soup)


def _set(table: Any) -> None:
    table.attrs.clear()
    heads = table.select("thead tr:last-of-type th")
    rows = [row.find_all(["td", "th"]) for row in table.select("tbody tr")]
    for row in table.find_all("tr"):
        row.attrs.clear()
    fewer = say("fewer than {fewest:count}", fewest=voice().fewest_people)
    for column, head in enumerate(heads):
        head.attrs = {"scope": "col"}
        head.string = head.get_text().replace("_", " ")
        cells = [row[column] for row in rows if column < len(row)]
        for cell in cells:
            if cell.get_text(strip=True) in ("NaN", "None", "NaT", "<NA>", "nan"):
                cell.string = "–"
        if all(_NUMBER.fullmatch(text) or text == fewer for text in (cell.get_text(strip=True) for cell in cells)):
            for cell in (head, *cells):
                cell["class"] = "number"

