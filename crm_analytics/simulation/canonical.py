"""The company as canonical tables: what a perfect load of its files would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation import contacts as touch
from crm_analytics.simulation import persons
from crm_analytics.simulation.assortment import (
    CATEGORIES,
    CHANNELS,
    GOODS,
    MADE_TO_ORDER,
    ORDINARY,
    REGIONS,
    STORE_IDS,
    STORES,
    WAREHOUSE,
)
from crm_analytics.simulation.columns import days, ids, moments, money, quantity, table, words
from crm_analytics.simulation.customers import ACQUIRED, GENDERS, REASONS
from crm_analytics.simulation.deals import LEAD_COST, MEDIUM, REASONS_LOST, STAGES, WIN
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.effects import expected_revenue, position
from crm_analytics.simulation.market import COMPETITORS
from crm_analytics.simulation.plan import CAMPAIGNS, COST_OF_TOUCH, campaign_id
from crm_analytics.simulation.sales import KINDS
from crm_analytics.simulation.segments import SEGMENTS
from crm_analytics.simulation.survey import QUESTIONS
from crm_analytics.simulation.visits import SOURCES

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

SHOP, CRM, CALL_CENTRE, ADVERTISING = "shop", "crm", "call_centre", "advertising"
CAMPAIGN_IDS = [campaign_id(i) for i in range(len(CAMPAIGNS))]
PRODUCT_IDS = [f"P{i + 1:03d}" for i in range(len(GOODS))]
STEPS = (("brief", -28), ("audience", -14), ("creative", -10), ("launch", 0), ("evaluation", 35))


def tables(company: Simulation) -> dict[str, pa.Table]:
    """All canonical tables; a table with rows from several sources holds all of them."""
    return {
        "customers": customers(company), "customer_contacts": customer_contacts(company),
        "consents": consents(company), "products": products(), "stores": stores(), "orders": orders(company),
        "order_lines": order_lines(company), "prices": prices(company), "promotions": promotions(company),
        "competitor_prices": competitor_prices(company), "market": market(company), "stock": stock(company),
        "campaigns": campaigns(company), "campaign_steps": campaign_steps(company),
        "campaign_costs": campaign_costs(company), "arms": arms(company), "contacts": contacts(company),
        "responses": responses(company), "leads": leads(company), "deal_stages": deal_stages(company),
        "touchpoints": touchpoints(company), "survey_answers": survey_answers(company),
    }


def customer_ids(numbers: np.ndarray) -> pa.Array:
    return ids("N", numbers)


def caller_ids(count: int) -> pa.Array:
    return ids("K", np.arange(count), digits=6)


def products() -> pa.Table:
    names = [*CATEGORIES, MADE_TO_ORDER]
    return table("products", SHOP, {
        "product_id": PRODUCT_IDS, "name": GOODS.name, "category": [names[c] for c in GOODS.category],
        "brand": GOODS.brand, "made_to_order": np.arange(len(GOODS)) >= ORDINARY,
    })


def stores() -> pa.Table:
    columns = dict(zip(("store_id", "name", "region", "format"), zip(*STORES, strict=True), strict=True))
    return table("stores", SHOP, columns)


def customers(company: Simulation) -> pa.Table:
    who, callers = company.people, company.callers
    crm = table("customers", CRM, {
        "customer_id": customer_ids(np.arange(len(who))), "kind": words([s.kind for s in SEGMENTS], who.segment),
        "first_seen": days(who.joined), "acquired_channel": words(list(ACQUIRED), who.acquired),
        "region": words(REGIONS, who.region),
        "birth_year": pc.if_else(pa.array(_person(who)), pa.array(who.birth_year), None),
        "gender": words(list(GENDERS), np.where(_person(who), who.gender, -1)),
        "reason_first_purchase": words(list(REASONS), who.reason),
    })
    centre = table("customers", CALL_CENTRE, {
        "customer_id": caller_ids(len(callers)), "kind": words([s.kind for s in SEGMENTS], who.segment[callers]),
        "first_seen": days(np.minimum(who.joined[callers] + 30, DAYS - 1)),
        "acquired_channel": words(["phone"], np.zeros(len(callers), int)),
        "region": words(REGIONS, who.region[callers]),
    })
    return pa.concat_tables([crm, centre])


def _person(who) -> np.ndarray:
    return np.array([s.kind == "person" for s in SEGMENTS])[who.segment]


def phones(numbers: np.ndarray) -> pa.Array:
    return ids("+371 2000", numbers, digits=6)


def full_names(company: Simulation) -> pa.Array:
    first = words(persons.FIRST_NAMES, company.names.first)
    last = words(persons.LAST_NAMES, company.names.last)
    trade = words(persons.COMPANY_WORDS, company.names.first % len(persons.COMPANY_WORDS))
    person = pc.binary_join_element_wise(first, last, " ")
    firm = pc.binary_join_element_wise(trade, last, " & ")
    return pc.if_else(pa.array(_person(company.people)), person, firm)


def customer_contacts(company: Simulation) -> pa.Table:
    numbers = np.arange(len(company.people))
    names = company.names
    email = pc.binary_join_element_wise(ids("nordhaus.", numbers), "example.com", "@")
    house = pc.binary_join_element_wise(words(persons.STREETS, names.street), pa.array(names.house).cast("string"), " ")
    tax = pc.if_else(pa.array(_person(company.people)), None, ids("LV4000", numbers))
    crm = table("customer_contacts", CRM, {
        "customer_id": customer_ids(numbers), "full_name": full_names(company), "email": email,
        "phone": phones(numbers),
        "address": pc.binary_join_element_wise(house, words(REGIONS, company.people.region), ", "), "tax_number": tax,
    })
    callers = pa.array(company.callers)
    centre = table("customer_contacts", CALL_CENTRE, {
        "customer_id": caller_ids(len(callers)),
        "full_name": pc.utf8_upper(full_names(company).take(callers)),
        "phone": pc.replace_substring(phones(company.callers), " ", ""),
    })
    return pa.concat_tables([crm, centre])


def consents(company: Simulation) -> pa.Table:
    given = company.consents
    return table("consents", CRM, {
        "customer_id": customer_ids(given.customer), "purpose": words(["marketing"], np.zeros(len(given.customer))),
        "channel": words(persons.CONSENT_CHANNELS, given.channel), "granted_at": days(given.granted),
        "withdrawn_at": days(given.withdrawn, empty=given.withdrawn < 0),
    })


def orders(company: Simulation) -> pa.Table:
    sales = company.sales
    return table("orders", SHOP, {
        "order_id": ids("A", np.arange(len(sales)), digits=8), "ordered_at": moments(sales.day, sales.second),
        "customer_id": customer_ids(sales.customer), "store_id": words(STORE_IDS, sales.store),
        "channel": words(CHANNELS, sales.channel), "kind": words(KINDS, sales.kind),
    })


def line_numbers(order: np.ndarray) -> np.ndarray:
    """1, 2, … within each order; lines of an order stand together."""
    starts = np.flatnonzero(np.diff(order, prepend=-1))
    return np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order))) + 1


def order_lines(company: Simulation) -> pa.Table:
    lines = company.sales.lines
    return table("order_lines", SHOP, {
        "order_id": ids("A", lines.order, digits=8), "line_no": line_numbers(lines.order),
        "product_id": words(PRODUCT_IDS, lines.product), "quantity": quantity(lines.quantity),
        "price": money(lines.price), "amount": money(lines.amount), "list_price": money(lines.list_price),
        "unit_cost": money(lines.unit_cost),
    })


def prices(company: Simulation) -> pa.Table:
    shelf = company.market.shelf_cents[:ORDINARY]
    changed = np.diff(shelf, axis=1, prepend=0) != 0
    product, day = np.nonzero(changed)
    return table("prices", SHOP, {
        "product_id": words(PRODUCT_IDS, product), "day": days(day), "price": money(shelf[product, day]),
    })


def promotions(company: Simulation) -> pa.Table:
    rows = [
        (name, PRODUCT_IDS[product], first, first + length - 1, depth)
        for name, category, first, length, depth in company.market.promotions
        for product in range(ORDINARY) if category is None or GOODS.category[product] == category
    ]
    name, product, first, last, depth = zip(*rows, strict=True)
    return table("promotions", SHOP, {
        "promotion_id": name, "product_id": product, "starts": days(np.array(first)), "ends": days(np.array(last)),
        "discount": depth,
    })


def competitor_prices(company: Simulation) -> pa.Table:
    seen = company.market.competitor_prices[:, :, :DAYS]
    who, category, day = (grid.ravel() for grid in np.indices(seen.shape))
    return table("competitor_prices", ADVERTISING, {
        "competitor": words(COMPETITORS, who), "category": words(CATEGORIES, category), "day": days(day),
        "price": money(np.rint(seen.ravel() * 100)),
    })


def market(company: Simulation) -> pa.Table:
    indicators = company.market.indicators
    months = np.flatnonzero(np.diff(company.market.calendar.days[:DAYS].astype("datetime64[M]").astype(int), prepend=0))
    values = np.concatenate([(100 * series[months]).round(2) for series in indicators.values()])
    which = np.repeat(np.arange(len(indicators)), len(months))
    return table("market", ADVERTISING, {
        "indicator": words(list(indicators), which), "day": days(np.tile(months, len(indicators))), "value": values,
    })


def stock(company: Simulation) -> pa.Table:
    """Daily counts in the central warehouse: filled up every four weeks, nothing while a product is sold out."""
    out = company.market.out_of_stock[:ORDINARY]
    product, day = (grid.ravel() for grid in np.indices(out.shape))
    left = 200 - 6 * ((day + 5 * product) % 28)
    return table("stock", SHOP, {
        "product_id": words(PRODUCT_IDS, product), "store_id": words(STORE_IDS, np.full(len(day), WAREHOUSE)),
        "day": days(day), "quantity": quantity(np.where(out.ravel(), 0, left)),
    })


def _spend(company: Simulation) -> np.ndarray:
    """What each campaign cost in cents."""
    treated = {group.campaign: int(group.treated.sum()) for group in company.arms}
    cents = [
        200_00 + treated[i] * COST_OF_TOUCH[c.channel] * 100 if c.direct else c.spend * 100 * len(company.people) / 2000
        for i, c in enumerate(CAMPAIGNS)
    ]
    return np.rint(cents).astype(np.int64)


def campaigns(company: Simulation) -> pa.Table:
    rng = stream(company.seed, "plans")
    spend = _spend(company)
    promised = np.array([
        3.0 * spend[i] if c.direct else 100 * expected_revenue(i, len(company.people)) for i, c in enumerate(CAMPAIGNS)
    ]) * rng.uniform(0.8, 1.6, len(CAMPAIGNS))
    return table("campaigns", CRM, {
        "campaign_id": CAMPAIGN_IDS, "name": [c.name for c in CAMPAIGNS], "goal": [c.goal for c in CAMPAIGNS],
        "channel": [c.channel for c in CAMPAIGNS], "region": [c.region or None for c in CAMPAIGNS],
        "starts": [c.starts for c in CAMPAIGNS], "ends": [c.ends for c in CAMPAIGNS],
        "budget": money(np.rint(spend * rng.uniform(0.9, 1.2, len(CAMPAIGNS)) / 10000) * 10000),
        "promised": money(np.rint(promised / 10000) * 10000),
    })


def campaign_steps(company: Simulation) -> pa.Table:
    rng = stream(company.seed, "steps")
    rows = [
        (CAMPAIGN_IDS[i], n + 1, name, max(position(c.starts) + shift, 0), int(rng.choice([-1, 0, 0, 0, 1, 3, 7])))
        for i, c in enumerate(CAMPAIGNS) for n, (name, shift) in enumerate(STEPS)
    ]
    campaign, number, name, due, late = zip(*rows, strict=True)
    done = np.maximum(np.array(due) + np.where(np.array(name) == "launch", 0, late), 0)
    return table("campaign_steps", CRM, {
        "campaign_id": campaign, "step_no": number, "name": name, "due": days(np.array(due)),
        "done": days(done, empty=done >= DAYS),
    })


def campaign_costs(company: Simulation) -> pa.Table:
    """A fifth for making it on the first day, the rest week by week."""
    rows = []
    for i, (campaign, cents) in enumerate(zip(CAMPAIGNS, _spend(company).tolist(), strict=True)):
        first, last = position(campaign.starts), position(campaign.ends)
        weeks = range(first, last + 1, 7)
        share = (cents - cents // 5) // len(weeks)
        rows.append((i, first, "production", cents - share * len(weeks)))
        rows += [(i, day, "postage and calls" if campaign.direct else "media", share) for day in weeks]
    which, day, kind, cents = zip(*rows, strict=True)
    return table("campaign_costs", ADVERTISING, {
        "campaign_id": words(CAMPAIGN_IDS, np.array(which)), "day": days(np.array(day)), "kind": kind,
        "amount": money(np.array(cents)),
    })


def arms(company: Simulation) -> pa.Table:
    groups = company.arms
    campaign = np.concatenate([np.full(len(g.customer), g.campaign) for g in groups])
    treated = np.concatenate([g.treated for g in groups])
    return table("arms", CRM, {
        "campaign_id": words(CAMPAIGN_IDS, campaign),
        "customer_id": customer_ids(np.concatenate([g.customer for g in groups])),
        "arm": words(["treated", "control"], np.where(treated, 0, 1)),
    })


def contacts(company: Simulation) -> pa.Table:
    all_touches = company.contacts
    call = all_touches.channel == touch.CHANNELS.index("phone")
    numbered = np.arange(len(all_touches))
    return pa.concat_tables([
        _contacts(CALL_CENTRE, all_touches.take(call), ids("T", numbered[call], digits=8)),
        _contacts(CRM, all_touches.take(~call), ids("T", numbered[~call], digits=8)),
    ])


def _contacts(source: str, some: touch.Contacts, contact_id: pa.Array) -> pa.Table:
    silent = np.isnan(some.duration_s)
    return table("contacts", source, {
        "contact_id": contact_id, "at": moments(some.day, some.second), "customer_id": customer_ids(some.customer),
        "channel": words(touch.CHANNELS, some.channel), "kind": words(["out", "in"], some.inbound.astype(int)),
        "campaign_id": words(CAMPAIGN_IDS, some.campaign), "outcome": words(touch.OUTCOMES, some.outcome),
        "duration_s": pa.array(some.duration_s, mask=silent), "agent": words(touch.AGENTS, some.agent),
    })


def responses(company: Simulation) -> pa.Table:
    given = company.responses
    return table("responses", CRM, {
        "campaign_id": words(CAMPAIGN_IDS, given.campaign), "customer_id": customer_ids(given.customer),
        "at": moments(given.day, given.second), "kind": words(touch.RESPONSES, given.kind),
    })


def leads(company: Simulation) -> pa.Table:
    deals = company.deals
    cost = np.array([round(100 * c) for c in LEAD_COST.values()])[deals.origin]
    return table("leads", CRM, {
        "lead_id": ids("L", np.arange(len(deals.day)), digits=6),
        "at": moments(deals.day, 9 * 3600 + (np.arange(len(deals.day)) * 977) % (10 * 3600)),
        "customer_id": customer_ids(deals.customer), "source_name": words(list(LEAD_COST), deals.origin),
        "medium": words(list(MEDIUM.values()), deals.origin), "cost": money(cost),
    })


def deal_stages(company: Simulation) -> pa.Table:
    """A row for each stage a deal entered; how it ended stands on its last row."""
    deals = company.deals
    lead, stage = np.nonzero(deals.entered)
    last = np.append(np.diff(lead) != 0, True)
    outcome = np.select([deals.won[lead], deals.lost[lead]], [0, 1], 2)
    return table("deal_stages", CRM, {
        "deal_id": ids("D", deals.deal[lead], digits=6), "customer_id": customer_ids(deals.customer[lead]),
        "stage": words(STAGES, stage), "entered_at": days(deals.stage_days[lead, stage]),
        "amount": money(deals.amount_cents[lead]),
        "outcome": words(["won", "lost", "open"], np.where(last, outcome, -1)),
        "reason": words(list(REASONS_LOST), np.where(last & (outcome == 1), deals.reason[lead], -1)),
        "agent": words(list(WIN), deals.agent[lead]), "product_id": words(PRODUCT_IDS, deals.product[lead]),
    })


def touchpoints(company: Simulation) -> pa.Table:
    visits = company.visits
    return table("touchpoints", ADVERTISING, {
        "visitor_id": ids("V", visits.visitor), "at": moments(visits.day, visits.second),
        "source_name": words(list(SOURCES), visits.origin),
        "medium": words([medium for medium, *_ in SOURCES.values()], visits.origin),
        "converted": visits.converted, "value": money(visits.value_cents, empty=visits.value_cents < 0),
    })


def survey_answers(company: Simulation) -> pa.Table:
    survey = company.survey
    who = np.repeat(np.arange(len(survey.customer)), len(QUESTIONS))
    return table("survey_answers", CRM, {
        "respondent_id": ids("Q", who, digits=6), "customer_id": customer_ids(survey.customer[who]),
        "question": words(QUESTIONS, np.tile(np.arange(len(QUESTIONS)), len(survey.customer))),
        "answer": pa.array(survey.answers.ravel()).cast("string"), "answered_at": days(survey.day[who]),
        "weight": survey.weight[who],
    })


