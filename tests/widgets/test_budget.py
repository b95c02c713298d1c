"""A slider that is moved gives another plan, another sentence and another picture; a report gets the still picture."""

import asyncio

import ipywidgets
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from crm_analytics import Budget
from crm_analytics.widgets import what_if


@pytest.fixture(scope="module")
def plan():
    rng = np.random.default_rng(1)
    cost = rng.lognormal(7, 0.6, 12)
    channel = np.array(["email", "phone", "sms"] * 4)
    brought = np.array([4_000.0, 9_000.0, 2_000.0] * 4) * np.log1p(cost / 1_500)
    campaigns = pd.DataFrame(
        {
            "campaign_id": [f"c{i:02d}" for i in range(12)], "channel": channel, "region": None, "cost": cost,
            "starts": pd.date_range("2024-08-01", periods=12, freq="20D"), "n_treated": 500, "n_control": 500,
            "mean_treated": 20 + brought / 500, "mean_control": 20.0, "var_treated": 100.0, "var_control": 100.0,
        }
    )  # fmt: skip
    return Budget(budget=10_000).fit(campaigns)


@pytest.fixture
def widget(plan, monkeypatch):
    monkeypatch.delenv("CRM_STILL", raising=False)
    return what_if(plan)


def test_it_begins_with_the_plan_it_was_given(widget, plan):
    assert plan.text in widget.text
    assert widget.plan is plan


def test_a_moved_budget_changes_the_sentence_and_the_picture(widget, plan):
    picture = widget.children[-1]
    before = (picture.layout.title.text, tuple(picture.data[1].x))
    widget.budget.value = 5_000
    assert widget.plan.budget == 5_000
    assert "€5,000" in widget.text
    assert (picture.layout.title.text, tuple(picture.data[1].x)) != before
    assert sum(picture.data[1].x) == pytest.approx(5_000)
    assert plan.budget == 10_000


def test_a_cap_is_kept_and_given_back_when_the_slider_is_put_up_again(widget, plan):
    most = plan.table.part[plan.table.spend.idxmax()]
    widget.caps[most].value = 1_000
    assert widget.plan.table.set_index("part").spend[most] == pytest.approx(1_000)
    widget.caps[most].value = widget.caps[most].max
    assert widget.plan.text == plan.text


def test_caps_that_cannot_hold_the_budget_are_explained(widget):
    for slider in widget.caps.values():
        slider.value = 100
    assert "loosen one of them" in widget.text
    assert sum(widget.plan.table.spend) == pytest.approx(10_000)


def test_every_slider_has_a_number_box_that_says_what_it_is(widget):
    boxes = [row.children[0] for row in widget.children if isinstance(row, ipywidgets.HBox)]
    assert [box.description for box in boxes] == [
        "Budget, EUR", "At most for email", "At most for phone", "At most for sms",
    ]  # fmt: skip
    boxes[0].value = 7_000
    assert widget.budget.value == 7_000
    assert "€7,000" in widget.text


def test_a_dragged_slider_is_answered_once(widget):
    answered = []

    async def drag():
        widget._text.observe(answered.append, names="value")
        for value in range(6_000, 9_000, 100):
            widget.budget.value = value
        await asyncio.sleep(0.4)

    asyncio.run(drag())
    assert len(answered) == 1
    assert "€8,900" in widget.text


def test_a_report_gets_the_still_picture(plan, monkeypatch):
    monkeypatch.setenv("CRM_STILL", "1")
    still = what_if(plan)
    assert type(still) is go.Figure
    assert len(still.data) > 4
