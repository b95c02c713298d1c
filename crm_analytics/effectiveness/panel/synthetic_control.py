"""Synthetic control: the mixture of the others that went as the treated did before.

    twin(t) = Σ wⱼ·otherⱼ(t),   w = argmin Σ over the time before of (treated − Σ wⱼ·otherⱼ)²,  w ≥ 0, Σw = 1

Abadie, Diamond & Hainmueller, Synthetic control methods for comparative case studies (2010), on outcomes alone.
"""

from __future__ import annotations

from crm_analytics.effectiveness.panel.case import Case, Twin
from crm_analytics.effectiveness.panel.weights import shares


def twin(case: Case) -> Twin:
    weights = shares(case.others[case.before], case.treated[case.before])
    return Twin(path=case.others @ weights, weights=weights)
