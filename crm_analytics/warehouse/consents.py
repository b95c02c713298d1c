"""Consent on a day: who may be addressed for a purpose by a channel, and who is to be left in peace whatever they said.

Consents are a history. A grant holds from its day until its own withdrawal, or until any later withdrawal of the same
purpose and channel, whoever recorded it: what two systems say is read in the customer's favour. A wish not to be
contacted wins over every consent.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def agreed(consents: ir.Table, *, purpose: str, channel: str, on: date) -> ir.Table:
    """Whose consent to `purpose` by `channel` holds on that day: one row a customer, customer_id.

    A consent of which nobody knows since when it holds is none.
    """
    asked = consents.filter(consents.purpose == purpose, consents.channel == channel)
    ended = asked.filter(asked.withdrawn_at <= on).group_by("customer_id")
    ended = ended.agg(ended_at=lambda rows: rows.withdrawn_at.max())
    running = asked.filter(asked.granted_at <= on, asked.withdrawn_at.isnull() | (asked.withdrawn_at > on))
    running = running.select("customer_id", "granted_at").left_join(ended, "customer_id").drop("customer_id_right")
    holding = running.filter(running.ended_at.isnull() | (running.ended_at <= running.granted_at))
    return holding.select("customer_id").distinct()


def barred(do_not_contact: ir.Table, *, channel: str, on: date, known_by: date) -> ir.Table:
    """Who is not to be contacted by `channel` on that day, as far as was known by `known_by`: customer_id.

    A wish that names no channel is meant for all of them.
    """
    wishes = do_not_contact.filter(
        do_not_contact.channel.isnull() | (do_not_contact.channel == channel),
        do_not_contact.since <= known_by,
        do_not_contact.until.isnull() | (do_not_contact.until >= on),
    )
    return wishes.select("customer_id").distinct()
