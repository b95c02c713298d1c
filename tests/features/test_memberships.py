"""Who left, where the day of a cancellation is the value of a trait, as an export has it in a column of its own."""

import ibis
import pytest

from crm_analytics import features


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d.%m.%Y", "%Y-%m-%dT00:00:00"])
def test_a_day_of_cancellation_may_be_the_value(company, monkeypatch, written):
    people = company.customers.filter(company.customers.first_seen.notnull()).order_by("first_seen").limit(50)
    day = people.first_seen.cast("timestamp") + ibis.interval(days=30)
    traits = people.select(
        "customer_id", trait=ibis.literal("cancelled_at"), value=day.strftime(written), known_at=ibis.null("date")
    )
    monkeypatch.setattr(type(company), "traits", traits, raising=False)
    lives = features.memberships(company, left="cancelled_at").to_pandas().set_index("customer_id")
    gone = lives.loc[lives.index.isin(people.to_pandas()["customer_id"])]
    assert len(gone) > 20
    assert (gone["last"] == 30).all()
    assert (gone["as_long"] == 0).all()
    assert (lives.drop(index=gone.index)["as_long"] == 1).all()


def test_who_never_bought_has_nothing_to_leave(company, monkeypatch):
    buyers = company.orders.filter(company.orders.customer_id.notnull()).select("customer_id").distinct()
    people = company.customers.filter(company.customers.first_seen.notnull())
    never = people.anti_join(buyers, "customer_id").to_pandas()["customer_id"]
    assert len(never) > 5
    for who, counted in (
        (people.semi_join(buyers, "customer_id"), False),
        (people.anti_join(buyers, "customer_id"), True),
    ):
        one = who.select("customer_id", "first_seen").order_by("first_seen").limit(30)
        day = one.first_seen.cast("timestamp") + ibis.interval(days=30)
        traits = one.select(
            "customer_id", trait=ibis.literal("left"), value=ibis.literal("yes"), known_at=day.cast("date")
        )
        monkeypatch.setattr(type(company), "traits", traits, raising=False)
        lives = features.memberships(company, left="left").to_pandas()
        assert lives["customer_id"].isin(never).any() == counted
