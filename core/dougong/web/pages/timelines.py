"""The timeline of a record: changes and what several kinds of records say of it, mixed by date, a page at a time.

Entries stand in one total order: the newest first, of one moment by source, of one source by id. A `Mark` names the
last entry of a page; the next page is what lies behind it, whatever was written meanwhile.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from piccolo.table import Table

from dougong.access.principal import current
from dougong.i18n import _, moment_text, today
from dougong.people.tables import Staff
from dougong.plugin.contributions import Timeline
from dougong.records.comments import Said, comments_of
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.mentions import seen_in
from dougong.records.queries import Query, fetch_page
from dougong.records.references import Titles
from dougong.records.tables import Row
from dougong.records.types import RecordType
from dougong.web.cells import tone_of
from dougong.web.views import Action, Cell, Entry

__all__ = [
    "CHANGES",
    "COMMENTS",
    "PAGE",
    "Heard",
    "Mark",
    "Told",
    "all_named",
    "moment_cell",
    "said_about",
    "told_by",
    "turned",
]

PAGE = 30
CHANGES = "changes"
"""The kind of entry that stands for a write of the record itself; all others are named by their record type's path."""
COMMENTS = "comments"
_MARK = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]+Z)~(\d{1,3})~(\d{1,18})")


@dataclass(frozen=True)
class Mark:
    """The place of an entry in the order of a timeline."""

    at: dt.datetime
    source: int
    id: int

    @staticmethod
    def read(text: str) -> Mark | None:
        """A mark out of an address; None for what is none."""
        found = _MARK.fullmatch(text)
        try:
            return Mark(dt.datetime.fromisoformat(found[1]), int(found[2]), int(found[3])) if found else None
        except ValueError:
            return None

    def write(self) -> str:
        return f"{self.at.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z~{self.source}~{self.id}"

    @property
    def place(self) -> tuple[dt.datetime, int, int]:
        """Smaller further down the timeline."""
        return self.at, -self.source, self.id


@dataclass(frozen=True)
class Told:
    """One entry and where it stands."""

    mark: Mark
    entry: Entry


@dataclass(frozen=True)
class Heard:
    """What one source has to say: told once the titles of what it names are known, asked for together with all others."""

    tell: Callable[[Titles], Sequence[Told]]
    names: Mapping[type[Table], Collection[int]] = field(default_factory=dict)


def all_named(parts: Iterable[Mapping[type[Table], Collection[int]]]) -> dict[type[Table], set[int]]:
    """What several parts of a page name, together."""
    found: dict[type[Table], set[int]] = {}
    for part in parts:
        for table, record_ids in part.items():
            found.setdefault(table, set()).update(record_ids)
    return found


def turned(told: Sequence[Told], after: Mark | None) -> tuple[Sequence[Told], Mark | None]:
    """One page of all that was told, behind a mark, and the mark to go on from: None where nothing is left."""
    behind = sorted((t for t in told if after is None or t.mark.place < after.place), key=lambda t: t.mark.place)
    behind.reverse()
    shown = behind[:PAGE]
    return shown, shown[-1].mark if len(behind) > PAGE else None


async def told_by(timeline: Timeline, source: int, record_id: int, after: Mark | None) -> Heard:
    """What the records of one type say of a record, as far as the person may see it: one more than a page holds."""
    record_type = timeline.record
    via, at, text = (c._meta.name for c in (timeline.via, timeline.at, timeline.text))
    if not all(visible_field(record_type, key) for key in (via, at, text)):
        return Heard(lambda _titles: ())
    besides = [c._meta.name for c in (timeline.kind, timeline.about) if c is not None]
    keys = tuple(key for key in (at, text, *besides, "owner") if visible_field(record_type, key))
    asked = [[via, "=", record_id], *([_behind(record_type.fields[at], source, after)] if after else [])]
    rows = (await fetch_page(Query(record_type, asked, sort=f"-{at}", fields=keys, limit=PAGE + 1))).rows
    targets = {key: target for key in keys if (target := record_type.fields[key].target) is not None}
    return Heard(
        lambda titles: [Told(Mark(_moment(r[at]), source, r["id"]), _entry(timeline, r, titles)) for r in rows],
        all_named({target: {r[key] for r in rows if r[key]}} for key, target in targets.items()),
    )


async def said_about(record_type: RecordType, record: Row, source: int, after: Mark | None) -> Heard:
    """The comments behind a mark: those of a page and one more, where there are so many. Whoever is mentioned in them
    has seen it."""
    until = after.at if after else None
    found = await comments_of(record_type, record, limit=2 * PAGE, until=until)
    await seen_in([said.id for said in found if current().staff in said.mentioned])
    path, fixed = f"/{record_type.path}/{record.id}", record_type.is_deactivated(record.to_dict())

    def told(said: Said, titles: Titles) -> Told:
        entry = _comment_entry(said, titles[Staff].get(said.staff or 0, ""), path)
        return Told(Mark(said.at, source, said.id), replace(entry, actions=()) if fixed else entry)

    return Heard(
        lambda titles: [told(said, titles) for said in found],
        {Staff: {s.staff for s in found if s.staff}},
    )


def _comment_entry(said: Said, writer: str, path: str) -> Entry:
    place = f"{path}/comments/{said.id}"
    mine = (
        Action(str(_("Change")), f"{place}/edit", "pencil", look="quiet", dialog=True),
        Action(str(_("Remove")), f"{place}/remove", "trash", "post", look="quiet"),
    )
    return Entry(
        writer or said.signed,
        str(_("commented")),
        moment_cell(said.at),
        "message",
        body=said.text,
        why=str(_("changed since")) if said.edited else "",
        actions=mine if said.is_mine else (),
    )


def _behind(at: Field, source: int, after: Mark) -> Any:
    """The condition for the rows of a source behind a mark. A day counts as its first moment."""
    whole_days = at.kind == "date"
    value = after.at.date().isoformat() if whole_days else after.at.isoformat()
    if source > after.source or (whole_days and after.at != _moment(after.at.date())):
        return [at.key, "<=", value]
    if source < after.source:
        return [at.key, "<", value]
    return {"or": [[at.key, "<", value], {"and": [[at.key, "=", value], ["id", "<", after.id]]}]}


def _entry(timeline: Timeline, row: Mapping[str, Any], titles: Titles) -> Entry:
    record_type = timeline.record
    what, tone = _kind_of(timeline, row)
    about = timeline.about._meta.name if timeline.about is not None else ""
    if row.get(about):
        what = str(_("%(kind)s: %(title)s", kind=what, title=_title_in(row, record_type.fields[about], titles)))
    return Entry(
        _title_in(row, record_type.fields["owner"], titles, "") if row.get("owner") else "",
        what,
        moment_cell(row[timeline.at._meta.name]),
        timeline.icon,
        tone_of(tone),
        str(row[timeline.text._meta.name] or ""),
        href=f"/{record_type.path}/{row['id']}" if record_type.menu else "",
    )


def _title_in(row: Mapping[str, Any], field: Field, titles: Titles, unseen: str = "—") -> str:
    return titles.get(field.target, {}).get(row[field.key], unseen) if field.target is not None else unseen


def _kind_of(timeline: Timeline, row: Mapping[str, Any]) -> tuple[str, str]:
    """What an entry is called and its tone: the choice of the column that tells kinds apart, else what the record is."""
    record_type = timeline.record
    if timeline.kind is not None and timeline.kind._meta.name in row:
        field = record_type.fields[timeline.kind._meta.name]
        for option in field.every_option:
            if option.key == row[field.key]:
                return str(option.label or option.key), option.tone or timeline.tone
    return str(record_type.label), timeline.tone


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    return dt.datetime.combine(value or today(), dt.time(), dt.UTC)


def moment_cell(value: Any) -> Cell:
    """A day or a moment as a timeline shows it."""
    if not isinstance(value, dt.datetime):
        return Cell("date", value.isoformat() if value else "", iso=value.isoformat() if value else "")
    return Cell("datetime", moment_text(value), hint=moment_text(value, relative=False), iso=value.isoformat())
