"""Files of a record over the API: sent, listed, read back, taken off; refused where they must be."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from dougong.testing.app import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x03\x08\x02\x00\x00\x00" + bytes(20)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wangfang(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("wangfang") as client:
        yield client


async def customer_of(http: httpx.AsyncClient, name: str) -> str:
    made = await http.post("/api/v1/customers", json={"name": name})
    assert made.status_code == 201, made.text
    return f"/api/v1/customers/{made.json()['id']}/attachments"


async def send(http: httpx.AsyncClient, path: str, name: str, content: bytes) -> httpx.Response:
    return await http.post(path, files={"file": (name, content)})


async def test_a_file_is_sent_listed_and_read_back(wangfang: httpx.AsyncClient) -> None:
    path = await customer_of(wangfang, "附件一号有限公司")
    sent = await send(wangfang, path, "报价 2026.pdf", PDF)
    assert sent.status_code == 201, sent.text
    file = sent.json()
    assert sent.headers["change-batch"]
    assert (file["name"], file["size"], file["media_type"]) == ("报价 2026.pdf", len(PDF), "application/pdf")
    assert file["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (await wangfang.get(path)).json() == {"items": [file]}
    assert (await wangfang.get(sent.headers["location"])).json() == file
    read = await wangfang.get(f"{path}/{file['id']}/content")
    assert read.content == PDF
    assert read.headers["content-type"] == "application/pdf"
    assert read.headers["content-disposition"] == (
        "attachment; filename=\"__ 2026.pdf\"; filename*=UTF-8''%E6%8A%A5%E4%BB%B7%202026.pdf"
    )
    assert read.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in read.headers["content-security-policy"]
