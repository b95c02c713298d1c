"""Conjoint: published numbers, planted part-worths, choices as well as ratings, and money only where it can be said."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Conjoint, NotEnough, draw, features
from crm_analytics.simulation.voice import OFFERS


def published(folder, profiles: str, levels: str, judged: str) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """A data set of the R package conjoint as the feature makes it."""
    shown = pd.read_csv(folder / profiles)
    words = iter(pd.read_csv(folder / levels).levels.tolist())
    names = {column: [next(words) for _ in range(shown[column].max())] for column in shown}
    said = pd.read_csv(folder / judged).to_numpy(float)
    rows = [
        ("", f"R{i:04d}", "q", f"P{j:02d}", column, names[column][shown[column][j] - 1], value, 1.0)
        for i, line in enumerate(said)
        for j, value in enumerate(line)
        for column in shown
    ]
    return pd.DataFrame(rows, columns=list(Conjoint.columns)), names


@pytest.fixture(scope="module")
def tea(datasets):
    return published(datasets / "conjoint_tea", "tprof.csv", "tlevn.csv", "tprefm.csv")


def test_tea(tea):
    result = Conjoint().fit(tea[0])
    importance = (100 * result.importance.set_index("attribute").importance).round(2)
    assert importance.to_dict() == {"price": 24.76, "variety": 32.22, "kind": 27.15, "aroma": 15.88}
    assert result.intercept == pytest.approx(3.5534, abs=5e-5)
    assert result.respondents == 100
    assert result.importance.importance.sum() == pytest.approx(1)
    assert isinstance(result.willingness_to_pay(), NotEnough)


def test_tea_shares_of_offers(tea, datasets):
    frame, names = tea
    codes = pd.read_csv(datasets / "conjoint_tea" / "tsimp.csv")
    offers = pd.DataFrame({c: [names[c][v - 1] for v in codes[c]] for c in codes})
    result = Conjoint().fit(frame)
    for rule in ("first", "share", "logit"):
        shares = result.simulate(offers, rule)
        assert shares.share.sum() == pytest.approx(1)
        assert ((shares.low <= shares.share) & (shares.share <= shares.high)).all()
    with pytest.raises(ValueError, match="never shown"):
        result.simulate(offers.assign(kind="powder"))


@pytest.mark.parametrize(
    ("files", "first", "method", "people"),
    [
        (("cprof.csv", "clevn.csv", "cprefm.csv"), "kind", "ranks", 87),
        (("jprof.csv", "jlevn.csv", "jpref.csv"), "purpose", "ratings", 306),
    ],
)
def test_chocolate_and_journey(datasets, files, first, method, people):
    frame, _ = published(datasets / "conjoint_tea", *files)
    result = Conjoint().fit(frame)
    assert (result.importance.attribute.iloc[0], result.method, result.respondents) == (first, method, people)
    pooled = frame.pivot_table(index=["respondent_id", "profile"], columns="attribute", values="level", aggfunc="first")
    x = pd.get_dummies(pooled).astype(float)
    y = frame.groupby(["respondent_id", "profile"]).value.first()
    fitted = np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), y, rcond=None)[0]
    for column, value in zip(x.columns, fitted[1:], strict=True):
        name, _, level = column.partition("_")
        mine = [c for c in x.columns if c.startswith(f"{name}_")]
        mean = np.mean([fitted[1 + list(x.columns).index(c)] for c in mine])
        told = result.table[(result.table.attribute == name) & (result.table.level == level)].part_worth.iloc[0]
        assert told == pytest.approx(value - mean, abs=1e-8)


def test_the_demo_company(company):
    result = Conjoint().fit(features.preferences(company))
    for row in result.table.itertuples():
        assert row.low - 0.05 <= OFFERS[row.attribute][row.level] <= row.high + 0.05, (row.attribute, row.level)
    paid = result.willingness_to_pay()
    oak = paid.table[(paid.table.attribute == "Material") & (paid.table.level == "Pine")].iloc[0]
    slope = np.polyfit([79, 99, 129], list(OFFERS["Price"].values()), 1)[0]
    truth = (OFFERS["Material"]["Pine"] - OFFERS["Material"]["Metal"]) / -slope
    assert oak.low <= truth <= oak.high
    assert len(draw(paid).layout.title.text) > 20


LEVELS = {"price": ("10", "20", "30"), "colour": ("blue", "red"), "speed": ("fast", "slow")}
WORTH = {"10": 0.8, "20": 0.0, "30": -0.8, "blue": 0.3, "red": -0.3, "fast": 0.5, "slow": -0.5}


def chosen(seed: int, people: int = 120, tasks: int = 8, worth=WORTH) -> pd.DataFrame:
    """A choice experiment: three random offers a task, one taken by a logit."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        for task in range(tasks):
            offers = [{a: levels[rng.integers(len(levels))] for a, levels in LEVELS.items()} for _ in range(3)]
            utility = [sum(worth[v] for v in offer.values()) + rng.gumbel() for offer in offers]
            best = int(np.argmax(utility))
            for number, offer in enumerate(offers):
                for attribute, level in offer.items():
                    rows.append(("", f"R{person:03d}", f"T{task}", f"P{number}", attribute, level, number == best, 1.0))
    return pd.DataFrame(rows, columns=list(Conjoint.columns)).astype({"value": float})


def test_choices_recover_what_was_planted_and_their_intervals_hold():
    held = []
    for seed in range(12):
        result = Conjoint().fit(chosen(seed, people=60))
        assert result.method == "choices"
        planted = result.table.level.map(WORTH)
        held += ((result.table.low <= planted) & (planted <= result.table.high)).tolist()
    assert 0.88 <= np.mean(held) <= 1
    paid = result.willingness_to_pay().table.set_index("attribute")
    assert paid.low["speed"] <= -1.0 / 0.08 <= paid.high["speed"]


def test_a_price_that_people_like_gives_no_willingness_to_pay():
    liked = WORTH | {"10": -0.5, "20": 0.0, "30": 0.5}
    refused = Conjoint().fit(chosen(3, worth=liked)).willingness_to_pay()
    assert isinstance(refused, NotEnough)
    assert "liked less" in refused.text


def test_offers_that_cannot_tell_levels_apart_are_refused():
    frame = chosen(1)
    same = frame[frame.attribute == "colour"].assign(attribute="shade")
    same["level"] = same.level.map({"blue": "dark", "red": "light"})
    refused = Conjoint().fit(pd.concat([frame, same], ignore_index=True))
    assert isinstance(refused, NotEnough)
    assert "colour" in refused.text


def test_ranks_that_begin_with_the_favourite_are_turned(tea):
    frame = tea[0]
    plain, turned = Conjoint().fit(frame), Conjoint(best="lowest").fit(frame.assign(value=10 - frame.value))
    np.testing.assert_allclose(turned.table.part_worth, plain.table.part_worth, atol=1e-9)
