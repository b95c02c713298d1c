"""Throwaway notebooks, and an edition of each."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from crm_analytics.reporting.edition import Edition, Facts

PARAMETERS = """day: "date" = None  # the day asked about; None: the day after the newest order
region: "str" = None  # one region only
weeks: "int" = 4  # how long to look = in weeks
share: "float" = 0.25  # of the customers
still: "bool" = False  # without sliders"""

ANSWER = """from dataclasses import dataclass
import pandas as pd
from crm_analytics.result import Check, Result, Study

@dataclass(frozen=True, kw_only=True)
class Toy(Study):
    weeks: int = 4
    reads = "toy"
    def _answer(self, frame):
        text = f"€41,200 (18,900–63,000) in {self.weeks} weeks."
        checks = tuple(Check(name=n, verdict=v, text=t) for n, v, t in CHECKS)
        return Result(study=self, table=frame, text=text, checks=checks)

CHECKS = [("Ratio", "holds", "The arms are as drawn.")]
frame = pd.DataFrame({"region_name": ["Riga", "Vilnius"], "revenue": [1234.5, None]})"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder that a test module's notebooks, home and reports lie in."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def notebook(place):
    """Write a notebook from its code cells, under a question and a parameters cell."""

    def write(name, *cells, title="Is it so?"):
        book = new_notebook(
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        )
        book.cells = [
            new_markdown_cell(f"# {title}\n\nSome prose."),
            new_code_cell(PARAMETERS),
            *map(new_code_cell, cells),
        ]
        book.cells[1].metadata["tags"] = ["parameters"]
        path = place / "notebooks" / "2_planning" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, path)
        return path

    return write


@pytest.fixture(scope="module")
def facts(place):
    return Facts(
        home=str(place / "home"),
        company="Nord & haus",
        release=3,
        published_at="2025-07-01T06:00:00+00:00",
        facts_until="2025-06-30",
    )


@pytest.fixture(scope="module")
def answer():
    """Code that defines a Study `Toy`, the `CHECKS` of its Result and a `frame` for it."""
    return ANSWER


@pytest.fixture(scope="module")
def edition(notebook, facts, place):
    """An edition of a throwaway notebook with these cells."""

    def make(name, *cells, values=None, title="Is it so?"):
        day = str(place / "reports" / "2025-07-01")
        path = notebook(name, *cells, title=title)
        return Edition(notebook=str(path), values=values or {}, facts=facts, day_folder=day)

    return make
