"""Where did it work: the effect in every store, region or product of its own, which sum to the effect on the whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.amounts import change
from crm_analytics.effectiveness.campaign_days import OnCampaignDays, marked
from crm_analytics.effectiveness.unlinked import structural
from crm_analytics.effectiveness.unlinked.counterfactual import TRUSTED, Counterfactual
from crm_analytics.effectiveness.unlinked.influences import Series
from crm_analytics.result import Check, Claim, Result
from crm_analytics.say import say

LEAST_DAYS = 56
LEAST_SELLING = 0.2
PLACEBOS = 3
"""In so many windows before the campaign the method is tried in each unit."""
INDEX = ("price_index", "competitor_index", "stock_out")


@dataclass(frozen=True, kw_only=True)
class LocalEffects(OnCampaignDays):
    """What did a campaign change in each store, region, product or channel, and in all of them together?

    Each unit's sales without the campaign are foretold from its own past, as `Baseline` does, with its own prices and
    what it shares with the others; all units that were reached are foretold together from their sum as well, since
    what is unforeseen strikes many at once. The units' effects are then moved, each as far as it is uncertain, until
    they sum to that. Intervals are widened where placebo windows, pooled over all units, show them too narrow. Without
    `starts` the window is the days that the table's column `campaign` marks anywhere; units it never marks were left
    alone, and show how often the method calls something an effect that is none: where they do, compare with them
    (`PanelEffect`). `campaign` is its name where the days are given, lest it be taken out as one that ran besides.
    Reads one row for each unit and day, without gaps. Reconciliation with the whole kept:
    Wickramasuriya, Athanasopoulos and Hyndman (2019).
    """

    campaign: str = ""
    measure: Literal["revenue", "orders", "units", "contacts", "leads"] = "revenue"
    confidence: float = 0.95
    draws: int = 500
    seed: int = 1

    reads = "panel"
    columns = ("unit", "day")
    least = LEAST_DAYS + 1
    of = "days of a unit"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.draws < 200:
            raise ValueError(f"draws is at least 200, not {self.draws!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        from threadpoolctl import threadpool_limits

        if self.measure not in frame:
            raise ValueError(f"LocalEffects needs the column {self.measure}; features.panel(wh, …) has it.")
        frame = frame.assign(day=pd.to_datetime(frame["day"]), unit=frame["unit"].astype(str))
        frame = _without(frame.sort_values(["unit", "day"], ignore_index=True), self.campaign)
        days = frame["day"].drop_duplicates().sort_values(ignore_index=True)
        each = frame["unit"].value_counts()
        if (each != len(days)).any() or (days.diff().dropna() != timedelta(days=1)).any():
            raise ValueError("LocalEffects needs one row for each unit and day; features.panel(wh, …) leaves no gaps.")
        window = self._window(frame, days)
        if window is None:
            return self.refuse(
                say("Not enough evidence: no campaign is marked in this history, and no first day is given.")
            )
        first, last, named = window
        start, end = int((days < first).sum()), int((days <= last + timedelta(days=self.tail_days)).sum())
        if start < LEAST_DAYS or start == end:
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} days before {first:date}; at least {least:count} are needed, "
                    "and two years to know the season.", have=start, first=first, least=LEAST_DAYS,
                )
            )
        reached = self._reached(frame)
        units = {name: part.iloc[:end].reset_index(drop=True) for name, part in frame.groupby("unit", sort=True)}
        series = {name: Series.of(part, self.measure, start) for name, part in units.items()}
        able = {name: one for name, one in series.items() if one.selling_days >= LEAST_SELLING}
        ran = [name for name in able if name in reached]
        if len(able) < 2 or not ran:
            return self.refuse(
                say(
                    "Not enough evidence: {able:count} of {all:count} units sold something on a fifth of the days "
                    "before {first:date}; two would do, if one of them was reached.",
                    able=len(able), all=len(series), first=first,
                )
            )
        with threadpool_limits(limits=1):
            return _judged(self, able, _whole(units, ran, self.measure, start), set(ran), named=named, since=first)

    def _window(self, frame: pd.DataFrame, days: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp, str] | None:
        if given := self.given(days):
            return *given, self.campaign
        on = frame[marked(frame)]
        return None if on.empty else (on["day"].min(), on["day"].max(), str(on["campaign"].iloc[0]))

    def _reached(self, frame: pd.DataFrame) -> set[str]:
        """The units in which the campaign ran; all, where days of one's own choice are asked about."""
        if self.starts is not None or "campaign" not in frame:
            return set(frame["unit"])
        return set(frame.loc[marked(frame), "unit"])


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalResult(Result):
    """The effect in each unit that was reached, and in all of them.

    `table` has a row per unit: unit, reached, effect, low, high, expected, share (the effect as a share of what was to
    be expected), share_low, share_high. The effects of the units reached sum to `effect`, the whole's.
    """

    effect: float
    low: float
    high: float
    expected: float
    starts: date
    until: date
    named: str = ""
    stretch: float = 1.0
    whole: Counterfactual = field(repr=False)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it brought in all, and in the unit where it surely brought most."""
        called = say("campaign «{name}»", name=self.named) if self.named else say(
            "what began on {first:date}", first=self.starts)
        rows = [("", self.effect, self.low, self.high)]
        sure = self.table[self.table["reached"] & (self.table["low"] > 0)]
        rows += [(row.unit, row.effect, row.low, row.high) for row in sure.head(1).itertuples()]
        return tuple(
            Claim(
                subject=called, measure=f"incremental {self.study.measure}", value=value, low=low, high=high,
                confidence=self.study.confidence, evidence="modelled", first=self.starts, last=self.until,
                expires=self.until + timedelta(days=365), scope=(("unit", unit),) if unit else (),
                decision=say("Ask what {unit} did otherwise before it is repeated everywhere.", unit=unit) if unit
                else "",
                reversed_by=say("A comparison with units left alone whose interval lies outside of this one."),
            )
            for unit, value, low, high in rows
        )


def _without(frame: pd.DataFrame, campaign: str) -> pd.DataFrame:
    """The table in which this campaign is not among those that ran besides."""
    if not campaign or "other_campaigns" not in frame:
        return frame
    told = {text: "; ".join(name for name in text.split("; ") if name != campaign)
            for text in frame["other_campaigns"].fillna("").unique()}
    return frame.assign(other_campaigns=frame["other_campaigns"].fillna("").map(told))


def _whole(units: dict[str, pd.DataFrame], names: list[str], measure: str, start: int) -> Series:
    """The sum of the units, with prices and shelves as the units' sales weigh them, and all campaigns that ran."""
    sales = np.column_stack([units[name][measure].fillna(0).to_numpy(float) for name in names])
    weights = np.maximum(sales[:start].sum(axis=0), 1e-9)
    frame = units[names[0]].drop(columns=["unit", "campaign"], errors="ignore").copy()
    frame[measure] = sales.sum(axis=1)
    for index in [column for column in frame if column in INDEX]:
        values = np.column_stack([units[name][index].astype(float).ffill().bfill().fillna(1.0) for name in names])
        frame[index] = values @ (weights / weights.sum())
    for column in [column for column in frame if str(column).startswith("touches: ")]:
        values = np.column_stack([units[name][column].fillna(0).to_numpy(float) for name in names])
        frame[column] = values @ (weights / weights.sum())
    if "other_campaigns" in frame:
        named = np.column_stack([units[name]["other_campaigns"].fillna("") for name in names])
        frame["other_campaigns"] = ["; ".join(sorted({x for y in row for x in y.split("; ")} - {""})) for row in named]
    return Series.of(frame, measure, start)


def _judged(
    study: LocalEffects, units: dict[str, Series], whole: Series, reached: set[str], *, named: str, since: pd.Timestamp
) -> Result:
    window = slice(whole.start, len(whole.actual))
    learned = _learn(units, study)
    tried = [found for one in learned.values() for found in _tried(one, window)]
    stretch = _stretch(tried)
    everything = Counterfactual.learn(whole, draws=study.draws * 4, seed=study.seed, confidence=study.confidence)
    everything = everything.calibrated(everything.tried(window))
    rows = []
    for name, one in learned.items():
        expected = one.expected(window)
        gain = one.series.actual[window].sum() - expected.sum(axis=1)
        middle = float(gain.mean())
        low, high = middle + stretch * (one.between(gain) - middle)
        rows.append((name, name in reached, middle, low, high, float(expected.sum(axis=1).mean())))
    table = pd.DataFrame(rows, columns=["unit", "reached", "effect", "low", "high", "expected"])
    gains = everything.series.actual[window].sum() - everything.expected(window).sum(axis=1)
    effect, (low, high) = float(gains.mean()), map(float, everything.between(gains))
    table = _reconciled(table, effect)
    for share, of in (("share", "effect"), ("share_low", "low"), ("share_high", "high")):
        table[share] = table[of] / table["expected"].where(table["expected"] > 0)
    table = table.sort_values(["reached", "effect", "unit"], ascending=[False, False, True], ignore_index=True)
    starts, until = since.date(), whole.days.iloc[-1].date()
    return LocalResult(
        study=study, table=table, effect=effect, low=low, high=high,
        expected=float(table.loc[table["reached"], "expected"].sum()), starts=starts, until=until, named=named,
        stretch=stretch, whole=everything,
        text=_sentence(study, table[table["reached"]], (effect, low, high), starts, named),
        checks=(
            _placebo(tried, stretch), *_left_alone(table[~table["reached"]]), _differ(table[table["reached"]], study),
            _sold_too_seldom(len(units), table),
        ),
    )


def _learn(units: dict[str, Series], study: LocalEffects) -> dict[str, Counterfactual]:
    """Each unit's structure; units with the same influences and open days are fitted together."""
    alike: dict[tuple, list[str]] = {}
    for name, one in units.items():
        alike.setdefault((tuple(one.names), one.open.tobytes()), []).append(name)
    found = {}
    for names in alike.values():
        first = units[names[0]]
        before = first.open_before(first.start)
        sales = np.column_stack([np.maximum(units[n].actual[before], 0) / units[n].unit for n in names])
        influences = np.stack([units[n].influences[before] for n in names], axis=1)
        for name, structure in zip(
            names, structural.fit_many(sales, influences, first.prior_sd, first.family), strict=True
        ):
            found[name] = Counterfactual(
                series=units[name], structure=structure, draws=study.draws, seed=study.seed + len(found),
                confidence=study.confidence,
            )
    return {name: found[name] for name in sorted(found)}


def _tried(one: Counterfactual, window: slice) -> list[float]:
    """By how many standard errors placebo windows of the same length, just before the campaign, missed."""
    length = window.stop - window.start
    found = []
    for start in range(window.start - length, max(112, window.start // 3), -length)[:PLACEBOS]:
        days = slice(start, start + length)
        gain = one.series.actual[days].sum() - one.expected(days).sum(axis=1)
        found.append(float(gain.mean() / gain.std()) if gain.std() > 0 else 0.0)
    return found


def _stretch(tried: list[float]) -> float:
    """How much wider the intervals are made: by the middle of the misses, so that a few wild units do not decide."""
    if not tried:
        return 1.0
    robust = float(np.median(np.square(tried))) / 0.4549  # the median of a chi-square with one degree of freedom
    return max(1.0, float(np.sqrt((len(tried) * robust + TRUSTED) / (len(tried) + TRUSTED))))


def _reconciled(table: pd.DataFrame, effect: float) -> pd.DataFrame:
    """The units that were reached, moved until they sum to the whole's effect, each by its share of uncertainty."""
    spread = ((table["high"] - table["low"]) ** 2).where(table["reached"], 0.0)
    moved = (effect - table.loc[table["reached"], "effect"].sum()) * spread / spread.sum()
    return table.assign(**{column: table[column] + moved for column in ("effect", "low", "high")})


def _sentence(
    study: LocalEffects, table: pd.DataFrame, whole: tuple[float, float, float], starts: date, named: str
) -> str:
    up, down = int((table["low"] > 0).sum()), int((table["high"] < 0).sum())
    effect, low, high = whole
    return say(
        "{effect} {what} ({low} – {high}) in all {units:count} units since {since}; in {up:count} of them surely more "
        "than was to be expected, in {down:count} surely less, where chance alone would say so in {chance:number}.",
        effect=change(study.measure, effect), low=change(study.measure, low), high=change(study.measure, high),
        what=say(study.measure), units=len(table), up=up, down=down,
        since=say("«{name}» began on {first:date}", name=named, first=starts) if named else say(
            "{first:date}", first=starts),
        chance=float((1 - study.confidence) * len(table)),
    )


def _placebo(tried: list[float], stretch: float) -> Check:
    name = say("Placebo windows")
    if len(tried) < 6:
        return Check(name=name, verdict="weak", text=say(
            "The history is too short to try the method on days without this campaign."))
    called = float(np.mean(np.abs(tried) > 1.96 * stretch))
    return Check(
        name=name, verdict="holds" if called <= 0.1 else "weak" if called <= 0.2 else "fails",
        text=say(
            "Of {n:count} windows before the campaign, in all units, {called:percent} would have been called an "
            "effect.",
            n=len(tried), called=called,
        ),
    )


def _left_alone(table: pd.DataFrame) -> list[Check]:
    """Units in which nothing ran: what is found there is no effect."""
    if len(table) < 2:
        return []
    called = int(((table["low"] > 0) | (table["high"] < 0)).sum())
    return [Check(
        name=say("Units left alone"), verdict="holds" if called <= max(1, 0.1 * len(table)) else "fails",
        text=say(
            "Of {n:count} units in which it did not run, {called:count} would have been called changed; their change "
            "together is {share:percent}.", n=len(table), called=called,
            share=float(table["effect"].sum() / max(table["expected"].sum(), 1e-9)),
        ),
    )]


def _differ(table: pd.DataFrame, study: LocalEffects) -> Check:
    """Cochran's Q on the shares: whether the units differ by more than their uncertainty."""
    from scipy import stats

    name = say("Where it differs")
    known = table[np.isfinite(table["share"]) & (table["share_high"] > table["share_low"])]
    if len(known) < 3:
        return Check(name=name, verdict="weak", text=say("Whether so few units differ is not to be told."))
    reach = 2 * stats.norm.ppf((1 + study.confidence) / 2)
    weight = (reach / (known["share_high"] - known["share_low"])) ** 2
    usual = float((weight * known["share"]).sum() / weight.sum())
    q = float((weight * (known["share"] - usual) ** 2).sum())
    chance = float(stats.chi2.sf(q, len(known) - 1))
    apart = max(0.0, 1 - (len(known) - 1) / q) if q > 0 else 0.0
    return Check(
        name=name, verdict="holds" if chance < 0.05 else "weak",
        text=say(
            "Units differ by more than chance does: about {apart:percent} of what is between them is real."
            if chance < 0.05 else
            "Units do not differ by more than chance does: the ranking among them is no finding.", apart=apart,
        ),
    )


def _sold_too_seldom(able: int, table: pd.DataFrame) -> Check:
    small = float((table["share_high"] - table["share_low"]).median() / 2)
    return Check(
        name=say("What a unit can show"), verdict="holds" if small < 0.1 else "weak",
        text=say("In the middle one of {able:count} units an effect below {small:percent} of its sales cannot be seen.",
                 able=able, small=small),
    )
