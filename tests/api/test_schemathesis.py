"""The API answers as its description says, whatever it is asked: requests made up for every operation, two hundred
of them with `--deep`.

Three in four keep to the description, the others break it; every second one is about records that exist, in the version
they are at. The same requests go to both databases, half of them as an administrator, half as a salesperson.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dougong.builtin import core
from dougong.plugin.discovery import discover
from dougong.plugin.snapshot import Snapshot, current_snapshot
from dougong.testing.app import HOST, Reception, installed_plugins
from dougong.web.api.openapi import describe

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
pytestmark = pytest.mark.timeout(900)


@cache
def description() -> Mapping[str, Any]:
    """As an open house with every installed plugin gives it; read here without one, to name the tests by it."""
    installed = discover(core)
    on = [loaded.plugin for loaded in installed.working if loaded.plugin]
    routes = [route for plugin in on for route in plugin.routes]
    for plugin in on:
        for route in plugin.routes:
            route.opt["plugin"] = plugin.name
    return describe(Snapshot.of(0, [core, *on]), routes)


OPERATIONS = [f"{method.upper()} {path}" for path, verbs in description()["paths"].items() for method in verbs]


def test_the_description_of_an_open_house_has_these_operations(reception: Reception):
    told = reception.ask("admin", "GET", "/api/v1/openapi.json").json()
    assert {f"{m.upper()} {path}" for path, verbs in told["paths"].items() for m in verbs} == set(OPERATIONS)
    assert told["components"]["schemas"].keys() == description()["components"]["schemas"].keys()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_keeps_to_its_description(operation: str, reception: Reception, rounds: Callable[..., int]):
    cases = requests_of(operation, rounds(24, deep=200))
    broken: dict[str, str] = {}
    for case, answer in zip(cases, reception.wait(answers_to(cases, reception)), strict=True):
        try:
            case.validate_response(answer, checks=CHECKS)
        except schemathesis.errors.SchemathesisError as failure:
            broken.setdefault(str(failure)[:200], str(failure))
        except BaseExceptionGroup as failures:
            broken.setdefault(str(failures.exceptions[0])[:200], str(failures.message))
    switch_everything_on(reception)
    assert not broken, "\n\n".join(broken.values())


@cache
def requests_of(operation: str, count: int) -> Sequence[Case]:
    """Made up once; the same in every run."""
    method, path = operation.split(" ")
    schema = schemathesis.openapi.from_dict(dict(description()))
    asked = schema[path][method]
    made: list[Case] = []
    for mode, share in ((GenerationMode.POSITIVE, count * 3 // 4), (GenerationMode.NEGATIVE, count - count * 3 // 4)):

        @seed(20120)
        @settings(
            max_examples=share,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(asked.as_strategy(generation_mode=mode))
        def collect(case: Case) -> None:
            made.append(case)

        collect()
    return made


async def answers_to(cases: Sequence[Case], reception: Reception) -> Sequence[Response]:
    """One after the other, in the company's own loop: to cross from thread to thread for each would take longer than to
    answer."""
    records, answers = Records(reception.client("admin")), []
    for number, case in enumerate(cases):
        if number % 2:
            await records.aim(case)
        sent = prepared(case) if number % 2 else prepared_once(case)
        # two of four each, so that both ask for records that exist and for those that don't
        answers.append(await send(reception.client("admin" if number % 4 < 2 else "wangfang"), sent))
    return answers


class Records:
    """Turns made-up requests to records that exist: ids in addresses and bodies, the version they are based on."""

    def __init__(self, admin: httpx.AsyncClient) -> None:
        self.admin = admin
        self.dice = random.Random(20120)
        self.known: dict[str, Sequence[int]] = {}

    async def aim(self, case: Case) -> None:
        parts = case.operation.path.split("/")
        if "collection" in case.path_parameters:
            case.path_parameters["collection"] = self.dice.choice(self.types_of(case))
        collection = case.path_parameters["collection"] if parts[3:4] == ["{collection}"] else parts[3]
        if isinstance(case.body, dict):
            await self._aim_references(collection, case.body)
        if collection == "plugins" and "name" in case.path_parameters:
            case.path_parameters["name"] = self.dice.choice(installed_plugins())
        ids = await self.ids(collection) if "id" in case.path_parameters else ()
        if ids:
            case.path_parameters["id"] = self.dice.choice(ids)
            if "If-Match" in case.headers:
                await self._aim_version(case, f"/api/v1/{collection}/{case.path_parameters['id']}")
        if "number" in case.path_parameters and not await self.numbers("/api/v1/imports"):
            file = {"file": ("a.csv", "名称,城市\n听风茶社,杭州\n".encode())}
            await self.admin.post("/api/v1/customers/imports", files=file)
        for part in set(case.path_parameters) & {"comment", "attachment", "saved", "number"}:
            above = case.operation.path.partition(f"/{{{part}}}")[0].format(**case.path_parameters)
            case.path_parameters[part] = self.dice.choice(await self.numbers(above) or [1])

    def types_of(self, case: Case) -> Sequence[str]:
        """The record types that an operation described for several is about."""
        said = description()["paths"][case.operation.path][case.operation.method.lower()]
        [collection] = [one for one in said["parameters"] if one["name"] == "collection"]
        return collection["schema"].get("enum") or [one.path for one in current_snapshot().records.values()]

    async def numbers(self, address: str) -> Sequence[int]:
        """What a list of comments, files or views holds now."""
        answer = await self.admin.get(address)
        return [one["id"] for one in answer.json()["items"]] if answer.status_code == 200 else ()

    async def _aim_references(self, collection: str, body: dict[str, Any]) -> None:
        record_type = current_snapshot().by_path.get(collection)
        for key, field in record_type.fields.items() if record_type else ():
            target = current_snapshot().records.get(field.target._meta.tablename) if field.target else None
            if target and key in body and (ids := await self.ids(target.path)):
                body[key] = self.dice.choice(ids)

    async def _aim_version(self, case: Case, address: str) -> None:
        now = await self.admin.get(address)
        if now.status_code == 200:
            case.headers["If-Match"] = str(now.json()["version"])

    async def ids(self, collection: str) -> Sequence[int]:
        if collection not in self.known:
            answer = await self.admin.get(f"/api/v1/{collection}?fields=id&limit=100")
            self.known[collection] = [r["id"] for r in answer.json()["items"]] if answer.status_code == 200 else ()
        return self.known[collection]


def prepared(case: Case) -> requests.PreparedRequest:
    options = case.as_transport_kwargs(base_url=f"http://{HOST}")
    return requests.Request(**{k: v for k, v in options.items() if k in _REQUEST}).prepare()


def prepared_once(case: Case) -> requests.PreparedRequest:
    """For a request that goes to everybody and every database as it was made up."""
    if id(case) not in _prepared:
        _prepared[id(case)] = prepared(case)
    return _prepared[id(case)]


_prepared: dict[int, requests.PreparedRequest] = {}  # by identity: the cases are kept for as long
_REQUEST = ("method", "url", "headers", "params", "json", "data", "files", "cookies")


async def send(client: httpx.AsyncClient, sent: requests.PreparedRequest) -> Response:
    headers = [(name.encode("latin-1"), as_bytes(value)) for name, value in sent.headers.items()]
    asked = client.request(str(sent.method), str(sent.url), headers=headers, content=sent.body)
    answer = await asyncio.create_task(asked)  # a task of its own, as a server gives each request
    # as the checks take it: left to themselves they would prepare the request again, twice
    return Response(
        status_code=answer.status_code,
        headers={name: answer.headers.get_list(name) for name in answer.headers},
        content=answer.content,
        request=sent,
        elapsed=answer.elapsed.total_seconds(),
        verify=True,
        message=answer.reason_phrase,
        encoding=answer.encoding,
    )


def as_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def switch_everything_on(reception: Reception) -> None:
    for name in installed_plugins():
        reception.ask("admin", "PUT", f"/api/v1/plugins/{name}/state", json={"enabled": True, "cascade": True})
