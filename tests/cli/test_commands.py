"""The commands on a data directory: what they print, what they leave, how they fail."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tarfile
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dougong.access.principal import acting_as, system
from dougong.cli import cli
from dougong.config import Config, read_config
from dougong.house import open_house
from dougong.people import sign_in
from dougong.people.errors import WrongSignIn
from dougong.people.services import add_department, add_staff
from dougong.plugin.snapshot import current_snapshot


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    for key in Config.model_fields:
        monkeypatch.delenv(f"DOUGONG_{key}".upper(), raising=False)
    monkeypatch.setenv("DOUGONG_LANGUAGE", "en")


@pytest.fixture
def data(tmp_path, monkeypatch, database_url) -> Path:
    monkeypatch.setenv("DOUGONG_DATABASE", database_url)
    return tmp_path / "data"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def last_line(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output.strip().splitlines()[-1]


def inside(data: Path, work):
    """Run `work()` in the house, as the system."""

    async def here():
        house = await open_house(read_config(data), serving=False)
        try:
            with acting_as(system("test")):
                return await work()
        finally:
            await house.close()

    return asyncio.run(here())


def test_init_makes_a_house_with_an_administrator(data):
    made = run("init", "--data", data)
    password = last_line(made).rpartition(" ")[2]
    signed_in = inside(data, lambda: sign_in.sign_in("admin", password))
    assert signed_in.must_change_password
    assert "# port = 8000" in (data / "dougong.toml").read_text()
    assert inside(data, lambda: plugins_on()) == []


async def plugins_on() -> list[str]:
    return list(current_snapshot().plugins)[1:]


def test_the_file_init_writes_can_be_used_as_it_stands(data, monkeypatch):
    run("init", "--data", data)
    file = data / "dougong.toml"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line[2:] if " = " in line and not line.endswith('""') else line for line in lines))
    monkeypatch.delenv("DOUGONG_DATABASE")
    monkeypatch.delenv("DOUGONG_LANGUAGE")
    assert read_config(data).model_dump(exclude={"data"}) == Config(data=data).model_dump(exclude={"data"})


def test_init_again_keeps_the_house(data):
    run("init", "--data", data)
    assert "set up already" in last_line(run("init", "--data", data))


def test_init_all_switches_every_installed_plugin_on(data):
    run("init", "--data", data, "--all")
    assert "customers" in inside(data, plugins_on)


def test_the_data_directory_stands_before_or_after_the_command_or_in_the_environment(data, monkeypatch):
    run("--data", data, "init")
    assert (data / "dougong.toml").is_file()
    assert run("plugin", "--data", data, "list").exit_code == 0
    assert run("plugin", "list", "--data", data).exit_code == 0
    monkeypatch.setenv("DOUGONG_DATA", str(data))
    assert "customers" in run("plugin", "list").output


def test_plugins_are_switched_by_command(data):
    run("init", "--data", data)
    assert "off    customers" in run("plugin", "list", "--data", data).output
    assert "Switched: customers" in run("plugin", "enable", "customers", "--data", data).output
    assert "on     customers" in run("plugin", "list", "--data", data).output
    run("plugin", "disable", "customers", "--data", data)
    assert "off    customers" in run("plugin", "list", "--data", data).output


def test_a_plugin_is_uninstalled_and_restored_by_command_and_its_archive_is_in_a_backup(data, tmp_path):
    run("init", "--data", data, "--all")
    assert run("plugin", "uninstall", "visits", "--yes", "--data", data).exit_code == 1
    run("plugin", "disable", "visits", "--data", data)
    archive = Path(last_line(run("plugin", "uninstall", "visits", "--yes", "--data", data)).partition(": ")[2])
    with tarfile.open(_backup(data, tmp_path)) as packed:
        assert f"archives/{archive.name}" in packed.getnames()
    assert "Restored: visits" in run("plugin", "restore", archive, "--data", data).output
    assert run("plugin", "restore", archive, "--data", data).exit_code == 1
    assert run("plugin", "purge", archive.name, "--name", "customers", "--data", data).exit_code == 1
    assert run("plugin", "purge", archive.name, "--name", "visits", "--data", data).exit_code == 0
    assert not archive.exists()


def _backup(data: Path, place: Path) -> Path:
    assert run("backup", place / "house.tar", "--data", data).exit_code == 0
    return place / "house.tar"


def test_a_refused_switch_says_why_and_ends_with_an_error(data):
    run("init", "--data", data, "--all")
    refused = run("plugin", "disable", "customers", "--data", data)
    assert refused.exit_code == 1
    assert "is needed by plugins that are on" in refused.output
    assert "Traceback" not in refused.output


def test_a_token_works_before_the_first_password_change(data):
    run("init", "--data", data)
    token = last_line(run("token", "create", "--user", "admin", "--data", data))
    assert " " not in token
    assert inside(data, lambda: sign_in.token_of(token)) is not None


def test_accounts_are_made_and_their_passwords_reset(data):
    run("init", "--data", data)

    async def somebody():
        department = await add_department("Sales")
        await add_staff("王芳", department.id, code="007")

    inside(data, somebody)
    first = last_line(run("user", "add", "wangfang", "--staff", "007", "--role", "sales", "--data", data))
    assert inside(data, lambda: sign_in.sign_in("wangfang", first)).user
    second = last_line(run("user", "reset-password", "wangfang", "--data", data))
    assert inside(data, lambda: sign_in.sign_in("wangfang", second)).user
    with pytest.raises(WrongSignIn):
        inside(data, lambda: sign_in.sign_in("wangfang", first))


def test_a_right_is_explained(data):
    run("init", "--data", data)
    inside(data, lambda: add_department("Sales"))
    told = run("explain", "admin", "departments", "1", "--action", "edit", "--data", data)
    assert told.output.splitlines() == [
        "Yes",
        "  + admin is an administrator and may do everything. · role “Administrator”",
    ]
    run("user", "add", "guest", "--data", data)
    told = run("explain", "guest", "department", "1", "--action", "edit", "--data", data)
    assert told.exit_code == 1
    assert told.output.startswith("No\n  - No role of guest grants “Edit” on Departments.")
    assert run("explain", "guest", "departments", "99", "--data", data).exit_code == 1
    assert "no records are called tea" in run("explain", "guest", "tea", "1", "--data", data).output
    assert "no account is called nobody" in run("explain", "nobody", "departments", "1", "--data", data).output


@pytest.mark.parametrize(
    "words",
    [
        ("user", "add", "x", "--role", "pirate"),
        ("user", "add", "x", "--staff", "nobody"),
        ("user", "reset-password", "nobody"),
        ("token", "create", "--user", "nobody"),
        ("plugin", "enable", "nothing"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(data, words):
    run("init", "--data", data)
    failed = run(*words, "--data", data)
    assert failed.exit_code == 1
    assert failed.output.startswith("Error: ")
    assert len(failed.output.splitlines()) == 1


def test_a_wrong_configuration_is_said_in_one_line(data, monkeypatch):
    data.mkdir()
    (data / "dougong.toml").write_text("port = 99999\n")
    failed = run("doctor", "--data", data)
    assert failed.exit_code == 1
    assert failed.output == f"Error: {data}/dougong.toml:1: port = 99999: allowed is a port from 1 to 65535\n"


def test_doctor_shows_what_it_stands_on_and_finds_nothing_missing(data, database):
    run("init", "--data", data, "--all")
    result = run("doctor", "--data", data)
    assert "Python 3." in result.output
    assert "litestar 2." in result.output
    assert "127.0.0.1:8000  http  free" in result.output or "in use" in result.output
    assert "customers 0." in result.output
    if database == "sqlite":
        assert "Missing: 0" in result.output


def test_doctor_names_a_database_that_can_not_be_opened(data, monkeypatch):
    data.mkdir()
    monkeypatch.setenv("DOUGONG_DATABASE", "postgresql://nobody:secret@127.0.0.1:1/nowhere")
    result = run("doctor", "--data", data)
    assert result.exit_code == 1
    assert "The database can't be opened" in result.output
    assert "secret" not in result.output


def test_migrate_says_that_all_is_well(data):
    run("init", "--data", data, "--all")
    assert "up to date" in last_line(run("migrate", "--data", data))


# Backup and restore ------------------------------------------------------------------------------


@pytest.fixture
def backed_up(data, tmp_path, copied) -> Path:
    run("init", "--data", data, "--all")
    (data / "files" / "ab").mkdir(parents=True)
    (data / "files" / "ab" / "cd").write_bytes(b"attached")
    archive = tmp_path / "kept" / "house.backup"
    result = run("backup", archive, "--data", data)
    assert result.exit_code == 0, result.output
    return archive


def test_a_backup_brings_everything_back(data, backed_up):
    inside(data, lambda: add_department("Made after the backup"))
    (data / "files" / "ab" / "cd").write_bytes(b"changed")
    result = run("restore", backed_up, "--replace", "--data", data)
    assert result.exit_code == 0, result.output
    assert inside(data, departments) == []
    assert "customers" in inside(data, plugins_on)
    assert (data / "files" / "ab" / "cd").read_bytes() == b"attached"


async def departments() -> list[str]:
    from dougong.people.tables import Department

    return [row["name"] for row in await Department.select(Department.name)]


def test_a_restore_never_writes_over_data_unasked(data, backed_up):
    inside(data, lambda: add_department("Kept"))
    result = run("restore", backed_up, "--data", data)
    assert result.exit_code == 1
    assert inside(data, departments) == ["Kept"]


def test_a_damaged_archive_is_refused_and_nothing_is_touched(data, backed_up):
    inside(data, lambda: add_department("Kept"))
    content = bytearray(backed_up.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = b"x" * 64
    backed_up.write_bytes(content)
    result = run("restore", backed_up, "--replace", "--data", data)
    assert result.exit_code == 1
    assert "damaged" in result.output or "no backup of ours" in result.output
    assert inside(data, departments) == ["Kept"]


def test_a_restore_is_refused_while_the_house_is_served(data, backed_up):
    command = [sys.executable, "-m", "dougong", "restore", backed_up, "--replace", "--data", data]

    async def served():
        house = await open_house(read_config(data))
        try:  # by another process, as an operator would: in one process both would use the same connections
            process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT)
            said, _nothing = await process.communicate()
            return process.returncode, said.decode()
        finally:
            await house.close()

    returned, said = asyncio.run(served())
    assert returned == 1
    assert "stop that first" in said


def test_a_backup_taken_while_people_write_is_whole(tmp_path, monkeypatch):
    data = tmp_path / "data"
    run("init", "--data", data)
    with sqlite3.connect(data / "dougong.sqlite", isolation_level=None) as writer:
        writer.execute("CREATE TABLE busy (n INTEGER)")
        writer.execute("BEGIN IMMEDIATE")
        writer.executemany("INSERT INTO busy VALUES (?)", ((n,) for n in range(1000)))
        archive = tmp_path / "house.backup"
        assert run("backup", archive, "--data", data).exit_code == 0
        writer.execute("COMMIT")
    run("restore", archive, "--data", tmp_path / "other")
    with sqlite3.connect(tmp_path / "other" / "dougong.sqlite") as copy:
        assert copy.execute("SELECT count(*) FROM busy").fetchone() == (0,)


TEAMS = "agent,manager\nAnn,Dora\nBob,Dora\n"
STEPS = {
    "steps": [
        {"record": "departments", "columns": [{"heading": "manager", "field": "name"}], "match": ["name"]},
        {
            "record": "staff",
            "columns": [{"heading": "agent", "field": "name"}, {"heading": "manager", "field": "department"}],
            "match": ["name"],
        },
    ]
}


def test_a_file_is_brought_in_by_its_headings_and_the_last_line_says_what_came_of_it(data, tmp_path):
    run("init", "--data", data, "--all")
    file = tmp_path / "customers.csv"
    file.write_text("name,employees\nGreen Ltd,many\nBlue Ltd,12\nRed & Co,3\n")
    tried = run("import", "customers", file, "--dry-run", "--data", data)
    counts = {"created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "failed": 1}
    assert json.loads(last_line(tried)).items() >= {**counts, "dry_run": True, "failed_file": None}.items()
    assert "Line 2: Employees: “many” is not a number" in tried.output
    done = json.loads(last_line(run("import", "customers", file, "--data", data)))
    assert done.items() >= {**counts, "warned": 1}.items()
    assert "Green Ltd" in Path(done["failed_file"]).read_text()
    again = json.loads(last_line(run("import", "customers", file, "--data", data)))
    assert (again["skipped"], again["created"]) == (2, 0)


def test_a_mapping_makes_departments_and_staff_of_the_same_lines(data, tmp_path):
    run("init", "--data", data)
    (tmp_path / "teams.csv").write_text(TEAMS)
    (tmp_path / "teams.json").write_text(json.dumps(STEPS))
    done = run("import", "staff", tmp_path / "teams.csv", "--mapping", tmp_path / "teams.json", "--data", data)
    assert json.loads(last_line(done))["created"] == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("elephants",), "no records are called elephants"),
        (("customers",), "No column is headed by a field: animal"),
        (("customers", "--mapping", "usual"), "There is no mapping called “usual”"),
    ],
)
def test_what_can_not_be_brought_in_is_said_and_nothing_is_written(data, tmp_path, words, told):
    run("init", "--data", data, "--all")
    file = tmp_path / "animals.csv"
    file.write_text("animal,legs\ncat,4\n")
    refused = run("import", words[0], file, *words[1:], "--data", data)
    assert refused.exit_code != 0
    assert told in refused.output
