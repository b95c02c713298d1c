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


def test_the_quick_likelihood_ranks_variances_as_statsmodels_does(planted):
    x, sales = planted
    z = structural._working_response(sales, x, np.ones(2))
    tried = [(1e-4, 0.4), (1e-3, 0.4), (1e-2, 0.4), (1e-1, 0.2), (1e-3, 0.0), (1e-3, 0.8)]
    quick, exact = [], []
    for q, rho in tried:
        profile = structural._profile(z, x, np.full(2, 100.0), q, rho)
        quick.append(profile.likelihood)
        model = UnobservedComponents(z, level="random walk", autoregressive=1, exog=x)
        exact.append(model.loglike(np.r_[q * profile.variance, profile.variance, rho, profile.beta]))
    quick, exact = np.array(quick) - quick[0], np.array(exact) - exact[0]
    assert quick == pytest.approx(exact, abs=3.0), "apart by hundreds between them, alike within the first days' weight"
    assert np.ptp(exact) > 50


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
