"""The structure beneath Baseline, held to statsmodels' own numbers."""

import numpy as np
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from crm_analytics.effectiveness.unlinked import structural


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(3)
    days = 900
    x = np.c_[rng.standard_normal(days), np.cumsum(rng.standard_normal(days)) / 30]
    noise = np.zeros(days)
    for day in range(1, days):
        noise[day] = 0.4 * noise[day - 1] + 0.08 * rng.standard_normal()
    level = np.cumsum(0.002 * rng.standard_normal(days))
    return x - x.mean(axis=0), np.exp(x @ [0.10, -0.05] + level) * (1 + noise)


def test_what_was_planted_is_found(planted):
    x, sales = planted
    found = structural.fit(sales, x, np.ones(2))
    coefficients, errors = found.coefficients
    assert np.abs(coefficients - [0.10, -0.05]) == pytest.approx(0, abs=3 * errors.max())
    assert found.noise_sd == pytest.approx(0.08, rel=0.1)
    assert found.persistence == pytest.approx(0.4, abs=0.12)


def test_many_influences_on_a_short_history_do_not_make_its_noise_look_small():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((150, 40))
    found = [structural.fit(1 + 0.05 * rng.standard_normal(150), x, np.ones(40)).noise_sd ** 2 for _ in range(8)]
    assert np.sqrt(np.mean(found)) == pytest.approx(0.05, rel=0.1)


def test_how_much_campaigns_differ_is_learned_whatever_the_rhythm_of_the_week():
    """A dozen that differ by 0.05 about 0.15, beside a week that swings by a third."""
    rng, days = np.random.default_rng(8), 1000
    own = np.zeros((days, 12))
    for number in range(12):
        own[30 + 80 * number :, number][:21] = 1.0
    week = np.eye(7)[np.arange(days) % 7][:, :6]
    course = own @ (0.15 + 0.05 * rng.standard_normal(12)) + week @ rng.normal(0, 0.35, 6)
    x = np.c_[week, own.sum(axis=1), own]
    sales = np.exp(course) * (1 + 0.07 * rng.standard_normal(days))
    family = np.arange(x.shape[1]) >= 7
    found = structural.fit(sales, x - x.mean(axis=0), np.r_[np.ones(6), 0.2, np.full(12, 0.1)], family)
    assert 0.03 < found.prior_sd[-1] < 0.09


def test_the_quick_likelihood_ranks_variances_as_statsmodels_does(planted):
    x, sales = planted
    z = structural._working_response(sales[:, None], structural._Known.of(x[:, None]), np.ones(2))
    tried = [(1e-4, 0.4), (1e-3, 0.4), (1e-2, 0.4), (1e-1, 0.2), (1e-3, 0.0), (1e-3, 0.8)]
    quick, exact = [], []
    for q, rho in tried:
        profile = structural._profiles(z, structural._Known.of(x[:, None]), np.full((1, 2), 100.0), q, rho)
        quick.append(profile.likelihood[0, 0])
        variance = profile.variance[0, 0]
        model = UnobservedComponents(z[:, 0], level="random walk", autoregressive=1, exog=x)
        exact.append(model.loglike(np.r_[q * variance, variance, rho, profile.beta[0, 0]]))
    quick, exact = np.array(quick) - quick[0], np.array(exact) - exact[0]
    assert quick == pytest.approx(exact, abs=3.0), "apart by hundreds between them, alike within the first days' weight"
    assert np.ptp(exact) > 50


def test_the_filter_is_statsmodels_filter_with_coefficients_in_the_state(planted):
    x, sales = planted
    found = structural.fit(sales[:300], x[:300], np.array([1.0, 0.2]))
    model = UnobservedComponents(found.z, level="random walk", autoregressive=1, exog=x[:300], mle_regression=False)
    variance = found.noise_sd**2
    model.ssm.initialize_known(np.zeros(4), np.diag([100.0, variance / (1 - found.persistence**2), 1.0, 0.04]))
    model.update(np.array([found.wandering * variance, variance, found.persistence]))
    exact = model.ssm.filter()
    assert found.expected == pytest.approx(exact.forecasts[0], abs=1e-6)
    assert found.surprises == pytest.approx(exact.standardized_forecasts_error[0], abs=1e-6)
    assert found.log_likelihood == pytest.approx(exact.llf_obs.sum())
    for after in (0, 40, 300):
        state, covariance = found.state(after)
        assert state == pytest.approx(exact.predicted_state[:, after], abs=1e-6)
        assert covariance == pytest.approx(exact.predicted_state_cov[:, :, after], abs=1e-5)


def test_series_that_share_their_influences_are_fitted_as_each_alone(planted):
    x, sales = planted
    rng = np.random.default_rng(1)
    several = sales[:400, None] * np.exp(0.1 * rng.standard_normal((400, 3)))
    family = np.array([False, True])
    each = np.stack([np.c_[x[:400, 0], np.roll(x[:400, 1], shift)] for shift in range(3)], axis=1)
    together = structural.fit_many(several, each, np.ones(2), family)
    for s, one in enumerate(together):
        alone = structural.fit(several[:, s], each[:, s], np.ones(2), family)
        assert one.z == pytest.approx(alone.z)
        assert (one.noise_sd, one.wandering, *one.prior_sd) == pytest.approx(
            (alone.noise_sd, alone.wandering, *alone.prior_sd)
        )


def test_the_spread_within_a_family_is_learned():
    """Twenty events of known size: where they hardly differ the last is foretold by the others, else it is not."""
    rng = np.random.default_rng(2)
    days, events = 1000, 20
    x = np.zeros((days, events))
    for event in range(events):
        x[40 * event + 20 : 40 * event + 34, event] = 1.0
    spread = {}
    for planted in (0.01, 0.3):
        sales = np.exp(x @ (planted * rng.standard_normal(events))) * (1 + 0.05 * rng.standard_normal(days))
        spread[planted] = structural.fit(sales, x, np.full(events, 0.1), np.ones(events, bool)).prior_sd[0]
    assert spread[0.01] < 0.05
    assert spread[0.3] == pytest.approx(0.2, abs=0.02), "as wide as the widest candidate"


def test_forecasts_match_statsmodels_and_widen_with_distance(planted):
    x, sales = planted
    found = structural.fit(sales[:800], x[:800], np.ones(2))
    paths = found.paths(x[800:860], after=800, draws=4000, seed=1)
    variance = found.noise_sd**2
    model = UnobservedComponents(found.z, level="random walk", autoregressive=1, exog=x[:800])
    params = np.r_[found.wandering * variance, variance, found.persistence, found.coefficients[0]]
    expected = model.smooth(params).get_forecast(60, exog=x[800:860]).predicted_mean
    assert np.log(paths.mean(axis=0)) == pytest.approx(expected, abs=0.02)
    course = np.log(paths.mean(axis=0)[-1])
    assert np.isfinite(course)
    assert np.std(paths[:, -1]) > np.std(paths[:, 0])


def test_the_same_seed_gives_the_same_paths(planted):
    x, sales = planted
    found = structural.fit(sales[:400], x[:400], np.ones(2))
    one, two, other = (found.paths(x[400:420], after=400, draws=200, seed=seed) for seed in (1, 1, 2))
    assert (one == two).all()
    assert (one != other).any()


def test_a_small_store_is_not_foretold_too_high():
    """The logarithm of a noisy day is too low on average; the working response is not."""
    rng = np.random.default_rng(5)
    sales = np.array([rng.lognormal(0, 1, count).sum() for count in rng.poisson(4, 1000)])
    nothing = np.zeros((1000, 1))
    found = structural.fit(sales / sales.mean(), nothing, np.ones(1))
    total = found.paths(nothing[:60], after=1000, draws=3000, seed=1).sum(axis=1).mean()
    assert total == pytest.approx(60, rel=0.12)
