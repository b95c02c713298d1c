"""The operational view corrected: what campaigns changed, beside what is linked to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.unlinked.baseline import Baseline
from crm_analytics.effectiveness.unlinked.influences import TOUCHES
from crm_analytics.result import Check, Claim, Result, enough
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.money.plan_fact import PlanFactResult

TESTED, MODELLED, UNKNOWN = "tested", "modelled", "unknown"
TAIL_DAYS = 14
MOST_CLAIMS = 5
YEAR = timedelta(days=365)


class Gain(NamedTuple):
    """Margin that a campaign brought, with its interval, and how that is known."""

    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    known: str = UNKNOWN


@dataclass(frozen=True, kw_only=True, eq=False)
class CorrectedResult(Result):
    """A row per campaign: cost; `claimed` (linked margin less cost); `profit` (margin it brought less cost) with low
    and high; `correction` (claimed less profit); `known`: tested by a control group, modelled without a link, or
    unknown. `claimed`, `profit` … of the Result are sums over the campaigns that have both."""

    claimed: float
    profit: float
    low: float
    high: float

    @property
    def correction(self) -> float:
        """How much more the operational view says than is so; a negative one says too little."""
        return self.claimed - self.profit

    @property
    def side_by_side(self) -> pd.DataFrame:
        """Each campaign: what is claimed for it, what it earned, and by how much the claim is off."""
        return self.table[["name", "known", "cost", "claimed", "profit", "low", "high", "correction"]]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the dearest campaigns earned after cost, and whether to repeat them."""
        judged = self.table[self.table["profit"].notna()].nlargest(MOST_CLAIMS, "cost")
        return tuple(_claim(self, row) for row in judged.itertuples())


def corrected(plan: PlanFactResult, returns: pd.DataFrame, days: pd.DataFrame) -> Result:
    """What each campaign of plan and fact changed, from the tests against control (`returns`) and from the days of its
    market (`days`) where nobody was left alone."""
    confidence, tested = plan.study.confidence, returns.set_index("campaign_id")
    share = float(days["margin_share"].iloc[0]) if len(days) else np.nan
    markets = {region: one.drop(columns=["region", "margin_share"]) for region, one in days.groupby("region")}
    gains = [
        _tested(tested.loc[row.campaign_id], share, confidence)
        if row.campaign_id in tested.index
        else _modelled(row, markets.get(_text(row.region)), share, confidence)
        for row in plan.table.itertuples()
    ]
    table = plan.table[["campaign_id", "name", "channel", "starts", "ends", "cost"]].reset_index(drop=True)
    gained = pd.DataFrame(gains, columns=Gain._fields)
    table["claimed"] = plan.table["profit"].where(plan.table["cost"].notna()).to_numpy()
    for name, column in (("profit", "value"), ("low", "low"), ("high", "high")):
        table[name] = gained[column] - table["cost"]
    table["correction"], table["known"] = table["claimed"] - table["profit"], gained["known"]
    judged = table[table["profit"].notna()]
    if judged.empty:
        return plan.study.refuse(_what_lacks(table, tested=len(tested), margin_known=share == share))
    both = judged[judged["claimed"].notna()]
    of = both if len(both) else judged
    profit, reach = float(of["profit"].sum()), _together(of)
    return CorrectedResult(
        study=plan.study, table=table, claimed=float(both["claimed"].sum()) if len(both) else np.nan,
        profit=profit, low=profit - reach[0], high=profit + reach[1],
        text=_sentence(judged, both, profit, reach),
        checks=(*_overstated(both, profit, reach), _sure(judged), *_unknown(table), _apart(of)),
    )  # fmt: skip


def _what_lacks(table: pd.DataFrame, *, tested: int, margin_known: bool) -> str:
    return say(
        "Not enough evidence: of {n:count} {n:campaign|campaigns} {tested:count} had a control group drawn by "
        "lot, and {costs:count} had a cost on record; profit needs both, or two years of days before a campaign in "
        "place of a control group."
        if margin_known
        else "Not enough evidence: what goods cost is not on record, so what {n:count} {n:campaign|campaigns} brought "
        "cannot be turned into profit; {costs:count} had a cost on record.",
        n=len(table), tested=tested, costs=int(table["cost"].notna().sum()),
    )  # fmt: skip


def _tested(sums: pd.Series, margin_share: float, confidence: float) -> Gain:
    """Welch's interval of the difference of means, for all who were addressed; revenue counts by its margin share."""
    from scipy.stats import t

    parts = np.array([sums["var_treated"] / sums["n_treated"], sums["var_control"] / sums["n_control"]])
    if not parts.sum() > 0:
        return Gain()
    freedom = parts.sum() ** 2 / (parts**2 / (np.array([sums["n_treated"], sums["n_control"]]) - 1)).sum()
    reach = float(t.ppf((1 + confidence) / 2, freedom)) * parts.sum() ** 0.5
    each = sums["mean_treated"] - sums["mean_control"]
    people = sums["n_treated"] * (1.0 if sums["measure"] == "margin" else margin_share)
    return Gain(people * each, people * (each - reach), people * (each + reach), TESTED)


def _modelled(row, market: pd.DataFrame | None, margin_share: float, confidence: float) -> Gain:
    """The effect without a link on the campaign's own market, as margin."""
    if market is None or pd.isna(row.ends) or market["day"].max() < row.ends + timedelta(days=TAIL_DAYS):
        return Gain()
    name = row.campaign_id if pd.isna(row.name) else row.name
    alone = market.drop(columns=f"{TOUCHES}{name}", errors="ignore").dropna(axis=1, how="all")
    if "other_campaigns" in alone:
        others = alone["other_campaigns"].fillna("").str.split("; ")
        alone = alone.assign(other_campaigns=["; ".join(one for one in day if one != name) for day in others])
    result = Baseline(starts=row.starts.date(), ends=row.ends.date(), confidence=confidence, opinions=()).fit(alone)
    if not enough(result) or margin_share != margin_share:
        return Gain()
    return Gain(*(margin_share * value for value in (result.effect, result.low, result.high)), MODELLED)


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def _together(rows: pd.DataFrame) -> tuple[float, float]:
    """How far below and above the sum of profits may lie, the campaigns' errors being taken as independent."""
    return tuple(float(np.sqrt(((rows["profit"] - rows[side]) ** 2).sum())) for side in ("low", "high"))


def _sentence(judged: pd.DataFrame, both: pd.DataFrame, profit: float, reach: tuple[float, float]) -> str:
    span = {"low": profit - reach[0], "high": profit + reach[1]}
    if both.empty:
        return say(
            "{profit:money} ({low:money} – {high:money}) is what {n:count} {n:campaign|campaigns} earned after cost; "
            "no sale is linked to any of them.", profit=profit, n=len(judged), **span,
        )  # fmt: skip
    return say(
        "{profit:money} ({low:money} – {high:money}) is what {n:count} {n:campaign|campaigns} earned after cost; going "
        "by linked sales it would be {claimed:money}.",
        profit=profit, n=len(both), claimed=both["claimed"].sum(), **span,
    )  # fmt: skip


def _overstated(both: pd.DataFrame, profit: float, reach: tuple[float, float]) -> list[Check]:
    if both.empty:
        return []
    off = float(both["claimed"].sum()) - profit
    surely = off > reach[1] or off < -reach[0]
    return [
        Check(
            name=say("Linked and caused"), verdict="weak" if surely else "holds",
            text=say(
                "Linked sales say {off:money} more than was caused ({low:money} – {high:money}): do not decide by them."
                if surely and off > 0
                else "Linked sales say {off:money} less than was caused ({low:money} – {high:money}): many reacted "
                "without a response on record."
                if surely
                else "Linked sales differ by {off:money} from what was caused ({low:money} – {high:money}): no more "
                "than chance allows.",
                off=abs(off) if surely else off,
                low=abs(off) - reach[1] if surely else off - reach[1],
                high=abs(off) + reach[0] if surely else off + reach[0],
            ),
        )
    ]  # fmt: skip


def _sure(judged: pd.DataFrame) -> Check:
    earned, lost = int((judged["low"] > 0).sum()), int((judged["high"] < 0).sum())
    return Check(
        name=say("Surely"), verdict="holds" if earned + lost == len(judged) else "weak",
        text=say(
            "Of {n:count} campaigns {earned:count} surely earned their cost, {lost:count} surely did not, and of "
            "{rest:count} that cannot be told.",
            n=len(judged), earned=earned, lost=lost, rest=len(judged) - earned - lost,
        ),
    )  # fmt: skip


def _unknown(table: pd.DataFrame) -> list[Check]:
    rest = table[table["profit"].isna()]
    if rest.empty:
        return []
    return [
        Check(
            name=say("Not judged"), verdict="weak",
            text=say(
                "{n:count} {n:campaign|campaigns} could not be judged (cost: {cost:money}): too early, too little "
                "history, no cost on record, or no unit costs to turn revenue into margin.",
                n=len(rest), cost=rest["cost"].sum(),
            ),
        )
    ]  # fmt: skip


def _apart(rows: pd.DataFrame) -> Check:
    tested = int((rows["known"] == TESTED).sum())
    return Check(
        name=say("How it is known"), verdict="holds" if tested == len(rows) else "weak",
        text=say(
            "{tested:count} of {n:count} were tested against a control group, the others are modelled without a link; "
            "the interval of the sum takes their errors as independent, which campaigns on the same customers are not "
            "quite.", tested=tested, n=len(rows),
        ),
    )  # fmt: skip


def _claim(result: CorrectedResult, row) -> Claim:
    name = row.campaign_id if pd.isna(row.name) else row.name
    last = row.ends.date() if not pd.isna(row.ends) else row.starts.date()
    if row.low > 0:
        decision = say("Repeat «{name}»: after its cost it earned {low:money} at least.", name=name, low=row.low)
    elif row.high < 0:
        decision = say("Do not repeat «{name}» as it was: it cost more than it brought.", name=name)
    else:
        decision = say("Repeat «{name}» only with a control group: whether it pays is not known.", name=name)
    return Claim(
        subject=str(name), measure="incremental profit", value=row.profit, low=row.low, high=row.high,
        confidence=result.study.confidence, evidence=row.known, first=row.starts.date(), last=last,
        expires=last + YEAR, decision=decision,
        reversed_by=say("A test against control of the same campaign whose interval lies on the other side of zero."),
    )  # fmt: skip

