"""A notebook reads as prose: a question, parameters, short cells, an early answer; nothing that is the package's."""

import ast
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*/[0-9]*.ipynb"))
TYPES = {"date", "int", "float", "str", "bool"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_the_cycle_has_notebooks():
    assert {path.parent.name for path in NOTEBOOKS} >= {"1_collection", "2_planning", "3_execution", "4_effectiveness"}


def test_it_is_valid_and_stripped(notebook):
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")


def test_it_asks_one_question(notebook):
    lines = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown").splitlines()
    titles = [line for line in lines if line.startswith("# ")]
    assert len(titles) == 1
    assert "?" in titles[0]
    assert notebook.cells[0].source.startswith("# ")


def test_it_is_prose_with_short_cells(notebook):
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    assert words >= 150
    assert 8 <= len(notebook.cells) <= 26
    _, *cells = code(notebook)  # the first holds the parameters, a line each
    assert max(len(source.splitlines()) for source in cells) <= 6


def test_its_first_code_cell_holds_typed_parameters_and_nothing_else(notebook):
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.metadata.get("tags") == ["parameters"]
    for statement in ast.parse(first.source).body:
        assert isinstance(statement, ast.AnnAssign), "one annotated parameter a line"
        assert ast.literal_eval(statement.annotation) in TYPES
        ast.literal_eval(statement.value)
    assert first.source.count("#") >= len(ast.parse(first.source).body), "every parameter says what it is"


def test_it_holds_no_machinery(notebook):
    banned = (
        ast.FunctionDef,
        ast.ClassDef,
        ast.For,
        ast.While,
        ast.Lambda,
        ast.Try,
        ast.With,
        ast.ListComp,
        ast.DictComp,
    )
    for source in code(notebook):
        assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, banned)], source


def test_it_imports_public_words_only(notebook):
    for source in code(notebook):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                assert node.module in ("crm_analytics", "datetime"), "a notebook imports the public words"


def test_no_two_notebooks_share_a_name():
    """A number may be shared by notebooks of one subject; whoever asks for it is told their names."""
    names = [path.stem for path in NOTEBOOKS]
    assert len(names) == len(set(names))


def test_a_result_s_table_is_read_only_where_there_is_an_answer(notebook):
    """A refusal has an empty table; whatever only an answer has, asked first, ends the page with the refusal."""
    answered = set()
    for cell in code(notebook):
        for node in ast.walk(ast.parse(cell)):
            asked = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if asked and node.attr not in ("table", "text", "checks", "claims", "study", "shown", "fit"):
                answered.add(node.value.id)
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("widgets."):
                answered |= {given.id for given in node.args if isinstance(given, ast.Name)}
        for node in ast.walk(ast.parse(cell)):
            inner = node.value if isinstance(node, (ast.Attribute, ast.Subscript)) else None
            if isinstance(inner, ast.Attribute) and inner.attr == "table" and isinstance(inner.value, ast.Name):
                assert inner.value.id in answered, f"{ast.unparse(node)} would fail on a refusal"
