"""Files in a real browser: chosen or dropped, each with its own answer; looked at, saved, removed and brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
DROP = """
([selector, files]) => {
  const carried = new DataTransfer();
  for (const [name, text] of files) carried.items.add(new File([text], name));
  const place = document.querySelector(selector);
  for (const kind of ["dragover", "drop"]) place.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
}
"""


@pytest.fixture
def admin(reception):
    with reception.window("admin") as page:
        yield page


def names(page: Any) -> list[str]:
    return [
        text.strip() for text in page.locator(".dg-files-there > .dg-lines .dg-li-tx > :first-child").all_inner_texts()
    ]


def visit(page: Any, path: str) -> None:
    page.goto(path)
    page.watch.settle()


def test_files_are_chosen_saved_removed_and_brought_back(admin, tmp_path: Path):
    visit(admin, "/customers/2?tab=attachments")
    paper, picture = tmp_path / "报价.pdf", tmp_path / "门头.png"
    paper.write_bytes(PDF)
    admin.screenshot(path=str(picture), clip={"x": 0, "y": 0, "width": 60, "height": 40})
    with admin.expect_navigation():
        admin.set_input_files("#dg-file", [str(paper), str(picture)])
    admin.watch.settle()
    assert sorted(names(admin)) == ["报价.pdf", "门头.png"]
    shown = admin.locator(".dg-thumb img")
    assert shown.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 60

    with admin.expect_download() as saved:
        admin.get_by_role("link", name="报价.pdf", exact=True).click()
    assert saved.value.suggested_filename == "报价.pdf"
    assert Path(saved.value.path()).read_bytes() == PDF

    line = admin.locator(".dg-li", has_text="报价.pdf")
    line.locator("form button").click()
    admin.watch.settle()
    assert names(admin) == ["门头.png"]
    admin.locator(".dg-removed > summary").click()
    admin.locator(".dg-removed form button").click()
    admin.watch.settle()
    assert sorted(names(admin)) == ["报价.pdf", "门头.png"]


def test_of_what_is_dropped_each_file_has_its_own_answer(admin):
    admin.watch.expected.add(400)
    visit(admin, "/customers/3?tab=attachments")
    admin.evaluate(DROP, ["dg-files", [["好的.txt", "第一条"], ["假的.pdf", "no paper"]]])
    wrong = admin.locator(".dg-sending .bad")
    wrong.wait_for()
    admin.locator(".dg-files-there .dg-lines").wait_for()
    assert "假的.pdf" in wrong.inner_text()
    assert ".pdf" in wrong.locator("small").inner_text()
    assert names(admin) == ["好的.txt"]
