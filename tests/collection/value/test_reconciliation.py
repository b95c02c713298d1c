"""What came is told in one sentence, and what does not add up is never told as if it did."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics import NotEnough, Sources, draw, features
from crm_analytics.collection.value.reconciliation import LOADED
from crm_analytics.say import Voice, speak
from crm_analytics.warehouse.engine import Warehouse


def fates(*files: tuple[str, str, dict[str, int]], read: int | None = None) -> pd.DataFrame:
    """A table as the feature makes it: files with the lines of each fate, a euro a line."""
    return pd.DataFrame(
        [
            {
                "source": source,
                "file": file,
                "fate": fate,
                "lines": lines,
                "money": float(lines),
                "lines_read": read or sum(parts.values()),
                "money_read": float(read or sum(parts.values())),
                "newest": pd.Timestamp("2025-06-30"),
                "loaded_at": pd.Timestamp("2025-07-01 08:00"),
            }
            for source, file, parts in files
            for fate, lines in parts.items()
        ]
    )


@pytest.fixture(autouse=True)
def euros():
    speak(Voice())


def test_the_sentence():
    result = Sources().fit(fates(("shop", "a.csv", {LOADED: 980, "no price": 20})))
    assert result.text == (
        "1,000 lines came in one file: 980 were loaded and 20 refused (2.0 %), and every line and every "
        "cent is accounted for."
    )
    assert [check.verdict for check in result.checks] == ["holds", "holds", "holds"]
    assert result.refused_share == 0.02


def test_what_is_lost_is_said():
    result = Sources().fit(fates(("shop", "a.csv", {LOADED: 90}), ("shop", "b.csv", {LOADED: 90}), read=100))
    assert "but 20 lines and €20.00 are not accounted for" in result.text
    assert result.checks[0].verdict == "fails"


def test_a_gap_in_one_file_cannot_hide_one_in_another():
    table = fates(("shop", "a.csv", {LOADED: 90}), ("shop", "b.csv", {LOADED: 110}))
    table["lines_read"] = [100, 100]
    table["money_read"] = [100.0, 100.0]
    assert "20 lines" in Sources().fit(table).text


def test_a_bad_file_and_a_stale_source_are_doubts():
    table = fates(("shop", "a.csv", {LOADED: 900, "Date: not a date": 100}), ("till", "b.csv", {LOADED: 10}))
    table.loc[table.source == "till", "newest"] = pd.Timestamp("2025-04-01")
    checks = {check.name: check for check in Sources().fit(table).checks}
    assert checks["refused"].verdict == "weak"
    assert "a.csv lost 10 % of its lines, most of them to: Date: not a date" in checks["refused"].text
    assert checks["fresh"].verdict == "weak"
    assert "till reaches to 1 April 2025, 91 days before" in checks["fresh"].text


def test_money_is_not_asked_of_files_that_carry_none():
    table = fates(("shop", "a.csv", {LOADED: 9, "x": 1})).assign(money=None, money_read=None)
    assert Sources().fit(table).checks[0].verdict == "holds"


def test_no_files_no_answer():
    assert isinstance(Sources().fit(fates(("a", "b", {LOADED: 1})).head(0)), NotEnough)


@pytest.mark.parametrize("knobs", [{"noteworthy_share": 2}, {"noteworthy_share": -0.1}, {"fresh_days": 0}])
def test_knobs_are_checked(knobs):
    with pytest.raises(ValueError, match="try"):
        Sources(**knobs)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([f"{n}.csv" for n in range(14)]),
        st.dictionaries(
            st.sampled_from([LOADED, "no price", "Date: not a date", "<b>"]), st.integers(1, 10**6), min_size=1
        ),
        min_size=1,
    )
)
def test_parts_sum_to_the_whole(files):
    result = Sources().fit(fates(*(("shop", name, parts) for name, parts in files.items())))
    assert "accounted for" in result.text
    assert result.checks[0].verdict == "holds"
    assert result.table.lines.sum() == result.read
    assert result.table.groupby("file").share.sum().round(9).eq(1).all()


def test_what_the_audit_warned_of_stands_beside_the_answer(shop):
    shop.load()
    calm = Sources().fit(features.loads(Warehouse.open(shop.home)))
    assert [check.verdict for check in calm.checks if check.name == "audit"] == ["holds"]
    shop.file("sales.csv", (shop.data / "sales.csv").read_text() + "r9;1;05.01.2025 10:00;ann;fig;1;-1,00;1,00\n")
    shop.load()
    warned = Sources().fit(features.loads(Warehouse.open(shop.home)))
    [check] = [check for check in warned.checks if check.name == "audit"]
    assert (check.verdict, check.text) == ("weak", "1 of 5 rows of order lines from shop break «price >= 0».")


def test_the_picture_shows_both_sides(shop):
    shop.file("sales.csv", (shop.data / "sales.csv").read_text() + "r9;1;05.01.2025 10:00;ann;fig;1;0,00;0,00\n")
    shop.load()
    result = Sources().fit(features.loads(Warehouse.open(shop.home)))
    figure = draw(result)
    assert figure.layout.title.text == "1 of 7 lines were refused (14 %); the rest was loaded"
    assert [sum(bar.x) for bar in figure.data] == [6, 1, 1]
    assert "<b>" not in str(draw(Sources().fit(fates(("s", "<b>.csv", {"<b>": 1})))))
