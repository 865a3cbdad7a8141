"""The tab of files on a record's page: added without JavaScript, saved, looked at, taken off, brought back."""

from __future__ import annotations

import re

import pytest

from .conftest import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x03\x08\x02\x00\x00\x00" + bytes(20)


async def customer_of(office: Office, name: str) -> str:
    made = await office.browsers["wangfang"].post("/api/v1/customers", json={"name": name})
    assert made.status_code == 201, made.text
    return f"/customers/{made.json()['id']}"


async def test_files_are_added_by_a_plain_form(office: Office) -> None:
    mine, path = office.browsers["wangfang"], await customer_of(office, "附件表单有限公司")
    token = mine.headers["X-CSRF-Token"]
    first = (await mine.get(f"{path}?tab=attachments")).text
    assert "还没有文件" in first
    del mine.headers["X-CSRF-Token"]
    try:
        sent = await mine.post(
            f"{path}/attachments",
            files=[
                ("_csrf_token", (None, token.encode())),
                ("file", ("报价.pdf", PDF)),
                ("file", ("门头.png", PNG)),
            ],
        )
    finally:
        mine.headers["X-CSRF-Token"] = token
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == f"{path}?tab=attachments"
    shown = (await mine.get(f"{path}?tab=attachments")).text
    assert "报价.pdf" in shown
    assert "门头.png" in shown
    assert "王芳" in shown
    assert re.search(rf'<img src="{path}/attachments/\d+/preview"', shown)
    assert (await mine.get(f"{path}/counts")).json()["attachments"] == "2"
    assert "添加了附件“报价.pdf”" in (await mine.get(f"{path}?tab=history")).text
