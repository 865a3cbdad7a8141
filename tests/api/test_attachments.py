"""Files of a record over the API: sent, listed, read back, taken off, brought back; and what is refused, by which rule."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import io
import itertools
import shutil
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.files.store import ABOUT_TO_COME
from dougong.records import attachments, change_log
from dougong.records.attachments import Attachment, Limits
from dougong.records.change_log import ChangeLog
from dougong.testing.app import HOST, Company

pytestmark = pytest.mark.asyncio(loop_scope="module")
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x02\x00\x00\x00\x03\x08\x02\x00\x00\x00" + bytes(20)
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)
MEGABYTE = 1 << 20
NUMBERS = itertools.count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wangfang(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("wangfang") as client:
        yield client


async def files_of_new(http: httpx.AsyncClient) -> str:
    """The address of the files of a new customer."""
    made = await http.post("/api/v1/customers", json={"name": f"杭州{chr(0x4E00 + next(NUMBERS))}记包装有限公司"})
    assert made.status_code == 201, made.text
    return f"/api/v1/customers/{made.json()['id']}/attachments"


async def send(http: httpx.AsyncClient, path: str, name: str, content: bytes) -> httpx.Response:
    return await http.post(path, files={"file": (name, content)})


def parts(*files: tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """A body by hand, as httpx would not write it."""
    text = b"".join(
        b'--zz\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), content)
        for name, content in files
    )
    return text + b"--zz--\r\n", {"Content-Type": "multipart/form-data; boundary=zz"}


async def everything(company: Company) -> tuple[list[Any], int, set[str]]:
    """What the database knows of files, how long the log is, and every piece of content that lies anywhere."""
    root = company.world.house.config.files
    with acting_as(system("test")):
        rows = await Attachment.select().order_by(Attachment.id)
        logged = await ChangeLog.count()
    return rows, logged, {str(path) for path in root.rglob("*") if path.is_file()}


# ---------------------------------------------------------------------- there and back


async def test_a_file_is_sent_listed_and_read_back(wangfang: httpx.AsyncClient) -> None:
    path = await files_of_new(wangfang)
    sent = await send(wangfang, path, "报价 2026.pdf", PDF)
    assert sent.status_code == 201, sent.text
    file = sent.json()
    assert (file["name"], file["size"], file["media_type"]) == ("报价 2026.pdf", len(PDF), "application/pdf")
    assert file["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (await wangfang.get(path)).json() == {"items": [file]}
    assert (await wangfang.get(sent.headers["location"])).json() == file
    assert (await wangfang.get(f"{path}/{file['id']}/content")).content == PDF


async def test_an_attachment_stands_in_the_history_of_its_record(wangfang: httpx.AsyncClient) -> None:
    path = await files_of_new(wangfang)
    sent = await send(wangfang, path, "合同.pdf", PDF)
    assert (await wangfang.delete(sent.headers["location"])).status_code == 204
    told = (await wangfang.get(path.replace("/attachments", "/history"))).json()["items"]
    assert [(entry["verb"], entry["reason"], entry["who"]) for entry in told[:2]] == [
        ("detach", "移除了附件“合同.pdf”", "王芳"),
        ("attach", "添加了附件“合同.pdf”", "王芳"),
    ]
    assert told[1]["batch"] == sent.headers["change-batch"]


async def test_what_is_removed_is_gone_until_it_is_brought_back(wangfang: httpx.AsyncClient) -> None:
    path = await files_of_new(wangfang)
    place = (await send(wangfang, path, "图.png", PNG)).headers["location"]
    assert (await wangfang.post(f"{place}/restoration")).status_code == 404
    assert (await wangfang.delete(place)).status_code == 204
    assert (await wangfang.get(path)).json()["items"] == []
    for gone in (place, f"{place}/content"):
        assert (await wangfang.get(gone)).status_code == 404
    assert (await wangfang.delete(place)).status_code == 404
    assert (await wangfang.post(f"{place}/restoration")).status_code == 200
    assert (await wangfang.get(f"{place}/content")).content == PNG


async def test_the_same_content_lies_there_once(company: Company, wangfang: httpx.AsyncClient) -> None:
    content = b"%PDF-1.4 the price list everybody gets"
    for _ in range(2):
        assert (await send(wangfang, await files_of_new(wangfang), "价目.pdf", content)).is_success
    digest = hashlib.sha256(content).hexdigest()
    lying = [p for p in company.world.house.config.files.rglob("*") if p.is_file() and p.name == digest[2:]]
    assert len(lying) == 1
    assert lying[0].read_bytes() == content


# ---------------------------------------------------------------------- how it goes out


SENT = [
    ("价格.html", b"<!doctype html><script>alert(1)</script>", "application/octet-stream"),
    (
        "商标.svg",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "application/octet-stream",
    ),
    ("说明.txt", "第一条".encode(), "application/octet-stream"),
    ("程序.exe", EXE, "application/octet-stream"),
    ("图.png", PNG, "image/png"),
    ("合同.pdf", PDF, "application/pdf"),
]


@pytest.mark.parametrize(("name", "content", "served"), SENT)
async def test_whatever_it_is_it_is_saved_and_not_opened(
    name: str, content: bytes, served: str, wangfang: httpx.AsyncClient
) -> None:
    path = await files_of_new(wangfang)
    sent = await send(wangfang, path, name, content)
    assert sent.status_code == 201, sent.text
    read = await wangfang.get(f"{sent.headers['location']}/content")
    assert read.content == content
    assert read.headers["content-type"] == served
    assert read.headers["content-disposition"].startswith("attachment; ")
    assert read.headers["x-content-type-options"] == "nosniff"
    policies = read.headers.get_list("content-security-policy")
    assert any("sandbox" in policy and "default-src 'none'" in policy for policy in policies)
    assert "content-encoding" not in read.headers


async def test_a_name_goes_out_as_every_browser_reads_it(wangfang: httpx.AsyncClient) -> None:
    path = await files_of_new(wangfang)
    place = (await send(wangfang, path, "报价 100% 'a'.pdf", PDF)).headers["location"]
    read = await wangfang.get(f"{place}/content")
    assert read.headers["content-disposition"] == (
        "attachment; filename=\"__ 100_ 'a'.pdf\"; filename*=UTF-8''%E6%8A%A5%E4%BB%B7%20100%25%20%27a%27.pdf"
    )


# ---------------------------------------------------------------------- what is refused


REFUSED = [
    ("程序叫作合同.pdf", EXE, "content"),
    ("网页叫作图.png", b"<html><script>", "content"),
    ("图叫作网页.html", b"GIF89a/*<script>alert(1)</script>*/", "content"),
    ("文字不是表格.xlsx", b"not a table", "content"),
    ("空.pdf", b"", "empty"),
    ("..", PDF, "name"),
]


@pytest.mark.parametrize(("name", "content", "rule"), REFUSED)
async def test_a_file_that_is_not_what_it_says_is_refused(
    name: str, content: bytes, rule: str, company: Company, wangfang: httpx.AsyncClient
) -> None:
    path = await files_of_new(wangfang)
    before = await everything(company)
    body, headers = parts((name, content))
    sent = await wangfang.post(path, content=body, headers=headers)
    assert sent.status_code == 400, sent.text
    assert [error["rule"] for error in sent.json()["errors"]] == [rule]
    assert await everything(company) == before


NAMES = [
    ("../../../etc/passwd.pdf", "passwd.pdf"),
    ("C:\\\\Users\\\\wang\\\\合同.pdf", "合同.pdf"),
    ("报价\u202efdp.pdf", "报价fdp.pdf"),
    ("a\u0000b\u0007.pdf", "ab.pdf"),
    ("CON.pdf", "_CON.pdf"),
    ("合同.pdf. . ", "合同.pdf"),
    ("a<b>|c?.pdf", "a_b__c_.pdf"),
    ("长" * 300 + ".pdf", "长" * 78 + ".pdf"),
]


@pytest.mark.parametrize(("given", "kept"), NAMES)
async def test_a_name_that_could_mislead_is_cleaned(given: str, kept: str, wangfang: httpx.AsyncClient) -> None:
    path = await files_of_new(wangfang)
    body, headers = parts((given, PDF))
    sent = await wangfang.post(path, content=body, headers=headers)
    assert sent.status_code == 201, sent.text
    assert sent.json()["name"] == kept


async def test_a_picture_under_another_pictures_name_gets_its_own(wangfang: httpx.AsyncClient) -> None:
    path = await files_of_new(wangfang)
    sent = await send(wangfang, path, "门头.jpg", PNG)
    assert (sent.json()["name"], sent.json()["media_type"]) == ("门头.png", "image/png")
    assert (await send(wangfang, path, "扫描", PDF)).json()["name"] == "扫描.pdf"


async def test_an_archive_is_never_unpacked(company: Company, wangfang: httpx.AsyncClient) -> None:
    """Two hundred megabytes of nothing in two hundred kilobytes, under the names that programs like to look into."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb, bomb.open("[Content_Types].xml", "w") as member:
        for _ in range(200):
            member.write(bytes(MEGABYTE))
    path = await files_of_new(wangfang)
    for name in ("炸弹.zip", "炸弹.docx"):
        sent = await send(wangfang, path, name, packed.getvalue())
        assert sent.status_code == 201, sent.text
        assert sent.json()["size"] == len(packed.getvalue()) < MEGABYTE
    root = company.world.house.config.files
    assert sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) < 2 * MEGABYTE


async def test_a_file_that_is_too_large_is_refused_while_it_comes(
    company: Company, wangfang: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await files_of_new(wangfang)
    monkeypatch.setattr(attachments, "_limits", Limits(size=3 * MEGABYTE))
    before, pulled = await everything(company), 0

    async def coming() -> AsyncIterator[bytes]:
        nonlocal pulled
        yield b'--zz\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + PDF
        for _ in range(200):
            pulled += MEGABYTE
            yield bytes(MEGABYTE)
        yield b"\r\n--zz--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=zz"}
    sent = await wangfang.post(path, content=coming(), headers=headers)
    assert sent.status_code == 413
    assert "3 MB" in sent.json()["detail"]
    assert pulled < 6 * MEGABYTE
    told = {**headers, "Content-Length": str(200 * MEGABYTE)}
    pulled = 0
    assert (await wangfang.post(path, content=coming(), headers=told)).status_code == 413
    assert pulled == 0
    assert await everything(company) == before


async def test_a_record_has_so_many_files_and_each_once(
    company: Company, wangfang: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await files_of_new(wangfang)
    monkeypatch.setattr(attachments, "_limits", Limits(files=2))
    assert (await send(wangfang, path, "一.pdf", PDF)).status_code == 201
    assert (await send(wangfang, path, "一.pdf", PDF)).status_code == 409
    assert (await send(wangfang, path, "二.pdf", PDF)).status_code == 201
    before = await everything(company)
    assert (await send(wangfang, path, "三.pdf", PDF + b"3")).status_code == 409
    assert await everything(company) == before


BROKEN = [
    ("two files", parts(("a.pdf", PDF), ("b.pdf", PDF))[0], 400),
    ("no file", b'--zz\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--zz--\r\n', 400),
    ("nothing at all", b"", 400),
    ("half of it", parts(("a.pdf", PDF))[0][:-30], 400),
    (
        "a long field",
        b'--zz\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + bytes(5000) + b"\r\n--zz--\r\n",
        400,
    ),
    ("a long head", b"--zz\r\nContent-Disposition: " + b"x" * 90_000 + b"\r\n\r\n\r\n--zz--\r\n", 400),
    ("three hundred parts", parts(*[("", b"")] * 300)[0], 400),
    ("nonsense", b"\x00" * 1000, 400),
]


@pytest.mark.parametrize(("what", "body", "status"), BROKEN, ids=[what for what, *_rest in BROKEN])
async def test_nothing_is_kept_of_a_request_that_is_broken(
    what: str, body: bytes, status: int, company: Company, wangfang: httpx.AsyncClient
) -> None:
    path = await files_of_new(wangfang)
    before = await everything(company)
    sent = await wangfang.post(path, content=body, headers={"Content-Type": "multipart/form-data; boundary=zz"})
    assert sent.status_code == status, sent.text
    assert (await wangfang.post(path, json={"file": "a"})).status_code == 415
    assert await everything(company) == before


# ---------------------------------------------------------------------- what may go wrong


async def test_a_full_disk_is_told_and_nothing_is_kept(
    company: Company, wangfang: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await files_of_new(wangfang)
    before = await everything(company)

    def full(_place: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "disk_usage", full)
    sent = await send(wangfang, path, "大.pdf", PDF)
    assert sent.status_code == 503
    assert "磁盘已满" in sent.json()["detail"]
    assert await everything(company) == before


async def test_a_failing_transaction_leaves_no_file_and_no_row(
    company: Company, wangfang: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await files_of_new(wangfang)
    rows, logged, _lying = await everything(company)

    async def fail(*_: Any) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr(change_log, "append", fail)
    content = PDF + b"never attached"
    assert (await send(wangfang, path, "没有.pdf", content)).status_code == 500
    assert (await everything(company))[:2] == (rows, logged)
    assert (await wangfang.get(path)).json()["items"] == []


async def test_content_that_is_lost_is_told_as_such(company: Company, wangfang: httpx.AsyncClient) -> None:
    path = await files_of_new(wangfang)
    sent = await send(wangfang, path, "丢了.pdf", PDF + b"lost")
    digest = sent.json()["sha256"]
    await asyncio.to_thread((company.world.house.config.files / digest[:2] / digest[2:]).unlink)
    assert (await wangfang.get(f"{sent.headers['location']}/content")).status_code == 503


# ---------------------------------------------------------------------- who may


async def test_rights_on_files_are_those_on_the_record(company: Company, wangfang: httpx.AsyncClient) -> None:
    async with company.program("admin") as admin, company.anybody() as nobody:
        path = await files_of_new(admin)
        place = (await send(admin, path, "机密.pdf", PDF)).headers["location"]
        nowhere = path.replace(path.split("/")[4], "900001")
        before = await everything(company)
        for method, where in (
            ("GET", path),
            ("GET", place),
            ("GET", f"{place}/content"),
            ("POST", f"{place}/restoration"),
            ("DELETE", place),
        ):
            unseen = await wangfang.request(method, where)
            unknown = await wangfang.request(method, where.replace(path, nowhere))
            assert (unseen.status_code, unseen.content) == (404, unknown.content)
            assert (await nobody.request(method, where)).status_code == 401
        unseen, unknown = await send(wangfang, path, "我的.pdf", PDF), await send(wangfang, nowhere, "我的.pdf", PDF)
        assert (unseen.status_code, unseen.content) == (404, unknown.content)
        assert (await send(nobody, path, "我的.pdf", PDF)).status_code == 401
        assert await everything(company) == before


async def test_who_may_only_read_the_record_only_reads_its_files(company: Company, wangfang: httpx.AsyncClient) -> None:
    """And is told so before anything is read of what they send."""
    async with company.program("zhaomin") as zhaomin:
        seen = (await zhaomin.get("/api/v1/customers?limit=1&fields=id")).json()["items"][0]["id"]
        path = f"/api/v1/customers/{seen}/attachments"
        async with company.program("admin") as admin:
            place = (await send(admin, path, "给大家看.pdf", PDF)).headers["location"]
        assert (await zhaomin.get(f"{place}/content")).content == PDF
        before, pulled = await everything(company), 0

        async def coming() -> AsyncIterator[bytes]:
            nonlocal pulled
            pulled += 1
            yield parts(("a.pdf", PDF))[0]

        headers = {"Content-Type": "multipart/form-data; boundary=zz"}
        assert (await zhaomin.post(path, content=coming(), headers=headers)).status_code == 403
        assert pulled == 0
        assert (await zhaomin.delete(place)).status_code == 403
        assert await everything(company) == before


async def test_a_file_is_found_under_its_own_record_only(wangfang: httpx.AsyncClient) -> None:
    path, other = await files_of_new(wangfang), await files_of_new(wangfang)
    place = (await send(wangfang, path, "一处.pdf", PDF)).headers["location"]
    assert (await wangfang.get(place.replace(path, other))).status_code == 404
    assert (await wangfang.delete(place.replace(path, other))).status_code == 404


async def test_the_directory_everybody_reads_holds_no_files(company: Company) -> None:
    async with company.program("admin") as admin:
        for path in ("/api/v1/staff/1/attachments", "/api/v1/departments/1/attachments"):
            assert (await admin.get(path)).status_code == 404
            assert (await send(admin, path, "合同.pdf", PDF)).status_code == 404


async def test_a_cookie_alone_attaches_nothing(company: Company) -> None:
    """The token of the session comes in a header, or in the form before the first file."""
    async with company.browser("wangfang") as browser:
        csrf = browser.headers.pop("X-CSRF-Token")
        made = await browser.post(
            "/api/v1/customers", json={"name": "杭州十五记包装有限公司"}, headers={"X-CSRF-Token": csrf}
        )
        path = f"/api/v1/customers/{made.json()['id']}/attachments"
        before = await everything(company)
        field = b'--zz\r\nContent-Disposition: form-data; name="_csrf_token"\r\n\r\n%s\r\n'
        body, headers = parts(("a.pdf", PDF))
        wrong: list[tuple[bytes, dict[str, str]]] = [
            (body, headers),
            (body, {**headers, "X-CSRF-Token": "wrong"}),
            (field % b"wrong" + body, headers),
            (body.replace(b"--zz--\r\n", field % csrf.encode() + b"--zz--\r\n"), headers),
        ]
        for content, given in wrong:
            assert (await browser.post(path, content=content, headers=given)).status_code == 403
        elsewhere = {**headers, "Origin": "https://evil.example", "X-CSRF-Token": csrf}
        assert (await browser.post(path, content=body, headers=elsewhere)).status_code == 403
        assert await everything(company) == before
        sent = await browser.post(
            path, content=field % csrf.encode() + body, headers={**headers, "Origin": f"http://{HOST}"}
        )
        assert sent.status_code == 201, sent.text


@pytest.fixture(autouse=True)
def nothing_half_there(company: Company) -> Iterator[None]:
    """Whatever was asked, nothing that isn't whole stays behind."""
    yield
    assert list((company.world.house.config.files / ABOUT_TO_COME).glob("*")) == []
