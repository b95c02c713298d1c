"""What chance does to counts: the interval of a share, and many questions asked at once."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike


def share_interval(count: ArrayLike, of: ArrayLike, *, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Low and high of a share (Wilson 1927), which stays within 0 and 1 for few, too.

    Neither need be whole: `of` may be how many independent cases the counted ones are worth. Of none, a share may be
    anything from 0 to 1; where `of` is NaN, so are both.
    """
    import numpy as np

    count, of = np.asarray(count, float), np.asarray(of, float)
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    n = np.where(of > 0, of, np.nan)
    share = count / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2) / (1 + z2 / n) * np.sqrt(np.maximum(share * (1 - share), 0) / n + z2 / (4 * n**2))
    low, high = np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)
    return np.where(of == 0, 0.0, low)[()], np.where(of == 0, 1.0, high)[()]


def holm(p_values: ArrayLike) -> np.ndarray:
    """Chances corrected for so many questions asked at once (Holm 1979); NaN for a question that was not asked."""
    import numpy as np

    p = np.asarray(p_values, float)
    asked = np.flatnonzero(np.isfinite(p))
    out = np.full(len(p), np.nan)
    order = asked[np.argsort(p[asked], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out
