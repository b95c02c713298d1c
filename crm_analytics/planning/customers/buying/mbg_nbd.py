"""How often customers who come and go unannounced will buy, where many try once and never return: the MBG/NBD model.

As BG/NBD, but a customer may leave after the very first purchase, too. Under BG/NBD whoever never came back counts as
active for ever; here the chance that such a customer still buys falls with time.

Source: Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base
analysis", International Journal of Research in Marketing 24(3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crm_analytics.planning.customers.buying.bg_nbd import BGNBD


@dataclass(frozen=True, kw_only=True, eq=False)
class MBGNBD(BGNBD):
    """Buying rates vary as gamma(`r`, `alpha`), probabilities of leaving after any purchase as beta(`a`, `b`)."""

    called: ClassVar[str] = "MBG/NBD"
    at_once: ClassVar[int] = 1
