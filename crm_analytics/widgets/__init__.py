"""Controls over answers that do not change. Where nobody can work them, the still picture."""

from importlib import import_module

_HOMES = {"cut": "sales", "cut_off": "score", "what_if": "budget", "words": "fuzzy_selection"}
"""Every widget, and the module it lives in."""

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"There is no widget {name!r}; there are {', '.join(__all__)}.")
    return getattr(import_module(f"crm_analytics.widgets.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
