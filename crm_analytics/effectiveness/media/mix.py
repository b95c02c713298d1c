"""What each advertising channel brings, and where the next money should go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.amounts import amount
from crm_analytics.effectiveness.media.claims import Move, best_move, claims
from crm_analytics.effectiveness.media.course import Influences
from crm_analytics.effectiveness.media.mix_checks import Doubts, checks, doubts
from crm_analytics.effectiveness.media.posterior import Posterior, Trial
from crm_analytics.effectiveness.media.refits import Refits, tried_before
from crm_analytics.effectiveness.media.response import TIMES, Response
from crm_analytics.effectiveness.media.shapes import Shapes
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import say

PREFIX, MOST_CHANNELS = "spend_", 12
LEAST_DAYS = 364


@dataclass(frozen=True, kw_only=True)
class ChannelMix(Study):
    """What did each advertising channel bring, and what would its next money bring?

    Sales are read as a course without advertising, which trend, season, prices, competitors, market, holidays and empty
    shelves move and which wanders by itself, and what each channel adds to it: its spend is carried over to later
    periods and works less the more there is of it, never below nothing. How long it is carried and how soon it
    saturates is learned for each channel; where the data leave that open, the draws differ and the interval is wide.
    `experiments` are what tests said: a table of channel, first, last (days, both included), incremental (in the
    measure) and se; they count as evidence beside the sales. `draws` are looks at what remains possible;
    `hidden_quarters` of the history are foretold from what came before them, to see how far to trust the rest.
    """

    measure: Literal["revenue", "margin", "orders", "units"] = "revenue"
    experiments: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    confidence: float = 0.95
    draws: int = 400
    hidden_quarters: int = 4
    seed: int = 1

    reads = "media"
    columns = ("starts",)
    least = 52
    of = "weeks of sales and spend"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("revenue", "margin", "orders", "units"):
            raise ValueError(f"measure is revenue, margin, orders or units, not {self.measure!r}.")
        if self.draws < 100:
            raise ValueError(f"draws is at least 100, not {self.draws!r}.")
        if not 0 <= self.hidden_quarters <= 12:
            raise ValueError("hidden_quarters is a number of quarters from 0 to 12.")
        known = {"channel", "first", "last", "incremental", "se"}
        if self.experiments is not None and not known <= set(self.experiments):
            raise ValueError(f"experiments is a table of {', '.join(sorted(known))}; it has not all of these columns.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        if self.measure not in frame:
            raise ValueError(f"ChannelMix needs the column {self.measure}; features.media(wh, …) has it.")
        frame = frame.assign(starts=pd.to_datetime(frame["starts"])).sort_values("starts", ignore_index=True)
        days = _period(frame["starts"])
        channels, spend = _channels(frame)
        if len(frame) * days < LEAST_DAYS:
            return self.refuse(
                say("Not enough evidence: {have:count} days of sales and spend; a year at least is needed, and two to "
                    "know the season.", have=len(frame) * days)
            )  # fmt: skip
        if not channels:
            return self.refuse(say("Not enough evidence: nothing was spent on any channel in these weeks."))
        sales = frame[self.measure]
        if sales.isna().any() or not (sales > 0).mean() > 0.5:
            return self.refuse(
                say("Not enough evidence: {share:percent} of these weeks have sales on record; more than half are "
                    "needed, and none may be unknown.", share=float((sales > 0).mean()))
            )  # fmt: skip
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):  # the matrices are small: more threads only wait for one another
            return _judged(self, frame, channels, spend, days=days)

    def ends(self) -> tuple[float, float]:
        """The shares of draws below and up to the ends of an interval."""
        return (1 - self.confidence) / 2, (1 + self.confidence) / 2


@dataclass(frozen=True, kw_only=True, eq=False)
class MixResult(Result):
    """What each channel brought and would bring; it does not change.

    `table` has a row a channel: channel, spend, brought, roas (for each unit of money) and marginal (for the next unit)
    with low and high, now (spend of the last year), carried_over (share of the effect that comes after the first week),
    nothing (how likely the data find that it brought nothing), told (whether it can be told from the others and from
    sales as they are anyway), doubts, and the curve that the budget takes, in the `measure` a year: curve_a · ln(1 +
    spend/curve_b), with the standard errors of what it brings at `curve_spend` (curve_se) and of ln curve_b
    (curve_bend_sd); margin_share says what revenue is worth. `weeks` takes sales apart, period by period: base, each
    influence, each channel and the rest sum to `sales`.
    """

    study: ChannelMix
    posterior: Posterior = field(repr=False)
    responses: dict[str, Response] = field(repr=False)
    weeks: pd.DataFrame = field(repr=False)
    refits: Refits = field(repr=False)
    margin_share: float
    """The share of revenue that is margin; nan where that is not known."""
    move: Move | None

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(self.responses)

    @property
    def covers(self) -> tuple[date, date]:
        """The first and the last day it is about."""
        starts = self.weeks["starts"]
        return starts.iloc[0].date(), starts.iloc[-1].date() + timedelta(days=self.posterior.days - 1)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return claims(self)

    @property
    def plain(self) -> pd.DataFrame:
        """What the usual look says, sales of the weeks with a channel above those without, beside this answer.

        Columns: channel, plain (for each unit of money; above its median spend where it never stopped), roas.
        """
        rows = []
        for name, response in self.responses.items():
            spend = response.shapes.spend
            on = spend > (0 if (spend == 0).mean() > 0.05 else np.median(spend))
            sales, more = self.posterior.sales, spend[on].mean() - spend[~on].mean()
            rows.append((name, (sales[on].mean() - sales[~on].mean()) / more))
        plain = pd.DataFrame(rows, columns=["channel", "plain"])
        return plain.merge(self.table[["channel", "roas", "roas_low", "roas_high"]], on="channel")

    def by(self, period: Literal["week", "month", "quarter", "year"]) -> PartsResult:
        """Sales taken apart, summed by month, quarter or year (that of a period's first day), or as they were read."""
        lengths = {"week": None, "month": "M", "quarter": "Q", "year": "Y"}
        if period not in lengths:
            raise ValueError(f"period is one of {', '.join(lengths)}, not {period!r}.")
        table = self.weeks
        if period != "week":
            table = table.groupby(table["starts"].dt.to_period(lengths[period]).dt.start_time, sort=True)
            table = table.sum(numeric_only=True).reset_index()
        share = self.posterior.brought.sum(axis=(1, 2)) / self.posterior.sales.sum()
        low, high = np.quantile(share, self.study.ends())
        text = say("{share:percent} ({low:percent} – {high:percent}) of {measure} came from advertising. The parts of "
                   "every {period} sum to what was sold.", share=float(share.mean()), low=low, high=high,
                   measure=say(self.study.measure), period=say(period))  # fmt: skip
        return PartsResult(study=self.study, table=table, text=text, checks=self.checks, channels=self.channels,
                           period=period)  # fmt: skip

    def predict(self, spend: Mapping[str, float]) -> ForecastResult:
        """What a year would bring with this spend (money by channel), spread over the year as each channel's last one.

        A channel that is not named keeps its last year's spend. Raises ValueError for an unknown one.
        """
        unknown = [name for name in spend if name not in self.channels]
        if unknown or not all(0 <= money < float("inf") for money in spend.values()):
            raise ValueError(f"Give money from 0 on for {', '.join(self.channels)}; given was {dict(spend)}.")
        rows, more = [], 0.0
        for name, response in self.responses.items():
            money = float(spend.get(name, response.spend))
            times = money / response.spend
            brought, present = response.brought(times), response.curve[:, TIMES == 1.0][:, 0]
            more = more + brought - present
            rows.append((name, money, brought.mean(), *np.quantile(brought, self.study.ends()), times))
        table = pd.DataFrame(rows, columns=["channel", "spend", "brought", "low", "high", "times_last_year"])
        low, high = np.quantile(more, self.study.ends())
        extra = table["spend"].sum() - sum(r.spend for r in self.responses.values())
        text = say(
            "{more} a year ({low} – {high}) for {extra:money} more spent than in each channel's last year.",
            more=self.amount(float(np.mean(more))), low=self.amount(low), high=self.amount(high), extra=extra,
        )  # fmt: skip
        return ForecastResult(
            study=self.study, table=table, text=text, checks=self.checks, gain=(float(more.mean()), low, high)
        )

    def amount(self, value: float) -> str:
        """A quantity of the measure, for people."""
        return amount(self.study.measure, value)


@dataclass(frozen=True, kw_only=True, eq=False)
class ForecastResult(Result):
    """What a year with another spend would bring: channel, spend, brought (low, high); `gain` over the last years'."""

    gain: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class PartsResult(Result):
    """Sales taken apart: starts, sales, base, each influence, each channel, rest; every row sums to `sales`."""

    channels: tuple[str, ...]
    period: str


def _period(starts: pd.Series) -> int:
    """The length of a period in days. Raises ValueError unless all are a week, or all a day, without gaps."""
    steps = starts.diff().dropna().dt.days.unique()
    if len(steps) != 1 or steps[0] not in (1, 7):
        raise ValueError("ChannelMix needs one row for every week (or day), without gaps; features.media has them.")
    return int(steps[0])


def _channels(frame: pd.DataFrame) -> tuple[tuple[str, ...], np.ndarray]:
    """The channels that cost something, largest first, and their spend; beyond a dozen the smallest are one."""
    spend = frame.filter(regex=f"^{PREFIX}").fillna(0).astype(float).clip(lower=0)
    spend.columns = [name.removeprefix(PREFIX) for name in spend]
    total = spend.sum().sort_index().sort_values(ascending=False, kind="stable")
    names = list(total[total > 0].index)
    if len(names) > MOST_CHANNELS:
        small = names[MOST_CHANNELS - 1 :]
        names = [*names[: MOST_CHANNELS - 1], say("{n:count} small channels", n=len(small))]
        spend = spend.assign(**{names[-1]: spend[small].sum(axis=1)})
    return tuple(names), spend[names].to_numpy().T


def _trials(study: ChannelMix, frame: pd.DataFrame, channels: tuple[str, ...], unit: float) -> tuple[Trial, ...]:
    """The experiments on these channels and of this measure within these periods. Raises ValueError for a bad se."""
    tests = study.experiments
    if tests is None:
        return ()
    if not (tests["se"] > 0).all():
        raise ValueError("Every experiment needs an se above zero: half its 95 % interval divided by 1.96.")
    tests = tests[tests["channel"].isin(channels)]
    if "measure" in tests:
        tests = tests[tests["measure"] == study.measure]
    tests = tests.sort_values(["channel", "first", "last", "incremental"])
    starts, found = frame["starts"], []
    for row in tests.itertuples():
        first = int(starts.searchsorted(pd.Timestamp(row.first), side="right")) - 1
        stop = int(starts.searchsorted(pd.Timestamp(row.last), side="right"))
        if first >= 0 and stop > first and pd.Timestamp(row.last) < starts.iloc[-1] + (starts.iloc[1] - starts.iloc[0]):
            found.append(Trial(channel=channels.index(row.channel), first=first, stop=stop,
                               brought=float(row.incremental) / unit, se=float(row.se) / unit))  # fmt: skip
    return tuple(found)


def _judged(
    study: ChannelMix, frame: pd.DataFrame, channels: tuple[str, ...], spend: np.ndarray, *, days: int
) -> MixResult:
    sales = frame[study.measure].to_numpy(float)
    shapes = tuple(Shapes(spend=x, usual=float(x[x > 0].mean()), days=days) for x in spend)
    trials = _trials(study, frame, channels, float(sales.mean()))
    posterior = Posterior.learn(sales, shapes, Influences.of(frame, days), days=days, trials=trials,
                                draws=study.draws, seed=study.seed)  # fmt: skip
    responses = {name: Response.of(posterior, c) for c, name in enumerate(channels)}
    found = doubts(posterior, responses, study.ends())
    refits = tried_before(posterior, frame["starts"], channels, study)
    known = "margin" in frame and "revenue" in frame and frame["margin"].notna().all()
    share = float(frame["margin"].sum() / frame["revenue"].sum()) if known else float("nan")
    table = _table(study, posterior, responses, found).assign(measure=study.measure, margin_share=share)
    told = [name for name, one in found.items() if not one.untold and not one.follows]
    return MixResult(
        study=study, posterior=posterior, responses=responses, refits=refits, table=table,
        weeks=_taken_apart(posterior, frame["starts"], channels), move=best_move(responses, told, study.ends()),
        margin_share=share, text=_sentence(study, posterior, table),
        checks=checks(posterior, responses, found, refits, trials),
    )  # fmt: skip


def _table(
    study: ChannelMix, posterior: Posterior, responses: dict[str, Response], found: dict[str, Doubts]
) -> pd.DataFrame:
    """A row a channel, the costliest first."""
    rows = []
    year = slice(-(364 // posterior.days), None)
    for c, (name, response) in enumerate(responses.items()):
        spend = response.shapes.spend
        brought = posterior.brought[:, c].sum(axis=1)
        a, b, bend_sd = response.logarithmic
        present = response.brought(1.0)
        rows.append({
            "channel": name, "spend": float(spend.sum()),
                "brought": float(brought.mean()),
            **_between("roas", brought / spend.sum(), study), **_between("marginal", response.marginal, study),
            "now": float(spend[year].sum()), "curve_spend": response.spend, "curve_a": a, "curve_b": b,
            "curve_se": float(present.std()), "curve_bend_sd": bend_sd,
            "carried_over": float(response.shapes.carried_over(response.chosen).mean()),
            "nothing": float(posterior.below[c]), "told": not found[name].untold, "doubts": found[name].words,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _between(name: str, draws: np.ndarray, study: ChannelMix) -> dict[str, float]:
    low, high = np.quantile(draws, study.ends())
    return {name: float(draws.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}


def _taken_apart(posterior: Posterior, starts: pd.Series, channels: tuple[str, ...]) -> pd.DataFrame:
    """Sales of each period as a sum of base, influences, channels and the rest."""
    brought = posterior.brought.mean(axis=0)
    parts = {"base" if name == "level" else name: values for name, values in posterior.parts.items()}
    parts = {"base": parts.pop("base")} | parts
    frame = pd.DataFrame({"starts": starts, "sales": posterior.sales, **parts,
                          **{PREFIX + name: brought[c] for c, name in enumerate(channels)}})  # fmt: skip
    frame.columns = [str(name).removeprefix(PREFIX) for name in frame]
    return frame.assign(rest=posterior.sales - frame.iloc[:, 2:].sum(axis=1))


def _sentence(study: ChannelMix, posterior: Posterior, table: pd.DataFrame) -> str:
    brought = posterior.brought.sum(axis=(1, 2))
    low, high = np.quantile(brought, study.ends())
    money = study.measure in ("revenue", "margin")
    amounts = [say("{x:money}" if money else "{x:count}", x=x) for x in (float(brought.mean()), low, high)]
    text = say(
        "{brought} ({low} – {high}) of {measure}, {share:percent} of all, came from {spend:money} spent on {n:count} "
        "{n:channel|channels}.", brought=amounts[0], low=amounts[1], high=amounts[2], measure=say(study.measure),
        share=float(brought.mean() / posterior.sales.sum()), spend=float(table["spend"].sum()), n=len(table),
    )  # fmt: skip
    told = table[table["told"] & (table["roas_low"] > 0)]
    if told.empty:
        return text + " " + say("What a single channel brought cannot be told from these weeks.")
    best = told.loc[told["roas_low"].idxmax()]
    return text + " " + say(
        "Told best is {channel}: {roas:number} ({low:number} – {high:number}) for each unit of money; its next unit "
        "would bring {marginal:number} ({least:number} – {most:number}).", channel=best.channel, roas=best.roas,
        low=best.roas_low, high=best.roas_high, marginal=best.marginal, least=best.marginal_low,
        most=best.marginal_high,
    )  # fmt: skip
