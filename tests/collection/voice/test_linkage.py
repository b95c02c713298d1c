"""What satisfaction is worth: planted money is found, what customers were before is taken out."""

import numpy as np
import pandas as pd

from crm_analytics import Linkage, NotEnough, features


def followed(seed: int, worth: float, *, confounded: float = 0.0, people: int = 400) -> pd.DataFrame:
    """Customers who spend `worth` more for each step from low to high, and spent otherwise before if `confounded`."""
    rng = np.random.default_rng(seed)
    position = rng.integers(1, 6, people)
    before = np.exp(4 + confounded * (position - 3) + rng.normal(0, 0.5, people))
    after = 20 * np.log1p(before) + worth * (position >= 4) + rng.normal(0, 25, people)
    return pd.DataFrame(
        {
            "survey": "A",
            "respondent_id": [f"R{i:04d}" for i in range(people)],
            "customer_id": [f"N{i:04d}" for i in range(people)],
            "question": "How satisfied are you?",
            "position": position.astype(float),
            "lowest": 1,
            "highest": 5,
            "weight": rng.uniform(0.5, 2, people),
            "answered_at": pd.Timestamp("2024-10-01"),
            "spend_before": before,
            "spend_after": after,
            "days": 90,
        }
    )


def test_what_is_planted_is_found_and_the_interval_keeps_its_word():
    held = []
    for seed in range(80):
        result = Linkage().fit(followed(seed, 30.0, confounded=0.3))
        held.append(result.low <= 30 <= result.high)
    assert 0.89 <= np.mean(held) <= 1


def test_what_customers_were_before_is_not_credited_to_satisfaction():
    found = [Linkage().fit(followed(seed, 0.0, confounded=0.4)) for seed in range(40)]
    assert np.mean([one.raw for one in found]) > 15
    assert sum(one.low > 0 or one.high < 0 for one in found) <= 6
    check = next(one for one in found[0].checks if one.name == "alike before")
    assert check.verdict == "weak"


def test_the_demo_company(company, truth):
    rows = features.spend_after_answers(company).to_pandas()
    result = Linkage().fit(rows)
    assert (result.survey, result.days) == ("Autumn 2024", 90)
    assert "wave" not in result.text
    assert result.high > 0, "customers who stay are planted to be the contented ones"


def test_nobody_is_followed_before_the_time_is_over(company):
    rows = features.spend_after_answers(company, as_of="2025-01-20", days=90).to_pandas()
    assert (pd.to_datetime(rows.answered_at) + pd.Timedelta(days=90) < pd.Timestamp("2025-01-20")).all()
    assert not len(features.spend_after_answers(company, as_of="2024-11-01").to_pandas())


def test_too_few_unsatisfied_are_refused():
    frame = followed(1, 30.0)
    refused = Linkage().fit(frame[(frame.position > 2) | (frame.index % 20 == 0)])
    assert isinstance(refused, NotEnough)
    assert "15 of each" in refused.text
