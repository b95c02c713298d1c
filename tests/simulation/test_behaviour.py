"""Baskets, sequences, calls, deals, visits, surveys and consents behave as planted."""

import numpy as np
import pytest

from crm_analytics.simulation import contacts, deals, survey
from crm_analytics.simulation import visits as visits_module
from crm_analytics.simulation.assortment import AFTERWARDS, GOODS, TOGETHER
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.effects import position
from crm_analytics.simulation.visits import SOURCES


@pytest.mark.parametrize(("first", "second", "chance"), TOGETHER)
def test_complements_are_bought_together(large_lines, first, second, chance, binomial_band):
    sales = large_lines[large_lines["kind"] != 1]
    holders = [set(sales.loc[sales["product"] == GOODS.number(name), "order"]) for name in (first, second)]
    share = len(holders[0] & holders[1]) / len(holders[0])
    base = len(holders[1]) / sales["order"].nunique()
    assert chance - binomial_band(chance, len(holders[0])) - 0.03 < share < chance + 0.12
    assert share > 3 * base


@pytest.mark.parametrize(("first", "second", "days", "chance"), AFTERWARDS)
def test_what_follows_a_purchase_follows_in_its_time(large_lines, first, second, days, chance):
    sales = large_lines[(large_lines["kind"] != 1) & (large_lines["customer"] >= 0)]
    started = sales.loc[sales["product"] == GOODS.number(first), ["customer", "day"]].drop_duplicates()
    later = sales[["customer", "day", "order"]].drop_duplicates().merge(started, on="customer", suffixes=("", "_first"))
    later = later[later["day"] > later["day_first"]]
    holds = later["order"].isin(sales.loc[sales["product"] == GOODS.number(second), "order"])
    gap = later["day"] - later["day_first"]
    near, far = (gap - days).abs() <= 8, (gap - days).abs() > 60
    assert holds[near].mean() > 2 * holds[far].mean()
    assert holds[near].mean() > 0.5 * chance


def test_calls_are_answered_by_the_hour(large, binomial_band):
    touches = large.contacts
    calls = touches.take((touches.channel == contacts.PHONE) & ~touches.inbound)
    answered = np.isin(calls.outcome, (contacts.ANSWERED, contacts.REFUSED))
    hour = calls.second // 3600 - contacts.FIRST_HOUR
    weekday = (calls.day + 4) % 7
    assert weekday.max() <= 5
    for h in range(contacts.ANSWER_RATE.shape[1]):
        rows = (hour == h) & (weekday < 4)
        planted = contacts.ANSWER_RATE[:4, h].mean()
        assert answered[rows].mean() == pytest.approx(planted, abs=binomial_band(planted, rows.sum()) + 0.02)


def test_everybody_addressed_had_agreed_on_that_day(company):
    consents = company.consents.to_pandas()
    out = company.contacts.to_pandas().query("kind == 'out' and campaign_id.notna()")
    merged = out.merge(consents, on=["customer_id", "channel"])
    held = (merged["granted_at"] <= merged["at"]) & (
        merged["withdrawn_at"].isna() | (merged["withdrawn_at"] >= merged["at"].dt.normalize())
    )
    assert merged[held].contact_id.is_unique
    assert set(merged[held].contact_id) == set(out.contact_id)


def test_nobody_who_wished_to_be_left_in_peace_was_addressed_by_a_campaign(company):
    wishes = company.do_not_contact.to_pandas()
    out = company.contacts.to_pandas().query("kind == 'out' and campaign_id.notna()")
    merged = out.merge(wishes, on="customer_id")
    assert len(wishes) > 10
    assert len(merged)
    assert (merged["at"] < merged["since"]).all()


def test_some_agree_again_after_they_had_withdrawn(company):
    consents = company.consents.to_pandas().sort_values("granted_at")
    pairs = consents.groupby(["customer_id", "channel"])
    assert (pairs.size() == 2).sum() > 50
    again = consents[pairs.cumcount() == 1].merge(consents[pairs.cumcount() == 0], on=["customer_id", "channel"])
    assert (again.granted_at_x > again.withdrawn_at_y).all()


def test_reasons_of_loss_and_sellers_are_as_planted(large, binomial_band):
    lost = large.deals.reason[large.deals.lost]
    for code, share in enumerate(deals.REASONS_LOST.values()):
        assert (lost == code).mean() == pytest.approx(share, abs=binomial_band(share, len(lost)))
    negotiated = large.deals.entered[:, 2] & (large.deals.won | large.deals.lost)
    for agent, chance in enumerate(deals.WIN.values()):
        rows = negotiated & (large.deals.agent == agent)
        assert large.deals.won[rows].mean() == pytest.approx(chance, abs=binomial_band(chance, rows.sum()))


def test_the_last_touch_of_a_way_is_not_what_caused_its_order(large, binomial_band):
    visits, told = large.visits, large.truth.visits.set_index("source_name")
    ends = visits.converted
    for origin, (_, _, closing, _) in enumerate(SOURCES.values()):
        share = (visits.origin[ends] == origin).mean()
        assert share == pytest.approx(closing, abs=binomial_band(closing, ends.sum()))
    assert told["closed_orders"].sum() == told["brought_orders"].sum() == ends.sum()
    assert told.loc["social", ["closed_orders"]].item() == 0 < told.loc["social", "brought_orders"]
    assert told.loc["price portal", "brought_orders"] == 0 < told.loc["price portal", "closed_orders"]
    assert told.loc["(none)", "brought_orders"] > 0.8 * ends.sum(), "most orders would have come anyway"


def test_a_way_ends_in_an_order_that_the_shop_booked(large):
    visits, sales = large.visits, large.sales
    ends = visits.converted
    booked = (sales.channel == 1) & (sales.kind == 0)
    worth = np.bincount(sales.lines.order, sales.lines.amount, len(sales))[booked]
    assert ends.sum() / booked.sum() == pytest.approx(visits_module.SEEN, abs=0.03)
    assert np.isin(visits.value_cents[ends], worth).all()
    brought = visits.cause[ends] >= 0
    assert (visits.campaign[ends][brought] > 0).all()
    keys = visits.visitor.astype(np.int64) * 10**9 + visits.day.astype(np.int64) * 86_400 + visits.second
    assert (np.diff(keys) > 0).all(), "by visitor and moment, no two touches in the same second"


def test_answers_hang_together_with_behaviour(large):
    asked = large.survey
    recommend = asked.answers[:, survey.QUESTIONS.index("recommend")]
    stays = large.lives.alive[asked.customer]
    assert recommend[stays].mean() - recommend[~stays].mean() == pytest.approx(survey.STAYER_BONUS, abs=0.3)
    elasticity = large.truth.customers["own_elasticity"].to_numpy()[asked.customer]
    slope = np.polyfit(elasticity, asked.answers[:, survey.QUESTIONS.index("price_matters")], 1)[0]
    assert slope == pytest.approx(survey.PRICE_SLOPE, abs=0.15)


def test_the_call_centre_knows_some_customers_a_second_time(truth, company):
    known = set(company.customers.customer_id.to_pandas())
    callers = truth.duplicates[truth.duplicates["kind"] == "caller"]
    assert 10 < len(callers) < 100
    assert set(callers["record_id"]) <= known
    assert set(callers["customer_id"]) <= known


def test_those_who_bought_the_faulty_product_complain(large):
    lines, sold, touched = large.sales.lines, large.sales, large.contacts
    complained = touched.outcome == contacts.OUTCOMES.index("complaint")
    calls = set(zip(touched.customer[complained].tolist(), touched.day[complained].tolist(), strict=True))
    of = lines.order[(lines.product == GOODS.number(contacts.FAULTY)) & (lines.quantity > 0)]
    of = of[(sold.customer[of] >= 0) & (sold.day[of] < DAYS - 15)]
    within = np.array([
        any((who, day + later) in calls for later in range(2, 16))
        for who, day in zip(sold.customer[of].tolist(), sold.day[of].tolist(), strict=True)
    ])
    since = sold.day[of] >= position(contacts.FAULT_FROM)
    assert within[~since].mean() < 0.01
    assert contacts.FAULT_CHANCE - 0.03 < within[since].mean() < contacts.FAULT_CHANCE + 0.07  # some bought it twice
