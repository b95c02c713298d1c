"""Pseudonyms are true HMACs, the same wherever a customer stands; the secret stays where it is."""

import hashlib
import hmac
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.load import load
from crm_analytics.collection.mapping.pseudonyms import FORGOTTEN, Customers
from crm_analytics.collection.mapping.section import MapError
from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.privacy.secret import Secret, SecretError

SHOP = """
source: shop
company: {name: Hidden, pseudonyms: yes}
files:
  people: {path: people.csv, tolerate: 0.5}
  sales: {path: sales.csv, money: paid, tolerate: 0.5}
tables:
  customers: {from: people, columns: {customer_id: card}}
  customer_contacts: {from: people, columns: {customer_id: card, full_name: name, email: mail}}
  orders:
    from: sales
    columns: {order_id: no, ordered_at: at, customer_id: card, kind: {constant: sale}}
  order_lines:
    from: sales
    columns: {order_id: no, line_no: {constant: "1"}, quantity: {constant: "1"}, amount: paid}
"""
CALLS = """
source: calls
files: {calls: {path: calls.csv}}
tables:
  contacts: {from: calls, columns: {contact_id: n, at: at, customer_id: who}}
"""
PEOPLE = "card,name,mail\nC-1,Anna One,anna@example.org\nC-2,Ben Two,ben@example.org\n"
SALES = "no,at,card,paid\ns1,2025-01-01,C-1,10.00\ns2,2025-01-02,C-2,20.00\ns3,2025-01-03,,5.00\n"
DIRTY = "no,at,card,paid\ns1,2025-01-01,C-1,10.00\ns2,never,C-2,20.00\ns4,2025-01-04,C-9,1.00\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.delenv("CRM_SECRET", raising=False)

    class Shop:
        home, data, maps = tmp_path / "home", tmp_path / "home" / "incoming", tmp_path / "maps"

        def put(self, **files):
            for name, text in files.items():
                folder = self.maps if name.endswith("_map") else self.data
                folder.mkdir(parents=True, exist_ok=True)
                end = ".yaml" if folder is self.maps else ".csv"
                (folder / f"{name.removesuffix('_map')}{end}").write_text(text, "utf-8")

        def load(self, only=""):
            return load(self.maps / only, data=self.data, home=self.home)

        def everything(self):
            return b"".join(p.read_bytes() for p in self.home.rglob("*") if p.is_file() and p.name != "secret")

    made = Shop()
    made.put(shop_map=SHOP, people=PEOPLE, sales=SALES, calls_map=CALLS, calls="n,at,who\n1,2025-01-05,C-2\n")
    return made


@settings(max_examples=80, deadline=None)
@given(st.binary(min_size=16, max_size=100), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_the_engine_calculates_a_true_hmac(key, text):
    secret = Secret(key)
    bench = duck()
    Customers(secret=secret, pseudonyms=True).ready(bench)
    found = bench.execute("SELECT crm_keyed(?)", [text]).fetchone()[0]
    assert found == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32] == secret.pseudonym(text)


def duck():
    import duckdb

    return duckdb.connect()


def test_a_customer_has_one_pseudonym_in_every_table_source_and_load(shop):
    assert shop.load().published
    wh, secret = Warehouse.open(shop.home), Secret.of(shop.home)
    ben = secret.pseudonym("C-2")
    assert set(wh.customers.to_pandas().customer_id) == {secret.pseudonym("C-1"), ben}
    assert wh.orders.order_by("order_id").to_pandas().customer_id.fillna("").tolist() == [
        secret.pseudonym("C-1"),
        ben,
        "",
    ]
    assert wh.contacts.to_pandas().customer_id.tolist() == [ben]
    contacts = wh._read("customer_contacts").to_pandas().set_index("customer_id")
    assert contacts.source_customer_id[ben] == "C-2"
    assert "source_customer_id" not in wh.customer_contacts.columns
    shop.put(sales=SALES + "s4,2025-01-09,C-2,1.00\n")
    assert shop.load().published
    assert (Warehouse.open(shop.home).orders.to_pandas().customer_id == ben).sum() == 2


def test_the_sources_own_id_stands_beside_the_addresses_only(shop):
    shop.load()
    from crm_analytics.warehouse.release import ALL_TABLES

    wh = Warehouse.open(shop.home)
    for table in ALL_TABLES:
        if wh.has(table) and table != "customer_contacts":
            assert not wh._read(table).to_pandas().isin(["C-1", "C-2"]).any(axis=None), table


def test_the_secret_is_the_owners_and_in_no_other_file(shop):
    report = shop.load()
    secret = (shop.home / "secret").read_text("utf-8").strip()
    assert stat.S_IMODE((shop.home / "secret").stat().st_mode) == 0o600
    assert len(secret) == 64
    assert secret.encode() not in shop.everything()
    assert bytes.fromhex(secret) not in shop.everything()
    assert secret not in report.text + repr(Secret.of(shop.home)) + str(vars(Warehouse.open(shop.home).company))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.unlink(), "put the file «secret» back"),
        (lambda path: path.write_text("0" * 64), "not the secret with which"),
        (lambda path: path.write_text("short"), "fewer than 16 characters"),
        (lambda path: path.chmod(0o644), "chmod 600"),
    ],
)
def test_a_lost_changed_or_open_secret_is_a_sentence(shop, spoil, sentence):
    shop.load()
    spoil(shop.home / "secret")
    shop.put(sales=SALES + "s4,2025-01-09,C-2,1.00\n")
    with pytest.raises(SecretError, match=sentence) as error:
        shop.load()
    assert "0000" not in str(error.value)
    assert Warehouse.open(shop.home).release.id == 1


def test_the_secret_may_come_from_the_environment(shop, monkeypatch):
    monkeypatch.setenv("CRM_SECRET", "a secret of the environment")
    shop.load()
    assert not (shop.home / "secret").exists()
    assert Secret.of(shop.home).pseudonym("C-1") in Warehouse.open(shop.home).customers.to_pandas().customer_id.tolist()


def test_pseudonyms_cannot_be_switched_for_some_sources_only(shop):
    shop.load()
    shop.put(shop_map=SHOP.replace("yes", "no"))
    with pytest.raises(MapError, match="load these together with the others: calls"):
        shop.load("shop.yaml")
    assert shop.load().published
    assert set(Warehouse.open(shop.home).customers.to_pandas().customer_id) == {"C-1", "C-2"}


def test_a_source_whose_ids_are_ours_keeps_them(shop):
    shop.load()
    ben = Secret.of(shop.home).pseudonym("C-2")
    shop.put(
        calls_map=CALLS.replace("source: calls", "source: calls\nids: ours"), calls=f"n,at,who\n1,2025-01-05,{ben}\n"
    )
    assert shop.load("calls.yaml").published
    assert Warehouse.open(shop.home).contacts.to_pandas().customer_id.tolist() == [ben]


def test_somebody_forgotten_does_not_come_back_and_is_not_quoted(shop):
    from typer.testing import CliRunner

    from crm_analytics.__main__ import main  # noqa: F401
    from crm_analytics.command.app import app

    shop.load()
    told = CliRunner().invoke(app, ["forget", "C-2", "--home", str(shop.home)])
    os.environ.pop("CRM_HOME", None)
    assert told.exit_code == 0, told.output + repr(told.exception)
    assert b"ben@example.org" not in shop.everything()
    assert b"C-2" not in shop.everything()
    shop.put(people=PEOPLE + "C-3,,a\nBen Two,ben@example.org\n", sales=DIRTY, calls="n,at,who\n1,2025-01-05,C-2\n")
    report = shop.load()
    assert report.published, report.text
    wh, ben = Warehouse.open(shop.home), Secret.of(shop.home).pseudonym("C-2")
    for table in (wh.customers, wh.orders, wh.contacts):
        assert ben not in table.to_pandas().customer_id.dropna().tolist()
    assert wh.contacts.to_pandas().customer_id.isna().all(), "what happened stays, without whom"
    lines = wh.refused_lines().to_pandas().set_index("reason")
    assert lines.line.isna()[FORGOTTEN]
    assert not lines.line.fillna("").str.contains("Ben|ben@|C-2").any()
    assert not any(check.name == "refused lines" for check in report.checks if check.verdict == "fails")


def test_the_bench_needs_no_secret_where_there_is_none(tmp_path):
    with Bench(tmp_path / "bench", readable=tmp_path) as bench:
        assert bench.customers.called("x", "theirs") == "x"
        assert bench.customers.is_gone("x") == ""
