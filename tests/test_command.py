"""The `crm` command: what it prints is for people or pure JSON, and what is wrong is one sentence, not a traceback."""

import json
import subprocess
import sys
import time

import pytest

from crm_analytics import __main__ as command
from crm_analytics.command import releases
from crm_analytics.reporting.edition import owner_of
from crm_analytics.warehouse.engine import Warehouse


@pytest.fixture
def crm(monkeypatch, capsys, company_home):
    """Run the command in this process: exit code, what was printed, what was said beside it."""
    monkeypatch.setenv("CRM_HOME", str(company_home))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["crm", *map(str, words)])
        try:
            command.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_help_comes_at_once():
    began = time.process_time()
    code = "import sys; from crm_analytics.__main__ import main; sys.argv = ['crm', '--help']\n"
    code += "try: main()\nexcept SystemExit: pass\n"
    code += "print({'pandas', 'numpy', 'plotly', 'rich'} & set(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.process_time() - began < 1
    assert done.stderr.strip() == "set()"
    for name in ("demo", "load", "tables", "releases", "quarantine", "ask", "report", "schedule"):
        assert f"\n  {name} " in done.stdout


def test_a_company_without_a_release_is_told_in_one_sentence(crm, tmp_path):
    for words in (["releases"], ["tables"], ["quarantine"], ["ask", "sales"], ["report", "21_sales"]):
        code, out, err = crm("--home", tmp_path, *words)
        assert (code, out) == (1, "")
        assert err.startswith("There is no release in")
        assert err.count("\n") == 1


def test_home_may_stand_before_or_after(crm, tmp_path):
    for words in (["--home", tmp_path, "releases"], ["releases", "--home", tmp_path]):
        assert str(tmp_path) in crm(*words)[2]


def test_releases_and_quarantine_as_json(crm):
    code, out, err = crm("releases", "--json")
    assert (code, err) == (0, "")
    assert [release["release"] for release in json.loads(out)] == [1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["releases", "roll-back", "1"], "is the newest one"),
        (["releases", "roll-back", "9"], "does not exist"),
        (["releases", "compare"], "the oldest one there is"),
        (["releases", "retain"], "Say how much to keep"),
        (["releases", "retain", "--keep", "0"], "would leave nothing"),
        (["releases", "retain", "--keep", "1", "--reports", "no_such"], "There is no folder of reports"),
        (["releases", "unpin", "1"], "is not pinned"),
        (["quarantine", "replay", "no_such.yaml"], "There is no map"),
    ],
)
def test_what_cannot_be_done_with_releases_is_one_sentence(crm, words, sentence):
    code, out, err = crm(*words)
    assert (code, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_release_that_a_report_names_or_somebody_pins_stays(crm, tmp_path):
    record = {"edition": "21_sales", "owner": owner_of(Warehouse.open().home), "company": "Nordhaus", "title": "Sales"}
    record |= {"state": "answered", "sentence": "", "release": 1, "facts_until": None, "made_at": "", "seconds": 1.0}
    page = tmp_path / "2025-07-01" / "nordhaus" / "21_sales.json"
    page.parent.mkdir(parents=True)
    page.write_text(json.dumps(record))
    assert crm("releases", "pin", "1", "--why", "the year's closing")[0] == 0
    told = crm("releases", "retain", "--days", "1", "--dry-run", "--reports", tmp_path)[1]
    assert "pinned: the year's closing" in told
    assert "named by 2025-07-01/21_sales" in told
    assert "Would remove 0 releases" in told
    assert json.loads(crm("releases", "--json")[1])[0]["pinned"] == "the year's closing"
    assert crm("releases", "unpin", "1") == (0, "", "")
    assert crm("releases", "stopped")[1] == "Nothing.\n"


def test_tables_say_what_can_be_asked(crm):
    code, out, _ = crm("tables", "--json")
    told = json.loads(out)
    assert code == 0
    assert "orders" in json.dumps(told)
    assert "customer_value" in json.dumps(told)
    assert "customer_value" in crm("tables")[1]


def test_whom_a_rule_means_is_counted_and_listed_where_asked(crm, tmp_path):
    rule = 'spent over 400 in the last year or orders at least 3 in the last 6 months'
    code, out, err = crm("segment", rule, "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["rule"] == rule
    assert 0 < told["customers"] < 2000
    assert told["listed"] == 0
    listed = tmp_path / "list.csv"
    assert f"30 ids are in {listed}" in crm("segment", rule, "--sample", 30, "--out", listed)[1]
    lines = listed.read_text("utf-8").splitlines()
    assert lines[0] == "customer_id,reason"
    assert len(lines) == 31
    code, _, err = crm("segment", rule, "--out", listed)
    assert code == 1
    assert "name a new file" in err


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("regoin is Riga", "There is no 'regoin'; did you mean region? (character 1)."),
        ("orders over 3 and age ovr 40", "'ovr' is not understood; did you mean over? (character 23)."),
        ("orders over 100000", "none of"),
        ("", "The rule is empty"),
    ],
)
def test_a_rule_that_cannot_be_is_one_sentence(crm, rule, told):
    code, out, err = crm("segment", rule)
    assert (code, out) == (1, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_study_is_asked(crm):
    code, out, err = crm("ask", "abc", "-p", "a_share=0.7", "-p", "as_of=2025-01-01", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["study"] == "abc"
    assert told["knobs"]["a_share"] == 0.7
    assert told["as_of"] == "2025-01-01"
    assert (told["release"], told["company"], told["enough"]) == (1, "Nordhaus", True)
    assert told["table"]
    assert {check["verdict"] for check in told["checks"]} <= {"holds", "weak", "fails"}
    plain = crm("ask", "abc", "-p", "a_share=0.7", "-p", "as_of=2025-01-01")[1]
    assert plain.startswith(told["text"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["ask", "abcd"], "There is no Study 'abcd'; did you mean abc?"),
        (["ask", "zzz"], "there are abc"),
        (["ask", "abc", "-p", "a_shar=1"], "did you mean 'a_share'"),
        (["ask", "abc", "-p", "a_share=much"], "a_share must be a number"),
        (["ask", "abc", "-p", "a_share=2"], "The shares must rise"),
        (["ask", "abc", "-p", "as_of=2025-02-30"], "a day that exists"),
        (["ask", "abc", "-p", "a_share"], "name=value"),
        (["ask", "abc", "-p", "a_share=.7", "-p", "a_share=.8"], "twice"),
        (["report", "no_such_page"], "There is no notebook 'no_such_page'"),
        (["report", "21_sale"], "did you mean 21_sales?"),
        (["report", "21_sales", "-p", "as_off=2025-01-01"], "did you mean 'as_of'?"),
        (["report", "-p", "nonsense=1"], "No notebook has a parameter 'nonsense'"),
        (["report", "21_sales", "-p", "as_of=1st of May"], "a day that exists"),
        (["load", "no_such_map.yaml"], "no_such_map.yaml"),
        (["schedule", "tick", "--file", "no_such.yaml"], "There is no no_such.yaml"),
    ],
)
def test_what_is_wrong_is_one_sentence(crm, words, sentence):
    code, out, err = crm(*words)
    assert (code, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_what_a_file_says_does_not_command_the_terminal(crm, tmp_path):
    (tmp_path / "people.csv").write_text("\x1b]0;pwned\x07id,\x1b[31mname\n1,Anna\n", "utf-8")
    map = tmp_path / "map.yaml"
    map.write_text("{source: till, files: {people: {path: people.csv}}, "
                   "tables: {customers: {from: people, columns: {customer_id: id}}}}", "utf-8")  # fmt: skip
    for words in (["load", map, "--data", tmp_path], ["map", "check", map, "--data", tmp_path]):
        code, out, err = crm(*words)
        assert code == 1
        assert "There are: ·]0;pwned·id" in out + err
        assert "\x1b" not in out + err


def test_an_error_of_ours_is_not_hidden(crm, monkeypatch):
    monkeypatch.setattr(releases, "warehouse", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        crm("releases")


def test_a_failed_edition_makes_the_command_fail_and_the_index_says_so(crm, tmp_path):
    cells = [
        {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None, "source": "1 / 0"}
    ]
    bad = tmp_path / "bad.ipynb"
    bad.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    code, out, _ = crm("report", bad, "--out", tmp_path / "reports")
    assert code == 1
    index = out.splitlines()[-1]
    assert index.endswith("index.html")
    assert "ZeroDivisionError" in (tmp_path / index).read_text()


def test_a_schedule_sends_once_what_is_due(crm, tmp_path):
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text(
        f"reports: {{daily: {{cron: '0 0 * * *', home: '{tmp_path}/none', notebooks: [21_sales], out: '{tmp_path}'}}}}"
    )
    code, out, err = crm("schedule", "tick", "--file", schedule)
    assert code == 1
    assert "failed" in out
    assert "There is no release" in err
    assert crm("schedule", "tick", "--file", schedule) == (0, "", "")
