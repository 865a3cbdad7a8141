"""Two worlds: a company in a database, and for each person a copy that differs only in what that person may not see."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from piccolo.querystring import QueryString

from dougong.access.levels import grant_of
from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import assign_roles, create_role, set_grants
from dougong.access.services.groups import create_group, set_group_members, set_group_roles
from dougong.access.services.roles import set_fields, set_rights
from dougong.access.tables import Role
from dougong.access.tables import Share as ShareRow
from dougong.access.version import rights_changed
from dougong.config import read_config
from dougong.db import engine, fetch, transaction
from dougong.errors import Problem
from dougong.files.store import current_store
from dougong.house import House, open_house
from dougong.imports.mapping import Column, FieldMapping, Step
from dougong.imports.services import dump_problems
from dougong.imports.sheets import Format
from dougong.imports.steps import FAILED
from dougong.imports.tables import ImportNote, ImportRun
from dougong.jobs.schedules import ask_for_due
from dougong.jobs.tables import JobRow
from dougong.people.records import staff as staff_type
from dougong.people.services import account_named, add_account
from dougong.people.tables import Department, Staff
from dougong.plugin.snapshot import current_snapshot, pinned, served_snapshot
from dougong.records import search_index
from dougong.records.attachments import Attachment
from dougong.records.change_log import as_json
from dougong.records.comments import Comment
from dougong.records.favourites import Favourite
from dougong.records.gate import cleared, physical
from dougong.records.layouts import ListLayout
from dougong.records.mentions import Mention
from dougong.records.pinyin import initials, sort_key
from dougong.records.shapes import Layout, Place
from dougong.records.views import KeptView
from dougong.sample import PEOPLE as STAFF
from dougong.shaping.fields import add_field
from dougong.shaping.templates import save_template
from dougong.testing.app import Company as Office
from dougong.testing.fixtures import run_on
from dougong.testing.world import World, open_world
from dougong.web.app import build_app, servable_plugins
from dougong.web.visitors import COOKIE

from .company import (
    PEOPLE,
    RIGHTS_OF_KEEPERS,
    Clerk,
    Company,
    Entry,
    Fact,
    Key,
    Person,
    Remark,
    Star,
    chance,
    held_content,
    token,
)

__all__ = ["Door", "Founded", "differing", "founded", "opened"]

_WHY = "set up two worlds"
MUCH = 500_000_000
"""In the currency itself: about half of the cargo is worth more."""


@dataclass(frozen=True)
class Founded:
    """A company that stands in a database, with the keys of its people's doors."""

    url: str
    directory: Path
    company: Company
    tokens: Mapping[str, str]
    cookies: Mapping[str, tuple[str, str]]
    """Session cookie and form token of each person."""
    users: Mapping[str, int]


@dataclass(frozen=True)
class Door:
    """An open house, and one person who asks it over HTTP without a network."""

    house: House
    app: Any
    client: httpx.AsyncClient
    founded: Founded
    person: Person
    company: Company
    """What stands in this house's database."""


# ---------------------------------------------------------------------- the first world


async def founded(url: str, directory: Path, plugins: Sequence[str], *, rows: int, seed: str) -> Founded:
    """The sample company's people with roles of their own and a field the company added, and so many records of each type."""
    async with open_world(url, directory, plugins) as world:
        async with world.acting("admin"):
            await add_field(staff_type, "Hobby", "text")
            await shape_cargo()
        company = await read_company(world)
        with acting_as(system(_WHY)):
            await give_roles(company)
            company = Clerk(company, seed).filled(rows)
            async with transaction():
                for fact in company.facts.values():
                    await insert(company, fact)
                await put_shares(company)
                await put_papers(company)
                await put_remarks(company)
                await put_stars(company)
                await put_views(company)
                await count_on(company)
            for name in PEOPLE:
                await put_job(name)
            await put_imports(company)
            await ask_for_due()
        users, tokens, cookies = await let_in(world)
    return Founded(url, directory, company, tokens, cookies, users)


async def shape_cargo() -> None:
    """Cargo gets a field for a file, and one that is asked for where it is worth much: by a field not everybody sees."""
    cargo = current_snapshot().records.get("cargo")
    if cargo is None:
        return
    await add_field(cargo, "Waybill", "file")
    asked = await add_field(cargo, "Insurer", "text")
    with pinned(served_snapshot()):
        layout = cargo.shape.layout("")
        groups = (
            replace(g, places=tuple(_asked(p) if p.key == asked.key else p for p in g.places)) for g in layout.groups
        )
        await save_template(cargo, "", Layout(tuple(groups)), version=0)


def _asked(place: Place) -> Place:
    return replace(place, required=True, when=f"worth > {MUCH}")


async def read_company(world: World) -> Company:
    with acting_as(system(_WHY)):
        staff = await Staff.select(Staff.id, Staff.department)
        departments = await Department.select(Department.id, Department.parent, Department.head, Department.code)
    heads: dict[int, tuple[int, ...]] = {}
    for row in departments:
        heads[row["head"]] = (*heads.get(row["head"], ()), row["id"])
    return Company(
        types=dict(current_snapshot().records),
        staff=world.staff,
        home={row["id"]: row["department"] for row in staff},
        above={row["id"]: row["parent"] for row in departments},
        heads=heads,
        codes={row["code"]: row["id"] for row in departments},
    )


async def give_roles(company: Company) -> None:
    """One role for each person, and nothing for everybody."""
    everybody = await Role.select(Role.id).where(Role.key == "staff").first()
    if everybody:
        await set_grants(everybody["id"], {}, list(company.types))
    for person in PEOPLE.values():
        role = await create_role(f"role of {person.name}")
        await set_grants(role, grants_for(company, person))
        await set_fields(role, company.held_back(person))
        await set_rights(role, person.rights)
        if await account_named(person.name) is None:
            staff = await Staff.objects().where(Staff.id == company.staff[person.name]).first()
            await add_account(person.name, staff=staff)
        account = await account_named(person.name)
        assert account is not None
        await assign_roles(account.user, () if person.by_group else [role])
        if person.by_group:
            group = await create_group(f"group of {person.name}")
            await set_group_roles(group, [role])
            await set_group_members(group, [account.user])


def grants_for(company: Company, person: Person) -> dict[tuple[str, str], Grant]:
    """What may be read reaches as far as the level says; what may be changed is one's own where that is wider."""
    grants: dict[tuple[str, str], Grant] = {}
    reading = grant_of(person.level, [company.codes[code] for code in person.chosen])
    writing = reading if person.level in ("none", "own", "shared", "below") else grant_of("own")
    for record_type in company.kinds:
        if record_type.scope.has("role"):
            grants |= {(record_type.key, action): writing for action in record_type.actions_allowed}
            grants[record_type.key, "read"] = reading
        elif person.narrowed and record_type.owned:
            grants[record_type.key, "read"] = grant_of(person.narrowed)
    return grants


async def let_in(world: World) -> tuple[dict[str, int], dict[str, str], dict[str, tuple[str, str]]]:
    """A token and a session for each person."""
    users, tokens, cookies = dict(world.users), {}, {}
    with acting_as(system(_WHY)):
        for name in PEOPLE:
            account = await account_named(name)
            assert account is not None
            users[name] = account.user
    app: Any = build_app(world.house.config, house=world.house)
    app.app.state.house = world.house
    doors = Office(replace(world, users=users), app)
    for name in PEOPLE:
        async with doors.program(name) as client:
            tokens[name] = client.headers["Authorization"]
        async with doors.browser(name) as client:
            cookies[name] = (client.cookies[COOKIE], client.headers["X-CSRF-Token"])
    return {name: users[name] for name in PEOPLE}, tokens, cookies


# ---------------------------------------------------------------------- into the database, past the desk


async def insert(company: Company, fact: Fact) -> None:
    await _run(*_row_of(company, fact, "INSERT"))
    await _can_be_found(company, fact)
    for entry in fact.entries:
        await log(fact.key, entry)


async def rewrite(company: Company, fact: Fact) -> None:
    """The record and its history as they now shall be."""
    await _run(*_row_of(company, fact, "UPDATE"))
    await _can_be_found(company, fact)
    await forget_history(fact.key)
    for entry in fact.entries:
        await log(fact.key, entry)


async def _can_be_found(company: Company, fact: Fact) -> None:
    """In the search index too, as if the desk had written it."""
    with acting_as(system(_WHY)):
        await search_index.keep(company.types[fact.key[0]], [fact.key[1]])


async def erase(key: Key) -> None:
    await forget_history(key)
    await _run(f'DELETE FROM {physical(engine(), key[0])} WHERE "id" = {{}}', key[1])


async def forget_history(key: Key) -> None:
    log_table = physical(engine(), "change_log")
    await _run(f"DELETE FROM {log_table} WHERE record = {{}} AND record_id = {{}}", *key)


def _row_of(company: Company, fact: Fact, verb: str) -> tuple[Any, ...]:
    record_type = company.types[fact.key[0]]
    title = str(fact.values[record_type.title._meta.name] or "")
    values = {**fact.values, "title_key": sort_key(title), "title_initials": initials(title)}
    columns = {c._meta.name: c._meta.db_column_name for c in record_type.table._meta.columns}
    named = {columns[key]: value for key, value in values.items()}
    table = physical(engine(), record_type.key)
    if verb == "INSERT":
        names, places = ", ".join(f'"{n}"' for n in named), ", ".join("{}" for _ in named)
        return (f"INSERT INTO {table} ({names}) VALUES ({places})", *named.values())
    sets = ", ".join(f'"{n}" = {{}}' for n in named)
    return (f'UPDATE {table} SET {sets} WHERE "id" = {{}}', *named.values(), fact.key[1])


async def log(key: Key, entry: Entry) -> None:
    after = {**entry.after, **({"why": entry.why} if entry.why else {})}
    values = (entry.id, entry.at, 0, entry.staff, entry.reason, "form", f"{entry.id:032}", *key, entry.verb)
    columns = "id, at, by_user, staff, reason, door, batch, record, record_id, verb, before, after"
    places = ", ".join("{}" for _ in range(12))
    sql = f"INSERT INTO {physical(engine(), 'change_log')} ({columns}) VALUES ({places})"
    await _run(sql, *values, as_json(entry.before), as_json(after))


async def put_shares(company: Company) -> None:
    await rights_changed()
    await ShareRow.delete(force=True)
    rows = [
        ShareRow(
            id=s.id,
            record=s.of[0],
            record_id=s.of[1],
            staff=s.staff,
            department=s.department,
            level=s.level,
            until=s.until,
        )
        for s in company.shares
    ]
    if rows:
        await ShareRow.insert(*rows)


async def put_papers(company: Company) -> None:
    await Attachment.delete(force=True)
    at = dt.datetime(2012, 1, 1, tzinfo=dt.UTC)
    for paper in company.papers:
        async with current_store().receive(_said(paper.content), len(paper.content)) as draft:
            await draft.keep()
        row = Attachment(
            id=paper.id,
            record=paper.of[0],
            record_id=paper.of[1],
            name=paper.name,
            size=len(paper.content),
            media_type="application/pdf",
            digest=hashlib.sha256(paper.content).hexdigest(),
            at=at,
            staff=paper.staff,
            removed=dt.datetime.now(dt.UTC) if paper.removed else None,
        )
        await Attachment.insert(row)
    for fact in company.facts.values():
        for key, column in company.types[fact.key[0]].fields.items():
            if column.kind == "file" and fact.values.get(key):
                await put_held(fact, key, json.loads(fact.values[key]), at)


async def put_held(fact: Fact, key: str, told: Mapping[str, Any], at: dt.datetime) -> None:
    """The file in a field of a record."""
    content = held_content(told["name"])
    async with current_store().receive(_said(content), len(content)) as draft:
        await draft.keep()
    row = Attachment(id=told["id"], record=fact.key[0], record_id=fact.key[1], name=told["name"], field=key, at=at)
    row.size, row.media_type, row.digest = len(content), told["media_type"], hashlib.sha256(content).hexdigest()
    await Attachment.insert(row)


async def put_remarks(company: Company) -> None:
    await Mention.delete(force=True)
    await Comment.delete(force=True)
    for remark in company.remarks:
        row = Comment(
            id=remark.id,
            record=remark.of[0],
            record_id=remark.of[1],
            text=remark.text,
            at=dt.datetime(2012, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=remark.id),
            staff=remark.staff,
            removed=dt.datetime.now(dt.UTC) if remark.removed else None,
        )
        await Comment.insert(row)
        if remark.mentions:
            await Mention.insert(*(Mention(id=m, comment=row.id, staff=s) for m, s in remark.mentions.items()))


async def put_views(company: Company) -> None:
    await KeptView.delete(force=True)
    users = await accounts()
    for view in company.views:
        row = KeptView(id=view.id, user=users[view.name], record=view.record, name=view.word, q=view.word)
        await KeptView.insert(row)


async def accounts() -> dict[str, int]:
    known = {name: await account_named(name) for name in PEOPLE}
    return {name: account.user for name, account in known.items() if account is not None}


async def put_stars(company: Company) -> None:
    await Favourite.delete(force=True)
    users = await accounts()
    at = dt.datetime(2012, 1, 1, tzinfo=dt.UTC)
    for star in company.stars:
        row = Favourite(id=star.id, user=users[star.name], record=star.of[0], record_id=star.of[1], at=at)
        await Favourite.insert(row)


async def _said(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def count_on(company: Company) -> None:
    """PostgreSQL counts ids by itself: go on behind ours."""
    if engine().engine_type != "postgres":
        return
    beside = (
        "change_log",
        "access_share",
        "attachment",
        "record_comment",
        "record_mention",
        "favourite",
        "core_list_view",
    )
    for name in [*(t.key for t in company.kinds), *beside]:
        sql = f"SELECT setval(pg_get_serial_sequence('dg.\"{name}\"', 'id'), 900000)"
        with cleared("ddl"):
            await engine().run_ddl(sql)


async def _run(sql: str, *values: Any) -> None:
    with cleared("desk"):
        await fetch(QueryString(sql, *values))


# ---------------------------------------------------------------------- the other world


def differing(company: Company, person: Person, seed: str) -> Company:
    """The company with everything else that this person may not see: records that are not there or are others, other
    values in fields held back, another past, other shares. What the person sees is the same by the rules.
    """
    seen = company.seen_by(person)
    clerk = Clerk(company, f"{seed} as {person.name} doesn't see it")
    facts = dict(company.facts)
    for key, fact in company.facts.items():
        if key in seen:
            facts[key] = with_other_secrets(clerk, fact, person)
        else:
            facts[key] = other_record(clerk, fact)
    other = replace(company, facts=facts)
    other = _settled(other, company, person, seen)
    other = _with_more(_with_fewer(other, seen), person, seen, clerk)
    other = replace(other, shares=_other_shares(other, clerk, person, seen))
    unseen = {key: fact for key, fact in other.facts.items() if key not in seen}
    kept = [paper for paper in company.papers if paper.of in seen]
    other = replace(other, papers=[*kept, *clerk.papers(unseen, 40_001)])
    other = replace(other, remarks=_other_remarks(company, clerk, person, unseen))
    other = replace(other, stars=_other_stars(company, clerk, person, unseen))
    others = {view.name: view for view in clerk.views()}
    other = replace(other, views=[v if v.name == person.name else others[v.name] for v in company.views])
    assert other.seen_by(person) == seen, "the other world shows the person something else: this test's own mistake"
    return other


PLACES = {"owner", "department", "state"}
"""What decides about the rights on a record shows in the buttons beside it, also where the field is held back."""


def with_other_secrets(clerk: Clerk, fact: Fact, person: Person) -> Fact:
    """A record the person sees, with other values where they are held back; also in what it held before."""
    record_type = clerk.company.types[fact.key[0]]
    fixed = PLACES | set(record_type.parents)
    keys = sorted(clerk.company.hides(person, fact) - fixed)
    past = sorted(clerk.company.ever_hides(person, record_type) - fixed)
    new = {k: clerk.value(record_type, fact.key[1], record_type.fields[k]) for k in keys}
    old = {k: clerk.value(record_type, fact.key[1], record_type.fields[k], "old") for k in past}
    if not past:
        return fact
    entries = [_other_entry(entry, {**old, **new}, old) for entry in fact.entries]
    entry = clerk.entry(fact, fact.entries[0].id + 3, "update", old, {k: new.get(k, fact.values[k]) for k in past})
    return replace(fact, values={**fact.values, **new}, entries=(*entries, entry))


def _other_entry(entry: Entry, new: Mapping[str, Any], old: Mapping[str, Any]) -> Entry:
    before = None if entry.before is None else {**entry.before, **{k: old[k] for k in entry.before if k in old}}
    return replace(entry, before=before, after={**entry.after, **{k: new[k] for k in entry.after if k in new}})


def other_record(clerk: Clerk, fact: Fact) -> Fact:
    """A record the person doesn't see, of which nothing but the id is the same."""
    other = clerk.fact(clerk.company.types[fact.key[0]], fact.key[1])
    return clerk.with_history(other, first_entry=fact.entries[0].id)


def _settled(other: Company, company: Company, person: Person, seen: set[Key]) -> Company:
    """What a record's new owner, department or parent would show to the person, or hide from them, stays as it was."""
    facts = dict(other.facts)
    for key, before in company.facts.items():
        now = replace(other, facts=facts)
        if now.seen_by(person) == seen:
            break
        record_type = company.types[key[0]]
        places = {k: before.values[k] for k in ("owner", "department", *record_type.parents) if k in before.values}
        facts[key] = replace(facts[key], values={**facts[key].values, **places})
    return replace(other, facts=facts)


def _with_fewer(company: Company, seen: set[Key]) -> Company:
    """Every third of the unseen records is not there, as far as nothing refers to it and none of its type is newer."""
    used = {
        (str(column.target._meta.tablename), fact.values[key])
        for fact in company.facts.values()
        for key, column in company.types[fact.key[0]].fields.items()
        if column.target is not None
    }
    newest = {(t.key, max((f.key[1] for f in company.of_type(t.key)), default=0)) for t in company.kinds}
    gone = [k for k in company.facts if k not in seen | used | newest and chance(3, "gone", *k) == 0]
    return replace(company, facts={k: f for k, f in company.facts.items() if k not in gone})


def _with_more(company: Company, person: Person, seen: set[Key], clerk: Clerk) -> Company:
    """Records of each type that the first world doesn't have, and the person may not see."""
    for record_type in company.kinds:
        for record_id in company.ids(record_type, 8, gap=True):
            made = replace(clerk, company=company)
            fact = made.with_history(made.fact(record_type, record_id), 50_001 + 4 * len(company.facts))
            grown = replace(company, facts={**company.facts, fact.key: fact})
            if grown.seen_by(person) == seen:
                company = grown
    return company


def _other_shares(company: Company, clerk: Clerk, person: Person, seen: set[Key]) -> list[Any]:
    """Shares of what the person sees stay; those of other records are with others, as far as that shows nothing."""
    kept = [share for share in company.shares if share.of in seen]
    facts = {key: fact for key, fact in company.facts.items() if key not in seen}
    for share in clerk.shares(facts, 40_001):
        grown = replace(company, shares=[*kept, share])
        if grown.seen_by(person) == seen:
            kept.append(share)
    return kept


def _other_remarks(company: Company, clerk: Clerk, person: Person, unseen: Mapping[Key, Fact]) -> list[Remark]:
    """What the person reads stays; what others took back said something else, and the unseen is talked about otherwise."""
    seen = company.seen_by(person)
    kept = [remark for remark in company.remarks if remark.of in seen]
    said = [r if company.reads(person, r) else replace(r, text=token("taken back", clerk.world, r.id)) for r in kept]
    return [*said, *clerk.remarks(unseen, 40_001)]


def _other_stars(company: Company, clerk: Clerk, person: Person, unseen: Mapping[Key, Fact]) -> list[Star]:
    """What the person keeps at hand and sees stays; what others keep, and what the person can't see, is something else."""
    seen = company.seen_by(person)
    kept = [star for star in company.stars if star.name == person.name and star.of in seen]
    other = clerk.stars({**{key: company.facts[key] for key in seen}, **unseen}, 40_001)
    return [*kept, *(star for star in other if star.name != person.name or star.of not in seen)]


async def turn_into(company: Company, other: Company, person: Person) -> None:
    """Rewrite the open database so that it holds the other company."""
    with acting_as(system(_WHY)):
        async with transaction():
            for key, fact in other.facts.items():
                if key not in company.facts:
                    await insert(other, fact)
                elif fact != company.facts[key]:
                    await rewrite(other, fact)
            for key in reversed(list(company.facts)):
                if key not in other.facts:
                    await erase(key)
            await put_shares(other)
            await put_papers(other)
            await put_remarks(other)
            await put_stars(other)
            await put_views(other)
            if other.facts != company.facts:
                await _among_themselves(person)


async def put_job(name: str, **number: int) -> None:
    """Something this person asked for, that nobody has begun."""
    account = await account_named(name)
    assert account is not None
    [(plugin, job), *_more] = current_snapshot().jobs
    now = dt.datetime.now(dt.UTC)
    await JobRow.insert(
        JobRow(plugin=plugin, name=job, by_user=account.user, by_staff=account.staff, due=now, created=now, **number)
    )


async def put_imports(company: Company) -> None:
    """A file of each person's own that speaks of every cargo there is, seen or not; nobody has brought it in."""
    content = sheet_of_cargoes(company)
    digest = hashlib.sha256(content).hexdigest()
    async with current_store().receive(_said(content), len(content)) as draft:
        await draft.keep()
    columns = [Column(heading="Name", field="name"), Column(heading="Cargo", field="cargo")]
    mapping = FieldMapping(steps=[Step(record="claims", columns=columns, match=["name"])])
    for name in PEOPLE:
        account = await account_named(name)
        assert account is not None
        row = ImportRun(
            record="claims",
            name=f"{name}.csv",
            digest=digest,
            size=len(content),
            lines=1,
            format=Format().model_dump_json(),
            mapping=mapping.model_dump_json(),
            by_user=account.user,
            by_staff=account.staff,
            created=dt.datetime(2012, 1, 1, tzinfo=dt.UTC),
        )
        [made] = await ImportRun.insert(row).returning(ImportRun.id)
        said = json.dumps(dump_problems([Problem("cargo", "Not found.", "nothing", "reference")]))
        await ImportNote.insert(ImportNote(run=made["id"], line=2, outcome=FAILED, said=said))


def sheet_of_cargoes(company: Company) -> bytes:
    """Names are the same in capitals; so written, they are nobody's secret that the file tells."""
    lines = [[f"claim {fact.key[1]}", str(fact.values["name"]).upper()] for fact in company.of_type("cargo")]
    text = io.StringIO()
    csv.writer(text).writerows([["Name", "Cargo"], *lines])
    return text.getvalue().encode()


async def _among_themselves(person: Person) -> None:
    """What others keep for themselves: their columns, and for who may not keep roles and accounts another of each."""
    for name in PEOPLE:
        account = await account_named(name)
        if name != person.name and account is not None:
            await ListLayout.insert(ListLayout(user=account.user, record="cargo", columns='["number"]'))
    if not set(person.rights) & set(RIGHTS_OF_KEEPERS):
        # a number of its own: those that are given out in turn tell how many were, of jobs as of records
        await put_job(next(name for name in PEOPLE if name != person.name), id=-1)
        role = await create_role(token("another role"))
        spare = next(member for member in STAFF if member.spelt == "fengyuan")
        staff = await Staff.objects().where(Staff.code == spare.code).first()
        await add_account(token("another account"), staff=staff, roles=[role])


# ---------------------------------------------------------------------- databases


@contextmanager
def copy_of(url: str, directory: Path) -> Iterator[str]:
    """A copy of a closed database, for a block."""
    name = f"copy_{secrets.token_hex(6)}"
    if url.startswith("sqlite:///"):
        file = directory / f"{name}.sqlite"
        shutil.copy(url.removeprefix("sqlite:///"), file)
        yield f"sqlite:///{file}"
        file.unlink()
        return
    server, _slash, source = url.rpartition("/")
    run_on(f"{server}/postgres", f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    try:
        yield f"{server}/{name}"
    finally:
        run_on(f"{server}/postgres", f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def opened(founded: Founded, name: str, *, other: str = "", unshared: bool = False) -> AsyncIterator[Door]:
    """A copy of the company with this person at its doors; with a word for `other` the world that differs by it.

    `unshared`: the person comes in once, then every share ends.
    """
    person, company = PEOPLE[name], founded.company
    with copy_of(founded.url, founded.directory) as url:
        config = read_config(founded.directory, database=url)
        house = await open_house(config, serving=False, installed=servable_plugins)
        try:
            app: Any = build_app(config, house=house)
            app.app.state.house = house
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://dougong.test") as client:
                client.headers["Accept-Encoding"] = "identity"
                if unshared:
                    await client.get("/api/v1/me", headers={"Authorization": founded.tokens[name]})
                    company = replace(company, shares=())
                there = differing(company, person, other) if other else company
                if there is not founded.company:
                    await turn_into(founded.company, there, person)
                yield Door(house, app, client, replace(founded, company=company), person, there)
        finally:
            await house.close()
