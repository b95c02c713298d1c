"""1C's exchange files: every part by plain names, in both encodings and all versions; nothing in them can hurt."""

import tracemalloc

import pytest

from crm_analytics.collection.sources.source import SourceError

IMPORT = """<?xml version="1.0" encoding="{encoding}"?>
<КоммерческаяИнформация{xmlns} ВерсияСхемы="{version}" ДатаФормирования="2025-01-05T12:00:00">
<Классификатор><Ид>c</Ид><Наименование>Классификатор</Наименование>
<Группы><Группа><Ид>g1</Ид><Наименование>Одежда</Наименование>
<Группы><Группа><Ид>g2</Ид><Наименование>Обувь</Наименование></Группа></Группы></Группа></Группы>
<Свойства><Свойство><Ид>p1</Ид><Наименование>Цвет</Наименование><ВариантыЗначений><Справочник><ИдЗначения>v1</ИдЗначения>
<Значение>Красный</Значение></Справочник></ВариантыЗначений></Свойство></Свойства></Классификатор>
<Каталог СодержитТолькоИзменения="false"><Товары><Товар><Ид>t1</Ид><Артикул>А-1</Артикул><Штрихкод>460</Штрихкод>
<Наименование>Сапог "Русь" &amp; К°</Наименование><БазоваяЕдиница Код="796">шт</БазоваяЕдиница>
<Группы><Ид>g2</Ид></Группы><Изготовитель><Ид>m</Ид><Наименование>Фабрика</Наименование></Изготовитель>
<ЗначенияСвойств><ЗначенияСвойства><Ид>p1</Ид><Значение>v1</Значение></ЗначенияСвойства></ЗначенияСвойств>
<СтавкиНалогов><СтавкаНалога><Наименование>НДС</Наименование><Ставка>20</Ставка></СтавкаНалога></СтавкиНалогов>
<ЗначенияРеквизитов><ЗначениеРеквизита><Наименование>ВидНоменклатуры</Наименование><Значение>Товар</Значение>
</ЗначениеРеквизита></ЗначенияРеквизитов></Товар>
<Товар Статус="Удален"><Ид>t2#big</Ид><Наименование>Шнурок</Наименование></Товар></Товары></Каталог>
</КоммерческаяИнформация>"""

OFFERS = """<?xml version="1.0" encoding="{encoding}"?>
<КоммерческаяИнформация{xmlns} ВерсияСхемы="{version}" ДатаФормирования="2025-01-05T12:00:00"><ПакетПредложений>
<ТипыЦен><ТипЦены><Ид>r</Ид><Наименование>Розничная</Наименование><Валюта>руб</Валюта></ТипЦены></ТипыЦен>
<Склады><Склад><Ид>s1</Ид><Наименование>Центр</Наименование></Склад></Склады>
<Предложения><Предложение><Ид>t1</Ид><Цены>
<Цена><ИдТипаЦены>r</ИдТипаЦены><ЦенаЗаЕдиницу>750.25</ЦенаЗаЕдиницу><Валюта>руб</Валюта><Единица>шт</Единица></Цена>
<Цена><ИдТипаЦены>w</ИдТипаЦены><ЦенаЗаЕдиницу>600</ЦенаЗаЕдиницу></Цена></Цены>{rests}</Предложение>
</Предложения></ПакетПредложений></КоммерческаяИнформация>"""

ORDERS = """<?xml version="1.0" encoding="{encoding}"?>
<КоммерческаяИнформация{xmlns} ВерсияСхемы="{version}" ДатаФормирования="2025-01-05T12:00:00">{before}<Документ>
<Ид>o1</Ид><Номер>17</Номер><Дата>2025-01-04</Дата><Время>10:11:12</Время><ХозОперация>Заказ товара</ХозОперация>
<Роль>Продавец</Роль><Валюта>руб</Валюта><Курс>1</Курс><Сумма>1490.50</Сумма>
<Контрагенты><Контрагент><Ид>shop</Ид><Наименование>Магазин</Наименование><Роль>Продавец</Роль></Контрагент>
<Контрагент><Ид>k1</Ид><Наименование>Иванов Иван</Наименование><Роль>Покупатель</Роль><Фамилия>Иванов</Фамилия>
<Имя>Иван</Имя><АдресРегистрации><Представление>Рига, ул. Бривибас 1</Представление></АдресРегистрации>
<Контакты><Контакт><Тип>Почта</Тип><Значение>ivan@example.org</Значение></Контакт>
<Контакт><Тип>Телефон рабочий</Тип><Значение>+371 20000000</Значение></Контакт></Контакты></Контрагент></Контрагенты>
<Скидки><Скидка><Сумма>10</Сумма><УчтеноВСумме>true</УчтеноВСумме></Скидка></Скидки>
<Товары><Товар><Ид>t1#v</Ид><Наименование>Сапог</Наименование><ЦенаЗаЕдиницу>750.25</ЦенаЗаЕдиницу>
<Количество>2</Количество><Сумма>1500.50</Сумма></Товар>
<Товар><Ид>ORDER_DELIVERY</Ид><Наименование>Доставка</Наименование><ЦенаЗаЕдиницу>0</ЦенаЗаЕдиницу>
<Количество>1</Количество><Сумма>0</Сумма></Товар></Товары>
<ЗначенияРеквизитов><ЗначениеРеквизита><Наименование>Статус заказа</Наименование><Значение>Принят</Значение>
</ЗначениеРеквизита></ЗначенияРеквизитов></Документ>
<Документ><Номер>18</Номер><Дата>2025-01-05</Дата><Контрагенты><Контрагент><Наименование>ООО Ромашка</Наименование>
<ОфициальноеНаименование>ООО «Ромашка»</ОфициальноеНаименование><ИНН>7707083893</ИНН><КПП>770701001</КПП></Контрагент>
</Контрагенты></Документ>{after}</КоммерческаяИнформация>"""

HALL = ' xmlns="urn:1C.ru:commerceml_210"'
VERSIONS = [
    ("2.01", "windows-1251", ""),
    ("2.04", "UTF-8", ""),
    ("2.08", "UTF-8", HALL),
    ("2.10", "windows-1251", HALL),
]


def written(text: str, version="2.04", encoding="UTF-8", xmlns="", **parts) -> bytes:
    text = text.format(version=version, encoding=encoding, xmlns=xmlns, **parts)
    return text.encode("cp1251" if encoding == "windows-1251" else encoding, "xmlcharrefreplace")


@pytest.mark.parametrize(("version", "encoding", "xmlns"), VERSIONS)
def test_the_catalogue(came, version, encoding, xmlns):
    content = written(IMPORT, version, encoding, xmlns)
    groups = {row["group_id"]: row for row in came("import.xml", content, part="groups").rows}
    assert groups["g2"] == {"group_id": "g2", "parent_id": "g1", "name": "Обувь", "path": "Одежда / Обувь"}
    assert groups["g1"]["parent_id"] is None
    first, second = came("import.xml", content, part="products").rows
    assert {key: first[key] for key in ("product_id", "code", "barcode", "name", "unit", "group", "brand")} == {
        "product_id": "t1",
        "code": "А-1",
        "barcode": "460",
        "name": 'Сапог "Русь" & К°',
        "unit": "шт",
        "group": "Одежда / Обувь",
        "brand": "Фабрика",
    }
    assert (first["property.Цвет"], first["requisite.ВидНоменклатуры"], first["tax_rate"]) == ("Красный", "Товар", "20")
    assert (second["product_id"], second["variant_id"], second["status"]) == ("t2", "big", "Удален")


RESTS = [
    ("2.04", "<Количество>5</Количество>", (None, None, "5")),
    ("2.05", '<Количество>5</Количество><Склад ИдСклада="s1" КоличествоНаСкладе="4"/>', ("s1", "Центр", "4")),
    (
        "2.10",
        "<Остатки><Остаток><Склад><Ид>s1</Ид><Количество>3.5</Количество></Склад></Остаток></Остатки>",
        ("s1", "Центр", "3.5"),
    ),
    ("2.08", "<Остатки><Остаток><Количество>2</Количество></Остаток></Остатки>", (None, None, "2")),
]


@pytest.mark.parametrize(("version", "rests", "expected"), RESTS)
def test_offers_give_prices_and_stock(came, version, rests, expected):
    content = written(OFFERS, version, rests=rests)
    retail, trade = came("offers.xml", content, part="prices", decimal=",").rows
    assert (retail["product_id"], retail["price_type"], retail["price"]) == ("t1", "Розничная", "750,25")
    assert (trade["price_type_id"], trade["price_type"], trade["day"]) == ("w", None, "2025-01-05")
    [stock] = came("offers.xml", content, part="stock").rows
    assert (stock["store_id"], stock["store"], stock["quantity"]) == expected


@pytest.mark.parametrize(("version", "encoding", "xmlns"), VERSIONS)
def test_orders_their_lines_and_who_ordered(came, version, encoding, xmlns):
    box = {"before": "<Контейнер>", "after": "</Контейнер>"} if version == "2.10" else {"before": "", "after": ""}
    content = written(ORDERS, version, encoding, xmlns, **box)
    first, second = came("orders.xml", content, part="orders").rows
    assert (first["order_id"], first["number"], first["ordered_at"]) == ("o1", "17", "2025-01-04 10:11:12")
    assert (first["customer_id"], first["amount"], first["status"]) == ("k1", "1490.50", "Принят")
    assert (first["discount_within"], first["discount_besides"]) == ("10", "0")
    assert (second["order_id"], second["customer_id"], second["ordered_at"]) == ("18", "7707083893", "2025-01-05")
    lines = came("orders.xml", content, part="order_lines").rows
    assert [(row["line_no"], row["product_id"], row["quantity"], row["amount"]) for row in lines] == [
        ("1", "t1", "2", "1500.50"),
        ("2", "ORDER_DELIVERY", "1", "0"),
    ]
    people = {row["counterparty_id"]: row for row in came("orders.xml", content, part="counterparties").rows}
    assert people["k1"]["email"] == "ivan@example.org"
    assert people["k1"]["phone"] == "+371 20000000"
    assert people["k1"]["address"] == "Рига, ул. Бривибас 1"
    assert (people["7707083893"]["kind"], people["7707083893"]["kpp"]) == ("company", "770701001")


def test_the_quarantine_shows_a_record_as_json(came):
    found = came("orders.xml", written(ORDERS, before="", after=""), part="order_lines")
    assert '"product_id": "t1", "variant_id": "v"' in found.original(1)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><КоммерческаяИнформация>&b;</КоммерческаяИнформация>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><КоммерческаяИнформация>&a;</КоммерческаяИнформация>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LAUGHS, "a document type or entities"),
        (OUTSIDE, "a document type or entities"),
        ('<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><КоммерческаяИнформация/>', "a document type or entities"),
        ("<?xml version='1.0'?><html/>", "not CommerceML"),
        ("<КоммерческаяИнформация><a>", "not whole XML"),
        ("<КоммерческаяИнформация>" + "<a>" * 5000, "nested more than 100 deep"),
        ("<КоммерческаяИнформация>&unknown;</КоммерческаяИнформация>", "not whole XML"),
        ("<?xml version='1.0' encoding='klingon'?><КоммерческаяИнформация/>", "not whole XML"),
    ],
)
def test_what_could_hurt_is_one_sentence(came, content, words):
    with pytest.raises(SourceError, match=words):
        came("x.xml", content, part="orders", format="commerceml")


def test_without_part_the_parts_are_named(came):
    with pytest.raises(SourceError, match="say in the map part: and one of groups, products"):
        came("x.xml", written(IMPORT))


def test_a_long_file_does_not_grow_in_memory(came):
    head, tail = written(IMPORT).decode().split("<Товар Статус", 1)
    product = "<Товар><Ид>x</Ид><Наименование>Товар</Наименование><Описание>" + "слово " * 50 + "</Описание></Товар>"
    content = head + product * 12_000 + "<junk/>" * 20_000 + "<Товар Статус" + tail
    tracemalloc.start()
    try:
        from crm_analytics.collection.mapping.files import FileSpec
        from crm_analytics.collection.sources.commerceml import CommerceMl
        from crm_analytics.collection.sources.parcel import Parcel

        source = came("x.xml", content, part="groups").source
        del content
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        spec = FileSpec(name="x", path="x.xml", part="products")
        assert sum(1 for _ in CommerceMl(spec, Parcel(source.parcel.path, spec))._found(lambda _: None)) == 12_002
        assert tracemalloc.get_traced_memory()[1] - before < 8 << 20
    finally:
        tracemalloc.stop()
