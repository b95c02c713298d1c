"""What is said of the part that carries a change: the sentence, the reasons to believe or doubt it, what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crm_analytics.effectiveness.amounts import change, noun_of
from crm_analytics.result import Check, Claim
from crm_analytics.result.period import Period
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.causes.root_cause import RootCauseResult

def part_name(part: tuple[tuple[str, str], ...]) -> str:
    """A cut in words: region Riga × category Garden."""
    return " × ".join(say("{dimension} {value}", dimension=_called(name), value=value) for name, value in part)


def _called(dimension: str) -> str:
    known = {"region": say("region"), "store": say("store"), "channel": say("channel"), "category": say("category"),
             "product": say("product"), "customer_kind": say("customers:"), "outcome": say("outcome"),
             "agent": say("agent")}  # fmt: skip
    return known.get(dimension, dimension.replace("_", " "))


def worded(result: RootCauseResult, value: float) -> str:
    """A change of what is measured."""
    return change(result.study.measure, value, otherwise="number" if len(result.study.parts) == 2 else "count")


def sentence(result: RootCauseResult) -> str:
    """What the first cut did beyond the rest, against what is ordinary; or that nothing did."""
    first, frame = result.table.iloc[0], _frame(result)
    if not result.cuts:
        return say(
            "Nothing unusual: {change} {what} {after} against {before}, and all parts moved as alike "
            "as neighbours do. Farthest from the rest is {part} with {beyond} ({low} – {high} is ordinary for it).",
            **frame, part=first["part"], beyond=worded(result, first["beyond"]),
            low=worded(result, first["ordinary_low"]), high=worded(result, first["ordinary_high"]),
        )  # fmt: skip
    further = [row.part for row in result.table.iloc[1:-1].itertuples()]
    return say(
        "{beyond} beyond what it would have changed like the rest ({low} – {high} is ordinary for it): {part} carries "
        "{carried} of {change} {what} {after} against {before}{further}.",
        **frame, part=first["part"], beyond=worded(result, first["beyond"]),
        low=worded(result, first["ordinary_low"]), high=worded(result, first["ordinary_high"]),
        carried=worded(result, first["change"]),
        further=say("; then {parts}", parts=", ".join(further)) if further else "",
    )  # fmt: skip


def _frame(result: RootCauseResult) -> dict[str, str]:
    return {
        "change": worded(result, result.change), "what": noun_of(result.study.measure),
        "after": Period(*result.after).when,
        "before": Period(*result.before).name,
    }  # fmt: skip


def checks(result: RootCauseResult) -> tuple[Check, ...]:
    """How often chance makes such a cut, what one dimension alone tells, and what everything else did."""
    study = result.study
    surely = result.false_alarms <= study.false_alarms
    return (
        Check(name=say("Against ordinary neighbours"), verdict="holds" if surely else "weak", text=say(
            "Chance makes a cut stand out as far in {share:percent} of such searches; known from {count:count} pairs "
            "of neighbouring periods of the same lengths.", share=result.false_alarms, count=result.placebos)),
        _alone(result), _carried(result), *_length(result),
    )  # fmt: skip


def _alone(result: RootCauseResult) -> Check:
    best = result.dimensions.iloc[0]
    name = say("One dimension alone")
    if not best["count"]:
        return Check(
            name=name,
            verdict="weak",
            text=say("No dimension has a few elements that carry most of the change: it is spread over all of them."),
        )
    return Check(
        name=name,
        verdict="holds" if best["power"] > 0.67 else "weak",
        text=say(
            "Of single dimensions {dimension} explains most: {elements} {count:carries|carry} {power:percent} "
            "of the change, with the most surprise.",
            dimension=_called(best["dimension"]).rstrip(":"),
            elements=best["elements"],
            count=best["count"],
            power=best["power"],
        ),
    )


def _carried(result: RootCauseResult) -> Check:
    rest = result.table.iloc[-1]
    return Check(
        name=say("Everything else"),
        verdict="holds",
        text=say(
            "Everything else changed by {change}; all rows of the table together are the whole change.",
            change=worded(result, rest["change"]),
        ),
    )


def _length(result: RootCauseResult) -> list[Check]:
    if abs(result.stretch - 1) < 1e-9:
        return []
    return [
        Check(
            name=say("Unlike lengths"),
            verdict="holds",
            text=say(
                "The earlier period is of another length; its sums are brought to the later one's number of days."
            ),
        )
    ]


def claims(result: RootCauseResult) -> tuple[Claim, ...]:
    """What each named cut did beyond the rest; nothing where nothing is unusual."""
    found = []
    for cut, row in zip(result.cuts, result.table.itertuples(), strict=False):
        spread = row.ordinary_high
        found.append(Claim(
            subject=say("{part} since {day:date}, beyond the rest", part=row.part, day=result.after[0]),
            measure=result.study.measure, value=float(row.beyond), low=float(row.beyond - spread),
            high=float(row.beyond + spread), evidence="compared", first=result.after[0], last=result.after[1],
            expires=result.after[1] + (result.after[1] - result.before[0]) + timedelta(days=1), scope=cut.part,
            decision=say("Ask those responsible for {part} what was different in these days.", part=row.part),
            reversed_by=say("The other parts moving the same way in the next period."),
        ))  # fmt: skip
    return tuple(found)
