"""Values before, mine and theirs, at random: only what both changed is asked about, and nothing else is lost or told."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.conflicts import compare
from dougong.records.types import RecordType
from dougong.testing import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALUES: Mapping[str, Sequence[Any]] = {
    "city": ("", "上海", "杭州", " 杭州 "),
    "kind": ("end", "channel"),
    "remark": ("", "一行", "一行\n两行", "一行\r\n两行"),
    "employees": (None, 0, 12, "1,200"),
    "founded": (None, 1998, 2004),
    "credit_limit": (None, "0", "100.00", "12,345.60"),
    "next_follow_up": (None, "2026-01-02", "2026/03/04"),
    "phone": ("", "0571-1111", "0571-2222"),
    "website": ("", "a.example", "https://b.example"),
}


def drawn(dice: random.Random) -> dict[str, Any]:
    return {key: dice.choice(values) for key, values in VALUES.items()}


def stored(record_type: RecordType, sent: Mapping[str, Any]) -> dict[str, Any]:
    fields = record_type.fields
    return {k: fields[k].empty if v in (None, "") else fields[k].type.read(v, fields[k]) for k, v in sent.items()}


async def test_each_field_is_mine_or_theirs_or_asked_about(world: World, rounds: Callable[..., int]) -> None:
    customer = current_snapshot().records["customer"]
    asked = 0
    for number in range(rounds(25, deep=400)):
        dice = random.Random(f"conflict {number}")
        before, detour, theirs, mine = (drawn(dice) for _ in range(4))
        async with world.acting("admin"):
            record = await desk.create(customer.table, {"name": f"任意{number}有限公司", **stored(customer, before)})
            began = record.version
            record = await desk.change(record, stored(customer, detour))
            record = await desk.change(record, stored(customer, theirs))
            found = await compare(customer, record, began, mine)
        was, now, sent = (with_plain_lines(stored(customer, each)) for each in (before, theirs, mine))
        changed = {k for k in VALUES if now[k] != was[k]}
        assert {d.field.key for d in found.clashes} == {k for k in changed if sent[k] not in (was[k], now[k])}
        assert {d.field.key for d in found.theirs} == {k for k in changed if sent[k] == was[k]}
        for d in found.everything:
            assert with_plain_lines({"was": d.original, "now": d.theirs}) == {
                "was": was[d.field.key],
                "now": now[d.field.key],
            }
        asked += len(found.clashes)
    assert asked


def with_plain_lines(values: Mapping[str, Any]) -> dict[str, Any]:
    """A browser's ends of lines are no difference."""
    return {k: v.replace("\r\n", "\n") if isinstance(v, str) else v for k, v in values.items()}
