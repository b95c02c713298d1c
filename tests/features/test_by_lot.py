"""An arm that was chosen is no test: what customers did before gives it away."""

import ibis
import numpy as np
import pandas as pd

from crm_analytics.features.answers import LEAVING
from crm_analytics.features.by_lot import unlike_before


def test_only_arms_that_were_chosen_are_found():
    rng = np.random.default_rng(1)
    before = rng.poisson(3.0, 4000)
    by_lot = np.where(rng.random(4000) < 0.8, "treated", "control")
    chosen = np.where(before + rng.normal(0, 2, 4000) > 3, "treated", "control")
    frames = [
        pd.DataFrame({"campaign_id": name, "arm": arm, "before_orders": before, "before_revenue": before * 9.99})
        for name, arm in (("drawn", by_lot), ("picked", chosen), ("all", "treated"))
    ]
    nobody = frames[0].assign(campaign_id="new", before_orders=0, before_revenue=0.0)
    found = unlike_before(ibis.memtable(pd.concat([*frames, nobody], ignore_index=True))).to_pandas()
    assert found["campaign_id"].to_list() == ["picked"]


def test_who_leaves_has_not_answered():
    for kind in ("Unsubscribed", "отписка", "Отписался", "Стоп-лист", "opt-out"):
        assert kind.lower().startswith(LEAVING)
    for kind in ("click", "клик", "call", "ответ", "order"):
        assert not kind.lower().startswith(LEAVING)
