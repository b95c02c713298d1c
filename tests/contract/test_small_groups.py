"""No page shows a group of so few people that somebody could be recognised in it."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import Check, Result, Study
from crm_analytics.result import without_small_groups
from crm_analytics.say import Voice, speak


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
