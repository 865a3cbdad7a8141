"""The company's lists of choices and settings: kept by right, seen at once, never losing what records use."""

from __future__ import annotations

import pytest

from dougong.access.principal import Principal, acting_as
from dougong.errors import Forbidden, Invalid, NotFound
from dougong.i18n import Text
from dougong.plugin import state
from dougong.plugin.lookups import add_option, change_option, options_of, reorder_options
from dougong.plugin.settings import change_settings, settings_of
from dougong.plugin.snapshot import current_snapshot

SOURCE = """
from pydantic import BaseModel, Field
from dougong.api import Lookup, Option, Plugin, _

class ShopSettings(BaseModel):
    heaviest: int = Field(20, ge=1)
    colour: str = "red"

plugin = Plugin(
    name="shop", label=_("Shop"), settings=ShopSettings,
    lookups=[Lookup("shop_size", _("Size"), [Option("s", _("Small")), Option("l", _("Large"), "ok")])],
)
"""
CLERK = Principal(user=5, name="clerk")
ADMIN = Principal(user=6, name="admin", admin=True)


@pytest.fixture
def shop(shelf):
    shelf.put("shop", SOURCE)


def sizes() -> list[tuple[str, str, bool]]:
    lookup = current_snapshot().lookups["shop_size"]
    return [(option.key, str(option.label), active) for option, active in options_of(lookup)]


async def test_a_list_starts_with_what_is_shipped_and_grows(opened, shop):
    async with opened():
        await state.enable("shop")
        with acting_as(ADMIN):
            key = await add_option("shop_size", " Huge! ")
            assert key == "huge"
            chinese = [await add_option("shop_size", label) for label in ("特大", "特小")]
        assert len({*chinese, key, "s", "l"}) == 5
        labels = [label for _key, label, _active in sizes()]
        assert labels == ["Small", "Large", "Huge!", "特大", "特小"]


async def test_a_choice_is_renamed_coloured_and_switched_off_but_stays(opened, shop):
    async with opened():
        await state.enable("shop")
        with acting_as(ADMIN):
            await change_option("shop_size", "s", label="Tiny", tone="warn", active=False)
        assert sizes() == [("s", "Tiny", False), ("l", "Large", True)]


async def test_a_shipped_label_stays_translatable_until_it_is_renamed(opened, shop):
    async with opened():
        await state.enable("shop")
        lookup = current_snapshot().lookups["shop_size"]
        assert isinstance(options_of(lookup)[0][0].label, Text)


async def test_the_order_is_the_companys(opened, shop):
    async with opened():
        await state.enable("shop")
        with acting_as(ADMIN):
            await reorder_options("shop_size", ["l", "s"])
            assert [key for key, *_more in sizes()] == ["l", "s"]
            with pytest.raises(Invalid):
                await reorder_options("shop_size", ["l"])


async def test_a_choice_that_is_there_already_is_refused_and_nothing_changes(opened, shop):
    async with opened():
        await state.enable("shop")
        before = sizes()
        with acting_as(ADMIN):
            for label in ("Small", "", "x" * 61):
                with pytest.raises(Invalid):
                    await add_option("shop_size", label)
            with pytest.raises(Invalid):
                await change_option("shop_size", "l", label="Small")
            with pytest.raises(Invalid):
                await add_option("shop_size", "New", tone="purple")
            with pytest.raises(NotFound):
                await change_option("shop_size", "nothing", active=False)
            with pytest.raises(NotFound):
                await add_option("no_such_list", "New")
        assert sizes() == before


async def test_what_the_company_changed_survives_off_on_and_a_restart(opened, shop):
    async with opened():
        await state.enable("shop")
        with acting_as(ADMIN):
            await change_option("shop_size", "s", label="Tiny")
            await change_settings("shop", {"heaviest": 7})
        await state.disable("shop")
        await state.enable("shop")
        assert sizes()[0] == ("s", "Tiny", True)
    async with opened():
        assert sizes()[0] == ("s", "Tiny", True)
        assert settings_of(current_snapshot().settings["shop"]).heaviest == 7


async def test_lists_and_settings_are_kept_by_right(opened, shop):
    async with opened():
        await state.enable("shop")
        with acting_as(CLERK):
            with pytest.raises(Forbidden):
                await add_option("shop_size", "Huge")
            with pytest.raises(Forbidden):
                await change_settings("shop", {"heaviest": 7})


async def test_a_wrong_setting_names_the_key_and_changes_nothing(opened, shop):
    async with opened():
        await state.enable("shop")
        model = current_snapshot().settings["shop"]
        with acting_as(ADMIN):
            with pytest.raises(Invalid) as wrong:
                await change_settings("shop", {"heaviest": 0})
            assert [problem.field for problem in wrong.value.problems] == ["heaviest"]
            with pytest.raises(Invalid, match="lightest"):
                await change_settings("shop", {"lightest": 1})
            await change_settings("shop", {"colour": "blue"})
            await change_settings("shop", {"heaviest": 9})
        assert (settings_of(model).heaviest, settings_of(model).colour) == (9, "blue")


async def test_settings_of_a_plugin_that_is_off_are_not_there(opened, shop):
    async with opened():
        await state.enable("shop")
        model = current_snapshot().settings["shop"]
        assert settings_of(model).heaviest == 20
        await state.disable("shop")
        with pytest.raises(LookupError):
            settings_of(model)
