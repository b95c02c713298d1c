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


def commands_in(help_text: str) -> set[str]:
    return set(re.findall(r"^  ([a-z][a-z-]*)", help_text.partition("Commands:")[2], re.M))


def test_the_readme_names_every_command_and_only_options_they_have():
    lines = re.findall(r"^crm (.*)$", (ROOT / "README.md").read_text("utf-8"), re.M)
    every, named = commands_in(words_of_help()), set()
    for line in lines:
        words = re.sub(r"^--home \S+ ", "", line.split("#")[0]).split()
        command = words[:2] if words[1:] and words[1] in commands_in(words_of_help(words[0])) else words[:1]
        named.add(words[0])
        known = words_of_help(*command)
        for option in words[len(command) :]:
            if option.startswith("-"):
                assert option in known, f"crm {line}"
    assert named == every


def test_what_the_readme_says_a_command_can_do_it_can():
    for line in re.findall(r"^crm (.*)$", (ROOT / "README.md").read_text("utf-8"), re.M):
        for word in re.findall(r"`([a-z-]+)`", line):
            assert word in commands_in(words_of_help(line.split()[0])), f"crm {line.split()[0]} {word}"


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
