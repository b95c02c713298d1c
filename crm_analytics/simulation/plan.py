"""The campaigns Nordhaus ran, and what each really does: the part of the truth that everybody would like to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from crm_analytics.simulation.demand import FIRST_DAY


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A campaign and its true effect.

    Direct campaigns address customers one by one and are randomised: `share` of those who agreed to the channel take
    part, `control` of these are left alone; a glad customer then makes `extra` more orders on average, and one who is
    put off cancels each order of the following weeks with the chance `lost`. Mass campaigns reach a region or all:
    what they bring follows the channel's response curve to their spend, times `luck`.
    """

    name: str
    goal: str
    channel: str
    starts: date
    ends: date
    region: str = ""
    share: float = 0.0
    control: float = 0.5
    extra: float = 0.0
    lost: float = 0.0
    spend: float = 0.0
    """Spend of a mass campaign in euros, in a company of 2,000 customers; it grows with the company."""
    luck: float = 1.0
    lag_days: float = 1.0
    half_life_days: float = 5.0
    coincides_with: str = ""

    @property
    def direct(self) -> bool:
        return self.share > 0


CURVES = {
    "radio": (4200.0, 900.0),
    "search": (6000.0, 400.0),
    "social": (4400.0, 700.0),
    "outdoor": (3400.0, 800.0),
    "press": (1900.0, 400.0),
    "sms": (3000.0, 300.0),
}
"""Response curves of mass channels, a and b of a·ln(1 + spend/b), in euros for a company of 2,000 customers."""

COST_OF_TOUCH = {"email": 0.02, "sms": 0.07, "phone": 2.40, "mail": 0.95}
"""What it costs to address one customer, in euros."""

CAMPAIGNS = (
    Campaign(
        name="Autumn bulbs by e-mail",
        goal="more visits",
        channel="email",
        starts=date(2022, 10, 10),
        ends=date(2022, 10, 23),
        share=0.9,
        extra=0.10,
        lost=0.05,
        lag_days=0,
        half_life_days=4,
    ),
    Campaign(
        name="Christmas radio",
        goal="more buyers",
        channel="radio",
        starts=date(2022, 12, 1),
        ends=date(2022, 12, 24),
        spend=3000,
        luck=0.7,
        lag_days=2,
        half_life_days=5,
        coincides_with="the Christmas season",
    ),
    Campaign(
        name="Spring garden catalogue",
        goal="bigger garden season",
        channel="mail",
        starts=date(2023, 3, 13),
        ends=date(2023, 4, 9),
        share=0.8,
        control=0.3,
        extra=0.22,
        lag_days=6,
        half_life_days=8,
    ),
    Campaign(
        name="Summer search advertising",
        goal="more web orders",
        channel="search",
        starts=date(2023, 6, 5),
        ends=date(2023, 7, 9),
        spend=2500,
        lag_days=1,
        half_life_days=3,
    ),
    Campaign(
        name="Riga billboards",
        goal="more visits",
        channel="outdoor",
        region="Riga",
        starts=date(2023, 9, 4),
        ends=date(2023, 10, 1),
        spend=2800,
        luck=1.3,
        lag_days=4,
        half_life_days=10,
    ),
    Campaign(
        name="Black Friday text message",
        goal="more buyers",
        channel="sms",
        starts=date(2023, 11, 20),
        ends=date(2023, 11, 27),
        spend=700,
        luck=0.8,
        lag_days=0,
        half_life_days=2,
        coincides_with="a price cut of 15 % on everything",
    ),
    Campaign(
        name="Win-back calls",
        goal="bring back",
        channel="phone",
        starts=date(2024, 2, 5),
        ends=date(2024, 2, 25),
        share=0.5,
        extra=0.02,
        lost=0.9,
        lag_days=1,
        half_life_days=6,
    ),
    Campaign(
        name="Spring in social media",
        goal="more buyers",
        channel="social",
        starts=date(2024, 5, 6),
        ends=date(2024, 6, 2),
        spend=2600,
        luck=0.9,
        lag_days=2,
        half_life_days=6,
        coincides_with="a rise of the competitors' prices by 12 %",
    ),
    Campaign(
        name="Points reminder",
        goal="more visits",
        channel="email",
        starts=date(2024, 7, 1),
        ends=date(2024, 7, 14),
        share=0.95,
        extra=0.0,
        lost=0.0,
        lag_days=0,
        half_life_days=4,
    ),
    Campaign(
        name="Vilnius radio",
        goal="more visits",
        channel="radio",
        region="Vilnius",
        starts=date(2024, 9, 2),
        ends=date(2024, 9, 29),
        spend=1300,
        luck=1.1,
        lag_days=3,
        half_life_days=7,
    ),
    Campaign(
        name="Autumn voucher by text message",
        goal="bigger baskets",
        channel="sms",
        starts=date(2024, 10, 14),
        ends=date(2024, 10, 27),
        share=0.85,
        extra=0.28,
        lost=0.50,
        lag_days=0,
        half_life_days=3,
    ),
    Campaign(
        name="Christmas in social media",
        goal="more buyers",
        channel="social",
        starts=date(2024, 12, 2),
        ends=date(2024, 12, 24),
        spend=3200,
        luck=0.6,
        lag_days=1,
        half_life_days=4,
        coincides_with="the Christmas season",
    ),
    Campaign(
        name="New year, new home",
        goal="more visits",
        channel="email",
        starts=date(2025, 1, 13),
        ends=date(2025, 1, 26),
        share=0.9,
        extra=0.16,
        lost=0.10,
        lag_days=1,
        half_life_days=5,
    ),
    Campaign(
        name="Kurzeme local press",
        goal="more visits",
        channel="press",
        region="Kurzeme",
        starts=date(2025, 3, 3),
        ends=date(2025, 3, 30),
        spend=900,
        lag_days=3,
        half_life_days=6,
    ),
    Campaign(
        name="Garden season search",
        goal="more web orders",
        channel="search",
        starts=date(2025, 4, 7),
        ends=date(2025, 5, 11),
        spend=3600,
        lag_days=1,
        half_life_days=3,
    ),
    Campaign(
        name="Summer kitchen by e-mail",
        goal="more visits",
        channel="email",
        starts=date(2025, 5, 19),
        ends=date(2025, 6, 1),
        share=0.9,
        extra=0.20,
        lost=0.05,
        lag_days=1,
        half_life_days=4,
    ),
)

LOST_WEEKS = 4
"""A customer who is put off may cancel the orders of so many weeks after the campaign starts."""


def running(day: np.ndarray, *channels: str) -> np.ndarray:
    """The number of the campaign that ran everywhere on each of these days in one of the channels; −1 for none."""
    found = np.full(len(day), -1)
    for number, campaign in enumerate(CAMPAIGNS):
        if campaign.channel in channels and not campaign.region:
            first, last = ((d - FIRST_DAY).days for d in (campaign.starts, campaign.ends))
            found[(day >= first) & (day <= last)] = number
    return found


def campaign_id(number: int) -> str:
    """The id of the campaign at this place in CAMPAIGNS."""
    return f"C{number + 1:02d}"
