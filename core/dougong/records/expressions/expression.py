"""Conditions and formulas: a text, checked against a record type's fields when it is defined, that can then be calculated
for any record.

What is kept is `Expression.source`, which names fields and choices by their keys; `render` gives it back in the words
people read now.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from dougong.errors import Invalid
from dougong.i18n import _, company_zone
from dougong.records.expressions.checking import Checker
from dougong.records.expressions.functions import FUNCTIONS
from dougong.records.expressions.mistakes import MOST_MISTAKES, Mistake, did_you_mean, mistake, resembling
from dougong.records.expressions.sentences import RESERVED, Sentence, read_sentence
from dougong.records.expressions.values import KIND_OF_FIELD, WRONG, Calculation, Run, Type, stored, type_of_field
from dougong.records.expressions.words import CONNECTING, LONGEST, TOO_LONG, Word
from dougong.records.fields import Field
from dougong.records.types import RecordType

__all__ = ["Expression", "compile_expression", "render"]

Known = tuple[tuple[Word, tuple[str, Type]], ...]
"""Each word that names a field, with the field's key and type: all of a record type that an expression goes by."""


@dataclass(frozen=True, eq=False)
class Expression:
    """An expression that was found right. Called with a record's stored values by key, it gives what a field of its kind
    stores (a number that no field was wanted for: int or Decimal), or None for empty; it raises nothing, whatever the
    values are.

    `kind` is one of text, number, money (then with `currency`), yes_no, date, datetime, time, choice, choices, person,
    department, link. `fields` are the keys it reads. What `uses_clock` or `uses_me` comes out differently at another time or for
    another person.
    """

    source: str
    kind: str
    currency: str
    fields: tuple[str, ...]
    uses_clock: bool
    uses_me: bool
    _type: Type
    _calculate: Calculation
    _sentence: Sentence
    _known: Known
    _options: Mapping[Word, tuple[str, str]]
    """The texts that name an option: its key, and its label where that is clear."""

    def __call__(self, values: Mapping[str, Any], *, now: dt.datetime | None = None, me: int | None = None) -> Any:
        """`now` is the moment to go by, an aware one; `me` the staff id of whoever asks."""
        run = Run(values, now or dt.datetime.now(dt.UTC), company_zone(), me)
        return stored(self._calculate(run), self._type)


def compile_expression(text: str, record_type: RecordType, *, wants: Field | str | None = None) -> Expression:
    """The expression, checked. `wants` is the kind its result must be of ("yes_no" for a condition) or the field that is to
    hold it; then the result is just what that field's column stores: rounded to its places, cut to its length.

    Raises Invalid with one Mistake each (field and rule are "expression") that says the place, the word and what is wrong.
    """
    result = type_of_field(wants) if isinstance(wants, Field) else None
    kind = result.kind if result else KIND_OF_FIELD[str(wants)] if wants else None
    sentence = read_sentence(text)
    found = {word: _field_named(word, record_type) for word in sentence.references()}
    known = tuple((word, ("", WRONG) if isinstance(f, Mistake) else f) for word, f in found.items())
    mistakes = [f for f in found.values() if isinstance(f, Mistake)]
    if mistakes:
        checker = Checker(sentence, dict(known))
        checker.checked(kind, result)
        raise _invalid([*mistakes, *checker.mistakes])
    return _compiled(text, known, kind, result)


def render(expression: Expression, record_type: RecordType) -> str:
    """The expression in the words people read now: labels of fields and choices, where they are clear."""
    fields = record_type.fields
    labels = Counter(str(field.label) for field in fields.values())
    said = {word: _label_of(fields[key], labels, fields) for word, (key, _type) in expression._known}
    options = {word: _quoted(label, word) for word, (_key, label) in expression._options.items()}
    return _rewritten(expression._sentence, {**said, **options})


@lru_cache(maxsize=1024)
def _compiled(text: str, known: Known, kind: str | None, result: Type | None) -> Expression:
    sentence = read_sentence(text)
    checker = Checker(sentence, dict(known))
    part = checker.checked(kind, result)
    if checker.mistakes:
        raise _invalid(checker.mistakes)
    keys = {word: _as_name(key) for word, (key, _type) in known}
    options = {word: _quoted(key, word) for word, (key, _label) in checker.options.items()}
    source = _rewritten(sentence, {**keys, **options})
    if len(source) > LONGEST:
        raise Invalid(mistake(1, text, TOO_LONG % {"limit": LONGEST, "count": len(source)}))
    return Expression(
        source=source,
        kind=part.type.kind,
        currency=part.type.currency,
        fields=tuple(dict.fromkeys(key for _word, (key, _type) in known)),
        uses_clock=checker.uses_clock,
        uses_me=checker.uses_me,
        _type=result or replace(part.type, places=None, length=None, small=False),
        _calculate=part.calculate,
        _sentence=sentence,
        _known=known,
        _options=checker.options,
    )


def _invalid(mistakes: Sequence[Mistake]) -> Invalid:
    return Invalid(*sorted(mistakes, key=lambda m: m.place)[:MOST_MISTAKES])


# ------------------------------------------------------------------ which field a word means


def _field_named(word: Word, record_type: RecordType) -> tuple[str, Type] | Mistake:
    """By key, or by a label that only one field has. Without braces a label must not look like a key, so that a key
    never comes to mean another field than it did."""
    fields = record_type.fields
    field = fields.get(word.text)
    if field is None and (word.kind == "field" or not word.text.isascii()):
        labelled = [f for f in fields.values() if str(f.label) == word.text]
        if len(labelled) > 1:
            keys = ", ".join(_as_name(f.key) for f in labelled)
            return word.mistake(_("Several fields are called that; write one of: %(keys)s.", keys=keys))
        field = labelled[0] if labelled else None
    if field is None:
        return word.mistake(did_you_mean(_("There is no such field."), _meant_by(word, record_type)))
    made = type_of_field(field)
    return (field.key, made) if made else word.mistake(_("Fields of this kind can't be used in an expression."))


def _meant_by(word: Word, record_type: RecordType) -> str:
    keys = {key: _as_name(key) for key in record_type.fields}
    labels = {str(f.label): f"{{{f.label}}}" for f in record_type.fields.values()}
    functions = {name: f"{name}(…)" for name in FUNCTIONS} if word.kind == "name" else {}
    known = {**labels, **{name: name for name in RESERVED}, **functions, **keys}
    return ", ".join(known[name] for name in resembling(word.text, known))


# ------------------------------------------------------------------ writing it again


def _rewritten(sentence: Sentence, said: Mapping[Word, str]) -> str:
    """The sentence with other words in some places, its signs as plain ones, and what stands between them as it was."""
    text, at = "", 0
    for word in sentence.words:
        between = sentence.text[at : word.place - 1]
        text += between + said.get(word, word.written if word.kind in ("text", "field") else word.text)
        at = word.end
    return text


def _as_name(key: str) -> str:
    is_plain = key.isidentifier() and key.lower() not in RESERVED | CONNECTING
    return key if is_plain else f"{{{key}}}"


def _label_of(field: Field, labels: Mapping[str, int], fields: Mapping[str, Field]) -> str:
    label = str(field.label)
    is_clear = (
        labels[label] == 1 and label not in fields and label == label.strip() and not set(label) & set("{}｛｝\n")
    )
    return f"{{{label}}}" if is_clear else _as_name(field.key)


def _quoted(text: str, word: Word) -> str:
    """In quotation marks that don't occur in it; as it was written where there are none."""
    return next((f"{q}{text}{q}" for q in "\"'＂" if q not in text and "\n" not in text), word.written)
