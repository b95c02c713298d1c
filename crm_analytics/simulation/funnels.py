"""Ways from enquiry to money of which it is known where they leak, by the hundred, in the columns of the funnel."""

from __future__ import annotations

import pandas as pd

from crm_analytics.simulation.draws import stream

STEPS = ("lead", "qualified", "won")
QUALIFIED, WON, WORTH = 0.4, 0.5, 100.0
COLUMNS = (
    "part", "period", "step_no", "step", "next_step", "entered", "passed", "undecided", "ended", "amount",
    "amount_squares",
)  # fmt: skip


def funnel(
    seed: int, *, parts: int = 6, leak: float = 0.0, came: int = 400, worse_year: float = 0.0
) -> tuple[pd.DataFrame, float]:
    """A year of enquiries of several sources beside the year before, in the columns of `features.funnel`, and the money
    that leaks on average at the first step of the first source.

    Two in five are qualified and half of these won, worth 100 on average; of "source 0" a share of `leak` less is
    qualified now. In the present year `worse_year` less are qualified of every source: no leak of any of them.
    Raises ValueError where more would leak than come through.
    """
    if not 0 <= leak + worse_year <= QUALIFIED:
        raise ValueError(f"leak and worse_year are shares of together at most {QUALIFIED}.")
    random = stream(seed, "funnel")
    rows = []
    for part in range(parts):
        for period in ("now", "before"):
            lost = (worse_year + (leak if part == 0 else 0.0)) if period == "now" else 0.0
            qualified = int(random.binomial(came, QUALIFIED - lost))
            won = int(random.binomial(qualified, WON))
            worth = random.gamma(2.0, WORTH / 2, won)
            for i, (entered, passed) in enumerate(((came, qualified), (qualified, won))):
                step = (f"source {part}", period, i + 1, STEPS[i], STEPS[i + 1], entered, passed, 0)
                rows.append((*step, won, float(worth.sum()), float((worth**2).sum())))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame = frame.assign(chain="leads", days=365, until=pd.Timestamp("2025-06-30"))
    return frame, came * leak * WON * WORTH
