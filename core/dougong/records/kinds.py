"""The kinds of value a field can hold, one entry each: how it is checked, shown, sent and compared.

Everything that treats a field by its kind (form, list, API, filter, export) looks it up here, so that a new kind is
one new entry and nothing else.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn

from babel.numbers import get_currency_precision

from dougong.i18n import Text, _, amount_text, company_zone, date_text, moment_text, number_text

if TYPE_CHECKING:
    from dougong.records.fields import Field

__all__ = ["KINDS", "Kind", "WrongValue", "keys_text"]

BIGGEST_INT = 2**63 - 1
MOST_CHOICES = 100
UNSTORABLE = _("This text holds a character that can't be stored.")
EXACT = Context(prec=1000)
"""Wide enough that no amount somebody sends is rounded before it is looked at."""
EQUALITY = ("=", "!=", "in", "empty")
ORDER = ("=", "!=", "<", "<=", ">", ">=", "in", "empty")
WORDS = ("contains", "starts", "=", "!=", "in", "empty")
DATES = (*ORDER, "during")


class WrongValue(ValueError):
    """The given value breaks a rule of its kind; the argument is the text for the person."""

    def __init__(self, message: Text, rule: str = "type") -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule


@dataclass(frozen=True)
class Kind:
    """How one kind of value behaves.

    `read` takes what a form or the API sent (text or a JSON value, never empty) to what is stored; `send` takes what
    is stored to JSON; `write` to the text of a form control; `show` to words for a person.
    """

    name: str
    read: Callable[[Any, Field], Any]
    show: Callable[[Any, Field], str]
    schema: Callable[[Field], Mapping[str, Any]]
    operators: tuple[str, ...]
    send: Callable[[Any, Field], Any] = lambda value, field: value
    write: Callable[[Any, Field], str] = lambda value, field: str(value)


def _words(value: Any, field: Field) -> str:
    if not isinstance(value, str):
        raise WrongValue(_("Write text here."))
    if "\x00" in value:
        raise WrongValue(UNSTORABLE)
    value = value.strip()
    if field.length and len(value) > field.length:
        raise WrongValue(
            _("At most %(limit)s characters; this has %(count)s.", limit=field.length, count=len(value)), "length"
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise WrongValue(UNSTORABLE) from None
    return value


def _line(value: Any, field: Field) -> str:
    text = _words(value, field)
    if any(ord(c) < 32 for c in text):
        raise WrongValue(_("Only one line of text fits here."))
    return text


def _number(value: Any, field: Field) -> int:
    """A number with decimal places is kept in units of the last of them."""
    return _scaled(value, field.places) if field.places else _whole(value, field)


def _scaled(value: Any, places: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise WrongValue(_("Write a number here."))
    try:
        number = Decimal(_digits(value).replace(",", ""))
    except (InvalidOperation, ValueError):
        raise WrongValue(_("“%(value)s” is not a number.", value=value)) from None
    if not number.is_finite() or number.adjusted() >= 18 - places:
        raise WrongValue(_("This number is too large."), "range")
    if number != number.quantize(Decimal(1).scaleb(-places), context=EXACT):
        raise WrongValue(_("At most %(places)s decimal places.", places=places), "precision")
    return int(number.scaleb(places, context=EXACT))


def _number_words(value: int, field: Field) -> str:
    if not field.places:
        return number_text(value)
    return number_text(Decimal(value).scaleb(-field.places), places=field.places)


def _number_json(value: int, field: Field) -> Any:
    return str(Decimal(value).scaleb(-field.places)) if field.places else value


def _whole(value: Any, field: Field) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise WrongValue(_("Write a whole number here."))
    try:
        number = int(_digits(value).replace(",", ""))
    except ValueError:
        raise WrongValue(_("“%(value)s” is not a whole number.", value=value)) from None
    low, high = (-(2**31), 2**31 - 1) if field.small else (-BIGGEST_INT, BIGGEST_INT)
    if not low <= number <= high:
        raise WrongValue(_("This number must lie between %(low)s and %(high)s.", low=low, high=high), "range")
    return number


def _digits(value: Any) -> str:
    """As text, without the underscores that Python reads between digits and nobody writes."""
    text = str(value).strip()
    if "_" in text:
        raise ValueError(text)
    return text


def _year(value: Any, field: Field) -> int:
    number = _whole(value, field)
    if not 1000 <= number <= 9999:
        raise WrongValue(_("“%(value)s” is not a year of four digits.", value=number), "range")
    return number


def _amount(value: Any, field: Field) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise WrongValue(_("Write an amount here."))
    try:
        amount = Decimal(_digits(value).replace(",", "").replace("¥", "").replace("￥", ""))
    except (InvalidOperation, ValueError):
        raise WrongValue(_("“%(value)s” is not an amount.", value=value)) from None
    if not amount.is_finite() or amount.adjusted() >= 15:
        raise WrongValue(_("This amount is too large."), "range")
    places = get_currency_precision(field.currency)
    if amount != amount.quantize(Decimal(1).scaleb(-places), context=EXACT):
        raise WrongValue(
            _("At most %(places)s decimal places in %(currency)s.", places=places, currency=field.currency), "precision"
        )
    return int(amount.scaleb(places, context=EXACT))


def _major(value: int, field: Field) -> Decimal:
    return Decimal(value).scaleb(-get_currency_precision(field.currency))


def _yes(value: Any, field: Field) -> bool:
    if isinstance(value, bool):
        return value
    known = {
        "true": True,
        "1": True,
        "on": True,
        "yes": True,
        "是": True,
        "false": False,
        "0": False,
        "off": False,
        "no": False,
        "否": False,
    }
    if isinstance(value, str) and value.strip().lower() in known:
        return known[value.strip().lower()]
    raise WrongValue(_("Choose yes or no."))


def _day(value: Any, field: Field) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(str(value).strip().replace("/", "-"))
    except ValueError:
        raise WrongValue(_("“%(value)s” is not a date (write 2026-09-30).", value=value)) from None


def _moment(value: Any, field: Field) -> dt.datetime:
    try:
        moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value).strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=company_zone())
        # at the calendar's own ends a moment couldn't be shown in every time zone
        return aware.astimezone(dt.UTC) if 1 < aware.year < 9999 else _no_moment(value)
    except (ValueError, OverflowError):
        _no_moment(value)


def _no_moment(value: Any) -> NoReturn:
    raise WrongValue(_("“%(value)s” is not a date and time (write 2026-09-30 14:00).", value=value))


def _option(value: Any, field: Field) -> str:
    key = _line(value, field)
    options = {o.key for o in field.options}
    if key not in options:
        by_label = [o.key for o in field.options if str(o.label or o.key) == key]
        if len(by_label) != 1:
            raise WrongValue(_("“%(value)s” is not one of the choices.", value=key), "choice")
        return by_label[0]
    return key


def _option_label(value: str, field: Field) -> str:
    return next((str(o.label or o.key) for o in field.every_option if o.key == value), value)


def _keys(value: Any, field: Field) -> str:
    """Several choices, as a JSON list in the order of the alphabet: equal sets are equal texts."""
    if isinstance(value, str):
        value = _listed(value)
    if not isinstance(value, list | tuple) or len(value) > MOST_CHOICES:
        raise WrongValue(_("Choose at most %(most)s.", most=MOST_CHOICES))
    return keys_text({_option(key, field) for key in value})


def keys_text(keys: Collection[str]) -> str:
    """Several choices as they are stored."""
    return json.dumps(sorted(keys), ensure_ascii=False, separators=(",", ":"))


def _listed(text: str) -> list[Any]:
    """From a form or a file: a JSON list, or words with commas between them."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, list):
        return found
    return [word.strip() for word in re.split(r"[,，、;；\n]", text) if word.strip()]


def _chosen(value: str, field: Field) -> list[str]:
    return list(json.loads(value))


def _labels(value: str, field: Field) -> str:
    """In the order of the list."""
    keys = _chosen(value, field)
    known = {o.key: str(o.label or o.key) for o in field.every_option}
    return str(_(", ")).join(
        [label for key, label in known.items() if key in keys] + [k for k in keys if k not in known]
    )


def _file(value: Any, field: Field) -> str:
    raise WrongValue(_("A file is sent by itself, not among the other values."))


def _told(value: str, field: Field) -> dict[str, Any]:
    return dict(json.loads(value))


def _file_name(value: str, field: Field) -> str:
    return str(_told(value, field)["name"])


def _file_schema(field: Field) -> Mapping[str, Any]:
    told = {"id": "integer", "name": "string", "size": "integer", "media_type": "string"}
    return {"type": "object", "required": list(told), "properties": {k: {"type": t} for k, t in told.items()}}


def _time(value: Any, field: Field) -> str:
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    text = str(value).strip().replace("：", ":")
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::00(?:\.0+)?)?", text, re.ASCII)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise WrongValue(_("“%(value)s” is not a time of the day (write 09:30).", value=value))
    return f"{int(found[1]):02}:{found[2]}"


def _reference(value: Any, field: Field) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise WrongValue(_("Choose a record."))
    try:
        number = int(_digits(value))
    except ValueError:
        raise WrongValue(_("“%(value)s” is not a record's id.", value=value), "reference") from None
    if not 0 < number <= BIGGEST_INT:
        raise WrongValue(_("“%(value)s” is not a record's id.", value=value), "reference")
    return number


def _phone(value: Any, field: Field) -> str:
    text = _line(value, field)
    if not re.fullmatch(r"[0-9+()（）#*xX转,;/ .\-–—]*", text) or sum(c.isdigit() for c in text) < 3:
        raise WrongValue(_("“%(value)s” is not a telephone number.", value=text), "format")
    return text


def _email(value: Any, field: Field) -> str:
    text = _line(value, field)
    if not re.fullmatch(r"[^@\s<>\"]+@[^@\s<>\".]+(\.[^@\s<>\".]+)+", text):
        raise WrongValue(_("“%(value)s” is not an e-mail address.", value=text), "format")
    return text


def _url(value: Any, field: Field) -> str:
    text = _line(value, field)
    if not re.match(r"https?://", text):
        text = f"https://{text}"
    if not re.fullmatch(r"https?://[^\s/.]+(\.[^\s/.]+)+(:\d+)?([/?#]\S*)?", text):
        raise WrongValue(_("“%(value)s” is not a web address.", value=value), "format")
    if field.length and len(text) > field.length:
        raise WrongValue(
            _("At most %(limit)s characters; this has %(count)s.", limit=field.length, count=len(text)), "length"
        )
    return text


def _text_schema(format_: str = "") -> Callable[[Field], Mapping[str, Any]]:
    def schema(field: Field) -> Mapping[str, Any]:
        extra: dict[str, Any] = {"maxLength": field.length} if field.length else {}
        return {"type": "string", **extra, **({"format": format_} if format_ else {})}

    return schema


def _number_schema(field: Field) -> Mapping[str, Any]:
    if field.places:
        return {"type": "string", "pattern": rf"^-?\d{{1,{17 - field.places}}}(\.\d{{1,{field.places}}})?$"}
    high = 2**31 - 1 if field.small else BIGGEST_INT
    return {"type": "integer", "minimum": -high, "maximum": high}


def _link_schema(field: Field) -> Mapping[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": BIGGEST_INT}


def _moment_words(value: dt.datetime, field: Field) -> str:
    return moment_text(value)


def _moment_control(value: dt.datetime, field: Field) -> str:
    return value.astimezone(company_zone()).strftime("%Y-%m-%dT%H:%M")


def _moment_json(value: dt.datetime, field: Field) -> str:
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("text", _line, lambda v, f: v, _text_schema(), WORDS),
        Kind("long_text", _words, lambda v, f: v, _text_schema(), ("contains", "empty")),
        Kind(
            "number",
            _number,
            _number_words,
            _number_schema,
            ORDER,
            send=_number_json,
            write=lambda v, f: str(_number_json(v, f)),
        ),
        Kind(
            "year", _year, lambda v, f: str(v), lambda f: {"type": "integer", "minimum": 1000, "maximum": 9999}, ORDER
        ),
        Kind(
            "money",
            _amount,
            lambda v, f: amount_text(_major(v, f), f.currency),
            lambda f: {"type": "string", "pattern": r"^-?\d{1,13}(\.\d{1,3})?$"},
            ORDER,
            send=lambda v, f: str(_major(v, f)),
            write=lambda v, f: str(_major(v, f)),
        ),
        Kind(
            "yes_no",
            _yes,
            lambda v, f: str(_("Yes") if v else _("No")),
            lambda f: {"type": "boolean"},
            ("=", "!="),
            send=lambda v, f: bool(v),
            write=lambda v, f: "true" if v else "false",
        ),
        Kind(
            "date",
            _day,
            lambda v, f: date_text(v),
            lambda f: {"type": "string", "format": "date"},
            DATES,
            send=lambda v, f: v.isoformat(),
        ),
        Kind(
            "datetime",
            _moment,
            _moment_words,
            lambda f: {"type": "string", "format": "date-time"},
            DATES,
            send=_moment_json,
            write=_moment_control,
        ),
        Kind(
            "choice", _option, _option_label, lambda f: {"type": "string", "enum": [o.key for o in f.options]}, EQUALITY
        ),
        Kind(
            "state",
            _option,
            _option_label,
            lambda f: {"type": "string", "enum": [o.key for o in f.options]},
            ("=", "!=", "in"),
        ),
        Kind("person", _reference, lambda v, f: str(v), _link_schema, EQUALITY),
        Kind("department", _reference, lambda v, f: str(v), _link_schema, EQUALITY),
        Kind("link", _reference, lambda v, f: str(v), _link_schema, EQUALITY),
        Kind(
            "choices",
            _keys,
            _labels,
            lambda f: {"type": "array", "items": {"type": "string", "enum": [o.key for o in f.options]}},
            ("contains", "empty"),
            send=_chosen,
        ),
        Kind("file", _file, _file_name, _file_schema, ("empty",), send=_told, write=_file_name),
        Kind(
            "time",
            _time,
            lambda v, f: v,
            lambda f: {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
            ORDER,
        ),
        Kind("address", _line, lambda v, f: v, _text_schema(), WORDS),
        Kind("serial", _line, lambda v, f: v, _text_schema(), WORDS),
        Kind("phone", _phone, lambda v, f: v, _text_schema(), WORDS),
        Kind("email", _email, lambda v, f: v, _text_schema("email"), WORDS),
        Kind("url", _url, lambda v, f: v, _text_schema("uri"), WORDS),
    )
}
