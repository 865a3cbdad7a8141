"""In safe mode no line of other makers' plugins runs; what failed is switched off, and the others come back as they were."""

from __future__ import annotations

import sys

from dougong.testing.app import enter_company, open_company
from dougong.testing.shelf import open_shelf

from .test_failing_plugins import card_of, everything_serves

NOTED = """
from pathlib import Path
from dougong.api import Plugin, _

(Path(__file__).parent / "ran").touch()
plugin = Plugin(name={name!r}, label=_({name!r}))
"""


async def test_what_was_left_out_is_switched_off_and_the_rest_comes_back(database_url, tmp_path, monkeypatch):
    with open_shelf(tmp_path) as shelf:
        ran = {
            name: shelf.place / shelf.put(name, NOTED.format(name=name), author=author) / "ran"
            for name, author in {"troubled": "Somebody", "other": "Somebody", "ours": "dougong"}.items()
        }
        async with open_company(database_url, tmp_path, ["customers", *ran]):
            pass
        for name, file in ran.items():
            file.unlink()
            del sys.modules[f"made_up_{name}.plugin"]

        monkeypatch.setenv("DOUGONG_SAFE", "true")
        async with enter_company(database_url, tmp_path) as company, company.browser("admin") as admin:
            assert {name: file.exists() for name, file in ran.items()} == {
                "troubled": False,
                "other": False,
                "ours": True,
            }
            await everything_serves(admin)
            assert "安全模式：其他厂商的插件都已跳过" in (await admin.get("/plugins")).text
            card = await card_of(admin, "troubled")
            assert "已跳过" in card
            assert 'aria-checked="true"' in card
            assert "已跳过" not in await card_of(admin, "ours")
            answer = await admin.post("/plugins/troubled", data={"enabled": "0", "cascade": "1"})
            assert answer.status_code < 400
            assert 'role="switch"' not in await card_of(admin, "troubled")
            again = await admin.put("/api/v1/plugins/troubled/state", json={"enabled": True})
            assert again.status_code == 409
            assert "安全模式" in again.json()["detail"]

        monkeypatch.delenv("DOUGONG_SAFE")
        async with enter_company(database_url, tmp_path) as company, company.program("admin") as admin:
            told = {one["name"]: one["enabled"] for one in (await admin.get("/api/v1/plugins")).json()["items"]}
            assert {name: told[name] for name in ran} == {"troubled": False, "other": True, "ours": True}
            assert "安全模式" not in (await admin.get("/plugins")).text
