"""Exports from the command line: done with somebody's rights, whole or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dougong.access.principal import acting_as, system
from dougong.cli import cli
from dougong.config import Config, read_config
from dougong.house import open_house
from dougong.people.tables import Position
from dougong.records import desk

from .conftest import csv_lines, workbook_lines


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in Config.model_fields:
        monkeypatch.delenv(f"DOUGONG_{key}".upper(), raising=False)
    monkeypatch.setenv("DOUGONG_LANGUAGE", "en")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    monkeypatch.setenv("DOUGONG_DATABASE", database_url)
    assert run("init", "--data", tmp_path / "data").exit_code == 0
    return tmp_path / "data"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


async def fill(data: Path) -> None:
    house = await open_house(read_config(data), serving=False)
    try:
        with acting_as(system("test")):
            for name in ("Engineer", "=Director", "Assistant"):
                await desk.create(Position, {"name": name})
    finally:
        await house.close()


def test_a_list_is_written_as_the_ending_of_the_file_says(data: Path, tmp_path: Path) -> None:
    asyncio.run(fill(data))
    asked = ("--fields", "name", "--sort", "-name", "--filter", '[["name","!=","Assistant"]]', "--data", data)
    for name, lines_of, director in (("x.csv", csv_lines, "'=Director"), ("x.XLSX", workbook_lines, "=Director")):
        answer = run("export", "positions", tmp_path / name, *asked)
        assert answer.exit_code == 0, answer.output
        assert answer.output.strip() == f"{tmp_path / name}: 2 records"
        assert lines_of((tmp_path / name).read_bytes()) == [{"Name": "Engineer"}, {"Name": director}]


@pytest.mark.parametrize(
    "name, asked, why",
    [
        ("x.pdf", (), "must be one of xlsx, csv"),
        ("x.csv", ("--filter", "[["), "not valid JSON"),
        ("x.csv", ("--fields", "nothing"), "nothing"),
        ("x.csv", ("--as", "somebody"), "have the right"),
        ("nowhere/x.csv", (), "No such file or directory"),
    ],
)
def test_what_cannot_be_written_leaves_what_was_there(
    name: str, asked: tuple[str, ...], why: str, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("before")
    assert run("user", "add", "somebody", "--data", data).exit_code == 0
    answer = run("export", "positions", tmp_path / name, *asked, "--data", data)
    assert answer.exit_code == 1
    assert why in answer.output
    assert (tmp_path / "x.csv").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
