"""The days of a campaign that nothing links to its sales, as people give them or as the table marks them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crm_analytics.result import Study
from crm_analytics.result.period import as_day

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class OnCampaignDays(Study):
    """A question about what sales did on a campaign's days, and in the `tail_days` after them.

    The days run from `starts` to `ends`, both of them included, or to the end of the table; without `starts` they are
    those that the table's column `campaign` marks. Days are dates or are written 2025-06-15.
    """

    starts: str | date | None = None
    ends: str | date | None = None
    tail_days: int = 14

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tail_days < 0:
            raise ValueError(f"tail_days is at least 0, not {self.tail_days!r}.")
        first, last = as_day(self.starts), as_day(self.ends)
        if (last and not first) or (first and last and last < first):
            raise ValueError(
                f"Give the first day as starts, and none or a later one as ends; given were {first} and {last}."
            )

    def given(self, days: pd.Series) -> tuple[pd.Timestamp, pd.Timestamp] | None:
        """The first and the last day where `starts` is given; `days` are the table's."""
        import pandas as pd

        if self.starts is None:
            return None
        return pd.Timestamp(as_day(self.starts)), pd.Timestamp(as_day(self.ends)) if self.ends else days.max()


def marked(frame: pd.DataFrame) -> pd.Series:
    """Which rows the column `campaign` marks; none where there is no such column."""
    import pandas as pd

    return frame["campaign"].fillna("") != "" if "campaign" in frame else pd.Series(False, index=frame.index)
