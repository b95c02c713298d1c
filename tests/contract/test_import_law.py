"""Rooms import what ARCHITECTURE.md permits, and nothing else."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "crm_analytics"
FREE = {"say", "result"}


def law() -> dict[str, tuple[set[str], set[str]]]:
    """The table under «Import law»: room → (rooms it may import, libraries it owns)."""
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").split("## Import law")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]
    words = [[set(re.findall(r"[a-z_]+", cell)) for cell in row] for row in rows[2:]]
    return {row[0].strip("`"): (rooms, libraries) for row, (_, rooms, libraries) in zip(rows[2:], words, strict=True)}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every module a file imports, at the top or inside a function, by its full name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by full name"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py" or path.parent != PACKAGE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_what_the_law_permits(path):
    room, rules = room_of(path), law()
    rooms, _ = rules[room]
    asked = {name.split(".")[1] for name in imports(path) if name.startswith("crm_analytics.")}
    if rooms != {"everything"}:
        assert asked - {room} - FREE - rooms == set()
    owners = {
        library: {r for r, (_, owned) in rules.items() if library in owned} for _, o in rules.values() for library in o
    }
    taken = {name.split(".")[0] for name in imports(path)}
    assert {library for library in taken & owners.keys() if room not in owners[library]} == set()


def test_every_room_stands_in_the_table_and_every_row_is_a_room():
    rooms = {room_of(path) for path in FILES if path.name != "__init__.py"}
    assert rooms == set(law())
