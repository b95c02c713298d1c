"""The CRM as it writes: UTF-8 behind a byte order mark, commas, and free text that people typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation import persons
from crm_analytics.simulation.columns import customer_ids, days, each, every
from crm_analytics.simulation.duplicates import FIRST_NUMBER
from crm_analytics.simulation.exports.file import SAME_LINE_TWICE, Defect, SourceFile, Style, of_table
from crm_analytics.simulation.exports.slips import Lost, Slip, always, anothers, doubled, mixed
from crm_analytics.simulation.sources import crm as known

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

STYLE = Style(mark=b"\xef\xbb\xbf")
CAPITALS, SPACE = 97, 211
"""One region in so many was typed in capitals, or with a space behind it."""

PLAIN = "^[A-Z][a-z]+ [A-Z][a-z]*o[a-z]*$"
"""A name in Latin letters with an o in it."""


def _person(kind: str, column: str, write, *, count: int = 4, among: tuple[str, str] = ("", "")) -> Slip:
    """A slip in the book of addresses."""
    return Slip(kind=kind, place=f"customer_contacts.{column}", column=column, key=("customer_id",), write=write,
                count=count, among=among)  # fmt: skip


def _customer(kind: str, column: str, write, *, place: str = "", among: tuple[str, str] = ("", "")) -> Slip:
    """A slip in what is known of a customer."""
    return Slip(kind=kind, place=f"customers.{place or column}", column=column, key=("customer_id",), write=write,
                among=among)  # fmt: skip


CUSTOMER_SLIPS = (
    _customer("a default date", "first_seen", always("1900-01-01")),
    _customer("an impossible age", "birth_year", always("1880")),
    _customer("a typing error", "acquired_by", doubled, place="acquired_channel", among=("acquired_by", ".{5}")),
    _person("a name in letters of two alphabets", "full_name", mixed, among=("full_name", PLAIN)),
    _person("a test customer", "full_name", always("Test Testing"), among=("full_name", PLAIN), count=3),
    _person("an impossible telephone", "phone", always("222222222")),
    _person("one telephone on several customers", "phone", anothers),
    _person("one tax number on several customers", "tax_number", anothers, count=2),
)


def files(company: Simulation) -> Iterator[SourceFile]:
    """What this system exports."""
    yield of_table(
        "crm_customers.csv",
        STYLE,
        _customer_columns(company),
        key="customer_id",
        defects=(
            SAME_LINE_TWICE,
            Defect("an impossible date", {"first_seen": "2024-02-30"}),
            Defect("a customer without an id", {"customer_id": ""}),
            Defect("an unknown region", {"region": "Rigga"}),
            Defect("an unknown kind of customer", {"type": "persn"}),
            Defect("garbage in a number", {"birth_year": "19x7"}),
        ),
        slips=CUSTOMER_SLIPS,
        oddities={
            "a region in capitals": every(CAPITALS, company.customers),
            "a space behind": every(SPACE, company.customers),
            "a formula as a name": every(persons.FORMULA_NAME, company.customers),
            "a formula as a reason": every(persons.FORMULA_REASON, company.customers),
        },
    )
    yield _as_it_is(
        "crm_consents.csv",
        known.consents(company),
        key="customer_id",
        defects=(
            SAME_LINE_TWICE,
            Defect("an unknown customer", {"customer_id": "N9999999"}),
        ),
        slips=(
            Slip(kind="a default date", place="consents.granted_at", column="granted_at", write=always("1970-01-01"),
                 key=("customer_id", "purpose", "channel", "granted_at")),
        ),
    )
    wishes = known.do_not_contact(company)
    yield of_table("crm_do_not_contact.csv", STYLE, _columns(wishes))
    yield of_table("crm_card_forms.csv", STYLE, known.card_forms(company))
    yield _as_it_is("crm_campaigns.csv", known.campaigns(company))
    yield _as_it_is("crm_campaign_steps.csv", known.campaign_steps(company))
    yield _as_it_is(
        "crm_campaign_costs.csv",
        known.campaign_costs(company),
        slips=(Lost(kind="a campaign without cost", place="campaign_costs.campaign_id", column="campaign_id"),),
    )
    yield _as_it_is(
        "crm_arms.csv",
        known.arms(company),
        key="campaign_id",
        defects=(
            SAME_LINE_TWICE,
            Defect("an unknown campaign", {"campaign_id": "C99"}),
        ),
    )
    yield _as_it_is(
        "crm_messages.csv",
        known.messages(company),
        key="contact_id",
        defects=(
            SAME_LINE_TWICE,
            Defect("an impossible date", {"at": "2024-13-01 09:00:00"}),
        ),
    )
    yield _as_it_is(
        "crm_responses.csv",
        known.responses(company),
        key="campaign_id",
        defects=(SAME_LINE_TWICE,),
        slips=(
            Slip(kind="a response outside its campaign", place="responses.at", column="at", write=_a_year_early,
                 key=("campaign_id", "customer_id", "at"), among=("at", "-0[3-9]-")),
        ),
    )
    yield of_table(
        "crm_leads.csv",
        STYLE,
        _columns(known.leads(company)),
        key="lead_id",
        defects=(
            SAME_LINE_TWICE,
            Defect("garbage in a number", {"cost": "free"}),
        ),
    )
    yield _as_it_is(
        "crm_deals.csv",
        known.deal_stages(company),
        key="deal_id",
        defects=(Defect("an unknown outcome", {"outcome": "maybe"}),),
    )
    yield _as_it_is(
        "crm_survey.csv",
        known.survey_answers(company),
        key="respondent_id",
        defects=(
            SAME_LINE_TWICE,
            Defect("an answer to no question", {"question": ""}),
        ),
    )


def _as_it_is(
    name: str,
    rows: pa.Table,
    *,
    key: str = "",
    defects: tuple[Defect, ...] = (),
    slips: tuple[Slip | Lost, ...] = (),
) -> SourceFile:
    """A file with the headings of the canonical table, and only the columns that this system knows."""
    columns = {name: column for name, column in _columns(rows).items() if column.null_count < rows.num_rows}
    return of_table(name, STYLE, columns, key=key, defects=defects, slips=slips)


def _columns(rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    """All columns, those that are empty in a small company among them."""
    return {name: rows[name] for name in rows.column_names if name != "source"}


def _a_year_early(at: str, _: str) -> str:
    return f"{int(at[:4]) - 1}{at[4:]}"


def _customer_columns(company: Simulation) -> dict[str, pa.Array]:
    """Customers and their addresses in one file, some twice; the region is spelt as whoever typed it in saw fit."""
    listed, reached = known.customers(company), known.customer_contacts(company)
    region, count = listed["region"].combine_chunks(), company.customers
    region = pc.if_else(each(CAPITALS, count), pc.utf8_upper(region), region)
    region = pc.if_else(each(SPACE, count), pc.binary_join_element_wise(region, " ", ""), region)
    once = {
        "customer_id": listed["customer_id"],
        "type": listed["kind"],
        "full_name": reached["full_name"],
        "birth_date": reached["birth_date"],
        "email": reached["email"],
        "phone": reached["phone"],
        "address": reached["address"],
        "tax_number": reached["tax_number"],
        "region": region,
        "first_seen": listed["first_seen"],
        "acquired_by": listed["acquired_channel"],
        "acquired_campaign": listed["acquired_campaign"],
        "birth_year": listed["birth_year"],
        "gender": listed["gender"],
        "reason": listed["reason_first_purchase"],
    }
    again = _second_records(company, listed)
    return {name: pa.concat_arrays([_whole(values), again[name]]) for name, values in once.items()}


def _second_records(company: Simulation, listed: pa.Table) -> dict[str, pa.Array]:
    """The same people, written down once more; what was not asked again is empty."""
    again = company.duplicates
    count = len(again)
    region = listed["region"].combine_chunks().take(pa.array(again.customer))
    known = {
        "customer_id": customer_ids(FIRST_NUMBER + np.arange(count)),
        "type": pa.array(["person"] * count, pa.string()),
        "full_name": pa.array(again.full_name, pa.string()),
        "birth_date": _filled(again.birth_date),
        "email": _filled(again.email),
        "phone": _filled(again.phone),
        "address": pc.binary_join_element_wise(_filled(again.address), region, ", "),
        "region": region,
        "first_seen": days(again.day),
    }
    kinds = {"birth_year": pa.int64()}
    lacking = ("tax_number", "acquired_by", "acquired_campaign", "birth_year", "gender", "reason")
    return known | {name: pa.nulls(count, kinds.get(name, pa.string())) for name in lacking}


def _filled(texts: list[str]) -> pa.Array:
    return pa.array([text or None for text in texts], pa.string())


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
