"""A small plugin that keeps to the contract in everything, as files. `NAME` stands for the plugin's name."""

from __future__ import annotations

import re
from pathlib import Path

from dougong.testing.shelf import CONTRACT, Shelf

__all__ = ["FILES", "put_tea"]

FILES = {
    "lookups.py": """
from dougong.api import Lookup, Option, _

kind = Lookup("NAME_kind", _("Kinds of tea"), [Option("green", _("Green")), Option("black", _("Black"))])
""",
    "tables.py": """
from dougong.api import Choice, Date, ForeignKey, Integer, Record, Timestamptz, Varchar

from .lookups import kind


class Tea(Record, tablename="NAME_tea"):
    title = Varchar(60)
    note = Varchar(60)
    kind = Choice(kind)
    price = Integer(null=True, default=None)
    picked = Date(null=True, default=None)


class Cup(Record, tablename="NAME_cup"):
    tea = ForeignKey(Tea)
    said = Varchar(60)
    poured = Timestamptz(null=True, default=None)
""",
    "states.py": """
from dougong.api import Lifecycle, Move, State, _

tea = Lifecycle(
    start="fresh",
    states=[State("fresh", _("Fresh")), State("served", _("Served")), State("gone", _("Gone"))],
    moves=[
        Move("fresh", "served", label=_("Serve")),
        Move("served", "gone", label=_("Clear away"), right="clear", reason=True),
    ],
)
""",
    "schemas.py": """
from pydantic import BaseModel


class Refill(BaseModel):
    cups: int
""",
    "services.py": """
from dougong.api import TileRow, desk, opened

from .tables import Tea


async def refill(tea, cups):
    await desk.change(tea, {"note": str(cups)})


async def teas_on_offer():
    return [TileRow(row["title"]) for row in await Tea.select(Tea.title).limit(6)]


async def teas_named(title):
    with opened(teas_named):
        return await Tea.count().where(Tea.title == title)


async def count_teas():
    with opened(count_teas):
        await Tea.count()


async def pour_samples():
    await desk.create(Tea, {"title": "龙井"})
""",
    "jobs.py": """
import datetime as dt

from dougong.api import _, job

from . import services


@job(label=_("Count all teas"), unique="count-{day}")
async def count_all_teas(day: dt.date, cups: int = 1) -> None:
    \"\"\"Only counts: twice is as good as once.\"\"\"
    await services.count_teas()
""",
    "records.py": """
from dougong.api import Action, ListView, RecordType, SavedView, Scope, Template, _

from . import schemas, services, states
from .tables import Cup, Tea

tea = RecordType(
    table=Tea,
    label=_("Tea"),
    plural=_("Teas"),
    title=Tea.title,
    lifecycle=states.tea,
    template=Template(required=[Tea.title], groups={_("Where from"): [Tea.picked]}),
    views=[ListView([Tea.title, Tea.note, Tea.kind, Tea.price, Tea.state])],
    saved_views=[SavedView(_("Green ones"), where=[(Tea.kind, "=", "green")])],
    actions=[Action(services.refill, label=_("Refill"), form=schemas.Refill, when=Tea.state == "served")],
    search=[Tea.title, Tea.note],
    rights={"clear": _("Clear away")},
)

cup = RecordType(
    table=Cup,
    label=_("Cup"),
    plural=_("Cups"),
    title=Cup.said,
    scope=Scope.via(Cup.tea) | Scope.owner,
    template=Template(required=[Cup.tea]),
)
""",
    "hooks.py": """
from dougong.api import desk, hook

from .tables import Tea


@hook(of=("NAME_tea", "NAME_cup"))
async def before_save(record_type, old, new):
    pass
""",
    "routes.py": """
from dougong.api import get

from .tables import Tea


@get("/api/v1/NAME-today", right="NAME.count")
async def today() -> dict[str, int]:
    return {"teas": await Tea.count()}
""",
    "settings.py": """
from pydantic import BaseModel


class TeaSettings(BaseModel):
    strength: int = 3
    sweet: bool = False
""",
    "plugin.py": """
from dougong.api import Menu, Opening, Plugin, Preset, Right, Schedule, Tab, Text, Tile, Timeline, _

from . import hooks, jobs, lookups, records, routes, services
from .settings import TeaSettings
from .tables import Cup, Tea

plugin = Plugin(
    name="NAME",
    label=_("Tea house"),
    requires=[],
    records=[records.tea, records.cup],
    extends=[
        Tab(records.cup, via=Cup.tea, columns=[Cup.said]),
        Timeline(records.cup, via=Cup.tea, at=Cup.poured, text=Cup.said),
    ],
    menus=[Menu(records.tea)],
    routes=[routes.today],
    schedules=[Schedule(jobs.count_all_teas, cron="0 8 * * mon-sat")],
    tiles=[Tile(services.teas_on_offer, _("On offer"))],
    rights=[Right("NAME.count", _("Count teas"))],
    presets=[Preset("sales", records.tea, {"read": ("all",), "clear": ("own",)}, hidden=[Tea.price])],
    openings=[
        Opening(services.teas_named, _("How many teas have this title"), sees=[Tea], right=(records.tea, "create")),
        Opening(services.count_teas, _("Counting all teas"), sees=[Tea], per_minute=None),
    ],
    lookups=[lookups.kind],
    settings=TeaSettings,
    hooks=[hooks],
    samples=[services.pour_samples],
)
""",
}
DERIVED = ("Title", "Note", "Kind", "Price", "Picked", "Tea", "Said", "Poured", "Cups", "Strength", "Sweet")


def put_tea(shelf: Shelf, name: str, changes: dict[str, tuple[str, str]], needs: tuple[str, ...] = (CONTRACT,)) -> None:
    """Put it on the shelf, in each file named in `changes` one piece replaced by another, "" by all of a new file."""
    place = shelf.place / shelf.put(name, needs=needs)
    files = FILES | {file: "" for file in changes if file not in FILES}
    for file, text in files.items():
        old, new = changes.get(file, ("", ""))
        assert old in text, (file, old)
        (place / file).write_text((text.replace(old, new, 1) if old else text + new).replace("NAME", name))
    _translate(place, "".join(files.values()))


def _translate(place: Path, sources: str) -> None:
    """A Chinese word for every text; which one does not matter."""
    words = dict.fromkeys([*re.findall(r'_\("([^"]*)"\)', sources), *DERIVED])
    lines = [f'msgid "{word}"\nmsgstr "译{place.name}{number}"\n' for number, word in enumerate(words)]
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    directory = place / "locale" / "zh_CN" / "LC_MESSAGES"
    directory.mkdir(parents=True)
    (directory / f"{place.name}.po").write_text("\n".join([head, *lines]), encoding="utf-8")
