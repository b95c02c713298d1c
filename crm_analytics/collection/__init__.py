"""Collect: fit any source to the canonical tables by a map, refuse bad rows with their reason, and reconcile."""

from importlib import import_module

_HOMES = {
    "Comparison": "comparison",
    "Holdings": "holdings",
    "LoadReport": "loading.report",
    "MapError": "mapping.section",
    "Proposal": "suggest.proposal",
    "SourceError": "sources.source",
    "check_maps": "suggest.check",
    "compare": "comparison",
    "load": "loading.load",
    "quarantine": "holdings",
    "refused_lines": "loading.refused",
    "replay": "loading.replaying",
    "releases": "history",
    "stopped": "history",
    "suggest_map": "suggest.proposal",
    "tables": "holdings",
}
"""What the room offers, and the module it lives in."""

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"collection has no {name!r}; its words are {', '.join(__all__)}.")
    return getattr(import_module(f"crm_analytics.collection.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
