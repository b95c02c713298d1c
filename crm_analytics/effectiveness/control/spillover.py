"""At whose expense? What a campaign moved in the goods it was for, and in all others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import LEAST_IN_AN_ARM, Estimate
from crm_analytics.effectiveness.control.by_lot import alike_before, evidence, told
from crm_analytics.effectiveness.control.groups import many
from crm_analytics.effectiveness.control.lift_claims import SEASON
from crm_analytics.effectiveness.control.measures import Measure, measure_of
from crm_analytics.effectiveness.control.parts import Parts, parts_of
from crm_analytics.effectiveness.control.pull_forward import too_little
from crm_analytics.result import Check, Claim, Result, Study
from crm_analytics.result.chance import holm
from crm_analytics.say import say

MOST_PARTS = 20


@dataclass(frozen=True, kw_only=True)
class Spillover(Study):
    """What did a campaign sell at the expense of other goods (or channels, or brands) of the same company?

    The effect on the addressed, as in `Lift`, is cut into parts that sum to it exactly. With `promoted`, the parts that
    the campaign was for, what the others lost is set against what those gained. Intervals hold for all parts together
    (Bonferroni), and Holm's procedure names those beyond noise. Parts that fewer than twenty customers of an arm bought
    in, and all beyond the twenty largest, go together.
    """

    measure: Literal["revenue", "orders", "margin"] = "revenue"
    promoted: tuple[str, ...] = ()
    confidence: float = 0.95

    reads = "campaign_parts"
    columns = ("customer_id", "arm", "part")
    least = 2 * LEAST_IN_AN_ARM
    of = "customers in the arms"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.measure not in ("revenue", "orders", "margin"):
            raise ValueError(f"measure is revenue, orders or margin, not {self.measure!r}.")
        if isinstance(self.promoted, str):
            raise ValueError("promoted is a text; give a tuple of parts, for example promoted=('Garden',).")

    def _answer(self, frame: pd.DataFrame) -> Result:
        measure = measure_of(self.measure, frame)
        unknown = sorted(set(self.promoted) - set(frame["part"].dropna().astype(str)))
        if unknown:
            known = ", ".join(sorted(set(frame["part"].dropna().astype(str)))[:20])
            raise ValueError(f"Nobody bought in {', '.join(unknown)}; there are {known}.")
        reason = too_little(frame, measure)
        if reason:
            return self.refuse(reason)
        frame, names = _together(frame, measure, self.promoted)
        if not names:
            return self.refuse(say("Not enough evidence: no customer of either arm bought anything in these weeks."))
        return _judged(self, frame, measure, parts_of(frame, "part", self.measure, names))


@dataclass(frozen=True, kw_only=True, eq=False)
class SpilloverResult(Result):
    """A part a row, promoted ones first: part, promoted, alone (what a customer brings there when left alone), effect,
    low, high, p (Holm's), beyond_noise; their effects sum to `whole`.

    `promoted` and `elsewhere` are the effects on the parts the campaign was for and on all others, and `lost` the share
    of the first that the second takes back; None where it is not said what the campaign was for.
    """

    measured: Measure
    whole: Estimate
    promoted: Estimate | None
    elsewhere: Estimate | None
    lost: tuple[float, float, float] | None
    people: int
    named: tuple[str, date | None, int]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the campaign moved in the goods it was for, and what is left of it for the company."""
        name, starts, days = self.named
        if starts is None or self.promoted is None:
            return ()
        base = {
            "subject": name, "confidence": self.study.confidence, "evidence": evidence(*self.checks[-1:]),
            "first": starts, "last": starts + timedelta(days=days - 1),
            "expires": starts + timedelta(days=days - 1) + SEASON,
        }  # fmt: skip
        taken = self.elsewhere.interval(self.study.confidence)[1] < 0
        return tuple(
            Claim(
                **base, measure=f"incremental {self.study.measure}", value=self.people * one.value,
                low=self.people * one.interval(self.study.confidence)[0],
                high=self.people * one.interval(self.study.confidence)[1], scope=scope, decision=decision,
                reversed_by=say("A test whose other goods lose nothing.") if decision else "",
            )
            for one, scope, decision in (
                (self.whole, (), say("Judge «{name}» by the whole basket, not by the goods it was for.", name=name)
                 if taken else ""),
                (self.promoted, (("part", ", ".join(self.study.promoted)),), ""),
            )
        )  # fmt: skip


def _together(frame: pd.DataFrame, measure: Measure, promoted: tuple[str, ...]) -> tuple[pd.DataFrame, list[str]]:
    """Parts that can be looked at alone, and all the others as one."""
    frame = frame.assign(part=frame["part"].astype("object").where(frame["part"].notna(), None))
    bought = frame[frame["part"].notna()]
    if bought.empty:
        return frame, []
    buyers = bought.drop_duplicates(["customer_id", "part"]).groupby(["part", "arm"]).size().unstack(fill_value=0)
    enough = buyers.reindex(columns=["treated", "control"], fill_value=0).min(axis=1) >= LEAST_IN_AN_ARM
    size = bought.groupby("part")[measure.above].sum()
    own = [p for p in sorted(size.index, key=lambda p: (-size[p], p)) if enough[p]][:MOST_PARTS]
    own += [p for p in promoted if p not in own]
    rest = say("all others")
    apart = frame["part"].isin(own) | frame["part"].isna()
    frame = frame.assign(part=frame["part"].where(apart, rest))
    return frame, [*own, *([] if apart.all() else [rest])]


def _judged(study: Spillover, frame: pd.DataFrame, measure: Measure, parts: Parts) -> SpilloverResult:
    single = [parts.sum(one) for one in np.eye(len(parts.names))]
    together = 1 - (1 - study.confidence) / len(single)
    table = pd.DataFrame({
        "part": parts.names, "promoted": [name in study.promoted for name in parts.names], "alone": parts.control,
        "effect": parts.effects,
    })  # fmt: skip
    table["low"], table["high"] = zip(*(e.interval(together) for e in single), strict=True)
    table["p"] = holm(np.array([e.p for e in single]))
    table["beyond_noise"] = table["p"] < 1 - study.confidence
    mine = table["promoted"].to_numpy(float)
    table = table.sort_values(["promoted", "effect", "part"], ascending=[False, False, True], ignore_index=True)
    named = study.promoted and mine.sum() < len(mine)
    starts = date.fromisoformat(str(frame["starts"].iloc[0])[:10]) if "starts" in frame else None
    result = SpilloverResult(
        study=study, measured=measure, table=table, text="", whole=parts.sum(np.ones(len(mine))),
        promoted=parts.sum(mine) if named else None, elsewhere=parts.sum(1 - mine) if named else None,
        lost=parts.share(mine - 1, mine, study.confidence) if named else None, people=parts.treated,
        named=(
            str(frame["campaign"].iloc[0]) if "campaign" in frame else "", starts,
            int(frame["days"].iloc[0]) if "days" in frame else 1,
        ),
    )  # fmt: skip
    drawn = alike_before(frame.drop_duplicates("customer_id"))
    text = told(_sentence(result), drawn)
    return SpilloverResult(**{**vars(result), "text": text, "checks": (*_checks(result), drawn)})


def _sentence(result: SpilloverResult) -> str:
    amount, confidence, rows = result.measured.amount, result.study.confidence, result.table
    values: dict[str, object] = {"noun": result.measured.noun, "n": len(rows), "found": int(rows["beyond_noise"].sum())}
    for name in ("whole", "promoted", "elsewhere"):
        one = getattr(result, name)
        if one is not None:
            low, high = map(amount, one.interval(confidence))
            values |= {name: amount(one.value), f"{name}_low": low, f"{name}_high": high}
    whole = "{whole} {noun} a customer in all ({whole_low} – {whole_high})"
    if result.promoted is None:
        lost = rows[rows["beyond_noise"] & (rows["effect"] < 0)]
        values |= {"lost": ", ".join(lost["part"])}
        return say(
            whole + ": {found:count} of {n:count} parts changed beyond noise, and {lost} lost."
            if len(lost)
            else whole + ": {found:count} of {n:count} parts changed beyond noise, and none of them lost.",
            **values,
        )
    share, low, high = result.lost
    values |= {"share": share, "span": (low, high)}
    both = ", {promoted} ({promoted_low} – {promoted_high}) in what the campaign was for and {elsewhere} "
    both += "({elsewhere_low} – {elsewhere_high}) elsewhere"
    if result.elsewhere.interval(confidence)[1] < 0 < result.promoted.interval(confidence)[0]:
        bounded = low > -np.inf and high < np.inf
        end = ": {share:percent}" + (" ({span:percents})" if bounded else "")
        end += " of the gain was taken from other goods."
    elif result.elsewhere.interval(confidence)[0] > 0:
        end = ": other goods gained with it."
    elif result.promoted.interval(confidence)[0] > 0 and high < 1:
        values |= {"most": high}
        end = ": no sign that other goods paid for it; {most:percent} of the gain at most can have come from them."
    else:
        end = ": whether other goods paid for it cannot be told."
    return say(whole + both + end, **values)


def _checks(result: SpilloverResult) -> tuple[Check, ...]:
    gap = abs(float(result.table["effect"].sum()) - result.whole.value)
    return (
        Check(
            name=say("Parts and whole"),
            verdict="holds" if gap <= 1e-9 * max(1.0, abs(result.whole.value)) else "fails",
            text=say("The effects on {n:count} parts sum to the whole.", n=len(result.table)),
        ),
        many(result.table, "part", say(
            "The intervals hold for all {n:count} parts together, and Holm's procedure decides.", n=len(result.table),
        )),
        Check(
            name=say("What it was for"),
            verdict="holds" if result.promoted is not None else "weak",
            text=say("{parts} is what the campaign was for.", parts=", ".join(result.study.promoted))
            if result.promoted is not None
            else say("It is not said which goods the campaign was for, so gains are not set against losses; give "
                     "`promoted`."),
        ),
    )  # fmt: skip
