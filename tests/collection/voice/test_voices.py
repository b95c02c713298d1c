"""Open answers: planted themes are found in two languages, chance is not a theme, and nothing personal is shown."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from crm_analytics import NotEnough, Voices, features
from crm_analytics.collection.voice import themes
from crm_analytics.collection.voice.words import HIDDEN, common_words, masked, stem
from crm_analytics.simulation.voice import FACTORS
from crm_analytics.simulation.wordings import wording

RUSSIAN = (
    ("доставка", "доставки", "курьер", "курьеры", "посылка", "опоздал", "поздно", "задержка доставки"),
    ("цены", "цена", "дорого", "скидки", "скидок", "дешевле", "высокие цены", "ценам"),
    ("сайт", "сайте", "оплата", "оплаты", "корзина", "страница", "страницы сайта", "зависает"),
)


def answers(texts, position=None) -> pd.DataFrame:
    people = [f"R{i:04d}" for i in range(len(texts))]
    made = {"survey": "A", "item": None, "weight": 1.0, "answered_at": pd.Timestamp("2025-01-01")}
    wrote = pd.DataFrame({"respondent_id": people, "question": "Why?", "kind": "open", "answer": texts})
    if position is None:
        return wrote.assign(position=np.nan, lowest=1, highest=5, **made)
    felt = pd.DataFrame({"respondent_id": people, "question": "How satisfied are you?", "kind": "scale",
                         "position": position})  # fmt: skip
    return pd.concat([wrote, felt], ignore_index=True).assign(lowest=1, highest=5, **made)


def russian(seed: int, count: int = 300) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    theme = rng.integers(0, 3, count)
    filler = ("очень", "всегда", "хотелось бы", "в прошлом месяце", "просто", "пожалуйста")
    return [" ".join([rng.choice(filler), *rng.choice(RUSSIAN[t], 3, replace=False)]) for t in theme], theme


@pytest.mark.parametrize(
    "forms",
    ["доставка доставки доставкой доставку", "дорогой дорогая дорогие", "опоздал опоздала опоздали",
     "delivery deliveries", "expensive", "delivered delivering", "prices price"],
)  # fmt: skip
def test_forms_of_a_word_have_one_stem(forms):
    assert len({stem(word) for word in forms.split()}) == 1


def test_themes_in_russian():
    texts, planted = russian(1)
    felt = np.where(planted == 0, 2, 4) + np.random.default_rng(2).integers(0, 2, len(texts))
    result = Voices().fit(answers(texts, felt))
    assert len(result.table) == 3
    first = result.table[result.table.p < 0.05].sort_values("gap").iloc[0]
    assert first.gap_low <= -2 <= first.gap_high
    assert result.table.share.sum() == pytest.approx(1)
    grouped = themes.grouped(texts, count=0, seed=1)
    assert adjusted_rand_score(planted, grouped.member) > 0.8


def test_answers_on_one_planted_theme_stand_together(simulation, company):
    voice = simulation.voice
    wrote = voice.who()[(voice.theme[voice.who()] >= 0) & ~voice.partial[voice.who()]]
    texts = [wording(FACTORS[voice.theme[row]], int(voice.wording[row])) for row in wrote]
    grouped = themes.grouped(texts, count=0, seed=1)
    assert adjusted_rand_score(voice.theme[wrote], grouped.member) > 0.45
    assert Voices().fit(features.answers(company)).table.share.sum() == pytest.approx(1)


def test_words_by_chance_are_no_themes():
    rng = np.random.default_rng(3)
    words = [f"{a}{b}{c}o" for a in "bdgklmnprst" for b in "aeiou" for c in "bdgkm"]
    texts = [" ".join(rng.choice(words[:150], 6, replace=False)) for _ in range(200)]
    assert isinstance(Voices().fit(answers(texts)), NotEnough)


@pytest.mark.parametrize(
    "text",
    ["write to anna@example.com", "call +371 2912 4455", "card 4455778190", "ask for Ilze Ozola", "позвоните Ивановой",
     "see www.example.com/x", "8 (912) 345-67-89"],
)  # fmt: skip
def test_what_is_personal_is_hidden(text):
    shown = masked(f"Please {text} today")
    assert HIDDEN in shown
    for part in ("anna@", "2912", "4455", "Ozola", "Иванов", "www", "345"):
        assert part not in shown


def test_a_word_that_is_common_is_no_name():
    common = common_words(["The delivery was late", "late Delivery"])
    assert masked("my Delivery was late", common) == "my Delivery was late"


def test_quotes_hold_nothing_personal_and_speak_for_many(company):
    table = Voices().fit(features.answers(company)).table
    quotes = table.quote[table.quote != ""]
    assert len(quotes)
    assert not quotes.str.contains(r"\d{3}|@|Ozola").any()
    few = Voices(small_cell=10_000).fit(features.answers(company)).table
    assert (few.quote == "").all()
    assert few.satisfaction.isna().all()
