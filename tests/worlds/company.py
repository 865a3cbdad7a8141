"""One company in plain Python: its people, their rights, every record with every field, and who may see which.

Nothing here asks the gate or a principal: who sees what is said a second time, from the rules as they are documented, so
that what the house answers can be held against it. Whatever the values hold is worked out from a seed, and driven by what
plugins declare.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dougong.builtin import core
from dougong.i18n import today
from dougong.records.fields import Field
from dougong.records.types import RecordType

__all__ = [
    "PEOPLE",
    "Company",
    "Entry",
    "Fact",
    "Paper",
    "Person",
    "Remark",
    "Share",
    "Star",
    "View",
    "chance",
    "value_of",
]

Key = tuple[str, int]
"""A record: the key of its type, its id."""

MANAGED = ("id", "version")
RIGHTS_OF_KEEPERS = (
    "lookups.manage",
    "settings.manage",
    "roles.manage",
    "organisation.manage",
    "plugins.manage",
    "jobs.manage",
    "access.explain",
    "fields.manage",
    "exports.see",
)


@dataclass(frozen=True)
class Person:
    """An account, by the spelling of its person's name, and how far its role reaches.

    `level` is a level of records whose type roles decide about; `narrowed` one for records that are reached through a
    parent or by owning them. `held_back` is how many of a hundred fields its role hides; as many again are read only.
    """

    name: str
    level: str
    chosen: tuple[str, ...] = ()
    narrowed: str = ""
    held_back: int = 0
    by_group: bool = False
    """Whether the role comes by a group."""
    rights: tuple[str, ...] = ("cargos.count",)


PEOPLE: Mapping[str, Person] = {
    person.name: person
    for person in (
        Person("sunhao", "own"),
        Person("wangfang", "shared"),
        Person("lilei", "below"),
        Person("zhaomin", "chosen", chosen=("HZ", "SZ"), by_group=True),
        Person("yuanye", "none", rights=()),
        Person("xunuo", "all", held_back=45),
        Person("xuhui", "department", narrowed="own", held_back=25),
        Person("denglihua", "own", rights=("cargos.count", *RIGHTS_OF_KEEPERS)),
    )
}


@dataclass(frozen=True)
class Share:
    """One record shown to a member of staff or a department, until a day."""

    id: int
    of: Key
    staff: int | None
    department: int | None
    until: dt.date | None
    level: str = "read"


@dataclass(frozen=True)
class Paper:
    """A file of one record; it can be taken off."""

    id: int
    of: Key
    name: str
    content: bytes
    staff: int
    removed: bool = False


@dataclass(frozen=True)
class Remark:
    """A comment on one record by a member of staff, and whom it mentions; they can take it back."""

    id: int
    of: Key
    text: str
    staff: int
    mentioned: tuple[int, ...] = ()
    removed: bool = False

    @property
    def mentions(self) -> Mapping[int, int]:
        """By the id of the mention, who is mentioned."""
        return {10 * self.id + at: staff for at, staff in enumerate(self.mentioned)}


@dataclass(frozen=True)
class Star:
    """A record that a person keeps at hand, by the spelling of their name."""

    id: int
    of: Key
    name: str


@dataclass(frozen=True)
class View:
    """How a person keeps a list for themselves: under a word, looking for it."""

    id: int
    record: str
    name: str
    word: str


@dataclass(frozen=True)
class Entry:
    """What the change log holds of one write."""

    id: int
    verb: str
    at: dt.datetime
    staff: int | None
    reason: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]
    why: str = ""


@dataclass(frozen=True)
class Fact:
    """One record as it is stored, by field key, and its history."""

    key: Key
    values: Mapping[str, Any]
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Company:
    """All of it. `home` is the department of each member of staff, `above` each department's superior, `heads` who leads
    which departments, `staff` who is who by the spelling of the name, `codes` each department by its code."""

    types: Mapping[str, RecordType]
    staff: Mapping[str, int]
    home: Mapping[int, int]
    above: Mapping[int, int | None]
    heads: Mapping[int, tuple[int, ...]]
    codes: Mapping[str, int]
    facts: Mapping[Key, Fact] = field(default_factory=dict)
    shares: Sequence[Share] = ()
    papers: Sequence[Paper] = ()
    remarks: Sequence[Remark] = ()
    stars: Sequence[Star] = ()
    views: Sequence[View] = ()

    @property
    def kinds(self) -> list[RecordType]:
        """The record types the company has records of its own of, each behind those it refers to."""
        return [t for t in ordered(self.types) if t not in core.records]

    def ids(self, record_type: RecordType, rows: int, *, gap: bool = False) -> range:
        """The ids of its records: no two types share any. Those in the gap are for records of the other world alone;
        they are lower, so that what is written next gets the same id in both."""
        first = 1000 * self.kinds.index(record_type) + (501 if gap else 1001)
        return range(first, first + rows)

    def of_type(self, key: str) -> list[Fact]:
        return [fact for (known, _id), fact in self.facts.items() if known == key]

    def hides(self, person: Person, fact: Fact) -> set[str]:
        """The fields of a record that the person's role holds back, in the state it is in."""
        record_type, state = self.types[fact.key[0]], fact.values.get("state")
        levels = self.held_back(person)
        hidden = {k for k in record_type.fields if levels.get(f"{record_type.key}.{k}") == "hidden"}
        return {k for k in hidden if f"{record_type.key}.{k}@{state}" not in levels}

    def ever_hides(self, person: Person, record_type: RecordType) -> set[str]:
        """Those held back in one state at least: its history leaves them out."""
        levels = self.held_back(person)
        return {k for k in record_type.fields if levels.get(f"{record_type.key}.{k}") == "hidden"}

    def held_back(self, person: Person) -> dict[str, str]:
        """What the person's role says of fields: "customer.credit_limit" is hidden, or only read; some are hidden but
        in the first of a record's states ("…@draft"). Of the directory everybody reads, only how to reach people."""
        levels = {}
        for record_type in self.types.values():
            for key in sorted(record_type.can_be_held_back):
                if record_type in core.records and record_type.fields[key].kind not in REACHING:
                    continue
                roll = chance(100, "held back", person.name, record_type.key, key)
                if roll < 2 * person.held_back:
                    levels[f"{record_type.key}.{key}"] = "hidden" if roll < person.held_back else "read"
                if roll < person.held_back and roll % 2 and record_type.lifecycle and key != "state":
                    levels[f"{record_type.key}.{key}@{record_type.lifecycle.start}"] = "write"
        if person.name == "lilei":  # who may change what they see; by what is worth much an insurer is asked for
            apart = ("cargo.worth@", "cargo.x_insurer")
            levels = {name: level for name, level in levels.items() if not name.startswith(apart)}
            levels["cargo.worth"] = "hidden"
        return levels

    # ---- who sees what

    def reads(self, person: Person, remark: Remark) -> bool:
        """A comment is read by whoever may read the record; one taken back by its writer alone, who may bring it back."""
        return remark.of in self.seen_by(person) and (not remark.removed or remark.staff == self.staff[person.name])

    def seen_by(self, person: Person) -> set[Key]:
        """Every record of the company's own that this person may read."""
        return _Sight(self, person).all()

    def departments_of(self, person: Person) -> set[int]:
        staff = self.staff[person.name]
        return {self.home[staff], *self.heads.get(staff, ())}

    def chain(self, department: int) -> Iterator[int]:
        """A department and all it reports to."""
        at: int | None = department
        while at is not None:
            yield at
            at = self.above[at]

    def below(self, departments: set[int]) -> set[int]:
        return {each for each in self.above if departments & set(self.chain(each))}


REACHING = frozenset({"phone", "email"})


@dataclass
class _Sight:
    """What one person sees, said in words of the rules: `level` of the role, the type's own scope, the parent."""

    company: Company
    person: Person
    known: dict[Key, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        company = self.company
        self.staff = company.staff[self.person.name]
        self.departments = company.departments_of(self.person)
        self.subtree = company.below(self.departments)
        self.chosen = {company.codes[code] for code in self.person.chosen}
        mine = {above for each in self.departments for above in company.chain(each)}
        to_them = [
            s
            for s in company.shares
            if (s.until is None or s.until >= today()) and (s.staff == self.staff or s.department in mine)
        ]
        self.shared = {s.of for s in to_them}
        self.owned_together = {s.of for s in to_them if s.level == "own"}

    def all(self) -> set[Key]:
        return {key for key in self.company.facts if self.sees(key)}

    def sees(self, key: Key) -> bool:
        if key not in self.known:
            self.known[key] = self.may_read(self.company.facts[key])
        return self.known[key]

    def may_read(self, fact: Fact) -> bool:
        record_type = self.company.types[fact.key[0]]
        scope = record_type.scope
        if scope.has("everyone"):
            return True
        owned = scope.has("owner") and fact.values["owner"] == self.staff
        through = any(
            fact.values[via] is not None and self.sees((str(parent._meta.tablename), fact.values[via]))
            for via, parent in record_type.parents.items()
        )
        if scope.has("role"):
            return owned or through or self.reaches(self.person.level, fact)
        narrowed = self.person.narrowed if record_type.owned else ""
        return (owned or through) and (not narrowed or self.reaches(narrowed, fact))

    def reaches(self, level: str, fact: Fact) -> bool:
        own = fact.values.get("owner") == self.staff or fact.key in self.owned_together
        department = fact.values.get("department")
        if level in ("none", "all"):
            return level == "all"
        if level == "own":
            return own
        if own or fact.key in self.shared:
            return True
        places = {"shared": set(), "department": self.departments, "below": self.subtree, "chosen": self.chosen}
        return department in places[level]


# ---------------------------------------------------------------------- values


def chance(most: int, *seed: Any) -> int:
    """A number below `most` that depends on nothing but the seed."""
    digest = hashlib.blake2b("\x1f".join(map(str, seed)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % most


_LETTERS = "abcdefghijkmnprstuvwy23456789"


def token(*seed: Any) -> str:
    """A word that stands nowhere else: recognised by its ends."""
    number = chance(2**62, "token", *seed)
    letters = "".join(_LETTERS[number // len(_LETTERS) ** at % len(_LETTERS)] for at in range(9))
    return f"zq{letters}xz"


FIRST_DAY, LONG_AGO = dt.date(2061, 1, 1), dt.date(1951, 1, 1)
DAYS = 14_000


HELD_FILES = 7_000_000
"""The numbers of the files in fields begin here."""


def held_content(name: str) -> bytes:
    return f"%PDF-1.7\n% {name}".encode()


def value_of(column: Field, *seed: Any) -> Any:
    """A stored value of the field's kind, improbable wherever the kind allows it. References are not made here."""
    kind, number = column.kind, chance(10**12, *seed)
    if column.options:
        key = column.options[number % len(column.options)].key
        return json.dumps([key]) if kind == "choices" else key
    return _VALUES[kind](number, seed)


def _day(number: int, seed: tuple[Any, ...]) -> dt.date:
    return (LONG_AGO if number % 3 == 0 else FIRST_DAY) + dt.timedelta(days=number % DAYS)


_VALUES: Mapping[str, Any] = {
    "text": lambda number, seed: token(*seed),
    "long_text": lambda number, seed: f"{token(*seed)} 说明",
    "phone": lambda number, seed: f"19{number % 10**9:09}",
    "email": lambda number, seed: f"{token(*seed)}@post.example",
    "url": lambda number, seed: f"https://{token(*seed)}.example",
    "number": lambda number, seed: 1_000_000_000 + number % 1_000_000_000,
    "money": lambda number, seed: 10_000_000_000 + number % 80_000_000_000,
    "year": lambda number, seed: 1000 + number % 9000,
    "yes_no": lambda number, seed: number % 4 != 0,
    "date": _day,
    "datetime": lambda number, seed: dt.datetime.combine(_day(number, seed), dt.time(number % 24, number % 60), dt.UTC),
}


def ordered(types: Mapping[str, RecordType]) -> list[RecordType]:
    """Each behind those it refers to; of types that refer to each other, the one whose references may be empty first."""
    waiting, made = dict(types), list[RecordType]()
    while waiting:
        ready = [t for t in waiting.values() if not _needs(t) & set(waiting) - {t.key}]
        for record_type in ready[:1] or list(waiting.values())[:1]:
            made.append(waiting.pop(record_type.key))
    return made


def _needs(record_type: RecordType) -> set[str]:
    return {
        str(f.target._meta.tablename) for f in record_type.fields.values() if f.target is not None and not f.nullable
    }


# ---------------------------------------------------------------------- records


@dataclass
class Clerk:
    """Makes up records of a company. `world` is a word that all values depend on."""

    company: Company
    world: str

    def filled(self, rows: int) -> Company:
        """The company with so many records of each type."""
        facts: dict[Key, Fact] = {}
        for record_type in self.company.kinds:
            for record_id in self.company.ids(record_type, rows):
                known = replace(self.company, facts=facts)
                fact = Clerk(known, self.world).fact(record_type, record_id)
                facts[fact.key] = self.with_history(fact, first_entry=100_001 + len(facts) * 4)
        company = replace(
            self.company, facts=facts, shares=self.shares(facts, 50_001), papers=self.papers(facts, 60_001)
        )
        clerk = replace(self, company=company)
        remarks = [*clerk.remarks(facts, 70_001), *clerk.own_remarks(80_001)]
        return replace(company, remarks=remarks, stars=clerk.stars(facts, 90_001), views=self.views())

    def fact(self, record_type: RecordType, record_id: int) -> Fact:
        """A new record; what it refers to is chosen among the company's."""
        values: dict[str, Any] = {}
        for key, column in record_type.fields.items():
            values[key] = self.value(record_type, record_id, column)
        values |= {"id": record_id, "version": 2}
        if record_type.owned:
            values |= self.place(record_type.key, record_id)
        return Fact((record_type.key, record_id), values)

    def value(self, record_type: RecordType, record_id: int, column: Field, *salt: Any) -> Any:
        seed = (self.world, record_type.key, record_id, column.key, *salt)
        if column.kind == "state":
            return column.fixed_options[chance(len(column.fixed_options), *seed)].key if column.fixed_options else ""
        if column.kind == "file":
            return self.held_file(record_id, *seed)
        if column.target is None:
            made = value_of(column, *seed)
            return made[: column.length] if isinstance(made, str) and column.length else made
        if column.nullable and chance(4, "empty", *seed) == 0:
            return None
        ids = self.ids_of(str(column.target._meta.tablename))
        return ids[chance(len(ids), *seed)] if ids else None

    def held_file(self, record_id: int, *seed: Any) -> str | None:
        """What a field tells of the file in it; every other record has one."""
        if chance(2, "holds", *seed) == 0:
            return None
        name = f"{token(*seed)}.pdf"
        told = {"id": HELD_FILES + record_id, "record": record_id, "name": name, "size": len(held_content(name))}
        return json.dumps({**told, "media_type": "application/pdf"})

    def ids_of(self, table: str) -> list[int]:
        if table == "staff":
            return sorted(self.company.home)
        if table == "department":
            return sorted(self.company.above)
        return sorted(fact.key[1] for fact in self.company.of_type(table))

    def place(self, *seed: Any) -> dict[str, int]:
        """Owner and department: mostly one of the people who look, mostly in their own department."""
        company = self.company
        looking = [company.staff[name] for name in PEOPLE]
        owners = [*looking, *looking, *sorted(company.home)[::3]]
        owner = owners[chance(len(owners), self.world, "owner", *seed)]
        departments = sorted(company.above)
        strange = chance(5, self.world, "strange", *seed) == 0
        home = departments[chance(len(departments), self.world, "home", *seed)] if strange else company.home[owner]
        return {"owner": owner, "department": home}

    # ---- history

    def with_history(self, fact: Fact, first_entry: int) -> Fact:
        """It was made, and changed once or twice since."""
        record_type = self.company.types[fact.key[0]]
        changed = [
            [k for k in self.open_keys(record_type) if chance(3, self.world, "changed", turn, *fact.key, k) == 0]
            for turn in ("first", "second")
        ]
        made = {k: v for k, v in fact.values.items() if k not in MANAGED and v is not None}
        entries = [self.entry(fact, first_entry, "create", None, made)]
        for turn, keys in enumerate(changed):
            before = {k: self.value(record_type, fact.key[1], record_type.fields[k], "old", turn) for k in keys}
            if keys:
                after = {k: fact.values[k] for k in keys}
                entries.append(self.entry(fact, first_entry + 1 + turn, "update", before, after))
        return replace(fact, entries=tuple(entries))

    def open_keys(self, record_type: RecordType) -> list[str]:
        return [k for k, f in record_type.entered.items() if f.kind != "state"]

    def entry(
        self,
        fact: Fact,
        entry_id: int,
        verb: str,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any],
    ) -> Entry:
        seed = (self.world, "entry", *fact.key, entry_id)
        at = dt.datetime(2012, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=entry_id)
        staff = sorted(self.company.home)[chance(len(self.company.home), *seed)]
        why = token("why", *seed) if verb == "update" and chance(2, "why", *seed) else ""
        return Entry(entry_id, verb, at, staff, token("reason", *seed), before, after, why)

    # ---- shares

    def shares(self, facts: Mapping[Key, Fact], first_id: int) -> list[Share]:
        """Some records are shown to the one whose role says so, some to a department above, some no longer."""
        whom, soon, over = (
            self.company.staff["wangfang"],
            today() + dt.timedelta(days=9),
            today() - dt.timedelta(days=1),
        )
        others = sorted(set(self.company.home) - {whom})
        found: list[Share] = []
        for key in facts:
            if not self.company.types[key[0]].scope.has("role"):
                continue
            roll = chance(12, self.world, "shared", *key)
            other = others[chance(len(others), self.world, "other", *key)]
            ways: Mapping[int, tuple[Any, ...]] = {
                0: (whom, None, soon),
                1: (whom, None, None, "edit"),
                2: (None, self.company.codes["EAST"], soon),
                3: (whom, None, over),
                4: (other, None, None),
                5: (None, self.company.codes["HZ"], over),
                6: (self.company.staff["sunhao"], None, None, "own"),
                7: (self.company.staff["sunhao"], None, None, "edit"),
            }
            if roll in ways:
                found.append(Share(first_id + len(found), key, *ways[roll]))
        return found

    # ---- files

    def papers(self, facts: Mapping[Key, Fact], first_id: int) -> list[Paper]:
        """Every other record has a file or two, some of them taken off again."""
        found: list[Paper] = []
        people = sorted(self.company.home)
        for key in facts:
            if not self.company.types[key[0]].menu:
                continue
            for number in range(chance(4, self.world, "papers", *key) - 1):
                seed = (self.world, "paper", *key, number)
                content = b"%PDF-1.7\n% " + token("content", *seed).encode()
                staff, removed = people[chance(len(people), *seed)], chance(3, "removed", *seed) == 0
                found.append(Paper(first_id + len(found), key, f"{token(*seed)}.pdf", content, staff, removed))
        return found

    # ---- comments and what is kept at hand

    def remarks(self, facts: Mapping[Key, Fact], first_id: int) -> list[Remark]:
        """Every other record has a comment or two by people who look; they mention others who look, see they it or not."""
        found: list[Remark] = []
        for key in facts:
            if self.company.types[key[0]].menu:
                for number in range(chance(4, self.world, "remarks", *key) - 1):
                    found.append(self.remark(first_id + len(found), key, number))
        return found

    def remark(self, remark_id: int, key: Key, number: int) -> Remark:
        seed = (self.world, "remark", *key, number)
        people = [self.company.staff[name] for name in PEOPLE]
        at = chance(len(people), *seed)
        mentioned = tuple(people[at - back] for back in (1, 2, 3) if chance(2, "mentioned", back, *seed))
        return Remark(
            remark_id, key, f"{token(*seed)} 说明", people[at], mentioned, chance(4, "taken back", *seed) == 0
        )

    def own_remarks(self, first_id: int) -> list[Remark]:
        """One by each person who looks, on a record that they see, and that mentions everybody else."""
        found: list[Remark] = []
        everybody = [self.company.staff[name] for name in PEOPLE]
        for person in PEOPLE.values():
            seen = sorted(key for key in self.company.seen_by(person) if self.company.types[key[0]].menu)
            me = self.company.staff[person.name]
            for key in seen[:1]:
                text = f"{token(self.world, 'own remark', person.name)} 说明"
                others = tuple(staff for staff in everybody if staff != me)
                found.append(Remark(first_id + len(found), key, text, me, others))
        return found

    def stars(self, facts: Mapping[Key, Fact], first_id: int) -> list[Star]:
        """Everybody keeps some records at hand, also of those they see no longer."""
        found: list[Star] = []
        for name in PEOPLE:
            for key in facts:
                if self.company.types[key[0]].menu and chance(6, self.world, "star", name, *key) == 0:
                    found.append(Star(first_id + len(found), key, name))
        return found

    def views(self) -> list[View]:
        """One of each person, all of the same list."""
        record = next(t.key for t in self.company.kinds if t.menu)
        return [View(at, record, name, token(self.world, "view", name)) for at, name in enumerate(PEOPLE, 1)]
