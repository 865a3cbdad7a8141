"""What a file really is: read off its content, and compared with what its name says.

Nothing is unpacked and nothing is run: only the beginning and the end of the content are looked at, so that an archive
can hold whatever it likes.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Set
from dataclasses import dataclass
from io import BytesIO

import imagesize  # type: ignore[import-untyped]
import puremagic

from dougong.errors import Invalid, Problem
from dougong.files.names import extension_of, with_extension
from dougong.i18n import _

__all__ = ["PREVIEWED", "Found", "examine", "served_as"]

UNKNOWN = "application/octet-stream"

_IMAGES: Mapping[str, str] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
_SHOWN = (*_IMAGES, ".pdf")
PREVIEWED = frozenset({*_IMAGES.values(), "application/pdf"})
"""What a browser may show instead of saving it."""

# Names of one kind of content. puremagic tells the kinds apart; within one, the name decides.
_SIGNED: tuple[tuple[str, ...], ...] = (
    (".png",),
    (".jpg", ".jpeg", ".jpe", ".jfif"),
    (".gif",),
    (".webp",),
    (".pdf", ".ai"),
    (".zip", ".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".xlsb", ".xltx", ".pptx", ".pptm", ".ppsx", ".potx", ".vsdx",
     ".odt", ".ods", ".odp", ".odg", ".ofd", ".epub", ".jar", ".apk", ".xmind", ".kmz", ".3mf"),
    (".doc", ".dot", ".xls", ".xlt", ".ppt", ".pps", ".msg", ".msi", ".vsd", ".wps", ".et", ".dps", ".mpp", ".pub"),
    (".rtf", ".doc"),
    (".rar",),
    (".7z",),
    (".gz", ".tgz"),
    (".exe", ".dll", ".sys", ".scr", ".com", ".cpl", ".ocx", ".drv"),
)  # fmt: skip
"""Content of these kinds shows it by how it begins, always."""
_FAMILIES: tuple[tuple[str, ...], ...] = (
    *_SIGNED,
    (".bz2",),
    (".xz",),
    (".tar",),
    (".bmp", ".dib"),
    (".tif", ".tiff"),
    (".psd",),
    (".ico",),
    (".heic", ".heif"),
    (".avif",),
    (".mp4", ".m4v", ".mov", ".3gp", ".m4a"),
    (".avi",),
    (".mkv", ".webm"),
    (".wav",),
    (".flac",),
    (".ogg", ".oga", ".ogv", ".opus"),
    (".mp3", ".mpga"),
    (".amr",),
    (".dwg",),
)
_TEXT = frozenset(
    {".txt", ".csv", ".tsv", ".md", ".log", ".json", ".xml", ".html", ".htm", ".xhtml", ".svg", ".ini", ".yaml", ".yml",
     ".toml", ".eml", ".mht", ".ics", ".vcf", ".sql", ".css", ".js", ".ts", ".py", ".sh", ".bat", ".cmd", ".ps1", ".vbs"}
)  # fmt: skip
_CERTAIN = frozenset(extension for family in _SIGNED for extension in family)
_KNOWN = _TEXT.union(*_FAMILIES)
_MARKED_TEXT = (b"\xff\xfe", b"\xfe\xff")
_SERVED_AS = ("application/msword", "application/rtf", "application/zip", "application/vnd.", "audio/", "video/")
_known = mimetypes.MimeTypes()  # what the language ships with: what this machine has installed changes nothing


@dataclass(frozen=True)
class Found:
    """A file's name, put right where its content said so, its media type, and of a picture how many pixels it says it has."""

    name: str
    media_type: str
    pixels: int | None = None


def examine(name: str, ends: bytes) -> Found:
    """Compare a cleaned name with the content, of which the beginning and the end are given (`Draft.ends`).

    A picture under another picture's name gets its own extension, and so does one without any; every other content that
    isn't what the name says is refused: Invalid. A name nobody knows the content of is taken as it is.
    """
    content = _matches(ends)
    extension = extension_of(name)
    picture = next((own for own in _SHOWN if own in content), "")
    mistaken = picture in _IMAGES and _family(extension) & _IMAGES.keys() and picture not in _family(extension)
    if mistaken or (picture and not extension):
        name, extension = with_extension(name, picture), picture
    if not _may_be(extension, content, ends):
        message = _("It is called “%(extension)s”, but that is not what it holds.", extension=extension)
        raise Invalid(Problem("name", message, name, "content"))
    return Found(name, _media_type(name, extension, picture), _pixels(ends) if picture in _IMAGES else None)


def served_as(media_type: str) -> str:
    """The media type a download says: what a browser could take for a page or a program goes out as mere bytes."""
    harmless = media_type in PREVIEWED or media_type.startswith(_SERVED_AS)
    return media_type if harmless else UNKNOWN


def _matches(ends: bytes) -> frozenset[str]:
    """Every extension the content could rightly have."""
    try:
        found = puremagic.magic_string(ends)
    except puremagic.PureError:
        return frozenset()
    return frozenset(match.extension.lower() for match in found)


def _family(extension: str) -> frozenset[str]:
    """The extensions of the kinds of content this one may have."""
    return frozenset(e for family in _FAMILIES if extension in family for e in family)


def _may_be(extension: str, content: Set[str], ends: bytes) -> bool:
    if extension in _TEXT:
        return content.isdisjoint(_SHOWN) and (ends.startswith(_MARKED_TEXT) or b"\0" not in ends)
    family = _family(extension)
    if not family or family & content:
        return True
    return extension not in _CERTAIN and content.isdisjoint(_KNOWN)


def _media_type(name: str, extension: str, picture: str) -> str:
    if picture in _IMAGES:
        return _IMAGES[picture]
    told = _known.guess_type(name)[0]
    if told is None and extension not in _TEXT:
        rows = (row.mime_type for row in puremagic.magic_header_array if row.extension == extension)
        told = next(filter(None, rows), None)
    return told or ("text/plain" if extension in _TEXT else UNKNOWN)


def _pixels(ends: bytes) -> int | None:
    """What the picture says of itself, without unpacking it."""
    try:
        width, height = imagesize.get(BytesIO(ends))
    # Whoever made the picture up may have written anything; then its size isn't known.
    except Exception:  # noqa: BLE001
        return None
    return int(width) * int(height) if width > 0 and height > 0 else None
