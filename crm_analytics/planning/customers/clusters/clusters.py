"""Which customers are alike, by themselves and not by our rules; and whether there are such groups at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.clusters.clusters_checks import found_out, why_none
from crm_analytics.planning.customers.clusters.clusters_choose import METHODS, best, cuttings, gaps
from crm_analytics.planning.customers.clusters.clusters_places import Places
from crm_analytics.planning.customers.clusters.clusters_traits import Scaling
from crm_analytics.planning.customers.clusters.clusters_words import differences, on_record, worded
from crm_analytics.result import Check, Claim, Result, Study, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.clusters.clusters_choose import Cutting

HABITS = (
    "orders_window", "recency_days", "mean_order", "days_between", "lines_per_order", "categories",
    "top_category_share", "discount_share", "return_share", "weekend_share",
)  # fmt: skip
"""How customers buy: what they are grouped by unless told otherwise, with `kind`."""
DESCRIBED = ("kind", "region", "gender", "acquired_channel", "top_category", "top_channel", "day_part")
"""What is on record and describes clusters, whether they were made by it or not."""
HALF_A_WINDOW_DAYS = 182
"""Habits are counted over a year; after half of it most of what a cluster was made of may have been said anew."""
_SMALLEST_SHARE, _SMALLEST = 0.005, 15


@dataclass(frozen=True, kw_only=True)
class Clusters(Study):
    """Are there groups of customers who are alike, how many, and what makes each of them different?

    Customers are grouped by `traits` (None: how they buy, and `kind`): numbers, and texts of few values. Money and
    counts that lean to one side are taken as logarithms, scaled by median and quartiles; what is known of few or says
    what another trait says is left out, and gaps are filled by the median; the checks say so. `methods` are k-means, a
    Gaussian mixture and density (HDBSCAN, Campello et al., 2013), each for up to `most` clusters, tried on a `sample`;
    all customers are then placed by the Gaussian of each cluster.

    A cut is believed if between every two bordering clusters there is a valley, seen along the line that tells them
    apart best, and if cutting parts of the sample gives the same (adjusted Rand index ≥ .8). Of those believed, the one
    with most clusters is taken. Where none is, that is the answer: a continuum cut in pieces is no set of groups.
    """

    reads: ClassVar[str] = "profile"
    columns: ClassVar[tuple[str, ...]] = ("customer_id", "orders")
    least: ClassVar[int] = 100
    of: ClassVar[str] = "customers"

    traits: tuple[str, ...] | None = None
    methods: tuple[Literal["k-means", "mixture", "density"], ...] = METHODS
    most: int = 6
    sample: int = 4_000
    seed: int = 1

    def __post_init__(self) -> None:
        for knob in ("traits", "methods"):
            if isinstance(getattr(self, knob), str):
                object.__setattr__(self, knob, (getattr(self, knob),))
        if unknown := set(self.methods) - {*METHODS}:
            raise ValueError(f"There is no method {min(unknown)!r}; choose among {', '.join(METHODS)}.")
        if not self.methods:
            raise ValueError(f"Name at least one method: {', '.join(METHODS)}.")
        if not 2 <= self.most <= 12:
            raise ValueError(f"most must be 2 to 12 clusters, not {self.most}; more than that nobody can act on.")
        if not 500 <= self.sample <= 20_000:
            raise ValueError(f"sample must be 500 to 20,000 customers, not {self.sample}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        people = frame.sort_values("customer_id", kind="stable").reset_index(drop=True)
        buyers = people[people.orders.fillna(0) > 0].reset_index(drop=True)
        if len(buyers) < self.least:
            return self.too_few(len(buyers))
        random = np.random.default_rng(self.seed)
        sampled = buyers.iloc[np.sort(random.permutation(len(buyers))[: self.sample])].reset_index(drop=True)
        scaling = Scaling.of(sampled, self._asked(buyers))
        if len(scaling.traits) < 2:
            return self.refuse(say(
                "Not enough evidence: customers differ in {have:count} of the traits asked about; clusters take two.",
                have=len(scaling.traits),
            ))  # fmt: skip
        points = scaling.points(sampled, smoothed=random)
        smallest = max(_SMALLEST, round(_SMALLEST_SHARE * len(points)))
        tried = cuttings(points, methods=self.methods, most=self.most, smallest=smallest, seed=self.seed)
        gap = gaps(points, most=self.most, seed=self.seed)
        chosen = best(tried)
        if chosen is None:
            return self.refuse(*why_none(tried, scaling, len(buyers), left=len(people) - len(buyers)))
        return self._told(buyers, scaling, Places.of(points, chosen.labels), (chosen, tried, gap, len(people)))

    def _told(self, buyers: pd.DataFrame, scaling: Scaling, places: Places, choice: tuple) -> Result:
        chosen, tried, gap, known = choice
        members = places.of_people(buyers, scaling)
        order = np.argsort(-np.bincount(members.cluster, minlength=places.groups), kind="stable")
        places = places.in_order(order)
        members["cluster"] = np.argsort(order)[members.cluster] + 1
        labels = members.cluster.to_numpy() - 1
        texts = tuple(name for name in dict.fromkeys((*DESCRIBED, *scaling.names)) if _text(buyers, name))
        numbers = differences(scaling, buyers, labels, places.groups)
        record = on_record(buyers, labels, places.groups, texts)
        words = worded(numbers, record, places.groups)
        table = _table(buyers, labels, words)
        answer = ClustersResult(
            study=self, table=table, text=_sentence(table, members, chosen), scaling=scaling, places=places,
            numbers=numbers, record=record, chosen=chosen, people=buyers, members=members,
            choice=_tried(tried, chosen, gap),
        )  # fmt: skip
        return answer.judged(found_out(answer, gap, left=known - len(buyers)))

    def _asked(self, people: pd.DataFrame) -> tuple[str, ...]:
        if self.traits is None:
            return tuple(name for name in ("kind", *HABITS) if name in people.columns)
        missing = [name for name in self.traits if name not in people.columns]
        if missing:
            raise ValueError(f"There is no trait {missing[0]!r}; there are {', '.join(people.columns[1:])}.")
        return self.traits


@dataclass(frozen=True, kw_only=True, eq=False)
class ClustersResult(Result):
    """The clusters, the largest first: `cluster`, `name`, `customers`, `share`, `revenue`, `revenue_share` (where the
    profile knows revenue), `differs` (what makes it differ most, in words).

    `members` is one row a customer: `customer_id`, `cluster`, `degree` (of belonging, 0 to 1), `distance` from the
    cluster's middle in units of its own spread, `unlike` (farther than customers of any cluster are). `numbers` and
    `record` are the clusters trait by trait; `choice` is every cut that was tried and what spoke for it.
    """

    study: Clusters
    scaling: Scaling = field(repr=False)
    places: Places = field(repr=False)
    numbers: pd.DataFrame
    record: pd.DataFrame
    chosen: Cutting = field(repr=False)
    choice: pd.DataFrame
    people: pd.DataFrame = field(repr=False)
    members: pd.DataFrame

    @property
    def claims(self) -> tuple[Claim, ...]:
        """That these groups are found again, and until when everybody's place in them may be used."""
        if not {"last_day", "recency_days"} <= {*self.people.columns}:
            return ()
        seen = self.people.dropna(subset=["last_day", "recency_days"])
        days = pd.to_datetime(seen["last_day"]) + pd.to_timedelta(seen["recency_days"].astype(float), unit="D")
        day, stable = days.max().date(), self.chosen
        return (
            Claim(
                subject=say("{n:count} clusters of customers", n=len(self.table)), measure="agreement when found again",
                value=stable.stability, low=min(stable.agreed), high=max(stable.agreed), evidence="modelled",
                first=day - timedelta(days=1), last=day - timedelta(days=1),
                expires=day + timedelta(days=HALF_A_WINDOW_DAYS), scope=(("clusters as of", day.isoformat()),),
                decision=say("Place customers in their clusters again before using them after {day:date}.",
                             day=day + timedelta(days=HALF_A_WINDOW_DAYS)),
                reversed_by=say("Clusters looked for again agree with these by less than {low:number}.",
                                low=min(stable.agreed)),
            ),
        )  # fmt: skip

    def judged(self, checks: tuple[Check, ...]) -> ClustersResult:
        return replace(self, checks=checks)

    def predict(self, people: Any) -> Result:
        """To which cluster each customer of a table of `features.profile` belongs: a Result with a row a customer."""
        frame = frame_of(people)
        frame = frame.sort_values("customer_id", kind="stable").reset_index(drop=True)
        missing = [name for name in self.scaling.names if name not in frame.columns]
        if missing:
            raise ValueError(f"To place customers takes their {', '.join(missing)}; features.profile(wh, …) has them.")
        table = self.places.of_people(frame, self.scaling)
        table["cluster"] += 1
        table["name"] = self.table.name.to_numpy()[table.cluster - 1]
        unlike, sure = float(table.unlike.mean()), float((table.degree >= 0.9).mean())
        text = say(
            "{n:count} customers were placed: {sure:percent} belong to one cluster by 90 % or more, {unlike:percent} "
            "are unlike any.", n=len(table), sure=sure, unlike=unlike,
        )  # fmt: skip
        known = self.members.unlike.mean()
        far = Check(
            name=say("like those known"), verdict="holds" if unlike <= known + 0.05 else "weak",
            text=say("Unlike any are {unlike:percent} of these customers, and {known:percent} of those learned "
                     "from.", unlike=unlike, known=known),
        )  # fmt: skip
        return Result(study=self.study, table=table, text=text, checks=(far,))

    def by(self, column: str, *, among: str | None = None) -> Result:
        """How often something holds in each cluster: the share of customers with `column` above nothing, with its 95 %
        interval (Wilson, 1927); `among` those only whose other column is above nothing, like those contacted."""
        from crm_analytics.planning.customers.clusters.clusters_response import response

        return response(self, column, among=among)


def _text(people: pd.DataFrame, name: str) -> bool:
    return (
        name in people.columns
        and not pd.api.types.is_numeric_dtype(people[name])
        and people[name].notna().mean() > 0.5
        and people[name].nunique() > 1
    )


def _table(people: pd.DataFrame, labels: np.ndarray, words: list[tuple[str, str]]) -> pd.DataFrame:
    groups = len(words)
    customers = np.bincount(labels, minlength=groups)
    table = pd.DataFrame(
        {
            "cluster": range(1, groups + 1),
            "name": [name for name, _ in words],
            "customers": customers,
            "share": customers / customers.sum(),
        }
    )
    if "revenue" in people.columns and people.revenue.notna().any():
        cents = (people.revenue.fillna(0) * 100).round().astype("int64").to_numpy()
        revenue = np.array([cents[labels == group].sum() for group in range(groups)]) / 100
        table = table.assign(revenue=revenue, revenue_share=revenue / (revenue.sum() or np.nan))
    return table.assign(differs=[longer for _, longer in words])


def _tried(tried: list[Cutting], chosen: Cutting, gap: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "method": [c.method for c in tried],
            "groups": [c.groups for c in tried],
            "valley": [c.depth for c in tried],
            "apart": [c.apart for c in tried],
            "stability": [c.stability for c in tried],
            "silhouette": [c.silhouette for c in tried],
            "chosen": [c is chosen for c in tried],
        }
    )
    return rows.merge(gap, on="groups", how="left")


def _sentence(table: pd.DataFrame, members: pd.DataFrame, chosen: Cutting) -> str:
    listed = "; ".join(
        say("{name}: {share:percent}", name=row.name, share=row.share) for row in table.itertuples(index=False)
    )
    return say(
        "{groups:count} clusters: {listed}. Looked for again in {samples:count} samples, they agree by {stable:number} "
        "({low:number} – {high:number}; 1 is the same), and {sure:percent} of customers belong to theirs by 90 % or "
        "more.",
        groups=len(table), listed=listed, samples=len(chosen.agreed), stable=chosen.stability, low=min(chosen.agreed),
        high=max(chosen.agreed), sure=float((members.degree >= 0.9).mean()),
    )  # fmt: skip
