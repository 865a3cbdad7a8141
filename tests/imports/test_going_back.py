"""What was refused comes back as it was, with the reason; an import goes back, but for what people changed since."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import Workbook, load_workbook

from dougong.errors import Refused
from dougong.imports import jobs, services, undoing
from dougong.imports.refused import file_name, write_refused
from dougong.jobs import work_off
from dougong.jobs.watching import cancel_job
from dougong.records import desk
from dougong.testing.app import Company
from dougong_customers.tables import Customer

from .conftest import brought_in, received
from .test_bringing_in import FILE, sums


@pytest.fixture
async def admin(company: Company):
    async with company.world.acting("admin") as principal:
        yield principal


async def test_refused_lines_come_back_in_the_encoding_and_form_of_the_file(admin, tmp_path):
    raw = FILE.replace(",", ";").replace('"1;200"', "1200").encode("gb18030")
    import_ = await received("customers", raw, "客户.csv")
    assert (import_.format.encoding, import_.format.delimiter) == ("gb18030", ";")
    assert await brought_in(import_) == sums(created=2, failed=2)
    assert await write_refused(import_, tmp_path / "back.csv") == 2
    text = (tmp_path / "back.csv").read_text(encoding="gb18030")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert rows[0][:5] == FILE.splitlines()[0].split(",")
    assert rows[1][:5] == ["红山贸易有限公司", "many", "1987", "", ""]
    assert "many" in rows[1][5]
    assert rows[2][:5] == ["", "5", "1990", "", "nobody"]
    assert file_name(import_) == "客户 (未导入).csv"


async def test_what_is_corrected_in_the_file_of_refused_lines_comes_in_and_nothing_else(admin, tmp_path):
    import_ = await received("customers", FILE)
    await brought_in(import_)
    await write_refused(import_, tmp_path / "back.csv")
    corrected = (tmp_path / "back.csv").read_text().replace("many", "30")
    again = await received("customers", corrected)
    assert await brought_in(again) == sums(created=1, failed=1)


async def test_a_workbook_comes_back_as_one_with_numbers_and_days_as_they_were(admin, tmp_path):
    import datetime as dt

    book = Workbook()
    sheet = book.active
    sheet.append(["客户名称", "员工人数", "下次跟进", "备注"])
    sheet.append(["绿洲有限公司", 30, dt.datetime(2026, 12, 1), "=1+1"])  # noqa: DTZ001 - as a workbook has it
    sheet["D2"].data_type = "s"
    sheet.append(["", 12.5, dt.datetime(2026, 12, 2), None])  # noqa: DTZ001
    held = io.BytesIO()
    book.save(held)

    def told(mapping):
        mapping["steps"][0]["columns"] = [
            {"heading": heading, "field": field}
            for heading, field in zip(
                ["客户名称", "员工人数", "下次跟进", "备注"],
                ["name", "employees", "next_follow_up", "remark"],
                strict=True,
            )
        ]

    import_ = await received("customers", held.getvalue(), "客户.xlsx", told)
    assert import_.format.kind == "xlsx"
    assert await brought_in(import_) == sums(created=1, failed=1)
    green = await Customer.objects().where(Customer.name == "绿洲有限公司").first()
    assert (green.employees, green.next_follow_up, green.remark) == (30, dt.date(2026, 12, 1), "=1+1")
    await write_refused(import_, tmp_path / "back.xlsx")
    rows = list(load_workbook(tmp_path / "back.xlsx").active.iter_rows(values_only=True))
    assert rows[1][1:3] == (12.5, dt.datetime(2026, 12, 2))  # noqa: DTZ001
    assert rows[0][4] == "未导入原因"


async def test_an_import_that_was_stopped_tells_how_far_it_came_and_goes_back(admin, monkeypatch):
    number, pieces_of = 0, jobs.pieces_of

    async def stopping(sheet, *, after, size):
        async for lines in pieces_of(sheet, after=after, size=2):
            if lines[0].number > 4:
                await cancel_job((await services.import_at(number)).running)
            yield lines

    monkeypatch.setattr(jobs, "pieces_of", stopping)
    file = "name\n" + "".join(f"半途{n}有限公司\n" for n in range(1, 10)) + "Nobody & Co\n"
    import_ = await received("customers", file)
    number = import_.id
    before = await Customer.count()
    came_in = await brought_in(import_)
    assert came_in == sums(created=await Customer.count() - before)
    assert 2 <= came_in["created"] < 9
    import_ = await services.import_at(number)
    assert import_.finished is None
    await undoing.take_back(import_)
    await work_off()
    assert await Customer.count() == before
    assert (await services.import_at(number)).undone == {"restored": came_in["created"], "kept": 0}


async def test_an_import_that_wrote_nothing_has_nothing_to_take_back(admin):
    import_ = await received("customers", "name\n")
    with pytest.raises(Refused):
        await undoing.take_back(import_)


@pytest.mark.parametrize("piece", [1, 3, 1000])
async def test_an_import_goes_back_but_for_what_people_changed_since(admin, piece, monkeypatch):
    monkeypatch.setattr(undoing, "PIECE", piece)
    before = await desk.create(Customer, {"name": "早先有限公司", "employees": 5, "city": "上海"})
    file = "name,employees,city\n早先有限公司,6,北京\n" + "".join(f"新来{n}有限公司,{n},广州\n" for n in range(1, 8))

    def keep_up(mapping):
        mapping["steps"][0]["existing"] = "update"

    import_ = await received("customers", file, arranged=keep_up)
    assert await brought_in(import_) == sums(created=7, updated=1)
    third = await Customer.objects().where(Customer.name == "新来3有限公司").first()
    await desk.change(third, {"city": "深圳"})
    now = await desk.get(Customer, before.id)
    await desk.change(now, {"employees": 9})
    await undoing.take_back(await services.import_at(import_.id))
    await work_off()
    left = await Customer.select(Customer.name).where(Customer.name.like("新来%"))
    assert [row["name"] for row in left] == ["新来3有限公司"]
    back = await desk.get(Customer, before.id)
    assert (back.city, back.employees) == ("上海", 9)
    import_ = await services.import_at(import_.id)
    assert import_.undone == {"restored": 7, "kept": 2}
    kept = await services.kept_of(import_)
    assert sorted((one["title"], one["field"]) for one in kept) == [
        ("新来3有限公司", "city"),
        ("早先有限公司", "employees"),
    ]
    with pytest.raises(Refused):
        await undoing.take_back(import_)
