"""The source of a plugin with a record type of each kind of scope, a field of each kind, and doors of its own.

What two worlds are compared by is driven by declarations alone: these make sure that every sort of declaration is there.
"""

CARGO = """
import pydantic
from dougong.api import *
from dougong.api import _
from dougong.db import fetch
from piccolo.querystring import QueryString

class Cargo(Record):
    name = Varchar(80)
    marks = LongText()
    pieces = Integer(null=True, default=None)
    weight = BigInt(null=True, default=None)
    built = Year()
    worth = Money()
    fragile = Boolean(default=False)
    due = Date(null=True, default=None)
    sent_at = Timestamptz(null=True, default=None)
    packing = Choice([Option("box", _("Box")), Option("barrel", _("Barrel")), Option("bale", _("Bale"))])
    caller = Phone()
    mail = Email()
    page = Url()
    driver = ForeignKey(Staff, null=True)
    unit = ForeignKey(Department, null=True)

class Crate(Record):
    cargo = ForeignKey(Cargo)
    label = Varchar(80)
    holds = LongText()
    packed_on = Date(null=True, default=None)
    worth = Money()

class Item(Row):
    crate = ForeignKey(Crate)
    name = Varchar(80)
    pieces = Integer(null=True, default=None)

class Memo(Record):
    text = Varchar(80)
    body = LongText()

class Depot(Row):
    name = Varchar(80)
    code = Varchar(40, default="")

class Claim(Record):
    name = Varchar(80)
    cargo = ForeignKey(Cargo)
    also = ForeignKey(Cargo, null=True)
    depot = ForeignKey(Depot, null=True)
    damage = Money()
    remark = LongText()

class Remark(pydantic.BaseModel):
    words: str = pydantic.Field(min_length=1, max_length=80)

async def note_down(cargo: Cargo, words: str) -> None:
    await desk.change(cargo, {"marks": words})

cargo = RecordType(
    table=Cargo, label=_("Cargo"), plural=_("Cargos"), title=Cargo.name, scope=Scope.role, search=[Cargo.name, Cargo.marks, Cargo.caller],
    lifecycle=Lifecycle(
        start="packed",
        states=[State("packed", _("Packed")), State("sent", _("Sent")), State("lost", _("Lost"), "bad")],
        moves=[Move("packed", "sent", _("Send")), Move("sent", "lost", right="write_off", reason=True), Move("sent", "packed")],
    ),
    views=[ListView([Cargo.name, Cargo.worth, Cargo.due, Cargo.driver, Cargo.owner], order=Cargo.due, descending=True)],
    saved_views=[SavedView(_("All")), SavedView(_("Mine"), where=[(Cargo.owner, "=", Me)]), SavedView(_("Fragile"), where=[(Cargo.fragile, "=", True)])],
    actions=[Action(note_down, label=_("Note"), form=Remark)],
    rights={"write_off": _("Write off")},
)
crate = RecordType(
    table=Crate, label=_("Crate"), plural=_("Crates"), title=Crate.label, template=Template(required=[Crate.cargo]), scope=Scope.via(Crate.cargo) | Scope.owner, search=[Crate.label, Crate.holds],
    views=[ListView([Crate.label, Crate.cargo, Crate.worth, Crate.owner], order=Crate.worth)],
)
item = RecordType(table=Item, label=_("Item"), plural=_("Items"), title=Item.name, template=Template(required=[Item.crate]), scope=Scope.via(Item.crate), views=[ListView([Item.name, Item.crate, Item.pieces])])
memo = RecordType(table=Memo, label=_("Memo"), plural=_("Memos"), title=Memo.text, scope=Scope.owner)
depot = RecordType(table=Depot, label=_("Depot"), plural=_("Depots"), title=Depot.name, scope=Scope.everyone)
claim = RecordType(
    table=Claim, label=_("Claim"), plural=_("Claims"), title=Claim.name, template=Template(required=[Claim.cargo]), scope=Scope.role, search=[Claim.name, Claim.remark],
    views=[ListView([Claim.name, Claim.cargo, Claim.also, Claim.depot, Claim.damage], order=Claim.name)],
)

async def counted(sql: str) -> int:
    [row] = await fetch(QueryString(sql))
    return row["n"]

SQL = 'SELECT count(*) AS n FROM "cargo"'

@get("/api/v1/cargo-total", right="cargos.count")
async def cargo_total() -> dict[str, int]:
    return {"count": await counted(SQL)}

@get("/cargo-names", right="cargos.count")
async def cargo_names() -> str:
    rows = await Claim.select(Claim.name, Claim.cargo.name.as_alias("cargo_name"), Claim.also.name.as_alias("also_name")).order_by(Claim.id)
    return "; ".join(f"{row['name']}: {row['cargo_name']}, {row['also_name']}" for row in rows)

async def on_the_way():
    rows = await Cargo.select(Cargo.id, Cargo.name, Cargo.marks).order_by(Cargo.id).limit(12)
    return [TileRow(row["name"], f"/cargos/{row['id']}", row["marks"] or "") for row in rows]

plugin = Plugin(
    name="cargo", label=_("Cargo"), records=[depot, cargo, crate, item, memo, claim],
    extends=[
        Tab(crate, via=Crate.cargo), Tab(item, via=Item.crate), Tab(claim, via=Claim.cargo), Tab(claim, via=Claim.also),
        Timeline(crate, via=Crate.cargo, at=Crate.packed_on, text=Crate.holds, compose=[Crate.label]),
    ],
    menus=[Menu(cargo), Menu(crate), Menu(memo), Menu(claim), Menu("/cargo-names", label=_("Cargo"), right="cargos.count")],
    routes=[cargo_total, cargo_names], tiles=[Tile(on_the_way, _("On the way"))], rights=[Right("cargos.count", _("Count the cargos"))],
)
"""
