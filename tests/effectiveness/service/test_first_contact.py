"""Who settles more at the first contact, where skill is known and cases are not alike."""

import numpy as np
import pytest

from crm_analytics import FirstContact, NotEnough, draw, features
from crm_analytics.simulation.first_contacts import first_contacts


def told(seed, **settings):
    frame, true = first_contacts(seed, **settings)
    result = FirstContact().fit(frame)
    names = result.names.set_index("name")["value"]
    return result.table.set_index("value").loc[names.loc[true.index]], true, result


def test_skill_is_told_and_covered_where_cases_differ():
    inside, plain, fair = [], [], []
    for seed in range(8):
        table, true, _ = told(seed, spread=0.04)
        inside.extend((table["against_low"].to_numpy() <= true) & (true <= table["against_high"].to_numpy()))
        fair.append(np.corrcoef(table["rate"], true)[0, 1])
        plain.append(np.corrcoef(table["plain"], true)[0, 1])
    assert np.mean(inside) >= 0.9
    assert np.mean(fair) > max(0.85, np.mean(plain) + 0.1)


def test_hard_cases_make_nobody_stand_out():
    out, wrong = [], []
    for seed in range(8):
        table, _, _ = told(seed)
        out.append((table["verdict"] != "as others").any())
        wrong.append(table["plain"].iloc[:4].mean() < table["plain"].iloc[4:].mean() - 0.04)
        assert table["rate"].max() - table["rate"].min() < 0.05
    assert sum(out) <= 2
    assert all(wrong)  # a plain count blames those who get what is hard


def test_reasons_are_counted_and_the_last_one_is_found():
    frame, _ = first_contacts(1, spread=0.06)
    result = FirstContact(dimension="reason").fit(frame)
    assert result.table["value"].iloc[0] == "defect"
    assert result.table["verdict"].iloc[0] == "fewer settled"
    assert result.reasons["cases"].sum() == frame["cases"].sum()
    assert result.reasons["share"].sum() == pytest.approx(1)
    assert (result.reasons["change_low"] < result.reasons["change_high"]).all()
    doubled = frame.assign(cases=frame["cases"] * np.where((frame["month"] >= "2024-01-01"), 2, 1))
    assert (FirstContact().fit(doubled).reasons["change"] > 1.7).all()
    assert "fewer" in draw(result).layout.title.text


def test_nobody_is_named():
    frame, _ = first_contacts(2, spread=0.1)
    result = FirstContact().fit(frame)
    shown = str(result) + result._repr_html_() if hasattr(result, "_repr_html_") else str(result)
    shown += str(result.claims) + str(draw(result).to_dict())
    assert not [name for name in frame["agent"].unique() if name in shown]
    assert result.claims[0].decision.endswith(".")
    assert set(result.names["name"]) == set(frame["agent"])


def test_too_few_cases_are_not_judged():
    frame, _ = first_contacts(3)
    assert isinstance(FirstContact().fit(frame.head(4)), NotEnough)
    assert isinstance(FirstContact(dimension="region").fit(frame), NotEnough)  # no region is on record
    assert isinstance(FirstContact(dimension="channel").fit(frame), NotEnough)  # there is but one
    small = frame["agent"].eq("Agent A")
    few = frame[~small | (frame.index < 3)]
    result = FirstContact().fit(few)
    assert "agent 1" not in set(result.table["value"])
    assert any(check.name == "Too few to be judged" for check in result.checks)
    with pytest.raises(ValueError, match="reason"):
        FirstContact(dimension="mood")


def test_cases_of_the_company_are_contacts(company):
    told = features.first_contacts(company).to_pandas()
    contacts = company.contacts.to_pandas()
    asked = contacts[(contacts["kind"] == "in") & ~contacts["outcome"].str.lower().str.startswith("order")]
    assert 0.8 * len(asked) < told["cases"].sum() <= len(asked)
    assert (told["settled"] <= told["cases"]).all()
