"""Campaigns of four channels whose response curves are known."""

import numpy as np
import pandas as pd
import pytest

A = np.array([9000.0, 6000.0, 3000.0, 1500.0])
B = np.array([3000.0, 2000.0, 2500.0, 1000.0])


def campaigns(seed=1, per_channel=6, spread=0.1, sd=5.0, treated=320, control=80):
    """One row a campaign; what it brought follows its channel's curve, times luck, measured with noise."""
    rng = np.random.default_rng(seed)
    rows = []
    for channel, a, b in zip(("call", "email", "post", "sms"), A, B, strict=True):
        for number in range(per_channel):
            cost = float(rng.lognormal(np.log(2000), 0.6))
            brought = a * np.log1p(cost / b) * (1 + spread * rng.normal())
            rows.append(
                {
                    "campaign_id": f"{channel} {number}", "channel": channel, "region": None, "cost": cost,
                    "starts": pd.Timestamp("2024-01-01") + pd.Timedelta(days=720 * number // per_channel),
                    "n_treated": treated, "n_control": control,
                    "mean_treated": 15 + brought / treated + rng.normal() * sd / np.sqrt(treated),
                    "mean_control": 15 + rng.normal() * sd / np.sqrt(control),
                    "var_treated": sd**2, "var_control": sd**2,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def four_channels():
    return campaigns()


@pytest.fixture(scope="session")
def make_campaigns():
    return campaigns


@pytest.fixture(scope="session")
def true_curves():
    return A, B
