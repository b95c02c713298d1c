"""1C's CommerceML (versions 2.01 to 2.10) as a source: catalogue, offers and orders, one part of them at a time.

The file is read as a stream and forgotten element by element, so that its size does not matter. A document type or an
entity, which no export of 1C has, is refused before it is looked at. `maps/README.md` lists the columns of each part.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from crm_analytics.collection.sources.commerceml_parts import COLUMNS, READERS, Knowledge
from crm_analytics.collection.sources.records import Fields, Records, text_of
from crm_analytics.collection.sources.source import Progress, SourceError

KNOWN_BY = 20_000
"""Records that are looked at to learn the names of properties and requisites."""
DEEPEST = 100
ROOT = "КоммерческаяИнформация"
WHOLE = frozenset(("Группа", "Товар", "Предложение", "Документ", "Контрагент", "Свойство", "ТипЦены", "Склад"))
"""Elements that are gathered whole before they are looked at; all else is forgotten at once."""


class CommerceMl(Records):
    """One part of a CommerceML file; its records are numbered from 1."""

    @cached_property
    def header(self) -> tuple[str, ...]:
        if not self.spec.part:
            raise SourceError(f"{self.name} is an XML file; say in the map part: and one of {', '.join(COLUMNS)}.")
        known = COLUMNS[self.spec.part]
        found = islice(self._found(lambda _: None), KNOWN_BY)
        return tuple(dict.fromkeys((*known, *self.spec.header, *(name for record in found for name in record))))

    def records(self, progress: Progress) -> Iterator[tuple[int, Fields]]:
        header = self.header
        for number, record in enumerate(self._found(progress), 1):
            yield number, [text_of(record.get(name)) for name in header]

    def _found(self, progress: Progress) -> Iterator[dict[str, str]]:
        """The part's records, with the names they have."""
        known, read = Knowledge(decimal=self.spec.decimal), READERS[self.spec.part]
        for element, within in self._elements(progress, known):
            known.learn(element, within)
            yield from read(element, within, known)

    def _elements(self, progress: Progress, known: Knowledge) -> Iterator[tuple[Any, list[Any]]]:
        """Every element that is gathered whole, at its end, with the elements it stands in; then it is forgotten."""
        above: list[Any] = []
        gathering = 0
        with self.parcel.open(progress) as file:
            for event, element in self._events(file):
                if event == "start":
                    element.tag = element.tag.rpartition("}")[2]
                    if not above:
                        self._root(element, known)
                    above.append(element)
                    gathering += element.tag in WHOLE
                    if len(above) > DEEPEST:
                        raise SourceError(f"{self.name} is nested more than {DEEPEST} deep, as no export of 1C is.")
                    continue
                above.pop()
                whole = element.tag in WHOLE
                gathering -= whole
                if whole and (not gathering or element.tag == "Группа"):
                    yield element, above
                if above and (not gathering or element.tag == "Группа"):
                    above[-1].remove(element)

    def _root(self, element: Any, known: Knowledge) -> None:
        if element.tag != ROOT:
            raise SourceError(f"{self.name} is XML, but not CommerceML: it begins with {element.tag[:40]!r}.")
        known.day = (element.get("ДатаФормирования") or "").replace("T", " ")[:10]

    def _events(self, file: Any) -> Iterator[tuple[str, Any]]:
        from xml.etree.ElementTree import ParseError

        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import iterparse

        try:
            yield from iterparse(file, ("start", "end"), forbid_dtd=True)
        except DefusedXmlException:
            raise SourceError(
                f"{self.name} holds a document type or entities, which 1C never writes and attackers do; "
                "ask for the export again."
            ) from None
        except (ParseError, ValueError, LookupError) as error:
            line = getattr(error, "position", (0, 0))[0]
            raise SourceError(
                f"{self.name} is not whole XML (line {line}): it breaks off or was changed by hand. Export it again."
            ) from None
