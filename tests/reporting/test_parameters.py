"""A notebook's parameters are read without running it, and what a person typed is checked before a kernel starts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.reporting import ReportingError
from crm_analytics.reporting.parameters import fill, parameters_of, read_value, share_out


@pytest.fixture
def path(notebook):
    return notebook("21_sales", "raise AssertionError('never run')")


def test_they_are_read_with_type_default_and_meaning(path):
    found = parameters_of(path)
    assert [(p.name, p.kind, p.default) for p in found.values()] == [
        ("day", "date", None),
        ("region", "str", None),
        ("weeks", "int", 4),
        ("share", "float", 0.25),
        ("still", "bool", False),
    ]
    assert found["weeks"].about == "how long to look = in weeks"
    assert [name for name, p in found.items() if p.narrows] == ["region"]


def test_values_become_what_they_should_be(path):
    typed = {"day": "2025-06-30", "region": "Riga", "weeks": " 6 ", "share": "1e-1", "still": "no"}
    assert fill(path, typed) == {"day": "2025-06-30", "region": "Riga", "weeks": 6, "share": 0.1, "still": False}


def test_an_optional_one_can_be_left_empty(path):
    assert fill(path, {"region": "", "day": ""}) == {"region": None, "day": None}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("day", "2025-02-30", "a day that exists"),
        ("day", "30.06.2025", "2026-03-31"),
        ("weeks", "six", "a whole number"),
        ("weeks", "1.5", "a whole number"),
        ("weeks", "", "a whole number"),
        ("share", "nan", "a number"),
        ("share", "inf", "a number"),
        ("still", "maybe", "true or false"),
        ("weks", "6", "did you mean 'weeks'"),
        ("zzz", "6", "there are day, region"),
    ],
)
def test_a_wrong_one_is_told_in_one_sentence(path, name, text, sentence):
    with pytest.raises(ReportingError, match=sentence) as error:
        fill(path, {name: text})
    assert name in str(error.value)
    assert "\n" not in str(error.value)


@given(st.sampled_from(["date", "int", "float", "str", "bool"]), st.text(max_size=12))
def test_whatever_is_typed_gives_a_value_for_json_or_a_sentence(kind, text):
    try:
        value = read_value("x", kind, text)
    except ReportingError:
        return
    assert json.loads(json.dumps(value)) == value


def test_a_value_goes_to_the_notebooks_that_have_it(path, tmp_path):
    bare = tmp_path / "bare.ipynb"
    bare.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    assert share_out([path, bare], {"weeks": "2"}) == {path: {"weeks": 2}, bare: {}}
    with pytest.raises(ReportingError, match="No notebook has a parameter 'wekes'; did you mean 'weeks'"):
        share_out([path, bare], {"wekes": "2"})


@pytest.mark.parametrize("cell", ["x = open('f')", "def f(): pass", 'x: "money" = 1', "x ="])
def test_a_parameters_cell_that_does_more_is_refused(tmp_path, cell):
    bad = tmp_path / "bad.ipynb"
    bad.write_text(json.dumps({"cells": [{"metadata": {"tags": ["parameters"]}, "source": [cell]}]}))
    with pytest.raises(ReportingError, match=r"The parameters cell of bad\.ipynb"):
        parameters_of(bad)


def test_what_is_no_notebook_is_told(tmp_path):
    (tmp_path / "a.ipynb").write_text("hello")
    with pytest.raises(ReportingError, match="not a notebook"):
        parameters_of(tmp_path / "a.ipynb")
