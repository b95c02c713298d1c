"""A run makes one customer out of many records; every table then speaks of customers, and decisions hold."""

import builtins
from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa
import pytest

from crm_analytics.collection.identity.decisions import Decision
from crm_analytics.collection.identity.evidence import why, why_with_values
from crm_analytics.collection.identity.identify import decided, identify
from crm_analytics.collection.identity.linkage import NoSplink
from crm_analytics.collection.mapping.maps import read_map
from crm_analytics.collection.mapping.section import MapError
from crm_analytics.warehouse.engine import TableAbsent, Warehouse
from crm_analytics.warehouse.release import Company, IdentityRules, Shelf, WarehouseError
from crm_analytics.warehouse.tables import TABLES


def golden(home):
    rows = Warehouse.open(home).identities.to_pandas()
    return dict(zip(rows.customer_id, rows.golden_id, strict=True))


def groups(home):
    found = {}
    for record, name in golden(home).items():
        found.setdefault(name, set()).add(record)
    return {frozenset(records) for records in found.values() if len(records) > 1}


def decision(said, a, b, run, **more):
    return Decision(at=str(run.now), who=run.who, a=a, b=b, said=said, **more)


TRUE = {frozenset({"N1", "N2", "K1"}), frozenset({"N7", "W7"})}


@pytest.mark.parametrize("by", ["keys", "probability"])
def test_households_stay_apart_and_duplicates_are_joined(home, run, by):
    told = identify(home, by=by, run=run)
    assert groups(home) == TRUE
    assert told.customers == 6
    assert golden(home)["K1"] == "N1"


def test_every_table_speaks_of_customers(home, run):
    identify(home, by="keys", run=run)
    wh = Warehouse.open(home)
    assert wh.customers.count().to_pandas() == 6
    assert wh.as_recorded.customers.count().to_pandas() == 9
    assert wh.orders.customer_id.to_pandas().fillna("").value_counts().to_dict() == {"N1": 3, "": 1}
    anna = wh.customers.filter(wh.customers.customer_id == "N1").to_pandas().iloc[0]
    assert (anna.first_seen.date(), anna.region, anna.gender) == (date(2020, 1, 1), "Riga", "f")
    arms = wh.arms.to_pandas().set_index("customer_id").arm.to_dict()
    assert arms == {"N1": "treated", "N3": "control"}
    visits = wh.activity.to_pandas().set_index("customer_id").value.to_dict()
    assert visits == {"N1": 3.0, "N3": 5.0}
    source = wh.given_by("customers").to_pandas().query("customer_id == 'N1'").set_index("column").record_id
    assert source["region"] == "K1"
    assert source["gender"] == "N1"


def test_whoever_withdrew_under_one_id_is_not_written_to_under_the_other(home, run):
    book = {"purpose": "marketing", "channel": "email"}
    before = Warehouse.open(home).addresses(**book).of(["N1"], on=date(2025, 1, 1))
    identify(home, by="keys", run=run)
    after = Warehouse.open(home).addresses(**book)
    assert len(before) == 1
    assert len(after.of(["N1"], on=date(2025, 1, 1))) == 0
    assert after.of(["N1"], on=date(2023, 1, 1)).email.str.lower().tolist() == ["anna.ozola@mail.lv"]


def test_the_same_again_publishes_nothing_and_a_trial_neither(home, run):
    assert identify(home, by="keys", run=run, trial=True).release is None
    assert not Warehouse.open(home).has("identities")
    assert identify(home, by="keys", run=run).release.id == 2
    assert identify(home, by="keys", run=run).release is None
    assert Shelf(home).ids() == [1, 2]
    assert Warehouse.open(home).today == date(2025, 7, 1)


@pytest.mark.parametrize("by", ["keys", "probability"])
def test_a_company_without_duplicates_is_told_so(tmp_path, run, by):
    names = ["Anna Ozola", "Jonas Petrov"]
    people = pa.table({"customer_id": ["S1", "S2"], "source": ["shop"] * 2, "full_name": names})
    with Shelf(tmp_path).draft() as draft:
        for table in ("customers", "customer_contacts"):
            schema = TABLES[table].arrow_schema()
            told = {name: people[name] if name in people.column_names else [None] * 2 for name in schema.names}
            draft.replace_source(table, pa.table(told, schema=schema), source="shop")
        draft.publish(facts_until="2025-06-30")
    assert identify(tmp_path, by=by, run=run).customers == 2
    assert golden(tmp_path) == {"S1": "S1", "S2": "S2"}


def test_golden_ids_stand_as_records_arrive(home, run, arrives):
    identify(home, by="keys", run=run)
    before = golden(home)
    arrives(home, ("A0", "web", date(2019, 1, 1), "Riga", None, "Anna Ozola", None, "anna.ozola@mail.lv", None, None))
    later = replace(run, now=run.now + timedelta(days=1))
    assert Warehouse.open(home).customers.count().to_pandas() == 7  # until the next run it is its own
    identify(home, by="keys", run=later)
    now = golden(home)
    assert {record: now[record] for record in before} == before
    assert now["A0"] == "N1"
    log = Warehouse.open(home).identity_log.to_pandas()
    assert log[log.customer_id == "A0"][["who", "action", "before", "after", "why"]].to_numpy().tolist() == [
        ["clerk", "merged", "A0", "N1", "e-mail and name"]
    ]


def test_decisions_hold_at_once_and_in_every_later_run(home, run):
    identify(home, by="keys", run=run)
    decided(home, decision("separate", "K1", "N1", run), run=run)
    decided(home, decision("same", "N3", "N4", run, why="she told us"), run=run)
    expected = {frozenset({"N1", "N2"}), frozenset({"N7", "W7"}), frozenset({"N3", "N4"})}
    assert groups(home) == expected
    identify(home, by="keys", run=run)
    assert groups(home) == expected
    assert "somebody decided so" in str(why(Warehouse.open(home), "N3", "N4"))
    decided(home, decision("undo", "N4", "N3", run), run=run)
    decided(home, decision("undo", "K1", "N1", run), run=run)
    assert groups(home) == TRUE
    log = Warehouse.open(home).identity_log.to_pandas()
    assert {"same", "separate", "undo", "merged", "split"} <= set(log.action)
    with pytest.raises(WarehouseError, match="nothing to undo"):
        decided(home, decision("undo", "N5", "N6", run), run=run)
    with pytest.raises(WarehouseError, match="No customer record has the"):
        decided(home, decision("same", "N5", "X", run), run=run)


def test_why_tells_the_evidence_and_not_the_values(home, run):
    identify(home, run=run)
    wh = Warehouse.open(home)
    one, two, three = (str(why(wh, a, b)) for a, b in (("N1", "K1"), ("N3", "N4"), ("N5", "N6")))
    assert "are one customer: they share a certain key: telephone and name" in one
    assert "bits)" in one
    assert "are two customers: they contradict each other: different dates of birth" in two
    assert "different given names" in three
    for told in (one, two, three):
        assert not any(value in told.lower() for value in ("anna", "ozola", "200000", "@", "petrov", "1985", "liepa"))
    assert "ozola" in str(why_with_values(wh, "N1", "K1"))


def test_a_map_says_how_customers_are_made(tmp_path):
    told = "{keys: [tax_number], unique: [crm], survives: {customers.region: first, customers.kind: source a b}}"
    rules = mapped(tmp_path, told).company.identity
    assert (rules.keys, rules.unique) == (("tax_number",), ("crm",))
    assert dict(rules.survives) == {"customers.region": "first", "customers.kind": "source a b"}


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("{keys: [mail]}", "Did you mean 'email'"), ("{survives: {customers.regio: first}}", "Did you mean 'region'"),
        ("{survives: {customers.region: frist}}", "Did you mean 'first'"), ("{uniqe: [crm]}", "Did you mean 'unique'"),
    ],
)  # fmt: skip
def test_a_map_that_says_it_wrongly_is_answered(tmp_path, told, problem):
    with pytest.raises(MapError, match=problem):
        mapped(tmp_path, told)


def mapped(folder, identity):
    path = folder / "shop.yaml"
    path.write_text(
        f"source: shop\ncompany: {{name: Small, identity: {identity}}}\nfiles: {{people: {{path: people.csv}}}}\n"
        "tables: {customers: {from: people, columns: {customer_id: id}}}\n",
        "utf-8",
    )
    return read_map(path)


def test_the_companys_own_rules_of_survival_hold(home, run):
    manifest = home / "warehouse" / "releases" / "000001.json"
    rules = IdentityRules(survives=(("customers.region", "source crm"), ("customer_contacts.email", "first")))
    release = replace(Shelf(home).release(), company=Company(name="Small", country="LV", identity=rules))
    manifest.write_text(release.to_json(), "utf-8")
    identify(home, by="keys", run=run)
    customers = Warehouse.open(home).customers
    assert customers.filter(customers.customer_id == "N1").region.to_pandas().tolist() == ["Tartu"]


def test_a_source_that_has_everybody_once_is_believed(home, run):
    manifest = home / "warehouse" / "releases" / "000001.json"
    company = Company(name="Small", country="LV", identity=IdentityRules(unique=("crm",)))
    manifest.write_text(replace(Shelf(home).release(), company=company).to_json(), "utf-8")
    identify(home, by="keys", run=run)
    assert groups(home) == {frozenset({"N1", "K1"}), frozenset({"N7", "W7"})}


def test_without_contacts_there_is_nobody_to_identify(tmp_path, run, home):
    import shutil

    manifest = home / "warehouse" / "releases" / "000001.json"
    text = manifest.read_text("utf-8").replace('"customer_contacts"', '"suppliers_of_old"')
    other = tmp_path / "other"
    shutil.copytree(home / "warehouse", other / "warehouse")
    (other / "warehouse" / "releases" / "000001.json").write_text(text, "utf-8")
    with pytest.raises(TableAbsent, match="nobody to identify"):
        identify(other, run=run)


def test_without_splink_the_way_out_is_said(home, run, monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **named):
        if name.split(".")[0] == "splink":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(NoSplink, match="pip install"):
        identify(home, run=run)
    assert identify(home, by="keys", run=run).customers == 6


def test_splink_says_nothing(home, run, capfd):
    identify(home, run=run)
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def arrives():
    from crm_analytics.collection.identity.identify import known

    def one_more(home, person):
        wh = Warehouse.open(home)
        assert person[0] not in set(known(wh).customer_id)
        names = ("customer_id", "source", "first_seen", "region", "gender", "full_name", "birth_date", "email", "phone",
                 "address")  # fmt: skip
        given = dict(zip(names, person, strict=True))
        with Shelf(home).draft() as draft:
            for table in ("customers", "customer_contacts"):
                schema = TABLES[table].arrow_schema()
                old = wh._rows(table).to_pyarrow()
                old = old.filter(pa.compute.equal(old["source"], given["source"])).select(schema.names).cast(schema)
                new = pa.table({name: [given.get(name)] for name in schema.names}, schema=schema)
                draft.replace_source(table, pa.concat_tables([old, new]), source=given["source"])
            draft.publish(facts_until="2025-06-30")

    return one_more


