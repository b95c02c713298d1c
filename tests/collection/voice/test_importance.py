"""What matters: shares that sum to the whole, truth within the interval, and nothing where nothing is planted."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import Importance, NotEnough, features
from crm_analytics.collection.voice import drivers
from crm_analytics.simulation.voice import FACTORS

Q, OVERALL = "How do you rate us in each of these?", "Overall, how satisfied are you?"


def answers(x: np.ndarray, y: np.ndarray, weight=None, names=None) -> pd.DataFrame:
    """A survey as the feature makes it: ratings x of the factors and an overall answer y."""
    people = [f"R{i:05d}" for i in range(len(y))]
    parts = [(Q, name, x[:, j]) for j, name in enumerate(names or [f"F{j}" for j in range(x.shape[1])])]
    frames = [
        pd.DataFrame({"respondent_id": people, "question": question, "item": item, "position": values})
        for question, item, values in [*parts, (OVERALL, None, y)]
    ]
    frame = pd.concat(frames, ignore_index=True).dropna(subset=["position"])
    known = dict(zip(people, np.ones(len(y)) if weight is None else weight, strict=True))
    made = {"survey": "A", "kind": "scale", "lowest": 1, "highest": 5, "answered_at": pd.Timestamp("2025-01-01")}
    return frame.assign(**made, weight=frame.respondent_id.map(known))


def by_definition(found: np.ndarray) -> np.ndarray:
    """Shapley values of R², straight from their definition."""
    p = len(found) - 1

    def r2(some: tuple[int, ...]) -> float:
        if not some:
            return 0.0
        inner = found[np.ix_(some, some)]
        cross = found[list(some), -1]
        return cross @ np.linalg.solve(inner, cross) / found[-1, -1]

    out = np.zeros(p)
    for j in range(p):
        others = [k for k in range(p) if k != j]
        for size in range(p):
            weight = factorial(size) * factorial(p - size - 1) / factorial(p)
            out[j] += weight * sum(r2(tuple(sorted((*s, j)))) - r2(s) for s in combinations(others, size))
    return out


def covariance_of(p: int, seed: int) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(p + 1, p + 3))
    return root @ root.T


@pytest.mark.parametrize("p", [2, 4, 6])
def test_shares_are_those_of_the_definition(p):
    found = covariance_of(p, seed=p)
    wanted = by_definition(found)
    shares, explained = drivers.shares_of_variance(found, 1e12)
    np.testing.assert_allclose(shares[0], wanted / wanted.sum(), rtol=1e-6)
    assert explained[0] == pytest.approx(drivers.r_squared(found), rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 14), st.integers(0, 10_000))
def test_shares_sum_to_one_and_none_is_negative(p, seed):
    shares, _ = drivers.shares_of_variance(covariance_of(p, seed), 500)
    assert shares.min() >= 0
    assert shares.sum() == pytest.approx(1)


def test_relative_weights_agree_with_shapley(monkeypatch):
    found = covariance_of(6, seed=3)
    exact = drivers.shares_of_variance(found, 1e9)[0][0]
    monkeypatch.setattr(drivers, "EXACT", 1)
    assert np.corrcoef(drivers.shares_of_variance(found, 1e9)[0][0], exact)[0, 1] > 0.95


def drawn(rng: np.random.Generator, people: int, beta: np.ndarray, noise: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    x = rng.normal(size=(people, 1)) * 0.6 + rng.normal(size=(people, len(beta)))
    return 3 + x, 3 + x @ beta + rng.normal(0, noise, people)


BETA = np.array([0.6, 0.3, 0.2, 0.0])


def test_intervals_hold_the_truth_as_often_as_they_say():
    found = np.eye(4) + 0.36
    cross = found @ BETA
    whole = np.block([[found, cross[:, None]], [cross[None], np.array([[BETA @ found @ BETA + 0.81]])]])
    truth = by_definition(whole) / by_definition(whole).sum()
    rng, held = np.random.default_rng(5), []
    for _ in range(60):
        weight = rng.uniform(0.5, 2, 250)
        table = Importance(draws=60).fit(answers(*drawn(rng, 250, BETA), weight)).table.set_index("factor")
        table = table.loc[[f"F{j}" for j in range(4)]]
        held.append((table.low <= truth) & (truth <= table.high))
    assert 0.90 <= np.mean(held) <= 0.99


def test_nothing_is_found_where_nothing_moves():
    rng = np.random.default_rng(11)
    found = [Importance(draws=50).fit(answers(*drawn(rng, 200, np.zeros(5)))) for _ in range(40)]
    assert sum(not isinstance(one, NotEnough) for one in found) <= 6


def test_missing_ratings_do_not_move_the_answer():
    rng = np.random.default_rng(3)
    x, y = drawn(rng, 1500, BETA)
    whole = Importance(draws=50).fit(answers(x, y)).table.set_index("factor").importance
    x[rng.random(x.shape) < 0.25] = np.nan
    holes = Importance(draws=50).fit(answers(x, y))
    assert holes.table.set_index("factor").importance.to_dict() == pytest.approx(whole.to_dict(), abs=0.06)
    assert "25 %" in next(c.text for c in holes.checks if c.name == "missing")


def test_the_demo_company(company, simulation, truth):
    result = Importance().fit(features.answers(company))
    table = result.table.set_index("factor")
    assert table.index[0] == "Delivery"
    assert table.priority["Delivery"] == "improve first"
    assert table.kind["Returns"] == "basic"
    said = truth.voice[[*FACTORS, "satisfaction"]].to_numpy(float)
    whole = by_definition(np.cov(said.T))
    for name, share in zip(FACTORS, whole / whole.sum(), strict=True):
        assert table.low[name] - 0.04 <= share <= table.high[name] + 0.04, name
    stated = next(check for check in result.checks if check.name == "stated")
    assert stated.verdict == "weak", "people say prices; delivery is what moves them"


def test_two_factors_that_are_one_are_told():
    rng = np.random.default_rng(4)
    x, y = drawn(rng, 300, BETA)
    x[:, 1] = x[:, 0] + rng.normal(0, 0.1, 300)
    check = next(c for c in Importance(draws=50).fit(answers(x, y)).checks if c.name == "collinearity")
    assert check.verdict == "weak"
    assert "F0" in check.text
    assert "F1" in check.text


def test_knobs_refuse_nonsense():
    with pytest.raises(ValueError, match="draws"):
        Importance(draws=3)
