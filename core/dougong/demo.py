"""The sample company on this machine: made once, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from dougong.access.principal import acting_as, system
from dougong.access.services import make_standard_roles, principal_of
from dougong.config import FILE, Config
from dougong.house import open_house
from dougong.i18n import Text, _
from dougong.people.services import account_named, add_account
from dougong.plugin.state import enable
from dougong.sample import COMPANY, Door, fill_company

__all__ = ["is_made", "make"]

ADMIN = "admin"


def is_made(config: Config) -> bool:
    """Whether the data directory holds a house already."""
    return (config.data / "dougong.sqlite").exists()


async def make(config: Config) -> Sequence[Text]:
    """Make the sample company with every installed plugin; what to tell whoever started it.

    It is made beside and moved into place at the end: one that was interrupted is made anew at the next start.
    """
    config.data.mkdir(parents=True, exist_ok=True)
    unfinished = config.data / "unfinished.sqlite"
    for file in config.data.glob("unfinished.sqlite*"):
        file.unlink()
    password, doors = await _fill(config.model_copy(update={"database": f"sqlite:///{unfinished}"}))
    if not (config.data / FILE).exists():
        (config.data / FILE).write_text(f'company = "{COMPANY}"\nlanguage = "{config.language}"\n', encoding="utf-8")
    unfinished.replace(config.data / "dougong.sqlite")
    return [
        _("Administrator: %(name)s", name=ADMIN),
        _("One-time password: %(password)s", password=password),
        *(_door(door) for door in doors),
    ]


async def _fill(config: Config) -> tuple[str, Sequence[Door]]:
    house = await open_house(config, serving=False)
    try:
        with acting_as(system("make the sample company")):
            for loaded in house.installed.working:
                await enable(loaded.name, cascade=True)
            roles = await make_standard_roles()
            password = await add_account(ADMIN, roles=[roles["admin"]])
            account = await account_named(ADMIN)
            assert account is not None
            admin = await principal_of(account.user)
        with acting_as(admin):
            return password, await fill_company()
    finally:
        await house.close()


def _door(door: Door) -> Text:
    words = _("Sample sign-in: %(user)s  password: %(password)s  (%(name)s, %(position)s)")
    return words % {"user": door.user, "password": door.password, "name": door.name, "position": door.position}
