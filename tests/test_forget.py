"""Somebody asks to be forgotten: no byte of them is left, everybody else's numbers are what they were, reports run."""

import contextlib
import gzip
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from crm_analytics import RFM, Audience, Ledger, Outbox, Warehouse, features
from crm_analytics.__main__ import main  # noqa: F401  (every command is registered)
from crm_analytics.collection.loading.load import load
from crm_analytics.command.app import app
from crm_analytics.simulation.company import Simulation
from crm_analytics.warehouse.privacy.forgotten import trail
from crm_analytics.warehouse.release import Shelf, WarehouseError

PROJECT = Path(__file__).parents[1]
MAPS = PROJECT / "maps" / "demo"
ON = date(2025, 7, 1)


def crm(home, *words):
    told = CliRunner().invoke(app, [*words, "--home", str(home)])
    if told.exception and not isinstance(told.exception, SystemExit):
        raise told.exception
    return told


def standing(home, *values):
    """The files below a home in which one of these values stands, looked for by the plainest means there are."""
    spelt = [value.lower().encode(how) for value in values for how in ("utf-8", "utf-16-le", "utf-16-be")]

    def contents(path):
        raw = path.read_bytes()
        if raw.startswith(b"PAR1"):
            with pq.ParquetFile(path) as file:
                texts = [column for column in file.read().columns if column.type == "string"]
                return str([column.unique().to_pylist() for column in texts]).encode() + str(file.metadata).encode()
        return gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw

    found = []
    for path in sorted(home.rglob("*")):
        text = contents(path).lower() if path.is_file() else b""
        if any(value in text for value in spelt):
            found.append(str(path.relative_to(home)))
    return found


def customers(home):
    wh = Warehouse.open(home)
    return wh._read("customer_contacts").to_pandas().set_index("customer_id")


def bought(home, release=None):
    return features.purchases(Warehouse.open(home, release=release), as_of=ON).to_pandas().set_index("customer_id")


def revenue(home, release=None):
    wh = Warehouse.open(home, release=release)
    return wh.order_lines.amount.sum().execute(), wh.orders.count().execute()


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory):
    """A small company after some weeks: two releases, a campaign sent out, results kept, files of all sorts."""
    home = tmp_path_factory.mktemp("lived")
    Simulation(customers=300, seed=3).write(home / "incoming")
    assert load(MAPS, data=home / "incoming", home=home).published
    (home / "incoming" / "crm_customers.csv").open("a", encoding="utf-8").write("broken line of nordhaus.0000005\n")
    assert load(MAPS, data=home / "incoming", home=home).published
    wh = Warehouse.open(home)
    assert wh.release.id == 2
    audience = Audience(campaign="July", budget=900.0, max_contacts_30=9).fit(features.reachable(wh, as_of=ON))
    ledger = Ledger.open(home)
    launch = ledger.launch(audience, starts=ON, ends=date(2025, 7, 28))
    ledger.keep(Outbox(home).write(launch, wh.addresses(purpose="marketing", channel="email"), on=ON))
    ledger.publish(home / "ledger")
    for day in (ON, date(2025, 6, 1)):
        segments = RFM().fit(features.purchases(wh, as_of=day))
        people = segments.people if hasattr(segments, "people") else segments.table
        wh.keep(type(segments)(**vars(segments) | {"table": people}), as_of=day)
    with gzip.open(home / "incoming" / "old_export.csv.gz", "wt", encoding="utf-8") as out:
        customers(home).reset_index().to_csv(out, index=False)
    return home


@pytest.fixture(scope="module")
def three(lived_in):
    """Somebody who was written to, somebody the call centre knows as well, and somebody with many orders."""
    sent = pd.read_csv(next((lived_in / "outbox").rglob("*.csv")), encoding="utf-8-sig", dtype=str)
    known, orders = customers(lived_in), bought(lived_in)
    called = known.loc[[one for one in known.index if one.startswith("K")]].phone
    twice = next(one for one in known.index if one.startswith("N") and str(known.phone[one])[-8:] == called.iloc[0])
    often = next(one for one in orders.sort_values(orders.columns[1]).index[::-1] if one not in (twice,))
    return [sent.customer_id[0], twice, often]


@pytest.fixture(scope="module")
def forgotten(lived_in, three):
    before = {
        "people": customers(lived_in), "bought": bought(lived_in), "first": bought(lived_in, 1),
        "sums": [revenue(lived_in, n) for n in (1, 2)],
    }  # fmt: skip
    for one in three:
        told = crm(lived_in, "forget", one)
        assert told.exit_code == 0, told.output
        before[one] = told.output
    return before


def test_no_byte_is_left_of_them(lived_in, three, forgotten):
    gone = forgotten["people"].loc[three]
    assert (gone.email.str.len() > 5).all()
    ids = [*three, *forgotten["people"].index.difference(customers(lived_in).index)]
    assert len(set(ids)) >= 4, "the call centre's own record of somebody went, too"
    assert standing(lived_in, *gone.email, *(phone[-8:] for phone in gone.phone), *set(ids)) == []


def test_everybody_else_is_who_they_were(lived_in, three, forgotten):
    others = customers(lived_in)
    pd.testing.assert_frame_equal(others, forgotten["people"].loc[others.index])
    assert len(forgotten["people"]) - len(others) == 4
    names = forgotten["people"].loc[three].full_name
    assert others.full_name.isin(names).any(), "a namesake is still there"
    for before, release in (("bought", 2), ("first", 1)):
        now = bought(lived_in, release)
        pd.testing.assert_frame_equal(now, forgotten[before].drop(index=three, errors="ignore"))


def test_sums_stay_in_every_release(lived_in, forgotten):
    assert [revenue(lived_in, n) for n in (1, 2)] == forgotten["sums"]


def test_reports_run_and_name_nobody(lived_in, three, forgotten, tmp_path):
    """By the runner that makes the pages of a day; they are pages of a company that has forgotten somebody."""
    told = crm(lived_in, "report", "11_sources", "32_audience", "--out", str(tmp_path))
    assert told.exit_code == 0, told.output
    assert len(list(tmp_path.rglob("*.html"))) >= 3
    gone = forgotten["people"].loc[three]
    assert standing(tmp_path, *three, *gone.email) == []


def test_the_certificate_names_nobody(three, forgotten):
    for one in three:
        gone = forgotten["people"].loc[one]
        assert "nothing was found" in forgotten[one]
        assert not [value for value in (one, *gone.dropna()) if value in forgotten[one]]


def test_the_trail_says_when_and_how_much_but_not_who(lived_in, forgotten):
    entries = trail(lived_in)
    assert len(entries) == 3
    assert all(one.proven and one.counts["rows removed: customers"] for one in entries)
    assert not list((lived_in / "privacy").glob("underway*"))


def test_other_readers_of_the_tables_see_the_same(lived_in, forgotten):
    release = Warehouse.open(lived_in).release
    for table in ("customers", "orders", "consents", "order_lines"):
        delta = DeltaTable(str(lived_in / "warehouse" / "tables" / table))
        assert delta.version() == release.tables[table].version
        assert delta.to_pyarrow_table().num_rows == release.tables[table].rows
        delta.load_as_version(0)
        assert delta.to_pyarrow_table().num_rows


def test_the_same_files_bring_nobody_back(lived_in, three, forgotten):
    report = load(MAPS, data=lived_in / "incoming", home=lived_in)
    assert report.published, report.text
    assert not set(three) & set(customers(lived_in).index)
    assert revenue(lived_in) == forgotten["sums"][1]
    assert standing(lived_in, *forgotten["people"].loc[three].email) == []


def test_somebody_unknown_is_a_sentence(lived_in):
    with pytest.raises(Exception, match="No table of any release knows that customer"):
        crm(lived_in, "forget", "N9999999x")


def test_a_reason_that_says_who_it_is_is_refused(lived_in):
    known = customers(lived_in)
    somebody = known[known.email.notna()].iloc[5]
    with pytest.raises(Exception, match="The reason says who it is"):
        crm(lived_in, "forget", somebody.name, "--reason", f"{somebody.email} asked for it")


def test_who_was_silent_too_long_loses_the_addresses_in_every_release(lived_in, forgotten):
    before, wh = customers(lived_in), Warehouse.open(lived_in)
    told = crm(lived_in, "privacy", "expire", "--days", "300").output
    left = customers(lived_in)
    gone = before.index.difference(left.index)
    assert 0 < len(gone) < len(before)
    assert str(len(gone)) in told
    assert not [mail for mail in before.email[gone].dropna() if mail in told]
    since = pd.Timestamp(wh.today) - pd.Timedelta(days=300)
    orders = wh.orders.to_pandas()
    recent = set(orders.customer_id[orders.ordered_at >= since].dropna())
    assert recent & set(before.index) <= set(left.index)
    assert not recent & set(gone)
    assert revenue(lived_in) == forgotten["sums"][1]
    for number in Shelf(lived_in).ids():
        kept = Warehouse.open(lived_in, release=number)._read("customer_contacts").to_pandas()
        assert not set(gone) & set(kept.customer_id)


def test_a_dry_run_changes_nothing(lived_in):
    before = {
        path: path.stat().st_mtime_ns
        for path in lived_in.rglob("*")
        if path.is_file() and not path.name.endswith((".lock", "-shm"))
    }
    told = crm(lived_in, "forget", customers(lived_in).index[7], "--dry-run").output
    assert "crm_customers.csv" in told
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_killed_at_any_moment_it_is_finished_by_the_next_run(tmp_path, make_small, monkeypatch):
    class Killed(BaseException):
        """As if the power had gone."""

    steps = 0
    for moment in range(1, 36, 5):
        home, left = make_small(tmp_path / str(moment)), moment
        real = {name: getattr(Path, name) for name in ("replace", "rename", "unlink")}

        def deadly(name, real=real):
            def step(path, *args, **options):
                nonlocal left
                left -= 1
                if left == 0:
                    raise Killed
                return real[name](path, *args, **options)

            return step

        with monkeypatch.context() as patch:
            for name in real:
                patch.setattr(Path, name, deadly(name))
            try:
                told = CliRunner().invoke(app, ["forget", "ann", "--home", str(home)])
                died = told.exception is not None and isinstance(told.exception, Killed)
            except Killed:
                died = True
        if died:
            steps += 1
            with contextlib.suppress(WarehouseError):  # who reads now finds whole numbers, or a sentence
                assert Warehouse.open(home).orders.count().execute() == 2
        assert crm(home, "forget", "ann").exit_code == 0
        assert standing(home, "ann@example.org", "Ann Example") == []
        assert Warehouse.open(home).order_lines.amount.sum().execute() == 30
        assert customers(home).index.tolist() == ["ben"]
        assert trail(home)[0].proven
    assert steps > 5


@pytest.fixture
def make_small():
    def make(home):
        import pyarrow as pa

        from crm_analytics.warehouse.tables import TABLES

        def rows(table, *some):
            return pa.Table.from_pylist([one | {"source": "shop"} for one in some], TABLES[table].arrow_schema())

        at = pd.Timestamp("2025-01-01").to_pydatetime()
        people = ("ann", "Ann Example"), ("ben", "Ben Example")
        written = {
            "customers": rows("customers", *({"customer_id": one} for one, _ in people)),
            "customer_contacts": rows("customer_contacts", *(
                {"customer_id": one, "full_name": name, "email": f"{one}@example.org"} for one, name in people)),
            "orders": rows("orders", *({"order_id": one, "ordered_at": at, "customer_id": one, "kind": "sale"}
                                       for one, _ in people)),
            "order_lines": rows("order_lines", *({"order_id": one, "line_no": 1, "quantity": 1, "amount": 15}
                                                 for one, _ in people)),
        }  # fmt: skip
        for _ in range(2):
            with Shelf(home).draft() as draft:
                for name, table in written.items():
                    draft.replace_source(name, table, source="shop")
                draft.publish(facts_until="2025-01-01")
        (home / "incoming").mkdir()
        (home / "incoming" / "people.csv").write_text("customer_id,mail\nann,ann@example.org\nben,ben@example.org\n")
        return home

    return make
