"""Who will do it next: buy again, leave, answer, send back? How probable it is, and whom it pays to contact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.scores.calibration import sigmoid
from crm_analytics.planning.customers.scores.decisions import in_order, told_apart, too_little, untried
from crm_analytics.planning.customers.scores.leak import KNOWN_AT, Suspicion, suspicions
from crm_analytics.planning.customers.scores.learning import Learned, learn
from crm_analytics.planning.customers.scores.periods import Periods
from crm_analytics.planning.customers.scores.reasons import in_words
from crm_analytics.planning.customers.scores.score_checks import checks
from crm_analytics.planning.customers.scores.steps import NOT_COLUMNS
from crm_analytics.result import Claim, Result, Study, frame_of
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.planning.customers.scores.score_card import CalibrationResult, CardResult, DriftResult, WhyResult

PROTECTED = (
    "gender", "sex", "age", "birth_year", "birth_date", "marital", "marital status", "religion", "nationality",
    "ethnicity", "race", "disability", "пол", "возраст", "год рождения", "дата рождения", "семейное положение",
    "национальность", "вероисповедание",
)  # fmt: skip
"""Columns by which nobody is judged unless somebody decides so."""


@dataclass(frozen=True, kw_only=True)
class Score(Study):
    """How probable is it that each customer does it (buys again, leaves, answers …), and whom does it pay to contact?

    It is learned from customers on past days (`features.training`, or any table with `customer_id`, `snapshot`: the
    day of the decision or a number that grows with time, `target`: 1, 0, or null for those to be scored, and columns
    known on that day). It is tried on later days and on customers by whom it was not taught before anything is said.

    A contact costs `cost` and a success is worth `gain`, in the company's money. Columns in `without` are left out, so
    are the `protected` ones (give `()` to let them in); `trust` lets in columns that were refused as written after the
    fact. `draws` resamplings of customers make the intervals.
    """

    reads = "training"
    columns = ("customer_id", "snapshot", "target")
    least = 100
    of = "decisions"

    cost: float = 1.0
    gain: float = 5.0
    without: tuple[str, ...] = ()
    protected: tuple[str, ...] = PROTECTED
    trust: tuple[str, ...] = ()
    draws: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.cost >= 0 and self.gain > 0):
            raise ValueError(
                f"cost is {self.cost}, gain {self.gain}; a contact costs 0 or more, a success more than 0."
            )
        if self.draws < 50:
            raise ValueError(f"draws is {self.draws}; take 50 or more, or the intervals are not to be trusted.")
        for name in ("without", "protected", "trust"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} is a text; give a tuple of columns, for example {name}=('duration',).")

    def _answer(self, frame: pd.DataFrame) -> Result:
        rows = in_order(frame)
        known, ahead = rows[rows["target"].notna()], rows[rows["target"].isna()]
        known, ahead = known.reset_index(drop=True), ahead.reset_index(drop=True)
        columns = self._columns(rows)
        if why := too_little(known, columns):
            return self.refuse(why)
        suspects = suspicions(known, ahead, columns)
        refused = [s.column for s in suspects if s.refused and s.column not in self.trust]
        columns = [c for c in told_apart(known, columns) if c not in refused]
        if not columns:
            return self.refuse(
                say("Not enough evidence: no column known beforehand is left once {refused} is refused.",
                    refused=", ".join(refused))
            )  # fmt: skip
        periods = Periods.cut(known)
        if why := untried(known, periods):
            return self.refuse(why)
        found = learn(known, periods, columns, draws=self.draws, seed=self.seed)
        return scored(self, found, known, ahead, tuple(suspects))

    def _columns(self, rows: pd.DataFrame) -> list[str]:
        out = {*NOT_COLUMNS, *self.without}
        protected = {name.casefold() for name in self.protected}
        return [
            c for c in rows.columns
            if c not in out and str(c).casefold() not in protected and not str(c).endswith(KNOWN_AT)
        ]  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreResult(Result):
    """Those to be scored, the most probable first: `customer_id`, `probability`, `low`, `high`, `chosen` (whether a
    contact pays), `reasons` (what raises it (+) and lowers it (−)). Where the table held nobody to be scored, those on
    whom the score was tried, with what `happened`.

    `auc` and `top_half` (the share of successes in the better half) are (found, low, high) on the days held out;
    `usable` says whether it is better than chance; `suspects` are the columns that know too much.
    """

    found: Learned
    known: pd.DataFrame
    ahead: pd.DataFrame
    suspects: tuple[Suspicion, ...]

    @property
    def auc(self) -> tuple[float, float, float]:
        return self.found.trial.auc

    @property
    def top_half(self) -> tuple[float, float, float]:
        return self.found.trial.top_half

    @property
    def usable(self) -> bool:
        return self.auc[1] > 0.5

    @property
    def refused(self) -> tuple[str, ...]:
        """The columns that were left out because they were written after the fact."""
        return tuple(s.column for s in self.suspects if s.refused and s.column not in self.study.trust)

    @property
    def cut_off(self) -> float:
        """From this probability on a contact pays."""
        return min(self.study.cost / self.study.gain, 1.0)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """How many of those scored will do it within the horizon; nothing where the score is no better than chance."""
        if not self.usable or self.ahead.empty or not {"foretells", "until"} <= {*self.ahead.columns}:
            return ()
        from crm_analytics.planning.customers.scores.score_card import claims_of

        return claims_of(self)

    def log_odds(self, people: pd.DataFrame) -> np.ndarray:
        card = self.found.card
        return card.log_odds(people) if self.usable else np.full(len(people), float(self.found.base_log_odds[-1]))

    def but(self, *, cost: float | None = None, gain: float | None = None) -> ScoreResult:
        """The same score with another cost of a contact or another worth of a success: nothing is learned again."""
        given = {name: value for name, value in (("cost", cost), ("gain", gain)) if value is not None}
        return scored(replace(self.study, **given), self.found, self.known, self.ahead, self.suspects)

    def predict(self, people: Any) -> Result:
        """The score of other people, described by the same columns; what a table lacks counts as unknown."""
        return scored(self.study, self.found, self.known, in_order(frame_of(people)), self.suspects)

    def against(self, later: Any) -> Result:
        """What was foretold beside what happened: a later table of `features.training` whose targets are known."""
        from crm_analytics.planning.customers.scores.score_card import held_against

        return held_against(self, in_order(frame_of(later)))

    def card(self) -> CardResult:
        """The model's card: what it is, from when, how good, by what, for whom not."""
        from crm_analytics.planning.customers.scores.score_card import card_of

        return card_of(self)

    def calibration(self) -> CalibrationResult:
        """Foretold and happened on the days held out, a tenth of the people at a time."""
        from crm_analytics.planning.customers.scores.score_card import calibration_of

        return calibration_of(self)

    def drift(self) -> DriftResult:
        """How far those to be scored differ from those by whom it was taught."""
        from crm_analytics.planning.customers.scores.score_card import drift_of

        return drift_of(self)

    def why(self, customer_id: str) -> WhyResult:
        """All reasons for one customer's score; with the average they sum to its log-odds."""
        from crm_analytics.planning.customers.scores.score_card import why_of

        return why_of(self, customer_id)


def scored(
    study: Score, found: Learned, known: pd.DataFrame, ahead: pd.DataFrame, suspects: tuple[Suspicion, ...]
) -> ScoreResult:
    """The Result for these people: their probabilities, whom to contact, and why."""
    draft = ScoreResult(
        study=study, table=known.head(0), text="", found=found, known=known, ahead=ahead, suspects=suspects
    )
    table = _table(draft)
    draft = replace(draft, table=table)
    return replace(draft, text=_sentence(draft), checks=checks(draft))


def _table(result: ScoreResult) -> pd.DataFrame:
    import pandas as pd

    tried = result.ahead.empty
    people = result.found.tried if tried else result.ahead
    log_odds = result.found.trial.log_odds if tried and result.usable else result.log_odds(people)
    low, high = result.found.line.span(log_odds)
    probability = sigmoid(log_odds)
    table = pd.DataFrame(
        {
            "customer_id": people["customer_id"].to_numpy(),
            "probability": probability,
            "low": np.minimum(low, probability),
            "high": np.maximum(high, probability),
            "chosen": probability >= result.cut_off,
            "reasons": in_words(result.found.card, people) if result.usable else "",
        }
    )
    if tried:
        table["happened"] = people["target"].to_numpy(int)
    return table.sort_values(["probability", "customer_id"], ascending=[False, True], kind="stable", ignore_index=True)


def expected_profit(result: ScoreResult) -> tuple[float, float, float]:
    """What contacting the chosen brings, successes all put down to the contact: expected, low, high."""
    chosen = result.table[result.table["chosen"]]
    paid = result.study.cost * len(chosen)
    return tuple(float(result.study.gain * chosen[name].sum() - paid) for name in ("probability", "low", "high"))


def _sentence(result: ScoreResult) -> str:
    half, low, high = result.top_half
    area, area_low, area_high = result.auc
    if not result.usable:
        return say(
            "Do not use this score: on days held out it orders people no better than chance (AUC {area:number}, "
            "{low:number} – {high:number}; chance is 0.5). Everybody gets the average.",
            area=area, low=area_low, high=area_high,
        )  # fmt: skip
    profit, least, most = expected_profit(result)
    told = say(
        "{half:percent} ({low:count} – {high:percent}) of successes on days held out stood in the better half by "
        "score. ",
        half=half, low=100 * low, high=high,
    )  # fmt: skip
    if not result.table["chosen"].any():
        return told + say(
            "Nobody reaches the {cut:percent} from which a contact pays at {cost:money} each and "
            "{gain:money} a success.",
            cut=result.cut_off, cost=result.study.cost, gain=result.study.gain,
        )  # fmt: skip
    return told + say(
        "To contact the {n:count} of {all:count} people above {cut:percent} brings {profit:money} ({least:money} – "
        "{most:money}) at {cost:money} a contact and {gain:money} a success.",
        n=int(result.table["chosen"].sum()), all=len(result.table), cut=result.cut_off, profit=profit,
        least=least, most=most, cost=result.study.cost, gain=result.study.gain,
    )  # fmt: skip
