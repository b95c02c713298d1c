"""Gamma-Gamma: the published numbers and how it draws a customer toward everybody."""

import numpy as np
import pytest

from crm_analytics.planning.customers.buying.gamma_gamma import GammaGamma


@pytest.fixture(scope="module")
def repeat(cdnow):
    return cdnow[cdnow["x"] > 0]


@pytest.fixture(scope="module")
def fitted(repeat):
    return GammaGamma.fit(repeat["x"], repeat["zbar"])


def test_the_published_numbers(fitted, repeat):
    assert len(repeat) == 946
    assert fitted.peak.converged
    assert fitted.parameters == pytest.approx([6.249, 3.745, 15.448], abs=5e-4)
    assert fitted.peak.log_likelihood == pytest.approx(-4055.92, abs=0.01)
    assert fitted.log_likelihood(repeat["x"], repeat["zbar"]) == pytest.approx(-4055.92, abs=0.01)


def test_the_currency_changes_only_gamma(fitted, repeat):
    in_cents = GammaGamma.fit(repeat["x"], repeat["zbar"] * 100)
    assert in_cents.parameters == pytest.approx(fitted.parameters * [1, 1, 100], rel=1e-5)


def test_the_more_purchases_the_more_a_customer_counts_by_itself(fitted):
    expected = fitted.expected(np.array([0, 1, 10, 1000]), np.array([np.nan, 100.0, 100.0, 100.0]))
    assert expected[0] == pytest.approx(fitted.mean)
    assert (np.diff(expected) > 0).all()
    assert expected[-1] == pytest.approx(100, rel=0.01)


def test_drawn_sums_have_the_expected_mean(fitted):
    x, bought = np.full(200_000, 3.0), np.full(200_000, 2)
    drawn = fitted.draw_scaled(x, bought, random=np.random.default_rng(1)) * fitted.scale(x, 50.0)
    assert drawn.mean() == pytest.approx(2 * float(fitted.expected(3.0, 50.0)), rel=0.02)


def test_slopes_and_curvature_lead_to_a_peak(fitted, repeat):
    best = fitted.peak.log_likelihood
    for k in range(3):
        for factor in (0.98, 1.02):
            aside = fitted.parameters.copy()
            aside[k] *= factor
            assert GammaGamma.at(aside).log_likelihood(repeat["x"], repeat["zbar"]) < best


@pytest.mark.parametrize(("x", "mean_value"), [([0, 1], [5, 5]), ([1, 1], [5, -5])])
def test_it_takes_only_customers_who_paid_again(x, mean_value):
    with pytest.raises(ValueError, match="bought again"):
        GammaGamma.fit(x, mean_value)
