"""Customers: who they are, how they may be reached, what they allow and what else is known of them."""

from __future__ import annotations

from crm_analytics.warehouse.tables.definition import DAY, FLOAT, INT, TEXT, Column, Table, reference, row_id

CUSTOMERS = (
    Table("customers", "a customer", ("customer_id",), (
        row_id("customer_id", "the customer, without a name"),
        Column("kind", TEXT, "who buys", values=("person", "company", "dealer")),
        Column("first_seen", DAY, "the first day the company knew the customer", past=True),
        Column("acquired_channel", TEXT, "the channel that brought the customer"),
        reference("acquired_campaign", "the campaign that brought the customer", "campaigns.campaign_id"),
        Column("region", TEXT, "where the customer lives or trades"),
        Column("birth_year", INT, "year of birth", unit="year"),
        Column("gender", TEXT, "as the customer stated it"),
        Column("reason_first_purchase", TEXT, "why the customer came, in the customer's words or a code"),
    ), opens="who the customers are and how groups of them differ"),
    Table("customer_contacts", "a customer's addresses", ("customer_id",), (
        row_id("customer_id", "the customer", "customers.customer_id"),
        Column("full_name", TEXT, "name", personal=True),
        Column("given_name", TEXT, "given name, where it is known apart", personal=True),
        Column("surname", TEXT, "family name, where it is known apart", personal=True),
        Column("birth_date", TEXT, "date of birth: 2025-06-30, 20250630 or 30.06.2025", personal=True),
        Column("email", TEXT, "e-mail address", personal=True),
        Column("phone", TEXT, "telephone, international form", personal=True),
        Column("address", TEXT, "postal address", personal=True),
        Column("street", TEXT, "street, house and flat, where they are known apart", personal=True),
        Column("city", TEXT, "town", personal=True),
        Column("postcode", TEXT, "post code", personal=True),
        Column("tax_number", TEXT, "tax number of a company, or a person's own number", personal=True),
        Column("source_customer_id", TEXT, "how the source calls the customer, where customer_id is a pseudonym",
               personal=True),
    ), opens="mailings and call lists that can be sent"),
    Table("consents", "a consent of a customer × purpose × channel",
          ("customer_id", "purpose", "channel", "granted_at"), (
        row_id("customer_id", "the customer", "customers.customer_id"),
        Column("purpose", TEXT, "what the customer agreed to", required=True),
        Column("channel", TEXT, "by which channel", required=True),
        Column("granted_at", DAY, "since when", past=True),
        Column("withdrawn_at", DAY, "from which day it no longer holds; empty while it does"),
        Column("basis", TEXT, "who or what brought it: a form, a call, an import"),
    ), opens="who may be addressed, and by which channel"),
    Table("do_not_contact", "a customer × channel × day since when", ("customer_id", "channel", "since"), (
        row_id("customer_id", "the customer", "customers.customer_id"),
        Column("channel", TEXT, "by which channel not to; empty: by none at all"),
        Column("since", DAY, "first day", required=True),
        Column("until", DAY, "last day; empty: for good"),
        Column("reason", TEXT, "why"),
    ), opens="who is to be left in peace, whatever they once agreed to"),
    Table("traits", "a customer × trait", ("customer_id", "trait"), (
        row_id("customer_id", "the customer", "customers.customer_id"),
        Column("trait", TEXT, "what is known: education, sector, card, reason …", required=True),
        Column("value", TEXT, "its value", required=True),
        Column("known_at", DAY, "known since", past=True),
    ), opens="groups of customers by what else is known of them"),
    Table("activity", "a customer × measure × day", ("customer_id", "measure", "day"), (
        row_id("customer_id", "the customer", "customers.customer_id"),
        Column("measure", TEXT, "what is counted: visits, flights, points …", required=True),
        Column("day", DAY, "on this day, or in the period that begins with it", required=True, past=True),
        Column("value", FLOAT, "how much", required=True),
    ), opens="what customers do beside buying"),
)
