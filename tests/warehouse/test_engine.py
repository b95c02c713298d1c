"""A warehouse shows facts, never addresses; it remembers what it is told to keep, once."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

from crm_analytics.result import Result, Study
from crm_analytics.warehouse.engine import TableAbsent, Warehouse, home_folder
from crm_analytics.warehouse.release import WarehouseError
from crm_analytics.warehouse.tables import SYSTEM_TABLES, TABLES


@pytest.fixture
def wh(home):
    return Warehouse.open(home)


@dataclass(frozen=True, kw_only=True)
class Guess(Study):
    reads = "orders"

    def _answer(self, frame):
        return Result(study=self, table=frame, text="1 guess.")


def guess(**columns) -> Result:
    return Result(study=Guess(), table=pd.DataFrame(columns), text="1 guess.")


def test_the_day_is_the_one_after_the_newest_order(wh):
    assert wh.today == date(2025, 2, 1)
    assert wh.day("2024-05-06") == date(2024, 5, 6)
    assert wh.day() == wh.today


def test_an_absent_table_says_what_it_would_open(wh):
    with pytest.raises(TableAbsent, match="Corner shop has no campaign costs; with them you would see"):
        _ = wh.campaign_costs
    with pytest.raises(AttributeError, match="its tables are"):
        _ = wh.sales


def test_personal_columns_are_in_no_table(wh):
    assert wh.customer_contacts.columns == ("customer_id", "source")
    personal = {name for table in TABLES.values() for name in table.personal}
    assert personal == {
        "full_name", "given_name", "surname", "birth_date", "email", "phone", "address", "street", "city", "postcode",
        "tax_number", "source_customer_id",
    }  # fmt: skip
    for name in wh.release.tables:
        assert not personal & set(getattr(wh, name).columns)
    assert SYSTEM_TABLES["quarantine_lines"].personal == ("line",)


@pytest.mark.parametrize(
    ("day", "there"),
    [
        (date(2025, 1, 9), []),
        (date(2025, 1, 10), ["ann"]),
        (date(2025, 1, 31), ["ann"]),
        (date(2025, 2, 1), []),
    ],
)
def test_addresses_are_given_while_consent_holds(wh, day, there):
    book = wh.addresses(purpose="marketing", channel="email")
    assert book.of(["ann", "ben", "nobody"], on=day).customer_id.tolist() == there


def test_consent_is_for_one_purpose_and_one_channel_and_has_a_beginning(wh):
    day = date(2025, 1, 15)
    assert len(wh.addresses(purpose="marketing", channel="phone").of(["ann"], on=day)) == 0
    assert len(wh.addresses(purpose="service", channel="email").of(["ann"], on=day)) == 0
    assert wh.addresses(purpose="service", channel="email").of(["ben"], on=day).email.tolist() == ["ben@example.org"]
    assert len(wh.addresses(purpose="service", channel="email").of([], on=day)) == 0


def test_an_address_book_does_not_print_what_it_holds(wh):
    book = wh.addresses(purpose="marketing", channel="email")
    assert "Ann" not in repr(book)
    assert "example" not in repr(book)


def test_keeping_under_the_same_key_replaces(wh):
    wh.keep(guess(customer_id=["a", "b"], value=[1.0, 2.0]), as_of=date(2025, 1, 1))
    wh.keep(guess(customer_id=["a"], value=[3.0]), as_of=date(2025, 2, 1))
    wh.keep(guess(customer_id=["a"], value=[9.0]), as_of=date(2025, 1, 1))
    kept = wh.kept("guess").to_pandas().sort_values("as_of")
    assert kept[["as_of", "value", "release"]].values.tolist() == [["2025-01-01", 9.0, 1], ["2025-02-01", 3.0, 1]]


def test_a_key_may_hold_anything(wh):
    for _ in range(2):
        wh.keep(guess(value=[1.0]), campaign="O'Brien's 50% / «Ёлка» \\ {x}=1")
    assert wh.kept("guess").to_pandas().campaign.tolist() == ["O'Brien's 50% / «Ёлка» \\ {x}=1"]


def test_a_kept_table_may_gain_columns(wh):
    wh.keep(guess(value=[1.0]), as_of="2025-01-01")
    wh.keep(guess(value=[1.0], more=["x"]), as_of="2025-02-01")
    assert wh.kept("guess").to_pandas().sort_values("as_of").more.fillna("").tolist() == ["", "x"]


def test_keeping_needs_a_key_and_asking_needs_something_kept(wh):
    with pytest.raises(ValueError, match="as_of=day"):
        wh.keep(guess(value=[1.0]))
    with pytest.raises(TableAbsent, match="Nothing has been kept"):
        wh.kept("guess")
    with pytest.raises(TableAbsent):
        wh.kept("../tables/orders")


def test_a_home_may_have_any_name(tmp_path, make):
    home = tmp_path / "kind=1" / "Ёлка & Co's #1"
    make.publish(home, orders=make.rows("orders", make.order("o1", 5)))
    orders = Warehouse.open(home).orders
    assert orders.columns == (*[column.name for column in TABLES["orders"].columns], "source")
    assert orders.kind.execute().tolist() == ["sale"]


def test_a_home_that_cannot_be_written_to_is_refused_in_a_sentence(tmp_path, make):
    with pytest.raises(WarehouseError, match="Choose another home"):
        make.publish(tmp_path / "100%", orders=make.rows("orders", make.order("o1", 5)))


def test_where_the_home_is(tmp_path, monkeypatch):
    monkeypatch.setenv("CRM_HOME", str(tmp_path / "set"))
    assert home_folder() == tmp_path / "set"
    assert home_folder(tmp_path / "given") == tmp_path / "given"
    monkeypatch.delenv("CRM_HOME")
    (tmp_path / "data" / "warehouse").mkdir(parents=True)
    (tmp_path / "notebooks" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks" / "deep")
    assert home_folder() == tmp_path / "data"
