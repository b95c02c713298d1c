"""What a complaint costs, how many cases an agent settles beside the others, and what an introduction brought, to
everybody at once or team by team, where it is known."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.crm.brought import CRMBrought
from crm_analytics.effectiveness.crm.by_team import CRMByTeam
from crm_analytics.effectiveness.service.complaint_cost import ComplaintCost
from crm_analytics.effectiveness.service.first_contact import FirstContact
from crm_analytics.simulation.complaints import after_complaint
from crm_analytics.simulation.first_contacts import first_contacts
from crm_analytics.simulation.introduction import METRICS, introduced, team_by_team
from crm_analytics.trust.trials import Situation, Trial


def _cost(seed: int, loss: float, confounded: float) -> Trial:
    frame = after_complaint(seed, loss=loss, confounded=confounded)
    result = ComplaintCost().fit(frame)
    sums = frame.groupby("complained")[["customers", "after"]].sum()
    means = sums["after"] / sums["customers"]
    return Trial(truth=loss, estimate=result.loss, low=result.low, high=result.high,
                 naive=float(means[False] - means[True]), scale=100.0)  # fmt: skip


def _settled(seed: int, **settings: float) -> Trial:
    """One of the agents beside the usual one; the plain reading takes the share that it settled beside that of all."""
    frame, true = first_contacts(seed, **settings)
    result = FirstContact().fit(frame)
    agent = true.index[seed % len(true)]
    told = result.table.merge(result.names, on="value").set_index("name")
    if agent not in told.index:  # with too few cases to be judged
        return Trial(truth=float(true[agent]))
    row = told.loc[agent]
    return Trial(truth=float(true[agent]), estimate=row["against"], low=row["against_low"], high=row["against_high"],
                 naive=row["plain"] - result.overall[0], scale=result.overall[0])  # fmt: skip


def _brought(seed: int, effect: float, trend: float) -> Trial:
    row = CRMBrought(introduced="2024-07-01").fit(introduced(seed, effect=effect, trend=trend)).table.set_index(
        "metric").loc["came again"]  # fmt: skip
    level = METRICS["came again"][0]
    return Trial(truth=effect * level, estimate=row["effect"], low=row["low"], high=row["high"], naive=row["plain"],
                 scale=level)  # fmt: skip


def _by_team(seed: int, **settings: float) -> Trial:
    frame, told, true = team_by_team(seed, **settings)
    row = CRMByTeam(introduced=told).fit(frame).table.iloc[0]
    return Trial(truth=true, estimate=row["effect"], low=row["low"], high=row["high"], naive=row["plain"],
                 scale=METRICS["came again"][0])  # fmt: skip


SITUATIONS = (
    *(Situation(estimator="ComplaintCost", words=words, draw=partial(_cost, loss=loss, confounded=confounded))
      for words, loss, confounded in (
          ("those who complain are like the others, 30 lost", 30.0, 0.0),
          ("those who buy more complain more, nothing lost", 0.0, 1.0),
          ("those who buy more complain more, 30 lost", 30.0, 1.0))),
    *(Situation(estimator="FirstContact", words=words, draw=partial(_settled, **settings))
      for words, settings in (
          ("eight agents who are alike, half of whom get the hard cases", {}),
          ("eight agents, half of whom get the hard cases, 6 points apart", {"spread": 0.06}),
          ("two dozen agents with few cases each, 6 points apart", {"agents": 24, "spread": 0.06, "monthly": 100}))),
    *(Situation(estimator="CRMBrought", words=words, draw=partial(_brought, effect=effect, trend=trend))
      for words, effect, trend in (
          ("no trend, no effect", 0.0, 0.0), ("a rising trend, no effect", 0.0, 0.15),
          ("a rising trend, 20 % more", 0.2, 0.1))),
    *(Situation(estimator="CRMByTeam", words=words, draw=partial(_by_team, **settings))
      for words, settings in (
          ("five teams, something else began for all, no effect", {"teams": 5, "coincidence": 0.05}),
          ("eight teams, something else began for all, 4 points more", {"effect": 0.04, "coincidence": 0.05}),
          ("eight teams, an effect that grows by a point a month", {"growing": 0.01}),
          ("twelve teams, no effect", {"teams": 12}))),
)  # fmt: skip
