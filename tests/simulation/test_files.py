"""The files are what six old systems would export; loaded by the demo maps they are the clean company again."""

import json
from collections import Counter
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from crm_analytics import Defects, features
from crm_analytics.simulation.company import Simulation
from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.tables import TABLES


@pytest.fixture(scope="module")
def folder(demo_home):
    return demo_home / "incoming"


@pytest.fixture(scope="module")
def dirt(folder):
    return json.loads((folder / "truth" / "truth.json").read_text("utf-8"))["dirt"]


@pytest.fixture(scope="module")
def slips(dirt):
    """The mistakes in lines that were loaded."""
    return [one for one in dirt if one["fate"] == "loaded"]


def test_what_is_loaded_is_the_clean_company_with_the_slips_that_were_planted(demo_home, simulation, slips):
    loaded, changed = Warehouse.open(demo_home), 0
    for name, clean in simulation.tables().items():
        key = [(column, "ascending") for column in TABLES[name].key]
        rows = _but_again(_as_persons(loaded._read(name).to_pyarrow(), name, simulation), slips)
        rows = rows.select(clean.column_names).cast(clean.schema)
        spoilt = _spoilt(clean, name, slips)
        assert rows.sort_by(key).equals(spoilt.sort_by(key)), name
        changed += not spoilt.equals(clean)
    assert changed >= 8


def test_the_slips_are_found_and_told_by_what_looks_for_mistakes(demo_home, slips):
    found = Defects().fit(features.defects(Warehouse.open(demo_home))).found.set_index(["kind", "table", "column"])
    told = Counter()
    for one in slips:
        baskets = one["kind"] == "one basket, two customers"
        told[(one["kind"], *one["place"].split("."))] += 2 * len(one["again"]) if baskets else one["lines"]
    assert len({kind for kind, _, _ in told}) >= 14
    for place, lines in told.items():
        assert place in found.index, place
        assert found.loc[place, "rows"] >= lines, place
        assert found.loc[place, "examples"], place
        assert found.loc[place, "fix"], place


def test_slips_leave_the_money_alone(demo_home, simulation, slips):
    """But for test orders of a cent and a handful of baskets that were booked on somebody else's card, too."""
    clean = pc.sum(simulation.tables()["order_lines"]["amount"]).as_py()
    lines = Warehouse.open(demo_home).order_lines.to_pyarrow()
    assert pc.sum(_but_again(lines, slips)["amount"]).as_py() == clean
    assert clean < pc.sum(lines["amount"]).as_py() < clean * Decimal("1.002")


def _but_again(rows, slips):
    """Without what was booked once more."""
    again = pa.array([order for one in slips for order in one.get("again", ())], pa.string())
    return rows if "order_id" not in rows.column_names else rows.filter(pc.invert(pc.is_in(rows["order_id"], again)))


def _spoilt(clean, name, slips):
    """The clean rows with the same cells wrong."""
    for one in slips:
        table, column = one["place"].split(".")
        column = "price" if column == "amount" else column
        if table == name and "lost" in one:
            clean = clean.filter(pc.not_equal(clean[column], one["lost"]))
        elif table == name and "cells" in one:
            told = len(one["cells"][0][0])
            varied = [c for c in TABLES[name].key if len(pc.unique(clean[c])) > 1]
            keys = varied if len(varied) == told else TABLES[name].key
            place = {key: i for i, key in enumerate(zip(*(_texts(clean[c]) for c in keys), strict=True))}
            values = clean[column].to_pylist()
            for key, value in one["cells"]:
                if (at := place.get(tuple(_iso(part) for part in key))) is not None:
                    values[at] = value
            field = clean.schema.field(column)
            new = pa.array([None if v is None else str(v) for v in values], pa.string()).cast(field.type)
            clean = clean.set_column(clean.column_names.index(column), field, new)
    return clean


def _texts(column):
    return [str(value) for value in column.to_pylist()]


def _iso(text):
    """A day as any of the systems writes it."""
    return "-".join(reversed(text.split("."))) if text.count(".") == 2 else text


def _as_persons(rows, name, simulation):
    """The loaded rows as they would be had nobody been written down a second time."""
    if "customer_id" not in rows.column_names:
        return rows
    again = simulation.truth.duplicates.query("kind != 'caller'")
    if name in ("customers", "customer_contacts"):
        return rows.filter(pc.invert(pc.is_in(rows["customer_id"], pa.array(again.record_id.tolist()))))
    person = dict(zip(again.record_id, again.customer_id, strict=True))
    ids = [person.get(one, one) for one in rows["customer_id"].to_pylist()]
    return rows.set_column(rows.column_names.index("customer_id"), "customer_id", pa.array(ids, pa.string()))


def test_orders_of_a_customer_written_down_twice_are_booked_on_both_records(demo_home, truth):
    again = truth.duplicates.query("kind != 'caller'")
    booked = Warehouse.open(demo_home).orders.customer_id.to_pandas().dropna()
    assert 0.02 < len(again) / 2000 < 0.06
    assert booked.isin(again.record_id).sum() > 30
    assert booked.isin(again.customer_id).sum() > booked.isin(again.record_id).sum()


def test_the_quarantine_holds_the_dirt_and_nothing_else(demo_home, dirt):
    planted = Counter()
    for one in dirt:
        if one["fate"] == "refused":
            planted[one["file"]] += one["lines"]
    loads = Warehouse.open(demo_home).loads.to_pandas().set_index("file")
    assert loads["lines_quarantined"][loads["lines_quarantined"] > 0].to_dict() == dict(planted)


def test_dirt_is_a_small_share_and_of_many_kinds(demo_home, dirt):
    loads = Warehouse.open(demo_home).loads.to_pandas()
    assert sum(one["lines"] for one in dirt) <= 0.005 * loads["lines_read"].sum()
    assert len({one["kind"] for one in dirt}) >= 15


def test_each_system_writes_in_its_own_way(folder):
    journal = (folder / "shop_sales_2023.csv").read_bytes()
    assert journal.decode("cp1251").startswith("Чек;Строка;Дата")
    with pytest.raises(UnicodeDecodeError):
        journal.decode("utf-8")
    assert (folder / "crm_customers.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "\t" in (folder / "callcentre_calls.tsv").read_text("utf-8").splitlines()[0]
    assert not (folder / "shop_sales_2025.csv").read_bytes().endswith(b"\n")


def test_good_lines_are_odd_at_times(folder, dirt):
    customers = pd.read_csv(folder / "crm_customers.csv", dtype=str)
    planted = {one["kind"]: one["lines"] for one in dirt if one["fate"] == "mended"}
    assert customers["full_name"].str.startswith("=HYPERLINK").sum() == planted["a formula as a name"] > 0
    assert customers["region"].str.isupper().sum() >= planted["a region in capitals"] > 0
    assert customers["full_name"].str.contains('"').any()
    assert customers["full_name"].str.contains("[А-я]").any()
    assert customers["region"].str.endswith(" ").any()


def test_addresses_are_invented(folder):
    customers = pd.read_csv(folder / "crm_customers.csv", dtype=str)
    assert customers["email"].dropna().str.lower().str.endswith("@example.com").all()
    assert customers["phone"].dropna().str.fullmatch(r"\+3712\d{7}|2[\d ]{8}").all()


def test_the_truth_lies_beside_the_files(folder, truth):
    written = pd.read_parquet(folder / "truth" / "campaigns.parquet")
    pd.testing.assert_series_equal(written["incremental_revenue"], truth.campaigns["incremental_revenue"])
    assert len(pd.read_parquet(folder / "truth" / "customers.parquet")) == 2000


def test_the_same_seed_writes_the_same_bytes(folder, tmp_path):
    for path in Simulation(customers=2000, seed=1).write(tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name
