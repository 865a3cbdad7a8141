"""The file of a list on its way out: made whole, then sent, so that nobody ever takes a part of it for all."""

from __future__ import annotations

from tempfile import TemporaryFile

from litestar.response import Stream

from dougong.exports.services import FORMATS, Export, export
from dougong.i18n import today
from dougong.web.downloads import made

__all__ = ["sent_away"]


async def sent_away(asked: Export) -> Stream:
    """To be saved under the name of the list and the day. Raises what `export` raises, before anything is sent."""
    file = TemporaryFile()  # noqa: SIM115 - closed when it is sent
    try:
        await export(asked, file)
    except BaseException:
        file.close()
        raise
    name = f"{asked.query.record_type.plural}-{today().isoformat()}.{asked.format}"
    return made(name, FORMATS[asked.format].media_type, file)
