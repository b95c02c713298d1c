"""Every model of buying: its published numbers, and the behaviour that all of them share."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.planning.customers.buying.bg_bb import BGBB
from crm_analytics.planning.customers.buying.bg_nbd import BGNBD
from crm_analytics.planning.customers.buying.mbg_nbd import MBGNBD
from crm_analytics.planning.customers.buying.pareto_nbd import ParetoNBD
from crm_analytics.planning.customers.buying.s_bg import SBG
from crm_analytics.planning.customers.worth.histories import Histories

BASES = {
    BGNBD: BGNBD(r=0.7, alpha=8.0, a=0.8, b=2.5),
    MBGNBD: MBGNBD(r=0.7, alpha=8.0, a=0.8, b=2.5),
    ParetoNBD: ParetoNBD(r=0.7, alpha=8.0, s=0.6, beta=12.0),
    BGBB: BGBB(alpha=1.2, beta=0.75, gamma=0.66, delta=2.8),
    SBG: SBG(alpha=0.7, beta=1.2),
}
HISTORIES = ([0, 1, 3, 9], [0, 1, 3, 9], [9, 12, 10, 9])
"""Read as days or as occasions, each could have happened under any of the models."""


@pytest.fixture(params=BASES, ids=lambda model: model.called)
def base(request):
    return BASES[request.param]


@pytest.fixture(scope="module")
def donations(datasets):
    return pd.read_csv(datasets / "bgbb_donations" / "bgbb_donations.csv")


def test_published_pareto_nbd(cdnow):
    model = ParetoNBD.fit(cdnow["x"], cdnow["t_x"], cdnow["T"])
    assert model.peak.converged
    assert model.parameters == pytest.approx([0.5533, 10.578, 0.6062, 11.668], rel=2e-4)
    assert model.peak.log_likelihood == pytest.approx(-9594.97, abs=0.01)


def test_published_mbg_nbd(cdnow):
    """As the authors of BTYDplus report for the same customers."""
    model = MBGNBD.fit(cdnow["x"], cdnow["t_x"], cdnow["T"])
    assert model.parameters == pytest.approx([0.5248, 6.1830, 0.8913, 1.6142], rel=2e-3)


def test_published_bg_bb(donations):
    model = BGBB.fit(donations["frequency"], donations["recency"], donations["T"])
    assert len(donations) == 11_104
    assert model.parameters == pytest.approx([1.204, 0.750, 0.657, 2.783], abs=5e-4)
    assert model.peak.log_likelihood == pytest.approx(-33225.58, abs=0.01)
    assert model.expected(6, 6, 6, 5) == pytest.approx(3.75, abs=0.005)
    assert model.expected(0, 0, 6, 5) == pytest.approx(0.07, abs=0.005)


def test_published_sbg():
    stayed = np.array([1000, 631, 468, 382, 326, 289, 262, 241])
    renewals = np.repeat(np.arange(8), np.append(-np.diff(stayed), stayed[-1]))
    model = SBG.fit(renewals, renewals, np.full(1000, 7))
    assert model.parameters == pytest.approx([0.704, 1.182], abs=5e-4)
    assert model.survival([1, 7, 12]) == pytest.approx([0.627, 0.239, 0.170], abs=1e-3)


def test_slopes_and_curvature_are_those_of_the_likelihood(base):
    surface, at = base._surface(Histories.of(*HISTORIES)), base.parameters
    _, slope, bend = surface(at)
    for k in range(len(at)):
        nudge = np.zeros(len(at))
        nudge[k] = 1e-5 * at[k]
        (up, slope_up, _), (down, slope_down, _) = surface(at + nudge), surface(at - nudge)
        assert (up - down) / (2 * nudge[k]) == pytest.approx(slope[k], rel=1e-5, abs=1e-6)
        assert (slope_up - slope_down) / (2 * nudge[k]) == pytest.approx(bend[k], rel=1e-4, abs=1e-6)


def test_drawn_futures_have_the_expected_mean(base):
    x, T = np.full(100_000, 4.0), np.full(100_000, 6.0)
    drawn = base.draw_if_active(x, T, 12.5, random=np.random.default_rng(1))
    assert drawn.mean() == pytest.approx(float(base.expected_if_active(4.0, 6.0, 12.5)), rel=0.02)
    assert (drawn > 0).mean() == pytest.approx(float(base.buys_if_active(4.0, 6.0, 12.5)), abs=0.006)


def test_better_kept_customers_stay_and_buy_more(base):
    stay = [float(base.retained(2.0, 6.0, 10.0, leaving)) for leaving in (1.0, 0.5, 0.01)]
    buy = [float(base.expected_if_active(2.0, 6.0, 10.0, leaving)) for leaving in (1.0, 0.5, 0.01)]
    assert 0 < stay[0] < stay[1] < stay[2] < 1
    assert 0 < buy[0] < buy[1] < buy[2]


def test_what_is_expected_grows_with_time_and_who_stayed_away_is_less_alive(base):
    grown = base.expected_if_active(2.0, 6.0, np.array([0.5, 1.0, 4.0, 50.0]))
    assert (np.diff(grown) > 0).all()
    chances = base.p_alive(2.0, 3.0, np.array([3.0, 6.0, 20.0]))
    assert (np.diff(chances) <= 0).all()
    assert ((chances >= 0) & (chances <= 1)).all()


def test_a_base_drawn_anew_scatters_as_the_curvature_says(base):
    random = np.random.default_rng(5)
    n = 2000
    T = random.integers(4, 12, n).astype(float)
    if base.called in ("BG/BB", "sBG"):
        stays = np.minimum(random.geometric(random.beta(1.5, 6, n)) - 1, T)
        taken = random.random((n, 12)) < random.beta(2, 2, n)[:, None] if base.called == "BG/BB" else np.ones((n, 12))
        taken = taken * (np.arange(1, 13) <= stays[:, None])
        x, t_x = taken.sum(axis=1), (taken * np.arange(1, 13)).max(axis=1)
    else:
        T = random.integers(10, 40, n).astype(float)
        rate, life = random.gamma(1.5, 0.4, n), random.exponential(1 / random.gamma(2, 0.05, n))
        seen = np.minimum(life, T)
        x = random.poisson(rate * seen)
        t_x = np.where(x > 0, seen * random.random(n) ** (1 / np.maximum(x, 1)), 0)
    histories = Histories.of(x, t_x, T)
    fitted = type(base).of(histories)
    scatter = np.log([model.parameters for model in fitted.resampled(histories, seed=1)])
    assert fitted.peak.converged
    assert scatter.std(axis=0) == pytest.approx(fitted.peak.log_errors, rel=0.5)
    assert scatter.mean(axis=0) == pytest.approx(np.log(fitted.parameters), abs=2.5 * fitted.peak.log_errors.max())


@settings(max_examples=40, deadline=None)
@given(
    r=st.floats(0.1, 5), alpha=st.floats(0.5, 200), s=st.floats(0.1, 5), beta=st.floats(0.5, 200),
    x=st.integers(0, 60), back=st.floats(0, 1), T=st.floats(1, 300),
)  # fmt: skip
def test_pareto_nbd_sums_over_all_moments_of_leaving(r, alpha, s, beta, x, back, T):
    """Against an adaptive integral, with a customer's purchases where such a base would make them."""
    from scipy.integrate import quad
    from scipy.special import gammaln

    t_x = back * T if x else 0.0
    top = -(r + x) * np.log(alpha + t_x) - s * np.log(beta + t_x)

    def leaving(t):
        return np.exp(-(r + x) * np.log(alpha + t) - (s + 1) * np.log(beta + t) + np.log(s) - top)

    stayed = np.exp(-(r + x) * np.log(alpha + T) - s * np.log(beta + T) - top)
    total = stayed + sum(quad(leaving, *ends, epsabs=0, limit=400)[0] for ends in _parts(t_x, T))
    told = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta) + top + np.log(total)
    model = ParetoNBD(r=r, alpha=alpha, s=s, beta=beta)
    assert model.log_likelihood([x], [t_x], [T]) == pytest.approx(told, rel=1e-6, abs=1e-6)
    assert model.p_alive(x, t_x, T) == pytest.approx(stayed / total, rel=1e-5)


def _parts(t_x, T):
    ends = t_x + (T - t_x) * np.array([0, 0.001, 0.01, 0.1, 0.3, 1])
    return list(itertools.pairwise(ends))


def test_pareto_nbd_keeps_its_digits_for_whoever_buys_a_thousand_times():
    model = ParetoNBD(r=0.55, alpha=10.6, s=0.6, beta=11.7)
    assert np.isfinite(model.log_likelihood([1000], [39.9], [40]))
    assert 0 < float(model.p_alive(1000, 30.0, 40)) < 1e-30 < 0.5 < float(model.p_alive(1000, 39.99, 40))


def test_mbg_nbd_lets_who_never_came_back_leave():
    model = MBGNBD(r=0.5, alpha=6, a=0.9, b=1.6)
    alive = model.p_alive(0, 0, np.array([0.0, 10.0, 100.0]))
    assert alive[0] == pytest.approx(1.6 / 2.5)
    assert alive[0] > alive[1] > alive[2]
    assert BGNBD(r=0.5, alpha=6, a=0.9, b=1.6).p_alive(0, 0, 100) == 1


def test_a_contract_that_ended_is_worth_nothing_more():
    model = SBG(alpha=0.7, beta=1.2)
    assert model.expected(3, 3, 6, 12) == 0
    assert model.expected(6, 6, 6, 12) > model.expected(3, 3, 3, 12) > 0
