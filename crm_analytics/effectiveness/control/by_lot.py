"""Were the arms drawn by lot? What was before says so, and no effect is told of arms that were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd


def alike_before(people: pd.DataFrame, unit: str = "customer_id") -> Check:
    """Whether the arms did alike before the campaign, as far as that is on record. A lot would give both the same
    spread, so they lend it to each other: a small arm without a single buyer is no proof of anything."""
    from scipy.stats import ttest_ind

    name = say("Alike before")
    before = people.filter(regex="^before_").astype(float).fillna(0)
    before = before.groupby(people[unit]).mean()
    treated = people.groupby(unit)["arm"].first() == "treated"
    before = before.loc[:, before.std() > 0]
    if before.empty:
        return Check(
            name=name,
            verdict="weak",
            text=say("What customers did before is not known, so the plain difference is used, and it is less sharp."),
        )
    p = {c: ttest_ind(before.loc[treated, c], before.loc[~treated, c], equal_var=True).pvalue for c in before}
    worst = min(p, key=p.get)
    gap = float((before.loc[treated, worst].mean() - before.loc[~treated, worst].mean()) / before[worst].std())
    many = p[worst] * len(p)  # the worst of so many
    verdict = "holds" if many > 0.01 else "weak" if many > 0.001 else "fails"
    return Check(
        name=name,
        verdict=verdict,
        text=say(
            "Before the campaign the arms differed by {gap:number} standard deviations at most ({column}); this is "
            "taken out."
            if verdict != "fails"
            else "Before the campaign the arms differed by {gap:number} standard deviations ({column}), which a lot "
            "does less than once in a thousand times: the difference is taken out, but whoever chose whom to address "
            "knew more of them than is on record.",
            gap=abs(gap),
            column=worst.removeprefix("before_"),
        ),
    )


def told(text: str, *draws: Check) -> str:
    """The sentence of a comparison; that of arms which were not drawn alike begins with what it is not."""
    if all(check.verdict != "fails" for check in draws):
        return text
    return say("Not the campaign's effect, for the arms were not drawn alike. {text}", text=text)


def drawn_alike(checks: tuple[Check, ...]) -> bool:
    """Whether none of a Result's reasons says that its arms were chosen."""
    names = {say("Sizes of the arms"), say("Alike before"), say("Drawn by lot")}
    return not any(check.verdict == "fails" and check.name in names for check in checks)


def evidence(*draws: Check) -> str:
    """How well a comparison of these arms is founded."""
    return "tested" if all(check.verdict != "fails" for check in draws) else "assumed"


def chosen(tests: Mapping[str, pd.DataFrame]) -> list[str]:
    """The campaigns of these whose arms were unlike before, so that somebody chose whom to address."""
    return [name for name, people in tests.items() if alike_before(people).verdict == "fails"]


def both_by_lot(names: list[str]) -> Check:
    """Which campaigns are left out because their arms were chosen."""
    return Check(
        name=say("By lot"),
        verdict="weak" if names else "holds",
        text=say(
            "«{names}» is left out: its arms were unlike before it began, so they were not drawn by lot."
            if len(names) == 1
            else "«{names}» are left out: their arms were unlike before they began, so they were not drawn by lot.",
            names="», «".join(names),
        )
        if names
        else say(
            "Only campaigns that left a control alone are looked at, and in each the arms were alike before, as far as "
            "that is on record."
        ),
    )
