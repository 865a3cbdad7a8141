"""Imports as they are kept: files with what was made of them, lines that something is to be said of, and saved mappings."""

from __future__ import annotations

from dougong.db.columns import BigInt, BigSerial, Boolean, Integer, Text, Timestamptz, Varchar
from dougong.records.tables import Private

__all__ = ["IMPORTS", "ImportNote", "ImportRun", "SavedMapping"]

IMPORTS = frozenset({"import_run", "import_note", "import_mapping"})


class ImportRun(Private, tablename="import_run"):
    """A file that somebody brings in, from the moment it is there. The content lies in the store, under its digest.

    `format`, `mapping`, `counts` and `trial` are JSON. `trying`, `running` and `undoing` are the numbers of jobs; `batch`
    is what the change log knows the import by; `finished` is set when every line was looked at.
    """

    id = BigSerial(primary_key=True)
    record = Varchar(80)
    name = Varchar(200)
    digest = Varchar(64, index=True)
    size = BigInt(default=0)
    lines = BigInt(default=0)
    format = Text(default="{}")
    mapping = Text(default="{}")
    by_user = BigInt(default=0, index=True)
    by_staff = BigInt(null=True, default=None)
    created = Timestamptz(default=None, null=False)
    trying = BigInt(null=True, default=None)
    trial = Text(default="")
    running = BigInt(null=True, default=None)
    counts = Text(default="")
    batch = Varchar(32, default="")
    finished = Timestamptz(null=True, default=None)
    undoing = BigInt(null=True, default=None)
    undone = Text(default="")


class ImportNote(Private, tablename="import_note"):
    """What is to be said of a line of a file: that it was refused or skipped, why, or what of it comes later."""

    id = BigSerial(primary_key=True)
    run = BigInt(index=True)
    tried = Boolean(default=False)
    line = BigInt(default=0)
    step = Integer(default=0)
    outcome = Varchar(10)
    said = Text(default="")


class SavedMapping(Private, tablename="import_mapping"):
    """How somebody brings in files of one kind, under a name; `shared` with everybody who may bring in such records."""

    id = BigSerial(primary_key=True)
    record = Varchar(80, index=True)
    name = Varchar(80)
    mapping = Text(default="{}")
    by_user = BigInt(default=0, index=True)
    shared = Boolean(default=False)
    created = Timestamptz(default=None, null=False)
