"""What is done with visits beside people's work."""

from __future__ import annotations

from datetime import date

from dougong.api import _, job

from . import services


@job(label=_("Cancel visits nobody made"), unique="visits-{day}")
async def cancel_forgotten_visits(day: date) -> None:
    """Idempotent (once a day, and a visit is cancelled once); all of them in one batch; fails to the administrator."""
    await services.cancel_forgotten_visits(day)
