"""A file that was exported comes back in and changes nothing; what was changed in it changes that alone."""

from __future__ import annotations

import io
from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import Any

import pytest
from openpyxl import load_workbook

from dougong.exports.columns import every_key
from dougong.exports.services import Export, export
from dougong.imports import jobs, services
from dougong.jobs import work_off
from dougong.plugin.snapshot import current_snapshot
from dougong.records.queries import Query
from dougong.testing.app import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def exported(path: str, format_: str, **asked: Any) -> bytes:
    record_type = current_snapshot().by_path[path]
    with TemporaryFile() as file:
        query = Query(record_type, **asked)
        await export(Export(query, format_, ("id", *every_key(record_type))), file)
        file.seek(0)
        return file.read()


async def brought_back(path: str, content: bytes, format_: str) -> Mapping[str, int]:
    """What bringing it in does, when records are known by their ids and every field is filled that can be."""

    async def pieces() -> Any:
        yield content

    received = await services.receive(current_snapshot().by_path[path], f"file.{format_}", pieces())
    assert received.mapping is not None
    mapping = received.mapping.model_dump()
    [step] = mapping["steps"]
    step["match"], step["existing"], step["clear"] = ["id"], "update", True
    arranged = await services.arrange(received, received.format, mapping)
    await jobs.start(arranged)
    await work_off()
    done = await services.import_at(received.id)
    assert done.counts is not None
    notes = await services.notes_of(done, tried=False)
    assert not [(note.line, note.problems) for note in notes if note.outcome == "failed"]
    return services.totals(done.counts)


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
@pytest.mark.parametrize("path", ["customers", "contacts", "staff", "departments"])
async def test_a_list_comes_back_without_a_change(path: str, format_: str, company: Company) -> None:
    async with company.world.acting("admin"):
        content = await exported(path, format_)
        counts = await brought_back(path, content, format_)
    assert {name: count for name, count in counts.items() if count} == {"unchanged": sum(counts.values())}
    assert counts["unchanged"] > 10


async def test_what_was_changed_in_the_file_is_changed(company: Company) -> None:
    async with company.world.acting("admin"):
        content = await exported("customers", "xlsx", filter=[["city", "=", "杭州"]])
        book = load_workbook(io.BytesIO(content))
        sheet = book.worksheets[0]
        [at] = [cell.column for cell in sheet[1] if cell.value == "简称"]
        sheet.cell(3, at).value = "=改过了"
        sheet.cell(3, at).data_type = "s"
        changed = io.BytesIO()
        book.save(changed)
        counts = await brought_back("customers", changed.getvalue(), "xlsx")
        assert (counts["updated"], counts["unchanged"]) == (1, sheet.max_row - 2)
        again = await exported("customers", "csv", filter=[["short_name", "=", "=改过了"]])
        assert "'=改过了" in again.decode("utf-8-sig")
