"""The plain safe copy: database and files in one archive with checksums, taken while people work.

SQLite is copied by its own backup interface while a read transaction keeps the source still; PostgreSQL by `pg_dump`
and `pg_restore`, which must be installed. The archive is a tar file whose `manifest.json` says what is in it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from dougong import __version__
from dougong.files.store import ABOUT_TO_COME

if TYPE_CHECKING:
    from dougong.config import Config

__all__ = ["BackupError", "back_up", "client_program", "restore"]

FILES, ARCHIVES = "files", "archives"
"""The directories of attachments, and of what was uninstalled, in an archive."""
_SQLITE, _POSTGRES = "database.sqlite", "database.dump"


class BackupError(Exception):
    """It can't be done; nothing was changed."""


# Out -----------------------------------------------------------------------------------------------


def back_up(config: Config, target: Path) -> dict[str, Any]:
    """Write an archive, which appears under its name only when it is whole; answers its manifest."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as name:
        place = Path(name)
        database = place / (_SQLITE if _is_sqlite(config) else _POSTGRES)
        _copy_sqlite(config, database) if _is_sqlite(config) else _dump_postgres(config, database)
        parts = {database.name: database, **_files_of(config)}
        manifest = {
            "format": 1,
            "dougong": __version__,
            "made": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "database": "sqlite" if _is_sqlite(config) else "postgresql",
            "sha256": {inside: _digest(path) for inside, path in parts.items()},
        }
        (place / "manifest.json").write_text(json.dumps(manifest, indent=1))
        whole = place / "archive.tar"
        with tarfile.open(whole, "w") as archive:
            archive.add(place / "manifest.json", "manifest.json")
            for inside, path in parts.items():
                archive.add(path, inside, recursive=False)
        whole.chmod(0o600)
        whole.replace(target)
    return manifest


def _copy_sqlite(config: Config, target: Path) -> None:
    source = _sqlite_file(config)
    if not source.is_file():
        raise BackupError(f"there is no database at {source}")
    with closing(sqlite3.connect(source, timeout=30, isolation_level=None)) as here:
        # Without a read transaction of its own the copy starts again with every write that people make meanwhile.
        here.execute("BEGIN")
        here.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target)) as there:
            here.backup(there)
    _check_sqlite(target)


def _check_sqlite(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as database:
            answer = database.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as err:
        raise BackupError(f"the copy of the database is damaged: {err}") from err
    if answer != "ok":
        raise BackupError(f"the copy of the database is damaged: {answer}")


def _dump_postgres(config: Config, target: Path) -> None:
    _run_postgres("pg_dump", config, ["--format=custom", "--no-owner", f"--file={target}"])


def _files_of(config: Config) -> dict[str, Path]:
    """Every file that is whole; the database was copied before, so what it names is there."""
    root = config.files
    found = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    found = [path for path in found if ABOUT_TO_COME not in path.parts]
    archives = sorted(config.archives.glob("*.zip"))
    return {
        **{f"{FILES}/{path.relative_to(root).as_posix()}": path for path in found},
        **{f"{ARCHIVES}/{path.name}": path for path in archives},
    }


# Back ----------------------------------------------------------------------------------------------


def restore(config: Config, source: Path, *, replace: bool = False) -> dict[str, Any]:
    """Put an archive's database and files in place; answers its manifest. Nothing is touched before all is checked.

    With `replace` what stands there is moved aside (`*.before-restore`); without, an existing database is refused.
    On PostgreSQL the database must exist, and `replace` drops what is in it.
    """
    config.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=config.data, prefix=".restore-") as name:
        place = Path(name)
        manifest = _unpack(source, place)
        wanted = "sqlite" if _is_sqlite(config) else "postgresql"
        if manifest["database"] != wanted:
            raise BackupError(f"the archive holds a {manifest['database']} database, this house is set up for {wanted}")
        if _is_sqlite(config):
            _check_sqlite(place / _SQLITE)
            _put_sqlite(config, place / _SQLITE, replace=replace)
        else:
            cleaning = ["--clean", "--if-exists"] if replace else []
            loading = ["--single-transaction", "--exit-on-error", "--no-owner", *cleaning, str(place / _POSTGRES)]
            _run_postgres("pg_restore", config, loading, database_option=True)
        for inside, target in ((FILES, config.files), (ARCHIVES, config.archives)):
            if (place / inside).is_dir():
                _set_aside(target)
                (place / inside).replace(target)
    return manifest


def _unpack(source: Path, place: Path) -> dict[str, Any]:
    try:
        with tarfile.open(source) as archive:
            archive.extractall(place, filter="data")
        manifest: dict[str, Any] = json.loads((place / "manifest.json").read_text())
        expected: dict[str, str] = manifest["sha256"]
    except (OSError, tarfile.TarError, ValueError, KeyError) as err:
        raise BackupError(f"{source} is no backup of ours, or not whole: {err}") from err
    wrong = [inside for inside, digest in expected.items() if _digest_or_none(place / inside) != digest]
    if wrong:
        raise BackupError(f"{source} is damaged: {', '.join(wrong)}")
    return manifest


def _put_sqlite(config: Config, copy: Path, *, replace: bool) -> None:
    target = _sqlite_file(config)
    if target.exists() and not replace:
        raise BackupError(f"there is a database at {target} already; --replace moves it aside")
    # The log of the old database must not be played into the new one; it stays beside the old, which needs it.
    for ending in ("", "-wal", "-shm"):
        _set_aside(target.with_name(target.name + ending), ending)
    copy.replace(target)


def _set_aside(path: Path, ending: str = "") -> None:
    if path.exists():
        aside = path.with_name(path.name.removesuffix(ending) + ".before-restore" + ending)
        shutil.rmtree(aside) if aside.is_dir() else aside.unlink(missing_ok=True)
        path.replace(aside)


# Both ----------------------------------------------------------------------------------------------


def _is_sqlite(config: Config) -> bool:
    return config.database_url.startswith("sqlite:")


def _sqlite_file(config: Config) -> Path:
    return Path(config.database_url.removeprefix("sqlite:///"))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_or_none(path: Path) -> str | None:
    return _digest(path) if path.is_file() else None


def _run_postgres(program: str, config: Config, options: list[str], *, database_option: bool = False) -> None:
    found = client_program(program)
    if found is None:
        raise BackupError(f"{program} is not installed; it comes with PostgreSQL's client programs")
    address, password = _without_password(config.database_url)
    where = [f"--dbname={address}"] if database_option else [address]
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    command = [found, *where, *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise BackupError(f"{program}: {done.stderr.strip()}")


def client_program(name: str) -> str | None:
    """Where a client program of PostgreSQL lies, None where it is not installed.

    Debian keeps each version's in a directory of its own, besides those on the path: the newest is taken.
    """
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    return shutil.which(name) or (str(newest) if newest else None)


def _without_password(url: str) -> tuple[str, str]:
    """The address without its password, which others could read in the list of processes."""
    parts = urlsplit(url)
    if not parts.password:
        return url, ""
    user, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{place}")), unquote(parts.password)
