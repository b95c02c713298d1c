"""Detectors of what one notices only over many rows: planted in small tables it is found, and nothing is without."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from crm_analytics import Warehouse, features
from crm_analytics.features.defects.detector import REGISTER
from crm_analytics.warehouse.release import Company, Shelf
from crm_analytics.warehouse.tables import TABLES

FIRST = date(2024, 1, 1)  # a Monday
DAYS = 210


def trade(*, a_day=24, stores=("S1", "S2"), shut=()):
    """Two stores that sell to a dozen customers each a day but on Sundays: orders and lines, as rows."""
    orders, lines = [], []
    for day in (FIRST + timedelta(days=n) for n in range(DAYS)):
        for store in stores:
            if day.weekday() == 6 or (store, day) in shut:
                continue
            for n in range(a_day):
                number = f"{store}-{day:%m%d}-{n:02d}"
                at = datetime(day.year, day.month, day.day, 9 + n // 4, n % 4 * 13, n)
                who = f"C{(n * 7 + day.toordinal()) % 90:03d}"
                orders.append(
                    {"order_id": number, "ordered_at": at, "customer_id": who, "store_id": store, "kind": "sale"}
                )
                lines.append(line(number, product=f"P{n % 3}", quantity=1 + n % 3, price=10 + n % 3))
    return {"orders": orders, "order_lines": lines}


def line(order, *, product="P0", quantity=1, price=10, cost=6, number=1):
    price, quantity = Decimal(price), Decimal(quantity)
    return {"order_id": order, "line_no": number, "product_id": product, "quantity": quantity, "price": price,
            "amount": quantity * price, "unit_cost": Decimal(cost)}  # fmt: skip


def basics():
    return {
        "customers": [{"customer_id": f"C{n:03d}", "kind": "person", "region": ("Riga", "Tartu")[n % 2],
                       "first_seen": FIRST - timedelta(days=3 * n)} for n in range(90)],
        "products": [{"product_id": f"P{n}", "name": f"Thing {('one', 'two', 'six')[n]}", "category": "Tea",
                      "brand": "Aurum"} for n in range(3)],
        **trade(),
    }  # fmt: skip


def published(home, tables):
    with Shelf(home).draft() as draft:
        for name, rows in tables.items():
            filled = [row | {"source": "shop"} for row in rows]
            draft.replace_source(name, pa.Table.from_pylist(filled, TABLES[name].arrow_schema()), source="shop")
        last = max(row["ordered_at"] for row in tables["orders"]).date().isoformat()
        draft.publish(company=Company(name="Little"), facts_until=last)
    return Warehouse.open(home)


def closed_day(tables):
    sunday = FIRST + timedelta(days=27)
    order = dict(tables["orders"][0]) | {
        "order_id": "N1",
        "ordered_at": datetime(sunday.year, sunday.month, sunday.day, 9),
    }
    tables["orders"].append(order)
    tables["order_lines"].append(line("N1"))


def one_day(tables):
    for row in tables["customers"][:40]:
        row["first_seen"] = date(2023, 6, 6)


COLLECTIVE = 2 * 24 * 180 // 4
"""Every fourth order of 180 days of trade."""


def collective(tables):
    tables["customers"] += [{"customer_id": f"D{n:03d}", "kind": "person"} for n in range(400)]
    for n, row in enumerate(tables["orders"]):
        row["customer_id"] = f"D{n % 400:03d}" if n % 4 else "C000"


def other_unit(tables):
    place = next(i for i, row in enumerate(tables["order_lines"]) if row["product_id"] == "P0" and i > 900)
    tables["order_lines"][place] |= {"quantity": Decimal(100), "price": Decimal("0.12"), "amount": Decimal(12)}


def silent_day(tables):
    tables |= trade(shut={("S1", FIRST + timedelta(days=100))})


def broken_week(tables):
    week = {FIRST + timedelta(days=140 + n) for n in range(7)}
    tables |= trade(shut={(store, day) for store in ("S1", "S2") for day in week})
    extra = datetime(2024, 5, 22, 10)
    tables["orders"].append(tables["orders"][0] | {"order_id": "B1", "ordered_at": extra})
    tables["order_lines"].append(line("B1"))


def other_script(tables):
    for row in tables["customers"][:3]:
        row["region"] = "Тарту"


def zero(tables):
    tables["order_lines"].append(line(tables["orders"][5]["order_id"], quantity=0, number=2))


def wrong_sign(tables):
    tables["order_lines"].append(line(tables["orders"][5]["order_id"], quantity=-1, number=2))


def negative_price(tables):
    tables["order_lines"].append(line(tables["orders"][5]["order_id"], product="P9", price=-4, number=2))


def below_cost(tables):
    for row in tables["order_lines"][:2]:
        row["unit_cost"] = Decimal(30)


def huge_quantity(tables):
    tables["order_lines"].append(line(tables["orders"][5]["order_id"], quantity=5000, number=2))


def far_ahead(tables):
    tables["customers"][0]["first_seen"] = date(2031, 5, 5)


def outlier(tables):
    tables["order_lines"].append(line(tables["orders"][5]["order_id"], price=470, number=2))


def twins(tables):
    tables["products"].append(tables["products"][0] | {"product_id": "P7", "name": "THING-ONE"})


def too_much_back(tables):
    at = datetime(2024, 7, 20, 12)
    product, who = "P0", tables["orders"][0]["customer_id"]
    tables["orders"].append({"order_id": "R1", "ordered_at": at, "customer_id": who, "kind": "return"})
    tables["order_lines"].append(line("R1", product=product, quantity=-900))


PLANTED = {
    "an order on a day the store is closed": (closed_day, 1),
    "very many rows on one day": (one_day, 40),
    "a card that many use": (collective, COLLECTIVE),
    "another unit of sale": (other_unit, 1),
    "a day without orders": (silent_day, 1),
    "a week with hardly any rows": (broken_week, 1),
    "the same word in another script": (other_script, 3),
    "a line of nothing": (zero, 1),
    "a sale of less than nothing": (wrong_sign, 1),
    "a price below nothing": (negative_price, 1),
    "a price far below cost": (below_cost, 2),
    "a quantity out of all proportion": (huge_quantity, 1),
    "a date long ahead": (far_ahead, 1),
    "a price out of all proportion": (outlier, 1),
    "one product under two ids": (twins, 1),
    "more returned than sold": (too_much_back, 1),
}


def test_a_plain_company_gives_no_alarm(tmp_path):
    frame = features.defects(published(tmp_path, basics())).to_pandas()
    assert set(PLANTED) <= set(frame.kind)
    assert frame[frame.rows > 0].empty


@pytest.mark.parametrize("kind", PLANTED)
def test_it_is_found_and_counted(kind, tmp_path):
    plant, rows = PLANTED[kind]
    tables = basics()
    plant(tables)
    wh = published(tmp_path, tables)
    [one] = [one for one in REGISTER if one.name == kind]
    counted = sum(table.rows.sum().execute() or 0 for _, table in one.find(wh))
    assert counted == rows
