"""What every method answers, how wrong each was where nothing happened, and which of them is to be believed most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from crm_analytics.effectiveness.panel import time_regression
from crm_analytics.effectiveness.panel.layout import Layout, Spell
from crm_analytics.effectiveness.panel.neighbours import Neighbours
from crm_analytics.effectiveness.panel.reading import Reading
from crm_analytics.effectiveness.panel.space import Space, in_space
from crm_analytics.effectiveness.panel.trials import ALONE, METHODS, Told, errors, told

SHIFTS = 36
"""On so many earlier windows at most is each method tried."""
LEAST_WINDOWS, LEAST_GROUPS, LEAST_PERIODS = 3, 4, 20
"""Windows of the past, or groups in space, or periods before, from which an error can be read at all."""
POOR_FIT = 2.0
"""A mixture of others that misses the time before by so many times what a parallel course misses is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """A method's answer: what was beyond the expected in every period of the campaign, and its interval."""

    name: str
    gaps: np.ndarray
    expected: np.ndarray
    trials: np.ndarray
    """Gaps in earlier windows, as money of now: windows × periods."""
    error: float
    """How far it missed where nothing was, on the average of squares."""
    interval: tuple[float, float] = (float("nan"), float("nan"))

    @property
    def effect(self) -> float:
        return float(self.gaps.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """All answers, the first being the one that leads; what its error was read from; what is left out and why."""

    methods: list[Method]
    dropped: dict[str, float]
    """Methods that do not fit the time before, and by how many times worse than a parallel course."""
    shifts: np.ndarray
    windows: int
    """How many windows of the past do not overlap."""
    read_from: str
    """Where errors were seen: time (earlier windows), space (units left alone), or the regression's own."""
    space: Space | None
    neighbours: Neighbours
    doubt: float
    """Standard error left by what was taken out, in the measure's unit."""
    freedom: float

    @property
    def lead(self) -> Method:
        return self.methods[0]


def judged(
    reading: Reading, *, confidence: float, seed: int, more: dict[str, Callable[[Spell, int], Told]]
) -> Judged | None:
    """Ask every method that the data allow, and `more`; None where nothing tells how wrong an answer could be."""
    layout = reading.layout
    shifts = layout.shifts(SHIFTS)
    windows = 1 + int(shifts[-1] - shifts[0]) // layout.span if len(shifts) else 0
    tells, dropped = _allowed(layout)
    tells |= more
    found = [_answered(layout, name, tell, shifts) for name, tell in tells.items()]
    neighbours = Neighbours.of(layout, shifts if windows >= LEAST_WINDOWS else shifts[:0])
    space = _space(layout, found, seed=seed)
    chosen = 0.0
    if windows >= LEAST_WINDOWS:
        read_from, freedom = "time", float(windows)
        found = [replace(one, error=_rms(one.trials.sum(axis=1))) for one in found]
        found.sort(key=lambda one: one.error)
        chosen = _rms(_chosen_blindly(found, shifts, layout.span))
    elif space is not None and space.apart >= LEAST_GROUPS:
        read_from, freedom = "space", float(space.apart - 1)
        found = [replace(one, error=_space_error(layout, one, seed)) for one in found if one.name in METHODS]
        found.sort(key=lambda one: one.error)
    elif layout.spells[0].before.sum() >= LEAST_PERIODS and len(layout.spells) == 1:
        read_from = "regression"
        error, freedom = time_regression.own_error(layout.case(layout.spells[0]))
        money = layout.one(layout.spells[0].units, layout.spells[0].before)
        found = [replace(one, error=error * money) for one in found]
        found.sort(key=lambda one: one.name != "time-based regression")
    else:
        return None
    doubt = _doubt(reading, found[0])
    errors_now = [max(found[0].error, chosen), *(one.error for one in found[1:])]
    found = [
        _with_interval(one, float(np.hypot(error * neighbours.stretch, doubt)), freedom, confidence)
        for one, error in zip(found, errors_now, strict=True)
    ]
    return Judged(
        methods=found, dropped=dropped, shifts=shifts, windows=windows, read_from=read_from, space=space,
        neighbours=neighbours, doubt=doubt, freedom=freedom,
    )  # fmt: skip


def _allowed(layout: Layout) -> tuple[dict[str, Callable[[Spell, int], Told]], dict[str, float]]:
    """The methods that so many others allow, and whose course before is that of the treated."""
    alone = min(len(spell.others) for spell in layout.spells) < 2
    names = [name for name in METHODS if name in ALONE or not alone]
    tells = {name: _teller(layout, name) for name in names}
    misses = {}
    for name in names:
        cases = [layout.case(spell) for spell in layout.spells]
        gaps = [(case.treated - METHODS[name](case).path)[case.before] for case in cases]
        misses[name] = float(np.sqrt(np.mean(np.concatenate(gaps) ** 2)))
    parallel = misses["difference-in-differences"]
    poor = {name: miss / parallel for name, miss in misses.items() if parallel > 0 and miss > POOR_FIT * parallel}
    return {name: tell for name, tell in tells.items() if name not in poor}, poor


def _teller(layout: Layout, name: str) -> Callable[[Spell, int], Told]:
    return lambda spell, back: told(layout, name, spell, back=back)


def _answered(layout: Layout, name: str, tell: Callable[[Spell, int], Told], shifts: np.ndarray) -> Method:
    first, last = min(s.starts for s in layout.spells), max(s.ends for s in layout.spells)
    gaps, expected = np.zeros(last - first), np.zeros(last - first)
    for spell in layout.spells:
        now = tell(spell, 0)
        gaps[spell.starts - first : spell.ends - first] += now.gap
        expected[spell.starts - first : spell.ends - first] += now.expected
    return Method(name=name, gaps=gaps, expected=expected, trials=errors(layout, tell, shifts), error=float("nan"))


def _chosen_blindly(methods: list[Method], shifts: np.ndarray, span: int) -> np.ndarray:
    """The error in each window of the method that the other windows would have chosen: what choosing is worth."""
    sums = np.array([one.trials.sum(axis=1) for one in methods])
    found = []
    for i, shift in enumerate(shifts):
        elsewhere = np.abs(shifts - shift) >= span
        best = int(np.argmin((sums[:, elsewhere] ** 2).mean(axis=1))) if elsewhere.any() else 0
        found.append(sums[best, i])
    return np.array(found)


def _space(layout: Layout, found: list[Method], *, seed: int) -> Space | None:
    """Placebos in space by the first of the compact methods that fits; None where too few are left alone."""
    usual = next((name for name in ("synthetic DiD", *METHODS) if any(one.name == name for one in found)), None)
    space = in_space(layout, usual, seed=seed) if usual else None
    return space if space is not None and len(space.gaps) else None


def _space_error(layout: Layout, method: Method, seed: int) -> float:
    space = in_space(layout, method.name, seed=seed)
    if not layout.level:
        return _rms(space.gaps) * float(method.expected.sum())
    stand_ins = np.array([len(group) for group in space.groups])
    reached = sum(len(spell.units) * spell.length for spell in layout.spells)
    periods = sum(spell.length for spell in layout.spells)
    return _rms(space.sums / stand_ins / periods) * reached


def _doubt(reading: Reading, lead: Method) -> float:
    layout, variance = reading.layout, 0.0
    for spell in layout.spells:
        window = np.zeros(len(layout.days), dtype=bool)
        window[spell.starts : spell.ends] = True
        size = layout.values[spell.before][:, spell.units].mean(axis=0)
        share = size.sum() * spell.length
        variance += reading.pull.doubt(window, spell.units, size) * share
    total = sum(layout.values[s.before][:, s.units].mean(axis=0).sum() * s.length for s in layout.spells)
    return float(variance / total * lead.expected.sum()) if total > 0 else 0.0


def _with_interval(method: Method, error: float, freedom: float, confidence: float) -> Method:
    from scipy.stats import t

    reach = t.ppf((1 + confidence) / 2, freedom) * error
    return replace(method, interval=(method.effect - reach, method.effect + reach))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
