"""Why to believe in clusters or not: three judges of their number, what is on record already, what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.clusters.clusters_apart import VALLEY
from crm_analytics.planning.customers.clusters.clusters_choose import STABLE, gap_says
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.planning.customers.clusters.clusters import ClustersResult
    from crm_analytics.planning.customers.clusters.clusters_choose import Cutting
    from crm_analytics.planning.customers.clusters.clusters_traits import Scaling

_SAME = 0.9


def why_none(tried: list[Cutting], scaling: Scaling, customers: int, *, left: int) -> tuple:
    """The refusal: how near the best cut came, and what to use instead; then the checks."""
    values = {"n": customers, "traits": len(scaling.traits), "limit": VALLEY, "stable": STABLE}
    if apart := [cutting for cutting in tried if cutting.apart]:
        nearest = max(apart, key=lambda cutting: cutting.stability)
        text = say(
            "There are no clusters to rely on: {n:count} customers seen by {traits:count} traits fall into {k:count} "
            "groups that do not come again ({agreed:number} of 1 when parts of them are cut, {stable:number} would be "
            "enough). Use segments or scores.", k=nearest.groups, agreed=max(nearest.stability, 0.0), **values,
        )  # fmt: skip
    elif tried:
        nearest = min(tried, key=lambda cutting: (cutting.depth, cutting.groups))
        text = say(
            "There are no clusters: {n:count} customers seen by {traits:count} traits are one continuum. In the best "
            "cut, into {k:count}, the place between two groups holds {depth:percent} as many customers as the thinner "
            "group does at its densest; apart means {limit:percent} or fewer, and more than chance. Use segments or "
            "scores.", k=nearest.groups, depth=nearest.depth, **values,
        )  # fmt: skip
    else:
        text = say(
            "There are no clusters: {n:count} customers seen by {traits:count} traits are one group. Use segments or "
            "scores.", **values,
        )  # fmt: skip
    return text, *_on_the_traits(scaling, left)


def found_out(answer: ClustersResult, gap: pd.DataFrame, *, left: int) -> tuple[Check, ...]:
    """Every reason."""
    chosen = answer.chosen
    apart = say(
        "Between any two bordering clusters lie at most {depth:percent} as many customers as at the densest of the "
        "thinner one; a continuum that was cut would have no such valley.", depth=chosen.depth,
    )  # fmt: skip
    stable = say(
        "Cut from eight samples of 70 %, the clusters agree by {stable:number} (adjusted Rand index; 1 is the same, 0 "
        "is chance).", stable=chosen.stability,
    )  # fmt: skip
    return (
        Check(name=say("apart"), verdict="holds", text=apart),
        Check(name=say("stable"), verdict="holds" if chosen.stability >= _SAME else "weak", text=stable),
        _on_the_number(answer, gap),
        *_on_the_record(answer),
        _on_the_unlike(answer),
        *_on_the_traits(answer.scaling, left),
    )


def _on_the_number(answer: ClustersResult, gap: pd.DataFrame) -> Check:
    groups, choice = answer.chosen.groups, answer.choice
    by_silhouette = int(choice.groups[choice.silhouette.idxmax()]) if choice.silhouette.notna().any() else groups
    by_gap = gap_says(gap)
    against_one = float(gap.set_index("groups").gap_gaussian.get(groups, np.nan))
    agree = (by_silhouette == groups) + (by_gap == groups)
    text = say(
        "{method} finds {groups:count} (mean silhouette {silhouette:number}); the best silhouette of all cuts asks for "
        "{s:count}, the gap statistic for {g:count}; against one Gaussian of the same spread the gap is {one:number}.",
        method=answer.chosen.method.capitalize(), groups=groups, silhouette=answer.chosen.silhouette, s=by_silhouette,
        g=by_gap, one=against_one,
    )  # fmt: skip
    return Check(name=say("number of clusters"), verdict="holds" if agree else "weak", text=text)


def _on_the_record(answer: ClustersResult) -> list[Check]:
    """Clusters that repeat what is on record are true and no news."""
    from sklearn.metrics import adjusted_rand_score

    labels = answer.members.cluster
    for name in dict.fromkeys(answer.record.trait):
        values = answer.people[name].astype(object).where(answer.people[name].notna(), "")
        if adjusted_rand_score(values.astype(str), labels) >= _SAME:
            text = say("The clusters are nearly those of {name}, which is on record: true, and no news.",
                       name=name.replace("_", " "))  # fmt: skip
            return [Check(name=say("news"), verdict="weak", text=text)]
    return []


def _on_the_unlike(answer: ClustersResult) -> Check:
    share = float(answer.members.unlike.mean())
    text = say("{share:percent} of the customers are unlike any cluster: far from the middle of theirs.", share=share)
    return Check(name=say("unlike any"), verdict="holds" if share <= 0.05 else "weak", text=text)


def _on_the_traits(scaling: Scaling, left: int) -> list[Check]:
    heavy = [trait.name for trait in scaling.numbers if trait.heavy]
    text = say("Customers are compared by {names}.", names=_listed(scaling.names))
    if heavy:
        text += " " + say("Of {names} the logarithm counts.", names=_listed(heavy))
    checks = [Check(name=say("traits"), verdict="holds", text=text)]
    if scaling.left_out:
        told = _listed([f"{name} ({say(why)})" for name, why in scaling.left_out])
        checks.append(Check(name=say("left out"), verdict="holds", text=say("Left out: {told}.", told=told)))
    if scaling.gaps:
        told = _listed([say("{name} {share:percent}", name=_plain(name), share=share) for name, share in scaling.gaps])
        many = max(share for _, share in scaling.gaps) > 0.1
        text = say("Gaps were filled by the median: {told}.", told=told)
        checks.append(Check(name=say("gaps"), verdict="weak" if many else "holds", text=text))
    if left:
        text = say("{left:count} customers have not bought yet, so they are in no cluster.", left=left)
        checks.append(Check(name=say("not yet buyers"), verdict="holds", text=text))
    return checks


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _listed(names: list[str]) -> str:
    return ", ".join(map(_plain, names))
