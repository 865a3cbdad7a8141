"""Icons: every known name draws something, and a slip in a name takes no page along."""

from __future__ import annotations

import logging

import pytest

from dougong.web.components import STAND_IN, icon, icon_names


def test_a_known_name_is_drawn() -> None:
    assert str(icon("send")).startswith("<svg")
    assert icon("send") != icon(STAND_IN)


def test_an_unknown_name_is_logged_and_another_drawing_stands_in(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "dougong.web.components"):
        assert icon("no-such-drawing") == icon(STAND_IN)
    assert "no-such-drawing" in caplog.text
    assert STAND_IN in icon_names()
