"""What a load has to say: what came, what became of it, what the audit found, and whether anybody can see it now."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from crm_analytics.result import Check
from crm_analytics.say import say
from crm_analytics.warehouse.release import Company, Release

if TYPE_CHECKING:
    import pandas as pd

    from crm_analytics.collection.gate.audit import Audit
    from crm_analytics.collection.loading.accounts import Account, Refusal

_MARKS = {"holds": "✓", "weak": "~", "fails": "✗"}


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """The outcome of a load. `release` is the one that was published, None where nothing was; `let_go` the customers
    whose addresses went with it, because they were silent for longer than the company keeps them."""

    company: Company
    release: Release | None
    changed: bool
    sources: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    checks: tuple[Check, ...] = ()
    let_go: int = 0

    @classmethod
    def unchanged(cls, base: Release, sources: list[str]) -> LoadReport:
        """The report of a load that found the same files and maps as before."""
        return cls(company=base.company, release=None, changed=False, sources=tuple(sources))

    @classmethod
    def of(cls, audit: Audit, *, company: Company, release: Release | None, let_go: int = 0) -> LoadReport:
        """The report of an audited load; without a release the audit stopped it."""
        return cls(
            company=company,
            release=release,
            changed=release is not None,
            sources=tuple(dict.fromkeys(kind.map.source for kind in audit.kinds)),
            accounts=tuple(audit.accounts),
            refusals=tuple(audit.refusals),
            checks=tuple(audit.checks),
            let_go=let_go,
        )

    @property
    def published(self) -> bool:
        return self.release is not None

    @property
    def stopped(self) -> bool:
        """Whether the audit kept the load from being published."""
        return any(check.verdict == "fails" for check in self.checks)

    @property
    def exit_code(self) -> int:
        return int(self.stopped)

    @property
    def files(self) -> pd.DataFrame:
        """One row a file: lines and money read, loaded and quarantined."""
        import pandas as pd

        return pd.DataFrame([asdict(account) for account in self.accounts])

    @property
    def refused(self) -> pd.DataFrame:
        """One row a file × reason: lines and money refused."""
        import pandas as pd

        return pd.DataFrame([asdict(refusal) for refusal in self.refusals])

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, ready for JSON."""
        raw = {
            "published": self.published,
            "changed": self.changed,
            "exit_code": self.exit_code,
            "release": self.release.id if self.release else None,
            "sources": list(self.sources),
            "files": [asdict(account) for account in self.accounts],
            "refused": [asdict(refusal) for refusal in self.refusals],
            "checks": [asdict(check) for check in self.checks],
            "let_go": self.let_go,
            "text": self.text,
        }
        return json.loads(json.dumps(raw, default=str))

    @property
    def text(self) -> str:
        """The whole report as it is printed."""
        parts = ["\n".join(self._file(account)) for account in self.accounts]
        parts += ["\n".join(f"{_MARKS[c.verdict]} {c.name}: {c.text}" for c in self.checks)] if self.checks else []
        if self.let_go:
            parts.append(
                say(
                    "The addresses of {gone:count} customers were let go: no sign of life for {days:count} days.",
                    gone=self.let_go,
                    days=self.company.keep_contacts_days,
                )
            )
        return "\n\n".join([*parts, self._outcome()])

    def __str__(self) -> str:
        return self.text

    def _file(self, account: Account) -> list[str]:
        lines = [
            f"{account.source}, {account.file}",
            say(
                "  {read:count} lines read = {loaded:count} loaded + {refused:count} refused",
                read=account.lines_read,
                loaded=account.lines_loaded,
                refused=account.lines_quarantined,
            ),
        ]
        if account.money_read is not None:
            lines.append(
                say(
                    "  {read:cents} read = {loaded:cents} loaded + {refused:cents} refused",
                    read=account.money_read,
                    loaded=account.money_loaded,
                    refused=account.money_quarantined,
                )
            )
        if account.corrected or account.deleted:
            lines.append(
                say(
                    "  rows that came before: {corrected:count} corrected, {deleted:count} deleted",
                    corrected=account.corrected,
                    deleted=account.deleted,
                )
            )
        for refusal in self.refusals:
            if (refusal.source, refusal.file) == (account.source, account.file):
                about = f"{refusal.column}: {refusal.reason}" if refusal.column else refusal.reason
                money = "" if refusal.money is None else say(" ({money:cents})", money=refusal.money)
                lines.append(
                    say("    {lines:count} refused: {about}{money}", lines=refusal.lines, about=about, money=money)
                )
        return lines

    def _outcome(self) -> str:
        if self.release is None and not self.changed and not self.stopped:
            return say(
                "Nothing changed: {sources} brought the same files by the same maps as before.",
                sources=", ".join(self.sources),
            )
        if self.release is None:
            return say("Nothing was published: the audit stopped the load. What was published before stays as it is.")
        if self.release.facts_until is None:
            return say("Release {id} of {name} is published.", id=self.release.id, name=self.company.name)
        return say(
            "Release {id} of {name} is published; its newest order is of {day:date}.",
            id=self.release.id,
            name=self.company.name,
            day=date.fromisoformat(self.release.facts_until),
        )
