"""Synthetic difference-in-differences: units that went like the treated, times that were like the campaign's.

    twin(t) = Σ wⱼ·otherⱼ(t) + Σ over the time before of λₛ·(treated(s) − Σ wⱼ·otherⱼ(s))

    w = argmin ‖treated − w₀ − others·w‖² + ζ²·T₀·‖w‖²   over the time before, w ≥ 0, Σw = 1
    λ = argmin ‖mean of others over the window − λ₀ − othersᵀ·λ‖²   over the others, λ ≥ 0, Σλ = 1
    ζ = (units treated · periods of the window)^¼ · standard deviation of the others' changes before

Arkhangelsky, Athey, Hirshberg, Imbens & Wager, Synthetic difference-in-differences (2021), algorithm 1.
"""

from __future__ import annotations

import numpy as np

from crm_analytics.effectiveness.panel.case import Case, Twin
from crm_analytics.effectiveness.panel.weights import shares


def twin(case: Case) -> Twin:
    """Others weighted to move as the reached did, days weighted to be as the campaign's (Arkhangelsky et al. 2021)."""
    before, others, treated = case.others[case.before], case.others, case.treated
    changes = np.diff(before, axis=0).std(ddof=1)
    zeta = (case.reached * case.window.sum()) ** 0.25 * changes
    weights = shares(before - before.mean(axis=0), _centred(treated[case.before]), ridge=zeta**2 * len(before))
    now = others[case.window].mean(axis=0)
    times = shares(before.T - before.mean(axis=1), _centred(now), ridge=(1e-6 * changes) ** 2 * before.shape[1])
    mixture = others @ weights
    return Twin(path=mixture + times @ (treated - mixture)[case.before], weights=weights)


def _centred(values: np.ndarray) -> np.ndarray:
    return values - values.mean()
