"""Identify: one customer out of many records, as a release of its own.

Loading never changes who is who: a new record is a customer of its own until the next run. A run looks at every record
again, keeps every golden id it can, and logs what it merged and split.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crm_analytics.collection.identity.comparisons import COMPARISONS
from crm_analytics.collection.identity.decisions import Decision, decide, history, standing
from crm_analytics.collection.identity.find import Rules, certainty, grouped, joining, weighed
from crm_analytics.collection.identity.golden import Change, named
from crm_analytics.collection.identity.records import FIELDS, records
from crm_analytics.say import say
from crm_analytics.warehouse.engine import TableAbsent, Warehouse
from crm_analytics.warehouse.release import Draft, Release, Shelf, WarehouseError
from crm_analytics.warehouse.tables import SYSTEM_TABLES

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "identity"
NEEDED = ("customers", "customer_contacts")
METHODS = {"tax_number": "tax number", "email": "e-mail and name", "phone": "telephone and name"}
DECIDED, PROBABLE, ALONE = "decision", "probability", "alone"


@dataclass(frozen=True, kw_only=True)
class Identification:
    """What a run found: `identities` as the table of that name, `changes` against the run before."""

    identities: pd.DataFrame = field(repr=False)
    changes: tuple[Change, ...] = field(repr=False)
    contradicted: int
    release: Release | None = None
    """The release that shows it; None while nothing changed, or where it was only tried."""
    tried: bool = False

    @property
    def customers(self) -> int:
        return self.identities.golden_id.nunique()

    def __str__(self) -> str:
        methods = self.identities.method.value_counts()
        joined = ", ".join(
            say("{n:count} by {method}", n=n, method=say(method)) for method, n in methods.items() if method != ALONE
        )
        lines = [
            say(
                "{records:count} records are {customers:count} customers"
                + (": {joined}." if joined else "; none of them is another's duplicate."),
                records=len(self.identities),
                customers=self.customers,
                joined=joined,
            )
        ]
        if self.contradicted:
            lines.append(
                say(
                    "{n:count} pairs look alike and contradict each other, or share only what a household shares; they "
                    "stay apart.",
                    n=self.contradicted,
                )
            )
        merged, split = (sum(change.action == word for change in self.changes) for word in ("merged", "split"))
        sentence = "Since the last run {m:count} records were merged and {s:count} split off."
        lines.append(say(sentence, m=merged, s=split))
        if self.release:
            lines.append(say("Release {id} shows it.", id=self.release.id))
        else:
            lines.append(say("Nothing was published: this was a trial." if self.tried else "Nothing changed."))
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Run:
    """Who asked for a run, and when: what the log writes down."""

    who: str
    now: datetime


def rules_of(wh: Warehouse, *, threshold: float = 0.95, by: str = PROBABLE) -> Rules:
    """The company's own rules, as its map declares them."""
    declared = wh.company.identity
    return Rules(threshold=threshold, keys=declared.keys, unique=declared.unique, by=by)


def known(wh: Warehouse) -> pd.DataFrame:
    """What is known of every record, personal values included: FIELDS, one row a customer id, as it was recorded."""
    if not wh.has(*NEEDED):
        raise TableAbsent(
            f"{wh.company.name} has no customer contacts to compare, so there is nobody to identify; a map that feeds "
            "customer_contacts brings names, e-mails and telephones."
        )
    people, reached = wh._rows("customers"), wh._rows("customer_contacts")
    wanted = [name for name in reached.columns if name in FIELDS and name not in ("customer_id", "source")]
    joined = people.left_join(reached.select("customer_id", *wanted), "customer_id")
    return joined.select(*(name for name in FIELDS if name in joined.columns)).to_pandas()


def identify(
    home: str | Path,
    *,
    threshold: float = 0.95,
    by: str = PROBABLE,
    run: Run,
    trial: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Identification:
    """Look at every record of the company anew and publish who is who; a trial publishes nothing.

    Raises TableAbsent when there is nothing to compare, NoSplink when probabilities are asked for without splink.
    """
    shelf = Shelf(Path(home))
    with shelf.draft() as draft:
        wh = _opened(shelf, draft)
        rules = rules_of(wh, threshold=threshold, by=by)
        progress("standardising names, addresses and numbers")
        people = records(known(wh), country=wh.company.country)
        progress("comparing records")
        pairs = weighed(people, rules)
        return _settled(draft, wh, people=people, pairs=pairs, rules=rules, run=run, trial=trial)


def decided(home: str | Path, decision: Decision, *, threshold: float = 0.95, run: Run) -> Identification:
    """Write somebody's decision down and let it hold at once; the evidence of the last run stays as it is.

    Raises WarehouseError for a record that is not there, or when there is nothing to undo.
    """
    shelf = Shelf(Path(home))
    with shelf.draft() as draft:
        wh = _opened(shelf, draft)
        wh.require(*NEEDED, "identities")
        here = known(wh)
        for place, record in (("first", decision.a), ("second", decision.b)):
            if record not in set(here.customer_id):  # not repeated: somebody may have given an address for an id
                raise WarehouseError(f"No customer record has the {place} id; give ids as the sources say them.")
        if decision.a == decision.b:
            raise WarehouseError(f"{decision.a} is one record; name two.")
        decide(shelf.home, decision)
        rules = replace(rules_of(wh), threshold=threshold)
        return _settled(draft, wh, people=here[["customer_id", "first_seen"]], pairs=stored_pairs(wh), rules=rules,
                        run=run, decision=decision)  # fmt: skip


def stored_pairs(wh: Warehouse) -> pd.DataFrame:
    """The pairs that the last run weighed, as `find.weighed` gave them."""
    columns = ["a", "b", "weight", "key", "against", "thin", "fields"]
    if not wh.has("identity_pairs"):
        import pandas as pd

        return pd.DataFrame(columns=columns)
    pairs = wh.identity_pairs.select(*columns).to_pandas()
    return pairs.fillna({"key": "", "against": "", "thin": ""}).sort_values(["a", "b"], ignore_index=True)


def _opened(shelf: Shelf, draft: Draft) -> Warehouse:
    if draft.base is None:
        shelf.release()  # says that nothing has been loaded
    return Warehouse(shelf, draft.base)


def _settled(
    draft: Draft, wh: Warehouse, *, people: pd.DataFrame, pairs: pd.DataFrame, rules: Rules, run: Run,
    trial: bool = False, decision: Decision | None = None,
) -> Identification:  # fmt: skip
    """From pairs to golden ids, and to a release where anything changed."""
    decisions = [(one.a, one.b, one.said) for one in standing(history(draft.shelf.home))]
    present = set(people.customer_id)
    decisions = [one for one in decisions if present.issuperset(one[:2])]
    groups = grouped(pairs, rules, decisions=decisions)
    before = wh.identities.to_pandas() if wh.has("identities") else None
    known_ids = {} if before is None else dict(zip(before.customer_id, before.golden_id, strict=True))
    since = {} if before is None else dict(zip(before.customer_id, before.since, strict=True))
    seen = people.first_seen.astype("str").fillna("9999")
    age = {
        record: (str(since.get(record, run.now)), day) for record, day in zip(people.customer_id, seen, strict=True)
    }
    golden, changes = named(groups, before=known_ids, age=age)
    identities = _identities(golden, pairs, rules=rules, decisions=decisions)
    identities["since"] = [
        since[record] if known_ids.get(record) == name else run.now for record, name in golden.items()
    ]
    contradicted = int(((pairs.weight >= _bits(rules)) & ((pairs.against != "") | (pairs.thin != ""))).sum())
    told = Identification(
        identities=identities, changes=tuple(changes), contradicted=contradicted, tried=trial
    )
    if trial or (decision is None and before is not None and known_ids == golden and _same(wh, pairs)):
        return told
    _write(draft, wh, told, pairs=pairs, run=run, decision=decision)
    return replace(told, release=draft.publish(facts_until=draft.base.facts_until))


def _bits(rules: Rules) -> float:
    from crm_analytics.collection.identity.linkage import weight

    return weight(rules.threshold)


def _same(wh: Warehouse, pairs: pd.DataFrame) -> bool:
    old = stored_pairs(wh)
    return len(old) == len(pairs) and (old[["a", "b"]].to_numpy() == pairs[["a", "b"]].to_numpy()).all()


def _identities(
    golden: dict[str, str], pairs: pd.DataFrame, *, rules: Rules, decisions: list[tuple[str, str, str]]
) -> pd.DataFrame:
    """Each record with what joined it: the strongest pair within its group."""
    import pandas as pd

    good = pairs[joining(pairs, rules)]
    within = good[good.a.map(golden) == good.b.map(golden)]
    best: dict[str, tuple[float, str]] = {}
    for a, b, key, sure in zip(within.a, within.b, within.key, certainty(within), strict=True):
        method = METHODS.get(key, PROBABLE)
        for record in (a, b):
            best[record] = max(best.get(record, (0.0, "")), (sure, method))
    by_hand = {record for a, b, said in decisions if said == "same" for record in (a, b)}
    sizes = pd.Series(golden).value_counts()
    rows = []
    for record, name in golden.items():
        sure, method = best.get(record, (1.0, DECIDED if record in by_hand and sizes[name] > 1 else ALONE))
        rows.append((record, name, method if sizes[name] > 1 else ALONE, sure if sizes[name] > 1 else 1.0))
    return pd.DataFrame(rows, columns=["customer_id", "golden_id", "method", "probability"])


def _write(
    draft: Draft, wh: Warehouse, told: Identification, *, pairs: pd.DataFrame, run: Run, decision: Decision | None
) -> None:
    import pandas as pd

    golden = dict(zip(told.identities.customer_id, told.identities.golden_id, strict=True))
    method = dict(zip(told.identities.customer_id, told.identities.method, strict=True))
    joined = pairs.a.map(golden) == pairs.b.map(golden)
    fields = pairs.fields if "fields" in pairs else _fields(pairs)
    log = [
        {"customer_id": c.customer_id, "action": c.action, "before": c.before, "after": c.after,
         "why": method[c.customer_id] if c.action == "merged" else "the evidence no longer carries it"}
        for c in told.changes
    ]  # fmt: skip
    if decision is not None:
        log.insert(0, {"customer_id": decision.a, "action": decision.said, "before": decision.b,
                       "after": golden[decision.a], "why": decision.why or "somebody's decision"})  # fmt: skip
    fresh = pd.DataFrame(log, columns=["customer_id", "action", "before", "after", "why"]).assign(
        at=run.now, who=run.who
    )
    old = wh.identity_log.to_pandas() if wh.has("identity_log") else fresh.iloc[:0]
    _put(draft, "identities", told.identities)
    _put(draft, "identity_pairs", pairs.assign(fields=fields, joined=joined))
    _put(draft, "identity_log", pd.concat([old, fresh], ignore_index=True) if len(old) else fresh)


def _fields(pairs: pd.DataFrame) -> list[str]:
    """The weight of every field of each pair, as one text."""
    names = [one.field for one in COMPARISONS if one.field in pairs]
    return [
        json.dumps({name: value for name, value in zip(names, row, strict=True) if value == value})
        for row in pairs[names].astype(float).to_numpy().tolist()
    ]


def _put(draft: Draft, table: str, frame: pd.DataFrame) -> None:
    import pyarrow as pa

    schema = SYSTEM_TABLES[table].arrow_schema()
    given = {name: list(frame[name]) for name in schema.names if name != "source"} | {"source": [SOURCE] * len(frame)}
    columns = [pa.array(given[one.name], type=one.type, from_pandas=True) for one in schema]
    draft.replace_source(table, pa.Table.from_arrays(columns, schema=schema), source=SOURCE)
