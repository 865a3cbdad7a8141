"""The source of a plugin whose jobs do what the tests ask of them."""

WORKSHOP = """
import asyncio
import datetime as dt
import os
import time
from dougong.api import *
from dougong.api import _

class Bench(Record):
    name = Varchar(80)

bench = RecordType(table=Bench, label=_("Bench"), plural=_("Benches"), title=Bench.name, scope=Scope.owner | Scope.role)

done, arrived, let_go = [], asyncio.Event(), asyncio.Event()

@job(label=_("Build benches"), one_batch=True)
async def build(count: int, at_once: int = 2, pause: float = 0) -> None:
    while True:
        async with step(_("Benches built")) as work:
            begun = work.cursor or 0
            rows = [{"name": f"bench {n}"} for n in range(begun, min(begun + at_once, count))]
            if rows:
                await desk.create_many(Bench, rows)
            work.cursor, work.done, work.total = begun + len(rows), begun + len(rows), count
            work.words = _("%(count)s built", count=begun + len(rows))
        if not rows:
            return
        await asyncio.sleep(pause)

@job(unique="polish-{day}")
async def polish(day: dt.date) -> None:
    done.append((day, acting().user, await Bench.count()))

@job(attempts=3)
async def stumble(how: str) -> None:
    if how == "refuse":
        raise Refused(_("The bench is in use."))
    if how == "invalid":
        raise Invalid(Problem("how", _("The bench is in use.")))
    if how == "block":
        time.sleep(600)
    if how == "kill":
        os.kill(os.getpid(), 9)
    raise ValueError(how)

@job()
async def wait() -> None:
    arrived.set()
    await let_go.wait()
    await progress(words=_("Goes on"))
    done.append("waited")

async def count_all() -> int:
    with opened(count_all):
        return await Bench.count()

@job(label=_("Count benches"))
async def count(day: dt.date, at: dt.datetime) -> None:
    done.append((day, at, await Bench.count(), await count_all()))

JOBS = {one.name: one for one in (build, polish, stumble, wait)}

@post("/api/v1/workshop/{name:str}", right=(bench, "create"))
async def ask(name: str, data: dict[str, object]) -> dict[str, int]:
    async with transaction():
        made = await desk.create(Bench, {"name": f"asked for {name}"})
        return {"bench": made.id, "job": await enqueue(JOBS[name], **data)}

plugin = Plugin(
    name="workshop", label=_("Workshop"), records=[bench], menus=[Menu(bench)], jobs=[build, polish, stumble, wait],
    routes=[ask],
    schedules=[Schedule(count, cron="0 8 * * mon-sat")],
    openings=[Opening(count_all, _("Count them all"), sees=[Bench], per_minute=None)],
)
"""
