"""The files of a record as its page shows them: what is there, what can be brought back, and where to add some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from babel.numbers import format_decimal

from dougong.files.names import extension_of
from dougong.i18n import LOCALES, _, current_locale, moment_text, number_text
from dougong.records.attachments import MEGABYTE, Attached, files_of, limits, previewable, removed_of
from dougong.records.batches import Author, names_of
from dougong.records.types import RecordType
from dougong.web.views import Action, File, Files, Placeholder

__all__ = ["TAB", "files_part", "size_text"]

TAB = "attachments"
"""As it stands in the address of the record's page."""
_ICONS: Mapping[str, tuple[str, ...]] = {
    "file-type-pdf": (".pdf",),
    "file-word": (".doc", ".docx", ".wps", ".odt", ".rtf"),
    "file-spreadsheet": (".xls", ".xlsx", ".et", ".ods", ".csv"),
    "presentation": (".ppt", ".pptx", ".dps", ".odp"),
    "file-zip": (".zip", ".rar", ".7z", ".gz", ".tgz", ".tar"),
    "file-text": (".txt", ".md", ".log", ".eml", ".msg"),
}
_BY_KIND: Mapping[str, str] = {"image": "photo", "audio": "music", "video": "movie"}


async def files_part(
    record_type: RecordType, record_id: int, path: str, *, editable: bool, wrong: Sequence[str] = ()
) -> Files:
    """What the tab of files shows; `wrong` are files that were just refused, each with the reason."""
    there = await files_of(record_type, record_id)
    removed = await removed_of(record_type, record_id) if editable else ()
    names = await names_of({(file.user, file.staff) for file in (*there, *removed)})
    place = f"{path}/{TAB}"
    most = f"{limits().size / MEGABYTE:g}"
    return Files(
        lines=tuple(_line(file, place, names, editable=editable) for file in there),
        removed=tuple(_removed_line(file, place, names) for file in removed),
        removed_label=str(_("Removed, can be brought back for %(days)s days", days=limits().kept.days)),
        url=place if editable else "",
        send_url=f"/api/v1{place}" if editable else "",
        hint=str(_("At most %(size)s MB each.", size=most)),
        too_large=str(_("A file may hold at most %(most)s MB; this one holds more.", most=most)),
        most=limits().size,
        wrong=tuple(wrong),
        empty=Placeholder(str(_("No files yet")), icon="paperclip"),
    )


def _line(file: Attached, place: str, names: Mapping[Author, str], *, editable: bool) -> File:
    here = f"{place}/{file.id}"
    remove = Action(str(_("Remove")), f"{here}/remove", "trash", method="post", look="quiet", icon_only=True)
    shown = previewable(file)
    return File(
        name=file.name,
        hint=_hint(file, names),
        icon=_icon(file),
        href=here,
        preview_href=f"{here}/preview" if shown else "",
        image=shown and file.media_type.startswith("image/"),
        actions=(remove,) if editable else (),
    )


def _removed_line(file: Attached, place: str, names: Mapping[Author, str]) -> File:
    back = Action(str(_("Bring back")), f"{place}/{file.id}/restore", "arrow-back-up", method="post", look="quiet")
    return File(name=file.name, hint=_hint(file, names), icon=_icon(file), actions=(back,))


def _hint(file: Attached, names: Mapping[Author, str]) -> str:
    who = names.get((file.user, file.staff)) or str(_("System"))
    return " · ".join((size_text(file.size), who, moment_text(file.at)))


def _icon(file: Attached) -> str:
    extension = extension_of(file.name)
    named = next((icon for icon, extensions in _ICONS.items() if extension in extensions), "file")
    return _BY_KIND.get(file.media_type.partition("/")[0], named)


def size_text(size: int) -> str:
    """ "356 B", "12 KB", "3.4 MB"."""
    unit, amount = "B", float(size)
    for larger in ("KB", "MB", "GB"):
        if amount < 1024:
            break
        unit, amount = larger, amount / 1024
    if unit == "B":
        return f"{number_text(size)} B"
    pattern = "#,##0.#" if amount < 10 else "#,##0"
    return f"{format_decimal(amount, pattern, locale=LOCALES[current_locale()])} {unit}"
