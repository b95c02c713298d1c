"""The Ledger: what we ourselves did. A launched campaign's audience stands in it for good."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError

from crm_analytics.result import Result
from crm_analytics.say import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from crm_analytics.execution.outbox import Mailing

_MONEY = Numeric(18, 4)
_SCHEMA = MetaData()
CAMPAIGNS = Table(
    "campaigns", _SCHEMA,
    Column("campaign_id", String, primary_key=True),
    Column("channel", String, nullable=False),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("budget", _MONEY, nullable=False),
    CheckConstraint("starts <= ends", name="starts_before_it_ends"),
)  # fmt: skip
ARMS = Table(
    "arms", _SCHEMA,
    Column("campaign_id", ForeignKey("campaigns.campaign_id"), primary_key=True),
    Column("customer_id", String, primary_key=True),
    Column("arm", String, nullable=False),
    CheckConstraint("arm IN ('treated', 'control')", name="treated_or_control"),
)  # fmt: skip
MAILINGS = Table(
    "mailings", _SCHEMA,
    Column("campaign_id", ForeignKey("campaigns.campaign_id"), primary_key=True),
    Column("file", String, primary_key=True),
    Column("day", Date, nullable=False),
    Column("letters", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
)  # fmt: skip


class LedgerError(Exception):
    """What was asked contradicts what was done; the message says how, and the next move."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook the sentence stands alone."""
        return [str(self)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Launch:
    """A launched campaign with its frozen arms (customer_id, arm; ordered by customer_id). Days are included in it."""

    campaign: str
    channel: str
    starts: date
    ends: date
    budget: float
    arms: pd.DataFrame = field(repr=False)

    def ids(self, arm: str) -> list[str]:
        """The customers of one arm, `treated` or `control`, in order."""
        return self.arms.loc[self.arms.arm == arm, "customer_id"].tolist()

    def __str__(self) -> str:
        return say(
            "{campaign} runs from {starts:date} to {ends:date} by {channel}: {treated:count} customers are addressed "
            "and {control:count} left alone.",
            campaign=self.campaign, starts=self.starts, ends=self.ends, channel=self.channel,
            treated=len(self.ids("treated")), control=len(self.ids("control")),
        )  # fmt: skip

    __repr__ = __str__


class Ledger:
    """What we ourselves did: campaigns, who was in which arm, which files went out. An ordinary SQL database."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        _SCHEMA.create_all(self._writer)

    @classmethod
    def rehearsal(cls) -> Ledger:
        """A ledger in memory that ends with the session: everything can be tried, nothing stands."""
        return cls(create_engine("sqlite://"))

    @classmethod
    def open(cls, where: str | Path) -> Ledger:
        """Open the ledger of the company in the folder `where` (SQLite), or a team's database by its SQLAlchemy URL."""
        if "://" in str(where):
            return cls(create_engine(str(where)))
        Path(where).mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{Path(where) / 'ledger.sqlite'}", connect_args={"timeout": 30})
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return cls(engine)

    def launch(self, audience: Result, *, starts: date, ends: date, channel: str = "email") -> Launch:
        """Freeze an audience: from now on the campaign has these arms, whoever asks. All of it is written, or nothing.

        The same again changes nothing. Raises LedgerError for another audience or other terms under the same name,
        and NoAnswer for an audience that could not be chosen.
        """
        study, arms = audience.study, audience.arms
        wanted = Launch(
            campaign=study.campaign, channel=channel, starts=starts, ends=ends, budget=study.budget, arms=arms
        )
        if starts > ends:
            raise LedgerError(
                say("A campaign cannot end on {ends:date}, before it starts; turn the days round.", ends=ends)
            )
        try:
            with self._writer.begin() as connection:
                standing = _launched(connection, wanted.campaign)
                if standing is None:
                    _write(connection, wanted)
        except IntegrityError:  # somebody else launched it between our look and our writing
            standing = self.launched(wanted.campaign)
        if standing is not None:
            _same_or_raise(standing, wanted)
        return wanted

    def launched(self, campaign: str) -> Launch:
        """The campaign as it was launched. Raises LedgerError when it was not."""
        with self._engine.connect() as connection:
            standing = _launched(connection, campaign)
        if standing is None:
            raise LedgerError(say("{campaign} was never launched; ledger.campaigns() has those that were.",
                                  campaign=campaign))  # fmt: skip
        return standing

    def campaigns(self) -> pd.DataFrame:
        """The launched campaigns: campaign_id, channel, starts, ends, budget; the oldest first."""
        return self._read(select(CAMPAIGNS).order_by(CAMPAIGNS.c.starts, CAMPAIGNS.c.campaign_id))

    def arms(self, campaign: str) -> pd.DataFrame:
        """Who was addressed and who left alone: customer_id, arm; ordered by customer_id."""
        return self.launched(campaign).arms

    def mailings(self) -> pd.DataFrame:
        """The files that went out: campaign_id, file, day, letters, sha256."""
        return self._read(select(MAILINGS).order_by(MAILINGS.c.campaign_id, MAILINGS.c.file))

    def keep(self, mailing: Mailing) -> None:
        """Remember that this file went out. The same file again changes nothing; a new version replaces the old."""
        row = {"campaign_id": mailing.campaign, "file": mailing.file, "day": mailing.on, "letters": mailing.letters,
               "sha256": mailing.sha256}  # fmt: skip
        self.launched(mailing.campaign)
        same = (MAILINGS.c.campaign_id == mailing.campaign) & (MAILINGS.c.file == mailing.file)
        with self._writer.begin() as connection:
            connection.execute(MAILINGS.delete().where(same))
            connection.execute(insert(MAILINGS), row)

    def forget(self, customers: Iterable[str]) -> int:
        """Take customers out of every arm, so that no page of the database keeps their ids; how many rows went."""
        with self._writer.begin() as connection:
            gone = connection.execute(ARMS.delete().where(ARMS.c.customer_id.in_(sorted(customers)))).rowcount
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                bare = connection.connection.dbapi_connection
                for order in ("ROLLBACK", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    if order != "ROLLBACK" or bare.in_transaction:
                        bare.execute(order)
        return gone

    def publish(self, folder: str | Path) -> list[Path]:
        """Write campaigns.csv and arms.csv for `crm load maps/ledger.yaml`: what we did becomes one more source.

        Each file is there whole or not at all. They hold no names and no addresses.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with (
            self._engine.connect() as connection
        ):  # the arms first: then every arm has its campaign, whoever writes now
            tables = {
                table.name: connection.execute(select(table).order_by(*table.primary_key.columns)).all()
                for table in (ARMS, CAMPAIGNS)
            }
        written = []
        for table in (CAMPAIGNS, ARMS):
            text = io.StringIO()
            lines = csv.writer(text, lineterminator="\n")
            lines.writerow(table.columns.keys())
            lines.writerows(tables[table.name])
            written.append(put_whole(folder / f"{table.name}.csv", text.getvalue().encode()))
        return written

    def _read(self, query: Any) -> pd.DataFrame:
        import pandas as pd

        with self._engine.connect() as connection:
            answer = connection.execute(query)
            return pd.DataFrame(answer.all(), columns=list(answer.keys()))


def put_whole(path: Path, content: bytes, *, mode: int = 0o644) -> Path:
    """Write a file so that a reader sees the old one or the new one, and a crash leaves no half."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late to keep two writers apart
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Any) -> None:
    """Writers queue up before they look; readers wait for nobody."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _launched(connection: Any, campaign: str) -> Launch | None:
    import pandas as pd

    row = connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.campaign_id == campaign)).one_or_none()
    if row is None:
        return None
    query = select(ARMS.c.customer_id, ARMS.c.arm).where(ARMS.c.campaign_id == campaign)
    arms = pd.DataFrame(connection.execute(query).all(), columns=["customer_id", "arm"], dtype="str")
    return Launch(campaign=row.campaign_id, channel=row.channel, starts=row.starts, ends=row.ends,
                  budget=float(row.budget), arms=arms.sort_values("customer_id", ignore_index=True))  # fmt: skip


def _write(connection: Any, launch: Launch) -> None:
    connection.execute(
        insert(CAMPAIGNS),
        {"campaign_id": launch.campaign, "channel": launch.channel, "starts": launch.starts, "ends": launch.ends,
         "budget": Decimal(str(launch.budget))},
    )  # fmt: skip
    rows = launch.arms.assign(campaign_id=launch.campaign).to_dict("records")
    connection.execute(insert(ARMS), rows)


def _same_or_raise(standing: Launch, wanted: Launch) -> None:
    terms = {
        "another audience": standing.arms.equals(wanted.arms.astype("str")),
        "another channel": standing.channel == wanted.channel,
        "other days": (standing.starts, standing.ends) == (wanted.starts, wanted.ends),
        "another budget": round(standing.budget, 4) == round(wanted.budget, 4),
    }
    others = [say(term) for term, same in terms.items() if not same]
    if others:
        raise LedgerError(
            say("{campaign} has already been launched with {others}, and that stands. Give this one another name, or "
                "read what was launched with ledger.launched(…).", campaign=wanted.campaign, others=", ".join(others))
        )  # fmt: skip
