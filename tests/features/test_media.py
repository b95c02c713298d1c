"""Spend by channel: every cost once, on the days it paid for; weeks whole; nothing from the future."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_analytics import features
from crm_analytics.warehouse.engine import TableAbsent


@pytest.fixture(scope="module")
def weeks(company) -> pd.DataFrame:
    return features.media(company).to_pandas()


def test_every_cost_is_there_once(company, weeks):
    costs = company.campaign_costs.inner_join(company.campaigns.select("campaign_id", "channel"), "campaign_id")
    paid = costs.group_by("channel").agg(paid=costs.amount.sum()).to_pandas().set_index("channel")["paid"].astype(float)
    spend = weeks.filter(regex="^spend_").sum()
    spend.index = spend.index.str.removeprefix("spend_")
    assert spend.sort_index().to_numpy() == pytest.approx(paid.sort_index().to_numpy(), abs=0.01)


def test_weeks_are_whole_and_end_the_day_before(company, weeks):
    starts = pd.to_datetime(weeks["starts"])
    assert (starts.diff().dropna() == pd.Timedelta(days=7)).all()
    assert starts.iloc[-1] + pd.Timedelta(days=7) == pd.Timestamp(company.today)
    days = features.daily_sales(company, campaign=None).to_pandas()
    days = days[pd.to_datetime(days["day"]) >= starts.iloc[0]]
    assert weeks["revenue"].sum() == pytest.approx(days["revenue"].sum())
    assert weeks["orders"].sum() == days["orders"].sum()
    assert weeks["price_index"].iloc[-1] == pytest.approx(days["price_index"].tail(7).mean())
    named = {name for week in weeks["holidays"] for name in week.split("; ")}
    assert named == {name for day in days["holiday"] for name in day.split("; ")} | {""}
    assert (weeks["holidays"] != "").sum() == days.groupby(np.arange(len(days)) // 7)["holiday"].max().ne("").sum()


def test_a_cost_is_spread_over_the_days_it_pays_for(company):
    """A campaign of four weeks, its media paid each Monday, its production on the first day."""
    campaign = company.campaigns.filter(company.campaigns.channel == "outdoor").to_pandas().iloc[0]
    costs = company.campaign_costs.filter(company.campaign_costs.campaign_id == campaign.campaign_id).to_pandas()
    days = features.media(company, every="day").to_pandas().set_index("starts")["spend_outdoor"]
    days.index = pd.to_datetime(days.index)
    first, last = pd.Timestamp(campaign.starts), pd.Timestamp(campaign.ends)
    assert days[days > 0].index.min() == first
    assert days[days > 0].index.max() == last
    media = costs[costs["kind"] == "media"].set_index("day")["amount"].astype(float)
    production = float(costs[costs["kind"] == "production"]["amount"].astype(float).sum())
    length = (last - first).days + 1
    assert days[first] == pytest.approx(media.iloc[0] / 7 + production / length)
    assert days[last] == pytest.approx(media.iloc[-1] / 7 + production / length)


def test_it_looks_at_nothing_on_or_after_the_day(company):
    day = date(2024, 6, 1)
    early = features.media(company, as_of=day).to_pandas()
    assert pd.to_datetime(early["starts"]).max() + timedelta(days=7) == pd.Timestamp(day)
    assert "spend_press" not in early, "its first cost came later"
    later = features.media(company, as_of=day + timedelta(weeks=4)).to_pandas()
    both = early.merge(later, on="starts", suffixes=("", "_later"))
    assert np.allclose(both["revenue"], both["revenue_later"])


def test_what_cannot_be_is_said(company):
    with pytest.raises(ValueError, match="every"):
        features.media(company, every="month")
    with pytest.raises(TableAbsent, match="spent nothing"):
        features.media(company, as_of=date(2022, 9, 1))


def test_experiments_are_those_with_a_control_whose_weeks_are_over(company):
    tests = features.experiments(company).to_pandas()
    assert set(tests["channel"]) == {"email", "mail", "phone", "sms"}
    assert (tests["se"] > 0).all()
    assert (pd.to_datetime(tests["last"]) - pd.to_datetime(tests["first"])).dt.days.eq(27).all()
    one = features.incremental(company).to_pandas()
    assert set(tests["incremental"].round(6)) <= set(one["incremental"].round(6))
    assert len(features.experiments(company, as_of=date(2022, 10, 15)).to_pandas()) == 0
