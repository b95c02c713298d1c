"""What a column of a survey export is besides an answer: who answered, when, with which weight; or nothing to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crm_analytics.collection.survey.layout import Heading

RESPONDENT, CUSTOMER, WEIGHT, DATE, STATUS = "respondent", "customer", "weight", "date", "status"
EMAIL, PHONE, NAME, IGNORED, ANSWER = "email", "phone", "name", "ignored", "answer"

_NAMED: tuple[tuple[str, str], ...] = (
    (RESPONDENT, r"(respondent|response|submission|interview|record|case)[ _-]?(id|no|number|#)?|id|#|№|no|uuid|token|"
                 r"id (респондента|ответа|анкеты)|(номер|код) (анкеты|респондента|ответа)|респондент"),
    (CUSTOMER, r"(customer|client|member|membership|loyalty|card|account|external|subscriber)[ _-]?"
               r"(id|no|number|key|reference|data reference|card|card number|программа)?|externalreference|"
               r"(id|номер|код) (клиента|карты|покупателя|участника)|(номер )?карт[аы]( лояльности| клиента)?|"
               r"(e-?mail|email)[ _-]?(hash|sha256|md5)|хеш.*|хэш.*"),
    (WEIGHT, r"weight(ing|s)?|(weight|wt|wgt)[ _.-]?(factor|\d)?|вес(овой коэффициент)?|коэффициент взвешивания"),
    (DATE, r"(end|completed|completion|submit|submitted|finish|finished|recorded|response|interview)?[ _-]?"
           r"(date|time|datetime|timestamp)( \(?utc\)?| submitted| completed)?|submitted at|completed at|"
           r"отметка времени|(дата|время)( и время)?( заполнения| ответа| завершения| прохождения| окончания)?"),
    (STATUS, r"(response |survey )?(status|type)|distribution channel|distributionchannel|статус( анкеты| ответа)?|"
             r"тип ответа|test|тест|preview|is ?test"),
    (EMAIL, r"(your |recipient ?)?e-?mail([ _]?address)?|(адрес )?(эл(ектронн\w+|\.)? )?почт[аы]"),
    (PHONE, r"(your )?(phone|mobile|telephone|cell)([ _]?(number|no))?|(номер )?(мобильн\w+ )?телефона?|телефон"),
    (NAME, r"(your |recipient )?(first|last|full|given|family|middle)?[ _]?name|recipient(first|last)name|"
           r"имя|фамилия|фио|отчество|ф\.? ?и\.? ?о\.?|ваше имя"),
    (IGNORED, r"ip( ?address)?|ip[- ]?адрес|collector ?id|user ?language|language|язык|(location)?(latitude|longitude)|"
              r"duration( \(in seconds\))?|progress|finished|user ?agent|browser|браузер|устройство|device|"
              r"start ?(date|time)|(дата|время)( и время)? начала|custom ?data ?\d*|длительность|прогресс|"
              r"referr?er|url|seed|last ?page|время прохождения.*|external ?data"),
)  # fmt: skip
_PATTERNS = tuple((role, re.compile(pattern, re.IGNORECASE)) for role, pattern in _NAMED)
_MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_MOST = 0.6
_TEST = re.compile(r"\b(test|preview|spam|тест\w*|предпросмотр|пробн\w*)\b", re.IGNORECASE)


def roles(
    headings: Sequence[Heading], columns: Sequence[Sequence[str]], *, stated: Mapping[str, str], answers: Sequence[str]
) -> list[str]:
    """The role of each column. `stated` (role → heading) is what the map says; `answers` are headings of questions.

    A heading is believed when the column's values agree: ids that hardly repeat, weights that are numbers above nought,
    dates that hold digits. Addresses are known by their values, whatever the heading says, so that none is an answer.
    """
    found = [_role(heading, values, answers) for heading, values in zip(headings, columns, strict=True)]
    for role, name in stated.items():
        for column, heading in enumerate(headings):
            if name in (heading.question, heading.item):
                found[column] = role
            elif found[column] == role:
                found[column] = IGNORED
    for role in (RESPONDENT, CUSTOMER, WEIGHT, DATE, EMAIL, PHONE):
        several = [column for column, one in enumerate(found) if one == role]
        for column in several:
            if column != _best(role, several, headings):
                found[column] = IGNORED
    return found


def is_test(status: str) -> bool:
    """Whether what stands in a column of status marks an answer that was only a trial."""
    return bool(_TEST.search(status))


def _role(heading: Heading, values: Sequence[str], answers: Sequence[str]) -> str:
    known = [value for value in values if value]
    name = heading.question if not heading.item else heading.item
    if heading.question in answers or heading.item in answers:
        return ANSWER
    if known and sum(bool(_MAIL.match(value)) for value in known) > _MOST * len(known):
        return EMAIL
    plain = re.sub(r"\s+", " ", re.sub(r"^q?\d+[.):]\s*", "", name, flags=re.IGNORECASE)).strip(" ?:*").casefold()
    for role, pattern in _PATTERNS:
        if pattern.fullmatch(plain) and _agree(role, known):
            return role
    return ANSWER


def _agree(role: str, known: Sequence[str]) -> bool:
    if not known:
        return True
    if role == RESPONDENT:
        return len(set(known)) > 0.8 * len(known)
    if role == WEIGHT:
        return all(re.fullmatch(r"\d+([.,]\d+)?(e-?\d+)?", value, re.IGNORECASE) for value in known)
    if role == DATE:
        return sum(bool(re.search(r"\d[\d./:-]{3,}", value)) for value in known) > _MOST * len(known)
    if role == PHONE:
        return sum(len(re.sub(r"\D", "", value)) >= 7 for value in known) > _MOST * len(known)
    return True


def _best(role: str, columns: Sequence[int], headings: Sequence[Heading]) -> int:
    """Of two dates the one on which the survey was handed in; else the first."""
    if role == DATE:
        ends = re.compile(r"end|compl|submit|finish|record|заверш|оконч|отправ|заполн", re.IGNORECASE)
        return next((c for c in columns if ends.search(headings[c].question)), columns[0])
    return columns[0]
