"""The language of conditions and formulas: see docs/expressions.md for what can be written."""

from __future__ import annotations

from dougong.records.expressions.expression import Expression, compile_expression, render
from dougong.records.expressions.mistakes import Mistake

__all__ = ["Expression", "Mistake", "compile_expression", "render"]
