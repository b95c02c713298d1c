"""What contacts say of themselves: what they were about and how they ended, in whichever column it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

COMPLAINT = "complain|жалоб|претензи|рекламац|sūdz|beschwer|reklam|^claims?$"
"""A contact whose reason or outcome has one of these roots is a complaint."""


def says(contacts: ir.Table, words: str) -> ir.BooleanValue:
    """Whether the reason or the outcome of each contact has these words (a regular expression in small letters)."""
    reason, outcome = (contacts[name].fill_null("").lower().strip() for name in ("reason", "outcome"))
    return reason.re_search(words) | outcome.re_search(words)
