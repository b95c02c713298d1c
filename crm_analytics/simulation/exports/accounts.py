"""The books as they write: semicolons, decimal commas, and the words of accountants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from crm_analytics.simulation.exports.file import SAME_LINE_TWICE, Defect, SourceFile, Style, of_table
from crm_analytics.simulation.sources import accounts as known

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

STYLE = Style(delimiter=";", decimal=",", day="%d.%m.%Y")
ACCOUNTS = {"delivery": "6210 Carriage out", "packaging": "6220 Packing material", "return handling": "6290 Goods back"}
"""How the chart of accounts calls each kind of cost."""


def files(company: Simulation) -> Iterable[SourceFile]:
    """What this system exports."""
    owed, charged = known.payments(company), known.order_costs(company)
    account = charged["kind"].combine_chunks()
    for kind, name in ACCOUNTS.items():
        account = pc.replace_substring(account, kind, name)
    return [
        of_table(
            "accounts_receivable.csv",
            STYLE,
            {
                "Invoice": owed["payment_id"],
                "Order": owed["order_id"],
                "Debtor": owed["customer_id"],
                "Invoiced": owed["invoiced_at"],
                "Due": owed["due_at"],
                "Settled": owed["paid_at"],
                "Amount": owed["amount"],
            },
            key="Invoice",
            defects=(
                SAME_LINE_TWICE,
                Defect("an impossible date", {"Settled": "30.02.2024"}),
                Defect("garbage in a number", {"Amount": "12O,00"}),
                Defect("a payment of nothing known", {"Invoice": ""}),
            ),
        ),
        of_table(
            "accounts_order_costs.csv",
            STYLE,
            {
                "Cost No": charged["cost_id"],
                "Order": charged["order_id"],
                "Cost type": account,
                "Booked": charged["day"],
                "Cost": charged["amount"],
            },
            key="Cost No",
            defects=(
                SAME_LINE_TWICE,
                Defect("an impossible date", {"Booked": "31.06.2024"}),
                Defect("an unknown account", {"Cost type": "9999 Suspense"}),
            ),
        ),
    ]
