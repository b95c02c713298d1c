"""What a field is worth, in five parts from 0 to 1; how ready each question is; what one more field would change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain

import numpy as np
import pandas as pd

PARTS = ("completeness", "fitness", "freshness", "quality", "lawfulness")
ABSENT, THERE = 0.05, 0.5
"""A field filled in less than the first share of rows is as good as empty; in more than the second it is in use."""

FILLED = 0.95
"""What is filled so far leaves nothing worth asking for."""

EMPTY_IS_AN_ANSWER = ("empty: ", "empty while")
"""How the schema says of a column that an empty one says something too."""


def scored(cells: pd.DataFrame, readers: Mapping[str, str], fresh_days: int) -> pd.DataFrame:
    """One row a field with its five parts; fields of tables that are absent have rows 0 and no parts."""
    fields = _fields(cells)
    kept = fields.rows.where(fields.rows > 0)
    says_empty = fields.about.str.contains("|".join(EMPTY_IS_AN_ANSWER), regex=True)
    fields["filled_share"] = (fields.filled - fields.blank) / kept
    fields["completeness"] = fields.filled_share.mask(says_empty & kept.notna(), 1.0)
    fields["newest_filled"] = fields.newest_filled.mask(says_empty, fields.newest)
    fields["freshness"] = _freshness(cells, fields, fresh_days)
    said = (fields.filled + fields.lost).where(lambda n: n > 0)
    fields["quality"] = (1 - ((fields.blank + fields.lost) / said).fillna(0)) * (1 - fields.refused_share.fillna(0))
    fields["lawfulness"] = (fields.based / fields.filled.where(fields.filled > 0)).fillna(1.0)
    fields["questions"] = [_asking(used, readers) for used in fields.used_by]
    fields.loc[fields.personal & (fields.questions.str.len() == 0), "lawfulness"] = 0.0
    ready = questions(fields, readers).set_index("question").fitness
    fields["fitness"] = [sum(ready[q] for q in one) / len(one) if one else 0.0 for one in fields.questions]
    fields["note"] = _notes(cells, fields)
    return fields


def questions(fields: pd.DataFrame, readers: Mapping[str, str]) -> pd.DataFrame:
    """One row a question: what it lacks, and the five parts of how well it can be answered.

    Fitness is the share of the fields it can use that are in use; the other parts are means over those. All are 0
    where a table is absent that it cannot do without. `weakest` is the field it could use that is filled least.
    """
    asked, used, needed = _asked(tuple(fields.used_by), tuple(fields.needed_by), tuple(sorted(readers.items())))
    complete = fields.completeness.fillna(0.0).to_numpy(float)
    live, there = used & (complete >= ABSENT), fields.rows.to_numpy() > 0
    tables, names = fields.table.to_numpy(object), (fields.table + "." + fields.column).to_numpy(object)
    missing = [tuple(sorted(set(tables[row]))) for row in needed & ~there]
    can = np.array([not lacks for lacks in missing], dtype=bool) & live.any(axis=1)
    parts = {part: _mean(fields[part].to_numpy(float), live) for part in PARTS if part != "fitness"}
    parts["fitness"] = live.sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    least = np.where(used, complete, np.inf)
    told = {part: np.where(can, parts[part], 0.0) for part in PARTS}
    weakest = [
        names[place] if lowest < FILLED else ""
        for place, lowest in zip(least.argmin(axis=1), least.min(axis=1), strict=True)
    ] if len(asked) else []  # fmt: skip
    return pd.DataFrame({
        "question": list(asked), "can_be_asked": [not lacks for lacks in missing], **told, "missing": missing,
        "fields": used.sum(axis=1), "weakest": weakest,
    })  # fmt: skip


@cache
def _asked(
    used_by: tuple[str, ...], needed_by: tuple[str, ...], readers: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """The questions, and for each of them which fields it can use and which it needs."""
    used, needed, of = [set(one.split()) for one in used_by], [set(one.split()) for one in needed_by], dict(readers)
    asked = tuple(sorted(_every_question(used, needed, of)))
    shape = (len(asked), len(used))
    can, must = (
        np.array([of.get(one, one) in names for one in asked for names in every], dtype=bool).reshape(shape)
        for every in (used, needed)
    )
    return asked, can, must


def _mean(values: np.ndarray, some: np.ndarray) -> np.ndarray:
    """For each row of `some`, the mean of its values that are known; 0 where there is none."""
    known = some & ~np.isnan(values)
    return known @ np.nan_to_num(values) / np.maximum(known.sum(axis=1), 1)


def _name(field) -> str:
    return f"{field.table}.{field.column}"


def next_fields(fields: pd.DataFrame, readers: Mapping[str, str], points: Mapping[str, float]) -> pd.DataFrame:
    """What to ask the company for next, the most useful first: a table (or two that go together) it lacks, or a field
    it fills too seldom. `gain` is how many points the company's score would gain, `opens` the questions that could
    then be asked, `sharpens` how many others would be answered better, `money` what was sold where it is missing."""
    before = questions(fields, readers).set_index("question")
    worth = sum(before[part] * points[part] for part in PARTS)
    rows = []
    for name, filled in _candidates(fields, before):
        after = questions(filled, readers).set_index("question")
        better = (sum(after[part] * points[part] for part in PARTS) - worth).round(9)
        changed = filled.rows.ne(fields.rows) | filled.completeness.ne(fields.completeness)
        table = "." not in name
        rows.append(
            {
                "ask_for": name,
                "gain": float(better.mean()),
                "opens": tuple(after.index[after.can_be_asked & ~before.can_be_asked]),
                "sharpens": int(((better > 0) & before.can_be_asked).sum()),
                "filled_share": 0.0 if table else float(fields.filled_share[changed].min()),
                "money": float(fields.money.max() if table else fields.money_empty[changed].max()),
                "why": "; ".join(dict.fromkeys(fields.opens[changed])) if table else fields.about[changed].iloc[0],
            }
        )
    columns = ["ask_for", "gain", "opens", "sharpens", "filled_share", "money", "why"]
    found = pd.DataFrame(rows, columns=columns)
    found = found[found.gain > 0].assign(many=lambda f: f.opens.str.len())
    order = ["gain", "many", "money", "ask_for"]
    return found.sort_values(order, ascending=[False, False, False, True], ignore_index=True)[columns]


def _candidates(fields: pd.DataFrame, asked: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """(its name, the fields as they would be with it) of everything that could be asked for."""
    absent = fields.groupby("table", sort=False).rows.sum().loc[lambda rows: rows == 0].index
    together = {frozenset(missing) for missing in asked.missing if len(missing) > 1}
    for tables in sorted({frozenset([one]) for one in absent} | together, key=sorted):
        yield " + ".join(sorted(tables)), _with(fields, fields.table.isin(tables))
    seldom = (fields.rows > 0) & (fields.completeness < FILLED) & (fields.questions.str.len() > 0)
    for place in fields.index[seldom]:
        yield _name(fields.loc[place]), _with(fields, pd.Series(fields.index == place, index=fields.index))


def _with(fields: pd.DataFrame, gained: pd.Series) -> pd.DataFrame:
    """The fields as they would be if these were filled; one that is there stays as fresh and as sound as it is."""
    new = gained & (fields.rows == 0)
    better = {part: fields[part].mask(new, 1.0) for part in PARTS if part not in ("completeness", "fitness")}
    full = fields.completeness.mask(gained, 1.0)
    return fields.assign(rows=fields.rows.mask(gained, fields.rows.clip(lower=1)), completeness=full, **better)


def _every_question(used: list[set[str]], needed: list[set[str]], readers: Mapping[str, str]) -> set[str]:
    named = set(chain(*used, *needed))
    return {question for question, feature in readers.items() if feature in named} | (named - set(readers.values()))


def _asking(used_by: str, readers: Mapping[str, str]) -> tuple[str, ...]:
    features = used_by.split()
    named = [question for question, feature in readers.items() if feature in features]
    return tuple(sorted(named + [feature for feature in features if feature not in set(readers.values())]))


def _fields(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells summed to fields, in the order of the schema."""
    once = cells.groupby(["table", "column", "source"], sort=False, dropna=False).agg(
        lost=("lost", "max"), came=("came", "max"), refused=("refused", "max")
    )
    once = once.astype(float).groupby(["table", "column"], sort=False).sum()
    fields = cells.groupby(["table", "column"], sort=False, as_index=False).agg(
        dict.fromkeys(
            ("place", "kind", "personal", "required", "key", "about", "opens", "used_by", "needed_by", "dates_facts"),
            "first",
        )
        | dict.fromkeys(("rows", "filled", "blank", "based", "money", "money_empty", "days"), "sum")
        | {"first": "min", "newest": "max", "newest_filled": "max"}
    )
    fields = fields.merge(once.reset_index(), on=["table", "column"])
    fields["refused_share"] = fields.refused / fields.came.where(fields.came > 0)
    return fields.sort_values("place", ignore_index=True)


def _freshness(cells: pd.DataFrame, fields: pd.DataFrame, fresh_days: int) -> pd.Series:
    """1 while the newest value is no older than `fresh_days` or three times the table's own rhythm, then less.

    Age counts from the newest fact of all. What bears no dates is as fresh as the facts its source brings beside it.
    """
    facts = cells[cells.dates_facts]
    now = facts.newest.max()
    by_source = facts.groupby("source").newest.max()
    beside = cells.assign(beside=cells.source.map(by_source)).groupby(["table", "column"]).beside.max()
    newest = fields.newest_filled.where(fields.newest.notna())
    newest = newest.fillna(pd.Series(beside.reindex(pd.MultiIndex.from_frame(fields[["table", "column"]])).to_numpy()))
    age = (now - newest).dt.days.clip(lower=0)
    rhythm = (fields.newest - fields["first"]).dt.days / (fields.days - 1).where(fields.days > 1)
    limit = (3 * rhythm.fillna(0)).clip(lower=fresh_days)
    return (
        (limit / age.where(age > limit, limit))
        .fillna(1.0)
        .where(newest.notna() | fields.newest.isna(), 0.0)
        .where(fields.rows > 0)
    )


def _notes(cells: pd.DataFrame, fields: pd.DataFrame) -> list[str]:
    """What a mean hides: filled by one source only, since some month only, no longer; one and the same value."""
    by = dict(iter(cells[cells.rows > 0].groupby(["table", "column"], sort=False)))
    return [
        "; ".join(_note(by[field.table, field.column], field)) if (field.table, field.column) in by else "table absent"
        for field in fields.itertuples()
    ]


def _note(cells: pd.DataFrame, field) -> Iterator[str]:
    if not field.filled:
        yield "never filled"
        return
    if field.filled < field.rows:
        yield from _where(cells)
    if field.blank > ABSENT * field.filled:
        yield f"{field.blank / field.filled:.0%} say nothing"
    values = pd.concat([cells.lowest, cells.highest])
    if not field.key and field.filled > 1 and values.nunique() == 1:
        yield "always the same value"


def _where(cells: pd.DataFrame) -> Iterator[str]:
    sources = cells.groupby("source")[["rows", "filled"]].sum()
    share = sources.filled / sources.rows
    if (share >= THERE).any() and (share < ABSENT).any():
        yield "only in " + ", ".join(share.index[share >= ABSENT])
        cells = cells[cells.source.isin(share.index[share >= ABSENT])]
    yield from _when(cells)


def _when(cells: pd.DataFrame) -> Iterator[str]:
    months = cells.dropna(subset="month").groupby("month")[["rows", "filled"]].sum()
    used = (months.filled / months.rows >= THERE).to_numpy()
    if not used.any():
        return
    first, last = used.argmax(), len(used) - 1 - used[::-1].argmax()
    before, after = months.iloc[:first], months.iloc[last + 1 :]
    if len(before) > 1 and before.filled.sum() < ABSENT * before.rows.sum():
        yield f"only since {months.index[first]:%Y-%m}"
    if len(after) > 1 and after.filled.sum() < ABSENT * after.rows.sum():
        yield f"no longer since {after.index[0]:%Y-%m}"
