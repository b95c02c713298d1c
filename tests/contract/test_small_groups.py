"""No page shows a group of so few people that somebody could be recognised in it."""

import re

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crm_analytics
from crm_analytics import Check, NotEnough, Result, Study, Warehouse, draw, features
from crm_analytics.result import PEOPLE, counts_of_people, without_small_groups
from crm_analytics.say import Voice, speak

STUDIES = list(crm_analytics.studies().values())
ABOUT_PEOPLE = re.compile(r"customer|people|person|buyer|respondent|member|treated|control|responder|visitor|employee")
OTHERWISE = {"control_share", "share_of_customers", "money_per_customer", "worth_per_customer", "per_customer"}
"""Columns whose name speaks of people and which do not count them."""


class Groups(Study):
    """A question whose answer is given with it."""

    reads = "purchases"
    people = ("heads",)

    def _answer(self, frame):
        few = Check(name="few", verdict="weak", text="Only 2 customers answered in 12 weeks.")
        text = "3 customers came, 7 customers stayed for 2 months; 4.1 customers a day."
        return Result(study=self, table=frame, text=text, checks=(few,))


@pytest.fixture
def published(monkeypatch):
    monkeypatch.setenv("CRM_STILL", "1")
    speak(Voice(fewest_people=5))
    yield
    speak(Voice())


def table(*counts):
    return pd.DataFrame({"group": [f"g{i}" for i in range(len(counts))], "heads": counts,
                         "money": [100.0 * n for n in counts]})  # fmt: skip


def test_at_ones_own_desk_everything_is_seen():
    assert ">3<" in Groups().fit(table(3, 40))._repr_mimebundle_()["text/html"]


def test_a_page_says_fewer_than_and_withholds_the_figures(published):
    bundle = Groups().fit(table(3, 2, 40))._repr_mimebundle_()
    for told in (bundle["text/html"], bundle["text/plain"]):
        assert told.count("fewer than 5") >= 2
        assert "300" not in told
        assert "200" not in told
        assert "4,000" in told or "4000" in told


def test_the_sentence_and_the_checks_reveal_none_either(published):
    bundle = Groups().fit(table(3, 2, 40))._repr_mimebundle_()
    [told] = [one for name, one in bundle.items() if name.endswith("result+json")]
    assert told["text"] == "fewer than 5 customers came, 7 customers stayed for 2 months; 4.1 customers a day."
    assert told["checks"][0]["text"] == "Only fewer than 5 customers answered in 12 weeks."


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8), st.integers(2, 10))
def test_a_total_less_the_others_reveals_nobody(counts, fewest):
    result = without_small_groups(Groups().fit(table(*counts)), fewest)
    left = [value for value in result.table.heads if not isinstance(value, str)]
    withheld = [n for n, value in zip(counts, result.table.heads, strict=True) if isinstance(value, str)]
    assert all(n == 0 or n >= fewest for n in left)
    assert len(withheld) != 1 or not any(left), "one alone would be the total less the others"
    assert set(withheld) >= {n for n in counts if 0 < n < fewest}


def test_a_company_may_switch_it_off(published):
    speak(Voice(fewest_people=0))
    assert ">3<" in Groups().fit(table(3, 40))._repr_mimebundle_()["text/html"]


@pytest.fixture(scope="module", params=STUDIES, ids=lambda study: study.__name__)
def result(request, company):
    study = request.param
    feature = getattr(features, study.reads)
    if not feature.needs or not company.has(*feature.needs):
        company = Warehouse.open(request.getfixturevalue("demo_home"))
    try:
        return study().fit(feature(company).to_pandas())
    except TypeError:
        pytest.skip("this Study is not asked by a feature alone")


def test_every_column_that_counts_people_is_known_as_one(result):
    numbers = result.table.select_dtypes("integer").columns
    unknown = [c for c in numbers if ABOUT_PEOPLE.search(str(c)) and c not in counts_of_people(result)]
    assert set(unknown) <= OTHERWISE, f"say in {type(result.study).__name__}.people that these count people"
    assert not PEOPLE & OTHERWISE


def test_no_page_of_it_shows_few_people(result, published):
    speak(Voice(fewest_people=40))
    masked = without_small_groups(result, 40)
    for column in counts_of_people(result):
        shown = [value for value in masked.table[column] if not isinstance(value, str)]
        assert all(value == 0 or value >= 40 or value != value for value in shown)
    assert isinstance(draw(result), go.Figure)
    assert "text/html" in result._repr_mimebundle_()
    assert isinstance(result.pictured(), (Result, NotEnough))
