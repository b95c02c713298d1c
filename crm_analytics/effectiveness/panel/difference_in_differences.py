"""Difference-in-differences: without the campaign the treated would have moved as the others did.

    twin(t) = others(t) + mean over the time before of (treated − others),   others(t) = Σ sⱼ·otherⱼ(t)

with sⱼ a unit's share of the size of all others. It is two-way fixed effects where all treated units start at once;
those that start at different times are each held against units not yet reached, so that no unit under treatment serves
as a control: Goodman-Bacon (2021), Callaway & Sant'Anna, Difference-in-differences with multiple time periods (2021).
"""

from __future__ import annotations

from crm_analytics.effectiveness.panel.case import Case, Twin


def twin(case: Case) -> Twin:
    """All others by their size, moved to the level of the reached before the campaign."""
    weights = case.size / case.size.sum()
    others = case.others @ weights
    return Twin(path=others + (case.treated - others)[case.before].mean(), weights=weights)
