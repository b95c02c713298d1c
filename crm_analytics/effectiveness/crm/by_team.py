"""A CRM that teams got one after another: what it changed, against the teams that did not have it yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.crm.by_team_words import checks, listed, sentence
from crm_analytics.effectiveness.crm.measures import FEW, proven, together
from crm_analytics.effectiveness.crm.teams import Teams
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say

BEFORE, AFTER = 6, 3
"""Months without which there is no answer: of every team half a year before, and a quarter of a year since."""
LEAST_TEAMS = 4
FALSE_START = 6
"""So many months before it came it is tried whether the teams had parted already."""


@dataclass(frozen=True, kw_only=True)
class CRMByTeam(Study):
    """What did the CRM bring where teams got it, against teams that did not have it yet in the same months?

    `introduced` says who got it when, as "Riga, Tartu 2024-03-01; Vilnius 2024-09-01"; who is not named does not have
    it. Empty, it is a rehearsal: some teams are taken as if they had got it in the last year, and nothing should show.
    What a team would have been without it is its own level and what the months did to the teams still without, so that
    whatever else began for everybody is taken out, and effects may grow and differ (Callaway and Sant'Anna 2021;
    Borusyak, Jaravel and Spiess 2024). The interval holds the changes that would not stand out had the same days been
    dealt to the teams in any other way; it refuses where there are too few ways for the confidence asked. A month in
    which a team got it, and those whose cases were then still being watched, are of neither side. Whatever is looked
    at, the chance to call anything changed without reason stays below `alpha` (Holm 1979).
    """

    reads = "crm_teams"
    columns = ("metric", "team", "month", "done", "out_of", "worth")
    of = "months of teams' measures"

    introduced: str = ""
    alpha: float = 0.05
    confidence: float = 0.95
    seed: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.alpha <= 0.2:
            raise ValueError(f"alpha is a share above 0 and up to 0.2, such as 0.05, not {self.alpha!r}.")
        self.days  # noqa: B018 – what cannot be read is said before anything is asked

    @property
    def days(self) -> dict[str, date]:
        """When each team got it."""
        found = {}
        for part in filter(None, (one.strip() for one in self.introduced.split(";"))):
            names, _, day = part.rpartition(" ")
            try:
                when = date.fromisoformat(day)
            except ValueError:
                when = None
            if when is None or not names.strip():
                raise ValueError(f"introduced has {part!r}; write teams and a day, like «Riga, Tartu 2024-03-01».")
            for name in filter(None, (one.strip() for one in names.split(","))):
                if name in found:
                    raise ValueError(f"introduced names {name} twice; a team gets it once.")
                found[name] = when
        return found

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.assign(month=pd.to_datetime(frame["month"]), team=frame["team"].astype(str))
        frame = frame.sort_values(["metric", "team", "month"], ignore_index=True)
        days = self._known(frame)
        if not days:
            return self.refuse(say(
                "Not enough evidence: {n:count} {n:team|teams} on record; it takes {least:count} for some to have "
                "it while others do not.", n=frame["team"].nunique(), least=LEAST_TEAMS))  # fmt: skip
        rows, courses, short = [], [], {}
        for metric, group in frame.groupby("metric", sort=True):
            found = _laid_out(group, days, self.seed)
            why = found if isinstance(found, str) else _unfit(found[0], self.confidence)
            if why:
                short[str(metric)] = why
                continue
            rows.append(_row(self, str(metric), group, *found))
            courses.append(_course(str(metric), found[0]))
        if not rows:
            return self.refuse(say("Not enough evidence: {why}", why=listed(short)))
        table = together(self, pd.DataFrame(rows)).drop(columns="benefit_error")
        more = pd.DataFrame(rows).set_index("metric").loc[table["metric"]]
        until = frame["month"].max() + pd.offsets.MonthEnd(0)
        result = CRMByTeamResult(
            study=self, table=table.assign(teams=more["teams"].to_numpy()), text="", since=min(days.values()),
            until=until.date(), others=int(more["others"].iloc[0]), rehearsal=not self.introduced.strip(),
            courses=pd.concat(courses, ignore_index=True),
        )  # fmt: skip
        return CRMByTeamResult(**{**vars(result), "text": sentence(result), "checks": checks(result, more, short)})

    def _known(self, frame: pd.DataFrame) -> dict[str, date]:
        """Who got it when; in a rehearsal every other team, half of them a quarter of a year later."""
        there = sorted(frame["team"].unique())
        days = self.days
        if unknown := sorted(set(days) - set(there)):
            of_people = "of" in frame and (frame["of"] == "agent").any()
            known = f"{len(there)} others" if of_people else ", ".join(there[:20]) + (" …" if len(there) > 20 else "")
            raise ValueError(f"There is no team {', '.join(unknown)}; the records know {known}.")
        if days or self.introduced.strip() or len(there) < LEAST_TEAMS:
            return days
        last = frame["month"].max()
        first, later = ((last - pd.DateOffset(months=n)).date() for n in (11, 8))
        return {team: first if place % 4 == 0 else later for place, team in enumerate(there) if place % 2 == 0}


@dataclass(frozen=True, kw_only=True, eq=False)
class CRMByTeamResult(Result):
    """A measure a row: `metric`, `verdict`, `before` (its level in the year before, of the teams that got it),
    `without` and `after` (to be expected since, and what came), `effect` with `low` and `high`, `plain` (against the
    same months a year before, as is usually shown), `p` (all measures together), `benefit_yearly` with its bounds
    (money a year in these teams; null where it has no price), `teams` that have it.

    `courses` has, for each measure, by how much teams were beyond what they would have been, by months since they got
    it. `others` is how many teams are still without.
    """

    since: date
    until: date
    others: int
    rehearsal: bool
    courses: pd.DataFrame = field(repr=False)

    @property
    def readings(self) -> pd.DataFrame:
        """The year before alone, beside what is left once the teams still without have had their say."""
        return self.table[["metric", "plain", "effect", "low", "high", "p", "verdict"]]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What changed where the CRM came; to be asked again after as long as it was seen."""
        if self.rehearsal:
            return ()
        told = proven(self.table).head(4)
        length = max(self.until - self.since, timedelta(days=90))
        return tuple(
            Claim(
                subject=say("{metric} in teams with the CRM", metric=row.metric), measure=f"change of {row.metric}",
                value=float(row.effect), low=float(row.low), high=float(row.high), confidence=self.study.confidence,
                evidence="compared", first=self.since, last=self.until, expires=self.until + length,
                scope=(("metric", str(row.metric)),), decision=self._decision(row),
                reversed_by=say("Teams that get it next change by as much in the months before they have it."),
            )
            for row in told.itertuples()
        )  # fmt: skip

    def _decision(self, row) -> str:
        if row.verdict == say("worse"):
            return say("Find out what made {metric} worse before further teams get the CRM.", metric=row.metric)
        return say("Give the CRM to the teams that are still without it.") if self.others else ""


def _laid_out(group: pd.DataFrame, days: dict[str, date], seed: int) -> tuple[Teams, pd.DatetimeIndex] | str:
    """The measure as teams × months, without teams of too few cases; or why that cannot be done."""
    months = pd.date_range(group["month"].min(), group["month"].max(), freq="MS")
    cases = group.pivot_table(index="team", columns="month", values="out_of", aggfunc="sum").reindex(columns=months)
    done = group.pivot_table(index="team", columns="month", values="done", aggfunc="sum").reindex(columns=months)
    cases = cases.fillna(0.0)
    large = cases.index[(cases.mean(axis=1) >= FEW)]
    if len(large) < LEAST_TEAMS:
        return say("{n:count} of {all:count} {all:team|teams} {n:has|have} {few:count} cases a month; it takes "
                   "{least:count}.", n=len(large), all=len(cases), few=FEW, least=LEAST_TEAMS)  # fmt: skip
    cases, done = cases.loc[large].to_numpy(float), done.loc[large].fillna(0.0).to_numpy(float)
    whole = {team: pd.Timestamp(day) + pd.offsets.MonthBegin(0) for team, day in days.items()}
    place = np.array([int(months.searchsorted(whole[t])) if t in whole else len(months) for t in large])
    ahead = int(group["ahead_days"].max()) if "ahead_days" in group else 0
    part_of_one = any(pd.Timestamp(day).day > 1 for day in days.values())
    level = np.divide(done, cases, out=np.zeros_like(done), where=cases > 0)
    gap = -(-ahead // 30) + int(part_of_one and not ahead)
    return Teams(level=level, cases=cases, starts=place, gap=gap, seed=seed), months


def _unfit(teams: Teams, confidence: float) -> str:
    """Why these teams and months allow no answer; empty when they do."""
    months = teams.level.shape[1]
    has = teams.starts < months
    if not has.any():
        return say("no team that is large enough has had it for a month yet.")
    if teams.starts.min() - teams.gap < BEFORE:
        return say("the first team got it after {n:count} months; it takes {least:count} before.",
                   n=max(int(teams.starts.min()) - teams.gap, 0), least=BEFORE)  # fmt: skip
    if (np.unique(teams.starts[has]).size == 1) and has.all():
        return say("all teams got it at once, so none shows what would have been; ask the history of all "
                   "together (CRMBrought).")  # fmt: skip
    if ((teams.on > 0).any(axis=0)).sum() < AFTER:
        return say("only in {n:count} months some teams had it while others did not; it takes {least:count}.",
                   n=int((teams.on > 0).any(axis=0).sum()), least=AFTER)  # fmt: skip
    if teams.least_p > 1 - confidence + 1e-9 or not np.isfinite(teams.between(confidence)).all():
        return say("there are only {ways:count} ways in which these {n:count} teams could have got it, and for "
                   "{share:percent} at least {need:count} are needed: more teams, or more days of beginning.",
                   ways=len(teams.ways), n=len(teams.starts), share=confidence,
                   need=int(np.ceil(1 / (1 - confidence) - 1e-9)))  # fmt: skip
    return ""


def _row(study: CRMByTeam, metric: str, group: pd.DataFrame, teams: Teams, months: pd.DatetimeIndex) -> dict:
    low, high = teams.between(study.confidence)
    share, without, level = teams.on, np.nan_to_num(teams.without()), teams.level
    at, had = np.arange(len(months)), teams.starts < len(months)
    before = teams.cases * (at < teams.starts[:, None]) * (at >= teams.starts[:, None] - 12) * had[:, None]
    ago = np.pad(level, ((0, 0), (12, 0)))[:, : len(months)]
    known = share * np.pad(teams.cases > 0, ((0, 0), (12, 0)))[:, : len(months)]
    known = known * (at - 12 < teams.starts[:, None])
    false = _too_soon(teams)
    return {
        "metric": metric, "before": float((level * before).sum() / max(before.sum(), 1e-300)),
        "without": float((without * share).sum()), "after": float((level * share).sum()), "effect": teams.effect,
        "low": low, "high": high,
        "plain": float(((level - ago) * known).sum() / known.sum()) if known.sum() > 0 else np.nan,
        "p": teams.p, "error": (high - low) / 4, "yearly": float(12 * (teams.cases * (share > 0)).sum()
                                                              / max((share > 0).any(axis=0).sum(), 1)),
        "worth": float(group["worth"].iloc[-1]) if group["worth"].notna().any() else np.nan,
        "teams": int((share > 0).any(axis=1).sum()), "others": int((~had).sum()), "ways": len(teams.ways),
        "early": false.effect if false else np.nan, "early_p": false.p if false else np.nan,
    }  # fmt: skip


def _too_soon(teams: Teams) -> Teams | None:
    """The same half a year too soon, with the time since left out; None where too little lies before."""
    if teams.starts.min() - teams.gap - FALSE_START < BEFORE:
        return None
    months = teams.level.shape[1]
    quiet = teams.cases * (np.arange(months) < teams.starts[:, None] - teams.gap)
    sooner = np.where(teams.starts < months, teams.starts - teams.gap - FALSE_START, months)
    found = Teams(level=teams.level, cases=quiet, starts=sooner, seed=teams.seed)
    return found if found.on.sum() > 0 else None


def _course(metric: str, teams: Teams) -> pd.DataFrame:
    """By how much the teams that got it were beyond what they would have been, by months since: within the year before
    and as long as others are left without."""
    had = teams.starts < teams.level.shape[1]
    since = (np.arange(teams.level.shape[1]) - teams.starts[:, None])[had]
    gaps = pd.DataFrame({
        "since": since.ravel(), "gap": teams.residual()[had].ravel(), "cases": teams.cases[had].ravel(),
    })  # fmt: skip
    gaps = gaps[gaps["gap"].notna() & (gaps["cases"] > 0) & (gaps["since"] >= -12)]
    gaps = gaps[(gaps["since"] >= 0) | (gaps["since"] < -teams.gap)].assign(sum=lambda one: one["gap"] * one["cases"])
    sums = gaps.groupby("since")[["sum", "cases"]].sum()
    return pd.DataFrame({"metric": metric, "since": sums.index, "gap": (sums["sum"] / sums["cases"]).to_numpy()})
