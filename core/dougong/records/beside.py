"""Taking back what was done to things kept beside records: a file that was added or taken off, a share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from dougong.access.services.sharing import read_logged, share_records, shared_on, unshare_records
from dougong.errors import DougongError, NotFound
from dougong.i18n import Text, _
from dougong.records import attachments
from dougong.records.batches import Beside
from dougong.records.desk import words_of
from dougong.records.types import RecordType

__all__ = ["Left", "take_back"]

Left: TypeAlias = dict[int, Text | str]
"""What stays as it is, by record, with the reason."""
CHANGED = _("Changed since.")
_GONE = _("The file is gone.")


async def take_back(record_type: RecordType, done: Mapping[int, Sequence[Beside]]) -> Left:
    """Take back what was done beside records that the acting person may edit, the last first."""
    left: Left = {}
    for depth in range(max(map(len, done.values()), default=0)):
        turn = {i: each[-1 - depth] for i, each in done.items() if depth < len(each)}
        for verb, step in _BACK.items():
            mine = {i: entry for i, entry in turn.items() if entry.verb == verb}
            left |= await step(record_type, mine) if mine else {}
    return left


async def _files_off(record_type: RecordType, entries: Mapping[int, Beside]) -> Left:
    return await _each(attachments.remove, record_type, {i: e.after.get("attachment_id") for i, e in entries.items()})


async def _files_back(record_type: RecordType, entries: Mapping[int, Beside]) -> Left:
    return await _each(
        attachments.bring_back, record_type, {i: e.before.get("attachment_id") for i, e in entries.items()}
    )


async def _each(
    step: Callable[[RecordType, int, int], Awaitable[Any]], record_type: RecordType, files: Mapping[int, int | None]
) -> Left:
    left: Left = {}
    for record_id, number in files.items():
        try:
            if number is None:  # noted before files had their number in the log
                raise NotFound
            await step(record_type, record_id, number)
        except NotFound:
            left[record_id] = _GONE
        except DougongError as err:
            left[record_id] = words_of(err)
    return left


async def _shares(record_type: RecordType, entries: Mapping[int, Beside]) -> Left:
    """Those on the same terms before and after together."""
    left: Left = {}
    alike: dict[Any, list[int]] = {}
    for record_id, entry in entries.items():
        alike.setdefault((read_logged(entry.before), read_logged(entry.after)), []).append(record_id)
    for ((whom, was), (_whom, became)), record_ids in alike.items():
        now = await shared_on(record_type, record_ids, whom)
        mine = [i for i in record_ids if now.get(i) == became]
        left |= dict.fromkeys(set(record_ids) - set(mine), CHANGED)
        try:
            back = (
                unshare_records(record_type, mine, whom) if was is None else share_records(record_type, mine, whom, was)
            )
            left |= {i: problem.message for i, problem in (await back).items()}
        except DougongError as err:  # who it was shared with has left, or the day has passed
            left |= dict.fromkeys(mine, words_of(err))
    return left


_BACK: Mapping[str, Callable[[RecordType, Mapping[int, Beside]], Awaitable[Left]]] = {
    "attach": _files_off,
    "detach": _files_back,
    "share": _shares,
}
