"""One list of dependencies: conda's file and the lock say what pyproject says."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"duckdb": "python-duckdb", "ibis-framework": "ibis-duckdb"}


def split(requirement: str) -> tuple[str, frozenset[str]]:
    """`ibis-framework[duckdb]>=12,<13` is ("ibis-framework", {">=12", "<13"})."""
    name, bounds = re.fullmatch(r"([\w.-]+)(?:\[\w+\])?\s*([^;]*)", requirement).groups()
    return name, frozenset(bounds.strip().split(","))


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WANTED = dict(map(split, PROJECT["dependencies"]))


def test_condas_file_says_what_pyproject_says():
    *conda, pip = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    said = dict(map(split, [*conda, *(line for line in pip["pip"] if not line.startswith("-e"))]))
    assert said.pop("python") == split("python" + PROJECT["requires-python"])[1]
    assert said.pop("pip")
    assert said == {CONDA_NAMES.get(name, name): bounds for name, bounds in WANTED.items()}


def test_the_lock_holds_every_dependency_and_names_no_registry():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    tests = dict(map(split, PROJECT["optional-dependencies"]["test"]))
    assert {name.lower() for name in {**WANTED, **tests}} <= locked
    assert "://" not in lock
