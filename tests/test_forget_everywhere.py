"""A person can be named where nobody looks: every memory of a company is searched by hand after the forgetting."""

import json
from datetime import date

import pytest

from crm_analytics import Warehouse
from crm_analytics.collection.loading.load import load
from tests.test_forget import crm, standing

MAIL, NAME, PHONE = "anna.sentinel@example.org", "Anna Sentinel", "+371 29 555 777"
ONES, OTHERS = "A-4711-X", "W-0815-Y"
MAP = """
source: shop
company: {name: Little, currency: EUR, keep_contacts_days: 400}
files:
  people: {path: people.csv}
  orders: {path: orders.csv}
  calls: {path: calls.csv}
  goods: {path: goods.csv}
tables:
  customers:
    from: people
    columns: {customer_id: id, first_seen: since, acquired_channel: channel, acquired_campaign: campaign}
  customer_contacts:
    from: people
    columns: {customer_id: id, full_name: name, email: mail, phone: phone}
  orders:
    from: orders
    columns: {order_id: "no", ordered_at: day, customer_id: who, channel: by, kind: {constant: sale}}
  order_lines:
    from: orders
    columns: {order_id: "no", line_no: {constant: "1"}, product_id: what, quantity: {constant: "1"}, amount: money}
  products:
    from: goods
    columns: {product_id: code}
  contacts:
    from: calls
    columns: {contact_id: call, at: at}
"""


def little(home, *, last="2025-06-01"):
    """Forty customers; one of them is two records, and stands wherever careless people can write something down."""
    data = home / "incoming"
    data.mkdir(parents=True)
    people = [
        f"C{i:04d},Person {chr(65 + i % 26)}berg{i},p{i}@example.org,+37126{i:06d},2024-01-05,web," for i in range(38)
    ]
    people += [
        f"{ONES},{NAME},{MAIL},{PHONE},2024-02-01,{MAIL},",
        f"{OTHERS},{NAME},{MAIL},{PHONE},2024-03-01,web,{MAIL}",
        f",{NAME},{MAIL},{PHONE},not a day,web,",
    ]
    (data / "people.csv").write_text("\n".join(["id,name,mail,phone,since,channel,campaign", *people, ""]))
    orders = [f"O{i},2025-0{1 + i % 5}-1{i % 10},C{i % 38:04d},web,tea,10" for i in range(60)]
    orders += [f"O900,{last},{ONES},{PHONE},{MAIL},25", f"O901,2025-05-02,{OTHERS},web,tea,25"]
    (data / "orders.csv").write_text("\n".join(["no,day,who,by,what,money", *orders, ""]))
    (data / "calls.csv").write_text(f"call,at,{MAIL}\nL1,2025-05-05,\n")
    (data / "goods.csv").write_text("code\ntea\n")
    (home / "map.yaml").write_text(f"# {NAME} asked for this file\n" + MAP.lstrip())
    return home


def loaded(home):
    report = load(home / "map.yaml", data=home / "incoming", home=home)
    assert report.published, report.text
    return report


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """The company after a load, an identification, two decisions and a load that came to nothing."""
    home = little(tmp_path_factory.mktemp("little"))
    loaded(home)
    assert crm(home, "identify", "--only", "keys").exit_code == 0
    assert crm(home, "identify", "same", ONES, "C0001", "--why", f"{NAME} said so").exit_code == 0
    assert crm(home, "identify", "undo", ONES, "C0001").exit_code == 0
    shelf = home / "warehouse"
    (shelf / "stopped").mkdir(exist_ok=True)
    record = {"stopped_at": "2025-06-02", "map": "map.yaml", "why": f"{NAME}.csv: no such file", "release": 1}
    (shelf / "stopped" / "20250602.json").write_text(json.dumps(record))
    seen = json.loads((shelf / "fingerprints.json").read_text()) | {f"/gone/{MAIL}.csv": [1, 2, 3, 4, "x"]}
    (shelf / "fingerprints.json").write_text(json.dumps(seen))
    return home


def places(home, table, *columns):
    rows = Warehouse.open(home)._read(table).to_pandas()
    return "\n".join(str(value) for column in columns for value in rows[column])


def test_the_golden_id_forgets_every_record_and_every_memory(named):
    before = Warehouse.open(named)
    golden = set(before.identities.to_pandas().set_index("customer_id").golden_id[[ONES, OTHERS]])
    assert len(golden) == 1, "two records are one customer"
    assert MAIL in places(named, "unknown_references", "value")
    assert MAIL in places(named, "measures", "value")
    assert MAIL in places(named, "loads", "header")
    assert ONES in places(named, "identity_pairs", "a", "b")
    assert ONES in places(named, "identity_log", "customer_id", "before", "after")
    assert NAME in places(named, "identity_log", "why")
    assert MAIL in places(named, "quarantine_lines", "line")
    values = (MAIL, NAME, PHONE, PHONE.replace(" ", ""), "29555777", "29 555 777", ONES, OTHERS)
    stood = set(standing(named, *values))
    expected = {"map.yaml", "incoming/people.csv", "incoming/calls.csv", "identity.jsonl", "warehouse/maps/shop.yaml",
                "warehouse/fingerprints.json", "warehouse/stopped/20250602.json"}  # fmt: skip
    assert expected <= stood
    money, orders = before.order_lines.amount.sum().execute(), before.orders.count().execute()
    people = before.customers.count().execute()

    told = crm(named, "forget", golden.pop())
    assert told.exit_code == 0, told.output
    assert standing(named, *values) == []
    after = Warehouse.open(named)
    assert (after.order_lines.amount.sum().execute(), after.orders.count().execute()) == (money, orders)
    assert not {ONES, OTHERS} & set(after.customers.customer_id.execute())
    assert after.customers.count().execute() == people - 1
    assert "C0001" in set(after.customers.customer_id.execute()), "whose merger was undone is somebody else"

    report = load(named / "map.yaml", data=named / "incoming", home=named)
    assert report.published, report.text
    assert crm(named, "identify", "--only", "keys").exit_code == 0
    assert standing(named, *values) == []


def test_a_load_lets_the_addresses_of_the_silent_go_and_says_how_many(tmp_path):
    home = little(tmp_path, last="2025-06-01")
    orders = (home / "incoming" / "orders.csv").read_text().splitlines()
    silent = [line for line in orders if ",C0007," in line or ",C0008," in line]
    assert silent
    text = "\n".join(line for line in orders if line not in silent)
    (home / "incoming" / "orders.csv").write_text(text + "\n")
    report = loaded(home)
    kept = set(Warehouse.open(home)._read("customer_contacts").customer_id.execute())
    assert report.let_go == 2
    assert "The addresses of 2 customers were let go" in report.text
    assert report.to_dict()["let_go"] == 2
    assert {"C0007", "C0008"}.isdisjoint(kept)
    assert len(kept) == 38
    assert set(Warehouse.open(home).customers.customer_id.execute()) >= {"C0007", "C0008"}
    assert Warehouse.open(home).release.facts_until == date(2025, 6, 1).isoformat()
