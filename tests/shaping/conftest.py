"""A company of the tests' own, whose administrator shapes its records."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from dougong.testing.app import Company


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("admin") as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wangfang(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("wangfang") as client:
        yield client
