"""Names brought to one form: whatever alphabet, order, title or short form they were written in.

Two writings of one name should meet in `folded` (the letters), in `sound` (how it is heard, whichever way it was
transliterated) or in `root` (Bill is William, Саша is Александр).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from crm_analytics.collection.identity.given_names import FORMS


def words(text: str) -> frozenset[str]:
    """A set of words, written as one text."""
    return frozenset(text.split())


_CYRILLIC = dict(
    pair.split("=")
    for pair in words(
        "а=a б=b в=v г=g д=d е=e ё=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=h ц=ts ч=ch ш=sh "
        "щ=sch ъ= ы=y ь= э=e ю=yu я=ya і=i ї=yi є=ye ґ=g ў=u"
    )
)
_LATIN = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "þ": "th", "ł": "l", "đ": "d", "ı": "i"})
_LOOKALIKES = str.maketrans("АВЕКМНОРСТХаеорсухАВЕКМНОРСТХ"[:18], "ABEKMHOPCTXaeopcyx")
_TO_CYRILLIC = str.maketrans("ABEKMHOPCTXaeopcyx", "АВЕКМНОРСТХаеорсух")
_TITLES = words("mr mrs ms miss dr prof sir madam herr frau mme mlle gospodin gospozha kungs kundze jr sr ii iii")
_LEGAL = words(
    "ooo oao zao pao ao ip chp tov sia as ik zs uab ab ou ltd limited llc llp inc corp corporation co company plc gmbh "
    "ag kg sa sarl srl spa bv nv oy oyj aps kft sro doo pty filial"
)
_PATRONYMIC = re.compile(r"(ovich|evich|ievich|ilich|mich|ovna|evna|ichna|inichna)$")
_MEN, _WOMEN = re.compile(r"(ovich|evich|ilich)$"), re.compile(r"(ovna|evna|ichna)$")
_SURNAME_OF_MAN = re.compile(r"(ов|ев|ёв|ин|ын|ский|цкий|ской|ой|ый)$")
_SURNAME_OF_WOMAN = re.compile(r"(ова|ева|ёва|ина|ына|ская|цкая|ая)$")
_SOUNDS = tuple(
    (re.compile(pattern), heard)
    for pattern, heard in (
        (r"shch|sch|sz|sh", "s"), (r"tch|cz|ch", "c"), (r"kh", "h"), (r"zh", "z"), (r"ph", "f"), (r"th", "t"),
        (r"ts|tz", "c"), (r"ck", "k"), (r"x", "ks"), (r"q", "k"), (r"w", "v"), (r"j", "i"), (r"y", "i"),
        (r"c(?=[aoulrk])", "k"), (r"ie|io", "e"), (r"ee|ea", "i"), (r"oo", "u"), (r"(.)\1+", r"\1"), (r"i+", "i"),
        (r"(?<=[a-z])h(?=[^aeiou]|$)", ""), (r"(?<=.)i$", "i"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A name in parts, each folded. `surname` of a company is what is left of its name without the legal form."""

    given: str = ""
    middle: str = ""
    surname: str = ""
    company: bool = False
    gender: str = ""


@cache
def folded(text: str) -> str:
    """Small Latin letters, digits and single spaces: Ёлкин and Elkin, Bērziņš and BERZINS come out alike."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "").replace("'", "").replace("`", "")
    text = "".join(_CYRILLIC.get(letter, letter) for letter in _one_alphabet(text)).translate(_LATIN)
    text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", " ", text).strip()


def _one_alphabet(text: str) -> str:
    """Letters of the other alphabet that only look alike, in a word mostly of one, are mended: Cад is Сад."""
    if not re.search("[а-яё]", text) or not re.search("[a-z]", text):
        return text

    def mended(word: re.Match) -> str:
        cyrillic, latin = (len(re.findall(letters, word[0])) for letters in ("[а-яё]", "[a-z]"))
        if not cyrillic or not latin:
            return word[0]
        return word[0].translate(_TO_CYRILLIC if cyrillic >= latin else _LOOKALIKES)

    return re.sub(r"[a-zа-яё]+", mended, text)


@cache
def sound(name: str) -> str:
    """How a folded name is heard: Yulia, Julia and Iuliia alike, Schmidt and Shmidt, Philips and Filips."""
    for pattern, heard in _SOUNDS:
        name = pattern.sub(heard, name)
    return name.replace(" ", "")


@cache
def skeleton(name: str) -> str:
    """The first letter and the consonants after it: what misspelling a vowel or doubling a letter leaves alone."""
    heard = sound(name)
    return heard[:1] + re.sub(r"[aeiouh]", "", heard[1:])


@cache
def _roots() -> dict[str, str]:
    """Each form's root, by its letters and, where those are not known, by its sound: the first name of its line."""
    roots: dict[str, str] = {}
    line: list[str] = []
    for raw in [*FORMS.strip("\n").split("\n"), ""]:
        if line and not raw.startswith("  "):
            for form in line:
                roots.setdefault(folded(form), line[0])
            line = []
        line += raw.split()
    return {sound(form): first for form, first in reversed(roots.items())} | roots


@cache
def root(given: str) -> str:
    """The name a given name is a form of (`bill` → `william`); the way it sounds when no table knows it."""
    known, heard = _roots(), sound(given)
    return known.get(given) or known.get(heard, heard)


def is_given(word: str) -> bool:
    """Whether the table of given names knows this folded word."""
    return word in _roots() or sound(word) in _roots()


def parsed(text: str, *, surname_first: bool = False) -> Name:
    """A whole name in its parts. The table of given names and patronymics decides the order; else `surname_first`."""
    raw = unicodedata.normalize("NFKC", text)
    said = folded(raw.replace(".", ". ")).split()
    if said and (any(word in _LEGAL for word in said) or re.search(r"[\"«»„“]", raw)):
        return Name(surname=" ".join(word for word in said if word not in _LEGAL), company=True)
    said = [word for word in said if word not in _TITLES]
    if not said:
        return Name()
    last_first = "," in raw
    middle = next((w for w in said[1:] if _PATRONYMIC.search(w) and len(w) > 5 and len(said) > 2), "")
    rest = [word for word in said if word != middle]
    initials = [word for word in rest if len(word) == 1]
    full = [word for word in rest if len(word) > 1]
    if not full:
        return Name(given=initials[0], middle=middle, surname="")
    if len(full) == 1:
        alone_given = is_given(full[0]) and not initials
        given = full[0] if alone_given else (initials[0] if initials else "")
        middle = middle or (initials[1] if len(initials) > 1 else "")
        return _person(raw, given=given, middle=middle, surname="" if alone_given else full[0])
    first, last = full[0], full[-1]
    swapped = last_first or (surname_first if is_given(first) == is_given(last) else is_given(last))
    if middle and not last_first:
        swapped = said[-1] == middle
    given, surname = (full[-1], " ".join(full[:-1])) if swapped else (full[0], " ".join(full[1:]))
    if not middle and len(full) > 2:  # a second given name, not a second surname, is the rule
        surname, parts = (full[0], full[1:]) if swapped else (full[-1], full[:-1])
        given, middle = parts[0], parts[1]
    return _person(raw, given=given, middle=middle or (initials[0] if initials else ""), surname=surname)


def _person(raw: str, *, given: str, middle: str, surname: str) -> Name:
    gender = "m" if _MEN.search(middle) else "f" if _WOMEN.search(middle) else ""
    if not gender and re.search("[а-яё]", raw.casefold()):
        family = next((w for w in re.findall(r"[а-яё]+", raw.casefold()) if folded(w) == surname), "")
        gender = "f" if _SURNAME_OF_WOMAN.search(family) else "m" if _SURNAME_OF_MAN.search(family) else ""
    return Name(given=given, middle=middle, surname=surname, gender=gender)
