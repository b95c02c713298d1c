"""Second opinions on the effect in one series: other methods, with other faults, asked the same question."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.unlinked.influences import Series
from crm_analytics.result import Check
from crm_analytics.say import say

OPINIONS = ("regression", "last year", "prophet")
LAGS = 14
"""Errors of the regression may hang together over so many days."""
GROWTH_DAYS = 84
"""Last year's days are raised by as much as so many days before the campaign grew against theirs."""


def opinions(
    series: Series, window: slice, on: np.ndarray, *, asked: tuple[str, ...], confidence: float, seed: int
) -> pd.DataFrame:
    """What each method says: opinion, effect, low, high. One that this history does not carry is left out."""
    rows = []
    for name in asked:
        if name == "regression":
            found = _regression(series, window, on, confidence, seed)
        elif name == "last year":
            found = _last_year(series, window, confidence)
        else:
            found = _prophet(series, window, confidence, seed)
        if found is not None:
            rows.append({"opinion": say(_CALLED[name]), "effect": found[0], "low": found[1], "high": found[2]})
    return pd.DataFrame(rows, columns=["opinion", "effect", "low", "high"])


def agreement(own: tuple[float, float, float], others: pd.DataFrame) -> list[Check]:
    """Whether they contradict: another sign for certain, or intervals that do not meet."""
    if others.empty:
        return []
    effect, low, high = own
    apart = others[(others["low"] > high) | (others["high"] < low)]
    signs = others[np.sign(others["effect"]) != np.sign(effect)]
    said = "; ".join(
        say("{opinion}: {effect:number} ({low:number} – {high:number})", **row) for row in others.to_dict("records")
    )
    template = (
        "Another method contradicts: {said}."
        if len(apart)
        else "The other methods agree within what all of them leave open, though not on more or less: {said}."
        if len(signs) and not low <= 0 <= high
        else "The other methods agree within what all of them leave open: {said}."
    )
    verdict = "fails" if len(apart) else "weak" if len(signs) and not low <= 0 <= high else "holds"
    return [Check(name=say("Other methods"), verdict=verdict, text=say(template, said=said))]


_CALLED = {
    "regression": "regression with everything known",
    "last year": "last year's days and the growth since",
    "prophet": "Prophet",
}


def _regression(
    series: Series, window: slice, on: np.ndarray, confidence: float, seed: int
) -> tuple[float, float, float] | None:
    """A Poisson regression over all days with the campaign as two more influences, its errors Newey–West."""
    import statsmodels.api as sm

    keep = [
        i
        for i, name in enumerate(series.names)
        if not name.startswith(("holiday: ", "campaign: ")) and series.influences[: series.start, i].std() > 1e-9
    ]
    known = np.flatnonzero(series.open[: window.stop])
    ran, after = np.zeros(window.stop), np.zeros(window.stop)
    ran[window], after[window] = on, ~on
    phases = np.column_stack([part for part in (ran, after) if part.any()])
    design = np.column_stack([np.ones(len(known)), series.influences[known][:, keep], phases[known]])
    sales = np.maximum(series.actual[known], 0) / series.unit
    try:
        fitted = sm.GLM(sales, design, family=sm.families.Poisson()).fit(cov_type="HAC", cov_kwds={"maxlags": LAGS})
    except (ValueError, np.linalg.LinAlgError):
        return None
    size = phases.shape[1]
    mean, covariance = fitted.params[-size:], fitted.cov_params()[-size:, -size:]
    if not np.isfinite(covariance).all():
        return None
    draws = np.random.default_rng(seed).multivariate_normal(mean, covariance, size=2000, method="eigh")
    actual = series.actual[window] @ phases[window]
    gains = -np.expm1(-draws) @ actual
    low, high = np.quantile(gains, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(-np.expm1(-mean) @ actual), float(low), float(high)


def _last_year(series: Series, window: slice, confidence: float) -> tuple[float, float, float] | None:
    """The same weekdays a year ago, raised by the growth since; as uncertain as that was before."""
    from scipy import stats

    length = window.stop - window.start

    def missed(start: int) -> tuple[float, float] | None:
        if start - GROWTH_DAYS - 364 < 0:
            return None
        sales = series.actual
        then = sales[start - GROWTH_DAYS - 364 : start - 364].sum()
        if then <= 0:
            return None
        growth = sales[start - GROWTH_DAYS : start].sum() / then
        expected = sales[start - 364 : start - 364 + length].sum() * growth
        return sales[start : start + length].sum() - expected, expected

    now = missed(window.start)
    before = [missed(start) for start in range(window.start - length, 0, -length)]
    before = [gain / expected for gain, expected in filter(None, before) if expected > 0]
    if now is None or len(before) < 4:
        return None
    spread = np.sqrt(np.mean(np.square(before))) * now[1] * stats.t.ppf((1 + confidence) / 2, len(before))
    return now[0], now[0] - spread, now[0] + spread


def _prophet(series: Series, window: slice, confidence: float, seed: int) -> tuple[float, float, float] | None:
    """Prophet, with the same prices, market and campaigns as regressors, taught by the days before."""
    logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
    logging.getLogger("prophet").setLevel(logging.ERROR)
    from prophet import Prophet

    own = ("weekday", "season", "trend", "campaign: ")
    known = [i for i, name in enumerate(series.names) if not name.startswith(own)]
    known = [i for i in known if series.influences[: series.start, i].std() > 1e-9]
    frame = pd.DataFrame({"ds": pd.to_datetime(series.days), "y": series.actual / series.unit})
    model = Prophet(seasonality_mode="multiplicative", interval_width=confidence, uncertainty_samples=1000)
    for place in known:
        frame[f"x{place}"] = series.influences[:, place]
        model.add_regressor(f"x{place}")
    model.fit(frame[: series.start][series.open[: series.start]], seed=seed)
    np.random.seed(seed)  # noqa: NPY002 - its draws come from the global generator
    paths = model.predictive_samples(frame[window])["yhat"]  # days × draws
    open_here = series.open[window]
    gains = series.actual[window].sum() - series.unit * paths[open_here].sum(axis=0)
    low, high = np.quantile(gains, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(gains.mean()), float(low), float(high)
