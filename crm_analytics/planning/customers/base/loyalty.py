"""Who is loyal, who stays by habit or for want of another, who comes for the discount, and what of it can be told?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from crm_analytics.planning.customers.base.answers import LEAST_OF_GROUP, Answers, answers
from crm_analytics.planning.customers.base.loyalty_checks import checks_of, sentence_of
from crm_analytics.planning.customers.buying.pauses import Pauses
from crm_analytics.result import Result, Study
from crm_analytics.say import say

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("truly loyal", "inertia", "no alternative", "bargain-led", "not loyal")
UNTOLD, FEW = "cannot be told", "too few purchases"

REPEAT_BUYERS = 50
DRAWS = 80
"""Bases drawn anew behind the intervals of shares."""

ONE_CATEGORY = 0.8
"""Where two things bought are of one category so often over the whole base, categories tell nobody's breadth."""

UNUSUAL = 0.1
"""A silence as long as so few of the customer's own pauses begins to count as having gone."""


@dataclass(frozen=True, kw_only=True)
class Loyalty(Study):
    """What binds each repeat customer: conviction, habit, want of another shop, or the discount?

    Of customers with at least `least_purchases`: *not loyal* is who has fallen silent for the own rhythm;
    *bargain-led* whose purchases follow price cuts, ours or the competitors', by more than the ordinary customer's;
    *no alternative* who buys what no competitor is known to sell, or one kind of goods whatever it costs; *inertia*
    who buys one kind of goods only and answers to no price; *truly loyal* who buys widely at whatever price. Each
    customer gets a degree of every kind; they sum to one. A kind is named where its degree is at least `certainty`.
    Where answers to our own price cuts are not on record it is left untold why a customer stays; where they are too
    few to tell customers apart, as many are left untold as could be bargain-led without showing it.

    An answer to prices is material beyond `material` (of an elasticity: .5 is 5 % more bought at a cut of 10 %);
    `narrow` is how often two things bought must be of one category for one kind of goods. `seed` settles the draws.
    """

    reads = "loyalty"
    columns = ("customer_id", "orders", "x", "t_x", "T", "log_gaps", "revenue", "pairs", "same_pairs",
               "list_share", "captive_share", "cut_u_0", "cut_v_0", "cut_u_1", "cut_v_1", "rival_u_0", "rival_v_0",
               "rival_u_1", "rival_v_1", "kind", "acquired_channel", "recommended", "recommends")  # fmt: skip
    least = 100
    of = "customers"

    least_purchases: int = 3
    certainty: float = 0.5
    material: float = 0.5
    narrow: float = 0.5
    seed: int = 1

    def __post_init__(self) -> None:
        if self.least_purchases < 2:
            raise ValueError(f"least_purchases is {self.least_purchases}; a habit takes at least 2.")
        for name in ("certainty", "narrow"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give a share between 0 and 1.")
        if self.material <= 0:
            raise ValueError(f"material is {self.material}; give an elasticity above 0, such as 0.5.")

    def _answer(self, frame: pd.DataFrame) -> Result:
        frame = frame.sort_values("customer_id", ignore_index=True)
        judged = frame[frame["orders"] >= self.least_purchases].reset_index(drop=True)
        if len(judged) < REPEAT_BUYERS:
            return self.refuse(
                say(
                    "Not enough evidence: {have:count} customers have bought {times:count} times, and it takes "
                    "{least:count} to tell one habit from another.",
                    have=len(judged), times=self.least_purchases, least=REPEAT_BUYERS,
                )
            )  # fmt: skip
        evidence = _Evidence.of(self, frame, judged)
        degrees = evidence.degrees(self)
        people = _people(self, frame, judged, evidence, degrees)
        table = _summary(self, people, judged, degrees, self._intervals(judged, evidence))
        return LoyaltyResult(
            study=self, table=table, text=sentence_of(table, len(judged), evidence), people=people,
            checks=checks_of(table, judged, evidence, people), price=evidence.own, rivals=evidence.rival,
        )  # fmt: skip

    def _intervals(self, judged: pd.DataFrame, evidence: _Evidence) -> tuple[np.ndarray, np.ndarray]:
        """Low and high of each kind's share: the base drawn anew, and prices' answers estimated anew in each."""
        rng = np.random.default_rng(self.seed)
        shares = []
        for _ in range(DRAWS):
            weight = rng.poisson(1.0, len(judged)).astype(float)
            drawn = evidence.drawn(judged, weight).degrees(self)
            shares.append((weight[:, None] * drawn).sum(axis=0) / weight.sum())
        half = 1.96 * np.std(shares, axis=0)
        middle = evidence.degrees(self).mean(axis=0)
        return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoyaltyResult(Result):
    """The kinds: `kind`, `customers` (of whom it can be said with certainty), `share` of the judged (the sum of
    degrees, so that who is only half sure counts half, `low`–`high`), `money` and `share_of_money` likewise, `answers`
    to whether they would recommend us and `promoters` among them, `came_by_recommendation`.

    `people` is a customer a row: `customer_id`, `kind`, `degree` (of that kind), the degree of every kind, and the
    evidence: `keeps_rhythm`, `one_kind_of_goods`, `list_share`, `captive_share`, `price_answer` and `rival_answer`
    (more than the ordinary customer's, as an elasticity, with `…_sd`). `price` and `rivals` say how customers differ.
    """

    people: pd.DataFrame
    price: Answers
    rivals: Answers

    @property
    def each(self) -> Result:
        """The same answer customer by customer, to be kept: its table is `people`."""
        return Result(study=self.study, table=self.people, text=self.text, checks=self.checks)


class _Evidence(NamedTuple):
    """What is known of each judged customer, as chances; None where the company has no such records."""

    stays: np.ndarray
    narrow: np.ndarray | None
    captive: np.ndarray | None
    own: Answers
    rival: Answers

    @classmethod
    def of(cls, study: Loyalty, frame: pd.DataFrame, judged: pd.DataFrame) -> _Evidence:
        silence = (frame["T"] - frame["t_x"]).to_numpy(float)
        x, t, logs = (frame[name].to_numpy(float) for name in ("x", "t_x", "log_gaps"))
        pauses = Pauses.fit(x, t, logs, silence, reach_days=float(frame["T"].max()))
        some = (frame["orders"] >= study.least_purchases).to_numpy()
        past = x[some], t[some], silence[some]
        stays = pauses.here(*past) * np.minimum(pauses.as_long(*past) / UNUSUAL, 1.0)
        own, rival = (_answers(judged, name) for name in ("cut", "rival"))
        return cls(stays, _narrow(judged, study.narrow), _captive(judged), own, rival)

    def drawn(self, judged: pd.DataFrame, weight: np.ndarray) -> _Evidence:
        """The same with the answers to prices estimated from another draw of customers, where any could be told."""
        anew = [_answers(judged, name, weight) if was.told else was
                for name, was in (("cut", self.own), ("rival", self.rival))]  # fmt: skip
        return self._replace(own=anew[0], rival=anew[1])

    def degrees(self, study: Loyalty) -> np.ndarray:
        """Customers × kinds, the last column for what cannot be told; rows sum to one."""
        nothing = np.zeros(len(self.stays))
        if not self.own.recorded:
            return np.column_stack([nothing, nothing, nothing, nothing, 1 - self.stays, self.stays])
        bargain = 1 - (1 - self.own.above(study.material)) * (1 - self.rival.above(study.material))
        hidden = self.own.hidden(study.material)
        rest, untold = self.stays * (1 - bargain) * (1 - hidden), self.stays * (1 - bargain) * hidden
        captive = nothing if self.captive is None else self.captive
        if self.narrow is None:
            return np.column_stack([nothing, nothing, rest * captive, self.stays * bargain, 1 - self.stays,
                                    rest * (1 - captive) + untold])  # fmt: skip
        none = 1 - (1 - captive) * (1 - self.narrow * self.own.below(study.material))
        free = rest * (1 - none)
        kinds = [free * (1 - self.narrow), free * self.narrow, rest * none, self.stays * bargain, 1 - self.stays]
        return np.column_stack([*kinds, untold])


def _answers(judged: pd.DataFrame, name: str, weight: np.ndarray | None = None) -> Answers:
    u, v = (judged[[f"{name}_{of}_0", f"{name}_{of}_1"]].to_numpy(float).T for of in ("u", "v"))
    return answers(u, v, _groups(judged), weight)


def _groups(judged: pd.DataFrame) -> np.ndarray:
    """What was known of each customer before the first purchase: kind, and the channel that brought them; only the kind
    where those are few. (Groups by what they bought would choose among answers to the very prices.)"""
    kind, channel = (judged[name].fillna("").astype(str) for name in ("kind", "acquired_channel"))
    group, others = kind + " · " + channel, kind.where(kind.map(kind.value_counts()) >= LEAST_OF_GROUP, "")
    return group.where(group.map(group.value_counts()) >= LEAST_OF_GROUP, others + " · ").to_numpy()


def _narrow(judged: pd.DataFrame, limit: float) -> np.ndarray | None:
    """The chance that two things a customer buys are of one category more often than the limit; a customer of few
    purchases is judged like the others (beta, by moments)."""
    from scipy.special import betaincc

    pairs, same = (judged[name].to_numpy(float) for name in ("pairs", "same_pairs"))
    if not np.nansum(pairs) or np.nansum(same) / np.nansum(pairs) > ONE_CATEGORY:
        return None
    things = (1 + np.sqrt(1 + 4 * np.nan_to_num(pairs))) / 2
    seen = things / 2  # so many pairs that share nothing
    share = np.divide(same, pairs, out=np.zeros_like(pairs), where=pairs > 0)
    weight = np.where(pairs > 0, seen, 0.0)
    mean = float(np.clip((weight * share).sum() / weight.sum(), 0.01, 0.99))
    spread = float((weight * (share - mean) ** 2).sum() / weight.sum())
    chance = mean * (1 - mean) * float((weight > 0).sum() / weight.sum())
    true = max(spread - chance, 1e-3 * mean * (1 - mean))
    strength = max(mean * (1 - mean) / true - 1, 0.5)
    a, b = strength * mean + weight * share, strength * (1 - mean) + weight * (1 - share)
    return betaincc(a, b, limit)


def _captive(judged: pd.DataFrame) -> np.ndarray | None:
    """The chance that most of what a customer buys no competitor is known to sell."""
    from scipy.special import betaincc

    share = judged["captive_share"].to_numpy(float)
    if not np.isfinite(share).any() or np.nanmin(share) == 1:
        return None
    share, count = np.nan_to_num(share), judged["orders"].to_numpy(float)
    return np.where(share > 0, betaincc(0.5 + count * share, 0.5 + count * (1 - share), 0.5), 0.0)


def _people(
    study: Loyalty, frame: pd.DataFrame, judged: pd.DataFrame, evidence: _Evidence, degrees: np.ndarray
) -> pd.DataFrame:
    best = degrees.argmax(axis=1)
    degree = degrees[np.arange(len(best)), best]
    named = np.where(degree >= study.certainty, np.array([*KINDS, UNTOLD])[best], UNTOLD)
    known = judged[["customer_id", "list_share", "captive_share"]].assign(
        kind=named, degree=degree, **{kind: degrees[:, i] for i, kind in enumerate((*KINDS, UNTOLD))},
        keeps_rhythm=evidence.stays, one_kind_of_goods=np.nan if evidence.narrow is None else evidence.narrow,
        price_answer=evidence.own.mean, price_answer_sd=evidence.own.sd,
        rival_answer=evidence.rival.mean, rival_answer_sd=evidence.rival.sd,
    )  # fmt: skip
    columns = ["customer_id", "orders", "revenue", "recommended", "recommends"]
    people = frame[columns].merge(known, on="customer_id", how="left")
    people["kind"] = people["kind"].fillna(FEW)
    front = ["customer_id", "kind", "degree"]
    return people[[*front, *(column for column in people.columns if column not in front)]]


def _summary(
    study: Loyalty,
    people: pd.DataFrame,
    judged: pd.DataFrame,
    degrees: np.ndarray,
    spans: tuple[np.ndarray, np.ndarray],
) -> pd.DataFrame:
    import pandas as pd

    names = [*KINDS, UNTOLD]
    money = np.append(degrees.T @ judged["revenue"].to_numpy(float), people.loc[people["kind"] == FEW, "revenue"].sum())
    counts = people["kind"].value_counts().reindex([*names, FEW], fill_value=0)
    said = people[people["recommends"].notna()]
    asked = said.groupby("kind")["recommends"].agg(["size", lambda answer: (answer >= 9).mean()])
    asked = asked.set_axis(["answers", "promoters"], axis=1).reindex([*names, FEW])
    brought = people.groupby("kind")["recommended"].agg(lambda came: came.astype(float).mean())
    return pd.DataFrame(
        {
            "kind": [*names, FEW],
            "customers": counts.to_numpy(),
            "share": np.append(degrees.mean(axis=0), np.nan),
            "low": np.append(spans[0], np.nan),
            "high": np.append(spans[1], np.nan),
            "money": money,
            "share_of_money": money / money.sum() if money.sum() else np.nan,
            "answers": asked["answers"].fillna(0).astype(int).to_numpy(),
            "promoters": asked["promoters"].to_numpy(float),
            "came_by_recommendation": brought.reindex([*names, FEW]).to_numpy(float),
        }
    )
