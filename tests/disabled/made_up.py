"""The source of a plugin that contributes something of every kind, most of it to the customers of somebody else."""

PARCELS = '''
import asyncio
import datetime as dt
from pydantic import BaseModel
from dougong.api import *
from dougong.api import _
from dougong.plugin.snapshot import current_snapshot
from dougong_customers.api import Customer
from made_up_parcels import hooks

size = Lookup("parcel_size", _("Sizes of parcels"), [Option("small", _("Small")), Option("large", _("Large"))])

class Parcel(Record):
    title = Varchar(50)
    customer = ForeignKey(Customer)
    size = Choice(size)
    sent_at = Timestamptz()

parcel = RecordType(
    table=Parcel, label=_("Parcel"), plural=_("Parcels"), title=Parcel.title, scope=Scope.via(Parcel.customer) | Scope.owner,
    search=[Parcel.title],
    lifecycle=Lifecycle(start="packed", states=[State("packed", _("Packed")), State("sent", _("Sent"))], moves=[("packed", "sent")]),
)

class ParcelSettings(BaseModel):
    heaviest: int = 20

arrived, let_go = asyncio.Event(), asyncio.Event()

@get("/api/v1/parcels-today", right="parcels.count")
async def parcels_today() -> dict[str, int]:
    return {"count": await Parcel.count()}

@get("/parcels-today", right="parcels.count")
async def parcels_page() -> str:
    return "today"

@get("/parcels-slow", right="parcels.count")
async def slow() -> dict[str, object]:
    before = await Parcel.count()
    arrived.set()
    await let_go.wait()
    return {"plugins": list(current_snapshot().plugins), "before": before, "after": await Parcel.count()}

async def parcels_waiting():
    return [TileRow(row["title"], f"/parcels/{row['id']}") for row in await Parcel.select(Parcel.id, Parcel.title)]

async def parcels_of_everybody() -> int:
    with opened(parcels_of_everybody):
        return await Parcel.count()

@job(label=_("Weigh the parcels"))
async def weigh(day: dt.date) -> None:
    """Weighs nothing."""

@job(label=_("Stamp the parcels"))
async def stamp() -> None:
    """Stamps nothing."""

async def some_parcels():
    pass

plugin = Plugin(
    name="parcels", label=_("Parcel post"), requires=["customers>=0.1"], records=[parcel],
    extends=[
        Tab(parcel, via=Parcel.customer),
        Timeline(parcel, via=Parcel.customer, at=Parcel.sent_at, text=Parcel.title, compose=[Parcel.size]),
    ],
    menus=[Menu(parcel), Menu("/parcels-today", label=_("Parcels of today"), right="parcels.count")],
    routes=[parcels_today, parcels_page, slow],
    jobs=[stamp], schedules=[Schedule(weigh, cron="0 8 * * *")],
    tiles=[Tile(parcels_waiting, _("Parcels on their way"))], rights=[Right("parcels.count", _("Count the parcels"))],
    presets=[Preset("sales", parcel, {"delete": ()})], openings=[Opening(parcels_of_everybody, _("Count them all"), sees=[Parcel])],
    lookups=[size], settings=ParcelSettings,
    hooks=[hooks], samples=[some_parcels],
)
'''

HOOKS = """
from dougong.api import hook

@hook
def before_save(new):
    pass

@hook
async def record_changed(ids):
    pass
"""
