"""Why two records are one customer, or are not: the evidence field by field, in words and bits, never the values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crm_analytics.collection.identity.comparisons import COMPARISONS
from crm_analytics.collection.identity.decisions import history, standing
from crm_analytics.collection.identity.identify import METHODS, known, stored_pairs
from crm_analytics.collection.identity.judgement import certain_pairs, judged
from crm_analytics.collection.identity.linkage import probability
from crm_analytics.collection.identity.records import records
from crm_analytics.collection.mapping.conversion import quoted
from crm_analytics.say import say
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.warehouse.engine import Warehouse

UNKNOWN = "not known of both"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for and against two records being one customer."""

    a: str
    b: str
    joined: bool
    sentence: str
    fields: pd.DataFrame = field(repr=False)
    """field, degree (same, alike, other …), bits (for one customer when positive; NaN where it was not weighed)."""
    values: pd.DataFrame | None = field(default=None, repr=False)
    """What the records say, standardised; only where it was asked for."""

    def __str__(self) -> str:
        lines = [self.sentence]
        for row in self.fields.itertuples():
            bits = "" if row.bits != row.bits else say(" ({bits} bits)", bits=f"{row.bits:+.1f}")
            lines.append(f"  {say(row.field)}: {say(row.degree)}{bits}")
        if self.values is not None:
            lines += ["", self.values.to_string()]
        return "\n".join(lines)


def why(wh: Warehouse, a: str, b: str) -> Evidence:
    """Why these two records are one customer, or why they are not.

    Raises WarehouseError for a record that is not there. Before the first run there are degrees and
    contradictions, and no bits: what a field is worth is learnt by a run.
    """
    return _why(wh, a, b, shown=False)


def why_with_values(wh: Warehouse, a: str, b: str) -> Evidence:
    """The same with the values side by side: personal, for the eyes of whoever decides."""
    return _why(wh, a, b, shown=True)


def _why(wh: Warehouse, a: str, b: str, *, shown: bool) -> Evidence:
    import pandas as pd

    first, second = sorted((a, b))
    everybody = known(wh)
    both = everybody[everybody.customer_id.isin((first, second))]
    for place, record in (("first", a), ("second", b)):
        if record not in set(both.customer_id):
            raise WarehouseError(f"No customer record has the {place} id; give ids as the sources say them.")
    if a == b:
        raise WarehouseError(f"{a} is one record; name two.")
    people = records(both, country=wh.company.country)
    pair = pd.DataFrame({"a": [first], "b": [second]})
    stored = stored_pairs(wh)
    stored = stored[(stored.a == first) & (stored.b == second)]
    told = stored.iloc[0] if len(stored) else None
    judgement = judged(people, pair, unique=wh.company.identity.unique).iloc[0]
    sure = certain_pairs(people, keys=wh.company.identity.keys)
    key = (told.key if told is not None else "") or (sure.key.iloc[0] if len(sure) else "")
    golden = _golden(wh)
    joined = golden.get(first, first) == golden.get(second, second)
    decision = next((one for one in standing(history(wh.home)) if {one.a, one.b} == {first, second}), None)
    bits = json.loads(told.fields) if told is not None and told.fields else {}
    fields = _degrees(people)
    fields["bits"] = fields.field.map(bits).astype(float)
    if decision:
        because = say("somebody decided so on {at}", at=decision.at)
    elif joined and key:
        because = say("they share a certain key: {key}", key=say(METHODS[key]))
    elif joined and told is not None and told.weight == told.weight and told.weight > 0:
        because = say("the evidence makes it {p:percent} probable", p=_below_one(probability(told.weight)))
    elif joined:
        because = say("other records of the same customer join them")
    elif judgement.against or (told is not None and told.against):
        because = say("they contradict each other: {why}", why=say(judgement.against or told.against))
    elif told is None:
        because = say(
            "nothing about them is alike enough to compare them" if golden else "nobody has been identified yet"
        )
    elif judgement.thin:
        because = say("the evidence is thin: {why}", why=say(judgement.thin))
    elif told.weight == told.weight and told.weight > 0:
        because = say("{p:percent} is not sure enough, or other records speak against it", p=probability(told.weight))
    else:
        because = say("more speaks against it than for it")
    sentence = say(
        "{a} and {b} are one customer: {because}." if joined else "{a} and {b} are two customers: {because}.",
        a=a, b=b, because=because,
    )  # fmt: skip
    values = people.set_index("customer_id").drop(columns=["surname_sound", "home", "own_name"]).T.dropna(how="all")
    return Evidence(a=a, b=b, joined=joined, sentence=sentence, fields=fields, values=values if shown else None)


def _below_one(p: float) -> float:
    """Nothing is certain: 100 % is never said of a probability."""
    return min(p, 0.9999)


def _golden(wh: Warehouse) -> dict[str, str]:
    if not wh.has("identities"):
        return {}
    rows = wh.identities.select("customer_id", "golden_id").to_pandas()
    return dict(zip(rows.customer_id, rows.golden_id, strict=True))


def _degrees(people: pd.DataFrame) -> pd.DataFrame:
    """How much alike the two records are in each field."""
    import duckdb
    import pandas as pd

    left, right = people.iloc[[0]].add_suffix("_l"), people.iloc[[1]].add_suffix("_r")
    both = pd.concat([left.reset_index(drop=True), right.reset_index(drop=True)], axis=1).astype("str")
    cases = []
    for one in COMPARISONS:
        degrees = " ".join(f"WHEN {d.condition} THEN {quoted(d.word)}" for d in one.degrees[:-1])
        cases.append(f"CASE WHEN {one.unknown} THEN '{UNKNOWN}' {degrees} ELSE '{one.degrees[-1].word}' END")
    with duckdb.connect() as connection:
        connection.register("both_frame", both)
        row = connection.execute(f"SELECT {', '.join(cases)} FROM both_frame").fetchone()
    return pd.DataFrame({"field": [one.field for one in COMPARISONS], "degree": row})
