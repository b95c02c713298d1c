"""What a notebook can be asked for: its parameters, typed, and checked before a kernel starts."""

from __future__ import annotations

import ast
import difflib
import io
import json
import math
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from crm_analytics.reporting import ReportingError

KINDS = ("date", "int", "float", "str", "bool")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One thing a notebook can be asked for. With None as its default it may be left out."""

    name: str
    kind: str
    default: Any = None
    about: str = ""

    @property
    def narrows(self) -> bool:
        """Whether a value given for it shows only a part of the company, as `region` does: an optional text."""
        return self.kind == "str" and self.default is None


def read_value(name: str, kind: str, text: str) -> Any:
    """The value a person typed, as what it should be; days stay ISO strings, since papermill takes nothing else.

    Raises ReportingError, in one sentence, for what is no such value.
    """
    text = text.strip() if kind != "str" else text
    try:
        match kind:
            case "date":
                return date.fromisoformat(text).isoformat()
            case "int":
                return int(text)
            case "float" if math.isfinite(float(text)):
                return float(text)
            case "bool":
                return _TRUTH[text.lower()]
            case "str":
                return text
    except (ValueError, KeyError):
        pass
    raise ReportingError(f"{name} must be {_WANTED[kind]}, and {text!r} is not.")


_WANTED = {
    "date": "a day that exists, written like 2026-03-31",
    "int": "a whole number",
    "float": "a number like 0.25",
    "bool": "true or false",
}


def pairs(given: Iterable[str]) -> dict[str, str]:
    """What a person typed as `name=value`, each name once."""
    told = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise ReportingError(f"Write a value as name=value; {pair!r} is not one.")
        if name in told:
            raise ReportingError(f"{name} was given twice.")
        told[name] = value
    return told


def parameters_of(notebook: Path) -> dict[str, Parameter]:
    """The parameters of a notebook, in its order, from the cell tagged `parameters`; empty when it has none."""
    try:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ReportingError(f"{notebook} is not a notebook that can be read.") from None
    for cell in cells:
        if "parameters" in cell.get("metadata", {}).get("tags", ()):
            source = "".join(cell["source"])
            return {p.name: p for p in _declared(source, notebook)}
    return {}


def _declared(source: str, notebook: Path) -> Iterable[Parameter]:
    try:
        comments = {
            token.start[0]: token.string.lstrip("# ")
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT
        }
        for line in ast.parse(source).body:
            yield _parameter(line, about=comments.get(line.end_lineno, ""))
    except (SyntaxError, ValueError, tokenize.TokenError):
        raise ReportingError(
            f"The parameters cell of {notebook.name} cannot be read: let it hold only lines like "
            f'`day: "date" = None  # what it means`, with one of {", ".join(KINDS)}.'
        ) from None


def _parameter(line: ast.stmt, *, about: str) -> Parameter:
    match line:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.expr() as value):
            kind = kind.value if isinstance(kind, ast.Constant) else ast.unparse(kind)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            kind = type(ast.literal_eval(value)).__name__
        case _:
            raise ValueError(line)
    if kind not in KINDS:
        raise ValueError(kind)
    return Parameter(name=name, kind=kind, default=ast.literal_eval(value), about=about)


def fill(notebook: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """The values typed for a notebook, converted and checked. An optional parameter typed as nothing is None."""
    known = parameters_of(notebook)
    for name in given:
        if name not in known:
            raise ReportingError(f"{notebook.stem} has no parameter {name!r}{_instead(name, known)}")
    return {
        name: None if text == "" and known[name].default is None else read_value(name, known[name].kind, text)
        for name, text in given.items()
    }


def share_out(notebooks: Iterable[Path], given: Mapping[str, str]) -> dict[Path, dict[str, Any]]:
    """Give each notebook the values it has parameters for. Raises ReportingError for a value that none takes."""
    known = {notebook: parameters_of(notebook) for notebook in notebooks}
    every = {name for parameters in known.values() for name in parameters}
    for name in given:
        if name not in every:
            raise ReportingError(f"No notebook has a parameter {name!r}{_instead(name, every)}")
    return {
        notebook: fill(notebook, {name: text for name, text in given.items() if name in parameters})
        for notebook, parameters in known.items()
    }


def _instead(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(known)}." if known else "; there are none to give."
