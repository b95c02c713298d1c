"""What a complaint costs, where it is known; and where those who complain are other people anyway."""

import numpy as np
import pytest

from crm_analytics import ComplaintCost, Complaints, NotEnough, features
from crm_analytics.simulation.complaints import after_complaint

SEEDS = range(40)


@pytest.mark.parametrize(("loss", "confounded"), [(30.0, 0.0), (0.0, 0.0), (30.0, 1.0), (0.0, 1.0)])
def test_the_interval_covers_the_loss(loss, confounded):
    found = [ComplaintCost().fit(after_complaint(seed, loss=loss, confounded=confounded)) for seed in SEEDS]
    assert np.mean([one.low <= loss <= one.high for one in found]) >= 0.86
    if loss == 0:
        assert np.mean([one.low > 0 for one in found]) <= 0.12


def test_the_plain_comparison_is_far_off_where_those_who_complain_buy_more():
    frame = after_complaint(1, loss=30.0, confounded=1.0)
    sums = frame.groupby("complained")[["customers", "after"]].sum()
    means = sums["after"] / sums["customers"]
    result = ComplaintCost().fit(frame)
    assert abs(means[False] - means[True] - 30) > 2 * abs(result.loss - 30)
    assert result.checks[0].verdict == "weak"


def test_parts_sum_to_the_whole():
    result = ComplaintCost().fit(after_complaint(3))
    share = result.table["customers"] / result.table["customers"].sum()
    assert float(share @ result.table["loss"]) == pytest.approx(result.loss)


def test_too_few_are_refused():
    assert isinstance(ComplaintCost().fit(after_complaint(1, customers=200)), NotEnough)


def test_the_list_of_what_to_improve_takes_it_in(company):
    service = Complaints().fit(features.complaints(company))
    cost = ComplaintCost().fit(features.after_complaints(company))
    both = service.but(cost=cost)
    assert (both.table["rate"].sort_values().to_numpy() == service.table["rate"].sort_values().to_numpy()).all()
    assert both.table["stake_high"].iloc[0] - both.table["stake_low"].iloc[0] > 0
    assert both.checks[-1].verdict == "holds"
