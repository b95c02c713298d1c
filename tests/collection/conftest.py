"""A small shop whose files and map each test may spoil in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm_analytics.collection import LoadReport, load
from crm_analytics.warehouse.engine import Warehouse

MAP = """
source: shop
about: A small shop
company: {name: Corner shop, currency: EUR, country: LV}
files:
  lines:
    path: sales*.csv
    delimiter: ";"
    decimal: ","
    money: Sum
  people:
    path: people.csv
    delimiter: ";"
lookups:
  region: {R: Riga, L: Liepaja}
refuse:
  lines:
    - {when: "Price = 0", reason: "free of charge"}
tables:
  customers:
    from: people
    columns:
      customer_id: Id
      region: {column: Region, lookup: region}
      kind: {constant: person}
  orders:
    from: lines
    rows: Receipt
    columns:
      order_id: Receipt
      ordered_at: {column: Date, format: "%d.%m.%Y %H:%M"}
      customer_id: Customer
      channel: {constant: shop}
      kind: {expression: "CASE WHEN Quantity < 0 THEN 'return' ELSE 'sale' END"}
  order_lines:
    from: lines
    columns:
      order_id: Receipt
      line_no: Line
      product_id: Product
      quantity: Quantity
      price: Price
      amount: Sum
"""
PEOPLE = "Id;Region\nann;R\nben;L\n"
HEADER = "Receipt;Line;Date;Customer;Product;Quantity;Price;Sum"
SALES = (
    "\n".join(
        [
            HEADER,
            "r1;1;05.01.2025 10:00;ann;apple;2;1,50;3,00",
            "r1;2;05.01.2025 10:00;ann;pear;1;2,25;2,25",
            "r2;1;06.01.2025 11:30;;apple;3;1,50;4,50",
            "r3;1;07.01.2025 09:15;ben;pear;-1;2,25;-2,25",
        ]
    )
    + "\n"
)


@dataclass
class Shop:
    """A company in a folder: its data, its map, its home."""

    folder: Path
    map: str = MAP

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self) -> LoadReport:
        path = self.folder / "shop.yaml"
        path.write_text(self.map, "utf-8")
        return load(path, data=self.data, home=self.home)

    def open(self) -> Warehouse:
        return Warehouse.open(self.home)

    def reasons(self) -> dict[int, str]:
        """The reason by line number in the first sales file."""
        if not self.open().has("quarantine"):
            return {}
        lines = self.open().refused_lines().to_pandas()
        return dict(zip(lines.line_no, lines.reason, strict=True))


def small_shop(folder: Path) -> Shop:
    shop = Shop(folder)
    shop.file("sales.csv", SALES)
    shop.file("people.csv", PEOPLE)
    return shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Four good lines of three receipts, two known customers."""
    return small_shop(tmp_path)


@pytest.fixture
def shop_of() -> Callable[[Path, str], Shop]:
    """A shop without files, in a folder, with a map of its own."""
    return lambda folder, map_text: Shop(folder, map=map_text)
