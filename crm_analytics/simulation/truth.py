"""What is planted in the company, and how much of it: for tests and benchmarks, never for an analysis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_analytics.simulation import contacts, demand, payments, plan, service, voice
from crm_analytics.simulation.assortment import CATEGORIES
from crm_analytics.simulation.columns import ids, words
from crm_analytics.simulation.customers import ATTITUDES
from crm_analytics.simulation.demand import DAYS, FIRST_DAY
from crm_analytics.simulation.duplicates import FIRST_NUMBER
from crm_analytics.simulation.effects import expected_revenue, position
from crm_analytics.simulation.numbers import numbers
from crm_analytics.simulation.plan import CAMPAIGNS, campaign_id
from crm_analytics.simulation.segments import SEGMENTS
from crm_analytics.simulation.visits import SOURCES

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

WINDOW_DAYS = 28
"""The first four weeks of a campaign, in which features look for its outcome; `_28` marks the effect within them."""


@dataclass(frozen=True)
class Truth:
    """Everything that is known about a simulated company and that its tables do not say."""

    company: Simulation

    @cached_property
    def segments(self) -> pd.DataFrame:
        """The knobs of each segment; see `segments.Segment`."""
        columns = ("name", "kind", "share", "r", "alpha_days", "a", "b", "own_elasticity", "lines", "units", "discount")
        return pd.DataFrame([{c: getattr(s, c) for c in columns} for s in SEGMENTS])

    @cached_property
    def customers(self) -> pd.DataFrame:
        """A customer a row: what the customer is like, whether still one, and orders to be expected in the next year.

        `expected_orders_365` is the mean number of orders in the 365 days after the history, given what nobody can see:
        the customer's rate, the chance of leaving, and whether the customer is still there. Campaigns come on top.
        """
        who, lives = self.company.people, self.company.lives
        ahead = lives.ahead[who.segment]
        expected = -np.expm1(-who.rate * who.leave * ahead) / who.leave
        return pd.DataFrame(
            {
                "customer_id": _customer_ids(np.arange(len(who))),
                "segment": _words([s.name for s in SEGMENTS], who.segment),
                "joined": _days(who.joined),
                "rate_per_day": who.rate,
                "leave": who.leave,
                "alive": lives.alive,
                "left": pd.Series(_days(lives.last_day)).where(lives.last_day >= 0),
                "mean_lines": who.lines,
                "attitude": _words(list(ATTITUDES), who.attitude),
                "own_elasticity": np.array([s.own_elasticity for s in SEGMENTS])[who.segment],
                "expected_orders_365": np.where(lives.alive, expected, 0.0),
            }
        )

    @cached_property
    def _order_money(self) -> pd.DataFrame:
        lines, count = self.company.lines, len(self.company.orders)
        revenue = np.bincount(lines.order, lines.amount, count) / 100
        cost = np.bincount(lines.order, lines.unit_cost.astype(np.int64) * lines.quantity, count) / 100
        return pd.DataFrame({"revenue": revenue, "margin": revenue - cost})

    @cached_property
    def campaign_orders(self) -> pd.DataFrame:
        """An order a row that a campaign brought (`orders` is 1) or put off (−1: it is in no table), and its worth."""
        orders = self.company.orders
        rows = np.flatnonzero(orders.campaign)
        sign = np.sign(orders.campaign[rows]).astype(int)
        number = np.abs(orders.campaign[rows]) - 1
        starts = np.array([position(c.starts) for c in CAMPAIGNS])
        worth = self._order_money.iloc[rows].reset_index(drop=True)
        return pd.DataFrame(
            {
                "campaign_id": _campaign_ids(number),
                "customer_id": _customer_ids(orders.customer[rows]),
                "day": _days(orders.day[rows]),
                "orders": sign,
                "revenue": sign * worth["revenue"],
                "margin": sign * worth["margin"],
                "in_28": orders.day[rows] < starts[number] + WINDOW_DAYS,
            }
        )

    @cached_property
    def campaigns(self) -> pd.DataFrame:
        """A campaign a row: what it brought in this draw (`incremental_…`), in all and within four weeks of its start.

        `expected_orders` and, for mass campaigns, `expected_revenue` are what it brings on average over many draws.
        `opt_outs_28` is how many customers unsubscribed in those four weeks because they were addressed.
        """
        rows = []
        treated = {group.campaign: group for group in self.company.arms}
        for number, campaign in enumerate(CAMPAIGNS):
            group = treated.get(number)
            curve = plan.CURVES.get(campaign.channel, (np.nan, np.nan))
            rows.append(
                {
                    "campaign_id": campaign_id(number),
                    "name": campaign.name,
                    "channel": campaign.channel,
                    "randomised": campaign.direct,
                    "coincides_with": campaign.coincides_with,
                    "lag_days": campaign.lag_days,
                    "half_life_days": campaign.half_life_days,
                    "treated": int(group.treated.sum()) if group else 0,
                    "control": int((~group.treated).sum()) if group else 0,
                    "expected_orders": float(group.expected_orders[group.treated].sum()) if group else np.nan,
                    "expected_revenue": np.nan if group else expected_revenue(number, self.company.customers),
                    "curve_a": np.nan if group else curve[0],
                    "curve_b": np.nan if group else curve[1],
                    "luck": campaign.luck,
                }
            )
        frame = pd.DataFrame(rows)
        found = self.campaign_orders
        for suffix, some in (("", found), ("_28", found[found["in_28"]])):
            sums = some.groupby("campaign_id")[["orders", "revenue", "margin"]].sum()
            sums = sums.reindex(frame["campaign_id"]).fillna(0.0).reset_index(drop=True)
            frame = frame.join(sums.add_prefix("incremental_").add_suffix(suffix))
        said, starts = self.company.responses, np.array([position(c.starts) for c in CAMPAIGNS])
        away = (said.kind == contacts.UNSUBSCRIBE) & (said.day < starts[said.campaign] + WINDOW_DAYS)
        return frame.assign(opt_outs_28=np.bincount(said.campaign[away], minlength=len(CAMPAIGNS)))

    @cached_property
    def campaign_effects(self) -> pd.DataFrame:
        """A campaign × customer a row, for randomised campaigns: the arm, what being addressed does on average
        (`expected_orders`, of control customers too), and what it did in this draw within four weeks."""
        parts = [
            pd.DataFrame(
                {
                    "campaign_id": campaign_id(group.campaign),
                    "customer_id": _customer_ids(group.customer),
                    "arm": np.where(group.treated, "treated", "control"),
                    "expected_orders": group.expected_orders,
                }
            )
            for group in self.company.arms
        ]
        within = self.campaign_orders[self.campaign_orders["in_28"]]
        did = within.groupby(["campaign_id", "customer_id"])[["orders", "revenue", "margin"]].sum()
        did = did.add_prefix("incremental_").add_suffix("_28").reset_index()
        whole = pd.concat(parts, ignore_index=True).merge(did, on=["campaign_id", "customer_id"], how="left")
        made = [c for c in whole.columns if c.startswith("incremental_")]
        return whole.fillna(dict.fromkeys(made, 0.0))

    @cached_property
    def days(self) -> pd.DataFrame:
        """A day × category a row: what moves demand, as factors around one. Their product is the demand of walk-ins."""
        market = self.company.market
        rhythm = np.exp(demand.rhythm(market.calendar))[:DAYS]
        whole = np.broadcast_to
        shape = (len(CATEGORIES), DAYS)
        parts = {
            "rhythm": whole(rhythm, shape),
            "season": np.exp(market.season)[:, :DAYS],
            "price": market.price[:, :DAYS],
            "competitor": market.competitor[:, :DAYS],
            "market": whole(market.indicators["retail_turnover"][:DAYS], shape),
            "noise": whole(np.exp(market.noise)[:DAYS], shape),
            "available": market.available[:, :DAYS],
        }
        category, day = (grid.ravel() for grid in np.indices(shape))
        return pd.DataFrame(
            {"day": _days(day), "category": _words(CATEGORIES, category), **{k: v.ravel() for k, v in parts.items()}}
        )

    @cached_property
    def products(self) -> pd.DataFrame:
        """A product × quarter a row: its share of its category's demand."""
        share = self.company.market.popularity
        product, quarter = (grid.ravel() for grid in np.indices(share.shape))
        return pd.DataFrame(
            {"product_id": [f"P{p + 1:03d}" for p in product], "first_day": _days(quarter * 91), "share": share.ravel()}
        )

    @cached_property
    def duplicates(self) -> pd.DataFrame:
        """A second record a row: its id, whose it is, and how it came about."""
        callers, again = self.company.callers, self.company.duplicates
        return pd.DataFrame(
            {
                "record_id": [
                    *(f"K{i:06d}" for i in range(len(callers))),
                    *(f"N{FIRST_NUMBER + i:07d}" for i in range(len(again))),
                ],
                "customer_id": _customer_ids(np.concatenate([callers, again.customer])),
                "kind": [*(["caller"] * len(callers)), *again.kind],
            }
        )

    @cached_property
    def voice(self) -> pd.DataFrame:
        """A customer a row who could be asked in the autumn survey: what the customer would say, and who `answered`.

        `theme` is the factor an open answer is about, missing where nothing would be written.
        """
        said = self.company.voice
        frame = pd.DataFrame(
            {
                "customer_id": _customer_ids(said.customer),
                "answered": said.answered,
                "satisfaction": said.overall,
                "recommend": said.recommend,
                "theme": _words(voice.FACTORS, said.theme).where(said.theme >= 0),
            }
        )
        return frame.join(pd.DataFrame(said.factors, columns=list(voice.FACTORS)))

    @cached_property
    def payment_habits(self) -> pd.DataFrame:
        """A customer a row who buys on invoice: habit, days allowed, days late on average, chance of default."""
        habits = self.company.habits
        who = np.flatnonzero(habits.habit >= 0)
        return pd.DataFrame(
            {
                "customer_id": _customer_ids(who),
                "habit": _words(list(payments.HABITS), habits.habit[who]),
                "terms_days": habits.terms_days[who],
                "mean_days_late": habits.mean_days_late[who],
                "default_chance": habits.default_chance[who],
            }
        )

    @cached_property
    def service(self) -> pd.DataFrame:
        """A customer a row: what the customer is like to serve (`nature`), and what serving it cost over the history,
        by kind of cost; `contacts` are its own calls, `campaigns` the touches of campaigns."""
        company, count = self.company, self.company.customers
        of_order, touched = company.order_costs, company.contacts
        owner = company.sales.customer[of_order.order]

        def total(who: np.ndarray, cents: np.ndarray, rows: np.ndarray) -> np.ndarray:
            rows = rows & (who >= 0)
            return np.bincount(who[rows], cents[rows], count) / 100

        kinds = {
            name.replace(" ", "_"): total(owner, of_order.amount_cents, of_order.kind == code)
            for code, name in enumerate(service.COSTS)
        }
        cents = service.touch_cents(touched)
        kinds["contacts"] = total(touched.customer, cents, touched.campaign < 0)
        kinds["campaigns"] = total(touched.customer, cents, touched.campaign >= 0)
        return pd.DataFrame(
            {
                "customer_id": _customer_ids(np.arange(count)),
                "nature": _words(list(service.NATURES), company.natures),
                **kinds,
            }
        )

    @cached_property
    def visits(self) -> pd.DataFrame:
        """A source of web visits a row: the orders (and their worth) whose last touch it was, and those it brought.

        Of the source "(none)" are orders that no visit brought: they would have come anyway, or through a campaign of
        which nothing is seen on the web. Only orders of customers whose browser is recognised.
        """
        visits = self.company.visits
        ends = np.flatnonzero(visits.converted)
        worth, names = visits.value_cents[ends] / 100, [*SOURCES, "(none)"]
        closed, brought = visits.origin[ends], np.where(visits.cause[ends] < 0, len(SOURCES), visits.cause[ends])
        return pd.DataFrame(
            {
                "source_name": names,
                "closed_orders": np.bincount(closed, minlength=len(names)),
                "closed_revenue": np.bincount(closed, worth, len(names)),
                "brought_orders": np.bincount(brought, minlength=len(names)),
                "brought_revenue": np.bincount(brought, worth, len(names)),
            }
        )

    @property
    def numbers(self) -> dict[str, Any]:
        """The planted sizes that are single numbers."""
        return numbers(self.company)

    def write(self, folder: Path, dirt: list[dict]) -> None:
        """Every frame as Parquet, every number in truth.json, with the dirt that was put into the files."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True)
        for name in FRAMES:
            pq.write_table(pa.Table.from_pandas(getattr(self, name), preserve_index=False), folder / f"{name}.parquet")
        text = json.dumps(self.numbers | {"dirt": dirt}, ensure_ascii=False, indent=1)
        (folder / "truth.json").write_text(text + "\n", "utf-8")


FRAMES = (
    "segments",
    "customers",
    "campaigns",
    "campaign_orders",
    "campaign_effects",
    "days",
    "products",
    "duplicates",
    "voice",
    "payment_habits",
    "service",
    "visits",
)


def _days(numbers: np.ndarray) -> np.ndarray:
    return (np.datetime64(FIRST_DAY) + np.asarray(numbers, np.int64)).astype("datetime64[s]")


def _words(choices, codes: np.ndarray) -> pd.Series:
    return words(choices, codes).to_pandas().astype("str")


def _campaign_ids(numbers: np.ndarray) -> pd.Series:
    return _words([campaign_id(i) for i in range(len(CAMPAIGNS))], numbers)


def _customer_ids(numbers: np.ndarray) -> pd.Series:
    return ids("N", numbers).to_pandas().astype("str")
