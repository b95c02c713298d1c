"""Every feature says the same, to the last bit, each time it is asked."""

import pandas as pd
import pytest

from crm_analytics import Warehouse, features


@pytest.mark.parametrize("name", features.__all__)
def test_the_same_facts_give_the_same_numbers(name, company, demo_home):
    feature = getattr(features, name)
    wh = company if company.has(*feature.needs) else Warehouse.open(demo_home)
    given = {"since": "2024-06-30"} if "since" in feature.knobs else {}
    first = feature(wh, **given).to_pandas()
    pd.testing.assert_frame_equal(feature(wh, **given).to_pandas(), first, check_exact=True)
