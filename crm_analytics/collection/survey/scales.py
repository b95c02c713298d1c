"""Scales in words: "Very satisfied" stands above "Rather not"; in English and Russian, without a list of whole scales.

A phrase is scored by what it is about (its head: satisfied, agree, важно …), how strongly (very, скорее …) and in which
direction (not, dis-, не …). Ladders of other words (never … always, poor … excellent, times a month) are scored as they
stand. What cannot be scored, or not so that each answer has a place of its own, is no scale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import log

LEAST_LEVELS = 3

_NO_PLACE = re.compile(
    r"^(n/?a|not applicable|no answer|no opinion|not sure|unsure|(i )?(do not|don'?t) know|can'?t say|prefer not to .*|"
    r"hard to say|have(n'?t| not) used.*|не ?знаю|затрудняюсь.*|нет ответа|нет мнения|не ?применимо|"
    r"не пользовал.*|не могу (сказать|оценить|ответить).*|отказ.*|трудно сказать)$"
)
_HEADS = re.compile(
    r"satisf|happy|pleased|agree|likely|probab|important|difficult|eas[yi]|useful|helpful|interest|concern|familiar|"
    r"trust|confiden|rude|comfort|accept|recommend|convenient|clear|worth|like|polite|reliab|quick|fast|expensive|"
    r"better|worse|higher|lower|удовлетворен|довол|соглас|вероят|важн|значим|легк|прост|трудн|сложн|полезн|интерес|"
    r"довер|уверен|нрав|удобн|понятн|вежлив|надежн|быстр|дорог|лучш|хуж|рекоменд|устраива|комфорт|знаком|посоветую|куплю"
)
_BACKWARD = re.compile(r"\b(worse|lower|хуже?|хуж\w*|difficult|hard|трудн\w*|сложн\w*)\b")
_ADVERSE = re.compile(
    r"\b(dis(?=satisf|agree|like|trust|comfort)|un(?=happy|likely|important|interest|satisf|accept|familiar|helpful|"
    r"clear|comfort|reliab)|im(?=probab|polite)|in(?=convenient)|мало(?=вероят|важн|полезн|интерес|значим))|"
    r"\bне(?=удовлетвор|довол|соглас|вероят|важн|значим|полезн|интерес|довер|уверен|удобн|понятн|вежлив|надежн|легк|"
    r"прост|знаком)"
)
_NEUTRAL = re.compile(
    r"\b(neither|neutral\w*|indifferent|undecided|about the same|no (change|difference)|нейтральн\w*|безразличн\w*|"
    r"так же|без изменений|не изменил\w*|ни [\w ,]+ ни|и да,? и нет|50/50|fifty)\b"
)
_NOT_AT_ALL = re.compile(
    r"\bnot\b.*\bat all\b|\bnot at all\b|\b(совсем|совершенно|вообще|абсолютно|полностью|категорически|крайне|точно) не"
)
_HARDLY = re.compile(
    r"\bnot (very|so|too|that|really|particularly|especially)\b|\bне (очень|слишком|особо|особенно)\b|"
    r"\b(hardly|barely|вряд ли|едва ли)\b"
)
_NOT = re.compile(r"\b(not|no|не|нет)\b")
_FORCE = (
    (
        re.compile(
            r"\b(extremely|completely|totally|absolutely|fully|strongly|definitely|entirely|much|far|certainly)\b|"
            r"\b(совершенно|абсолютно|полностью|крайне|категорически|безусловно|намного|гораздо|всецело|точно)\b"
        ),
        4.0,
    ),
    (re.compile(r"\b(very|highly|очень|весьма|сильно)\b"), 3.5),
    (re.compile(r"\b(quite|fairly|mostly|largely|mainly|в основном|вполне|в целом)\b"), 2.5),
    (re.compile(r"\b(moderately|умеренно|средне)\b"), 2.0),
    (re.compile(r"\b(somewhat|rather|probably|generally|partly|скорее|частично|отчасти|довольно|наверное)\b"), 1.5),
    (re.compile(r"\b(slightly|a little|a bit|marginally|немного|слегка|чуть)\b"), 1.0),
)
_LADDERS: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    ("frequency", (
        (r"(almost|nearly) never|hardly ever|very rarely|почти никогда|очень редко|крайне редко", 1),
        (r"(almost|nearly) always|почти всегда", 7),
        (r"never|никогда|ни разу", 0),
        (r"always|всегда|постоянно|all the time", 8),
        (r"very often|очень часто|most of the time|usually|обычно|в большинстве случаев", 6),
        (r"rarely|seldom|редко|once in a while", 2),
        (r"sometimes|occasionally|иногда|время от времени", 3),
        (r"about half.*|(примерно )?(в )?половин\w+.*", 4),
        (r"often|frequently|часто", 5),
    )),
    ("quality", (
        (r"very (poor|bad)|terrible|awful|horrible|ужасн\w*|очень плох\w*|отвратительн\w*", -3),
        (r"below average|ниже среднего", -1),
        (r"above average|выше среднего", 1),
        (r"poor|bad|плох\w*|неудовлетворительн\w*", -2),
        (r"fair|average|ok(ay)?|normal|so-so|удовлетворительн\w*|средн\w*|нормальн\w*|так себе", 0),
        (r"very good|очень хорош\w*", 3),
        (r"excellent|great|outstanding|perfect|отличн\w*|превосходн\w*|великолепн\w*", 4),
        (r"good|хорош\w*", 2),
    )),
    ("amount", (
        (r"none|nothing|nobody|нисколько|ничего", 0),
        (r"a little|мало|немного", 1),
        (r"some|a moderate amount|средне", 2),
        (r"a lot|much|много", 3),
        (r"a great deal|very much|очень много", 4),
    )),
)  # fmt: skip
_PERIODS = (
    (r"daily|ежедневно|каждый день|every day|day|день|дня|сутки", 365.0),
    (r"weekly|еженедельно|week|недел\w*", 52.0),
    (r"monthly|ежемесячно|month|месяц\w*", 12.0),
    (r"quarter\w*|квартал\w*", 4.0),
    (r"yearly|annually|ежегодно|year|год\w*|лет", 1.0),
)
_COUNTS = (
    (r"every|each|кажд\w+|еже\w+|daily|weekly|monthly|yearly|annually", 1.0),
    (r"once|\bone\b|(?<!\d )\bраза? в\b|один раз", 1.0),
    (r"twice|два раза", 2.0),
    (r"a few|several|несколько|many", 3.5),
)


def plain(text: str) -> str:
    """The phrase without case, points and doubled spaces: how two ways of writing one answer are found to be one."""
    text = text.casefold().replace("ё", "е").replace("\u00a0", " ").replace("’", "'").replace("`", "'")
    return re.sub(r"\s+", " ", re.sub(r"[.;!?*\"«»()]", " ", text)).strip(" ,-–—:")


def placeless(text: str) -> bool:
    """Whether an answer says that there is none: don't know, not applicable, затрудняюсь ответить."""
    return bool(_NO_PLACE.match(plain(text)))


def score(text: str) -> tuple[str, float] | None:
    """The family of a phrase and where it stands in it, from low to high; None if it is of no scale that is known."""
    phrase = re.sub(r"^(yes|no|да|нет)\s*[,:–—-]\s*", "", plain(text))
    for family, ladder in _LADDERS:
        for pattern, place in ladder:
            if re.fullmatch(pattern, phrase):
                return family, float(place)
    rate = _rate(phrase)
    if rate is not None:
        return "frequency", rate
    if _NEUTRAL.search(phrase):
        return "", 0.0
    if not _HEADS.search(phrase):
        return None
    force = next((size for pattern, size in _FORCE if pattern.search(phrase)), 3.0)
    if _NOT_AT_ALL.search(phrase):
        value = -4.0
    elif _HARDLY.search(phrase):
        value = -1.0
    else:
        adverse = bool(_ADVERSE.search(phrase)) != bool(_NOT.search(_ADVERSE.sub("", phrase)))
        value = -force if adverse else force
    backward = bool(_BACKWARD.search(phrase))
    return "degree", -value if backward and not _ADVERSE.search(phrase) else value


def _rate(phrase: str) -> float | None:
    """How often, as the logarithm of times a year: "a few times per month", "реже раза в год"."""
    period = next((times for pattern, times in _PERIODS if re.search(rf"\b({pattern})\b", phrase)), None)
    if period is None:
        return None
    number = re.search(r"\b(\d+)(?:\s*[-–]\s*(\d+))?\s*(?:times?|раза?)\b", phrase)
    if number:
        count = (int(number[1]) + int(number[2] or number[1])) / 2 or 0.1
    else:
        count = next((size for pattern, size in _COUNTS if re.search(pattern, phrase)), None)
        if count is None:
            return None
    if re.search(r"\b(or less|less than|at most|реже|не чаще|менее)\b", phrase):
        count *= 0.7
    if re.search(r"\b(or more|more than|at least|чаще|более)\b", phrase):
        count *= 1.4
    return log(count * period) + 0.5  # above «never», which is nought


def levels(answers: Iterable[str], own: tuple[tuple[str, ...], ...] = ()) -> dict[str, float] | None:
    """The place of each answer (by its plain text) among these answers, or None where they are no scale.

    `own` are scales that the map states, lowest first; they win. Answers that say there is none are passed over.
    """
    phrases = sorted({plain(answer) for answer in answers if answer and not placeless(answer)})
    for scale in own:
        stated = {plain(word): float(place) for place, word in enumerate(scale, 1)}
        if phrases and set(phrases) <= stated.keys():
            return stated
    scored = {phrase: score(phrase) for phrase in phrases}
    if len(phrases) < LEAST_LEVELS or None in scored.values():
        return None
    families = {found[0] for found in scored.values()} - {""}
    places = {phrase: found[1] for phrase, found in scored.items()}
    if len(families) == 2 and families == {"degree", "quality"} and len(set(places.values())) == len(places):
        return None
    if len(families) != 1 or len(set(places.values())) != len(places):
        return None
    return places


def ranks(places: dict[str, float]) -> dict[str, int]:
    """Places as 1, 2, 3 … from low to high."""
    order = sorted(set(places.values()))
    return {phrase: order.index(place) + 1 for phrase, place in places.items()}
