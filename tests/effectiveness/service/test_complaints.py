"""Who is to blame for complaints, against worlds in which it is known; and the hose that bursts."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Complaints, NotEnough, features
from crm_analytics.simulation import contacts
from crm_analytics.simulation.complaints import complained

SEEDS = range(8)


def by_number(result):
    return result.table.assign(number=result.table["value"].str[8:].astype(int)).set_index("number").sort_index()


@pytest.mark.parametrize("setting", [{}, {"together": 0.7}, {"fault": 0.0}], ids=str)
def test_intervals_cover_the_true_rates(setting):
    covered, accused = [], 0
    for seed in SEEDS:
        frame, truth = complained(seed, **setting)
        found = by_number(Complaints().fit(frame))
        rates = 1000 * truth.rates[found.index] * 13 / 12  # one month in twelve has twice as many
        covered.append(((found["low"] <= rates) & (rates <= found["high"])).mean())
        accused += (found["verdict"].drop(index=7, errors="ignore") == "improve").any()
    assert np.mean(covered) >= 0.92
    assert accused <= 1


def test_the_faulty_product_is_first_and_its_companion_is_not_blamed():
    first, plain = 0, 0
    for seed in SEEDS:
        result = Complaints().fit(complained(seed, together=0.7)[0])
        first += result.table["value"].iloc[0] == "product 7" and result.table["verdict"].iloc[0] == "improve"
        rates = by_number(result)
        assert rates.loc[8, "verdict"] == "as others"
        plain += rates.loc[8, "plain_rate"] > 2 * result.overall
    assert first >= 7
    assert plain >= 7  # the plain count blames the companion


def test_nordhaus_has_a_hose_to_improve(company):
    result = Complaints().fit(features.complaints(company))
    assert result.table["value"].iloc[0] == contacts.FAULTY
    assert result.claims[0].decision
    assert "improve it first" in result.text
    others = result.by("store")
    assert not (others.table["verdict"] == "improve").any()


def test_cases_and_orders_are_those_of_the_facts(company):
    told = features.complaints(company).to_pandas()
    touched = company.contacts.to_pandas().query("outcome == 'complaint' and kind == 'in'")
    days = touched.assign(day=touched["at"].dt.normalize())[["customer_id", "day"]].drop_duplicates()
    assert told["case"].nunique() == len(days)
    stores = told[(told["dimension"] == "store") & told["case"].isna()]
    assert stores["returns"].sum() <= (company.orders.to_pandas()["kind"] == "return").sum()


def test_few_complaints_or_one_product_are_refused():
    frame, _ = complained(1, orders=300)
    assert isinstance(Complaints().fit(frame), NotEnough)
    many, _ = complained(1)
    assert isinstance(Complaints().fit(many[many["value"] == "product 7"]), NotEnough)
    with pytest.raises(ValueError, match="dimension"):
        Complaints(dimension="weather")


def test_seldom_sold_is_drawn_towards_all():
    frame, _ = complained(2)
    found = by_number(Complaints().fit(frame))
    rare = found[found["orders"] < found["orders"].median()]
    assert rare["rate"].std() < rare["plain_rate"].std()

def test_a_faulty_batch_is_not_excused_by_the_months_it_made_bad():
    rng, months = np.random.default_rng(5), pd.date_range("2023-01-01", periods=24, freq="MS")
    sold = [(f"product {i}", month, 200) for i in range(6) for month in months]
    sold += [("batch", month, 250) for month in months[14:18]]
    rows = pd.DataFrame(sold, columns=["value", "month", "orders"])
    cases = rng.poisson(rows["orders"] * np.where(rows["value"] == "batch", 0.14, 0.02))
    complained_of = rows.loc[rows.index.repeat(cases), ["value", "month"]].assign(orders=0)
    frame = pd.concat([rows.assign(case=np.nan), complained_of.assign(case=range(len(complained_of)))])
    frame = frame.assign(dimension="product", returns=0, returned=0.0, days=730)
    found = Complaints().fit(frame).table.set_index("value")
    assert found.loc["batch", "low"] <= 140 <= found.loc["batch", "high"]
    assert (found.drop(index="batch")["verdict"] == "as others").all()


def test_where_none_stands_out_the_one_that_is_named_the_most_is():
    result = Complaints().fit(complained(2, fault=0.0)[0])
    most = result.table.loc[result.table["rate"].idxmax()]
    assert "beyond chance none" in result.text
    assert f"that of {most['value']}" in result.text
