"""Every Study keeps the same promises, whoever wrote it."""

import inspect
import re
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest

import crm_analytics
from crm_analytics import NotEnough, Result, Study, Warehouse, draw, features
from crm_analytics.result import PEOPLE, counts_of_people, without_small_groups
from crm_analytics.say import Voice, speak

ROOT = Path(__file__).parents[2]
ABOUT_PEOPLE = re.compile(r"customer|people|person|buyer|respondent|member|treated|control|responder|visitor|employee")
OTHERWISE = {"control_share", "share_of_customers", "money_per_customer", "worth_per_customer", "per_customer"}
"""Columns whose name speaks of people and which do not count them."""
WORDS = {word: getattr(crm_analytics, word) for word in crm_analytics.__all__}
STUDIES = [w for w in WORDS.values() if inspect.isclass(w) and issubclass(w, Study) and w is not Study]


@pytest.fixture(scope="module", params=STUDIES, ids=lambda study: study.__name__)
def study(request):
    return request.param


@pytest.fixture(scope="module")
def asked(study, company, request):
    """What the Study's own feature says of the demo company when nothing is specified."""
    feature = getattr(features, study.reads)
    if not company.has(*feature.needs):  # what a load says of itself is only there where files were loaded
        company = Warehouse.open(request.getfixturevalue("demo_home"))
    return feature(company).to_pandas()


@pytest.fixture
def frame(asked):
    return asked.copy(deep=True)


@pytest.fixture(scope="module")
def result(study, asked):
    return study().fit(asked)


def noun(study) -> str:
    return study.__module__.rpartition(".")[2]


def test_it_answers_with_its_defaults(result):
    assert not isinstance(result, NotEnough), result.text
    assert len(result.table)


def test_it_is_deterministic_and_leaves_its_input_alone(study, frame, result):
    shuffled = frame.sample(frac=1, random_state=7)
    before = shuffled.copy(deep=True)
    again = study().fit(shuffled)
    pd.testing.assert_frame_equal(shuffled, before)
    assert again.text == result.text
    pd.testing.assert_frame_equal(
        again.table.reset_index(drop=True), result.table.reset_index(drop=True), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("rows", [0, 1])
def test_it_refuses_an_empty_or_tiny_table_with_a_sentence(study, frame, rows):
    tiny = study().fit(frame.head(rows))
    assert len(tiny.text.split()) > 4
    if rows == 0:
        assert isinstance(tiny, NotEnough)
    assert isinstance(draw(tiny), go.Figure)


def test_it_names_the_columns_it_misses(study, frame):
    missing = study.columns[0]
    with pytest.raises(ValueError, match=missing):
        study().fit(frame.drop(columns=missing))


def test_its_text_is_a_sentence_with_numbers(result):
    assert re.search(r"\d", result.text)
    assert result.text.rstrip().endswith((".", "!", "?"))
    assert not re.search(r"\bnan\b|\binf\b|None|<[a-z]", result.text)


def test_its_text_carries_an_interval_where_it_estimates(study, result):
    counted = {"DataValue", "Defects", "OneCustomer", "Sources", "Membership"}
    if study.__name__ not in counted:
        assert re.search(r"\d\S*\s?–\s?[-−+]?\S*\d", result.text), result.text


def test_its_checks_say_something(result):
    assert result.checks
    for check in result.checks:
        assert check.verdict in ("holds", "weak", "fails")
        assert len(check.text.split()) > 3


def test_its_claims_can_be_held_to_account(result, asked):
    customers = {str(one) for one in asked["customer_id"]} if "customer_id" in asked else set()
    assert len(result.claims) <= 5
    for claim in result.claims:
        assert claim.low <= claim.value <= claim.high
        assert 0.5 <= claim.confidence < 1
        assert claim.first <= min(claim.last, claim.expires)
        assert claim.evidence in ("tested", "compared", "modelled", "assumed")
        assert claim.measure == claim.measure.strip()
        assert len(claim.subject.split()) > 1
        assert not claim.decision or claim.decision.endswith(".")
        assert not customers & {value for _, value in claim.scope}


def test_it_has_one_picture_with_a_takeaway(result):
    figure = draw(result)
    assert isinstance(figure, go.Figure)
    assert len(figure.layout.title.text) > 20


def test_it_shows_itself(result):
    bundle = result._repr_mimebundle_()
    assert result.text in bundle["text/plain"]
    assert "<table" in bundle["text/html"]


def test_it_has_a_notebook_a_test_and_a_docstring(study):
    told = "".join(path.read_text("utf-8") for path in (ROOT / "notebooks").rglob("*.ipynb"))
    assert re.search(rf"\b{study.__name__}\(", told)
    assert list((ROOT / "tests").rglob(f"test_{noun(study)}.py"))
    assert inspect.getdoc(study)


def test_its_personal_side_is_empty(result):
    assert not {"email", "phone", "full_name", "address", "line"} & set(result.table.columns)


def test_every_column_that_counts_people_is_known_as_one(result):
    numbers = result.table.select_dtypes("integer").columns
    unknown = [c for c in numbers if ABOUT_PEOPLE.search(str(c)) and c not in counts_of_people(result)]
    assert set(unknown) <= OTHERWISE, f"say in {type(result.study).__name__}.people that these count people"
    assert not PEOPLE & OTHERWISE


def test_no_page_of_it_shows_few_people(result, monkeypatch):
    monkeypatch.setenv("CRM_STILL", "1")
    speak(Voice(fewest_people=40))
    masked = without_small_groups(result, 40)
    for column in counts_of_people(result):
        shown = [value for value in masked.table[column] if not isinstance(value, str)]
        assert all(value == 0 or value >= 40 or value != value for value in shown)
    assert isinstance(draw(result), go.Figure)
    assert "text/html" in result._repr_mimebundle_()
    assert isinstance(result.pictured(), (Result, NotEnough))
