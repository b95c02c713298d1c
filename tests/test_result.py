"""A Study validates before it answers; a Result shows itself and escapes what came from data."""

import copy
import re
from dataclasses import dataclass

import pandas as pd
import pytest

from crm_analytics.result import MIME, Check, NoAnswer, NotEnough, Result, Study, enough, figures
from crm_analytics.result.chance import share_interval


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


def test_tables_are_printed_as_people_read_them():
    days, money = pd.to_datetime(["2024-01-02", None]), [1234.56, -0.4]
    frame = pd.DataFrame({"day": days, "money": money, "share": [0.25, None], "p": [1e-6, 0.04], "sure": [True, False],
                          "orders": [12_345, 1], "year": [2024, 2025]}, index=[7, 3])  # fmt: skip
    shown = figures.plain(frame)
    cells = re.findall(r"<td>(.*?)</td>", shown)
    assert cells[:7] == ["2024‑01‑02", "1,235", "0.250", "&lt; 0.001", "yes", "12,345", "2024"]
    assert cells[7:] == ["–", "0", "–", "0.040", "no", "1", "2025"]
    assert figures.as_html(frame) == shown


def test_a_plain_tables_index_is_a_column_where_it_says_something():
    counted = figures.plain(pd.Series(["b", "a", "b"], name="case").value_counts())
    assert re.findall(r"<th>(.*?)</th>", counted) == ["case", "count"]
    assert re.findall(r"<td>(.*?)</td>", counted) == ["b", "2", "a", "1"]
    assert "and 90 more rows" in figures.plain(pd.DataFrame({"x": range(100)}))


def test_the_interval_of_a_share_is_wilsons():
    low, high = share_interval([8, 0, 10, 0, 1], [10, 10, 10, 0, float("nan")])
    assert low[:4] == pytest.approx([0.4902, 0, 0.7225, 0], abs=5e-5)
    assert high[:4] == pytest.approx([0.9433, 0.2775, 1, 1], abs=5e-5)
    assert low[4] != low[4]
