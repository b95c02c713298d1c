"""How often customers who come and go unannounced will buy: the BG/NBD model.

While a customer is active, purchases come at a constant rate; after each one the customer leaves for good with a
constant probability. Rates differ between customers (gamma, `r` and `alpha`), so do probabilities of leaving (beta,
`a` and `b`). One unit of time throughout, whichever the data have; `alpha` is in that unit.

Source: Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2); equation numbers
are theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crm_analytics.planning.customers.likelihood import Peak, climb

BLOCK = 8192
"""Histories worked on at a time: they stay in the processor's cache, and are too few for threads to fight over."""

SCOUTS = 20_000
"""Above this many distinct histories a subset of this size first finds where the peak is."""

NODES = 64
"""At so many probabilities of leaving a mean over all of them is taken; it is then right to seven digits."""

NEVER = 1e-12
"""No probability of leaving counts as lower than this."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Histories:
    """Customers alike counted together: `x` repeat purchases, the last at `t_x`, seen until `T`, by so many `n`."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    n: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> Histories:
        """Count equal histories. Whole numbers (days) are packed into one integer each, which sorts fast.

        Raises ValueError for histories that cannot be: time not positive, a last purchase after the end.
        """
        x, t_x, T = (np.asarray(v, dtype=float) for v in (x, t_x, T))
        if not (len(T) and T.min() > 0 and x.min() >= 0 and t_x.min() >= 0 and (t_x <= T).all()):
            raise ValueError("Histories need T > 0, x ≥ 0 and 0 ≤ t_x ≤ T: check the days of first and last purchase.")
        back = x > 0
        once, many = _counted(T[~back]), _counted(x[back], t_x[back], T[back])
        nothing = np.zeros(len(once[0]))
        joined = zip((nothing, nothing, *once), many, strict=True)
        return cls(**{name: np.concatenate(pair) for name, pair in zip(("x", "t_x", "T", "n"), joined, strict=True)})

    def every(self, step: int) -> Histories:
        return Histories(x=self.x[::step], t_x=self.t_x[::step], T=self.T[::step], n=self.n[::step])


def _counted(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """The distinct rows of these columns and how many there are of each.

    Whole numbers are packed into one integer a row, bit beside bit, which sorts fast; other rows are left as they are.
    """
    whole = [column.astype(np.int64) for column in columns]
    bits = [int(column.max(initial=0)).bit_length() for column in whole]
    if sum(bits) > 62 or not all(map(np.array_equal, whole, columns)):
        return *columns, np.ones(len(columns[0]))
    packed = whole[0]
    for column, width in zip(whole[1:], bits[1:], strict=True):
        packed = (packed << width) | column
    packed, n = np.unique(packed, return_counts=True)
    rows = []
    for width in reversed(bits):
        rows.insert(0, (packed & ((1 << width) - 1)).astype(float))
        packed = packed >> width
    return *rows, n.astype(float)


@dataclass(frozen=True, kw_only=True, eq=False)
class BGNBD:
    """The customer base in four numbers: buying rates vary as gamma(`r`, `alpha`), leaving as beta(`a`, `b`)."""

    r: float
    alpha: float
    a: float
    b: float
    peak: Peak | None = None

    @classmethod
    def fit(cls, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> BGNBD:
        """The most likely base behind these histories: repeat purchases, time of the last one, time observed."""
        histories = Histories.of(x, t_x, T)
        start = np.array([0.5, 0.5 * np.average(histories.T) / max(np.average(histories.x), 0.05), 1.0, 2.0])
        if len(histories.n) > 2 * SCOUTS:
            scouts = histories.every(len(histories.n) // SCOUTS)
            start = climb(_Likelihood(scouts), start).parameters
        peak = climb(_Likelihood(histories), start)
        return cls.at(peak.parameters, peak)

    @classmethod
    def at(cls, parameters: np.ndarray, peak: Peak | None = None) -> BGNBD:
        r, alpha, a, b = map(float, parameters)
        return cls(r=r, alpha=alpha, a=a, b=b, peak=peak)

    @property
    def parameters(self) -> np.ndarray:
        return np.array([self.r, self.alpha, self.a, self.b])

    def log_likelihood(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> float:
        """How likely these histories are, as a logarithm (6), summed over customers."""
        return _Likelihood(Histories.of(x, t_x, T))(self.parameters)[0]

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """The chance that a customer still buys. Who never came back counts as active: leaving takes a repeat."""
        from scipy.special import expit

        x, t_x, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, t_x, T)))
        gone = np.log(self.a) - np.log(self.b + np.maximum(x, 1) - 1)
        gone = gone + (self.r + x) * np.log((self.alpha + T) / (self.alpha + t_x))
        return np.where(x > 0, expit(-gone), 1.0)

    def expected_new(self, t: np.ndarray) -> np.ndarray:
        """E[X(t)]: repeat purchases to expect of a new customer in the first `t` (9)."""
        return self.expected_if_active(np.zeros_like(np.asarray(t, dtype=float)), 0.0, t)

    def expected(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, t: float) -> np.ndarray:
        """E[Y(t)]: purchases to expect in the next `t` of customers with these histories (10)."""
        return self.p_alive(x, t_x, T) * self.expected_if_active(x, T, t)

    def expected_if_active(self, x: np.ndarray, T: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Purchases to expect in the next `t` of a customer who is active now; does not depend on `t_x`.

        The mean over what is known of the customer's probability p of leaving, beta(a, b + x), of the purchases to
        expect at p, (1 − (1 + p t/(alpha + T))^−(r + x)) / p. It equals (10) and, unlike the hypergeometric function
        there, is also a number where the customers of a base hardly differ, or hardly any leaves.
        """
        x, T, t = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (x, T, t)))
        distinct, which = np.unique(x, return_inverse=True)
        leaving, weights = np.stack([_beta_nodes(self.a, self.b + each) for each in distinct], axis=1)
        which, expected = which.reshape(x.shape), np.zeros(x.shape)
        for p, weight in zip(leaving.T, weights.T, strict=True):
            p = p[which]
            expected -= weight[which] * np.expm1(-(self.r + x) * np.log1p(p * t / (self.alpha + T))) / p
        return expected

    def draw_if_active(self, x: np.ndarray, T: np.ndarray, t: float, *, random: np.random.Generator) -> np.ndarray:
        """One possible number of purchases in the next `t` of each of these customers, if active now.

        Given the history, the rate is gamma(r + x, alpha + T) and the probability of leaving beta(a, b + x).
        """
        rate = random.gamma(self.r + x, 1 / (self.alpha + T))
        leaving = np.maximum(random.beta(self.a, self.b + x), NEVER)
        return np.minimum(random.poisson(rate * t), random.geometric(leaving))


def _beta_nodes(a: float, b: float) -> tuple[np.ndarray, np.ndarray]:
    """Where to look at a function of a beta(a, b) variable, and with which weights, to find its mean.

    Gauss quadrature from the recurrence of Jacobi's polynomials (Golub & Welsch, 1969).
    """
    from scipy.linalg import eigh_tridiagonal

    k, s = np.arange(1, NODES), a + b
    centres = np.r_[a / s, (a * (s - 2) + 2 * k * (k + s - 1)) / ((2 * k + s) * (2 * k + s - 2))]
    first, k = a * b / (s**2 * (s + 1)), k[1:]
    others = k * (k + a - 1) * (k + b - 1) * (k + s - 2) / ((2 * k + s - 2) ** 2 * (2 * k + s - 1) * (2 * k + s - 3))
    nodes, vectors = eigh_tridiagonal(centres, np.sqrt(np.r_[first, others]))
    return np.maximum(nodes, NEVER), vectors[0] ** 2


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """The log-likelihood (6) of histories, with gradient and second derivatives, as a function of (r, alpha, a, b).

    It splits: one part needs only how many customers have which `x`, one only `x` and `T`; the chance that the customer
    has left needs the whole history, but only of those who came back.
    """

    histories: Histories

    @cached_property
    def _by_x(self) -> tuple[np.ndarray, np.ndarray]:
        n = np.bincount(self.histories.x.astype(int), weights=self.histories.n)
        return np.arange(len(n)), n

    @cached_property
    def _everybody(self) -> list[tuple[np.ndarray, ...]]:
        return self._blocks(np.arange(len(self.histories.n)))

    @cached_property
    def _came_back(self) -> list[tuple[np.ndarray, ...]]:
        return self._blocks(np.flatnonzero(self.histories.x))

    def _blocks(self, rows: np.ndarray) -> list[tuple[np.ndarray, ...]]:
        h = self.histories
        return [(h.x[some], h.t_x[some], h.T[some], h.n[some]) for some in np.array_split(rows, 1 + len(rows) // BLOCK)]

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        parts = [self._counts(parameters)]
        parts += [_exposure(parameters, *block) for block in self._everybody]
        parts += [_departures(parameters, *block) for block in self._came_back]
        return tuple(sum(part) for part in zip(*parts, strict=True))

    def _counts(self, parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """ln of Γ(r+x)/Γ(r) · Γ(a+b)Γ(b+x)/(Γ(b)Γ(a+b+x)), by x."""
        from scipy.special import gammaln, polygamma, psi

        r, _, a, b = parameters
        x, n = self._by_x

        def rise(base: float) -> np.ndarray:
            """n-weighted sums of lnΓ(base+x) − lnΓ(base) and its first two derivatives."""
            return np.array([n @ (f(base + x) - f(base)) for f in (gammaln, psi, lambda v: polygamma(1, v))])

        in_r, in_b, in_ab = rise(r), rise(b), rise(a + b)
        slope = np.array([in_r[1], 0, -in_ab[1], in_b[1] - in_ab[1]])
        bend = np.zeros((4, 4))
        bend[0, 0], bend[3, 3] = in_r[2], in_b[2]
        bend[2:, 2:] -= in_ab[2]
        return float(in_r[0] + in_b[0] - in_ab[0]), slope, bend


def _exposure(
    parameters: np.ndarray, x: np.ndarray, _: np.ndarray, T: np.ndarray, n: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """ln of α^r (α+T)^−(r+x)."""
    r, alpha, _, _ = parameters
    per, customers, count = 1 / (alpha + T), n.sum(), n * (r + x)
    log_per = np.log(per)
    value = count @ log_per + r * customers * np.log(alpha)
    slope = np.array([n @ log_per + customers * np.log(alpha), r * customers / alpha - count @ per, 0, 0])
    bend = np.zeros((4, 4))
    bend[0, 1] = bend[1, 0] = customers / alpha - n @ per
    bend[1, 1] = count @ per**2 - r * customers / alpha**2
    return float(value), slope, bend


def _departures(
    parameters: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, n: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """ln of 1 + e^w, where w is the log odds that the customer left: ln a/(b+x−1) + (r+x) ln (α+T)/(α+t_x)."""
    r, alpha, a, b = parameters
    soon, late, left = 1 / (alpha + t_x), 1 / (alpha + T), 1 / (b + x - 1)
    log_ratio, gap = np.log(soon / late), late - soon
    w = np.log(a * left) + (r + x) * log_ratio
    small = np.exp(-np.abs(w))
    gone = np.where(w > 0, 1, small) / (1 + small)
    value = n @ (np.maximum(w, 0) + np.log1p(small))

    toward = np.stack([log_ratio, (r + x) * gap, np.full_like(x, 1 / a), -left])
    weight, doubt = n * gone, n * gone * (1 - gone)
    bend = (toward * doubt) @ toward.T
    bend[0, 1] += weight @ gap
    bend[1, 0] = bend[0, 1]
    bend[1, 1] -= weight @ (toward[1] * (soon + late))
    bend[2, 2] -= weight.sum() / a**2
    bend[3, 3] += weight @ left**2
    return float(value), toward @ weight, bend
