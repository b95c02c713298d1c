"""Do our forecasts come true, whose may be trusted how far, and which conclusions have expired?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.diary.diary_checks import checks
from crm_analytics.effectiveness.diary.drifting import Change, change
from crm_analytics.effectiveness.diary.trusted import Record, record
from crm_analytics.result import Claim, Result, Study, frame_of
from crm_analytics.say import say

FORESIGHT, BACKTEST, FINDING = "foresight", "backtest", "finding"
"""Told before its days began; told of days whose facts were there already; told of days that were over."""

EXPIRED, SOON, VALID = "expired", "expires soon", "valid"


@dataclass(frozen=True, kw_only=True)
class Diary(Study):
    """Do our forecasts come true, whose may be trusted how far, and which conclusions have expired?

    Every claim of a kept Result whose days are over is held against what the facts say. One that was told after its
    days had begun to be known is a *backtest* and is never counted as foresight: whoever made it could have looked.
    For each Study and measure: the share of facts that lay within the intervals (claims of the same days stand and fall
    together and count for less, Rao & Scott 1992), bias, how wide the intervals are and how wide they would have had to
    be, the error of saying «as a year ago», and whether errors change with time. Below `enough` spells of days nothing
    is concluded. `soon_days` before it expires a conclusion is named.
    """

    reads = "claims"
    columns = ("study", "measure", "value", "low", "high", "confidence", "first", "last", "expires", "told_on",
               "known_until", "actual", "state", "until")  # fmt: skip
    of = "kept claims"

    enough: int = 8
    soon_days: int = 30
    alpha: float = 0.05
    seed: int = 1

    def __post_init__(self) -> None:
        if self.enough < 5:
            raise ValueError(f"enough is {self.enough}; fewer than 5 spells of days show nothing.")
        if self.soon_days < 0 or not 0 < self.alpha <= 0.2:
            raise ValueError("soon_days is 0 or more, and alpha a share above 0 and up to 0.2, such as 0.05.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        claims = _in_order(frame)
        until = claims["until"].max()
        claims = claims.assign(kind=_kinds(claims), standing=_standing(claims, until, self.soon_days))
        scored = claims[(claims["state"] == "measured") & (claims["kind"] != FINDING) & claims["actual"].notna()]
        scored = scored[np.isfinite(scored[["value", "low", "high"]].to_numpy(float)).all(axis=1)]
        scored = scored[scored["high"] > scored["low"]].reset_index(drop=True)
        scored = scored.assign(inside=(scored["actual"] >= scored["low"]) & (scored["actual"] <= scored["high"]))
        if scored.empty:
            return self.refuse(_nothing_yet(claims), *_standing_checks(claims))
        records = _records(self, scored)
        table = pd.DataFrame([one.row() for one in records])
        told = _headline(self, scored)
        return DiaryResult(
            study=self, table=table, text=_sentence(told, claims, scored), checks=checks(self, claims, records, told),
            claims_kept=claims, scored=scored, inside=told.inside, low=told.low, high=told.high,
            promised=told.promised, kind=told.kind, until=until.date(), records=tuple(records),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class DiaryResult(Result):
    """A row for each Study, measure and kind (foresight first): `forecasts`, `spells` (of days that do not overlap),
    `inside` with `low` and `high` (the share of facts within the intervals), `promised`, `bias` with `bias_low` and
    `bias_high` (.1: foretold 10 % too much), `width` (half an interval as a share of the forecast), `needed` (the
    width that would have kept the promise), `stretch` (their ratio), `error` (the typical miss) and `naive_error`
    (that of «as a year ago»), `drift_p` (that errors do not change with time) and `verdict`.

    `inside`, `low`, `high` and `promised` are of the `kind` that the sentence speaks of. `scored` has the claims that
    were held against facts, `claims_kept` all of them with `kind` and `standing`.
    """

    claims_kept: pd.DataFrame = field(repr=False)
    scored: pd.DataFrame = field(repr=False)
    inside: float
    low: float
    high: float
    promised: float
    kind: str
    until: Any
    records: tuple[Record, ...] = field(repr=False)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What to do about forecasts that broke their promise; it holds as long as the days on which it was seen."""
        spoken = [one for one in self.records if one.kind == self.kind and one.broken][:3]
        found = []
        for one in spoken:
            days = max((one.last - one.first).days, 30)
            found.append(Claim(
                subject=say("intervals of {study} ({measure})", study=one.study, measure=one.measure),
                measure="share within the interval", value=one.inside, low=one.low, high=one.high, evidence="compared",
                first=one.first, last=one.last, expires=self.until + timedelta(days=min(days, 365)),
                scope=(("study", one.study), ("measure", one.measure)), decision=one.advice,
                reversed_by=say("The next {n:count} forecasts of it lie within their intervals as often as promised.",
                                n=self.study.enough),
            ))  # fmt: skip
        return tuple(found)

    @property
    def misses(self) -> pd.DataFrame:
        """By how much each missed, beside what «as a year ago» would have missed by."""
        return self.table[["kind", "study", "measure", "forecasts", "error", "naive_error", "bias", "stretch"]]

    def conclusions(self) -> Result:
        """Every conclusion with its expiry date: what has expired, what expires soon, what still holds."""
        rows = self.claims_kept.sort_values(["expires", "study", "subject"], ignore_index=True)
        columns = ["standing", "expires", "study", "subject", "measure", "value", "low", "high", "decision", "kind"]
        return ConclusionsResult(
            study=self.study, table=rows[columns], text=_standing_sentence(self.claims_kept, self.study),
            checks=_standing_checks(self.claims_kept), until=self.until,
        )  # fmt: skip

    def against(self, tenths: Any) -> Result:
        """Whether forecasts of single customers put them in the right order and at the right height: a table of
        `features.foretold`, by tenths of customers."""
        from crm_analytics.effectiveness.diary.tenths import held

        return held(self.study, frame_of(tenths))


@dataclass(frozen=True, kw_only=True, eq=False)
class ConclusionsResult(Result):
    """A conclusion a row, those that expired first: `standing`, `expires`, `study`, `subject`, `measure`, `value`,
    `low`, `high`, `decision`, `kind`."""

    until: Any


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The share of facts within their intervals, of the kind of forecasts that is spoken of."""

    kind: str
    inside: float
    low: float
    high: float
    promised: float
    forecasts: int


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    days = ["first", "last", "expires", "told_on", "known_until", "until"]
    frame = frame.assign(**{day: pd.to_datetime(frame[day]) for day in days})
    if (frame["last"] < frame["first"]).any():
        raise ValueError("A claim ends before it begins; features.claims(wh, …) makes a table without such.")
    for name in ("scope", "subject", "decision"):
        frame = frame.assign(**{name: frame[name].fillna("") if name in frame else ""})
    by = ["first", "last", "study", "measure", "scope", "told_on", "subject", "value"]
    return frame.sort_values(by, kind="stable", ignore_index=True)


def _kinds(claims: pd.DataFrame) -> np.ndarray:
    told = claims["told_on"].fillna(claims["known_until"])
    finding = (claims["last"] < told).to_numpy()
    known = (claims["known_until"].fillna(told) > claims["first"]).to_numpy()
    return np.select([finding, known], [FINDING, BACKTEST], FORESIGHT)


def _standing(claims: pd.DataFrame, until: pd.Timestamp, soon_days: int) -> np.ndarray:
    left = (claims["expires"] - until).dt.days
    return np.select([left <= 0, left <= soon_days], [EXPIRED, SOON], VALID)


def _records(study: Diary, scored: pd.DataFrame) -> list[Record]:
    """One for each kind, Study and measure; whether errors change is judged over all of them together (Holm, 1979)."""
    groups = scored.groupby(["kind", "study", "measure"], sort=True)
    changes: dict[Any, Change] = {
        key: change(group, enough=study.enough, seed=study.seed) for key, group in groups
    }
    tested = sorted((one.p, key) for key, one in changes.items() if np.isfinite(one.p))
    adjusted, worst = {}, 0.0
    for place, (p, key) in enumerate(tested):
        worst = max(worst, min(1.0, p * (len(tested) - place)))
        adjusted[key] = worst
    records = [
        record(group, study=study, changed=changes[key], drift_p=adjusted.get(key, float("nan")))
        for key, group in groups
    ]
    return sorted(records, key=lambda one: (one.kind != FORESIGHT, one.study, one.measure))


def _headline(study: Diary, scored: pd.DataFrame) -> Headline:
    """Of foresight, as soon as there is enough of it; else of backtests, which the sentence then says."""
    from crm_analytics.effectiveness.diary.trusted import covered, spells

    foresight = scored[scored["kind"] == FORESIGHT]
    chosen = foresight if spells(foresight).nunique() >= study.enough or len(foresight) == len(scored) else (
        scored[scored["kind"] == BACKTEST])  # fmt: skip
    inside, low, high = covered(chosen)
    return Headline(
        kind=str(chosen["kind"].iloc[0]), inside=inside, low=low, high=high,
        promised=float(chosen["confidence"].mean()), forecasts=len(chosen),
    )  # fmt: skip


def _sentence(told: Headline, claims: pd.DataFrame, scored: pd.DataFrame) -> str:
    what = say(
        "{n:count} forecasts that were made before their days began" if told.kind == FORESIGHT else
        "{n:count} forecasts made afterwards as of past days (backtests, no foresight)", n=told.forecasts,
    )  # fmt: skip
    counts = claims["standing"].value_counts()
    return say(
        "{inside:percent} ({span:percents}) of what happened lay within the intervals of {what}; {promised:percent} "
        "were promised. Of {all:count} kept conclusions {expired:count} {expired:has|have} expired and {soon:count} "
        "{soon:expires|expire} soon.",
        inside=told.inside, span=(told.low, told.high), what=what, promised=told.promised, all=len(claims),
        expired=int(counts.get(EXPIRED, 0)), soon=int(counts.get(SOON, 0)),
    )  # fmt: skip


def _nothing_yet(claims: pd.DataFrame) -> str:
    running = claims[claims["state"] == "running"]
    expired = int((claims["standing"] == EXPIRED).sum())
    if running.empty:
        return say(
            "Not enough evidence: of {all:count} kept claims none is a forecast that facts can tell to have come true; "
            "{expired:count} of them have expired. Keep forecasts of revenue, orders or customers, and ask again when "
            "their days are over.", all=len(claims), expired=expired,
        )  # fmt: skip
    return say(
        "Not enough evidence: no forecast's days are over yet. {n:count} are running, and the first can be held "
        "against facts on {day:date}; of {all:count} kept claims {expired:count} {expired:has|have} expired.",
        n=len(running), day=running["last"].min() + pd.Timedelta(days=1), all=len(claims), expired=expired,
    )  # fmt: skip


def _standing_checks(claims: pd.DataFrame) -> tuple:
    from crm_analytics.effectiveness.diary.diary_checks import standing

    return (standing(claims),)


def _standing_sentence(claims: pd.DataFrame, study: Diary) -> str:
    counts = claims["standing"].value_counts()
    first = claims[claims["standing"] != EXPIRED]["expires"].min()
    told = say(
        "{expired:count} of {all:count} conclusions {expired:has|have} expired, {soon:count} {soon:expires|expire} "
        "within {days:count} days, {valid:count} still {valid:holds|hold}",
        expired=int(counts.get(EXPIRED, 0)), all=len(claims), soon=int(counts.get(SOON, 0)), days=study.soon_days,
        valid=int(counts.get(VALID, 0)),
    )  # fmt: skip
    return told + (say("; the next to expire does so on {day:date}.", day=first) if pd.notna(first) else ".")
