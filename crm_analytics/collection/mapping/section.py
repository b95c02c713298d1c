"""Reading a map's YAML: value by value, each refusal naming the file, the place, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from crm_analytics.warehouse.release import WarehouseError

DEEPEST = 50


class MapError(WarehouseError):
    """A map does not say what it should; the message names the file, the place and the next move."""

    def __init__(self, sentence: str):
        super().__init__(" ".join(sentence.split()))


def text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise MapError(f"{path.name}: a map is written in UTF-8, and this is not. Save it again as UTF-8.") from None
    except OSError as error:
        raise MapError(f"{path.name} cannot be read: {error.strerror}.") from None


def parsed(name: str, text: str) -> Any:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """Refuses the same key twice, which YAML would let the later one win without a word."""

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise MapError(f"{name}, line {key.start_mark.line + 1}: {key.value!r} stands here a second time.")
            seen.add(key.value)
        return yaml.SafeLoader.construct_mapping(loader, node, deep=True)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    for kind in ("int", "float", "bool", "timestamp"):  # the words of a map are texts, whatever they look like
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", lambda loader, node: loader.construct_scalar(node))
    try:
        if _depth(yaml.parse(text, Loader)) > DEEPEST:
            raise RecursionError
        raw = yaml.load(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise MapError(
            f"{name}{where}: this is not YAML ({getattr(error, 'problem', None) or 'unreadable'})."
        ) from None
    except RecursionError:
        raise MapError(f"{name}: this is nested too deeply to be a map.") from None
    if not isinstance(raw, dict):
        raise MapError(f"{name}: a map begins with source:, files: and tables:; see maps/README.md.")
    return raw


def _depth(events: Iterable[Any]) -> int:
    """How deeply a YAML text is nested. The fast loader would not survive ten thousand, so it is counted first."""
    depth = deepest = 0
    for event in events:
        kind = type(event).__name__
        depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
        deepest = max(deepest, depth)
        if deepest > DEEPEST:
            break
    return deepest


def closest(word: str, words: Iterable[str]) -> str:
    """« Did you mean …?» for a word that is not among the known ones, or the known ones when they are few."""
    words = [str(w) for w in words]
    folded = {w.casefold(): w for w in reversed(words)}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    if near:
        return f" Did you mean {folded[near[0]]!r}?"
    shown = ", ".join(word[:60] for word in words[:30])
    return f" There are: {shown}{' …' if len(words) > 30 else ''}." if words else ""


class Section:
    """A mapping of the map that is being read: gives its values by name, and refuses what nobody asked for."""

    def __init__(self, file: str, place: str, raw: Any):
        self.file, self.place = file, place
        if not isinstance(raw, dict):
            raise self.error("", f"here stands {_shown(raw)}, and it should be a mapping (name: value).")
        self.raw = {str(key): value for key, value in raw.items()}
        self.asked: set[str] = set()

    def at(self, key: str) -> str:
        return f"{self.place}.{key}".strip(".") if key else self.place

    def error(self, key: str, problem: str) -> MapError:
        place = self.at(key)
        return MapError(f"{self.file}, {place}: {problem}" if place else f"{self.file}: {problem}")

    def has(self, key: str) -> bool:
        self.asked.add(key)
        return self.raw.get(key) is not None

    def text(self, key: str, *, default: str | None = None) -> str:
        if not self.has(key):
            if default is None:
                raise self.error(key, "this is missing.")
            return default
        if not isinstance(self.raw[key], str):
            raise self.error(key, f"here stands {_shown(self.raw[key])}, and it should be one text.")
        return self.raw[key]

    def optional(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def texts(self, key: str) -> tuple[str, ...]:
        if not self.has(key):
            return ()
        raw = self.raw[key] if isinstance(self.raw[key], list) else [self.raw[key]]
        if not all(isinstance(one, str) for one in raw):
            raise self.error(key, "this should be a text, or a list of texts: [a, b].")
        return tuple(raw)

    def section(self, key: str) -> Section:
        self.asked.add(key)
        return Section(self.file, self.at(key), self.raw.get(key))

    def sections(self, key: str) -> list[Section]:
        self.asked.add(key)
        raw = self.raw.get(key)
        many = raw if isinstance(raw, list) else [raw]
        return [
            Section(self.file, f"{self.at(key)}[{i + 1}]" if len(many) > 1 else self.at(key), one)
            for i, one in enumerate(many)
        ]

    def inside(self, key: str, name: str) -> Section:
        return self.section(key).section(name)

    def names(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        if not self.has(key) and default is not None:
            return default
        return tuple(self.section(key).raw) if self.has(key) else (self.text(key),)

    def known(self, place: str, name: str, names: Iterable[str], what: str) -> None:
        if name not in names:
            raise MapError(f"{self.file}, {place}: there is no {what} {name!r}.{closest(name, names)}")

    def done(self) -> None:
        for key in self.raw:
            if key not in self.asked:
                raise self.error(key, f"a map has no word {key!r} here.{closest(key, sorted(self.asked))}")


def _shown(raw: Any) -> str:
    return "nothing" if raw is None else "a list" if isinstance(raw, list) else repr(raw)[:60]
