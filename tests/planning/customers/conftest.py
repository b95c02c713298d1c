"""The CDNOW customers, on whom the models were published, and customers simulated by the models themselves."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def cdnow(datasets) -> pd.DataFrame:
    """The summary as published: x, t_x and T in weeks, and the mean value of repeat purchases."""
    return pd.read_csv(datasets / "cdnow" / "cdnow_customers_summary_with_transactions.csv")


@pytest.fixture(scope="session")
def cdnow_people(cdnow) -> pd.DataFrame:
    """The same as a table of `features.purchases`: in days, with all their columns."""
    repeat = cdnow["x"] > 0
    return pd.DataFrame(
        {
            "customer_id": cdnow["ID"].map("{:05d}".format),
            "orders": cdnow["x"] + 1,
            "x": cdnow["x"],
            "t_x": (cdnow["t_x"] * 7).round(),
            "T": (cdnow["T"] * 7).round(),
            "revenue": cdnow["zbar"] * cdnow["x"],
            "margin": np.nan,
            "mean_repeat_revenue": cdnow["zbar"].where(repeat),
            "mean_repeat_margin": np.nan,
        }
    )


@pytest.fixture(scope="session")
def cdnow_spend(datasets) -> pd.DataFrame:
    """What the same customers did in the 39 weeks that were hidden: a table of `features.spend`."""
    path = datasets / "cdnow" / "CDNOW_sample.txt"
    names = ["master", "customer_id", "day", "cds", "revenue"]
    lines = pd.read_csv(path, sep=r"\s+", names=names, dtype={"customer_id": "str", "day": "str"})
    lines = lines.assign(day=pd.to_datetime(lines["day"]), customer_id=lines["customer_id"].str.zfill(5))
    hidden = lines[lines["day"] >= "1997-10-01"]
    spent = hidden.groupby("customer_id").agg(orders=("day", "nunique"), revenue=("revenue", "sum"))
    return spent.assign(margin=np.nan, days=273).reset_index()


PLANTED = {"r": 0.8, "alpha": 60.0, "a": 0.7, "b": 4.0, "p": 3.0, "q": 4.0, "gamma": 60.0}


def planted(customers: int = 1500, seed: int = 1, horizon_days: int = 365) -> SimpleNamespace:
    """Customers who behave exactly as BG/NBD and Gamma-Gamma say, and what they do afterwards."""
    k, random = SimpleNamespace(**PLANTED), np.random.default_rng(seed)
    T = random.integers(30, 730, customers)
    rate, leaving = random.gamma(k.r, 1 / k.alpha, customers), random.beta(k.a, k.b, customers)
    taste = random.gamma(k.q, 1 / k.gamma, customers)
    rows, happened = [], []
    for i in range(customers):
        now, days, after, active = 0.0, [], 0, True
        while active:
            now += random.exponential(1 / rate[i])
            if now >= T[i] + horizon_days:
                break
            if now < T[i]:
                days.append(now)
            else:
                after += 1
            active = random.random() > leaving[i]
        mean = random.gamma(k.p * len(days)) / taste[i] / len(days) if days else np.nan
        rows.append((f"{i:05d}", len(days), days[-1] if days else 0.0, T[i], mean))
        happened.append((f"{i:05d}", after, random.gamma(k.p * after) / taste[i] if after else 0.0))
    people = pd.DataFrame(rows, columns=["customer_id", "x", "t_x", "T", "mean_repeat_revenue"])
    people = people.assign(
        orders=people["x"] + 1,
        revenue=people["mean_repeat_revenue"].fillna(20) * (people["x"] + 1),
        margin=np.nan,
        mean_repeat_margin=np.nan,
    )
    spend = pd.DataFrame(happened, columns=["customer_id", "orders", "revenue"]).assign(
        margin=np.nan, days=horizon_days
    )
    return SimpleNamespace(people=people, spend=spend[spend["orders"] > 0], rate=rate, leaving=leaving)


@pytest.fixture(scope="session")
def base() -> SimpleNamespace:
    return planted()


@pytest.fixture(scope="session")
def draw_base():
    """`planted`, for tests that need many bases."""
    return planted
