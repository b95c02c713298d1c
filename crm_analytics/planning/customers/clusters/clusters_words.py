"""What makes a cluster different, in words: the traits in which it differs most, said as a marketer would."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_analytics.planning.customers.clusters.clusters_traits import Scaling
from crm_analytics.say import say

TOLD = 3
"""Traits that are told of a cluster, at most."""
_DIFFERS = 0.5
_MOSTLY = 0.5

_SAID = {
    "orders": ("has bought seldom", "has bought often"),
    "orders_window": ("buys seldom", "buys often"),
    "revenue": ("brought little", "brought much"),
    "revenue_window": ("spends little", "spends much"),
    "revenue_before": ("spent little before", "spent much before"),
    "margin_window": ("leaves little margin", "leaves much margin"),
    "mean_order": ("small orders", "large orders"),
    "days_between": ("comes back soon", "long between purchases"),
    "recency_days": ("bought lately", "not seen for long"),
    "known_days": ("new", "known for long"),
    "lines_per_order": ("few goods an order", "many goods an order"),
    "categories": ("few categories", "many categories"),
    "top_category_share": ("buys of everything", "mostly one category"),
    "discount_share": ("pays the full price", "buys at a discount"),
    "return_share": ("returns nothing", "sends goods back"),
    "weekend_share": ("on working days", "at weekends"),
    "age": ("young", "old"),
    "deals_won": ("no deals", "deals"),
}
_MONEY = ("revenue", "margin", "mean_order")


def differences(scaling: Scaling, people: pd.DataFrame, labels: np.ndarray, groups: int) -> pd.DataFrame:
    """Each cluster × numeric trait: `cluster`, `trait`, `difference` (of the mean place from that of all customers,
    in scaled units), `median` and `median_all` in the trait's own unit."""
    rows = []
    for trait in scaling.numbers:
        values = people[trait.name].to_numpy(dtype=float, na_value=np.nan)
        places = trait.scaled(values)
        spread = places.std() or 1.0
        for cluster in range(groups):
            inside = labels == cluster
            known = values[inside][~np.isnan(values[inside])]
            rows.append(
                {
                    "cluster": cluster + 1,
                    "trait": trait.name,
                    "difference": float(places[inside].mean() - places.mean()) / spread,
                    "median": float(np.median(known)) if len(known) else np.nan,
                    "median_all": float(np.nanmedian(values)),
                }
            )
    return pd.DataFrame(rows, columns=["cluster", "trait", "difference", "median", "median_all"])


def on_record(people: pd.DataFrame, labels: np.ndarray, groups: int, columns: tuple[str, ...]) -> pd.DataFrame:
    """Each cluster × text: its most over-represented value: `cluster`, `trait`, `value`, `share`, `share_all`."""
    rows = []
    for name in columns:
        values = people[name].astype(object).where(people[name].notna(), None)
        everywhere = values.value_counts(normalize=True)
        for cluster in range(groups):
            inside = values[labels == cluster].value_counts(normalize=True)
            if not len(inside):
                continue
            more = (inside - everywhere.reindex(inside.index)).sort_index().sort_values(ascending=False, kind="stable")
            value = more.index[0]
            rows.append({"cluster": cluster + 1, "trait": name, "value": str(value),
                         "share": float(inside[value]), "share_all": float(everywhere[value])})  # fmt: skip
    return pd.DataFrame(rows, columns=["cluster", "trait", "value", "share", "share_all"])


def worded(numbers: pd.DataFrame, texts: pd.DataFrame, groups: int) -> list[tuple[str, str]]:
    """For each cluster a short name and a sentence of what makes it differ."""
    told = [_told(numbers[numbers.cluster == c], texts[texts.cluster == c]) for c in range(1, groups + 1)]
    names, taken = [], set()
    for words, _ in told:
        name = next((", ".join(words[:n]) for n in range(min(2, len(words)), len(words) + 1) if words
                     and ", ".join(words[:n]) not in taken), say("like most"))  # fmt: skip
        taken.add(name)
        names.append(name)
    return [
        (name, "; ".join(longer) or say("in nothing from all customers"))
        for name, (_, longer) in zip(names, told, strict=True)
    ]


def _told(numbers: pd.DataFrame, texts: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Words and longer words, what differs most first."""
    found = []
    for row in texts.itertuples():
        gained = row.share - row.share_all
        if row.share >= _MOSTLY and gained > 0.2:
            longer = say("{trait} {value} {share:percent} (of all {all:percent})", trait=named_trait(row.trait),
                         value=row.value, share=row.share, all=row.share_all)  # fmt: skip
            short = row.value if row.trait == "kind" else f"{named_trait(row.trait)} {row.value}"
            found.append((4 * gained, short, longer))
    for row in numbers.itertuples():
        if abs(row.difference) >= _DIFFERS:
            word = _word(row.trait, row.difference > 0)
            longer = say("{word} ({trait} {own} against {all})", word=word, trait=named_trait(row.trait),
                         own=said(row.trait, row.median), all=said(row.trait, row.median_all))  # fmt: skip
            found.append((abs(row.difference), word, longer))
    found.sort(key=lambda one: -one[0])
    return [word for _, word, _ in found[:TOLD]], [longer for *_, longer in found[:TOLD]]


def _word(trait: str, more: bool) -> str:
    if trait in _SAID:
        return say(_SAID[trait][more])
    return say("much {trait}" if more else "little {trait}", trait=named_trait(trait))


def named_trait(trait: str) -> str:
    """A trait as it is said."""
    return say(trait.replace("_window", " in the window").replace("_", " "))


def said(trait: str, value: float) -> str:
    """A trait's value in its unit."""
    if trait.startswith(_MONEY):
        return say("{value:money}", value=value)
    if trait.endswith("_days") or trait.startswith("days_"):
        return say("{value:count} days", value=value)
    if trait.endswith("_share"):
        return say("{value:percent}", value=value)
    return say("{value:count}" if value == round(value) else "{value:number}", value=value) if value == value else "–"
