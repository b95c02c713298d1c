"""Sources: whatever a company's data come in, read into the same thing. `source.py` says what that is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_analytics.collection.files import FileSpec
    from crm_analytics.collection.sources.source import Source


def sources_of(spec: FileSpec, path: Path, name: str = "") -> list[Source]:
    """What a file holds, as sources: itself, or the members of an archive. `name` is how it is to be called."""
    from crm_analytics.collection.sources.delimited import Delimited

    if spec.format == "survey":
        from crm_analytics.collection.sources.survey import SurveyExport

        return [SurveyExport(spec, path, name or path.name)]
    return [Delimited(spec, path, name or path.name)]


def source_of(spec: FileSpec, path: Path) -> Source:
    """The file as one source; of an archive its first member."""
    return sources_of(spec, path)[0]
