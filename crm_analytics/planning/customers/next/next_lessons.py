"""What is known of customers on a day, what came of them afterwards, and what is learned when the two are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crm_analytics.planning.customers.next.chances import SetRight, log_loss
from crm_analytics.planning.customers.next.next_money import Levels, Sums
from crm_analytics.planning.customers.next.next_what import Goods, Taste, held_in
from crm_analytics.planning.customers.next.next_when import WAYS, When

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Came:
    """What came of customers known on a day within the horizon: whether they bought, and of those who did the row, the
    days until then, what the purchase held, and its money."""

    bought: np.ndarray
    rows: np.ndarray
    days: np.ndarray
    held: np.ndarray
    money: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """What was known of customers on a day."""

    day: Any
    when: When
    what: Goods
    much: Levels
    purchases: np.ndarray
    age_days: np.ndarray

    @classmethod
    def on(cls, bought: pd.DataFrame, purchases: pd.DataFrame, kinds: np.ndarray, day: Any, horizon: int) -> Known:
        before = purchases[purchases["day"] < day].groupby("customer_id")["day"].agg(["size", "min"])
        return cls(
            day=day,
            when=When.foretold(purchases, day, horizon),
            what=Goods.known(bought, kinds, day, horizon),
            much=Levels.known(purchases, day, horizon),
            purchases=before["size"].to_numpy(float),
            age_days=(day - before["min"]).dt.days.to_numpy(float),
        )

    def came(self, bought: pd.DataFrame, purchases: pd.DataFrame, *, until: Any) -> Came:
        import pandas as pd

        new = purchases[(purchases["day"] >= self.day) & (purchases["day"] < until)]
        new = new[new["customer_id"].isin(self.when.ids)].drop_duplicates("customer_id")
        rows = pd.Index(self.when.ids).get_indexer(new["customer_id"])
        parts = bought.merge(new[["customer_id", "day"]], on=["customer_id", "day"])
        flags = np.zeros(len(self.when.ids))
        flags[rows] = 1
        return Came(bought=flags, rows=rows, days=(new["day"] - self.day).dt.days.to_numpy(float) + 0.5,
                    held=held_in(parts, self.what.kinds), money=new["revenue"].to_numpy(float))  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Lessons:
    """All that was learned on days that were foretold and have passed."""

    way: str
    right: SetRight
    taste: Taste
    alike: Taste
    """The same if nobody had a taste of one's own."""
    sums: Sums
    span: tuple[float, float]
    """Which parts of a customer's chance lie before the early and the late day."""
    losses: dict[str, float]

    @classmethod
    def learned(cls, tried: list, share: float, *, way: str = "", personal: bool = True) -> Lessons:
        happened = np.concatenate([came.bought for _, came in tried])
        right, losses = {}, {}
        for one in (way,) if way else WAYS:
            chance = np.concatenate([known.when.chances(one) for known, _ in tried])
            right[one] = SetRight.learned(chance, happened)
            losses[one] = float(log_loss(right[one](chance), happened).mean())
        way = min(losses, key=losses.get)
        known, came = tried[-1]
        alike = Taste.learned(known.what, came.rows, came.held, personal=False)
        taste = Taste.learned(known.what, came.rows, came.held, personal=True) if personal else alike
        sums = Sums.learned(known.much, came.rows, came.money, share=share)
        passed = _passed(known.when, way, came)
        low, high = np.quantile(passed, [(1 - share) / 2, (1 + share) / 2])
        return cls(way=way, right=right[way], taste=taste, alike=alike, sums=sums, span=(float(low), float(high)),
                   losses=losses)  # fmt: skip

    def chances(self, known: Known) -> np.ndarray:
        return self.right(known.when.chances(self.way))

    def days(self, known: Known) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return tuple(known.when.day_at(self.way, share) for share in (0.5, *self.span))

    def goods(self, known: Known) -> pd.DataFrame:
        import pandas as pd

        every = np.arange(len(known.when.ids))
        table = pd.DataFrame(self.taste.chances(known.what, every), columns=list(known.what.kinds))
        table.insert(0, "customer_id", known.when.ids)
        return table

    def foretold(self, known: Known) -> pd.DataFrame:
        import pandas as pd

        chance, (day, early, late) = self.chances(known), self.days(known)
        goods = self.goods(known).drop(columns="customer_id").to_numpy(float)
        best, (mean, low, high) = goods.argmax(axis=1), self.sums.of(known.much)
        return pd.DataFrame(
            {
                "customer_id": known.when.ids,
                "p_buys": chance,
                "day": day,
                "day_low": early,
                "day_high": late,
                "goods": known.what.kinds[best],
                "p_goods": goods[np.arange(len(best)), best],
                "money": mean,
                "money_low": low,
                "money_high": high,
                "expected_money": chance * mean,
            }
        )


def _passed(when: When, way: str, came: Came) -> np.ndarray:
    """Which part of each buyer's chance had passed when the purchase came."""
    curve = when.curves[way][came.rows]
    at = np.array([np.interp(day, when.days, row) for day, row in zip(came.days, curve, strict=True)])
    return at / np.maximum(curve[:, -1], 1e-300)
