"""Why customers leave: planted causes are found and covered, absent ones are rarely called."""

import numpy as np
import pytest

from crm_analytics import Departures, NotEnough, features
from crm_analytics.simulation.lifetimes import departing

COMPLAINT, COMPETITOR = "a complaint", "competitors 10 % cheaper"


def told(result, cause: str):
    return result.table.set_index("cause").loc[cause]


@pytest.fixture(scope="module")
def planted():
    """A complaint makes 1.8 times as fast, cheaper competitors 1.5 times."""
    return [Departures().fit(departing(seed, customers=2500, complaint=1.8, competitor=1.5)[0]) for seed in range(5)]


def test_planted_causes_are_covered_and_found(planted):
    for cause, true in ((COMPLAINT, 1.8), (COMPETITOR, 1.5)):
        rows = [told(result, cause) for result in planted]
        assert np.mean([row["low"] <= true <= row["high"] for row in rows]) >= 0.85
        assert np.mean([row["verdict"] == "faster" for row in rows]) >= 0.6
        assert np.exp(np.mean([np.log(row["hazard_ratio"]) for row in rows])) == pytest.approx(true, rel=0.15)


def test_causes_that_are_none_are_rarely_called():
    results = [Departures().fit(departing(seed, customers=1500)[0]) for seed in range(200, 210)]
    called = [result.table["verdict"].isin(["faster", "slower"]).any() for result in results]
    assert np.mean(called) <= 0.2


def test_a_complaint_makes_a_decision_and_cheaper_competitors_do_not(planted):
    claims = [claim for result in planted for claim in result.claims]
    assert any(claim.decision for claim in claims if "complaint" in claim.subject)
    assert not any(claim.decision for claim in claims if "competitors" in claim.subject)
    assert all(claim.evidence == "compared" for claim in claims)


def test_a_cause_with_few_departures_is_not_judged():
    frame, _ = departing(3, customers=1500)
    few = frame["complaint"] & (np.arange(len(frame)) % 40 > 0)
    result = Departures().fit(frame[~few])
    if not isinstance(result, NotEnough):
        assert told(result, COMPLAINT)["verdict"] == "cannot be told"
    assert isinstance(Departures().fit(frame.head(20)), NotEnough)


def test_a_cause_whose_interval_says_nothing_is_told_as_unknown_and_alone_refused():
    frame, _ = departing(2, customers=1500)
    young = frame["complaint"] & frame["as_long"].notna()  # their silences are as long as pauses are: they say nothing
    silences = {name: frame[name].mask(young, 0.9) for name in ("as_long", "as_long_near", "as_long_far")}
    frame = frame.assign(never=frame["never"].mask(young, 0.3), **silences)
    result = Departures().fit(frame)
    assert told(result, COMPLAINT)["verdict"] == "cannot be told"
    assert np.isnan(told(result, COMPLAINT)["high"])
    alone = frame.assign(returned=None, addressed=None, competitor_index=np.nan, price_index=np.nan)
    refused = Departures().fit(alone)
    assert isinstance(refused, NotEnough)
    assert "longer records" in refused.text


def test_the_demo_has_no_complaint_that_drives_away(company):
    table = features.departures(company).to_pandas()
    result = Departures().fit(table)
    row = told(result, COMPLAINT)
    assert row["verdict"] != "faster"
    assert table["purchases"].sum() > 1000
    assert table.loc[table["came_back"], "as_long"].isna().all()
    with pytest.raises(ValueError, match="memory_days"):
        features.departures(company, memory_days=0)
