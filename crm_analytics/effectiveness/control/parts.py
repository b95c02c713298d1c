"""An effect cut into parts (days, categories, channels) that sum to it exactly, and how surely any sum is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_analytics.effectiveness.control.arms import BORROWED, Estimate, what_was_before

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CHUNK = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Between(Estimate):
    """A number of which there are several readings: it lies in the middle, and its interval reaches over all."""

    readings: tuple[Estimate, ...]

    @classmethod
    def of(cls, readings: list[Estimate]) -> Between:
        return cls(
            value=float(np.mean([one.value for one in readings])), se=max(one.se for one in readings),
            freedom=min(one.freedom for one in readings), readings=tuple(readings),
        )  # fmt: skip

    def interval(self, confidence: float) -> tuple[float, float]:
        lows, highs = zip(*(one.interval(confidence) for one in self.readings), strict=True)
        return min(lows), max(highs)


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """The effect on the average customer in each part, all adjusted by one regression on what was before, so that they
    sum to the whole; and their covariance (HC2), from which the error of any sum, difference or ratio follows."""

    names: list
    effects: np.ndarray
    covariance: np.ndarray
    control: np.ndarray
    """What the average customer brings in each part when left alone."""
    buyers: np.ndarray
    """Customers with a purchase in each part: (treated, control) a row."""
    treated: int
    customers: int

    def sum(self, weights: np.ndarray) -> Estimate:
        """A weighted sum of the parts."""
        variance = float(weights @ self.covariance @ weights)
        freedom = min(self.treated, self.customers - self.treated) - 1
        return Estimate(value=float(weights @ self.effects), se=max(variance, 0.0) ** 0.5, freedom=freedom)

    def share(self, one: np.ndarray, of: np.ndarray, confidence: float) -> tuple[float, float, float]:
        """A ratio of two sums with Fieller's interval; without an end where the lower sum may be nothing."""
        from scipy.stats import norm

        above, below = self.sum(one), self.sum(of)
        between = float(one @ self.covariance @ of)
        z2 = float(norm.ppf((1 + confidence) / 2)) ** 2
        a = below.value**2 - z2 * below.se**2
        b = -2 * (above.value * below.value - z2 * between)
        c = above.value**2 - z2 * above.se**2
        ratio = above.value / below.value if below.value else np.nan
        if a <= 0 or b * b < 4 * a * c:
            return ratio, -np.inf, np.inf
        root = (b * b - 4 * a * c) ** 0.5
        return ratio, (-b - root) / (2 * a), (-b + root) / (2 * a)


def parts_of(rows: pd.DataFrame, part: str, measure: str, names: list) -> Parts:
    """Rows are a customer × part with a purchase, and one without a part for everybody else."""
    people, amounts, met = _by_customer(rows, part, measure, names)
    treated = (people["arm"] == "treated").to_numpy()
    x = what_was_before(people, min(treated.sum(), (~treated).sum()), measure)
    arms = [_at_the_average(x[arm], amounts[np.flatnonzero(arm)]) for arm in (treated, ~treated)]
    sizes = [int(treated.sum()), int((~treated).sum())]
    (mean_1, slopes_1, _), (mean_0, slopes_0, _) = arms
    both = sum(n * n * gram for n, (_, _, gram) in zip(sizes, arms, strict=True)) / sum(sizes)
    covariance = np.zeros((len(names), len(names)))
    for n, (_, _, gram) in zip(sizes, arms, strict=True):
        own = np.diag(gram) * n
        lent = (n * own + BORROWED * np.diag(both)) / (n + BORROWED)
        wider = np.sqrt(np.maximum(1.0, np.divide(lent, own, out=np.ones_like(own), where=own > 0)))
        bare = np.where(own > 0, 0.0, lent / n)  # nobody of the arm bought there
        covariance += gram * np.outer(wider, wider) + np.diag(bare)
    tilt = slopes_1 - slopes_0
    covariance += tilt.T @ (x.T @ x) @ tilt / len(x) ** 2
    return Parts(
        names=names, effects=mean_1 - mean_0, covariance=covariance, control=mean_0, buyers=_buyers(met, treated),
        treated=sizes[0], customers=sum(sizes),
    )  # fmt: skip


def parts_in_proportion(rows: pd.DataFrame, part: str, measure: str, names: list) -> Parts | None:
    """The same where the arms were not drawn alike, if what they did before would have lasted: the control's amounts
    are raised (or lowered) in the proportion in which the addressed had bought more before (difference-in-differences
    of logarithms). None where neither arm is known to have bought before."""
    people, amounts, met = _by_customer(rows, part, measure, names)
    treated = (people["arm"] == "treated").to_numpy()
    known = next((name for name in (f"before_{measure}", "before_revenue", "before_orders") if name in people), "")
    before = people[known].fillna(0).to_numpy(float) if known else np.zeros(len(people))
    if min(before[treated].sum(), before[~treated].sum()) <= 0:
        return None
    sizes = [int(treated.sum()), int((~treated).sum())]
    control = np.asarray(amounts[np.flatnonzero(~treated)].mean(axis=0)).ravel()
    rate = control / before[~treated].mean()
    scale = before[treated].mean() / before[~treated].mean()
    covariance, middles = np.zeros((len(names), len(names))), []
    for arm, of in ((treated, 1.0), (~treated, scale)):
        mine, had = amounts[np.flatnonzero(arm)], before[arm][:, None]
        middles.append(np.asarray(mine.mean(axis=0)).ravel() - rate * had.mean())  # that of the control is nothing
        for start in range(0, len(had), CHUNK):
            here = slice(start, start + CHUNK)
            pull = of * (mine[here].toarray() - had[here] * rate - middles[-1])
            covariance += pull.T @ pull / len(had) / (len(had) - 1)
    return Parts(
        names=names, effects=middles[0], covariance=covariance, control=scale * control, buyers=_buyers(met, treated),
        treated=sizes[0], customers=sum(sizes),
    )  # fmt: skip


def _by_customer(rows: pd.DataFrame, part: str, measure: str, names: list) -> tuple:
    """The customers, and what each brought in each part, and whether it bought there: customers × parts."""
    from scipy.sparse import coo_array

    rows = rows.sort_values("customer_id", kind="stable", ignore_index=True)
    owner, first = pd.factorize(rows["customer_id"])
    people = rows.loc[~rows["customer_id"].duplicated()]
    bought = rows[part].notna().to_numpy()
    place = rows.loc[bought, part].map({name: i for i, name in enumerate(names)}).to_numpy(int)
    at, shape = (owner[bought], place), (len(first), len(names))
    amounts = rows.loc[bought, f"outcome_{measure}"].to_numpy(float)
    return people, *(coo_array((values, at), shape=shape).tocsr() for values in (amounts, np.ones(bought.sum())))


def _buyers(met: csr_array, treated: np.ndarray) -> np.ndarray:
    return np.c_[(met[np.flatnonzero(treated)] > 0).sum(axis=0), (met[np.flatnonzero(~treated)] > 0).sum(axis=0)]


def _at_the_average(x: np.ndarray, amounts: csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each part's mean at the average customer, its slopes, and the covariance of these means (HC2)."""
    design = np.c_[np.ones(len(x)), x]
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ (amounts.T @ design).T
    leverage = np.clip(np.einsum("ij,jk,ik->i", design, inverse, design), 0, 0.999)
    weight = design @ inverse[0] / np.sqrt(1 - leverage)
    gram = np.zeros((amounts.shape[1],) * 2)
    for start in range(0, len(x), CHUNK):  # all customers × days at once would not fit a large company
        here = slice(start, start + CHUNK)
        pull = (amounts[here].toarray() - design[here] @ beta) * weight[here, None]
        gram += pull.T @ pull
    return beta[0], beta[1:], gram


def looks(covariance: np.ndarray, confidence: float, *, draws: int, seed: int) -> float:
    """How many standard errors a band must reach so that all of its points hold together (sup-t; Montiel Olea and
    Plagborg-Møller 2019), for estimates that move as these do."""
    sd = np.sqrt(np.diag(covariance))
    sizes, turns = np.linalg.eigh(covariance / np.outer(sd, sd))
    pushes = np.random.default_rng(seed).normal(size=(draws, len(sd)))
    moves = np.abs(pushes @ (turns * np.sqrt(np.maximum(sizes, 0))).T).max(axis=1)
    return float(np.quantile(moves, confidence))
