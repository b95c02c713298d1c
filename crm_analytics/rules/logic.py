"""Whether a rule holds: 1 it does, -1 it does not, 0 nobody knows, since what it asks about is not on record.

That is Kleene's logic: `and` is the least of its parts, `or` the greatest, `not` the opposite. So a rule about the age
neither takes in nor leaves out those whose age is unknown, and `age is unknown` names them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from crm_analytics.rules.clauses import All, Clause, Not, Rule, Some

HOLDS, UNKNOWN, HOLDS_NOT = 1, 0, -1


def column_of(clause: Clause) -> str:
    """Under which name a table says of a clause whether it holds; engines and rules take no notice of case."""
    return str(clause).lower()


def holds(rule: Rule, of: Callable[[Clause], Any]) -> Any:
    """Whether the rule holds, from whether its clauses do: for one customer a number, for many an array."""
    if isinstance(rule, All):
        return reduce(np.minimum, (holds(part, of) for part in rule.parts))
    if isinstance(rule, Some):
        return reduce(np.maximum, (holds(part, of) for part in rule.parts))
    return -holds(rule.of, of) if isinstance(rule, Not) else of(rule)


def reason(rule: Rule, of: Callable[[Clause], Any]) -> str:
    """Why the rule holds for one customer: the clauses that made it so; of several ways in, those that were open."""
    if isinstance(rule, All):
        return " and ".join(reason(part, of) for part in rule.parts)
    if isinstance(rule, Some):
        return " and ".join(dict.fromkeys(reason(part, of) for part in rule.parts if holds(part, of) == HOLDS))
    return str(rule)
