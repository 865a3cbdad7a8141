"""The words nobody wrote: labels derived from the names of columns, states and form fields. Translators need them too."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dougong.i18n import Text, humanise
from dougong.plugin.manifest import Plugin
from dougong.records.types import RecordType

__all__ = ["bare_type", "derived_labels", "model_choices", "model_label"]


def derived_labels(plugins: Sequence[Plugin]) -> dict[str, list[str]]:
    """Package → English labels, sorted."""
    found: dict[str, set[str]] = defaultdict(set)
    for plugin in plugins:
        for text in _texts(plugin):
            found[text.domain].add(text.msgid)
    return {package: sorted(labels) for package, labels in sorted(found.items())}


def model_label(model: type[BaseModel], name: str, domain: str) -> Text:
    """The label of a field of a form or of settings: its title, else its name in words."""
    return Text(model.model_fields[name].title or humanise(name), domain)


def model_choices(info: FieldInfo, domain: str) -> dict[Any, Text]:
    """What a field of literals can be chosen from, each with its label; empty for every other field."""
    bare = bare_type(info)
    inner = get_args(bare)[0] if get_origin(bare) is list and get_args(bare) else bare
    values = get_args(inner) if get_origin(inner) is Literal else ()
    return {value: Text(humanise(str(value)), domain) for value in values}


def bare_type(info: FieldInfo) -> Any:
    """The type without its "or nothing"."""
    kinds = [kind for kind in get_args(info.annotation) if kind is not NoneType]
    is_union = get_origin(info.annotation) in (Union, UnionType)
    return kinds[0] if is_union and len(kinds) == 1 else info.annotation


def _texts(plugin: Plugin) -> Iterator[Text]:
    for record_type in plugin.records:
        yield from _of_record_type(record_type)
    yield from (job.label for job in plugin.all_jobs)
    if plugin.settings:
        yield from _of_settings(plugin.settings, plugin.label.domain)


def _of_settings(model: type[BaseModel], domain: str) -> Iterator[Text]:
    for name, info in model.model_fields.items():
        yield model_label(model, name, domain)
        yield from model_choices(info, domain).values()
        if info.description:
            yield Text(info.description, domain)


def _of_record_type(record_type: RecordType) -> Iterator[Text]:
    for field in record_type.declared.values():
        if isinstance(field.label, Text):
            yield field.label
        yield from (o.label for o in field.fixed_options if isinstance(o.label, Text))
    if record_type.lifecycle:
        yield from (record_type.move_label(step) for step in record_type.lifecycle.steps)
    for action in record_type.actions:
        if action.form:
            yield from (model_label(action.form, name, record_type.domain) for name in action.form.model_fields)


def main() -> None:
    """`python -m dougong.plugin.labels`: what translators need beyond the texts in the source, as JSON."""
    from dougong.builtin import core
    from dougong.plugin.discovery import discover

    plugins = [loaded.plugin for loaded in discover(core).working if loaded.plugin]
    sys.stdout.write(json.dumps(derived_labels([core, *plugins]), ensure_ascii=False))


if __name__ == "__main__":
    main()
