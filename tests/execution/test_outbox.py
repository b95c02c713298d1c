"""Only those addressed, under consent, in a file that no spreadsheet takes for a program."""

import csv
import json
import stat
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics import Audience, Ledger, Outbox
from crm_analytics.execution.outbox import _harmless, _safe, _usable

ON = date(2025, 6, 30)


class Book:
    """An address book in which everybody has agreed, unless told otherwise."""

    def __init__(self, customer_ids, *, channel="email", refused=(), **changes):
        self.purpose, self.channel = "marketing", channel
        frame = pd.DataFrame({"customer_id": list(customer_ids)}).astype("str")
        frame["full_name"] = "Анна " + frame.customer_id
        frame["email"] = frame.customer_id + "@example.com"
        frame["phone"] = "+371 29 " + frame.customer_id.str[1:] + "00"
        frame["address"] = "1, Long Street; flat " + frame.customer_id
        for customer, (column, value) in changes.items():
            frame.loc[frame.customer_id == customer, column] = value
        self._frame = frame[~frame.customer_id.isin(refused)]

    def of(self, customer_ids, *, on):
        return self._frame[self._frame.customer_id.isin(list(customer_ids))].sample(frac=1, random_state=1)


@pytest.fixture
def launch(people, days, tmp_path):
    return Ledger.open(tmp_path).launch(Audience(campaign="autumn").fit(people), **days)


def read(home, mailing):
    with (home / mailing.file).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def test_only_the_addressed_are_written_to_never_the_control(launch, people, tmp_path):
    mailing = Outbox(tmp_path).write(launch, Book(people.customer_id), on=ON)
    written = [row["customer_id"] for row in read(tmp_path, mailing)]
    assert written == launch.ids("treated")
    assert not set(written) & set(launch.ids("control"))
    assert mailing.letters == len(written)
    assert mailing.left_out == {}


def test_who_cannot_be_written_to_is_left_out_and_counted(launch, people, tmp_path):
    treated, control = launch.ids("treated"), launch.ids("control")
    book = Book(
        people.customer_id, refused=treated[:3],
        **{treated[3]: ("email", None), treated[4]: ("email", "nowhere"), treated[5]: ("email", "=cmd@example.com"),
           treated[6]: ("email", f"{control[0]}@EXAMPLE.com "), treated[7]: ("email", f"{treated[8]}@example.com")},
    )  # fmt: skip
    mailing = Outbox(tmp_path).write(launch, book, on=ON)
    assert mailing.left_out == {
        "without consent or record": 3,
        "without a usable address": 3,
        "sharing an address with somebody left alone": 1,
        "sharing an address with somebody addressed": 1,
    }
    assert mailing.letters + sum(mailing.left_out.values()) == len(treated)
    assert len(read(tmp_path, mailing)) == mailing.letters


def test_the_same_again_gives_the_same_bytes(launch, people, tmp_path):
    first = Outbox(tmp_path).write(launch, Book(people.customer_id), on=ON)
    before = (tmp_path / first.file).read_bytes()
    assert Outbox(tmp_path).write(launch, Book(people.customer_id), on=ON) == first
    assert (tmp_path / first.file).read_bytes() == before


def test_only_its_owner_may_read_it(launch, people, tmp_path):
    mailing = Outbox(tmp_path).write(launch, Book(people.customer_id), on=ON)
    path = tmp_path / mailing.file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.with_suffix(".json").stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(p.name for p in path.parent.iterdir()) == ["email.csv", "email.json"]


def test_neither_what_is_shown_nor_the_manifest_holds_personal_data(launch, people, tmp_path):
    mailing = Outbox(tmp_path).write(launch, Book(people.customer_id), on=ON)
    manifest = (tmp_path / mailing.file).with_suffix(".json").read_text("utf-8")
    for told in (str(mailing), repr(mailing), manifest):
        assert "@" not in told
        assert "Анна" not in told
    assert json.loads(manifest)["letters"] == mailing.letters


def test_excel_reads_cyrillic(launch, people, tmp_path):
    mailing = Outbox(tmp_path).write(launch, Book(people.customer_id), on=ON)
    assert (tmp_path / mailing.file).read_bytes().startswith(b"\xef\xbb\xbf")
    assert read(tmp_path, mailing)[0]["full_name"].startswith("Анна c")


@pytest.mark.parametrize("channel", ["email", "sms", "post"])
def test_no_cell_can_be_taken_for_a_formula(launch, people, tmp_path, channel):
    first, *_ = launch.ids("treated")
    book = Book(people.customer_id, channel=channel, **{first: ("full_name", '\t=HYPERLINK("http://x","y")')})
    mailing = Outbox(tmp_path, delimiter=";").write(replace(launch, channel=channel), book, on=ON)
    text = (tmp_path / mailing.file).read_text("utf-8-sig")
    cells = [cell for row in csv.reader(text.splitlines(), delimiter=";") for cell in row]
    assert mailing.letters == len(launch.ids("treated"))
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert '\'=HYPERLINK("http://x","y")' in cells


@given(st.text())
def test_no_text_at_all_can_be_taken_for_a_formula(text):
    cell = _harmless(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", " "))
    assert "\n" not in cell
    assert "\r" not in cell


@given(st.text())
def test_no_campaign_name_leaves_the_outbox(name):
    safe = _safe(name)
    assert safe
    assert not set(safe) & set("/\\.:\0")
    assert len(safe.encode()) <= 255


def test_two_campaigns_never_share_a_folder():
    names = ["a/b", "a b", "a-b", "../a-b", "", "..", "Весна"]
    assert len({_safe(name) for name in names}) == len(names)


def test_a_folder_that_leads_elsewhere_is_not_followed(launch, people, tmp_path):
    (tmp_path / "outbox").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "outbox" / "autumn").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="leads elsewhere"):
        Outbox(tmp_path).write(launch, Book(people.customer_id), on=ON)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_book_for_another_channel_is_refused(launch, people, tmp_path):
    with pytest.raises(ValueError, match="address book is for sms"):
        Outbox(tmp_path).write(launch, Book(people.customer_id, channel="sms"), on=ON)


@pytest.mark.parametrize(
    ("column", "raw", "usable"),
    [
        ("phone", "+371 (29) 123-456", "37129123456"),
        ("phone", "ask Anna", ""),
        ("phone", float("nan"), ""),
        ("email", " Anna@Example.COM", "anna@example.com"),
        ("email", "a@b@c.lv", ""),
        ("address", "-1, Long\nStreet", "'-1, Long Street"),
    ],
)
def test_an_address_has_one_form(column, raw, usable):
    assert _usable(column, raw) == usable
