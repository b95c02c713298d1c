"""A company that introduces something, without the company: measures with a season, a trend and a known step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.simulation.draws import autocorrelated, stream

METRICS = {"came again": (0.3, 2000), "deals won": (0.35, 60), "days to close": (40.0, 60)}
"""Usual level, and of how many a month is made."""


def introduced(
    seed: int, *, before: int = 30, after: int = 12, effect: float = 0.0, trend: float = 0.0, memory: float = 0.4
) -> pd.DataFrame:
    """Months in the columns of `features.crm_metrics`; from the month 2024-07 on every measure is `effect` (a share of
    its level) higher. `trend` is a year's change as a share, there before and after; months are alike by `memory`."""
    rng = stream(seed, "introduction")
    n = before + after
    months = pd.date_range(end=pd.Timestamp("2024-07-01") + pd.DateOffset(months=after - 1), periods=n, freq="MS")
    parts = []
    for metric, (level, count) in METRICS.items():
        season = 0.1 * np.sin(2 * np.pi * (np.arange(n) + rng.integers(12)) / 12)
        drift = trend * (np.arange(n) - before) / 12
        true = level * (1 + season + drift + effect * (np.arange(n) >= before))
        true = true * (1 + autocorrelated(rng, n, spread=0.04, memory=memory))
        out_of = rng.poisson(count, n).astype(float)
        done = rng.binomial(out_of.astype(int), np.clip(true, 0, 1)) if level < 1 else (
            out_of * (true + rng.normal(0, 8, n) / np.sqrt(out_of)))  # fmt: skip
        worth = {"came again": 50.0, "deals won": 1000.0}.get(metric, np.nan)
        parts.append(pd.DataFrame({"metric": metric, "month": months, "done": done * 1.0, "out_of": out_of,
                                   "worth": worth}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def answered(
    seed: int, *, before: int = 30, after: int = 12, gain: float = 0.0, monthly: int = 40, usual_days: float = 6.0
) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Leads and contacts as on record on the first day after the last month, and what an introduction on 2024-07-01
    changed of the days to a first answer, at most 14.

    Answers come after exponential times with a season; since then they are shorter by `gain` (a share). Every customer
    also gets mailings, which answer nothing. A naive reading, the mean of the answers that have come, takes the young
    leads' for quick ones.
    """
    rng = stream(seed, "answers")
    months = pd.date_range(end=pd.Timestamp("2024-07-01") + pd.DateOffset(months=after - 1), periods=before + after,
                           freq="MS")  # fmt: skip
    place = np.repeat(np.arange(len(months)), rng.poisson(monthly, len(months)))
    at = months[place] + pd.to_timedelta(rng.integers(0, 28 * 86_400, len(place)), unit="s")
    season = 1 + 0.15 * np.sin(2 * np.pi * (np.arange(len(months)) + rng.integers(12)) / 12)
    means = usual_days * season * np.where(np.arange(len(months)) >= before, 1 - gain, 1.0)
    waited = pd.to_timedelta((rng.exponential(means[place]) * 86_400).astype(int), unit="s")
    who = [f"C{i}" for i in range(len(place))]
    leads = pd.DataFrame({"lead_id": who, "customer_id": who, "at": at})
    told = pd.DataFrame({"customer_id": who, "at": at + waited, "kind": "out", "campaign_id": None})
    mailed = told.assign(at=at + pd.Timedelta(hours=1), campaign_id="mailing")
    contacts = pd.concat([told, mailed], ignore_index=True)
    contacts = contacts[contacts["at"] < months[-1] + pd.offsets.MonthBegin(1)].reset_index(drop=True)

    def restricted(mean: np.ndarray) -> np.ndarray:
        return mean * (1 - np.exp(-14 / mean))

    later = means[before:]
    return leads, contacts, float((restricted(later) - restricted(later / (1 - gain))).mean())


def team_by_team(
    seed: int, *, teams: int = 8, months: int = 42, effect: float = 0.0, growing: float = 0.0, coincidence: float = 0.0,
    spread: float = 0.03,
) -> tuple[pd.DataFrame, str, float]:
    """A measure by team and month in the columns of `features.crm_teams`, who got the CRM when (as `CRMByTeam` reads
    it), and what it truly changed on average where it came, as far as a team was left without it.

    Teams differ in level and size and share season and trend. From the 25th month on the CRM comes to two teams every
    third month, by lot; a quarter of the teams never gets it. There the share rises by `effect` at once and by
    `growing` with every further month, and in everybody's by `coincidence` when the first get it: what a comparison
    with the year before takes for the CRM.
    """
    rng = stream(seed, "teams")
    place = np.arange(months)
    starts = np.full(teams, months)
    having = rng.permutation(teams)[: teams - max(teams // 4, 1)]
    starts[having] = 24 + 3 * (np.arange(len(having)) // 2)
    common = 0.03 * np.sin(2 * np.pi * (place + rng.integers(12)) / 12) + 0.02 * place / 12
    common = common + coincidence * (place >= 24)
    size = np.exp(rng.normal(6, 0.5, teams))
    level = 0.3 + rng.uniform(-0.08, 0.08, teams)
    change = np.where(place >= starts[:, None], effect + growing * (place - starts[:, None]), 0.0)
    own = np.array([autocorrelated(rng, months, spread=spread, memory=0.4) for _ in range(teams)])
    cases = rng.poisson(size[:, None], (teams, months))
    done = rng.binomial(cases, np.clip(level[:, None] + common + change + own, 0, 1))
    days = pd.date_range("2022-01-01", periods=months, freq="MS")
    names = [f"T{i:02d}" for i in range(teams)]
    told = "; ".join(f"{names[i]} {days[starts[i]].date()}" for i in sorted(having))
    weight = cases * (place >= starts[:, None])
    frame = pd.DataFrame({
        "metric": "came again", "team": np.repeat(names, months), "month": np.tile(days, teams),
        "done": done.ravel() * 1.0, "out_of": cases.ravel() * 1.0, "worth": 50.0, "ahead_days": 0,
    })  # fmt: skip
    return frame, told, float((change * weight).sum() / weight.sum())
