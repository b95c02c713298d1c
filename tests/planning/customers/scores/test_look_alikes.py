"""Look-alikes: what is planted is found, they did become the best more often, and of noise nothing is said."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import LookAlikes, NotEnough, draw, features
from crm_analytics.planning.customers.scores.shared import shared


@pytest.fixture(scope="module")
def rising(company):
    return features.future_best(company).to_pandas()


@pytest.fixture(scope="module")
def alike(rising):
    return LookAlikes(draws=100).fit(rising)


def crowd(seed=1, customers=1500, link=1.5):
    rng = np.random.default_rng(seed)
    town = rng.choice(["north", "south", "west"], customers)
    p = 0.1 * np.where(town == "north", 1 + link, 1.0)
    rows = []
    for year in range(3):
        rows.append(
            pd.DataFrame(
                {
                    "customer_id": [f"c{i}" for i in range(customers)],
                    "snapshot": pd.Timestamp("2022-01-01") + pd.Timedelta(days=364 * year),
                    "until": pd.Timestamp("2022-01-01") + pd.Timedelta(days=364 * (year + 1)),
                    "target": (rng.random(customers) < p).astype(float) if year < 2 else np.nan,
                    "town": town,
                    "colour": rng.choice(["red", "green", "blue"], customers),
                    "revenue": rng.exponential(100, customers),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def test_what_the_best_share_is_found_and_nothing_else():
    result = LookAlikes(draws=60).fit(crowd())
    assert set(result.shared["column"]) == {"town"}
    assert result.shared["what"].iloc[0] == "town: north"
    assert result.lift[1] > 1
    north = crowd().query("target != target").set_index("customer_id")["town"].eq("north")
    most = result.table.nlargest(300, "likeness")["customer_id"]
    assert north.loc[most].all()


def test_of_noise_it_says_that_nothing_distinguishes_them():
    refused = LookAlikes(draws=60).fit(crowd(link=0.0))
    assert isinstance(refused, NotEnough)
    assert "nothing known beforehand" in refused.text


def test_chance_differences_are_held_back():
    false = 0
    for seed in range(30):
        frame = crowd(seed=seed, customers=300, link=0.0).query("target == target and snapshot < '2022-06-01'")
        false += len(shared(frame.reset_index(drop=True), ["town", "colour", "revenue"], false_share=0.05)) > 0
    assert false <= 6


def test_money_so_far_is_no_likeness_unless_let_in(alike, rising):
    assert not {"revenue", "orders", "mean_order"} & set(alike.found.card.columns)
    assert [c.verdict for c in alike.checks if c.name == "no circle"] == ["holds"]


def test_a_history_without_a_second_horizon_is_refused():
    frame = crowd()
    short = frame[(frame["snapshot"] == frame["snapshot"].min()) | frame["target"].isna()]
    assert isinstance(LookAlikes().fit(short), NotEnough)


def test_the_planted_segments_are_behind_the_likeness(truth, alike):
    """Companies, dealers and gardeners bring most by their planted rates; nobody told the Study who they are."""
    known = truth.customers.set_index("customer_id")
    called = alike.table.set_index("customer_id")["alike"].reindex(known.index)  # who never bought is in no truth
    most, rest = known[called.eq(True)], known[called.eq(False)]
    rich = ["companies", "dealers", "gardeners"]
    assert most["segment"].isin(rich).mean() > 1.5 * rest["segment"].isin(rich).mean()
    assert most["expected_orders_365"].mean() > 1.5 * rest["expected_orders_365"].mean()
    assert "kind: company" in set(alike.shared["what"])


def test_it_looks_only_at_who_was_not_yet_the_best_and_draws(alike, rising):
    known = rising[rising["target"].notna()]
    again = known.sort_values("snapshot").groupby("customer_id")["target"].apply(lambda t: t.iloc[:-1].max())
    assert known["target"].mean() < 0.2
    assert again.notna().any()
    assert len(draw(alike).layout.title.text) > 20
