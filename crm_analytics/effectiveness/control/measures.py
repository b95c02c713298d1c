"""What is compared between the arms of a test: money, counts, shares of customers, and ratios of two sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crm_analytics.say import say, voice

if TYPE_CHECKING:
    import pandas as pd

MONEY = ("revenue", "margin", "spend")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A mean of `above` over customers, or with `below` a ratio of two sums (revenue an order), and how it is told."""

    name: str
    above: str
    below: str = ""
    kind: Literal["money", "number", "share"] = "number"

    @property
    def is_ratio(self) -> bool:
        return bool(self.below)

    @property
    def noun(self) -> str:
        """What it is called in a sentence."""
        known = {
            "revenue": say("revenue"), "orders": say("orders"), "margin": say("margin"), "buyers": say("bought"),
            "mean order": say("the mean order"),
        }  # fmt: skip
        return known.get(self.name, say("have «{name}»", name=self.name) if self.kind == "share" else self.name)

    @property
    def unit(self) -> str:
        """What is written on an axis."""
        return {"money": voice().currency, "share": say("share of customers"), "number": self.noun}[self.kind]

    def amount(self, value: float) -> str:
        """A difference in it, for people: money, percentage points, or a number."""
        form = {"money": "{value:money}", "share": "{value:points}", "number": "{value:number}"}[self.kind]
        return say(form, value=value)

    def on(self, people: pd.DataFrame) -> pd.DataFrame:
        """What each row has of it: `above` and `below`; a customer counts as one."""
        import pandas as pd

        above = people[self.above].astype(float)
        if self.name == "buyers":
            above = (above > 0).astype(float)
        below = people[self.below].astype(float) if self.is_ratio else 1.0
        return pd.DataFrame({"above": above, "below": below})


def measure_of(name: str, people: pd.DataFrame) -> Measure:
    """The measure of that name. Raises ValueError where the table has no such outcome, naming those it has."""
    if name == "buyers":
        chosen = Measure(name=name, above="outcome_orders", kind="share")
    elif name == "mean order":
        chosen = Measure(name=name, above="outcome_revenue", below="outcome_orders", kind="money")
    else:
        column = f"outcome_{name}"
        yes_or_no = name not in (*MONEY, "orders") and column in people and set(people[column].dropna()) <= {0, 1}
        kind = "money" if name in MONEY else "share" if yes_or_no else "number"
        chosen = Measure(name=name, above=column, kind=kind)
    missing = [column for column in (chosen.above, chosen.below) if column and column not in people]
    if missing:
        known = ", ".join(c.removeprefix("outcome_") for c in people if c.startswith("outcome_")) or "none"
        raise ValueError(
            f"The measure {name!r} needs the column {' and '.join(missing)}; features.campaign_outcomes(wh, …) has "
            f"outcomes of {known}."
        )
    return chosen
