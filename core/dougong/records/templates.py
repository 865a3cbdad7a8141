"""The templates a company laid out itself, each version kept: which was in force when, and who changed it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dougong.access.principal import acting_as, system
from dougong.db.columns import BigInt, Boolean, Integer, Serial, Text, Timestamptz, Varchar
from dougong.i18n import Text as Words
from dougong.records.shapes import Group, Layout, Place
from dougong.records.tables import Private

__all__ = ["TemplateVersion", "dump_layout", "load_layout", "read_layouts"]

_ONLY = frozenset({"core_template"})


class TemplateVersion(Private, tablename="core_template"):
    """One version of the template of a record type and main category ("" for all that have none of their own).

    `layout` is JSON, "" from when it was reset to the shipped one. The last version is the one in force.
    """

    id: Serial
    record = Varchar(60)
    category = Varchar(60, default="")
    version = Integer()
    layout = Text(default="")
    current = Boolean(default=True, index=True)
    at = Timestamptz()
    by_user = BigInt(default=0)


async def read_layouts() -> Mapping[str, Mapping[str, Layout]]:
    """The templates in force that differ from the shipped ones, by record type and main category."""
    shown = (TemplateVersion.record, TemplateVersion.category, TemplateVersion.layout)
    with acting_as(system("know the company's templates", _ONLY)):
        rows = await TemplateVersion.select(*shown).where(TemplateVersion.current.eq(True))
    found: dict[str, dict[str, Layout]] = {}
    for row in rows:
        if row["layout"]:
            found.setdefault(row["record"], {})[row["category"]] = load_layout(row["layout"])
    return found


def dump_layout(layout: Layout) -> str:
    groups = [
        {
            "label": group.label.dump() if isinstance(group.label, Words) else group.label,
            "fields": [_said(place) for place in group.places],
        }
        for group in layout.groups
    ]
    return json.dumps({"groups": groups}, ensure_ascii=False)


def _said(place: Place) -> dict[str, Any]:
    """What a place says beyond the usual."""
    usual = asdict(Place(place.key))
    return {"key": place.key, **{k: v for k, v in asdict(place).items() if v != usual[k]}}


def load_layout(stored: str) -> Layout:
    groups = json.loads(stored)["groups"]
    return Layout(tuple(Group(Words.load(g["label"]), tuple(Place(**said) for said in g["fields"])) for g in groups))
