"""What of the world outside moves our sales: competitors' prices, the market's indicators, holidays?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

YEAR = 365.25
MARGIN_OF_MOVEMENT = 0.005
"""A series whose logarithm scatters less than this has not moved enough to teach anything."""


@dataclass(frozen=True, kw_only=True)
class Outside(Study):
    """By how many percent do sales move when something outside moves by one, season, trend and own price taken out?

    `measure` is revenue, orders or units. All series are tried at once, and a series is said to move sales only where
    its interval, widened for the number of series looked at, leaves out zero. A series in which nothing changed for
    more than `fresh_days` is called stale.
    """

    reads = "daily_sales"
    columns = ("day", "revenue")
    least = 365
    of = "days"

    measure: str = "revenue"
    fresh_days: int = 45

    def __post_init__(self) -> None:
        if self.measure not in ("revenue", "orders", "units"):
            raise ValueError(f"There is no measure {self.measure!r}; choose among revenue, orders and units.")
        if self.fresh_days < 1:
            raise ValueError(f"fresh_days is {self.fresh_days}; give at least one day.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        import pandas as pd

        days = frame.assign(day=pd.to_datetime(frame["day"])).sort_values("day", ignore_index=True)
        series = _outside(days)
        if not series:
            return self.refuse(
                say(
                    "Nothing of the world outside is on record: no competitors' prices, no indicators of the market, "
                    "no country for its holidays. Any one of them would be a beginning."
                )
            )
        weeks = _weeks(days, self.measure, series)
        moving = [name for name in series if _scatter(weeks, name) >= MARGIN_OF_MOVEMENT]
        if not moving:
            return self.refuse(
                say("Not enough evidence: nothing outside has moved in {weeks:count} weeks.", weeks=len(weeks))
            )
        table = _table(days, weeks, series, moving)
        return OutsideResult(
            study=self, table=table, text=_sentence(table), checks=_checks(table, weeks, self.fresh_days)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class OutsideResult(Result):
    """One row a series, the strongest first: `series`, `kind` (competitors, market, holiday), `known_share` (of days),
    `changed_days_ago`, `effect` with `low`–`high` (percent of sales for one percent of the series; for holidays:
    percent of a week's sales for a week with one), `step` (what the series typically moves in a quarter, in percent)
    and `moves_sales` (yes, not shown, or never moved)."""


def _outside(days: pd.DataFrame) -> dict[str, str]:
    """The columns that are the world's and not the company's, each with its kind."""
    kinds = {name: "market" for name in days.columns if name.startswith("market_")}
    if "competitor_index" in days:
        kinds = {"competitor_index": "competitors"} | kinds
    if "holiday" in days and (days["holiday"].fillna("") != "").any():
        kinds["holiday"] = "holiday"
    return {name: kind for name, kind in kinds.items() if name == "holiday" or days[name].notna().mean() > 0.5}


def _weeks(days: pd.DataFrame, measure: str, series: dict[str, str]) -> pd.DataFrame:
    """Whole weeks: the logarithm of sales, of the own price and of each series; holidays as days of the week."""
    week = days["day"].dt.to_period("W-SUN").dt.start_time
    prices = [name for name in ("price_index", *series) if name in days and name != "holiday"]
    out = days.groupby(week).agg(
        **{measure: (measure, "sum")}, n=("day", "size"), **{name: (name, "mean") for name in prices}
    )
    if "holiday" in series:
        out["holiday"] = (days["holiday"].fillna("") != "").groupby(week).sum()
    out = out[(out["n"] == 7) & (out[measure] > 0)].ffill().bfill()
    out["sales"] = np.log(out[measure])
    for name in prices:
        out[name] = np.log(out[name].clip(lower=1e-9)) if (out[name] > 0).all() else out[name]
    return out


def _scatter(weeks: pd.DataFrame, name: str) -> float:
    return float(weeks[name].std())


def _table(days: pd.DataFrame, weeks: pd.DataFrame, series: dict[str, str], moving: list[str]) -> pd.DataFrame:
    import pandas as pd
    from scipy import stats

    effects, errors, freedom = _fitted(weeks, moving)
    z = stats.t.ppf(1 - 0.025 / len(moving), freedom)
    rows = []
    for name, kind in series.items():
        values = days[name].fillna("") if name == "holiday" else days[name].ffill()
        changes = np.flatnonzero(values.to_numpy()[1:] != values.to_numpy()[:-1])
        known = 1.0 if name == "holiday" else float(days[name].notna().mean())
        effect, error = (effects[name], errors[name]) if name in moving else (np.nan, np.nan)
        if name == "holiday":  # logarithms of a week's sales for a day, as percent
            effect, error = 100 * effect, 100 * error
        low, high = effect - z * error, effect + z * error
        verdict = "never moved" if name not in moving else "yes" if low > 0 or high < 0 else "not shown"
        step = float(weeks[name].diff(13).abs().median()) if name != "holiday" else 1.0
        rows.append(
            (
                name.removeprefix("market_").replace("_index", "").replace("_", " "), kind, known,
                len(days) - 1 - int(changes[-1]) if len(changes) else len(days), effect, low, high, 100 * step, verdict,
            )
        )  # fmt: skip
    columns = ["series", "kind", "known_share", "changed_days_ago", "effect", "low", "high", "step", "moves_sales"]
    table = pd.DataFrame(rows, columns=columns)
    order = np.lexsort((table["series"], -np.abs(table["effect"].fillna(0)), table["moves_sales"] != "yes"))
    return table.iloc[order].reset_index(drop=True)


def _fitted(weeks: pd.DataFrame, moving: list[str]) -> tuple[dict[str, float], dict[str, float], float]:
    """Effects and their standard errors: one regression of log sales, its errors autoregressive (Cochrane–Orcutt)."""
    import statsmodels.api as sm

    t = (weeks.index - weeks.index[0]).days.to_numpy(float)
    design = weeks[moving].copy()
    if "price_index" in weeks and weeks["price_index"].std() > MARGIN_OF_MOVEMENT:
        design["own price"] = weeks["price_index"]
    design["trend"] = t / YEAR
    if t[-1] > 1.5 * YEAR:
        for k in (1, 2, 3):
            design[f"sin{k}"], design[f"cos{k}"] = np.sin(2 * np.pi * k * t / YEAR), np.cos(2 * np.pi * k * t / YEAR)
    design = sm.add_constant(design - design.mean())
    model = sm.GLSAR(weeks["sales"].to_numpy(), design.to_numpy(float), rho=1)
    fit = model.iterative_fit(maxiter=20)
    places = {name: list(design.columns).index(name) for name in moving}
    return (
        {name: float(fit.params[at]) for name, at in places.items()},
        {name: float(fit.bse[at]) for name, at in places.items()},
        float(fit.df_resid),
    )


def _sentence(table: pd.DataFrame) -> str:
    shown = table[table["moves_sales"] == "yes"]
    tried = table[table["moves_sales"] != "never moved"]
    one = (shown if len(shown) else tried).iloc[0]
    unit = (
        say("of a week's sales for a holiday in it")
        if one["kind"] == "holiday"
        else say("of sales for one percent of it")
    )
    numbers = {name: one[name] for name in ("series", "effect", "low", "high")}
    told = (
        "Of {all:count} outside series {n:count} can be seen in our sales. Most of all {series}: {effect:number} % "
        "({low:number} – {high:number}) {unit}."
        if len(shown)
        else "Of {all:count} outside series none can be seen in our sales. Nearest is {series}: {effect:number} % "
        "({low:number} – {high:number}) {unit}."
    )
    return say(told, n=len(shown), all=len(table), unit=unit, **numbers)


def _checks(table: pd.DataFrame, weeks: pd.DataFrame, fresh_days: int) -> tuple[Check, ...]:
    steps = table[table["kind"] != "holiday"]
    stale = steps[steps["changed_days_ago"] > fresh_days]
    years = len(weeks) * 7 / YEAR
    idle = table[table["moves_sales"] == "never moved"]
    checks = [
        Check(
            name=say("fresh"),
            verdict="weak" if len(stale) else "holds",
            text=say(
                "{names}: nothing new for more than {days:count} days.",
                names=", ".join(stale["series"]),
                days=fresh_days,
            )
            if len(stale)
            else say("Every series changed within the last {days:count} days.", days=fresh_days),
        ),
        Check(
            name=say("season known"),
            verdict="holds" if years > 1.5 else "weak",
            text=say("{years:number} years teach what is season and what is not.", years=years)
            if years > 1.5
            else say("With {years:number} years the season cannot be told from what else moved in them.", years=years),
        ),
        Check(
            name=say("not proof"),
            verdict="weak",
            text=say("What moved together need not cause each other; an effect that matters is worth a test."),
        ),
    ]
    if len(idle):
        checks.append(
            Check(
                name=say("worth buying"),
                verdict="weak",
                text=say("{names} never moved: until then it says nothing about us.", names=", ".join(idle["series"])),
            )
        )
    return tuple(checks)
