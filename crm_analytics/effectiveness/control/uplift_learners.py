"""Ways to learn what a campaign changes from who was addressed by lot: T-learner, X-learner, uplift trees.

Each takes what was known (x), what happened (y), who was addressed (w), and gives back a function from x to the change.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Change = Callable[[np.ndarray], np.ndarray]

TREES = 24
MOST_IN_A_TREE = 10_000
"""So many customers settle where a shallow tree splits; more change it no longer."""


def t_learner(x: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int) -> Change:
    """Two penalised linear regressions, one for each arm; the change is their difference (Künzel et al. 2019)."""
    one, none = means(x, y, w)
    return lambda people: one(people) - none(people)


def x_learner(x: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int) -> Change:
    """Each arm's customers against what trees say they would have done in the other; these differences are
    learned anew and weighed by how rare their arm is (Künzel et al. 2019)."""
    share = w.mean()
    one, none = (_forest(x[arm], y[arm], seed) for arm in (w, ~w))
    of_one = _forest(x[w], y[w] - none(x[w]), seed)
    of_none = _forest(x[~w], one(x[~w]) - y[~w], seed)
    return lambda people: (1 - share) * of_one(people) + share * of_none(people)


def uplift_trees(x: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int) -> Change:
    """Many shallow trees that split where the change differs; other customers than those who chose the splits say how
    large it is in each leaf (honest trees, Athey and Imbens 2016), drawn towards the mean where they are few."""
    from sklearn.tree import DecisionTreeRegressor

    share, rng = w.mean(), np.random.default_rng(seed)
    usual = _ridge(x, y)
    change = (y - usual(x)) * (w - share) / (share * (1 - share))
    grown, half = [], len(y) // 2
    most = min(half, MOST_IN_A_TREE)
    for _ in range(TREES):
        drawn = rng.permutation(len(y))
        splits, says = drawn[:most], drawn[half:]
        tree = DecisionTreeRegressor(
            max_leaf_nodes=8, min_samples_leaf=max(40, most // 30), max_features=0.5,
            random_state=int(rng.integers(2**31)),
        ).fit(x[splits].astype(np.float32), change[splits])  # fmt: skip
        grown.append((tree, _leaves(tree.apply(x[says].astype(np.float32)), change[says], tree.tree_.node_count)))

    def says_all(people: np.ndarray) -> np.ndarray:
        people = people.astype(np.float32)
        return np.mean([leaves[tree.apply(people)] for tree, leaves in grown], axis=0)

    return says_all


LEARNERS: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray, int], Change]] = {
    "T-learner": t_learner,
    "X-learner": x_learner,
    "uplift trees": uplift_trees,
}


def means(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[Change, Change]:
    """What to expect of a customer when addressed, and when left alone."""
    return _ridge(x[w], y[w]), _ridge(x[~w], y[~w])


def _leaves(leaf: np.ndarray, change: np.ndarray, count: int) -> np.ndarray:
    """The mean change in each leaf, drawn towards that of all by how much of their spread is chance."""
    number = np.bincount(leaf, minlength=count).astype(float)
    total, middle = np.bincount(leaf, change, count), change.mean()
    mean = np.divide(total, number, out=np.full(count, middle), where=number > 0)
    error = change.var() / np.maximum(number, 1)
    used = number > 0
    between = max(float(np.average((mean - middle)[used] ** 2 - error[used], weights=number[used])), 0.0)
    return middle + (mean - middle) * between / (between + error + 1e-300)


def _ridge(x: np.ndarray, y: np.ndarray) -> Change:
    """Linear, with the penalty under which each customer is best foretold from the others (generalised
    cross-validation, Golub et al. 1979), from one decomposition of the columns' products."""
    middle, usual = x.mean(axis=0), float(y.mean())
    apart, left = x - middle, y - usual
    sizes, turns = np.linalg.eigh(apart.T @ apart)
    sizes, along = np.maximum(sizes, 0), turns.T @ (apart.T @ left)
    alphas = np.logspace(-1, 5, 19)[:, None]
    shrunk = 1 / (sizes + alphas)
    misses = left @ left - 2 * (shrunk * along**2).sum(axis=1) + (shrunk**2 * sizes * along**2).sum(axis=1)
    lost = len(y) - 1 - (shrunk * sizes).sum(axis=1)
    best = int(np.argmin(misses / np.maximum(lost, 1) ** 2))
    slopes = turns @ (shrunk[best] * along)
    return lambda people: usual + (people - middle) @ slopes


def _forest(x: np.ndarray, y: np.ndarray, seed: int) -> Change:
    """The mean of shallow trees, each grown on a draw of the customers."""
    from sklearn.tree import DecisionTreeRegressor

    rng, most = np.random.default_rng(seed), min(len(y), MOST_IN_A_TREE)
    grown = []
    for _ in range(TREES // 3):
        drawn = rng.permutation(len(y))[: max(most * 2 // 3, 1)]
        tree = DecisionTreeRegressor(
            max_leaf_nodes=16, min_samples_leaf=max(20, len(drawn) // 60), max_features=0.5,
            random_state=int(rng.integers(2**31)),
        )  # fmt: skip
        grown.append(tree.fit(x[drawn].astype(np.float32), y[drawn]))
    return lambda people: np.mean([tree.predict(people.astype(np.float32)) for tree in grown], axis=0)
