"""What customers would choose: what each attribute of an offer is worth, from offers judged whole (conjoint)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import pandas as pd

from crm_analytics.collection.voice import partworths, preferences
from crm_analytics.collection.voice.offers import Design
from crm_analytics.collection.voice.partworths import Worths
from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

LEAST_RESPONDENTS = 10
FIT_HOLDS, FAR_FROM_CHANCE = 0.7, 0.1
Rule = Literal["logit", "first", "share"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ConjointResult(Result):
    """`table`: attribute, level, part_worth (points of the scale, or of utility, above the attribute's mean), low,
    high, importance (of the attribute, on each of its rows), importance_low, importance_high; attributes by importance.
    """

    survey: str
    method: str
    """`ratings`, `ranks` or `choices`."""
    respondents: int
    intercept: float
    worths: Worths = field(repr=False)

    @property
    def importance(self) -> pd.DataFrame:
        """attribute, importance, low, high; the most important first. Importances sum to one."""
        one = self.table.drop_duplicates("attribute", ignore_index=True)
        named = {"importance_low": "low", "importance_high": "high"}
        return one[["attribute", "importance", *named]].rename(columns=named)

    def simulate(self, offers: pd.DataFrame, rule: Rule = "logit") -> pd.DataFrame:
        """What share of the respondents would take each offer, were these all there is: offer, share, low, high,
        utility.

        `offers` has a column for each attribute and a row for each offer. `first`: everybody takes what is worth most
        to them (ties are shared); `share`: each offer gets its part of the sum of utilities (Bradley, Terry, Luce);
        `logit`: of the sum of their exponentials. Intervals come from the differences between respondents.
        """
        return preferences.simulated(self.worths, offers, rule=rule, confidence=self.study.confidence)

    def willingness_to_pay(self, price: str = "") -> Result:
        """What each level is worth in money against the first of its attribute: needs a price whose levels are numbers.

        `table`: attribute, level, against, worth (money), low, high (Fieller's interval over respondents). Refused
        where the price is no number, or where dearer offers are not clearly liked less.
        """
        from crm_analytics.collection.voice.paying import willingness

        return willingness(self, price)


@dataclass(frozen=True, kw_only=True)
class Conjoint(Study):
    """What is each attribute of an offer worth to customers, and which offer would they choose?

    Ratings and ranks: for every respondent a least-squares regression on effects coding (levels sum to zero), then the
    mean over respondents; importance is the range of an attribute's part-worths over the sum of ranges, by respondent
    (Green and Srinivasan 1978). Choices among several offers: a conditional logit (McFadden 1974) by Newton's method,
    with errors that know that a respondent's choices hang together. `best` says which end of the answers is the good
    one: `highest` of ratings, `lowest` of ranks that begin with the favourite.
    """

    survey: str = ""
    best: Literal["highest", "lowest"] = "highest"
    confidence: float = 0.95

    reads: ClassVar[str] = "preferences"
    columns: ClassVar[tuple[str, ...]] = (
        "survey",
        "respondent_id",
        "question",
        "profile",
        "attribute",
        "level",
        "value",
        "weight",
    )
    least: ClassVar[int] = 2
    of: ClassVar[str] = "judged offers"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.best not in ("highest", "lowest"):
            raise ValueError(f"best is 'highest' or 'lowest', not {self.best!r}.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.assign(survey=frame.survey.fillna(""))
        survey = self.survey or frame.groupby("survey").respondent_id.nunique().sort_index().idxmax()
        rows = frame[frame.survey == survey]
        people = rows.respondent_id.nunique()
        if people < LEAST_RESPONDENTS:
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} people judged the offers; ask at least {least:count}.",
                    have=people,
                    least=LEAST_RESPONDENTS,
                )
            )
        design = Design.of(rows, sign=1.0 if self.best == "highest" else -1.0)
        if design.tangled:
            return self.refuse(
                say(
                    "Not enough evidence: the offers that were shown cannot tell {levels} apart; show offers in which "
                    "every level meets the levels of the other attributes.",
                    levels=design.tangled,
                )
            )
        worths = partworths.choices(design) if design.chosen else partworths.ratings(design)
        if worths.respondents < LEAST_RESPONDENTS:
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} people judged enough offers for {needed:count} unknowns each; "
                    "show every respondent more offers, or fewer levels.",
                    have=worths.respondents,
                    needed=design.matrix.shape[1] + (not design.chosen),
                )
            )
        table = preferences.table(worths, self.confidence)
        if design.chosen and not worths.settled:
            return self.refuse(
                say("Not enough evidence: some level was always or never chosen, so its worth has no end.")
            )
        return ConjointResult(
            study=self,
            table=table,
            text=self._text(table),
            checks=tuple(self._checks(design, worths, table)),
            survey=survey,
            method="choices" if design.chosen else "ranks" if design.ranked else "ratings",
            respondents=worths.respondents,
            intercept=worths.intercept,
            worths=worths,
        )

    def _text(self, table: pd.DataFrame) -> str:
        first = table.iloc[0]
        best = table[table.attribute == first.attribute].sort_values("part_worth").level.iloc[-1]
        return say(
            "{share:percent} ({span:percents}) of the choice hangs on {attribute}, of which customers like {best} "
            "best.",
            share=first.importance,
            span=(first.importance_low, first.importance_high),
            attribute=first.attribute,
            best=best,
        )

    def _checks(self, design: Design, worths: Worths, table: pd.DataFrame) -> Iterator[Check]:
        yield _foretells(design, worths)
        yield Check(
            name=say("people"),
            verdict="holds" if worths.dropped == 0 else "weak",
            text=say(
                "All {people:count} people judged enough offers to be counted."
                if worths.dropped == 0
                else "{people:count} people are counted; {dropped:count} judged too few offers, or all of them alike.",
                people=worths.respondents,
                dropped=worths.dropped,
            ),
        )
        if design.ranked:
            yield Check(
                name=say("ranks"),
                verdict="holds",
                text=say(
                    "The answers are ranks; the highest is taken as the favourite."
                    if self.best == "highest"
                    else "The answers are ranks; the lowest is taken as the favourite.",
                ),
            )
        nothing = table[(table.low <= 0) & (table.high >= 0)].groupby("attribute").size()
        sizes = table.groupby("attribute").size()
        idle = sorted(nothing.index[nothing == sizes[nothing.index]])
        if idle:
            yield Check(
                name=say("idle attribute"),
                verdict="weak",
                text=say("No level of {attribute} is liked more than another beyond chance.", attribute=idle[0]),
            )


def _foretells(design: Design, worths: Worths) -> Check:
    if design.chosen:
        return Check(
            name=say("foretells"),
            verdict="holds" if worths.hit > worths.chance + FAR_FROM_CHANCE else "weak",
            text=say(
                "{hit:percent} of the choices fell on the offer foretold as best, where chance would find "
                "{chance:percent}.",
                hit=worths.hit,
                chance=worths.chance,
            ),
        )
    return Check(
        name=say("foretells"),
        verdict="holds" if worths.pearson >= FIT_HOLDS else "weak",
        text=say(
            "Each offer foretold from the others: correlation {pearson:number} with what people said of it, order "
            "(Kendall) {kendall:number}.",
            pearson=worths.pearson,
            kendall=worths.kendall,
        ),
    )
