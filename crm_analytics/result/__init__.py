"""The words every stage speaks, and how they are shown: `result` has them, `small_groups` what a page withholds,
`figures` how tables are printed, `chance` the interval of a share, `period` spans of days."""

from crm_analytics.result.result import MIME, Check, Claim, NoAnswer, NotEnough, Result, Study, enough, frame_of
from crm_analytics.result.small_groups import PEOPLE, counts_of_people, without_small_groups

__all__ = [
    "MIME",
    "PEOPLE",
    "Check",
    "Claim",
    "NoAnswer",
    "NotEnough",
    "Result",
    "Study",
    "counts_of_people",
    "enough",
    "frame_of",
    "without_small_groups",
]
