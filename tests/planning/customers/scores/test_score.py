"""Scores: tried on later days, calibrated against the truth, reasons that sum, leaks named, nothing found in noise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import NotEnough, Score, draw, features
from crm_analytics.planning.customers.scores.calibration import Line, shift_to, sigmoid
from crm_analytics.planning.customers.scores.leak import suspicions
from crm_analytics.planning.customers.scores.scorecard import Scorecard
from crm_analytics.simulation.demand import DAYS

HORIZON = 90


@pytest.fixture(scope="module")
def repeat(company):
    return features.training(company, horizon_days=HORIZON).to_pandas()


@pytest.fixture(scope="module")
def score(repeat):
    return Score().fit(repeat)


def people(seed=1, customers=600, days=6, signal=1.2):
    """Customers on several days whose outcome follows one thing they did, and several that say nothing."""
    rng = np.random.default_rng(seed)
    base = pd.DataFrame({"customer_id": [f"c{i:04d}" for i in range(customers)], "habit": rng.normal(0, 1, customers)})
    rows = []
    for day in range(days):
        x = 0.8 * base["habit"] + 0.6 * rng.normal(0, 1, customers)
        y = rng.random(customers) < sigmoid(-1 + signal * x.to_numpy())
        rows.append(
            pd.DataFrame(
                {
                    "customer_id": base["customer_id"],
                    "snapshot": pd.Timestamp("2024-01-01") + pd.Timedelta(days=91 * day),
                    "target": y.astype(float),
                    "visits": x,
                    "pages": 0.7 * x + rng.normal(0, 0.7, customers),
                    "noise": rng.normal(0, 1, customers),
                    "town": rng.choice(["Riga", "Liepaja", "Ventspils"], customers),
                }
            )
        )
    rows[-1]["target"] = np.nan
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def crowd():
    return people()


@pytest.fixture(scope="module")
def found(crowd):
    return Score(draws=60).fit(crowd)


def chance_to_buy(simulation, truth, customers):
    """The planted chance of a purchase in the days after the history: of whoever is still there, in demand time."""
    clock = simulation.clock
    ahead = clock[:, DAYS - 1 + HORIZON] - clock[:, DAYS - 1]
    known = truth.customers.assign(ahead=ahead[simulation.people.segment]).set_index("customer_id").loc[customers]
    return np.where(known["alive"], -np.expm1(-known["rate_per_day"] * known["ahead"]), 0.0)


def slope_against(p, foretold):
    """The calibration's slope over many draws of what would happen."""
    happened = np.random.default_rng(0).random((20, len(p))) < p
    log_odds = np.log(foretold) - np.log1p(-foretold)
    return np.mean([Line.through(log_odds, one.astype(float)).slope for one in happened])


def test_repeat_probabilities_are_calibrated_against_the_planted_ones(simulation, truth, score):
    p = chance_to_buy(simulation, truth, score.table["customer_id"])
    foretold = score.table["probability"].to_numpy()
    assert 0.9 <= slope_against(p, foretold) <= 1.1
    assert foretold.mean() == pytest.approx(p.mean(), abs=0.08), "the season ahead and campaigns are not known"


def test_churn_probabilities_are_calibrated_against_the_planted_ones(simulation, truth, company):
    churn = Score(draws=60).fit(features.training(company, target="churn", horizon_days=HORIZON))
    p = 1 - chance_to_buy(simulation, truth, churn.table["customer_id"])
    assert 0.9 <= slope_against(p, churn.table["probability"].to_numpy()) <= 1.1
    assert churn.usable


def test_it_is_tried_on_days_and_customers_it_had_not_seen(score, repeat):
    assert score.usable
    tried = score.found.tried
    first = tried["snapshot"].min()
    taught = repeat[(repeat["target"].notna()) & (repeat["until"] <= first)]
    assert len(taught)
    assert (tried["snapshot"] >= taught["until"].max()).all()
    half = score.top_half
    assert 0.65 < half[1] < half[0] < half[2] < 0.95


def test_reasons_sum_to_the_score(score):
    for customer in score.table["customer_id"].iloc[[0, 50, -1]]:
        why = score.why(customer)
        assert why.average + why.table["points"].sum() == pytest.approx(why.log_odds, abs=1e-5)
        told = score.table.set_index("customer_id").loc[customer]
        assert sigmoid(np.array([why.log_odds]))[0] == pytest.approx(told["probability"], abs=1e-5)
    assert score.table["reasons"].str.contains(r"\(\+\)|\(−\)").mean() > 0.9


def test_the_cut_off_follows_cost_and_gain_without_learning_again(score):
    dear = score.but(cost=2.0, gain=4.0)
    assert dear.found is score.found
    assert dear.cut_off == 0.5
    assert (dear.table["chosen"] == (dear.table["probability"] >= 0.5)).all()
    assert "€4 a success" in dear.text
    assert "Nobody reaches" in score.but(cost=5.0).text


def test_a_shuffled_outcome_is_not_to_be_used(crowd):
    shuffled = crowd.copy()
    known = shuffled["target"].notna()
    rng = np.random.default_rng(3)
    shuffled.loc[known, "target"] = rng.permutation(shuffled.loc[known, "target"].to_numpy())
    result = Score(draws=100).fit(shuffled)
    assert result.auc[1] <= 0.5 <= result.auc[2]
    assert result.text.startswith("Do not use this score")
    assert result.checks[0].verdict == "fails"
    assert result.table["probability"].nunique() == 1


LEAKS = {
    "refund": lambda f, rng: np.where(f["target"] == 1, rng.exponential(10, len(f)), 0) * (rng.random(len(f)) < 0.5),
    "reason": lambda f, rng: np.where((f["target"] == 1) & (rng.random(len(f)) < 0.7), "moved", None),
    "copy": lambda f, rng: f["target"].fillna(0),
    "calls_of_the_case": lambda f, rng: f["target"].fillna(0) * 2 + rng.normal(0, 0.8, len(f)),
    "talk": lambda f, rng: np.where(f["target"].isna(), np.nan, f["target"] * 1.2 + rng.normal(0, 1, len(f))),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_column_written_after_the_fact_is_named_and_refused(crowd, name):
    leaky = crowd.assign(**{name: LEAKS[name](crowd, np.random.default_rng(5))})
    result = Score(draws=60).fit(leaky)
    assert result.refused == (name,)
    [check] = [c for c in result.checks if c.name == "leaks"]
    assert f"Refused {name}" in check.text
    assert name not in result.found.card.columns
    trusting = Score(draws=60, trust=(name,)).fit(leaky)
    assert name in trusting.found.card.columns


def test_a_column_dated_after_the_decision_is_refused(crowd):
    late = crowd["snapshot"] + pd.to_timedelta(np.where(np.arange(len(crowd)) % 5 == 0, 3, -3), unit="D")
    assert Score(draws=60).fit(crowd.assign(pages_known_at=late)).refused == ("pages",)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 1.0, 2.5]))
def test_clean_columns_are_not_accused(seed, signal):
    frame = people(seed=seed, customers=400, signal=signal)
    known = frame[frame["target"].notna()].reset_index(drop=True)
    found = suspicions(known, frame[frame["target"].isna()], ["visits", "pages", "noise", "town"])
    assert not [one.column for one in found if one.refused]


def test_a_strong_column_that_was_known_before_is_kept(repeat):
    known = repeat[repeat["target"].notna()].reset_index(drop=True)
    few = suspicions(known, repeat[repeat["target"].isna()], ["recency_days", "region", "kind"])
    assert not [one.column for one in few if one.refused]


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda f: f[f["snapshot"] == f["snapshot"].min()], "all decisions are of one day"),
        (lambda f: f[f["target"].isna()], "no outcome is known"),
        (lambda f: f.assign(target=np.where(np.arange(len(f)) % 200 == 0, 1.0, 0.0)), "at least 60 are needed"),
        (lambda f: f[["customer_id", "snapshot", "target"]], "no column says anything"),
    ],
)
def test_it_refuses_what_cannot_carry_a_score(crowd, spoilt, said):
    refused = Score().fit(spoilt(crowd))
    assert isinstance(refused, NotEnough)
    assert said in refused.text


def test_knobs_that_make_no_sense_are_refused():
    for knobs in ({"gain": 0}, {"cost": -1}, {"draws": 3}, {"trust": "duration"}):
        with pytest.raises(ValueError, match=r"take|give|costs"):
            Score(**knobs)
    with pytest.raises(ValueError, match="A target is 1"):
        Score().fit(people().assign(target=3))


def test_the_protected_are_kept_out_unless_let_in(score, repeat):
    assert not {"gender", "age"} & set(score.found.card.columns)
    told = score.card().table.set_index("about")["told"]
    assert "f: " in told["mean score by gender"]


def test_drift_is_seen_where_it_is_and_not_where_it_is_not(crowd, found):
    assert (found.drift().table["low"] < 0.1).all()
    moved = crowd.copy()
    moved.loc[moved["target"].isna(), "visits"] += 1.5
    drift = Score(draws=60).fit(moved).drift()
    assert drift.table.set_index("column")["low"]["visits"] > 0.25
    assert "visits" in drift.checks[0].text


def test_later_outcomes_are_held_against_it(crowd, found):
    later = crowd[crowd["target"].isna()].copy()
    rng = np.random.default_rng(8)
    later["target"] = (rng.random(len(later)) < sigmoid(-1 + 1.2 * later["visits"].to_numpy())).astype(float)
    held = found.against(later)
    assert held.checks[0].verdict == "holds"
    assert held.table["happened"].iloc[0] > held.table["happened"].iloc[-1]
    assert isinstance(found.against(crowd.head(5)), NotEnough)


def test_other_people_are_scored_by_the_same_columns(crowd, found):
    some = crowd[crowd["target"].isna()].head(50).drop(columns=["target", "town"])
    there = found.predict(some)
    assert len(there.table) == 50
    assert there.table["probability"].is_monotonic_decreasing


def test_an_average_person_has_no_points_and_moving_keeps_the_order(crowd):
    known = crowd[crowd["target"].notna()]
    card = Scorecard.fit(known, ["visits", "town"])
    assert card.parts(known).mean(axis=0) == pytest.approx([0, 0], abs=1e-4)
    moved = card.moved(shift_to(0.5 * card.log_odds(known), 0.2), 0.5)
    assert sigmoid(moved.log_odds(known)).mean() == pytest.approx(0.2, abs=1e-6)
    assert moved.base + moved.parts(known).sum(axis=1) == pytest.approx(moved.log_odds(known), abs=1e-4)


def test_every_question_of_it_has_a_picture(score):
    for result in (score, score.calibration(), score.drift(), score.card(), score.why(score.table["customer_id"][3])):
        assert len(draw(result).layout.title.text) > 20


def test_bank_by_time_without_duration(datasets):
    """Calls by month, in the order they were made: learned from the older, tried on the newer. `duration`,
    which is known only when the call is over, is named and refused."""
    calls = pd.read_csv(datasets / "bank_marketing" / "bank-additional-full.csv.gz", sep=";")
    month = calls["nr.employed"].astype("str") + calls["month"]
    frame = calls.drop(columns=["y", "emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed"])
    frame = frame.assign(
        customer_id=[f"{i:05d}" for i in range(len(calls))],
        snapshot=(month != month.shift()).cumsum(),
        target=(calls["y"] == "yes").astype(float),
        pdays=calls["pdays"].where(calls["pdays"] < 999),
    )
    result = Score(protected=()).fit(frame)
    assert result.refused == ("duration",)
    assert result.auc[0] >= 0.78
    assert result.top_half[0] >= 0.75
    assert len(result.found.tried) < 0.3 * len(calls), "tried on the newest calls only"
