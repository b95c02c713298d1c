"""Asking: one Study, one answer, from the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from crm_analytics.command.app import Given, Home, Json, Wrong, app, rows, tell, warehouse


@app.command()
def ask(
    study: Annotated[str, typer.Argument(help="The Study's name, like customer_value.")],
    given: Given = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Put one question, and read its answer: the sentence, its checks, its table."""
    from crm_analytics import features
    from crm_analytics.reporting.knobs import turn
    from crm_analytics.reporting.parameters import pairs
    from crm_analytics.result import enough

    asked = _study(study)
    feature = getattr(features, asked.reads)
    knobs, reading = turn(pairs(given or []), study=asked, feature=feature)
    wh = warehouse()
    if "as_of" in feature.knobs:
        reading["as_of"] = wh.day(reading.get("as_of"))
    result = _knobs_checked(lambda: asked(**knobs)).fit(_knobs_checked(lambda: feature(wh, **reading)))
    if not as_json:
        print(result)
        return
    tell(
        {
            "study": study,
            "text": result.text,
            "enough": enough(result),
            "checks": [vars(check) for check in result.checks],
            "table": rows(result.table),
            "company": wh.company.name,
            "release": wh.release.id,
            "facts_until": wh.release.facts_until,
            "as_of": reading.get("as_of"),
            "knobs": {name: getattr(result.study, name) for name in asked.knobs()},
        },
        as_json,
    )


def _study(name: str) -> Any:
    import difflib

    from crm_analytics import studies

    known = studies()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}."
    raise Wrong(f"There is no Study {name!r}; {hint}")


def _knobs_checked(make: Any) -> Any:
    """What is wrong with a knob is the asker's affair, so it is a sentence; what goes wrong later is ours."""
    try:
        return make()
    except (ValueError, TypeError) as error:
        raise Wrong(str(error)) from error
