"""The outbox: the file a mailing house or a call centre gets. Only those who are addressed, never the control."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crm_analytics.execution.ledger import put_whole
from crm_analytics.say import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from crm_analytics.execution.ledger import Launch

_ADDRESS = {
    "email": "email",
    "sms": "phone",
    "call": "phone",
    "phone": "phone",
    "messenger": "phone",
    "post": "address",
    "mail": "address",
}
"""Which address a channel needs."""


class Addresses(Protocol):
    """Who may be written to for one purpose by one channel: what `wh.addresses(purpose=…, channel=…)` gives."""

    purpose: str
    channel: str

    def of(self, customer_ids: Any, *, on: date) -> pd.DataFrame: ...


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """A file that was written: how many letters, who was left out and why. It holds no personal data."""

    campaign: str
    channel: str
    purpose: str
    on: date
    file: str
    letters: int
    left_out: dict[str, int]
    sha256: str

    def __str__(self) -> str:
        text = say(
            "{letters:count} of {treated:count} customers are in {file}.",
            letters=self.letters, treated=self.letters + sum(self.left_out.values()), file=self.file,
        )  # fmt: skip
        reasons = ", ".join(say("{n:count} {why}", n=n, why=say(why)) for why, n in self.left_out.items())
        return text + (" " + say("Left out: {reasons}.", reasons=reasons) if reasons else "")

    __repr__ = __str__


class Outbox:
    """The folder `outbox` in a company's home: files that wait for whoever sends them, readable by their owner only."""

    def __init__(self, home: str | Path, *, delimiter: str = ","):
        self.folder = Path(home) / "outbox"
        self._delimiter = delimiter

    def write(self, launch: Launch, book: Addresses, *, on: date) -> Mailing:
        """Write the file of a launched campaign for those who may be written to on that day; beside it a manifest.

        The same launch on the same day gives the same file, byte for byte. Raises ValueError when the address book is
        for another channel than the campaign.
        """
        if book.channel != launch.channel:
            raise ValueError(
                f"{launch.campaign} runs by {launch.channel}, and the address book is for {book.channel}; "
                f"ask for wh.addresses(purpose=…, channel={launch.channel!r})."
            )
        if launch.channel not in _ADDRESS:
            raise ValueError(f"No address is known for channel {launch.channel!r}; there are {', '.join(_ADDRESS)}.")
        rows, left_out = _letters(launch, book, on)
        content = _as_csv([("customer_id", "full_name", _ADDRESS[launch.channel]), *rows], self._delimiter)
        folder = self._room(launch.campaign)
        path = put_whole(folder / f"{_safe(launch.channel)}.csv", content, mode=0o600)
        mailing = Mailing(
            campaign=launch.campaign, channel=launch.channel, purpose=book.purpose, on=on,
            file=f"outbox/{folder.name}/{path.name}", letters=len(rows), left_out=left_out,
            sha256=hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
        manifest = json.dumps(vars(mailing), ensure_ascii=False, indent=1, default=str)
        put_whole(path.with_suffix(".json"), manifest.encode(), mode=0o600)
        return mailing

    def forget(self, theirs: Callable[[list[str]], bool]) -> int:
        """Take the letters out of every file for which `theirs` (of the row's cells) is true; how many there were.

        The manifest beside the file says how many letters it holds now, and its new fingerprint.
        """
        gone = 0
        for path in sorted(self.folder.rglob("*.csv")) if self.folder.is_dir() else ():
            with path.open(encoding="utf-8-sig", newline="") as file:
                head, *rows = csv.reader(file, delimiter=self._delimiter)
            left = [row for row in rows if not theirs(row)]
            if len(left) < len(rows):
                gone += len(rows) - len(left)
                content = _as_csv([tuple(head), *map(tuple, left)], self._delimiter)
                put_whole(path, content, mode=0o600)
                _restate(path.with_suffix(".json"), letters=len(left), sha256=hashlib.sha256(content).hexdigest())
        return gone

    def _room(self, campaign: str) -> Path:
        room = self.folder / _safe(campaign)
        room.mkdir(mode=0o700, parents=True, exist_ok=True)
        if room.resolve().parent != self.folder.resolve():
            raise ValueError(f"{room.name} in the outbox leads elsewhere; remove the link and write again.")
        return room


def _restate(manifest: Path, **facts: Any) -> None:
    if manifest.exists():
        told = json.loads(manifest.read_text("utf-8")) | facts
        put_whole(manifest, json.dumps(told, ensure_ascii=False, indent=1).encode(), mode=0o600)


def _letters(launch: Launch, book: Addresses, on: date) -> tuple[list[tuple[str, str, str]], dict[str, int]]:
    """One row a letter, in order of customer_id, and how many customers get none, by reason."""
    column = _ADDRESS[launch.channel]
    treated = launch.ids("treated")
    alone = book.of(launch.ids("control"), on=on)
    kept_free = {_usable(column, address) for address in alone[column]} - {""}
    found = book.of(treated, on=on).sort_values("customer_id")
    rows, written_to, why = [], set(), Counter({"without consent or record": len(treated) - len(found)})
    for customer, name, raw in zip(found.customer_id, found.full_name, found[column], strict=True):
        address = _usable(column, raw)
        if not address:
            why["without a usable address"] += 1
        elif address in kept_free:
            why["sharing an address with somebody left alone"] += 1
        elif address in written_to:
            why["sharing an address with somebody addressed"] += 1
        else:
            written_to.add(address)
            rows.append((_harmless(customer), _harmless(name), address))
    return rows, {reason: n for reason, n in why.items() if n}


def _usable(column: str, raw: Any) -> str:
    """The address in the one form in which two equal ones are equal; empty when nothing can be sent there.

    E-mail in small letters. A telephone number as the digits of its international form: a plus in front would be read
    as a formula by a spreadsheet. An e-mail address that could be is not sent to, since altering it would misdirect it.
    """
    text = "" if raw is None or raw != raw else " ".join(str(raw).split())
    if column == "email":
        fits = re.fullmatch(r"[^\s@,;\"'<>()=+\-][^\s@,;\"<>()]*@[^\s@,;\"<>()]+\.[^\s@,;\"<>()]+", text)
        return text.lower() if fits else ""
    if column == "phone":
        digits = re.sub(r"[\s().+\-/]", "", text)
        return digits if re.fullmatch(r"[0-9]{7,15}", digits) else ""
    return _harmless(text)


def _harmless(cell: Any) -> str:
    """Text that no spreadsheet takes for a formula: on one line, and with an apostrophe before =, +, - and @."""
    text = "" if cell is None or cell != cell else " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", str(cell)).split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "|", "%")) else text


def _as_csv(rows: list[tuple[str, ...]], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")  # the mark by which Excel knows that Cyrillic is Cyrillic


def _safe(name: str) -> str:
    """A file name for any text, another one for another text."""
    plain = re.sub(r"[^\w-]+", "-", name).strip("-_")[:50]
    return plain if plain and plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")
