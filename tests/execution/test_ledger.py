"""What was launched stands: once, whole, and the same for everybody who reads it."""

import subprocess
import sys
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from crm_analytics import Audience, Ledger
from crm_analytics.execution.ledger import ARMS, CAMPAIGNS, MAILINGS, LedgerError
from crm_analytics.result import NoAnswer


@pytest.fixture
def ledger(tmp_path):
    return Ledger.open(tmp_path)


@pytest.fixture
def audience(people):
    return Audience(campaign="autumn").fit(people)


def test_a_launched_audience_is_read_back_as_it_was(ledger, audience, tmp_path, days):
    ledger.launch(audience, **days)
    other = Ledger.open(tmp_path)
    pd.testing.assert_frame_equal(other.arms("autumn"), audience.arms)
    assert other.campaigns().campaign_id.tolist() == ["autumn"]
    assert other.launched("autumn").starts == date(2025, 7, 1)


def test_the_same_launch_again_changes_nothing(ledger, audience, days, people):
    first = ledger.launch(audience, **days)
    again = ledger.launch(Audience(campaign="autumn").fit(people.sample(frac=1, random_state=1)), **days)
    assert str(again) == str(first)
    assert len(ledger.arms("autumn")) == len(audience.arms)


@pytest.mark.parametrize(
    ("other", "terms", "says"),
    [
        ({"seed": 2}, {}, "another audience"),
        ({}, {"ends": date(2025, 8, 1)}, "other days"),
        ({}, {"channel": "sms"}, "another channel"),
    ],
)
def test_something_else_under_the_same_name_is_refused(ledger, audience, people, days, other, terms, says):
    ledger.launch(audience, **days)
    with pytest.raises(LedgerError, match=says):
        ledger.launch(replace(audience.study, **other).fit(people), **(days | terms))
    pd.testing.assert_frame_equal(ledger.arms("autumn"), audience.arms)


def test_nobody_cannot_be_launched(ledger, days, people):
    with pytest.raises(NoAnswer, match="Not enough evidence: €0 addresses 0"):
        ledger.launch(Audience(budget=0).fit(people), **days)
    assert ledger.campaigns().empty


def test_what_was_never_launched_is_said_so(ledger):
    with pytest.raises(LedgerError, match="never launched"):
        ledger.arms("spring")


def test_a_campaign_does_not_end_before_it_starts(ledger, audience):
    with pytest.raises(LedgerError, match="before it starts"):
        ledger.launch(audience, starts=date(2025, 7, 2), ends=date(2025, 7, 1))


_DIE = """
import os, sys
from datetime import date
import pandas as pd
from sqlalchemy import event
from crm_analytics import Audience, Ledger
ledger = Ledger.open(sys.argv[1])
event.listen(ledger._engine, "after_cursor_execute",
             lambda c, cursor, statement, *rest: os._exit(9) if "INTO arms" in statement else None)
audience = Audience(campaign="autumn").fit(pd.read_parquet(sys.argv[2]))
ledger.launch(audience, starts=date(2025, 7, 1), ends=date(2025, 7, 28))
"""


@pytest.fixture
def people_file(people, tmp_path):
    people.to_parquet(tmp_path / "people.parquet")
    return tmp_path / "people.parquet"


def test_a_launch_killed_half_way_leaves_nothing_and_can_be_repeated(tmp_path, audience, days, people_file):
    died = subprocess.run([sys.executable, "-c", _DIE, tmp_path, people_file], check=False)
    assert died.returncode == 9
    ledger = Ledger.open(tmp_path)
    assert ledger.campaigns().empty
    ledger.launch(audience, **days)
    pd.testing.assert_frame_equal(ledger.arms("autumn"), audience.arms)


_RACE = """
import sys
from datetime import date
import pandas as pd
from crm_analytics import Audience, Ledger
audience = Audience(campaign="autumn", seed=int(sys.argv[3])).fit(pd.read_parquet(sys.argv[2]))
Ledger.open(sys.argv[1]).launch(audience, starts=date(2025, 7, 1), ends=date(2025, 7, 28))
"""


def test_of_two_who_launch_at_once_one_wins_and_the_other_is_told(tmp_path, people, people_file):
    racers = [
        subprocess.Popen([sys.executable, "-c", _RACE, tmp_path, people_file, str(seed)],
                         stderr=subprocess.PIPE, text=True)
        for seed in (1, 2)
    ]  # fmt: skip
    said = [racer.communicate(timeout=60)[1] for racer in racers]
    assert sorted(racer.returncode for racer in racers) == [0, 1]
    assert any("already been launched with another audience" in text for text in said)
    winner = 1 + [racer.returncode for racer in racers].index(0)
    expected = Audience(campaign="autumn", seed=winner).fit(people).arms
    pd.testing.assert_frame_equal(Ledger.open(tmp_path).arms("autumn"), expected)


def test_readers_do_not_wait_for_a_writer(ledger, audience, tmp_path, days):
    ledger.launch(audience, **days)
    with ledger._writer.begin():
        assert len(ledger.campaigns()) == 1


def test_what_was_launched_is_published_as_a_source(ledger, audience, tmp_path, days):
    ledger.launch(audience, **days)
    files = ledger.publish(tmp_path / "source")
    campaigns, arms = (pd.read_csv(file) for file in files)
    assert campaigns.to_dict("records") == [
        {"campaign_id": "autumn", "channel": "email", "starts": "2025-07-01", "ends": "2025-07-28", "budget": 400.0}
    ]
    pd.testing.assert_frame_equal(arms[["customer_id", "arm"]], audience.arms)
    before = [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in ledger.publish(tmp_path / "source")] == before


def test_a_team_keeps_it_in_postgresql():
    for table in (CAMPAIGNS, ARMS, MAILINGS):
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_a_rehearsal_leaves_no_trace(audience, days, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ledger = Ledger.rehearsal()
    ledger.launch(audience, **days)
    assert len(ledger.arms("autumn")) == len(audience.arms)
    assert Ledger.rehearsal().campaigns().empty
    assert not list(tmp_path.iterdir())
