"""What every process must agree on: which plugins are on, since when, and how they are set."""

from __future__ import annotations

from dougong.db.columns import JSON, Boolean, Integer, Serial, Text, Timestamptz, Varchar
from dougong.records.tables import Private

__all__ = ["Epoch", "LookupOption", "PluginState", "Process", "Setting"]


class PluginState(Private, tablename="core_plugin"):
    """Whether a plugin is on. A plugin without a row was never switched on.

    `off_with` names the plugin it was switched off together with, to be offered when that one comes back.
    """

    name = Varchar(40, unique=True)
    enabled = Boolean(default=False)
    version = Varchar(60, default="")
    installed_at = Timestamptz(null=True, default=None)
    changed_at = Timestamptz()
    changed_by = Integer(default=0)
    off_with = Varchar(40, null=True, default=None)


class Epoch(Private, tablename="core_epoch"):
    """One row, with id 1. `epoch` grows when a plugin is switched, `access` when rights, settings or lists change."""

    id = Serial(primary_key=True)
    epoch = Integer(default=1)
    access = Integer(default=1)


class Process(Private, tablename="core_process"):
    """A running server process and the epoch it serves. It is alive while `seen` is fresh."""

    key = Varchar(36, unique=True)
    host = Varchar(200, default="")
    pid = Integer(default=0)
    started = Timestamptz()
    epoch = Integer(default=0)
    seen = Timestamptz()


class Setting(Private, tablename="core_setting"):
    """What the company set differently from a plugin's shipped settings."""

    plugin = Varchar(40, unique=True)
    value = JSON(default="{}")


class LookupOption(Private, tablename="core_option"):
    """One option of a list of choices. `label` is kept as a translatable text until somebody renames it."""

    id = Serial(primary_key=True)
    lookup = Varchar(60, index=True)
    key = Varchar(60)
    label = Text(default="")
    tone = Varchar(20, default="")
    place = Integer(default=0)
    active = Boolean(default=True)
