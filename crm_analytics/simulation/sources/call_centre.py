"""The call centre: calls in and out, and the callers it keeps under ids of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation import contacts
from crm_analytics.simulation.assortment import REGIONS
from crm_analytics.simulation.columns import days, ids, table, words
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.persons import full_names, phones
from crm_analytics.simulation.segments import SEGMENTS
from crm_analytics.simulation.service import touch_cents

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

SOURCE = "call_centre"


def tables(company: Simulation) -> dict[str, pa.Table]:
    """What this system knows, as canonical tables."""
    return {
        "customers": callers(company),
        "customer_contacts": caller_contacts(company),
        "contacts": calls(company),
    }


def caller_ids(count: int) -> pa.Array:
    """The call centre's own ids."""
    return ids("K", np.arange(count), digits=6)


def callers(company: Simulation) -> pa.Table:
    """Customers whom the call centre has written down a second time."""
    who, known = company.people, company.callers
    return table(
        "customers",
        SOURCE,
        {
            "customer_id": caller_ids(len(known)),
            "kind": words([s.kind for s in SEGMENTS], who.segment[known]),
            "first_seen": days(np.minimum(who.joined[known] + 30, DAYS - 1)),
            "acquired_channel": words(["phone"], np.zeros(len(known), int)),
            "region": words(REGIONS, who.region[known]),
        },
    )


def caller_contacts(company: Simulation) -> pa.Table:
    """The same people as in the CRM: names in capitals, telephone numbers without the country."""
    known = pa.array(company.callers)
    return table(
        "customer_contacts",
        SOURCE,
        {
            "customer_id": caller_ids(len(known)),
            "full_name": pc.utf8_upper(full_names(company.people, company.names).take(known)),
            "phone": pc.utf8_slice_codeunits(phones(company.names.phone_of[company.callers]), start=4),
        },
    )


def calls(company: Simulation) -> pa.Table:
    """All calls; the messages of campaigns are in the CRM."""
    called = np.flatnonzero(company.contacts.channel == contacts.PHONE)
    touches = company.contacts.take(called)
    return contacts.as_table(SOURCE, touches, ids("T", called, digits=8), cents=touch_cents(touches))
