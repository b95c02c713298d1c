"""Where the way to money leaks: the one step whose repair pays most."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.paths.funnel_checks import checks
from crm_analytics.result import Claim, Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

ALL = "(all)"
MANY = 30
LEAST_DECIDED = 20
"""A step of a part with fewer is not compared with anything."""


@dataclass(frozen=True, kw_only=True)
class Funnel(Study):
    """At which step, and for whom, is more lost than usual, and how much money is it?

    Of each part (a source, an agent, a channel) and step: how many of those whose fate is known went on, with its
    interval (Jeffreys), against the other parts of the same days and against the same part in as many days before. The
    loss is those who would have gone on at the usual rate, times what going on is usually worth: the chance of all
    later steps times the money at the end. A leak is a loss beyond chance when all comparisons are made at once (Holm).
    Both a difference and its money are observed, not caused: another mix of people may be behind it.
    """

    confidence: float = 0.95

    reads = "funnel"
    people = ("entered",)
    columns = (
        "chain", "part", "period", "step_no", "step", "next_step", "entered", "passed", "undecided", "ended", "amount",
        "amount_squares",
    )  # fmt: skip
    of = "steps"

    def _answer(self, frame: pd.DataFrame) -> Result:
        counts = frame[["entered", "passed", "undecided", "ended"]].astype(float)
        if ((counts < 0).any(axis=None)) or (counts["passed"] + counts["undecided"] > counts["entered"]).any():
            raise ValueError("No step can be passed by more than came to it; features.funnel counts them so.")
        if frame["chain"].nunique() > 1:
            raise ValueError("One chain at a time; features.funnel(wh, chain=…) has one.")
        money = {name: frame[name].astype(float) for name in ("amount", "amount_squares")}
        frame = frame.assign(**counts, **money)
        steps = _steps(frame)
        known = steps.loc[(steps["period"] == "now") & (steps["part"] == ALL), "decided"]
        if not (known >= LEAST_DECIDED).any():
            return self.refuse(
                say(
                    "Not enough evidence: of no step is it known of {least:count} or more what became of those who "
                    "came to it; ask for more days.",
                    least=LEAST_DECIDED,
                )
            )
        table = _compared(steps, self.confidence)
        return _told(self, frame, steps, table)


@dataclass(frozen=True, kw_only=True, eq=False)
class FunnelResult(Result):
    """Every step of every part against what is usual, the dearest leak first.

    `table`: part, step, next_step, against (others: the other parts in the same days; before: the same part in the days
    before), entered, `rate` of going on with `low` and `high`, `usual` rate, `lost` money (less than none: gained) with
    `lost_low` and `lost_high`, `p` (adjusted for all comparisons) and leak (whether it is one). `steps` has the whole
    funnel: part ("(all)": everybody), period, step_no, step, next_step, entered, passed, undecided, decided, rate,
    low, high, worth (of one who goes on).
    """

    chain: str
    days: int
    steps: pd.DataFrame = field(repr=False)
    until: date | None = None

    @property
    def leaks(self) -> pd.DataFrame:
        """The steps at which more is lost than chance explains, the dearest first."""
        return self.table[self.table["leak"]].reset_index(drop=True)

    def claims_until(self, until: date) -> tuple[Claim, ...]:
        """What the dearest leaks cost a period, said on the day after `until`."""
        return tuple(
            Claim(
                subject=say("{part}: {step} → {next}", part=row.part, step=row.step, next=row.next_step),
                measure="conversion",
                value=float(row.rate),
                low=float(row.low),
                high=float(row.high),
                confidence=self.study.confidence,
                evidence="compared",
                first=until - timedelta(days=self.days - 1),
                last=until,
                expires=until + timedelta(days=min(self.days, 365)),
                scope=((self.chain, str(row.part)),),
                decision=say(
                    "Find out why fewer of {part} go from {step} to {next}: at the usual rate it would be {lost:money} "
                    "more in {days:count} days.",
                    part=row.part,
                    step=row.step,
                    next=row.next_step,
                    lost=row.lost,
                    days=self.days,
                ),
                reversed_by=say("The rate back at {usual:percent} without anything having been done.", usual=row.usual),
            )
            for row in self.leaks.head(3).itertuples()
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        return self.claims_until(self.until) if self.until else ()


def _steps(frame: pd.DataFrame) -> pd.DataFrame:
    """The whole funnel of every part and of all together, and what it is worth to have passed a step, with its error:
    the usual chance of all later steps times the money at the end (of the part, where thirty or more came there)."""
    keys = ["period", "step_no", "step", "next_step"]
    sums = ["entered", "passed", "undecided", "ended", "amount", "amount_squares"]
    each = frame.groupby(["part", *keys], as_index=False)[sums].sum()
    whole = frame.groupby(keys, as_index=False)[sums].sum().assign(part=ALL)
    steps = pd.concat([whole, each], ignore_index=True)
    steps["decided"] = steps["entered"] - steps["undecided"]
    steps["rate"] = steps["passed"] / steps["decided"].where(steps["decided"] > 0)
    everybody = steps[(steps["part"] == ALL) & (steps["period"] == "now")].sort_values("step_no")
    if everybody.empty:
        everybody = steps[steps["part"] == ALL].sort_values("step_no")
    ahead, unsure = _ahead(everybody)
    many = steps["ended"] >= MANY
    first = everybody.iloc[0]
    ended, amount, squares = (steps[name].where(many, first[name]) for name in ("ended", "amount", "amount_squares"))
    mean = amount / ended.where(ended > 0)
    spread = (squares / ended.where(ended > 0) - mean**2).clip(lower=0) / ended.where(ended > 0)
    steps["worth"] = steps["step_no"].map(ahead) * mean
    steps["worth_error"] = steps["worth"] * np.sqrt(steps["step_no"].map(unsure) + spread / mean.where(mean != 0) ** 2)
    return steps.sort_values(["part", "period", "step_no"], ignore_index=True)


def _ahead(everybody: pd.DataFrame) -> tuple[dict[int, float], dict[int, float]]:
    """After each step, the chance to pass all later ones, and its relative variance."""
    rate, decided = (everybody[name].fillna(0).to_numpy(float) for name in ("rate", "decided"))
    relative = np.divide(1 - rate, rate * decided, out=np.zeros_like(rate), where=rate * decided > 0)
    later = np.append(rate[::-1].cumprod()[::-1][1:], 1.0)
    unsure = np.append(relative[::-1].cumsum()[::-1][1:], 0.0)
    return dict(zip(everybody["step_no"], later, strict=True)), dict(zip(everybody["step_no"], unsure, strict=True))


def _compared(steps: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Each step of each part against the others now, and against itself before."""
    from scipy.stats import beta, norm

    now = steps[steps["period"] == "now"]
    whole = now[now["part"] == ALL].set_index("step_no")
    former = steps[steps["period"] == "before"].set_index(["part", "step_no"])
    rows = []
    for row in now.itertuples():
        alone = row.part != ALL and row.decided == whole.loc[row.step_no, "decided"]
        if row.part != ALL and not alone:
            others = whole.loc[row.step_no]
            rows.append((row, "others", others["passed"] - row.passed, others["decided"] - row.decided))
        if (row.part, row.step_no) in former.index and not alone:
            before = former.loc[(row.part, row.step_no)]
            rows.append((row, "before", before["passed"], before["decided"]))
    rows = [one for one in rows if one[0].decided >= LEAST_DECIDED and one[3] >= LEAST_DECIDED]
    rows = [one for one in rows if 0 < one[0].passed + one[2] < one[0].decided + one[3]]  # where nobody differs
    columns = ["part", "step", "next_step", "against", "entered", "rate", "low", "high", "usual"]
    columns += ["lost", "lost_low", "lost_high", "p", "leak"]
    if not rows:
        return pd.DataFrame(columns=columns)
    took, against = [one[0] for one in rows], [one[1] for one in rows]
    passed, decided = (np.array([getattr(one, name) for one in took]) for name in ("passed", "decided"))
    usual_passed, usual_decided = (np.array([one[i] for one in rows], float) for i in (2, 3))
    worth, unsure = (np.array([getattr(one, name) for one in took]) for name in ("worth", "worth_error"))
    gap, error, p = _gap(passed, decided, usual_passed, usual_decided)
    wide = -norm.ppf(0.5 - confidence / 2)
    lost, half = decided * gap * worth, wide * decided * np.hypot(error * worth, gap * unsure)
    tail = (1 - confidence) / 2
    adjusted = holm(p)
    table = pd.DataFrame(
        {
            "part": [one.part for one in took],
            "step": [one.step for one in took],
            "next_step": [one.next_step for one in took],
            "against": against,
            "entered": [int(one.entered) for one in took],
            "rate": passed / decided,
            "low": np.where(passed > 0, beta.ppf(tail, passed + 0.5, decided - passed + 0.5), 0.0),
            "high": np.where(passed < decided, beta.ppf(1 - tail, passed + 0.5, decided - passed + 0.5), 1.0),
            "usual": usual_passed / usual_decided,
            "lost": lost,
            "lost_low": lost - half,
            "lost_high": lost + half,
            "p": adjusted,
            "leak": (adjusted < 1 - confidence) & (gap > 0),
        }
    )
    # what everybody lost at a step where one part leaks is that part's leak, told a second time
    of_parts = table.loc[table["leak"] & (table["part"] != ALL), "step"]
    told = table["leak"] & (table["part"] == ALL) & table["step"].isin(of_parts)
    table["rank"] = np.where(told, 1, np.where(table["leak"], 0, 2))
    return table.sort_values(
        ["rank", "lost", "part", "step", "against"], ascending=[True, False, True, True, True], ignore_index=True
    )[columns]


def _gap(passed: np.ndarray, decided: np.ndarray, usual: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, ...]:
    """Usual rate less the rate, its standard error (one success and failure added to each: Agresti and Caffo 2000),
    and how likely so large a gap is by chance alone."""
    from scipy.stats import norm

    gap = usual / of - passed / decided
    one, other = (passed + 1) / (decided + 2), (usual + 1) / (of + 2)
    error = np.sqrt(one * (1 - one) / (decided + 2) + other * (1 - other) / (of + 2))
    return gap, error, 2 * norm.sf(np.abs(other - one) / error)


def _told(study: Funnel, frame: pd.DataFrame, steps: pd.DataFrame, table: pd.DataFrame) -> FunnelResult:
    days = int(frame["days"].iloc[0]) if "days" in frame else 0
    until = pd.Timestamp(frame["until"].iloc[0]).date() if "until" in frame else None
    steps = _with_intervals(steps, study.confidence)
    return FunnelResult(
        study=study,
        table=table if len(table) else _plain(steps),
        text=_sentence(steps, table, days),
        checks=checks(steps, table),
        chain=str(frame["chain"].iloc[0]),
        days=days,
        steps=steps,
        until=until,
    )


def _plain(steps: pd.DataFrame) -> pd.DataFrame:
    """The funnel itself, where there is nothing to compare it with."""
    now = steps[(steps["period"] == "now") & (steps["part"] == ALL)]
    table = now[["part", "step", "next_step", "entered", "rate", "low", "high"]].reset_index(drop=True)
    return table.assign(against="", usual=np.nan, lost=np.nan, lost_low=np.nan, lost_high=np.nan, p=np.nan, leak=False)


def _with_intervals(steps: pd.DataFrame, confidence: float) -> pd.DataFrame:
    from scipy.stats import beta

    tail, passed, failed = (1 - confidence) / 2, steps["passed"], steps["decided"] - steps["passed"]
    return steps.assign(
        low=np.where(passed > 0, beta.ppf(tail, passed + 0.5, failed + 0.5), 0.0),
        high=np.where(failed > 0, beta.ppf(1 - tail, passed + 0.5, failed + 0.5), 1.0),
    )


def _sentence(steps: pd.DataFrame, table: pd.DataFrame, days: int) -> str:
    leaks = table[table["leak"]]
    if len(leaks):
        row = leaks.iloc[0]
        values = {
            "part": say("everybody") if row["part"] == ALL else row["part"],
            "step": say(row["step"]),
            "next": say(row["next_step"]),
            "rate": row["rate"],
            "span": (row["low"], row["high"]),
            "usual": row["usual"],
            "against": say("of the others") if row["against"] == "others" else say("in the time before"),
            "days": days,
        }
        if row["lost"] == row["lost"]:
            return say(
                "{lost:money} ({low:money} – {high:money}) in {days:count} days leak from {step} to {next} of {part}: "
                "{rate:percent} ({span:percents}) go on, {usual:percent} {against}.",
                lost=row["lost"],
                low=row["lost_low"],
                high=row["lost_high"],
                **values,
            )
        return say(
            "{rate:percent} ({span:percents}) of {part} go on from {step} to {next}, {usual:percent} {against}: this "
            "is the leak.",
            **values,
        )
    whole = steps[(steps["period"] == "now") & (steps["part"] == ALL)]
    worst = whole.loc[whole["rate"].idxmin()]
    return say(
        "{rate:percent} ({span:percents}) go on from {step} to {next}, where most are lost in these {days:count} days; "
        "no part and no step leaks more than chance explains.",
        rate=worst["rate"],
        span=(worst["low"], worst["high"]),
        step=say(worst["step"]),
        next=say(worst["next_step"]),
        days=days,
    )
