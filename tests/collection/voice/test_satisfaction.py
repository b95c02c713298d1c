"""Satisfaction: intervals that keep their word with weights, groups without false alarms, a base that is spoken for."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import NotEnough, Satisfaction, features
from crm_analytics.collection.voice.weighing import mean, rake, share
from crm_analytics.result.chance import holm

OVERALL = "Overall, how satisfied are you?"


def answers(position, weight=None, region=None, survey="A", day="2025-01-01", highest=5) -> pd.DataFrame:
    count = len(position)
    return pd.DataFrame(
        {
            "survey": survey,
            "respondent_id": [f"{survey}{i:05d}" for i in range(count)],
            "customer_id": [f"N{i:05d}" for i in range(count)],
            "question": OVERALL if highest == 5 else "How likely are you to recommend us?",
            "item": None,
            "kind": "scale",
            "answer": "x",
            "position": np.asarray(position, float),
            "lowest": 1 if highest == 5 else 0,
            "highest": highest,
            "weight": 1.0 if weight is None else weight,
            "answered_at": pd.Timestamp(day),
            "region": region,
        }
    )


def test_means_and_shares_keep_their_word_with_weights():
    rng, held = np.random.default_rng(2), []
    for _ in range(400):
        group = rng.random(150) < 0.3
        y = np.where(group, rng.integers(1, 4, 150), rng.integers(3, 6, 150))
        weight = np.where(group, 3.5, 0.5)
        truth_mean = (0.3 * 3.5 * 2 + 0.7 * 0.5 * 4) / (0.3 * 3.5 + 0.7 * 0.5)
        truth_share = 0.7 * 0.5 * (2 / 3) / (0.3 * 3.5 + 0.7 * 0.5)
        centre, part = mean(y.astype(float), weight), share(y >= 4, weight)
        held.append((centre.low <= truth_mean <= centre.high, part.low <= truth_share <= part.high))
    assert np.mean(held, axis=0) == pytest.approx([0.95, 0.95], abs=0.035)


def test_equal_weights_are_the_textbook():
    y = np.array([1.0, 2, 3, 4, 5, 5])
    found = mean(y, np.ones(6))
    assert found.value == pytest.approx(y.mean())
    assert found.se == pytest.approx(y.std(ddof=1) / np.sqrt(6))
    assert share(np.zeros(20, bool), np.ones(20)).high == pytest.approx(0.18, abs=0.02)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_never_lowers_a_p_value(p):
    raised = holm(np.array(p))
    assert (raised >= np.array(p) - 1e-12).all()
    assert raised.max() <= 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_raked_weights_reach_the_base(seed):
    rng = np.random.default_rng(seed)
    groups = pd.DataFrame({"a": rng.choice(["x", "y"], 200, p=[0.7, 0.3]), "b": rng.choice(["u", "v", "w"], 200)})
    base = {"a": pd.Series({"x": 0.5, "y": 0.5}), "b": pd.Series({"u": 0.2, "v": 0.3, "w": 0.5})}
    raked = rake(groups, base, np.ones(200))
    assert raked.settled
    for column, target in base.items():
        got = pd.Series(raked.weight).groupby(groups[column]).sum() / raked.weight.sum()
        pd.testing.assert_series_equal(got, target, check_names=False, atol=1e-4)
    assert raked.weight.mean() == pytest.approx(1)


def test_groups_that_do_not_differ_are_not_found():
    rng, alarms = np.random.default_rng(8), 0
    for _ in range(60):
        frame = answers(rng.integers(1, 6, 300), region=rng.choice(list("abcdefgh"), 300))
        alarms += bool(Satisfaction().fit(frame).table.differs.any())
    assert alarms <= 8


def test_a_group_that_differs_is_found():
    rng = np.random.default_rng(8)
    region = rng.choice(list("abcdefgh"), 600)
    y = np.clip(rng.integers(1, 6, 600) - (region == "c"), 1, 5)
    table = Satisfaction().fit(answers(y, region=region)).table.set_index("group")
    assert table.differs["c"]


def test_a_change_is_told_with_its_interval():
    rng = np.random.default_rng(1)
    then, now = (
        answers(rng.integers(1, 5, 300), survey="A"),
        answers(rng.integers(2, 6, 300), survey="B", day="2025-06-01"),
    )
    result = Satisfaction().fit(pd.concat([then, now], ignore_index=True))
    assert result.survey == "B"
    name, change, low, high = result.before
    assert name == "A"
    assert low <= 1 <= high
    assert change == pytest.approx(1, abs=0.25)


def test_the_net_promoter_score():
    frame = answers([10] * 30 + [8] * 20 + [3] * 10, highest=10)
    result = Satisfaction(by="").fit(frame)
    assert result.score.value == pytest.approx(20 / 60)
    assert result.text.startswith("33 (")


def test_the_silent_are_spoken_for(company, truth):
    said = features.answers(company)
    plain = Satisfaction(survey="Autumn 2024").fit(said)
    told = truth.voice.satisfaction.mean()
    raked = plain.against(features.customer_base(company, as_of="2024-10-01").to_pandas())
    assert raked.whole.low <= told <= raked.whole.high
    assert abs(raked.whole.value - told) < abs(plain.whole.value - told)
    assert next(check for check in raked.checks if check.name == "who answered").verdict == "weak"


def test_too_few_answers_are_refused():
    refused = Satisfaction().fit(answers([5] * 12))
    assert isinstance(refused, NotEnough)
    assert "12 people" in refused.text
