"""Which reasons for a lost deal are written down, how often, and does price come up more when competitors are
cheaper?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from crm_analytics.result import Check, Result, Study
from crm_analytics.result.chance import holm, share_interval
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

LEAST_LOST, LEAST_OF_A_REASON = 30, 5
SURE = 0.05


@dataclass(frozen=True, kw_only=True)
class LossReasons(Study):
    """Why were deals lost, by what was written down, and which reasons come up more when competitors are cheaper?

    Shares of reasons among lost deals with Wilson's intervals. Months in which competitors were cheaper than usual are
    held against the others, reason by reason (Fisher's exact test, Holm over the reasons); the same is asked of deals
    lost among all. What is written down is what the seller heard, or would rather write.
    """

    confidence: float = 0.95

    reads = "loss_reasons"
    columns = ("month", "outcome", "reason", "deals", "amount", "competitor_price", "until")
    least = 1
    of = "lost deals"

    def _answer(self, frame: pd.DataFrame) -> Result:
        rows = frame.sort_values(["month", "outcome", "reason"], ignore_index=True)
        lost = rows[rows["outcome"] == "lost"]
        count = int(lost["deals"].sum())
        if count < LEAST_LOST:
            return self.refuse(say(
                "Not enough evidence: {count:count} lost deals are on record; at least {least:count} would show which "
                "reasons are common.",
                count=count, least=LEAST_LOST,
            ))  # fmt: skip
        return _answered(self, rows, lost)


@dataclass(frozen=True, kw_only=True, eq=False)
class LossReasonsResult(Result):
    """A reason a row, the commonest first: `reason`, `deals`, `amount`, `share` of lost deals (`low`–`high`), and in
    months when competitors were cheaper than usual and in the others its share (`when_cheaper`, `otherwise`), with
    `p_value` (Holm; empty where competitors' prices are not known) and `verdict`.

    `lost_share` is the share of deals that were lost, with its interval.
    """

    lost_share: tuple[float, float, float]


def _answered(study: LossReasons, rows: pd.DataFrame, lost: pd.DataFrame) -> LossReasonsResult:
    table = lost.groupby("reason", as_index=False).agg(deals=("deals", "sum"), amount=("amount", "sum"))
    table = table.sort_values(["deals", "reason"], ascending=[False, True], ignore_index=True)
    whole, all_deals = int(table["deals"].sum()), int(rows["deals"].sum())
    spans = [share_interval(n, whole, confidence=study.confidence) for n in table["deals"]]
    table["share"] = table["deals"] / whole
    table["low"], table["high"] = zip(*spans, strict=True)
    table = table.join(_beside_prices(lost, list(table["reason"])))
    result = LossReasonsResult(
        study=study, table=table, text="",
        lost_share=(whole / all_deals, *share_interval(whole, all_deals, confidence=study.confidence)),
    )  # fmt: skip
    return replace(result, text=_sentence(result), checks=_checks(result))


def _beside_prices(lost: pd.DataFrame, reasons: list[str]) -> pd.DataFrame:
    """Each reason's share in months when competitors were cheaper than usual, and in the others."""
    import pandas as pd
    from scipy.stats import fisher_exact

    known = lost.dropna(subset=["competitor_price"])
    cheap = known["competitor_price"] < known.drop_duplicates("month")["competitor_price"].median()
    rows = []
    for reason in reasons:
        mine = known["reason"] == reason
        grid = [[int(known.loc[side & of, "deals"].sum()) for of in (mine, ~mine)] for side in (cheap, ~cheap)]
        if min(map(sum, grid)) == 0 or grid[0][0] + grid[1][0] < LEAST_OF_A_REASON:
            rows.append({"when_cheaper": np.nan, "otherwise": np.nan, "p_value": np.nan})
            continue
        rows.append({"when_cheaper": grid[0][0] / sum(grid[0]), "otherwise": grid[1][0] / sum(grid[1]),
                     "p_value": float(fisher_exact(grid).pvalue)})  # fmt: skip
    found = pd.DataFrame(rows)
    found["p_value"] = holm(found["p_value"].to_numpy(float))
    more = np.where(found["when_cheaper"] > found["otherwise"], "more", "less")
    found["verdict"] = np.where(found["p_value"].isna(), "–", np.where(found["p_value"] <= SURE, more, "no difference"))
    return found


def _sentence(result: LossReasonsResult) -> str:
    row, (share, low, high) = result.table.iloc[0], result.lost_share
    told = say(
        "{lost:percent} ({lost_span:percents}) of deals were lost; the reason most often written down is «{reason}»: "
        "{share:percent} ({span:percents}) of {deals:count}.",
        lost=share, lost_span=(low, high), reason=row["reason"], share=row["share"], span=(row["low"], row["high"]),
        deals=result.table["deals"].sum(),
    )  # fmt: skip
    sure = result.table[result.table["verdict"].isin(["more", "less"])]
    if sure.empty:
        return told
    first = sure.iloc[0]
    return told + " " + say(
        "When competitors were cheaper than usual, «{reason}» was {cheap:percent} of them, otherwise {other:percent}.",
        reason=first["reason"], cheap=first["when_cheaper"], other=first["otherwise"],
    )  # fmt: skip


def _checks(result: LossReasonsResult) -> tuple[Check, ...]:
    known = result.table["p_value"].notna().any()
    silent = float(result.table.loc[result.table["reason"] == "not said", "share"].sum())
    return (
        Check(name=say("written down"), verdict="weak" if silent > 0.2 else "holds", text=say(
            "Of {share:percent} of lost deals nobody wrote down a reason; what is written is what the seller heard.",
            share=silent)),
        Check(name=say("competitors"), verdict="holds" if known else "weak", text=say(
            "Reasons were compared between months of cheaper and of dearer competitors, all reasons together at one "
            "error in twenty.") if known else say("Competitors' prices are not on record beside these deals.")),
    )  # fmt: skip
