"""Knobs turned by a person: text for a Study and for the feature it reads, made into what their annotations want."""

from __future__ import annotations

import difflib
import inspect
import sys
import types
import typing
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from crm_analytics.reporting import ReportingError
from crm_analytics.reporting.parameters import read_value


def turn(given: Mapping[str, str], *, study: Any, feature: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was given, as knobs of the Study and of its feature; a name that both have goes to both.

    Raises ReportingError, in one sentence, for a knob that is unknown, of a wrong type, or missing.
    """
    asked, read = _annotations(study), _annotations(feature.function)
    every = sorted({*asked, *read})
    for name in given:
        if name not in every:
            near = difflib.get_close_matches(name, every, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(every)}."
            raise ReportingError(f"{study.name()} has no knob {name!r}; {hint}")
    missing = [name for name in _required(study, feature) if name not in given]
    if missing:
        raise ReportingError(f"{study.name()} must be asked with {' '.join(f'-p {name}=…' for name in missing)}.")
    return tuple(
        {name: _typed(name, kinds[name], text) for name, text in given.items() if name in kinds}
        for kinds in (asked, read)
    )


def _annotations(asked: Any) -> dict[str, Any]:
    """The knobs of a Study's class or a feature's function, each with the type it wants."""
    known = vars(sys.modules[asked.__module__]) | {"date": date, "Literal": Literal}
    parameters = list(inspect.signature(asked).parameters.values())
    kinds = parameters if inspect.isclass(asked) else parameters[1:]  # a feature's first is the warehouse
    return {p.name: eval(p.annotation, known) if isinstance(p.annotation, str) else p.annotation for p in kinds}


def _required(study: Any, feature: Any) -> list[str]:
    asked = list(inspect.signature(study).parameters.values())
    read = list(inspect.signature(feature.function).parameters.values())[1:]
    return [p.name for p in (*asked, *read) if p.default is p.empty and p.name != "as_of"]


def _typed(name: str, kind: Any, text: str) -> Any:
    """A value typed by a person as what an annotation wants: a plain type, a choice, or several of a kind."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        wanted = [t for t in inner if t is not type(None)]
        if text == "" and len(wanted) < len(inner):
            return None
        return _typed(name, date if date in wanted else wanted[0], text)
    if origin is typing.Literal:
        if text not in map(str, inner):
            raise ReportingError(f"{name} must be one of {', '.join(map(str, inner))}, and {text!r} is not.")
        return next(value for value in inner if str(value) == text)
    if origin in (tuple, list):
        return origin(_typed(name, inner[0], part.strip()) for part in text.split(","))
    if kind is date:
        return date.fromisoformat(read_value(name, "date", text))
    if kind in (int, float, str, bool):
        return read_value(name, kind.__name__, text)
    raise ReportingError(f"{name} cannot be given in words; set it in a notebook.")
