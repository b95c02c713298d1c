"""Word of mouth where its rate is planted: in light simulated companies, and in the demo company."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import NotEnough, WordOfMouth, features
from crm_analytics.features.word_of_mouth import DENIED, RECOMMENDED, TOLD_US
from crm_analytics.simulation.customers import ACQUIRED, REASONS
from crm_analytics.simulation.word_of_mouth import recommending

LIGHT = {"months": 36, "active": 1200, "regions": 3}
SEEDS = range(20)
WORLDS = [{}, {"spread": 0.3}, {"change": 0.7, "told": (0.6, 0.95)}]


@pytest.fixture(scope="module")
def found():
    """What is found in 60 companies: 20 alike, 20 whose months come in bursts, and 20 where it fell while more was
    asked and recorded."""
    return [[(WordOfMouth().fit(frame), truth) for frame, truth in (recommending(s, **LIGHT, **w) for s in SEEDS)]
            for w in WORLDS]  # fmt: skip


def test_the_intervals_cover_what_is_planted(found):
    covers = {"rate": [], "change": [], "share": [], "more": []}
    for result, truth in (one for world in found for one in world):
        now = result.table.iloc[-1]
        covers["rate"].append(now["rate_low"] <= 100 * truth.rate <= now["rate_high"])
        covers["change"].append(now["change_low"] <= truth.change <= now["change_high"])
        covers["share"].append(now["low"] <= truth.share <= now["high"])
        covers["more"].append(result.brought.low <= truth.brought <= result.brought.high)
    assert {name: np.mean(one) for name, one in covers.items() if np.mean(one) < 0.9} == {}


def test_a_fall_is_seen_though_more_is_recorded_than_before(found):
    fallen = [result.table.iloc[-1] for result, _ in found[2]]
    assert np.mean([now["change_high"] < 1 for now in fallen]) >= 0.6
    naive = [row["recommended"].iloc[-1] / row["recommended"].iloc[-2] for row in (r.table for r, _ in found[2])]
    assert np.mean(naive) > 1  # what is plainly counted rose


def test_no_change_is_seldom_taken_for_one(found):
    told = [result.table.iloc[-1] for world in found[:2] for result, _ in world]
    assert np.mean([now["change_low"] > 1 or now["change_high"] < 1 for now in told]) <= 0.15


def test_promoters_are_tied_to_recommendations_only_where_they_are():
    with_pull = [WordOfMouth().fit(recommending(s, pull=5.0)[0]).groups.attrs["slope"] for s in range(3)]
    assert all(low > 1 for _, low, _ in with_pull)
    few = WordOfMouth().fit(recommending(1, **LIGHT)[0])
    assert few.groups.attrs["slope"] is None
    assert "8 would be enough" in few.checks[-1].text


def test_the_demo_company_has_its_planted_share(company):
    told = {says: WordOfMouth().fit(features.word_of_mouth(company, says=says)) for says in ("channel", "either")}
    by_channel = ACQUIRED["recommendation"]
    planted = {"channel": by_channel, "either": 1 - (1 - by_channel) * (1 - REASONS["recommended"])}
    for says, share in planted.items():
        now = told[says].table.iloc[-1]
        assert now["low"] <= share <= now["high"]
    assert told["either"].answers.asked > 100
    assert told["either"].answers.shares["share"].sum() == pytest.approx(1)


def test_the_claim_is_of_what_will_be_counted(found):
    claim = found[0][0][0].claims[0]
    assert claim.measure == "customers"
    assert claim.low < claim.value < claim.high
    assert claim.first == pd.Timestamp("2024-01-01").date()


def test_it_refuses_what_cannot_be_told():
    frame, _ = recommending(1, **LIGHT)
    silent = frame.assign(counted=frame["counted"].replace({"recommended": "unknown", "other": "unknown"}))
    assert "ask new customers who sent them" in WordOfMouth().fit(silent.groupby(
        ["dimension", "value", "month", "counted", "until", "begins"], as_index=False).sum()).text  # fmt: skip
    few = WordOfMouth().fit(recommending(1, active=240, rate=0.02, months=36)[0])
    assert isinstance(few, NotEnough)
    assert "20 would be enough" in few.text
    short = WordOfMouth().fit(recommending(1, active=1200, months=14)[0])
    assert isinstance(short, NotEnough)
    assert "after their first year" in short.text
    with pytest.raises(ValueError, match="confidence"):
        WordOfMouth(confidence=2)


@given(st.integers(2, 5))
def test_more_of_everybody_changes_no_share(times):
    frame = _ONE.copy()
    counts = ["customers", "observed", "revenue", "revenue_squares", "weight", "weight_squares"]
    frame[counts] = frame[counts] * times
    more, one = WordOfMouth().fit(frame).table.iloc[-1], WordOfMouth().fit(_ONE).table.iloc[-1]
    assert more["share"] == pytest.approx(one["share"])
    assert more["rate"] == pytest.approx(one["rate"])


_ONE = recommending(5, **LIGHT)[0]


SAY_SO = [
    "recommendation", "Recommended by a friend", "referral", "Word-of-mouth", "friends", "по рекомендации",
    "Рекомендация", "по совету знакомых", "от друга", "друзья", "знакомые", "сарафанное радио",
    "посоветовали коллеги", "соседка",
]  # fmt: skip
SAY_OTHER = [
    "friendly staff", "другое", "Другой магазин", "store", "реклама", "no recommendation", "без рекомендации",
    "preferred brand", "советский район", "neighbourhood store", "соседний магазин", "совет продавца",
]  # fmt: skip


@pytest.mark.parametrize(("text", "so"), [(t, True) for t in SAY_SO] + [(t, False) for t in SAY_OTHER])
def test_the_words_of_both_languages(text, so):
    import duckdb

    asked = "select regexp_matches(?, ?) and not regexp_matches(?, ?)"
    assert duckdb.execute(asked, [text, RECOMMENDED, text, DENIED]).fetchone()[0] is so


@pytest.mark.parametrize(("question", "so"), [
    ("Would you recommend us to a friend?", False), ("How likely are you to recommend us?", False),
    ("Порекомендуете ли вы нас знакомым?", False), ("Готовы ли вы рекомендовать нас?", False),
    ("Who recommended us to you?", True), ("Were we recommended to you?", True), ("Кто вам нас порекомендовал?", True),
])  # fmt: skip
def test_who_recommended_us_is_another_question(question, so):
    import duckdb

    assert duckdb.execute("select regexp_matches(?, ?)", [question, TOLD_US]).fetchone()[0] is so
