"""Sources of plugins that go wrong, each in its own way."""

RUDE = "raise ValueError('no licence found')"

SLEEPY = "import time\ntime.sleep(60)"

LEANER = """
from dougong.api import Plugin, _
plugin = Plugin(name="leaner", label=_("Leaner"), requires=["rude>=1"])
"""

TANGLED = """
from dougong.api import Plugin, Right, _, get

@get("/tangled", right="tangle")
async def tangled(what) -> str:  # Litestar wants every parameter annotated
    return what

plugin = Plugin(name="tangled", label=_("Tangled"), rights=[Right("tangle", _("Tangle"))], routes=[tangled])
"""

HOOKED = """
from dougong.api import Plugin, _
from made_up_{name} import hooks
plugin = Plugin(name="{name}", label=_("{name}"), hooks=[hooks])
"""

ENDLESS = """
import asyncio
from dougong.api import hook

@hook
async def before_save(new):
    await asyncio.Event().wait()
"""

ASLEEP = """
import time
from dougong.api import hook

@hook
def before_save(new):
    time.sleep(600)
"""

BUSY = """
from dougong.api import hook

@hook
async def record_changed(ids):
    while True:
        pass
"""

SOUR = """
import asyncio
from dougong.api import Plugin, Tile, TileRow, _

async def broken():
    return [TileRow(str(1 / 0))]

async def dull():
    await asyncio.Event().wait()

async def good():
    return [TileRow("all is well")]

plugin = Plugin(name="sour", label=_("Sour"), tiles=[
    Tile(broken, _("Broken tile")), Tile(dull, _("Dull tile")), Tile(good, _("Good tile"))
])
"""
