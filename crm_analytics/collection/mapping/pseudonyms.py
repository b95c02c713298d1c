"""How customers are called in a load: by the ids of their sources, or by pseudonyms; and who must not come back."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from crm_analytics.collection.mapping.maps import SourceMap
from crm_analytics.collection.mapping.section import MapError
from crm_analytics.warehouse.privacy.forgotten import PURPOSE, stopped
from crm_analytics.warehouse.privacy.secret import PSEUDONYM_CHARACTERS, Secret, SecretError
from crm_analytics.warehouse.privacy.traces import fold
from crm_analytics.warehouse.release import Company, Draft

FORGOTTEN = "forgotten: this customer asked for it"
"""The reason of a line that would bring somebody back; its text is not kept."""
OURS = "ours"
"""What a map says of a source whose customers already go by the ids of the warehouse."""


@dataclass(frozen=True, kw_only=True)
class Customers:
    """The names customers get while they are loaded. Ids are converted in one place, so that they agree everywhere."""

    secret: Secret | None = None
    pseudonyms: bool = False
    gone: frozenset[str] = frozenset()

    def ready(self, connection: Any) -> None:
        """Have the keyed hash at hand. The key is bound, so that no text of SQL and no message ever holds it."""
        if self.secret is None:
            return
        for name, pad in zip(("inner", "outer"), self.secret.pads(), strict=True):
            connection.execute(f"SET VARIABLE crm_{name} = ?::BLOB", [pad])
        connection.execute("SET VARIABLE crm_gone = ?::VARCHAR[]", [sorted(self.gone)])
        connection.execute(
            "CREATE MACRO crm_keyed(x) AS left(sha256(getvariable('crm_outer') || "
            f"unhex(sha256(getvariable('crm_inner') || encode(x)))), {PSEUDONYM_CHARACTERS})"
        )

    def called(self, x: str, ids: str) -> str:
        """The SQL of what a customer with the id `x` is called; `ids` is what the map says of its ids."""
        return f"crm_keyed({x})" if self.pseudonyms and ids != OURS else x

    def is_gone(self, x: str) -> str:
        """The SQL of whether this is somebody who was forgotten; empty where nobody was."""
        return f"list_contains(getvariable('crm_gone'), crm_keyed('{PURPOSE}' || chr(0) || {x}))" if self.gone else ""

    def speaks_of_gone(self, line: str) -> bool:
        """Whether a refused line holds an id, an address or a name of somebody who was forgotten."""
        if not self.gone:
            return False
        cells = {cell.strip().strip("\"'") for cell in re.split(r"[,;\t|<>\n]", line)}
        return any(self.secret.mark(PURPOSE, text) in self.gone for cell in cells for text in (cell, fold(cell)))


def settled(company: Company, draft: Draft, *, maps: list[SourceMap]) -> tuple[Company, Customers]:
    """What this load calls customers, and the company as the release will remember it.

    Raises SecretError when the secret is lost or another one, and MapError when only some of the sources would change
    from their own ids to pseudonyms or back.
    """
    home, base = draft.shelf.home, draft.base
    before = base.company.pseudonyms if base else ""
    gone = stopped(home)
    adding = {one.source for one in maps if any(spec.load == "add" for spec in one.files.values())}
    switched = base is not None and bool(company.pseudonyms) != bool(before)
    if switched and adding & set(base.loads):
        raise MapError(
            "Pseudonyms cannot be switched for what was added load by load; load everything into another home: "
            + ", ".join(sorted(adding))
            + "."
        )
    if switched and (staying := sorted(set(base.loads) - {one.source for one in maps})):
        raise MapError(
            "Pseudonyms cannot be switched for some sources only; load these together with the others: "
            + ", ".join(staying)
            + "."
        )
    if not company.pseudonyms:
        return company, Customers(secret=Secret.of(home) if gone else None, gone=gone)
    secret = Secret.of(home) if before else Secret.made(home)
    mark = secret.mark("pseudonyms")
    if before and mark != before:
        raise SecretError(
            "This is not the secret with which the company's pseudonyms were made; put that one back. To begin anew "
            "with another, load everything into another home."
        )
    return replace(company, pseudonyms=mark), Customers(secret=secret, pseudonyms=True, gone=gone)
