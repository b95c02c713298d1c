"""Drift of data against inputs that only swing with the season, and others that moved."""

import pandas as pd
import pytest

from crm_analytics import DataDrift, NotEnough, features
from crm_analytics.simulation.forecasts import inputs

SEEDS = range(6)


def test_a_season_is_no_drift():
    found = [DataDrift().fit(inputs(seed)) for seed in SEEDS]
    accused = sum((one.table["verdict"] == "drifted").any() for one in found)
    assert accused <= 1
    naive = sum((one.table["psi"] >= 0.25).any() for one in found)
    assert naive == len(found)  # what a look at two windows alone would have said
    assert all(one.table.set_index("input").loc["amount", "verdict"] == "season" for one in found)


def test_what_moved_is_found():
    found = [DataDrift().fit(inputs(seed, moved=0.4)).table.set_index("input") for seed in SEEDS]
    assert sum(one.loc["channel", "verdict"] == "drifted" for one in found) >= 5
    assert sum(one.loc["region", "verdict"] == "drifted" for one in found) == 0


def test_its_claim_says_to_learn_again():
    claim = DataDrift().fit(inputs(1, moved=0.5)).claims[0]
    assert "channel" in claim.decision
    assert not DataDrift().fit(inputs(1)).claims[0].decision


def test_a_short_history_is_refused_or_said_to_be_without_season():
    assert isinstance(DataDrift().fit(inputs(1, weeks=20)), NotEnough)
    one = DataDrift().fit(inputs(1, weeks=45, season=0.0))
    assert [check.verdict for check in one.checks][1] == "weak"
    assert not (one.table["verdict"] == "drifted").any()


def test_learned_on_moves_the_window():
    frame = inputs(2)
    until = pd.Timestamp(frame["until"].iloc[0])
    learned = until - pd.Timedelta(weeks=60)
    result = DataDrift(learned_on=str(learned.date())).fit(frame)
    assert pd.Timestamp(result.learned[1]) <= learned
    assert isinstance(DataDrift(learned_on=str(until.date())).fit(frame), NotEnough)
    with pytest.raises(ValueError, match="weeks"):
        DataDrift(weeks=3)


def test_inputs_are_counted_once_each(company):
    table = features.order_inputs(company).to_pandas()
    whole = table[table["input"] == "amount"].groupby("week")["orders"].sum()
    orders = company.orders.to_pandas().query("kind == 'sale'")
    day = pd.to_datetime(orders["ordered_at"]).dt.normalize()
    last = pd.Timestamp(table["week"].max())
    made = company.products.to_pandas().set_index("product_id")["made_to_order"]
    lines = company.order_lines.to_pandas()
    ordinary = set(lines.loc[~lines["product_id"].map(made).fillna(False).astype(bool), "order_id"])
    there = orders["order_id"].isin(ordinary)
    assert whole.iloc[-1] == ((day >= last) & (day < last + pd.Timedelta(days=7)) & there).sum()
    assert table.groupby("input")["week"].nunique().max() >= 150
