"""What a CRM brought where teams got it one after another, where that is known; and how often each team's number is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import CRMByTeam, NotEnough, draw, features
from crm_analytics.collection import load, suggest_map
from crm_analytics.effectiveness.crm.teams import Teams
from crm_analytics.simulation.introduction import team_by_team
from crm_analytics.warehouse.engine import Warehouse
from crm_analytics.warehouse.release import WarehouseError

SEEDS = range(8)
TRIED = {"teams": 6, "spread": 0.02}


def asked(seed, **settings):
    frame, told, true = team_by_team(seed, **{**TRIED, **settings})
    return CRMByTeam(introduced=told).fit(frame), true


@pytest.mark.parametrize("setting", [{"coincidence": 0.08}, {"growing": 0.01}], ids=str)
def test_intervals_cover_whatever_else_began_and_however_it_grows(setting):
    found = [asked(seed, **setting) for seed in SEEDS]
    rows = [(result.table.iloc[0], true) for result, true in found]
    assert np.mean([row.low <= true <= row.high for row, true in rows]) >= 0.9
    assert abs(np.mean([row.effect - true for row, true in rows])) < 0.01
    if "coincidence" in setting:
        assert np.mean([row.plain for row, _ in rows]) > 0.05  # the year before takes for the CRM what everybody got


def test_what_is_there_is_found_and_what_is_not_is_seldom_claimed():
    found = [asked(seed, teams=8, effect=0.06)[0].table.iloc[0]["verdict"] for seed in range(6)]
    assert found.count("better") >= 5
    nothing = [asked(seed)[0].table.iloc[0]["verdict"] for seed in SEEDS]
    assert nothing.count("not enough evidence") >= 6


def test_it_is_the_two_way_comparison_where_all_got_it_at_once():
    rng = np.random.default_rng(1)
    level, cases = rng.uniform(0.2, 0.4, (5, 12)), np.full((5, 12), 100.0)
    teams = Teams(level=level, cases=cases, starts=np.array([8, 8, 12, 12, 12]))
    with_it, without = level[:2], level[2:]
    by_hand = (with_it[:, 8:].mean() - with_it[:, :8].mean()) - (without[:, 8:].mean() - without[:, :8].mean())
    assert teams.effect == pytest.approx(by_hand)
    assert np.nansum(teams.on * teams.residual()) == pytest.approx(teams.effect)
    assert len(teams.ways) == 10


@given(st.lists(st.sampled_from([7, 9, 12]), min_size=4, max_size=7).filter(lambda at: min(at) < 12),
       st.floats(-1, 1), st.integers(0, 50))  # fmt: skip
def test_levels_of_teams_and_months_do_not_matter_and_a_change_is_what_is_added(starts, change, seed):
    rng = np.random.default_rng(seed)
    starts = np.array(starts)
    level, cases = rng.normal(size=(len(starts), 12)), rng.poisson(30, (len(starts), 12)) + 1.0
    moved = level + rng.normal(size=(len(starts), 1)) + rng.normal(size=12)
    moved = moved + change * (np.arange(12) >= starts[:, None])
    plain, other = (Teams(level=one, cases=cases, starts=starts) for one in (level, moved))
    if plain.on.sum() > 0:
        assert other.effect == pytest.approx(plain.effect + change, abs=1e-6)
        assert len(np.unique(plain.ways, axis=0)) == len(plain.ways)


def test_too_few_teams_and_all_at_once_are_refused():
    frame, told, _ = team_by_team(1, teams=4)
    few = CRMByTeam(introduced=told).fit(frame)
    assert isinstance(few, NotEnough)
    assert "ways" in few.text
    everybody = ", ".join(frame["team"].unique())
    at_once = CRMByTeam(introduced=f"{everybody} 2024-03-01").fit(frame)
    assert "at once" in at_once.text
    assert "after 2 months" in CRMByTeam(introduced="T00 2022-03-01").fit(frame).text
    assert isinstance(CRMByTeam().fit(frame[frame["team"] == "T00"]), NotEnough)


def test_what_cannot_be_read_is_said():
    frame, *_ = team_by_team(1)
    with pytest.raises(ValueError, match="write teams and a day"):
        CRMByTeam(introduced="Riga in March")
    with pytest.raises(ValueError, match="twice"):
        CRMByTeam(introduced="Riga 2024-03-01; Riga 2024-05-01")
    with pytest.raises(ValueError, match="T00"):
        CRMByTeam(introduced="Nowhere 2024-03-01").fit(frame)
    with pytest.raises(ValueError, match="7 others") as told:
        CRMByTeam(introduced="Nobody 2024-03-01").fit(frame[frame["team"] != "T00"].assign(of="agent"))
    assert "T01" not in str(told.value)  # who works here is nobody's business in a message


def test_the_half_year_before_tells_teams_that_had_parted():
    frame, told, _ = team_by_team(2, teams=8, spread=0.005)
    had = frame["team"].isin(CRMByTeam(introduced=told).days)
    drifting = frame.assign(done=frame["done"] + had * frame["out_of"] * (frame["month"] >= "2023-08-01") * 0.05)
    checks = {check.name: check.verdict for check in CRMByTeam(introduced=told).fit(drifting).checks}
    assert checks["Before they had it"] == "fails"
    checks = {check.name: check.verdict for check in CRMByTeam(introduced=told).fit(frame).checks}
    assert checks["Before they had it"] == "holds"


def test_a_rehearsal_says_that_it_is_one():
    frame, told, _ = team_by_team(3, teams=8, effect=0.05)
    rehearsal = CRMByTeam().fit(frame)
    assert "rehearsal" in rehearsal.text
    assert not rehearsal.claims
    result = CRMByTeam(introduced=told).fit(frame)
    assert [claim.evidence for claim in result.claims] == ["compared"]
    assert "5." in draw(result).layout.title.text


def test_numbers_of_teams_are_those_of_the_facts(company):
    by_region = features.crm_teams(company, team="region").to_pandas()
    again = by_region[by_region["metric"] == "came again"]
    assert (again["done"] <= again["out_of"]).all()
    month = pd.Timestamp("2024-05-01")
    orders = company.orders.to_pandas()
    orders = orders[(orders["kind"] == "sale") & orders["customer_id"].notna()]
    stores, homes = company.stores.to_pandas(), company.customers.to_pandas()
    orders["region"] = orders["store_id"].map(stores.set_index("store_id")["region"])
    orders["region"] = orders["region"].fillna(orders["customer_id"].map(homes.set_index("customer_id")["region"]))
    near = orders[orders["ordered_at"].between(month - pd.Timedelta(days=90), month, inclusive="left")]
    there = near.groupby("region")["customer_id"].nunique()
    told = again[again["month"].astype("datetime64[ns]") == month].set_index("team")["out_of"]
    assert (told <= there.loc[told.index]).all()  # goods made to order are set apart
    assert (told >= 0.97 * there.loc[told.index]).all()
    with pytest.raises(ValueError, match="customer_region"):
        features.crm_teams(company, team="floor")


def test_where_no_store_is_on_record_it_asks_by_what_is(tmp_path):
    orders = "".join(
        f"{i},{i % 50},{('North', 'South', 'West')[i % 3]},2024-{1 + i // 60:02d}-{1 + i % 28:02d},{20 + i % 7}\n"
        for i in range(600)
    )
    (tmp_path / "orders.csv").write_text(f"order_id,customer_id,customer_region,order_date,amount\n{orders}", "utf-8")
    (tmp_path / "mine.yaml").write_text(suggest_map([tmp_path / "orders.csv"]).text, "utf-8")
    load(tmp_path / "mine.yaml", data=tmp_path, home=tmp_path / "home")
    wh = Warehouse.open(tmp_path / "home")
    assert set(features.crm_teams(wh).to_pandas()["of"]) == {"region"}
    with pytest.raises(WarehouseError, match="ask by region, or by customer_region"):
        features.crm_teams(wh, team="store")
