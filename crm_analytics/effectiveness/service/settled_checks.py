"""Why to believe that settling a case at once satisfies, and why to doubt it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check
from crm_analytics.say import say

if TYPE_CHECKING:
    from crm_analytics.effectiveness.service.settled import SettledResult


def checks(result: SettledResult) -> tuple[Check, ...]:
    """What like cases change, who answers, who had bought more before, and that nobody drew lots."""
    return _like_cases(result), _who_answers(result), _before(result), Check(
        name=say("No test"), verdict="weak",
        text=say("Cases were not dealt by lot: within a reason the harder ones take more contacts and may annoy by "
                 "themselves. Settling a random half of them at once would tell."),
    )  # fmt: skip


def _like_cases(result: SettledResult) -> Check:
    told = result.satisfaction
    return Check(
        name=say("Like cases"), verdict="holds",
        text=say("As counted, the difference is {plain:.2f}; among cases of the same reason, channel and quarter, and "
                 "customers who had bought as much, {value:.2f}.", plain=told.plain, value=told.value),
    )  # fmt: skip


def _who_answers(result: SettledResult) -> Check:
    """Satisfaction is known of those who answer; if the annoyed answer more, or less, the difference is theirs."""
    cases, answers = (result.table[name].to_numpy(float) for name in ("cases", "answers"))
    rates = answers / np.maximum(cases, 1)
    middle = answers.sum() / cases.sum()
    error = float(np.sqrt(middle * (1 - middle) * (1 / np.maximum(cases, 1)).sum()))
    alike = abs(rates[0] - rates[1]) <= 1.96 * error
    return Check(
        name=say("Who answers"), verdict="holds" if alike else "weak",
        text=say(
            "After {one:percent} of cases settled at once customers said how satisfied they were, and after "
            "{many:percent} of the others, which is alike."
            if alike
            else "After {one:percent} of cases settled at once customers said how satisfied they were, and after "
            "{many:percent} of the others: who is annoyed may answer more, or less.",
            one=rates[0], many=rates[1],
        ),
    )  # fmt: skip


def _before(result: SettledResult) -> Check:
    means = result.frame.groupby("settled")["before"].mean().reindex([1, 0])
    if means.isna().any():
        return Check(name=say("Alike before"), verdict="weak",
                     text=say("What customers had bought before is not known, so it is not taken out."))  # fmt: skip
    return Check(
        name=say("Alike before"), verdict="holds",
        text=say("In the year before, customers whose case was settled at once had bought for {one:money}, the others "
                 "for {many:money}; this is taken out.", one=means.iloc[0], many=means.iloc[1]),
    )  # fmt: skip
