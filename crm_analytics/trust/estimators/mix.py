"""The channel mix: what a channel's money brought, and what its next money would; the plain reading sets all sales of
the weeks with the channel against those without."""

from __future__ import annotations

from functools import partial

from crm_analytics.effectiveness.media.mix import ChannelMix
from crm_analytics.result import enough
from crm_analytics.simulation.media import CHANNELS, media_market
from crm_analytics.trust.trials import Situation, Trial

USUAL_RETURN = 2.5
"""What a unit of money brings in these companies, about: errors are shares of it."""
DRAWS = 150


def _trial(seed: int, *, trap: str, of: str, idle: bool) -> Trial:
    name = CHANNELS[seed % len(CHANNELS)]
    sales, planted = media_market(seed, trap=trap, idle=name if idle else "")
    truth = getattr(planted, of)[name]
    result = ChannelMix(draws=DRAWS, hidden_quarters=0).fit(sales)
    if not enough(result):
        return Trial(truth=truth)
    row = result.table.set_index("channel").loc[name]
    return Trial(
        truth=truth, estimate=row[of], low=row[f"{of}_low"], high=row[f"{of}_high"], scale=USUAL_RETURN,
        naive=float(result.plain.set_index("channel").loc[name, "plain"]),
    )  # fmt: skip


_TRAPS = {
    "nothing": "nothing coincides",
    "season": "money follows the season",
    "price cut": "radio runs with price cuts",
    "competitor": "radio runs with competitors' rises",
}

SITUATIONS = (
    *(
        Situation(
            estimator="ChannelMix", words=f"each unit of money, {words}, {planted}",
            draw=partial(_trial, trap=trap, of="roas", idle=planted == "no effect"),
        )
        for trap, words in _TRAPS.items()
        for planted in ("no effect", "an effect")
    ),
    *(
        Situation(estimator="ChannelMix", words=f"the next unit of money, {_TRAPS[trap]}",
                  draw=partial(_trial, trap=trap, of="marginal", idle=False))
        for trap in ("nothing", "season")
    ),
)  # fmt: skip
