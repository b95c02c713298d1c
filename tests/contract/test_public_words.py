"""What `import crm_analytics` promises: it is light, and every word it names is there and explains itself."""

import inspect
import subprocess
import sys

import pytest

import crm_analytics
from crm_analytics import features

HEAVY = {"pandas", "numpy", "scipy", "plotly", "ibis", "duckdb", "deltalake", "statsmodels", "sklearn", "sqlalchemy"}


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, crm_analytics; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) & HEAVY == set()


@pytest.mark.parametrize("word", crm_analytics.__all__)
def test_a_public_word_is_there_and_says_what_it_means(word):
    assert inspect.getdoc(getattr(crm_analytics, word))


@pytest.mark.parametrize("name", features.__all__)
def test_a_feature_names_its_tables_and_its_grain(name):
    feature = getattr(features, name)
    assert feature.grain
    assert inspect.getdoc(feature.function)
    assert feature.__name__ == name


def test_an_unknown_word_names_the_known_ones():
    with pytest.raises(AttributeError, match="Warehouse"):
        crm_analytics.Warehuose  # noqa: B018
    with pytest.raises(AttributeError, match="purchases"):
        features.purchase  # noqa: B018
