"""Which notebooks there are, by name and in their order."""

from __future__ import annotations

import difflib
from pathlib import Path

from crm_analytics.reporting import ReportingError


def all_notebooks() -> list[Path]:
    """The notebooks under the working folder, else those beside the package, in the order of their numbers."""
    for folder in (Path("notebooks"), Path(__file__).parents[2] / "notebooks"):
        found = [path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
        if found:
            return sorted(found, key=lambda path: (not path.stem[0].isdigit(), path.stem))
    raise ReportingError(
        "There is no notebooks folder here; go to the project's folder, or name a notebook by its path."
    )


def notebook_named(name: str) -> Path:
    """The notebook at a path, or of that name or number among all.

    Raises ReportingError with the nearest name, or with all those of the number.
    """
    if Path(name).is_file():
        return Path(name)
    known = {path.stem: path for path in all_notebooks()}
    stem = Path(name).stem
    found = [stem] if stem in known else [one for one in known if one.split("_")[0] == stem]
    if len(found) == 1:
        return known[found[0]]
    if found:
        raise ReportingError(f"{name} is the number of {', '.join(found)}; name one of them.")
    near = difflib.get_close_matches(stem, known, n=1)
    raise ReportingError(
        f"There is no notebook {name!r}; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}.")
    )
