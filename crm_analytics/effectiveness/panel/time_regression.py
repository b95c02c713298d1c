"""Time-based regression: how the treated as a group go with the others as a group, for tests by geography.

    treated(t) = a + b·others(t) + noise(t), fitted to the time before;   twin(t) = a + b·others(t)

With independent normal noise and a flat prior the sum over the window has a t distribution around its estimate, with
variance s²·(m + q'(X'X)⁻¹q), q the window's sums of (1, others) and m its periods: Kerman, Wang & Vaver, Estimating ad
effectiveness using geo experiments in a time-based regression framework (2017).
"""

from __future__ import annotations

import numpy as np

from crm_analytics.effectiveness.panel.case import Case, Twin


def twin(case: Case) -> Twin:
    """The line that foretold the reached from all others before the campaign."""
    weights = case.size / case.size.sum()
    design = _design(case)
    line = np.linalg.lstsq(design[case.before], case.treated[case.before], rcond=None)[0]
    return Twin(path=design @ line, weights=weights)


def own_error(case: Case) -> tuple[float, int]:
    """The standard error of the window's sum as the regression itself has it, and its degrees of freedom."""
    design = _design(case)
    known = design[case.before]
    line = np.linalg.lstsq(known, case.treated[case.before], rcond=None)[0]
    freedom = len(known) - 2
    variance = ((case.treated[case.before] - known @ line) ** 2).sum() / freedom
    sums = design[case.window].sum(axis=0)
    return float(np.sqrt(variance * (case.window.sum() + sums @ np.linalg.pinv(known.T @ known) @ sums))), freedom


def _design(case: Case) -> np.ndarray:
    others = case.others @ (case.size / case.size.sum())
    return np.column_stack([np.ones(len(others)), others])
