"""The loop closes in data: what was launched comes back into the warehouse as one more source."""

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from crm_analytics import Audience, Ledger, Outbox, Warehouse, features
from crm_analytics.collection.loading.load import load

MAP = Path(__file__).parents[2] / "maps" / "ledger.yaml"
ON = date(2025, 7, 1)


@pytest.fixture
def home(company_home, tmp_path):
    return Path(shutil.copytree(company_home, tmp_path / "home"))


@pytest.fixture
def launch(home):
    audience = Audience(campaign="Summer fair").fit(features.reachable(Warehouse.open(home), as_of=ON))
    return Ledger.open(home).launch(audience, starts=ON, ends=date(2025, 7, 14))


def test_a_launched_campaign_comes_back_as_a_source(home, launch):
    before = Warehouse.open(home)
    Ledger.open(home).publish(home / "ledger")
    report = load(MAP, data=home / "ledger", home=home)
    assert report.exit_code == 0, str(report)
    after = Warehouse.open(home)
    arms = after.arms.filter(after.arms.campaign_id == "Summer fair").to_pandas().sort_values("customer_id")
    pd.testing.assert_frame_equal(arms[["customer_id", "arm"]].reset_index(drop=True), launch.arms)
    campaign = after.campaigns.filter(after.campaigns.campaign_id == "Summer fair").to_pandas()
    assert campaign[["channel", "source"]].values.tolist() == [["email", "ledger"]]
    assert pd.Timestamp(campaign.starts[0]).date() == ON
    assert after.arms.count().execute() == before.arms.count().execute() + len(launch.arms)


def test_the_same_again_publishes_nothing(home, launch):
    Ledger.open(home).publish(home / "ledger")
    load(MAP, data=home / "ledger", home=home)
    first = Warehouse.open(home).release.id
    Ledger.open(home).publish(home / "ledger")
    load(MAP, data=home / "ledger", home=home)
    assert Warehouse.open(home).release.id == first


def test_the_mailing_reaches_only_those_addressed_under_consent(home, launch):
    wh = Warehouse.open(home)
    mailing = Outbox(home).write(launch, wh.addresses(purpose="marketing", channel="email"), on=ON)
    written = pd.read_csv(home / mailing.file, encoding="utf-8-sig", dtype=str)
    assert set(written.customer_id) <= set(launch.ids("treated"))
    assert mailing.letters == len(written) > 0.9 * len(launch.ids("treated"))
    contacts = wh.addresses(purpose="marketing", channel="email").of(launch.ids("control"), on=ON)
    assert not set(written.email) & set(contacts.email.str.lower().dropna())
    ledger = Ledger.open(home)
    ledger.keep(mailing)
    ledger.keep(mailing)
    assert ledger.mailings().letters.tolist() == [mailing.letters]
