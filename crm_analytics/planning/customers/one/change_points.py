"""One change in a series of purchases: was there any, and when. Two tests whose false alarms are known beforehand.

*Pace*. A customer who does not change buys as a renewal process. Against it stands one change of rate, at any time:
the statistic is the largest Poisson likelihood ratio over all times. Its distribution without a change depends only on
the number of purchases and on how regular the gaps are, so it is drawn once for each number, and every customer is
held against it. (Worsley 1986 for the exponential case; the regularity enters as the shape of a gamma renewal.)

*Basket*. The largest standardised difference of rank scores before and after any purchase; its distribution without a
change depends on the number of purchases alone, whatever the amounts look like (Pettitt 1979, with normal scores).

Time is the company's own: it runs faster when everybody buys more, so a Christmas is no change of anybody's habits.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import optimize, special, stats

DRAWS = 4000
EDGE = 0.02
"""No change is looked for in the first and last hundredths of a customer's time: there, one purchase decides all."""
_SIZES = np.array([*range(3, 21), 24, 28, 34, 42, 52, 65, 85, 115, 160, 230, 350])


def company_clock(first: np.ndarray, last: np.ndarray, days: np.ndarray, who: np.ndarray, length: int) -> np.ndarray:
    """How far the company's time has run at the end of each day, in days; about as long in all as the calendar.

    `first` and `last` are each customer's first and last purchase day (0 … length−1), `days` and `who` all purchases.
    A day's speed is what customers bought on it over what their own habits foretell, counted on those who had bought
    before and bought again after (so that customers won and lost do not count), by the two-way Poisson fit.
    """
    inner = (days > first[who]) & (days < last[who])
    bought = np.bincount(days[inner], minlength=length).astype(float)
    mine = np.bincount(who[inner], minlength=len(first)).astype(float)
    speed = np.ones(length)
    prior = 5.0  # purchases: a day on which few can be counted says little
    for _ in range(20):
        run = np.concatenate(([0.0], np.cumsum(speed)))
        habit = mine / np.maximum(run[last] - run[np.minimum(first + 1, last)], 1e-9) * (last > first + 1)
        steps = np.zeros(length + 1)
        np.add.at(steps, np.minimum(first + 1, length), habit)
        np.add.at(steps, last, -habit)
        expected = np.cumsum(steps)[:length]
        fresh = (bought + prior) / (np.maximum(expected, 0) + prior)
        if np.allclose(fresh, speed, rtol=1e-4):
            break
        speed = fresh
    return np.cumsum(speed / speed.mean())


def regularity(gaps: list[np.ndarray]) -> float:
    """The shape of a gamma distribution of the gaps between purchases: 1 is chance, above is regular, below clumpy.

    `gaps` holds one matrix (customers × gaps) for each number of gaps. Moments of gaps over their customer's mean.
    """
    spread = sum(float(np.square(g / g.mean(axis=1, keepdims=True) - 1).sum()) for g in gaps)
    sizes = np.concatenate([np.full(len(g), g.shape[1], float) for g in gaps]) if gaps else np.array([])
    if not len(sizes) or spread <= 0:
        return 1.0

    def excess(log_shape: float) -> float:
        return float((sizes * (sizes - 1) / (sizes * np.exp(log_shape) + 1)).sum()) - spread

    low, high = np.log(0.2), np.log(5.0)
    if excess(low) <= 0 or excess(high) >= 0:
        return float(np.exp(low if excess(low) <= 0 else high))
    return round(float(np.exp(optimize.brentq(excess, low, high))), 2)


def pace_statistic(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest log likelihood ratio of a change of rate, and the time of it, for each row of purchase times.

    `times` are ascending in (0, 1), one row a customer; the likelihood is largest just before or after a purchase.
    """
    n = times.shape[1]
    best, at = np.zeros(len(times)), np.full(len(times), 0.5)
    usable = (times > EDGE) & (times < 1 - EDGE)
    times = times.clip(EDGE, 1 - EDGE)
    for before in (np.arange(n), np.arange(1, n + 1)):
        ratio = special.xlogy(before, before / (n * times))
        ratio += special.xlogy(n - before, (n - before) / (n * (1 - times)))
        ratio = np.where(usable, ratio, 0.0)
        where = ratio.argmax(axis=1)
        value = ratio[np.arange(len(times)), where]
        better = value > best
        best, at = np.where(better, value, best), np.where(better, times[np.arange(len(times)), where], at)
    return best, at


def basket_statistic(amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest standardised difference of rank scores, and how many purchases came before it, for each row."""
    n = amounts.shape[1]
    scores = stats.norm.ppf((stats.rankdata(amounts, axis=1) - 0.375) / (n + 0.25))
    scores -= scores.mean(axis=1, keepdims=True)
    scale = np.sqrt(np.square(scores).sum(axis=1, keepdims=True) / (n - 1))
    before = np.arange(2, n - 1)
    sums = scores.cumsum(axis=1)[:, 1 : n - 2]
    size = np.abs(sums) / np.maximum(scale, 1e-12) / np.sqrt(before * (n - before) / n)
    where = size.argmax(axis=1)
    return size[np.arange(len(amounts)), where], before[where]


def p_values(statistic: np.ndarray, n: int, *, test: str, shape: float, seed: int) -> np.ndarray:
    """How often a customer with `n` purchases who did not change would show at least this much.

    From draws without a change; beyond the last hundredth of them, by the exponential tail that both statistics have.
    """
    size = int(_SIZES[np.abs(_SIZES - n).argmin()])
    drawn = _without_change(size, test, shape, seed)
    p = 1 - np.searchsorted(drawn, statistic, side="left") / len(drawn)
    scale = drawn if test == "pace" else drawn**2 / 2
    start = scale[int(0.99 * len(scale))]
    beyond = scale[scale > start] - start
    s = statistic if test == "pace" else statistic**2 / 2
    if not len(beyond):  # few purchases have few orders: what was never drawn is as rare as one draw
        return np.maximum(p, 1 / len(drawn))
    return np.where(s > start, 0.01 * np.exp(-np.maximum(s - start, 0) / beyond.mean()), p)


@lru_cache(maxsize=256)
def _without_change(n: int, test: str, shape: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng((seed, n))
    if test == "basket":
        return np.sort(basket_statistic(rng.random((DRAWS, n)))[0])
    gaps = rng.gamma(shape, size=(DRAWS, n))
    open_gap = rng.random((DRAWS, 1)) * rng.gamma(shape + 1, size=(DRAWS, 1))  # the one that is cut off is a long one
    run = gaps.cumsum(axis=1)
    return np.sort(pace_statistic(run / (run[:, -1:] + open_gap))[0])


def when_pace(times: np.ndarray, grid: np.ndarray, *, shape: float, level: float = 0.9) -> tuple[int, int, int]:
    """The day of a change of rate: (middle, earliest, latest) as places in `grid`, holding `level` of the probability.

    `times` are one customer's purchases and `grid` the ends of the days, both in company time from 0 to the window's
    end. Every day is equally likely beforehand; both rates are integrated out (Jeffreys); regular gaps say more.
    """
    total, inside = grid[-1], grid[:-1]
    before = np.searchsorted(times, inside, side="right")
    after = len(times) - before
    log_p = shape * (
        special.gammaln(before + 0.5)
        - (before + 0.5) * np.log(np.maximum(inside, 1e-9))
        + special.gammaln(after + 0.5)
        - (after + 0.5) * np.log(np.maximum(total - inside, 1e-9))
    )
    log_p[(inside < EDGE * total) | (inside > (1 - EDGE) * total)] = -np.inf
    return _quantiles(log_p, level)


def when_basket(amounts: np.ndarray, *, level: float = 0.9) -> tuple[int, int, int]:
    """The first purchase of another size: (middle, earliest, latest) as places in `amounts`.

    Logarithms of the amounts with one spread and two means, all three integrated out; every purchase equally likely.
    """
    logs, n = np.log(np.maximum(amounts, 0.01)), len(amounts)
    split = np.arange(2, n - 1)
    head, squares = logs.cumsum()[split - 1], np.square(logs).sum()
    left_over = squares - head**2 / split - (logs.sum() - head) ** 2 / (n - split)
    log_p = np.full(n, -np.inf)
    log_p[split] = -(n - 2) / 2 * np.log(np.maximum(left_over, 1e-9)) - 0.5 * np.log(split * (n - split))
    return _quantiles(log_p, level)


def _quantiles(log_p: np.ndarray, level: float) -> tuple[int, int, int]:
    p = np.exp(log_p - log_p.max())
    run = p.cumsum() / p.sum()
    return tuple(int(np.searchsorted(run, q)) for q in (0.5, (1 - level) / 2, (1 + level) / 2))
