"""A larger company, in which what is planted shows above chance."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics.simulation.company import Simulation


@pytest.fixture(scope="session")
def large() -> Simulation:
    return Simulation(customers=20_000, seed=3)


@pytest.fixture(scope="session")
def large_lines(large: Simulation) -> pd.DataFrame:
    """Every line that was booked, with its order: day, customer, product, units, euros."""
    sales, lines = large.sales, large.sales.lines
    return pd.DataFrame(
        {
            "order": lines.order,
            "day": sales.day[lines.order],
            "customer": sales.customer[lines.order],
            "kind": sales.kind[lines.order],
            "product": lines.product,
            "units": lines.quantity,
            "euros": lines.amount / 100,
        }
    )


@pytest.fixture(scope="session")
def binomial_band():
    """Four standard deviations of a share: wide enough for any seed, too narrow for a mistake."""

    def band(chance: float, count: int) -> float:
        return 4 * np.sqrt(chance * (1 - chance) / count) + 1e-9

    return band
