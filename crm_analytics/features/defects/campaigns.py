"""Campaigns whose parts do not fit: responses, costs, arms and contacts that contradict one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from crm_analytics.features.defects.detector import Found, detector, grouped
from crm_analytics.features.rows import nothing, with_money

if TYPE_CHECKING:
    from crm_analytics.warehouse.engine import Warehouse

LATE_DAYS = 120


@detector("a response outside its campaign", needs=("responses", "campaigns"), sure="likely", fix="look")
def responses_outside(wh: Warehouse) -> Found:
    """Somebody answered before the campaign began, or months after it ended."""
    rows = wh.responses.join(wh.campaigns.select("campaign_id", "starts", "ends"), "campaign_id")
    day = rows.at.cast("date")
    wrong = rows.filter((day < rows.starts) | (day > rows.ends + ibis.interval(days=LATE_DAYS)))
    yield "responses.at", grouped(wrong, example=wrong.customer_id, value=wrong.campaign_id)


@detector("a response of somebody who was left alone", needs=("responses", "arms"), sure="certain", fix="look")
def responses_of_control(wh: Warehouse) -> Found:
    """The control group answered: it was addressed after all, or the arms are mixed up, and the effect is too small."""
    control = wh.arms.filter(wh.arms.arm == "control").select("campaign_id", "customer_id")
    wrong = wh.responses.semi_join(control, ["campaign_id", "customer_id"])
    yield "responses.customer_id", grouped(wrong, example=wrong.customer_id, value=wrong.campaign_id)


@detector("a message to somebody who was to be left alone", needs=("contacts", "arms"), sure="certain", fix="look")
def contacts_of_control(wh: Warehouse) -> Found:
    """The control group was addressed: what it bought no longer tells what happens without the campaign."""
    control = wh.arms.filter(wh.arms.arm == "control").select("campaign_id", "customer_id")
    out = wh.contacts.filter(wh.contacts.kind.isnull() | (wh.contacts.kind == "out"))
    wrong = out.semi_join(control, ["campaign_id", "customer_id"])
    yield "contacts.customer_id", grouped(wrong, example=wrong.contact_id, value=wrong.campaign_id)


@detector("somebody to be addressed whom nobody addressed", needs=("contacts", "arms"), sure="likely", fix="look")
def arms_without_contacts(wh: Warehouse) -> Found:
    """The list said so and no contact is on record: the campaign looks weaker than it was."""
    touched = wh.contacts.select("campaign_id", "customer_id").distinct()
    recorded = touched.select("campaign_id").distinct()
    treated = wh.arms.filter(wh.arms.arm == "treated").semi_join(recorded, "campaign_id")
    wrong = treated.anti_join(touched, ["campaign_id", "customer_id"])
    yield "arms.customer_id", grouped(wrong, example=wrong.customer_id, value=wrong.campaign_id)


@detector("a campaign without a recorded contact", needs=("contacts", "arms", "campaigns"), sure="likely", fix="look")
def campaigns_without_contacts(wh: Warehouse) -> Found:
    """It has a list of people to address, and no message or call is on record."""
    listed = with_money(wh, "campaigns").semi_join(wh.arms.filter(wh.arms.arm == "treated"), "campaign_id")
    wrong = listed.anti_join(wh.contacts.filter(wh.contacts.campaign_id.notnull()), "campaign_id")
    yield "contacts.campaign_id", grouped(wrong, example=wrong.campaign_id, money=wrong.money, value=wrong.campaign_id)


@detector("a campaign without cost", needs=("campaigns", "campaign_costs"), sure="likely", fix="look")
def campaigns_without_cost(wh: Warehouse) -> Found:
    """Its profit would be its revenue. At stake is what was budgeted for it."""
    rows = with_money(wh, "campaigns")
    wrong = rows.anti_join(wh.campaign_costs.filter(wh.campaign_costs.amount != 0), "campaign_id")
    yield (
        "campaign_costs.campaign_id",
        grouped(wrong, example=wrong.campaign_id, money=wrong.money, value=wrong.campaign_id),
    )


@detector("a cost far from its campaign", needs=("campaigns", "campaign_costs"), sure="possible", fix="look")
def costs_outside(wh: Warehouse) -> Found:
    """Paid months before its campaign began or after it ended: it may belong to another one."""
    rows = wh.campaign_costs.join(wh.campaigns.select("campaign_id", "starts", "ends"), "campaign_id")
    window = ibis.interval(days=LATE_DAYS)
    wrong = rows.filter((rows.day < rows.starts - window) | (rows.day > rows.ends + window))
    yield "campaign_costs.day", grouped(wrong, example=wrong.campaign_id, money=wrong.amount, value=wrong.campaign_id)


@detector("a campaign message after consent was withdrawn", needs=("contacts", "consents"), sure="certain", fix="look")
def messages_after_withdrawal(wh: Warehouse) -> Found:
    """The customer had said no to this channel: the company is liable for each such message."""
    gone = wh.consents.filter(wh.consents.withdrawn_at.notnull(), wh.consents.purpose == "marketing")
    gone = gone.group_by("customer_id", "channel").agg(withdrawn=gone.withdrawn_at.max())
    out = wh.contacts.filter(wh.contacts.kind == "out", wh.contacts.campaign_id.notnull())
    rows = out.join(gone, ["customer_id", "channel"])
    wrong = rows.filter(rows.at.cast("date") > rows.withdrawn)
    yield (
        "contacts.customer_id",
        grouped(wrong, example=wrong.contact_id, money=nothing("decimal(38, 4)"), value=wrong.campaign_id),
    )
