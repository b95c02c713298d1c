"""The decisions to take: all that kept answers say should be done, the surest and largest first."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

ASSUMED = "assumed"
EVIDENCE = ("tested", "compared", "modelled", ASSUMED)
"""From the strongest to the weakest."""
MONEY = re.compile(r"revenue|margin|profit|cost|gain|spend|loss")
SHARE = re.compile(r"retention|share|rate|conversion")
SURELY, OPEN = "surely", "open"


@dataclass(frozen=True, kw_only=True)
class ManagementReview(Study):
    """What has to be decided now, on what evidence, and what would turn the decision round?

    Every answer that was kept may say what to do. Those that have not expired are put together: of several about one
    subject the best founded leads, and where another one contradicts it, that is said. First come decisions that rest
    on more than an assumption and whose interval leaves zero behind, then the others, each by the money at stake.
    `most` is how many fit a page, and `each` how many one Study may bring, so that no page speaks for all.
    """

    most: int = 9
    each: int = 2

    reads = "claims"
    columns = ("study", "subject", "measure", "value", "low", "high", "confidence", "evidence", "expires", "told_on",
               "decision", "reversed_by", "until")  # fmt: skip
    of = "kept claims"

    def __post_init__(self) -> None:
        if self.most < 1 or self.each < 1:
            raise ValueError(f"most is {self.most} and each is {self.each}; show one decision at least.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        claims = _prepared(frame)
        asking = claims[claims["decision"] != ""]
        current = asking[asking["expires"] >= asking["until"]]
        if current.empty:
            return self.refuse(_nothing(len(claims), len(asking)))
        led = current.drop_duplicates("subject")
        ranked = led.sort_values(["sure", "stake", "subject"], ascending=[False, False, True], kind="stable")
        shown = ranked[ranked.groupby("study").cumcount() < self.each].head(self.most).reset_index(drop=True)
        table = _told(shown)
        return ManagementReviewResult(
            study=self, table=table, claimed=shown, text=_sentence(table, len(ranked)),
            checks=(_founded(table), *_contradictions(current, led), *_expired(asking)),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class ManagementReviewResult(Result):
    """A row per decision, in the order to take them: decision, number (in words, with its interval), evidence, sure
    (surely where the evidence is more than assumed and the interval leaves zero behind, else open), until (when it
    expires), reversed_by. `claimed` has the claims behind the rows: study, subject, measure, value, low, high …"""

    claimed: pd.DataFrame = field(repr=False)


def _prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """The claims, the best founded and newest of a subject first, with the money at stake."""
    claims = frame.assign(
        grade=frame["evidence"].map(EVIDENCE.index), decision=frame["decision"].fillna(""),
        sure=frame["evidence"].ne(ASSUMED) & ~_as_it_is(frame) & ((frame["low"] > 0) | (frame["high"] < 0)),
        stake=frame["value"].abs().where(frame["measure"].str.contains(MONEY), 0.0),
        **{name: pd.to_datetime(frame[name]) for name in ("expires", "told_on", "until")},
    )  # fmt: skip
    claims["width"] = (claims["high"] - claims["low"]) / claims["value"].abs().clip(lower=1e-9)
    order = ["grade", "told_on", "sure", "stake", "width", "subject", "measure", "study"]
    return claims.sort_values(
        order, ascending=[True, False, False, False, True, True, True, True], ignore_index=True, kind="stable"
    )


def _as_it_is(claims):
    """Whether a number, or each of a column of them, is taken as it is: nobody knows how far off."""
    return np.isclose(claims.low, claims.high, rtol=1e-9, atol=0)


def _told(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({
        "decision": rows["decision"], "number": [_number(row) for row in rows.itertuples()],
        "evidence": rows["evidence"], "sure": np.where(rows["sure"], SURELY, OPEN), "until": rows["expires"],
        "reversed_by": rows["reversed_by"],
    })  # fmt: skip


def _number(row) -> str:
    """The claimed number with its interval, as the measure is read: money, a share or a plain number."""
    if MONEY.search(row.measure):
        template = "{measure}: {value:money} ({low:money} – {high:money})"
    elif SHARE.search(row.measure) and max(abs(row.low), abs(row.high)) <= 1.5:
        template = "{measure}: {value:percent} ({low:percent} – {high:percent})"
    else:
        template = "{measure}: {value:number} ({low:number} – {high:number})"
    if _as_it_is(row):
        template = re.sub(r" \(.*\)", "", template)
    return say(template, measure=row.measure, value=row.value, low=row.low, high=row.high)


def _sentence(table: pd.DataFrame, of: int) -> str:
    first = table.iloc[0]
    told = say(
        "{n:count} {n:decision|decisions} to take. The first: {decision} ({number}; {evidence}).",
        n=of, decision=str(first["decision"]).rstrip(" ."), number=first["number"], evidence=first["evidence"],
    )  # fmt: skip
    sure = int((table["sure"] == SURELY).sum())
    return told + " " + say(
        ("Its interval leaves zero behind." if sure else "It is open: assumed, or its interval holds zero.")
        if len(table) == 1
        else "Of the {shown:count} shown {sure:count} {sure:rests|rest} on more than an assumption, with an interval "
        "that leaves zero behind.",
        shown=len(table), sure=sure,
    )  # fmt: skip


def _founded(table: pd.DataFrame) -> Check:
    counted = table["evidence"].value_counts()
    strong = int(counted.get("tested", 0) + counted.get("compared", 0))
    return Check(
        name=say("What they rest on"), verdict="holds" if 2 * strong >= len(table) else "weak",
        text=say(
            "{tested:count} tested by lot, {compared:count} compared with others of the same days, {modelled:count} "
            "modelled from one history, {assumed:count} assumed: decide by the weaker ones only what can be undone.",
            **{grade: int(counted.get(grade, 0)) for grade in EVIDENCE},
        ),
    )  # fmt: skip


def _contradictions(current: pd.DataFrame, led: pd.DataFrame) -> list[Check]:
    """Answers about one subject and measure whose intervals do not meet."""
    both = led.merge(current, on=["subject", "measure"], suffixes=("", "_other"))
    apart = both[(both["low_other"] > both["high"]) | (both["high_other"] < both["low"])]
    return [
        Check(
            name=say("Contradiction"), verdict="fails",
            text=say(
                "«{subject}»: {one} ({grade}) and {other} ({other_grade}) do not agree on its {measure}; the better "
                "founded one leads here. Find out why before acting on it.",
                subject=row.subject, one=row.study, other=row.study_other, grade=row.evidence,
                other_grade=row.evidence_other, measure=row.measure,
            ),
        )
        for row in apart.drop_duplicates(["subject", "study_other"]).itertuples()
    ]  # fmt: skip


def _expired(asking: pd.DataFrame) -> list[Check]:
    gone = asking[asking["expires"] < asking["until"]]
    if gone.empty:
        return []
    return [
        Check(
            name=say("Expired"), verdict="weak",
            text=say(
                "{n:count} kept {n:conclusion|conclusions} with a decision {n:has|have} expired and {n:is|are} left "
                "out; ask again before relying on them.", n=len(gone),
            ),
        )
    ]  # fmt: skip


def _nothing(claims: int, asking: int) -> str:
    if not claims:
        return say(
            "Not enough evidence: no answer has been kept yet. Run the pages of the other stages first; each keeps "
            "what it found."
        )
    return say(
        "Not enough evidence: of {claims:count} kept claims {asking:count} say what to do, and all of these have "
        "expired. Run the pages of the other stages again.",
        claims=claims, asking=asking,
    )  # fmt: skip
