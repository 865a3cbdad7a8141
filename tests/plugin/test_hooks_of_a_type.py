"""A hook that says which records it is about is called for those alone, before anything is spent on the others."""

from __future__ import annotations

from contextlib import nullcontext
from types import ModuleType

import pytest

from dougong.api import RecordType, Row, Varchar, hook
from dougong.db import registry
from dougong.i18n import _
from dougong.plugin import hooks
from dougong.plugin.hooks import HookCaller
from dougong.plugin.hookspecs import subjects_of
from dougong.plugin.manifest import Plugin


class Tea(Row, tablename="test_hooks_tea"):
    name = Varchar(20)


class Rice(Row, tablename="test_hooks_rice"):
    name = Varchar(20)


# Made for these tests alone: no house is to look for their types.
registry.forget("test_hooks_tea")
registry.forget("test_hooks_rice")

TEA = RecordType(table=Tea, label=_("Tea"), plural=_("Teas"), title=Tea.name)
RICE = RecordType(table=Rice, label=_("Rice"), plural=_("Rices"), title=Rice.name)


@pytest.fixture(autouse=True)
def savepoints(monkeypatch):
    """One entry for each function that was about to run in a savepoint; there is no database here."""
    made = []
    monkeypatch.setattr(hooks, "_undoable", lambda: made.append(1) or nullcontext())
    return made


def called_for(mark) -> HookCaller:
    async def before_save(record_type, new):
        new["seen"] = getattr(record_type, "key", "nothing")

    module = ModuleType("made_up_grocer.hooks")
    module.before_save = mark(before_save)
    return HookCaller([Plugin(name="grocer", label=_("Grocer"), hooks=[module])])


async def seen_by(caller: HookCaller, record_type: RecordType | None) -> str | None:
    new: dict[str, str] = {}
    await caller.call("before_save", record_type=record_type, old=None, new=new, principal=None)
    return new.get("seen")


@pytest.mark.parametrize("of", ["test_hooks_tea", TEA, ["test_hooks_tea"], (TEA, "something_else"), {TEA.key: 1}])
async def test_it_is_called_for_its_own_type_alone(of):
    caller = called_for(hook(of=of))
    assert await seen_by(caller, TEA) == TEA.key
    assert await seen_by(caller, RICE) is None
    assert await seen_by(caller, None) is None
    assert caller.has("before_save", TEA.key)
    assert not caller.has("before_save", RICE.key)


async def test_one_that_names_no_type_is_called_for_all():
    caller = called_for(hook)
    assert [await seen_by(caller, kind) for kind in (TEA, RICE, None)] == [TEA.key, RICE.key, "nothing"]


async def test_nothing_is_spent_on_the_others(savepoints):
    """No savepoint, above all: one for each saved row would be felt."""
    caller = called_for(hook(of=TEA))
    await seen_by(caller, RICE)
    assert savepoints == []
    await seen_by(caller, TEA)
    assert savepoints == [1]


def test_what_is_marked_stays_the_function_it_was():
    def before_save(new):
        return new

    assert hook(before_save) is before_save
    assert subjects_of(before_save) == frozenset()
    assert hook(of=TEA)(before_save) is before_save
    assert subjects_of(before_save) == {TEA.key}
