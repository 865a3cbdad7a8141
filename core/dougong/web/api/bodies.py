"""What the bodies of the house's own services have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dougong.errors import NotFound
from dougong.web.api.records import record_id_at

__all__ = ["Body", "Id", "number_at"]

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Body(BaseModel):
    """What a request sends: nothing beyond the named fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


def number_at(text: str) -> int:
    """The id of an account, a role, a group or a share: these tables count in four bytes."""
    number = record_id_at(text)
    if number >= 2**31:
        raise NotFound
    return number
