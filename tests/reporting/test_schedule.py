"""Each due moment is run once, whoever ticks; a missed one is made up for; what broke off is shown, not repeated."""

import json
import threading
from datetime import datetime, timedelta

import pytest

from crm_analytics.reporting import ReportingError
from crm_analytics.reporting.schedule import Entry, newest_due, read_schedule, tick

DAILY = Entry(name="Morning review", cron="0 7 * * *")
DAY = timedelta(hours=24)


@pytest.fixture
def run(tmp_path):
    """Tick at a moment; what was sent is noted in `run.sent`."""

    def run(moment, *entries, works=True):
        def send(entry):
            run.sent.append(entry.name)
            if isinstance(works, Exception):
                raise works
            return works

        now = datetime.fromisoformat(moment)
        return tick(list(entries or [DAILY]), home_of=lambda entry: tmp_path, send=send, now=now, window=DAY)

    run.sent = []
    return run


def test_a_due_moment_is_run_once(run):
    assert [due.state for due in run("2026-03-02T07:00")] == ["done"]
    assert run("2026-03-02T07:05") == []
    assert run("2026-03-03T06:59") == []
    assert [due.due for due in run("2026-03-03T07:01")] == ["2026-03-03T07:00:00"]
    assert len(run.sent) == 2


def test_of_missed_moments_the_newest_is_made_up_for(run):
    run("2026-03-02T07:00")
    hourly = Entry(name="hourly", cron="0 * * * *")
    assert [due.due for due in run("2026-03-05T06:30", hourly)] == ["2026-03-05T06:00:00"]
    assert run("2026-03-05T06:31", hourly) == []


def test_what_is_too_old_is_not_made_up_for():
    weekly = "0 7 * * 1"
    monday = datetime(2026, 3, 2, 7)
    assert newest_due(weekly, monday, DAY) == monday
    assert newest_due(weekly, monday - timedelta(minutes=1), DAY) is None
    assert newest_due(weekly, monday + DAY - timedelta(minutes=1), DAY) == monday
    assert newest_due(weekly, monday + DAY, DAY) is None


def test_a_failure_is_recorded_and_not_repeated(run):
    assert [due.state for due in run("2026-03-02T07:00", works=False)] == ["failed"]
    assert run("2026-03-02T07:05") == []


def test_an_error_of_ours_is_recorded_too(run, tmp_path):
    with pytest.raises(RuntimeError):
        run("2026-03-02T07:00", works=RuntimeError("ours"))
    (claim,) = (tmp_path / "schedule" / "morning-review").glob("*.json")
    assert json.loads(claim.read_text())["state"] == "failed"
    assert run("2026-03-02T07:05") == []


def test_a_run_that_broke_off_is_shown_once_and_not_repeated(run, tmp_path):
    run("2026-03-02T07:00")
    (claim,) = (tmp_path / "schedule" / "morning-review").glob("*.json")
    claim.write_text(json.dumps(json.loads(claim.read_text()) | {"state": "claimed", "born": 1.0}))
    assert [due.state for due in run("2026-03-02T07:05")] == ["broken"]
    assert run("2026-03-02T07:10") == []
    assert len(run.sent) == 1


def test_a_run_under_way_is_left_alone(run, tmp_path):
    run("2026-03-02T07:00")
    (claim,) = (tmp_path / "schedule" / "morning-review").glob("*.json")
    claim.write_text(json.dumps(json.loads(claim.read_text()) | {"state": "claimed"}))  # by this process, which lives
    assert run("2026-03-02T07:05") == []


def test_ticks_that_meet_run_it_once(run):
    threads = [threading.Thread(target=run, args=("2026-03-02T07:00",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run.sent == ["Morning review"]


def test_a_schedule_is_read(tmp_path):
    path = tmp_path / "schedule.yaml"
    path.write_text(
        "catch_up_hours: 6\nreports: {riga: {cron: '0 7 * * 1', notebooks: [21_sales], parameters: {weeks: 6}}}"
    )
    entries, window = read_schedule(path)
    assert entries == [Entry(name="riga", cron="0 7 * * 1", notebooks=("21_sales",), parameters={"weeks": "6"})]
    assert window == timedelta(hours=6)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("reports: {a: {cron: 'soon'}}", "'soon' of 'a' is no cron line"),
        ("reports: {a: {notebooks: []}}", "needs a cron line"),
        ("reports: {a: {cron: '0 7 * * 1', colour: red}}", "does not know colour"),
        ("reports: [a", "cannot be read as a schedule"),
        ("catch_up_hours: soon", "cannot be read as a schedule"),
    ],
)
def test_a_wrong_schedule_is_told_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "schedule.yaml"
    path.write_text(text)
    with pytest.raises(ReportingError, match=sentence) as error:
        read_schedule(path)
    assert "\n" not in str(error.value)


def test_the_projects_own_schedule_can_be_read(request):
    assert read_schedule(request.config.rootpath / "schedule.yaml")[0]
