"""What the bodies of the house's own services have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Body", "Id"]

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Body(BaseModel):
    """What a request sends: nothing beyond the named fields."""

    model_config = ConfigDict(extra="forbid", strict=True)
