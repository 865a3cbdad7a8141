"""What people and programs are shown of a plugin."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from dougong.errors import Invalid
from dougong.i18n import catalogue
from dougong.plugin.contributions import Tab
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType
from dougong.testing.app import Company
from dougong.testing.contract.declarations import texts_of
from dougong.testing.contract.ground import Ground, coming_in, reader, together
from dougong.web.pages.records import tab_key

__all__ = ["Pages"]

LIST_STATEMENTS = 6
RECORD_STATEMENTS = 12
MARKUP = "<i onclick=a>样本</i>"


class Pages(Ground):
    @together
    async def test_its_lists_and_forms_open_as_pages_and_in_the_api(self, company: Company) -> None:
        async with company.program("admin") as client:
            for record in self.declared.records:
                listed = await client.get(f"/api/v1/{record.path}")
                assert listed.status_code == 200, listed.text
                assert set(listed.json()) == {"items", "next", "total", "total_exact"}
                for page in await self.pages_of(record, company):
                    assert (await client.get(page)).status_code == 200, page

    @together
    async def test_lists_and_records_are_shown_with_few_statements(self, company: Company) -> None:
        """However many rows: six for a list, twelve for a record."""
        async with coming_in(company, reader(company.world)) as client:
            for record in self.declared.records:
                async with company.world.acting("admin"):
                    made, *_others = [await self.made(record, company.world) for _each in range(3)]
                door = "" if record.menu else "/api/v1"
                for page, most in (
                    (f"{door}/{record.path}", LIST_STATEMENTS),
                    (f"{door}/{record.path}/{made.id}", RECORD_STATEMENTS),
                ):
                    assert (await client.get(page)).status_code == 200, page
                    with counted_statements(company) as asked:
                        await client.get(page)
                    assert len(asked) <= most, (page, asked)

    @together
    async def test_its_menu_entries_stand_in_the_sidebar_and_lead_somewhere(self, company: Company) -> None:
        async with company.program("admin") as client:
            sidebar = (await client.get("/")).text
            for menu in self.declared.menus:
                to = menu.to if isinstance(menu.to, str) else f"/{menu.to.path}"
                assert f'href="{to}"' in sidebar, to
                assert (await client.get(to)).status_code == 200, to

    @together
    async def test_the_palette_and_look_up_boxes_find_a_record_by_its_title(self, company: Company) -> None:
        async with company.program("admin") as client:
            for record in self.declared.records:
                async with company.world.acting("admin"):
                    made = await self.made(record, company.world)
                title = record.fields[record.title._meta.name]
                words = getattr(made, title.key) if title.kind in ("text", "long_text") else ""
                answer = await client.get(f"/lookup/{record.path}", params={"q": words})
                assert answer.status_code == 200, record
                offered = answer.json()
                assert not words or str(made.id) in {line["value"] for line in offered}, record
                assert offered, record
                if words and record.menu:
                    found = await client.get("/search", params={"q": words})
                    assert f'href="/{record.path}/{made.id}"' in found.text, record

    @together
    async def test_tabs_and_timelines_stand_on_the_page_they_point_to(self, company: Company) -> None:
        async with company.program("admin") as client:
            for extension in self.declared.extends:
                parent, child = current_snapshot().records[extension.parent], extension.record
                if not parent.menu:
                    continue
                async with company.world.acting("admin"):
                    above = await self.made(parent, company.world)
                    made = await self.made(child, company.world, **{extension.via._meta.name: above.id})
                page = f"/{parent.path}/{above.id}"
                if isinstance(extension, Tab):
                    shown = await client.get(page, params={"tab": tab_key(extension)})
                    assert f"/{child.path}/{made.id}" in shown.text, (parent, child)
                else:
                    words = str(getattr(made, extension.text._meta.name))
                    assert words in (await client.get(page)).text, (parent, child)

    # ------------------------------------------------------------------ for programs

    @together
    async def test_the_description_of_the_api_names_its_records_and_answers_keep_to_it(self, company: Company) -> None:
        async with company.program("admin") as client:
            told = (await client.get("/api/v1/openapi.json")).json()
            for record in self.declared.records:
                base = f"/api/v1/{record.path}"
                for path in described_paths(record):
                    assert f"{base}{path}" in told["paths"], path
                async with company.world.acting("admin"):
                    made = await self.made(record, company.world)
                answer = (await client.get(f"{base}/{made.id}")).json()
                properties = told["components"]["schemas"][schema_name(record)]["properties"]
                assert answer.keys() == properties.keys(), record
                wrong = {k: v for k, v in answer.items() if not is_of_type(v, properties[k]["type"])}
                assert not wrong, record
            for route in self.declared.routes:
                for path in route.paths:
                    if path.startswith("/api/"):
                        assert re.sub(r":\w+}", "}", path) in told["paths"], path

    # ------------------------------------------------------------------ for people

    @together
    async def test_its_pages_hold_no_code_of_their_own(self, company: Company) -> None:
        """The browser is told to run none; and what people write is shown as text, never as markup."""
        async with company.program("admin") as client:
            for record in self.declared.records:
                for page in [
                    *await self.pages_of(record, company),
                    *await self.pages_with_markup(record, company),
                    "/",
                ]:
                    assert (await reading(client, page)).code == [], page

    @together
    async def test_its_pages_speak_one_language(self, company: Company) -> None:
        """Words of the other language's catalogue on a page: a text was looked up too early, or not at all."""
        async with company.program("admin") as client:
            for locale, strange in foreign_words(self.declared).items():
                client.headers["Accept-Language"] = locale
                for record in self.declared.records:
                    for page in [*await self.pages_of(record, company), "/"]:
                        assert not strange & (await reading(client, page)).words, (locale, page)

    async def pages_of(self, record: RecordType, company: Company) -> list[str]:
        """A list, a form, a record and its form; none of a record type without pages."""
        if not record.menu:
            return []
        async with company.world.acting("admin"):
            made = await self.made(record, company.world)
        one = f"/{record.path}/{made.id}"
        return [f"/{record.path}", f"/{record.path}/new", one, f"{one}/edit", f"{one}/remove"]

    async def pages_with_markup(self, record: RecordType, company: Company) -> list[str]:
        """Where text that looks like markup is shown; none where the plugin doesn't take such text."""
        texts = {k: MARKUP for k, f in record.entered.items() if f.kind == "text" and (f.length or 99) >= len(MARKUP)}
        async with company.world.acting("admin", door="import"):
            with suppress(Invalid):
                made = await self.made(record, company.world, **texts)
                return [f"/{record.path}", f"/{record.path}/{made.id}"] if record.menu else []
        return []


def described_paths(record: RecordType) -> list[str]:
    paths = ["", "/{id}", *(f"/{{id}}/{action.key}" for action in record.actions)]
    return [*paths, "/{id}/moves"] if record.lifecycle else paths


_TYPES: Mapping[str, Any] = {"string": str, "integer": int, "boolean": bool, "array": list, "null": type(None)}


def is_of_type(value: Any, names: list[str]) -> bool:
    return type(value) in {_TYPES[name] for name in names}


def foreign_words(plugin: Any) -> dict[str, set[str]]:
    """By language: how its texts read in the other one, where that is different."""
    texts = {(text.domain, text.msgid) for text in texts_of(plugin) if text.domain != "dougong" and not text.values}
    found: dict[str, set[str]] = {"zh-CN": set(), "en": set()}
    for domain, msgid in texts:
        chinese = catalogue(domain, "zh_CN").get(msgid, msgid)
        if chinese != msgid:
            found["zh-CN"].add(msgid)
            found["en"].add(chinese)
    return found


def schema_name(record: RecordType) -> str:
    return "".join(part.capitalize() for part in record.key.split("_"))


async def reading(client: httpx.AsyncClient, page: str) -> Reading:
    answer = await client.get(page)
    assert answer.status_code == 200, page
    return Reading(answer.text)


class Reading(HTMLParser):
    """What a page says, and whatever in it a browser would run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: set[str] = set()
        self.code: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.words |= {given[name] for name in ("title", "aria-label", "placeholder", "alt") if name in given}
        wrong = [name for name in given if name == "style" or re.fullmatch(r"on\w+", name)]
        wrong += [value for value in given.values() if value.strip().lower().startswith("javascript:")]
        if wrong or tag == "style" or (tag == "script" and "src" not in given and "json" not in given.get("type", "")):
            self.code.append(self.get_starttag_text() or tag)

    def handle_data(self, data: str) -> None:
        self.words.add(data.strip())


@contextmanager
def counted_statements(company: Company) -> Iterator[list[str]]:
    """The statements that the database is asked inside."""
    engine = type(company.world.house.engine)
    run, asked = engine.run, list[str]()

    async def counted(self: Any, admission: Any) -> Any:
        asked.append(str(admission.sql))
        return await run(self, admission)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "run", counted)
        yield asked
