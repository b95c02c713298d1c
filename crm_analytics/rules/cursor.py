"""The eye that goes over a rule's words: what stands here, what it may mean, and what is wrong with it."""

from __future__ import annotations

from crm_analytics.rules.clauses import Place, Value
from crm_analytics.rules.tokens import RuleError, Token, nearest, tokens
from crm_analytics.rules.words import folded, phrases, single


class Cursor:
    """Goes from left to right; each method takes what it understands and leaves the rest."""

    def __init__(self, text: str, origin: Place):
        self.text, self.tokens, self.at, self.origin = text, tokens(text), 0, origin
        self._meanings: dict[int, tuple[frozenset[str], int]] = {}

    def meaning(self, ahead: int = 0) -> tuple[frozenset[str], int]:
        """What the longest phrase that stands here may mean, and how many tokens it takes."""
        at = self.at + ahead
        if at not in self._meanings:
            self._meanings[at] = self._meaning(at)
        return self._meanings[at]

    def _meaning(self, at: int) -> tuple[frozenset[str], int]:
        if at >= len(self.tokens) or self.tokens[at].kind not in ("word", "sign"):
            return frozenset(), 0
        for words, meanings in phrases().get(folded(self.tokens[at].said), ()):
            here = self.tokens[at : at + len(words)]
            if len(here) == len(words) and all(
                one.kind in ("word", "sign") and folded(one.said).replace("’", "'") == word
                for one, word in zip(here, words, strict=True)
            ):
                return meanings, len(words)
        return frozenset(), 0

    def token(self, ahead: int = 0) -> Token | None:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else None

    def sees(self, *wanted: str) -> bool:
        return bool(self.meaning()[0] & set(wanted))

    def takes(self, *wanted: str) -> str:
        """Take the phrase that stands here if it may mean one of these; which one, or nothing."""
        meanings, length = self.meaning()
        for want in wanted:
            if want in meanings:
                self.at += length
                return want
        return ""

    def value(self, *kinds: str) -> Value | None:
        token = self.token()
        if token is None or token.kind not in kinds:
            return None
        self.at += 1
        return token.value

    def place(self, start: int) -> Place:
        return Place(self.origin.start + self.tokens[start].start, self.origin.line)

    def wrong(self, wanted: str) -> RuleError:
        token = self.token()
        if token is None:
            return RuleError(f"The rule ends too early: {wanted}", len(self.text.rstrip()))
        plain = token.kind == "word" and token.said not in single()
        hint = nearest(token.said, sorted(single())) if plain else ""
        return RuleError(f"{_short(token.said)} is not understood{hint or ': ' + wanted}", token.start)


def _short(said: str) -> str:
    return repr(said if len(said) <= 40 else said[:40] + "…")
