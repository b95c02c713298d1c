"""The quarantine: what was refused, why, and how it comes back."""

from __future__ import annotations

from crm_analytics.command.app import Home, Json, app, tell_frame, warehouse


@app.command()
def quarantine(as_json: Json = False, home: Home = None) -> None:
    """What was refused, why, and how much of it; never the lines themselves."""
    from crm_analytics import collection

    tell_frame(collection.quarantine(warehouse()), as_json)
