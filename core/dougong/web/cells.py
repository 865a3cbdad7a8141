"""A field's value as a cell: formatted for the reader, linked where they may follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.i18n import moment_text
from dougong.plugin.snapshot import current_snapshot
from dougong.records.fields import Field
from dougong.records.types import RecordType
from dougong.web.components import hue, initial, place_initial
from dougong.web.views import Cell, Tone

__all__ = ["avatar_letter", "cell_for", "cell_maker", "title_cell", "tone_of"]

_TONES = frozenset(get_args(Tone))
Maker = Callable[[Any, Mapping[int, str]], Cell]


def tone_of(text: str) -> Tone:
    return text if text in _TONES else ""  # type: ignore[return-value]


def cell_maker(record_type: RecordType, field: Field) -> Maker:
    """A function from value and titles of referred records to a cell, prepared once for a whole column."""
    return _MAKERS.get(field.kind, _plain)(record_type, field)


def cell_for(record_type: RecordType, field: Field, value: Any, titles: Mapping[int, str] | None = None) -> Cell:
    return cell_maker(record_type, field)(value, titles or {})


def title_cell(record_type: RecordType, title: str, href: str) -> Cell:
    """The title of a record: an organisation, a person, or simply words."""
    letter = avatar_letter(record_type, title)
    return Cell("title", title, href=href, initial=letter, hue=hue(title) if letter else 0)


def avatar_letter(record_type: RecordType, title: str) -> str:
    """What stands in a record's avatar; "" where its type has none."""
    if record_type.avatar == "organisation":
        return place_initial(title)
    return initial(title) if record_type.avatar == "person" else ""


def _plain(record_type: RecordType, field: Field) -> Maker:
    kind = {"number": "number", "money": "money", "long_text": "long_text"}.get(field.kind, "text")
    show = field.type.show

    def make(value: Any, titles: Mapping[int, str]) -> Cell:
        return Cell(kind, "" if value is None else show(value, field))  # type: ignore[arg-type]

    return make


def _choice(record_type: RecordType, field: Field) -> Maker:
    kind = "status" if field.kind == "state" else "tag"
    known = {o.key: Cell(kind, str(o.label or o.key), tone=tone_of(o.tone)) for o in field.every_option}  # type: ignore[arg-type]

    def make(value: Any, titles: Mapping[int, str]) -> Cell:
        if value in (None, ""):
            return Cell(kind)  # type: ignore[arg-type]
        return known.get(value) or Cell(kind, str(value))  # type: ignore[arg-type]

    return make


def _choices(record_type: RecordType, field: Field) -> Maker:
    known = {o.key: Cell("tag", str(o.label or o.key), tone=tone_of(o.tone)) for o in field.every_option}

    def make(value: Any, titles: Mapping[int, str]) -> Cell:
        if not value:
            return Cell("tags")
        keys = field.type.send(value, field)
        parts = tuple(cell for key, cell in known.items() if key in keys)
        return Cell("tags", field.type.show(value, field), parts=parts)

    return make


def _reference(record_type: RecordType, field: Field) -> Maker:
    kind = {"person": "person", "link": "link"}.get(field.kind, "text")
    target = current_snapshot().records.get(field.target._meta.tablename) if field.target else None
    linked = target is not None and target.menu and may(current(), target, "read")

    def make(value: Any, titles: Mapping[int, str]) -> Cell:
        title = titles.get(value or 0, "")
        if not title:
            return Cell(kind)  # type: ignore[arg-type]
        href = f"/{target.path}/{value}" if linked and target is not None else ""
        letter = initial(title) if kind == "person" else ""
        return Cell(kind, title, href=href, initial=letter, hue=hue(title) if letter else 0)  # type: ignore[arg-type]

    return make


def _dated(record_type: RecordType, field: Field) -> Maker:
    show = field.type.show

    def make(value: Any, titles: Mapping[int, str]) -> Cell:
        if value is None:
            return Cell(field.kind)  # type: ignore[arg-type]
        hint = moment_text(value, relative=False) if field.kind == "datetime" else ""
        return Cell(field.kind, show(value, field), iso=value.isoformat(), hint=hint)  # type: ignore[arg-type]

    return make


def _reachable(record_type: RecordType, field: Field) -> Maker:
    scheme = {"phone": "tel:", "email": "mailto:", "url": ""}[field.kind]

    def make(value: Any, titles: Mapping[int, str]) -> Cell:
        text = str(value or "")
        target = "".join(c for c in text if c.isdigit() or c == "+") if field.kind == "phone" else text
        return Cell(field.kind, text, href=f"{scheme}{target}" if text else "")  # type: ignore[arg-type]

    return make


def _file(record_type: RecordType, field: Field) -> Maker:
    def make(value: Any, titles: Mapping[int, str]) -> Cell:
        if not value:
            return Cell("link")
        told = field.type.send(value, field)
        return Cell("link", told["name"], href=f"/{record_type.path}/{told['record']}/file/{field.key}")

    return make


def _yes_no(record_type: RecordType, field: Field) -> Maker:
    def make(value: Any, titles: Mapping[int, str]) -> Cell:
        return Cell("yes_no", "" if value is None else field.type.show(bool(value), field), tone="ok" if value else "")

    return make


_MAKERS: Mapping[str, Callable[[RecordType, Field], Maker]] = {
    "choice": _choice,
    "choices": _choices,
    "state": _choice,
    "person": _reference,
    "department": _reference,
    "link": _reference,
    "date": _dated,
    "datetime": _dated,
    "phone": _reachable,
    "email": _reachable,
    "url": _reachable,
    "yes_no": _yes_no,
    "file": _file,
}
