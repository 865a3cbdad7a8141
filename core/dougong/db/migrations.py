"""The ledger of schema changes, plugin by plugin: what ran, in which form, when, and how it ended.

A plugin's tables grow by themselves; what growing can't do (moving values, contracting later) are
numbered steps in its `migrations/` directory: `0001_split_name.py` with one `async def up()`. Each
step and its line in the ledger are one transaction. A step that ran is never edited: its checksum
is compared every time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Unique
from piccolo.table import Table

from dougong.access.principal import acting_as, system
from dougong.db.columns import Boolean, Text, Timestamptz, Varchar
from dougong.db.schema import grow, grow_schema, retrying
from dougong.db.transactions import transaction
from dougong.errors import Refused
from dougong.i18n import _
from dougong.records.gate import cleared
from dougong.records.tables import Private

__all__ = ["Migration", "Step", "applied", "migrate", "steps_in"]


class Migration(Private):
    """One line of the ledger: a growth of the tables, or a numbered step."""

    plugin = Varchar(length=100)
    step = Varchar(length=200)
    checksum = Varchar(length=64)
    at = Timestamptz(default=TimestamptzNow())
    ok = Boolean(default=True)
    detail = Text(default="")

    once = Unique([plugin, step])


@dataclass(frozen=True)
class Step:
    """A numbered step: its id is the file's name without the ending."""

    id: str
    path: Path

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


_NUMBERED = re.compile(r"\d{4}_[a-z0-9_]+\.py")


def steps_in(directory: Path) -> list[Step]:
    """The steps of a `migrations/` directory, by number; empty where there is none.

    Raises `ValueError` for two steps of one number.
    """
    files = sorted(f for f in directory.glob("*.py") if _NUMBERED.fullmatch(f.name))
    numbers = [file.name[:4] for file in files]
    if twice := {n for n in numbers if numbers.count(n) > 1}:
        raise ValueError(f"two steps of the same number in {directory}: {', '.join(sorted(twice))}")
    return [Step(file.stem, file) for file in files]


async def migrate(plugin: str, tables: Iterable[type[Table]], steps: Sequence[Step] = ()) -> list[str]:
    """Bring one plugin's tables up to date. Returns what was done, empty when nothing was missing.

    Raises `Refused` when an applied step has changed since, naming plugin and step. A step that
    fails leaves nothing behind but a line that says so.
    """
    await grow_schema([Migration])
    known = await applied(plugin)
    for step in steps:
        _compare(plugin, step, known)
    done = await _grow(plugin, list(tables))
    for step in steps:
        if not _has_run(step, known):
            await _run(plugin, step)
            done.append(step.id)
    return done


async def applied(plugin: str) -> Mapping[str, Migration]:
    """The plugin's lines in the ledger, by step."""
    with acting_as(system("reading the migration ledger")):
        lines = await Migration.objects().where(Migration.plugin == plugin)
    return {line.step: line for line in lines}


def _has_run(step: Step, known: Mapping[str, Migration]) -> bool:
    return step.id in known and known[step.id].ok


def _compare(plugin: str, step: Step, known: Mapping[str, Migration]) -> None:
    if _has_run(step, known) and known[step.id].checksum != step.checksum:
        raise Refused(
            _("The migration step “%(step)s” of “%(plugin)s” was changed after it ran.")
            % {"step": step.id, "plugin": plugin}
        )


@retrying
async def _grow(plugin: str, tables: Sequence[type[Table]]) -> list[str]:
    async with transaction():
        done = await grow(tables)
        if done:
            text = json.dumps(done, ensure_ascii=False)
            digest = hashlib.sha256(text.encode()).hexdigest()
            await _note(plugin, f"growth-{digest[:16]}", digest, detail=text)
    return done


async def _run(plugin: str, step: Step) -> None:
    up = _load(plugin, step)
    try:
        await _step(plugin, step, up)
    except Exception as err:
        await _note(plugin, step.id, step.checksum, ok=False, detail=f"{type(err).__name__}: {err}")
        raise


@retrying
async def _step(plugin: str, step: Step, up: Callable[[], Awaitable[None]]) -> None:
    async with transaction():
        with acting_as(system("running a migration step")), cleared("ddl"):
            await up()
        await _note(plugin, step.id, step.checksum)


async def _note(plugin: str, step: str, checksum: str, *, ok: bool = True, detail: str = "") -> None:
    with acting_as(system("writing the migration ledger")):
        async with transaction():
            await Migration.delete().where((Migration.plugin == plugin) & (Migration.step == step))
            line = Migration(plugin=plugin, step=step, checksum=checksum, ok=ok, detail=detail)
            await Migration.insert(line)


def _load(plugin: str, step: Step) -> Callable[[], Awaitable[None]]:
    # By path, under a name of its own: two plugins may both have a 0001_initial.
    name = f"dougong_migration_{re.sub(r'[^a-z0-9]', '_', plugin)}_{step.id}"
    spec = importlib.util.spec_from_file_location(name, step.path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules.pop(name, None)
    up = getattr(module, "up", None)
    if up is None:
        raise Refused(
            _("The migration step “%(step)s” of “%(plugin)s” has no “up”.") % {"step": step.id, "plugin": plugin}
        )
    return up
