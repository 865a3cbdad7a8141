"""Groups of tests that need something of the machine: a database server, a browser.

Where that is missing the group is skipped, loudly: the last lines of the run name it. In continuous
integration (`CI` or `DOUGONG_CI` is set) a skipped test, and a run without any test, is a failure.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import NoReturn

import pytest

__all__ = ["GroupAccount", "skip_group"]

MARK = "SKIPPED GROUP "


def skip_group(name: str, reason: str) -> NoReturn:
    """Skip this test as one of a group that cannot run here."""
    pytest.skip(f"{MARK}{name}: {' '.join(reason.split())}")


class GroupAccount:
    """Counts what ran and what was skipped; the pytest plugin that judges the run at its end."""

    def __init__(self) -> None:
        self.groups: Counter[str] = Counter()
        self.skipped = 0
        self.ran = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.count_skip(report)
        elif report.when == "call":
            self.ran += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.count_skip(report)

    def count_skip(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        self.skipped += 1
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _, found, group = text.partition(MARK)
        if found:
            self.groups[group] += 1

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        # One of several workers: the whole is judged where it is put together.
        if hasattr(session.config, "workerinput"):
            return
        if self.complaint() and not session.config.option.collectonly:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for group, count in sorted(self.groups.items()):
            terminalreporter.write_line(f"SKIPPED GROUP: {group} ({count} tests)", yellow=True)
        if self.complaint() and not terminalreporter.config.option.collectonly:
            terminalreporter.write_line(f"FAILED: {self.complaint()}", red=True)

    def complaint(self) -> str:
        """Why a run that pytest calls good is not good enough; empty if it is, or nobody asked."""
        if not is_continuous_integration():
            return ""
        if self.skipped:
            return f"{self.skipped} skipped; here every test must run"
        return "" if self.ran else "no test ran"


def is_continuous_integration() -> bool:
    return any(os.environ.get(name, "").lower() not in ("", "0", "false") for name in ("CI", "DOUGONG_CI"))
