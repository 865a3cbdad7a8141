"""What every plugin must hold to, as tests to inherit. Three lines in a plugin's own tests are enough:

    class TestContract(PluginContract):
        plugin = "visits"

Every test runs on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from dougong.access.principal import Principal, acting_as, system
from dougong.access.rights import may
from dougong.builtin import core
from dougong.db import grow_schema
from dougong.i18n import LOCALES, Text, catalogue
from dougong.plugin.discovery import discover
from dougong.plugin.failures import failures_of
from dougong.plugin.labels import derived_labels
from dougong.plugin.manifest import Plugin
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import disable, enable
from dougong.records import desk
from dougong.records.change_log import ChangeLog
from dougong.records.fields import Field
from dougong.records.filters import compile_filter, conditions, quick_find
from dougong.records.kinds import WrongValue
from dougong.records.types import RecordType, Template
from dougong.testing.world import World, open_world
from dougong.web.components import icon_names

__all__ = ["PluginContract"]

together = pytest.mark.asyncio(loop_scope="class")


class PluginContract:
    """Inherit and name the plugin.

    `given` holds, by record type key, values for records that the derived ones don't fit (a hook may ask for more).
    The tests of one database share it; none relies on another.
    """

    plugin: ClassVar[str]
    given: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    @classmethod
    async def world(cls, module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
        directory: Path = tmp_path_factory.mktemp("world")
        async with open_world(module_database_url, directory, [cls.plugin]) as world:
            yield world

    @property
    def declared(self) -> Plugin:
        return current_snapshot().plugins[self.plugin]

    # ------------------------------------------------------------------ declarations

    def test_it_loads(self) -> None:
        loaded = discover(core).plugins[self.plugin]
        assert loaded.works, f"{loaded.error} {loaded.detail}"
        assert loaded.plugin is not None
        assert loaded.plugin.name == self.plugin

    def test_every_text_is_translated(self) -> None:
        loaded = discover(core).plugins[self.plugin].plugin
        assert loaded is not None
        for locale in set(LOCALES) - {"en"}:
            missing = {
                t.msgid
                for t in texts_of(loaded)
                if t.domain != "dougong" and t.msgid not in catalogue(t.domain, locale)
            }
            assert not missing, locale

    def test_every_icon_is_drawn(self) -> None:
        loaded = discover(core).plugins[self.plugin].plugin
        assert loaded is not None
        assert set(icons_of(loaded)) <= icon_names()

    def test_declarations_name_fields_of_their_own_record_type(self) -> None:
        loaded = discover(core).plugins[self.plugin].plugin
        assert loaded is not None
        for record in loaded.records:
            named = {column._meta.name for column in columns_named_by(record)}
            assert named <= set(record.fields), record

    # ------------------------------------------------------------------ records

    @together
    async def test_its_tables_are_complete(self, world: World) -> None:
        assert await grow_schema([record.table for record in self.declared.records]) == []

    @together
    async def test_records_are_created_changed_and_deleted_with_their_history(self, world: World) -> None:
        for record in self.declared.records:
            async with world.acting("admin"):
                made = await self.made(record, world)
                changed = await desk.change(made, changes_to(record, made))
                assert changed.version == made.version + 1
                await desk.remove(changed)
                assert not await record.table.exists().where(record.table.id == made.id)
            assert await verbs_logged(record, made.id) == ["create", "update", "remove"], record

    @together
    async def test_whoever_was_granted_nothing_sees_and_does_nothing(self, world: World) -> None:
        async with world.acting("admin"):
            made = [(record, await self.made(record, world)) for record in self.declared.records]
        with acting_as(Principal(user=10_000, staff=world.staff["yuanye"])):
            for record, row in made:
                if not record.scope.has("everyone"):
                    assert not await record.table.exists().where(record.table.id == row.id), record
                    assert not await record.table.count(), record

    @together
    async def test_saved_views_and_quick_find_can_be_asked(self, world: World) -> None:
        async with world.acting("wangfang"):
            for record in self.declared.records:
                clauses = [compile_filter(record, conditions(view.where)) for view in record.saved_views]
                for clause in [*clauses, quick_find(record, "王 a%_'")]:
                    asked = record.table.count()
                    await (asked.where(clause) if clause is not None else asked)

    @together
    async def test_tiles_answer_everybody(self, world: World) -> None:
        for who in world.users:
            async with world.acting(who):
                for tile in self.declared.tiles:
                    if tile.right is None or may(await world.principal(who), *tile.right):
                        assert all(str(row.label) for row in await tile.rows())

    @together
    async def test_its_hooks_do_not_fail(self, world: World) -> None:
        async with world.acting("admin"):
            for record in self.declared.records:
                await self.made(record, world)
        assert list(failures_of(self.plugin)) == []

    @together
    async def test_its_lists_and_forms_open_as_pages_and_in_the_api(self, world: World) -> None:
        async with world.client("admin") as http:
            for record in self.declared.records:
                listed = await http.get(f"/api/v1/{record.path}")
                assert listed.status_code == 200, listed.text
                assert set(listed.json()) == {"items", "next", "total", "total_exact"}
                for page in (f"/{record.path}", f"/{record.path}/new") if record.menu else ():
                    assert (await http.get(page)).status_code == 200, page

    @together
    async def test_nothing_of_it_answers_a_stranger(self, world: World) -> None:
        async with world.client("admin") as http:
            http.headers.pop("Authorization")
            for record in self.declared.records:
                assert (await http.get(f"/api/v1/{record.path}")).status_code == 401

    # ------------------------------------------------------------------ switching

    @together
    async def test_switched_off_nothing_of_it_is_left_and_on_again_everything_is_there(self, world: World) -> None:
        async with world.acting("admin"):
            kept = {record: await self.made(record, world) for record in self.declared.records}
            needing = (await disable(self.plugin, cascade=True)).changed
            assert self.plugin not in current_snapshot().plugins
            assert not {record.key for record in kept} & set(current_snapshot().records)
            async with world.client("admin") as http:
                for record in kept:
                    assert (await http.get(f"/api/v1/{record.path}")).status_code == 404
            for name in [self.plugin, *needing]:
                await enable(name, cascade=True)
            for record, row in kept.items():
                assert (await desk.get(record.table, row.id)).version == row.version

    # ------------------------------------------------------------------ records to test with

    async def made(self, record: RecordType, world: World) -> Any:
        """A new record with every field filled in that people fill in, and the records it needs to refer to."""
        values: dict[str, Any] = {}
        for key, field in record.entered.items():
            if field.target is None:
                values[key] = value_for(field)
            elif field.kind in ("person", "department"):
                continue
            elif field.required:
                values[key] = (await self.made(desk.type_of(field.target), world)).id  # type: ignore[arg-type]
        return await desk.create(record.table, {**values, **self.given.get(record.key, {})})


_counter = itertools.count(1)
_WORDS = ("2026", "2026-02-28", "2026-02-28 08:30", "true", "someone@company.example", "https://company.example")


def value_for(field: Field) -> Any:
    """A stored value of the field's kind, whichever that is: the first of a few texts it can read. Texts differ."""
    if field.options:
        return field.options[0].key
    for words in (f"样本{next(_counter)}"[: field.length], *_WORDS):
        with suppress(WrongValue):
            return field.type.read(words, field)
    return field.empty


def changes_to(record: RecordType, made: Any) -> dict[str, Any]:
    """Another value for one field of the record, the title if it is a text."""
    fields = [record.fields[record.title._meta.name], *record.entered.values()]
    field = next(f for f in fields if f.kind in ("text", "long_text"))
    return {field.key: f"{getattr(made, field.key)}改"[-(field.length or 100) :]}


async def verbs_logged(record: RecordType, record_id: int) -> list[str]:
    with acting_as(system("read what the tests logged")):
        mine = (ChangeLog.record == record.key) & (ChangeLog.record_id == record_id)
        return [str(row["verb"]) for row in await ChangeLog.select(ChangeLog.verb).where(mine).order_by(ChangeLog.id)]


# ---------------------------------------------------------------------- what a plugin declares


def texts_of(plugin: Plugin) -> Iterator[Text]:
    """Every text of its declarations that a person may meet."""
    found: list[Any] = [plugin.label, plugin.description]
    for record in plugin.records:
        found += [record.label, record.plural, *record.rights.values()]
        found += [group for template in templates_of(record) for group in template.groups]
        found += [view.label for view in record.saved_views] + [action.label for action in record.actions]
    for contributed in (*plugin.extends, *plugin.menus, *plugin.tiles, *plugin.rights, *plugin.lookups):
        found += [getattr(contributed, "label", None), getattr(contributed, "empty", None)]
    found += [option.label for lookup in plugin.lookups for option in lookup.options]
    found += [Text(msgid, package) for package, msgids in derived_labels([plugin]).items() for msgid in msgids]
    yield from (text for text in found if isinstance(text, Text))


def templates_of(record: RecordType) -> Sequence[Template]:
    return [record.template, *record.templates.values()]


def icons_of(plugin: Plugin) -> Iterator[str]:
    named: list[Any] = [plugin, *plugin.records, *plugin.extends, *plugin.menus, *plugin.tiles]
    for record in plugin.records:
        named += record.actions
        named += record.lifecycle.steps if record.lifecycle else ()
    yield from (thing.icon for thing in named if getattr(thing, "icon", ""))


def columns_named_by(record: RecordType) -> Iterator[Any]:
    yield from (*record.search, *record.labels, record.title)
    for template in templates_of(record):
        yield from (*template.required, *template.readonly, *template.hidden)
        yield from (column for group in template.groups.values() for column in group)
    for view in record.views:
        yield from (*view.columns, *view.phone, *([view.order] if view.order else ()))
