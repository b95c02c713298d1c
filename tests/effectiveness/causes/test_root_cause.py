"""Which part carries a change: the published example, planted parts, and what happens where there is none."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import NotEnough, RootCause, draw, features
from crm_analytics.effectiveness.causes.adtributor import Elements, rank
from crm_analytics.simulation.cuts import carried


def elements(names, before, now, **under) -> Elements:
    return Elements(names=np.array(names), before=np.array(before, float), now=np.array(now, float), **under)


PUBLISHED = {
    "Data center": elements(["X", "Y"], [94, 6], [47, 3]),
    "Advertiser": elements(["A1", "A2", "A3", "A4"], [50, 20, 20, 10], [24, 21, 4, 1]),
    "Device": elements(["PC", "Mobile", "Tablet"], [50, 25, 25], [49, 1, 0]),
}


def test_the_published_example_is_explained_by_the_device():
    ranked = rank(PUBLISHED)
    assert ranked["dimension"].tolist() == ["Device", "Advertiser", "Data center"]
    assert ranked["elements"].iloc[0] == "Tablet, Mobile"
    assert ranked["power"].iloc[0] == pytest.approx(49 / 50)
    assert ranked["surprise"].iloc[-1] == pytest.approx(0, abs=1e-12)


def test_half_of_everything_surprises_nobody():
    assert PUBLISHED["Data center"].surprise == pytest.approx([0, 0], abs=1e-12)
    assert PUBLISHED["Device"].power == pytest.approx([1 / 50, 24 / 50, 25 / 50])


def test_a_ratio_is_explained_by_the_part_whose_own_ratio_moved():
    under = {"under_before": np.array([1000.0, 1000.0]), "under_now": np.array([1000.0, 1000.0])}
    moved = elements(["web", "store"], [50, 50], [20, 50], **under)
    assert moved.power == pytest.approx([1.0, 0.0])
    assert moved.surprise.argmax() == 0


@given(st.lists(st.tuples(st.floats(0.1, 1e6), st.floats(0.1, 1e6)), min_size=2, max_size=8))
def test_powers_sum_to_one_and_surprise_is_a_divergence(pairs):
    before, now = np.array(pairs).T
    part = elements([str(i) for i in range(len(pairs))], before, now)
    if abs(now.sum() - before.sum()) > 1e-6 * before.sum():
        assert part.power.sum() == pytest.approx(1)
    assert -1e-9 <= part.surprise.sum() <= np.log(2) + 1e-9


@pytest.fixture(scope="module")
def nothing():
    return [RootCause().fit(carried(seed)[0]) for seed in range(12)]


def test_where_nothing_moved_by_itself_it_seldom_says_so(nothing):
    assert np.mean([bool(result.cuts) for result in nothing]) <= 0.17
    quiet = next(result for result in nothing if not result.cuts)
    assert quiet.text.startswith("Nothing unusual")
    assert "Nothing unusual" in draw(quiet).layout.title.text
    assert not quiet.claims


@pytest.mark.parametrize(("part", "factor"), [
    ({"region": "Riga", "category": "Garden"}, 1.8), ({"category": "Tools"}, 1.5), ({"region": "Riga"}, 0.7),
])  # fmt: skip
def test_the_part_that_was_planted_is_named_and_not_its_children(part, factor):
    named = [RootCause().fit(carried(seed, part=part, factor=factor)[0]) for seed in range(5)]
    exact = [bool(one.cuts) and set(one.cuts[0].part) == set(part.items()) for one in named]
    assert np.mean(exact) >= 0.6
    first = named[exact.index(True)]
    assert np.sign(first.table["beyond"].iloc[0]) == np.sign(factor - 1)
    assert first.claims[0].scope == first.cuts[0].part
    assert first.claims[0].low <= first.claims[0].value <= first.claims[0].high


def test_its_parts_sum_to_the_whole_change():
    frame, truth = carried(3, part={"region": "Riga", "category": "Garden"})
    inside = frame["day"].between(*map(pd.Timestamp, truth.after))
    before = frame["day"].between(*map(pd.Timestamp, truth.before))
    for measure in ("revenue", "orders"):
        result = RootCause(measure=measure).fit(frame)
        whole = frame.loc[inside, measure].sum() - frame.loc[before, measure].sum()
        assert result.table["change"].sum() == pytest.approx(whole)
        assert result.table["share"].sum() == pytest.approx(1)
    rate = RootCause(measure="mean order").fit(frame)
    mean = [frame.loc[rows, "revenue"].sum() / frame.loc[rows, "orders"].sum() for rows in (inside, before)]
    assert rate.table["change"].sum() == pytest.approx(mean[0] - mean[1])


def test_a_ratio_that_moved_in_one_part_is_found_there():
    frame, truth = carried(5)
    hit = frame["day"].ge(pd.Timestamp(truth.after[0])) & frame["channel"].eq("web")
    frame["revenue"] *= np.where(hit, 1.4, 1.0)
    result = RootCause(measure="mean order").fit(frame)
    assert result.cuts[0].part == (("channel", "web"),)
    assert result.cuts[0].factor == pytest.approx(1.4, abs=0.1)


def test_a_product_that_is_new_is_named_once():
    frame, truth = carried(6)
    extra = pd.DataFrame({
        "day": pd.date_range(truth.after[0], truth.after[1]), "region": "Riga", "channel": "web",
        "customer_kind": "person", "category": "<b>New</b>", "revenue": 4000.0, "units": 1.0, "orders": 1.0,
    })  # fmt: skip
    result = RootCause().fit(pd.concat([frame, extra], ignore_index=True))
    assert [cut.part for cut in result.cuts] == [(("category", "<b>New</b>"),)]
    assert "<b>New" not in draw(result).to_json()
    assert "<b>New" not in result._repr_mimebundle_()["text/html"]


def test_order_of_rows_does_not_matter():
    frame, _ = carried(7, part={"region": "Riga"})
    result = RootCause().fit(frame)
    again = RootCause().fit(frame.sample(frac=1, random_state=2))
    assert again.text == result.text
    pd.testing.assert_frame_equal(again.table, result.table)


def test_what_cannot_be_answered_is_refused():
    frame, truth = carried(8)
    late = frame[frame["day"] >= pd.Timestamp(truth.before[0])]
    assert isinstance(RootCause().fit(late), NotEnough)
    assert isinstance(RootCause(starts="2031-01-01").fit(frame), NotEnough)
    assert isinstance(RootCause().fit(frame[["day", "revenue"]]), NotEnough)
    with pytest.raises(ValueError, match="no measure"):
        RootCause(measure="profit").fit(frame)
    for knobs in ({"depth": 0}, {"ends": "2024-01-01"}, {"false_alarms": 0.0}, {"starts": "2024-02-01",
                  "before_starts": "2024-01-01", "before_ends": "2024-02-01"}):  # fmt: skip
        with pytest.raises(ValueError, match=r"depth|starts|share|before"):
            RootCause(**knobs)


def test_the_company_s_cube_holds_all_its_sales(company):
    cube = features.daily_cuts(company, values=5).to_pandas()
    days = features.daily_sales(company, campaign=None).to_pandas()
    days = days[days["day"].isin(cube["day"])]
    assert cube["revenue"].sum() == pytest.approx(days["revenue"].sum())
    assert cube["orders"].sum() == pytest.approx(days["orders"].sum(), rel=1e-6)
    assert cube["product"].nunique() == 6
    assert "others" in set(cube["product"])
    with pytest.raises(ValueError, match="two values"):
        features.daily_cuts(company, values=1)


def test_complaints_are_cut_as_well(company):
    cube = features.daily_enquiry_cuts(company).to_pandas()
    result = RootCause(measure="complaint share").fit(cube)
    assert result.table["change"].notna().all()
    assert {"agent", "outcome"} <= set(cube)


def test_a_part_that_is_nearly_all_of_a_day_is_named_and_not_what_shrank_beside_it():
    frame, truth = carried(6)
    day = truth.after[0]
    order = pd.DataFrame([{"day": pd.Timestamp(day), "region": "Riga", "channel": "web", "customer_kind": "person",
                           "category": "Bolts", "revenue": 1e8, "units": 1.0, "orders": 1.0}])  # fmt: skip
    result = RootCause(starts=day, ends=day, before_starts=truth.before[0], before_ends=truth.before[1]).fit(
        pd.concat([frame, order], ignore_index=True)
    )
    assert result.cuts[0].part == (("category", "Bolts"),)
    assert result.table["beyond"].iloc[0] > result.table["ordinary_high"].iloc[0]


def test_a_part_that_rests_on_sundays_does_not_stand_out_on_a_sunday():
    random, rows = np.random.default_rng(5), []
    for day in pd.date_range("2024-01-01", periods=250):
        for store in "ABCD":
            if store != "D" or day.weekday() < 6:
                rows.append((day, store, 100 * np.exp(0.05 * random.standard_normal())))
    frame = pd.DataFrame(rows, columns=["day", "store", "revenue"])
    knobs = {"starts": "2024-08-25", "ends": "2024-08-25"}
    result = RootCause(**knobs, before_starts="2024-07-28", before_ends="2024-08-24").fit(frame)
    assert not result.cuts
