"""Why somebody may, or may not, do something with a record: the rule that decides, and who else gets in by which.

A declared opening: it knows the roles, groups and shares of other people. It tells about records only that whoever asks
may see, and names nothing around them that they may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dougong.access.charter import read_charter
from dougong.access.circumstances import EXPLAIN, Facts, Person, read_facts, read_names
from dougong.access.openings import opened
from dougong.access.principal import current
from dougong.access.reasons import Reason, Reasoning
from dougong.access.rights import need
from dougong.access.services.principals import principal_of
from dougong.access.standing import Place, read_places
from dougong.access.verdicts import ask_database
from dougong.errors import NotFound
from dougong.i18n import _
from dougong.people.tables import User
from dougong.records import desk
from dougong.records.types import RecordType

__all__ = ["EXPLAIN", "Explanation", "Reason", "explain"]


@dataclass(frozen=True)
class Explanation:
    """The answer about one person, one record, one action and perhaps one field."""

    place: Place
    facts: Facts
    action: str
    field: str
    allowed: bool
    reasons: Sequence[Reason]


async def explain(
    record_type: RecordType, record_id: int, user: int, action: str = "read", field: str = ""
) -> Explanation:
    """Why an account may or may not do this with a record.

    NotFound unless the acting person may see the record; about others Forbidden without the right to.
    """
    asking = current()
    if user != asking.user:
        need(EXPLAIN)
    await desk.get(record_type.table, record_id)
    with opened(explain):
        facts, places = await read_facts(record_type, record_id, asking), await read_places(user)
        if facts is None or user not in places:
            raise NotFound
        person = Person.of(places[user], await read_charter())
        words = Reasoning(person, await read_names(asking, facts))
        if not person.place.open:
            return Explanation(person.place, facts, action, field, False, [await _closed(person.place)])
        verdict = await ask_database(facts, action, await principal_of(user))
    return Explanation(person.place, facts, action, field, verdict.allowed, words.of(facts, action, verdict))


async def _closed(place: Place) -> Reason:
    row = await User.select(User.active).where(User.id == place.user).first()
    if row and row["active"]:
        return Reason("left", False, _("%(person)s no longer works here.", person=place.name))
    return Reason("closed", False, _("The account of %(person)s is closed.", person=place.name))
