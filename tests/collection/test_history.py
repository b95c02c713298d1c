"""The history of releases: what each holds, what differs between two, going back, and loads that came to nothing."""

from decimal import Decimal

import pytest

from crm_analytics.collection import SourceError, compare, releases, stopped
from crm_analytics.collection.mapping.section import MapError
from crm_analytics.warehouse.release import Shelf, WarehouseError
from crm_analytics.warehouse.retention import pin
from crm_analytics.warehouse.rollback import roll_back

MORE = "r4;1;08.01.2025 10:00;ann;fig;1;1,00;1,00\n"


def sales(shop) -> str:
    return (shop.data / "sales.csv").read_text()


def row(comparison, table):
    [found] = comparison.table[comparison.table.table == table].to_dict("records")
    return found


def test_releases_say_their_money_and_what_keeps_them(shop):
    shop.load()
    shop.file("sales.csv", sales(shop) + MORE)
    shop.load()
    pin(Shelf(shop.home), 1, why="closing")
    told = releases(shop.home, named={1: "2025-01-31/11_sources"})
    assert told.money.tolist() == [7.5, 8.5]
    assert told.rows.tolist() == [9, 11]
    assert told.pinned.tolist() == ["closing; 2025-01-31/11_sources", ""]
    assert told.sources.tolist() == ["shop", "shop"]


def test_two_releases_are_compared_key_by_key(shop):
    shop.load()
    shop.file("sales.csv", sales(shop).replace("apple;3;1,50;4,50", "apple;4;1,50;6,00").replace("ben", "ann") + MORE)
    shop.file("people.csv", "Id;Region\nann;L\n")
    shop.load()
    told = compare(shop.home)
    assert (told.before, told.after) == (1, 2)
    lines = row(told, "order_lines")
    assert (lines["added"], lines["removed"], lines["changed"]) == (1, 0, 1)
    assert (lines["money_before"], lines["money_after"]) == (7.5, 10.0)
    assert (lines["rows_before"], lines["rows_after"]) == (4, 5)
    people = row(told, "customers")
    assert (people["added"], people["removed"], people["changed"]) == (0, 1, 1)
    assert row(told, "orders")["changed"] == 1
    assert told.text.startswith("From release 1 to 2, 2 rows came, 1 went, 3 changed.")
    assert "2025-01-08" in told.text
    back = compare(shop.home, before=2, after=1)
    assert (row(back, "order_lines")["added"], row(back, "order_lines")["removed"]) == (0, 1)


def test_settings_and_tables_that_are_new_are_told(shop):
    shop.load()
    shop.map = shop.map.replace("currency: EUR", "currency: USD") + (
        "  products:\n    from: lines\n    rows: Product\n    columns: {product_id: Product}\n"
    )
    shop.load()
    told = compare(shop.home).other
    assert "There are products now." in told
    assert "The company's currency is USD now; it was EUR." in told


def test_the_same_rows_are_the_same(shop):
    shop.load()
    shop.map = shop.map.replace("A small shop", "A very small shop")
    shop.load()
    told = compare(shop.home)
    assert told.text == "Releases 1 and 2 have the same rows."
    assert not told.to_dict()["other"]


def test_one_release_cannot_be_compared(shop):
    shop.load()
    with pytest.raises(WarehouseError, match="the oldest one"):
        compare(shop.home)
    with pytest.raises(WarehouseError, match="does not exist"):
        compare(shop.home, before=1, after=9)


def test_after_rolling_back_the_same_files_are_loaded_again(shop):
    shop.load()
    shop.file("sales.csv", sales(shop) + MORE)
    shop.load()
    roll_back(Shelf(shop.home), 1)
    assert compare(shop.home, before=1).text == "Releases 1 and 3 have the same rows."
    assert releases(shop.home).about.tolist() == ["", "", "as release 1 was"]
    report = shop.load()
    assert report.published
    assert shop.open().order_lines.amount.sum().execute() == Decimal("8.5")
    assert not shop.load().changed
    assert compare(shop.home, before=2).text == "Releases 2 and 4 have the same rows."


def test_a_load_that_published_nothing_leaves_a_record(shop):
    (shop.data / "people.csv").unlink()
    with pytest.raises(SourceError):
        shop.load()
    assert not len(stopped(shop.home)), "before the first load there is no company whose facts could be old"
    shop.file("people.csv", "Id;Region\nann;R\nben;L\n")
    shop.load()
    shop.file("sales.csv", "Receipt;Line;Date;Customer;Product;Quantity;Price;Sum\n")
    shop.load()
    (shop.data / "sales.csv").unlink()
    with pytest.raises(SourceError):
        shop.load()
    shop.map = "source: shop"
    with pytest.raises(MapError):
        shop.load()
    told = stopped(shop.home)
    assert told["map"].tolist() == ["shop.yaml"] * 3
    assert told.release.tolist() == [1, 1, 1]
    assert told.why[0].startswith("shop brings 0 rows of order")
    assert "There is no file sales*.csv" in told.why[1]
    assert told.stopped_at.is_monotonic_increasing
