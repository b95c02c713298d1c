"""What is kept of a Result beside its table: its claims, each under the Study and key it was kept with."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

from crm_analytics import Result, Study, Warehouse
from crm_analytics.result import Claim
from crm_analytics.warehouse.engine import TableAbsent


@pytest.fixture
def wh(home):
    return Warehouse.open(home)


@dataclass(frozen=True, kw_only=True)
class Forecast(Study):
    reads = "orders"

    def _answer(self, frame):
        return Forecasts(study=self, table=frame, text="1 forecast.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecasts(Result):
    values: tuple[float, ...] = ()

    @property
    def claims(self):
        return tuple(
            Claim(subject="Riga", measure="revenue", value=value, low=value - 1, high=value + 1, evidence="modelled",
                  first=date(2025, 2, 1), last=date(2025, 2, 28), expires=date(2025, 6, 30),
                  scope=(("region", "Riga"), ("channel", "«web» 'n' {shop}")))
            for value in self.values
        )  # fmt: skip


def forecast(*values):
    return Forecasts(study=Forecast(), table=pd.DataFrame({"value": values}), text="1 forecast.", values=values)


def test_claims_are_kept_with_the_day_they_were_told_on_and_the_facts_they_could_know(wh):
    wh.keep(forecast(5.0), as_of="2025-01-01")
    (row,) = wh.claims().to_pandas().to_dict("records")
    assert (row["study"], row["subject"], row["value"], row["confidence"]) == ("forecast", "Riga", 5.0, 0.95)
    assert row["told_on"] == pd.Timestamp("2025-01-01")
    assert row["known_until"] == pd.Timestamp(wh.today)
    assert row["scope"] == '{"region": "Riga", "channel": "«web» \'n\' {shop}"}'
    assert row["last"] == pd.Timestamp("2025-02-28")


def test_without_a_day_in_the_key_they_were_told_when_the_facts_end(wh):
    wh.keep(forecast(5.0), campaign="C1")
    assert wh.claims().to_pandas()["told_on"].tolist() == [pd.Timestamp(wh.today)]


def test_the_same_key_replaces_claims_and_another_adds(wh):
    wh.keep(forecast(1.0, 2.0), as_of="2025-01-01")
    wh.keep(forecast(3.0), as_of="2025-02-01")
    wh.keep(forecast(9.0), as_of="2025-01-01")
    assert sorted(wh.claims().to_pandas()["value"]) == [3.0, 9.0]
    wh.keep(forecast(), as_of="2025-01-01")
    assert wh.claims().to_pandas()["value"].tolist() == [3.0]


def test_where_nothing_is_kept_there_are_no_claims(wh):
    with pytest.raises(TableAbsent, match="Nothing has been kept"):
        wh.claims()
