"""Every door of the house, and what one person asks there: read off the application's routes and the declarations.

An address is filled in by the names of its places: a route that has other ones needs a line here. What can be asked of a
door besides its address (a sort, a filter, a word to look for) stands in `QUESTIONS`. A door that isn't compared stands
in `EXEMPT` with the reason. What a declared opening helped to answer (docs/openings.md) is set apart when it comes; `OPEN` names the doors.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, zip_longest
from typing import Any
from urllib.parse import urlencode

from dougong.plugin.snapshot import current_snapshot
from dougong.records.fields import Field
from dougong.records.types import RecordType
from dougong.web.pages.lists import views_of
from dougong.web.pages.records import tab_key

from .company import PEOPLE, Company, Fact, Paper, Person, Remark, Share
from .twin import Door

__all__ = ["EXEMPT", "OPEN", "Ask", "asks_of", "routes_of", "selection"]

EXEMPT: Mapping[str, str] = {
    "GET /static/{file_path:path}": "files of the program, the same for everybody",
    "HEAD /static/{file_path:path}": "files of the program, the same for everybody",
    "POST /sign-in": "for who isn't known yet; nothing of a record is asked there",
    "POST /sign-out": "ends the asker's own session",
    "POST /sessions/{session:str}/end": "ends the asker's own session",
    "POST /sessions/end-others": "ends the asker's own sessions",
    "POST /sessions/tokens/new": "makes a token of the asker's own",
    "POST /sessions/tokens/{token:str}/end": "ends a token of the asker's own",
    "DELETE /api/v1/sessions": "ends the asker's own sessions",
    "DELETE /api/v1/sessions/{session:str}": "ends the asker's own session",
    "POST /language": "the asker's own language",
    "POST /me/preferences": "the asker's own language and looks",
    "POST /password": "the asker's own password",
    "POST /plugins/{name:str}": "switches a plugin off or on: what is asked afterwards is asked of another house",
    "GET /plugins/{name:str}/uninstall": "answers only for a plugin that is off, and none of these is",
    "GET /api/v1/plugins/{name:str}/belongings": "answers only for a plugin that is off, and none of these is",
    "GET /plugins/archives/{archive:str}": "asks for the name of an uninstalled plugin; there is no archive here",
}
OPEN: Mapping[str, str] = {
    "GET /lookups": "how many records hold a choice, for who keeps the lists",
    "GET /lookups/{name:str}": "how many records hold a choice, for who keeps the lists",
    "GET /api/v1/lookups/{name:str}": "how many records hold a choice, for who keeps the lists",
    "GET /fields/{collection:str}/{key:str}/off": "how many records hold a value of an added field, for who keeps fields",
    "GET /api/v1/record-types/{collection:str}/fields/{key:str}/uses": "the same for programs",
    "GET /changes/{batch:str}": "what an undo would do is tried and taken back: what writing enters is entered then",
    "GET /plugins/{name:str}": "how many records a plugin holds, for who switches it",
    "GET /explain": "why somebody else may or may not, for who may see that",
    "GET /api/v1/explain": "why somebody else may or may not, for who may see that",
    "GET /api/v1/explain/readers": "who else sees a record, for who may see that",
    "GET /{collection:str}/{record_id:str}/mentionable": "who may be mentioned in a comment: those who may read the record",
    "GET /lookup/{collection:str}/similar": "names on record already, before somebody enters one a second time",
    "GET /api/v1/customers/precheck": "the same for programs",
}
"""The doors that read by a declared opening. Further ones are told by doors that write: that a value must be unique or is
taken, and how many refer to a record that shall go."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNKNOWN = 700_001
"""An id that is in neither world."""


@dataclass(frozen=True)
class Ask:
    """One question at a door. `unknown` is the same about an id that isn't there: the answers must be the same."""

    route: str
    path: str
    form: str
    body: Any = None
    unknown: str = ""
    number: int = 0
    follow: int = 0
    """How many times to go on with the cursor that is answered."""

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    def __str__(self) -> str:
        return f"{self.form} {self.method} {self.path}" + (f" {json.dumps(self.body)}" if self.body else "")


def routes_of(app: Any) -> list[str]:
    """ "GET /api/v1/lookups" for each door of the application."""
    return sorted(
        f"{method} {route.path}"
        for route in app.app.routes
        for handler in route.route_handlers
        for method in handler.http_methods
        if str(method) in (*METHODS, "HEAD")
    )


@dataclass
class Asker:
    """What one person asks: about some records they see, and about some they don't."""

    door: Door
    per_type: int
    chosen: random.Random = field(default_factory=lambda: random.Random("doors"))

    def __post_init__(self) -> None:
        self.company: Company = self.door.founded.company
        self.person: Person = self.door.person
        self.seen = self.company.seen_by(self.person)
        self.snapshot = current_snapshot()
        self.facts = {t.key: self._some(t) for t in self.company.types.values()}

    def _some(self, record_type: RecordType) -> list[Fact]:
        """First those the person sees, then those they don't."""
        every = self.company.of_type(record_type.key)
        self.chosen.shuffle(every)
        visible = [fact for fact in every if fact.key in self.seen][: self.per_type]
        return visible + [fact for fact in every if fact.key not in self.seen][: self.per_type]

    def sees(self, fact: Fact) -> bool:
        return fact.key in self.seen or (not fact.values and fact.key[0] != "")

    def hung(self, thing: Share | Paper | Remark) -> Fact:
        """A share, a file or a comment as something one may ask for: it is seen with its record."""
        seen = self.company.reads(self.person, thing) if isinstance(thing, Remark) else thing.of in self.seen
        return Fact((thing.of[0], thing.id), {}) if seen else Fact(("", thing.id), {})

    # ---- filling in addresses

    def addresses(self, path: str) -> Iterator[tuple[str, RecordType | None, Fact | None]]:
        """The route's path with every combination of values that says something."""
        places = re.findall(r"{(\w+):\w+}", path)
        yield from self._filled(path, places, None, None)

    def _filled(
        self, path: str, places: Sequence[str], record_type: RecordType | None, fact: Fact | None
    ) -> Iterator[tuple[str, RecordType | None, Fact | None]]:
        if not places:
            yield path, record_type, fact
            return
        name, *rest = places
        for value in PLACES.get(name, nothing)(self, record_type, fact):
            kind, one, text = record_type, fact, str(value)
            if isinstance(value, RecordType):
                kind, text = value, value.path
            if isinstance(value, Fact):
                one, text = value, str(value.key[1])
            if isinstance(value, Share | Paper | Remark):
                one, text = self.hung(value), str(value.id)
            yield from self._filled(re.sub(rf"{{{name}:\w+}}", text, path, count=1), rest, kind, one)


Place = Callable[[Asker, RecordType | None, Fact | None], Sequence[Any]]


def nothing(*_: Any) -> Sequence[Any]:
    """Of a place nobody knows how to fill nothing is asked; that shows as a door without a case."""
    return ()


def _lists(asker: Asker) -> list[str]:
    return sorted(asker.snapshot.lookups)


def _ids(asker: Asker, what: str) -> list[int]:
    if what == "staff":  # some with an account, one without
        return [asker.company.staff[name] for name in ("sunhao", "lilei", "zhaomin", "machaoran")]
    return sorted(asker.company.above)[::5] if what == "department" else sorted(asker.door.founded.users.values())[:3]


def _options(asker: Asker) -> list[str]:
    return [asker.snapshot.lookups[name].options[0].key for name in _lists(asker)[:2]]


def _records(asker: Asker, record_type: RecordType | None, _fact: Fact | None) -> Sequence[Any]:
    known = asker.facts[record_type.key] if record_type is not None else []
    if not known and record_type is not None and record_type.key in ("staff", "department"):
        return _ids(asker, record_type.key)
    return known


def _batches(asker: Asker) -> list[str]:
    """What was done to records, seen or not."""
    return [f"{entry.id:032}" for facts in asker.facts.values() for fact in facts for entry in fact.entries[-1:]]


def _remarks(asker: Asker, fact: Fact | None) -> list[Remark]:
    """The comments on a record, one's own first."""
    me = asker.company.staff[asker.person.name]
    found = [remark for remark in asker.company.remarks if fact is None or remark.of == fact.key]
    return sorted(found, key=lambda remark: remark.staff != me)


def _views(asker: Asker) -> list[int]:
    """One of one's own, and one of somebody else."""
    found = sorted(asker.company.views, key=lambda view: view.name != asker.person.name)
    return [view.id for view in found[:2]]


def _added(asker: Asker, record_type: RecordType | None) -> list[str]:
    """The keys of the fields the company added to a type."""
    return [one.key for one in asker.snapshot.added.get(record_type.key, ())] if record_type is not None else []


PLACES: Mapping[str, Place] = {
    "what": lambda _asker, _type, _fact: ("edit", "delete", "nothing"),
    "entry": lambda _asker, _type, fact: [e.id for e in fact.entries[-1:]] if fact is not None else [1],
    "batch": lambda asker, _type, _fact: [*_batches(asker), f"{UNKNOWN:032}"],
    "collection": lambda asker, _type, _fact: list(asker.snapshot.records.values()),
    "record_id": _records,
    "target": lambda asker, kind, _fact: kind.lifecycle.keys if kind is not None and kind.lifecycle else ("nowhere",),
    "verb": lambda asker, kind, _fact: [a.key for a in kind.actions] if kind is not None and kind.actions else ["none"],
    "name": lambda asker, _type, _fact: [*_lists(asker)[:2], *asker.snapshot.plugins],
    "key": lambda asker, kind, _fact: _added(asker, kind) or _options(asker),
    "archive": lambda _asker, _type, _fact: ("visits-20260102-030405-abcdef.zip", "nothing"),
    "plugin": lambda asker, _type, _fact: list(asker.snapshot.plugins),
    "user": lambda asker, _type, _fact: _ids(asker, "user"),
    "role": lambda asker, _type, _fact: range(1, 12, 3),
    "role_id": lambda asker, _type, _fact: range(1, 12, 3),
    "share_id": lambda asker, _type, fact: [s for s in asker.company.shares if fact is None or s.of == fact.key][:9],
    "attachment": lambda asker, _type, fact: [p for p in asker.company.papers if fact is None or p.of == fact.key][:9],
    "staff_id": lambda asker, _type, _fact: _ids(asker, "staff"),
    "department_id": lambda asker, _type, _fact: _ids(asker, "department"),
    "group": lambda asker, _type, _fact: (1, 2, UNKNOWN),
    "group_id": lambda asker, _type, _fact: (1, 2, UNKNOWN),
    "saved": lambda asker, _type, _fact: [*_views(asker), UNKNOWN],
    "comment": lambda asker, _type, fact: _remarks(asker, fact)[:9],
    "mention": lambda asker, _type, _fact: [m for remark in _remarks(asker, None) for m in remark.mentions][::9],
    "session": lambda asker, _type, _fact: range(1, 10),
    "token": lambda asker, _type, _fact: range(1, 10),
    "job": lambda asker, _type, _fact: (*range(1, len(PEOPLE) + 2), UNKNOWN),
    "schedule": lambda asker, _type, _fact: (1, UNKNOWN),
    "number": lambda asker, _type, _fact: (*range(1, len(PEOPLE) + 1), UNKNOWN),
}


# ---------------------------------------------------------------------- what is asked besides the address

Questions = Callable[[Asker, RecordType, Fact | None], Iterator[dict[str, Any]]]


def sent(column: Field, value: Any) -> Any:
    """A stored value as a filter takes it."""
    return column.type.send(value, column)


def _operators(column: Field, value: Any) -> Iterator[tuple[str, Any]]:
    """Each way to compare the field, with a value that stands in a record."""
    for sign in column.type.operators:
        if sign == "during":
            yield sign, "this_year"
        elif sign == "empty":
            yield sign, "true"
        elif value is not None:
            yield sign, [value] if sign == "in" else value


def _words(asker: Asker, record_type: RecordType) -> Iterator[str]:
    """What to look for: a word of a record that is seen, of one that isn't, the beginning of all, nothing."""
    for fact in asker.facts[record_type.key]:
        text = next((v for k in record_type.search_keys if isinstance(v := fact.values.get(k), str) and v), "")
        yield text[:12]
    yield from ("zq", "z", "9", "")


def _list_questions(asker: Asker, record_type: RecordType, _fact: Fact | None) -> Iterator[dict[str, Any]]:
    yield {}
    yield {"limit": "500"}
    yield {"limit": "2", "count": "exact", "follow": 3}
    yield {"limit": "3", "page": "2"}
    for words in _words(asker, record_type):
        yield {"q": words}
    for key, column in record_type.fields.items():
        yield {"sort": key, "limit": "4", "follow": 1}
        yield {"sort": f"-{key}"}
        yield {"fields": key, "count": "exact"}
        for fact in asker.facts[record_type.key]:
            value = fact.values.get(key)
            for sign, given in _operators(column, None if value is None else sent(column, value)):
                yield {"filter": json.dumps([[key, sign, given]]), "count": "exact"}
                yield {"filter": json.dumps({"not": [[key, sign, given]]}), "count": "exact", "fields": "id"}


def _export_questions(asker: Asker, record_type: RecordType, _fact: Fact | None) -> Iterator[dict[str, Any]]:
    """As CSV: a workbook says when it was made."""
    yield {}
    for words in _words(asker, record_type):
        yield {"q": words, "fields": "id"}
    for key in record_type.fields:
        yield {"sort": key, "fields": key}
        yield {"filter": json.dumps([[key, "empty", False]]), "fields": f"id,{key}"}


def _page_questions(asker: Asker, record_type: RecordType, _fact: Fact | None) -> Iterator[dict[str, Any]]:
    yield {}
    yield {"size": "20", "count": "exact"}
    yield {"page": "2", "size": "20"}
    for number, _view in enumerate(views_of(record_type)):
        yield {"view": str(number)}
    for words in _words(asker, record_type):
        yield {"q": words}
    for key, column in record_type.fields.items():
        yield {"sort": key}
        yield {"sort": f"-{key}", "size": "20"}
        for fact in asker.facts[record_type.key]:
            value = fact.values.get(key)
            for sign, given in _operators(column, None if value is None else sent(column, value)):
                text = given[0] if isinstance(given, list) else given
                yield {"f": key, "o": sign, "v": str(text), "g": "0"}


def _record_questions(asker: Asker, record_type: RecordType, fact: Fact | None) -> Iterator[dict[str, Any]]:
    yield {}
    yield {"tab": "history"}
    yield {"tab": "attachments"}
    for tab in asker.snapshot.tabs_of(record_type.key):
        yield {"tab": tab_key(tab)}
    yield {"sort": "-id"}
    yield {"sort": record_type.title._meta.name, "size": "20"}
    yield {"q": "zq"}


def _api_record_questions(asker: Asker, record_type: RecordType, fact: Fact | None) -> Iterator[dict[str, Any]]:
    yield {}


def _history_questions(asker: Asker, record_type: RecordType, fact: Fact | None) -> Iterator[dict[str, Any]]:
    yield {}
    yield {"limit": "1"}
    if fact is not None and fact.entries:
        yield {"limit": "2", "before": str(fact.entries[-1].id)}


def _summary_questions(asker: Asker, record_type: RecordType, _fact: Fact | None) -> Iterator[dict[str, Any]]:
    summed = [key for key, column in record_type.fields.items() if column.kind in ("number", "money")]
    for at, key in enumerate(record_type.fields):
        yield {"group": key}
        if summed:
            yield {"group": key, "sum": summed[at % len(summed)]}
    for key in summed:
        yield {"group": record_type.title._meta.name, "sum": key}


def _search_questions(asker: Asker, record_type: RecordType, _fact: Fact | None) -> Iterator[dict[str, Any]]:
    yield from ({"q": words} for words in _words(asker, record_type))


def _form_questions(asker: Asker, record_type: RecordType, _fact: Fact | None) -> Iterator[dict[str, Any]]:
    """An empty form, and one that starts with a reference to a record, seen or not."""
    yield {}
    for key, column in record_type.entered.items():
        if column.target is not None:
            for fact in asker.facts[str(column.target._meta.tablename)]:
                yield {key: str(fact.key[1]), "back": "/"}


def _why_questions(asker: Asker, record_type: RecordType, _fact: Fact | None) -> Iterator[dict[str, Any]]:
    """Why one may or may not oneself, with a record and each of its fields; and somebody else."""
    for fact in asker.facts[record_type.key]:
        record = f"{record_type.path}/{fact.key[1]}"
        yield {"record": record, "about": fact}
        for action in record_type.actions_allowed:
            yield {"record": record, "action": action, "about": fact}
        for key in record_type.fields:
            yield {"record": record, "field": key, "about": fact}
        yield {"record": record, "user": str(asker.door.founded.users["lilei"]), "about": fact}


QUESTIONS: Mapping[str, Questions] = {
    "GET /api/v1/{collection:str}": _list_questions,
    "GET /api/v1/{collection:str}/export": _export_questions,
    "GET /api/v1/{collection:str}/{record_id:str}": _api_record_questions,
    "GET /api/v1/{collection:str}/{record_id:str}/history": _history_questions,
    "GET /{collection:str}": _page_questions,
    "GET /{collection:str}/new": _form_questions,
    "GET /{collection:str}/{record_id:str}": _record_questions,
    "GET /lookup/{collection:str}": _search_questions,
}
EVERY_TYPE: Mapping[str, Questions] = {
    "GET /search": _search_questions,
    "GET /organisation": _search_questions,
    "GET /explain": _why_questions,
    "GET /api/v1/explain": _why_questions,
    "GET /api/v1/explain/readers": _why_questions,
}
"""Doors of the whole house that are asked about each record type."""


# ---------------------------------------------------------------------- all of it


def asks_of(door: Door, routes: Sequence[str], *, per_type: int = 3) -> list[Ask]:
    """Everything this person asks at these doors, reading first."""
    asker = Asker(door, per_type)
    found: list[Ask] = []
    for route in sorted(routes, key=lambda route: not route.startswith("GET ")):
        if route not in EXEMPT:
            found += _reading(asker, route) if route.startswith("GET ") else _writing(asker, route)
    return [*found, *_changing(asker)]


def _reading(asker: Asker, route: str) -> Iterator[Ask]:
    path = route.partition(" ")[2]
    forms = ("json",) if path.startswith("/api/") else ("page", "fragment")
    for filled, record_type, fact in asker.addresses(path):
        for question in _asked(asker, route, record_type, fact):
            follow, about = int(question.pop("follow", 0)), question.pop("about", fact)
            tail = f"?{urlencode(question)}" if question else ""
            for form in forms:
                ask = Ask(route, filled + tail, form, follow=follow)
                yield _beside_unknown(asker, ask, about)
    if route == "GET /api/v1/{collection:str}/{record_id:str}":
        for record_type in asker.snapshot.records.values():
            for question in _summary_questions(asker, record_type, None):
                yield Ask(
                    "GET /api/v1/{collection:str}/summary",
                    f"/api/v1/{record_type.path}/summary?{urlencode(question)}",
                    "json",
                )


def _asked(asker: Asker, route: str, record_type: RecordType | None, fact: Fact | None) -> Iterator[dict[str, Any]]:
    if route in EVERY_TYPE:
        for each in asker.snapshot.records.values():
            yield from EVERY_TYPE[route](asker, each, None)
    elif route in QUESTIONS and record_type is not None:
        yield from QUESTIONS[route](asker, record_type, fact)
    else:
        yield {}


def _beside_unknown(asker: Asker, ask: Ask, fact: Fact | None) -> Ask:
    """About a record that isn't seen the answer must be what it is about one that isn't there."""
    if fact is None or asker.sees(fact):
        return ask
    number = fact.key[1]
    unknown = re.sub(rf"(/|%2F){number}\b", rf"\g<1>{UNKNOWN}", ask.path, count=1)
    return replace(ask, unknown=unknown, number=number)


def _writing(asker: Asker, route: str) -> Iterator[Ask]:
    """Whatever writes is asked about records that aren't seen; what is created or changed refers to such."""
    path = route.partition(" ")[2]
    form = "json" if path.startswith("/api/") else "page"
    for filled, record_type, fact in asker.addresses(path):
        if fact is not None and not asker.sees(fact):
            yield _beside_unknown(asker, Ask(route, filled, form, body={}), fact)
        elif record_type is not None and route in REFERRING:
            yield from _referring(asker, Ask(route, filled, form), record_type, fact)
        elif fact is None:
            yield Ask(route, filled, form, body={})


REFERRING = frozenset(
    {
        "POST /api/v1/{collection:str}",
        "PATCH /api/v1/{collection:str}/{record_id:str}",
        "POST /{collection:str}/new",
        "POST /{collection:str}/{record_id:str}/edit",
    }
)


def _referring(asker: Asker, ask: Ask, record_type: RecordType, fact: Fact | None) -> Iterator[Ask]:
    for key, column in record_type.entered.items():
        if column.target is None:
            continue
        for other in asker.facts[str(column.target._meta.tablename)]:
            stands = fact is not None and fact.values[key] == other.key[1]  # sent back as it is, it is no change
            if not asker.sees(other) and not stands:
                title = record_type.title._meta.name
                body = {key: other.key[1], **({} if fact or title == key else {title: "zq"})}
                if ask.form == "page":
                    body = {k: str(v) for k, v in body.items()} | {"version": "2"}
                yield replace(ask, body=body, unknown=ask.path, number=other.key[1])


def _changing(asker: Asker) -> Iterator[Ask]:
    """Changes that stay within what the person sees, the last of all; the answers show the records."""
    for record_type in asker.snapshot.records.values():
        for fact in asker.facts[record_type.key]:
            path = f"/api/v1/{record_type.path}/{fact.key[1]}"
            asked = record_type.shape.form("").conditions
            fields = [field for k, field in record_type.entered.items() if k not in asked]
            texts = [field.key for field in fields if field.kind in ("text", "long_text")]
            if asker.sees(fact):
                for key in asked:
                    yield Ask(CHANGING, path, "json", body={key: ""})
            if asker.sees(fact) and texts:
                yield Ask(CHANGING, path, "json", body={texts[-1]: "换过的"})


CHANGING = "PATCH /api/v1/{collection:str}/{record_id:str}"


def selection(asks: Sequence[Ask], most: int, seed: str = "") -> list[Ask]:
    """So many of them: one of each door and form, then of each door, form and record type in turn. Their order stays."""
    every = {str(ask): ask for ask in asks}
    shuffled = list(every.values())
    random.Random(seed).shuffle(shuffled)
    coarse = {(ask.route, ask.form): str(ask) for ask in shuffled}
    fine: dict[tuple[str, ...], list[str]] = {}
    for ask in shuffled:
        fine.setdefault((ask.route, ask.form, _collection(ask), str(bool(ask.unknown))), []).append(str(ask))
    in_turn = [question for turn in zip_longest(*fine.values()) for question in turn if question is not None]
    in_order = [*coarse.values(), *(q for q in in_turn if q not in set(coarse.values()))]
    compared = accumulate(every[question].route not in OPEN for question in in_order)  # the open ones come on top
    taken = {question for question, so_far in zip(in_order, compared, strict=True) if so_far <= most}
    return [ask for question, ask in every.items() if question in taken]


def _collection(ask: Ask) -> str:
    words = ask.path.partition("?")[0].strip("/").removeprefix("api/v1/").split("/")
    return words[0] if "{collection:str}" in ask.route else ""
