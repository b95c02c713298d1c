"""The lexicon: what companies call things, in English and Russian, and how near a heading comes to a meaning."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "c",
            "ch",
            "sh",
            "sh",
            "",
            "i",
            "",
            "e",
            "iu",
            "ia",
        ],
        strict=True,
    )
)
_LOOKALIKES = str.maketrans("ABCEHKMOPTXaceopxy", "АВСЕНКМОРТХасеорху")
_ENDINGS = [
    "iami",
    "ogo",
    "omu",
    "imi",
    "ami",
    "iia",
    "iei",
    "ov",
    "ei",
    "oi",
    "ii",
    "im",
    "ah",
    "am",
    "aia",
    "oe",
    "ie",
    "ia",
    "iu",
    "om",
    "em",
    "es",
    "s",
    "a",
    "e",
    "i",
    "o",
    "u",
]  # of Russian cases, spelt in Latin, and of English plurals
_GENERIC = frozenset(["id", "name", "date", "kind", "time"])
_SPLIT = re.compile(r"[#№]|[^\W\d_]+|\d+")
_HUMPS = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])|(?<=[A-ZА-ЯЁ])(?=[A-ZА-ЯЁ][a-zа-яё])")
UNKNOWN = "?"


@dataclass(frozen=True)
class Word:
    """A word or words of a heading: the meanings it may have, and how surely."""

    meanings: frozenset[str]
    surely: float = 1.0


@dataclass(frozen=True)
class Phrase:
    """Meanings that together name a canonical column: `needed`, and those that may stand beside them."""

    needed: tuple[str, ...]
    beside: frozenset[str]
    strength: float


def folded(text: str) -> str:
    """A word in one spelling: small Latin letters, Russian written out in them, endings cut off."""
    if re.search("[а-яё]", text, re.I) and re.search("[a-z]", text, re.I):  # one alphabet slipped into the other
        text = text.translate(_LOOKALIKES)
    word = "".join(_CYRILLIC.get(letter, letter) for letter in text.lower())
    for variant, usual in (("shch", "sh"), ("kh", "h"), ("ts(?=.)", "c"), ("[yj]", "i")):
        word = re.sub(variant, usual, word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def words_of(text: str) -> tuple[str, ...]:
    """The words of a heading, whether spaces, underscores or CamelCase part them, each folded."""
    return tuple(folded(part) for part in _SPLIT.findall(_HUMPS.sub(" ", text[:200])))


class Lexicon:
    """What the file lexicon.yaml says, made ready for looking up."""

    def __init__(self, raw: Mapping):
        self.rows: Mapping[str, Mapping] = raw["rows"]
        self._index: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for meaning, names in raw["words"].items():
            for name in names:
                self._index[words_of(str(name))].add(meaning)
        self._noise = {words_of(str(word)) for word in raw["noise"]}
        self._single = sorted(words[0] for words in self._index if len(words) == 1 and len(words[0]) > 2)
        self.looks: dict[str, str] = {}
        self.phrases: dict[str, tuple[Phrase, ...]] = {}
        for place, about in raw["columns"].items():
            self._take(place, about)
        for place, parts in raw["parts"].items():
            for part, about in parts.items():
                self._take(f"{place}#{part}", about)
        self.advertising = {what: {words_of(word) for word in words} for what, words in raw["advertising"].items()}
        self.values = {
            place: {" ".join(words_of(str(word))): value for value, said in values.items() for word in said}
            for place, values in raw["values"].items()
        }

    def _take(self, place: str, about: Mapping) -> None:
        self.looks[place] = about["looks"]
        self.phrases[place] = tuple(self._phrase(str(said)) for said in about["say"])

    def _phrase(self, said: str) -> Phrase:
        strength = 0.62 if said.startswith("~") else 1.0
        said = said.lstrip("~")
        beside = frozenset(re.findall(r"\(([^)]+)\)", said))
        rest = re.sub(r"\([^)]+\)", " ", said).strip()
        return Phrase(tuple(self._meanings(rest)), beside, strength)

    def _meanings(self, text: str) -> list[str]:
        """The meanings of a phrase of the lexicon itself, which are written by their own names."""
        found, parts = [], text.split()
        names = {m for meanings in self._index.values() for m in meanings}
        while parts:
            for length in (3, 2, 1):
                if " ".join(parts[:length]) in names or length == 1:
                    found.append(" ".join(parts[:length]))
                    parts = parts[length:]
                    break
        return found

    @cache  # noqa: B019  (one lexicon lives as long as the process)
    def read(self, heading: str) -> tuple[Word, ...]:
        """What the words of a heading mean; a word nobody knows means only itself."""
        words, read, noise = list(words_of(heading)), [], []
        while words:
            for length in range(min(4, len(words)), 0, -1):
                part = tuple(words[:length])
                if part in self._noise:
                    noise += [Word(frozenset(self._index[part]))] if part in self._index else []
                    break
                if part in self._index:
                    read.append(Word(frozenset(self._index[part])))
                    break
                if length == 1 and words[0].isdigit():
                    break
            else:
                length = 1
                read += self._guess(words[0])
            words = words[length:]
        return tuple(read or noise)

    def _guess(self, word: str) -> list[Word]:
        """A word that stands nowhere: two known ones written as one, one cut short, mistyped, or without vowels."""
        for cut in range(3, len(word) - 1):
            left, right = (
                self._index.get((part,)) or self._index.get((folded(part),)) for part in (word[:cut], word[cut:])
            )
            if left and right:
                return [Word(frozenset(left), 0.9), Word(frozenset(right), 0.9)]
        if len(word) >= 3:
            longer = {known for known in self._single if known.startswith(word) and len(known) > len(word) + 1}
            meanings = [self._index[known,] for known in longer]
            if meanings and all(one == meanings[0] for one in meanings):
                return [Word(frozenset(meanings[0]), 0.85)]
            bare = _bare(word)
            skeletons = [self._index[known,] for known in self._single if bare == word and _bare(known) == word]
            if skeletons:
                return [Word(frozenset(skeletons[0]), 0.8)]
        if len(word) >= 5:
            near = [
                (SequenceMatcher(None, word, known).ratio(), known) for known in self._single if known[0] == word[0]
            ]
            likeness, known = max(near, default=(0.0, ""))
            if likeness >= 0.88 and abs(len(known) - len(word)) <= 2:
                return [Word(frozenset(self._index[known,]), 0.85)]
        return [Word(frozenset((UNKNOWN + word,)))]

    def likeness(self, heading: str, place: str, subjects: Iterable[str] = ()) -> float:
        """How near a heading comes to the name of a canonical column (0–1), in a file about these subjects."""
        return self._likeness(heading, place, tuple(subjects))

    @cache  # noqa: B019
    def _likeness(self, heading: str, place: str, subjects: tuple[str, ...]) -> float:
        read = self.read(heading)
        return max((_nearness(read, phrase, subjects) for phrase in self.phrases[place]), default=0.0)

    def means(self, text: str) -> frozenset[str]:
        """Every meaning that the words of a text may have."""
        return frozenset(meaning for word in self.read(text) for meaning in word.meanings)

    def canonical(self, place: str, value: str) -> str | None:
        """The canonical value that a source's word stands for, where the lexicon knows it."""
        known, said = self.values[place], " ".join(words_of(value))
        if said in known:
            return known[said]
        for word, canonical in known.items():
            if len(word) > 3 and f" {word} " in f" {said} ":
                return canonical
        return None


def _bare(word: str) -> str:
    return word[:1] + re.sub("[aeiou]", "", word[1:])


def _nearness(read: tuple[Word, ...], phrase: Phrase, subjects: tuple[str, ...]) -> float:
    """Weighted meanings in common, over all meanings in the heading or in the phrase."""
    left, absent = list(read), []
    matched = missing = 0.0
    for meaning in phrase.needed:
        weight = 0.6 if meaning in _GENERIC else 1.0
        word = next((word for word in left if meaning in word.meanings), None)
        if word:
            matched += weight * word.surely
            missing += weight * (1 - word.surely)
            left.remove(word)
        else:
            absent.append(meaning)
            missing += (0.1 if subjects[:1] == (meaning,) else 0.3) if meaning in subjects else weight
    if not matched:
        return 0.0
    extra = 0.0
    for word in left:
        if word.meanings & (phrase.beside | set(phrase.needed)):
            continue
        unknown = any(meaning.startswith(UNKNOWN) for meaning in word.meanings)
        # an unknown word is an ornament («number of cds»), unless it stands where something is understood («ArtistId»)
        extra += (0.9 if absent else 0.45) if unknown else 0.2 if word.meanings & set(subjects) else 0.9
    understood = all(meaning in subjects for meaning in absent)
    said = 1.0 if understood else 0.75 if phrase.needed[-1] not in absent else 0.5
    return phrase.strength * said * matched / (matched + missing + extra)


def speaks_of(text: str, *whats: str) -> bool:
    """Whether words of a heading, or of a file's name, are among those that the lexicon has for advertising."""
    words, known = words_of(text.replace("_", " ")), lexicon().advertising
    parts = {words[i:j] for i in range(len(words)) for j in range(i + 1, min(i + 3, len(words)) + 1)}
    return any(parts & known[what] for what in whats)


@cache
def lexicon() -> Lexicon:
    """The lexicon of the suite."""
    import yaml

    text = Path(__file__).with_name("lexicon.yaml").read_text("utf-8")
    return Lexicon(yaml.load(text, Loader=yaml.BaseLoader))  # every word is a text: `no` is a heading, not a No
