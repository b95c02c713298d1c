"""One simulated company for all tests, made once, and the public data where they lie beside the project."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.compute as pc
import pytest
from hypothesis import settings

from crm_analytics.collection.loading.load import load
from crm_analytics.result import Claim, Result, Study
from crm_analytics.say import Voice, speak
from crm_analytics.simulation.company import Simulation
from crm_analytics.simulation.truth import Truth
from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.release import Company, Shelf

settings.register_profile("same every time", derandomize=True, max_examples=50, deadline=None)
settings.register_profile("exploring", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same every time"))

PROJECT = Path(__file__).parents[1]
NORDHAUS = Company(name="Nordhaus", currency="EUR", country="LV", language="en")
FACTS_UNTIL = date(2025, 6, 30)


@pytest.fixture(autouse=True)
def _plainly_spoken():
    """A test that opened another company's warehouse leaves its money and language to nobody."""
    speak(Voice())


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The public data sets; tests that need them are skipped where they are absent."""
    folder = (PROJECT / os.environ.get("CRM_TEST_DATA", "../shared/datasets")).resolve()
    if not folder.is_dir():
        pytest.skip(f"CRM_TEST_DATA: no data sets in {folder}")
    return folder


@pytest.fixture(scope="session")
def simulation() -> Simulation:
    """The company behind the fixtures `company`, `demo_home` and `truth`."""
    return Simulation(customers=2000, seed=1)


@pytest.fixture(scope="session")
def truth(simulation: Simulation) -> Truth:
    """What is planted in that company."""
    return simulation.truth


@pytest.fixture(scope="session")
def company_home(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a company whose clean tables were published without going through files."""
    home = tmp_path_factory.mktemp("nordhaus")
    with Shelf(home).draft() as draft:
        for name, rows in simulation.tables().items():
            for source in pc.unique(rows["source"]).to_pylist():
                draft.replace_source(name, rows.filter(pc.equal(rows["source"], source)), source=source)
        draft.publish(company=NORDHAUS, facts_until=FACTS_UNTIL.isoformat())
    _keep_forecasts(Warehouse.open(home))
    return home


@dataclass(frozen=True, kw_only=True)
class SalesAhead(Study):
    """As many orders as in the same month a year before, give or take a fifth: for a diary to read."""

    def _answer(self, frame):
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, eq=False)
class SalesAheadResult(Result):
    """One claim."""

    told: Claim

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (self.told,)


def _keep_forecasts(wh: Warehouse) -> None:
    """A forecast for every month of a year and a half, as if it had been made then."""
    days = wh.orders.filter(wh.orders.kind == "sale").ordered_at.date().to_pyarrow().to_pandas()
    months = pd.to_datetime(days).dt.to_period("M").value_counts()
    for month in pd.period_range("2024-01", "2025-06", freq="M"):
        first, last, n = month.start_time.date(), month.end_time.date(), float(months[month - 12])
        claim = Claim(
            subject="orders of the month", measure="orders", value=n, low=0.8 * n, high=1.2 * n, evidence="assumed",
            first=first, last=last, expires=last + timedelta(days=30), decision="Have staff for as many orders.",
        )  # fmt: skip
        table = pd.DataFrame({"month": [str(month)], "orders": [n]})
        told = SalesAheadResult(study=SalesAhead(), table=table, text="As many as a year ago.", told=claim)
        wh.keep(told, as_of=first)


@pytest.fixture(scope="session")
def company(company_home: Path) -> Warehouse:
    """That company's warehouse."""
    return Warehouse.open(company_home)


@pytest.fixture(scope="session")
def demo_home(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the same company, made the long way: files written, dirt and all, and loaded by the demo maps."""
    home = tmp_path_factory.mktemp("demo")
    simulation.write(home / "incoming")
    report = load(PROJECT / "maps" / "demo", data=home / "incoming", home=home)
    assert report.published, report.text
    return home
