"""The quarantine: its lines are shown safely, and come back when the map is mended, with or without their files."""

from decimal import Decimal

import pytest
from typer.testing import CliRunner

from crm_analytics.collection import SourceError, quarantine, refused_lines, replay
from crm_analytics.collection.loading.replaying import rows_of
from crm_analytics.command.quarantine import app
from crm_analytics.warehouse.release import Shelf

DAILY = """
source: club
files:
  people: {path: "day_*.csv", delimiter: ";", load: add, tolerate: 0.9}
tables:
  customers:
    from: people
    columns:
      customer_id: Id
      kind: {constant: person}
      first_seen: Day
"""

BAD = (
    "r4;1;2025-01-08 10:00;ann;fig;1;1,00;1,00\n"
    "r5;1;08.01.2025 10:00;ben;fig;one;1,00;5,00\n"
    "r1;1;05.01.2025 10:00;ann;apple;2;1,50;3,00\n"
    "r6;1;2025-01-09 11:00;ben;kiwi;2;1,00;2,00\n"
    "r7;1;09.01.2025 11:00;ben\n"
)
MENDED = '{column: Date, format: ["%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M"]}'


@pytest.fixture
def shop_with_refused(shop):
    """Five lines are refused: two for their dates, one for its quantity, one that came before, one that is short."""
    shop.map = shop.map.replace("    decimal:", "    tolerate: 1\n    decimal:", 1)
    shop.file("sales.csv", (shop.data / "sales.csv").read_text() + BAD)
    assert shop.load().published
    return shop


def mend(shop) -> None:
    shop.map = shop.map.replace('{column: Date, format: "%d.%m.%Y %H:%M"}', MENDED)
    (shop.folder / "shop.yaml").write_text(shop.map, "utf-8")


def again(shop):
    return replay(shop.folder / "shop.yaml", data=shop.data, home=shop.home)


def files_gone(shop) -> None:
    for path in shop.data.iterdir():
        path.unlink()


@pytest.mark.parametrize("gone", [False, True])
def test_lines_whose_fault_is_gone_come_back(shop_with_refused, gone):
    shop = shop_with_refused
    if gone:
        files_gone(shop)
    mend(shop)
    told = again(shop)
    assert told.returned.to_dict("records") == [
        {"reason": "Date: not a date as the map describes it", "lines": 2, "money": 3.0}
    ]
    assert (told.release, told.staying, told.exit_code) == (2, 3, 0)
    assert "2 lines came back in release 2; 3 stay" in str(told)
    wh = shop.open()
    assert sorted(wh.orders.order_id.execute()) == ["r1", "r2", "r3", "r4", "r6"]
    assert wh.order_lines.amount.sum().execute() == Decimal("10.5")
    assert wh.release.facts_until == "2025-01-09"
    assert set(wh.release.tables["orders"].by_source) == {"shop"}
    [account] = [row for row in rows_of(Shelf(shop.home), wh.release, "loads", "shop") if row["file"] == "sales.csv"]
    assert (account["lines_read"], account["lines_loaded"], account["lines_quarantined"]) == (9, 6, 3)
    assert account["money_read"] == account["money_loaded"] + account["money_quarantined"]
    assert account["money_loaded"] == Decimal("10.5")
    assert sorted(shop.reasons()) == [7, 8, 10]


@pytest.mark.parametrize("gone", [False, True])
def test_the_same_again_changes_nothing(shop_with_refused, gone):
    shop = shop_with_refused
    if gone:
        files_gone(shop)
    assert str(again(shop)) == "Nothing came back; 5 lines stay in the quarantine."
    mend(shop)
    again(shop)
    assert str(again(shop)) == "Nothing came back; 3 lines stay in the quarantine."
    assert shop.open().release.id == 2


def test_without_files_lines_meet_the_rows_that_are_there(shop_with_refused):
    shop = shop_with_refused
    files_gone(shop)
    mend(shop)
    shop.map = shop.map.replace("quantity: Quantity", "quantity: {expression: \"CASE Quantity WHEN 'one' THEN 1 END\"}")
    mend(shop)
    again(shop)
    assert shop.open().order_lines.amount.sum().execute() == Decimal("7.5") + 5, "the others have no such quantity"
    assert set(shop.reasons().values()) >= {"empty, and must not be"}


def test_lines_cannot_stand_in_for_everything(shop_with_refused):
    shop = shop_with_refused
    files_gone(shop)
    shop.map = shop.map.replace("path: sales*.csv", "path: sold*.csv")
    mend(shop)
    with pytest.raises(SourceError, match=r"sales\.csv could be"):
        again(shop)
    assert shop.open().release.id == 1
    assert not (shop.home / "warehouse" / ".replay").exists()


def test_the_quarantine_is_listed_by_reason_with_its_share(shop_with_refused):
    told = quarantine(shop_with_refused.open())
    dates = told[told.reason.str.startswith("not a date")].iloc[0]
    assert (dates.lines, dates.money, dates.example_line_no) == (2, 3.0, 6)
    assert dates.share == pytest.approx(2 / 9)


def test_a_line_is_shown_with_its_fault_and_nothing_a_terminal_obeys(shop):
    shop.map = shop.map.replace("    decimal:", "    tolerate: 1\n    decimal:", 1)
    shop.file(
        "sales.csv",
        (shop.data / "sales.csv").read_text() + "r9;1;05.01.2025 10:00;\x1b[31mann\u202e;fig;one;1,00;1,00\n",
    )
    shop.load()
    [line] = refused_lines(shop.open(), reason="not a number")
    assert line.shown == "r9;1;05.01.2025 10:00;\\x1b[31mann\\u202e;fig;»one«;1,00;1,00"
    assert str(line).startswith("sales.csv, line 6 · Quantity: not a number\n")
    assert refused_lines(shop.open(), reason="date") == []
    assert refused_lines(shop.open(), source="shop", file="sales.csv") == [line]
    assert refused_lines(shop.open(), file="people.csv") == []


def test_the_command_shows_the_lines_and_what_is_at_fault(shop_with_refused):
    shown = CliRunner().invoke(app, ["quarantine", "show", "--home", str(shop_with_refused.home)])
    assert (shown.exit_code, shown.exception) == (0, None)
    assert "»one«" in shown.output


def test_where_files_add_only_those_with_refused_lines_must_be_there(shop_of, tmp_path):
    shop = shop_of(tmp_path / "daily", DAILY)
    for day, written in ((1, "2025-01-01"), (2, "02.01.2025")):
        shop.file(f"day_{day}.csv", f"Id;Day\nann{day};2025-01-01\nben{day};{written}\n")
        assert shop.load().published
    (shop.data / "day_1.csv").unlink()
    shop.map = DAILY.replace("first_seen: Day", 'first_seen: {column: Day, format: ["%Y-%m-%d", "%d.%m.%Y"]}')
    (shop.folder / "shop.yaml").write_text(shop.map, "utf-8")
    assert str(again(shop)).startswith("1 line came back in release 3; 0 stay")
    assert sorted(shop.open().customers.customer_id.execute()) == ["ann1", "ann2", "ben1", "ben2"]
