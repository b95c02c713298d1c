"""BG/NBD: the published numbers, the ends of its range, and the laws it has to keep."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm_analytics.planning.customers.buying.bg_nbd import BGNBD, _Likelihood
from crm_analytics.planning.customers.worth.histories import Histories

STEADY = BGNBD(r=0.25, alpha=4.0, a=0.8, b=2.5)


@pytest.fixture(scope="module")
def fitted(cdnow):
    return BGNBD.fit(cdnow["x"], cdnow["t_x"], cdnow["T"])


def test_the_published_parameters(fitted):
    assert fitted.peak.converged
    assert fitted.parameters == pytest.approx([0.2426, 4.4135, 0.7929, 2.4259], rel=1e-4)
    assert fitted.peak.log_likelihood == pytest.approx(-9582.43, abs=0.01)


def test_the_published_expectations(fitted):
    expected = fitted.expected_new(np.array([0.1429, 1, 3, 31.857, 78]))
    assert expected == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.8576], abs=5e-4)
    assert fitted.expected(2, 30.43, 38.86, 39) == pytest.approx(1.226, abs=5e-4)


def test_the_published_holdout(fitted, cdnow, cdnow_spend):
    told = fitted.expected(cdnow["x"], cdnow["t_x"], cdnow["T"], 39).sum()
    assert (round(told), cdnow_spend["orders"].sum()) == (1653, 1882)


@pytest.mark.parametrize(
    ("history", "log_likelihood"), [((200, 38, 40), 100.7957), ((0, 0, 40), -0.59947)], ids=["very often", "never"]
)
def test_it_is_stable_at_the_ends(history, log_likelihood):
    assert STEADY.log_likelihood(*([v] for v in history)) == pytest.approx(log_likelihood, abs=5e-5)


def test_the_unit_of_time_changes_only_alpha(cdnow, fitted):
    in_days = BGNBD.fit(cdnow["x"], cdnow["t_x"] * 7, cdnow["T"] * 7)
    assert in_days.parameters == pytest.approx(fitted.parameters * [1, 7, 1, 1], rel=1e-5)
    assert in_days.expected(2, 213.01, 272.02, 273) == pytest.approx(1.226, abs=5e-4)


def test_standard_errors_match_the_scatter_of_refits(draw_base):
    logs, errors = [], []
    for seed in range(20):
        people = draw_base(600, seed=seed).people
        model = BGNBD.fit(people["x"], people["t_x"], people["T"])
        logs.append(np.log(model.parameters))
        errors.append(model.peak.log_errors)
    assert np.median(errors, axis=0)[:2] == pytest.approx(np.std(logs, axis=0)[:2], rel=0.5)


def test_equal_histories_are_counted_together_and_change_nothing(cdnow):
    days = cdnow.assign(t_x=(cdnow["t_x"] * 7).round(), T=(cdnow["T"] * 7).round())
    together = Histories.of(days["x"], days["t_x"], days["T"])
    assert together.n.sum() == len(days)
    assert len(together.n) < len(days) / 2
    apart = Histories(**{name: days[name].to_numpy(float) for name in ("x", "t_x", "T")}, n=np.ones(len(days)))
    for one, other in zip(_Likelihood(together)(STEADY.parameters), _Likelihood(apart)(STEADY.parameters), strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)


positive = st.floats(0.05, 20)


@settings(max_examples=50, deadline=None)
@given(positive, positive, positive, positive)
def test_slopes_and_curvature_are_those_of_the_likelihood(r, alpha, a, b):
    surface = _Likelihood(Histories.of([0, 1, 3, 40], [0, 5, 30, 38], [9, 12, 40, 39]))
    at, step = np.array([r, alpha, a, b]), 1e-5
    _, slope, bend = surface(at)
    for k in range(4):
        nudge = np.zeros(4)
        nudge[k] = step * at[k]
        (up, slope_up, _), (down, slope_down, _) = surface(at + nudge), surface(at - nudge)
        assert (up - down) / (2 * nudge[k]) == pytest.approx(slope[k], rel=1e-4, abs=1e-4)
        assert (slope_up - slope_down) / (2 * nudge[k]) == pytest.approx(bend[k], rel=1e-3, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 5), st.floats(1, 100), st.floats(0.1, 8), st.floats(0.1, 8), st.integers(0, 300))
@example(r=1.0, alpha=1.0, a=2.0, b=1.0, x=99)
def test_expectations_are_finite_positive_and_grow_with_time(r, alpha, a, b, x):
    model = BGNBD(r=r, alpha=alpha, a=a, b=b)
    grown = model.expected(x, 300.0 if x else 0.0, 320.0, np.array([1.0, 30, 365, 3650]))
    assert np.isfinite(grown).all()
    assert (grown > 0).all()
    assert (np.diff(grown) > 0).all()
    assert grown[0] <= (r + x) / (alpha + 320) * 1.0001


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (BGNBD(r=1.05, alpha=60.0, a=1.3e6, b=1.14e7), (1 - (1 + 365 / 660 * 13 / 127) ** -6.05) * 127 / 13),
        (BGNBD(r=2.3e7, alpha=1.27e9, a=1.4e-3, b=5.8e6), 2.3e7 / 1.27e9 * 365),
        (BGNBD(r=1.0, alpha=50.0, a=1e-9, b=1e-9), 6 * 365 / 650),
    ],
    ids=["all equally faithful", "all alike, none leaves", "most never leave"],
)
def test_a_base_whose_customers_hardly_differ_has_expectations(model, expected):
    assert model.expected_if_active(5, 600.0, 365) == pytest.approx(expected, rel=1e-3)


def test_expectations_are_those_of_the_hypergeometric_function():
    from scipy.special import hyp2f1

    r, alpha, a, b, x, T, t = 0.25, 4.0, 0.8, 2.5, np.array([0, 2, 15, 120]), 39.0, 52.0
    one = hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t))
    told = (a + b + x - 1) / (a - 1) * (1 - ((alpha + T) / (alpha + T + t)) ** (r + x) * one)
    assert STEADY.expected_if_active(x, T, t) == pytest.approx(told, rel=1e-7)


@pytest.mark.parametrize("a", [0.3, 0.999999, 1.0, 1.000001, 2.5])
def test_drawn_futures_have_the_expected_mean(a):
    model = BGNBD(r=0.9, alpha=40.0, a=a, b=3.0)
    drawn = model.draw_if_active(np.full(200_000, 4), np.full(200_000, 300.0), 365, random=np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(float(model.expected_if_active(4, 300.0, 365)), rel=0.02)


def test_who_bought_often_and_then_stayed_away_has_left():
    alive = STEADY.p_alive([0, 1, 20, 20], [0, 25, 25, 39], [40, 40, 40, 40])
    assert alive[0] == 1
    assert alive[2] < 0.05 < alive[1] < alive[3]


@pytest.mark.parametrize("history", [(1, 5, 0), (1, 9, 5), (-1, 0, 5), (1, -1, 5)])
def test_it_refuses_histories_that_cannot_be(history):
    with pytest.raises(ValueError, match="T ≥ 0"):
        BGNBD.fit(*([v] for v in history))


def test_a_subset_first_leads_to_the_same_peak(monkeypatch, cdnow):
    from crm_analytics.planning.customers.buying import buying

    whole = BGNBD.fit(cdnow["x"], cdnow["t_x"], cdnow["T"])
    monkeypatch.setattr(buying, "SCOUTS", 100)
    scouted = BGNBD.fit(cdnow["x"], cdnow["t_x"], cdnow["T"])
    assert scouted.parameters == pytest.approx(whole.parameters, rel=1e-6)
