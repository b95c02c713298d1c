"""Order lines: what rows of sales prove about one another, whatever their headings say."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from crm_analytics.collection.suggest.lexicon import UNKNOWN, lexicon
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.say import say

SURE, UNLIKE = 0.97, 0.3
"""What columns that obey arithmetic fit; what is left of the fit of those that cannot be what they are called."""
GUESS = 0.5
"""What a column fits that nothing but the order of the lines tells."""


def quantity_times_price(
    columns: list[Profile], usable: list[int], places: list[str], fits: np.ndarray, reasons: dict
) -> None:
    """Quantity times price is amount: three columns that obey it are these three, whatever their headings."""
    target = [
        places.index(p) if p in places else -1
        for p in ("order_lines.quantity", "order_lines.price", "order_lines.amount")
    ]
    if -1 in target:
        return
    numeric = [i for i, n in enumerate(usable) if columns[n].numbers is not None and columns[n].distinct > 1]
    values = {i: columns[usable[i]].numbers for i in numeric}
    for q in numeric:
        if not columns[usable[q]].whole or np.nanmedian(np.abs(values[q])) > 10_000:
            continue
        for p in numeric:
            for a in numeric:
                if len({q, p, a}) < 3:
                    continue
                error = np.abs(values[q] * values[p] - values[a])
                known = ~np.isnan(error) & (np.abs(values[q]) > 1)
                if known.sum() < 5 or np.mean(error[known] <= 0.011 * np.abs(values[q][known]) + 0.01) < 0.9:
                    continue
                if np.nanmedian(np.abs(values[p])) < 2 <= np.nanmedian(np.abs(values[q])) and columns[usable[p]].whole:
                    continue
                for i, j in zip((q, p, a), target, strict=True):
                    if fits[i, j] >= 0.3 or _silent(columns[usable[i]]):
                        fits[i, j] = max(fits[i, j], SURE)
                        reasons[usable[i], places[j]] = say("quantity times price is amount, line by line")


def told_by_order(columns: list[Profile], free: list[int], taken: Mapping) -> dict[int, tuple[str, float, str]]:
    """The number of the order and what was bought, where no heading tells them: lines that lie together and are of one
    moment are an order, and what is another thing on each of its lines is the product."""
    found, at = {}, {place: number for number, (place, _, _) in taken.items()}
    silent = [n for n in free if _silent(columns[n]) and not columns[n].dating and not columns[n].flag]
    silent = [n for n in silent if columns[n].filled > 0.9 and (columns[n].numbers is None or columns[n].whole)]
    day = columns[at["orders.ordered_at"]] if "orders.ordered_at" in at else None
    if "orders.order_id" not in at and day is not None and day.distinct >= 5:
        whole = [n for n in silent if _of_one_day(columns[n], day) and columns[n].unique > 0.1]
        if whole:
            number = max(whole, key=lambda n: columns[n].distinct)
            found[number] = ("orders.order_id", GUESS, say("its lines lie together and are of one day"))
            at["orders.order_id"] = number
    if "orders.order_id" in at and "products.product_id" not in at:
        lines = _lines(columns[at["orders.order_id"]])
        things = [n for n in silent if n not in found and columns[n].distinct >= 3 and columns[n].unique < 0.6]
        things = [n for n in things if len(lines) >= 5 and _differs(columns[n], lines)]
        if things:
            code = min(things, key=lambda n: (columns[n].lettered > 0.5, -columns[n].distinct, n))
            found[code] = ("products.product_id", GUESS, say("it is another one on each line of an order"))
    return found


def _of_one_day(profile: Profile, day: Profile) -> bool:
    """Whether equal values stand together, several of them, and are of one day."""
    cells = profile.cells
    runs = sum(one != other for one, other in pairwise(cells)) + 1
    days = {(one, when[:10]) for one, when in zip(cells, day.cells, strict=True)}
    return profile.unique < 0.995 and runs <= 1.02 * profile.distinct and len(days) <= 1.02 * profile.distinct


def _lines(number: Profile) -> list[list[int]]:
    """The rows of each order of several lines."""
    lines: dict[str, list[int]] = {}
    for row, order in enumerate(number.cells):
        lines.setdefault(order, []).append(row)
    return [rows for order, rows in lines.items() if order and len(rows) > 1][:2_000]


def _differs(profile: Profile, lines: list[list[int]]) -> bool:
    cells = profile.cells
    return float(np.mean([len({cells[row] for row in rows}) == len(rows) for rows in lines])) > 0.9


def price_of_one(columns: list[Profile], usable: list[int], places: list[str], fits: np.ndarray) -> None:
    """Where several of a thing are bought, the price of one is less than the amount."""
    wanted = ("order_lines.quantity", "order_lines.amount", "order_lines.price", "order_lines.list_price",
              "order_lines.unit_cost")  # fmt: skip
    if not set(wanted) <= set(places) or not len(fits):
        return
    quantity, amount, price, full, cost = (places.index(place) for place in wanted)
    counts = columns[usable[int(fits[:, quantity].argmax())]].numbers
    for i, number in enumerate(usable if counts is not None and fits[:, quantity].max() > 0.5 else ()):
        others = np.where(np.arange(len(usable)) == i, 0, fits[:, amount])
        one, sums = columns[number].numbers, columns[usable[int(others.argmax())]].numbers
        if one is None or sums is None or others.max() < 0.5:
            continue
        known = (np.abs(counts) > 1) & (np.abs(sums) > 0) & ~np.isnan(one)
        if known.sum() >= 5 and np.mean(np.abs(one[known]) >= 0.8 * np.abs(sums[known])) > 0.8:
            fits[i, [price, full]] *= UNLIKE
        if known.sum() >= 5 and np.mean(np.abs(one[known] * counts[known]) > np.abs(sums[known])) > 0.8:
            fits[i, cost] *= UNLIKE  # what all lines of several lose money on is the cost of the line


def _silent(profile: Profile) -> bool:
    """Whether nobody understands the heading."""
    return profile.mute or all(one.startswith(UNKNOWN) for one in lexicon().means(profile.name))


def one_moment(columns: list[Profile], usable: list[int], places: list[str], fits: np.ndarray) -> None:
    """All lines of an order are of one day: what comes back on other days is no order's number."""
    days = [columns[number] for number in usable if columns[number].dating]
    if "orders.order_id" not in places or not days:
        return
    j = places.index("orders.order_id")
    for i, number in enumerate(usable):
        if fits[i, j] < 0.3 or columns[number] in days:
            continue
        for day in days:
            pairs = {
                (one, other[:10]) for one, other in zip(columns[number].cells, day.cells, strict=True) if one and other
            }
            if pairs and len(pairs) <= 1.05 * columns[number].distinct:
                break
        else:
            fits[i, j] *= UNLIKE


def of_the_head(
    columns: list[Profile], usable: list[int], places: list[str], fits: np.ndarray, *, enough: float
) -> None:
    """Money that stands once in an order of several lines, or the same on all of them, is the order's, not a line's."""
    if "orders.order_id" not in places:
        return
    numbers = fits[:, places.index("orders.order_id")]
    if not len(numbers) or numbers.max() < enough:
        return
    several = _lines(columns[usable[int(numbers.argmax())]])
    money = [places.index(place) for place in ("order_lines.amount", "order_lines.price") if place in places]
    once, each = [], []
    for i, number in enumerate(usable):
        if fits[i, money].max(initial=0) >= enough:
            cells = columns[number].cells
            alike = [len({cells[row] for row in rows if cells[row]}) <= 1 for rows in several]
            (once if len(alike) >= 5 and np.mean(alike) > 0.95 else each).append(i)
    if each:
        fits[np.ix_(once, money)] *= UNLIKE
