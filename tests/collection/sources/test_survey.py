"""A survey export is loaded by a map that took no code, as text or as a workbook."""

import csv

import pytest
from openpyxl import Workbook

from crm_analytics.collection.loading.load import load
from crm_analytics.collection.mapping.section import MapError
from crm_analytics.collection.sources.source import SourceError
from crm_analytics.warehouse.engine import Warehouse
from tests.collection.survey.test_unfold import RUSSIAN

MAP = """
source: poll
company: {name: Опрос, currency: RUB, country: RU, language: ru}
files:
  answers: {path: "poll.*", format: survey, decimal: ",", tolerate: 0.5%s}
tables:
  customers: {from: answers, rows: customer, columns: {customer_id: customer}}
  survey_answers:
    from: answers
    columns:
      survey: {constant: Осень}
      respondent_id: respondent
      customer_id: customer
      question: question
      item: item
      kind: kind
      answer: answer
      position: position
      lowest: lowest
      highest: highest
      weight: weight
      answered_at: {column: date, format: ["%%d.%%m.%%Y", "%%Y-%%m-%%d %%H:%%M:%%S"]}
"""


def loaded(tmp_path, write, more=""):
    folder = tmp_path / "incoming"
    folder.mkdir()
    (tmp_path / "poll.yaml").write_text(MAP % more, "utf-8")
    write(folder)
    report = load(tmp_path / "poll.yaml", data=folder, home=tmp_path / "home")
    assert report.published, report.text
    return Warehouse.open(tmp_path / "home")


def as_text(folder):
    with (folder / "poll.csv").open("w", encoding="cp1251", newline="") as file:
        csv.writer(file, delimiter=";").writerows(RUSSIAN)


def as_workbook(folder):
    book = Workbook()
    for row in RUSSIAN:
        book.active.append([cell or None for cell in row])
    for first, last in (("E1", "G1"), ("H1", "K1")):
        book.active.merge_cells(f"{first}:{last}")
    book.save(folder / "poll.xlsx")


@pytest.mark.parametrize(("write", "more"), [(as_text, ", encoding: cp1251"), (as_workbook, "")])
def test_an_export_in_russian_with_two_header_rows(tmp_path, write, more):
    wh = loaded(tmp_path, write, more)
    rows = wh.survey_answers.to_pandas()
    assert rows.respondent_id.nunique() == 4
    assert set(rows.customer_id.dropna()) == {"N1", "N2", "N6"}
    delivery = rows[rows.item == "Доставка"].set_index("respondent_id")
    assert delivery.position.to_dict() == {"101": 5, "102": 1, "106": 4}
    assert rows.weight.max() == 1.2
    assert rows.answered_at.nunique() == 3
    told = wh.loads.to_pandas().iloc[0]
    assert told.lines_read == told.lines_loaded + told.lines_quarantined == len(rows) + 2
    refused = wh.quarantine.to_pandas().sort_values("line_no")
    assert refused.line_no.tolist() == [6, 7]


def test_flying(tmp_path, datasets):
    home = tmp_path / "home"
    report = load("maps/survey_flying_538.yaml", data=datasets / "survey_flying_538", home=home)
    assert report.published, report.text
    rows = Warehouse.open(home).survey_answers.to_pandas()
    assert rows.respondent_id.nunique() == 1040
    assert rows.question.nunique() == 26
    raw = list(csv.reader((datasets / "survey_flying_538" / "flying-etiquette.csv").open(encoding="utf-8-sig")))
    assert len(rows) == sum(cell != "" for row in raw[1:] for cell in row[1:])
    rude = rows[rows.question.str.contains("unruly")]
    assert rude.groupby("position").size().to_dict() == {1: 147, 2: 351, 3: 351}
    travel = rows[rows.question.str.startswith("How often")].drop_duplicates("answer").sort_values("position")
    assert travel.answer.tolist()[::5] == ["Never", "Every day"]


def test_what_a_map_says_wrong_of_a_survey_is_a_sentence(tmp_path):
    with pytest.raises(MapError, match="a list of scales"):
        loaded(tmp_path, as_text, ", survey: {scales: [bad, good]}")


def test_an_export_without_answers_is_a_sentence(tmp_path):
    with pytest.raises(SourceError, match="holds no answers"):
        loaded(tmp_path, lambda folder: (folder / "poll.csv").write_text("ID,Question\n", "utf-8"))
