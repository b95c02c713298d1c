"""The call centre: calls in and out, and the callers it keeps under ids of its own. Tab separated, months by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation import contacts
from crm_analytics.simulation.assortment import REGIONS
from crm_analytics.simulation.columns import days, ids, table, words
from crm_analytics.simulation.demand import DAYS
from crm_analytics.simulation.files import SAME_LINE_TWICE, Defect, SourceFile, Style, of_table
from crm_analytics.simulation.persons import full_names, phones
from crm_analytics.simulation.segments import SEGMENTS

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

SOURCE = "call_centre"
STYLE = Style(delimiter="\t", day="%d-%b-%Y", moment="%d-%b-%Y %H:%M:%S")


def tables(company: Simulation) -> dict[str, pa.Table]:
    """What this system knows, as canonical tables."""
    return {
        "customers": callers(company), "customer_contacts": caller_contacts(company), "contacts": calls(company),
    }


def files(company: Simulation) -> Iterable[SourceFile]:
    """What this system exports."""
    known, reached, called = callers(company), caller_contacts(company), calls(company)
    return [
        of_table("callcentre_callers.tsv", STYLE, {
            "CallerId": known["customer_id"], "Type": known["kind"], "Name": reached["full_name"],
            "Phone": reached["phone"], "Region": known["region"], "Since": known["first_seen"],
        }),
        of_table("callcentre_calls.tsv", STYLE, {
            "CallId": called["contact_id"], "Started": called["at"],
            "Direction": pc.utf8_upper(called["kind"].combine_chunks()), "Customer": called["customer_id"],
            "Campaign": called["campaign_id"], "Result": called["outcome"], "Seconds": called["duration_s"],
            "Agent": called["agent"],
        }, key="CallId", defects=(
            SAME_LINE_TWICE,
            Defect("an impossible date", {"Started": "31-Feb-2024 10:15:00"}),
            Defect("a call without an id", {"CallId": ""}),
            Defect("garbage in a number", {"Seconds": "1O5 sec"}),
            Defect("an unknown direction", {"Direction": "??"}),
        )),
    ]


def caller_ids(count: int) -> pa.Array:
    """The call centre's own ids."""
    return ids("K", np.arange(count), digits=6)


def callers(company: Simulation) -> pa.Table:
    """Customers whom the call centre has written down a second time."""
    who, known = company.people, company.callers
    return table("customers", SOURCE, {
        "customer_id": caller_ids(len(known)), "kind": words([s.kind for s in SEGMENTS], who.segment[known]),
        "first_seen": days(np.minimum(who.joined[known] + 30, DAYS - 1)),
        "acquired_channel": words(["phone"], np.zeros(len(known), int)), "region": words(REGIONS, who.region[known]),
    })


def caller_contacts(company: Simulation) -> pa.Table:
    """The same people as in the CRM: names in capitals, telephone numbers without the country."""
    known = pa.array(company.callers)
    return table("customer_contacts", SOURCE, {
        "customer_id": caller_ids(len(known)),
        "full_name": pc.utf8_upper(full_names(company.people, company.names).take(known)),
        "phone": pc.utf8_slice_codeunits(phones(company.callers), start=4),
    })


def calls(company: Simulation) -> pa.Table:
    """All calls; the messages of campaigns are in the CRM."""
    called = np.flatnonzero(company.contacts.channel == contacts.PHONE)
    return contacts.as_table(SOURCE, company.contacts.take(called), ids("T", called, digits=8))
