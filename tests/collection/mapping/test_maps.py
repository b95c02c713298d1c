"""A map that is wrong is refused in one sentence that says where and what to do."""

from pathlib import Path

import pytest

from crm_analytics.collection import MapError
from crm_analytics.collection.mapping.maps import read_map, read_maps
from crm_analytics.collection.sources.source import SourceError

MAPS = Path(__file__).parents[3] / "maps"


def spoilt(text: str, before: str, after: str) -> str:
    assert before in text
    return text.replace(before, after, 1)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            "channel: {constant: shop}",
            "chanel: {constant: shop}",
            ["tables.orders.columns.chanel", "Did you mean 'channel'"],
        ),
        ("  order_lines:", "  order_line:", ["canonical table", "Did you mean 'order_lines'"]),
        ("    from: people", "    from: peopel", ["tables.customers.from", "Did you mean 'people'"]),
        ("lookup: region", "lookup: regoin", ["lookup of this map", "Did you mean 'region'"]),
        ('    delimiter: ";"', "    delimitr: ;", ["files.lines.delimitr", "delimiter"]),
        ('    decimal: ","', "    decimal: x", ["files.lines.decimal"]),
        ("    path: people.csv", "    path: ../people.csv", ["files.people.path", "out of the data folder"]),
        ("    path: people.csv", "    path: /etc/passwd", ["files.people.path", "out of the data folder"]),
        ("    path: people.csv", "    path: people.csv\n    encoding: klingon", ["files.people.encoding", "klingon"]),
        ("      order_id: Receipt\n      line_no", "      line_no", ["order_lines cannot be without order_id"]),
        ("source: shop", "source: 'Shop; DROP'", ["source", "small Latin letters"]),
        ("source: shop", "", ["source", "missing"]),
        ("source: shop", "source: shop\nsource: till", ["a second time"]),
        ("{constant: person}", "{constant: person, column: Kind}", ["exactly one of"]),
        ("amount: Sum", "amount: {column: Sum, take: latest}", ["columns.amount.take", "says rows:"]),
        ("amount: Sum", "amount: {column: Sum, take: last}", ["columns.amount.take", "earliest or latest"]),
        ("about: A small shop", "about: [", ["not YAML"]),
        ("about: A small shop", "about: {a: b}", ["about", "one text"]),
        ("currency: EUR", "currency: euro", ["company.currency", "three-letter"]),
        ("tables:\n", "tables:\n  customers: {from: people, columns: {customer_id: Id}}\n", ["a second time"]),
    ],
)
def test_a_mistake_is_named_with_its_place(shop, before, after, words):
    path = shop.folder / "shop.yaml"
    path.write_text(spoilt(shop.map, before, after), "utf-8")
    with pytest.raises(MapError) as caught:
        read_map(path)
    assert "shop.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("amount: Sum", "amount: Summ", ["tables.order_lines.columns.amount", "sales.csv", "Did you mean 'Sum'"]),
        ("rows: Receipt", "rows: Reciept", ["tables.orders.rows", "Did you mean 'Receipt'"]),
        ("Price = 0", "Prise = 0", ["refuse.lines[1].when", "Did you mean 'Price'"]),
        ("Price = 0", "Price = ", ["refuse.lines[1].when", "cannot be read"]),
        ("money: Sum", "money: Sums", ["files.lines.money", "Did you mean 'Sum'"]),
        ("Price = 0", "length(Price, 1, 2) = 0", ["refuse.lines[1].when", "cannot be carried out"]),
    ],
)
def test_what_the_file_does_not_have_is_named_before_anything_is_read(shop, before, after, words):
    shop.map = spoilt(shop.map, before, after)
    with pytest.raises(MapError) as caught:
        shop.load()
    for word in words:
        assert word in str(caught.value)
    assert not (shop.home / "warehouse" / "releases").exists()


def test_a_file_that_is_not_there_is_named_with_its_neighbour(shop):
    shop.map = spoilt(shop.map, "path: people.csv", "path: poeple.csv")
    with pytest.raises(SourceError, match=r"poeple\.csv.*Did you mean 'people\.csv'"):
        shop.load()


def test_a_link_that_leads_out_of_the_folder_is_not_followed(shop, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("Id;Region\nx;R\n")
    (shop.data / "people.csv").unlink()
    (shop.data / "people.csv").symlink_to(secret)
    with pytest.raises(SourceError, match="link that leads out"):
        shop.load()


def test_words_of_a_map_are_texts(shop):
    path = shop.folder / "shop.yaml"
    path.write_text(shop.map.replace("{R: Riga, L: Liepaja}", "{1: Riga, no: Liepaja, 2025-01-01: x}"), "utf-8")
    assert dict(read_map(path).lookups["region"].entries) == {"1": "Riga", "no": "Liepaja", "2025-01-01": "x"}


def test_two_maps_cannot_be_the_same_source(shop):
    for name in ("a.yaml", "b.yaml"):
        (shop.folder / name).write_text(shop.map, "utf-8")
    with pytest.raises(MapError, match="rename one"):
        read_maps(shop.folder)


@pytest.mark.parametrize("path", sorted(MAPS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_maps_that_come_with_the_suite_can_be_read(path):
    assert read_map(path).blocks


TRAITS = """
  traits:
    from: people
    where: "Region <> 'none'"
    each: {kind of region: Region, Name: Name}
    columns:
      customer_id: Id
      trait: {each: name}
      value: {each: value}
"""


def test_each_names_columns_once_and_makes_a_row_of_every_one_that_is_filled(shop):
    shop.map += TRAITS
    shop.file("people.csv", 'Id;Region;Name\nann;R;\nben;L;"Ben ""B"""\n')
    assert shop.load().published
    rows = shop.open().traits.to_pandas().sort_values(["customer_id", "trait"])
    assert rows[["customer_id", "trait", "value"]].to_numpy().tolist() == [
        ["ann", "kind of region", "R"],
        ["ben", "Name", 'Ben "B"'],
        ["ben", "kind of region", "L"],
    ]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("each: {kind of region: Region, Name: Name}", "each: [Region, Region]", ["traits.each", "twice"]),
        ("    each: {kind of region: Region, Name: Name}\n", "", ["traits.columns", "a block that says each:"]),
        ("value: {each: value}", "value: {each: worth}", ["traits.columns.value.each", "'worth' should be name"]),
        ("value: {each: value}", "value: {each: value, column: Id}", ["exactly one of"]),
    ],
)
def test_a_mistake_in_each_is_named(shop, before, after, words):
    path = shop.folder / "shop.yaml"
    path.write_text(spoilt(shop.map + TRAITS, before, after), "utf-8")
    with pytest.raises(MapError) as caught:
        read_map(path)
    for word in words:
        assert word in str(caught.value)
