"""What Nordhaus is: its regions, stores and goods. Nothing here is left to chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

REGIONS = ("Riga", "Kurzeme", "Latgale", "Tallinn", "Tartu", "Vilnius")
REGION_SHARES = (0.34, 0.12, 0.11, 0.18, 0.08, 0.17)

STORES = (
    ("S01", "Riga Centre", "Riga", "city"),
    ("S02", "Riga Imanta", "Riga", "hypermarket"),
    ("S03", "Riga Plavnieki", "Riga", "hypermarket"),
    ("S04", "Liepaja", "Kurzeme", "city"),
    ("S05", "Ventspils", "Kurzeme", "city"),
    ("S06", "Daugavpils", "Latgale", "hypermarket"),
    ("S07", "Tallinn Ulemiste", "Tallinn", "hypermarket"),
    ("S08", "Tallinn Old Town", "Tallinn", "city"),
    ("S09", "Tartu", "Tartu", "city"),
    ("S10", "Vilnius North", "Vilnius", "hypermarket"),
    ("S11", "Vilnius Centre", "Vilnius", "city"),
    ("WEB", "Web shop", None, "web"),
    ("TRD", "Dealer desk", None, "wholesale"),
    ("WH1", "Central warehouse", None, "warehouse"),
)
"""Id, name, region and format; what serves all regions stands in none."""

STORE_IDS = tuple(store[0] for store in STORES)
WEB, DEALER_DESK, WAREHOUSE = STORE_IDS.index("WEB"), STORE_IDS.index("TRD"), STORE_IDS.index("WH1")
STORES_OF_REGION = tuple(
    tuple(i for i, store in enumerate(STORES) if store[2] == region and store[3] in ("city", "hypermarket"))
    for region in REGIONS
)
CHANNELS = ("store", "web", "phone", "dealer")

CATEGORIES = ("Garden", "Kitchen", "Tableware", "Textiles", "Lighting", "Storage", "Tools", "Grill & terrace")
MADE_TO_ORDER = "Made to measure"

_GOODS = {
    "Garden": (
        "Planter box 60 cm|24.90",
        "Potting soil 40 l|7.90",
        "Watering can 9 l|12.90",
        "Garden hose 25 m|34.90",
        "Lawn seed 1 kg|11.90",
        "Rose fertiliser|9.90",
        "Pruning shears|19.90",
        "Tulip bulbs, 30|8.90",
        "Greenhouse film 4x6 m|29.90",
        "Wheelbarrow 85 l|79.00",
        "Bird feeder|14.90",
        "Garden gloves|5.90",
    ),
    "Kitchen": (
        "Frying pan 28 cm|39.90",
        "Pan lid 28 cm|14.90",
        "Chef's knife 20 cm|34.90",
        "Knife sharpener|17.90",
        "Cutting board, oak|22.90",
        "Stock pot 5 l|44.90",
        "Baking tray|12.90",
        "Kitchen scale|19.90",
        "Coffee press 1 l|24.90",
        "Espresso maker|32.90",
        "Mixing bowls, 3|21.90",
        "Spice mill|15.90",
    ),
    "Tableware": (
        "Dinner plates, 6|42.90",
        "Soup bowls, 6|36.90",
        "Cutlery set, 24|59.00",
        "Wine glasses, 6|27.90",
        "Water glasses, 6|18.90",
        "Coffee mugs, 4|19.90",
        "Serving platter|23.90",
        "Tea pot 1.2 l|26.90",
        "Cake stand|21.90",
        "Carafe 1 l|16.90",
        "Salad bowl|18.90",
        "Egg cups, 4|9.90",
    ),
    "Textiles": (
        "Bed linen, double|54.90",
        "Pillow 50x60 cm|24.90",
        "Winter duvet|79.00",
        "Bath towel|14.90",
        "Hand towels, 4|16.90",
        "Tablecloth, linen|39.90",
        "Napkins, linen, 6|24.90",
        "Wool throw|49.90",
        "Curtains, pair|44.90",
        "Bath mat|17.90",
        "Cushion cover|11.90",
        "Kitchen towels, 3|9.90",
    ),
    "Lighting": (
        "Floor lamp|69.00",
        "Desk lamp|34.90",
        "Pendant lamp|54.90",
        "LED bulbs, 4|12.90",
        "String lights 10 m|19.90",
        "Candle holder|13.90",
        "Candles, 12|8.90",
        "Wall lamp|39.90",
        "Night light|11.90",
        "Garden lantern|24.90",
        "Advent star|22.90",
        "Dimmer switch|16.90",
    ),
    "Storage": (
        "Storage box 45 l|14.90",
        "Shelf unit, pine|59.00",
        "Wardrobe bags, 3|17.90",
        "Jar set, 6|19.90",
        "Laundry basket|24.90",
        "Shoe rack|29.90",
        "Coat hooks|15.90",
        "Drawer dividers|12.90",
        "Wall shelf|26.90",
        "Vacuum bags, 5|13.90",
        "Bread box|28.90",
        "Key cabinet|18.90",
    ),
    "Tools": (
        "Cordless drill|89.00",
        "Drill bits, 20|18.90",
        "Screwdriver set|22.90",
        "Hammer|14.90",
        "Spirit level|16.90",
        "Paint 10 l, white|44.90",
        "Paint rollers, 3|11.90",
        "Masking tape|4.90",
        "Step ladder|49.90",
        "Tool box|32.90",
        "Work gloves|6.90",
        "Tape measure 5 m|7.90",
    ),
    "Grill & terrace": (
        "Charcoal grill|129.00",
        "Charcoal 10 kg|11.90",
        "Grill tongs|12.90",
        "Grill cover|27.90",
        "Terrace chair|49.90",
        "Terrace table|119.00",
        "Parasol 3 m|89.00",
        "Parasol base|39.90",
        "Outdoor cushion|17.90",
        "Terrace oil 2.5 l|29.90",
        "Hammock|44.90",
        "Fire bowl|74.90",
    ),
    MADE_TO_ORDER: (
        "Kitchen worktop to measure|640.00",
        "Blinds to measure|290.00",
        "Wardrobe to measure|980.00",
        "Garden shed to order|1450.00",
    ),
}
_BRANDS = ("Nordhaus", "Aurum", "Kalna", "Saare", "Vilkas", "Linna")


@dataclass(frozen=True)
class Goods:
    """The products in one order, as columns: `category` is a position in CATEGORIES, the last being made to measure."""

    name: tuple[str, ...]
    brand: tuple[str, ...]
    category: np.ndarray
    list_cents: np.ndarray
    cost_share: np.ndarray

    def __len__(self) -> int:
        return len(self.name)

    def number(self, name: str) -> int:
        return self.name.index(name)


def goods() -> Goods:
    """All products. What a product costs is 45–70 % of its first list price."""
    names, brands, category, cents, cost = [], [], [], [], []
    for c, items in enumerate(_GOODS.values()):
        for i, item in enumerate(items):
            name, price = item.split("|")
            names.append(name)
            brands.append(_BRANDS[(i * 5 + c) % len(_BRANDS)])
            category.append(c)
            cents.append(round(float(price) * 100))
            cost.append(0.45 + 0.25 * ((i * 7 + c * 3) % 12) / 11)
    return Goods(tuple(names), tuple(brands), np.array(category), np.array(cents), np.array(cost))


GOODS = goods()
ORDINARY = int((GOODS.category < len(CATEGORIES)).sum())
"""The first so many products are ordinary goods; the rest are made to order."""

PER_CATEGORY = ORDINARY // len(CATEGORIES)

TOGETHER = (
    ("Planter box 60 cm", "Potting soil 40 l", 0.45),
    ("Frying pan 28 cm", "Pan lid 28 cm", 0.40),
    ("Paint 10 l, white", "Paint rollers, 3", 0.55),
    ("Charcoal grill", "Charcoal 10 kg", 0.60),
    ("Parasol 3 m", "Parasol base", 0.50),
    ("Candle holder", "Candles, 12", 0.35),
)
"""Bought together: who takes the first also takes the second with this chance, on top of any other basket's."""

AFTERWARDS = (
    ("Cordless drill", "Drill bits, 20", 30, 0.50),
    ("Lawn seed 1 kg", "Rose fertiliser", 45, 0.40),
    ("Bed linen, double", "Winter duvet", 60, 0.40),
    ("Terrace table", "Terrace oil 2.5 l", 90, 0.45),
)
"""Bought in sequence: an order about so many days after the first product holds the second with this chance at most."""
