"""Blanking: in a record about a person, the cells that say who it is are emptied; the record stays where it was."""

from __future__ import annotations

from collections.abc import Sequence

from crm_analytics.collection.forgetting.fields import Fields
from crm_analytics.warehouse.privacy.traces import Person


class Blanking:
    """What is to be emptied in the records of one kind of file."""

    def __init__(self, person: Person, fields: Fields):
        self.person, self.fields = person, fields

    def of(self, names: Sequence[str], cells: Sequence[str]) -> list[int]:
        """The places of the cells to be emptied; none where the record is not about this person.

        Another customer's record loses nothing but what can only be this person's.
        """
        ids = {i for i, name in enumerate(names) if name in self.fields.ids and i < len(cells) and cells[i].strip()}
        mine = {i for i in ids if cells[i].strip() in self.person.ids}
        if not mine and (ids or not self.person.in_record(cells)):
            return [i for i, cell in enumerate(cells) if cell and self.person.in_text(cell)] if ids else []
        described = {i for i, name in enumerate(names) if name in self.fields.personal}
        return [
            i
            for i, cell in enumerate(cells)
            if cell.strip() and (i in mine or i in described or self.person.in_cell(cell))
        ]
