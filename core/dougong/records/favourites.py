"""Records somebody keeps at hand: a list of their own that nobody else sees, of records they may read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from piccolo.columns.combination import WhereRaw
from piccolo.constraints import Unique
from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, current, system
from dougong.access.rights import may_with
from dougong.db.columns import BigInt, Serial, Timestamptz, Varchar
from dougong.errors import NotFound
from dougong.records.gate import guard
from dougong.records.tables import Private
from dougong.records.types import RecordType

if TYPE_CHECKING:
    from piccolo.table import Table

    from dougong.access.principal import Principal

__all__ = ["Favourite", "add_favourite", "among_favourites", "favourites", "is_favourite", "remove_favourite"]

_WHY = "keep what a person has at hand"
_ONLY = frozenset({"favourite"})


class Favourite(Private, tablename="favourite"):
    """One record of one account's list."""

    id: Serial
    user = BigInt(db_column_name="of_user")
    record = Varchar(60)
    record_id = BigInt(index=True)
    at = Timestamptz()

    once = Unique([user, record, record_id])


@dataclass
class _Own:
    """The gate's view: everybody reads their own list alone."""

    table: type[Table]
    via: tuple[str, ...] = ()

    def read(self, principal: Principal, engine: Any, alias: str) -> QueryString:
        return QueryString(f'{alias}."of_user" = {{}}', principal.user)

    def held_back(self, principal: Principal) -> Mapping[str, frozenset[str]]:
        return {}


guard(_Own(Favourite))


async def add_favourite(record_type: RecordType, record_id: int) -> None:
    """Put a record on the acting person's list; NotFound when they may not see it. Again changes nothing."""
    if not await may_with(record_type, "read", record_id):
        raise NotFound
    new = Favourite(user=current().user, record=record_type.key, record_id=record_id, at=dt.datetime.now(dt.UTC))
    with acting_as(system(_WHY, _ONLY)):
        await Favourite.insert(new).on_conflict(action="DO NOTHING")


async def remove_favourite(record_type: RecordType, record_id: int) -> None:
    """Take a record off the acting person's list; NotFound when they may not see it."""
    if not await may_with(record_type, "read", record_id):
        raise NotFound
    user = current().user
    of_record = (Favourite.record == record_type.key) & (Favourite.record_id == record_id)
    with acting_as(system(_WHY, _ONLY)):
        await Favourite.delete().where((Favourite.user == user) & of_record)


async def is_favourite(record_type: RecordType, record_ids: Collection[int]) -> set[int]:
    """Which of these records are on the acting person's list."""
    if not record_ids:
        return set()
    query = Favourite.select(Favourite.record_id).where(
        Favourite.record == record_type.key, Favourite.record_id.is_in(list(record_ids))
    )
    return set(await query.output(as_list=True))


async def favourites(limit: int) -> Sequence[tuple[str, int]]:
    """What the acting person put on their list last: type's key and id, also of records that are gone or out of reach."""
    query = Favourite.select(Favourite.record, Favourite.record_id).order_by(Favourite.id, ascending=False)
    return [(row["record"], row["record_id"]) for row in await query.limit(limit)]


def among_favourites(record_type: RecordType) -> WhereRaw:
    """The condition for records on the acting person's list."""
    return WhereRaw(
        f'"{record_type.key}"."id" IN (SELECT "record_id" FROM "favourite" WHERE "record" = {{}})', record_type.key
    )
