"""How many customers there are behind the records, how sure that is, and what it changes for the company."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pandas as pd

from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

ALONE = "alone"


@dataclass(frozen=True, kw_only=True, eq=False)
class OneCustomerResult(Result):
    """`table`: method (what joined the records; 'alone': nothing), records, customers, orders, spend.

    `pairs`: weight, joined, doubt; one row a pair of records that was compared. `before` and `after`: what the company
    says of itself by record and by customer: customers, buyers, repeat_rate, spend_per_buyer.
    """

    before: dict[str, float]
    after: dict[str, float]
    pairs: pd.DataFrame = field(repr=False)
    threshold_bits: float

    @property
    def surplus(self) -> int:
        """Records that are another record's duplicate."""
        return int(self.before["customers"] - self.after["customers"])

    def against(self, truth: pd.DataFrame) -> pd.DataFrame:
        """Precision, recall and F1 over pairs, where it is known who is who: `truth` has record and person.

        A frame of one row: precision, recall, f1, true_pairs, joined_pairs.
        """
        whole = self.members.merge(truth, on="record", how="inner")
        right = _pairs_within(whole.groupby(["customer", "person"]).size())
        said, true = (_pairs_within(whole.groupby(key).size()) for key in ("customer", "person"))
        precision, recall = right / said if said else 1.0, right / true if true else 1.0
        f1 = 2 * right / (said + true) if said + true else 1.0
        row = {"precision": precision, "recall": recall, "f1": f1, "true_pairs": true, "joined_pairs": said}
        return pd.DataFrame([row])

    members: pd.DataFrame = field(repr=False)
    """record and customer; one row a record."""


@dataclass(frozen=True, kw_only=True)
class OneCustomer(Study):
    """How many customers are there really, how many records are someone's duplicate, and what does that change?

    A merge less probable than `doubtful_below` deserves somebody's look; more than `many_share` of doubtful ones is
    too many. `threshold` is the probability that joined records (for the picture).
    """

    threshold: float = 0.95
    doubtful_below: float = 0.99
    many_share: float = 0.1

    reads: ClassVar[str] = "identities"
    columns: ClassVar[tuple[str, ...]] = (
        "kind", "record", "customer", "source", "method", "probability", "orders", "spend", "arms", "weight", "joined",
        "doubt",
    )  # fmt: skip
    of: ClassVar[str] = "customer records"

    def __post_init__(self) -> None:
        for name in ("threshold", "doubtful_below"):
            if not 0.5 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is a probability from 0.5 to below 1, not {getattr(self, name)}; try 0.95.")
        if not 0 < self.many_share <= 1:
            raise ValueError(f"many_share is a share above 0 up to 1, not {self.many_share}; try 0.1.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        from crm_analytics.collection.identity.linkage import weight

        records = frame[frame.kind == "record"].sort_values(["record", "customer"], ignore_index=True)
        pairs = frame[frame.kind == "pair"].sort_values(["record", "customer"], ignore_index=True)
        if not len(records):
            return self.refuse(say("Not enough evidence: there are no customer records to look at."))
        customers = records.groupby("customer", as_index=False).agg(
            records=("record", "size"), orders=("orders", "sum"), spend=("spend", "sum"), arms=("arms", "max")
        )
        before, after = _state(records), _state(customers)
        text = say(
            _FOUND[after["customers"] < before["customers"], bool(after["buyers"])],
            records=len(records),
            customers=len(customers),
            surplus=len(records) - len(customers),
            share=1 - len(customers) / len(records),
            was=before["spend_per_buyer"],
            now=after["spend_per_buyer"],
        )
        return OneCustomerResult(
            study=self,
            table=_by_method(records),
            text=text,
            before=before,
            after=after,
            pairs=pairs[["weight", "joined", "doubt"]].astype({"weight": float}),
            members=records[["record", "customer"]],
            threshold_bits=weight(self.threshold),
            checks=tuple(self._checks(records, customers, pairs)),
        )

    def _checks(self, records: pd.DataFrame, customers: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[Check]:
        if not len(pairs):
            yield Check(
                name=say("compared"),
                verdict="weak",
                text=say("No two records were found alike: nobody was identified yet (crm identify), or all differ."),
            )
            return
        merged = records[records.method != ALONE]
        doubtful = int((merged.probability < self.doubtful_below).sum())
        many = doubtful > self.many_share * max(len(merged), 1)
        yield Check(
            name=say("doubtful merges"),
            verdict="weak" if many else "holds",
            text=say(
                "{n:count} of {all:count} records with a duplicate were joined with less than {p:percent} probability.",
                n=doubtful, all=len(merged), p=self.doubtful_below,
            ),
        )  # fmt: skip
        apart = pairs[(pairs.joined == False) & (pairs.doubt.fillna("") != "") & (pairs.weight > 0)]  # noqa: E712
        yield Check(
            name=say("kept apart"),
            verdict="holds",
            text=say(
                "{n:count} pairs look alike and stay apart, because they contradict each other or share only what a "
                "household shares.", n=len(apart),
            ),
        )  # fmt: skip
        largest = int(customers.records.max())
        yield Check(
            name=say("largest customer"),
            verdict="holds" if largest <= 10 else "weak",
            text=say("No customer is made of more than {n:count} records.", n=largest),
        )
        mixed = int((customers.arms > 0).sum())
        yield Check(
            name=say("contamination"),
            verdict="weak" if mixed else "holds",
            text=say(
                "{n:count} customers were addressed and left alone in one campaign, under two ids: they count as "
                "addressed." if mixed else "No customer was both addressed and left alone by a campaign.", n=mixed,
            ),
        )  # fmt: skip


_FOUND = {
    (True, True): "{customers:count} customers stand behind {records:count} records: {surplus:count} records "
    "({share:percent}) are duplicates. Counted by customer a buyer spent {now:money}, not {was:money}.",
    (True, False): "{customers:count} customers stand behind {records:count} records: {surplus:count} records "
    "({share:percent}) are duplicates.",
    (False, True): "{customers:count} customers stand behind {records:count} records: no record is known to be "
    "another's duplicate. A buyer spent {now:money}.",
    (False, False): "{customers:count} customers stand behind {records:count} records: no record is known to be "
    "another's duplicate.",
}


def _state(rows: pd.DataFrame) -> dict[str, float]:
    buyers = rows[rows.orders > 0]
    return {
        "customers": len(rows),
        "buyers": len(buyers),
        "repeat_rate": float((buyers.orders > 1).mean()) if len(buyers) else float("nan"),
        "spend_per_buyer": float(buyers.spend.sum() / len(buyers)) if len(buyers) else float("nan"),
    }


def _by_method(records: pd.DataFrame) -> pd.DataFrame:
    table = records.groupby("method", as_index=False).agg(
        records=("record", "size"), customers=("customer", "nunique"), orders=("orders", "sum"), spend=("spend", "sum")
    )
    return table.sort_values(["records", "method"], ascending=[False, True], ignore_index=True)


def _pairs_within(sizes: pd.Series) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
