"""The cut-off moves with cost and gain; nothing is learned again, and a report gets the still picture."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from crm_analytics import Score
from crm_analytics.widgets import cut_off


@pytest.fixture(scope="module")
def score():
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, 1600)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{i % 400}" for i in range(1600)],
            "snapshot": np.repeat([1, 2, 3, 4], 400),
            "target": np.where(np.arange(1600) < 1200, rng.random(1600) < 1 / (1 + np.exp(1 - x)), np.nan),
            "visits": x,
        }
    )
    return Score(draws=50).fit(frame)


@pytest.fixture
def widget(score, monkeypatch):
    monkeypatch.delenv("CRM_STILL", raising=False)
    return cut_off(score)


def test_a_dearer_contact_chooses_fewer(widget, score):
    before = int(widget.score.table["chosen"].sum())
    widget.cost.value = 3.0
    assert widget.score.cut_off == pytest.approx(3.0 / score.study.gain)
    assert int(widget.score.table["chosen"].sum()) < before
    assert "€3" in widget.text
    assert score.study.cost == 1.0


def test_the_picture_follows(widget):
    picture = widget.children[-1]
    before = str(picture.data)
    widget.gain.value = 20.0
    assert str(picture.data) != before
    assert widget.score.found is not None


def test_a_success_worth_nothing_is_explained(widget):
    widget.gain.value = 0.0
    assert "a success more than 0" in widget.text


def test_a_report_gets_the_still_picture(score, monkeypatch):
    monkeypatch.setenv("CRM_STILL", "1")
    assert type(cut_off(score)) is go.Figure
