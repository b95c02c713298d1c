"""A Study validates before it answers; a Result shows itself and escapes what came from data."""

import copy
from dataclasses import dataclass

import pandas as pd
import pytest

from crm_analytics.result import MIME, Check, NoAnswer, NotEnough, Result, Study, enough


@dataclass(frozen=True, kw_only=True)
class MeanAmount(Study):
    """A question for these tests."""

    reads = "purchases"
    columns = ("amount",)
    least = 2
    of = "purchases"

    def _answer(self, frame):
        frame["amount"] *= 2
        return Result(
            study=self,
            table=frame,
            text=f"The mean is {frame.amount.mean():g} (1–9).",
            checks=(Check(name="size", verdict="weak", text="few & small <b>"),),
        )


def test_a_study_is_named_as_commands_name_it():
    assert MeanAmount.name() == "mean_amount"


def test_missing_columns_are_named_with_the_next_move():
    with pytest.raises(ValueError, match=r"amount.*features\.purchases"):
        MeanAmount().fit(pd.DataFrame({"x": [1, 2]}))


def test_too_few_rows_are_an_answer_too():
    result = MeanAmount().fit(pd.DataFrame({"amount": [1.0]}))
    assert isinstance(result, NotEnough)
    assert not enough(result)
    assert result.text == "Not enough evidence: this question needs at least 2 purchases and has 1."


def test_what_is_built_on_no_answer_stops_with_the_sentence_that_says_why():
    result = MeanAmount().fit(pd.DataFrame({"amount": [1.0]}))
    with pytest.raises(NoAnswer, match="needs at least 2 purchases and has 1"):
        result.by_region()
    assert copy.copy(result).text == result.text


def test_the_callers_frame_is_left_alone():
    frame = pd.DataFrame({"amount": [1.0, 2.0]})
    MeanAmount().fit(frame)
    assert frame.amount.tolist() == [1.0, 2.0]


def test_a_result_shows_itself_and_escapes_what_came_from_data():
    frame = pd.DataFrame({"amount": [1.0, 2.0], "name": ["<script>alert(1)</script>", "b"]})
    bundle = MeanAmount().fit(frame)._repr_mimebundle_()
    assert "<script>" not in bundle["text/html"]
    assert "few &amp; small &lt;b&gt;" in bundle["text/html"]
    assert bundle["text/plain"].startswith("The mean is 3 (1–9).\n  ~ size: few & small <b>")
    assert bundle[MIME]["checks"][0]["verdict"] == "weak"


def test_a_long_table_shows_its_head_and_says_how_much_more():
    result = MeanAmount().fit(pd.DataFrame({"amount": [float(i) for i in range(25)]}))
    assert "and 15 more rows" in result._repr_mimebundle_()["text/html"]


def test_every_kind_of_result_shows_itself_as_text():
    refused = MeanAmount().fit(pd.DataFrame({"amount": [1.0]}))
    assert repr(refused) == str(refused) == refused.text
