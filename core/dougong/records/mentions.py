"""Who is mentioned in a comment (@王芳), whether they may read it, and what waits for them.

A name is found as it stands in the directory, the longest that fits; of several people of one name the staff number tells
which, in brackets behind it. Kept are ids, never names.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from piccolo.constraints import Unique
from piccolo.querystring import QueryString

from dougong.access.charter import read_charter
from dougong.access.explaining.circumstances import Person, read_facts
from dougong.access.explaining.verdicts import judge_reading
from dougong.access.openings import opened
from dougong.access.principal import acting_as, current, system
from dougong.access.services.principals import on_behalf
from dougong.access.standing import read_places
from dougong.db.columns import BigInt, Serial, Timestamptz
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.people.tables import Staff
from dougong.records.gate import guard
from dougong.records.pinyin import initials, sort_key
from dougong.records.tables import Private
from dougong.records.types import RecordType

if TYPE_CHECKING:
    from piccolo.table import Table

    from dougong.access.principal import Principal

__all__ = [
    "Mention",
    "Named",
    "forget",
    "keep",
    "mentionable",
    "mentioned_in",
    "people_in",
    "readers_among",
    "seen",
    "seen_in",
    "unread",
]

MOST = 50
"""So many names are looked up in one comment; a name is at most that long."""
LONGEST_NAME = 60
_WHY = "keep who is mentioned"
_NARROW = frozenset({"record_mention", "staff"})  # a column bears the name of the table
# behind a letter or digit it is an address: somebody@example.com
_SIGN = re.compile(r"(?<![A-Za-z0-9._%+-])@(?=\S)")
_NUMBER = re.compile(r"[(（]([^()（）\n]{1,40})[)）]")


class Mention(Private, tablename="record_mention"):
    """Somebody is mentioned in a comment; `read` is when they saw it."""

    id: Serial
    comment = BigInt()
    staff = BigInt(index=True)
    read = Timestamptz(null=True, default=None)

    once = Unique([comment, staff])


@dataclass
class _OfOneself:
    """The gate's view: everybody finds where they are mentioned themselves, as long as they may read it."""

    table: type[Table]
    via: tuple[str, ...] = ("record_comment",)

    def read(self, principal: Principal, engine: Any, alias: str) -> QueryString:
        sql = f'{alias}."staff" = {{}} AND EXISTS (SELECT 1 FROM "record_comment" c WHERE c."id" = {alias}."comment")'
        return QueryString(sql, principal.staff or 0)

    def held_back(self, principal: Principal) -> Mapping[str, frozenset[str]]:
        return {}


guard(_OfOneself(Mention))


@dataclass(frozen=True)
class Named:
    """A member of staff under a name that is found in a text."""

    id: int
    name: str
    code: str


# ------------------------------------------------------------------ found in a text


async def people_in(record_type: RecordType, record_id: int, text: str) -> set[int]:
    """The staff a text mentions. Invalid where one of them may not see the record, or it isn't clear who is meant."""
    found: dict[int, str] = {}
    problems: list[str] = []
    starts = [match.end() for match in _SIGN.finditer(text)][:MOST]
    directory = await _named(text, starts)
    for start in starts:
        meant = _at(text, start, directory)
        if len(meant) == 1:
            found[meant[0].id] = meant[0].name
        elif meant:
            problems.append(
                str(
                    _(
                        "Several people are called %(name)s: write the staff number behind the name, as @%(example)s.",
                        name=meant[0].name,
                        example=_with_number(meant[0]),
                    )
                )
            )
    readers = await readers_among(record_type, record_id, found) if found else set()
    problems += [
        str(_("%(person)s can't be mentioned here: they may not see this record.", person=found[i]))
        for i in found
        if i not in readers
    ]
    if problems:
        raise Invalid(*(Problem("text", problem, None, "mention") for problem in dict.fromkeys(problems)))
    return set(found)


async def _named(text: str, starts: Sequence[int]) -> dict[str, list[Named]]:
    """Everybody in the directory whose name begins at one of these places; one query."""
    names = {text[start:end] for start in starts for end in _ends(text, start)}
    if not names:
        return {}
    query = Staff.select(Staff.id, Staff.name, Staff.code).where(Staff.name.is_in(sorted(names)), Staff.active == True)  # noqa: E712 - a column's comparison
    found: dict[str, list[Named]] = {}
    for row in await query:
        found.setdefault(row["name"], []).append(Named(row["id"], row["name"], row["code"] or ""))
    return found


def _ends(text: str, start: int) -> Iterator[int]:
    """Where a name that begins here may end: not within a Latin word."""
    for end in range(start + 1, min(len(text), start + LONGEST_NAME) + 1):
        if text[end - 1] in "@\n":
            return
        if not (_is_latin(text[end - 1]) and end < len(text) and _is_latin(text[end])):
            yield end


def _is_latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _at(text: str, start: int, directory: Mapping[str, Sequence[Named]]) -> Sequence[Named]:
    """Who is meant at this place: nobody, one, or several of the same name."""
    ends = [end for end in _ends(text, start) if text[start:end] in directory]
    if not ends:
        return ()
    people = directory[text[start : ends[-1]]]
    number = _NUMBER.match(text, ends[-1])
    told_apart = [person for person in people if number and person.code == number[1].strip()]
    return told_apart or people


def _with_number(person: Named) -> str:
    return f"{person.name}({person.code})"


# ------------------------------------------------------------------ who may be mentioned


async def readers_among(record_type: RecordType, record_id: int, staff: Collection[int]) -> set[int]:
    """Which of these people may read the record with an account of theirs.

    A declared opening: whoever writes a comment must know whom it reaches.
    """
    asking = current()
    with opened(readers_among):
        facts = await read_facts(record_type, record_id, asking)
        if facts is None or not facts.seen:
            raise NotFound
        charter, places = await read_charter(), await read_places()
        wanted = [place for place in places.values() if place.open and place.staff in set(staff)]
        return {
            place.staff
            for place in wanted
            if place.staff is not None and judge_reading(facts, Person.of(place, charter)).allowed
        }


async def mentionable(record_type: RecordType, record_id: int, text: str, most: int = 8) -> Sequence[Named]:
    """People to mention by the first letters of their name, its sounds or their initials, by name: those who may read the
    record."""
    query = Staff.select(Staff.id, Staff.name, Staff.code).where(Staff.active == True)  # noqa: E712 - a column's comparison
    rows = await query.order_by(Staff.title_key)
    fitting = [Named(row["id"], row["name"], row["code"] or "") for row in rows if _sounds_like(row["name"], text)]
    readers = await readers_among(record_type, record_id, [person.id for person in fitting])
    return [person for person in fitting if person.id in readers][:most]


def _sounds_like(name: str, text: str) -> bool:
    typed = text.strip().lower()
    if not typed or typed in name.lower():
        return True
    sounds = re.sub(r"[\d ]", "", sort_key(name).removesuffix(name))
    return typed.isascii() and (initials(name).startswith(typed) or sounds.startswith(typed.replace(" ", "")))


# ------------------------------------------------------------------ kept


async def keep(comment: int, staff: Collection[int]) -> None:
    """A comment mentions these from now on; who was mentioned before keeps having read it. Nobody is told of themselves."""
    wanted = set(staff) - {current().staff}
    with acting_as(on_behalf(_WHY, _NARROW)):
        known = set(await Mention.select(Mention.staff).where(Mention.comment == comment).output(as_list=True))
        if gone := known - wanted:
            await Mention.delete().where(Mention.comment == comment, Mention.staff.is_in(sorted(gone)))
        if new := wanted - known:
            await Mention.insert(*(Mention(comment=comment, staff=each) for each in sorted(new)))


async def forget(comments: Sequence[int]) -> None:
    with acting_as(system(_WHY, _NARROW)):
        await Mention.delete().where(Mention.comment.is_in(list(comments)))


async def mentioned_in(comments: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Comment → who is mentioned in it; of comments that were read already."""
    if not comments:
        return {}
    with acting_as(system(_WHY, _NARROW)):
        query = Mention.select(Mention.comment, Mention.staff).where(Mention.comment.is_in(list(comments)))
        rows = await query.order_by(Mention.staff)
    found: dict[int, tuple[int, ...]] = {}
    for row in rows:
        found[row["comment"]] = (*found.get(row["comment"], ()), row["staff"])
    return found


async def unread(limit: int) -> Mapping[int, int]:
    """Comment → the mention of the acting person in it that they haven't seen, the newest first."""
    query = Mention.select(Mention.id, Mention.comment).where(Mention.read.is_null())
    return {row["comment"]: row["id"] for row in await query.order_by(Mention.id, ascending=False).limit(limit)}


async def seen_in(comments: Collection[int]) -> None:
    """The acting person read these comments."""
    if comments:
        query = Mention.select(Mention.id).where(Mention.comment.is_in(list(comments)), Mention.read.is_null())
        await seen(await query.output(as_list=True))


async def seen(mentions: Iterable[int]) -> None:
    """The acting person saw these mentions of themselves; others are left as they are."""
    among = list(mentions)
    if not among:
        return
    query = Mention.select(Mention.id).where(Mention.id.is_in(among), Mention.read.is_null())
    if mine := await query.output(as_list=True):
        with acting_as(on_behalf(_WHY, _NARROW)):
            await Mention.update({Mention.read: dt.datetime.now(dt.UTC)}).where(Mention.id.is_in(mine))
