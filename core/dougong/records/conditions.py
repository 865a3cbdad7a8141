"""Whether a record in hand meets a condition written with Piccolo's columns (`Visit.state == "planned"`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from piccolo.columns import operators as op
from piccolo.columns.combination import And, Or, Where, WhereRaw
from piccolo.table import Table

__all__ = ["holds"]

_TESTS: Mapping[type, Callable[[Any, Any], bool]] = {
    op.comparison.Equal: lambda a, b: a == b,
    op.comparison.NotEqual: lambda a, b: a != b,
    op.comparison.IsNull: lambda a, b: a is None,
    op.comparison.IsNotNull: lambda a, b: a is not None,
    op.comparison.LessThan: lambda a, b: a is not None and a < b,
    op.comparison.LessEqualThan: lambda a, b: a is not None and a <= b,
    op.comparison.GreaterThan: lambda a, b: a is not None and a > b,
    op.comparison.GreaterEqualThan: lambda a, b: a is not None and a >= b,
}


def holds(condition: Where | WhereRaw | And | Or, record: Table) -> bool:
    """Evaluated on the object, no query. TypeError for a condition that only the database can answer."""
    if isinstance(condition, And):
        return holds(condition.first, record) and holds(condition.second, record)
    if isinstance(condition, Or):
        return holds(condition.first, record) or holds(condition.second, record)
    if isinstance(condition, WhereRaw):
        raise TypeError("raw SQL can't be answered without the database")
    value = getattr(record, condition.column._meta.name)
    if condition.operator is op.comparison.In:
        return value in list(cast("Sequence[Any]", condition.values))
    try:
        test = _TESTS[condition.operator]
    except KeyError:
        raise TypeError(f"{condition.operator.__name__} can't be answered without the database") from None
    return test(value, condition.value)
