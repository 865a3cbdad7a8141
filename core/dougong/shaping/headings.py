"""Headings of a template: a shipped one stays translated until somebody really writes other words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dougong.i18n import Text
from dougong.records.shapes import Layout
from dougong.records.types import RecordType

__all__ = ["with_known_headings"]


def with_known_headings(record_type: RecordType, layout: Layout) -> Layout:
    """The layout with words that read like a heading this type has, shipped or kept, being that heading."""
    known = {str(heading): heading for heading in _headings(record_type)}
    groups = (replace(group, label=known.get(str(group.label).strip(), group.label)) for group in layout.groups)
    return Layout(tuple(groups))


def _headings(record_type: RecordType) -> Iterable[Text]:
    shape = record_type.shape
    for category in shape.categories:
        for layout in (shape.layout(category), shape.shipped(category)):
            yield from (group.label for group in layout.groups if isinstance(group.label, Text))
