"""Why to believe or doubt a channel mix: what cannot be told apart, by name, and how it did on hidden quarters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.effectiveness.media.posterior import SPREAD, Posterior, Trial
from crm_analytics.effectiveness.media.refits import Refits
from crm_analytics.effectiveness.media.response import Response
from crm_analytics.effectiveness.media.shapes import BEND_BELIEF, BENDS
from crm_analytics.result import Check
from crm_analytics.say import say

FEW_WEEKS, FEW_FLIGHTS = 8, 3
ALIKE, FOLLOWS = 0.9, 2.6


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """What is wrong with the evidence about one channel; each is empty or a few words."""

    untold: tuple[str, ...] = ()
    """Why what it brought can hardly be told."""
    follows: str = ""
    """That its spend follows sales."""
    bend: str = ""
    """That how soon it saturates was not seen."""

    @property
    def words(self) -> str:
        """In two or three words for a table; the checks say why."""
        told = (say("not told") if self.untold else "", say("follows sales") if self.follows else "",
                say("bend assumed") if self.bend else "")  # fmt: skip
        return ", ".join(filter(None, told))


def doubts(posterior: Posterior, responses: dict[str, Response], ends: tuple[float, float]) -> dict[str, Doubts]:
    """What cannot be learned of each channel from these periods, by name."""
    return {
        name: Doubts(
            untold=_untold(posterior, c, tuple(responses), ends), follows=_follows(posterior, c), bend=_bend(response)
        )
        for c, (name, response) in enumerate(responses.items())
    }


def _untold(posterior: Posterior, c: int, names: tuple[str, ...], ends: tuple[float, float]) -> tuple[str, ...]:
    spend = np.array([s.spend[: len(posterior.sales)] for s in posterior.shapes])
    usual = posterior.brought.sum(axis=(1, 2)).mean() / spend.sum()
    low, high = np.quantile(posterior.brought[:, c].sum(axis=1) / spend[c].sum(), ends)
    own, days = spend[c], posterior.days
    active = own > 0.05 * own.max()
    weeks, flights = int(active.sum() * days // 7), int((np.diff(active.astype(int)) == 1).sum() + active[0])
    found = []
    if weeks < FEW_WEEKS or (flights < FEW_FLIGHTS and active.mean() < 0.5):
        found.append(say("it ran {flights:count} {flights:time|times} only, {weeks:count} {weeks:week|weeks} in all",
                         weeks=weeks, flights=flights))  # fmt: skip
    if active.all() and own.std() < 0.1 * own.mean():
        found.append(say("its spend hardly ever varied"))
    else:
        for k in range(len(names)):
            if k != c and spend[k].std() > 0 and np.corrcoef(own, spend[k])[0, 1] > ALIKE:
                found.append(say("it ran together with {other}", other=names[k]))
    if low == 0 and high > 2 * usual:
        found.append(say("it may have brought nothing, or more than twice as much as usual money does"))
    elif posterior.worth[:, c].std() > 0.3 * SPREAD:
        found.append(say("these weeks hardly narrow what it may have brought"))
    return tuple(found)


def _follows(posterior: Posterior, c: int) -> str:
    """Tomorrow's spend should not go with today's sales: if it does, money follows demand as much as makes it."""
    course, n = posterior.course, len(posterior.sales)
    spend = posterior.shapes[c].spend[:n] / posterior.shapes[c].usual
    if (spend > 0).mean() < 0.2:
        return ""
    precision, usual = course.precision[0], course.usual
    here = posterior.shapes[c].felt[np.bincount(posterior.chosen[:, c]).argmax()][:n] / usual
    later = np.r_[spend[1:], spend[-1]] / usual
    columns = np.column_stack([later, here, np.r_[spend[0], spend[:-1]] / usual])
    gram = columns.T @ precision @ columns + 1e-9 * np.eye(3)
    pull = np.linalg.solve(gram, columns.T @ precision @ posterior.surprises)
    error = posterior.noise_sd * np.sqrt(np.linalg.inv(gram)[0, 0])
    return say("its spend follows sales") if pull[0] / error > FOLLOWS else ""


def _bend(response: Response) -> str:
    """How much of what was possible the data have ruled out: of the place of the bend, given its form, and of what the
    last money brings against the average."""
    drawn = response.chosen[response.worth > 0]
    if len(drawn) < 10:
        return say("how soon it saturates is not seen")
    belief = np.exp(response.shapes.belief)
    ratio = _ratio(response, np.arange(len(belief)))
    middle = np.average(ratio, weights=belief)
    before = np.sqrt(np.average((ratio - middle) ** 2, weights=belief))
    forms, bends = response.shapes.kinds[drawn, 1], np.log(BENDS)[response.shapes.kinds[drawn, 2]]
    within = np.sqrt(np.mean([(bends[i] - bends[forms == forms[i]].mean()) ** 2 for i in range(len(bends))]))
    assumed = np.sqrt(np.average(np.log(BENDS) ** 2, weights=BEND_BELIEF))
    seen = 1 - max(ratio[drawn].std() / max(before, 1e-9), within / assumed)
    return say("how soon it saturates is mostly assumed") if seen < 0.5 else ""


def _ratio(response: Response, chosen: np.ndarray) -> np.ndarray:
    steep = response.shapes.steepness(chosen, response.year).sum(axis=1)
    return steep / np.maximum(response.shapes.felt[chosen][:, response.year].sum(axis=1), 1e-12)


def checks(
    posterior: Posterior, responses: dict[str, Response], found: dict[str, Doubts], refits: Refits,
    trials: tuple[Trial, ...],
) -> tuple[Check, ...]:  # fmt: skip
    """Hidden quarters, whether the answer lasts, what cannot be told, by name, what was assumed, what tests say."""
    return (
        _foretold(refits), *_lasting(refits), _told(found), _demand(found), _saturation(found), _enough(posterior),
        _errors(posterior), _experiments(posterior, tuple(responses), trials),
    )  # fmt: skip


def _foretold(refits: Refits) -> Check:
    name = say("Hidden quarters")
    if refits.quarters.empty:
        return Check(
            name=name,
            verdict="weak",
            text=say(
                "The history is too short to hide a quarter from the model; with 21 months it could be caught out."
            ),
        )
    error, naive = refits.errors
    return Check(
        name=name, verdict="holds" if error <= naive else "weak" if error <= 1.2 * naive else "fails",
        text=say("{n:count} quarters, each foretold from what came before with its spend and prices known, were missed "
                 "by {error:percent} from period to period; the same weeks a year earlier by {naive:percent}.",
                 n=len(refits.quarters), error=error, naive=naive),
    )  # fmt: skip


def _lasting(refits: Refits) -> list[Check]:
    if refits.lasting.empty:
        return []
    known = refits.lasting
    out = known[(known["now"] < known["low"]) | (known["now"] > known["high"])]["channel"]
    name = say("Refitted")
    if out.empty:
        return [
            Check(
                name=name,
                verdict="holds",
                text=say("What is said today of each channel lies within the interval that was known a quarter ago."),
            )
        ]
    return [Check(
        name=name, verdict="weak" if len(out) <= len(known) / 3 else "fails",
        text=say("Today's answer lies outside the interval of a quarter ago for {names}: do not lean on it yet.",
                 names=", ".join(out)),
    )]  # fmt: skip


def _told(found: dict[str, Doubts]) -> Check:
    untold = {name: one.untold for name, one in found.items() if one.untold}
    if not untold:
        return Check(
            name=say("Told apart"),
            verdict="holds",
            text=say("Every channel varied enough, and apart from the others, to be told from them."),
        )
    reasons = [reason for why in untold.values() for reason in why]
    shared = {reason for reason in reasons if reasons.count(reason) > 1}
    own = {name: ", ".join(reason for reason in why if reason not in shared) for name, why in untold.items()}
    of_several = "".join(
        say(" Of {names}: {reason}.", names=", ".join(name for name, why in untold.items() if one in why), reason=one)
        for one in dict.fromkeys(reasons) if one in shared
    )  # fmt: skip
    return Check(
        name=say("Told apart"), verdict="fails" if len(untold) == len(found) else "weak",
        text=say("Cannot be told well: {names}.{of_several} Vary their spend on purpose, one at a time, or leave a "
                 "region out.", names="; ".join(f"{name} ({why})" if why else name for name, why in own.items()),
                 of_several=of_several),
    )  # fmt: skip


def _demand(found: dict[str, Doubts]) -> Check:
    names = [name for name, one in found.items() if one.follows]
    if not names:
        return Check(
            name=say("Money and demand"),
            verdict="holds",
            text=say("No channel's spend rises after sales have risen, beyond what season and prices explain."),
        )
    return Check(name=say("Money and demand"), verdict="fails", text=say(
        "The spend of {names} follows sales: what goes together here may be demand that brings money, not money that "
        "brings demand. Only a test can say.", names=", ".join(names)))  # fmt: skip


def _saturation(found: dict[str, Doubts]) -> Check:
    names = [name for name, one in found.items() if one.bend]
    if not names:
        return Check(
            name=say("Saturation"),
            verdict="holds",
            text=say("For every channel the sizes of its spend show how soon further money works less."),
        )
    return Check(name=say("Saturation"), verdict="weak", text=say(
        "How soon further money works less is mostly assumed for {names}: it was taken to begin near the usual spend, "
        "within a factor of three either way, and these sizes of spend rule out little of that.",
        names=", ".join(names)))  # fmt: skip


def _enough(posterior: Posterior) -> Check:
    unknowns = len(posterior.influences.groups) + 3 * len(posterior.shapes)
    each = len(posterior.sales) / unknowns
    return Check(
        name=say("Periods for each unknown"), verdict="holds" if each >= 4 else "weak" if each >= 2 else "fails",
        text=say("{n:count} periods teach {k:count} unknowns, {each:number} for each; what they leave open is in the "
                 "intervals.", n=len(posterior.sales), k=unknowns, each=each),
    )  # fmt: skip


def _errors(posterior: Posterior) -> Check:
    root = np.linalg.cholesky(posterior.course.precision[0])
    white = root.T @ posterior.surprises
    white = white[: len(white) - 2] - white[: len(white) - 2].mean()
    related = float(white[1:] @ white[:-1] / (white @ white))
    odd = float(np.abs(white).max() / white.std())
    good = related < max(0.15, 3 / np.sqrt(len(white))) and odd < 5
    return Check(
        name=say("Errors"), verdict="holds" if good else "weak",
        text=say("One period's unexplained rest correlates with the next one's by {r:number}; the oddest period is "
                 "{odd:number} times as far off as usual.", r=related, odd=odd),
    )  # fmt: skip


def _experiments(posterior: Posterior, names: tuple[str, ...], trials: tuple[Trial, ...]) -> Check:
    if not trials:
        return Check(name=say("Experiments"), verdict="weak", text=say(
            "No experiment stands behind these numbers; they rest on spend that somebody chose. One test of the "
            "largest channel would tell more than another year."))  # fmt: skip
    far = []
    for trial in trials:
        said = posterior.brought[:, trial.channel, trial.first : trial.stop].sum(axis=1) / posterior.unit
        if abs(said.mean() - trial.brought) > 2 * np.hypot(trial.se, said.std()):
            far.append(names[trial.channel])
    tested = ", ".join(sorted({names[trial.channel] for trial in trials}))
    return Check(
        name=say("Experiments"), verdict="fails" if far else "holds",
        text=say("Sales contradict the experiment on {far}; one of the two is wrong.", far=", ".join(far)) if far else
        say("Calibrated by {n:count} {n:experiment|experiments} ({names}), which sales do not contradict.",
            n=len(trials), names=tested),
    )  # fmt: skip
