"""The books: what is due on invoice, what was paid, and what carriers and the warehouse charged for orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation.columns import customer_ids, days, ids, money, table, words
from crm_analytics.simulation.service import COSTS

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

SOURCE = "accounts"


def tables(company: Simulation) -> dict[str, pa.Table]:
    """What this system knows, as canonical tables."""
    return {"payments": payments(company), "order_costs": order_costs(company)}


def payments(company: Simulation) -> pa.Table:
    owed = company.payments
    return table(
        "payments",
        SOURCE,
        {
            "payment_id": pc.binary_join_element_wise(
                ids("F", owed.order, digits=8), words(["1", "2"], owed.instalment - 1), "-"
            ),
            "order_id": ids("A", owed.order, digits=8),
            "customer_id": customer_ids(owed.customer),
            "invoiced_at": days(owed.invoiced),
            "due_at": days(owed.due),
            "paid_at": days(owed.paid, empty=owed.paid < 0),
            "amount": money(owed.amount_cents),
        },
    )


def order_costs(company: Simulation) -> pa.Table:
    charged = company.order_costs
    return table(
        "order_costs",
        SOURCE,
        {
            "cost_id": ids("B", np.arange(len(charged)), digits=8),
            "order_id": ids("A", charged.order, digits=8),
            "kind": words(COSTS, charged.kind),
            "day": days(charged.day),
            "amount": money(charged.amount_cents),
        },
    )
