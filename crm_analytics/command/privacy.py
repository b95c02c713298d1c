"""Privacy: who is asked for is forgotten everywhere, and it is proven; pseudonyms, for whoever may know them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_analytics.command.app import Home, Wrong, app, aside, company_home, short

if TYPE_CHECKING:
    from crm_analytics.collection.forgetting.search import Certificate
    from crm_analytics.warehouse.privacy.erasure import Erased
    from crm_analytics.warehouse.privacy.forgotten import Underway
    from crm_analytics.warehouse.privacy.traces import Person
    from crm_analytics.warehouse.release import Shelf

OWN = ("warehouse", "outbox", "rehearsal", "privacy", "secret")
"""What stands in a home beside source files."""
LEDGER = "ledger.sqlite"


@app.command()
def forget(
    customer: Annotated[
        str, typer.Argument(help="The id, as the source says it, its pseudonym or the golden id.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why; stands in the trail, so no name in it.")] = "asked to be forgotten",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be erased, and where.")] = False,
    reports: Annotated[list[Path] | None, typer.Option(help="One more folder of reports to be searched.")] = None,
    ledger: Annotated[str | None, typer.Option(help="A team's ledger, as an SQLAlchemy URL.")] = None,
    home: Home = None,
) -> None:
    """Erase a customer from every release, source file, mailing and kept result, and prove it by a search.

    Interrupted, it is finished by the next `crm forget`, with the same customer or with none.
    """
    from crm_analytics.warehouse.release import Shelf

    shelf = Shelf(company_home())
    shelf.release()  # says so when there is none
    with shelf.locked("facts"), shelf.locked("kept"):
        erasure = _Erasure(shelf, customer, reason=reason, reports=reports or [], ledger=ledger)
        if dry_run:
            print(erasure.foreseen())
            return
        certificate = erasure.carried_out()
    aside("")
    print(erasure.told(certificate))
    raise typer.Exit(0 if certificate.clean else 1)


@app.command()
def pseudonym(
    customer: Annotated[str, typer.Argument(metavar="ID", help="A customer's id as the source says it.")],
    home: Home = None,
) -> None:
    """Print the pseudonym of a customer, for whoever may read the company's secret."""
    from crm_analytics.warehouse.privacy.secret import Secret

    print(Secret.of(company_home()).pseudonym(customer.strip()))


privacy = typer.Typer(help="What is kept of persons, and for how long.", no_args_is_help=True)
app.add_typer(privacy, name="privacy")


@privacy.command()
def expire(
    days: Annotated[int | None, typer.Option(min=1, help="Else keep_contacts_days of the company.")] = None,
    home: Home = None,
) -> None:
    """Remove the addresses of customers without a sign of life for so many days, from every release."""
    from crm_analytics.say import say
    from crm_analytics.warehouse.privacy import expiry
    from crm_analytics.warehouse.release import Shelf

    shelf = Shelf(company_home())
    limit = days or shelf.release().company.keep_contacts_days
    if not limit:
        raise Wrong("Say after how many days: --days 1095, or keep_contacts_days: 1095 under company: in a map.")
    with shelf.locked("facts"):
        gone = expiry.expire(shelf, days=limit)
    print(say("The addresses of {gone:count} customers silent for {days:count} days were removed.",
              gone=gone, days=limit))  # fmt: skip


@privacy.command()
def trail(home: Home = None) -> None:
    """Who was forgotten: when, why and how much; never who."""
    from crm_analytics.warehouse.privacy.forgotten import trail

    for one in trail(company_home()):
        print(f"{one.at}  {one.reason}  {sum(one.counts.values())} changes, {'proven' if one.proven else 'unproven'}")


class _Erasure:
    """One person leaves one company: who it is, where the files lie, and what was counted."""

    def __init__(self, shelf: Shelf, customer: str, *, reason: str, reports: list[Path], ledger: str | None):
        from crm_analytics.collection.forgetting.fields import fields_of_files
        from crm_analytics.warehouse.privacy.forgotten import Underway
        from crm_analytics.warehouse.retention import report_folders

        self.shelf, self.home, self.ledger = shelf, shelf.home, ledger
        self.reports = [*report_folders(shelf), *(folder.resolve() for folder in reports)]
        self.fields = fields_of_files(shelf)
        underway = Underway.of(self.home)
        if not customer and not underway:
            raise Wrong("Say whom: crm forget CUSTOMER, with the id as the source, or a table, says it.")
        self.reason = underway.reason if underway else reason
        if underway and customer and customer not in (underway.customer, *underway.ids):
            raise Wrong("Somebody else is being forgotten and that is not finished; finish it first: crm forget")
        self.customer = underway.customer if underway else customer.strip()
        self.person = self._who(underway)
        if self.person.in_text(self.reason):
            raise Wrong("The reason says who it is; give one that does not.")
        self.counts: Counter[str] = Counter()

    def _who(self, underway: Underway | None) -> Person:
        from crm_analytics.warehouse.privacy.forgotten import PURPOSE, stopped
        from crm_analytics.warehouse.privacy.secret import Secret
        from crm_analytics.warehouse.privacy.subject import known_person, told_apart
        from crm_analytics.warehouse.privacy.traces import Person

        self.secret = Secret.made(self.home)
        asked = {self.customer, self.secret.pseudonym(self.customer)}
        known = known_person(self.shelf, {*asked, *(underway.ids if underway else ())})
        if underway:
            known = (known or Person(ids=frozenset())).also_called(underway.ids).with_values(underway.values)
        if known is None and self.secret.mark(PURPOSE, self.customer) in stopped(self.home):
            known = Person(ids=frozenset(asked))
        if known is None:
            raise Wrong(
                "No table of any release knows that customer; give the id as the source says it, or as a table does."
            )
        return told_apart(self.shelf, known.also_called(asked))

    def foreseen(self) -> str:
        """What would be erased, counted without touching anything."""
        from crm_analytics.collection.forgetting.search import searched
        from crm_analytics.say import say

        found = searched(self._everything(), self.person, fields=self.fields, progress=aside)
        aside("")
        files = [say("  {file}", file=short(Path(path))) for path in found.traces]
        return "\n".join(
            [
                say("{ids:count} ids and {values:count} values of this customer stand in {files:count} files:",
                    ids=len(self.person.ids), values=sum(map(len, self.person.values.values())), files=len(files)),
                *files,
                say("Nothing was changed."),
            ]
        )  # fmt: skip

    def carried_out(self) -> Certificate:
        """Erase, search, and enter it into the trail. What was begun is written down first, and forgotten last."""
        from crm_analytics.collection.forgetting.search import searched
        from crm_analytics.warehouse.privacy.forgotten import Underway, note

        values = {kind: tuple(sorted(texts)) for kind, texts in self.person.values.items()}
        self._sweep()
        underway = Underway(
            customer=self.customer, reason=self.reason, ids=tuple(sorted(self.person.ids)), values=values
        )
        underway.write(self.home)
        note(self.home, self.person, secret=self.secret, reason=self.reason, counts={}, proven=False)
        self._source_files()
        self._what_we_did()
        self._facts()
        underway.but_erased().write(self.home)
        certificate = searched(self._everything(), self.person, fields=self.fields, progress=aside)
        note(
            self.home, self.person, secret=self.secret, reason=self.reason, counts=self.counts,
            proven=certificate.clean,
        )  # fmt: skip
        if certificate.clean:
            underway.done(self.home)
        return certificate

    def _sweep(self) -> None:
        """Remove what a run that was killed had half written."""
        from crm_analytics.collection.forgetting.search import files_below

        for path in files_below([self.home]):
            if path.name.startswith((".draft-", ".forgetting-")) or path.name.endswith(".parquet.draft"):
                path.unlink()

    def _source_files(self) -> None:
        from crm_analytics.collection.forgetting.fields import ANY_FILE
        from crm_analytics.collection.forgetting.files import blank_in_place
        from crm_analytics.collection.forgetting.notes import MAPS
        from crm_analytics.collection.forgetting.search import UNREADABLE, files_below

        for path in files_below([self.home]):
            room = path.relative_to(self.home.resolve()).parts[0]
            if room in OWN or room.startswith(LEDGER) or path.is_symlink() or path.suffix in MAPS:
                continue
            aside(f"clearing {path.name}")
            try:
                changed = blank_in_place(path, self.person, self.fields.get(path, ANY_FILE))
            except UNREADABLE:
                continue  # the search will say so
            self.counts["source files"] += bool(changed)
            self.counts["records in source files"] += changed

    def _what_we_did(self) -> None:
        from crm_analytics.execution.ledger import Ledger
        from crm_analytics.execution.outbox import Outbox

        def theirs(cells: list[str]) -> bool:
            return bool(self.person.ids.intersection(cells)) or self.person.in_record(cells)

        for room in (self.home, self.home / "rehearsal"):
            if (room / LEDGER).exists():
                self.counts["ledger"] += Ledger.open(room).forget(self.person.ids)
            self.counts["letters in the outbox"] += Outbox(room).forget(theirs)
        if self.ledger:
            self.counts["ledger"] += Ledger.open(self.ledger).forget(self.person.ids)

    def _facts(self) -> None:
        import shutil

        from crm_analytics.collection.forgetting.notes import clear_notes
        from crm_analytics.warehouse.privacy.erasure import Eraser
        from crm_analytics.warehouse.privacy.rewriting import rewrite_kept, rewrite_tables

        aside("rewriting the releases")
        shutil.rmtree(self.shelf.workshop, ignore_errors=True)
        eraser = Eraser(self.person)
        rewrite_tables(self.shelf, eraser.of_table)
        rewrite_kept(self.shelf, eraser.of_kept)
        self.counts["maps and notes"] += clear_notes(self.shelf, self.person)
        self._count(eraser.told)

    def _count(self, told: Erased) -> None:
        for what, found in (
            ("rows removed", told.removed), ("rows made anonymous", told.anonymous), ("texts emptied", told.emptied)
        ):  # fmt: skip
            for table, rows in found.items():
                self.counts[f"{what}: {table}"] += rows

    def _everything(self) -> list[Path]:
        from crm_analytics.collection.forgetting.search import files_below
        from crm_analytics.warehouse.privacy.forgotten import underway_file

        folders = [self.home, *self.reports]
        skipped = {underway_file(self.home).resolve(), (self.home / "secret").resolve()}
        return [path for path in files_below(folders) if path not in skipped]

    def _folders(self) -> list[Path]:
        """The folders that files were loaded from."""
        return sorted({path.parent for path in self.fields})

    def told(self, certificate: Certificate) -> str:
        """What was done, and the certificate: nothing that says who it was."""
        from crm_analytics.say import say

        lines = [say("{what}: {n:count}", what=what, n=n) for what, n in sorted(self.counts.items()) if n]
        shared = sorted({mark.kind.replace("_", " ") for mark in self.person.marks if not mark.alone})
        outside = [folder for folder in self._folders() if not folder.is_relative_to(self.home.resolve())]
        lines += [
            say("{folder} is not in the company's folder and was not touched; erase there, too.", folder=short(folder))
            for folder in outside
        ]
        if shared:
            lines.append(
                say("The {kinds} is also that of other customers, who lose nothing; it was searched for together with "
                    "what only this customer has.", kinds=", ".join(shared))
            )  # fmt: skip
        counted = say("{files:count} files ({mb:number} MB) were opened, unpacked and searched",
                      files=certificate.files, mb=certificate.size_bytes / 1e6)  # fmt: skip
        if certificate.clean:
            return "\n".join([*lines, say("Forgotten. {counted}: nothing was found.", counted=counted)])
        lines += [say("  still holds a trace: {file}", file=short(Path(path))) for path in certificate.traces]
        lines += [say("  cannot be read: {file}", file=short(Path(path))) for path in certificate.unreadable]
        end = "Not yet forgotten. {counted}; remove or mend these files, then finish it: crm forget"
        return "\n".join([*lines, say(end, counted=counted)])
