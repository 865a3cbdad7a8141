"""Runs that lack something say so at their end, and fail where every test must run."""

from __future__ import annotations

import pytest

LACKING = """
from dougong.testing.groups import skip_group

def test_runs(): pass
def test_needs_a_browser(): skip_group("browser", "no Chromium here")
def test_needs_it_too(): skip_group("browser", "no Chromium here")
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("CI", "DOUGONG_CI"):
        monkeypatch.delenv(name, raising=False)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    return pytester


def test_a_skipped_group_is_named_once_with_its_reason(inner: pytest.Pytester) -> None:
    inner.makepyfile(LACKING)
    result = inner.runpytest()
    result.stdout.fnmatch_lines(["SKIPPED GROUP: browser: no Chromium here (2 tests)", "*1 passed, 2 skipped*"])
    assert result.ret == 0


@pytest.mark.parametrize("variable", ["CI", "DOUGONG_CI"])
def test_a_skip_fails_continuous_integration(inner, monkeypatch, variable: str) -> None:
    monkeypatch.setenv(variable, "true")
    inner.makepyfile("import pytest\ndef test_runs(): pass\ndef test_skips(): pytest.skip('why not')")
    result = inner.runpytest()
    result.stdout.fnmatch_lines(["FAILED: 1 skipped; here every test must run"])
    assert result.ret == 1


def test_a_module_skipped_as_a_whole_counts_too(inner, monkeypatch) -> None:
    monkeypatch.setenv("CI", "true")
    inner.makepyfile("import pytest\npytest.skip('not today', allow_module_level=True)")
    assert inner.runpytest().ret == 1


def test_a_run_without_tests_fails_continuous_integration(inner, monkeypatch) -> None:
    monkeypatch.setenv("CI", "true")
    inner.makepyfile("")
    result = inner.runpytest()
    result.stdout.fnmatch_lines(["FAILED: no test ran"])
    assert result.ret == 1


def test_a_full_run_passes_continuous_integration(inner, monkeypatch) -> None:
    monkeypatch.setenv("CI", "true")
    inner.makepyfile("def test_runs(): pass")
    result = inner.runpytest()
    assert result.ret == 0
    assert "1 passed" in result.stdout.lines[-1]


def test_deep_raises_the_counts(inner: pytest.Pytester) -> None:
    inner.makepyfile("def test_tries(rounds): assert rounds(60, deep=3000) == 3000")
    assert inner.runpytest().ret == 1
    assert inner.runpytest("--deep").ret == 0
