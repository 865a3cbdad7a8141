"""How files of one kind are brought in, kept under a name, and used again on the next file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current
from dougong.access.services.principals import on_behalf
from dougong.db import transaction
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.imports.mapping import FieldMapping, same_words
from dougong.imports.services import need_to_import
from dougong.imports.tables import IMPORTS, SavedMapping
from dougong.plugin.snapshot import current_snapshot
from dougong.records.kinds import UNSTORABLE
from dougong.records.types import RecordType

__all__ = ["LONGEST_NAME", "Saved", "applied", "keep_mapping", "remove_mapping", "saved_at", "saved_mappings"]

LONGEST_NAME = 80
_MOST = 200
_WHY = "keep how people bring in files"


@dataclass(frozen=True)
class Saved:
    """A mapping under a name; `shared` with everybody who may bring in such records. Whoever may remove it: `own`."""

    id: int
    record: str
    name: str
    mapping: FieldMapping
    shared: bool
    own: bool


async def saved_mappings(record_type: RecordType) -> list[Saved]:
    """One's own and the shared ones, by name. Forbidden for who may bring in none."""
    need_to_import(record_type)
    mine = (SavedMapping.by_user == current().user) | (SavedMapping.shared == True)  # noqa: E712 - a column's comparison
    with acting_as(on_behalf(_WHY, IMPORTS)):
        rows = await SavedMapping.select().where((SavedMapping.record == record_type.path) & mine).limit(_MOST)
    return sorted(map(_saved, rows), key=lambda saved: (saved.name, saved.id))


async def saved_at(number: int) -> Saved:
    """NotFound for one that isn't there, or is somebody's own."""
    with acting_as(on_behalf(_WHY, IMPORTS)):
        row = await SavedMapping.select().where(SavedMapping.id == number).first()
    who = current()
    record_type = current_snapshot().by_path.get(row["record"]) if row else None
    if row is None or record_type is None or not (row["shared"] or row["by_user"] == who.user):
        raise NotFound
    need_to_import(record_type)
    return _saved(row)


def _saved(row: Mapping[str, Any]) -> Saved:
    who = current()
    return Saved(
        id=row["id"],
        record=row["record"],
        name=row["name"],
        mapping=FieldMapping.model_validate_json(row["mapping"]),
        shared=row["shared"],
        own=row["by_user"] == who.user or who.admin,
    )


async def keep_mapping(record_type: RecordType, name: str, mapping: FieldMapping, *, shared: bool = False) -> Saved:
    """Keep a mapping under a name; one's own of the same name is replaced. Raises Invalid."""
    need_to_import(record_type)
    cleaned = _checked(name)
    values: dict[Any, Any] = {
        SavedMapping.mapping: mapping.model_dump_json(),
        SavedMapping.shared: shared,
    }
    mine = (SavedMapping.record == record_type.path) & (SavedMapping.by_user == current().user)
    row = SavedMapping(
        {**values, SavedMapping.record: record_type.path, SavedMapping.name: cleaned},
        by_user=current().user,
        created=dt.datetime.now(dt.UTC),
    )
    with acting_as(on_behalf(_WHY, IMPORTS)):
        async with transaction():
            there = (
                await SavedMapping.update(values)
                .where(mine & (SavedMapping.name == cleaned))
                .returning(SavedMapping.id)
            )
            made = there or await SavedMapping.insert(row).returning(SavedMapping.id)
    return await saved_at(made[0]["id"])


def _checked(name: str) -> str:
    cleaned = " ".join(name.split())
    if "\x00" in cleaned:
        raise Invalid(Problem("name", UNSTORABLE, name, "type"))
    if not cleaned or len(cleaned) > LONGEST_NAME:
        message = _("Give it a name of at most %(most)s characters.", most=LONGEST_NAME)
        raise Invalid(Problem("name", message, name, "length"))
    return cleaned


async def remove_mapping(number: int) -> Saved:
    """One's own; those who may do everything remove shared ones too. NotFound."""
    saved = await saved_at(number)
    if not saved.own:
        raise NotFound
    with acting_as(on_behalf(_WHY, IMPORTS)):
        await SavedMapping.delete().where(SavedMapping.id == number)
    return saved


def applied(saved: FieldMapping, headings: Sequence[str]) -> FieldMapping:
    """The mapping for a file with these columns, told by their names; columns the file doesn't have are left out."""
    there = {same_words(heading): heading for heading in reversed(headings)}
    steps = []
    for step in saved.steps:
        columns = [
            column.model_copy(update={"heading": there[same_words(column.heading)]})
            for column in step.columns
            if same_words(column.heading) in there
        ]
        steps.append(step.model_copy(update={"columns": columns}))
    return FieldMapping(steps=steps)
