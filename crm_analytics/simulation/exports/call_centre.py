"""The call centre as it writes: tabs, and months by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from crm_analytics.simulation.exports.file import SAME_LINE_TWICE, Defect, SourceFile, Style, of_table
from crm_analytics.simulation.exports.slips import Slip, hyphened, shouted
from crm_analytics.simulation.sources import call_centre as known

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

STYLE = Style(delimiter="\t", day="%d-%b-%Y", moment="%d-%b-%Y %H:%M:%S")


def files(company: Simulation) -> Iterable[SourceFile]:
    """What this system exports."""
    listed, reached, called = known.callers(company), known.caller_contacts(company), known.calls(company)
    return [
        of_table(
            "callcentre_callers.tsv",
            STYLE,
            {
                "CallerId": listed["customer_id"],
                "Type": listed["kind"],
                "Name": reached["full_name"],
                "Phone": reached["phone"],
                "Region": listed["region"],
                "Since": listed["first_seen"],
            },
        ),
        of_table(
            "callcentre_calls.tsv",
            STYLE,
            {
                "CallId": called["contact_id"],
                "Started": called["at"],
                "Direction": pc.utf8_upper(called["kind"].combine_chunks()),
                "Customer": called["customer_id"],
                "Campaign": called["campaign_id"],
                "Result": called["outcome"],
                "Seconds": called["duration_s"],
                "Agent": called["agent"],
                "Cost": called["cost"],
            },
            key="CallId",
            defects=(
                SAME_LINE_TWICE,
                Defect("an impossible date", {"Started": "31-Feb-2024 10:15:00"}),
                Defect("a call without an id", {"CallId": ""}),
                Defect("garbage in a number", {"Seconds": "1O5 sec"}),
                Defect("an unknown direction", {"Direction": "??"}),
            ),
            slips=(
                Slip(kind="a reference to nothing", place="contacts.campaign_id", column="Campaign", key=("CallId",),
                     write=hyphened, loaded=lambda _: None),
                Slip(kind="the same word spelt differently", place="contacts.outcome", column="Result", key=("CallId",),
                     write=shouted),
            ),
        ),
    ]
