"""How the company set its plugins: a pydantic model each, whose defaults are what is shipped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from dougong.access.principal import acting_as, system
from dougong.access.rights import need
from dougong.access.version import rights_changed
from dougong.db import transaction
from dougong.errors import Invalid, NotFound, Problem, model_problems
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.tables import Setting

__all__ = ["change_settings", "load_settings", "settings_of"]

Model = TypeVar("Model", bound=BaseModel)
_TABLES = frozenset({"core_setting"})
_stored: Mapping[str, Mapping[str, Any]] = {}
_read: dict[type[BaseModel], BaseModel] = {}


def settings_of(model: type[Model]) -> Model:
    """The settings as they are now, by the model of the plugin that declares them. LookupError when none does."""
    if model not in _read:
        _read[model] = model.model_validate(_known(model, _stored.get(_owner(model), {})))
    return _read[model]  # type: ignore[return-value]


def _owner(model: type[BaseModel]) -> str:
    for plugin, declared in current_snapshot().settings.items():
        if declared is model:
            return plugin
    raise LookupError(f"{model.__name__} is not the settings model of a plugin that is on")


def _known(model: type[BaseModel], stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what an older version of the plugin still had."""
    return {key: value for key, value in stored.items() if key in model.model_fields}


async def change_settings(plugin: str, values: Mapping[str, Any]) -> None:
    """Change some of a plugin's settings, named by key. Acts at once.

    Raises: NotFound for a plugin without settings, Invalid naming each wrong key, Forbidden.
    """
    need("settings.manage")
    model = current_snapshot().settings.get(plugin)
    if model is None:
        raise NotFound
    async with transaction(reason=_("Settings changed")) as work:
        await rights_changed()
        with acting_as(system("keeping settings", _TABLES)):
            row = await Setting.objects().where(Setting.plugin == plugin).first()
            before = json.loads(row.value) if row else {}
            after = json.dumps(_checked(model, {**_known(model, before), **values}))
            if row:
                await Setting.update({Setting.value: after}).where(Setting.plugin == plugin)
            else:
                await Setting.insert(Setting(plugin=plugin, value=after))
        work.after_commit(load_settings)


def _checked(model: type[BaseModel], values: Mapping[str, Any]) -> Mapping[str, Any]:
    unknown = [
        Problem(key, _("There is no such setting."), rule="unknown") for key in values if key not in model.model_fields
    ]
    if unknown:
        raise Invalid(*unknown)
    try:
        return model.model_validate(values).model_dump(mode="json", include=set(values))
    except ValidationError as err:
        raise Invalid(*model_problems(err)) from err


async def load_settings() -> None:
    """Read what the company set; from then on `settings_of` answers by it."""
    global _stored
    with acting_as(system("keeping settings", _TABLES)):
        rows = await Setting.select(Setting.plugin, Setting.value)
    _stored = {row["plugin"]: json.loads(row["value"]) for row in rows}
    _read.clear()
