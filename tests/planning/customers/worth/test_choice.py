"""The kind of business is told from the purchases, and the model that foretells hidden days is the one that speaks."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import CustomerValue, NotEnough, draw
from crm_analytics.planning.customers.worth.kinds import kind_of

MONTH, YEAR = 30.4375, 365.25


def table(days: list[np.ndarray], until: int, hidden: int) -> pd.DataFrame:
    """A table of `features.habits` from the days on which each customer bought, the first of them included."""
    rows = []
    for number, bought in enumerate(days):
        first, before = bought[0], bought[bought < until - hidden]
        known = len(before) > 0
        rows.append(
            {
                "customer_id": f"{number:05d}",
                "x": len(bought) - 1,
                "t_x": bought[-1] - first,
                "T": until - first,
                "hidden_days": hidden,
                "x_before": len(before) - 1 if known else np.nan,
                "t_x_before": before[-1] - first if known else np.nan,
            }
        )
    frame = pd.DataFrame(rows)
    random = np.random.default_rng(3)
    worth = 10 * random.gamma(6, 1 / 6, len(frame))
    repeat = frame["x"] > 0
    return frame.assign(
        revenue=worth * (frame["x"] + 1), margin=np.nan,
        mean_repeat_revenue=np.where(repeat, worth, np.nan), mean_repeat_margin=np.nan,
    )  # fmt: skip


def occasions(buys, leaves, *, period: float, customers: int = 1500, periods: int = 14, seed: int = 1) -> pd.DataFrame:
    """Customers who join in the first half and at each occasion leave, buy or skip it."""
    random = np.random.default_rng(seed)
    until, days = round(period * periods), []
    for chance, leave in zip(buys(random, customers), leaves(random, customers), strict=True):
        first = int(random.integers(0, until // 2))
        due = np.arange(1, periods + 1)
        there = due < random.geometric(leave)
        taken = due[there & (random.random(periods) < chance)]
        bought = np.r_[first, first + np.round(taken * period).astype(int)]
        days.append(bought[bought < until])
    return table(days, until, hidden=round(4 * period))


@pytest.fixture(scope="module")
def contracts():
    return occasions(lambda r, n: np.ones(n), lambda r, n: r.beta(1.2, 12, n), period=MONTH)


@pytest.fixture(scope="module")
def donors():
    return occasions(lambda r, n: r.beta(3, 2, n), lambda r, n: r.beta(1.0, 9, n), period=YEAR, customers=3000)


def shop(leave_at_once: bool, seed: int = 2, customers: int = 3000) -> pd.DataFrame:
    """Customers of a shop who may leave after each purchase, the first one included or not."""
    random, days = np.random.default_rng(seed), []
    for _ in range(customers):
        now = int(random.integers(0, 700))
        rate, leave = random.gamma(1.2) / 40, random.beta(1.2, 1.8)
        bought = [now]
        while now < 1000 and not ((len(bought) > 1 or leave_at_once) and random.random() < leave):
            now = now + random.exponential(1 / rate)
            bought.append(int(now))
        bought = np.unique(bought)
        days.append(bought[bought < 1000])
    return table(days, 1000, hidden=250)


def test_contracts_are_told_and_speak_through_sbg(contracts):
    value = CustomerValue(horizon_days=365).fit(contracts)
    assert value.forecast.kind.name == "contractual"
    assert value.forecast.kind.period_days == MONTH
    assert value.choice.chosen.called == "sBG"
    assert value.forecast.orders.parameters == pytest.approx([1.2, 12], rel=0.35)
    assert set(value.table["p_alive"]) == {0.0, 1.0}
    ended = value.table[value.table["p_alive"] == 0]
    assert (ended[["value", "low", "high"]] == 0).all().all()
    assert abs(value.choice.table["miss"].iloc[0]) < 0.05
    assert "a contract that is renewed until it ends" in value.forecast.kind.why


def test_donors_are_told_and_speak_through_bg_bb(donors):
    value = CustomerValue(horizon_days=730).fit(donors)
    assert (value.forecast.kind.name, value.forecast.kind.period_days) == ("discrete", YEAR)
    assert value.choice.chosen.called == "BG/BB"
    assert value.forecast.orders.parameters == pytest.approx([3, 2, 1, 9], rel=0.35)
    assert abs(value.choice.table["miss"].iloc[0]) < 0.06
    assert value.choice.table["slope"].iloc[0] == pytest.approx(1, abs=0.1)
    assert value.table["expected_orders"].max() <= 2


@pytest.mark.parametrize(("at_once", "called"), [(True, "MBG/NBD"), (False, "BG/NBD")])
def test_the_model_by_which_customers_live_is_chosen_on_hidden_days(at_once, called):
    choice = CustomerValue().fit(shop(at_once)).choice
    assert choice.hidden_days == 250
    assert choice.chosen.called == called
    assert choice.table["model"].iloc[0] == called
    assert len(choice.table) == 3
    assert choice.text.startswith(f"{called} is chosen: of ")
    assert choice.tenths.groupby("model")["happened"].sum().nunique() == 1
    assert "hidden days" in draw(choice).layout.title.text


def test_days_hidden_or_not_do_not_change_what_is_told_of_the_kind(contracts):
    without = contracts.drop(columns=["hidden_days", "x_before", "t_x_before"])
    value = CustomerValue().fit(without)
    assert value.forecast.kind.name == "contractual"
    assert value.choice.hidden_days == 0
    assert "no days were hidden" in value.choice.text
    assert len(draw(value.choice).layout.title.text) > 20


def test_a_named_kind_is_obeyed(base, contracts):
    named = CustomerValue(kind_of_business="continuous").fit(base.people)
    assert named.mean == pytest.approx(CustomerValue().fit(base.people).mean)
    skipping = CustomerValue(kind_of_business="discrete", period_days=MONTH).fit(contracts)
    assert skipping.forecast.kind.name == "discrete"


def test_occasions_cannot_be_counted_without_a_period(base):
    refused = CustomerValue(kind_of_business="discrete").fit(base.people)
    assert isinstance(refused, NotEnough)
    assert "Give period_days" in refused.text


@pytest.mark.parametrize("knobs", [{"kind_of_business": "shop"}, {"period_days": 0}])
def test_knobs_that_make_no_sense_are_refused(knobs):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        CustomerValue(**knobs)


def test_a_weekly_shopper_is_no_subscriber(base):
    """Most come on the weekday on which they first came; some do not, so there is no period to be asked at."""
    assert kind_of(base.people, None, None).name == "continuous"
    saturdays = (base.people["t_x"] / 7).round() * 7
    people = base.people.assign(t_x=saturdays.where(base.people.index % 4 > 0, base.people["t_x"]))
    assert kind_of(people, None, None).name == "continuous"


def test_late_payers_have_not_left():
    kind = kind_of(pd.DataFrame({"x": [1], "t_x": [30], "T": [60]}), "contractual", 30.0)
    x, t_x, T = kind.of([5, 5, 4], [150, 150, 120], [181, 184, 184])
    assert list(T) == [5, 6, 6]
    assert list(t_x) == list(x) == [5, 5, 4]
