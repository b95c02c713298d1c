"""Two hundred stores over three years of days: how long the whole comparison takes, and its two inner tasks beside the
usual ways: weights of a synthetic control by a general optimiser (scipy's SLSQP), and two-way fixed effects by dummies.

    python benchmarks/bench_panel.py [--units N] [--runs N]

The runs alternate, so that a busy machine slows both; medians of processor time and the losses reached are compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import statsmodels.api as sm
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from crm_analytics import PanelEffect
from crm_analytics.effectiveness.panel import difference_in_differences
from crm_analytics.effectiveness.panel.weights import shares
from crm_analytics.simulation.panel import side_by_side


def timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    return work(), time.process_time() - start


def by_optimiser(columns: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Weights as packages for synthetic control find them: a general optimiser with bounds and one constraint."""
    k = columns.shape[1]
    gram, cross = columns.T @ columns, columns.T @ target
    return minimize(
        lambda w: w @ gram @ w - 2 * cross @ w, np.full(k, 1 / k), jac=lambda w: 2 * (gram @ w - cross),
        bounds=[(0, 1)] * k, constraints={"type": "eq", "fun": lambda w: w.sum() - 1}, method="SLSQP",
        options={"maxiter": 1000},
    ).x  # fmt: skip


def by_dummies(case) -> float:
    """Two-way fixed effects as one regression on a dummy for every unit and period; the effect a period."""
    cells = np.column_stack([case.treated, case.others])[case.before | case.window]
    periods, units = cells.shape
    unit, period = np.tile(np.eye(units), (periods, 1)), np.repeat(np.eye(periods), units, axis=0)[:, 1:]
    on = np.zeros((periods, units))
    on[case.window[case.before | case.window], 0] = 1
    return float(sm.OLS(cells.ravel(), np.column_stack([on.ravel(), unit, period])).fit().params[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    frame, truth = side_by_side(1, units=args.units, treated=args.units // 10, effect=0.1)
    result, whole = timed(lambda: PanelEffect().fit(frame))
    print(f"{args.units} units, {len(frame):,} days: {whole:.1f} s · planted {truth.brought['revenue'].sum():,.0f}")
    print(result.text)
    layout = result.reading.layout
    case = layout.case(layout.spells[0])
    columns, target = case.others[case.before], case.treated[case.before]
    rows: dict[str, list[tuple[object, float]]] = {"shares": [], "SLSQP": [], "twin": [], "dummies": []}
    plain = case.__class__(**{**case.__dict__, "size": np.ones(columns.shape[1])})
    with threadpool_limits(limits=1):
        for _ in range(args.runs):
            rows["shares"].append(timed(lambda: shares(columns, target)))
            rows["SLSQP"].append(timed(lambda: by_optimiser(columns, target)))
            rows["twin"].append(timed(lambda: difference_in_differences.twin(plain).path))
            rows["dummies"].append(timed(lambda: by_dummies(case)))
    for name in ("shares", "SLSQP"):
        weights, seconds = rows[name][0][0], median(t for _, t in rows[name])
        print(f"weights by {name}: {1000 * seconds:.1f} ms, loss {((columns @ weights - target) ** 2).sum():.9f}")
    gap = float((case.treated - rows["twin"][0][0])[case.window].mean())
    print(f"two-way fixed effects: {1000 * median(t for _, t in rows['twin']):.2f} ms, {gap:.9f} a period")
    print(f"the same by dummies: {1000 * median(t for _, t in rows['dummies']):.0f} ms, {rows['dummies'][0][0]:.9f}")


if __name__ == "__main__":
    main()
