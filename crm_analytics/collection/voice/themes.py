"""Texts grouped into themes by the words they share, as many as two halves of the texts agree on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_analytics.collection.voice.words import stems, typical

MOST = 10
TEXTS_A_THEME, LEAST_TEXTS, WORDS_IN_NAME = 30, 2, 3
HALVES, STARTS, STEPS = 4, 6, 60
BELONGS = 0.3
"""A text whose likeness (cosine) to its theme is less belongs to none."""


@dataclass(frozen=True)
class Themes:
    """Themes of texts: `member` is each text's theme, −1 for none; `strength` is the likeness of text and theme."""

    names: list[str]
    member: np.ndarray
    strength: np.ndarray
    stability: float
    chance: float
    """The stability of as many themes when the words are dealt out to the texts at random."""


def grouped(texts: list[str], *, count: int, seed: int) -> Themes | None:
    """The themes of these texts; None where they share too few words. `count` 0: as many as are stable.

    Latent semantic analysis (Deerwester and others 1990) of tf-idf, then spherical k-means. Stability is how far two
    halves of the texts agree on which texts belong together (adjusted Rand index, 0 for chance). The number of themes
    is the one with the most that is agreed on: agreement squared times the information of so many themes.
    """
    pairs = [stems(text) for text in texts]
    words = typical([pair for one in pairs for pair in one])
    weights, vocabulary = _weighed([[stem for stem, _ in one] for one in pairs])
    most = min(MOST, len(vocabulary) // 3, len(texts) // TEXTS_A_THEME)
    options = [count] if count else list(range(2, most + 1))
    if not options or len(vocabulary) < 3 * options[0]:
        return None
    stable = {k: _stability(weights, k, seed) for k in options}
    k = max(options, key=lambda option: max(stable[option], 0.0) ** 2 * np.log2(option))
    chance = _stability(_dealt(weights, seed), k, seed)
    space, centres = _themes(weights, k, seed)
    strength = space(weights) @ centres.T
    member = np.where(strength.max(axis=1) >= BELONGS, strength.argmax(axis=1), -1)
    usual = np.asarray(weights.mean(axis=0)).ravel()
    names = [_named(np.asarray(weights[member == j].mean(axis=0)).ravel() - usual, vocabulary, words) for j in range(k)]
    return Themes(names, member, strength, stable[k], chance)


def _weighed(documents: list[list[str]]):
    """tf-idf of the stems that stand in at least two texts, each text of length one; and the stems."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    made = TfidfVectorizer(analyzer=list, min_df=LEAST_TEXTS, max_df=0.5, sublinear_tf=True)
    try:
        weights = made.fit_transform(documents)
    except ValueError:  # no word stands in two texts
        return np.zeros((0, 0)), []
    return weights, made.get_feature_names_out().tolist()


def _themes(weights, k: int, seed: int):
    """The space of meanings (a function of texts) and the centre of each theme in it, both of length one."""
    from sklearn.decomposition import TruncatedSVD

    meanings = TruncatedSVD(min(k + 1, weights.shape[1] - 1), random_state=seed).fit(weights)

    def space(texts) -> np.ndarray:
        return _unit(meanings.transform(texts))

    return space, _centres(space(weights), k, seed)


def _centres(points: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Spherical k-means (Dhillon and Modha 2001) from several starts that lie far apart; the best one counts."""
    rng = np.random.default_rng(seed)
    best, most = points[:k], -np.inf
    for _ in range(STARTS):
        centres = _far_apart(points, k, rng)
        for _ in range(STEPS):
            member = (points @ centres.T).argmax(axis=1)
            sums = np.stack([points[member == j].sum(axis=0) for j in range(k)])
            moved = np.where(np.linalg.norm(sums, axis=1, keepdims=True) > 0, _unit(sums), centres)
            if np.allclose(moved, centres):
                break
            centres = moved
        near = (points @ centres.T).max(axis=1).sum()
        if near > most:
            best, most = centres, near
    return best


def _far_apart(points: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    chosen = [int(rng.integers(len(points)))]
    for _ in range(k - 1):
        gap = np.maximum(1 - (points @ points[chosen].T).max(axis=1), 1e-12)
        chosen.append(int(rng.choice(len(points), p=gap / gap.sum())))
    return points[chosen]


def _stability(weights, k: int, seed: int) -> float:
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    rows = np.arange(weights.shape[0])
    found = []
    for _ in range(HALVES):
        order = rng.permutation(rows)
        labels = []
        for half in (order[: len(rows) // 2], order[len(rows) // 2 :]):
            space, centres = _themes(weights[np.sort(half)], k, seed)
            labels.append((space(weights) @ centres.T).argmax(axis=1))
        found.append(adjusted_rand_score(*labels))
    return float(np.mean(found))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _dealt(weights, seed: int):
    """The same words, each in as many texts, dealt out at random: what is stable in these is chance."""
    from scipy.sparse import csc_matrix

    rng = np.random.default_rng(seed)
    given = csc_matrix(weights)
    rows = np.concatenate([rng.choice(given.shape[0], size, replace=False) for size in np.diff(given.indptr)])
    return csc_matrix((given.data, rows, given.indptr), shape=given.shape).tocsr()


def _named(row: np.ndarray, vocabulary: list[str], words: dict[str, str]) -> str:
    """The words that set a theme apart the most."""
    order = np.argsort(-row, kind="stable")[:WORDS_IN_NAME]
    return ", ".join(words[vocabulary[place]] for place in order if row[place] > 0)
