"""Plan and fact: sums that reconcile, and the warning that linked is not caused."""

import pandas as pd
import pytest

from crm_analytics import NotEnough, PlanFact, draw, features


@pytest.fixture(scope="module")
def money(company) -> pd.DataFrame:
    return features.campaign_money(company).to_pandas()


@pytest.fixture(scope="module")
def result(money):
    return PlanFact().fit(money)


def test_sums_reconcile_with_the_source(money, result):
    for column in ("cost", "promised", "linked_revenue", "linked_margin"):
        assert result.total(column) == pytest.approx(money[column].sum())
    linked = result.table[result.table["linked_margin"].notna()]
    assert result.total("profit") == pytest.approx(linked["linked_margin"].sum() - linked["cost"].sum())


def test_linked_is_never_called_an_effect(result):
    warning = next(check for check in result.checks if check.name == "Linked is not caused")
    assert warning.verdict == "weak"
    assert "not yet an effect" in result.text


def test_linked_revenue_is_far_from_what_was_caused(result, truth):
    """The points reminder changed nothing and yet shows a fine linked profit."""
    nothing = truth.campaigns.query("randomised and incremental_orders == 0")["campaign_id"]
    rows = result.table[result.table["campaign_id"].isin(nothing)]
    assert len(rows)
    assert (rows["profit"] > 0).all()


def test_response_has_a_wilson_interval():
    rows = pd.DataFrame({
        "campaign_id": ["A", "B"], "name": ["a", "b"], "starts": pd.to_datetime(["2025-01-01", "2025-02-01"]),
        "treated": [1000, 50], "responders": [100, 0], "budget": [10.0, 10.0], "cost": [12.0, 8.0],
        "promised": [500.0, 500.0], "linked_revenue": [400.0, 0.0], "linked_margin": [200.0, 0.0],
    })
    table = PlanFact().fit(rows).table
    assert table["response"].tolist() == [0.1, 0.0]
    assert table["response_low"].tolist() == pytest.approx([0.0829, 0.0], abs=1e-4)
    assert table["response_high"].tolist() == pytest.approx([0.1201, 0.0713], abs=1e-4)
    assert table["kept"].tolist() == [0.8, 0.0]
    assert table["profit"].tolist() == [188.0, -8.0]


def test_campaigns_without_a_link_are_named_and_left_out_of_the_sums(result):
    rest = next(check for check in result.checks if check.name == "Without a link")
    assert str(int(result.table["linked_revenue"].isna().sum())) in rest.text


def test_no_responses_at_all_still_says_what_was_spent(money):
    silent = money.assign(responders=float("nan"), linked_revenue=float("nan"), linked_margin=float("nan"))
    result = PlanFact().fit(silent)
    assert "nothing can be linked" in result.text
    assert draw(result).layout.title.text
    assert isinstance(PlanFact().fit(money.head(0)), NotEnough)


def test_a_confidence_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="confidence"):
        PlanFact(confidence=2)


def test_where_no_cost_is_on_record_the_budget_stands_for_it(money):
    result = PlanFact().fit(money.assign(cost=float("nan")))
    assert result.total("cost") == pytest.approx(money["budget"].sum())
    assert any("stands for" in check.text for check in result.checks)
    nothing = PlanFact().fit(money.assign(cost=float("nan"), budget=float("nan")))
    assert any("neither cost nor budget" in check.text for check in nothing.checks)
