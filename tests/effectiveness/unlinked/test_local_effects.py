"""Local effects: each unit's and the whole's, which sum, and what is found where nothing ran."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import LocalEffects, NotEnough, draw
from crm_analytics.simulation.panel import side_by_side


@pytest.fixture(scope="module")
def planted():
    """Six companies of eight stores, half of which had a campaign that added a tenth; half with a price cut."""
    found = []
    for seed in range(6):
        sales, truth = side_by_side(
            seed, units=8, treated=4, effect=0.1, coincides_with=("nothing", "price cut")[seed % 2]
        )
        result = LocalEffects(draws=300).fit(sales)
        inside = truth.brought[truth.brought["day"] <= pd.Timestamp(result.until)]
        found.append((sales, result, inside.groupby("unit")["revenue"].sum()))
    return found


def test_the_whole_and_its_parts_are_covered(planted):
    parts, wholes, alone = [], [], []
    for _, result, brought in planted:
        for row in result.table.itertuples():
            (parts if row.reached else alone).append(row.low <= brought.get(row.unit, 0.0) <= row.high)
        ran = result.table.loc[result.table["reached"], "unit"]
        wholes.append(result.low <= brought.reindex(ran).sum() <= result.high)
    assert np.mean(wholes) >= 0.8
    assert np.mean(parts) >= 0.75
    assert np.mean(alone) >= 0.8


def test_units_sum_to_the_whole(planted):
    _, result, _ = planted[0]
    ran = result.table[result.table["reached"]]
    assert ran["effect"].sum() == pytest.approx(result.effect)
    assert (ran["share"] * ran["expected"]).to_numpy() == pytest.approx(ran["effect"].to_numpy())
    assert result.claims[0].value == result.effect


def test_units_left_alone_are_said_and_drawn_apart(planted):
    _, result, _ = planted[2]
    assert any(check.name == "Units left alone" for check in result.checks)
    labels = {str(trace.y[0]) for trace in draw(result).data}
    assert sum("left alone" in label for label in labels) == (~result.table["reached"]).sum()
    assert "all that were reached" in labels


def test_days_of_one_s_own_choice_ask_all_units(planted):
    sales, _, _ = planted[0]
    result = LocalEffects(starts="2024-03-01", ends="2024-03-28", draws=200).fit(sales)
    assert result.table["reached"].all()
    assert result.table["effect"].sum() == pytest.approx(result.effect)


def test_what_cannot_be_asked_is_refused(planted):
    sales, _, _ = planted[0]
    with pytest.raises(ValueError, match="gaps"):
        LocalEffects().fit(sales.drop(index=5))
    with pytest.raises(ValueError, match="starts"):
        LocalEffects(starts="2024-03-01", ends="2024-01-01")
    assert isinstance(LocalEffects().fit(sales.assign(campaign="")), NotEnough)
    late = sales[sales["day"] >= sales.loc[sales["campaign"] != "", "day"].min() - pd.Timedelta(days=20)]
    refused = LocalEffects().fit(late)
    assert isinstance(refused, NotEnough)
    assert "56" in refused.text
