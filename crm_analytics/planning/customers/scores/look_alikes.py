"""What did the best customers have in common before they were the best, and who else is like them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.planning.customers.scores.calibration import sigmoid
from crm_analytics.planning.customers.scores.decisions import in_order, told_apart
from crm_analytics.planning.customers.scores.gains import spanned
from crm_analytics.planning.customers.scores.learning import Learned, learn
from crm_analytics.planning.customers.scores.periods import FEWEST, Periods
from crm_analytics.planning.customers.scores.reasons import in_words
from crm_analytics.planning.customers.scores.score import PROTECTED
from crm_analytics.planning.customers.scores.shared import shared
from crm_analytics.planning.customers.scores.steps import NOT_COLUMNS
from crm_analytics.result import Check, Result, Study
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

CIRCULAR = ("revenue", "revenue_window", "revenue_before", "margin_window", "mean_order", "orders", "orders_window")
"""Who spends much has spent much: true, and no help in finding others. By these nobody is called alike."""


@dataclass(frozen=True, kw_only=True)
class LookAlikes(Study):
    """What do customers share who become the best, before they are, and who else has it?

    It reads customers as they were known while not yet among the best (`features.future_best`), learns who became one,
    and tries on later days whether those it called alike did so more often. Money and purchases so far are left out
    (`circular`: give `()` to let them in), so are the `protected` columns. Alike are the `share` of people most like
    them. Of the differences that are named, at most `false_share` are chance.
    """

    reads = "future_best"
    columns = ("customer_id", "snapshot", "target")
    least = 100
    of = "customers"
    people = ("alike",)

    share: float = 0.2
    circular: tuple[str, ...] = CIRCULAR
    protected: tuple[str, ...] = PROTECTED
    without: tuple[str, ...] = ()
    false_share: float = 0.05
    draws: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.share < 1 or not 0 < self.false_share < 1:
            raise ValueError(
                f"share is {self.share}, false_share {self.false_share}; take shares such as 0.2, 0.05."
            )
        for name in ("circular", "protected", "without"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} is a text; give a tuple of columns, for example {name}=('region',).")

    def _answer(self, frame: pd.DataFrame) -> Result:
        rows = in_order(frame)
        known, ahead = (rows[side].reset_index(drop=True) for side in (rows["target"].notna(), rows["target"].isna()))
        if min(known["target"].sum(), (1 - known["target"]).sum()) < 3 * FEWEST:
            return self.refuse(
                say("Not enough evidence: {have:count} times somebody became one of the best on the days looked at, "
                    "and at least {need:count} are needed; look further back, or take a larger share for the best.",
                    have=known["target"].sum(), need=3 * FEWEST)
            )  # fmt: skip
        columns = told_apart(known, self._columns(rows))
        if not columns:
            return self.refuse(say("Not enough evidence: nothing is known of the customers but what they spent."))
        periods = Periods.cut(known)
        steps = list(periods.steps())
        y = known["target"].to_numpy(int)
        fewest = min(
            (np.bincount(y[rows_], minlength=2).min() for step in steps for rows_ in (step[0], step[2])), default=0
        )
        if fewest < FEWEST // 2:
            return self.refuse(
                say("Not enough evidence: the days looked at do not reach over two horizons, so look-alikes cannot be "
                    "tried on days they were not learned from; a history of at least two horizons is needed.")
            )  # fmt: skip
        found = learn(known, periods, columns, draws=self.draws, seed=self.seed)
        lift = lift_of(found, self.share)
        if lift[1] <= 1:
            return self.refuse(
                say("Not enough evidence: nothing known beforehand tells who becomes one of the best: those most alike "
                    "did so {lift:number} times as often as everybody ({low:number} – {high:number}) on days held out.",
                    lift=lift[0], low=lift[1], high=lift[2])
            )  # fmt: skip
        once = known.drop_duplicates("customer_id", keep="last").reset_index(drop=True)
        together = shared(once, columns, false_share=self.false_share)
        table = _ranked(found, ahead if len(ahead) else found.tried, self.share)
        fifths = _fifths(found)
        return LookAlikesResult(
            study=self,
            table=table,
            text=_sentence(table, together, lift),
            checks=_checks(self, found, lift, fifths, together, rows),
            found=found,
            lift=lift,
            shared=together,
            fifths=fifths,
        )

    def _columns(self, rows: pd.DataFrame) -> list[str]:
        out = {*NOT_COLUMNS, *self.without, *self.circular}
        protected = {name.casefold() for name in self.protected}
        return [c for c in rows.columns if c not in out and str(c).casefold() not in protected]


@dataclass(frozen=True, kw_only=True, eq=False)
class LookAlikesResult(Result):
    """Who is not one of the best, the most alike first: `customer_id`, `likeness` (the probability of becoming one),
    `times` (how many times that of an average person), `alike` (whether among the share most alike), `reasons`.

    `lift`: how many times as often as everybody those called alike became one of the best on days held out (found, low,
    high). `shared`: what the best had before they were it (`what`, `theirs`, `others`, `times`, `low`, `high`, `told`).
    `fifths`: what became of the held-out people by likeness (`fifth`, `people`, `became`, `low`, `high`).
    """

    found: Learned
    lift: tuple[float, float, float]
    shared: pd.DataFrame
    fifths: pd.DataFrame


def lift_of(found: Learned, share: float) -> tuple[float, float, float]:
    """How many times as often as everybody the most alike became one of the best on days held out."""
    gains = found.trial.gains
    return spanned(gains[:, round(share * (gains.shape[1] - 1))] / share)


def _ranked(found: Learned, people: pd.DataFrame, share: float) -> pd.DataFrame:
    import pandas as pd

    likeness = sigmoid(found.card.log_odds(people))
    cut = np.quantile(likeness, 1 - share) if len(likeness) else 1.0
    table = pd.DataFrame(
        {
            "customer_id": people["customer_id"].to_numpy(),
            "likeness": likeness,
            "times": likeness / max(likeness.mean(), 1e-9),
            "alike": likeness >= cut,
            "reasons": in_words(found.card, people),
        }
    )
    return table.sort_values(["likeness", "customer_id"], ascending=[False, True], kind="stable", ignore_index=True)


def _fifths(found: Learned) -> pd.DataFrame:
    """What became of people on days held out, in fifths by likeness, the most alike first."""
    import pandas as pd

    trial = found.trial
    order = np.lexsort((np.arange(len(trial.log_odds)), -trial.log_odds))
    rows = []
    for fifth, inside in enumerate(np.array_split(order, 5), start=1):
        weight = trial.weights[:, inside]
        became = spanned(weight @ trial.happened[inside] / np.maximum(weight.sum(axis=1), 1e-9))
        rows.append((fifth, len(inside), *became))
    return pd.DataFrame(rows, columns=["fifth", "people", "became", "low", "high"])


def _sentence(table: pd.DataFrame, together: pd.DataFrame, lift: tuple[float, float, float]) -> str:
    told = say(
        "{lift:number} times ({low:number} – {high:number}) as often as everybody did those most alike become one of "
        "the best on days held out; {n:count} people are that alike now.",
        lift=lift[0], low=lift[1], high=lift[2], n=int(table["alike"].sum()),
    )  # fmt: skip
    more = together[together["times"] > 1].head(2)["what"].tolist()
    return told + (say(" The best had in common: {what}.", what="; ".join(more)) if more else "")


def _checks(
    study: LookAlikes,
    found: Learned,
    lift: tuple[float, float, float],
    fifths: pd.DataFrame,
    together: pd.DataFrame,
    rows: pd.DataFrame,
) -> tuple[Check, ...]:
    area, low, high = found.trial.auc
    left = [c for c in study.circular if c in rows.columns]
    steady = fifths["became"].iloc[0] == fifths["became"].max()
    return (
        Check(
            name=say("out of time"),
            verdict="holds" if lift[1] > 1.2 and steady else "weak",
            text=say(
                "Of {n:count} people on days held out, {top:percent} of the fifth most alike became one of the best "
                "and {last:percent} of the fifth least alike (AUC {area:number}, {low:number} – {high:number}).",
                n=len(found.trial.happened), top=fifths["became"].iloc[0], last=fifths["became"].iloc[-1], area=area,
                low=low, high=high,
            ),
        ),
        Check(
            name=say("no circle"),
            verdict="holds" if left else "weak",
            text=say(
                "Everybody is described as they were before; what they had spent by then is left out ({columns}).",
                columns=", ".join(left),
            )
            if left
            else say("Money and purchases so far take part: to be alike then partly means to spend alike already."),
        ),
        Check(
            name=say("differences"),
            verdict="holds" if len(together) else "weak",
            text=say(
                "{n:count} differences are clearer than chance; of such at most {share:percent} are chance.",
                n=len(together), share=study.false_share,
            )
            if len(together)
            else say("No single difference is clearer than chance; only all together tell the best from the rest."),
        ),
    )  # fmt: skip
