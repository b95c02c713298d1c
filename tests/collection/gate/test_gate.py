"""The gate: a healthy company passes it night after night, and what goes wrong on the way in is caught there."""

import shutil
from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from crm_analytics.collection.gate.checks import COLUMNS, Gate
from crm_analytics.collection.loading.bench import Bench
from crm_analytics.collection.loading.increments import files_of
from crm_analytics.simulation.company import Simulation
from crm_analytics.warehouse.release import Company, Shelf
from crm_analytics.warehouse.tables import SYSTEM_TABLES

BEGAN, NIGHTS = datetime(2025, 3, 1), 60
MOMENTS = {"orders": "ordered_at", "customers": "first_seen"}


class Shipments:
    """What the company's systems send on one day: that day's orders, and the whole list of customers."""

    def __init__(self):
        self.tables = {
            name: rows
            for name, rows in Simulation(customers=8000, seed=3).tables().items()
            if name in (*MOMENTS, "order_lines")
        }

    def of(self, day: datetime) -> dict[str, pa.Table]:
        sent = {
            name: self._between(name, datetime(2000, 1, 1) if name == "customers" else day, day + timedelta(days=1))
            for name in MOMENTS
        }
        return sent | {"order_lines": among(self.tables["order_lines"], sent["orders"])}

    def _between(self, name: str, since: datetime, until: datetime) -> pa.Table:
        moment = pc.cast(self.tables[name][MOMENTS[name]], pa.timestamp("us"))
        kept = pc.and_(pc.greater_equal(moment, pa.scalar(since)), pc.less(moment, pa.scalar(until)))
        return self.tables[name].filter(kept)


def among(lines: pa.Table, orders: pa.Table) -> pa.Table:
    return lines.filter(pc.is_in(lines["order_id"], value_set=orders["order_id"].combine_chunks()))


def put(rows: pa.Table, column: str, values) -> pa.Table:
    at = rows.schema.get_field_index(column)
    return rows.set_column(at, rows.schema.field(at), pc.cast(values, rows.schema.field(at).type, safe=False))


def judged(home, sent: dict[str, pa.Table], day: datetime, *, publish: bool) -> Gate:
    """Write what was sent on a day, hold it against what is expected, and publish it if it is to be remembered."""
    shelf = Shelf(home)
    with shelf.draft() as draft:
        for name, rows in sent.items():
            draft.replace_source(name, rows, source="shop")
        with Bench(shelf.workshop, readable=shelf.folder) as bench:
            gate = Gate(bench, draft.as_release(), draft.base, now=day + timedelta(days=1, hours=3))
            gate.judge("shop", dict.fromkeys(sent, ()))
        if publish:
            columns = dict(zip(COLUMNS, map(list, zip(*gate.rows["shop"], strict=True)), strict=True))
            columns["source"] = ["shop"] * len(columns["measure"])
            rows = pa.Table.from_pydict(columns, schema=SYSTEM_TABLES["measures"].arrow_schema())
            before = files_of(draft.base, "measures").get("shop", ())
            parts = draft.write("measures", rows, source="shop")
            draft.adopt("measures", source="shop", parts=parts, staying=before)
            draft.publish(company=Company(), loads={"shop": ""})
    return gate


@pytest.fixture(scope="module")
def shipments():
    return Shipments()


@pytest.fixture(scope="module")
def nights(shipments, tmp_path_factory):
    """Sixty nights of a healthy company: its home, and what the gate said each night."""
    home = tmp_path_factory.mktemp("nights")
    days = [BEGAN + timedelta(days=number) for number in range(NIGHTS)]
    return home, [judged(home, shipments.of(day), day, publish=True) for day in days]


def test_a_healthy_company_is_hardly_ever_warned_and_never_stopped(nights):
    _, gates = nights
    asked = [finding for gate in gates for finding in gate.findings]
    warned = [finding.check for finding in asked if finding.text]
    assert len(asked) > 1000
    assert len(warned) <= 0.02 * len(asked), [check.text for check in warned]
    assert {check.verdict for check in warned} <= {"weak"}


def test_what_has_no_history_is_not_judged_by_it(nights):
    _, gates = nights
    assert all(not finding.expectation.usual for finding in gates[0].findings)
    assert any(finding.expectation.usual for finding in gates[10].findings)


def half(sent, _):
    orders = sent["orders"].filter(pa.array([number % 2 == 0 for number in range(sent["orders"].num_rows)]))
    return {"orders": orders, "order_lines": among(sent["order_lines"], orders)}


def emptied(sent, _):
    return {"orders": put(sent["orders"], "customer_id", pa.nulls(sent["orders"].num_rows, pa.string()))}


def scaled(by):
    def amounts(sent, _):
        lines = sent["order_lines"]
        for column in ("price", "amount"):
            lines = put(lines, column, pc.multiply(pc.cast(lines[column], pa.float64()), by))
        return {"order_lines": lines}

    return amounts


def region_gone(sent, _):
    return {"customers": sent["customers"].filter(pc.not_equal(sent["customers"]["region"], "Kurzeme"))}


def web_shop_gone(sent, _):
    orders = sent["orders"].filter(pc.not_equal(sent["orders"]["channel"], "web"))
    return {"orders": orders, "order_lines": among(sent["order_lines"], orders)}


def yesterday(_, before):
    return before


def a_year_off(sent, _):
    moments = pc.subtract(sent["orders"]["ordered_at"], pa.scalar(timedelta(days=365)))
    return {"orders": put(sent["orders"], "ordered_at", moments)}


def lines_lost(sent, _):
    return {"order_lines": sent["order_lines"].slice(0, sent["order_lines"].num_rows // 2)}


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (half, "new rows of orders a day"),
        (emptied, "customer id is empty in 100 % of orders"),
        (scaled(100), "A typical price of order lines"),
        (scaled(4.3), "A typical price of order lines"),
        (region_gone, "region is «Kurzeme» in 0 % of customers"),
        (web_shop_gone, "«web» in 0 % of orders"),
        (yesterday, "shop brings 0 new rows of orders a day"),
        (a_year_off, "The newest of orders from shop is 365 days old"),
        (lines_lost, "of orders from shop have no order lines"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_goes_wrong_is_caught(nights, shipments, fault, told):
    home, _ = nights
    day = BEGAN + timedelta(days=NIGHTS)
    sent = shipments.of(day)
    broken = fault(sent, shipments.of(day - timedelta(days=1)))
    gate = judged(home, sent | broken, day, publish=False)
    assert any(told in finding.text for finding in gate.findings), [f.text for f in gate.findings if f.text]


def test_a_damaged_history_shows_in_files_that_are_cumulative(shipments, tmp_path):
    whole = shipments.tables
    for number in range(8):
        day = BEGAN + timedelta(days=number)
        moment = pc.cast(whole["orders"]["ordered_at"], pa.timestamp("us"))
        orders = whole["orders"].filter(pc.less(moment, pa.scalar(day + timedelta(days=1))))
        sent = {"orders": orders, "order_lines": among(whole["order_lines"], orders)}
        gate = judged(tmp_path, half(sent, None) if number == 7 else sent, day, publish=True)
        told = [finding.text for finding in gate.findings if finding.text]
        assert bool(told) == (number == 7), told
    assert any("rows of orders" in text for text in told)


SOLD = "r4;1;08.01.2025 10:00;ann;fig;1;{price};1,00\n"


def add(shop, line: str) -> None:
    shop.file("sales.csv", (shop.data / "sales.csv").read_text() + line)


def expectation_checks(report):
    return [check for check in report.checks if check.name == "expectation"]


def test_a_condition_that_rows_break_warns_in_the_report_and_stays_with_the_release(shop):
    add(shop, SOLD.format(price="-1,00"))
    report = shop.load()
    [check] = expectation_checks(report)
    assert (check.verdict, check.text) == ("weak", "1 of 5 rows of order lines from shop break «price >= 0».")
    assert report.published
    assert check in shop.open().release.checks


def expecting(shop, *lines: str) -> None:
    shop.map += "expect:\n  order_lines:\n" + "".join(f"    - {line}\n" for line in lines)


def test_a_map_makes_a_load_stop_or_pass(shop):
    before, plain = shop.load(), shop.map
    add(shop, SOLD.format(price="-1,00"))
    expecting(shop, '{that: "price >= 0", else: stop}')
    report = shop.load()
    assert (report.stopped, report.exit_code, report.release) == (True, 1, None)
    assert shop.open().release == before.release
    shop.map = plain
    expecting(shop, '{that: "price >= 0", else: pass}')
    assert not expectation_checks(shop.load())
    shop.map = plain
    expecting(shop, '{that: "price >= 0", tolerate: 0.2, else: stop}')
    assert shop.load().published


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{that: "rows at least 5"}', "shop brings 4 rows of order lines; expected is «rows at least 5»."),
        ('{that: "sum amount between 8 and 9"}', "expected is «sum amount between 8 and 9»"),
        ('{that: "empty list_price at most 0.5"}', "list price is empty in 100 % of order lines"),
        ("{that: \"amount = price * quantity OR product_id = 'x'\"}", ""),
        ('{that: "price < amount"}', "2 of 4 rows of order lines from shop break «price < amount»"),
    ],
)
def test_a_map_says_what_it_expects(shop, line, told):
    expecting(shop, line)
    checks = expectation_checks(shop.load())
    assert [told in check.text for check in checks] == [True] * bool(told)


def test_the_newest_may_be_so_old(shop):
    shop.map += 'expect: {orders: [{that: "newest within 30 days", else: stop}]}\n'
    report = shop.load()
    assert report.stopped
    assert "expected is «newest within 30 days»" in report.text


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('{that: "price >= 0", els: stop}', "did you mean 'else'"),
        ('{that: "price >= 0", else: halt}', "should be warn, stop or pass"),
        ('{that: "prise >= 0"}', "did you mean 'price'"),
        ('{that: "empty prise as usual"}', "did you mean 'price'"),
        ('{that: "sum product_id as usual"}', "of which there could be said 'sum'"),
        ('{that: "rows within 3 days"}', "newest within 3 days"),
        ('{that: "price >= (SELECT 1)"}', "which a map may not"),
        ('{that: "price"}', "is no condition"),
        ('{that: "price >= 0", tolerate: 2}', "a share between 0 and 1"),
    ],
)
def test_what_is_no_expectation_is_said_before_anything_is_read(shop, line, sentence):
    from crm_analytics.collection import MapError

    expecting(shop, line)
    with pytest.raises(MapError, match=r"shop\.yaml, expect\.order_lines") as error:
        shop.load()
    assert sentence.lower() in str(error.value).lower()
    assert not (shop.home / "warehouse").exists()


def test_a_table_that_the_map_does_not_fill_cannot_be_expected_of(shop):
    from crm_analytics.collection import MapError

    shop.map += 'expect: {stores: [{that: "rows at least 1"}]}\n'
    with pytest.raises(MapError, match="table that this map fills"):
        shop.load()


def test_yesterdays_file_under_todays_name_is_told(shop):
    shop.file("sales_0105.csv", (shop.data / "sales.csv").read_text())
    (shop.data / "sales.csv").unlink()
    shop.load()
    (shop.data / "sales_0105.csv").rename(shop.data / "sales_0106.csv")
    [check] = [check for check in shop.load().checks if check.name == "the same file"]
    assert "sales_0106.csv" in check.text
    assert "sales_0105.csv" in check.text


def test_another_currency_is_told_and_stops_where_it_is_of_a_part_only(shop, make_other):
    shop.load()
    shop.map = shop.map.replace("currency: EUR", "currency: USD")
    [check] = [check for check in shop.load().checks if check.name == "currency"]
    assert (check.verdict, check.text) == ("weak", "The company's money is USD; before it was EUR.")
    make_other(shop)
    shop.map = shop.map.replace("currency: USD", "currency: GBP")
    report = shop.load()
    assert report.stopped
    assert "but other would stay as loaded" in report.text


@pytest.fixture
def make_other():
    """Let another source have brought something, too."""

    def publish(shop) -> None:
        from crm_analytics.warehouse.tables import TABLES

        row = dict.fromkeys(TABLES["leads"].arrow_schema().names)
        row |= {"lead_id": "1", "at": datetime(2025, 1, 1), "cost": Decimal(1), "source": "other"}
        with Shelf(shop.home).draft() as draft:
            rows = pa.Table.from_pylist([row], schema=TABLES["leads"].arrow_schema())
            draft.replace_source("leads", rows, source="other")
            draft.publish(loads={"other": ""})

    return publish


def test_what_follows_from_the_lines_is_what_counting_finds(shop, monkeypatch):
    """Orders that were taken from the lines of their goods have goods; nobody need count, and who counts finds so."""
    from crm_analytics.collection.loading.crosscheck import Crosscheck

    def without():
        told = shop.open().measures.to_pandas()
        return told[told["measure"] == "without order_lines"][["number", "counted"]].to_numpy().tolist()

    shop.file("sales.csv", (shop.data / "sales.csv").read_text() + "r7;1;soon;ann;fig;1;1,00;1,00\n")
    shop.map = shop.map.replace("    decimal:", "    tolerate: 0.5\n    decimal:", 1)
    assert shop.load().published
    known = without()
    shutil.rmtree(shop.home)
    monkeypatch.setattr(Crosscheck, "with_rows_below", lambda _: frozenset())
    assert shop.load().published
    assert without() == known == [[0.0, 3]]
