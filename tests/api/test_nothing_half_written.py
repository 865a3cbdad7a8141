"""An answer that is not 2xx leaves everything as it was: every table and the change log, down to the last value.

The operations come from the description of the API, so a new plugin's are tested without a line here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from dougong.plugin.snapshot import current_snapshot
from dougong.records import change_log
from dougong.testing.app import Company
from dougong.testing.digests import table_digests

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

# they note by themselves when somebody last came by
NOT_BUSINESS = ("people_session", "people_token")
WRITING = ("post", "put", "patch", "delete")
UNKNOWN_ID = 999_999_999
Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    versioned: bool = False
    """Whether it is based on the version of a record."""
    takes_files: bool = False
    """Whether it takes a file, which is sent as no body of these tests is."""

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


@dataclass(frozen=True)
class Sent:
    """One request. `what` says what is wrong with it."""

    what: str
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes = b""


async def test_nothing_changes_unless_the_answer_says_so(company: Company, rounds: Callable[..., int]):
    """Each broken request comes from one of three in turn, with `--deep` from each of them."""
    async with company.program("admin") as admin, company.program("wangfang") as wangfang, company.anybody() as nobody:
        people = (("admin", admin), ("wangfang", wangfang), ("nobody", nobody))
        each = rounds(1, deep=len(people))
        operations = await operations_of(admin)
        assert len(operations) > 20, "the description is empty"
        before = await everything()
        for operation in operations:
            ready = await aimed(admin, operation)
            accepted: list[str] = []
            for number, bad in enumerate(broken(ready)):
                for who, http in (people[(number + more) % len(people)] for more in range(each)):
                    answer = await send(http, bad)
                    if answer.is_success and operation.method != "get":
                        accepted.append(f"{operation}: {bad.what}, as {who}: {answer.status_code}")
                    assert answer.status_code < 500, f"{operation}: {bad.what}, as {who}: {answer.text}"
            assert not accepted, "\n".join(accepted)
            assert changed(before, await everything()) == [], f"{operation} changed something and said it did not"


@pytest.mark.parametrize("who", ["zhaomin", "wangfang"])
async def test_nothing_changes_when_somebody_may_not(who: str, company: Company):
    async with company.program("admin") as admin, company.program(who) as http:
        before = await everything()
        for operation in await operations_of(admin):
            if operation.method != "get" and not is_everybodys(operation):
                good = as_sent(await aimed(admin, operation, out_of_reach_of=http))
                answer = await send(http, good)
                told = f"{operation}: {answer.status_code} {answer.text}"
                # what is done to many at once is done to none of them
                is_none = answer.status_code == 200 and answer.json().get("changed") == []
                refused = (400, 403, 404, 409, 415) if operation.takes_files else (400, 403, 404, 409)
                assert answer.status_code in refused or is_none, told
                assert changed(before, await everything()) == [], operation


def is_everybodys(operation: Operation) -> bool:
    """To sign out elsewhere, how one has a list, and what one marks of records everybody sees, is everybody's own affair."""
    parts = operation.path.strip("/").split("/")
    record_type = current_snapshot().by_path.get(parts[2])
    if record_type is not None and parts[-1] == "favourite":
        return record_type.scope.has("everyone")
    return str(operation) == "DELETE /api/v1/sessions" or (record_type is not None and parts[-1] == "views")


async def test_nothing_changes_when_a_cookie_comes_without_its_token(company: Company):
    async with company.program("admin") as admin, company.browser("admin") as browser:
        del browser.headers["X-CSRF-Token"]
        before = await everything()
        for operation in await operations_of(admin):
            if operation.method != "get":
                good = as_sent(await aimed(admin, operation))
                assert (await send(browser, good)).status_code == 403, operation
                assert changed(before, await everything()) == [], operation


async def test_a_write_whose_log_fails_is_taken_back(company: Company, monkeypatch: pytest.MonkeyPatch):
    async def fail(*_: Any) -> None:
        raise RuntimeError("the log is full")

    async with company.program("admin") as admin:
        refused, before = 0, await everything()
        for operation in await operations_of(admin):
            if operation.method == "get" or operation.path.startswith("/api/v1/plugins"):
                continue
            ready = as_sent(await aimed(admin, operation))
            with monkeypatch.context() as patched:
                patched.setattr(change_log, "append", fail)
                answer = await send(admin, ready)
            if answer.is_success:  # core's own settings have no log
                before = await everything()
            refused += answer.status_code == 500
            assert changed(before, await everything()) == [], operation
        assert refused >= 10, "hardly any write reached its log: the requests are not good ones"


async def test_the_requests_are_good_but_for_what_is_broken(company: Company):
    async with company.program("admin") as admin:
        for operation in await operations_of(admin):
            _api, _version, collection, *rest = operation.path.strip("/").split("/")
            if collection in current_snapshot().by_path and (operation.method, rest) in PLAIN:
                before = await everything()
                ready = await aimed(admin, operation)
                other = {k: NEW_WORDS[operation.method] if v == "12345" else v for k, v in (ready.body or {}).items()}
                answer = await send(admin, as_sent(ready, body=other))
                assert answer.is_success, f"{operation}: {answer.text}"
                assert changed(before, await everything()), operation


PLAIN = [("post", []), ("patch", ["{id}"])]
NEW_WORDS = {"post": "54321", "patch": "67890"}


# ---------------------------------------------------------------------- what there is


async def operations_of(admin: httpx.AsyncClient) -> list[Operation]:
    told = (await admin.get("/api/v1/openapi.json")).json()
    found = []
    for path, verbs in told["paths"].items():
        for method, said in verbs.items():
            body = None
            accepted = said.get("requestBody", {}).get("content", {}).get("application/json")
            if accepted is not None:  # files are sent otherwise: tests/api/test_attachments.py
                body = made_of(resolved(accepted["schema"], told), told)
            parameters = {parameter["name"]: parameter for parameter in said.get("parameters", ())}
            sent = said.get("requestBody", {}).get("content", {})
            files = bool(sent) and "application/json" not in sent
            found += [
                Operation(method, one, body, versioned="If-Match" in parameters, takes_files=files)
                for one in of_types(path, parameters)
            ]
    return found


def of_types(path: str, parameters: Json) -> Sequence[str]:
    """What is described once for records of every type is asked for one of the house's own and one of a plugin's."""
    known = parameters.get("collection", {}).get("schema", {}).get("enum")
    if known is None:
        return [path]
    return [path.replace("{collection}", one) for one in sorted({"customers", known[0]} & set(known))]


def resolved(schema: Json, told: Json) -> Json:
    if "$ref" in schema:
        return told["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def made_of(schema: Json, told: Json) -> Json:
    """A body that is accepted, with every property; references go to the first records."""
    body = {
        key: a_value(resolved(said, told), told)
        for key, said in schema.get("properties", {}).items()
        if key not in LEFT_OUT
    }
    references = [key for key, value in body.items() if value == 1 and not isinstance(value, bool)]
    return body | {key: place for place, key in enumerate(references, 1)}


LEFT_OUT = ("parent", "head", "state")
"""Good values for these depend on the record: a department can't report to itself, a state follows a life cycle."""


def a_value(schema: Json, told: Json) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    said = schema.get("type", "object")
    kind = said if isinstance(said, str) else said[0]
    made: Mapping[str, Callable[[], Any]] = {
        "string": lambda: "12.50" if "pattern" in schema else WORDS.get(schema.get("format", ""), "12345"),
        "integer": lambda: max(1, schema.get("minimum", 1)),
        "boolean": lambda: True,
        "array": lambda: [a_value(resolved(schema["items"], told), told)] if "items" in schema else [],
        "object": lambda: made_of(schema, told),
    }
    return made[kind]()


WORDS = {"date": "2026-03-04", "date-time": "2026-03-04T05:06:07Z", "email": "a@b.example", "uri": "https://b.example"}


async def aimed(
    admin: httpx.AsyncClient, operation: Operation, *, out_of_reach_of: httpx.AsyncClient | None = None
) -> Operation:
    """At a record that exists, in its version; at one that the other person can't see, if there is one."""
    path, headers = "", {}
    for part in operation.path.strip("/").split("/"):
        if part == "{id}":
            chosen = await a_record(admin, path, out_of_reach_of)
            if operation.versioned:
                headers = {"If-Match": str((await admin.get(f"{path}/{chosen}")).json().get("version", 1))}
            path += f"/{chosen}"
        elif part.startswith("{"):
            there = (await admin.get(path)).json().get("items") or [{}]
            path += f"/{there[-1].get(part[1:-1], there[-1].get('path', 'nothing'))}"
        else:
            path += f"/{part}"
    body = dict(operation.body) if operation.body is not None else None
    if body is not None and out_of_reach_of:
        body = {k: unknown(v) for k, v in body.items()}
    return replace(operation, path=path, headers=headers, body=body)


def unknown(value: Any) -> Any:
    """Ids lead nowhere; all else as it is."""
    if isinstance(value, list):
        return [unknown(one) for one in value]
    return UNKNOWN_ID if isinstance(value, int) and not isinstance(value, bool) else value


async def a_record(admin: httpx.AsyncClient, path: str, out_of_reach_of: httpx.AsyncClient | None) -> int:
    seen = await ids_of(out_of_reach_of, path) if out_of_reach_of else []
    all_of_them = await ids_of(admin, path)
    return next((i for i in all_of_them if i not in seen), all_of_them[0] if all_of_them else UNKNOWN_ID)


async def ids_of(http: httpx.AsyncClient, path: str) -> list[int]:
    answer = await http.get(path, params={"fields": "id", "limit": 500, "sort": "id"})
    return [item["id"] for item in answer.json()["items"]] if answer.status_code == 200 else []


# ---------------------------------------------------------------------- what goes wrong


def as_sent(operation: Operation, what: str = "nothing", body: Any = ..., **headers: str) -> Sent:
    chosen = operation.body if body is ... else body
    content = chosen if isinstance(chosen, bytes) else json.dumps(chosen).encode() if chosen is not None else b""
    told = {"Content-Type": "application/json", **operation.headers, **headers}
    return Sent(what, operation.method, operation.path, told, content)


def broken(operation: Operation) -> Iterator[Sent]:
    if operation.body is not None:
        yield from broken_bodies(operation)
        yield from broken_values(operation)
    if "If-Match" in operation.headers:
        yield from broken_versions(operation)
    if operation.method == "get":
        yield replace(
            as_sent(operation), what="nonsense in the address", url=f"{operation.path}?filter=[&sort=%00&limit=x"
        )
    yield replace(as_sent(operation), what="no such method", method="trace")
    yield replace(as_sent(operation), what="no such address", url=f"{operation.path}/nowhere/at/all")
    for wrong in (UNKNOWN_ID, "0", "-1", "x", "1" * 5000, "1e3", "%00"):
        parts = [str(wrong) if part.isdecimal() else part for part in operation.path.split("/")]
        if "/".join(parts) != operation.path:
            yield replace(as_sent(operation), what=f"no such id: {str(wrong)[:10]}", url="/".join(parts))


def broken_bodies(operation: Operation) -> Iterator[Sent]:
    good = json.dumps(operation.body).encode()
    for what, body in {
        "half a body": good[:-1],
        "two bodies": good + good,
        "a list": b"[" + good + b"]",
        "a text": b'"text"',
        "a number": b"1",
        "no UTF-8": good[:-1] + b', "x\xff": 1}',
        "half a character": good[:-1] + b', "x": "\\ud800"}',
        "no number": good[:-1] + b', "x": NaN}',
        "nested without end": b'{"name":' + b"[" * 100_000,
        "too large": json.dumps({**(operation.body or {}), "remark": "长" * 1_000_000}, ensure_ascii=False).encode(),
    }.items():
        yield as_sent(operation, what, body)
    for kind in (
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        yield as_sent(operation, f"content type {kind}", **{"Content-Type": kind})


def broken_values(operation: Operation) -> Iterator[Sent]:
    body = operation.body or {}
    yield as_sent(operation, "an unknown field", {**body, "no_such_field": 1})
    yield as_sent(operation, "a field of the system's", {**body, "version": 7, "id": 1})
    for key, value in body.items():
        for wrong in ([], [1], {}, {"a": 1}, "x\x00y", 10**30):
            if not (isinstance(value, list) and isinstance(wrong, list)):
                yield as_sent(operation, f"{key} is {wrong!r}", {**body, key: wrong})
        if isinstance(value, int) and not isinstance(value, bool):
            yield as_sent(operation, f"{key} is out of range", {**body, key: -(10**19)})


def broken_versions(operation: Operation) -> Iterator[Sent]:
    for version in ("0", "999999", "x", "", "-1", '"', "*", "1, 2"):
        yield as_sent(operation, f"version {version!r}", **{"If-Match": version})
    if operation.method == "patch":
        without = replace(operation, headers={})
        yield as_sent(without, "no version")


async def send(http: httpx.AsyncClient, request: Sent) -> httpx.Response:
    return await http.request(
        request.method.upper(), request.url, headers=dict(request.headers), content=request.content
    )


# ---------------------------------------------------------------------- everything


async def everything() -> Mapping[str, str]:
    return await table_digests(*NOT_BUSINESS)


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [name for name in before if before[name] != after[name]]
