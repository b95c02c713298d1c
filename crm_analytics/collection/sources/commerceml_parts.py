"""What is in the elements of CommerceML: 1C's Russian words, and the plain names under which a map finds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

Record = dict[str, str]

_ORDER = ("order_id", "number", "ordered_at", "operation", "customer_id", "currency", "rate")
COLUMNS: dict[str, tuple[str, ...]] = {
    "groups": ("group_id", "parent_id", "name", "path"),
    "products": (
        "product_id", "variant_id", "code", "barcode", "name", "full_name", "description", "group_id", "group", "unit",
        "brand", "manufacturer", "country", "tax_rate", "status",
    ),
    "prices": (
        "product_id", "variant_id", "price_type_id", "price_type", "price", "currency", "unit", "factor", "day",
    ),
    "stock": ("product_id", "variant_id", "store_id", "store", "quantity", "day"),
    "orders": (
        *_ORDER, "customer", "role", "amount", "discount_within", "discount_besides", "store_id", "status", "deleted",
        "comment",
    ),
    "order_lines": (
        *_ORDER, "line_no", "product_id", "variant_id", "code", "name", "unit", "factor", "price", "quantity", "amount",
        "discount_within", "discount_besides",
    ),
    "counterparties": (
        "counterparty_id", "name", "full_name", "kind", "role", "last_name", "first_name", "middle_name", "tax_number",
        "kpp", "address", "email", "phone", "order_id",
    ),
}  # fmt: skip
"""The columns every file has; `requisite.…` and `property.…` come as they are found."""


@dataclass
class Knowledge:
    """What a file has said so far that later elements refer to by id."""

    decimal: str = "."
    day: str = ""
    groups: dict[str, str] = field(default_factory=dict)
    """The path of a group by its id."""
    properties: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    """What a property's value from a list is called."""
    price_types: dict[str, str] = field(default_factory=dict)
    stores: dict[str, str] = field(default_factory=dict)

    def learn(self, element: Any, within: list[Any]) -> None:
        """Remember the names of what has an id."""
        name, ident = _text(element, "Наименование"), _text(element, "Ид")
        if element.tag == "Свойство" and ident:
            self.properties[ident] = name
            for value in element.iter("Справочник"):
                self.values[_text(value, "ИдЗначения")] = _text(value, "Значение")
        elif element.tag == "ТипЦены" and ident:
            self.price_types[ident] = name
        elif element.tag == "Склад" and ident:
            self.stores[ident] = name
        elif element.tag == "Группа" and ident:
            self.groups[ident] = " / ".join([*_names(within), name])

    def number(self, text: str) -> str:
        """A number with the map's decimal mark; 1C writes a point."""
        return text.replace(".", self.decimal) if re.fullmatch(r"-?\d*\.?\d+", text) else text


def _groups(element: Any, within: list[Any], known: Knowledge) -> Iterator[Record]:
    if element.tag == "Группа":
        parents = [_text(one, "Ид") for one in within if one.tag == "Группа"]
        ident, name = _text(element, "Ид"), _text(element, "Наименование")
        yield {"group_id": ident, "parent_id": (parents or [""])[-1], "name": name, "path": known.groups.get(ident, "")}


def _products(element: Any, within: list[Any], known: Knowledge) -> Iterator[Record]:
    if element.tag != "Товар":
        return
    group = _text(element, "Группы/Ид")
    requisites = _requisites(element)
    maker = _text(element, "Изготовитель/Наименование") or _text(element, "Производитель")
    yield {
        **_product(element),
        "barcode": _text(element, "Штрихкод"),
        "full_name": requisites.get("requisite.Полное наименование", ""),
        "description": _text(element, "Описание"),
        "group_id": group,
        "group": known.groups.get(group, ""),
        "brand": _text(element, "ТорговаяМарка") or maker,
        "manufacturer": maker,
        "country": _text(element, "Страна"),
        "tax_rate": known.number(_text(element, "СтавкиНалогов/СтавкаНалога/Ставка")),
        "status": element.get("Статус") or _text(element, "Статус"),
        **_properties(element, known),
        **requisites,
    }


def _prices(element: Any, within: list[Any], known: Knowledge) -> Iterator[Record]:
    if element.tag != "Предложение":
        return
    for price in element.iterfind("Цены/Цена"):
        kind = _text(price, "ИдТипаЦены")
        yield {
            **_ids(element),
            "price_type_id": kind,
            "price_type": known.price_types.get(kind, ""),
            "price": known.number(_text(price, "ЦенаЗаЕдиницу")),
            "currency": _text(price, "Валюта"),
            "unit": _text(price, "Единица"),
            "factor": known.number(_text(price, "Коэффициент")),
            "day": known.day,
        }


def _stock(element: Any, within: list[Any], known: Knowledge) -> Iterator[Record]:
    """Rests by store, as 2.05 (an attribute) or 2.08 (an element) says them; else the quantity of the whole offer."""
    if element.tag != "Предложение":
        return
    rests = [(one.get("ИдСклада"), one.get("КоличествоНаСкладе")) for one in element.iterfind("Склад")]
    rests += [
        (_text(store, "Ид"), _text(store, "Количество"))
        for rest in element.iterfind("Остатки/Остаток")
        for store in rest.findall("Склад") or [rest]
    ]
    if not rests and element.find("Количество") is not None:
        rests = [("", _text(element, "Количество"))]
    for store, quantity in rests:
        yield {
            **_ids(element),
            "store_id": store or "",
            "store": known.stores.get(store or "", ""),
            "quantity": known.number(quantity or ""),
            "day": known.day,
        }


def _orders(element: Any, within: list[Any], known: Knowledge) -> Iterator[Record]:
    if element.tag != "Документ":
        return
    requisites, buyer = _requisites(element), _buyer(element)
    yield {
        **_order(element, known),
        "customer": _text(buyer, "Наименование"),
        "role": _text(element, "Роль"),
        "amount": known.number(_text(element, "Сумма")),
        **_discounts(element, known),
        "store_id": _text(element, "Склады/Склад/Ид"),
        "status": requisites.get("requisite.Статус заказа") or requisites.get("requisite.Статуса заказа ИД", ""),
        "deleted": _text(element, "ПометкаУдаления") or requisites.get("requisite.ПометкаУдаления", ""),
        "comment": _text(element, "Комментарий"),
        **requisites,
    }


def _order_lines(element: Any, within: list[Any], known: Knowledge) -> Iterator[Record]:
    if element.tag != "Документ":
        return
    order = _order(element, known)
    for number, line in enumerate(element.iterfind("Товары/Товар"), 1):
        yield {
            **order,
            "line_no": str(number),
            **_product(line),
            "factor": known.number(_text(line, "Коэффициент") or _text(line, "Единица/Коэффициент")),
            "price": known.number(_text(line, "ЦенаЗаЕдиницу")),
            "quantity": known.number(_text(line, "Количество")),
            "amount": known.number(_text(line, "Сумма")),
            **_discounts(line, known),
            **_requisites(line),
        }


def _counterparties(element: Any, within: list[Any], known: Knowledge) -> Iterator[Record]:
    """Those of a document with its id, and those that stand by themselves without."""
    if element.tag == "Документ":
        for one in element.iterfind("Контрагенты/Контрагент"):
            yield {**_counterparty(one), "order_id": _text(element, "Ид") or _text(element, "Номер")}
    elif element.tag == "Контрагент":
        yield _counterparty(element)


def _counterparty(element: Any) -> Record:
    requisites = element.find("РеквизитыЮрЛица")
    company = element if requisites is None else requisites
    official = _text(company, "ОфициальноеНаименование")
    contacts = {_text(one, "Тип"): _text(one, "Значение") for one in element.iter("Контакт")}
    contacts |= {_text(one, "ТипКонтакта"): _text(one, "ЗначениеКонтакта") for one in element.iter("Контакт")}
    address = next((one for tag in _ADDRESSES for one in element.iter(tag)), None)
    named = [(key.casefold(), value) for key, value in contacts.items() if value]
    return {
        "counterparty_id": _identity(element),
        "name": _text(element, "Наименование"),
        "full_name": _text(element, "ПолноеНаименование") or official,
        "kind": "company" if official or _text(company, "КПП") else "person",
        "role": _text(element, "Роль"),
        "last_name": _text(element, "Фамилия"),
        "first_name": _text(element, "Имя"),
        "middle_name": _text(element, "Отчество"),
        "tax_number": _text(company, "ИНН") or _text(element, "ИНН"),
        "kpp": _text(company, "КПП"),
        "address": _text(address, "Представление"),
        "email": next((v for k, v in named if "почта" in k or "mail" in k), _text(element, "email/Представление")),
        "phone": next((v for k, v in named if "телефон" in k or "phone" in k), _text(element, "Телефон/Представление")),
    }


_ADDRESSES = ("АдресРегистрации", "ЮридическийАдрес", "Адрес", "АдресДоставки", "ФактическийАдрес")

READERS: dict[str, Callable[[Any, list[Any], Knowledge], Iterator[Record]]] = {
    "groups": _groups,
    "products": _products,
    "prices": _prices,
    "stock": _stock,
    "orders": _orders,
    "order_lines": _order_lines,
    "counterparties": _counterparties,
}


def _order(element: Any, known: Knowledge) -> Record:
    day, hour = _text(element, "Дата").replace("T", " "), _text(element, "Время")
    return {
        "order_id": _text(element, "Ид") or _text(element, "Номер"),
        "number": _text(element, "Номер"),
        "ordered_at": f"{day} {hour}".strip() if " " not in day else day,
        "operation": _text(element, "ХозОперация"),
        "customer_id": _identity(_buyer(element)),
        "currency": _text(element, "Валюта"),
        "rate": known.number(_text(element, "Курс")),
    }


def _buyer(document: Any) -> Any:
    """The counterparty who buys; the only one where no role is said."""
    everyone = document.findall("Контрагенты/Контрагент")
    buyers = [one for one in everyone if _text(one, "Роль") in ("Покупатель", "Заказчик", "Плательщик")]
    return next(iter(buyers or everyone), None)


def _identity(counterparty: Any) -> str:
    """The id; where a shop's export has none, the tax number, or the name."""
    for tag in ("Ид", "ИНН", "РеквизитыЮрЛица/ИНН", "Наименование", "ПолноеНаименование"):
        if found := _text(counterparty, tag):
            return found
    return ""


def _product(element: Any) -> Record:
    return {
        **_ids(element),
        "code": _text(element, "Артикул"),
        "name": _text(element, "Наименование"),
        "unit": _text(element, "БазоваяЕдиница") or _text(element, "Единица/НаименованиеКраткое"),
    }


def _ids(element: Any) -> Record:
    """The product's id and, after a number sign, that of its variant (a size, a colour)."""
    product, _, variant = _text(element, "Ид").partition("#")
    return {"product_id": product, "variant_id": variant}


def _discounts(element: Any, known: Knowledge) -> Record:
    """Discounts that the amount already contains, and those that do not."""
    sums = {True: Decimal(0), False: Decimal(0)}
    found = element.findall("Скидки/Скидка")
    for one in found:
        try:
            sums[_text(one, "УчтеноВСумме").casefold() in ("true", "1", "да")] += Decimal(_text(one, "Сумма") or 0)
        except InvalidOperation:
            return {"discount_within": _text(one, "Сумма"), "discount_besides": ""}
    if not found:
        return {}
    return {
        "discount_within": known.number(f"{sums[True]:f}"),
        "discount_besides": known.number(f"{sums[False]:f}"),
    }


def _requisites(element: Any) -> Record:
    found = ((_text(one, "Наименование"), one) for one in element.iterfind("ЗначенияРеквизитов/ЗначениеРеквизита"))
    return {f"requisite.{name}": _text(one, "Значение") for name, one in found if name}


def _properties(element: Any, known: Knowledge) -> Record:
    found = {}
    for one in element.iterfind("ЗначенияСвойств/ЗначенияСвойства"):
        ident, value = _text(one, "Ид"), _text(one, "Значение") or _text(one, "ИдЗначения")
        found[f"property.{known.properties.get(ident) or ident}"] = known.values.get(value, value)
    return found


def _names(within: list[Any]) -> list[str]:
    return [_text(one, "Наименование") for one in within if one.tag == "Группа"]


def _text(element: Any, path: str) -> str:
    return (element.findtext(path) or "").strip() if element is not None else ""
