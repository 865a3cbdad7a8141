"""What stands in a record stands in the file and is read back from it the same; nothing of it is ever a formula."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from openpyxl import load_workbook

from dougong.exports import workbook
from dougong.exports.columns import columns_of
from dougong.exports.csv_file import guarded, unguarded
from dougong.imports.sheets import text_of
from dougong.plugin.snapshot import current_snapshot
from dougong.records.fields import Field
from dougong.testing.app import Company

from .conftest import CUSTOMERS, EXPORT, Programs, csv_lines, workbook_lines

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "＝1+1", "'=1", "''=1", "-", '=HYPERLINK("http://x","y")')
TRICKY = (
    *FORMULAS, "'", "'plain", "00123", "1e5", "2026-01-02", "1,5", 'he said "no", twice', "a,b;c", "TRUE", "#N/A",
    "_x0041_", "𠮷野家🎉👩‍👩‍👧", "é́", "<b>&amp;</b>", "x" * 60,
)  # fmt: skip
LONG = (
    "a\tb\r\nc",
    "\x01 und _x0001_ und \x1f",
    "zurück\rallein",
    "第一行\n第二行\n\n=第四行",
    "=cmd|' /C calc'!A0\n,\"x\"",
    "-" * 300,
    "😀" * 200,
)
ADDED: Mapping[str, Mapping[str, Any]] = {
    "places": {"kind": "number", "details": {"places": 3}},
    "yen": {"kind": "money", "details": {"currency": "JPY"}},
    "moment": {"kind": "datetime"},
    "clock": {"kind": "time"},
    "several": {"kind": "choices", "details": {"options": ["red", "blue, green", "[white]", "=black"]}},
    "one": {"kind": "choice", "details": {"options": ["=yes", "a, b", "plain"]}},
    "flag": {"kind": "yes_no"},
    "place": {"kind": "address"},
}
VALUES: Mapping[str, tuple[Any, ...]] = {
    "short_name": TRICKY,
    "remark": LONG,
    "phone": ("+86 571 8888-0000", "-110", "0571-88880000", "=110"[1:]),
    "email": ("+@x.cn", "-a@x.cn", "=1@x.cn"),
    "employees": (0, -1, 2**31 - 1),
    "founded": (1000, 1949, 9999),
    "credit_limit": ("0.30", "-0.01", "12345678.90", "-9999999999999.99", "1234567890123.45", "0.00"),
    "next_follow_up": ("2026-09-30", "1900-02-28", "1899-12-31", "0001-01-01", "9999-12-31", "2024-02-29"),
    "x_places": ("0.300", "-0.001", "12345678901234.567", "1000.000", "0.000"),
    "x_yen": ("0", "-5", "99999999999999"),
    "x_moment": ("2026-09-30T14:05:00Z", "2026-09-30T14:05:07Z", "2026-09-29T16:00:00Z", "2026-09-30T14:05:07.123456Z",
                 "1900-01-01T00:00:00Z", "1991-09-14T16:30:00Z", "1991-09-14T15:30:00Z"),
    "x_clock": ("00:00", "09:05", "23:59"),
    "x_several": (["red"], ["red", "blue, green"], ["[white]"], ["=black", "red"], []),
    "x_one": ("=yes", "a, b", "plain"),
    "x_flag": (True, False, None),
    "x_place": ("-1 号楼", "浙江省杭州市"),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def awkward(programs: Programs) -> list[dict[str, Any]]:
    """Records with every awkward value, as the API answers them."""
    admin = programs["admin"]
    keys: dict[str, str] = {}
    for label, field in ADDED.items():
        answer = await admin.post("/api/v1/record-types/customers/fields", json={"label": label, **field})
        assert answer.status_code == 201, answer.text
        keys[f"x_{label}"] = answer.json()["key"]
    assert set(keys) == set(keys.values())
    made = []
    for at in range(max(map(len, VALUES.values()))):
        values = {key: some[at] for key, some in VALUES.items() if at < len(some)}
        answer = await admin.post(CUSTOMERS, json={"name": f"难写{at}有限公司", **values})
        assert answer.status_code == 201, (values, answer.text)
        made.append(answer.json())
    return made


def fields() -> list[Field]:
    return [current_snapshot().by_path["customers"].fields[key] for key in VALUES]


def again(field: Field, cell: Any) -> Any:
    """What a cell says, read as values are read everywhere, and sent as the API sends them."""
    return None if cell in (None, "") else field.type.send(field.type.read(cell, field), field)


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
async def test_every_value_is_read_back_as_it_was(
    format_: str, awkward: list[dict[str, Any]], programs: Programs
) -> None:
    asked = {"q": "难写", "sort": "id", "fields": ",".join(["id", *VALUES]), "format": format_}
    content = (await programs["admin"].get(EXPORT, params=asked)).content
    lines = csv_lines(content) if format_ == "csv" else workbook_lines(content)
    assert [int(line["ID"]) for line in lines] == [record["id"] for record in awkward]
    for line, record in zip(lines, awkward, strict=True):
        for field in fields():
            cell = line[str(field.label)]
            cell = unguarded(cell) if format_ == "csv" else plain(field, cell)
            assert again(field, cell) == (record[field.key] or again(field, str(record[field.key] or ""))) or (
                record[field.key] in (0, False) and again(field, cell) == record[field.key]
            ), (field.key, cell)


def plain(field: Field, cell: Any) -> Any:
    """A workbook's cell as an import takes it; a moment to its last digit."""
    if isinstance(cell, dt.datetime) and field.kind == "datetime":
        return cell
    if isinstance(cell, dt.datetime | int | float):
        return text_of(cell)
    return cell


async def test_an_apostrophe_is_taken_off_only_where_one_was_put() -> None:
    for text in (*TRICKY, *LONG, ""):
        assert unguarded(guarded(text)) == text
    for text in FORMULAS:
        assert guarded(text).startswith("'")
    for text in ("'", "'plain", "00123", "1-2"):
        assert (guarded(text), unguarded(text)) == (text, text)


async def test_nothing_in_a_csv_begins_a_formula(awkward: Any, programs: Programs) -> None:
    keys = [field.key for field in fields() if field.kind not in ("number", "money")]
    lines = csv_lines((await programs["admin"].get(EXPORT, params={"q": "难写", "fields": ",".join(keys)})).content)
    cells = [cell for line in lines for cell in line.values()]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "＝", "\t", "\r")]
    assert len([cell for cell in cells if cell.startswith("'=")]) > 3


async def test_a_workbook_holds_text_and_numbers_and_no_formula(awkward: Any, programs: Programs) -> None:
    asked = {"q": "难写", "sort": "id", "format": "xlsx", "fields": ",".join(VALUES)}
    content = (await programs["admin"].get(EXPORT, params=asked)).content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in parts.namelist() if re.search(r"vba|external|connections", name)]
    assert "=1+1" in sheet
    assert not re.search(r"<f\b|<hyperlink", sheet)
    book = load_workbook(io.BytesIO(content)).worksheets[0]
    assert book.freeze_panes == "A2"
    kinds = {cell.value: column[1:] for column in book.iter_cols() for cell in column[:1]}
    amounts, days, names = kinds["信用额度"], kinds["下次跟进"], kinds["简称"]
    assert {(cell.data_type, cell.number_format) for cell in names} == {("s", "@")}
    assert ("n", "#,##0.00") in {(cell.data_type, cell.number_format) for cell in amounts}
    assert ("d", "yyyy-mm-dd") in {(cell.data_type, cell.number_format) for cell in days}


async def test_a_text_longer_than_a_cell_is_refused_in_a_workbook_and_whole_in_csv(
    company: Company, programs: Programs
) -> None:
    words = "长" * (workbook.LONGEST + 1)
    made = (await programs["admin"].post(CUSTOMERS, json={"name": "话多有限公司", "remark": words})).json()
    asked = {"q": "话多", "fields": "remark"}
    refused = await programs["admin"].get(EXPORT, params={**asked, "format": "xlsx"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "format")
    [line] = csv_lines((await programs["admin"].get(EXPORT, params=asked)).content)
    assert line["备注"] == words
    assert (await programs["admin"].delete(f"{CUSTOMERS}/{made['id']}")).status_code == 204


async def test_more_records_than_a_sheet_holds_are_refused(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    refused = await programs["admin"].get(EXPORT, params={"format": "xlsx"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "format")
    assert len(csv_lines((await programs["admin"].get(EXPORT)).content)) > 3


async def test_fields_of_one_label_are_headed_by_their_keys(company: Company) -> None:
    known = current_snapshot().by_path["customers"].fields
    alike = SimpleNamespace(fields={**known, "industry": replace(known["industry"], label=known["city"].label)})
    headings = [column.heading for column in columns_of(alike, ["name", "city", "industry"])]  # type: ignore[arg-type]
    assert headings == ["名称", "city", "industry"]
