"""Profit, not leads: intervals that cover, a busy and poor source is called so, and no cost is forgotten."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import LeadProfit, NotEnough, draw, features
from crm_analytics.simulation.enquiries import DEAL_WORTH, Source
from crm_analytics.simulation.enquiries import enquiries as simulated


def enquiries(seed: int) -> pd.DataFrame:
    return simulated(seed)[0]


def test_the_intervals_cover_what_an_enquiry_leaves():
    inside = []
    for seed in range(20):
        frame, planted = simulated(seed)
        table = LeadProfit().fit(frame).table.set_index("part")
        for part, each in planted.items():
            inside.append(table.loc[part, "each_low"] <= each <= table.loc[part, "each_high"])
    assert 0.87 <= np.mean(inside) <= 0.99


def test_many_enquiries_and_little_profit_are_called_so():
    result = LeadProfit().fit(enquiries(1))
    busy = result.table.set_index("part")["busy"]
    assert busy["web form"]
    assert not busy["recommendation"]
    assert "web form brings 70 % of the enquiries" in result.text
    assert "one of recommendation" in draw(result).layout.title.text
    assert any("web form" in claim.decision for claim in result.claims)
    alike = enquiries(2).query("part == 'fair'")
    both = pd.concat([alike, alike.assign(part="other fair")])
    assert not LeadProfit().fit(both).table["busy"].any()


def test_few_deals_may_be_more_rather_than_fewer():
    sources = {"many": Source(400, 0.2, 1.0), "few": Source(60, 0.08, 1.0), "none": Source(40, 0.0, 1.0)}
    row = LeadProfit().fit(simulated(1, sources=sources)[0]).table.set_index("part")
    assert row.loc["few", "high"] - row.loc["few", "profit"] > 1.2 * (row.loc["few", "profit"] - row.loc["few", "low"])
    assert row.loc["none", "low"] == row.loc["none", "profit"] == -40
    assert 3 * DEAL_WORTH < row.loc["none", "high"] < 5 * DEAL_WORTH


def test_sums_are_those_of_the_table():
    frame = enquiries(3)
    table = LeadProfit().fit(frame).table
    assert table["profit"].sum() == pytest.approx(frame["margin"].sum() - frame["cost"].sum())
    assert table["leads"].sum() == frame["leads"].sum()
    assert table["share_of_leads"].sum() == pytest.approx(1)


def test_costs_that_are_lacking_are_said_and_a_campaign_s_cost_is_charged_once():
    frame = enquiries(4)
    unknown = LeadProfit().fit(frame.assign(cost=0.0, priced=0))
    assert next(check.verdict for check in unknown.checks if check.name == "Cost") == "weak"
    charged = LeadProfit().fit(frame.assign(campaign_cost=np.where(frame["part"] == "fair", 5000.0, 0.0)))
    before, after = (r.table.set_index("part").loc["fair", "profit"] for r in (LeadProfit().fit(frame), charged))
    assert before - after == pytest.approx(5000)


def test_without_unit_costs_it_is_revenue_and_too_little_is_refused():
    frame = enquiries(5)
    result = LeadProfit().fit(frame.assign(margin=np.nan))
    assert result.basis == "revenue"
    assert "in revenue" in result.text
    assert isinstance(LeadProfit().fit(frame.assign(won=0, revenue=0.0, margin=0.0)), NotEnough)
    with pytest.raises(ValueError, match="not negative"):
        LeadProfit().fit(frame.assign(won=-1))
    with pytest.raises(ValueError, match="confidence"):
        LeadProfit(confidence=95)


def test_the_demo_s_enquiries_are_all_there_and_judged_when_ripe(company, truth):
    frame = features.lead_money(company, days=3000).to_pandas()
    leads = company.leads.to_pandas()
    until = pd.Timestamp(frame["until"].iloc[0])
    assert frame["leads"].sum() == (leads["at"] < until + pd.Timedelta(days=1)).sum()
    assert (company.today - until.date()).days > 60
    told = LeadProfit().fit(frame).table.set_index("part")
    rate = told["deals"] / told["leads"]
    for part, chance in truth.numbers["leads_qualified"].items():
        spread = 3 * np.sqrt(chance * (1 - chance) / told.loc[part, "leads"])
        assert rate[part] == pytest.approx(chance, abs=spread)
    assert features.lead_money(company, days=3000, by="campaign").to_pandas()["leads"].sum() == frame["leads"].sum()
