"""The index tells the state of a day, also when its editions are made one at a time, and nothing old looks fresh."""

from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from crm_analytics.reporting import catalogue
from crm_analytics.reporting.edition import Edition, Facts, Record, slug, write_whole

FACTS = Facts(
    home="/a", company="Nordhaus", release=3, published_at="2025-07-01T06:00:00+00:00", facts_until="2025-06-30"
)


@pytest.fixture
def put(tmp_path):
    """Put an edition's record out and rebuild the index; the index comes back as a soup."""

    def put(name="21_sales", stage="2_planning", state="answered", facts=FACTS, **values):
        edition = Edition(
            notebook=f"/x/notebooks/{stage}/{name}.ipynb",
            values=values,
            facts=facts,
            day_folder=str(tmp_path / "2025-07-01"),
        )
        record = Record.of(edition, state=state, title=f"{name}?", sentence=f"Answer of {name}.", seconds=1)
        edition.folder.mkdir(parents=True, exist_ok=True)
        record.write(edition.folder)
        index = catalogue.rebuild(Path(edition.day_folder))
        return BeautifulSoup(index.read_text("utf-8"), "html.parser")

    return put


def test_it_lists_every_edition_in_the_order_of_the_cycle(put):
    put("41_work", "4_effectiveness", "failed")
    put("31_audience", "3_execution", "absent")
    put("21_sales", "2_planning", "doubtful")
    soup = put("11_sources", "1_collection")
    assert [h.text for h in soup.select("h3")] == ["Collection", "Planning", "Execution", "Effectiveness"]
    assert [li["class"][0] for li in soup.select(".editions > li")] == ["answered", "doubtful", "absent", "failed"]
    assert soup.select_one(".answer").text == "Answer of 11_sources."
    assert "30 June 2025" in soup.select_one(".freshness").text
    assert [a["href"] for a in soup.select(".failed a")] == ["nordhaus/41_work.failed.ipynb"]


def test_made_again_one_stands_once_and_the_others_stay(put):
    put("21_sales", state="failed")
    put("22_value")
    soup = put("21_sales", state="answered")
    assert [h.text for h in soup.select("h4")] == ["21_sales?", "22_value?"]
    assert not soup.select("li.failed")


def test_the_same_notebook_asked_otherwise_is_another_edition(put):
    put("21_sales")
    put("21_sales", region="Riga")
    soup = put("21_sales", region="Vilnius")
    assert [p.text for p in soup.select(".editions .given")] == ["region = Riga", "region = Vilnius"]
    assert len({a["href"] for a in soup.select("h4 a")}) == 3


def test_what_was_made_from_an_older_release_says_so(put):
    put("21_sales")
    soup = put("22_value", facts=replace(FACTS, release=4, facts_until="2025-07-31"))
    assert "release 4" in soup.select_one(".freshness").text
    (stale,) = soup.select(".stale")
    assert stale.text == "From the older release 3, facts until 30 June 2025."


def test_two_companies_of_one_name_do_not_mix(put):
    put("21_sales")
    soup = put("21_sales", facts=replace(FACTS, home="/b"))
    assert [h["href"] for h in soup.select("h4 a")] == ["nordhaus/21_sales.html", "nordhaus-2/21_sales.html"]
    assert len(soup.select("section.company")) == 2


def test_other_peoples_files_are_nobodys_business(put, tmp_path):
    folder = tmp_path / "2025-07-01" / "nordhaus"
    folder.mkdir(parents=True)
    (folder / "own.json").write_text('{"owner": "somebody"}')
    (folder / "broken.json").write_text("{")
    assert len(put("21_sales").select(".editions > li")) == 1


@pytest.mark.parametrize("text", ["Рига & Ко", "../../etc/passwd", "a b__c", "…", "x" * 300])
def test_a_name_becomes_a_file_name(text):
    made = slug(text)
    assert made
    assert len(made) <= 80
    assert not set(made) & set("/\\. &")


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    write_whole(tmp_path / "a", "old")
    with pytest.raises(TypeError):
        write_whole(tmp_path / "a", 5)
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
