"""Why customers turn to the company, how often the first contact settles it, and who settles more than others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.service.first_contact_checks import checks
from crm_analytics.effectiveness.timing.shrunk import Fit, fitted
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say

DIMENSIONS = ("agent", "reason", "channel", "region")
LEAST_CASES, LEAST_OF_ONE, MOST_GROUPS = 100, 30, 60
"""Cases in all, and of one of those compared, without which nothing is said; so many are compared at most."""
MOST_CELLS = 120
RARE = 0.02
"""Reasons rarer than this are compared as one."""
YEAR = 365


@dataclass(frozen=True, kw_only=True)
class FirstContact(Study):
    """How often is a customer's case settled at the first contact, for which reasons do customers come, and which
    agent, channel, region or reason (`dimension`) settles more or fewer than the others?

    Whoever gets the hard cases settles fewer of them: each is compared as if all had the same reasons, channels and
    quarters, and drawn towards all as far as its own cases are few (crossed random effects with known errors). What
    stands out does so beyond the chance that any of all compared would. Of fewer than thirty cases nothing is said.
    Agents are numbered, not named: how a single person works is for whoever leads them to know, and not for a page.
    """

    reads = "first_contacts"
    columns = ("month", "reason", "channel", "region", "agent", "cases", "settled")
    of = "groups of cases"

    dimension: Literal["agent", "reason", "channel", "region"] = "agent"
    confidence: float = 0.95

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimension not in DIMENSIONS:
            raise ValueError(f"dimension is {self.dimension!r}; choose among {', '.join(DIMENSIONS)}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.assign(month=pd.to_datetime(frame["month"]))
        frame = frame.sort_values(["month", "reason", "channel", "region", "agent"], ignore_index=True)
        total = int(frame["cases"].sum())
        if total < LEAST_CASES:
            return self.refuse(say(
                "Not enough evidence: {n:count} {n:case|cases} of customers who turned to the company {n:is|are} on "
                "record; it takes {least:count}.", n=total, least=LEAST_CASES))  # fmt: skip
        sums = frame[frame[self.dimension] != ""].groupby(self.dimension)["cases"].sum()
        large = sums[sums >= LEAST_OF_ONE].sort_values(ascending=False, kind="stable").index[:MOST_GROUPS]
        if len(large) < 2:
            return self.refuse(say(
                "Not enough evidence: {n:count} {n:has|have} {least:count} cases or more, counted by {of}; a "
                "comparison takes two. Ask by another dimension, or of more months.",
                n=len(large), least=LEAST_OF_ONE, of=say(self.dimension)))  # fmt: skip
        return _compared(self, frame, sorted(large), int(sums.drop(large).sum()))


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstContactResult(Result):
    """One of those compared a row, the fewest settled first: `value`, `cases`, `plain` (the share settled as counted),
    `rate` with `low` and `high` (the share at everybody's mix of cases, shrunk), `against` with `against_low` and
    `against_high` (its distance from the usual one), `minutes` (how long a case takes where that is on record) and
    `verdict`.

    `overall` is the share of all with its interval. `reasons` has each reason: cases, share, settled, and how many
    times as many came in the newest year as in the year before. `names` says which agent has which number, for whoever
    leads them; it is shown nowhere.
    """

    overall: tuple[float, float, float]
    reasons: pd.DataFrame = field(repr=False)
    names: pd.DataFrame = field(repr=False)
    frame: pd.DataFrame = field(repr=False)
    first: date
    until: date
    again_days: int

    @property
    def usual(self) -> float:
        """The share that the usual one of those compared settles, at everybody's mix of cases."""
        return float((self.table["rate"] - self.table["against"]).median())

    def by(self, dimension: str) -> Result:
        """The same question by another dimension. Raises ValueError naming those there are."""
        return replace(self.study, dimension=dimension).fit(self.frame)

    def satisfaction(self, cases: pd.DataFrame) -> Result:
        """Whether customers are more satisfied whose case was settled at once, and what that is worth. `cases` is
        `features.settled_cases`."""
        from crm_analytics.effectiveness.service.settled import Settled

        return Settled(confidence=self.study.confidence).fit(cases)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How many are settled; to be counted again in half a year."""
        value, low, high = self.overall
        worst = self.table.iloc[0]
        stands_out = worst["verdict"] == say("fewer settled")
        return (
            Claim(
                subject=say("cases of customers"), measure="share settled at first contact", value=value, low=low,
                high=high, confidence=self.study.confidence, evidence="modelled", first=self.first,
                last=self.until - timedelta(days=1), expires=self.until + timedelta(days=YEAR // 2),
                decision=say("Find out what {value} lacks to settle cases at the first contact.", value=worst["value"])
                if stands_out else "",
                reversed_by=say("In the next half year as many of its cases are settled at the first contact as of "
                                "others."),
            ),
        )  # fmt: skip


def _compared(study: FirstContact, frame: pd.DataFrame, large: list[str], left_out: int) -> FirstContactResult:
    from scipy.stats import beta
    from threadpoolctl import threadpool_limits

    total, settled = int(frame["cases"].sum()), int(frame["settled"].sum())
    half = (1 - study.confidence) / 2
    overall = (settled / total, float(beta.ppf(half, settled + 0.5, total - settled + 0.5)),
               float(beta.ppf(1 - half, settled + 0.5, total - settled + 0.5)))  # fmt: skip
    mine = frame[frame[study.dimension].isin(large)]
    with threadpool_limits(limits=1):
        fit = _fitted(study, mine, overall[0])
    each = 1 - (1 - study.confidence) / len(large)
    sums = mine.groupby(study.dimension)[["cases", "settled"]].sum()
    rows = []
    for name in large:
        rate = np.clip(fit.level("group", name, study.confidence), 0, 1)
        against, sure = fit.against("group", name, study.confidence), fit.against("group", name, each)
        verdict = say("more settled") if sure[1] > 0 else say("fewer settled") if sure[2] < 0 else say("as others")
        rows.append({
            "value": name, "cases": int(sums.loc[name, "cases"]),
            "plain": float(sums.loc[name, "settled"] / sums.loc[name, "cases"]),
            "rate": float(rate[0]), "low": float(rate[1]), "high": float(rate[2]), "against": against[0],
            "against_low": against[1], "against_high": against[2], "verdict": verdict,
        })  # fmt: skip
    table = pd.DataFrame(rows)
    if {"seconds", "timed"} <= set(frame):
        times = mine.groupby(study.dimension)[["seconds", "timed"]].sum().loc[large]
        table.insert(9, "minutes", (times["seconds"] / times["timed"].where(times["timed"] > 0) / 60).to_numpy(float))
    names = pd.DataFrame({"value": table["value"], "name": table["value"]})
    if study.dimension == "agent":
        everybody = sorted(set(frame["agent"]) - {""})
        table["value"] = [say("agent {n:count}", n=1 + everybody.index(name)) for name in names["name"]]
        names = names.assign(value=table["value"])
    table = table.sort_values(["rate", "value"], ignore_index=True)
    until = pd.to_datetime(frame["until"] if "until" in frame else frame["month"] + pd.offsets.MonthEnd(0)).max()
    result = FirstContactResult(
        study=study, table=table, text="", overall=overall, reasons=_reasons(frame, until), names=names, frame=frame,
        first=frame["month"].min().date(), until=until.date(),
        again_days=int(frame["again_days"].iloc[0]) if "again_days" in frame else 7,
    )  # fmt: skip
    return replace(result, text=_sentence(result), checks=checks(result, left_out))


def _fitted(study: FirstContact, mine: pd.DataFrame, overall: float) -> Fit | None:
    """Shares of cells of like cases, what everybody did in the same quarter taken out, explained by who had them."""
    when = mine["month"].dt.to_period("Q")
    quarters = mine.groupby(when)[["cases", "settled"]].sum()
    drift = (quarters["settled"] - overall * quarters["cases"]) / (quarters["cases"] + 50)
    rows = mine.assign(group=mine[study.dimension], drift=when.map(drift).astype(float) * mine["cases"])
    share = rows.groupby("reason")["cases"].sum() / rows["cases"].sum()
    rows["reason"] = rows["reason"].where(rows["reason"].map(share) >= RARE, "other reasons")
    kinds = [name for name in ("reason", "channel") if name != study.dimension and rows[name].nunique() > 1]
    cells = _cells(rows, kinds)
    usual = cells.groupby(kinds)[["cases", "settled"]].transform("sum") if kinds else cells[["cases", "settled"]].agg(
        "sum").to_frame().T.loc[[0] * len(cells)].reset_index(drop=True)  # fmt: skip
    chance = (usual["settled"] + 0.5) / (usual["cases"] + 1)
    level = (cells["settled"] - cells["drift"]) / cells["cases"]
    return fitted(level.to_numpy(float), np.diag((chance * (1 - chance) / cells["cases"]).to_numpy(float)),
                  cells[["group", *kinds]])  # fmt: skip


def _cells(rows: pd.DataFrame, kinds: list[str]) -> pd.DataFrame:
    """Cases and settled of each group and kind, in spans of time as short as their number allows: what differs from
    one span to the next tells how far a group swings by itself."""
    for length in ("Q", "Y"):
        spans = rows.assign(span=rows["month"].dt.to_period(length))
        cells = spans.groupby(["group", *kinds, "span"])[["cases", "settled", "drift"]].sum().reset_index()
        if len(cells) <= MOST_CELLS:
            return cells
    return rows.groupby(["group", *kinds])[["cases", "settled", "drift"]].sum().reset_index()


def _reasons(frame: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Each reason: how many cases, what share, how many settled, and the newest year against the year before."""
    from scipy.stats import beta

    sums = frame.groupby("reason")[["cases", "settled"]].sum()
    table = pd.DataFrame({"cases": sums["cases"], "share": sums["cases"] / sums["cases"].sum(),
                          "settled": sums["settled"] / sums["cases"]})  # fmt: skip
    counts = []
    for years in (1, 2):
        inside = frame["month"].between(until - pd.DateOffset(years=years), until - pd.DateOffset(years=years - 1),
                                        inclusive="left")  # fmt: skip
        counts.append(frame[inside].groupby("reason")["cases"].sum().reindex(table.index).fillna(0))
    whole = frame["month"].min() <= until - pd.DateOffset(months=23)
    new, old = counts
    ends = [beta.ppf(q, new + 0.5, old + 0.5) for q in (0.025, 0.5, 0.975)]
    for name, part in zip(("change_low", "change", "change_high"), ends, strict=True):
        table[name] = part / (1 - part) if whole else np.nan
    return table.sort_values(["cases", "share"], ascending=False, kind="stable").reset_index()


def _sentence(result: FirstContactResult) -> str:
    table, most = result.table, result.reasons.iloc[0]
    out = table[table["verdict"] != say("as others")]
    told = say(
        "{rate:percent} ({span:percents}) of {n:count} cases were settled at the first contact; most customers come "
        "for {reason} ({share:percent}).",
        rate=result.overall[0], span=result.overall[1:], n=int(result.reasons["cases"].sum()),
        reason=say("«{reason}»", reason=most["reason"]), share=most["share"],
    )  # fmt: skip
    figures = {"all": len(table), "kind": say(result.study.dimension), "n": len(out)}
    if out.empty:
        return told + " " + say("At the same kinds of cases none of {all:count}, counted by {kind}, differs from the "
                                "others beyond chance.", **figures)  # fmt: skip
    worst = table.iloc[0]
    if worst["verdict"] == say("fewer settled"):
        return told + " " + say(
            "At the same kinds of cases {value} settles the fewest, {rate:percent} ({span:percents}); {n:count} of "
            "{all:count} differ from the others beyond chance.",
            value=worst["value"], rate=worst["rate"], span=(worst["low"], worst["high"]), **figures,
        )  # fmt: skip
    return told + " " + say("At the same kinds of cases {n:count} of {all:count}, counted by {kind}, settle more than "
                            "the others beyond chance.", **figures)  # fmt: skip
