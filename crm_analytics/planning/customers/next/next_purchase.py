"""When will each customer buy next, what will it be, and for how much?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.next.chances import Held, log_loss
from crm_analytics.planning.customers.next.next_checks import checks
from crm_analytics.planning.customers.next.next_lessons import Came, Known, Lessons
from crm_analytics.planning.customers.next.next_what import kinds_of
from crm_analytics.planning.customers.shares import Z
from crm_analytics.result import Check, Claim, NotEnough, Result, Study, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

COVERED = 0.8
"""So much of what comes lies within the intervals of day and money."""

REPEAT_BUYERS, BUYERS = 50, 40
"""Customers who had come back before the trial, and buyers in each of its two halves, below which nothing is said."""

ALIKE = 0.95
"""One kind of goods in so many purchases leaves nothing to foretell."""


@dataclass(frozen=True, kw_only=True)
class NextPurchase(Study):
    """When will each customer buy next, what, and for how much?

    For everybody who has bought: the chance to buy within `horizon_days` and the day to expect, the chance of each kind
    of goods to be in that purchase, and its sum. Two stretches of that length before the day asked about are hidden in
    turn: on the first the way to tell the day is chosen and all chances are set right, on the second what was foretold
    is held against what happened. Then both teach what is foretold of the days ahead.
    """

    reads = "goods_bought"
    columns = ("customer_id", "day", "goods", "revenue", "until")
    least = 200
    of = "purchases by kind of goods"

    horizon_days: int = 90

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_days <= 365:
            raise ValueError(f"horizon_days is {self.horizon_days}; look 1 to 365 days ahead.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        import pandas as pd

        bought = frame.assign(day=pd.to_datetime(frame["day"]), revenue=frame["revenue"].fillna(0.0))
        bought = bought.sort_values(["customer_id", "day", "goods"], ignore_index=True)
        purchases = bought.groupby(["customer_id", "day"], as_index=False)["revenue"].sum()
        until, ahead = pd.to_datetime(frame["until"]).max(), pd.Timedelta(days=self.horizon_days)
        if (refusal := self._too_little(purchases, until, ahead)) is not None:
            return refusal
        kinds = kinds_of(bought)
        known = [Known.on(bought, purchases, kinds, day, self.horizon_days)
                 for day in (until - 2 * ahead, until - ahead, until)]  # fmt: skip
        first, second = (one.came(bought, purchases, until=one.day + ahead) for one in known[:2])
        trial = Lessons.learned([(known[0], first)], COVERED)
        personal = _told_by_taste(trial, known[1], second) > Z
        lessons = Lessons.learned([(known[0], first), (known[1], second)], COVERED, way=trial.way, personal=personal)
        trial = trial if personal else Lessons.learned([(known[0], first)], COVERED, personal=False)
        held = Held.of(trial.chances(known[1]), second.bought)
        forecast = lessons.foretold(known[2])
        table = forecast.sort_values(["p_buys", "customer_id"], ascending=[False, True], ignore_index=True)
        buyers = _buyers(table, held, second)
        return NextPurchaseResult(
            study=self,
            table=table,
            text=_sentence(table, buyers, lessons, self.horizon_days),
            checks=checks(trial, known[1], second, held=held, before=first, alike=ALIKE),
            goods=lessons.goods(known[2]).loc[lambda t: t["customer_id"].isin(table["customer_id"])],
            calibration=held.bins,
            weeks=_weeks(lessons, known[2]),
            way=trial.way,
            personal=personal,
            begins=until,
            buyers=buyers,
        )

    def _too_little(self, purchases: pd.DataFrame, until: Any, ahead: Any) -> NotEnough | None:
        history = (until - purchases["day"].min()).days
        if history < 4 * self.horizon_days:
            return self.refuse(
                say(
                    "Not enough evidence: the records span {history:count} days, and foretelling {days:count} takes "
                    "{needed:count}, of which half are hidden for the trial; look fewer days ahead, or wait "
                    "{more:count} days.",
                    history=history, days=self.horizon_days, needed=4 * self.horizon_days,
                    more=4 * self.horizon_days - history,
                )
            )  # fmt: skip
        before = purchases[purchases["day"] < until - 2 * ahead]
        again = int((before.groupby("customer_id").size() > 1).sum())
        seen = [
            purchases[(purchases["day"] >= day) & (purchases["day"] < day + ahead)]["customer_id"]
            for day in (until - 2 * ahead, until - ahead)
        ]
        known = before["customer_id"].unique()
        buyers = min(int(ids[ids.isin(known)].nunique()) for ids in seen)
        if again < REPEAT_BUYERS or buyers < BUYERS:
            return self.refuse(
                say(
                    "Not enough evidence: {again:count} customers had come back before the hidden days and "
                    "{buyers:count} bought again in the fewer half of them; {least:count} and {bought:count} would be "
                    "enough.",
                    again=again, buyers=buyers, least=REPEAT_BUYERS, bought=BUYERS,
                )
            )  # fmt: skip
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class NextPurchaseResult(Result):
    """The next purchase of each customer, the likeliest first: `customer_id`, `p_buys` (the chance that it comes within
    the horizon); if it does, `day` (days from now, the middle) and `day_low`–`day_high`, `goods` (likeliest kind) and
    `p_goods`, `money` (the mean) and `money_low`–`money_high`; `expected_money` (chance times money). Between low and
    high lie eight in ten.

    `goods` has a row per customer and a column per kind of goods: the chance that the next purchase holds it.
    `calibration` holds the trial: tenths of customers by chance, `foretold`, `happened`, `low`, `high`, `customers`.
    `weeks` is when first purchases are to be expected: `week` (from 1), `days` (the last is short), `buyers`, `money`.
    `way` is how the day is told; `personal` whether customers were seen to have tastes of their own.
    """

    goods: pd.DataFrame
    calibration: pd.DataFrame
    weeks: pd.DataFrame
    way: str
    personal: bool
    begins: pd.Timestamp
    """The first day that is foretold."""
    buyers: tuple[float, float, float]
    """How many are to buy within the horizon, and between which numbers that lies."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How many customers will buy within the horizon; each day of it that passes makes the list of whom older."""
        first, horizon = self.begins.date(), self.study.horizon_days
        value, low, high = self.buyers
        tenth = float(self.table["p_buys"].head(max(1, round(len(self.table) / 10))).sum() / value)
        return (
            Claim(
                subject=say("customers who had bought before {day:date}", day=first), measure="customers", value=value,
                low=low, high=high, evidence="modelled", first=first, last=first + timedelta(days=horizon - 1),
                expires=first + timedelta(days=horizon),
                scope=(("customers known before", first.isoformat()),),
                decision=say("Begin with the likeliest tenth of customers, who are {share:percent} of the buyers of "
                             "the next {days:count} days; have goods and staff ready for {high:count} buyers.",
                             share=tenth, days=horizon, high=high),
                reversed_by=say("Fewer than {low:count} of these customers buy in {days:count} days.", low=low,
                                days=horizon),
            ),
        )  # fmt: skip

    def against(self, later: Any) -> Result:
        """Hold what was foretold against what came: a table of the same feature, as of a day after the horizon."""
        return _came_true(self, frame_of(later))


def _told_by_taste(trial: Lessons, known: Known, came: Came) -> float:
    """By how many standard errors the own past foretold the goods better than the base alone."""
    losses = [log_loss(taste.chances(known.what, came.rows), came.held).sum(axis=1)
              for taste in (trial.alike, trial.taste)]  # fmt: skip
    gain = losses[0] - losses[1]
    return float(gain.mean() / max(gain.std() / np.sqrt(len(gain)), 1e-12))


def _weeks(lessons: Lessons, known: Known) -> pd.DataFrame:
    """How many first purchases each week ahead is to bring, and their money."""
    import pandas as pd

    curve, chance = known.when.curves[lessons.way], lessons.chances(known)
    horizon = int(known.when.days[-1])
    ends = np.array([*range(0, horizon, 7), horizon])
    scale = chance / np.maximum(curve[:, -1], 1e-300)
    money = lessons.sums.of(known.much)[0]
    sums = [(curve * (scale * weight)[:, None]).sum(axis=0) for weight in (np.ones(len(money)), money)]
    buyers, spent = (np.diff(np.interp(ends, known.when.days, total)) for total in sums)
    return pd.DataFrame({"week": np.arange(1, len(ends)), "days": np.diff(ends), "buyers": buyers, "money": spent})


def _buyers(table: pd.DataFrame, held: Held, came: Came) -> tuple[float, float, float]:
    """How many are to buy, and the interval: chance, and by how much the trial was off."""
    p = table["p_buys"].to_numpy()
    buyers = float(p.sum())
    foretold, happened = (float((held.bins[name] * held.bins["customers"]).sum()) for name in ("foretold", "happened"))
    off = max(abs(np.log(happened / foretold)), Z / np.sqrt(happened)) / Z
    half = Z * np.sqrt(float((p * (1 - p)).sum()) + (off * buyers) ** 2)
    return buyers, float(max(buyers - half, 0)), float(min(buyers + half, len(p)))


def _sentence(table: pd.DataFrame, expected: tuple[float, float, float], lessons: Lessons, horizon: int) -> str:
    p, money = table["p_buys"].to_numpy(), table["money"].to_numpy()
    buyers, low, high = expected
    each = float(p @ money / buyers)
    tenth = float(np.sort(p)[::-1][: max(1, round(len(p) / 10))].sum() / buyers)
    return say(
        "{buyers:count} ({low:count}–{high:count}) of {customers:count} customers are to buy within {days:count} days "
        "and to spend {each:money} ({least:money}–{most:money}) at first; the likeliest tenth are {tenth:percent} of "
        "them.",
        buyers=buyers, low=low, high=high, customers=len(p), days=horizon,
        each=each, least=each * max(1 - Z * lessons.sums.error, 0), most=each * (1 + Z * lessons.sums.error),
        tenth=tenth,
    )  # fmt: skip


def _came_true(result: NextPurchaseResult, later: pd.DataFrame) -> Result:
    import pandas as pd

    study, begins = result.study, pd.to_datetime(result.begins)
    ends = begins + pd.Timedelta(days=study.horizon_days)
    if pd.to_datetime(later["until"]).max() < ends:
        return study.refuse(say("These days have not passed yet: ask again on {day:date} or later.", day=ends))
    day = pd.to_datetime(later["day"])
    came = later[(day >= begins) & (day < ends)]["customer_id"].unique()
    happened = result.table["customer_id"].isin(came).to_numpy(float)
    held = Held.of(result.table["p_buys"].to_numpy(), happened)
    foretold = float(result.table["p_buys"].sum())
    return Result(
        study=study,
        table=held.bins,
        text=say(
            "{happened:count} customers bought within {days:count} days; {foretold:count} had been foretold, and the "
            "chances were borne out with a slope of {slope:number} ({low:number}–{high:number}; 1 is right).",
            happened=happened.sum(), days=study.horizon_days, foretold=foretold, slope=held.slope[0],
            low=held.slope[1], high=held.slope[2],
        ),
        checks=(Check(name=say("calibration"), verdict="holds" if held.slope[1] <= 1 <= held.slope[2] else "weak",
                      text=say("Tenths of customers by chance: what was foretold of each and what happened.")),),
    )  # fmt: skip
