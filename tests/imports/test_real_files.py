"""What a company has in its files comes in whole: a misspelt choice told by line and mended, a parent further down found.

`DOUGONG_TEST_DATA` names a folder with real files; without it look-alikes are made.
"""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path

import pytest

from dougong.imports import services
from dougong.records.desk import type_of
from dougong.shaping.fields import add_field
from dougong.testing.app import Company
from dougong_customers.names import forbidden_characters
from dougong_customers.tables import Customer

from .conftest import brought_in, received, tried
from .test_bringing_in import sums

COLUMNS = ["account", "sector", "year_established", "revenue", "employees", "office_location", "subsidiary_of"]
SECTORS = ["Technology", "Medical", "Retail", "Software", "Finance", "Marketing", "Services", "Entertainment",
           "Telecommunications", "Employment"]  # fmt: skip


@pytest.fixture
async def admin(company: Company):
    async with company.world.acting("admin") as principal:
        record_type = type_of(Customer)
        await add_field(record_type, "Sector", "choice", details={"options": SECTORS})
        await add_field(record_type, "Revenue", "number", details={"places": 2})
        await add_field(record_type, "Location", "text")
        await add_field(record_type, "Parent", "link", details={"target": "customers"})
        yield principal


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    given = os.environ.get("DOUGONG_TEST_DATA")
    return Path(given, "maven-crm", "accounts.csv") if given else look_alike(tmp_path / "accounts.csv")


def look_alike(file: Path) -> Path:
    """As many accounts, some misspelt, some named against the rule, some belonging to others further down."""
    dice = random.Random(85)
    names = [f"{dice.choice('ABCDEFGH')}{'aeiou'[n % 5]}lt{dice.choice(['', '-', ' & '])}{n}" for n in range(85)]
    with file.open("w", encoding="utf-8", newline="") as held:
        writer = csv.writer(held)
        writer.writerow(COLUMNS)
        for name in names:
            sector = dice.choice([*(s.lower() for s in SECTORS[1:]), "technolgy"])
            parent = dice.choice(names) if dice.random() < 0.2 else ""
            year, size = dice.randrange(1970, 2020), dice.randrange(1, 9999)
            writer.writerow([name, sector, year, f"{dice.random() * 9999:.2f}", size, "Kenya", parent])
    return file


def mapped(mended: bool):
    fields = ["name", "x_sector", "founded", "x_revenue", "employees", "x_location", "x_parent"]

    def told(mapping):
        [step] = mapping["steps"]
        step["columns"] = [{"heading": h, "field": f} for h, f in zip(COLUMNS, fields, strict=True)]
        step["match"] = ["name"]
        if mended:
            step["columns"][1]["values"] = {"technolgy": "Technology"}

    return told


async def test_accounts_become_customers_and_a_misspelt_sector_is_told_by_line_and_mended(admin, accounts):
    rows = list(csv.DictReader(accounts.read_text(encoding="utf-8").splitlines()))
    misspelt = [n for n, row in enumerate(rows, 2) if row["sector"] == "technolgy"]
    import_ = await received("customers", accounts.read_bytes(), "accounts.csv", mapped(mended=False))
    assert await tried(import_) == sums(created=85 - len(misspelt), failed=len(misspelt))
    notes = await services.notes_of(import_, tried=True)
    assert [note.line for note in notes] == misspelt
    assert {(note.problems[0].field, note.problems[0].value) for note in notes} == {("x_sector", "technolgy")}

    import_ = await services.arrange(import_, import_.format, changed(import_, mapped(mended=True)))
    assert await tried(import_) == sums(created=85)
    assert await brought_in(import_) == sums(created=85)
    against = {row["account"] for row in rows if forbidden_characters(row["account"])}
    warned = await services.notes_of(await services.import_at(import_.id), tried=False, outcomes=("warned",))
    assert {note.problems[0].value for note in warned} == against
    assert len(against) >= 9
    by_name = {customer.name: customer for customer in await Customer.objects().where(Customer.id > 0)}
    for row in rows:
        made = by_name[row["account"]]
        assert (made.founded, made.employees) == (int(row["year_established"]), int(row["employees"]))
        assert made.x_revenue == round(float(row["revenue"]) * 100)
        assert made.x_location == row["office_location"]
        parent = row["subsidiary_of"]
        assert made.x_parent == (by_name[parent].id if parent else None)


def changed(import_, told):
    mapping = import_.mapping.model_dump()
    told(mapping)
    return mapping


@pytest.mark.parametrize("form", ["gb18030", "xlsx"])
async def test_names_that_sound_alike_all_come_in_whatever_the_file_is_written_in(admin, form, tmp_path):
    names = ["云起", "运气", "云企", "晕起", "䶮氏", "三一"]
    content = "\n".join(names).encode("gb18030") if form == "gb18030" else workbook(names, tmp_path / "names.xlsx")
    import_ = await received("customers", content, f"names.{form}")
    assert (import_.lines, import_.format.headed) == (6, False)
    assert await brought_in(import_) == sums(created=6)
    assert await Customer.count().where(Customer.name.is_in(names)) == 6


@pytest.mark.parametrize("heading", ["客户名称", "名称", "Customer name", "NAME"])
async def test_a_single_column_may_be_headed_by_the_records_own_word_for_its_field(admin, heading):
    import_ = await received("customers", f"{heading}\n云起\n运气\n云企\n", "names.csv")
    assert (import_.lines, import_.format.headed) == (3, True)
    assert [(column.heading, column.field) for column in import_.mapping.steps[0].columns] == [(heading, "name")]
    assert await brought_in(import_) == sums(created=3)


def workbook(names: list[str], into: Path) -> bytes:
    import xlsxwriter

    with xlsxwriter.Workbook(into) as book:
        book.add_worksheet().write_column(0, 0, names)
    return into.read_bytes()
