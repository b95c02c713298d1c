"""Nordhaus, a company that does not exist: household and garden goods in the Baltics, three years, every cause known.

`Simulation(customers=2000, seed=1)` has `.tables()`, the canonical tables as they would be if all sources were clean;
`.write(folder)`, the files its six systems would export; and `.truth`, what no analysis may look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from crm_analytics.simulation.baskets import Lines, fill
from crm_analytics.simulation.card_form import CardForms, draw_card_forms
from crm_analytics.simulation.contacts import Contacts, Responses, draw_contacts, draw_responses
from crm_analytics.simulation.customers import People, people
from crm_analytics.simulation.deals import Deals, draw_deals
from crm_analytics.simulation.draws import stream
from crm_analytics.simulation.duplicates import Duplicates, draw_duplicates
from crm_analytics.simulation.effects import Arms, draw_arms, with_campaigns
from crm_analytics.simulation.exports.file import write_file
from crm_analytics.simulation.market import Market
from crm_analytics.simulation.orders import Lives, Orders, clocks, joined, of_customers, of_walk_ins
from crm_analytics.simulation.payments import Habits, Payments, draw_habits, draw_payments
from crm_analytics.simulation.persons import Consents, Names, draw_callers, draw_consents, draw_names
from crm_analytics.simulation.sales import Sales, book
from crm_analytics.simulation.service import OrderCosts, draw_natures, draw_order_costs
from crm_analytics.simulation.survey import Survey, draw_survey
from crm_analytics.simulation.truth import Truth
from crm_analytics.simulation.visits import Visits, draw_visits
from crm_analytics.simulation.voice import Voice, draw_voice
from crm_analytics.simulation.wishes import Wishes, agreeing_again, draw_wishes
from crm_analytics.warehouse.tables import TABLES

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


SYSTEMS = ("shop", "crm", "call_centre", "advertising", "voice", "accounts")


def _systems(room: str) -> list[ModuleType]:
    return [import_module(f"crm_analytics.simulation.{room}.{name}") for name in SYSTEMS]


@dataclass(frozen=True)
class Simulation:
    """A company of so many customers with a card. The same seed gives the same company, to the cent.

    Raises ValueError for fewer than 100 customers: below that campaigns have nobody to address.
    """

    customers: int = 2000
    seed: int = 1

    def __post_init__(self) -> None:
        if self.customers < 100:
            raise ValueError(f"{self.customers} customers are too few for a company; ask for at least 100.")

    def tables(self) -> dict[str, pa.Table]:
        """Every canonical table the company has, clean and complete: rows of all sources, one after the other."""
        import pyarrow as pa

        parts: dict[str, list[pa.Table]] = {}
        for system in _systems("sources"):
            for name, rows in system.tables(self).items():
                parts.setdefault(name, []).append(rows)
        return {name: pa.concat_tables(parts[name]) for name in TABLES if name in parts}

    def write(self, folder: str | Path) -> list[Path]:
        """Write the files of the six systems into a folder, with some dirt, and the truth into `truth` inside it."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        rng, careless = stream(self.seed, "dirt"), stream(self.seed, "careless")
        dirt, written = [], []
        for system in _systems("exports"):
            for file in system.files(self):
                dirt += write_file(file, folder, rng=rng, careless=careless)
                written.append(folder / file.name)
        self.truth.write(folder / "truth", dirt)
        return written

    @cached_property
    def truth(self) -> Truth:
        """What is planted, and what each campaign really brought."""
        return Truth(self)

    @cached_property
    def market(self) -> Market:
        return Market(self.seed)

    @cached_property
    def people(self) -> People:
        return people(self.seed, self.customers, clock=self.clock)

    @cached_property
    def clock(self) -> np.ndarray:
        return clocks(self.market)

    @cached_property
    def _untouched(self) -> tuple[Orders, Lives]:
        return of_customers(self.people, clock=self.clock, seed=self.seed)

    @cached_property
    def lives(self) -> Lives:
        return self._untouched[1]

    @cached_property
    def arms(self) -> list[Arms]:
        return draw_arms(self.people, self._untouched[0], self.lives, seed=self.seed)

    @cached_property
    def orders(self) -> Orders:
        """All orders, also those that campaigns put off; `campaign` says which is which."""
        known = self._untouched[0]
        before = joined(known, of_walk_ins(known, market=self.market, seed=self.seed))
        return with_campaigns(before, self.people, self.lives, self.arms, seed=self.seed)

    @cached_property
    def lines(self) -> Lines:
        return fill(self.orders, self.people, market=self.market, seed=self.seed)

    @cached_property
    def deals(self) -> Deals:
        return draw_deals(self.people, seed=self.seed)

    @cached_property
    def sales(self) -> Sales:
        return book(self.orders, self.lines, self.people, deals=self.deals, market=self.market, seed=self.seed)

    @cached_property
    def contacts(self) -> Contacts:
        return draw_contacts(self.arms, self.people, self.sales, seed=self.seed)

    @cached_property
    def responses(self) -> Responses:
        return draw_responses(self.contacts, self.people, seed=self.seed)

    @cached_property
    def habits(self) -> Habits:
        return draw_habits(self.people, seed=self.seed)

    @cached_property
    def payments(self) -> Payments:
        return draw_payments(self.sales, self.habits, seed=self.seed)

    @cached_property
    def natures(self) -> np.ndarray:
        return draw_natures(self.customers, seed=self.seed)

    @cached_property
    def order_costs(self) -> OrderCosts:
        return draw_order_costs(self.sales, self.people, self.natures, seed=self.seed)

    @cached_property
    def consents(self) -> Consents:
        return draw_consents(self.people, self.arms, self.responses, seed=self.seed)

    @cached_property
    def consents_again(self) -> Consents:
        return agreeing_again(self.consents, seed=self.seed)

    @cached_property
    def card_forms(self) -> CardForms:
        return draw_card_forms(self.people, seed=self.seed)

    @cached_property
    def wishes(self) -> Wishes:
        return draw_wishes(self.customers, self.arms, seed=self.seed)

    @cached_property
    def names(self) -> Names:
        return draw_names(self.people, seed=self.seed)

    @cached_property
    def callers(self) -> np.ndarray:
        return draw_callers(self.people, seed=self.seed)

    @cached_property
    def duplicates(self) -> Duplicates:
        return draw_duplicates(self.people, self.names, seed=self.seed)

    @cached_property
    def visits(self) -> Visits:
        return draw_visits(self.sales, self.customers, seed=self.seed)

    @cached_property
    def survey(self) -> Survey:
        return draw_survey(self.people, self.lives, seed=self.seed)

    @cached_property
    def voice(self) -> Voice:
        return draw_voice(self.people, self.lives, self._untouched[0], seed=self.seed)
