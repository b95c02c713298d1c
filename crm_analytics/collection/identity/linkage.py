"""Probable pairs: which records look like one person's, by the model of Fellegi and Sunter as splink fits it.

Pairs are looked for where some key agrees (blocking). What chance agreement is worth is counted on random pairs; how
often a person's records agree is learnt by expectation maximisation, one training block after another, and leans on
common experience while there is little to learn from. Rare values weigh more than frequent ones.
I. Fellegi, A. Sunter, "A theory for record linkage", JASA 64 (1969); R. Linacre et al., splink (2022).
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from crm_analytics.collection.identity import names
from crm_analytics.collection.identity.comparisons import COMPARISONS, Comparison
from crm_analytics.warehouse.release import WarehouseError

if TYPE_CHECKING:
    import pandas as pd

PAIRS_PER_RECORD = 5
"""For each key so many pairs a record are looked at, those of the smallest blocks first."""
LARGEST_BLOCK = 60
EXPERIENCE = 60
"""Usual shares count as much as this many true pairs of the company's own."""
RANDOM_PAIRS, TRAINING_PAIRS = 3e5, 1e5
FEWEST_LESSONS = 30
"""Fewer true pairs in a training block teach nothing."""
FEW = 2
"""A probability needs at least so many records."""
LEAST_WEIGHT = -4.0
"""Pairs that speak more clearly against one person than this (in bits) are forgotten."""


class NoSplink(WarehouseError):
    """Probabilities were asked for, and splink is not installed."""


def require_splink() -> None:
    try:
        import splink  # noqa: F401
    except ImportError:
        raise NoSplink(
            "Probable pairs need splink: pip install 'crm_analytics[identity]'. Certain keys alone do without: "
            "crm identify --only keys."
        ) from None


def probable_pairs(records: pd.DataFrame, *, sure: pd.DataFrame, seed: int = 1) -> pd.DataFrame:
    """Pairs worth a look: `a`, `b` (a < b), `weight` (log2 of the odds that they are one) and a column for each field
    of COMPARISONS that was compared, with its own weight; NaN where nothing could be said. Ordered by a, b.

    `records` is what `records.records` makes; `sure` the pairs that certain keys found (a, b), which tell how common
    duplicates are. The same records give the same pairs. Raises NoSplink.
    """
    import pandas as pd

    require_splink()
    used = tuple(c for c in COMPARISONS if any(records[column].notna().sum() >= FEW for column in c.needs))
    empty = pd.DataFrame(columns=["a", "b", "weight", *(c.field for c in used)])
    keys = _blocking_keys(records)
    if len(records) < FEW or not used or not len(keys.columns):
        return empty
    with _quietly():
        scored = _scored(records.join(keys), used, list(keys.columns), len(sure), seed)
    scored = scored[scored.weight >= LEAST_WEIGHT]
    return scored.sort_values(["a", "b"], ignore_index=True) if len(scored) else empty


def _scored(
    frame: pd.DataFrame, used: tuple[Comparison, ...], keys: list[str], sure: int, seed: int
) -> pd.DataFrame:
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false; SET threads = 2")
    api = DuckDBAPI(connection)
    rules = [block_on(key) for key in keys]

    def linker(comparisons: list[dict], prior: float) -> Any:
        settings = SettingsCreator(
            link_type="dedupe_only", unique_id_column_name="customer_id", comparisons=comparisons,
            blocking_rules_to_generate_predictions=rules, probability_two_random_records_match=prior,
            retain_intermediate_calculation_columns=True, retain_matching_columns=False,
        )  # fmt: skip
        return Linker(table, settings, log_level=None, validate_settings=False)

    table = api.register(frame.drop(columns=["first_seen"]))
    prior = _prior(len(frame), sure)
    first = linker([_settings(one) for one in used], prior)
    connection.execute("SET threads = 1")  # or else the sample would depend on the threads
    first.training.estimate_u_using_random_sampling(
        max_pairs=RANDOM_PAIRS, seed=seed, min_count_per_level=None, num_chunks=1
    )
    connection.execute("SET threads = 2")
    counted = [_floored(one) for one in first.misc.save_model_to_json()["comparisons"]]
    lessons = []
    for columns, pairs in _training_blocks(frame):  # each begins anew: one that fails must not spoil the next
        lessons += _lesson(linker(deepcopy(counted), prior), block_on(*columns), pairs)
    final = linker([_leaning(c, one, _learnt(lessons, one), sure) for c, one in zip(counted, used, strict=True)], prior)
    found = final.inference.predict(threshold_match_weight=LEAST_WEIGHT, warning_mode="never").as_pandas_dataframe()
    return _as_pairs(found, used)


def _prior(records: int, sure: int) -> float:
    """How likely two random records are one person's: sure keys find half of them; one record in fifty has one."""
    pairs = records * (records - 1) / 2
    return min(max(2.0 * sure, records / 50) / pairs, 0.3)


def _settings(comparison: Comparison) -> dict:
    levels = [{"sql_condition": comparison.unknown, "is_null_level": True}]
    for degree in comparison.degrees:
        rare = {"tf_adjustment_column": degree.rare} if degree.rare else {}
        levels.append({"sql_condition": degree.condition, "m_probability": degree.m, **rare})
    return {"output_column_name": _column(comparison), "comparison_levels": levels}


def _column(comparison: Comparison) -> str:
    return comparison.field.replace(" ", "_").replace("-", "")


def _levels(settings: dict) -> list[dict]:
    return [level for level in settings["comparison_levels"] if not level.get("is_null_level")]


def _floored(settings: dict) -> dict:
    for level in _levels(settings):
        level["u_probability"] = max(level.get("u_probability") or 0.0, 1e-7)
    return settings


def _leaning(counted: dict, usual: Comparison, learnt: list[float] | None, sure: int) -> dict:
    """What was learnt, leaning on common experience the more, the fewer true pairs there were to learn from."""
    total = sum(degree.m for degree in usual.degrees)
    shares = [degree.m / total for degree in usual.degrees]
    if learnt:
        both = zip(learnt, shares, strict=True)
        shares = [(sure * m + EXPERIENCE * share) / (sure + EXPERIENCE) for m, share in both]
    settings = deepcopy(counted)
    for level, m in zip(_levels(settings), shares, strict=True):
        level["m_probability"] = m
    return settings


def _training_blocks(frame: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], float]]:
    """Blocks in which both true pairs and others are found, and their pairs; each teaches what it does not block on."""
    for columns in (
        ("birth_date",), ("root", "surname_sound"), ("email",), ("phone",), ("tax_number",),
        ("surname_sound", "postcode"), ("surname_sound", "house"),
    ):  # fmt: skip
        sizes = frame.dropna(subset=list(columns)).groupby(list(columns)).size()
        pairs = float((sizes * (sizes - 1) / 2).sum())
        if pairs >= FEWEST_LESSONS:
            yield columns, pairs


def _lesson(linker: Any, rule: Any, pairs: float) -> list[tuple[str, list[float], float]]:
    """What one block teaches: for each field it could, the share of each degree among true pairs, and how many."""
    from splink.internals.exceptions import EMTrainingException

    try:
        session = linker.training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=TRAINING_PAIRS)
    except (EMTrainingException, ValueError):  # a block without true pairs, or without anything but
        return []
    model = session.core_model_settings
    true = min(pairs, TRAINING_PAIRS) * model.probability_two_random_records_match
    told = []
    for one in model.comparisons:
        shares = [level.m_probability for level in one.comparison_levels if not level.is_null_level]
        if true >= FEWEST_LESSONS and all(isinstance(share, float) for share in shares):
            told.append((one.output_column_name, shares, true))
    return told


def _learnt(lessons: list[tuple[str, list[float], float]], one: Comparison) -> list[float] | None:
    """The mean of what the blocks taught about a field, by the true pairs each had."""
    mine = [(shares, true) for name, shares, true in lessons if name == _column(one)]
    whole = sum(true for _, true in mine)
    return [sum(s[i] * true for s, true in mine) / whole for i in range(len(one.degrees))] if mine else None


def _as_pairs(found: pd.DataFrame, used: tuple[Comparison, ...]) -> pd.DataFrame:
    import pandas as pd

    left, right = found.customer_id_l.astype(object), found.customer_id_r.astype(object)
    pairs = pd.DataFrame({"a": left.where(left < right, right), "b": right.where(left < right, left)})
    pairs["weight"] = found.match_weight.round(3)
    for one in used:
        column = _column(one)
        weight = found[f"mw_{column}"] + found.get(f"mw_tf_adj_{column}", 0.0)
        pairs[one.field] = weight.where(found[f"mw_{column}"] != 0).round(3)  # no evidence weighs nothing
    return pairs


def _blocking_keys(records: pd.DataFrame) -> pd.DataFrame:
    """For each record the keys under which it is looked for; empty where a block is too large to say anything."""
    import pandas as pd

    def each(texts: pd.Series, short: Callable[[str], str]) -> pd.Series:
        return texts.map(short, na_action="ignore").astype("str")  # a column nobody has is text all the same

    given = each(records.root.where(records.root.notna(), records.given), names.skeleton)
    surname = each(records.surname, names.skeleton)
    street = each(records.street, lambda text: names.skeleton(text.split()[0])[:4])
    first, last = given.fillna(""), surname.fillna("")
    both = (first.where(first <= last, last) + " " + last.where(first <= last, first)).where(
        given.notna() & surname.notna()
    )
    initial = records.given.str[:1]
    box = records.email.str.partition("@")[0]
    joint = {
        "email": records.email, "phone": records.phone, "tax_number": records.tax_number,
        "birth_date": records.birth_date,
        "names": both, "box": box, "phone_end": records.phone.str[-7:],
        "names_year": both + " " + records.birth_year, "family_year": surname + initial + records.birth_year,
        "family_home": surname + " " + records.house, "family_code": surname + " " + records.postcode,
        "family_town": surname + initial + " " + records.city, "given_year": given + " " + records.birth_year,
        "given_home": given + " " + records.house + " " + records.city.str[:3],
        "given_code": given + " " + records.postcode,
        "given_month": given + " " + records.birth_date.str[5:],
        "home": street + " " + records.house + " " + records.flat.fillna(""),
        "house_code": records.house + " " + records.postcode,
        "family": records.surname_sound, "company": records.surname.where(records.given.isna()).str[:5],
    }  # fmt: skip
    keys = {f"key_{name}": _smallest_blocks(key) for name, key in joint.items()}
    shared = {name: key for name, key in keys.items() if key.dropna().duplicated().any()}
    return pd.DataFrame(shared, index=records.index)


def _smallest_blocks(key: pd.Series) -> pd.Series:
    key = key.where(key.notna() & (key.str.strip() != ""))
    sizes = key.value_counts()
    sizes = sizes[(sizes > 1) & (sizes <= LARGEST_BLOCK)].sort_values(kind="stable")
    affordable = (sizes * (sizes - 1) / 2).cumsum() <= PAIRS_PER_RECORD * len(key)
    by_size = affordable.groupby(sizes).transform("all") if len(sizes) else affordable
    return key.where(key.isin(set(sizes.index[by_size])))


@contextmanager
def _quietly() -> Iterator[None]:
    """splink explains at length what it does; a marketer has not asked."""
    log = logging.getLogger("splink")
    level, passed = log.level, log.propagate
    log.setLevel(logging.CRITICAL + 1)
    log.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
        log.propagate = passed


def probability(weight: float) -> float:
    """The probability behind a weight in bits."""
    return 1 / (1 + 2.0 ** -max(min(weight, 60.0), -60.0))


def weight(probability: float) -> float:
    """The weight in bits behind a probability."""
    return math.log2(probability / (1 - probability))
