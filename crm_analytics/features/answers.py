"""Answers to campaigns: responses by which customers took an offer up, and not those by which they left."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

LEAVING = ("unsubscri", "opt-out", "opt out", "optout", "opted out", "bounce", "refused", "spam", "complain", "stop",
           "отпис", "отказ", "жалоб", "спам", "стоп", "не беспокоить", "не доставлен", "недоставлен")  # fmt: skip
"""What the kinds of response begin with by which somebody leaves: no answer to an offer."""


def answers(wh: Warehouse, as_of: date) -> ir.Table:
    """The responses before `as_of` by which nobody left."""
    responses = wh.responses
    kind = responses.kind.fill_null("").lower().strip()
    left = [kind.startswith(word) for word in LEAVING]
    leaves = left[0]
    for one in left[1:]:
        leaves |= one
    return responses.filter(responses["at"] < as_of, ~leaves)
