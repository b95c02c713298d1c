"""Editions run in supervised processes: what fails is told and kept, what hangs is ended, nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from crm_analytics.reporting import ReportingError
from crm_analytics.reporting.edition import Record
from crm_analytics.reporting.notebooks import notebook_named
from crm_analytics.reporting.run import publish

SEALED = """import ipykernel, json, os, sys
assert json.load(open(ipykernel.get_connection_file()))["transport"] == "ipc"
assert os.environ["CRM_RELEASE"] == "3" and os.environ["CRM_STILL"] == "1" and sys.executable == {python!r}
assert os.environ["CRM_HOME"].endswith("home") and weeks == 6 and region is None"""

HANG = """import os, subprocess
from pathlib import Path
sleeper = subprocess.Popen(["sleep", "600"], start_new_session=True, env={{**os.environ}})
Path({pids!r}).write_text(f"{{os.getpid()}} {{sleeper.pid}}")
while True: pass"""


@pytest.fixture(scope="module")
def out(edition, place, answer):
    """Seven editions, run together where another `python3` kernel is installed that does not work."""
    kernels = place / "jupyter" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "x", "language": "python"}))
    editions = [
        edition(
            "21_good",
            SEALED.format(python=sys.executable),
            answer,
            "Toy(weeks=weeks).fit(frame)",
            values={"weeks": 6, "region": None},
        ),
        edition("22_fails", "raise ValueError('Ivan Petrov, +371 2000')"),
        edition("23_knob", "from crm_analytics import ABC", "ABC(a_share=2.0)"),
        edition("24_killed", "import os; os.kill(os.getpid(), 9)"),
        edition(
            "25_absent",
            "class TableAbsent(Exception): pass",
            "raise TableAbsent('Nordhaus has no stock; with it you would see gaps.')",
        ),
        edition(
            "26_late",
            answer,
            "Toy().fit(frame)",
            "class TableAbsent(Exception): pass",
            "raise TableAbsent('Nordhaus has no stock; with it you would see gaps.')",
        ),
        edition(
            "27_built_on_nothing",
            answer,
            "Toy().fit(frame)",
            "none = Toy().refuse('Not enough evidence: 1 of 2.')",
            "none.against(frame)",
        ),
    ]
    active, most = set(), []

    def told(edition, step, record):
        (active.discard if record else active.add)(edition.name)
        most.append(len(active))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(place / "jupyter"))
        records = publish(editions, told=told)
    return {
        "records": {r.edition: r for r in records},
        "folder": editions[0].folder,
        "most": max(most),
        "day": Path(editions[0].day_folder),
    }


def of(out, start):
    return next(record for name, record in out["records"].items() if name.startswith(start))


def test_a_good_one_is_answered_with_its_first_result(out):
    record = of(out, "21_good")
    assert (record.state, record.sentence, record.title) == (
        "answered",
        "€41,200 (18,900–63,000) in 6 weeks.",
        "Is it so?",
    )
    assert record.given == "weeks = 6, region = none"
    assert (out["folder"] / record.page).exists()
    assert record.kept is None


def test_a_failure_is_told_without_what_the_data_say_and_its_notebook_is_kept(out):
    record = of(out, "22_fails")
    assert (record.state, record.page) == ("failed", None)
    assert "step 2 of 2" in record.sentence
    assert "ValueError" in record.sentence
    kept = nbformat.read(out["folder"] / record.kept, as_version=4)
    assert any(
        o.output_type == "error" and "Ivan Petrov" in o.evalue
        for c in kept.cells
        if c.cell_type == "code"
        for o in c.outputs
    )
    told = [p.read_text() for p in out["day"].rglob("*") if p.is_file() and p.suffix in (".html", ".json")]
    assert not [text for text in told if "Ivan" in text]


def test_what_is_wrong_with_a_knob_is_told_in_full(out):
    assert of(out, "23_knob").sentence.startswith("Stopped in step 3 of 3: The shares must rise")


def test_a_killed_kernel_is_a_failure_with_a_notebook(out):
    record = of(out, "24_killed")
    assert record.state == "failed"
    assert "kernel died in step 2 of 2" in record.sentence
    assert (out["folder"] / record.kept).exists()


def test_an_absent_table_is_neither_green_nor_red(out):
    record = of(out, "25_absent")
    assert (record.state, record.sentence) == ("absent", "Nordhaus has no stock; with it you would see gaps.")
    assert record.kept is None


def test_an_answer_counts_though_a_later_question_lacks_its_table(out):
    record = of(out, "26_late")
    assert (record.state, record.sentence) == ("answered", "€41,200 (18,900–63,000) in 4 weeks.")
    assert "Nordhaus has no stock; with it you would see gaps." in [doubt["text"] for doubt in record.doubts]
    assert "Here the page ends." in (out["folder"] / record.page).read_text()


def test_a_page_that_builds_on_no_answer_ends_there_with_a_doubt(out):
    record = of(out, "27_built")
    assert (record.state, record.sentence) == ("doubtful", "€41,200 (18,900–63,000) in 4 weeks.")
    assert [doubt["text"] for doubt in record.doubts] == ["Not enough evidence: 1 of 2."]
    assert "Here the page ends." in (out["folder"] / record.page).read_text()


def test_two_run_at_a_time(out):
    assert out["most"] == 2


def test_nothing_is_left_but_pages_records_and_kept_notebooks(out):
    assert {path.suffix for path in out["folder"].iterdir()} == {".html", ".json", ".ipynb"}
    assert [Record.read(path) for path in sorted(out["folder"].glob("*.json"))] == sorted(
        out["records"].values(), key=lambda r: r.edition
    )


def alive(pids: Path) -> list[int]:
    return [
        pid
        for pid in map(int, pids.read_text().split())
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"
    ]


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.1)


def test_an_endless_loop_is_ended_with_all_it_started(edition, tmp_path):
    pids = tmp_path / "pids"
    endless = edition("31_endless", HANG.format(pids=str(pids)))
    (record,) = publish([endless], limit_seconds=15)
    assert record.state == "failed"
    assert "step 2 of 2 after 15" in record.sentence
    assert (endless.folder / record.kept).exists()
    assert alive(pids) == []


def test_an_interrupt_leaves_no_process_and_publishes_nothing(edition, tmp_path):
    pids = tmp_path / "pids"
    endless = edition("32_endless", HANG.format(pids=str(pids)))

    def interrupt(edition, step, record):
        if pids.exists() and pids.read_text():
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        publish([endless], told=interrupt)
    assert alive(pids) == []
    assert not [
        path for path in endless.folder.iterdir() if "32_endless" in path.name or path.name.startswith(".making")
    ]


def test_when_the_parent_is_killed_nothing_lives_on(edition, tmp_path):
    pids = tmp_path / "pids"
    endless = edition("33_endless", HANG.format(pids=str(pids)))
    code = "import sys; from crm_analytics.reporting.run import *; publish([Edition.from_json(sys.argv[1])])"
    parent = subprocess.Popen([sys.executable, "-c", code, endless.to_json()])
    try:
        wait_for(lambda: pids.exists() and pids.read_text())
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: alive(pids) == [])
    wait_for(lambda: not list(endless.folder.glob(".making*")))


def test_a_notebook_is_found_by_its_number(tmp_path, monkeypatch):
    (tmp_path / "notebooks" / "2_planning").mkdir(parents=True)
    for name in ("21_sales", "22_customer_value"):
        (tmp_path / "notebooks" / "2_planning" / f"{name}.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    assert notebook_named("22").stem == notebook_named("22_customer_value").stem == "22_customer_value"
    with pytest.raises(ReportingError, match="21_sales, 22_customer_value"):
        notebook_named("2")
    (tmp_path / "notebooks" / "2_planning" / "22_clusters.ipynb").touch()
    with pytest.raises(ReportingError, match="number of 22_clusters, 22_customer_value"):
        notebook_named("22")
