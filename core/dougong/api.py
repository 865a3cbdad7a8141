"""Everything a plugin may import from the house, and nothing else.

Grouped in the order one writes a plugin: tables, record types, the plugin itself, behaviour, reading and writing.
"""

from __future__ import annotations

from dougong.access.openings import opened
from dougong.access.principal import Principal
from dougong.access.principal import current as acting
from dougong.access.rights import may, may_do, within_reach
from dougong.access.services.sharing import share_record
from dougong.db import transaction
from dougong.db.columns import (
    Active,
    BigInt,
    Boolean,
    Choice,
    Date,
    Email,
    ForeignKey,
    Integer,
    Lookup,
    Money,
    MultiChoice,
    Option,
    Phone,
    Timestamptz,
    Url,
    Varchar,
    Year,
)
from dougong.db.columns import Text as LongText
from dougong.errors import Conflict, Deactivated, DougongError, Forbidden, Invalid, NotFound, Problem, Refused
from dougong.i18n import Text, _, company_zone, date_text, moment_text, today
from dougong.jobs import Schedule, at_work, enqueue, job, progress, step
from dougong.people.tables import Department, Position, Staff
from dougong.plugin.contributions import Graph, Menu, Opening, Preset, Right, Tab, Tile, TileRow, Timeline
from dougong.plugin.hookspecs import hook
from dougong.plugin.manifest import Plugin
from dougong.plugin.settings import settings_of
from dougong.records import desk
from dougong.records.attachments import Attached, attach, content_of, files_of
from dougong.records.entry import entry_point
from dougong.records.fields import Field
from dougong.records.filters import period
from dougong.records.pinyin import initials, sort_key
from dougong.records.remarks import remark
from dougong.records.tables import Record, Row
from dougong.records.types import (
    Action,
    Lifecycle,
    ListView,
    Me,
    Move,
    RecordType,
    SavedView,
    Scope,
    State,
    Template,
)
from dougong.web.handlers import get, post

__all__ = [
    "Action",
    "Active",
    "Attached",
    "BigInt",
    "Boolean",
    "Choice",
    "Conflict",
    "Date",
    "Deactivated",
    "Department",
    "DougongError",
    "Email",
    "Field",
    "Forbidden",
    "ForeignKey",
    "Graph",
    "Integer",
    "Invalid",
    "Lifecycle",
    "ListView",
    "LongText",
    "Lookup",
    "Me",
    "Menu",
    "Money",
    "Move",
    "MultiChoice",
    "NotFound",
    "Opening",
    "Option",
    "Phone",
    "Plugin",
    "Position",
    "Preset",
    "Principal",
    "Problem",
    "Record",
    "RecordType",
    "Refused",
    "Right",
    "Row",
    "SavedView",
    "Schedule",
    "Scope",
    "Staff",
    "State",
    "Tab",
    "Template",
    "Text",
    "Tile",
    "TileRow",
    "Timeline",
    "Timestamptz",
    "Url",
    "Varchar",
    "Year",
    "_",
    "acting",
    "at_work",
    "attach",
    "company_zone",
    "content_of",
    "date_text",
    "desk",
    "enqueue",
    "entry_point",
    "files_of",
    "get",
    "hook",
    "initials",
    "job",
    "may",
    "may_do",
    "moment_text",
    "opened",
    "period",
    "post",
    "progress",
    "remark",
    "settings_of",
    "share_record",
    "sort_key",
    "step",
    "today",
    "transaction",
    "within_reach",
]
