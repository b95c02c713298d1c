"""Words of open answers, in English and Russian: stems that are alike where the words are, and nothing personal.

Stems follow Porter (1980) for English, without its rarer steps, and Snowball's Russian algorithm: enough to count words
together, not meant to be read. People read the commonest word of a stem.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

HIDDEN = "▮"
"""What stands in place of something personal."""

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)\S+|@\w{3,}|\+?\d[\d\s().-]{5,}\d|\d{4,}|"
    r"\b[A-ZА-ЯЁ]{1,3}[-№ ]?\d{3,}\b"
)
_CAPITAL = re.compile(r"(?<![.!?…:»\"\n])(?<!^)\s([A-ZА-ЯЁĀ-Ž][^\W\d_]+(?:[-'’][^\W\d_]+)?)")

_STOP = """
a about above after again all also am an and any anybody are as at be because been before being but by can cannot
could did do does doesnt doing don dont down during each else ever every few first for from further get got had has
have having he her here hers him his honestly how i if im in into is isnt it its itself ive just last let make me
more most much my no nobody nor not nothing now of off on once one only or other otherwise our out over own please
said same she should so some something such than that the their them then there these they thing this those time to
too under until up us very was we were what when where which while who whom why will with would you your yours
а без более бы был была были было быть в вам вас вашей весь во вообще вот все всегда всего всех всё вы где да даже
для до его ее если есть еще ещё её же за здесь и из или им их к как какой когда который кто ли лишь мне много мной
может можно мой моя мы на надо нам нас нашей не него нее ней нет ни них но ну нужен нужно о об один он она они оно
от очень перед по под пожалуйста после потому при про просто раз с сам свой себя сейчас со спасибо так также такой
там тем то того тоже только том тот у уж уже хотелось хотя хочу чего чем что чтобы эта эти это этого этот я
"""
STOP = frozenset(_STOP.split())
"""Words that say nothing of what a text is about."""

_VOWELS = "аеиоуыэюя"
_PERFECTIVE = re.compile(r"(?:(?<=[ая])(?:в|вши|вшись)|(?:ив|ивши|ившись|ыв|ывши|ывшись))$")
_REFLEXIVE = re.compile(r"(?:ся|сь)$")
_ADJECTIVE = re.compile(r"(?:ее|ие|ые|ое|ими|ыми|ей|ий|ый|ой|ем|им|ым|ом|его|ого|ему|ому|их|ых|ую|юю|ая|яя|ою|ею)$")
_PARTICIPLE = re.compile(r"(?:(?<=[ая])(?:ем|нн|вш|ющ|щ)|(?:ивш|ывш|ующ))$")
_VERB = re.compile(
    r"(?:(?<=[ая])(?:ла|на|ете|йте|ли|й|л|ем|н|ло|но|ет|ют|ны|ть|ешь|нно)|(?:ила|ыла|ена|ейте|уйте|ите|или|ыли|ей|уй|"
    r"ил|ыл|им|ым|ен|ило|ыло|ено|ят|ует|уют|ит|ыт|ены|ить|ыть|ишь|ую|ю))$"
)
_NOUN = re.compile(
    r"(?:а|ев|ов|ие|ье|е|иями|ями|ами|еи|ии|и|ией|ей|ой|ий|й|иям|ям|ием|ем|ам|ом|о|у|ах|иях|ях|ы|ь|ию|ью|ю|ия|ья|я)$"
)
_DERIVED = re.compile(r"(?:ость|ост)$")
_SUPERLATIVE = re.compile(r"(?:ейше|ейш)$")


def masked(text: str, common: frozenset[str] = frozenset()) -> str:
    """The text with addresses, numbers and names hidden. A word with a capital within a sentence is taken for a name
    unless it is `common`: written without a capital elsewhere."""
    text = _PERSONAL.sub(HIDDEN, text)

    def hidden(found: re.Match[str]) -> str:
        return found[0] if found[1].casefold() in common else f" {HIDDEN}"

    return re.sub(rf"(?:\s*{HIDDEN})+", f" {HIDDEN}", _CAPITAL.sub(hidden, text)).strip()


def common_words(texts: Sequence[str]) -> frozenset[str]:
    """Words that stand without a capital somewhere: they are no names."""
    return frozenset(word for text in texts for word in _WORD.findall(text) if word.islower())


def stems(text: str) -> list[tuple[str, str]]:
    """(stem, word) of every word that means something, in order; personal things are left out."""
    words = _WORD.findall(_PERSONAL.sub(" ", text).replace("’", "'"))
    plain = [word.casefold().replace("ё", "е").replace("'", "") for word in words]
    return [(stem(word), word) for word in plain if word not in STOP and len(word) > 2]


def typical(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """For each stem its commonest word, of equally common ones the shortest."""
    seen: dict[str, Counter[str]] = {}
    for one, word in pairs:
        seen.setdefault(one, Counter())[word] += 1
    return {one: min(words, key=lambda word: (-words[word], len(word), word)) for one, words in seen.items()}


@cache
def stem(word: str) -> str:
    """The part of a word that its forms share."""
    return _russian(word) if re.search("[а-я]", word) else _english(word)


def _russian(word: str) -> str:
    vowel = re.search(f"[{_VOWELS}]", word)
    if not vowel:
        return word
    head, rest = word[: vowel.end()], word[vowel.end() :]
    changed = _PERFECTIVE.sub("", rest)
    if changed == rest:
        rest = _REFLEXIVE.sub("", rest)
        changed = _ADJECTIVE.sub("", rest)
        if changed != rest:
            changed = _PARTICIPLE.sub("", changed)
        else:
            changed = _VERB.sub("", rest)
            changed = _NOUN.sub("", rest) if changed == rest else changed
    rest = re.sub("и$", "", changed)
    rest = _DERIVED.sub("", rest)
    rest = re.sub("нн$", "н", _SUPERLATIVE.sub("", rest))
    return head + re.sub("ь$", "", rest)


def _english(word: str) -> str:
    word = re.sub(r"(?:sses)$", "ss", word)
    word = re.sub(r"ies$", "y", word)
    word = re.sub(r"(?<![su])s$", "", word)
    for ending in ("ization", "ational", "fulness", "ousness", "iveness", "edly", "ingly", "ing", "ed", "ly", "ness",
                   "ment", "able", "ible", "ery", "er", "est", "y", "e"):  # fmt: skip
        kept = word[: -len(ending)]
        if word.endswith(ending) and len(kept) >= 3 and re.search("[aeiouy]", kept):
            word = re.sub(r"([bdfgmnprt])\1$", r"\1", kept)
            break
    return word
