"""What an answer about loyalty says first, and the reasons to believe or doubt it: what each kind hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.shares import difference_of_shares
from crm_analytics.result import Check
from crm_analytics.result.chance import share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.base.answers import Answers

ENOUGH_ANSWERS = 20
"""Below so many answers to a question nothing is said of who recommends."""


def sentence_of(table: pd.DataFrame, judged: int, evidence: Any) -> str:
    """The shares, the surest first; where prices are not on record, only who stays."""
    by = table.set_index("kind")
    gone = by.loc["not loyal"]
    if not evidence.own.recorded or evidence.narrow is None:
        return say(
            "{share:percent} ({span:percents}) of {judged:count} repeat customers keep to their rhythm; whether from "
            "conviction, by habit or for the discount cannot be told from these records.",
            share=1 - gone["share"], span=(1 - gone["high"], 1 - gone["low"]), judged=judged,
        )  # fmt: skip
    true = by.loc["truly loyal"]
    rest = by.loc[["inertia", "no alternative", "bargain-led"]]
    told = ", ".join(
        say("{kind} {share:percent} ({span:percents})", kind=say(name), share=row.share, span=(row.low, row.high))
        for name, row in zip(rest.index, rest.itertuples(), strict=True)
        if row.share >= 0.005
    )
    if by.loc["cannot be told", "share"] >= 0.005:
        untold = by.loc["cannot be told"]
        told = ", ".join(filter(None, [told, say("cannot be told {share:percent}", share=untold["share"])]))
    return say(
        "{share:percent} ({span:percents}) of {judged:count} repeat customers are truly loyal, with {money:percent} of "
        "all money; not loyal {gone:percent} ({gone_span:percents})",
        share=true["share"], span=(true["low"], true["high"]), judged=judged, money=true["share_of_money"],
        gone=gone["share"], gone_span=(gone["low"], gone["high"]),
    ) + (f", {told}." if told else ".")  # fmt: skip


def checks_of(table: pd.DataFrame, judged: pd.DataFrame, evidence: Any, people: pd.DataFrame) -> tuple[Check, ...]:
    return (
        _prices(say("own prices"), evidence.own, len(judged), _OWN),
        _prices(say("competitors"), evidence.rival, len(judged), _RIVAL),
        _breadth(evidence),
        _alternatives(evidence),
        _certainty(table),
        _advocates(people),
    )


_OWN = (
    "There are no price cuts on record (promotions, or list prices beside those paid): who comes for the discount, and "
    "so who is truly loyal, cannot be told.",
    "Customers answer differently to our price cuts: {told}.",
    "No two customers can be told to answer differently to our price cuts; differences below {limit:number} (of an "
    "elasticity) would not be seen, and about {needed:count} customers like these would show one of 0.5. So nobody is "
    "called bargain-led, and as many as could be are left untold.",
)
_RIVAL = (
    "There are no competitors' prices on record: who would go when they cut theirs is not known.",
    "Customers answer differently to competitors' cuts: {told}.",
    "No two customers can be told to answer differently to competitors' cuts; differences below {limit:number} (of an "
    "elasticity) would not be seen, and about {needed:count} customers like these would show one of 0.5.",
)


def _prices(name: str, answer: Answers, judged: int, words: tuple[str, str, str]) -> Check:
    absent, differ, alike = words
    if not answer.recorded:
        return Check(name=name, verdict="weak", text=say(absent))
    if not answer.told:
        needed = judged * max((answer.unseen / 0.5) ** 4, 1)
        return Check(name=name, verdict="weak", text=say(alike, limit=answer.unseen, needed=float(f"{needed:.1e}")))
    told = []
    if answer.by_group:
        for group, people, effect, low, high in (answer.groups[0], answer.groups[-1]):
            told.append(
                say(
                    "{group} ({people:count}) {effect:number} ({low:number} – {high:number})",
                    group=group.removeprefix(" · ").removesuffix(" · "), people=people, effect=effect, low=low,
                    high=high,
                )
            )  # fmt: skip
    if answer.spread:
        told.append(say("within groups the answers spread by {spread:number}", spread=answer.spread))
    else:
        told.append(
            say(
                "within groups no two customers can be told apart, unless they differ by {limit:number} and more",
                limit=answer.unseen,
            )
        )
    return Check(name=name, verdict="holds" if answer.spread else "weak", text=say(differ, told=", ".join(told)))


def _breadth(evidence: Any) -> Check:
    name = say("breadth")
    if evidence.narrow is None:
        text = say("Goods have no categories to speak of, so how widely a customer buys cannot be told.")
        return Check(name=name, verdict="weak", text=text)
    share = float(evidence.narrow.mean())
    sure = float((np.abs(evidence.narrow - 0.5) > 0.3).mean())
    return Check(
        name=name,
        verdict="holds" if sure > 0.5 else "weak",
        text=say(
            "{share:percent} buy one kind of goods only; of {sure:percent} of customers it is clear whether they do.",
            share=share, sure=sure,
        ),
    )  # fmt: skip


def _alternatives(evidence: Any) -> Check:
    name = say("alternatives")
    if evidence.captive is None:
        text = say(
            "What competitors sell is not on record, so who has no alternative is told by prices alone, if at all."
        )
        return Check(name=name, verdict="weak", text=text)
    share = float(evidence.captive.mean())
    return Check(
        name=name,
        verdict="holds",
        text=say("{share:percent} buy mostly what no competitor on record sells.", share=share)
        if share > 0
        else say("Competitors on record sell every category; nobody lacks an alternative for want of one."),
    )


def _certainty(table: pd.DataFrame) -> Check:
    by = table.set_index("kind")["customers"]
    judged = by.drop("too few purchases")
    sure = 1 - judged["cannot be told"] / max(judged.sum(), 1)
    return Check(
        name=say("certainty"),
        verdict="holds" if sure > 0.5 else "weak",
        text=say(
            "A kind can be named of {sure:percent} of the customers judged; {few:count} more have bought too seldom to "
            "be judged.",
            sure=sure, few=by["too few purchases"],
        ),
    )  # fmt: skip


def _advocates(people: pd.DataFrame) -> Check:
    """Whether the loyal recommend more; who brought whom is only known where the company asks."""
    name, loyal = say("advocates"), people["kind"] == "truly loyal"
    said = people["recommends"].notna()
    if said.sum() < ENOUGH_ANSWERS:
        came = people["recommended"].dropna().astype(float)
        text = (
            say("{came:percent} of customers came by recommendation; whom each brought is not on record, nor who would "
                "recommend us.", came=came.mean())
            if came.any() else say("Neither who came by recommendation nor who would recommend us is on record.")
        )  # fmt: skip
        return Check(name=name, verdict="weak", text=text)
    yes = people["recommends"] >= 9
    counts = [((yes & side & said).sum(), (side & said).sum()) for side in (loyal, ~loyal)]
    if min(of for _, of in counts) < ENOUGH_ANSWERS:
        low, high = share_interval(float((yes & said).sum()), float(said.sum()))
        return Check(
            name=name,
            verdict="weak",
            text=say(
                "{share:percent} ({span:percents}) of {of:count} who answered would recommend us; too few are known of "
                "each kind to compare.",
                share=float(yes[said].mean()), span=(low, high), of=int(said.sum()),
            ),
        )  # fmt: skip
    low, high = difference_of_shares(*map(float, counts[0]), *map(float, counts[1]))
    return Check(
        name=name,
        verdict="holds" if low > 0 else "weak" if high > 0 else "fails",
        text=say(
            "{loyal:percent} of the truly loyal who answered would recommend us, {others:percent} of the others: "
            "{low:points} to {high:points} more. Whom each brought is not on record.",
            loyal=counts[0][0] / counts[0][1], others=counts[1][0] / counts[1][1], low=low, high=high,
        ),
    )  # fmt: skip
