"""An edge that is dragged gives the word another meaning, and the selection another size."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import FuzzySelection, Word
from crm_analytics.widgets import words


@pytest.fixture
def selection():
    rng = np.random.default_rng(1)
    people = pd.DataFrame({
        "customer_id": [f"c{i:03d}" for i in range(400)], "age": rng.integers(18, 80, 400).astype(float),
        "income": rng.lognormal(8, 0.5, 400).round(), "revenue_window": rng.gamma(1, 100, 400),
    })  # fmt: skip
    said = (
        Word(name="in their thirties", of="age", rises=(25, 30), falls=(39, 45)),
        Word(name="well off", of="income", rises=(3000, 4000)),
    )
    return FuzzySelection(who="in their thirties and well off", words=said).fit(people)


@pytest.fixture
def widget(selection, monkeypatch):
    monkeypatch.delenv("CRM_STILL", raising=False)
    return words(selection)


def test_it_begins_with_the_selection_it_was_given(widget, selection):
    assert selection.text in widget.text
    assert widget.edges["in their thirties", "falls"].value == (39, 45)


def test_a_dragged_edge_changes_who_is_meant(widget, selection):
    picture = widget.children[-1]
    before = str(picture.data)
    widget.edges["in their thirties", "falls"].value = (60, 70)
    assert widget.selection.words[0].falls == (60, 70)
    assert widget.selection.groups.customers[:2].sum() > selection.groups.customers[:2].sum()
    assert str(picture.data) != before
    assert widget.selection.text in widget.text.replace("&#x27;", "'")


def test_edges_that_cross_are_told_and_the_last_selection_stays(widget, selection):
    widget.edges["in their thirties", "rises"].value = (42, 44)
    assert "must be finite and grow" in widget.text
    assert widget.selection is selection


def test_a_report_gets_the_still_picture(selection, monkeypatch):
    monkeypatch.setenv("CRM_STILL", "1")
    assert words(selection).layout.title.text
