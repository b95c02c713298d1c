"""Spoilt files: no traceback, no half release; every line is loaded or refused, or one sentence says why not."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_analytics.warehouse.release import WarehouseError

MUTANTS, PROCESSES = int(os.environ.get("CRM_MUTANTS", "400")), 2


def good_file(rows: int = 40) -> str:
    who = ("ann", "ben", "")
    head = "Receipt;Line;Date;Customer;Product;Quantity;Price;Sum\n"
    return head + "".join(
        f'r{i // 2};{i % 2 + 1};{i % 28 + 1:02}.01.2025 10:00;{who[i % 3]};"fig; {i}";{i + 1};1,50;{i},25\n'
        for i in range(rows)
    )


def sound(report) -> None:
    """Whatever was published or stopped, its lines and its money add up."""
    for account in report.accounts:
        assert account.reconciles
        refused = sum(r.lines for r in report.refusals if r.file == account.file)
        assert refused == account.lines_quarantined


def test_spoilt_files_of_every_format_end_in_a_reconciled_report_or_one_sentence(tmp_path):
    script, share = Path(__file__).parent / "mutants.py", MUTANTS // PROCESSES
    running = []
    for first in range(1, MUTANTS, share):
        folder = tmp_path / str(first)
        folder.mkdir()
        command = [sys.executable, str(script), str(folder), str(first), str(first + share)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    ends: Counter[str] = Counter()
    for one in running:
        out, trouble = one.communicate()
        assert one.returncode == 0, trouble[-3000:]
        ends.update(json.loads(out))
    assert ends.total() == MUTANTS
    for name in {end.partition(":")[0] for end in ends}:
        assert ends[f"{name}: published"] > MUTANTS // 100, ends
        assert ends[f"{name}: sentence"] > MUTANTS // 150, ends
    assert sum(many for end, many in ends.items() if end.endswith("stopped")) > MUTANTS // 30, ends


cell = st.one_of(
    st.sampled_from(
        ["r1", "r2", "1", "2", "ann", "x", "05.01.2025 10:00", "1,50", "-2,00", "0,00", "", "  ", "1.5", '"', '""']
    ),
    st.text(st.characters(codec="utf-8"), max_size=5),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(cell, min_size=6, max_size=9), max_size=12))
def test_any_lines_reconcile(shop, rows):
    shop.map = (
        shop.map.replace("    decimal:", "    tolerate: 1\n    decimal:", 1) if "tolerate" not in shop.map else shop.map
    )
    body = "".join(";".join(row) + "\n" for row in rows)
    shop.file("sales.csv", good_file(4) + body)
    sound(shop.load())


@pytest.mark.parametrize("name", ["a;b.csv", "sales'); DROP.csv", "sales\n.csv", "sales‮.csv", "sales [1].csv"])
def test_file_names_are_data(shop, name):
    (shop.data / "sales.csv").unlink()
    shop.file(name, good_file())
    shop.map = shop.map.replace("path: sales*.csv", 'path: "*.csv"', 1) if not name.startswith("sales") else shop.map
    if name.startswith("sales"):
        assert name in shop.load().files.file.tolist()
    else:
        with pytest.raises(WarehouseError):
            shop.load()
