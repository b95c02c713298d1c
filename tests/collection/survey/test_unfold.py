"""Exports of different survey tools become the same answers; what is no answer is set aside, not counted."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.collection.survey.spec import SurveySpec
from crm_analytics.collection.survey.unfold import AGAIN, AGAIN_CUSTOMER, NO_ANSWERS, TEST, unfolded

RUSSIAN_TEXT = """\
ID|Дата завершения|Номер карты|Вес|Вы довольны?|||Где ещё вы покупаете?||||Порекомендуете нас друзьям?|Что улучшить?
||||Доставка|Цены|Персонал|Рынок|Интернет|Магазин|Другое (укажите)|Response|Открытый ответ
101|01.10.2024|N1|1,2|Полностью удовлетворен|Скорее не удовлетворен|||Интернет|||9|Быстрее доставку
102|02.10.2024|N2|0,8|Совершенно не удовлетворен|Затрудняюсь ответить|Скорее удовлетворен|Рынок|Интернет||у соседа|10|
103|02.10.2024||1||||||||0|Цены ниже, пишите на a@b.com
104|02.10.2024|N2|1|Полностью удовлетворен||||||||
105|02.10.2024||1|||||||||
106|03.10.2024|N6|1|Скорее удовлетворен||Ни да, ни нет|||Магазин||7|Хамят
"""
RUSSIAN = [line.split("|") for line in RUSSIAN_TEXT.splitlines()]


def answers(found, respondent):
    return {(r.answer.question, r.answer.item): r.answer for r in found.records if r.respondent == respondent}


def test_two_header_rows_in_russian():
    found = unfolded(RUSSIAN)
    assert found.header == 2
    assert found.respondents == 4
    first = answers(found, "101")
    satisfied = first["Вы довольны?", "Доставка"]
    assert (satisfied.kind, satisfied.position, satisfied.lowest, satisfied.highest) == ("scale", 5, 1, 5)
    assert ("Вы довольны?", "Персонал") not in first, "an empty cell is no answer"
    bought = {item: one.text for (question, item), one in first.items() if question.startswith("Где")}
    assert bought == {"Рынок": "no", "Интернет": "yes", "Магазин": "no"}
    recommend = first["Порекомендуете нас друзьям?", ""]
    assert (recommend.position, recommend.lowest, recommend.highest) == (9, 0, 10)
    assert first["Что улучшить?", ""].kind == "open"
    unknown = answers(found, "102")["Вы довольны?", "Цены"]
    assert unknown.position is None
    one = next(r for r in found.records if r.respondent == "101")
    assert (one.customer, one.weight, one.date) == ("N1", "1,2", "01.10.2024")


def test_whoever_did_not_answer_did_not_say_no():
    assert not [key for key in answers(unfolded(RUSSIAN), "103") if key[0].startswith("Где")]


def test_a_customer_counts_once_and_empty_answers_do_not():
    assert unfolded(RUSSIAN).aside == [(5, AGAIN_CUSTOMER), (6, NO_ANSWERS)]


def test_of_two_answers_of_a_respondent_the_fuller_counts():
    rows = [["Respondent ID", "Rate us 1-5", "Rate it 1-5"], *([str(i), str(i % 5 + 1), "3"] for i in range(9))]
    rows += [["3", "5", ""], ["4", "2", "2"]]
    rows[1][2] = "4"
    found = unfolded(rows)
    assert found.aside == [(5, AGAIN), (10, AGAIN)]
    assert answers(found, "4")["Rate us 1-5", ""].position == 2


def test_one_header_row_with_brackets_and_options_in_one_cell():
    draw = random.Random(1)
    options = ["Email", "Phone", "Shop, in person", "Web"]
    body, chosen = [], []
    for i in range(40):
        some = [one for one in options if draw.random() < 0.5] or ["Web"]
        chosen.append(some)
        body.append([f"2024/10/{i % 9 + 1:02d} 10:00", str(i % 5 + 1), "4", ", ".join(some), str(i % 11), f"u{i}@x.lv"])
    heading = ["Timestamp", "How satisfied are you [Delivery]", "How satisfied are you [Prices]"]
    heading += ["Which channels do you use?", "How likely are you to recommend us?", "Your contact"]
    found = unfolded([heading, *body])
    assert found.respondents == 40
    for line, some in enumerate(chosen, 2):
        said = answers(found, f"line {line}")
        marked = {item for (question, item), one in said.items() if question.startswith("Which") and one.text == "yes"}
        assert marked == set(some)
        assert said["How satisfied are you", "Delivery"].kind == "scale"
    assert not [r for r in found.records if "@" in r.answer.text], "an address is no answer, whatever its heading says"
    assert found.records[0].email == "u0@x.lv"


def test_qualtrics_with_its_line_of_json_and_a_trial_run():
    rows = [
        ["StartDate", "EndDate", "Status", "ResponseId", "Q1_1", "Q1_2", "Q2"],
        ["Start Date", "End Date", "Response Type", "Response ID", "Rate us - Speed", "Rate us - Price - now", "Why?"],
        ['{"ImportId":"startDate"}', *['{"ImportId":"x"}'] * 6],
        ["2024-01-01 10:00", "2024-01-01 10:05", "Survey Preview", "R_0", "5 - Very good", "1 - Very bad", "x y z"],
        ["2024-01-01 10:00", "2024-01-01 10:05", "IP Address", "R_1", "5 - Very good", "1 - Very bad", "it is so slow"],
        ["2024-01-01 10:00", "2024-01-01 10:05", "IP Address", "R_2", "3 - Fair", "2", "too dear for me to buy"],
    ]
    found = unfolded(rows)
    assert (found.header, found.respondents, found.aside) == (3, 2, [(3, TEST)])
    assert answers(found, "R_1")["Rate us", "Speed"].position == 5
    assert answers(found, "R_2")["Rate us", "Price - now"].position == 2
    assert answers(found, "R_1")["Why?", ""].kind == "open"


def test_numbers_that_count_something_are_no_scale():
    rows = [["ID", "How many children do you have?", "Age", "Rate us (1-7)", "Satisfaction"]]
    rows += [[str(100 + i), str(i % 4), str(20 + i), str(i % 6 + 1), str(i % 5 + 1)] for i in range(30)]
    kinds = {r.answer.question: (r.answer.kind, r.answer.highest) for r in unfolded(rows).records}
    assert kinds["How many children do you have?"] == ("number", None)
    assert kinds["Age"] == ("number", None)
    assert kinds["Rate us (1-7)"] == ("scale", 7)
    assert kinds["Satisfaction"] == ("scale", 5)


def test_commas_within_answers_do_not_make_several():
    rows = [["ID", "Is it rude?"]]
    rows += [[str(i), ("No, not rude at all", "Yes, somewhat rude", "Yes, very rude")[i % 3]] for i in range(30)]
    assert {r.answer.kind for r in unfolded(rows).records} == {"scale"}


def test_a_map_can_say_what_the_data_do_not():
    rows = [["Code", "Mood", "Secret"], *([f"a{i}", ("meh", "fine", "wow")[i % 3], "x"] for i in range(12))]
    spec = SurveySpec(stated=(("respondent", "Code"),), ignored=("Secret",), scales=(("meh", "fine", "wow"),))
    found = unfolded(rows, spec)
    assert {r.answer.question for r in found.records} == {"Mood"}
    assert answers(found, "a2")["Mood", ""].position == 3


CELLS = st.one_of(
    st.text(max_size=8), st.sampled_from(["1", "5", "Yes", "", "a; b", "Very good", "Don't know", "a@b.cc"])
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=7), min_size=2, max_size=12))
def test_whatever_comes_no_answer_is_lost_or_made_up(rows):
    found = unfolded(rows)
    keys = Counter((r.respondent, r.answer.question, r.answer.item) for r in found.records)
    assert not keys or keys.most_common(1)[0][1] == 1
    aside = {row for row, _ in found.aside}
    assert not aside & {r.row for r in found.records}
    assert all(
        r.answer.position is None or r.answer.lowest is None or r.answer.position >= r.answer.lowest
        for r in found.records
    )


@pytest.mark.parametrize("rows", [[], [[]], [["a"]], [["", ""], ["", ""]]])
def test_nothing_holds_no_answers(rows):
    assert not unfolded(rows).records
