"""The management review: the surest and largest first, the best founded leads, nothing expired is shown."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import ManagementReview, NotEnough, draw

UNTIL = pd.Timestamp("2025-07-01")


def claim(subject="Spring mail", *, value=100.0, low=50.0, high=150.0, **more):
    return {
        "study": "lift", "subject": subject, "measure": "incremental profit", "value": value, "low": low, "high": high,
        "confidence": 0.95, "evidence": "tested", "expires": "2026-01-01", "told_on": "2025-06-30",
        "decision": f"Repeat {subject}.", "reversed_by": "A later test.", "until": UNTIL,
    } | more  # fmt: skip


def reviewed(*claims, **knobs):
    return ManagementReview(**knobs).fit(pd.DataFrame(claims))


def test_sure_decisions_come_first_then_the_larger():
    result = reviewed(
        claim("small and sure", value=10, low=5, high=15), claim("large and open", value=900, low=-100, high=1900),
        claim("large and sure", value=800, low=100, high=1500), each=3,
    )  # fmt: skip
    assert result.claimed["subject"].tolist() == ["large and sure", "small and sure", "large and open"]
    assert result.table["sure"].tolist() == ["surely", "surely", "open"]
    assert result.text.startswith("3 decisions to take. The first: Repeat large and sure (incremental profit: ")


def test_what_is_merely_assumed_is_open_however_narrow_its_interval():
    result = reviewed(
        claim("assumed", evidence="assumed", value=900, low=899, high=901),
        claim("as it is", value=0.1 + 0.2, low=0.1 + 0.2, high=0.3), claim("tested"), each=3,
    )  # fmt: skip
    assert result.table["sure"].tolist() == ["surely", "open", "open"]
    assert result.claimed["subject"].iloc[0] == "tested"
    assert "1 rests on more than an assumption" in result.text
    assert "(" not in result.table["number"].iloc[2]


def test_the_best_founded_answer_leads_and_a_contradiction_is_said():
    result = reviewed(
        claim(study="baseline", evidence="modelled", value=900, low=800, high=1000), claim(study="lift"),
        claim("other", study="baseline", evidence="modelled"),
    )  # fmt: skip
    assert result.claimed.set_index("subject").loc["Spring mail", "study"] == "lift"
    (apart,) = [check for check in result.checks if check.verdict == "fails"]
    assert "Spring mail" in apart.text
    assert "baseline" in apart.text
    agreeing = reviewed(claim(study="baseline", evidence="modelled", value=120), claim(study="lift"))
    assert not [check for check in agreeing.checks if check.verdict == "fails"]


def test_what_has_expired_is_left_out_and_counted():
    result = reviewed(claim("old", expires="2025-06-30"), claim("new", expires="2025-07-01"))
    assert result.claimed["subject"].tolist() == ["new"]
    assert any("1 kept conclusion with a decision has expired" in check.text for check in result.checks)
    assert isinstance(reviewed(claim(expires="2025-01-01")), NotEnough)
    assert "say what to do" in reviewed(claim(decision="")).text


def test_a_page_holds_only_so_many():
    claims = [claim(f"campaign {i}", value=i, low=i / 2, high=2 * i, study=f"study {i % 10}") for i in range(1, 30)]
    result = reviewed(*claims, most=5)
    assert len(result.table) == 5
    assert result.text.startswith("29 decisions")


def test_no_page_speaks_for_all():
    loud = [claim(f"campaign {i}", value=1000 + i, low=900, high=2000) for i in range(9)]
    result = reviewed(*loud, claim("quiet", study="score", value=1, low=0.5, high=2))
    assert result.claimed["study"].tolist() == ["lift", "lift", "score"]


@pytest.mark.parametrize(
    ("measure", "low", "high", "words"),
    [("retention", 0.2, 0.4, "30 % (20 – 40"), ("customers", 200.0, 400.0, "(200"), ("margin", 200.0, 400.0, "(200")],
)
def test_numbers_are_said_as_their_measure_is_read(measure, low, high, words):
    row = reviewed(claim(measure=measure, value=(low + high) / 2, low=low, high=high)).table.iloc[0]
    assert words.split()[0].strip("(") in row["number"]
    assert measure in row["number"]


def test_the_picture_tells_what_is_at_stake():
    fig = draw(reviewed(claim(), claim("<b>x</b>", measure="retention", value=0.3, low=0.2, high=0.4)))
    assert "All 2 decisions shown stand on firm ground" in fig.layout.title.text
    assert not any("<b>" in str(label) for trace in fig.data for label in trace.y or ())


@given(st.permutations(range(6)), st.lists(st.sampled_from(["tested", "compared", "modelled"]), min_size=6, max_size=6))
def test_the_order_of_claims_does_not_matter(order, grades):
    claims = [
        claim(f"c{i % 4}", value=10.0 * i - 20, low=10.0 * i - 30, high=10.0 * i, evidence=grades[i], study=f"s{i}")
        for i in range(6)
    ]
    one, other = reviewed(*claims), reviewed(*(claims[i] for i in order))
    pd.testing.assert_frame_equal(one.table, other.table)
    assert one.text == other.text
