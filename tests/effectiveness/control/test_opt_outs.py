"""Whom campaigns annoyed: permissions lost beyond those withdrawn anyway, beside what was won; refusals; segments."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import NotEnough, OptOuts, draw, features
from crm_analytics.effectiveness.control.risks import newcombe, shared, together
from crm_analytics.simulation.opt_outs import opted_out


def counts(*rows):
    return pd.DataFrame(rows, columns=["happened", "treated", "alone", "control"], dtype=float)


def test_the_difference_of_two_shares_is_the_published_one():
    """Newcombe (1998), table II, method 10: 56/70 against 48/80."""
    one = newcombe(counts((56, 70, 48, 80)), 0.95).iloc[0]
    assert one.tolist() == pytest.approx([0.2, 0.0524, 0.3339], abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=5))
def test_over_all_campaigns_the_interval_holds_the_difference_and_mirrors_when_the_arms_change_places(rows):
    one = counts(*((x, 40, y, 40) for x, y in rows))
    more, low, high = together(one, 0.95)
    assert low <= more + 1e-12
    assert more <= high + 1e-12
    assert low >= -1
    assert high <= 1
    turned = one.set_axis(["alone", "control", "happened", "treated"], axis=1)
    assert together(turned, 0.95) == pytest.approx((-more, -high, -low), abs=1e-9)


def test_campaigns_that_share_their_control_are_less_sure():
    rows = opted_out(1, campaigns=1)
    twice = pd.concat([rows, rows.assign(campaign_id="again")])
    assert shared(rows, "opted_out", "campaign_id") == pytest.approx(1)
    assert shared(twice, "opted_out", "campaign_id") == pytest.approx(2)
    one, two = OptOuts().fit(rows), OptOuts().fit(twice)
    assert two.high - two.low == pytest.approx(one.high - one.low, rel=0.01), "the same customers twice teach nothing"


def test_what_campaigns_cost_and_won_is_covered_and_nothing_is_found_where_nothing_is():
    found = [OptOuts().fit(opted_out(seed)) for seed in range(6)]
    assert sum(one.low <= 0.01 <= one.high for one in found) >= 5
    assert sum(one.low > 0 for one in found) >= 5
    assert sum(one.money.low <= 2 * one.table["treated"].sum() <= one.money.high for one in found) >= 5
    quiet = [OptOuts().fit(opted_out(seed, caused=0.0)) for seed in range(6)]
    assert sum(one.beyond_noise for one in quiet) <= 1
    assert all(one.text.startswith("Within noise") for one in quiet if not one.beyond_noise)


def test_the_sentence_sets_what_was_won_beside_what_was_lost():
    result = OptOuts().fit(opted_out(9))
    assert "pp more of the addressed" in result.text
    assert "for each permission lost" in result.text
    assert "if the customer goes altogether" in result.text
    table = result.table
    assert (table["caused"] == table["treated"] * table["more"]).all()
    annoying = table[table["annoys"]]
    assert annoying["worth_at_most"].to_numpy() == pytest.approx(
        (annoying["won"].clip(lower=0) / annoying["caused"]).to_numpy()
    )
    assert table.loc[~table["annoys"], "worth_at_most"].isna().all()
    plain = OptOuts().fit(opted_out(9).drop(columns="outcome_revenue"))
    assert "won" not in plain.text
    assert plain.more == result.more
    for one in (result, plain, result.by("region")):
        assert draw(one).layout.title.text


def test_complaints_are_asked_alike_and_are_within_noise_here():
    rows = opted_out(4)
    result = OptOuts(event="complaints").fit(rows)
    assert "complain" in result.text
    assert not result.beyond_noise
    assert result.claims[0].decision == ""


def test_a_region_that_is_annoyed_more_is_named_and_one_that_is_not_is_not():
    worse = OptOuts().fit(opted_out(5, caused=0.005, worse_in=0.03)).by("region")
    assert worse.table["segment"].iloc[0] == "north"
    assert worse.differ_p < 0.01
    assert "differ no more than chance" not in worse.text
    alike = [OptOuts().fit(opted_out(seed)).by("region").differ_p for seed in range(4)]
    assert sum(p < 0.05 for p in alike) <= 1


def test_it_refuses_where_there_is_too_little_and_says_what_would_do():
    rows = opted_out(6, campaigns=1, customers=300, usual=0.0, caused=0.0)
    assert "it takes 10" in OptOuts().fit(rows).text
    nothing = OptOuts().fit(opted_out(6).assign(opted_out=np.nan))
    assert isinstance(nothing, NotEnough)
    assert "on record" in nothing.text
    assert "in each arm" in OptOuts().fit(opted_out(6).assign(arm="treated")).text
    with pytest.raises(ValueError, match="one row a customer"):
        OptOuts().fit(pd.concat([opted_out(6)] * 2))
    with pytest.raises(ValueError, match="opt_outs or complaints"):
        OptOuts(event="anger")
    with pytest.raises(ValueError, match="no column"):
        OptOuts().fit(opted_out(6)).by("mood")


def test_all_its_intervals_have_the_confidence_that_is_asked_for():
    wide, narrow = (OptOuts(confidence=asked).fit(opted_out(6)) for asked in (0.95, 0.8))
    assert narrow.money.high - narrow.money.low < 0.7 * (wide.money.high - wide.money.low)
    assert (narrow.table["won_high"] < wide.table["won_high"]).all()


def test_it_does_not_matter_in_which_order_rows_come():
    rows = opted_out(7)
    again = OptOuts().fit(rows.sample(frac=1, random_state=1))
    assert again.text == OptOuts().fit(rows).text


def test_a_control_that_cannot_be_heard_is_told():
    rows = opted_out(8)
    rows.loc[rows["arm"] == "control", "opted_out"] = 0
    (check,) = [one for one in OptOuts().fit(rows).checks if "heard" in one.name]
    assert check.verdict == "weak"


def test_of_the_company_the_planted_are_found(company, truth):
    rows = features.campaign_opt_outs(company).to_pandas()
    result = OptOuts().fit(rows)
    planted = truth.campaigns.set_index("name")["opt_outs_28"]
    table = result.table.set_index("campaign")
    assert result.caused_low <= planted[table.index].sum() <= result.caused_high
    within = (table["low"] * table["treated"] <= planted[table.index]) & (
        planted[table.index] <= table["high"] * table["treated"]
    )
    assert within.all(), "the intervals hold for all campaigns together"
    assert not OptOuts(event="complaints").fit(rows).beyond_noise, "no campaign makes anybody complain here"


def test_the_feature_counts_what_is_on_record_for_both_arms(company):
    rows = features.campaign_opt_outs(company).to_pandas()
    tests = features.campaign_tests(company).to_pandas()
    assert len(rows) == len(tests)
    one = rows[(rows["campaign_id"] == "C09")]
    said, consents = company.responses.to_pandas(), company.consents.to_pandas()
    wishes = company.do_not_contact.to_pandas()
    starts = pd.Timestamp(one["starts"].iloc[0])
    until = starts + pd.Timedelta(weeks=4)

    def within(days):
        return (pd.to_datetime(days) >= starts) & (pd.to_datetime(days) < until)

    who = set(said[within(said["at"]) & (said["kind"] == "unsubscribe")]["customer_id"])
    who |= set(consents[within(consents["withdrawn_at"])]["customer_id"])
    who |= set(wishes[within(wishes["since"])]["customer_id"])
    assert set(one[one["opted_out"] == 1]["customer_id"]) == who & set(one["customer_id"])
    assert one.loc[one["arm"] == "control", "opted_out"].sum() > 0
