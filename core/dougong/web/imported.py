"""Files around an import on their way out: empty ones to be filled in, and the lines that were refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from litestar.response import Stream

from dougong.errors import Invalid, Problem
from dougong.exports.services import FORMATS
from dougong.i18n import _
from dougong.imports.blank import BLANKS
from dougong.imports.refused import file_name, write_refused
from dougong.imports.services import Import
from dougong.records.types import RecordType
from dougong.web.downloads import made

__all__ = ["blank_sent", "refused_sent"]


async def blank_sent(record_type: RecordType, format_: str) -> Stream:
    """A file to fill in. Raises Invalid for a format there is none in."""
    if format_ not in BLANKS:
        message = _("This must be one of %(known)s.", known=", ".join(BLANKS))
        raise Invalid(Problem("format", message, format_, "choice"))
    file = TemporaryFile()  # noqa: SIM115 - closed when it is sent
    try:
        BLANKS[format_](record_type, file)
    except BaseException:
        file.close()
        raise
    name = _("%(what)s template", what=record_type.plural)
    return made(f"{name}.{format_}", FORMATS[format_].media_type, file)


async def refused_sent(import_: Import) -> Stream:
    """The refused lines in the form of the file they came in. NotFound where there are none."""
    with TemporaryDirectory(prefix="dougong-refused-") as directory:
        path = Path(directory, "file")
        await write_refused(import_, path)
        file = await asyncio.to_thread(path.open, "rb")
    kind = "xlsx" if import_.format.kind == "xlsx" else "csv"
    return made(file_name(import_), FORMATS[kind].media_type, file)
