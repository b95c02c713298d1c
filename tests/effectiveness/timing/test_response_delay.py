"""When answers come, where it is known and the youngest campaigns hide the late ones."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Lag, NotEnough, ResponseDelay, draw, features
from crm_analytics.simulation.timing import answers_in_time, campaigns_in_time


def test_the_course_is_covered_and_young_campaigns_do_not_shorten_it():
    inside, error, plain = [], [], []
    for seed in range(12):
        frame, true = answers_in_time(seed, campaigns=9, mean_days=9.0)
        result = ResponseDelay().fit(frame)
        for share, days in ((0.5, result.half), (0.9, result.over)):
            at = int((true < share - 1e-9).sum())
            inside.append(days.low <= at <= days.high)
        half = int((true < 0.5).sum())
        error.append(result.half.day - half)
        plain.append(result.naive - half)
    assert np.mean(inside) >= 0.9
    assert abs(np.mean(error)) < 0.6
    assert np.mean(plain) < np.mean(error) - 0.4


def test_what_was_not_watched_is_read_from_those_who_were():
    seen = pd.DataFrame({"campaign": "old", "day": [0, 5], "watched": 90, "answered": [50, 50]})
    young = pd.DataFrame({"campaign": "young", "day": [0], "watched": 3, "answered": [40]})
    frame = pd.concat([seen, young], ignore_index=True).assign(until=pd.Timestamp("2025-07-01"))
    result = ResponseDelay().fit(frame)
    assert result.table["come"].iloc[0] == pytest.approx(0.5)  # the young say nothing of how many come late
    assert result.table["come"].iloc[5] == pytest.approx(1)
    assert ResponseDelay(campaign="old").fit(frame).table["come"].iloc[3] == pytest.approx(0.5)


def test_it_is_a_course_and_says_what_sales_say():
    frame, _ = answers_in_time(1, mean_days=3.0)
    result = ResponseDelay().fit(frame)
    assert (np.diff(result.table["come"]) >= -1e-12).all()
    assert (result.table["low"] <= result.table["come"]).all()
    sales, _ = campaigns_in_time(3, campaigns=20, lag_days=6, half_life_days=5, lift=0.4)
    lag = Lag().fit(sales)
    both = result.against(lag)
    assert both.checks[-1].verdict == "weak"
    assert "later" in both.checks[-1].text
    assert "in sales" in draw(both).layout.title.text
    slow = ResponseDelay().fit(answers_in_time(1, mean_days=30.0)[0]).against(lag)
    assert slow.checks[-1].verdict == "fails"
    silent = result.against(Lag().fit(sales.head(20)))
    assert silent.lag is None
    assert "stand alone" in silent.checks[-1].text


def test_few_answers_are_refused():
    frame, _ = answers_in_time(1)
    assert isinstance(ResponseDelay().fit(frame.head(2).assign(answered=3)), NotEnough)
    assert isinstance(ResponseDelay().fit(frame.assign(watched=10)[frame["day"] <= 10]), NotEnough)
    assert "Campaign 01" in ResponseDelay(campaign="none").fit(frame).text
    with pytest.raises(ValueError, match="confidence"):
        ResponseDelay(confidence=3)


def test_delays_are_those_of_the_facts(company):
    told = features.response_delays(company).to_pandas()
    responses, contacts = company.responses.to_pandas(), company.contacts.to_pandas()
    answers = responses[responses["kind"] != "unsubscribe"]
    out = contacts[(contacts["kind"] == "out") & contacts["campaign_id"].notna()]
    touch = out.groupby(["campaign_id", "customer_id"])["at"].min().dt.normalize().rename("touch")
    both = answers.merge(touch.reset_index(), on=["campaign_id", "customer_id"])
    days = (both["at"].dt.normalize() - both["touch"]).dt.days
    days = days[days >= 0].groupby([both["campaign_id"], both["customer_id"]]).min()
    assert told["answered"].sum() == (days <= 90).sum()
    assert (told.groupby("day")["answered"].sum() == days[days <= 90].value_counts().sort_index()).all()
    early = features.response_delays(company, as_of=date(2024, 1, 1)).to_pandas()
    assert (early["day"] <= early["watched"]).all()
    assert early["answered"].sum() < told["answered"].sum()
