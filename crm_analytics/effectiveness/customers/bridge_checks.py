"""Why to believe a bridge, and what its bars do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_analytics.effectiveness.customers.calendar import alike, not_over
from crm_analytics.effectiveness.customers.money import exact
from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.effectiveness.customers.bridge import BridgeResult, Moved

FEWEST_KNOWN = 30
"""Of fewer customers in the earlier period nothing is said."""
COSTED = 0.05
"""A share of revenue without a known cost beyond which the margin is doubted."""


def refusal(moved: Moved, frame: pd.DataFrame, measure: str) -> str:
    """Why there is no answer; empty where there is one."""
    now, before = moved.spans["now"], moved.spans["before"]
    why = not_over(now, before, begins=moved.begins, until=moved.until)
    if why:
        return why
    earlier = int((moved.units(moved.bar)[: moved.customers] >= 2).sum())
    if earlier < FEWEST_KNOWN:
        return say(
            "Not enough evidence: {have:count} known customers bought in {before}; at least {least:count} are needed "
            "to say who stayed.",
            have=earlier, before=before.name, least=FEWEST_KNOWN,
        )  # fmt: skip
    if measure == "margin" and not any(exact(frame.get(f"costed_{side}", 0)).any() for side in ("now", "before")):
        return say("Not enough evidence: no unit cost is on record for these periods; ask for revenue.")
    return ""


def checks(result: BridgeResult) -> tuple[Check, ...]:
    """Whether the bars are larger than usual, what chance deals, who has no name and who is new, and whether days are
    alike."""
    now, before = result.moved.spans["now"], result.moved.spans["before"]
    found = [_usual(result), _by_chance(result), _anonymous(result), _returned(result), alike(now, before)]
    if result.study.measure == "margin":
        found.append(_costed(result))
    return (*[check for check in found if check], _draws(result))


def _usual(result: BridgeResult) -> Check:
    name = say("ordinary movement")
    if result.moved.spans["prior"] is None:
        return Check(name=name, verdict="weak", text=say(
            "The records do not reach to the movement before, so nobody can say whether these bars are larger than "
            "usual: some of the best always fall back."
        ))  # fmt: skip
    found = result.table[~result.table["verdict"].isin(["as usual", "–"])]
    told = "; ".join(
        say("{bar} {share:percent} of the earlier money, the time before {usual:percent}", bar=say(row.bar),
            share=row.share, usual=row.usual_share)
        for row in found.itertuples()
    )  # fmt: skip
    return Check(
        name=name,
        verdict="holds",
        text=say(
            "Other than in the movement before, {before}: {told}.", before=result.moved.spans["prior"].name, told=told
        )
        if told
        else say("No bar differs from the movement before by more than chance; nothing new is to be read from them."),
    )


def _by_chance(result: BridgeResult) -> Check | None:
    if result.moved.chance is None:
        return None
    bars = result.table.set_index("bar")["moved"]
    up, down = float(bars.get("growing", 0.0)), float(bars.get("shrinking", 0.0))
    by_chance = result.moved.chance
    mostly = by_chance[0] - by_chance[1] >= 0.5 * (up - down)
    return Check(
        name=say("growing and shrinking"),
        verdict="weak" if mostly else "holds",
        text=say(
            "Growing customers show {up:money}, shrinking ones {down:money}. Dealt to the two periods by a coin, the "
            "same purchases would show {chance_up:money} and {chance_down:money}: so much needs no reason.",
            up=up, down=down, chance_up=by_chance[0], chance_down=by_chance[1],
        ),
    )  # fmt: skip


def _anonymous(result: BridgeResult) -> Check:
    bars = result.table.set_index("bar")
    if "anonymous" not in bars.index or not result.now:
        return Check(name=say("sales without a customer"), verdict="holds",
                     text=say("Every sale of both periods has a customer."))  # fmt: skip
    share = float(bars.loc["anonymous", "now"] / result.now)
    then = float(bars.loc["anonymous", "before"] / result.before) if result.before else float("nan")
    steady = abs(share - then) < 0.02
    return Check(
        name=say("sales without a customer"),
        verdict="holds" if steady and share < 0.5 else "weak",
        text=say(
            "{share:percent} of the money has no customer, {then:percent} then: it stands apart. Where more people "
            "show their card than before, old buyers pass for new ones.",
            share=share, then=then,
        ),
    )  # fmt: skip


def _returned(result: BridgeResult) -> Check:
    before = result.moved.spans["before"]
    known = (before.first - result.moved.begins).days
    long = known >= 365
    return Check(
        name=say("new or come back"),
        verdict="holds" if long else "weak",
        text=say(
            "Records begin {days:count} days before the earlier period: who last bought earlier than that counts as "
            "new."
            if known > 0 and (result.moved.newcomers_known or result.moved.spans["prior"] is None)
            else "Records begin {days:count} days before the earlier period, and fewer before the movement it is held "
            "against: who last bought earlier counts as new, so new and returned are held against it as one."
            if known > 0
            else "Records begin with the earlier period, so whoever bought before it and comes back counts as new.",
            days=known,
        ),
    )


def _costed(result: BridgeResult) -> Check:
    rows = result.moved.rows
    shares = []
    for side in ("now", "before"):
        revenue, costed = (exact(rows[f"{what}_{side}"]).sum() for what in ("revenue", "costed"))
        shares.append(costed / revenue if revenue else float("nan"))
    fine = all(abs(1 - share) <= COSTED for share in shares) and abs(shares[0] - shares[1]) < 0.01
    return Check(
        name=say("known costs"),
        verdict="holds" if fine else "fails" if abs(shares[0] - shares[1]) > 0.05 else "weak",
        text=say(
            "The unit cost is known of {now:percent} of the revenue, {before:percent} then; the margin is that of "
            "these sales alone.",
            now=shares[0], before=shares[1],
        ),
    )  # fmt: skip


def _draws(result: BridgeResult) -> Check:
    return Check(
        name=say("what the intervals say"),
        verdict="weak",
        text=say(
            "They are those of another draw of such customers. A season, a price or a competitor that moved everybody "
            "is inside the bars, not in their intervals; why it moved is asked elsewhere."
        ),
    )
