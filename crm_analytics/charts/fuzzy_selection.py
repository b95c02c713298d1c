"""A selection in words drawn: what each word means, how many deserve it, and whom the crisp rule misses."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from crm_analytics.charts import draw, theme
from crm_analytics.planning.customers.words.fuzzy_selection import FuzzySelectionResult, LaterResult
from crm_analytics.planning.customers.words.words import Word
from crm_analytics.say import say, voice

COLOURS = {"crisp": theme.BLUE, "near miss": theme.ORANGE, "below": theme.PALE}
MOST_WORDS = 4
BINS = 40


@draw.register
def _(result: FuzzySelectionResult) -> go.Figure:
    groups = result.groups.set_index("group")
    near, crisp = groups.loc["near miss"], groups.loc["crisp"]
    title = say(
        "{near:count} customers nearly fit and brought {worth:money}; the crisp rule sees only the other {crisp:count}"
        if near.customers and near.worth == near.worth
        else "{near:count} customers nearly fit; the crisp rule sees only the other {crisp:count}",
        near=near.customers, worth=near.worth, crisp=crisp.customers,
    )  # fmt: skip
    fig = theme.figure(title=title, height=560)
    words = result.words[:MOST_WORDS]
    width = 1 / len(words)
    for place, word in enumerate(words, start=2):
        left = (place - 2) * width + (0.035 if place > 2 else 0)
        _word(fig, word, result.people[word.of].to_numpy(float), axis=place, across=(left, (place - 1) * width - 0.015))
    _degrees(fig, result)
    return fig.update_layout(
        bargap=0.08, barmode="stack", yaxis={"domain": [0, 0.46]}, xaxis={"anchor": "y"},
        legend={"y": -0.16}, margin={"b": 80, "t": 70},
    )  # fmt: skip


def _word(fig: go.Figure, word: Word, values: np.ndarray, *, axis: int, across: tuple[float, float]) -> None:
    """The word's degree over what is known of customers, and how many there are."""
    corners = np.array([*(word.rises or ()), *(word.falls or ())])
    known = values[np.isfinite(values)]
    reach = max(np.ptp(corners), 1e-9)
    low = max(known.min(), min(np.quantile(known, 0.01), corners[0] - reach / 2))
    high = min(known.max(), corners[-1] + 2 * reach, max(np.quantile(known, 0.97), corners[-1] + reach / 2))
    low, high = (low, high) if low < high else (low - 1, high + 1)
    whole = (known == known.round()).all()
    low, high = (np.floor(low) - 0.5, np.ceil(high) + 0.5) if whole else (low, high)
    bins = int(high - low) if whole and high - low <= BINS * 2 else BINS
    count, ends = np.histogram(known[(known >= low) & (known <= high)], bins=bins, range=(low, high))
    x, y = f"x{axis}", f"y{axis}"
    fig.add_bar(
        x=(ends[1:] + ends[:-1]) / 2, y=count / max(count.max(), 1), width=np.diff(ends), marker_color=theme.GRID,
        xaxis=x, yaxis=y, showlegend=False, customdata=count, hovertemplate="%{customdata} customers<extra></extra>",
    )  # fmt: skip
    beside = reach * 1e-6  # so that an edge without width is drawn upright
    across_x = np.unique(np.clip([low, *corners - beside, *corners + beside, high], low, high))
    fig.add_scatter(
        x=across_x, y=word.degree(across_x), mode="lines", line={"color": theme.VIOLET, "width": 3}, xaxis=x, yaxis=y,
        showlegend=False, hovertemplate="%{x:.4g}: %{y:.0%}<extra></extra>",
    )  # fmt: skip
    axes = {"range": [0, 1.12], "domain": [0.66, 0.94], "anchor": x, "tickformat": ".0%", "tickvals": [0, 0.5, 1]}
    of = theme.headline(word.of.replace("_", " "), 24)
    fig.update_layout({
        f"xaxis{axis}": {"domain": across, "anchor": y, "title": {"text": of}},
        f"yaxis{axis}": axes | ({"title": {"text": say("degree")}} if axis == 2 else {"showticklabels": False}),
    })  # fmt: skip
    fig.add_annotation(
        text=f"<b>{theme.headline(word.name, 28)}</b>", x=across[0], y=1.0, xref="paper", yref="paper",
        xanchor="left", yanchor="bottom", showarrow=False, font={"color": theme.VIOLET, "size": 14},
    )  # fmt: skip


def _degrees(fig: go.Figure, result: FuzzySelectionResult) -> None:
    """How many customers deserve the selection to which degree."""
    table = result.table[result.table["degree"] > 0]
    band = np.floor(table["degree"].to_numpy() * 10 + 1e-9).astype(int)
    names = [*(f"{10 * b}–{10 * b + 10}" for b in range(10)), say("fully")]
    said = {
        "crisp": say("found by the crisp rule"),
        "near miss": say("near miss: selected by degree alone"),
        "below": say("below the least degree of {least:percent}", least=result.study.at_least),
    }
    for group in ("below", "near miss", "crisp"):
        count = np.bincount(band[(table["group"] == group).to_numpy()], minlength=11)
        fig.add_bar(
            x=names, y=count, name=said[group], marker_color=COLOURS[group],
            text=[say("{n:count}", n=n) if n else "" for n in count], textposition="auto",
        )  # fmt: skip
    fig.update_xaxes(title_text=say("degree, %, to which a customer is {who}", who=str(result.said)[:90]), selector=0)
    fig.update_yaxes(title_text=say("customers"), selector=0)


@draw.register
def _(result: LaterResult) -> go.Figure:
    table = result.table[result.table["customers"] > 0]
    names = {"crisp": say("found by the crisp rule"), "near miss": say("near misses"), "below": say("all others")}
    each = table.set_index("group")["each"]
    template = "In the next {days:count} days near misses brought {near:money} each, all others {below:money}"
    title = say(template, days=result.days, near=each.get("near miss"), below=each.get("below"))
    axis = say("{currency} brought by each customer in these days", currency=voice().currency)
    fig = theme.figure(title=title, x=axis, height=330)
    fig.add_scatter(
        x=table["each"], y=[names[group] for group in table["group"]], mode="markers+text",
        marker={"size": 13, "color": [COLOURS[group] for group in table["group"]]},
        error_x={"array": table["high"] - table["each"], "arrayminus": table["each"] - table["low"], "thickness": 2},
        text=[say("{each:money} · {n:count} customers", each=row.each, n=row.customers) for row in table.itertuples()],
        textposition="top center", cliponaxis=False,
    )  # fmt: skip
    fig.update_xaxes(rangemode="tozero")
    return fig.update_yaxes(autorange="reversed", range=[len(table) - 0.5, -0.7])
