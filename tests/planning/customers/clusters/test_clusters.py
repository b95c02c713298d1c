"""Groups that are there are found, and whose is whose; where there are none, that is the answer."""

import numpy as np
import pandas as pd
import pytest

from crm_analytics import Clusters, NotEnough, draw, features
from crm_analytics.planning.customers.clusters.clusters_apart import valleys
from crm_analytics.planning.customers.clusters.clusters_choose import gap_says, gaps
from crm_analytics.planning.customers.clusters.clusters_traits import Scaling


def people(points: np.ndarray, **more) -> pd.DataFrame:
    """Customers of whom nothing is known but these numbers, and that they bought."""
    traits = {f"t{i}": values for i, values in enumerate(points.T)}
    ids = [f"c{i:06d}" for i in range(len(points))]
    return pd.DataFrame({"customer_id": ids, "orders": 1.0, **traits, **more})


def traits(points: np.ndarray) -> tuple[str, ...]:
    return tuple(f"t{i}" for i in range(points.shape[1]))


def planted(groups: int, *, width: int = 4, n: int = 1500, apart: float = 5.0, seed: int = 1):
    """Gaussian groups of unlike sizes and spreads, the nearest two this many spreads apart; and whose is whose."""
    from scipy.spatial.distance import pdist

    random = np.random.default_rng(seed)
    middles = random.normal(size=(groups, width))
    middles *= apart / pdist(middles).min()
    whose = random.choice(groups, n, p=random.dirichlet([5] * groups))
    spread = random.uniform(0.6, 1.0, (groups, width))
    return middles[whose] + random.normal(size=(n, width)) * spread[whose], whose


def agreement(result, whose) -> float:
    from sklearn.metrics import adjusted_rand_score

    return adjusted_rand_score(whose, result.members.cluster)


NOTHING = {
    "even": lambda r, n: r.uniform(0, 10, (n, 3)),
    "one Gaussian": lambda r, n: r.normal(size=(n, 4)) @ r.normal(size=(4, 4)),
    "one stretched blob": lambda r, n: r.normal(size=(n, 3)) * [9.0, 1.0, 1.0],
    "log-normal": lambda r, n: np.exp(r.normal(size=(n, 4)) @ r.normal(size=(4, 4)) / 2),
    "counts": lambda r, n: r.poisson(np.exp(r.normal(1, 0.8, (n, 1))), (n, 3)).astype(float),
    "heavy tails": lambda r, n: r.standard_t(3, (n, 4)),
}


@pytest.mark.parametrize("kind", NOTHING)
def test_where_there_are_no_groups_none_are_found(kind):
    found = []
    for seed in range(4):
        random = np.random.default_rng(seed)
        points = NOTHING[kind](random, int(random.choice([300, 900])))
        result = Clusters(traits=traits(points), most=4, methods=("k-means", "mixture")).fit(people(points))
        found.append(not isinstance(result, NotEnough))
    assert not any(found)
    assert result.text.startswith("There are no clusters")
    assert "Use segments or scores" in result.text


def test_density_invents_no_groups_either():
    for kind in ("even", "log-normal"):
        points = NOTHING[kind](np.random.default_rng(7), 800)
        result = Clusters(traits=traits(points), methods="density").fit(people(points))
        assert isinstance(result, NotEnough)


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_planted_groups_are_found_and_whose_is_whose(groups):
    points, whose = planted(groups, seed=groups)
    result = Clusters(traits=traits(points), methods=("k-means", "mixture")).fit(people(points))
    assert len(result.table) == groups
    assert agreement(result, whose) >= 0.9
    assert result.table.customers.sum() == len(points)
    assert list(result.table.customers) == sorted(result.table.customers, reverse=True)
    assert result.members.degree.between(1 / groups - 1e-9, 1).all()


def test_long_groups_side_by_side_are_found_by_a_mixture():
    random = np.random.default_rng(3)
    whose = np.repeat([0, 1], 500)
    points = np.column_stack(
        [random.normal(0, 6, 1000), whose * 7 + random.normal(size=1000), random.normal(size=1000)]
    )
    result = Clusters(traits=traits(points)).fit(people(points))
    assert agreement(result, whose) >= 0.9


def test_a_few_unlike_customers_are_a_group_and_density_finds_it():
    random = np.random.default_rng(4)
    whose = np.repeat([0, 1], [1150, 50])
    points = random.normal(size=(1200, 3)) + whose[:, None] * 9
    for methods in (("mixture",), ("density",)):
        result = Clusters(traits=traits(points), methods=methods).fit(people(points))
        assert list(result.table.customers) == [1150, 50]


def test_new_customers_are_placed_and_the_unlike_are_pointed_out():
    points, whose = planted(3, seed=9)
    known, new = points[:1000], points[1000:]
    result = Clusters(traits=traits(points), methods="k-means").fit(people(known))
    placed = result.predict(people(new))
    from sklearn.metrics import adjusted_rand_score

    assert adjusted_rand_score(whose[1000:], placed.table.cluster) >= 0.9
    assert placed.table.unlike.mean() < 0.03
    assert set(placed.table.name) <= set(result.table.name)
    strange = people(np.vstack([new[:9], [[400.0] * 4]]))
    assert list(result.predict(strange).table.unlike) == [False] * 9 + [True]
    with pytest.raises(ValueError, match="t3"):
        result.predict(people(new).drop(columns="t3"))


def test_a_cluster_is_said_in_words():
    random = np.random.default_rng(5)
    big = np.repeat([0, 1], [700, 300])
    orders = np.where(big, random.poisson(40, 1000), 1 + random.poisson(2, 1000)).astype(float)
    amount = np.exp(random.normal(np.where(big, 6.5, 3.5), 0.35))
    frame = people(np.empty((1000, 0)), orders_window=orders, mean_order=amount, revenue=orders * amount,
                   kind=np.where(big, "company", "person"))  # fmt: skip
    result = Clusters(traits=("orders_window", "mean_order")).fit(frame)
    company = result.table.iloc[1]
    assert company.customers == 300
    assert {"large orders", "buys often", "company"} & set(company["name"].split(", "))
    assert "mean order €" in company.differs
    assert "40 against" in company.differs
    assert "kind company 100 % (of all 30 %)" in company.differs
    assert result.table.revenue.sum() == pytest.approx(frame.revenue.sum(), abs=0.01)
    news = {check.name: check for check in result.checks}["news"]
    assert news.verdict == "weak", "kind says the same and is on record"
    assert "2 clusters" in draw(result).layout.title.text


def test_a_response_is_told_cluster_by_cluster_with_its_interval():
    points, whose = planted(2, seed=2, n=1200)
    random = np.random.default_rng(0)
    responded = (random.random(1200) < np.where(whose, 0.4, 0.1)).astype(float)
    contacted = (random.random(1200) < 0.8).astype(float)
    frame = people(points, responses_window=responded, contacts_window=contacted)
    result = Clusters(traits=traits(points), methods="k-means").fit(frame)
    told = result.by("responses_window", among="contacts_window")
    own = pd.Series(responded[contacted > 0]).groupby(result.members.cluster[contacted > 0].to_numpy()).mean()
    assert list(told.table.rate) == pytest.approx(list(own))
    assert ((told.table.low < told.table.rate) & (told.table.rate < told.table.high)).all()
    assert told.table.customers.sum() == contacted.sum()
    assert {c.name: c.verdict for c in told.checks}["more than chance"] == "holds"
    one = result.by("responses_window").table.iloc[0]
    assert one.customers == result.table.customers[0]
    assert draw(told).layout.title.text
    with pytest.raises(ValueError, match="no number 'colour'"):
        result.by("colour")


def test_shuffled_customers_fall_into_the_same_clusters():
    points, _ = planted(3, seed=6, n=900)
    frame = people(points)
    study = Clusters(traits=traits(points), methods=("k-means", "mixture"))
    one, other = study.fit(frame), study.fit(frame.sample(frac=1, random_state=1))
    assert one.text == other.text
    pd.testing.assert_frame_equal(one.members, other.members)


def test_many_customers_are_chosen_on_a_sample_and_all_are_placed():
    points, whose = planted(3, seed=8, n=250_000)
    result = Clusters(traits=traits(points), methods="k-means", most=4, sample=2000).fit(people(points))
    assert len(result.members) == 250_000
    assert agreement(result, whose) >= 0.9


def test_what_says_nothing_is_left_out_and_gaps_are_said():
    points, _ = planted(2, seed=1, n=800)
    random = np.random.default_rng(1)
    frame = people(points, twin=points[:, 0] * 3 + 1, flat=1.0, hidden=np.where(random.random(800) < 0.7, np.nan, 1.0),
                   mostly_none=np.where(random.random(800) < 0.6, 0.0, random.random(800)))  # fmt: skip
    frame.loc[::9, "t1"] = np.nan
    result = Clusters(traits=(*traits(points), "twin", "flat", "hidden", "mostly_none")).fit(frame)
    assert dict(result.scaling.left_out) == {
        "twin": "says what another says", "flat": "hardly differs", "hidden": "little known",
        "mostly_none": "the same for many",
    }  # fmt: skip
    assert "t1 11 %" in {check.name: check for check in result.checks}["gaps"].text
    assert "mostly_none" in set(result.numbers.trait), "it describes all the same"


def test_a_giant_does_not_change_the_scale():
    calm = people(np.random.default_rng(0).normal(100, 10, (500, 1)))
    giant = calm.copy()
    giant.loc[0, "t0"] = 1e9
    one, other = (Scaling.of(frame, ["t0"]).points(frame)[1:] for frame in (calm, giant))
    assert np.abs(one - other).max() < 0.05


def test_the_valley_between_two_gaussians_is_as_deep_as_theory_says():
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal(0, 1, (20_000, 1)), random.normal(5, 1, (20_000, 1))])
    [valley] = valleys(points, np.repeat([0, 1], 20_000))
    assert valley.depth == pytest.approx(2 * np.exp(-(2.5**2) / 2), abs=0.03)
    assert valley.apart
    [cut] = valleys(points[:20_000], (points[:20_000, 0] > 0).astype(int))
    assert not cut.apart


def test_the_gap_statistic_counts_groups_and_one_group_is_one():
    points, _ = planted(3, width=2, n=600, apart=8.0, seed=3)
    assert gap_says(gaps(points, most=6, seed=1)) == 3
    assert gap_says(gaps(np.random.default_rng(1).uniform(size=(600, 2)) * [2, 1], most=6, seed=1)) == 1


@pytest.mark.parametrize(
    "wrong", [{"methods": ("magic",)}, {"methods": ()}, {"most": 1}, {"most": 40}, {"sample": 10}]
)  # fmt: skip
def test_a_wrong_knob_is_answered_with_the_right_ones(wrong):
    with pytest.raises(ValueError, match=r"\w+"):
        Clusters(**wrong)


def test_a_trait_that_is_not_there_is_named():
    points, _ = planted(2, n=200)
    with pytest.raises(ValueError, match="no trait 'colour'"):
        Clusters(traits=("t0", "colour")).fit(people(points))


def test_the_company_is_told_what_is_there_and_no_more(company, truth):
    """Persons of all segments overlap by what is known of them; companies and dealers buy otherwise."""
    profile = features.profile(company).to_pandas()
    result = Clusters().fit(profile)
    kinds = profile.set_index("customer_id").kind.reindex(result.members.customer_id)
    assert agreement(result, kinds.ne("person").to_numpy()) >= 0.8
    persons = Clusters(methods=("k-means", "mixture"), most=4).fit(profile[profile.kind == "person"])
    assert isinstance(persons, NotEnough)
