"""The till and the web shop as they write: Russian headings, decimal commas, cp1251, a journal of sales a year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crm_analytics.simulation.assortment import (
    CHANNELS,
    MADE_TO_ORDER,
    PER_CATEGORY,
    STORE_IDS,
)
from crm_analytics.simulation.columns import (
    PRODUCT_IDS,
    cents_text,
    customer_ids,
    ids,
    words,
)
from crm_analytics.simulation.demand import DAYS, FIRST_DAY, LAST_DAY
from crm_analytics.simulation.exports.file import CHUNK, SAME_LINE_TWICE, Again, Defect, SourceFile, Style, of_table
from crm_analytics.simulation.exports.slips import Slip, always, mixed
from crm_analytics.simulation.sales import KINDS
from crm_analytics.simulation.sources import shop as known

if TYPE_CHECKING:
    from crm_analytics.simulation.company import Simulation

STYLE = Style(
    delimiter=";",
    encoding="cp1251",
    quoting="none",
    decimal=",",
    day="%d.%m.%Y",
    moment="%d.%m.%Y %H:%M:%S",
    yes_no=("да", "нет"),
)
RUSSIAN = {
    "Garden": "Сад",
    "Kitchen": "Кухня",
    "Tableware": "Посуда",
    "Textiles": "Текстиль",
    "Lighting": "Освещение",
    "Storage": "Хранение",
    "Tools": "Инструменты",
    "Grill & terrace": "Гриль и терраса",
    MADE_TO_ORDER: "На заказ",
    "Riga": "Рига",
    "Kurzeme": "Курземе",
    "Latgale": "Латгалия",
    "Tallinn": "Таллин",
    "Tartu": "Тарту",
    "Vilnius": "Вильнюс",
    "city": "городской",
    "hypermarket": "гипермаркет",
    "web": "интернет",
    "warehouse": "склад",
    "store": "магазин",
    "phone": "телефон",
    "dealer": "дилер",
    "sale": "продажа",
    "return": "возврат",
    "wholesale": "опт",
}
MISSPELT = {"Сад": "Cад", "Кухня": "Kухня ", "Инструменты": "ИНСТРУМЕНТЫ"}
"""How the group of its first product may be spelt: with a Latin letter, a space behind, in capitals."""

SALES_COLUMNS = (
    "Чек",
    "Строка",
    "Дата",
    "Магазин",
    "Канал",
    "Вид",
    "Карта",
    "Товар",
    "Количество",
    "Цена",
    "Сумма",
    "Цена каталога",
    "Себестоимость",
)
SALES_DIRT = (
    SAME_LINE_TWICE,
    Defect("an impossible date", {"Дата": "31.02.2024 12:00:00"}),
    Defect("garbage in a number", {"Сумма": "12,3O"}),
    Defect("a missing quantity", {"Количество": ""}),
    Defect("a missing product", {"Товар": ""}),
    Defect("an unknown store", {"Магазин": "S99"}),
    Defect("an unknown channel", {"Канал": "мaгaзин"}),
    Defect("a sale with a negative quantity", {"Вид": "продажа", "Количество": "-1"}),
    Defect("a test order", {"Карта": "TEST"}),
)
SOMEBODY = "N0000001"
"""The card that lay beside the till."""

MISREAD = Slip(
    kind="an amount that is not quantity times price",
    place="order_lines.amount",
    column="Цена",
    key=("Чек", "Строка"),
    write=lambda text, _: f"{(int(text.replace(',', '')) + 30) / 100:.2f}".replace(".", ","),
    among=("Вид", "продажа"),
    loaded=lambda text: text.replace(",", "."),
)
"""The price of the next shelf, some cents dearer; what was paid is right."""

BOOKED_AGAIN = (
    Again(
        kind="a test order",
        place="order_lines.price",
        mark="T",
        sets={"Количество": "1", "Цена": "0,01", "Сумма": "0,01"},
        among={"Вид": "продажа"},
    ),
    Again(
        kind="one basket, two customers",
        place="orders.customer_id",
        mark="Q",
        sets={"Карта": SOMEBODY},
        among={"Строка": "^2$", "Карта": "^N", "Вид": "продажа"},
        count=2,
    ),
)


def files(company: Simulation) -> Iterable[SourceFile]:
    """What this system exports: a journal of sales for each year, and its reference books."""
    goods, places, price = known.products(), known.stores(), known.prices(company)
    promotion, count = known.promotions(company), known.stock(company)
    group = pc.cast(_russian(goods["category"]), pa.string()).to_pylist()
    group = [MISSPELT.get(word, word) if i % PER_CATEGORY == 0 else word for i, word in enumerate(group)]
    last_year = LAST_DAY.year
    return [
        *(
            SourceFile(
                name=f"shop_sales_{year}.csv",
                style=STYLE,
                columns=SALES_COLUMNS,
                key="Чек",
                chunks=partial(_journal, company, year),
                defects=SALES_DIRT,
                slips=(MISREAD,),
                again=BOOKED_AGAIN,
                cut_off=year == last_year,
            )
            for year in range(FIRST_DAY.year, last_year + 1)
        ),
        of_table(
            "shop_products.csv",
            STYLE,
            {
                "Код": goods["product_id"],
                "Наименование": goods["name"],
                "Группа": pa.array(group),
                "Марка": goods["brand"],
                "Под заказ": goods["made_to_order"],
            },
            key="Код",
            defects=(Defect("an unknown category", {"Группа": "Саад"}),),
            slips=(
                Slip(kind="letters of two alphabets in one word", place="products.name", column="Наименование",
                     key=("Код",), write=mixed, among=("Наименование", "^[^o]*[b-df-hj-np-tv-z]o[^o]*$"), count=4),
            ),
            oddities={"a group spelt otherwise": sum(word in MISSPELT.values() for word in group)},
        ),
        of_table(
            "shop_stores.csv",
            STYLE,
            {
                "Код": places["store_id"],
                "Название": places["name"],
                "Регион": _russian(places["region"]),
                "Формат": _russian(places["format"]),
            },
        ),
        of_table(
            "shop_prices.csv",
            STYLE,
            {
                "Товар": price["product_id"],
                "Магазин": price["store_id"],
                "С даты": price["day"],
                "Цена": price["price"],
            },
        ),
        of_table(
            "shop_promotions.csv",
            STYLE,
            {
                "Акция": promotion["promotion_id"],
                "Товар": promotion["product_id"],
                "С": promotion["starts"],
                "По": promotion["ends"],
                "Скидка": promotion["discount"],
            },
        ),
        of_table(
            "shop_stock.csv",
            STYLE,
            {
                "Товар": count["product_id"],
                "Склад": count["store_id"],
                "Дата": count["day"],
                "Остаток": count["quantity"],
            },
            key="Товар",
            defects=(SAME_LINE_TWICE, Defect("a missing product", {"Товар": ""})),
            slips=(
                Slip(kind="less than nothing in stock", place="stock.quantity", column="Остаток",
                     key=("Товар", "Дата"), write=always("-3")),
            ),
        ),
    ]


def _russian(values: pa.Array) -> pa.Array:
    """The system's own words for ours."""
    coded = values.combine_chunks().dictionary_encode()
    return pa.array([RUSSIAN[word] for word in coded.dictionary.to_pylist()]).take(coded.indices)


def _journal(company: Simulation, year: int) -> Iterator[list[pa.Array]]:
    """The sales of a year as text, a line of an order a line, in the order they were booked."""
    sales, lines = company.sales, company.sales.lines
    starts = (np.datetime64(f"{y}-01-01") - np.datetime64(FIRST_DAY) for y in (year, year + 1))
    orders = np.searchsorted(sales.day, [int(start.astype(int)) for start in starts])
    first, last = np.searchsorted(lines.order, orders)
    numbers = known.line_numbers(lines.order[first:last])
    for start in range(first, last, CHUNK):
        some = lines.take(slice(start, min(start + CHUNK, last)))
        order = some.order
        yield [
            ids("A", order, digits=8),
            pa.array(numbers[start - first : start - first + len(order)]).cast(pa.string()),
            _moments(sales.day[order], sales.second[order]),
            words(STORE_IDS, sales.store[order]),
            words([RUSSIAN[word] for word in CHANNELS], sales.channel[order]),
            words([RUSSIAN[word] for word in KINDS], sales.kind[order]),
            customer_ids(company.duplicates.written_as(sales.customer[order], sales.day[order])),
            words(PRODUCT_IDS, some.product),
            pa.array(some.quantity).cast(pa.string()),
            *(cents_text(cents, ",") for cents in (some.price, some.amount, some.list_price, some.unit_cost)),
        ]


def _moments(day: np.ndarray, second: np.ndarray) -> pa.Array:
    """As STYLE writes a moment; days and seconds are looked up, since there are few of each."""
    dates = [(FIRST_DAY + timedelta(days=i)).strftime(STYLE.day) for i in range(DAYS)]
    times = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)]
    return pc.binary_join_element_wise(words(dates, day), words(times, second), " ")
