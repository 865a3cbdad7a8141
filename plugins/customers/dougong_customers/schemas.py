"""What is asked for before something is done with a customer."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, Field

__all__ = ["Refusal", "Renaming"]


class Refusal(BaseModel):
    """Why not."""

    answer: str = Field(title="Reason", min_length=1, max_length=200)


class Renaming(BaseModel):
    """The name a customer has from a day on; without a day, from today."""

    name: str = Field(title="New name", min_length=1, max_length=200)
    since: dt.date | None = Field(
        default=None, title="Since (empty: from today on)", json_schema_extra={"kind": "date"}
    )
