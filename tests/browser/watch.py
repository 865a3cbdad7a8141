"""What goes wrong in a page while somebody uses it."""

from __future__ import annotations

import time
from typing import Any

VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`breaks the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


class Watch:
    """Collects errors and warnings of the console, uncaught exceptions, breaches of the content policy, answers that refuse.

    `expected` holds the statuses that are no fault while a test provokes them.
    """

    def __init__(self, page: Any) -> None:
        self.faults: list[str] = []
        self.expected: set[int] = set()
        self.asked: list[str] = []
        self.under_way: set[Any] = set()
        self._page = page
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        page.on("response", self._answered)
        page.on("request", self._asks)
        for end in ("requestfinished", "requestfailed"):
            page.on(end, lambda request: self.under_way.discard(request))
        page.context.add_init_script(VIOLATIONS)

    def settle(self, patience: float = 5.0) -> None:
        """Wait until the page has loaded and asks for nothing more."""
        self._page.wait_for_load_state()
        end, quiet = time.monotonic() + patience, 0
        while quiet < 2 and time.monotonic() < end:
            self._page.wait_for_timeout(25)
            quiet = 0 if self.under_way else quiet + 1

    def _asks(self, request: Any) -> None:
        self.asked.append(f"{request.method} {request.url}")
        self.under_way.add(request)

    def _heard(self, message: Any) -> None:
        if message.type not in ("error", "warning"):
            return
        if any(f"status of {status} " in message.text for status in self.expected):
            return
        self.faults.append(f"{message.type}: {message.text}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.faults.append(f"{response.status}: {response.request.method} {response.url}")
