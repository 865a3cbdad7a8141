"""From the tree of an expression to a calculation, with the kind of every part settled before anything is calculated.

Each mistake is noted where it stands and the rest is checked nevertheless, so that all are named at once.
"""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from dougong.i18n import Text, _
from dougong.records.expressions.functions import FUNCTIONS, Function
from dougong.records.expressions.mistakes import Mistake, did_you_mean, resembling
from dougong.records.expressions.operators import COMPARISONS, ORDERED, SIGNS, Pair, combined, hint_for, result_of
from dougong.records.expressions.sentences import Sentence
from dougong.records.expressions.values import (
    DATE,
    DATETIME,
    EMPTY,
    KIND_NAMES,
    NUMBER,
    TEXT,
    WRONG,
    YES_NO,
    Calculation,
    Run,
    Type,
    given,
    local,
)
from dougong.records.expressions.words import Word

__all__ = ["Checker", "Part"]

MOST_PLACES = 10
_NOTHING: Calculation = lambda run: None  # noqa: E731


@dataclass(frozen=True)
class Part:
    """A part that was checked: its first word, its type and how it is calculated. `literal` is what was written out."""

    word: Word
    type: Type
    calculate: Calculation
    literal: str | Fraction | None = None


@dataclass
class Checker:
    """Checks one sentence; `known` holds key and type of each word that names a field."""

    sentence: Sentence
    known: Mapping[Word, tuple[str, Type]]
    mistakes: list[Mistake] = field(default_factory=list)
    options: dict[Word, tuple[str, str]] = field(default_factory=dict)
    """The texts that name an option of a choice: its key, and the label when only it has that."""
    uses_clock: bool = False
    uses_me: bool = False

    def checked(self, kind: str | None, result: Type | None) -> Part:
        """The whole, which must be of this kind, or of just this type."""
        part = self._part(self.sentence.tree)
        if part.type is EMPTY:
            return self._wrong(part.word, _("Nothing would ever come out but empty."))
        made = self._as(part, result) if result else part
        if made.type is WRONG or (kind in (None, made.type.kind) and (not result or made.type.agrees_with(result))):
            return made
        return self._wrong(part.word, _must_be(result or _Either((str(kind),)), part.type))

    def _part(self, node: ast.expr) -> Part:
        return _CHECKS[type(node)](self, node)

    def _wrong(self, word: Word, rule: Text) -> Part:
        self.mistakes.append(word.mistake(rule))
        return Part(word, WRONG, _NOTHING)

    # -------------------------------------------------------------- names, texts and numbers

    def _name(self, node: ast.Name) -> Part:
        word = self.sentence.word_at(node)
        if word in self.known:
            key, stands_for = self.known[word]
            read = _NOTHING if stands_for is WRONG else lambda run: given(run.values.get(key), stands_for)
            return Part(word, stands_for, read)
        if word.kind == "text":
            text = word.text if word.text.strip() else None
            return Part(word, TEXT, lambda run: text, word.text)
        if word.kind == "number":
            number = Fraction(word.text)
            return Part(word, NUMBER, lambda run: number, number)
        return self._reserved(word)

    def _reserved(self, word: Word) -> Part:
        name = word.text.lower()
        if name == "me":
            self.uses_me = True
            return Part(word, Type("person", target="staff"), lambda run: run.me)
        return Part(word, EMPTY, _NOTHING) if name == "empty" else Part(word, YES_NO, lambda run: name == "true")

    # -------------------------------------------------------------- signs

    def _chain(self, node: ast.BinOp) -> Part:
        """a + b - c …, from the left, in one loop however long it is."""
        links: list[tuple[ast.operator, ast.expr]] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            links.append((first.op, first.right))
            first = first.left
        part = self._part(first)
        start, steps = part.calculate, []
        for op, right_node in reversed(links):
            sign, pair = SIGNS[type(op)]
            left, right = self._joined(sign, part, self._part(right_node))
            steps.append((combined(pair), right.calculate))
            part = Part(part.word, self._result(sign, left, right), _NOTHING)
        return replace(part, calculate=_in_turn(start, steps))

    def _joined(self, sign: str, left: Part, right: Part) -> tuple[Part, Part]:
        """A number written beside an amount that is added or taken away is an amount."""
        if sign not in "+-":
            return left, right
        return _as_amount(left, right.type), _as_amount(right, left.type)

    def _result(self, sign: str, left: Part, right: Part) -> Type:
        if left.type is WRONG or right.type is WRONG:
            return WRONG
        if left.type is EMPTY or right.type is EMPTY:
            return self._wrong(right.word, _("Whatever is calculated with empty is empty.")).type
        made = result_of(sign, left.type, right.type)
        return made or self._wrong(right.word, hint_for(sign, left.type, right.type)).type

    def _unary(self, node: ast.UnaryOp) -> Part:
        part = self._part(node.operand)
        word, calculate = self.sentence.word_at(node), part.calculate
        if isinstance(node.op, ast.Not):
            part = self._fitting(part, ("yes_no",))
            return Part(word, part.type, lambda run: not calculate(run))
        part = self._fitting(part, ("number", "money"))
        if isinstance(node.op, ast.UAdd):
            return replace(part, word=word)
        literal = -part.literal if isinstance(part.literal, Fraction) else None
        return Part(word, part.type, lambda run: None if (v := calculate(run)) is None else -v, literal)

    def _all_or_any(self, node: ast.BoolOp) -> Part:
        parts = [self._fitting(self._part(value), ("yes_no",)) for value in node.values]
        decide = all if isinstance(node.op, ast.And) else any
        calculations = [part.calculate for part in parts]
        return Part(
            parts[0].word,
            WRONG if any(part.type is WRONG for part in parts) else YES_NO,
            lambda run: decide(calculate(run) for calculate in calculations),
        )

    # -------------------------------------------------------------- comparisons

    def _comparison(self, node: ast.Compare) -> Part:
        if len(node.ops) > 1 and any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            return self._wrong(self.sentence.word_at(node), _("“in” can't stand in a row of comparisons."))
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            return self._among(node, isinstance(node.ops[0], ast.NotIn))
        sides = [self._part(side) for side in (node.left, *node.comparators)]
        tests = [self._test(op, *pair) for op, *pair in zip(node.ops, sides, sides[1:], strict=False)]
        return self._answer(sides[0].word, sides, lambda run: all(test(run) for test in tests))

    def _test(self, op: ast.cmpop, left: Part, right: Part) -> Calculation:
        sign, compare = COMPARISONS[type(op)]
        one, other = self._comparable(left, right)
        if sign not in ("==", "!=") and one.type.kind not in (*ORDERED, "wrong"):
            self._wrong(left.word, _("%(kind)s can only be compared by ==, != and in.", kind=one.type))
        a, b = one.calculate, other.calculate
        return lambda run: compare(a(run), b(run))

    def _among(self, node: ast.Compare, is_out: bool) -> Part:
        listed = node.comparators[0]
        left = self._part(node.left)
        choices = [self._part(item) for item in (listed.elts if isinstance(listed, ast.Tuple) else [listed])]
        if not choices:
            self._wrong(self.sentence.word_at(listed), _("Name at least one value: x in (1, 2)."))
        tests = [self._test(ast.Eq(), left, choice) for choice in choices]
        return self._answer(left.word, [left, *choices], lambda run: any(test(run) for test in tests) is not is_out)

    def _answer(self, word: Word, sides: Sequence[Part], calculate: Calculation) -> Part:
        return Part(word, WRONG if any(side.type is WRONG for side in sides) else YES_NO, calculate)

    def _comparable(self, left: Part, right: Part) -> tuple[Part, Part]:
        if WRONG in (left.type, right.type):
            return Part(left.word, WRONG, _NOTHING), Part(right.word, WRONG, _NOTHING)
        if next((p for p in (left, right) if p.type is EMPTY or _is_blank(p)), None):
            self._wrong(right.word, _("A comparison with empty is always no; write empty(…)."))
            return self._comparable(replace(left, type=WRONG), right)
        one, other = self._as(left, right.type), self._as(right, left.type)
        if {one.type.kind, other.type.kind} == {"date", "datetime"}:
            return _by_day(one), _by_day(other)
        if WRONG not in (one.type, other.type) and not one.type.agrees_with(other.type):
            self._wrong(right.word, _("%(one)s can't be compared with %(other)s.", one=one.type, other=other.type))
            return self._comparable(replace(left, type=WRONG), right)
        return one, other

    # -------------------------------------------------------------- choosing

    def _choice(self, node: ast.IfExp) -> Part:
        """a if c else b if d else e …, in one loop however long it is."""
        conditions, results = [], []
        rest: ast.expr = node
        while isinstance(rest, ast.IfExp):
            results.append(self._part(rest.body))
            conditions.append(self._fitting(self._part(rest.test), ("yes_no",)))
            rest = rest.orelse
        alike = self._alike([*results, self._part(rest)])
        cases = [(c.calculate, r.calculate) for c, r in zip(conditions, alike, strict=False)]
        otherwise = alike[-1].calculate
        is_wrong = any(part.type is WRONG for part in (*conditions, *alike))

        def calculate(run: Run) -> Any:
            return next((result for condition, result in cases if condition(run)), otherwise)(run)

        return Part(alike[0].word, WRONG if is_wrong else alike[0].type, calculate)

    def _tuple(self, node: ast.Tuple) -> Part:
        return self._wrong(self.sentence.word_at(node), _("Several values in brackets stand only behind “in”."))

    # -------------------------------------------------------------- functions

    def _call(self, node: ast.Call) -> Part:
        word = self.sentence.word_at(node)
        function = FUNCTIONS.get(word.text.lower()) if word.kind == "name" and isinstance(node.func, ast.Name) else None
        arguments = [self._part(argument) for argument in node.args]
        if function is None:
            return self._wrong(word, _no_function(word.text))
        self.uses_clock |= function.uses_clock
        if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
            return self._wrong(word, _number_of_arguments(function))
        return self._called(word, function, self._arguments(function, arguments))

    def _called(self, word: Word, function: Function, arguments: Sequence[Part]) -> Part:
        is_wrong = any(part.type is WRONG for part in arguments)
        result = WRONG if is_wrong else function.result or arguments[0].type
        calculations = [part.calculate for part in arguments]
        return Part(word, result, lambda run: function(run, *(calculate(run) for calculate in calculations)))

    def _arguments(self, function: Function, arguments: Sequence[Part]) -> list[Part]:
        fitting = [self._fitting(part, function.parameter(index)) for index, part in enumerate(arguments)]
        if function.fixed is not None and len(fitting) > function.fixed:
            fitting[function.fixed] = self._fixed(fitting[function.fixed])
        if function.chosen is not None and fitting[0].type.kind == "choices":
            option = Type("choice", options=fitting[0].type.options)
            fitting[function.chosen] = self._same(fitting[function.chosen], option)
        return self._alike(fitting) if function.alike else fitting

    def _fixed(self, part: Part) -> Part:
        if part.type is WRONG:
            return part
        if isinstance(part.literal, str):
            text = part.literal
            return replace(part, calculate=lambda run: text)  # blanks are no less a separator
        if part.literal is None:
            return self._wrong(part.word, _("This must be written out here, not calculated."))
        if part.literal.denominator == 1 and 0 <= part.literal <= MOST_PLACES:
            return part
        return self._wrong(part.word, _("Write a whole number from 0 to %(most)s.", most=MOST_PLACES))

    # -------------------------------------------------------------- fitting parts together

    def _fitting(self, part: Part, kinds: Sequence[str]) -> Part:
        """The part, where one of these kinds is needed."""
        if part.type is WRONG or part.type.kind in kinds:
            return part
        if part.type is EMPTY and len(kinds) > 1:
            return part
        if isinstance(part.literal, str) and "date" in kinds:
            return self._as_day_or_moment(part, DATETIME)
        return self._wrong(part.word, _must_be(_Either(tuple(kinds)), part.type))

    def _alike(self, parts: Sequence[Part]) -> list[Part]:
        """The parts as values of one type: that of the first whose type isn't open to change."""
        settled = [part for part in parts if part.type not in (EMPTY, WRONG)]
        settled.sort(key=lambda part: (part.literal is not None, _is_blank(part)))
        return [self._same(part, settled[0].type) for part in parts] if settled else list(parts)

    def _same(self, part: Part, type: Type) -> Part:
        if part.type is WRONG:
            return part
        made = self._as(part, type)
        if made.type is WRONG or made.type.agrees_with(type):
            return made
        return self._wrong(part.word, _must_be(type, part.type))

    def _as(self, part: Part, type: Type) -> Part:
        """The part as a value of that type, where it was written out or is empty; else as it is."""
        if part.type is EMPTY:
            return replace(part, type=type)
        if isinstance(part.literal, Fraction):
            return _as_amount(part, type)
        if not isinstance(part.literal, str):
            return part
        if _is_blank(part):
            return replace(part, type=type)
        read = _READ_AS.get(type.kind)
        return read(self, part, type) if read else part

    def _as_option(self, part: Part, type: Type) -> Part:
        said = str(part.literal)
        found = [key for key, _label in type.options if key == said]
        found = found or [key for key, label in type.options if label == said]
        if len(found) == 1:
            key = found[0]
            self.options[part.word] = (key, _clear_label(key, type))
            return Part(part.word, type, lambda run: key)
        if found:
            rule = _("Several choices are called that; write one of: %(keys)s.", keys=", ".join(found))
            return self._wrong(part.word, rule)
        return self._wrong(part.word, _no_option(said, [word for option in type.options for word in option]))

    def _as_day_or_moment(self, part: Part, type: Type) -> Part:
        said = str(part.literal)
        try:
            moment = dt.datetime.fromisoformat(said.strip().replace("/", "-"))
        except ValueError:
            rule = _("“%(value)s” is not a date (write 2026-09-30).", value=said)
            return self._wrong(part.word, rule)
        if len(said.strip()) == 10:
            day = moment.date()
            return Part(part.word, DATE, lambda run: day)
        if type.kind == "date" or not 1 < moment.year < 9999:
            return self._wrong(part.word, _("“%(value)s” is not a date (write 2026-09-30).", value=said))
        return Part(part.word, DATETIME, lambda run: _in_zone(moment, run))

    def _as_time(self, part: Part, type: Type) -> Part:
        said = str(part.literal).strip()
        try:
            time = dt.datetime.strptime(said, "%H:%M").strftime("%H:%M")  # noqa: DTZ007 - of any day, in no zone
        except ValueError:
            return self._wrong(part.word, _("“%(value)s” is not a time of the day (write 09:30).", value=said))
        return Part(part.word, type, lambda run: time)


_CHECKS: Mapping[type[ast.expr], Callable[[Checker, Any], Part]] = {
    ast.Name: Checker._name,
    ast.BinOp: Checker._chain,
    ast.UnaryOp: Checker._unary,
    ast.BoolOp: Checker._all_or_any,
    ast.Compare: Checker._comparison,
    ast.IfExp: Checker._choice,
    ast.Call: Checker._call,
    ast.Tuple: Checker._tuple,
}


_READ_AS: Mapping[str, Callable[[Checker, Part, Type], Part]] = {
    "choice": Checker._as_option,
    "date": Checker._as_day_or_moment,
    "datetime": Checker._as_day_or_moment,
    "time": Checker._as_time,
}
"""What a text that was written out is taken for beside a value of this kind."""


def _in_turn(first: Calculation, steps: Sequence[tuple[Pair, Calculation]]) -> Calculation:
    def calculate(run: Run) -> Any:
        value = first(run)
        for combine, right in steps:
            value = combine(value, right(run))
        return value

    return calculate


def _as_amount(part: Part, type: Type) -> Part:
    """A number that was written out beside an amount is one in the same currency."""
    return replace(part, type=type) if type.kind == "money" and isinstance(part.literal, Fraction) else part


def _in_zone(moment: dt.datetime, run: Run) -> dt.datetime:
    """A moment that names no zone is one on the company's clock."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=run.zone)).astimezone(dt.UTC)


def _is_blank(part: Part) -> bool:
    return isinstance(part.literal, str) and not part.literal.strip()


def _by_day(part: Part) -> Part:
    """As the day of it in the company's zone: a moment is compared with a day so."""
    calculate = part.calculate
    return replace(part, type=DATE, calculate=lambda run: None if (v := calculate(run)) is None else local(v, run))


# ------------------------------------------------------------------ what is wrong


def _clear_label(key: str, type: Type) -> str:
    """The label of an option, or its key where the label could mean another one."""
    label = dict(type.options)[key]
    others = [word for option in type.options if option[0] != key for word in option]
    return key if label in others else label


@dataclass(frozen=True)
class _Either:
    """Any of these kinds, in the reader's words."""

    kinds: tuple[str, ...]

    def __str__(self) -> str:
        return " / ".join(str(KIND_NAMES[kind]) for kind in self.kinds)


def _must_be(wanted: Type | _Either, type: Type) -> Text:
    return _("This is %(kind)s, but %(wanted)s is needed.", kind=type, wanted=wanted)


def _no_function(name: str) -> Text:
    return did_you_mean(_("There is no such function."), ", ".join(resembling(name, FUNCTIONS)))


def _no_option(said: str, known: Sequence[str]) -> Text:
    return did_you_mean(_("This is not one of the choices."), ", ".join(resembling(said, known) or known[1:12:2]))


def _number_of_arguments(function: Function) -> Text:
    if function.most is None:
        return _("%(name)s takes at least %(least)s values.", name=function.name, least=function.least)
    if function.least == function.most:
        return _("%(name)s takes %(least)s values.", name=function.name, least=function.least)
    return _(
        "%(name)s takes %(least)s to %(most)s values.", name=function.name, least=function.least, most=function.most
    )
