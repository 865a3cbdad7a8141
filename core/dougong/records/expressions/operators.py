"""What the signs do: which kinds they join, what comes out, and the calculation itself.

Something empty makes what is calculated with it empty, and so does a division by zero. A comparison with something
empty is no; != and “not in” are the opposite of == and “in”, as in the filter of a list.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from dougong.i18n import Text, _
from dougong.records.expressions.values import NUMBER, Type

__all__ = ["COMPARISONS", "ORDERED", "SIGNS", "combined", "hint_for", "result_of"]

Pair = Callable[[Any, Any], Any]

ORDERED = frozenset({"number", "money", "date", "datetime", "time"})
"""Kinds of which one value can be more than another."""


def _divided(a: Fraction, b: Fraction) -> Fraction | None:
    return a / b if b else None


def _times(a: Fraction, b: Fraction) -> Fraction | None:
    return Fraction(math.floor(a / b)) if b else None


def _left(a: Fraction, b: Fraction) -> Fraction | None:
    return a % b if b else None


SIGNS: Mapping[type[ast.operator], tuple[str, Pair]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", _divided),
    ast.FloorDiv: ("//", _times),
    ast.Mod: ("%", _left),
}


def combined(calculate: Pair) -> Pair:
    """The calculation, empty when either side is."""
    return lambda a, b: None if a is None or b is None else calculate(a, b)


def result_of(sign: str, left: Type, right: Type) -> Type | None:
    """What comes out; None where the sign can't join these."""
    kinds = (left.kind, right.kind)
    if kinds == ("number", "number"):
        return NUMBER
    if kinds == ("money", "money") and left.currency == right.currency:
        return {"+": left, "-": left, "/": NUMBER}.get(sign)
    if kinds == ("money", "number") and sign in ("*", "/"):
        return left
    return right if kinds == ("number", "money") and sign == "*" else None


def hint_for(sign: str, left: Type, right: Type) -> Text:
    """Why the sign can't join these, and what to write instead."""
    kinds = {left.kind, right.kind}
    if sign == "+" and "text" in kinds:
        return _("Texts are put together by join(separator, text, …).")
    if sign in "+-" and kinds & {"date", "datetime"}:
        return _("Dates are calculated with by add_days, add_months and days_between.")
    if kinds == {"money"} and left.currency != right.currency:
        return _(
            "Amounts in %(one)s and %(other)s can't be calculated together.", one=left.currency, other=right.currency
        )
    return _("“%(sign)s” can't join %(left)s and %(right)s.", sign=sign, left=left, right=right)


def _known(compare: Pair) -> Pair:
    return lambda a, b: a is not None and b is not None and compare(a, b)


_equal = _known(operator.eq)

COMPARISONS: Mapping[type[ast.cmpop], tuple[str, Pair]] = {
    ast.Eq: ("==", _equal),
    ast.NotEq: ("!=", lambda a, b: not _equal(a, b)),
    ast.Lt: ("<", _known(operator.lt)),
    ast.LtE: ("<=", _known(operator.le)),
    ast.Gt: (">", _known(operator.gt)),
    ast.GtE: (">=", _known(operator.ge)),
    ast.In: ("in", _equal),
    ast.NotIn: ("not in", _equal),
}
