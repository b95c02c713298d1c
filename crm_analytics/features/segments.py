"""Which clauses of a tree of segments hold for whom: the rules asked of the facts, for a Study to make segments of."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.features.clause_checks import asked_of_profile, check_values
from crm_analytics.features.clauses import Clauses
from crm_analytics.features.feature import feature
from crm_analytics.features.profile import described
from crm_analytics.rules.tree import USUAL, read_tree

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from crm_analytics.warehouse.engine import Warehouse

TOLD = (
    "customer_id", "kind", "region", "gender", "acquired_channel",
    "orders", "orders_window", "revenue", "revenue_window", "until",
)  # fmt: skip
"""What comes along with the clauses: whom to compare with whom, and the money behind them."""


@feature(needs=("customers", "orders", "order_lines"), grain="a customer")
def segments(
    wh: Warehouse,
    as_of: date | str | None = None,
    rules: str = USUAL,
    window_days: int = 365,
    trade: str = "ordinary",
) -> ir.Table:
    """Every customer known before `as_of`, and for each clause of `rules` whether it holds: 1 yes, -1 no, 0 unknown.

    `rules` is a tree of segments, one to a line (`rules.tree`). A clause about what a customer is or has looks at
    `features.profile`; one about what was bought, spent, told or answered counts it over its own window before `as_of`.
    Whoever bought nothing bought nothing: what was never done is 0, not unknown. Columns: customer_id, kind, region,
    gender, acquired_channel, orders, orders_window, revenue, revenue_window (the company's money, net of returns; of
    the `window_days` before), until (`as_of`, the same on every row), and one for each clause under its printed text.
    Ordered by customer. Raises RuleError,
    in one sentence with its place, for a text that is no rule or asks for what there is not.
    """
    import ibis

    tree = read_tree(rules)
    wanted = frozenset(TOLD) | asked_of_profile(tree.clauses)
    people = described(wh, as_of, window_days=window_days, trade=trade, wanted=wanted)
    check_values(wh, tree.clauses)
    wide = Clauses(wh, as_of, trade=trade).of(people, tree.clauses)
    wide = wide.mutate(until=ibis.literal(as_of, type="date"))
    told = [name for name in wide.columns if name in TOLD or name not in people.columns]
    return wide.select(*sorted(told, key=lambda name: name not in TOLD)).order_by("customer_id")
