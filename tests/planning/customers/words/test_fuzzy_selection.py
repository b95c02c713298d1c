"""Words with soft edges: what they mean, how they join, whom they find that a crisp rule misses, what these bring."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import FuzzySelection, NotEnough, Word, features
from crm_analytics.planning.customers.words.wording import HEDGES, understood
from crm_analytics.planning.customers.words.words import vocabulary

THIRTIES = Word(name="30 to 35", of="age", rises=(25, 30), falls=(35, 40))
WELL_OFF = Word(name="5,000 a month", of="income", rises=(4000, 5000))


def people(n=1000, seed=1, **columns):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "customer_id": [f"c{i:05d}" for i in range(n)], "age": rng.integers(18, 80, n).astype(float),
        "income": rng.lognormal(8, 0.5, n).round(-2), "revenue_window": rng.gamma(2, 100, n), **columns,
    })  # fmt: skip


def ask(frame, who="30 to 35 with 5,000 a month", **knobs):
    return FuzzySelection(who=who, words=(THIRTIES, WELL_OFF), **knobs).fit(frame)


def test_the_man_of_36_with_4900_a_month_is_found_and_ranked():
    frame = people()
    frame.loc[0, ["age", "income"]] = 36, 4900
    frame.loc[1, ["age", "income"]] = 38, 4500
    frame.loc[2, ["age", "income"]] = 33, 5200
    table = ask(frame).table.set_index("customer_id")
    assert table.group[["c00002", "c00000", "c00001"]].tolist() == ["crisp", "near miss", "below"]
    assert table.degree[["c00002", "c00000", "c00001"]].tolist() == pytest.approx([1, 0.8, 0.4])
    assert table["rank"]["c00002"] < table["rank"]["c00000"] < table["rank"]["c00001"]
    assert (np.diff(table.degree) <= 0).all()


def test_near_misses_are_worth_what_they_brought():
    frame = people(5000)
    answer = ask(frame)
    inside = frame[frame.age.between(30, 35) & (frame.income >= 5000)]
    groups = answer.groups.set_index("group")
    assert groups.customers["crisp"] == len(inside)
    assert groups.worth["crisp"] == pytest.approx(inside.revenue_window.sum())
    assert groups.customers.sum() == len(frame)
    assert groups.worth.sum() == pytest.approx(frame.revenue_window.sum())
    assert groups.low["near miss"] < 200 < groups.high["near miss"]  # the planted mean
    assert f"misses {groups.customers['near miss']}" in answer.text


def test_intervals_of_the_worth_of_a_group_cover():
    covered = 0
    for seed in range(100):
        groups = ask(people(1500, seed=seed)).groups.set_index("group")
        covered += groups.low["near miss"] <= 200 <= groups.high["near miss"]
    assert 89 <= covered <= 99


def test_what_is_unknown_is_not_selected_but_counted():
    frame = people()
    frame.loc[frame.index < 500, "income"] = np.nan
    answer = ask(frame)
    unknown = answer.table[answer.table.income.isna()]
    assert (unknown.degree == 0).all()
    assert (unknown.possible == unknown["30 to 35"]).all()
    check = next(c for c in answer.checks if c.name == "unknown")
    assert check.verdict == "fails"
    assert f"{(unknown.possible >= 0.5).sum()} more customers" in check.text


def test_what_nobody_is_recorded_to_have_is_refused():
    frame = people(income=np.nan)
    assert isinstance(ask(frame), NotEnough)
    assert "income is not recorded" in ask(frame).text
    nobody = ask(people(age=70.0))
    assert isinstance(nobody, NotEnough)
    assert "more softly" in nobody.text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("middle-aged people with a high income", "middle-aged and high income"),
        ("Young, very frequent or not (quiet and rare)", "young and very frequent or not (quiet and rare)"),
        ("not very high income", "not very high income"),
        ("молодые или средних лет, с очень высоким доходом", "молодые or средних лет and очень высокий доход"),
        ("люди средних лет, но не замолчавшие", "средних лет and not замолчавшие"),
    ],
)
def test_a_marketer_is_understood(text, tree):
    names = ["middle-aged", "young", "high income", "frequent", "rare", "quiet", "молодые", "средних лет",
             "высокий доход", "замолчавшие"]  # fmt: skip
    said = understood(text, names)
    shown = str(said).replace("(young and very frequent) or", "young and very frequent or")
    assert shown.replace("or (средних лет and очень высокий доход)", "or средних лет and очень высокий доход") == tree
    assert understood(str(said), names) == said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("middel-aged", r"'middel-aged' \(at character 1\); did you mean 'middle-aged'"),
        ("middle-aged and", "at the end"),
        ("(middle-aged", r"'\)' is missing"),
        ("middle-aged) and young", r"'\)' too many at character 12"),
        ("  ", "Say whom you mean"),
        ("middle-aged; DROP TABLE orders", r"There is no word 'drop' \(at character 14\)"),
    ],
)
def test_what_is_not_understood_is_said_with_its_place(text, problem):
    with pytest.raises(ValueError, match=problem):
        understood(text, ["middle-aged", "young"])


@given(st.text(max_size=60))
def test_nothing_said_breaks_it(text):
    try:
        said = understood(text, ["middle-aged", "high income", "высокий доход"])
    except ValueError:
        return
    assert understood(str(said), ["middle-aged", "high income", "высокий доход"]) == said


TREES = st.recursive(
    st.sampled_from(["old", "rich", "quiet"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        st.tuples(st.sampled_from(["not", "very", "rather"]), inner).map(lambda t: f"{t[0]} ({t[1]})"),
    ),
    max_leaves=6,
)
UNIT = st.floats(0, 1)


@given(TREES, st.tuples(UNIT, UNIT, UNIT), UNIT)
def test_degrees_keep_the_laws_of_fuzzy_sets(text, degrees, other):
    of = dict(zip(["old", "rich", "quiet"], map(np.array, degrees), strict=True)).__getitem__
    said = understood(text, ["old", "rich", "quiet"])
    low, high = said.degree(of)
    assert 0 <= low == high <= 1
    assert understood(f"not ({text})", ["old", "rich", "quiet"]).degree(of)[0] == pytest.approx(1 - low)
    either = understood(f"not (not ({text}) and not (old))", ["old", "rich", "quiet"]).degree(of)[0]
    assert either == pytest.approx(max(float(low), float(degrees[0])))  # De Morgan
    unknown = {"old": np.array(np.nan), "rich": np.array(degrees[1]), "quiet": np.array(degrees[2])}.__getitem__
    low, high = said.degree(unknown)
    known = {"old": np.array(other), "rich": np.array(degrees[1]), "quiet": np.array(degrees[2])}.__getitem__
    assert low - 1e-12 <= said.degree(known)[0] <= high + 1e-12


@given(UNIT)
def test_hedges_concentrate_and_dilate(degree):
    def of(_name):
        return np.array(degree)

    said = {hedge: understood(f"{hedge} old", ["old"]).degree(of)[0] for hedge in HEDGES}
    assert said["extremely"] <= said["very"] <= degree <= said["rather"]
    assert said["очень"] == said["very"]


def test_words_are_learned_from_the_customers_or_from_examples():
    values = pd.Series([0.0] * 500 + list(range(1, 501)), name="revenue_window")
    high = Word.learned("big spenders", values, level="high")
    assert high.rises == pytest.approx((300.4, 400.2))
    assert high.falls is None
    middle = Word.learned("middle", values, level="middle")
    assert high.degree(np.array([100.0, 350.3, 450, np.nan]))[:3] == pytest.approx([0, 0.5, 1])
    assert middle.degree(np.array([250.0])) == 1
    shown = Word.of_examples("like these", pd.Series([30, 33, 35, 37, 41], name="age"))
    assert (shown.rises, shown.falls) == ((27, 33), (37, 45))
    with pytest.raises(ValueError, match="at least 4 examples"):
        Word.of_examples("like these", pd.Series([30.0, None], name="age"))
    with pytest.raises(ValueError, match="Nothing is known of age"):
        Word.learned("old", pd.Series([np.nan], name="age"), level="high")


@pytest.mark.parametrize("edges", [{}, {"rises": (3, 2)}, {"rises": (1, 3), "falls": (2, 4)}, {"falls": (0, np.inf)}])
def test_a_word_that_cannot_be_is_refused(edges):
    with pytest.raises(ValueError, match="'odd'"):
        Word(name="odd", of="age", **edges)


def test_another_edge_gives_another_selection_of_the_same_people():
    answer = ask(people())
    wider = answer.but(Word(name="30 to 35", of="age", rises=(15, 25), falls=(45, 60)))
    assert wider.groups.customers[:2].sum() > answer.groups.customers[:2].sum()
    assert answer.but(at_least=1.0).groups.customers[1] == 0


def test_the_usual_words_need_no_setting(company):
    frame = features.profile(company, as_of="2025-01-01").to_pandas()
    assert {"middle-aged", "big spenders", "high revenue window", "часто покупающие"} <= set(vocabulary(frame))
    answer = FuzzySelection(who="middle-aged and rather frequent and not quiet").fit(frame)
    later = answer.against(features.spend(company, since="2025-01-01"))
    each = later.table.set_index("group").each
    assert later.table.customers.sum() == len(frame)
    assert each["near miss"] > each["below"]  # frequent customers go on being frequent
