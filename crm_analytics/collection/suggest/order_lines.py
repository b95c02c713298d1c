"""Order lines: what rows of sales prove about one another, whatever their headings say."""

from __future__ import annotations

import numpy as np

from crm_analytics.collection.suggest.lexicon import UNKNOWN, lexicon
from crm_analytics.collection.suggest.profile import Profile
from crm_analytics.say import say

SURE, UNLIKE = 0.97, 0.3
"""What columns that obey arithmetic fit; what is left of the fit of those that cannot be what they are called."""


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


def price_of_one(columns: list[Profile], usable: list[int], places: list[str], fits: np.ndarray) -> None:
    """Where several of a thing are bought, the price of one is less than the amount."""
    wanted = ("order_lines.quantity", "order_lines.amount", "order_lines.price", "order_lines.list_price")
    if not set(wanted) <= set(places) or not len(fits):
        return
    quantity, amount, price, full = (places.index(place) for place in wanted)
    counts = columns[usable[int(fits[:, quantity].argmax())]].numbers
    for i, number in enumerate(usable if counts is not None and fits[:, quantity].max() > 0.5 else ()):
        others = np.where(np.arange(len(usable)) == i, 0, fits[:, amount])
        one, sums = columns[number].numbers, columns[usable[int(others.argmax())]].numbers
        if one is None or sums is None or others.max() < 0.5:
            continue
        known = (np.abs(counts) > 1) & (np.abs(sums) > 0) & ~np.isnan(one)
        if known.sum() >= 5 and np.mean(np.abs(one[known]) >= 0.8 * np.abs(sums[known])) > 0.8:
            fits[i, [price, full]] *= UNLIKE


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
    lines: dict[str, list[int]] = {}
    for row, order in enumerate(columns[usable[int(numbers.argmax())]].cells):
        lines.setdefault(order, []).append(row)
    several = [rows for order, rows in lines.items() if order and len(rows) > 1][:2_000]
    money = [places.index(place) for place in ("order_lines.amount", "order_lines.price") if place in places]
    once, each = [], []
    for i, number in enumerate(usable):
        if fits[i, money].max(initial=0) >= enough:
            cells = columns[number].cells
            alike = [len({cells[row] for row in rows if cells[row]}) <= 1 for rows in several]
            (once if len(alike) >= 5 and np.mean(alike) > 0.95 else each).append(i)
    if each:
        fits[np.ix_(once, money)] *= UNLIKE
