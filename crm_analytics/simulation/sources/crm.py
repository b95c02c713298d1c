"""The CRM: customers and what they agreed to, campaigns, arms, messages, responses, leads, deals and a survey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation import contacts as touch
from crm_analytics.simulation import persons
from crm_analytics.simulation.assortment import REGIONS
from crm_analytics.simulation.columns import (
    CAMPAIGN_IDS,
    PRODUCT_IDS,
    customer_ids,
    days,
    each,
    ids,
    moments,
    money,
    table,
    words,
)
from crm_analytics.simulation.costs import costs, plans
from crm_analytics.simulation.customers import ACQUIRED, GENDERS, REASONS
from crm_analytics.simulation.deals import LEAD_COST, MEDIUM, REASONS_LOST, STAGES, WIN
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.effects import position
from crm_analytics.simulation.names import STREETS
from crm_analytics.simulation.plan import CAMPAIGNS, CURVES, running
from crm_analytics.simulation.segments import SEGMENTS
from crm_analytics.simulation.service import touch_cents
from crm_analytics.simulation.survey import POLL, QUESTIONS, WORDED
from crm_analytics.simulation.wishes import BASES, bases
from crm_analytics.simulation.wishes import REASONS as REASONS_TO_BE_LEFT

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation
    from crm_analytics.simulation.persons import Consents

SOURCE = "crm"
STEPS = (("brief", -28), ("audience", -14), ("creative", -10), ("launch", 0), ("evaluation", 35))
"""The steps of every campaign, and the day each is due, counted from the campaign's first."""


def tables(company: Simulation) -> dict[str, pa.Table]:
    """What this system knows, as canonical tables."""
    return {
        "customers": customers(company),
        "customer_contacts": customer_contacts(company),
        "consents": consents(company),
        "do_not_contact": do_not_contact(company),
        "traits": traits(company),
        "campaigns": campaigns(company),
        "campaign_steps": campaign_steps(company),
        "campaign_costs": campaign_costs(company),
        "arms": arms(company),
        "contacts": messages(company),
        "responses": responses(company),
        "leads": leads(company),
        "deal_stages": deal_stages(company),
        "survey_answers": survey_answers(company),
    }


def customers(company: Simulation) -> pa.Table:
    who = company.people
    advertised = who.acquired == list(ACQUIRED).index("advertising")
    return table(
        "customers",
        SOURCE,
        {
            "customer_id": customer_ids(np.arange(len(who))),
            "kind": words([s.kind for s in SEGMENTS], who.segment),
            "first_seen": days(who.joined),
            "acquired_channel": words(list(ACQUIRED), who.acquired),
            "acquired_campaign": words(CAMPAIGN_IDS, np.where(advertised, running(who.joined, *CURVES), -1)),
            "region": words(REGIONS, who.region),
            "birth_year": pc.if_else(pa.array(persons.is_person(who)), pa.array(who.birth_year), None),
            "gender": words(list(GENDERS), np.where(persons.is_person(who), who.gender, -1)),
            "reason_first_purchase": pc.if_else(
                each(persons.FORMULA_REASON, len(who)), persons.FORMULA, words(list(REASONS), who.reason)
            ),
        },
    )


def customer_contacts(company: Simulation) -> pa.Table:
    numbers = np.arange(len(company.people))
    names = company.names
    house = pc.binary_join_element_wise(words(STREETS, names.street), pa.array(names.house).cast("string"), " ")
    tax = pc.if_else(pa.array(persons.is_person(company.people)), None, ids("LV4000", numbers))
    return table(
        "customer_contacts",
        SOURCE,
        {
            "customer_id": customer_ids(numbers),
            "full_name": persons.full_names(company.people, names),
            "birth_date": persons.birth_dates(company.people, names),
            "email": persons.emails(company.people, names),
            "phone": persons.phones(names.phone_of),
            "address": pc.binary_join_element_wise(house, words(REGIONS, company.people.region), ", "),
            "tax_number": tax,
        },
    )


def consents(company: Simulation) -> pa.Table:
    """Every consent ever given: first all the first ones, then those given again."""
    return pa.concat_tables([_consents(company.consents), _consents(company.consents_again)])


def _consents(given: Consents) -> pa.Table:
    return table(
        "consents",
        SOURCE,
        {
            "customer_id": customer_ids(given.customer),
            "purpose": words(["marketing"], np.zeros(len(given.customer))),
            "channel": words(persons.CONSENT_CHANNELS, given.channel),
            "granted_at": days(given.granted),
            "withdrawn_at": days(given.withdrawn, empty=given.withdrawn < 0),
            "basis": words(BASES, bases(given)),
        },
    )


def do_not_contact(company: Simulation) -> pa.Table:
    wishes = company.wishes
    return table(
        "do_not_contact",
        SOURCE,
        {
            "customer_id": customer_ids(wishes.customer),
            "channel": words(persons.CONSENT_CHANNELS, wishes.channel),
            "since": days(wishes.since),
            "until": days(wishes.until, empty=wishes.until < 0),
            "reason": words(REASONS_TO_BE_LEFT, wishes.reason),
        },
    )


def traits(company: Simulation) -> pa.Table:
    """What the card forms say, a row for each thing told."""
    forms = company.card_forms
    told = {name: column for name, column in card_forms(company).items() if name in FORM_TRAITS}
    rows = [
        {"customer_id": who, "trait": pa.array([name] * len(who)), "value": value.cast(pa.string()), "known_at": known}
        for name, value in told.items()
        for who, known in [(customer_ids(forms.customer), days(company.people.joined[forms.customer]))]
    ]
    whole = pa.concat_tables(pa.table(part) for part in rows)
    whole = whole.filter(whole["value"].is_valid())
    return table("traits", SOURCE, {name: whole[name].combine_chunks() for name in whole.column_names})


FORM_TRAITS = ("income", "household size")


def card_forms(company: Simulation) -> dict[str, pa.Array]:
    """The card forms as columns, as the CRM keeps them."""
    forms = company.card_forms
    return {
        "customer_id": customer_ids(forms.customer),
        "filled_in": days(company.people.joined[forms.customer]),
        "income": pc.if_else(pa.array(forms.income >= 0), pa.array(forms.income), None),
        "household size": pa.array(forms.household),
    }


def campaigns(company: Simulation) -> pa.Table:
    budget, promised = plans(company)
    return table(
        "campaigns",
        SOURCE,
        {
            "campaign_id": CAMPAIGN_IDS,
            "name": [c.name for c in CAMPAIGNS],
            "goal": [c.goal for c in CAMPAIGNS],
            "channel": [c.channel for c in CAMPAIGNS],
            "region": [c.region or None for c in CAMPAIGNS],
            "starts": [c.starts for c in CAMPAIGNS],
            "ends": [c.ends for c in CAMPAIGNS],
            "budget": money(budget),
            "promised": money(promised),
        },
    )


def campaign_steps(company: Simulation) -> pa.Table:
    rng = stream(company.seed, "steps")
    rows = [
        (CAMPAIGN_IDS[i], n + 1, name, max(position(c.starts) + shift, 0), int(rng.choice([-1, 0, 0, 0, 1, 3, 7])))
        for i, c in enumerate(CAMPAIGNS)
        for n, (name, shift) in enumerate(STEPS)
    ]
    campaign, number, name, due, late = zip(*rows, strict=True)
    done = np.maximum(np.array(due) + np.where(np.array(name) == "launch", 0, late), 0)
    return table(
        "campaign_steps",
        SOURCE,
        {
            "campaign_id": campaign,
            "step_no": number,
            "name": name,
            "due": days(np.array(due)),
            "done": days(done, empty=done >= DAYS),
        },
    )


def campaign_costs(company: Simulation) -> pa.Table:
    """What direct campaigns cost; media are paid through the advertising accounts."""
    return costs(company, SOURCE, "postage and calls")


def arms(company: Simulation) -> pa.Table:
    groups = company.arms
    campaign = np.concatenate([np.full(len(g.customer), g.campaign) for g in groups])
    treated = np.concatenate([g.treated for g in groups])
    return table(
        "arms",
        SOURCE,
        {
            "campaign_id": words(CAMPAIGN_IDS, campaign),
            "customer_id": customer_ids(np.concatenate([g.customer for g in groups])),
            "arm": words(["treated", "control"], np.where(treated, 0, 1)),
        },
    )


def messages(company: Simulation) -> pa.Table:
    """E-mails, text messages and letters of campaigns; calls are in the call centre."""
    sent = np.flatnonzero(company.contacts.channel != touch.PHONE)
    touches = company.contacts.take(sent)
    return touch.as_table(SOURCE, touches, ids("T", sent, digits=8), cents=touch_cents(touches))


def responses(company: Simulation) -> pa.Table:
    given = company.responses
    return table(
        "responses",
        SOURCE,
        {
            "campaign_id": words(CAMPAIGN_IDS, given.campaign),
            "customer_id": customer_ids(given.customer),
            "at": moments(given.day, given.second),
            "kind": words(touch.RESPONSES, given.kind),
        },
    )


def leads(company: Simulation) -> pa.Table:
    deals = company.deals
    searched = deals.origin == list(LEAD_COST).index("search")
    cost = np.array([round(100 * c) for c in LEAD_COST.values()])[deals.origin]
    return table(
        "leads",
        SOURCE,
        {
            "lead_id": ids("L", np.arange(len(deals.day)), digits=6),
            "at": moments(deals.day, 9 * 3600 + (np.arange(len(deals.day)) * 977) % (10 * 3600)),
            "customer_id": customer_ids(deals.customer),
            "source_name": words(list(LEAD_COST), deals.origin),
            "medium": words(list(MEDIUM.values()), deals.origin),
            "cost": money(cost),
            "campaign_id": words(CAMPAIGN_IDS, np.where(searched, running(deals.day, "search"), -1)),
        },
    )


def deal_stages(company: Simulation) -> pa.Table:
    """A row for each stage a deal entered; how it ended stands on its last row."""
    deals = company.deals
    lead, stage = np.nonzero(deals.entered)
    last = np.append(np.diff(lead) != 0, True)
    outcome = np.select([deals.won[lead], deals.lost[lead]], [0, 1], 2)
    return table(
        "deal_stages",
        SOURCE,
        {
            "deal_id": ids("D", deals.deal[lead], digits=6),
            "customer_id": customer_ids(deals.customer[lead]),
            "stage": words(STAGES, stage),
            "entered_at": days(deals.stage_days[lead, stage]),
            "amount": money(deals.amount_cents[lead]),
            "outcome": words(["won", "lost", "open"], np.where(last, outcome, -1)),
            "reason": words(list(REASONS_LOST), np.where(last & (outcome == 1), deals.reason[lead], -1)),
            "agent": words(list(WIN), deals.agent[lead]),
            "product_id": words(PRODUCT_IDS, deals.product[lead]),
        },
    )


def survey_answers(company: Simulation) -> pa.Table:
    survey = company.survey
    who = np.repeat(np.arange(len(survey.customer)), len(QUESTIONS))
    return table(
        "survey_answers",
        SOURCE,
        {
            "survey": words([POLL], np.zeros(len(who))),
            "respondent_id": ids("Q", who, digits=6),
            "customer_id": customer_ids(survey.customer[who]),
            "question": words([WORDED[q] for q in QUESTIONS], np.tile(np.arange(len(QUESTIONS)), len(survey.customer))),
            "kind": words(["scale"], np.zeros(len(who))),
            "position": survey.answers.ravel().astype(float),
            "lowest": np.tile([0 if q == "recommend" else 1 for q in QUESTIONS], len(survey.customer)),
            "highest": np.tile([10 if q == "recommend" else 5 for q in QUESTIONS], len(survey.customer)),
            "answer": pa.array(survey.answers.ravel()).cast("string"),
            "answered_at": days(survey.day[who]),
            "weight": survey.weight[who],
        },
    )
