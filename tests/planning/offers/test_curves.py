"""The best split is exact, and what is learnt of a curve covers the truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from crm_analytics.planning.offers.curves import best_split, by_part, learn_curves

PARTS = st.lists(
    st.tuples(st.floats(-50, 0) | st.floats(0.01, 500), st.floats(1, 300), st.floats(0, 80), st.floats(0, 400)),
    min_size=2, max_size=6,
)  # fmt: skip


def test_the_published_split():
    split = best_split(np.array([100.0, 50.0]), np.array([10.0, 20.0]), 100)
    assert split == pytest.approx([76.6667, 23.3333], abs=1e-4)


@settings(max_examples=150, deadline=None)
@given(parts=PARTS, where=st.floats(0, 1))
@example(parts=[(1.0, 1.0, 0.0, 1.9), (1.0, 1.0, 40.91768165869634, 14.0), (0.0, 1.0, 8.0, 0.0)], where=1.0)
def test_the_whole_budget_is_split_within_its_limits_and_margins_are_equal(parts, where):
    a, b, floors, room = (np.array(column) for column in zip(*parts, strict=True))
    caps = floors + room
    budget = floors.sum() + where * room.sum()
    split = best_split(a, b, budget, floors=floors, caps=caps)
    assert split.sum() == pytest.approx(budget, rel=1e-9, abs=1e-9)
    assert (split >= floors - 1e-9).all()
    assert (split <= caps + 1e-9).all()
    margin, slack = a / (b + split), 1e-6 * (1 + budget)
    gives, takes = (a > 0) & (split > floors + slack), (a > 0) & (split < caps - slack)
    if gives.any() and takes.any():
        assert margin[takes].max() <= margin[gives].min() * (1 + 1e-6)


def test_no_search_finds_a_better_split():
    rng = np.random.default_rng(5)
    for _ in range(10):
        a, b, caps = rng.uniform(10, 500, 4), rng.uniform(10, 300, 4), rng.uniform(50, 200, 4)
        budget = 0.7 * caps.sum()
        ours = best_split(a, b, budget, caps=caps)
        found = minimize(
            lambda x, a=a, b=b: -(a * np.log1p(x / b)).sum(), caps * 0.7, bounds=[(0, cap) for cap in caps],
            constraints={"type": "eq", "fun": lambda x, budget=budget: x.sum() - budget}, method="SLSQP",
        )  # fmt: skip
        assert (a * np.log1p(ours / b)).sum() >= -found.fun - 1e-6


def test_a_part_that_does_not_work_gets_money_only_when_the_others_are_full():
    a, b = np.array([10.0, -5.0]), np.array([1.0, 1.0])
    assert best_split(a, b, 50).tolist() == [50, 0]
    assert best_split(a, b, 50, caps=np.array([30.0, np.inf])) == pytest.approx([30, 20])


@pytest.mark.parametrize(("floors", "caps"), [([60, 60], [99, 99]), ([0, 0], [10, 10]), ([20, 0], [10, 99])])
def test_limits_that_leave_no_split_are_an_error(floors, caps):
    with pytest.raises(ValueError, match="loosen one"):
        best_split(np.ones(2), np.ones(2), 100, floors=np.array(floors, float), caps=np.array(caps, float))


def test_a_part_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match=r"no part radio; the parts are email, sms"):
        by_part({"radio": 3}, ("email", "sms"), 0)


def learnt(frame, **knobs):
    return learn_curves(frame, parts=frame.channel, **({"draws": 400, "seed": 1} | knobs))


def test_precise_campaigns_give_the_curves_back(make_campaigns, true_curves):
    frame = make_campaigns(per_channel=25, spread=0.0, sd=0.2)
    curves = learnt(frame)
    runs = curves.now / (frame[frame.starts > frame.starts.max() - pd.Timedelta(days=365)]
                         .groupby("channel").cost.mean().to_numpy())  # fmt: skip
    for spend in (0.5, 1, 2):
        x = curves.now * spend
        truth = runs * true_curves[0] * np.log1p(x / runs / true_curves[1])
        assert curves.returns(x) == pytest.approx(truth, rel=0.03)


def test_the_interval_of_a_years_return_covers_it(make_campaigns, true_curves):
    covered = []
    for seed in range(40):
        frame = make_campaigns(seed=seed)
        curves = learnt(frame)
        last = frame[frame.starts > frame.starts.max() - pd.Timedelta(days=365)]
        runs = last.groupby("channel").size().to_numpy()
        truth = (runs * true_curves[0] * np.log1p(curves.now / runs / true_curves[1])).sum()
        low, high = np.quantile(curves.drawn_returns(curves.now).sum(axis=1), [0.025, 0.975])
        covered.append(low <= truth <= high)
    assert np.mean(covered) >= 0.9


def test_a_part_with_one_noisy_campaign_borrows_from_the_others(make_campaigns):
    frame = make_campaigns(spread=0.0, sd=1.0)
    alone = frame.head(1).assign(channel="radio", campaign_id="radio", mean_treated=frame.mean_control[0] + 60.0,
                                 var_treated=90_000.0, var_control=90_000.0)  # fmt: skip
    curves = learnt(pd.concat([frame, alone], ignore_index=True))
    radio = curves.parts.index("radio")
    raw = 60.0 * alone.n_treated[0] / alone.cost[0]
    learnt_ratio = curves.returns(curves.most)[radio] / curves.most[radio]
    others = np.delete(curves.returns(curves.most) / curves.most, radio)
    assert learnt_ratio < 0.6 * raw
    assert learnt_ratio < others.max() * 1.2


def test_the_same_seed_gives_the_same_draws_in_any_order_of_work(four_channels):
    first, again = learnt(four_channels), learnt(four_channels)
    assert (first.a_draws == again.a_draws).all()
    assert not (first.a_draws == learnt(four_channels, seed=2).a_draws).all()
