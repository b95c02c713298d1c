"""What every command shares: the options, the company that is meant, and how an answer is said."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crm_analytics.warehouse.engine import Warehouse

app = typer.Typer(
    help="From what customers did to what marketing really changed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def name_company(home: Path | None) -> None:
    """From now on this company is meant, here and in every process started from here."""
    if home is not None:
        os.environ["CRM_HOME"] = str(home.expanduser().resolve())


Home = Annotated[
    Path | None, typer.Option("--home", callback=name_company, help="The company's folder; else CRM_HOME, else data.")
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Given = Annotated[
    list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="A value to ask with; may be repeated.")
]
Out = Annotated[Path, typer.Option("--out", help="The folder the pages are put in.")]


@app.callback()
def _every_command(home: Home = None) -> None:
    pass


def company_home() -> Path:
    from crm_analytics.warehouse.engine import home_folder

    return home_folder()


def warehouse() -> Warehouse:
    from crm_analytics.warehouse.engine import Warehouse

    return Warehouse.open()


def tell(what: Any, as_json: bool) -> None:
    import json

    if as_json:  # what is not a number is null: JSON has no other word for it
        plain = json.loads(json.dumps(what, default=str), parse_constant=lambda _: None)
        what = json.dumps(plain, ensure_ascii=False, indent=1)
    print(what)


def tell_frame(frame: Any, as_json: bool) -> None:
    if as_json:
        tell(rows(frame), as_json)
    else:
        print(frame.to_string(index=False) if len(frame) else "Nothing.")


def rows(frame: Any) -> list[dict[str, Any]]:
    """The rows of a frame as JSON takes them: days as ISO, what is missing as null, numpy's numbers as plain ones."""
    import json

    return json.loads(frame.to_json(orient="records", date_format="iso", date_unit="s", double_precision=15))


def short(path: Path) -> str:
    return os.path.relpath(path) if path.resolve().is_relative_to(Path.cwd()) else str(path)


def aside(sentence: str) -> None:
    """Say to a person who waits how far it is, on one line, beside what the command gives out."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{sentence}", end="", flush=True, file=sys.stderr)


class Wrong(Exception):
    """What was asked cannot be done as it was asked; the message says why."""


def expected() -> tuple[type[Exception], ...]:
    from crm_analytics.reporting import ReportingError
    from crm_analytics.warehouse.release import WarehouseError

    return Wrong, ReportingError, WarehouseError


def main() -> None:
    """Run the command. What is wrong with the question or the data is one sentence; a traceback is our own bug."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if not isinstance(error, expected()):
            raise
        print(printable(str(error)), file=sys.stderr)
        sys.exit(1)


def printable(text: str) -> str:
    """A text that may quote a file, without what would command the terminal."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "·" for letter in text)
