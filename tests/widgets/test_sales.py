"""Sales worked by hand: what is chosen is asked, a part can be gone into and back out of; a report gets the picture."""

from datetime import date

import ipywidgets
import plotly.graph_objects as go
import pytest
from plotly.callbacks import Points

from crm_analytics import Sales, features
from crm_analytics.widgets import cut


@pytest.fixture(scope="module")
def sales(company):
    return Sales(by="region").fit(features.sales(company, as_of=date(2025, 7, 1)))


@pytest.fixture
def widget(sales, monkeypatch):
    monkeypatch.delenv("CRM_STILL", raising=False)
    return cut(sales)


def picture(widget) -> go.FigureWidget:
    return widget.children[-1].children[0]


def crumbs(widget) -> list[str]:
    return [child.description for child in widget.path.children if isinstance(child, ipywidgets.Button)]


def test_it_begins_with_the_answer_it_was_given(widget, sales):
    assert widget.sales is sales
    assert "Revenue was" in widget.text
    assert (widget.now.value, widget.before.value) == ("2025-04..2025-06", "2024-04..2024-06")
    assert list(widget.parts.options) == sales.names
    assert widget.parts.value == sales.names[0]


def test_what_is_chosen_is_asked(widget, sales):
    widget.measure.value = "customers"
    assert "customers bought" in widget.text
    widget.by.value = "category"
    widget.and_by.value = "channel"
    assert widget.sales.study.by == ("category", "channel")
    widget.and_by.value = ""
    assert widget.sales.table.equals(sales.but(measure="customers", by="category").table)
    widget.by.value = ""
    assert widget.parts.disabled
    assert picture(widget).data[-1].type == "scatter"


def test_what_it_is_compared_with_goes_along_with_the_period_until_it_is_said(widget):
    widget.now.value = "2025-06"
    assert widget.before.value == "2024-06"
    widget.before.value = "2025-03"
    assert "than in March 2025" in widget.text
    widget.measure.value = "units"
    assert (widget.now.value, widget.before.value) == ("2025-06", "2025-03")


def test_a_path_leads_into_a_part_and_back(widget, sales):
    first = sales.names[0]
    widget.parts.value = first
    widget.go.click()
    assert widget.sales.study.only == (("region", first),)
    assert crumbs(widget) == ["All sales"]
    store = widget.sales.names[0]
    widget.into(store)
    assert crumbs(widget) == ["All sales", first]
    assert widget.sales.study.by == ("category",)
    widget.measure.value = "margin"
    widget.path.children[0].click()
    assert crumbs(widget) == []
    assert widget.sales.table.equals(sales.but(measure="margin").table)


def test_a_bar_leads_into_its_part(widget, sales):
    bars = picture(widget).data[1]
    bars._dispatch_on_click(Points(point_inds=[1], xs=[0], ys=[0], trace_name="", trace_index=1), None)
    assert widget.sales.study.only == (("region", sales.names[1]),)


def test_the_rest_of_many_parts_leads_nowhere(widget):
    widget.by.value = "product"
    shown = widget.sales
    bars = picture(widget).data[1]
    bars._dispatch_on_click(Points(point_inds=[11], xs=[0], ys=[0], trace_name="", trace_index=1), None)
    assert widget.sales is shown


def test_what_cannot_be_asked_is_said_and_what_was_shown_stays(widget, sales):
    widget.now.value = "2025-Q9"
    assert "is no period" in widget.text
    widget.now.value = "2019"
    assert "Not enough evidence" in widget.text
    assert widget.sales is sales


def test_every_control_says_what_it_is_and_can_be_reached_by_keys(widget):
    def inside(box):
        for child in box.children:
            yield from inside(child) if isinstance(child, ipywidgets.Box) else [child]

    controls = [c for c in inside(widget) if isinstance(c, (ipywidgets.Dropdown, ipywidgets.Text, ipywidgets.Button))]
    assert len(controls) == 7
    assert all(control.description for control in controls)
    assert all(control.tabbable is not False for control in controls)
    assert "aria-live" in widget.text


def test_text_from_data_is_no_markup(widget, sales, monkeypatch):
    widget._say("<script>", "<img>")
    assert "<script>" not in widget.text
    assert "<img>" not in widget.text


def test_a_report_gets_the_still_picture_and_so_does_a_refusal(sales, monkeypatch):
    monkeypatch.setenv("CRM_STILL", "1")
    assert type(cut(sales)) is go.Figure
    monkeypatch.delenv("CRM_STILL")
    assert type(cut(sales.but(now="2019"))) is go.Figure
