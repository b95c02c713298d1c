"""Exports of companies that do not exist, as their programs would write them, each with where its columns belong.

They were written before the lexicon and are kept apart from it: proposals are measured on them.
A column is `header: (template, truth)`; the truth names canonical columns, `|` between those that are all right, and is
empty where a column has no home of its own (traits of a customer are no home but no mistake either).
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

_CITIES = ("Казань", "Самара", "Пермь", "Тула", "Уфа")
_TOWNS = ("Leeds", "Bristol", "York", "Derby")
_GOODS = ("Чайник", "Кружка", "Плед", "Лампа", "Ваза", "Нож", "Поднос")
_THINGS = ("Kettle", "Mug", "Blanket", "Lamp", "Vase", "Knife", "Tray")
_NAMES = ("Иванов Пётр Ильич", "Смирнова Анна Олеговна", "Ким Олег", "Белова Дарья Павловна", "Орлов Глеб Юрьевич")
_PEOPLE = ("Amy Stone", "Brian Field", "Carla Moss", "Derek Hill", "Ella Brook", "Frank Marsh")
_FIRMS = ("ООО Ромашка", "АО Вектор", "ИП Сидоров", "ООО Лотос", "ЗАО Квант")


def _inn(number: int) -> str:
    digits = [int(d) for d in f"77{number:07d}"]
    check = sum(a * b for a, b in zip((2, 4, 10, 3, 5, 9, 4, 6, 8), digits, strict=True)) % 11 % 10
    return "".join(map(str, digits)) + str(check)


def _facts(grain: str, rows: int, seed: int):
    """What happened, in a neutral form, one dictionary per row of the grain (line, or anything that is unique)."""
    r = random.Random(seed)
    order = line = 0
    head: dict = {}
    for n in range(rows):
        line += 1
        if grain != "line" or not head or r.random() < 0.45:
            order, line = order + 1, 1
            at = datetime(2024, 1, 3, 8) + timedelta(minutes=r.randrange(600_000) if grain == "any" else 731 * n)
            client = n if grain == "each" else r.randrange(60)
            head = {"order": 10_400 + order, "at": at, "client": client, "back": order % 17 == 0}
            head |= {"shop": r.randrange(4), "done": at + timedelta(days=r.randrange(1, 40))}
        client, good = head["client"], n if grain == "each" else r.randrange(40)
        price, count = 90 + 37 * good % 4000 + 0.5, r.randrange(1, 6) * (-1 if head["back"] else 1)
        yield head | {
            "n": n,
            "line": line,
            "good": good,
            "price": price,
            "count": count,
            "sum": price * count,
            "old": round(price * (1.25 if n % 3 else 1), 2),
            "cost": round(price * 0.6, 2),
            "off": (0, 5, 10, 20)[n % 4],
            "city": _CITIES[client % 5],
            "town": _TOWNS[client % 4],
            "ware": f"{_GOODS[good % 7]} {good}",
            "thing": f"{_THINGS[good % 7]} {good}",
            "name": f"{_NAMES[client % 5]}",
            "person": _PEOPLE[client % 6],
            "first": _PEOPLE[client % 6].split()[0],
            "last": _PEOPLE[client % 6].split()[1],
            "firm": f"{_FIRMS[client % 5]} {client}",
            "mail": f"c{client}@example.org",
            "inn": _inn(client * 37 + 11),
            "phone": f"+7 9{client % 89 + 10} {100 + client:03d}-{client % 90 + 10}-{client % 7 + 10}",
            "tel": f"+44 20 7946 {client + 1000:04d}",
            "born": datetime(1955, 2, 1) + timedelta(days=311 * client % 17_000),
            "pick": r.randrange(1000),
            "some": r.choice(("", "", "x")),
            "secs": r.randrange(0, 900),
            "sum2": r.randrange(10, 900) * 100,
        }


@dataclass(frozen=True, kw_only=True)
class Export:
    """One file as it came, and the truth of its columns."""

    columns: dict[str, tuple[str, str]]
    grain: str = "line"
    rows: int = 240
    delimiter: str = ","
    encoding: str = "utf-8"
    comma: bool = False
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    kind: str = ""

    @property
    def truth(self) -> dict[str, str]:
        return {header: truth for header, (_, truth) in self.columns.items()}

    def write(self, path: Path) -> Path:
        out = io.StringIO()
        sheet = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        sheet.writerow(self.columns)
        for facts in _facts(self.grain, self.rows, seed=len(self.columns)):
            words = {k: v[facts["pick"] % len(v)] for k, v in self.words.items()}
            cells = []
            for template, _ in self.columns.values():
                number = template[1:-1].partition(":")[0] in ("price", "sum", "old", "cost")
                cell = template.format(**facts, **words)
                cells.append(cell.replace(".", ",") if self.comma and number else cell)
            sheet.writerow(cells)
        path.write_bytes(out.getvalue().encode(self.encoding))
        return path


_RU = {"delimiter": ";", "encoding": "cp1251", "comma": True}

BLIND = {
    "Реализация товаров за 2024.csv": Export(**_RU, columns={
        "Ссылка.Номер": ("РТ00-{order:06d}", "orders.order_id"),
        "Ссылка.Дата": ("{at:%d.%m.%Y %H:%M:%S}", "orders.ordered_at"),
        "НомерСтроки": ("{line}", "order_lines.line_no"),
        "Контрагент": ("{firm}", "customers.customer_id | customer_contacts.full_name"),
        "Контрагент.ИНН": ("{inn}", "customer_contacts.tax_number"),
        "Склад": ("Склад {shop}", "stores.store_id"),
        "Номенклатура.Код": ("НФ-{good:05d}", "products.product_id"),
        "Номенклатура": ("{ware}", "products.name"),
        "Номенклатурная группа": ("Группа {off}", "products.category"),
        "Количество": ("{count}", "order_lines.quantity"),
        "Цена": ("{price:.2f}", "order_lines.price"),
        "Сумма": ("{sum:.2f}", "order_lines.amount"),
        "Ставка НДС": ("20%", ""),
        "Ответственный": ("Администратор", ""),
    }),
    "orders_export_1.csv": Export(columns={  # a web shop of the Shopify kind
        "Name": ("#{order}", "orders.order_id"),
        "Email": ("{mail}", "customer_contacts.email | customers.customer_id"),
        "Financial Status": ("{paid}", ""),
        "Created at": ("{at:%Y-%m-%d %H:%M:%S} +0000", "orders.ordered_at"),
        "Currency": ("GBP", ""),
        "Lineitem quantity": ("{count}", "order_lines.quantity"),
        "Lineitem name": ("{thing}", "products.name"),
        "Lineitem price": ("{price:.2f}", "order_lines.price"),
        "Lineitem compare at price": ("{old:.2f}", "order_lines.list_price"),
        "Lineitem sku": ("SKU{good:04d}", "products.product_id"),
        "Billing Name": ("{person}", "customer_contacts.full_name"),
        "Billing City": ("{town}", "customers.region"),
        "Billing Phone": ("{tel}", "customer_contacts.phone"),
        "Notes": ("{some}", ""),
        "Vendor": ("Brand {off}", "products.brand | products.supplier_id | suppliers.supplier_id"),
    }, words={"paid": ("paid", "refunded", "pending")}),
    "wc-orders.csv": Export(grain="any", columns={  # WooCommerce: a row is an order
        "order_id": ("{order}", "orders.order_id"),
        "order_number": ("{order}", "orders.order_id"),
        "date_created": ("{at:%Y-%m-%dT%H:%M:%S}", "orders.ordered_at"),
        "status": ("{status}", ""),
        "customer_user": ("{client}", "customers.customer_id"),
        "billing_email": ("{mail}", "customer_contacts.email"),
        "billing_phone": ("{tel}", "customer_contacts.phone"),
        "billing_city": ("{town}", "customers.region"),
        "payment_method_title": ("{pay}", ""),
        "order_total": ("{sum:.2f}", "order_lines.amount"),
        "order_shipping": ("4.90", ""),
        "created_via": ("{via}", "orders.channel"),
    }, words={"status": ("completed", "processing", "cancelled"), "pay": ("Card", "PayPal"),
              "via": ("checkout", "admin")}),
    "zakazy_insales.csv": Export(delimiter=";", columns={
        "Номер заказа": ("{order}", "orders.order_id"),
        "Дата оформления": ("{at:%d.%m.%Y %H:%M}", "orders.ordered_at"),
        "ФИО покупателя": ("{name}", "customer_contacts.full_name"),
        "Тел.": ("{phone}", "customer_contacts.phone"),
        "Эл. почта": ("{mail}", "customer_contacts.email"),
        "Город": ("{city}", "customers.region"),
        "Артикул": ("A-{good:03d}", "products.product_id"),
        "Наим. товара": ("{ware}", "products.name"),
        "Кол-во, шт": ("{count}", "order_lines.quantity"),
        "Цена продажи, руб.": ("{price:.2f}", "order_lines.price"),
        "Стоимость, руб.": ("{sum:.2f}", "order_lines.amount"),
        "Закупочная цена": ("{cost:.2f}", "order_lines.unit_cost"),
        "Источник заказа": ("{src}", "orders.channel"),
        "Способ доставки": ("{ship}", ""),
    }, words={"src": ("сайт", "звонок", "маркетплейс"), "ship": ("курьер", "самовывоз")}),
    "DEAL_20240601.csv": Export(grain="each", delimiter=";", columns={  # Bitrix24
        "ID": ("{order}", "deal_stages.deal_id"),
        "Название сделки": ("Поставка {n}", ""),
        "Стадия сделки": ("{stage}", "deal_stages.stage"),
        "Сумма": ("{sum2}", "deal_stages.amount"),
        "Валюта": ("RUB", ""),
        "Компания": ("{firm}", "customers.customer_id"),
        "Ответственный": ("{boss}", "deal_stages.agent"),
        "Дата создания": ("{at:%d.%m.%Y %H:%M:%S}", "deal_stages.entered_at"),
        "Дата изменения": ("{done:%d.%m.%Y %H:%M:%S}", ""),
        "Причина отказа": ("{why}", "deal_stages.reason"),
        "Комментарий": ("{some}", ""),
    }, words={"stage": ("Новая", "В работе", "Сделка успешна", "Сделка провалена"), "boss": ("Лапина Ю.", "Зуев К."),
              "why": ("", "", "Дорого", "Выбрали другого")}),
    "amocrm_export_leads.csv": Export(grain="each", columns={
        "ID": ("{order}", "deal_stages.deal_id | leads.lead_id"),
        "Название сделки": ("Заявка {n}", ""),
        "Компания сделки": ("{firm}", "customers.customer_id"),
        "Бюджет, руб": ("{sum2}", "deal_stages.amount"),
        "Этап сделки": ("{stage}", "deal_stages.stage"),
        "Дата закрытия": ("{done:%d.%m.%Y}", "deal_stages.entered_at"),
        "Кто отвечает": ("{boss}", "deal_stages.agent"),
        "utm_source": ("{src}", ""),
    }, words={"stage": ("Первичный контакт", "Переговоры", "Успешно реализовано", "Закрыто и не реализовано"),
              "boss": ("Лапина", "Зуев"), "src": ("yandex", "vk", "")}),
    "klub_anketa.csv": Export(grain="each", rows=200, **_RU, columns={  # a loyalty club
        "№ карты": ("77{n:08d}", "customers.customer_id"),
        "Фамилия Имя Отчество": ("{name}", "customer_contacts.full_name"),
        "Пол": ("{sex}", "customers.gender"),
        "Дата рожд.": ("{born:%d.%m.%Y}", "customers.birth_year"),
        "Моб. телефон": ("{phone}", "customer_contacts.phone"),
        "Дата выдачи карты": ("{at:%d.%m.%Y}", "customers.first_seen"),
        "Населённый пункт": ("{city}", "customers.region"),
        "Согласие на рассылку": ("{yes}", ""),
        "Баланс бонусов": ("{pick}", ""),
        "Уровень": ("{level}", ""),
    }, words={"sex": ("М", "Ж"), "yes": ("да", "нет"), "level": ("серебро", "золото")}),
    "members.tsv": Export(grain="each", rows=200, delimiter="\t", encoding="utf-16", columns={
        "MemberNo": ("M{n:06d}", "customers.customer_id"),
        "Forename": ("{first}", "customer_contacts.full_name"),
        "Surname": ("{last}", "customer_contacts.full_name"),
        "DOB": ("{born:%d/%m/%Y}", "customers.birth_year"),
        "Sex": ("{sex}", "customers.gender"),
        "E-mail address": ("{mail}", "customer_contacts.email"),
        "Mobile": ("{tel}", "customer_contacts.phone"),
        "JoinDate": ("{at:%d/%m/%Y}", "customers.first_seen"),
        "HomeTown": ("{town}", "customers.region"),
        "Tier": ("{tier}", ""),
        "HowHeard": ("{how}", "customers.acquired_channel | customers.reason_first_purchase"),
    }, words={"sex": ("M", "F"), "tier": ("Blue", "Gold"), "how": ("friend", "advert", "shop window")}),
    "calls_2024_06.csv": Export(grain="any", delimiter=";", columns={
        "CallID": ("{n}-{pick}", "contacts.contact_id"),
        "Start time": ("{at:%d.%m.%Y %H:%M:%S}", "contacts.at"),
        "Caller number": ("{phone}", "customers.customer_id | customer_contacts.phone"),
        "Direction": ("{way}", "contacts.kind"),
        "Operator": ("{boss}", "contacts.agent"),
        "Talk time, sec": ("{secs}", "contacts.duration_s"),
        "Disposition": ("{end}", "contacts.outcome"),
    }, words={"way": ("inbound", "outbound"), "boss": ("Olga P", "Ann S", "Max D"),
              "end": ("ANSWERED", "NO ANSWER", "BUSY")}),
    "Журнал звонков.csv": Export(grain="any", **_RU, columns={
        "Дата и время": ("{at:%d.%m.%Y %H:%M}", "contacts.at"),
        "Тип звонка": ("{way}", "contacts.kind"),
        "Код клиента": ("К{client:04d}", "customers.customer_id"),
        "Сотрудник": ("{boss}", "contacts.agent"),
        "Длительность (сек)": ("{secs}", "contacts.duration_s"),
        "Результат": ("{end}", "contacts.outcome"),
        "Тема": ("{some}", ""),
    }, words={"way": ("входящий", "исходящий"), "boss": ("Петрова", "Ли"), "end": ("заказ", "отказ", "перезвонить")}),
    "price_list.csv": Export(grain="each", rows=120, **_RU, columns={
        "Код товара": ("{n:06d}", "products.product_id"),
        "Наименование": ("{ware}", "products.name"),
        "Бренд": ("Марка {off}", "products.brand"),
        "Категория": ("Раздел {off}", "products.category"),
        "Розничная цена": ("{price:.2f}", "prices.price"),
        "Действует с": ("{at:%d.%m.%Y}", "prices.day"),
        "Ед. изм.": ("шт", ""),
    }),
    "Ostatki_sklad.csv": Export(grain="each", rows=150, **_RU, columns={  # transliterated
        "Kod_tovara": ("T{n:05d}", "products.product_id"),
        "Naimenovanie": ("{ware}", "products.name"),
        "Sklad": ("Основной", "stores.store_id"),
        "Data": ("{at:%d.%m.%Y}", "stock.day"),
        "Ostatok": ("{pick}", "stock.quantity"),
    }),
    "transactions.csv": Export(columns={  # a bank or a payment provider
        "TRX_ID": ("TX{n:08d}", "orders.order_id | order_lines.order_id"),
        "BOOKING_TS": ("{at:%Y%m%d%H%M%S}", "orders.ordered_at"),
        "CLIENT_CODE": ("C{client:05d}", "customers.customer_id"),
        "MERCHANT": ("Merchant {shop}", "stores.store_id | stores.name"),
        "MCC": ("{mcc}", ""),
        "TRX_AMOUNT": ("{price:.2f}", "order_lines.amount"),
        "CCY": ("EUR", ""),
        "CHANNEL": ("{via}", "orders.channel"),
    }, words={"mcc": ("5411", "5812"), "via": ("POS", "ECOM", "ATM")}),
    "campaign_list.csv": Export(grain="each", rows=40, columns={
        "Campaign Code": ("CMP{n:03d}", "campaigns.campaign_id"),
        "Campaign Title": ("Spring {n}", "campaigns.name"),
        "Objective": ("{goal}", "campaigns.goal"),
        "Medium": ("{via}", "campaigns.channel"),
        "Start Date": ("{at:%Y-%m-%d}", "campaigns.starts"),
        "End Date": ("{done:%Y-%m-%d}", "campaigns.ends"),
        "Planned Budget": ("{sum2}", "campaigns.budget"),
        "Expected Revenue": ("{sum2}9", "campaigns.promised"),
    }, words={"goal": ("awareness", "sales"), "via": ("email", "radio", "sms")}),
    "sales_report_magento.csv": Export(columns={
        "Order #": ("{order:09d}", "orders.order_id"),
        "Purchased On": ("{at:%b %d, %Y %I:%M:%S %p}", "orders.ordered_at"),
        "Purchase Point": ("Store view {shop}", "stores.store_id | stores.name | orders.channel"),
        "Customer Group": ("{group}", ""),
        "Cust. Id": ("{client}", "customers.customer_id"),
        "Item SKU": ("MG-{good}", "products.product_id"),
        "Item Name": ("{thing}", "products.name"),
        "Qty Ordered": ("{count}", "order_lines.quantity"),
        "Unit Prc": ("{price:.2f}", "order_lines.price"),
        "Row Total": ("{sum:.2f}", "order_lines.amount"),
        "Prodct Category": ("Group {off}", "products.category"),
    }, words={"group": ("General", "Wholesale")}),
    "postavki.csv": Export(grain="each", **_RU, columns={  # orders to suppliers
        "Номер закупки": ("З-{order}", "purchases.purchase_id"),
        "Поставщик": ("{firm}", "suppliers.supplier_id"),
        "Артикул": ("A-{good:03d}", "products.product_id"),
        "Дата заказа поставщику": ("{at:%d.%m.%Y}", "purchases.ordered_at"),
        "Дата поступления": ("{done:%d.%m.%Y}", "purchases.received_at"),
        "Заказано, шт.": ("{pick}", "purchases.quantity"),
        "Цена закупки": ("{cost:.2f}", "purchases.unit_cost"),
    }),
    "web_visits.csv": Export(grain="any", columns={
        "clientId": ("{client}.{client}99", "touchpoints.visitor_id"),
        "visit_time": ("{at:%Y-%m-%d %H:%M:%S}", "touchpoints.at"),
        "utm_source": ("{src}", "touchpoints.source_name"),
        "utm_medium": ("{med}", "touchpoints.medium"),
        "utm_campaign": ("{camp}", "campaigns.campaign_id"),
        "transaction": ("{yes}", "touchpoints.converted"),
        "revenue": ("{sum2}", "touchpoints.value"),
    }, words={"src": ("google", "yandex"), "med": ("cpc", "organic"), "camp": ("sale", "brand"), "yes": ("0", "1")}),
}  # fmt: skip
