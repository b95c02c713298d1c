"""What is measured, for people: what it is called, its unit, and a value or a change of it.

A measure is the name of a column or of a ratio of two. Money is told in the company's currency, whatever else is
counted as a count; where it is a ratio or a mean, the caller asks for a number (of three digits) instead.
"""

from __future__ import annotations

from typing import Literal

from crm_analytics.say import say, voice

MONEY = frozenset({"revenue", "margin", "sales", "mean order", "mean price", "revenue/orders", "revenue/units"})
COUNTED = frozenset({"orders", "units", "enquiries", "complaints", "contacts", "leads", "visits", "complaint share"})


def noun_of(measure: str) -> str:
    """What it is called in a sentence; the name of a column of one's own is text, and never a template."""
    spoken = measure.replace("_", " ").replace("/", " / ")
    return say(spoken) if measure in MONEY | COUNTED else spoken


def unit_of(measure: str) -> str:
    """What is written on an axis: the currency, or what is counted."""
    return voice().currency if measure in MONEY else noun_of(measure)


def amount(measure: str, value: float, *, otherwise: Literal["count", "number"] = "count") -> str:
    """A value of it: money, or what it is otherwise."""
    return say("{value:money}" if measure in MONEY else "{value:" + otherwise + "}", value=value)


def change(measure: str, value: float, *, otherwise: Literal["count", "number"] = "count") -> str:
    """A change of it: a value with its sign."""
    worded = amount(measure, value, otherwise=otherwise)
    return "+" + worded if value > 0 else worded
