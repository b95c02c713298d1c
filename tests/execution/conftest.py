"""The customers these tests choose from, and the days their campaign runs."""

from datetime import date

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def people():
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:04d}" for i in range(600)],
            "consent": True,
            "worth": rng.lognormal(3.5, 1, 600),
            "contacts_30": 0,
            "revenue_28": np.where(rng.random(600) < 0.4, rng.lognormal(3, 1, 600), 0),
        }
    )


@pytest.fixture(scope="session")
def days():
    return {"starts": date(2025, 7, 1), "ends": date(2025, 7, 28)}
