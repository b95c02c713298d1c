"""What an introduction brought in time: found where it is planted, whatever is still open on the last day."""

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from crm_analytics import CRMBrought, features
from crm_analytics.effectiveness.crm.measures import TIMES
from crm_analytics.features.crm_times import times_of
from crm_analytics.simulation.introduction import answered, introduced

SEEDS = range(40)
ON, LAST_DAY = "2024-07-01", date(2025, 7, 1)


class Tables:
    """As much of a warehouse as a feature asks for."""

    def __init__(self, **frames: pd.DataFrame):
        for name, frame in frames.items():
            setattr(self, name, ibis.memtable(frame))

    def has(self, *names: str) -> bool:
        return all(hasattr(self, name) for name in names)


def monthly(leads: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """The measure by hand: each lead's wait, at most 14 days, in months whose leads are all so old."""
    answers = contacts[contacts["campaign_id"].isna()].set_index("customer_id")["at"]
    days = (leads["customer_id"].map(answers) - leads["at"]).dt.total_seconds() / 86_400
    cases = pd.DataFrame(
        {"month": leads["at"].dt.to_period("M").dt.to_timestamp(), "days": days.fillna(14).clip(0, 14)}
    )
    cases = cases[cases["month"] + pd.DateOffset(months=1, days=14) <= pd.Timestamp(LAST_DAY)]
    table = cases.groupby("month")["days"].agg(done="sum", out_of="count").astype(float).reset_index()
    return table.assign(metric="days to first answer", worth=np.nan, ahead_days=14)


@pytest.mark.parametrize("gain", [0.0, 0.3])
def test_planted_time_is_found_and_covered(gain):
    covered, verdicts = [], []
    for seed in SEEDS:
        leads, contacts, true = answered(seed, gain=gain, monthly=100)
        row = CRMBrought(introduced=ON).fit(monthly(leads, contacts)).table.iloc[0]
        covered.append(row["low"] <= true <= row["high"])
        verdicts.append(row["verdict"])
    assert np.mean(covered) >= 0.9
    if gain:
        assert verdicts.count("better") >= 34
    else:
        assert len(SEEDS) - verdicts.count("not enough evidence") <= 4


def test_young_cases_do_not_look_quick():
    leads, contacts, _ = answered(3, monthly=200)
    table, days = times_of(Tables(leads=leads, contacts=contacts), LAST_DAY)["days to first answer"]
    told = table.to_pandas().sort_values("month", ignore_index=True)
    by_hand = monthly(leads, contacts).iloc[1:].reset_index(drop=True)  # its first month is not wholly on record
    assert days == 14
    assert told["done"].to_numpy() == pytest.approx(by_hand["done"].to_numpy())
    assert (told["out_of"] == by_hand["out_of"]).all()
    answers = contacts[contacts["campaign_id"].isna()].set_index("customer_id")["at"]
    naive = ((leads["customer_id"].map(answers) - leads["at"]).dt.total_seconds() / 86_400).groupby(
        leads["at"].dt.to_period("M")).mean()  # fmt: skip
    assert naive.iloc[-1] < 0.85 * naive.iloc[:-1].mean()  # the last month, still open, and shown to be quick
    assert pd.Timestamp(told["month"].max()) < pd.Timestamp(naive.index[-1].start_time)


def test_what_was_not_recorded_is_not_read_as_never_answered():
    leads, contacts, _ = answered(1)
    late = contacts[contacts["campaign_id"].notna() | (contacts["at"] >= ON)].reset_index(drop=True)
    table = times_of(Tables(leads=leads, contacts=late), LAST_DAY)["days to first answer"][0].to_pandas()
    assert pd.to_datetime(table["month"]).min() == pd.Timestamp("2024-08-01")
    mailed = contacts[contacts["campaign_id"].notna()].assign(kind="in").reset_index(drop=True)
    none = times_of(Tables(leads=leads, contacts=mailed), LAST_DAY)
    assert all(len(table.to_pandas()) == 0 for table, _ in none.values())


def test_hours_run_from_a_customers_contact_to_the_next_word_to_them():
    def contact(customer, at, kind, campaign=None):
        return {"customer_id": customer, "at": pd.Timestamp(at), "kind": kind, "campaign_id": campaign}

    contacts = pd.DataFrame([
        contact("E", "2024-12-01 10:00", "in"), contact("E", "2024-12-01 11:00", "out"),  # the record begins
        contact("A", "2025-01-01 10:00", "in"), contact("A", "2025-01-01 12:00", "out"),  # 2 hours
        contact("A", "2025-01-10 10:00", "in"), contact("A", "2025-01-20 10:00", "out"),  # as good as never: 72
        contact("B", "2025-01-02 10:00", "in"), contact("B", "2025-01-02 11:00", "out", "mailing"),
        contact("B", "2025-01-02 15:00", "out"), contact("C", "2025-01-02 10:00", "out"),  # 5; another's
        contact("D", "2025-01-05 10:00", "in"), contact(None, "2025-01-05 11:00", "out"),  # never: 72
    ])  # fmt: skip
    table = times_of(Tables(contacts=contacts), date(2025, 2, 4))["hours to answer"][0].to_pandas()
    assert table[["done", "out_of"]].to_numpy().tolist() == [[151.0, 4.0]]
    assert times_of(Tables(contacts=contacts), date(2025, 2, 3))["hours to answer"][0].to_pandas().empty


def deals(seed: int = 1) -> pd.DataFrame:
    """Every stay lasts as its stage does, but from July on more deals reach the slow stage."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(1200):
        day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(360)))
        far = rng.random() < (0.8 if day.month > 6 else 0.2)
        steps = [("first", 0), *([("slow", 4)] if far else []), ("closed", 34 if far else 4)]
        rows += [{"deal_id": f"D{number}", "customer_id": f"C{number}", "stage": stage,
                  "entered_at": (day + pd.Timedelta(days=after)).date(),
                  "outcome": ("won" if far else "lost") if stage == "closed" else None}
                 for stage, after in steps]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_slow_stage_reached_more_often_is_no_delay():
    found = times_of(Tables(deal_stages=deals()), LAST_DAY)
    table = found["days in a stage"][0].to_pandas()
    assert (table["done"] / table["out_of"]).std() < 1e-6
    won = found["days to win"][0].to_pandas()
    assert (won["done"] == 34 * won["out_of"]).all()
    months = pd.to_datetime(won["month"]) + pd.DateOffset(months=1, days=90)
    assert (months <= pd.Timestamp(LAST_DAY)).all()


def test_months_watched_into_the_time_since_are_of_neither_side():
    frame = introduced(1, effect=0.4).assign(ahead_days=60)
    courses = CRMBrought(introduced=ON).fit(frame).courses
    assert not pd.to_datetime(courses["month"]).between("2024-05-01", "2024-06-30").any()
    assert pd.to_datetime(courses["month"]).eq("2024-04-01").any()


def test_it_says_which_times_are_not_on_record_and_when_the_record_changed(company):
    leads, contacts, _ = answered(2, gain=0.5)
    frame = monthly(leads, contacts)
    told = CRMBrought(introduced=ON).fit(frame)
    assert "days in a stage (needs deal_stages" in next(c.text for c in told.checks if c.name == "Not on record")
    assert next(c.verdict for c in told.checks if c.name == "What is recorded") == "holds"
    more = frame.assign(**{c: frame[c].where(frame["month"] < ON, 2 * frame[c]) for c in ("done", "out_of")})
    told = CRMBrought(introduced=ON).fit(more)
    assert next(c.verdict for c in told.checks if c.name == "What is recorded") == "weak"
    on_record = set(features.crm_metrics(company).to_pandas()["metric"])
    assert {"days in a stage", "days to first stage"} <= on_record
    assert not on_record & {"days to first answer", "hours to answer"}  # the demo's outgoing contacts are mailings
    assert {metric for metric in on_record if "days" in metric or "hours" in metric} <= set(TIMES)
