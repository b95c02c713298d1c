"""Scales in words are put in order in two languages, and what is no scale is not made one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.collection.survey.scales import levels, placeless, plain, ranks

SCALES = (
    "Very dissatisfied|Dissatisfied|Neither satisfied nor dissatisfied|Satisfied|Very satisfied",
    "Strongly disagree|Disagree|Neutral|Agree|Strongly agree",
    "Not at all important|Slightly important|Moderately important|Very important|Extremely important",
    "Not satisfied|Somewhat satisfied|Satisfied|Very satisfied",
    "Much worse|Somewhat worse|About the same|Somewhat better|Much better",
    "Very difficult|Difficult|Neutral|Easy|Very easy",
    "No, not rude at all|Yes, somewhat rude|Yes, very rude",
    "Poor|Fair|Good|Very good|Excellent",
    "Never|Rarely|Sometimes|Often|Always",
    "Never|Once a year or less|Once a month or less|A few times per month|A few times per week|Every day",
    "Совершенно не согласен|Скорее не согласен|Нейтрально|Скорее согласен|Полностью согласен",
    "Совершенно не удовлетворён|Скорее не удовлетворен|Ни да, ни нет|Скорее удовлетворен|Полностью удовлетворен",
    "Очень недоволен|Недоволен|Нейтрально|Доволен|Очень доволен",
    "Совсем не важно|Не очень важно|Скорее важно|Важно|Очень важно",
    "Очень плохо|Плохо|Удовлетворительно|Хорошо|Отлично",
    "Реже раза в год|Несколько раз в месяц|Раз в неделю|Ежедневно",
)


@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_is_put_in_order_however_its_words_come(scale):
    words = scale.split("|")
    shuffled = random.Random(1).sample(words, len(words))
    found = ranks(levels([word.upper() + " " for word in shuffled]))
    assert [found[plain(word)] for word in words] == list(range(1, len(words) + 1))


@pytest.mark.parametrize(
    "words",
    [
        "Yes|No",
        "Male|Female|Other",
        "Less than $25,000|$25,000 - $49,999|$50,000 - $99,999",
        "Riga|Tallinn|Vilnius",
        "Delivery|Prices|Staff",
        "Completely satisfied|Totally satisfied|Satisfied",
        "Красный|Синий|Зелёный",
    ],
)
def test_what_is_no_scale_is_not_made_one(words):
    assert levels(words.split("|")) is None


@pytest.mark.parametrize(
    "word", ["N/A", "Don't know", "Not applicable", "Затрудняюсь ответить", "Не знаю", "Prefer not to say"]
)
def test_no_opinion_has_no_place(word):
    assert placeless(word)
    assert plain(word) not in levels([word, "Poor", "Good", "Excellent"])


def test_the_company_s_own_words_win():
    own = (("meh", "fine", "wow"),)
    assert ranks(levels(["Wow!", "meh"], own)) == {"meh": 1, "fine": 2, "wow": 3}
    assert levels(["wow", "meh", "hm"], own) is None


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_text_is_a_scale_or_none(words):
    found = levels(words)
    assert found is None or len(set(found.values())) == len(found) >= 3
