"""The words nobody wrote: labels derived from the names of columns, states and form fields. Translators need them too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from dougong.i18n import Text, humanise
from dougong.plugin.manifest import Plugin
from dougong.records.types import RecordType

__all__ = ["derived_labels", "model_label"]


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


def _texts(plugin: Plugin) -> Iterator[Text]:
    for record_type in plugin.records:
        yield from _of_record_type(record_type)
    if plugin.settings:
        yield from (model_label(plugin.settings, name, plugin.label.domain) for name in plugin.settings.model_fields)
        yield from (
            Text(f.description, plugin.label.domain) for f in plugin.settings.model_fields.values() if f.description
        )


def _of_record_type(record_type: RecordType) -> Iterator[Text]:
    for field in record_type.fields.values():
        yield field.label
        yield from (o.label for o in field.fixed_options if isinstance(o.label, Text))
    if record_type.lifecycle:
        yield from (record_type.move_label(step) for step in record_type.lifecycle.steps)
    for action in record_type.actions:
        if action.form:
            yield from (model_label(action.form, name, record_type.domain) for name in action.form.model_fields)
