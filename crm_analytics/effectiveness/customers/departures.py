"""Why do customers leave: what those had met with who did not come back, and did more leave when others were
cheaper?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.effectiveness.customers.departures_checks import checks
from crm_analytics.effectiveness.customers.leaving_causes import RIDGE, Fitted, by_shifting, fit, shared
from crm_analytics.result import Claim, Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

MET = ("complaint", "returned", "addressed")
SHARED = ("competitor_index", "price_index")
NAMES = {
    "complaint": "a complaint", "returned": "goods sent back", "addressed": "being written to or called by a campaign",
    "competitor_index": "competitors 10 % cheaper", "price_index": "own prices 10 % higher",
}  # fmt: skip
EVENTS_A_CAUSE = 10
"""A cause is told apart only where so many left with it and as many without (Peduzzi et al. 1995)."""
LEAST_GONE, LEAST_MONTHS = 50, 24
WIDEST = 16.0
"""From four times as slow to four times as fast: an interval as wide as that says nothing of a cause."""
MOST_TIMES = 100
"""Nobody waits for so many times as many departures."""
MOVED = 0.02
"""A price level that never stood further from its trend than this share teaches nothing."""
SURE = 0.05


@dataclass(frozen=True, kw_only=True)
class Departures(Study):
    """What makes customers leave sooner: complaints, returned goods, campaigns; competitors' prices, our own?

    Each purchase is a chance to leave. Whoever came back had not; a silent customer counts by its own rhythm (see
    `leaving_causes`). The answer is how many times as fast customers leave who had met with something, beside customers
    who bought as often in the same month and had not: so season, prices and everything else that all live through is no
    part of it. What all share is then compared over the months, with the season and a trend taken out and the months'
    own restlessness as noise, and believed only if no shift of the prices against the months shows as much. A cause
    with too few departures, or with an interval that says nothing, is not judged; all causes together are wrong in at
    most one case of twenty (Holm). It is a comparison of customers, not an experiment.
    """

    confidence: float = 0.95

    reads = "departures"
    columns = ("month", "stage", *MET, "purchases", "came_back", "as_long", "never", "as_long_near", "as_long_far",
               *SHARED, "settling_days", "until")  # fmt: skip
    least = 2
    of = "kinds of purchases"

    def _answer(self, frame: pd.DataFrame) -> Result:
        order = ["month", "stage", *MET, "came_back", "as_long", "purchases"]
        rows = frame.sort_values(order, ignore_index=True, kind="stable")
        trials = Trials.of(rows)
        gone = float(trials.likely.sum())
        if gone < LEAST_GONE or len(trials.months) < 2:
            return self.refuse(say(
                "Not enough evidence: about {gone:count} customers left in {months:count} months; at least "
                "{least:count} are needed to ask why.",
                gone=gone, months=len(trials.months), least=LEAST_GONE,
            ))  # fmt: skip
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):  # the matrices are small: more threads only wait for one another
            judged = {end: _judged(trials, f"as_long{end}", self.confidence) for end in ("", "_near", "_far")}
        return _answered(self, trials, judged)


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Purchases as rows of a design: a constant, stages, months, and what was met with."""

    rows: pd.DataFrame
    months: list
    design: np.ndarray
    held: np.ndarray
    met: list[str]
    likely: np.ndarray
    """About how many of each row left, at first sight."""

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Trials:
        count = rows["purchases"].to_numpy(float)
        silent = rows["as_long"].notna().to_numpy()
        never, as_long = rows["never"].fillna(0).to_numpy(float), rows["as_long"].fillna(1).to_numpy(float)
        likely = np.where(silent, count * never / np.maximum(never + (1 - never) * as_long, 1e-12), 0.0)
        months = sorted(rows["month"].unique())
        month = rows["month"].map({name: place for place, name in enumerate(months)}).to_numpy(int)
        stages = sorted(rows["stage"].unique())[1:]
        met = [name for name in MET if _told_apart(rows[name], likely, count)]
        blocks = [np.ones((len(rows), 1)), *((rows["stage"] == stage).to_numpy(float)[:, None] for stage in stages),
                  *((rows[name].fillna(False).astype(float)).to_numpy()[:, None] for name in met),
                  np.eye(len(months))[month]]  # fmt: skip
        held = np.concatenate(
            [np.zeros(1), np.full(len(stages), 0.01), np.full(len(met), 0.01), np.full(len(months), RIDGE)]
        )
        return cls(rows=rows, months=months, design=np.hstack(blocks), held=held, met=met, likely=likely)

    @property
    def first_met(self) -> int:
        return self.design.shape[1] - len(self.months) - len(self.met)

    def fitted(self, column: str) -> Fitted:
        as_long = self.rows[column].to_numpy(float)
        return fit(self.design, self.rows["purchases"].to_numpy(float), as_long, held=self.held)


@dataclass(frozen=True, kw_only=True, eq=False)
class DeparturesResult(Result):
    """A cause a row: `cause`, `purchases` (after which it had been met with), `left` (about how many of their customers
    left), `hazard_ratio` (how many times as fast one leaves) with `low` and `high`, which hold by every reading of long
    silences, `p_value` (Holm) and `verdict` (faster, slower, no difference, cannot be told). `months` has the level of
    each month (month, level, error: logarithms of the rate of leaving beside the mean one) and the price levels.
    """

    months: pd.DataFrame = field(repr=False)
    left: float
    settling_days: int
    until: date

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The causes with which customers leave faster or slower."""
        import pandas as pd

        told = self.table[self.table["verdict"].isin(["faster", "slower"])]
        first = pd.Timestamp(self.months["month"].iloc[0]).date()
        return tuple(
            Claim(
                subject=say("rate of leaving with {cause}", cause=say(row.cause)),
                measure="hazard ratio",
                value=row.hazard_ratio,
                low=row.low,
                high=row.high,
                confidence=self.study.confidence,
                evidence="compared",
                first=first,
                last=self.until - timedelta(days=1),
                expires=self.until + timedelta(days=365),
                decision=say("Call every customer after {cause} before the next pause is over.", cause=say(row.cause))
                if row.verdict == "faster" and row.cause in (NAMES["complaint"], NAMES["returned"])
                else "",
                reversed_by=say("A test in which half of such customers, by lot, are looked after and stay no longer."),
            )
            for row in told.itertuples()
        )[:5]


def _told_apart(flags: pd.Series, likely: np.ndarray, count: np.ndarray) -> bool:
    """Whether enough left with it and without it."""
    if flags.isna().all():
        return False
    there = flags.fillna(False).to_numpy(bool)
    return min(likely[there].sum(), likely[~there].sum()) >= EVENTS_A_CAUSE and count[there].sum() > 0


def _judged(trials: Trials, column: str, confidence: float) -> dict[str, tuple[float, float, float, float]]:
    """By cause: logarithm of the hazard ratio, low, high and p, by one reading of the silences."""
    from scipy.stats import norm, t

    fitted, found = trials.fitted(column), {}
    z = norm.ppf((1 + confidence) / 2)
    for place, name in enumerate(trials.met):
        at = trials.first_met + place
        middle, error = fitted.coefficients[at], float(np.sqrt(fitted.cover[at, at]))
        found[name] = (middle, middle - z * error, middle + z * error, float(2 * norm.sf(abs(middle) / error)))
    columns, names = _of_all(trials)
    start = trials.design.shape[1] - len(trials.months)
    levels, cover = fitted.coefficients[start:], fitted.cover[start:, start:]
    common = shared(levels, cover, columns) if names and len(trials.months) >= LEAST_MONTHS else None
    if common is not None:
        reach = t.ppf((1 + confidence) / 2, common.free)
        for place, name in enumerate(names):
            sign = np.log(1.1) if name == "price_index" else np.log(0.9)
            middle, error = sign * common.coefficients[place], abs(sign) * common.errors[place]
            p = float(2 * t.sf(abs(middle) / error, common.free)) if error > 0 else 1.0
            if column == "as_long":  # one reading is enough: a cause has to hold by every one
                p = max(p, by_shifting(levels, cover, columns, place))
            found[name] = (middle, middle - reach * error, middle + reach * error, p)
    return found | {"levels": (levels, np.sqrt(np.diag(cover)), fitted.gone, None)}


def _of_all(trials: Trials) -> tuple[np.ndarray, list[str]]:
    """The price levels that moved beyond their trend, as logarithms; then season and trend."""
    import pandas as pd

    of_month = trials.rows.groupby("month")[list(SHARED)].first().reindex(trials.months)
    time = np.arange(len(trials.months)) / 12
    columns, names = [], []
    for name in SHARED:
        values = of_month[name].to_numpy(float)
        if np.isnan(values).any() or (values <= 0).any() or len(values) < LEAST_MONTHS:
            continue
        logs = np.log(values)
        trend = np.polyval(np.polyfit(time, logs, 1), time)
        if np.std(logs - trend) > MOVED / 2:
            columns.append(logs - logs.mean())
            names.append(name)
    year = 2 * np.pi * pd.to_datetime(pd.Series(trials.months)).dt.month.to_numpy() / 12
    return np.column_stack([*columns, np.sin(year), np.cos(year), time - time.mean()]), names


def _answered(study: Departures, trials: Trials, judged: dict[str, dict]) -> DeparturesResult:
    import pandas as pd

    rows, too_wide, count, likely = [], [], trials.rows["purchases"].to_numpy(float), judged[""]["levels"][2]
    for name in (*MET, *SHARED):
        flags = trials.rows[name]
        if flags.isna().all():
            continue
        there = flags.fillna(False).to_numpy(bool) if name in MET else np.ones(len(flags), bool)
        row = {"cause": NAMES[name], "purchases": int(count[there].sum()), "left": float(likely[there].sum())}
        if name not in judged[""]:
            rows.append(row | dict.fromkeys(("hazard_ratio", "low", "high", "p_value"), np.nan))
            continue
        found = [readings[name] for readings in judged.values() if name in readings]
        agree = len({float(np.sign(one[0])) for one in found}) == 1
        low, high = min(one[1] for one in found), max(one[2] for one in found)
        told = {"hazard_ratio": np.exp(found[0][0]), "low": np.exp(low), "high": np.exp(high),
                "p_value": max(one[3] for one in found) if agree else 1.0}  # fmt: skip
        if low < 0 < high and high - low > np.log(WIDEST):
            told = dict.fromkeys(told, np.nan)
            too_wide.append(row | {"times": ((high - low) / np.log(WIDEST)) ** 2})
        rows.append(row | told)
    if too_wide and all(np.isnan(row["hazard_ratio"]) for row in rows):
        return study.refuse(_too_wide(min(too_wide, key=lambda row: row["times"])))
    if not rows or all(np.isnan(row["hazard_ratio"]) for row in rows):
        return study.refuse(say(
            "Not enough evidence: of no cause on record have {few:count} customers left with it and without it; "
            "complaints, returns, campaign contacts or competitors' prices over two years would be enough.",
            few=EVENTS_A_CAUSE,
        ))  # fmt: skip
    table = pd.DataFrame(rows)
    table["p_value"] = holm(table["p_value"].to_numpy(float))
    sure = table["p_value"] <= SURE
    table["verdict"] = np.where(table["hazard_ratio"].isna(), "cannot be told", np.where(
        sure, np.where(table["hazard_ratio"] > 1, "faster", "slower"), "no difference"))  # fmt: skip
    levels, errors, _, _ = judged[""]["levels"]
    prices = trials.rows.groupby("month")[list(SHARED)].first().reindex(trials.months)
    months = pd.DataFrame({"month": trials.months, "level": levels, "error": errors}).join(
        prices.reset_index(drop=True)
    )
    result = DeparturesResult(
        study=study,
        table=table,
        text="",
        months=months,
        left=float(likely.sum()),
        settling_days=int(trials.rows["settling_days"].iloc[0]),
        until=pd.to_datetime(trials.rows["until"]).max().date(),
    )
    return replace(result, text=_sentence(result), checks=checks(result))


def _too_wide(row: dict) -> str:
    """What would be enough for the cause that comes nearest to an answer: an interval narrows with the root of many."""
    left = max(row["left"], EVENTS_A_CAUSE)
    needed = left * row["times"]
    return say(
        "Not enough evidence: what customers did after {cause} leaves open whether they left far sooner or far later "
        "for it; some {needed:count} who left with it would be enough in place of {left:count}, or longer records, "
        "which tell better who has left."
        if row["times"] < MOST_TIMES
        else "Not enough evidence: what customers did after {cause} leaves open whether they left far sooner or far "
        "later for it; only longer records would tell who has left.",
        left=left, cause=say(row["cause"]), needed=round(needed, 2 - len(str(int(needed)))),
    )  # fmt: skip


def _sentence(result: DeparturesResult) -> str:
    known = result.table.dropna(subset=["hazard_ratio"])
    told = known[known["verdict"].isin(["faster", "slower"])]
    shown = told if len(told) else known.iloc[[int(np.argmin(known["p_value"].to_numpy(float)))]]
    parts = [
        say("with {cause} {ratio:number} ({low:number} – {high:number}) times as fast", cause=say(row.cause),
            ratio=row.hazard_ratio, low=row.low, high=row.high)
        for row in shown.itertuples()
    ]  # fmt: skip
    if len(told):
        return say(
            "Customers leave {parts}, beside customers of the same month who bought as often.", parts=", ".join(parts)
        )
    return say(
        "No cause on record makes customers leave faster or slower by more than chance; nearest to it, they leave "
        "{part}.",
        part=parts[0],
    )  # fmt: skip
