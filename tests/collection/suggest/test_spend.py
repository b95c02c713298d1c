"""Advertising spend by day or week and channel, without campaigns: long or wide, English or Russian, to the mix."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from crm_analytics import ChannelMix, PlanFact, features
from crm_analytics.collection import load, suggest_map
from crm_analytics.warehouse.engine import Warehouse

FIRST = date(2022, 1, 3)
WEEKS = 110


def sales() -> str:
    """A sale a day."""
    amounts = 80 + 20 * np.random.default_rng(3).random(7 * WEEKS)
    rows = (f"{i},{1000 + i % 40},{FIRST + timedelta(i)},{amount:.2f}" for i, amount in enumerate(amounts))
    return "\n".join(rows)


def loaded(folder, files: dict[str, str]) -> Warehouse:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    proposal = suggest_map([folder / name for name in files])
    (folder / "mine.yaml").write_text(proposal.text, encoding="utf-8")
    load(folder / "mine.yaml", data=folder, home=folder / "home")
    return Warehouse.open(folder / "home")


def weekly(seed: int, off: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(rng.gamma(2.0, 60.0, WEEKS), 2) * (rng.random(WEEKS) > off)


def test_a_line_a_week_and_channel_in_english(tmp_path):
    spend = {"TV": weekly(1, 0.4), "Paid search": weekly(2, 0.0)}
    spend["TV"][:10] = 0  # begun later: then there are no lines of it
    rows = "".join(
        f"{FIRST + timedelta(7 * w)},{name},{much[w]:.2f},{int(much[w]) * 40},{int(much[w]) // 3}\n"
        for w in range(WEEKS)
        for name, much in spend.items()
        if much[w] > 0
    )
    head = {
        "spend.csv": "week_start,channel,spend,impressions,clicks\n" + rows,
        "orders.csv": "order_id,customer_id,order_date,amount\n" + sales(),
    }
    wh = loaded(tmp_path, head)
    kept = wh.campaigns.to_pandas().set_index("campaign_id")
    begun = int(np.argmax(spend["TV"] > 0))
    ended = int(np.nonzero(spend["TV"])[0][-1])
    assert kept.loc["TV", "starts"].date() == FIRST + timedelta(7 * begun)
    assert kept.loc["TV", "ends"].date() == FIRST + timedelta(7 * ended + 6)
    media = features.media(wh, as_of=FIRST + timedelta(7 * WEEKS)).to_pandas()
    for name, much in spend.items():
        assert media[f"spend_{name}"].to_numpy() == pytest.approx(much, abs=1e-6)
    mix = ChannelMix(draws=100, hidden_quarters=0).fit(media)
    assert set(mix.table["channel"]) == set(spend)
    money = features.campaign_money(wh, as_of=FIRST + timedelta(7 * WEEKS)).to_pandas()
    plan = PlanFact().fit(money)
    assert plan.total("cost") == pytest.approx(sum(map(np.sum, spend.values())))
    assert money["days_left"].max() <= 15
    endless = PlanFact().fit(money.assign(days_left=27_438))
    assert {check.name for check in endless.checks} >= {"Without an end"}
    assert not any("27,438" in check.text for check in endless.checks)


def test_a_column_a_channel_in_russian(tmp_path):
    spend = {"ТВ": weekly(1, 0.4), "Контекст": weekly(2, 0.0), "Радио": np.zeros(WEEKS)}
    spend["ТВ"][-20:] = 0
    rows = "".join(
        f"{FIRST + timedelta(7 * w):%d.%m.%Y};" + ";".join(f"{one[w]:.2f}".replace(".", ",") for one in spend.values())
        + "\n" for w in range(WEEKS)
    )  # fmt: skip
    wh = loaded(tmp_path, {"Расходы на рекламу.csv": f"Неделя;{';'.join(spend)}\n{rows}"})
    kept = wh.campaigns.to_pandas().set_index("campaign_id")
    assert sorted(kept.index) == ["Контекст", "ТВ"]  # nothing was ever spent on the radio
    ended = int(np.nonzero(spend["ТВ"])[0][-1])
    assert kept.loc["ТВ", "ends"].date() == FIRST + timedelta(7 * ended + 6)
    costs = wh.campaign_costs.to_pandas()
    told = costs.astype({"amount": float}).groupby("campaign_id")["amount"].sum()
    assert told.to_dict() == pytest.approx({name: float(spend[name].sum()) for name in kept.index})


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("channels.csv", "date,channel,revenue"),
        ("отчёт.csv", "Дата;Канал;Выручка"),
        ("channels.csv", "date,channel,revenue,cost"),
        ("каналы.csv", "Дата;Канал;Себестоимость"),
        ("traffic.csv", "week,search,social,email"),
        ("revenue by channel.csv", "week,search,social,email"),
    ],
)
def test_what_channels_brought_is_no_spend(tmp_path, name, head):
    mark = ";" if ";" in head else ","
    words = ["web", "store"] if "hannel" in head or "Канал" in head else ["100", "200"]
    lines = [[f"{FIRST + timedelta(i // 2 if words[0] == 'web' else 7 * i)}", words[i % 2]] for i in range(120)]
    rest = head.count(mark) - 1
    body = "".join(mark.join([*line, *(f"{90 + 7 * (i + k) % 50}" for k in range(rest))]) + "\n"
                   for i, line in enumerate(lines))  # fmt: skip
    (tmp_path / name).write_text(f"{head}\n{body}", encoding="utf-8")
    assert "campaign_costs" not in suggest_map([tmp_path / name]).text


def test_a_channel_is_called_without_the_word_for_spend(tmp_path):
    rows = "".join(f"{FIRST + timedelta(7 * w)},{900 + w},{90 + w},{20 + w},{7000 + 9 * w}\n" for w in range(40))
    (tmp_path / "mix.csv").write_text(f"week,tv_spend,tv_grp,radio_spend,sales\n{rows}", encoding="utf-8")
    text = suggest_map([tmp_path / "mix.csv"]).text
    assert "channel: {constant: tv}" in text
    assert "channel: {constant: radio}" in text
    assert "left out: tv_grp" in text
    assert "left out: sales" in text
