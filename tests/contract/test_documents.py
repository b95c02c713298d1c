"""What the documents say is there: their commands, their files, their rooms."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "maps/README.md")]


def words_of_help(*command: str) -> str:
    shown = subprocess.run(
        [sys.executable, "-m", "crm_analytics", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )
    return shown.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(document):
    for path in re.findall(
        r"`((?:crm_analytics|tests|maps|notebooks)/[\w/.]+\.(?:py|yaml|ipynb|md))`", document.read_text("utf-8")
    ):
        assert (ROOT / path).exists(), path


def test_the_crm_commands_of_the_readme_exist_with_their_options():
    commands = re.findall(r"^crm ([a-z]+(?: tick)?)(.*)$", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert {command for command, _ in commands} == {
        "demo",
        "load",
        "tables",
        "quarantine",
        "releases",
        "ask",
        "report",
        "schedule tick",
    }
    for command, rest in commands:
        known = words_of_help(*command.split())
        for option in re.findall(r"(?<=\s)--?[a-z]+", rest.split("#")[0]):
            assert option in known, f"crm {command} {option}"


def test_the_make_targets_of_the_documents_exist():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for document in DOCUMENTS:
        for target in re.findall(r"\bmake ([a-z]+)\b", document.read_text("utf-8")):
            if target not in ("it", "a", "the"):
                assert f"make {target}" in listed, f"{document.name}: make {target}"


def test_the_readme_lists_every_notebook():
    told = (ROOT / "README.md").read_text("utf-8").split("## Three ways of use")[1]
    for path in (ROOT / "notebooks").glob("[0-9]*/[0-9]*.ipynb"):
        assert re.search(rf"\b{path.stem.split('_')[0]}\b", told), path.stem
