"""Attribution: published numbers, sums that are exact, and how far every model is from the cause where it is known."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import Attribution, NotEnough, draw, features
from crm_analytics.effectiveness.paths.markov import Chain, Orders
from crm_analytics.effectiveness.paths.rules import RULES, parts
from crm_analytics.effectiveness.paths.ways import Ways
from crm_analytics.simulation.paths import ADVERTISING, ways


def table(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["path", "conversions", "value", "lost"])


@pytest.fixture(scope="module")
def published(datasets):
    data = pd.read_csv(datasets / "channel_attribution" / "Data.csv")
    data.columns = ["path", "conversions", "value", "lost"]
    return data


@pytest.fixture(scope="module")
def simulated():
    return [ways(seed) for seed in range(2)]


def credits(result, model: str) -> dict[str, float]:
    rows = result.credits[result.credits["model"] == model]
    return dict(zip(rows["channel"], rows["conversions"], strict=True))


def test_the_published_numbers(published):
    result = Attribution(order=1).fit(published)
    last, first, chain = (credits(result, model) for model in ("last", "first", "markov"))
    assert (last["alpha"], last["eta"], last["iota"]) == pytest.approx((8447, 4167, 3355))
    assert (first["alpha"], first["iota"]) == pytest.approx((6308, 4606))
    told = {name: chain[name] for name in ("alpha", "iota", "eta", "beta", "theta")}
    assert told == pytest.approx(
        {"alpha": 5344.95, "iota": 3884.62, "eta": 3340.85, "beta": 2527.35, "theta": 1971.91}, abs=0.01
    )


def test_more_memory_foretells_the_published_ways_better_and_is_chosen(published):
    orders = Orders.tried(Ways.of(published), most=3, seed=1)
    assert orders.bits[2] < orders.bits[1] - 0.1
    assert orders.chosen == 2
    assert Attribution().fit(published).order == 2


def removed(chain_of: pd.DataFrame, channel: str) -> float:
    """The chance to convert when every way that comes to the channel is lost, by walking the chain."""
    steps: dict = {}
    for row in chain_of.itertuples():
        touches = ["start", *row.path.split(" > ")]
        for here, there in zip(touches, [*touches[1:], None], strict=True):
            for end, count in (("won", row.conversions), ("lost", row.lost)):
                key = (here, there or end)
                steps[key] = steps.get(key, 0) + count
    states = sorted({here for here, _ in steps})
    left = {here: sum(n for (h, _), n in steps.items() if h == here) for here in states}
    chance = dict.fromkeys(states, 0.0)
    for _ in range(400):
        chance = {
            here: 0.0 if here == channel else sum(
                n / left[here] * (1.0 if there == "won" else chance.get(there, 0.0))
                for (h, there), n in steps.items() if h == here
            )
            for here in states
        }  # fmt: skip
    return chance["start"]


def test_the_chain_is_solved_as_if_it_were_walked():
    frame = table(("a > b > a", 3, 3.0, 4), ("b > c", 2, 2.0, 6), ("a", 1, 1.0, 9), ("c > c > b", 5, 5.0, 1))
    whole = removed(frame, "nobody")
    lost = np.array([1 - removed(frame, channel) / whole for channel in "abc"])
    solved = Ways.of(frame)
    share, _ = Chain.of(solved, 1).removal(solved.conversions, solved.value, solved.lost)
    assert share == pytest.approx(lost / lost.sum(), abs=1e-9)


def test_with_all_memory_a_channel_is_worth_the_ways_that_have_it():
    """A chain that remembers whole ways loses, with a channel, exactly the conversions of the ways it is in."""
    frame = table(("a > b", 3, 3.0, 4), ("b > c", 2, 2.0, 6), ("a", 1, 1.0, 9), ("c", 5, 5.0, 1))
    solved = Ways.of(frame)
    share, _ = Chain.of(solved, 3).removal(solved.conversions, solved.value, solved.lost)
    has = np.array([4.0, 5.0, 7.0])
    assert share == pytest.approx(has / has.sum())


def test_the_shapley_value_is_that_of_the_game_of_subset_sums():
    frame = table(("a > b > a", 3, 3.0, 0), ("b > c", 2, 2.0, 0), ("a", 1, 1.0, 0), ("c > c > b > a > d", 5, 5.0, 0))
    one = Ways.of(frame)
    sets = [frozenset(path.split(" > ")) for path in sorted(frame["path"])]
    worth = dict(zip(sets, one.conversions, strict=True))

    def earns(coalition: frozenset) -> float:
        return sum(value for channels, value in worth.items() if channels <= coalition)

    n, told = len(one.names), []
    for channel in one.names:
        others = [name for name in one.names if name != channel]
        told.append(sum(
            factorial(k) * factorial(n - 1 - k) / factorial(n)
            * (earns(frozenset({*some, channel})) - earns(frozenset(some)))
            for k in range(n) for some in combinations(others, k)
        ))  # fmt: skip
    assert one.conversions @ parts(one, "shapley")[0] == pytest.approx(told)


@settings(deadline=None, max_examples=12)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["search", "direct", "e-mail", "Поиск", "<b>x</b>"]), min_size=1, max_size=6),
            st.integers(0, 40),
            st.floats(0, 1e5),
            st.integers(0, 40),
        ),
        min_size=2,
        max_size=25,
    )
)
def test_all_credits_sum_to_what_was_sold(rows):
    frame = table(*((" > ".join(path), n, value if n else 0.0, lost) for path, n, value, lost in rows))
    result = Attribution().fit(frame)
    if isinstance(result, NotEnough):
        assert frame["conversions"].sum() < 30 or result.text.count("one channel")
        return
    sums = result.credits.groupby("model")[["conversions", "value"]].sum()
    assert set(sums.index) == {*RULES, "markov"}
    assert sums["conversions"].to_numpy() == pytest.approx(frame["conversions"].sum())
    assert sums["value"].to_numpy() == pytest.approx(frame["value"].sum(), abs=1e-6)
    assert (result.credits["share"] >= 0).all()
    assert (result.credits["low"] <= result.credits["share"]).all()
    assert (result.credits["high"] >= result.credits["share"]).all()


def test_rules_on_ways_anybody_can_check():
    frame = table(("a > b > direct", 100, 200.0, 0), ("direct", 100, 300.0, 0))
    told = Attribution().fit(frame)
    assert credits(told, "last not direct") == pytest.approx({"a": 0, "b": 100, "direct": 100})
    assert credits(told, "position") == pytest.approx({"a": 40, "b": 20, "direct": 140})
    assert credits(told, "linear") == pytest.approx({"a": 100 / 3, "b": 100 / 3, "direct": 100 + 100 / 3})
    value = told.credits.query("model == 'first'").set_index("channel")["value"]
    assert value.to_dict() == pytest.approx({"a": 200, "b": 0, "direct": 300})


def test_time_decay_gives_half_after_its_half_life():
    frame = table(("a > b", 90, 180.0, 10)).assign(decayed=[[30.0, 60.0]], decayed_value=[[60.0, 120.0]])
    more = pd.concat([frame, table(("b", 10, 10.0, 5)).assign(decayed=[[10.0]], decayed_value=[[10.0]])])
    assert credits(Attribution(model="time decay").fit(more), "time decay") == pytest.approx({"a": 30, "b": 70})
    with pytest.raises(ValueError, match="times of touches"):
        Attribution(model="time decay").fit(table(("a > b", 90, 180.0, 10)))


def test_shares_are_covered_by_their_intervals():
    """Ways are drawn anew from one population of ways; its shares are what an interval should cover."""
    frame, _ = ways(3, visitors=40_000)
    whole = Attribution(order=1).fit(frame).credits.set_index(["model", "channel"])["share"]
    random, covered = np.random.default_rng(5), []
    chances = frame[["conversions", "lost"]].to_numpy(float).ravel()
    worth = (frame["value"] / frame["conversions"].clip(lower=1)).to_numpy()
    for _ in range(16):
        drawn = random.multinomial(6_000, chances / chances.sum()).reshape(-1, 2)
        again = frame[["path"]].assign(conversions=drawn[:, 0], lost=drawn[:, 1], value=drawn[:, 0] * worth)
        told = Attribution(order=1).fit(again).credits
        true = whole.loc[[*zip(told["model"], told["channel"], strict=True)]].to_numpy()
        large = told["model"].isin(["markov", "last", "shapley"]) & (true > 0.02)
        covered.append(((told["low"] <= true) & (true <= told["high"]))[large].mean())
    assert 0.9 <= np.mean(covered) <= 0.99


def test_no_model_knows_what_would_have_come_anyway(simulated):
    """Three quarters of these orders would have come anyway; every model gives them to channels all the same."""
    claimed = {}
    for frame, truth in simulated:
        told = Attribution(order=1).fit(frame).credits
        told = told[told["channel"].isin(ADVERTISING)].groupby("model")["conversions"].sum()
        for model, value in told.items():
            claimed.setdefault(model, []).append(value / truth.caused)
    assert min(np.mean(value) for value in claimed.values()) > 1.7, "they credit advertising with far too much"
    last = [credits(Attribution(order=1).fit(frame), "last")["social"] for frame, _ in simulated]
    assert max(last) < 3, "the last touch gives nothing to what only assists"


def test_the_demo_s_credits_are_of_the_orders_the_shop_booked(company, truth):
    told = features.paths(company).to_pandas()
    planted = truth.visits.set_index("source_name")
    assert told["conversions"].sum() == planted["closed_orders"].sum()
    last = credits(Attribution().fit(told), "last")
    for name, orders in planted["closed_orders"].drop("(none)").items():
        assert last.get(name, 0) == pytest.approx(orders, abs=1e-6)


def test_too_little_is_refused_and_nonsense_is_an_error():
    assert "30" in Attribution().fit(table(("a > b", 12, 1.0, 5))).text
    assert isinstance(Attribution().fit(table(("a > a", 120, 1.0, 5))), NotEnough)
    with pytest.raises(ValueError, match="not negative"):
        Attribution().fit(table(("a > b", -1, 1.0, 5), ("b", 100, 2.0, 3)))
    for knobs in ({"model": "best"}, {"order": 9}, {"confidence": 95}):
        with pytest.raises(ValueError, match=r"model|order|confidence"):
            Attribution(**knobs)


def test_it_draws_every_model_and_says_how_far_they_are_apart(simulated):
    result = Attribution().fit(simulated[0][0])
    assert "depending on the model" in draw(result).layout.title.text
    assert next(c for c in result.checks if c.name == "Models").verdict != "holds"
    assert set(result.by_model()) == {"channel", *RULES, "time decay", "markov"}
